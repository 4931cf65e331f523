"""Shared samples: a small province (1 city, 3 counties, 2 chains, 1 cluster), and runs of it."""

import gc
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from kept_workers import kept_workers
from ledger_cases import Desk, read
from once import made_once
from one_absent import OneAbsent, one_absent_of
from small import small_codes

from flows.batch import Outcome, run_batch
from flows.ledger.store import Store
from flows.ledger.warehouse import open_warehouse
from flows.settings import Settings
from schemas.codes import Codes
from schemas.period import Period
from schemas.samples.history import write_history
from schemas.samples.write import write_province

gc.set_threshold(100_000)  # as the command line does: what a run holds makes no cycles

ROOT = Path(__file__).parent.parent
MONTH = Period.parse("2026-10")


@dataclass(frozen=True)
class Small:
    """The small province on disk."""

    codes: Codes
    inbox: Path  # with history

    @property
    def month(self) -> Path:
        """The deliveries for 2026-10 alone: enough where nothing earlier matters, at a third of the cost."""
        return self.inbox / str(MONTH)

    def settings(self, home: Path, threads: int = 1) -> Settings:
        """Settings for a home of its own."""
        return Settings(home=home, codes_folder=self.codes.folder, threads=threads, workers=threads)


@dataclass(frozen=True)
class Ran:
    """A home, and the outcome of the one run that made it."""

    home: Path
    outcome: Outcome


@pytest.fixture(scope="session", autouse=True)
def workers() -> Iterator[None]:
    """Pools of this process hand their workers on."""
    with pytest.MonkeyPatch.context() as patch:
        yield from kept_workers(patch)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Deliveries for 2025-12, 2025, 2026-09, 2026-10 and history, generated once."""

    def make(folder: Path) -> Small:
        codes = small_codes(folder)
        inbox = folder / "province"
        write_province(codes, inbox)
        write_history(codes, inbox / "history")
        return Small(codes, inbox)

    return made_once(tmp_path_factory, "small", make)


@pytest.fixture(scope="session")
def small_ran(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """One run of the small province."""
    return made_once(tmp_path_factory, "small-ran", lambda folder: ran(small, small.inbox, folder))


@pytest.fixture(scope="session")
def month_ran(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """One run of the month alone."""
    return made_once(tmp_path_factory, "month-ran", lambda folder: ran(small, small.month, folder))


def ran(small: Small, inbox: Path, folder: Path) -> Ran:
    """A run of an inbox of the small province, with home and tables in a folder."""
    home = folder / "home"
    return Ran(home, run_batch(small.settings(home), MONTH, [inbox], folder / "out"))


@pytest.fixture(scope="session")
def one_absent(small: Small, tmp_path_factory: pytest.TempPathFactory) -> OneAbsent:
    """The small province without one of its three counties in October, and with one that comes late."""

    def make(folder: Path) -> OneAbsent:
        return one_absent_of(small.codes, small.inbox, small.settings(folder / "home"), MONTH, folder)

    return made_once(tmp_path_factory, "one-absent", make)


@pytest.fixture(scope="session")
def small_outcome(small_ran: Ran) -> Outcome:
    """What the run of the small province came to."""
    return small_ran.outcome


@pytest.fixture
def small_home(small_ran: Ran, tmp_path: Path) -> Path:
    """A copy of the home after the run of the small province, for a test to go on from."""
    return shutil.copytree(small_ran.home, tmp_path / "home")


@pytest.fixture
def month_home(month_ran: Ran, tmp_path: Path) -> Path:
    """A copy of the home after the run of the month alone."""
    return shutil.copytree(month_ran.home, tmp_path / "home")


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with nothing in it but a database at the journal's beginning."""

    def make(folder: Path) -> Path:
        store = Store(folder / "home")
        with store.writing():
            open_warehouse(store, read).close()
        return store.home

    return made_once(tmp_path_factory, "empty", make)


@pytest.fixture
def desk(empty_home: Path, tmp_path: Path) -> Iterator[Desk]:
    """An empty store, written to as a month's run would."""
    store = Store(shutil.copytree(empty_home, tmp_path / "home"))
    with store.writing():
        desk = Desk(store, open_warehouse(store, read))
        yield desk
        desk.con.close()
