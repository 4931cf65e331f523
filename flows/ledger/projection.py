"""The journal's entries as rows of the warehouse: deliveries, versions, decisions and findings.

The only place that turns events into tables, whether a batch is added or everything is built anew.
Cells are not in the journal: what is returned says which versions still want theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from flows.ledger.events import DECISIONS, HISTORY, EventType
from flows.ledger.journal import Entry
from schemas.period import Period
from schemas.reading.record import Submission
from schemas.territory import BUREAU

FORMAT_VERSION = 2

Key = tuple[str, str, str, str, str, str]  # digest, sheet, form, period, submitter, subject


class ProjectionError(ValueError):
    """The entries do not follow what the tables hold."""


def key_of(submission: Submission) -> Key:
    """What tells one version of a submission from all others."""
    s = submission
    return (s.digest, s.sheet, s.form, s.period, s.submitter, s.subject)


@dataclass(frozen=True)
class Wish:
    """A version whose cells are wanted: its id, its key, and the content that it had."""

    id: int
    key: Key
    content: str


@dataclass
class _Rows:
    """Rows for the tables, gathered over a batch."""

    delivery: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    submission: dict[int, list[Any]] = field(default_factory=dict)
    decision: list[tuple[Any, ...]] = field(default_factory=list)
    finding: list[tuple[Any, ...]] = field(default_factory=list)
    reply: list[tuple[Any, ...]] = field(default_factory=list)
    correction: list[tuple[Any, ...]] = field(default_factory=list)
    comparison: list[tuple[Any, ...]] = field(default_factory=list)


def project(con: duckdb.DuckDBPyConnection, entries: Sequence[Entry]) -> list[Wish]:
    """Add entries, all but cells; returns the versions whose cells are still wanted.

    ProjectionError if the entries do not follow the last one that is in the tables.
    """
    at = position(con)
    if at != (entries[0].seq - 1, entries[0].prev):
        raise ProjectionError(f"事件 {entries[0].seq} 不接在数据库的位置 {at} 之后，请重建数据库。")
    known: dict[Key, int] = {
        tuple(row[1:]): row[0]
        for row in con.execute(
            "select id, digest, sheet, form, period, submitter, subject from submission"
        ).fetchall()
    }
    filled = {
        row[0]
        for row in con.execute(
            "select distinct submission from decision where state in ('accepted', 'pending')"
        ).fetchall()
    }
    rows = _Rows()
    states: dict[int, str] = {}
    replaced: dict[int, int] = {}
    wanted: list[Wish] = []
    for entry in entries:
        body = entry.body
        if entry.type in (EventType.RECEIVED, EventType.REFUSED):
            name, rule = entry.file_name, body.get("rule", "")
            first = rows.delivery.get(body["digest"], (body["digest"], name, body["size"], entry.seq))
            rows.delivery[body["digest"]] = (*first[:4], rule)
            rows.finding += _findings(entry, None)
        elif entry.type in DECISIONS:
            key = _key(body)
            id = known.setdefault(key, entry.seq)
            if id == entry.seq:
                rows.submission[id] = _submission(entry)
            state = str(DECISIONS[entry.type])
            states[id] = state
            rows.decision.append((entry.seq, id, state))
            rows.finding += _findings(entry, id)
            if state != "rejected" and id not in filled:
                filled.add(id)
                wanted.append(Wish(id, key, body["content"]))
        elif entry.type == EventType.REPLACED:
            replaced[known[_key(body)]] = entry.seq
        elif entry.type in (EventType.EXPLAINED, EventType.REVIEWED):
            rows.reply += _replies(entry)
        elif entry.type in _CORRECTED:
            rows.correction.append(_correction(entry, known))
        elif entry.type == EventType.COMPARED:
            rows.finding += _findings(entry, None)
            rows.comparison += [(entry.seq, body["period"], *outcome) for outcome in body["outcomes"]]
    _write(con, rows, states, replaced)
    con.execute("update projection set seq = ?, head = ?", [entries[-1].seq, entries[-1].hash])
    return wanted


def _key(body: Mapping[str, Any]) -> Key:
    names = ("digest", "sheet", "form", "period", "submitter", "subject")
    return tuple(body[name] for name in names)


def _submission(entry: Entry) -> list[Any]:
    body = entry.body
    try:
        period = Period.parse(body["period"])
        ref_month, annual = period.ref_month, period.annual
    except ValueError:  # only of a rejected version
        ref_month, annual = 0, False
    name = "/".join(
        (body["form"], body["period"], body["submitter"], body["subject"] or "-",
         f"v{body['version']}", body["digest"][:12])
    )  # fmt: skip
    bureau = body["submitter"] == BUREAU.code or body["edition"] == HISTORY
    return [
        entry.seq, name, None, body["form"], body["edition"], body["period"], ref_month, annual,
        body["submitter"], body["subject"], body["version"], body["reported_on"], body["office"],
        body["digest"], body["sheet"], "", "bureau" if bureau else "submission", body["content"],
    ]  # fmt: skip


def _findings(entry: Entry, submission: int | None) -> list[tuple[Any, ...]]:
    body = entry.body
    names = ("digest", "submitter", "period", "form", "edition", "subject", "sheet")
    rows = []
    for ordinal, finding in enumerate(body["findings"]):
        # findings of many submissions say whose they are, the others are the event's
        place = [finding.get(name) or body.get(name, "") for name in names]
        judged = (finding["severity"], finding.get("level", 0), finding.get("outcome", "fail"))
        where = [finding.get(name, "") for name in ("cell", "row_key", "field", "value")]
        rows.append(
            (entry.seq, ordinal, submission, finding["id"], finding["rule"], *judged,
             finding.get("reply", "open"), finding["message"], finding["advice"], *place, *where)
        )  # fmt: skip
    return rows


def _replies(entry: Entry) -> list[tuple[Any, ...]]:
    body = entry.body
    whose = [body[name] for name in ("submitter", "period", "form", "subject")]
    if entry.type == EventType.REVIEWED:
        answers = [(body["finding"], body["rule"], body["verdict"], "", body["note"], "")]
    else:
        answers = [
            (a["finding"], a["rule"], "explained", a["reason"], a["text"], a["cell"]) for a in body["answers"]
        ]
    origin = [body.get("digest", ""), body.get("sheet", "")]
    return [
        (entry.seq, ordinal, *answer, *whose, *origin, cell, entry.actor, entry.role)
        for ordinal, (*answer, cell) in enumerate(answers)
    ]


_CORRECTED = {
    EventType.PROPOSED: "proposed", EventType.CORRECTED: "applied", EventType.DISMISSED: "refused",
}  # fmt: skip


def _correction(entry: Entry, known: Mapping[Key, int]) -> tuple[Any, ...]:
    body, target = entry.body, entry.body["target"]
    return (
        entry.seq, body["revision"], _CORRECTED[EventType(entry.type)], known[_key(body)], body["sheet"],
        body["cell"], known[_key(target)], target["form"], target["period"], target["subject"],
        *(body[name] for name in ("row_key", "field", "old_value", "new_value", "reason", "evidence",
                                  "requested_by", "approved_by")),
        entry.actor, entry.role, body["note"],
    )  # fmt: skip


def _write(
    con: duckdb.DuckDBPyConnection, rows: _Rows, states: dict[int, str], replaced: dict[int, int]
) -> None:
    import polars as pl  # here: who only reads the warehouse does not wait for it

    # a file that was refused may be read again: its first name and place stay, the verdict is the last
    again = "on conflict (digest) do update set refused = excluded.refused"
    _bulk(con, "delivery", list(rows.delivery.values()), again)
    _bulk(con, "submission", list(rows.submission.values()))
    _bulk(con, "decision", rows.decision)
    _bulk(con, "finding", rows.finding)
    _bulk(con, "reply", rows.reply)
    _bulk(con, "correction", rows.correction)
    _bulk(con, "comparison", rows.comparison)
    changed = [(id, states.get(id), replaced.get(id)) for id in sorted(states.keys() | replaced.keys())]
    if not changed:
        return
    schema = {"id": pl.Int32, "state": pl.String, "seq": pl.Int32}
    con.register("incoming", pl.DataFrame(changed, schema=schema, orient="row"))
    con.execute("""
        update submission
        set superseded_seq = coalesce(incoming.seq, submission.superseded_seq),
            state = case when coalesce(incoming.seq, submission.superseded_seq) is not null then 'replaced'
                else coalesce(incoming.state, submission.state) end
        from incoming where submission.id = incoming.id
    """)
    con.unregister("incoming")


def _bulk(
    con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Sequence[Any]], on_conflict: str = ""
) -> None:
    import polars as pl

    if not rows:
        return
    columns = [row[0] for row in con.execute(f"describe {table}").fetchall()]
    frame = pl.DataFrame(rows, schema=columns, orient="row", infer_schema_length=None)
    con.register("incoming", frame)
    con.execute(f"insert into {table} select * from incoming {on_conflict}")
    con.unregister("incoming")


def position(con: duckdb.DuckDBPyConnection) -> tuple[int, str] | None:
    """Sequence and hash up to which the journal is projected; None in an unknown format."""
    try:
        rows = con.execute("select format_version, seq, head from projection").fetchall()
    except duckdb.CatalogException:
        return None
    return (rows[0][1], rows[0][2]) if rows and rows[0][0] == FORMAT_VERSION else None
