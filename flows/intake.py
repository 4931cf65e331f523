"""A batch on its way into the record, and its steps from what was read to the journal: archive, check, decide, record.

Each step is a plain function over an ``Intake``, and so are those before (``inbox.py``); ``flows/monthly.py`` runs
them as Prefect tasks and ``flows/batch.py`` without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import duckdb

from flows.evidence import Evidence
from flows.judging import Verdicts, judge_batch
from flows.ledger.answers import Answered, explained
from flows.ledger.canonical import sha256
from flows.ledger.decide import Judged, decision_events
from flows.ledger.events import Event, received, refused
from flows.ledger.journal import Entry
from flows.ledger.proposals import proposals
from flows.ledger.redecide import older_twins
from flows.ledger.store import Store
from flows.ledger.warehouse import ReadFiles, append, open_warehouse
from flows.settings import Settings
from schemas.codes import load_codes
from schemas.finding import Finding, Severity, State
from schemas.form import load_forms
from schemas.period import Period
from schemas.reading.pool import Limits, read_files
from schemas.reading.record import Delivery
from schemas.reading.workbook import MIXED

PERMU = frozenset(form.code for form in load_forms() if form.store == "permu")  # GLT09
CHANGED = "清点之后文件内容有改动或被移走，本次未接收"

Progress = Callable[[str, int, int], None]  # phase, done, all


def silent(_phase: str, _done: int, _all: int) -> None:
    """Progress for those who do not look."""


@dataclass
class Intake:
    """One batch on its way in; every step fills its part."""

    through: Period
    history_only: bool = False
    paths: list[Path] = field(default_factory=list)  # unseen workbooks
    digests: list[str] = field(default_factory=list)  # theirs
    seen: int = 0  # workbooks whose bytes the journal knows
    ignored: list[Path] = field(default_factory=list)  # not workbooks
    own_tables: list[Path] = field(default_factory=list)  # of this program: told (L20), and no delivery
    unreadable: list[Finding] = field(default_factory=list)  # files that cannot be opened, or are no delivery
    deliveries: list[Delivery] = field(default_factory=list)
    later: list[Delivery] = field(default_factory=list)  # of periods after ``through``: left alone
    judged: list[Judged] = field(default_factory=list)
    verdicts: list[tuple[Store, Verdicts]] = field(default_factory=list)  # GLT09 apart
    findings: list[Finding] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    def leave(self, path: Path, reason: str) -> None:
        """Leave a file to the next run, and tell it."""
        self.put_aside(unreadable(path, reason))

    def put_aside(self, finding: Finding) -> None:
        """Tell of a file that is not taken, and of which nothing is kept."""
        if finding not in self.unreadable:  # a step may be tried again
            self.unreadable.append(finding)
            self.findings.append(finding)

    @property
    def refused(self) -> list[Delivery]:
        """Deliveries of which nothing could be taken."""
        return [d for d in self.deliveries if d.refused is not None]

    def submissions(self, state: State) -> list[Judged]:
        """The batch's submissions that were decided so."""
        return [j for j in self.judged if j.state == state]


def reader(settings: Settings, on_read: Callable[[int], None] | None = None) -> ReadFiles:
    """The limited reader with this run's code lists and workers."""
    return partial(
        read_files,
        codes_folder=settings.codes_folder,
        workers=settings.workers,
        limits=Limits(),
        on_read=on_read,
    )


def unreadable(path: Path, reason: str) -> Finding:
    """The finding on a file that cannot be opened, or was changed underway."""
    return Finding(
        rule="F01",
        severity=Severity.HARD,
        message=f"文件打不开：{reason}。",
        advice="请检查文件和权限后重新放入收件夹。",
        file_name=path.name,
    )


def forms_in(delivery: Delivery) -> set[str]:
    """Every form that stands in a delivery, also on sheets whose head could not be read."""
    findings = (*delivery.findings, *([delivery.refused] if delivery.refused else []))
    return {s.form for s in delivery.submissions} | {f.form for f in findings if f.form}


