"""Forty defects of different kinds in copies of clean deliveries: all are found and named, nobody else is touched."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import MONTH, Ran, Small
from once import made_once
from one_absent import LATE, OneAbsent
from seeded import BETWEEN, COPIED, LATER, SEEDS, Seed, planted

from flows.batch import Outcome, run_batch
from flows.ledger.events import EventType
from flows.ledger.store import Store
from schemas.finding import Finding, Severity, State

Met = tuple[Outcome, dict[str, str]]


def run(small: Small, small_ran: Ran, folder: Path, seeds: Sequence[Seed], copied: str = "") -> Met:
    """A batch with these defects, delivered to an office where the clean province is in force."""
    home = Path(shutil.copytree(small_ran.home, folder / "home"))
    cells = planted(small.inbox, folder / "inbox", seeds, small.codes, copied)
    return run_batch(small.settings(home), MONTH, [folder / "inbox"], None, compute=False), cells


@pytest.fixture(scope="module")
def spoilt(small: Small, small_ran: Ran, tmp_path_factory: pytest.TempPathFactory) -> Met:
    return made_once(tmp_path_factory, "seeded", lambda folder: run(small, small_ran, folder, SEEDS, COPIED))


@pytest.fixture(scope="module")
def apart(small: Small, small_ran: Ran, tmp_path_factory: pytest.TempPathFactory) -> Met:
    return made_once(tmp_path_factory, "apart", lambda folder: run(small, small_ran, folder, BETWEEN + LATER))


def compared(home: Path, period: str) -> dict[str, set[str]]:
    """The outcomes of the rules between submitters at the newest comparison of a period."""
    events = [
        e
        for e in Store(home).journal.entries()
        if e.type == EventType.COMPARED and e.body["period"] == period
    ]
    found: dict[str, set[str]] = {}
    for rule, outcome, _ in events[-1].body["outcomes"]:
        found.setdefault(rule, set()).add(outcome)
    return found


def naming(findings: Sequence[Finding], seed: Seed, cell: str) -> list[Finding]:
    return [f for f in findings if f.rule == seed.rule and cell in f.cell.split(",")]


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
def test_a_defect_inside_a_delivery_is_found(seed: Seed, spoilt: Met) -> None:
    outcome, cells = spoilt
    found = naming(outcome.intake.findings, seed, cells[seed.name])
    assert [f for f in found if f.form == seed.form], [
        (f.rule, f.form, f.cell) for f in outcome.intake.findings if f.rule == seed.rule
    ]


def test_a_copied_month_is_a_clue(spoilt: Met) -> None:
    (finding,) = (f for f in spoilt[0].intake.findings if f.rule == "S322")
    assert (finding.form, finding.submitter, finding.severity) == ("GLT02", COPIED[-6:], Severity.CLUE)


@pytest.mark.parametrize("seed", BETWEEN + LATER, ids=lambda seed: seed.name)
def test_a_difference_between_submitters_is_found(seed: Seed, apart: Met) -> None:
    outcome, cells = apart
    cell = cells[seed.name]
    found = [f for f in outcome.between if f.rule == seed.rule and cell in f.cell + f.message]
    assert found, [f.sentence for f in outcome.between]
    assert all(f.level == 3 for f in found)


def test_a_difference_between_submitters_rejects_nobody(apart: Met) -> None:
    outcome, _ = apart
    assert {judged.state for judged in outcome.intake.judged} == {State.ACCEPTED}
    assert [f.sentence for f in outcome.intake.findings] == []
    assert {f.rule for f in outcome.between} == {seed.rule for seed in BETWEEN + LATER}


def test_the_clean_province_raises_nothing_and_every_comparison_speaks(small_ran: Ran) -> None:
    findings = (*small_ran.outcome.intake.findings, *small_ran.outcome.between)
    assert [f.sentence for f in findings if f.severity is not Severity.CLUE] == []
    for period, rules in (
        ("2026-10", {"H303", "H304", "H332", "S305", "S307"}), ("2026Q3", {"S306", "S325"}),
        ("2025", {"H304", "S306", "S307", "S316", "S325", "S335"}),
    ):  # fmt: skip
        outcomes = compared(small_ran.home, period)
        assert outcomes.keys() == rules
        assert set().union(*outcomes.values()) <= {"pass", "na"}


def test_a_county_that_files_nothing_rejects_nobody(one_absent: OneAbsent) -> None:
    entries = Store(one_absent.settings.home).journal.entries()
    stopped = [
        (e.type, e.body["submitter"], e.body["form"])
        for e in entries
        if e.type in (EventType.REJECTED, EventType.PENDING)
    ]
    assert stopped == [(EventType.REJECTED, LATE, "GLT02")], "the other office had an error of its own"
    assert {judged.state for judged in one_absent.outcome.intake.judged} == {State.ACCEPTED}
    comparisons = [e for e in entries if e.type == EventType.COMPARED]
    assert len(comparisons) > 1 and all(not e.body["findings"] for e in comparisons)
    outcomes = compared(one_absent.settings.home, "2026-10")
    assert {rule for rule, seen in outcomes.items() if "missing" in seen} == {"H303", "H304", "S305", "S307"}
    assert outcomes["S305"] == {"missing", "pass"}  # the others are compared all the same
