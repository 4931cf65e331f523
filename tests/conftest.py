"""Shared samples: a small province (1 city, 3 counties, 2 chains, 1 cluster) and what a run of it gives."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from small import small_codes

from flows.batch import Outcome, run_batch
from flows.settings import Settings
from schemas.codes import Codes
from schemas.period import Period
from schemas.samples.history import write_history
from schemas.samples.write import write_province

ROOT = Path(__file__).parent.parent
PROVINCE = ROOT / "sample_inputs" / "province"
MONTH = Period.parse("2026-10")


@dataclass(frozen=True)
class Small:
    """The small province on disk."""

    codes: Codes
    inbox: Path  # with history

    def settings(self, home: Path, threads: int = 2) -> Settings:
        """Settings for a home of its own."""
        return Settings(home=home, codes_folder=self.codes.folder, threads=threads, workers=threads)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Deliveries for 2025-12, 2025, 2026-09, 2026-10 and history, generated once."""
    folder = tmp_path_factory.mktemp("small")
    codes = small_codes(folder)
    inbox = folder / "province"
    write_province(codes, inbox)
    write_history(codes, inbox / "history")
    return Small(codes, inbox)


@pytest.fixture(scope="session")
def small_outcome(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """One run of the small province."""
    home = tmp_path_factory.mktemp("home")
    return run_batch(small.settings(home), MONTH, [small.inbox], home / "out")


@pytest.fixture(scope="session")
def province_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of ``province_outcome``."""
    return tmp_path_factory.mktemp("province") / "home"


@pytest.fixture(scope="session")
def province_outcome(province_home: Path) -> Outcome:
    """One run of the whole sample province, as committed."""
    return run_batch(Settings(home=province_home), MONTH, [PROVINCE], province_home.parent / "out")
