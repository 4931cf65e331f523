"""The workbook of a computation: what a reader finds in it."""

import dataclasses
from decimal import Decimal

import openpyxl
import polars as pl
import pytest
from books import opened
from test_score_steps import ARITHMETIC, design, leaf, scale

from indices.analysis.report import analyse
from indices.declare import Uncertainty
from indices.score import score
from indices.table import arrange
from indices.tables import heat
from indices.tables import scored as tables
from indices.tables.analysed import few_subjects
from indices.uncertainty.run import uncertainty

GROUPS = "[[groups]]\nid = 'I'\nname = \"指数's\"\n[[groups]]\nid = 'P'\nname = '分项'\nparent = 'I'\n"
METHOD = design(leaf("a", parent="P") + leaf("b"), scale("{method = 'goalpost'}") + ARITHMETIC, groups=GROUPS)
DATA = pl.DataFrame({"who": ["p", "q"], "a": ["20.5", ""], "b": ["30", "40"]})


def sheets() -> dict[str, list[tuple[object, ...]]]:
    book = opened(tables.write_scored(METHOD, score(METHOD, DATA)))
    return {s.title: [tuple(r) for r in s.iter_rows(min_row=1, values_only=True)] for s in book}


def test_the_first_sheet_has_ranks_index_and_groups() -> None:
    found = sheets()["总表"]
    assert found[0][0] == "by hand　总表" and "H-1" in str(found[1][0])
    assert found[2] == ("单位代码", "单位", "位次", "by hand", "分项", "权重覆盖率")
    assert found[4:6] == [("q", "q", 1, 40, "…", 0.5), ("p", "p", 2, 25.25, 20.5, 1)]
    assert str(found[6][0]).startswith("注：1. “…”表示资料缺失")


def test_the_stages_are_told_in_words_with_names_and_without_idle_columns() -> None:
    found = sheets()
    assert found["上下限"][0][:4] == ("指标", "规则", "方法", "逆向")  # no period, no pool
    assert found["上下限"][2][:6] == ("a", "线性", "上下限", None, 0, 100) and "—" in found["上下限"][2]
    assert found["各级合成"][0] == ("单位代码", "单位", "代码", "数值", "缺失原因")
    assert ("q", "q", "P 分项", "…", "未报或迟报") in found["各级合成"]
    assert found["权重"][2][2] == "给定" and found["缺失规则影响"][2][2] == "未报或迟报：权重分摊"


def test_a_type_without_ranks_is_counted_nowhere_and_compared_with_nobody() -> None:
    data = pl.DataFrame({"who": ["p", "q"], "kind": ["省", "市"], "a": ["20", "30"], "b": ["30", "40"]})
    method = dataclasses.replace(TYPED, unranked=("省",))
    scored = score(method, data)
    assert dict(scored.published.select("subject", "ranked_n").iter_rows()) == {"p": 0, "q": 1}
    book = opened(tables.write_scored(method, scored))
    rows = [tuple(c.value for c in r)[:4] for r in book["总表"].iter_rows(min_row=5, max_row=6)]
    assert sorted(rows, key=str) == [("市", "q", "q", 1), ("省", "p", "p", "—")]


def test_the_same_computation_gives_the_same_bytes() -> None:
    one, two = (tables.write_scored(METHOD, score(METHOD, DATA)) for _ in range(2))
    assert one == two


def test_a_stage_too_large_for_a_sheet_says_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_LARGEST_SHEET", 3)
    found = sheets()
    assert found["数值"][2] == ("共 4 行，超过工作表的上限，全部在 values.csv 中。",)
    assert len(found["覆盖"]) == 4


WHOLE = pl.DataFrame(
    {"who": list("pqrs"), "a": [80, 70, 10, 40], "b": [20, 50, 90, 41], "kind": list("xxyx")}
)
TYPED = design(
    leaf("a", parent="P") + leaf("b"),
    scale("{method = 'goalpost'}") + ARITHMETIC,
    "type = 'kind'",
    GROUPS,
)


def analysed() -> openpyxl.Workbook:
    scored = score(TYPED, WHOLE)
    found = analyse(TYPED, arrange(TYPED, WHOLE), scored)
    return opened(tables.write_scored(TYPED, scored, analysis=found))


