"""What every office owes behind a month, what came of it and when, and how late it is.

Days are those of Asia/Shanghai, taken from the clock beside the journal's events. A submission is in time
by its first version that was not rejected: a form is taken whole, so that version reports every field
group, and a later correction makes nobody late.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import duckdb

from flows.ledger.replies import NEWEST_REPLY
from flows.ledger.store import Store
from indices.coverage import Reports
from schemas.deadline import deadlines_for, due_day
from schemas.finding import State
from schemas.form import form_for
from schemas.territory import Due
from schemas.workdays import WorkCalendar

ZONE = ZoneInfo("Asia/Shanghai")
ABSENT = "absent"  # the state of what never came


@dataclass(frozen=True)
class Lateness:
    """One deadline of a submission: its field group (empty: the whole form), the day, working days late."""

    label: str
    due: date
    days: int


@dataclass(frozen=True)
class Expected:
    """One submission that is owed. ``state`` is that of the version in view, ``latest`` of the newest.

    ``first`` is the day on which the first version came that was not rejected, ``last`` that of the
    newest. The counts are open findings of the newest version; ``between`` those of the forms compared.
    """

    form: str
    title: str
    period: str
    submitter: str
    name: str
    level: str
    subject: str
    state: str
    latest: str
    version: int | None
    first: date | None
    last: date | None
    hard: int
    soft: int
    clue: int
    between: int
    late: tuple[Lateness, ...]

    @property
    def there(self) -> bool:
        """True if a version's values count or wait for the bureau."""
        return self.state in (State.ACCEPTED, State.PENDING)

    @property
    def days_late(self) -> int:
        """Working days after the earliest deadline that was missed."""
        return max((one.days for one in self.late), default=0)

    @property
    def due(self) -> date:
        """The day on which the whole form is due."""
        return self.late[-1].due


_VERSIONS = """
SELECT s.form, s.submitter, s.subject, s.period, s.state <> 'rejected' AS good, d.seq
FROM standing AS s JOIN delivery AS d ON d.digest = s.digest
WHERE NOT s.layered AND s.source = 'submission' ORDER BY ALL
"""
_NEWEST = """
SELECT f.form, f.submitter, f.subject, f.period, f.state, f.latest, coalesce(f.version, s.version)
FROM filing AS f JOIN standing AS s USING (form, submitter, subject, period)
WHERE s.place_of_all = 1 AND NOT s.layered AND f.source = 'submission' ORDER BY ALL
"""

# open findings: of the newest version's last verdict, and of the last comparison of each period
OPEN_FINDINGS = f"""
CREATE OR REPLACE TEMP TABLE open_finding AS
WITH latest AS ({NEWEST_REPLY}), compared AS (
    SELECT period, max(seq) AS seq FROM comparison GROUP BY period
)
SELECT f.*, coalesce(l.state, 'open') AS answered, coalesce(d.file_name, '') AS file_name
FROM finding AS f
LEFT JOIN standing AS s ON s.id = f.submission AND s.decided_seq = f.seq AND s.place_of_all = 1
LEFT JOIN compared AS c ON c.period = f.period AND c.seq = f.seq AND f.level = 3 AND f.submission IS NULL
LEFT JOIN latest AS l ON l.finding = f.id
LEFT JOIN delivery AS d ON d.digest = f.digest
WHERE f.outcome = 'fail' AND (s.id IS NOT NULL OR c.seq IS NOT NULL)
    AND coalesce(l.state, 'open') <> 'approved'
"""
_COUNTS = """
SELECT form, submitter, subject, period,
    count(*) FILTER (level < 3 AND severity = 'hard'), count(*) FILTER (level < 3 AND severity = 'soft'),
    count(*) FILTER (severity = 'clue'), count(*) FILTER (level = 3 AND severity <> 'clue')
FROM open_finding GROUP BY ALL ORDER BY ALL
"""

Identity = tuple[str, str, str, str]  # form, submitter, subject, period


def expected_submissions(
    con: duckdb.DuckDBPyConnection, store: Store, reports: Reports, workdays: WorkCalendar, as_of: date
) -> tuple[Expected, ...]:
    """Every submission that is owed, the newest period first; what is missing is late as of a day.

    Wants the relations of the month in the connection, and leaves ``open_finding`` there.
    """
    con.execute(OPEN_FINDINGS)
    days = _arrivals(con, store)
    states = {tuple(row[:4]): row[4:] for row in con.execute(_NEWEST).fetchall()}
    counts = {tuple(row[:4]): row[4:] for row in con.execute(_COUNTS).fetchall()}
    found = []
    for _, items in sorted(reports.owed.items(), key=lambda owed: owed[0][0], reverse=True):
        for item in items:
            key = (item.form, item.submitter, item.subject, str(item.period))
            state, latest, version = states.get(key, (ABSENT, ABSENT, None))
            first, last = days.get(key, (None, None))
            hard, soft, clue, between = counts.get(key, (0, 0, 0, 0))
            office, form = reports.offices[item.submitter], form_for(item.form, item.period)
            found.append(
                Expected(
                    item.form, form.title, str(item.period), office.code, office.name, office.level,
                    item.subject, state, latest, version, first, last, hard, soft, clue, between,
                    tuple(_lateness(item, office.level, first or as_of, workdays)),
                )
            )  # fmt: skip
    return tuple(found)


def _lateness(item: Due, level: str, came: date, workdays: WorkCalendar) -> Iterator[Lateness]:
    for deadline in deadlines_for(form_for(item.form, item.period).deadlines, item.period, level):
        day = due_day(deadline, item.period, workdays)
        yield Lateness(deadline.label, day, workdays.late(day, came))


def _arrivals(
    con: duckdb.DuckDBPyConnection, store: Store
) -> Mapping[Identity, tuple[date | None, date | None]]:
    """The day of the first version that was not rejected, and of the newest delivery of any."""
    entries = store.journal.entries()
    days: dict[Identity, tuple[date | None, date | None]] = {}
    for form, submitter, subject, period, good, seq in con.execute(_VERSIONS).fetchall():
        day = recorded_day(entries[seq - 1].beside)
        first, last = days.get((form, submitter, subject, period), (None, None))
        if good and day is not None and (first is None or day < first):
            first = day
        if day is not None and (last is None or day > last):
            last = day
        days[form, submitter, subject, period] = (first, last)
    return days


def recorded_day(beside: Mapping[str, str]) -> date | None:
    """The day of an event in Asia/Shanghai, from what stands beside it in the journal."""
    text = beside.get("recorded_at")
    return None if text is None else datetime.fromisoformat(text).astimezone(ZONE).date()
