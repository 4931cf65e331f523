"""What goes back after a batch: marked copies, letters and comparisons of versions, a folder for each office.

``schemas/returns`` writes them; here is said which deliveries, with which findings and answers, and
which versions are laid beside each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import duckdb

from flows.inbox import AGAIN
from flows.intake import Intake, opened, reader, store_of
from flows.ledger.events import DECISIONS, HISTORY, EventType, period_order
from flows.ledger.journal import Entry
from flows.ledger.replies import NEWEST_REPLY, answers
from flows.ledger.store import Store
from flows.mistakes import Mistake
from flows.settings import Settings
from schemas.codes import load_codes
from schemas.decide import BETWEEN_SUBMITTERS
from schemas.finding import Finding, Outcome, Reply, Severity
from schemas.period import Period
from schemas.reading.pool import Limits
from schemas.reading.record import Delivery, Submission
from schemas.returns.compare import differ
from schemas.returns.folder import write_return_folder
from schemas.returns.naming import answered_in
from schemas.returns.record import Answer, Returned, ReturnFile


def returns_folder(out: Path, period: Period) -> Path:
    """``OUT/2026-10/returns``: one folder in it for each office."""
    return out / str(period) / "returns"


def return_batch(
    con: duckdb.DuckDBPyConnection, store: Store, settings: Settings, intake: Intake, out: Path
) -> list[ReturnFile]:
    """Write what goes back of a batch that is recorded; nothing for deliveries without a fault."""
    found: dict[str, list[Finding]] = {}
    for judged in intake.judged:
        found.setdefault(judged.submission.digest, []).extend(judged.findings)
    for _, verdicts in intake.verdicts:
        for finding in verdicts.loose:
            found.setdefault(finding.digest, []).append(finding)
    told: dict[str, Answer] = {}
    versions: list[tuple[Submission, Submission]] = []
    for target in (store, store.permu):  # each with its own answers and earlier versions
        deliveries = [d for d in intake.deliveries if store_of(store, d) is target]
        if deliveries:
            with opened(con, store, target, settings) as own:
                told |= answers(own)
                versions += _versions(own, target, settings, deliveries, intake.entries)
    paths = {d.digest: p for d, p in zip(intake.deliveries, _sources(store, intake), strict=True)}
    returned = [
        Returned(d, paths[d.digest], (*d.findings, *found.get(d.digest, ())), told) for d in intake.deliveries
    ]
    return _write(settings, returns_folder(out, intake.through), returned, versions)


def _sources(store: Store, intake: Intake) -> Iterable[Path]:
    """Where the bytes of each delivery lie: in the archive of its store, else where it came from."""
    came_from = {digest: path for path, digest in zip(intake.paths, intake.digests, strict=True)}
    for delivery in intake.deliveries:
        kept = store_of(store, delivery)
        archived = kept is not None and kept.archive.has(delivery.digest)
        yield kept.archive.path(delivery.digest) if kept and archived else came_from[delivery.digest]


def _versions(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    settings: Settings,
    deliveries: Sequence[Delivery],
    entries: Sequence[Entry],
) -> list[tuple[Submission, Submission]]:
    """The versions to be laid beside each other, older first; read again from the archive.

    Each version that was decided in this batch stands beside its neighbours of the same report, whatever the
    order of their digests or of their coming. Pairs that say the same are left out. ``entries`` are those that
    the journal got of the batch.
    """
    decided = {(entry.body["digest"], entry.body["sheet"]) for entry in entries if entry.type in DECISIONS}
    fresh = decided & {(s.digest, s.sheet) for d in deliveries for s in d.submissions}
    rows = con.execute(
        "select period, submitter, form, subject, digest, sheet from submission where edition <> $history"
        " order by period, submitter, form, subject, version, reported_on, digest, sheet",
        {"history": HISTORY},
    ).fetchall()
    pairs = [
        (old[4:], new[4:])
        for old, new in pairwise(rows)
        if old[:4] == new[:4] and old[4] != new[4] and not fresh.isdisjoint((old[4:], new[4:]))
    ]
    digests = sorted({digest for pair in pairs for digest, _ in pair})
    read = reader(settings)([store.archive.path(digest) for digest in digests]) if digests else []
    known = {
        (s.digest, s.sheet): replace(s, file_name=named.file_name)
        for d in read
        for named in [_named(con, d)]
        for s in d.submissions
    }
    found = [(known[old], known[new]) for old, new in pairs if old in known and new in known]
    return [pair for pair in found if differ(*pair)]


def return_again(
    con: duckdb.DuckDBPyConnection, store: Store, settings: Settings, digests: Sequence[str], out: Path
) -> list[ReturnFile]:
    """Write the copies of deliveries anew, with what the bureau said since; by the period of each.

    Mistake for one that the reader cannot read today: its copy stays as it was.
    """
    by_period: dict[Period, list[Returned]] = {}
    for one in _recorded(con, store, settings, digests):
        refused = one.delivery.refused
        if refused is not None:
            raise Mistake(
                f"{one.delivery.file_name} 这次没有读成（{refused.rule} {refused.message}），"
                "退件没有重写，仍是原来的一份；所作的决定已记入日志。"
            )
        newest = max((s.period for s in one.delivery.submissions), key=period_order)  # one may be unreadable
        by_period.setdefault(Period.parse(newest).as_month(), []).append(one)
    return [
        file
        for period, returned in sorted(by_period.items())
        for file in _write(settings, returns_folder(out, period), returned)
    ]


def return_missing(
    con: duckdb.DuckDBPyConnection, store: Store, settings: Settings, through: Period, out: Path
) -> list[ReturnFile]:
    """Write into the period's folder what should lie there and lies in no period's.

    A run that is cut short after the journal leaves its copies unwritten, and the next one finds no new
    file. Looked for are deliveries with a report of the period, and whatever was received since the last
    release (a run writes what goes back before its release), if their newest verdicts hold a finding that
    the office has to answer to. GLT09 has no releases and is not looked for.
    """
    released = [entry.seq for entry in store.journal.entries() if entry.type == EventType.RELEASED]
    given = {"month": through.ref_month, "since": max(released, default=0)}
    # a late report, or a refused file that has no period, was answered in the folder of the month that took it
    there = {digest for folder in sorted(out.glob("*/returns")) for digest in answered_in(folder)}
    owed = [
        digest
        for (digest,) in con.execute(_OWED, given).fetchall()
        if digest not in there and store.archive.has(digest)
    ]
    return _write(settings, returns_folder(out, through), _recorded(con, store, settings, owed))


# what a reader's bad day left behind is no fault of the file, once it was read or refused for another reason
_OWN_FAULT = f"(f.rule = d.refused or f.rule not in {AGAIN})"

_OWED = f"""
with verdict as (
    select submission, max(seq) as seq from decision group by submission
), latest as ({NEWEST_REPLY}), filed as (
    select digest, max(ref_month) as newest, bool_or(ref_month = $month) as due from submission group by digest
)
select distinct d.digest
from delivery d
join finding f on f.digest = d.digest
left join filed on filed.digest = d.digest
left join submission s on s.id = f.submission
left join verdict v on v.submission = f.submission
left join latest l on l.finding = f.id
where (filed.due or d.seq > $since) and coalesce(filed.newest, 0) <= $month
    and (f.submission is null and {_OWN_FAULT} or f.seq = v.seq and s.superseded_seq is null)
    and f.level < {BETWEEN_SUBMITTERS}
    and (f.severity = 'hard' or f.severity = 'soft' and coalesce(l.state, 'open') <> 'approved')
