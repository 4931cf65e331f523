"""Sums that lack a submitter: the trace lists the cells that their 营收覆盖率 was taken from, and these give it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from pathlib import Path

import pytest
from conftest import MONTH, Ran, Small

from flows.intake import reader
from flows.ledger.store import Store
from flows.ledger.warehouse import open_warehouse, view_warehouse
from flows.lineage import COVERAGE, VALUE, Lineage, asked_of
from flows.publication import compute_release
from flows.release_rows import Row
from flows.trace import trace
from flows.trace_cell import trace_cell
from flows.traced import Traced
from flows.wanted_cells import REVENUE
from indices.method import load_methods
from indices.parameters import REVENUE_FIELDS
from schemas.codes import load_codes

ABSENT = "360602"  # 31 % of EI, so that its sums do not count; 0.06 % of NF, so that they do


@dataclass(frozen=True)
class Gap:
    """A release whose sums lack a county's report of October; ``traced`` is it."""

    traced: Traced

    def rows(self, index: str, subject: str, indicator: str, variable: str) -> tuple[Row, list[Row]]:
        """A variable and its cells."""
        (leaf,) = trace(self.traced, index, subject, indicator)["indicators"]
        (found,) = [v for v in leaf["variables"] if v["variable"] == variable]
        return found, found["rows"]


@pytest.fixture(scope="module")
def gap(small_ran: Ran, small: Small, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gap]:
    home = Path(shutil.copytree(small_ran.home, tmp_path_factory.mktemp("gap") / "home"))
    store, settings = Store(home), small.settings(home)
    with store.writing(), closing(open_warehouse(store, reader(settings))) as con:
        con.execute(
            "delete from decision where submission in (select id from submission where form = 'GLT01'"
            " and submitter = ? and period = '2026-10')",
            [ABSENT],
        )
        release, _ = compute_release(con, store, settings, MONTH)
    with closing(view_warehouse(store)) as con:
        yield Gap(Traced(con, store, release, small.codes))


def revenue_by_unit(cells: list[Row]) -> dict[str, Decimal]:
    """The revenue that weighs each submitter: a city's adjusting rows are its own."""
    found: dict[str, Decimal] = {}
    for cell in cells:
        found[cell["submitter"]] = found.get(cell["submitter"], Decimal(0)) + Decimal(cell["value"])
    return found


@pytest.mark.parametrize(("chain", "status"), [("EI", "M"), ("NF", "P")])
def test_the_share_follows_from_the_cells_that_are_listed_for_it(gap: Gap, chain: str, status: str) -> None:
    variable, cells = gap.rows("CM", chain, "CM102", "GLT01.rev_cum")
    assert variable["status"] == status
    weighed = [c for c in cells if c["use"] == COVERAGE]
    assert {c["month"] for c in weighed} == {
        202609
    }  # the last reports before October, the absent county's too
    revenue = revenue_by_unit(weighed)
    assert ABSENT in revenue and len(revenue) == 4
    share = 1 - revenue[ABSENT] / sum(revenue.values())
    assert Decimal(variable["coverage"]) == share.quantize(Decimal("0.0001"), ROUND_DOWN) < 1
    added = {c["submitter"] for c in cells if c["use"] == VALUE}
    assert added == revenue.keys() - {ABSENT}


def test_a_total_of_twelve_months_lists_the_reports_of_the_rule_that_held(gap: Gap) -> None:
    """October 2025 is known as the city's total alone: without one county the shorter rule is taken."""
    variable, cells = gap.rows("CM", "NF", "CM101", "ttm(GLT01.rev_cum)")
    assert variable["status"] == "B"
    added = {(c["month"], c["field"]) for c in cells if c["use"] == VALUE}
    assert added == {(202610, "rev_cum"), (202610, "rev_cum_ly"), (202512, "rev_cum")}
    assert variable["cells"] == sum(c["use"] == VALUE for c in cells)


@pytest.mark.parametrize(
    ("status", "reason", "broken"),
    [("A", "", False), ("P", "", False), ("B", "", True), ("M", "", True), ("C", "", True),
     ("M", "上年同月累计大于上年全年，余量为负", False)],
)  # fmt: skip
def test_which_rule_a_status_speaks_of(status: str, reason: str, broken: bool) -> None:
    """Partly covered by the full rule is P, broken or not there is the other, unless the full one says why."""
    (method,) = [m for m in load_methods() if m.index == "CM"]
    name = "ttm(GLT01.rev_cum)"
    (asked,) = asked_of(method, [("CM101", "EI", "2026-10", reason)], [("EI", "CM101", name, status)])
    months = {s.month for s in Lineage(load_codes(), method).sources(asked)}
    assert months == ({202610, 202512} if broken else {202610, 202512, 202510})


def test_the_engine_weighs_by_the_same_fields() -> None:
    assert dict(REVENUE_FIELDS) == REVENUE


def test_the_way_back_from_a_cell_that_only_weighs(gap: Gap) -> None:
    _, cells = gap.rows("CM", "NF", "CM102", "GLT01.rev_cum")
    cell = next(c for c in cells if c["use"] == COVERAGE and c["submitter"] == ABSENT)
    back = trace_cell(gap.traced, cell["digest"], cell["sheet"], cell["cell"])
    uses = {(r["subject"], r["indicator"]): {r["use"]} for r in back}
    for r in back:
        uses[r["subject"], r["indicator"]].add(r["use"])
    assert uses["NF", "CM102"] == {COVERAGE}
    assert VALUE in uses["NF", "CM303"]  # its September stands in the deviation, too
    assert not any(subject == "EI" for subject, _ in uses)
