"""What ``zhishu status`` prints and writes."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

from flows.options import UsageError, print_json
from flows.settings import Settings
from flows.standing import as_json as plain
from flows.standing import standing
from flows.standing_book import write_standing
from flows.standing_text import standing_text
from schemas.period import Period


def tell_standing(
    settings: Settings, period: Period, as_of: str | None, xlsx: Path | None, as_json: bool
) -> int:
    """Print the standing of a month, as text or JSON, and write the workbook; the exit code.

    ``as_of`` is an ISO date, up to which what is missing is counted late; UsageError for another text.
    """
    found = standing(settings, period, _day(as_of))
    if as_json:
        print_json(plain(found))
    else:
        print("\n".join(standing_text(found)))
    if xlsx is not None:
        write_standing(found, xlsx)
        print(f"工作簿 {xlsx.absolute()}", file=sys.stderr)
    return 1 if found.needs_a_person else 0


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"日期 {text} 有误，应写如 2026-11-20。") from error
