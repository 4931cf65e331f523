"""How labels and names are compared: without blanks and differences of width."""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import normalize

LONGEST = 300  # characters of a text whose reading is remembered


def squeezed(text: str) -> str:
    """A label without blanks and differences of width."""
    return _squeezed(text) if len(text) <= LONGEST else _squeezed.__wrapped__(text)


@lru_cache(maxsize=8192)
def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", normalize("NFKC", text))
