"""Where a period stands: who has filed, who is late, what was refused and why, which releases are stale.

This is no result: it looks at the clock (or at the day it is told) and is written nowhere in the record.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb

from flows.arrivals import ZONE, Expected, expected_submissions
from flows.chasing import LevelLine, Reminder, level_lines, reminders
from flows.ledger.store import Store
from flows.ledger.warehouse import view_warehouse
from flows.publication import stale, view
from flows.publish import staged_releases
from flows.settings import Settings
from indices.coverage import place_coverage, read_reports
from schemas.codes import load_codes
from schemas.period import Period
from schemas.workdays import load_workdays

Record = dict[str, Any]


@dataclass(frozen=True)
class Standing:
    """The standing of a month and of the quarterly and annual reports behind it, as of a day.

    ``coverage`` and ``absent`` are as a release shows them. ``findings`` holds the open ones that the
    submitters may see, ``clues`` those for the bureau alone; ``rules`` counts both by rule.
    """

    period: str
    as_of: date
    warning: str = ""  # where the calendar of working days ends
    levels: tuple[LevelLine, ...] = ()
    expected: tuple[Expected, ...] = ()
    reminders: tuple[Reminder, ...] = ()
    coverage: tuple[Record, ...] = ()
    absent: tuple[Record, ...] = ()
    rejected: tuple[Record, ...] = ()
    refused: tuple[Record, ...] = ()
    findings: tuple[Record, ...] = ()
    clues: tuple[Record, ...] = ()
    rules: tuple[Record, ...] = ()
    releases: tuple[Record, ...] = ()
    stale: tuple[str, ...] = ()
    journal_seq: int = 0
    journal_head: str = ""  # of the last event: kept elsewhere, it shows a journal cut short or written anew

    @property
    def needs_a_person(self) -> bool:
        """True while something is missing, rejected or outdated."""
        return bool(self.absent or self.rejected or self.stale)


def today() -> date:
    """The day in Asia/Shanghai."""
    return datetime.now(ZONE).date()


def standing(settings: Settings, period: Period, as_of: date | None = None) -> Standing:
    """The standing of a month; what is missing is counted late as of ``as_of`` (today by default)."""
    store, day = Store(settings.home), as_of or today()
    codes, workdays = load_codes(settings.codes_folder), load_workdays(settings.codes_folder)
    if not store.warehouse.is_file():
        return Standing(str(period), day)
    with closing(view_warehouse(store, settings.threads)) as con:
        outdated = tuple(str(p) for p in stale(con, store, settings))
        view(con, store, settings, period)
        reports = read_reports(con, codes, period)
        place_coverage(con, reports)
        expected = expected_submissions(con, store, reports, workdays, day)
        seq, head = store.journal.head
        days = [d for one in expected for d in (one.due, one.last or day)]
        return Standing(
            period=str(period),
            as_of=day,
            warning=workdays.warning(min([*days, day]), max([*days, day])),
            levels=level_lines(expected, reports),
            expected=expected,
            reminders=reminders(expected, day),
            coverage=_records(con, "SELECT * FROM result_coverage ORDER BY period, form"),
            absent=_records(con, "SELECT * FROM result_absent ORDER BY period, form, submitter, subject"),
            rejected=_records(con, _REJECTED, [period.ref_month]),
            refused=_records(con, _REFUSED),
            findings=_records(con, _FINDINGS.format("<>"), [_behind(expected)]),
            clues=_records(con, _FINDINGS.format("="), [_behind(expected)]),
            rules=_records(con, _RULES, [_behind(expected)]),
            releases=tuple(
                {"id": s.release.id, "stage": s.stage, "digest": s.release.digest, "reason": s.reason}
                for s in staged_releases(store, str(period))
            ),
            stale=outdated,
            journal_seq=seq,
            journal_head=head,
        )


def as_json(found: Standing) -> Record:
    """The same as plain values: days and shares as text."""
    plain: Record = _plain(asdict(found))
    return plain


def standing_of(settings: Settings, period: Period) -> Record:
    """The standing of today as plain values."""
    return as_json(standing(settings, period))


def _behind(expected: tuple[Expected, ...]) -> list[str]:
    """The periods that the standing tells of."""
    return sorted({one.period for one in expected})


_REJECTED = """
SELECT f.submitter, f.form, f.subject, f.rule, d.file_name, f.sheet, f.cell, f.value, f.message, f.advice
FROM finding AS f
JOIN standing AS s ON s.id = f.submission AND s.state = 'rejected' AND s.place_of_all = 1
JOIN delivery AS d ON d.digest = f.digest
WHERE f.severity = 'hard' AND f.outcome = 'fail' AND s.ref_month = ?
ORDER BY f.submitter, f.form, f.subject, f.seq, f.ordinal
"""
_REFUSED = """
SELECT d.file_name, f.rule, f.message, f.advice
FROM delivery AS d JOIN finding AS f ON f.digest = d.digest AND f.submission IS NULL AND f.rule = d.refused
WHERE d.refused <> ''
QUALIFY row_number() OVER (PARTITION BY d.digest ORDER BY f.seq DESC, f.ordinal) = 1
ORDER BY d.file_name, d.digest
"""
_FINDINGS = """
SELECT severity, level, rule, period, form, submitter, subject, file_name, sheet, cell, value, message, advice,
    answered, id
FROM open_finding
WHERE severity {} 'clue' AND list_contains(?::VARCHAR[], period)
ORDER BY CASE severity WHEN 'hard' THEN 0 ELSE 1 END, period, submitter, form, subject, rule, sheet, cell, id, seq,
    ordinal
"""
_RULES = """
SELECT severity, rule, count(*)::INTEGER AS findings, count(DISTINCT submitter)::INTEGER AS offices,
    min(message) AS example
FROM open_finding WHERE list_contains(?::VARCHAR[], period) GROUP BY severity, rule
ORDER BY CASE severity WHEN 'hard' THEN 0 WHEN 'soft' THEN 1 ELSE 2 END, findings DESC, rule
"""


def _records(
    con: duckdb.DuckDBPyConnection, query: str, values: list[Any] | None = None
) -> tuple[Record, ...]:
    found = con.execute(query, values or [])
    names = [column[0] for column in found.description or ()]
    return tuple(
        {name: _plain(value) for name, value in zip(names, row, strict=True)} for row in found.fetchall()
    )


def _plain(value: Any) -> Any:
    """What JSON can hold: days and exact decimals as text."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return str(value) if isinstance(value, date | Decimal) else value
