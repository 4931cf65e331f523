"""The words of the trade that tables and traces share."""

from __future__ import annotations

MISSING_ZH = {
    "not_yet": "尚未产生",
    "not_applicable": "不适用",
    "late": "未报或迟报",
    "suppressed": "保密抑制",
}
