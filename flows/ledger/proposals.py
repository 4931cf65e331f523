"""Which corrections of a batch are proposed: none that is known, and each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import duckdb

from flows.ledger.answers import proposed
from flows.ledger.events import Event, EventType
from schemas.correction_line import CorrectionLine
from schemas.corrections import Correction
from schemas.reading.record import Submission


def is_known(con: duckdb.DuckDBPyConnection, line: CorrectionLine) -> bool:
    """True if the same was proposed before of the version in view, and waits or was confirmed.

    A correction belongs to the version that it named: of a newer one it is asked for anew.
    """
    rows = con.execute(
        "select c.new_value, c.state from correction c join submission s on s.id = c.target"
        " where c.revision = ? and c.form = ? and c.period = ? and c.row_key = ? and c.field = ?"
        " and c.old_value = ? and s.superseded_seq is null order by c.seq desc limit 1",
        [line.revision, line.form.code, str(line.period), line.row_key, line.column.code, line.old_value],
    ).fetchall()
    return bool(rows) and rows[0][0] == line.new_value and rows[0][1] != "refused"


def proposals(
    con: duckdb.DuckDBPyConnection,
    corrections: Sequence[Correction],
    verdicts: Sequence[Event],
    actor: str,
    role: str,
) -> list[Event]:
    """The events of the corrections that fit; ``verdicts`` are the batch's on the submissions that ask for them.

    A request that came again in other bytes (``unchanged``) is no version of its own: what it asks for,
    refused before and asked for once more, stands with the version that it repeats.
    """
    repeats = {
        (event.body["digest"], event.body["sheet"]): event.body["same_as"]
        for event in verdicts
        if event.type == EventType.UNCHANGED
    }
    made: dict[tuple[str, ...], Event] = {}
    for one in sorted(corrections, key=lambda c: (c.request.digest, c.request.sheet) in repeats):
        if one.change not in made:
            earlier = repeats.get((one.request.digest, one.request.sheet))
            request = one.request if earlier is None else _repeated(con, one.request, earlier)
            made[one.change] = proposed(replace(one, request=request), actor, role)
    return list(made.values())


def _repeated(con: duckdb.DuckDBPyConnection, request: Submission, digest: str) -> Submission:
    """The version (in this delivery) that a request repeats."""
    rows = con.execute(
        "select min(sheet) from submission"
        " where digest = ? and period = ? and submitter = ? and form = ? and subject = ?",
        [digest, *request.identity],
    ).fetchall()
    return replace(request, digest=digest, sheet=rows[0][0])
