"""The rules between submitters look at every period again that something touched since its own last comparison."""

from __future__ import annotations

import pytest
from ledger_cases import Desk, sheet, workbook

from flows.comparing import compare
from flows.settings import Settings
from schemas.between_rule import load_between
from schemas.period import Period

SEPTEMBER, OCTOBER = Period.parse("2026-09"), Period.parse("2026-10")


@pytest.fixture(autouse=True)
def one_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which periods are compared is asked here, not what comes of it."""
    rules = [rule for rule in load_between() if rule.id == "S305"]
    monkeypatch.setattr("schemas.between.load_between", lambda: rules)


def file(desk: Desk, period: str, version: int = 1) -> None:
    row = {"region_code": "360102", "rev_cum": str(400 + version)}
    desk.file(workbook(sheet([row], period=period, version=version)))


def compared(desk: Desk, through: Period) -> list[str]:
    """The periods that one comparison wrote an event for."""
    before = desk.store.journal.head[0]
    compare(desk.con, desk.store, Settings(home=desk.store.home), through)
    return [entry.body["period"] for entry in desk.store.journal.entries()[before:]]


def test_a_later_period_is_compared_again_after_a_run_that_ended_before_it(desk: Desk) -> None:
    file(desk, "2026-09")
    file(desk, "2026-10")
    assert compared(desk, OCTOBER) == ["2026-09", "2026-10"]
    file(desk, "2026-09", version=2)
    assert compared(desk, SEPTEMBER) == ["2026-09"]
    assert compared(desk, OCTOBER) == ["2026-10"]  # its register reads the September that is new
    assert compared(desk, OCTOBER) == []


def test_a_period_that_was_left_out_is_made_good_though_another_was_compared_since(desk: Desk) -> None:
    file(desk, "2026-10")  # a run for September does not reach it
    file(desk, "2026-09")
    assert compared(desk, SEPTEMBER) == ["2026-09"]
    assert compared(desk, OCTOBER) == ["2026-10"]


def test_what_comes_later_does_not_touch_an_earlier_period(desk: Desk) -> None:
    file(desk, "2026-09")
    assert compared(desk, OCTOBER) == ["2026-09"]
    file(desk, "2026-10")
    assert compared(desk, OCTOBER) == ["2026-10"]
