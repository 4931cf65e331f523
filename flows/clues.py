"""What an auditor may want to ask about: late bulk edits, and one telephone number for fillers of several offices.

Clues are for the bureau alone (内部). Neither is against a rule: offices may share a room, and a correction of many
cells may be the right one. They never become findings, are never sent back, and decide nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from flows.intake import reader
from flows.ledger.events import EventType
from flows.ledger.journal import Entry
from flows.ledger.release import Release
from flows.ledger.store import Store
from flows.settings import Settings
from schemas.period import Period
from schemas.reading.record import Submission
from schemas.reading.squeezing import squeezed

MANY, SHARE = 10, Decimal("0.2")  # an edit is a bulk edit from this many cells and this share of them on
HEADER = ("线索", "填报单位", "报送", "情况")


@dataclass(frozen=True, order=True)
class Clue:
    """One thing to ask about: its kind, the offices, the reports, and what was seen."""

    kind: str
    offices: tuple[str, ...]
    reports: tuple[str, ...]
    seen: str

    @property
    def row(self) -> tuple[str, ...]:
        """The clue in the columns of :data:`HEADER`."""
        return (self.kind, "、".join(self.offices), "、".join(self.reports), self.seen)


def clues(con: duckdb.DuckDBPyConnection, store: Store, release: Release, settings: Settings) -> list[Clue]:
    """The clues about the reports of a release's own month, in order; the workbooks are read again for them."""
    month = Period.parse(release.manifest.period).ref_month
    digests = sorted(
        digest
        for digest, names in release.manifest.inputs
        if any(Period.parse(name.split("/")[1]).ref_month == month for name in names)
    )
    deliveries = reader(settings)([store.archive.path(digest) for digest in digests])
    own = [s for d in deliveries for s in d.submissions if Period.parse(s.period).ref_month == month]
    entries = store.journal.entries(release.manifest.seq)
    return sorted([*shared_phones(own), *bulk_edits(con, entries, month)])


def shared_phones(submissions: Iterable[Submission]) -> list[Clue]:
    """One clue for each telephone number that the fillers of more than one office gave."""
    by_number: dict[str, list[Submission]] = {}
    for submission in submissions:
        number = "".join(c for c in squeezed(submission.phone) if c.isdigit())
        if number:
            by_number.setdefault(number, []).append(submission)
    found = []
    for number, given in by_number.items():
        offices = tuple(sorted({s.submitter for s in given}))
        if len(offices) > 1:
            reports = tuple(sorted({f"{s.form} {s.period}" for s in given}))
            found.append(Clue("共用联系电话", offices, reports, f"填表人联系电话同为 {number}"))
    return found


def bulk_edits(con: duckdb.DuckDBPyConnection, entries: Sequence[Entry], month: int) -> list[Clue]:
    """One clue for each version of a month's report that changed many cells of the one before it.

    A change counts as late where the period had been released before the newer version was taken.
    """
    first_release: dict[str, int] = {}
    for entry in entries:
        if entry.type == EventType.RELEASED:
            first_release.setdefault(str(entry.body["period"]), entry.seq)
    found = []
    for entry in entries:
        body = entry.body
        if entry.type != EventType.REPLACED or Period.parse(body["period"]).ref_month != month:
            continue
        identity = [body["form"], body["period"], body["submitter"], body["subject"]]
        changed, compared = con.execute(_CHANGED, [*identity, body["digest"], body["by"]]).fetchall()[0]
        if changed < MANY or Decimal(changed) < SHARE * compared:
            continue
        late = entry.seq > first_release.get(str(body["period"]), entry.seq)
        when = "首次发布之后" if late else "首次发布之前"
        report = f"{body['form']} {body['period']} {body['subject']}".rstrip()
        seen = (
            f"版次 {body['version']} 到 {body['by_version']} 改动 {changed} 个单元格（共 {compared} 个），"
            f"在{when}（事件 {entry.seq}）"
        )
        found.append(Clue("集中改数", (str(body["submitter"]),), (report,), seen))
    return found


# cells of number fields by row and field: a value, a mark and an absent row are three different things
_CHANGED = """
with version as (
    select id, digest from submission where form = $1 and period = $2 and submitter = $3 and subject = $4
), older as (
    select row_key, field, coalesce(cast(value as varchar), mark) as figure
    from cell where submission in (select id from version where digest = $5) and text is null
), newer as (
    select row_key, field, coalesce(cast(value as varchar), mark) as figure
    from cell where submission in (select id from version where digest = $6) and text is null
)
select count(*) filter (where o.figure is distinct from n.figure), count(*)
from older o full join newer n using (row_key, field)
"""
