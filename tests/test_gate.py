"""The gate: a level is published only when enough of what feeds it came in."""

from __future__ import annotations

import io
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from conftest import MONTH, Small
from one_absent import OneAbsent
from python_calamine import CalamineWorkbook
from results_fixture import results, written

from flows.batch import Outcome
from flows.report import gate_lines, summary_lines
from flows.stored import stored_results
from indices.coverage import Reports
from indices.gate import Verdict, judge
from indices.method import METHODS_DIR, Gate, MethodError, methods_for, read_method
from indices.tables.workbook import Audience
from schemas.codes import load_codes
from schemas.period import Period
from schemas.territory import Due, submitters

COUNTIES = ("360602", "360603", "360681")
OFFICES = {office.code: office for office in submitters(load_codes())}
MQ = methods_for(MONTH)[0]


def reports(filed: tuple[str, ...], revenue: dict[str, str]) -> Reports:
    """Three counties that owe GLT02, some of which filed."""
    owed = tuple(Due(code, MONTH, "GLT02") for code in COUNTIES)
    states = {("GLT02", code, "", str(MONTH)): "accepted" for code in filed}
    weights = {code: Decimal(value) for code, value in revenue.items()}
    return Reports(OFFICES, {(MONTH, "GLT02"): owed}, states, weights)


def verdicts(
    filed: tuple[str, ...], revenue: dict[str, str], rate: str, share: str
) -> tuple[Verdict, Verdict]:
    gate = Gate("county", "GLT02", "county", Decimal(rate), Decimal(share))
    first, second = judge([replace(MQ, gates=(gate,))], reports(filed, revenue))
    return first, second


def test_both_shares_by_hand() -> None:
    revenue = {"360602": "60", "360603": "10", "360681": "130"}
    rate, covered = verdicts(COUNTIES[:2], revenue, "0.90", "0.95")
    assert (rate.measure, rate.actual, rate.passed) == ("filing_rate", Decimal("0.6666"), False)
    assert (covered.measure, covered.actual, covered.passed) == ("revenue_coverage", Decimal("0.3500"), False)
    assert (rate.due_n, rate.filed_n, rate.missing) == (3, 2, "贵溪市统计局")


@pytest.mark.parametrize(
    ("revenue", "threshold", "passed"),
    [("95", "0.95", True), ("95", "0.9501", False), ("94.999", "0.95", False)],
)
def test_the_threshold_itself_is_enough(revenue: str, threshold: str, passed: bool) -> None:
    shares = {"360602": revenue, "360603": "0", "360681": str(100 - Decimal(revenue))}
    _, covered = verdicts(COUNTIES[:2], shares, "0.5", threshold)
    assert covered.passed is passed


def test_an_unknown_revenue_does_not_pass_unless_all_is_there() -> None:
    known = {"360602": "60", "360603": "10"}
    assert verdicts(COUNTIES[:2], known, "0.5", "0.5")[1].actual is None
    assert not verdicts(COUNTIES[:2], known, "0.5", "0.5")[1].passed
    assert verdicts(COUNTIES, known, "1", "1")[1].passed


def test_the_missing_are_named_by_revenue() -> None:
    revenue = {"360602": "60", "360603": "10", "360681": "130"}
    assert verdicts((), revenue, "0.9", "0.9")[0].missing == "、".join(
        OFFICES[code].name for code in ("360681", "360602", "360603")
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('form = "GLT02"\nfilers', 'form = "GLT99"\nfilers', "不存在"),
        ('filing_rate = "0.90"', 'filing_rate = "1.01"', "0 至 1"),
        ('revenue_coverage = "0.95"', 'revenue_coverage = "-0.1"', "0 至 1"),
        ('revenue_coverage = "0.95"', 'revenue_coverage = "0.95001"', "4 位小数"),
        ('subject_type = "county"\nform', 'subject_type = "chain"\nform', "不在本方法"),
        ('subject_type = "county"\nform = "GLT02"\nfilers = "county"',
         'subject_type = "city"\nform = "GLT02"\nfilers = "city"', "重复"),
    ],
)  # fmt: skip
def test_a_gate_that_cannot_be_meant_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    text = (METHODS_DIR / f"{MQ.id}.toml").read_text("utf-8")
    assert old in text
    path = tmp_path / f"{MQ.id}.toml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(MethodError, match=words):
        read_method(path)


@pytest.fixture
def one_missing(one_absent: OneAbsent) -> Outcome:
    """The small province without one of its three counties in October; another came late, and counts."""
    return one_absent.outcome


