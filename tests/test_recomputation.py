"""A whole month against the oracle: plain decimals, straight from the workbooks, every subject and indicator.

``oracle.py`` shares no code with the engine, the reader or the ledger; what is compared is what a run of
the batch stored, at the digits that are published. The gaps that the samples do not have (marks, zeros,
missing reports) are made in the oracle's figures and given to the engine as facts.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal

import pytest
from conftest import PROVINCE, Small
from facts import Fact, computed
from oracle import Month, Oracle, half_even
from oracle_figures import Figures
from oracle_reading import Cell, Report, Reports

from flows.batch import Outcome
from indices.tables.results import Results, read_results, rows
from schemas.codes import CODES_DIR, load_codes

OCTOBER = Report(2026, 10)
SEPTEMBER = Report(2026, 9)
EVALUATED = (OCTOBER, SEPTEMBER, Report(2025, 10))  # the period, the previous report, the month a year ago
KEYS = {
    "GLT01": ("region_code", "chain_code", "subchain_code"),
    "GLT02": ("region_code",),
    "GLT03": ("cluster_code", "region_code"),
    "GLT04": ("region_code", "chain_code"),
    "GLT05": ("region_code", "chain_code"),
    "GLT06": ("region_code", "chain_code"),
    "GLT07": ("chain_code",),
}


def differences(oracle: Oracle, results: Results) -> list[str]:
    """Every published figure in which the two differ; also what only one of them has."""
    found: list[str] = []
    for at in EVALUATED:
        month, period = oracle.month(at), f"{at.year}-{at.month:02d}"
        for name, ours, theirs in (
            ("指标", indicators_of(oracle, month), indicators_in(results, period)),
            ("分项", pillars_of(month), pillars_in(results, period)),
            ("指数", totals_of(month), totals_in(results, period)),
        ):
            found += unequal(f"{period} {name}", ours, theirs)
    theirs = {(r["subject"], r["scope"]): (r["ttm"], r["attainment"]) for r in rows(results.target)}
    theirs = {key: value for key, value in theirs.items() if value != (None, None)}
    return found + unequal("目标", oracle.month(OCTOBER).targets, theirs)


def unequal(name: str, ours: dict, theirs: dict) -> list[str]:
    return [
        f"{name} {key}: oracle {ours.get(key)}, engine {theirs.get(key)}"
        for key in sorted(ours.keys() | theirs.keys())
        if ours.get(key) != theirs.get(key)
    ]


def indicators_of(oracle: Oracle, month: Month) -> dict:
    """(missing, reference period, age, value, score, clipped, effective weight, contribution)."""
    leaves = {(index, leaf.id): leaf for index, method in oracle.methods.items() for leaf in method}
    found = {}
    for (index, subject, name), each in month.standing.items():
        leaf = leaves[index, name]
        period = None
        if each.report is not None and each.missing == "":
            period = f"{each.report.year}-{each.report.month:02d}"
            if leaf.frequency == "Q":
                period = f"{each.report.year}Q{each.report.month // 3}"
            if leaf.frequency == "A":
                period = f"{each.report.year}"
        value = None if each.value is None else half_even(each.value, leaf.decimals)
        score = each.score
        present = month.totals[index, "full", subject].present
        found[index, subject, name] = (
            each.missing,
            period,
            each.age if each.missing == "" else None,
            value,
            None if score is None else half_even(score, 2),
            each.clipped,
            None if score is None else half_even(100 * leaf.weight / present, 4),
            None if score is None else half_even(leaf.weight * score / present, 4),
        )
    return found


def indicators_in(results: Results, period: str) -> dict:
    return {
        (r["index_code"], r["subject"], r["indicator"]): (
            r["missing"],
            r["ref_period"] if r["missing"] == "" else None,
            r["age"] if r["missing"] == "" else None,
            r["value_published"],
            r["score_published"],
            r["clipped"],
            r["weight_full"],
            r["contribution_full"],
        )
        for r in rows(results.indicator)
        if r["period"] == period
    }


def pillars_of(month: Month) -> dict:
    return {
        (*key, number): pillar
        for key, total in month.totals.items()
        for number, pillar in total.pillars.items()
    }


def pillars_in(results: Results, period: str) -> dict:
    return {
        (r["index_code"], r["product"], r["subject"], r["pillar_no"]): (r["score"], r["weight_effective"])
        for r in rows(results.pillar)
        if r["period"] == period
    }


def totals_of(month: Month) -> dict:
    return {key: (t.value, t.coverage, month.ranks[key]) for key, t in month.totals.items()}


def totals_in(results: Results, period: str) -> dict:
    return {
        (r["index_code"], r["product"], r["subject"]): (r["value"], r["weight_coverage"], r["rank"])
        for r in rows(results.index)
        if r["period"] == period
    }


@pytest.fixture(scope="module")
def small_oracle(small: Small) -> Oracle:
    return Oracle(small.inbox, small.codes.folder)


@pytest.fixture(scope="module")
def province_oracle() -> Oracle:
    return Oracle(PROVINCE, CODES_DIR)


def test_the_small_province(small_oracle: Oracle, small_outcome: Outcome) -> None:
    assert small_outcome.results is not None
    assert differences(small_oracle, small_outcome.results) == []


def test_the_whole_province(province_oracle: Oracle, province_outcome: Outcome) -> None:
    """112 regions, 12 chains, 6 clusters, 30 indicators each (24 for a county), nothing missing."""
    month = province_oracle.month(OCTOBER)
    assert len(month.standing) == 12 * 30 + 100 * 24 + 12 * 30 + 6 * 30
    assert {each.missing for each in month.standing.values()} == {""}
    assert len(month.totals) == 2 * (112 + 12 + 6)
    assert province_outcome.results is not None
    assert differences(province_oracle, province_outcome.results) == []


def test_the_comparison_sees_one_changed_cell(small_oracle: Oracle, small_outcome: Outcome) -> None:
    """One county's revenue of one month, one per cent more: MQ102, MQ201 and MQ205, and what stands on them."""

    def more(reports: Reports) -> None:
        row = reports.filed["GLT02", OCTOBER]["360602",]
        value = row["rev_cum"].value
        assert value is not None
        row["rev_cum"] = Cell(value * Decimal("1.01"))

    assert small_outcome.results is not None
    found = differences(changed(small_oracle, more), small_outcome.results)
    assert {name for name in ("MQ102", "MQ201", "MQ205") if any(name in text for text in found)} == {
        "MQ102", "MQ201", "MQ205",
    }  # fmt: skip
    assert any("指数 ('MQ', 'full', '360602')" in text for text in found)
    assert not any("'CM'" in text or "'360603'" in text for text in found if "指数" not in text)