def archive(store: Store, intake: Intake) -> None:
    """Keep the bytes of every delivery that is taken up, GLT09 in its own store.

    A delivery that mixes GLT09 with other forms was refused whole and is kept in neither. A file that
    changed or went away since it was found is left to the next run, and told.
    """
    paths = dict(zip(intake.digests, intake.paths, strict=True))
    kept = []
    for delivery in intake.deliveries:
        target = store_of(store, delivery)
        if target is not None:
            try:
                data = paths[delivery.digest].read_bytes()
            except OSError as error:
                intake.leave(paths[delivery.digest], error.strerror or str(error))
                continue
            if sha256(data) != delivery.digest:
                intake.leave(paths[delivery.digest], CHANGED)
                continue
            target.archive.put(data)
        kept.append(delivery)
    intake.deliveries = kept


def store_of(store: Store, delivery: Delivery) -> Store | None:
    """The store that keeps a delivery; None for one that mixes GLT09 with other forms."""
    if delivery.refused is not None and delivery.refused.rule == MIXED:
        return None
    return store.permu if forms_in(delivery) & PERMU else store


def judge(con: duckdb.DuckDBPyConnection, store: Store, settings: Settings, intake: Intake) -> None:
    """Check the batch's submissions and decide on each; GLT09 by itself, with its own record."""
    intake.verdicts, intake.judged = [], []
    codes = load_codes(settings.codes_folder)
    evidence = Evidence([*intake.ignored, *intake.own_tables], store)
    for target in (store, store.permu):
        deliveries = [d for d in intake.deliveries if store_of(store, d) is target]
        if not any(d.submissions for d in deliveries):
            continue
        with opened(con, store, target, settings) as own:
            head = target.journal.head[0]
            verdicts = judge_batch(own, head, deliveries, codes, settings.admit_pending, evidence.has)
        intake.verdicts.append((target, verdicts))
        intake.judged += verdicts.judged
        intake.findings += [f for judged in verdicts.judged for f in judged.findings]
        intake.findings += verdicts.loose
    for digest in sorted({c.evidence for _, v in intake.verdicts for c in v.corrections}):
        evidence.keep(digest)


@contextmanager
def opened(
    con: duckdb.DuckDBPyConnection, store: Store, target: Store, settings: Settings
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse of a store: the one that is open, or GLT09's own."""
    if target is store:
        yield con
    else:
        with closing(open_warehouse(target, reader(settings), settings.threads)) as own:
            yield own


def record(con: duckdb.DuckDBPyConnection, store: Store, settings: Settings, intake: Intake) -> None:
    """Write the batch into the journal and then into the warehouse, GLT09 into its own."""
    verdicts_of = dict(intake.verdicts)
    for target in (store, store.permu):
        deliveries = [
            d for d in intake.deliveries if (store_of(store, d) is store.permu) == (target is store.permu)
        ]
        if not deliveries:
            continue
        verdicts = verdicts_of.get(target, Verdicts())
        with opened(con, store, target, settings) as own:
            events = _events(own, target, settings, deliveries, verdicts)
            entries = target.journal.append(events)
            append(own, entries, [s for d in deliveries for s in d.submissions])
        intake.entries += entries


def _events(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    settings: Settings,
    deliveries: Sequence[Delivery],
    verdicts: Verdicts,
) -> list[Event]:
    """Everything that a batch has to say, in any order: the journal puts it into its own."""
    who = (settings.actor, settings.role)
    loose: dict[str, list[Finding]] = {}
    for finding in verdicts.loose:
        loose.setdefault(finding.digest, []).append(finding)
    told = [replace(d, findings=(*d.findings, *loose.get(d.digest, ()))) for d in deliveries]
    before = store.seen()
    events: list[Event] = [
        (received if d.refused is None else refused)(d, *who)
        for d in told
        if d.refused is None or before.get(d.digest) != d.refused.rule  # refused again for the same reason
    ]
    events += decision_events(con, verdicts.judged, *who)
    taken = [j.submission for j in verdicts.judged if j.state is not State.REJECTED]
    events += older_twins(con, store.journal.entries(), taken, *who)
    names = {d.digest: d.file_name for d in deliveries}
    answers: dict[tuple[tuple[str, str, str, str], str], list[Answered]] = {}
    for answer in verdicts.answered:
        answers.setdefault((answer.identity, answer.digest), []).append(answer)
    for (identity, digest), given in answers.items():
        events.append(explained(identity, digest, names[digest], given, *who))
    return events + proposals(con, verdicts.corrections, events, *who)
