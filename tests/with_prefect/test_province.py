"""The whole sample province, as committed, run as a person runs it: by the flow, on a server of its own.

What needs the month of 112 regions stands in this one file: a clean month, against the oracle and back through the
trace, what the linter says of its figures, and, without the flow, the defects on top of it. A file's tests stay in
one process, and the other does not have to wait.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator

import pytest
import test_traced_figures as cells
from conftest import MONTH, ROOT, Ran
from facts import computed
from oracle import Oracle
from oracle_reading import Cell, Report, Reports
from prefect.testing.utilities import prefect_test_harness
from recomputation import OCTOBER, changed, differences, facts_of
from test_lint import WITH_FIGURES, in_guide
from test_monthly import newest_run

from flows.batch import Outcome, run_batch
from flows.checking import Figures, check_method
from flows.monthly import run_month
from flows.settings import Settings
from indices.tables.results import read_results
from schemas.codes import CODES_DIR, load_codes
from schemas.finding import Severity

PROVINCE = ROOT / "sample_inputs" / "province"
DEFECTIVE = ROOT / "sample_inputs" / "defective"


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[None]:
    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The month of the whole province, from the inbox to the tables."""
    folder = tmp_path_factory.mktemp("province")
    home = folder / "home"
    outcome = run_month(Settings(home=home), MONTH, [PROVINCE], folder / "out", lambda *_: None)
    return Ran(home, outcome)


@pytest.fixture(scope="module")
def province_oracle() -> Oracle:
    return Oracle(PROVINCE, CODES_DIR)


@pytest.fixture(scope="module")
def with_defects(province: Ran, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The defective copies, on top of the good deliveries that they are newer versions of."""
    assert province.outcome.release is not None
    home = tmp_path_factory.mktemp("defects") / "home"
    shutil.copytree(province.home, home)
    return run_batch(Settings(home=home), MONTH, [DEFECTIVE], None)


def test_hundreds_of_files_take_no_more_tasks_than_a_few(province: Ran) -> None:
    files = len(province.outcome.intake.paths)
    _, tasks, artifacts = newest_run()
    assert files > 400
    assert 5 <= len(tasks) <= 20
    assert artifacts["progress-2026-10"] == 100.0


def test_a_clean_month_has_no_hard_finding_and_few_questions(province: Ran) -> None:
    intake = province.outcome.intake
    findings = (*intake.findings, *province.outcome.between)
    assert [f.sentence for f in findings if f.severity is Severity.HARD] == []
    rows = len(
        {(j.submission.digest, j.submission.sheet, c.row) for j in intake.judged for c in j.submission.cells}
    )
    soft = {(f.digest, f.sheet, f.row_key) for f in findings if f.severity is Severity.SOFT}
    assert rows > 10_000
    assert len(soft) <= 0.02 * rows


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


def test_the_good_around_the_defects_are_counted(with_defects: Outcome, province: Ran) -> None:
    assert with_defects.needs_a_person
    assert with_defects.results is not None and province.outcome.results is not None
    # every defective copy is a newer version of a good delivery: the older one stays in view
    assert with_defects.results.index.equals(province.outcome.results.index)


def test_the_whole_province(province_oracle: Oracle, province: Ran) -> None:
    """112 regions, 12 chains, 6 clusters, 30 indicators each (24 for a county), nothing missing."""
    month = province_oracle.month(OCTOBER)
    assert len(month.standing) == 12 * 30 + 100 * 24 + 12 * 30 + 6 * 30
    assert {each.missing for each in month.standing.values()} == {""}
    assert len(month.totals) == 2 * (112 + 12 + 6)
    assert province.outcome.results is not None
    assert differences(province_oracle, province.outcome.results) == []


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


def test_every_published_figure_from_the_cells_of_its_trace(province: Ran) -> None:
    again = cells.recomputed(province.home, load_codes())
    assert again.cells > 20_000
    for published in cells.both_editions(province.outcome.files):
        assert (len(published.totals), len(published.indicators)) == (130, 3300)
        assert list(cells.differences(again.found, published)) == []


@pytest.mark.parametrize("index", ["MQ", "CM", "CA"])
def test_the_linter_looks_at_the_figures_of_a_release_too(index: str, province: Ran) -> None:
    found = check_method(f"{index}-2026.1", None, 1, Figures(province.home, "2026-10.1"))
    told = {(d.rule, d.node): d.message for d in found if d.rule in WITH_FIGURES}
    guide = in_guide("## What the linter says of MQ, CM and CA")
    for rule in ("one-score", "binding-post"):
        assert {node for r, node in told if r == rule} == guide[rule, index]
    assert {str(sum(r == "collinear" for r, _ in told))} == guide["collinear", index]
    assert all(message.startswith("2026-10.1 ") for message in told.values())
