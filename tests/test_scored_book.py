"""The workbook of a computation: what a reader finds in it."""

import io

import openpyxl
import polars as pl
import pytest
from test_score_steps import ARITHMETIC, design, leaf, scale

from indices.score import score
from indices.tables import scored as tables

GROUPS = "[[groups]]\nid = 'I'\nname = \"指数's\"\n[[groups]]\nid = 'P'\nname = '分项'\nparent = 'I'\n"
METHOD = design(leaf("a", parent="P") + leaf("b"), scale("{method = 'goalpost'}") + ARITHMETIC, groups=GROUPS)
DATA = pl.DataFrame({"who": ["p", "q"], "a": ["20.5", ""], "b": ["30", "40"]})


def sheets() -> dict[str, list[tuple[object, ...]]]:
    book = openpyxl.load_workbook(io.BytesIO(tables.write_scored(METHOD, score(METHOD, DATA))))
    return {s.title: [tuple(r) for r in s.iter_rows(min_row=1, values_only=True)] for s in book}


def test_the_first_sheet_has_ranks_index_and_groups() -> None:
    found = sheets()["总表"]
    assert found[0] == ("单位代码", "单位", "位次", "by hand", "分项")
    assert found[2:] == [("q", "q", 1, 40, "…"), ("p", "p", 2, 25.25, 20.5)]


def test_the_same_computation_gives_the_same_bytes() -> None:
    one, two = (tables.write_scored(METHOD, score(METHOD, DATA)) for _ in range(2))
    assert one == two


def test_a_stage_too_large_for_a_sheet_says_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_LARGEST_SHEET", 3)
    found = sheets()
    assert found["数值"][2] == ("共 4 行，超过工作表的上限，全部在 values.csv 中。",)
    assert len(found["覆盖"]) == 4
