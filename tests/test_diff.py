"""Two releases of a period compared: one corrected cell moves what rests on it, and nothing else."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal

import duckdb
import pytest
from conftest import MONTH, Small
from loop import change, reading, sheet_of, value

from flows.batch import run_batch
from flows.diff import DiffError, diff, diff_lines, triangle
from flows.ledger.release import read_release
from flows.ledger.store import Store
from flows.ledger.warehouse import view_warehouse
from flows.trace import Traced, trace_cell

CITY = "360600"


@pytest.fixture(scope="module")
def revised(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A home in which the city filed GLT02 again, with revenue higher by one part in two hundred."""
    folder = tmp_path_factory.mktemp("revised")
    settings = small.settings(folder / "home")
    run_batch(settings, MONTH, [small.inbox], None)
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
    sheet = traced.rows("select sheet from submission where name = ?", [cell["newer_submission"]])[0]["sheet"]
    resting = {
        (r["index"], r["subject"], r["indicator"]) for r in trace_cell(traced, digest, sheet, cell["cell"])
    }
    moved = {(i["index"], i["subject"], i["indicator"]) for i in found.indicators if i["older"] != i["newer"]}
    assert moved and moved <= resting
    assert ("MQ", CITY, "MQ102") in moved
    assert {i["cause"] for i in found.indicators if i["older"] != i["newer"]} == {"数据"}


def test_contributions_carry_the_change_of_the_total(revised: Store, con: duckdb.DuckDBPyConnection) -> None:
    found = diff(con, revised, read_release(revised, "2026-10.1"), read_release(revised, "2026-10.2"))
    total = next(t for t in found.totals if (t["index"], t["subject"], t["product"]) == ("MQ", CITY, "full"))
    parts = sum(
        (Decimal(i["full_change"]) for i in found.indicators if (i["index"], i["subject"]) == ("MQ", CITY)),
        Decimal(0),
    )
    assert abs(parts - Decimal(total["change"])) <= Decimal("0.02")  # two values rounded to 2 decimals
    assert "数据" in "\n".join(diff_lines(found))


def test_a_release_equals_itself_and_periods_are_not_mixed(
    revised: Store, con: duckdb.DuckDBPyConnection
) -> None:
    release = read_release(revised, "2026-10.1")
    found = diff(con, revised, release, release)
    assert found.same and "都相同" in diff_lines(found)[0]
    other = replace(release, id="2026-09.1", manifest=replace(release.manifest, period="2026-09"))
    with pytest.raises(DiffError, match="不是同一报告期"):
        diff(con, revised, other, release)


def test_the_triangle_has_a_row_for_each_release(revised: Store) -> None:
    rows = triangle(revised, "2026-10", "MQ", CITY)
    assert [(r["release"], r["product"]) for r in rows] == [
        ("2026-10.1", "monthly"), ("2026-10.1", "full"), ("2026-10.2", "monthly"), ("2026-10.2", "full"),
    ]  # fmt: skip
    assert rows[0]["value"] != rows[2]["value"]
    assert [r["stage"] for r in rows] == ["初步", "初步", "修订", "修订"]