def test_an_analysis_adds_its_sheets_with_names_and_colours_and_a_chart() -> None:
    book = analysed()
    wanted = [
        "总表",
        "相关热图",
        "权重与重要性",
        "指标统计",
        "相关系数",
        "信度",
        "主成分",
        "主成分载荷",
        "去一检验",
        "去一明细",
    ]
    assert book.sheetnames[:10] == wanted and {"强项弱项", "升位距离"} < set(book.sheetnames)
    rows = [[c.value for c in r] for r in book["相关热图"].iter_rows()]
    # over p, q, s: a 80, 70, 40 and b 20, 50, 41: r = -290 / sqrt(866.67 x 474) = -0.45; r alone has none
    assert rows[4][:4] == ["I 指数's", "b", 1, -0.45] and rows[5][:4] == ["P 分项", "a", -0.45, 1]
    assert rows[2][0] == "x" and rows[7][0] == "y" and rows[9][:4] == ["I 指数's", "b", 1, "—"]
    colours = [str(r.sqref) for r in book["相关热图"].conditional_formatting]
    assert colours == ["C5:D6", "C10:D11"]
    assert str(book["信度"]["A2"].value).endswith("；单位太少（x 3、y 1），仅供参考")
    first = [c.value for c in book["去一检验"][5]]
    assert first[:4] == ["x", "P 分项", 3, 2] and len(book["去一检验"]._charts) == 1
    ahead = {r[1].value: r[3].value for r in book["升位距离"].iter_rows(min_row=5) if r[0].value == "x"}
    assert ahead == {"p": "q", "s": "p"}


def test_a_matrix_for_too_many_subjects_names_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heat, "MOST_SUBJECTS", 2)
    cells = [c.value for r in analysed()["去一明细"].iter_rows() for c in r if c.value]
    assert "x 有 3 个单位，见 analysis_omitted.csv" in cells


def test_figures_below_one_keep_four_digits() -> None:
    method = design(
        leaf("a", "low = '0'\nhigh = '1'") + leaf("b"), scale("{method = 'goalpost'}") + ARITHMETIC
    )
    data = pl.DataFrame({"who": list("pqr"), "a": ["0.01234", "0.03456", "0"], "b": ["8", "16.257", "1"]})
    scored = score(method, data)
    found = analyse(method, arrange(method, data), scored)
    book = opened(tables.write_scored(method, scored, analysis=found))
    most = {r[0].value: (r[7].value, r[7].number_format) for r in book["指标统计"].iter_rows(min_row=5)}
    assert most["a"][0] == 0.03456 and most["b"][0] == 16.26 and "0.00000_" in most["a"][1]


@pytest.mark.parametrize(("subjects", "indicators", "few"), [(9, 4, True), (10, 10, False), (11, 12, True)])
def test_few_subjects_are_below_ten_or_below_the_indicators(
    subjects: int, indicators: int, few: bool
) -> None:
    statistics = pl.DataFrame(
        {"type": [""] * indicators, "n": [subjects - 1] * indicators, "gaps": [1] * indicators}
    )
    said = f"；单位太少（{subjects}），仅供参考" if few else ""
    assert few_subjects(statistics) == said


def test_an_analysis_without_a_next_rank_or_a_component_has_no_sheet_of_it() -> None:
    one = WHOLE.filter(pl.col("who") == "p")
    scored = score(TYPED, one)
    found = analyse(TYPED, arrange(TYPED, one), scored)
    book = opened(tables.write_scored(TYPED, scored, analysis=found))
    (told,) = [str(r[1].value) for r in book["说明"].iter_rows() if r[0].value == "空表"]
    for title in ("升位距离", "主成分", "主成分载荷", "提示"):
        assert title not in book.sheetnames and title in told


def test_rank_intervals_are_drawn() -> None:
    declared = dataclasses.replace(METHOD, uncertainty=Uncertainty(weights=Decimal("0.2")))
    scored = score(declared, DATA)
    found = uncertainty(declared, scored, 64)
    book = opened(tables.write_scored(declared, scored, found))
    assert [c.value for c in book["位次区间"][3]][:3] == ["q", "q", 1]
    (chart,) = book["位次区间"]._charts
    interval, rank = chart.series
    low, width = (
        next(c.column_letter for c in book["位次区间"][1] if c.value == w)
        for w in ("位次区间起", "位次区间宽度")
    )
    assert (
        interval.val.numRef.f == f"位次区间!${low}$3:${low}$4" and rank.val.numRef.f == "位次区间!$C$3:$C$4"
    )
    assert interval.errBars.plus.numRef.f == f"位次区间!${width}$3:${width}$4"
