"""The rules between submitters, after a batch: what is in force is compared, and nobody is rejected.

The findings stand in the journal for the bureau: one event for a period, whenever something that its
rules look at was decided since the last one. So the event is also the mark up to which a period is done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
    """Compare every period up to ``through`` that something touched since its own last comparison.

    The new findings, in order; one that stood at the last comparison of its period is not new. Each
    period looks back to its own event, so that what a run left out (cut short before this step, or
    made for an earlier month) is made good by the next that reaches it.
    """
    before = _last(store.journal.entries())
    periods = _touched(con, before, through)
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
        events.append(event)
        last = before.get(str(period))
        known = {finding["id"] for finding in last.body["findings"]} if last else set()
        fresh += [finding for finding in own if finding.id not in known]
    append(con, store.journal.append(events))
    return tuple(fresh)


def _last(entries: Sequence[Entry]) -> dict[str, Entry]:
    """The newest comparison of each period."""
    return {entry.body["period"]: entry for entry in entries if entry.type == EventType.COMPARED}


def _touched(con: duckdb.DuckDBPyConnection, before: Mapping[str, Entry], through: Period) -> list[Period]:
    """The periods of which, or of a month before which, something was decided or corrected since.

    Earlier months count, since a register is read with all its reports up to the period.
    """
    changes = _changes(con)
    filed = con.execute(
        "select distinct period from submission where source = 'submission' and ref_month between 1 and ?",
        [through.ref_month],
    ).fetchall()
    done = {text: before[text].seq if text in before else 0 for (text,) in filed}
    periods = sorted(Period.parse(text) for text in done)
    return [
        period
        for period in periods
        if any(month <= period.ref_month and seq > done[str(period)] for month, seq in changes)
    ]


def _changes(con: duckdb.DuckDBPyConnection) -> list[tuple[int, int]]:
    """Reference months with the sequence of the newest decision or correction on a submission of theirs."""
    return con.execute("""
        select ref_month, max(seq) from (
            select s.ref_month, d.seq from decision d join submission s on s.id = d.submission
            where s.source = 'submission' and s.ref_month > 0
            union all
            select s.ref_month, c.seq from correction c join submission s on s.id = c.target
            where c.state = 'applied'
        ) group by ref_month order by ref_month
    """).fetchall()
