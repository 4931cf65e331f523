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

from flows.intake import Intake, reader, store_of
from flows.ledger.events import DECISIONS, HISTORY
from flows.ledger.replies import answers
from flows.ledger.store import Store
from flows.settings import Settings
from schemas.codes import load_codes
from schemas.finding import Finding, Outcome, Reply, Severity
from schemas.period import Period
from schemas.reading.pool import Limits
from schemas.reading.record import Delivery, Submission
from schemas.returns.compare import differ
from schemas.returns.folder import write_return_folder
from schemas.returns.record import Returned, ReturnFile


def returns_folder(out: Path, period: Period) -> Path:
    """``OUT/2026-10/returns``: one folder in it for each office."""
    return out / str(period) / "returns"


def return_batch(
    con: duckdb.DuckDBPyConnection, store: Store, settings: Settings, intake: Intake, out: Path
) -> list[ReturnFile]:
    """Write what goes back of a batch that is recorded; nothing for deliveries without a fault."""
    told = answers(con)
    found: dict[str, list[Finding]] = {}
    for judged in intake.judged:
        found.setdefault(judged.submission.digest, []).extend(judged.findings)
    for _, verdicts in intake.verdicts:
        for finding in verdicts.loose:
            found.setdefault(finding.digest, []).append(finding)
    paths = {d.digest: p for d, p in zip(intake.deliveries, _sources(store, intake), strict=True)}
    returned = [
        Returned(d, paths[d.digest], (*d.findings, *found.get(d.digest, ())), told) for d in intake.deliveries
    ]
    folder = returns_folder(out, intake.through)
    versions = _versions(con, store, settings, intake)
    return write_return_folder(
        folder,
        returned,
        versions,
        load_codes(settings.codes_folder),
        workers=settings.workers,
        limits=Limits(),
    )


def _sources(store: Store, intake: Intake) -> Iterable[Path]:
    """Where the bytes of each delivery lie: in the archive of its store, else where it came from."""
    came_from = {digest: path for path, digest in zip(intake.paths, intake.digests, strict=True)}
    for delivery in intake.deliveries:
        kept = store_of(store, delivery)
        archived = kept is not None and kept.archive.has(delivery.digest)
        yield kept.archive.path(delivery.digest) if kept and archived else came_from[delivery.digest]


def _versions(
    con: duckdb.DuckDBPyConnection, store: Store, settings: Settings, intake: Intake
) -> list[tuple[Submission, Submission]]:
    """The versions to be laid beside each other, older first; read again from the archive.

    Each version that was decided in this batch stands beside its neighbours of the same report, whatever the
    order of their digests or of their coming. Pairs that say the same are left out.
    """
    decided = {
        (entry.body["digest"], entry.body["sheet"]) for entry in intake.entries if entry.type in DECISIONS
    }
    fresh = decided & {(s.digest, s.sheet) for d in intake.deliveries for s in d.submissions}
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
    """Write the copies of deliveries anew, with what the bureau said since; by the period of each."""
    told, codes, written = answers(con), load_codes(settings.codes_folder), []
    by_period: dict[Period, list[Returned]] = {}
    for digest in sorted(set(digests)):
        (delivery,) = reader(settings)([store.archive.path(digest)])
        delivery = _named(con, delivery)
        findings = recorded_findings(con, digest)
        period = max(Period.parse(s.period) for s in delivery.submissions)
        one = Returned(delivery, store.archive.path(digest), findings, told)
        by_period.setdefault(period.as_month(), []).append(one)
    for period, returned in sorted(by_period.items()):
        folder = returns_folder(out, period)
        written += write_return_folder(folder, returned, (), codes, workers=settings.workers, limits=Limits())
    return written


def _named(con: duckdb.DuckDBPyConnection, delivery: Delivery) -> Delivery:
    """The delivery under the name that its file had when it came."""
    rows = con.execute("select file_name from delivery where digest = ?", [delivery.digest]).fetchall()
    return replace(delivery, file_name=rows[0][0] or delivery.file_name)


def recorded_findings(con: duckdb.DuckDBPyConnection, digest: str) -> tuple[Finding, ...]:
    """The findings on a delivery as the newest verdicts on its submissions hold them."""
    rows = con.execute(
        """
        select f.rule, f.severity, f.message, f.advice, f.level, f.outcome, f.reply, f.digest, d.file_name,
            f.submitter, f.period, f.form, f.edition, f.subject, f.sheet, f.cell, f.row_key, f.field, f.value
        from finding f
        join delivery d on d.digest = f.digest
        left join (select submission, max(seq) as seq from decision group by submission) v
            on v.submission = f.submission
        where f.digest = ? and f.level < 3 and (f.submission is null or f.seq = v.seq)
        order by f.seq, f.ordinal
        """,
        [digest],
    ).fetchall()
    return tuple(
        Finding(rule, Severity(severity), message, advice, level, Outcome(outcome), Reply(reply), *rest)
        for rule, severity, message, advice, level, outcome, reply, *rest in rows
    )
