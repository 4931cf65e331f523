"""The whole sample province, as committed: a clean month, the same against the oracle, defects on top of it.

What needs the month of 112 regions stands in this one file as far as it can: a file's tests stay in one process,
and the other does not have to wait.
"""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from conftest import MONTH, PROVINCE, ROOT
from facts import computed
from oracle import Oracle
from oracle_reading import Cell, Report, Reports
from recomputation import OCTOBER, changed, differences, facts_of

from flows.batch import Outcome, run_batch
from flows.settings import Settings
from indices.tables.results import read_results
from schemas.codes import CODES_DIR, load_codes

DEFECTIVE = ROOT / "sample_inputs" / "defective"


@pytest.fixture(scope="module")
def province_oracle() -> Oracle:
    return Oracle(PROVINCE, CODES_DIR)


@pytest.fixture(scope="module")
def with_defects(
    province_outcome: Outcome, province_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Outcome:
    """The defective copies, on top of the good deliveries that they are newer versions of."""
    assert province_outcome.release is not None
    home = tmp_path_factory.mktemp("defects") / "home"
    shutil.copytree(province_home, home)
    return run_batch(Settings(home=home), MONTH, [DEFECTIVE], None)


def test_each_defect_is_refused_with_its_rule_and_cell(with_defects: Outcome) -> None:
    found = {(f.file_name, f.rule, f.cell) for f in with_defects.intake.findings}
    with (DEFECTIVE / "清单.csv").open(encoding="utf-8-sig", newline="") as file:
        expected = list(csv.DictReader(file))
    assert len(expected) >= 12
    for row in expected:
        same = {(rule, cell) for name, rule, cell in found if name == row["文件"]}
        assert any(rule == row["规则"] and row["单元格"] in ("", *cell.split(",")) for rule, cell in same), (
            row,
            same,
        )


def test_the_good_around_the_defects_are_counted(with_defects: Outcome, province_outcome: Outcome) -> None:
    assert with_defects.needs_a_person
    assert with_defects.results is not None and province_outcome.results is not None
    # every defective copy is a newer version of a good delivery: the older one stays in view
    assert with_defects.results.index.equals(province_outcome.results.index)


def test_the_whole_province(province_oracle: Oracle, province_outcome: Outcome) -> None:
    """112 regions, 12 chains, 6 clusters, 30 indicators each (24 for a county), nothing missing."""
    month = province_oracle.month(OCTOBER)
    assert len(month.standing) == 12 * 30 + 100 * 24 + 12 * 30 + 6 * 30
    assert {each.missing for each in month.standing.values()} == {""}
    assert len(month.totals) == 2 * (112 + 12 + 6)
    assert province_outcome.results is not None
    assert differences(province_oracle, province_outcome.results) == []


def test_marked_parts_of_clusters(province_oracle: Oracle) -> None:
    """Many cities in a sum, a mean, a largest share: C hides it, a part that is 不适用 adds nothing."""
    annual = Report(2025, 12, annual=True)
    marked = (
        ("KLP", "360700", annual, "cnc_rate", "N"),
        ("KAV", "360400", annual, "rev_year", "C"),
        ("KEI", "360700", OCTOBER, "rev_cum", "N"),  # of the core
        ("KWR", "360100", OCTOBER, "rev_cum", "N"),
        ("KRC", "360200", OCTOBER, "rev_cum", "C"),  # of the core
        ("KCU", "360700", OCTOBER, "rev_cum", "W"),
    )

    def change(reports: Reports) -> None:
        for cluster, city, at, field, mark in marked:
            reports.filed["GLT03", at][cluster, city][field] = Cell(None, mark)

    oracle = changed(province_oracle, change, "CA")  # no other index reads GLT03
    con = computed(facts_of(oracle.figures.reports), load_codes(), "2026-10", "CA")
    assert differences(oracle, read_results(con)) == []
