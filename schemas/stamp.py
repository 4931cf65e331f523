"""The mark by which the program knows its own workbooks again: a property that every office program keeps.

Tables that were laid into an inbox by mistake are then told from reports, and not archived.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import unescape

CATEGORY = "综合指数程序写出"  # the property ``category`` of each workbook that is not to be filled in

_CORE = "docProps/core.xml"


def is_own(parts: Mapping[str, bytes]) -> bool:
    """True for the parts of a workbook that the program wrote for readers."""
    text = unescape(parts.get(_CORE, b"").decode("utf-8", "replace"))
    return f"<cp:category>{CATEGORY}</cp:category>" in text