def test_a_level_below_its_gate_is_withheld(one_missing: Outcome, small_outcome: Outcome) -> None:
    assert one_missing.results is not None and small_outcome.results is not None
    county = (pl.col("subject_type") == "county") & (pl.col("period") == str(MONTH))
    index = one_missing.results.index.filter(county)
    assert index["value"].is_null().all() and index["rank"].is_null().all()
    assert index["withheld"].unique().to_list() == ["报送未达到发布门槛"]
    before = small_outcome.results.index.filter(county & (pl.col("product") == "monthly"))
    assert before["value"].is_not_null().all(), "with all three it is published"
    inside = pl.col("subject") == "360602"
    pillars = one_missing.results.pillar.filter(inside & (pl.col("period") == str(MONTH)))
    assert pillars.height and pillars["score"].is_null().all()
    mine, theirs = (
        r.indicator.filter(inside & (pl.col("period") == str(MONTH))).sort("indicator")
        for r in (one_missing.results, small_outcome.results)
    )
    assert mine["value_published"].to_list() == theirs["value_published"].to_list(), "indicators stay visible"
    assert mine["score_published"].drop_nulls().len() > 0
    assert mine["contribution_monthly"].is_null().all() and mine["contribution_full"].is_null().all()


def test_other_levels_and_earlier_months_are_not_touched(one_missing: Outcome) -> None:
    assert one_missing.results is not None
    index, month = one_missing.results.index, pl.col("period") == str(MONTH)
    city = index.filter(month & (pl.col("subject_type") == "city"))
    assert set(city["withheld"]) <= {"", "权重覆盖率不足"}
    assert not one_missing.results.gate.filter(pl.col("subject_type") == "city")["passed"].not_().any()
    september = index.filter((pl.col("period") == "2026-09") & (pl.col("subject_type") == "county"))
    assert september["value"].drop_nulls().len() > 0
    chain = index.filter(month & (pl.col("subject_type") == "chain"))
    assert set(chain["withheld"]) == {"报送未达到发布门槛"}, "GLT01 of the county feeds the chains"


def test_the_run_says_what_is_missing(one_missing: Outcome, small_outcome: Outcome) -> None:
    assert one_missing.results is not None and small_outcome.results is not None
    lines = gate_lines(one_missing.results)
    assert [line.split("）")[0] for line in lines] == ["产业链现代化（产业链", "制造业高质量发展（县（市、区"]
    (county,) = [line for line in lines if line.startswith("制造业")]
    for words in (
        "报送率须达 90.00 %，现为 66.66 %",
        "应报 3 份，已收 2，缺余江区统计局",
        "营收覆盖率须达 95.00 %",
    ):
        assert words in county
    assert county in summary_lines(one_missing)
    assert gate_lines(small_outcome.results) == []


def test_the_release_keeps_the_gates(one_missing: Outcome, small: Small) -> None:
    assert one_missing.release is not None and one_missing.results is not None
    kept = stored_results(one_missing.release, small.codes).gate
    assert kept.equals(one_missing.results.gate) and kept.height == 12


def _sheet(audience: Audience, **change: object) -> list[list[object]]:
    def closed(table: str, row: dict[str, object]) -> dict[str, object]:
        return {**row, **change} if table == "gate" else row

    data = written(results(small=True, change=closed), "MQ", audience)
    return CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_name("覆盖").to_python()


def test_the_table_shows_the_gates() -> None:
    found = [row for row in _sheet("internal", passed=False) if "未达到，不公布" in row]
    assert [row[1] for row in found[::2]] == ["县（市、区）", "设区市", "全省"]
    assert {row[10] for row in found} == {"东湖区统计局"} and {row[8] for row in found} == {99}
    public = [row for row in _sheet("public", passed=False) if "未达到，不公布" in row]
    assert {row[10] for row in public} == {"1 份"}


def test_the_reports_of_a_quarter_stand_for_their_newest_quarter() -> None:
    quarter = Period.parse("2026Q3")
    owed = {(quarter, "GLT04"): (Due("360600", quarter, "GLT04"),), (MONTH, "GLT02"): ()}
    gate = Gate("city", "GLT04", "city", Decimal("0.9"), Decimal("0.9"))
    rate, _ = judge([replace(MQ, gates=(gate,))], Reports(OFFICES, owed, {}, {}))
    assert (rate.period, rate.actual, rate.due_n, rate.passed) == ("2026Q3", Decimal(0), 1, False)
