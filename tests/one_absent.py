"""The small province with one office absent and one that corrects itself late: a story of two runs."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from loop import change

from flows.batch import Outcome, run_batch
from flows.settings import Settings
from flows.standing import Standing, standing
from schemas.codes import Codes
from schemas.period import Period

LATE, ABSENT = "360602", "360603"


@dataclass(frozen=True)
class OneAbsent:
    """What there was to see after each of the two runs."""

    settings: Settings
    rejected: Standing  # after the first, while the report with the error was the only one
    outcome: Outcome  # of the second, with the release


class _At(datetime):
    """A clock that stands still at ``moment``."""

    moment: datetime

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        return cls.moment


def one_absent_of(codes: Codes, inbox: Path, made: Settings, month: Period, folder: Path) -> OneAbsent:
    """360602 files GLT02 with an error in time and again on the 24th; 360603 files nothing for the month."""
    first, second = folder / "first", folder / "second"
    shutil.copytree(inbox, first)
    (first / str(month) / f"{ABSENT}.xlsx").unlink()
    good = inbox / str(month) / f"{LATE}.xlsx"
    change(good, first / str(month) / f"{LATE}.xlsx", codes, "GLT02", 1, ent_loss_n=9999)
    change(good, second / f"{LATE}.xlsx", codes, "GLT02", 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flows.ledger.line.datetime", _At)
        # half past one in the night of the 19th in Shanghai
        _At.moment = datetime(2026, 11, 18, 17, 30, tzinfo=UTC)
        run_batch(made, month, [first], None, compute=False)
        rejected = standing(made, month, date(2026, 11, 24))
        _At.moment = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
        outcome = run_batch(made, month, [second], None)
    return OneAbsent(made, rejected, outcome)
