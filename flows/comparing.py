"""The rules between submitters, after a batch: what is in force is compared, and nobody is rejected.

The findings stand in the journal for the bureau, one event for a period, written only where something
is other than at the last comparison.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from flows.ledger.answers import compared
from flows.ledger.events import EventType
from flows.ledger.in_force import Ledger
from flows.ledger.journal import Entry
from flows.ledger.store import Store
from flows.ledger.warehouse import append
from flows.settings import Settings
from schemas.between import check_between
from schemas.codes import load_codes
from schemas.finding import Finding
from schemas.period import Period


def compare(
    con: duckdb.DuckDBPyConnection, store: Store, settings: Settings, through: Period
) -> tuple[Finding, ...]:
    """Compare every period that something new touches, and those after it; the new findings, in order.

    A finding that stood at the last comparison of its period is not new. Looks back to the last comparison in the journal, so that a run cut short before this step is made
    good by the next.
    """
    entries = store.journal.entries()
    before = _last(entries)
    touched = _touched(con, max((entry.seq for entry in before.values()), default=0))
    periods = _periods(con, min(touched), through) if touched else []
    if not periods:
        return ()
    in_force = Ledger(con, store.journal.head[0], settings.admit_pending)
    found = check_between(in_force, periods, load_codes(settings.codes_folder))
    events, fresh = [], []
    for period in periods:
        own = [finding for finding in found.findings if finding.period == str(period)]
        outcomes = [
            (rule, outcome, n)
            for rule, at, outcome, n in found.outcomes.select("rule", "period", "outcome", "n").iter_rows()
            if at == str(period)
        ]
        event = compared(str(period), own, outcomes, settings.actor, settings.role)
        last = before.get(str(period))
        if last is None or last.body != event.body:
            events.append(event)
        known = {finding["id"] for finding in last.body["findings"]} if last else set()
        fresh += [finding for finding in own if finding.id not in known]
    append(con, store.journal.append(events))
    return tuple(fresh)


def _last(entries: Sequence[Entry]) -> dict[str, Entry]:
    """The newest comparison of each period."""
    return {entry.body["period"]: entry for entry in entries if entry.type == EventType.COMPARED}


def _touched(con: duckdb.DuckDBPyConnection, seq: int) -> list[int]:
    """Months of submissions that were decided or corrected after a sequence."""
    rows = con.execute(
        """
        select s.ref_month from decision d join submission s on s.id = d.submission
        where d.seq > $seq and s.source = 'submission' and s.ref_month > 0
        union
        select s.ref_month from correction c join submission s on s.id = c.target
        where c.seq > $seq and c.state = 'applied'
        order by 1
        """,
        {"seq": seq},
    ).fetchall()
    return [month for (month,) in rows]


def _periods(con: duckdb.DuckDBPyConnection, first: int, through: Period) -> list[Period]:
    """The periods from a month on for which something was submitted."""
    rows = con.execute(
        "select distinct period from submission where source = 'submission' and ref_month between ? and ?",
        [first, through.ref_month],
    ).fetchall()
    return sorted(Period.parse(text) for (text,) in rows)
