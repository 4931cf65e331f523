"""Tables as they stand in files: merged headers, odd encodings, and everything that is refused with its place."""

from collections.abc import Callable
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from test_score_steps import ARITHMETIC, PANEL, design, leaf, scale

from indices.score import score
from indices.steps.bench import ScoreError
from indices.table import arrange
from schemas.table import TableError, read_table


def book(path: Path, fill: Callable[[Worksheet], None]) -> Path:
    workbook = openpyxl.Workbook()
    sheet = workbook.worksheets[0]
    sheet.title = "数据"
    fill(sheet)
    workbook.save(path)
    return path


def test_a_header_cell_takes_the_text_of_its_merged_range(tmp_path: Path) -> None:
    def fill(sheet: Worksheet) -> None:
        for row in (
            ["地区", "规模", None],
            [None, "营收", "利润"],
            [None, None, None],
            ["甲", 1234567.125, None],
            ["乙", 0.1, 3],
        ):
            sheet.append(row)
        sheet.merge_cells("A1:A2")
        sheet.merge_cells("B1:C1")

    found = read_table(book(tmp_path / "a.xlsx", fill), header_row=2)
    assert found.frame.rows() == [("甲", "1234567.125", ""), ("乙", "0.1", "3")]
    assert found.frame.columns == ["地区", "营收", "利润"]
    assert found.place(1, "利润") == "a.xlsx“数据”!C5"


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ([["a", "b"], [1, "#DIV/0!"]], "“数据”!B2 是错误值 #DIV/0!"),
        ([["a", "b"], [1, "=A2*2"]], "“数据”!B2 的公式没有结果"),
        ([["a", "a"], [1, 2]], "列名 a 出现两次"),
        ([["a", None], [1, 2]], "“数据”!B2 有内容“2”，而这一列没有列名"),
    ],
)
def test_what_would_be_guessed_is_refused(tmp_path: Path, cells: list[list[object]], says: str) -> None:
    def fill(sheet: Worksheet) -> None:
        for row in cells:
            sheet.append(row)
        if cells[1][1] == "#DIV/0!":
            sheet["B2"].data_type = "e"

    with pytest.raises(TableError, match=says):
        read_table(book(tmp_path / "a.xlsx", fill))


def test_files_that_are_no_tables_are_refused(tmp_path: Path) -> None:
    for name, data, says in (
        ("a.xls", b"x", "格式不认识"), ("a.xlsx", b"x", "不能读取"), ("a.parquet", b"x", "不是有效的 parquet"),
        ("a.csv", b"\xff\xff\xff", "编码"),
    ):  # fmt: skip
        (tmp_path / name).write_bytes(data)
        with pytest.raises(TableError, match=says):
            read_table(tmp_path / name)
    with pytest.raises(TableError, match="不存在"):
        read_table(tmp_path / "none.csv")
    good = book(tmp_path / "b.xlsx", lambda sheet: sheet.append(["a"]))
    with pytest.raises(TableError, match="没有工作表“别的”；现有：数据"):
        read_table(good, "别的")


def test_csv_in_gb18030_and_parquet(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("地区,值\n甲,1.50\n\n".encode("gb18030"))
    found = read_table(tmp_path / "a.csv")
    assert found.frame.rows() == [("甲", "1.50")] and found.place(0, "值") == "a.csv 第 2 行第 2 列"
    pl.DataFrame({"地区": ["甲"], "值": [1.5]}).write_parquet(tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.parquet").frame.rows() == [("甲", 1.5)]


@pytest.mark.parametrize(
    ("years", "says"),
    [
        (["2020", "2020Q1"], "报告期种类不一"),
        (["2020", "去年"], "不是报告期"),
        (["2020", "2020"], "出现两次"),
    ],
)
def test_periods_that_cannot_be_meant_are_refused(years: list[str], says: str) -> None:
    method = design(leaf("x"), scale("{method = 'goalpost'}") + ARITHMETIC, PANEL)
    with pytest.raises(ScoreError, match=says):
        arrange(method, pl.DataFrame({"who": ["a", "a"], "year": years, "x": ["1", "2"]}))


def test_months_and_quarters_elapse_one_by_one() -> None:
    method = design(leaf("x"), scale("{method = 'goalpost'}") + ARITHMETIC, PANEL)
    for periods in (
        ["2020-12", "2021-01", "2021-03"],
        ["2020Q4", "2021Q1", "2021Q3"],
        ["2020", "2021", "2023"],
    ):
        rows = arrange(method, pl.DataFrame({"who": ["a"] * 3, "year": periods, "x": ["1"] * 3})).rows
        first = rows["t"][0]
        assert [t - first for t in rows["t"]] == [0, 1, 3]


LONG = design(
    leaf("a") + leaf("b"), scale("{method = 'goalpost'}") + ARITHMETIC,
    "layout = 'long'\nindicator = 'code'\nvalue = 'figure'",
)  # fmt: skip


def long_table(*rows: tuple[str, str, str]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), ["who", "code", "figure"], orient="row")


def test_a_misspelt_code_in_a_long_table_is_no_gap() -> None:
    with pytest.raises(ScoreError, match="“code”一列中没有 b，而有方法不认识的 B"):
        arrange(LONG, long_table(("p", "a", "1"), ("p", "B", "2")))
    found = score(LONG, long_table(("p", "a", "1"), ("p", "b", "2"), ("p", "gdp", "3")))
    assert [(n["rule"], n["node"]) for n in found.notes.to_dicts()] == [("unknown", "gdp")]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([("q", "a", "1"), ("p", "b", "2"), ("p", "a", "much")], "第 3 行“figure” 的“much”不是数值"),
        ([("q", "a", "1"), ("q", "b", "2"), ("", "a", "3")], "第 3 行“who” 没有单位代码"),
        ([("q", "a", "1"), ("q", "b", "2"), ("p", "", "3")], "第 3 行“code” 没有指标代码，而有数值 3"),
    ],
)
def test_places_in_a_long_table_are_those_of_its_own_rows(
    rows: list[tuple[str, str, str]], says: str
) -> None:
    with pytest.raises(ScoreError, match=says):
        arrange(LONG, long_table(*rows))
