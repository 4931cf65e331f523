"""A whole month against the oracle: plain decimals, straight from the workbooks, every subject and indicator.

``oracle.py`` shares no code with the engine, the reader or the ledger; what is compared is what a run of
the batch stored, at the digits that are published. The gaps that the samples do not have (marks, zeros,
missing reports) are made in the oracle's figures and given to the engine as facts.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal

import pytest
from conftest import Small
from facts import computed
from oracle import Oracle
from oracle_reading import Cell, Report, Reports
from recomputation import EVALUATED, OCTOBER, SEPTEMBER, changed, differences, facts_of, unlike

from flows.batch import Outcome
from indices.tables.results import read_results


@pytest.fixture(scope="module")
def small_oracle(small: Small) -> Oracle:
    return Oracle(small.inbox, small.codes.folder)


def test_the_small_province(small_oracle: Oracle, small_outcome: Outcome) -> None:
    assert small_outcome.results is not None
    assert differences(small_oracle, small_outcome.results) == []


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


# Gaps of the monthly reports stand beside gaps of the quarterly and annual ones: no indicator reads both, and the
# pairs are such that totals which one of the two alone leaves are still there.
GAPS: dict[str, tuple[Callable[[Reports], None], ...]] = {
    "N": (random_cells(Cell(None, "N"), 120),),
    "W": (random_cells(Cell(None, "W"), 120),),
    "C": (random_cells(Cell(None, "C"), 120),),
    "zeros": (random_cells(Cell(Decimal(0)), 120),),
    "no base, no annual report": (
        without(("GLT01", Report(2025, 10)), ("GLT03", Report(2025, 9)), ("GLT03", Report(2025, 10))),
        without(*((f"GLT0{n}", Report(2025, 12, annual=True)) for n in range(2, 8))),
    ),
    "no December, no quarter": (
        without(("GLT01", Report(2025, 12)), ("GLT03", Report(2025, 12))),
        without(*((form, SEPTEMBER) for form in ("GLT04", "GLT05", "GLT06", "GLT07"))),
    ),
    "five reports, no rows of the province": (five_reports, no_rows_of_the_province),
    "September from history": (september_from_history,),
    "history beside submissions": (history_beside_submissions,),
}


def all_of(changes: tuple[Callable[[Reports], None], ...]) -> Callable[[Reports], None]:
    def change(reports: Reports) -> None:
        for each in changes:
            each(reports)

    return change


@pytest.mark.parametrize("gap", GAPS)
def test_a_month_with_gaps(small: Small, small_oracle: Oracle, gap: str) -> None:
    oracle = changed(small_oracle, all_of(GAPS[gap]))
    con = computed(facts_of(oracle.figures.reports), small.codes, "2026-10")
    results = read_results(con, small.codes)
    months = {at: oracle.month(at) for at in EVALUATED}
    missing = {each.missing for month in months.values() for each in month.standing.values()}
    assert missing - {"", "late"} or gap not in ("N", "W", "C")
    assert unlike(oracle, months, results) == []