order by d.digest
"""


def _recorded(
    con: duckdb.DuckDBPyConnection, store: Store, settings: Settings, digests: Sequence[str]
) -> list[Returned]:
    """Deliveries from the archive with what the record holds of them."""
    paths = [store.archive.path(digest) for digest in sorted(set(digests))]
    if not paths:
        return []
    told = answers(con)
    return [
        Returned(_named(con, delivery), path, recorded_findings(con, delivery.digest), told)
        for path, delivery in zip(paths, reader(settings)(paths), strict=True)
    ]


def _write(
    settings: Settings,
    folder: Path,
    returned: Sequence[Returned],
    versions: Sequence[tuple[Submission, Submission]] = (),
) -> list[ReturnFile]:
    codes = load_codes(settings.codes_folder)
    return write_return_folder(folder, returned, versions, codes, workers=settings.workers, limits=Limits())


def _named(con: duckdb.DuckDBPyConnection, delivery: Delivery) -> Delivery:
    """The delivery under the name that its file had when it came."""
    rows = con.execute("select file_name from delivery where digest = ?", [delivery.digest]).fetchall()
    return replace(delivery, file_name=rows[0][0] or delivery.file_name)


def recorded_findings(con: duckdb.DuckDBPyConnection, digest: str) -> tuple[Finding, ...]:
    """The findings on a delivery as the newest verdicts on its submissions hold them."""
    rows = con.execute(
        f"""
        select f.rule, f.severity, f.message, f.advice, f.level, f.outcome, f.reply, f.digest, d.file_name,
            f.submitter, f.period, f.form, f.edition, f.subject, f.sheet, f.cell, f.row_key, f.field, f.value
        from finding f
        join delivery d on d.digest = f.digest
        left join (select submission, max(seq) as seq from decision group by submission) v
            on v.submission = f.submission
        where f.digest = ? and f.level < {BETWEEN_SUBMITTERS} and (f.submission is null and {_OWN_FAULT} or f.seq = v.seq)
        order by f.seq, f.ordinal
        """,
        [digest],
    ).fetchall()
    return tuple(
        Finding(rule, Severity(severity), message, advice, level, Outcome(outcome), Reply(reply), *rest)
        for rule, severity, message, advice, level, outcome, reply, *rest in rows
    )