# Gaps: the oracle's figures changed, and given to the engine as facts.


def changed(oracle: Oracle, change: Callable[[Reports], None]) -> Oracle:
    """An oracle over changed figures."""
    reports = deepcopy(oracle.figures.reports)
    change(reports)
    other = object.__new__(Oracle)
    other.lists, other.methods = oracle.lists, oracle.methods
    other.figures = Figures(reports, oracle.lists, oracle.figures.targets)
    return other


def facts_of(reports: Reports) -> Iterator[Fact]:
    """The oracle's figures as the engine takes them."""
    for source, given in (("submission", reports.filed), ("bureau", reports.history)):
        for (form, at), found in given.items():
            period = f"{at.year}" if at.annual else f"{at.year}-{at.month:02d}"
            for key, row in found.items():
                named = ";".join(f"{k}={v}" for k, v in zip(KEYS[form], key, strict=True))
                values = {f: str(c.value) for f, c in row.items() if c.value is not None}
                fact = Fact(form, period, named, {**values}, source)
                yield fact
                for field, cell in row.items():
                    if cell.value is None and cell.mark:
                        yield replace(fact, values={field: None}, mark=cell.mark)


def random_cells(cell: Cell, n: int) -> Callable[[Reports], None]:
    """The given cell in n places of the reports that count, drawn with a fixed seed."""

    def change(reports: Reports) -> None:
        draw = random.Random(n)
        recent = [key for key in sorted(reports.filed) if key[1] >= Report(2025, 12)]
        for _ in range(n):
            found = reports.filed[draw.choice(recent)]
            row = found[draw.choice(sorted(found))]
            row[draw.choice(sorted(row))] = cell

    return change


