"""The monthly batch as a list of named steps, without Prefect.

``Month`` holds what the steps hand on (one connection, the batch, the releases), because none of it may be
pickled or cached. ``flows/monthly.py`` runs the same steps as Prefect tasks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import duckdb

from flows import inbox
from flows import intake as steps
from flows.comparing import compare
from flows.desk import waiting
from flows.intake import Intake, Progress
from flows.ledger.release import Release
from flows.ledger.store import Store
from flows.ledger.warehouse import open_warehouse
from flows.printing import write_workbooks
from flows.publication import NothingFiledError, compute_release, stale
from flows.publish import at_stage
from flows.returning import return_batch, return_missing
from flows.settings import Settings
from indices.tables.notes import AUDIENCE_ZH
from indices.tables.results import Results
from schemas.finding import Finding, Severity, State
from schemas.period import Period


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    period: Period
    intake: Intake
    release: Release | None
    results: Results | None
    revised: tuple[Release, ...]  # of earlier periods
    files: tuple[Path, ...]
    seconds: dict[str, float]
    repaired: tuple[str, ...]
    between: tuple[Finding, ...] = ()  # new between submitters: for the bureau, nobody is rejected
    waiting: Mapping[str, int] = field(default_factory=dict)  # what the bureau itself has to decide
    returns: tuple[Path, ...] = ()  # copies, letters and comparisons that go back
    note: str = ""  # why there is no release, where one was asked for

    @property
    def needs_a_person(self) -> bool:
        """True where something was refused, rejected, left waiting or lost, or nothing could be released."""
        hard = any(f.severity is Severity.HARD for f in self.intake.findings)
        waits = any(j.state is not State.ACCEPTED for j in self.intake.judged) or any(self.waiting.values())
        return bool(self.note) or hard or waits


@dataclass
class Month:
    """One run of the batch; use as a context manager, which holds the writer's lock."""

    settings: Settings
    period: Period
    inboxes: Sequence[Path]
    out: Path | None
    progress: Progress = steps.silent
    compute: bool = True
    history_only: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
    between: tuple[Finding, ...] = ()
    waiting: Mapping[str, int] = field(default_factory=dict)
    returns: tuple[Path, ...] = ()
    revised: list[Release] = field(default_factory=list)
    release: Release | None = None
    results: Results | None = None
    files: tuple[Path, ...] = ()
    note: str = ""

    def __enter__(self) -> Month:
        self._held = ExitStack()
        self.store = Store(self.settings.home)
        self.repaired = tuple(self._held.enter_context(self.store.writing()))
        self.intake = Intake(self.period, self.history_only)
        self.con: duckdb.DuckDBPyConnection | None = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give back the database and the lock, so that readers may look; the outcome stays."""
        if self.con is not None:
            self.con.close()
        self._held.close()

    def steps(self) -> list[tuple[str, Callable[[], None]]]:
        """The steps in order, each with its Chinese name."""
        taking = [
            ("清点收件", self._look),
            ("读取报表", self._read),
            ("归档原件", self._archive),
            ("打开数据库", self._open),
            ("审核", self._judge),
            ("记入日志", self._record),
            ("表间核对", self._compare),
            ("写出退件", self._return),
        ]
        giving = [
            ("计算与发布", self._compute),
            ("重算受影响的往期", self._revise),
            ("写出表格", self._write),
        ]
        return [
            (name, self._timed(name, step)) for name, step in (taking + giving if self.compute else taking)
        ]

    def outcome(self) -> Outcome:
        """What was done, after the last step."""
        return Outcome(
            self.period, self.intake, self.release, self.results, tuple(self.revised), self.files,
            dict(self.seconds), self.repaired, self.between, self.waiting,
            self.returns, self.note,
        )  # fmt: skip

    def _timed(self, name: str, step: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            started = time.perf_counter()
            self.progress(name, 0, 1)
            step()
            self.seconds[name] = time.perf_counter() - started
            self.progress(name, 1, 1)

        return run

    def _look(self) -> None:
        inbox.look(self.store, self.inboxes, self.intake)

    def _read(self) -> None:
        inbox.read(self.settings, self.intake, self.progress)

    def _archive(self) -> None:
        steps.archive(self.store, self.intake)

    def _open(self) -> None:
        self.con = open_warehouse(self.store, steps.reader(self.settings), self.settings.threads)

    @property
    def _warehouse(self) -> duckdb.DuckDBPyConnection:
        assert self.con is not None, "the warehouse is opened before"
        return self.con

    def _judge(self) -> None:
        steps.judge(self._warehouse, self.store, self.settings, self.intake)

    def _record(self) -> None:
        steps.record(self._warehouse, self.store, self.settings, self.intake)

    def _compare(self) -> None:
        self.between = compare(self._warehouse, self.store, self.settings, self.period)
        self.waiting = waiting(self._warehouse).counts

    def _return(self) -> None:
        if self.out is not None:
            context = (self._warehouse, self.store, self.settings)
            written = return_batch(*context, self.intake, self.out)
            made_up = return_missing(*context, self.period, self.out)
            self.returns = tuple(sorted((file.path for file in (*written, *made_up)), key=str))

    def _compute(self) -> None:
        try:
            found, self.results = compute_release(self._warehouse, self.store, self.settings, self.period)
            self.release = at_stage(self.store, found)  # one that stands may have been set to 最终 since
        except NothingFiledError as nothing:  # earlier periods and the findings are still to be told
            self.note = str(nothing)

    def _revise(self) -> None:
        for period in stale(self._warehouse, self.store, self.settings):
            release, results = compute_release(self._warehouse, self.store, self.settings, period)
            self.revised.append(release)
            if self.out is not None:
                write_workbooks(release, results, self.out / str(period), ["internal"])

    def _write(self) -> None:
        if self.out is None or self.release is None or self.results is None:
            return
        self.files = write_workbooks(self.release, self.results, self.out, tuple(AUDIENCE_ZH))


def run_batch(
    settings: Settings,
    period: Period,
    inboxes: Sequence[Path],
    out: Path | None,
    progress: Progress = steps.silent,
    compute: bool = True,
    history_only: bool = False,
) -> Outcome:
    """Run a month without Prefect."""
    with Month(settings, period, inboxes, out, progress, compute, history_only) as month:
        for _, step in month.steps():
            step()
        return month.outcome()
