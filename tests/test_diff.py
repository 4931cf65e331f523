"""Two releases of a period compared: one corrected cell moves what rests on it, and nothing else."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from books import opened
from conftest import MONTH, Ran, Small
from loop import change, reading, sheet_of, value

from flows.batch import run_batch
from flows.diff import DiffError, diff
from flows.diff_book import diff_lines, write_diff
from flows.ledger.release import read_release
from flows.ledger.store import Store
from flows.ledger.warehouse import view_warehouse
from flows.mistakes import Mistake
from flows.trace_cell import trace_cell
from flows.traced import Traced
from flows.triangle import RECOMPUTED, triangle, triangle_lines, write_triangle

CITY = "360600"


@pytest.fixture(scope="module")
def revised(small: Small, small_ran: Ran, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A home in which the city filed GLT02 again, with revenue higher by one part in two hundred."""
    folder = tmp_path_factory.mktemp("revised")
    settings = small.settings(Path(shutil.copytree(small_ran.home, folder / "home")))
    source = next((small.inbox / "2026-10").rglob(f"{CITY}*.xlsx"))
    old = int(Decimal(value(sheet_of(reading(source, small.codes), "GLT02"), "rev_cum")))
    change(source, folder / "again" / "改.xlsx", small.codes, "GLT02", 2, rev_cum=old + old // 200)
    run_batch(settings, MONTH, [folder / "again"], None)
    return Store(settings.home)


@pytest.fixture
def con(revised: Store) -> Iterator[duckdb.DuckDBPyConnection]:
    with closing(view_warehouse(revised)) as con:
        yield con


def test_what_changed_rests_on_the_changed_cell(
    small: Small, revised: Store, con: duckdb.DuckDBPyConnection
) -> None:
    older, newer = read_release(revised, "2026-10.1"), read_release(revised, "2026-10.2")
    found = diff(con, revised, older, newer)
    (cell,) = found.cells
    assert (cell["form"], cell["field"], cell["submitter"]) == ("GLT02", "rev_cum", CITY)
    assert cell["type"] in ("accepted", "pending") and "/v2/" in cell["newer_submission"]
    digest = next(d for d, names in newer.manifest.inputs if cell["newer_submission"] in names)
    traced = Traced(con, revised, newer, small.codes)
    sheet = traced.query("select sheet from submission where name = ?", [cell["newer_submission"]])[0][
        "sheet"
    ]
    resting = {
        (r["index"], r["subject"], r["indicator"]) for r in trace_cell(traced, digest, sheet, cell["cell"])
    }
    moved = {(i["index"], i["subject"], i["indicator"]) for i in found.indicators if i["older"] != i["newer"]}
    assert moved and moved <= resting
    assert ("MQ", CITY, "MQ102") in moved
    assert {i["cause"] for i in found.indicators if i["older"] != i["newer"]} <= {"往期修订", ""}
    assert {c["cause"] for c in found.causes} == {"往期修订"}
    assert not found.notes


def test_causes_and_indicators_add_up_to_the_change_of_the_total(
    revised: Store, con: duckdb.DuckDBPyConnection
) -> None:
    found = diff(con, revised, read_release(revised, "2026-10.1"), read_release(revised, "2026-10.2"))
    moved = [t for t in found.totals if t["change"] is not None and Decimal(t["change"])]
    assert ("MQ", CITY, "full") in {(t["index"], t["subject"], t["product"]) for t in moved}
    for total in moved:
        key = total["index"], total["product"], total["subject"]
        for rows in (found.causes, found.indicators):
            points = [Decimal(r["points"]) for r in rows if (r["index"], r["product"], r["subject"]) == key]
            assert sum(points, Decimal(0)) == Decimal(total["change"])
    assert "往期修订" in "\n".join(diff_lines(found))


def test_a_release_equals_itself_and_the_older_stands_first(
    revised: Store, con: duckdb.DuckDBPyConnection
) -> None:
    release = read_release(revised, "2026-10.1")
    found = diff(con, revised, release, release)
    assert found.same and "都相同" in diff_lines(found)[0]
    other = replace(release, id="2026-11.1", manifest=replace(release.manifest, period="2026-11"))
    with pytest.raises(DiffError, match="较早的写在前面"):
        diff(con, revised, other, release)


def test_a_later_period_parts_what_was_revised_from_what_is_new(
    revised: Store, con: duckdb.DuckDBPyConnection
) -> None:
    """The older release is made the 2026-09 one: its values of 2026-09 as they were known before the city filed again."""
    newer = read_release(revised, "2026-10.2")
    september = replace(
        read_release(revised, "2026-10.1"), manifest=replace(newer.manifest, period="2026-09", seq=1)
    )
    found = diff(con, revised, september, newer)
    values = {(t["index"], t["product"], t["subject"]): t for t in found.totals}
    causes = {c["cause"] for c in found.causes}
    assert "数据" in causes and "往期修订" not in causes  # September itself was not filed again
    for key, total in values.items():
        points = [
            Decimal(c["points"]) for c in found.causes if (c["index"], c["product"], c["subject"]) == key
        ]
        if points:
            assert sum(points) == Decimal(total["change"])


def test_a_method_that_is_another_by_now_is_said_and_not_split(
    revised: Store, con: duckdb.DuckDBPyConnection
) -> None:
    older, newer = read_release(revised, "2026-10.1"), read_release(revised, "2026-10.2")
    strange = replace(older, manifest=replace(older.manifest, methods={"MQ-2026.1": "0" * 64}))
    found = diff(con, revised, strange, newer)
    assert found.totals and not found.causes and "摘要不符" in found.notes[0]


def test_the_workbook_holds_totals_causes_indicators_and_cells(
    revised: Store, con: duckdb.DuckDBPyConnection
) -> None:
    found = diff(con, revised, read_release(revised, "2026-10.1"), read_release(revised, "2026-10.2"))
    data = write_diff(found, "2026-10-31")
    assert data == write_diff(found, "2026-10-31")
    book = opened(data)
    assert book.sheetnames == ["总值", "指标", "单元格"]
    (cell,) = found.cells
    lines = [[c.value for c in row] for row in book["单元格"].iter_rows(min_row=5)]
    assert [line[0] for line in lines] == ["GLT02"] and lines[0][2] == CITY
    assert lines[0][-2:] == [str(cell["event"]), cell["actor"]]
    totals = [[c.value for c in row] for row in book["总值"].iter_rows(min_row=5)]
    line = next(r for r in totals if r[:3] == ["MQ", "全篮子值", CITY])
    assert line[10] == 0 and line[11] == pytest.approx(line[6])  # nothing by data, all by revision
    still = replace(
        found, totals=[{**found.totals[0], "newer": found.totals[0]["older"], "change": "0"}], causes=[]
    )
    line = [c.value for c in opened(write_diff(still, "2026-10-31"))["总值"][5]]
    assert line[-1] == "值未变，位次因其他对象变动" and set(line[10:-1]) == {0}


def test_the_triangle_has_every_value_of_the_releases(revised: Store) -> None:
    found = triangle(revised, "2026-10", "MQ", CITY)
    assert found.vintages == (("2026-10.1", "初步"), ("2026-10.2", "修订"))
    assert [(r["index"], r["product"], r["subject"]) for r in found.rows] == [
        ("MQ", "monthly", CITY), ("MQ", "full", CITY),
    ]  # fmt: skip
    (monthly, _) = found.rows
    first, last = monthly["values"].values()
    assert Decimal(monthly["revised"]) == Decimal(last) - Decimal(first) != 0
    assert f"{first} → {last}" in triangle_lines(found)[1]
    (sheet,) = opened(write_triangle(found)).worksheets
    assert [c.value for c in sheet[5]][:7] == [
        "MQ", "月度监测值", CITY, monthly["name"], float(first), float(last), pytest.approx(float(monthly["revised"])),
    ]  # fmt: skip
    with pytest.raises(Mistake, match="核对报告期"):
        triangle(revised, "2025-03")


def test_the_triangle_has_what_later_releases_say_of_a_month(revised: Store) -> None:
    found = triangle(revised, "2026-09", "MQ", CITY)
    stages = dict(found.vintages)
    assert stages["2026-10.1"] == stages["2026-10.2"] == RECOMPUTED
