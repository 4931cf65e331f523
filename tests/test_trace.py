"""From published figures to cells and back, on the small province."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import ROOT, Small
from openpyxl import load_workbook

from flows.batch import Outcome
from flows.ledger.release import releases
from flows.ledger.store import Store
from flows.ledger.warehouse import view_warehouse
from flows.lineage import reports_before
from flows.trace import Traced, TraceError, trace, trace_cell
from flows.trace_text import HEADER, trace_rows, trace_tree, write_sheet

CITY = "360600"


@pytest.fixture(scope="module")
def traced(small: Small, small_outcome: Outcome) -> Iterator[Traced]:
    assert small_outcome.release is not None
    store = Store(small_outcome.release.folder.parent.parent)
    with closing(view_warehouse(store)) as con:
        yield Traced(con, store, releases(store)[-1], small.codes)


def cells_of(traced: Traced) -> dict[tuple[str, str, str], tuple[int, Decimal]]:
    rows = traced.rows(
        "select subject, indicator, variable, count(*) n, coalesce(sum(value), 0) total from lineage"
        " where use = '数值' group by all"
    )
    return {(r["subject"], r["indicator"], r["variable"]): (r["n"], r["total"]) for r in rows}


@pytest.mark.parametrize("index", ["MQ", "CM", "CA"])
def test_every_variable_leads_to_as_many_cells_as_the_engine_added(traced: Traced, index: str) -> None:
    traced.place(index, traced.asked(index))
    cells = cells_of(traced)
    kept = traced.rows("select * from result_variable where index_code = ? and period = '2026-10'", [index])
    assert kept
    differing = {
        (v["subject"], v["indicator"], v["variable"]): (v["cells"], n)
        for v in kept
        if (n := cells.get((v["subject"], v["indicator"], v["variable"]), (0, 0))[0]) != v["cells"]
    }
    assert differing == {}


@pytest.mark.parametrize("index", ["MQ", "CM", "CA"])
def test_plain_sums_are_the_sums_of_their_cells(traced: Traced, index: str) -> None:
    traced.place(index, traced.asked(index))
    cells = cells_of(traced)
    means = {
        (r["subject"], r["indicator"], r["variable"])
        for r in traced.rows("select subject, indicator, variable from lineage where use = '权数'")
    }
    kept = [
        v
        for v in traced.rows(
            "select * from result_variable where index_code = ? and period = '2026-10'"
            " and value is not null and not contains(variable, '(')",
            [index],
        )
        if (v["subject"], v["indicator"], v["variable"]) not in means
    ]
    assert len(kept) > 20
    for v in kept:
        assert cells[v["subject"], v["indicator"], v["variable"]][1] == v["value"], v


def test_a_city_s_growth_is_traced_to_two_cells_that_say_what_the_workbook_says(
    traced: Traced, small: Small
) -> None:
    found = trace(traced, "MQ", CITY, "MQ102")
    (indicator,) = found["indicators"]
    now, before = [v["rows"][0] for v in indicator["variables"]]
    growth = 100 * (Decimal(now["value"]) / Decimal(before["value"]) - 1)
    assert abs(growth - Decimal(indicator["value"])) < Decimal("1e-9")
    assert now["decided"]["type"] == "accepted" and len(now["digest"]) == 64
    path = next(small.inbox.rglob("2026-10/" + now["file_name"]))
    sheet = load_workbook(path, data_only=True)[now["sheet"]]
    assert Decimal(str(sheet[now["cell"]].value)) == Decimal(now["value"]) == Decimal(now["raw"])


def test_the_way_back_names_the_same_figures(traced: Traced) -> None:
    now = trace(traced, "MQ", CITY, "MQ102")["indicators"][0]["variables"][0]["rows"][0]
    back = trace_cell(traced, now["digest"], now["sheet"], now["cell"])
    assert {"MQ"} <= {row["index"] for row in back}
    assert ("MQ", CITY, "MQ102") in {(r["index"], r["subject"], r["indicator"]) for r in back}
    for row in back:
        cells = trace(traced, row["index"], row["subject"], row["indicator"])
        listed = {
            (c["digest"], c["sheet"], c["cell"])
            for v in cells["indicators"][0]["variables"]
            for c in v["rows"]
        }
        if row["use"] == "数值":
            assert (now["digest"], now["sheet"], now["cell"]) in listed


def test_what_is_not_there_is_said(traced: Traced) -> None:
    with pytest.raises(TraceError, match="没有指数 XX"):
        trace(traced, "XX", CITY)
    with pytest.raises(TraceError, match="没有对象 999999"):
        trace(traced, "MQ", "999999")
    with pytest.raises(TraceError, match="没有指标 MQ999"):
        trace(traced, "MQ", CITY, "MQ999")
    with pytest.raises(TraceError, match="没有接收过文件"):
        trace_cell(traced, "没有.xlsx", "表", "A1")


def test_tree_and_workbook_hold_every_cell(traced: Traced, tmp_path: Path) -> None:
    found = trace(traced, "CM", "EI")
    rows = trace_rows(found)
    assert len(rows) == sum(len(v["rows"]) for i in found["indicators"] for v in i["variables"]) > 50
    assert len(trace_tree(found).children) == 3 + len({i["pillar_no"] for i in found["indicators"]})
    for name in ("a.xlsx", "b.xlsx"):
        write_sheet(tmp_path / name, "溯源（内部）", "2026-10", HEADER, rows)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    json.dumps(found)


def test_twelve_reports_back_skip_january() -> None:
    assert reports_before(202603, 4) == [202603, 202602, 202512, 202511]


def test_the_command_prints_the_tree_without_prefect(traced: Traced, small: Small) -> None:
    code = (
        "import sys\nfrom flows import cli\nsys.argv = sys.argv[1:]\n"
        "try:\n    cli.main()\nexcept SystemExit as stop:\n    print('prefect' in sys.modules, stop.code)\n"
    )
    home = str(traced.release.folder.parent.parent)
    arguments = ["zhishu", "trace", "MQ", CITY, "2026-10", "--home", home, "--codes", str(small.codes.folder)]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert (
        done.stdout.endswith("False 0\n")
        and "MQ102" in done.stdout
        and traced.release.manifest.head in done.stdout
    )
