"""All 88 checks of the design: each has a case that breaks it, with the right cells, and one that keeps it."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import pytest
from gallery import Exhibit, exhibits

from schemas.anomaly_file import Anomaly, load_anomalies
from schemas.between_rule import load_between
from schemas.form import load_forms

with (Path(__file__).parent / "all_checks.csv").open(encoding="utf-8", newline="") as file:
    LISTED = {row["id"]: (row["severity"], int(row["level"])) for row in csv.DictReader(file)}
BESIDE = {"S101D", "S102D"}  # the soft half of H101D and H102D: a loss that rounds to nothing
RULES = sorted(LISTED.keys() | BESIDE)


@cache
def shown() -> dict[str, Exhibit]:
    """One case of each check; all others stand where the rules of their kind are tested."""
    return {exhibit.rule: exhibit for exhibit in reversed(exhibits())}


def test_every_listed_check_has_both_cases() -> None:
    assert len(LISTED) == 88
    assert LISTED.keys() | BESIDE == shown().keys()


def test_every_rule_of_the_data_files_is_listed_and_has_both_cases() -> None:
    looked_for = load_anomalies()
    declared = {rule.id for form in load_forms() for rule in form.rules} | {
        rule.id for rule in load_between()
    }
    declared |= {one.id for one in vars(looked_for).values() if isinstance(one, Anomaly)}
    assert len(declared) > 70
    assert declared - LISTED.keys() == BESIDE
    assert declared <= shown().keys()


@pytest.mark.parametrize("rule", RULES)
def test_what_breaks_a_check_is_found_with_its_cells(rule: str) -> None:
    seen = shown()[rule].broken()
    assert seen.findings
    named = {cell for finding in seen.findings for cell in finding.cell.split(",")}
    assert seen.cells and set(seen.cells) <= named
    severity, level = LISTED.get(rule, ("soft", 1))
    assert {(str(f.severity), f.level) for f in seen.findings} == {(severity, level)}
    for finding in seen.findings:
        assert finding.message and finding.advice
        assert not any(mark in finding.message for mark in ("{", "}", "None"))
    assert not seen.outcomes or "fail" in seen.outcomes


@pytest.mark.parametrize("rule", RULES)
def test_what_keeps_a_check_passes(rule: str) -> None:
    seen = shown()[rule].kept()
    assert seen.findings == ()
    assert not seen.outcomes or ("pass" in seen.outcomes and "fail" not in seen.outcomes)