def without(*reports_of: tuple[str, Report]) -> Callable[[Reports], None]:
    def change(reports: Reports) -> None:
        for key in reports_of:
            reports.filed.pop(key, None)
            reports.history.pop(key, None)

    return change


def no_rows_of_the_province(reports: Reports) -> None:
    """GLT04 and GLT05 without any 360000 row: what adds up is summed over the cities, rates are missing."""
    for (form, _), found in reports.filed.items():
        if form in ("GLT04", "GLT05"):
            for key in [key for key in found if key[0] == "360000"]:
                del found[key]


def september_from_history(reports: Reports) -> None:
    """GLT01 of September only as the bureau's rows of the city."""
    rows_of = reports.filed.pop(("GLT01", SEPTEMBER))
    city = reports.history["GLT01", SEPTEMBER]
    for (_, *item), row in rows_of.items():
        total = city.setdefault(("360600", *item), {})
        for field, cell in row.items():
            assert cell.value is not None
            total[field] = Cell((total[field].value or 0 if field in total else 0) + cell.value)


def history_beside_submissions(reports: Reports) -> None:
    """The bureau's row of the city is not added to what the counties filed, nor stands before it."""
    for at in (OCTOBER, SEPTEMBER):
        for item in (("EI", "T"), ("EI", "EI01"), ("NF", "T")):
            fields = ("ent_n", "ent_loss_n", "rev_cum", "rev_cum_ly", "profit_cum")
            reports.history["GLT01", at][("360600", *item)] = dict.fromkeys(fields, Cell(Decimal(7)))


def five_reports(reports: Reports) -> None:
    """GLT01 begins in June 2026: the deviation has five reports only."""
    for given in (reports.filed, reports.history):
        for key in [key for key in given if key[0] == "GLT01" and key[1] < Report(2026, 6)]:
            del given[key]


GAPS: dict[str, Callable[[Reports], None]] = {
    "N": random_cells(Cell(None, "N"), 120),
    "W": random_cells(Cell(None, "W"), 120),
    "C": random_cells(Cell(None, "C"), 120),
    "zeros": random_cells(Cell(Decimal(0)), 120),
    "no base": without(("GLT01", Report(2025, 10)), ("GLT03", Report(2025, 9)), ("GLT03", Report(2025, 10))),
    "no December": without(("GLT01", Report(2025, 12)), ("GLT03", Report(2025, 12))),
    "no quarter": without(*((form, SEPTEMBER) for form in ("GLT04", "GLT05", "GLT06", "GLT07"))),
    "no annual report": without(*((f"GLT0{n}", Report(2025, 12, annual=True)) for n in range(2, 8))),
    "no rows of the province": no_rows_of_the_province,
    "September from history": september_from_history,
    "history beside submissions": history_beside_submissions,
    "five reports": five_reports,
}


@pytest.mark.parametrize("gap", GAPS)
def test_a_month_with_gaps(small: Small, small_oracle: Oracle, gap: str) -> None:
    oracle = changed(small_oracle, GAPS[gap])
    con = computed(facts_of(oracle.figures.reports), small.codes, "2026-10")
    results = read_results(con, small.codes)
    missing = {each.missing for at in EVALUATED for each in oracle.month(at).standing.values()}
    assert missing - {"", "late"} or gap not in ("N", "W", "C")
    assert differences(oracle, results) == []


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

    oracle = changed(province_oracle, change)
    con = computed(facts_of(oracle.figures.reports), load_codes(), "2026-10")
    assert differences(oracle, read_results(con)) == []
