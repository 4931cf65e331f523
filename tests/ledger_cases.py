"""Small deliveries for the ledger's tests: the bytes are JSON, so that a reader of five lines reads
them from the archive again, and the ledger is tested without workbooks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from flows.ledger.archive import Archive
from flows.ledger.canonical import sha256
from flows.ledger.decide import Judged, decision_events
from flows.ledger.events import received, refused
from flows.ledger.journal import Entry
from flows.ledger.relations import relations
from flows.ledger.store import Store
from flows.ledger.warehouse import append
from schemas.finding import Finding, Severity, State
from schemas.reading.record import Cell, Delivery, Submission

CLERK = ("试算岗", "statistician")
NUMBERS = {"rev_cum", "rev_cum_ly", "profit_cum", "ent_n", "va_growth"}


def sheet(
    rows: Sequence[dict[str, str | None]],
    form: str = "GLT02",
    period: str = "2026-10",
    submitter: str = "360102",
    version: int = 1,
    reported_on: str = "2026-11-08",
    subject: str = "",
    edition: str = "2024",
    state: str = "accepted",
    **options: Any,
) -> dict[str, Any]:
    """What one sheet says; ``state`` is the verdict that the test wants for it."""
    own = {
        "form": form, "period": period, "submitter": submitter, "version": version,
        "reported_on": reported_on, "subject": subject, "edition": edition,
    }  # fmt: skip
    return {**own, "rows": list(rows), "state": state, "start": 8, **options}


def workbook(*sheets: dict[str, Any], note: str = "") -> bytes:
    """The bytes of a delivery; ``note`` makes other bytes of the same content."""
    return json.dumps({"sheets": sheets, "note": note}, ensure_ascii=False).encode()


def read_bytes(data: bytes, file_name: str) -> Delivery:
    """The reader of these tests. A value ``C!`` is a mark without a value."""
    digest = sha256(data)
    try:
        spec = json.loads(data)
    except ValueError:
        why = Finding(
            "F02", Severity.HARD, "不是工作簿。", "请重新保存后报送。", file_name=file_name, digest=digest
        )
        return Delivery(digest, file_name, len(data), refused=why)
    submissions = []
    for number, one in enumerate(spec["sheets"]):
        cells = []
        for row, values in enumerate(one["rows"]):
            for column, (name, value) in enumerate(values.items()):
                address = f"{'ABCDEFGHIJ'[column]}{one['start'] + row}"
                if value is not None and value.endswith("!"):
                    cells.append(Cell(row, name, address, "", "blank", None, "", value[0]))
                else:
                    kind = "blank" if value is None else "number" if name in NUMBERS else "text"
                    cells.append(Cell(row, name, address, value or "", kind, value))
        submissions.append(
            Submission(
                one["form"], one["edition"], one["period"], one["submitter"], one["subject"],
                one["version"], one["reported_on"], "统计局", f"表{number}", tuple(cells), (),
                digest, file_name, tuple(one.get("signed", ())),
            )
        )  # fmt: skip
    return Delivery(digest, file_name, len(data), tuple(submissions))


def read(paths: Sequence[Path]) -> list[Delivery]:
    """Archived deliveries in the order of their paths."""
    return [read_bytes(path.read_bytes(), path.name) for path in paths]


@dataclass
class Desk:
    """A store and its open warehouse: files workbooks as a month's run would."""

    store: Store
    con: duckdb.DuckDBPyConnection
    findings: dict[str, tuple[Finding, ...]] = field(default_factory=dict)  # by digest

    def file(self, *files: bytes, names: Sequence[str] = ()) -> list[Entry]:
        """Archive, read, judge and remember a batch; returns its entries."""
        archive: Archive = self.store.archive
        named = list(names) or [f"{n}.xlsx" for n in range(len(files))]
        deliveries, judged = [], []
        for data, name in zip(files, named, strict=True):
            archive.put(data)
            delivery = read_bytes(data, name)
            deliveries.append(delivery)
            if delivery.refused is None:
                states = [State(one["state"]) for one in json.loads(data)["sheets"]]
                found = self.findings.get(delivery.digest, ())
                judged += [Judged(s, v, found) for s, v in zip(delivery.submissions, states, strict=True)]
        events = [refused(d, *CLERK) if d.refused else received(d, *CLERK) for d in deliveries]
        events += decision_events(self.con, judged, *CLERK)
        entries = self.store.journal.append(events)
        append(self.con, entries, [s for d in deliveries for s in d.submissions])
        return entries

    def facts(self, seq: int | None = None, field: str = "rev_cum", **given: Any) -> dict[str, str]:
        """Region code to value of one field, as of a sequence."""
        relations(self.con, self.store.journal.head[0] if seq is None else seq, **given)
        rows = self.con.execute(
            "select source || ':' || region_code, cast(value as varchar) from fact"
            " where field = ? order by 1",
            [field],
        ).fetchall()
        return dict(rows)

    def filings(self) -> list[tuple[Any, ...]]:
        """Form, period, submitter, state in view and latest state; after :meth:`facts`."""
        query = "select form, period, submitter, state, latest from filing order by all"
        return self.con.execute(query).fetchall()
