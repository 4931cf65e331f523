"""The published workbooks: right figures in the right cells, nothing silent, equal bytes."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import duckdb
import openpyxl
import polars as pl
import pytest
from books import opened
from openpyxl.chart import LineChart
from openpyxl.worksheet.worksheet import Worksheet
from results_fixture import FEBRUARY, load, release_notes, results, written

from indices.tables.notes import Audience
from indices.tables.results import Results, read_results
from indices.tables.sheet import Book, Sheet, WriteError
from indices.tables.style import TEXT
from indices.tables.workbook import content_digest, write_tables

MQ, CM, CA = (
    f"2026-10 {name}月度监测值（试算）" for name in ("制造业高质量发展", "产业链现代化", "产业集群先进性")
)
Row = dict[str, object]


@pytest.fixture(scope="module")
def tables() -> dict[str, bytes]:
    made = results()
    return write_tables(made, release_notes(), "internal") | write_tables(made, release_notes(), "public")


@pytest.fixture(scope="module")
def books(tables: dict[str, bytes]) -> dict[str, openpyxl.Workbook]:
    return {name: opened(data) for name, data in tables.items()}


def book_of(made: Results, index: str, audience: Audience = "internal") -> openpyxl.Workbook:
    return opened(written(made, index, audience))


def line(sheet: Worksheet, column: int, value: str) -> list[object]:
    """The values of the first row that has this value in this column (from 1)."""
    return next([c.value for c in row] for row in sheet.iter_rows() if row[column - 1].value == value)


def columns(sheet: Worksheet, group: str, label: str = "") -> int:
    """The column (from 1) under a group heading and label."""
    for row in sheet.iter_rows(min_row=3, max_row=6):
        for cell in row:
            if cell.value == group and not label:
                return cell.column
            if cell.value == group:
                end = min(cell.column + 12, sheet.max_column + 1)  # a cell that is asked for is made
                below = [sheet.cell(cell.row + 1, c) for c in range(cell.column, end)]
                return next(c.column for c in below if c.value == label)
    raise AssertionError(f"no heading {group} {label}")


def texts(data: bytes) -> Iterator[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        for name in package.namelist():
            yield package.read(name).decode("utf-8")


# --- bytes


def test_the_order_of_rows_in_the_database_does_not_matter() -> None:
    """Time zones and hash seeds are crossed over a whole run, workbooks and all, by ``test_matrix.py``."""
    made = []
    for backwards in (False, True):
        with duckdb.connect() as con:
            load(con, results(small=True), backwards)
            made.append(write_tables(read_results(con), release_notes(), "internal"))
    assert made[0] == made[1]


def test_read_results_orders_subjects_as_the_plan_does_with_sub_chains_below_their_chain() -> None:
    with duckdb.connect() as con:
        load(con, results(small=True), backwards=True)
        read = read_results(con)
    order = read.target.filter(read.target["scope"] == "above_scale")["subject"].to_list()
    assert order[:7] == ["EI", "NF", "EQ", "NE", "NE01", "NE02", "PC"]


def test_content_digest_ignores_compression_and_order_but_not_content(tables: dict[str, bytes]) -> None:
    data = tables[f"{CA}（内部）.xlsx"]
    parts = {}
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        parts = {name: package.read(name) for name in package.namelist()}

    def packed(content: dict[str, bytes]) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as package:
            for name in reversed(content):
                package.writestr(name, content[name])
        return buffer.getvalue()

    assert packed(parts) != data
    assert content_digest(packed(parts)) == content_digest(data)
    changed = parts | {"docProps/core.xml": parts["docProps/core.xml"] + b" "}
    assert content_digest(packed(changed)) != content_digest(data)


def test_created_is_the_last_day_of_the_period(books: dict[str, openpyxl.Workbook]) -> None:
    created = books[f"{MQ}（内部）.xlsx"].properties.created
    assert (created.year, created.month, created.day, created.hour) == (2026, 10, 31, 0)


# --- files, sheets, set-up


def test_one_workbook_per_index_and_audience_with_its_sheets(books: dict[str, openpyxl.Workbook]) -> None:
    assert sorted(books) == sorted(
        f"{title}（{mark}）.xlsx" for title in (MQ, CM, CA) for mark in ("内部", "公开")
    )
    assert books[f"{MQ}（公开）.xlsx"].sheetnames == [
        "总表", "总表（县）", "总表（县）图", "变动分析", "变动分析（县）", "指标", "覆盖", "说明",
    ]  # fmt: skip
    assert books[f"{CM}（公开）.xlsx"].sheetnames == ["总表", "变动分析", "指标", "目标", "覆盖", "说明"]
    assert books[f"{CA}（公开）.xlsx"].sheetnames == ["总表", "变动分析", "指标", "覆盖", "说明"]
    sheet = books[f"{MQ}（公开）.xlsx"]["总表"]
    assert sheet["A1"].value == "制造业高质量发展月度监测值（试算）"
    assert (sheet["A1"].font.name, sheet["C5"].font.name) == ("黑体", "宋体")
    assert sheet.cell(2, sheet.max_column).value == "（公开）"


def test_sheets_print_on_a4_with_release_and_page_in_the_footer(books: dict[str, openpyxl.Workbook]) -> None:
    for book in books.values():
        for sheet in book:
            assert sheet.page_setup.paperSize == 9
            assert sheet.page_setup.orientation == ("portrait" if sheet.title == "说明" else "landscape")
            assert sheet.sheet_properties.pageSetUpPr.fitToPage
            assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
            assert "2026-10.1" in sheet.oddFooter.left.text
            assert "&P" in sheet.oddFooter.right.text
    indicator = books[f"{MQ}（内部）.xlsx"]["指标"]
    assert indicator.freeze_panes == "F7"
    assert indicator.print_title_rows == "$5:$6"
    assert indicator.auto_filter.ref == f"A6:V{indicator.max_row}"
    assert indicator.max_row - 6 == 12 * 30 + 100 * 24


def test_charts_stand_where_a_person_would_look(tables: dict[str, bytes]) -> None:
    charts = {}
    for title in (MQ, CM, CA):
        with zipfile.ZipFile(io.BytesIO(tables[f"{title}（内部）.xlsx"])) as package:
            names = [n for n in package.namelist() if n.startswith("xl/charts/")]
            charts[title] = [package.read(name).decode() for name in sorted(names)]
    # ranking, contributions, rank intervals, two changes, first and last counties, coverage; targets per scope
    assert [len(charts[title]) for title in (MQ, CM, CA)] == [8, 8, 6]
    ranking = charts[MQ][0]
    assert "<c:f>总表!$D$7:$D$17</c:f>" in ranking.replace("'", "")  # the 11 cities, not the province


def test_no_heading_is_repeated_above_another_table(books: dict[str, openpyxl.Workbook]) -> None:
    for book in books.values():
        assert book["总表"].print_title_rows is None  # a page holds it, and 分项贡献 has headings of its own
    book = books[f"{MQ}（内部）.xlsx"]
    assert book["总表（县）"].print_title_rows == "$3:$4" and not book["总表（县）"]._charts
    assert len(book["总表（县）图"]._charts) == 2


def test_a_rank_interval_is_a_capped_line_that_the_legend_names() -> None:
    def change(table: str, row: Row) -> Row | None:
        return row | {"low": 2, "high": 5} if table == "rank_interval" else row

    book = book_of(results(small=True, change=change), "CA")
    sheet = book["总表"]
    chart = next(c for c in sheet._charts if isinstance(c, LineChart))
    interval, rank = chart.series
    bars = interval.errBars
    assert (bars.errBarType, bars.noEndCap in (None, False)) == ("plus", True)
    at = sheet[re.search(r"!(\$[A-Z]+\$\d+)", bars.plus.numRef.f)[1].replace("$", "")]  # type: ignore[index]
    assert at.value == 3 and sheet.cell(at.row, at.column - 2).value == 2
    assert (chart.y_axis.scaling.min, chart.y_axis.scaling.orientation) == (1, "maxMin")
    assert interval.tx.v == "位次区间（5%～95%）" and rank.tx.v == "位次"


# --- figures


def figures_of_nanchang(table: str, row: Row) -> Row:
    if table == "index":
        if row["product"] == "full":
            values = {"2026-10": "70.04"}
        else:
            values = {"2026-10": "81.23", "2025-10": "79.93", "2026-09": "81.30"}
        ranks = {"2026-10": 2, "2025-10": 5, "2026-09": 1}
        if str(row["period"]) in values:
            row |= {"value": Decimal(values[str(row["period"])])}
        row |= {"rank": ranks[str(row["period"])]}
    if table == "pillar" and row["product"] == "monthly":
        row |= {"score": Decimal("66.66")}
    if table == "indicator":
        figures = {"MQ101": "-0.3", "MQ201": "12345.07", "MQ801": "0.0035"}
        if row["indicator"] in figures:
            row |= {"value_published": Decimal(figures[str(row["indicator"])])}
    return row


def gaps_of_jingdezhen(table: str, row: Row) -> Row | None:
    if table == "index" and row["period"] == "2026-10":
        row |= {
            "value": None, "rank": None, "status": "M", "weight_coverage": Decimal("0.4100"),
            "withheld": "权重覆盖率不足",
        }  # fmt: skip
    if table == "pillar" and row["product"] == "monthly":
        gone = {"score": None, "coverage": Decimal(0) if row["pillar_no"] == 1 else None}
        return None if row["pillar_no"] == 2 else row | gone
    if table == "indicator":
        none = dict.fromkeys(
            ("value_published", "score_published", "weight_monthly", "weight_full",
             "contribution_monthly", "contribution_full", "revenue_coverage"),
        )  # fmt: skip
        if row["indicator"] == "MQ101":
            return row | none | {"missing": "late", "status": "M", "age": 0, "ref_period": ""}
        if row["indicator"] == "MQ102":
            return row | none | {"missing": "not_applicable", "status": "M"}
        if row["indicator"] == "MQ104":
            floor = {"missing": "not_yet", "status": "M", "value_published": None}
            return row | floor | {"score_published": Decimal("40.00")}
    return row


EVIL, LINK = "=1+1", '=HYPERLINK("http://example.org","x")'


def text_from_outside(table: str, row: Row) -> Row:
    if row.get("subject") == "360300" and "subject_name" in row:
        row |= {"subject_name": EVIL}
    if table == "absent":
        row |= {"submitter_name": LINK, "reason": "+cmd|' /C calc'!A0"}
    return row


@pytest.fixture(scope="module")
def altered() -> bytes:
    """A workbook of MQ in which the figures of one city are known, those of another lack, the third has an evil name."""

    def change(table: str, row: Row) -> Row | None:
        if row.get("subject") == "360100":
            return figures_of_nanchang(table, row)
        if row.get("subject") == "360200":
            return gaps_of_jingdezhen(table, row)
        return text_from_outside(table, row)

    return written(results(small=True, change=change), "MQ")


@pytest.fixture(scope="module")
def altered_book(altered: bytes) -> openpyxl.Workbook:
    return opened(altered)


def test_cells_hold_the_published_figures(altered_book: openpyxl.Workbook) -> None:
    sheet = altered_book["总表"]
    found = line(sheet, 2, "360100")
    assert found[:5] == [2, "360100", "南昌市", 81.23, 100]
    full = columns(sheet, "全篮子值") - 1
    assert found[full : full + 4] == [70.04, 93.12, 54, 10]
    assert found[columns(sheet, "监测值变动（分）", "同比变动") - 1] == 1.3
    assert found[columns(sheet, "监测值变动（分）", "较上期变动") - 1] == -0.07
    assert found[columns(sheet, "位次变动（位）", "同比变动") - 1] == 3
    assert found[columns(sheet, "位次变动（位）", "较上期变动") - 1] == -1
    pillars = columns(sheet, "分项得分（月度篮子，分）") - 1
    assert found[pillars] == 66.66
    assert found[pillars + 3] == "—"  # 智能化 has no monthly indicator


def test_the_province_stands_on_top_without_a_rank_and_cities_follow_by_rank(
    books: dict[str, openpyxl.Workbook],
) -> None:
    sheet = books[f"{MQ}（内部）.xlsx"]["总表"]
    rows = [[c.value for c in row[:4]] for row in sheet.iter_rows(min_row=5, max_row=18)]
    province = next(row for row in rows if row[1] == "360000")
    cities = [row for row in rows if isinstance(row[0], int)]
    assert rows.index(province) < rows.index(cities[0])
    assert province[0] == "—"
    assert [row[0] for row in cities] == sorted(row[0] for row in cities)
    assert [row[3] for row in cities] == sorted((row[3] for row in cities), reverse=True)
    assert len(cities) == 11
    counties = books[f"{MQ}（内部）.xlsx"]["总表（县）"]
    assert sum(isinstance(row[0].value, int) for row in counties.iter_rows()) == 100


def test_numbers_are_printed_with_their_decimals_and_not_rounded_again(
    altered_book: openpyxl.Workbook,
) -> None:
    sheet = altered_book["指标"]
    cells = {row[3].value: row[8] for row in sheet.iter_rows(min_row=7) if row[1].value == "360100"}
    for indicator, value, pattern in (
        ("MQ101", -0.3, "#,##0.0_ "), ("MQ201", 12345.07, "#,##0.00_ "), ("MQ801", 0.0035, "#,##0.0000_ "),
    ):  # fmt: skip
        assert cells[indicator].value == value
        assert cells[indicator].number_format.startswith(pattern)


def test_targets_stand_by_scope_and_only_for_the_chains() -> None:
    def change(table: str, row: Row) -> Row | None:
        if table == "target" and row["subject"] == "NE" and row["scope"] == "above_scale":
            row |= {"ttm": Decimal("3968.5251"), "attainment": Decimal("56.69")}
        return row

    made = results(small=True, change=change)
    sheet = book_of(made, "CM")["目标"]
    assert line(sheet, 1, "NE")[:7] == ["NE", "新能源产业链", "力争达到", 7000, 3968.53, 56.69, "A"]
    first = [row[0].value for row in sheet.iter_rows()]
    assert first.index("规上口径") < first.index("NE01") < first.index("全口径")
    below = [c.value for c in sheet[first.index("全口径") + 3]]  # 有色金属: no full-chain figure
    assert below[:7] == ["NF", "有色金属产业链", "力争突破", 10000, "…", "…", "M"]
    assert "目标" not in book_of(made, "CA").sheetnames


def test_contributions_add_up_over_the_indicators_of_a_pillar() -> None:
    def change(table: str, row: Row) -> Row | None:
        if table == "indicator" and row["subject"] == "KEI" and row["contribution_monthly"] is not None:
            row |= {"contribution_monthly": Decimal("1.0050") if row["pillar_no"] == 1 else Decimal("2.0000")}
        return row

    made = results(small=True, change=change)
    sheet = book_of(made, "CA")["总表"]
    found = [[c.value for c in row] for row in sheet.iter_rows() if row[1].value == "KEI"][1]
    pillars = made.indicator.filter((made.indicator["subject"] == "KEI") & made.indicator["in_monthly"])[
        "pillar_no"
    ].to_list()
    ones = Decimal("1.0050") * pillars.count(1)
    total = ones + 2 * (len(pillars) - pillars.count(1))
    assert Decimal(str(found[5])) == ones.quantize(Decimal("0.01"))  # half-even by the decimal context
    assert Decimal(str(found[4])) == total.quantize(Decimal("0.01"))


# --- what is missing


def test_withheld_and_missing_figures_print_as_gaps_with_their_reason(
    altered_book: openpyxl.Workbook,
) -> None:
    book = altered_book
    found = line(book["总表"], 2, "360200")
    assert found[0] == "—"
    assert found[3:5] == ["…", 41]
    assert found[-2:] == ["M", "权重覆盖率不足"]
    assert found[5:8] == ["…", "—", "—"]  # a pillar without figures, without leaves, without any that apply
    assert found[columns(book["总表"], "监测值变动（分）", "同比变动") - 1] == "…"
    assert found[columns(book["总表"], "位次变动（位）", "同比变动") - 1] == "—"
    lines = {
        row[3].value: [c.value for c in row]
        for row in book["指标"].iter_rows(min_row=7)
        if row[1].value == "360200"
    }
    late, absent, floor = (lines[code] for code in ("MQ101", "MQ102", "MQ104"))
    assert (late[7], late[8], late[11], late[12], late[14]) == ("…", "…", "未报或迟报", "…", "…")
    assert (absent[8], absent[11], absent[14], absent[18]) == ("—", "不适用", "—", "—")
    assert (floor[8], floor[11], floor[14]) == ("…", "尚未产生", 40)
    for row in (late, absent):
        assert 0 not in row


@pytest.mark.parametrize("audience", ["internal", "public"])
def test_a_suppressed_figure_is_not_to_be_had_from_its_score_or_contribution(audience: Audience) -> None:
    def change(table: str, row: Row) -> Row | None:
        if table == "indicator" and row["subject"] == "KEI" and row["indicator"] == "CA102":
            row |= {"status": "C", "value_published": Decimal("123.45"), "score_published": Decimal("98.76")}
        return row

    book = book_of(results(small=True, change=change), "CA", audience)
    found = next(
        [c.value for c in row]
        for row in book["指标"].iter_rows(min_row=7)
        if (row[1].value, row[3].value) == ("KEI", "CA102")
    )
    assert found[10] == "C"
    assert [found[i] for i in (8, 14, 18, 20)][0:2] == ["…", "…"]
    assert not isinstance(found[18], float) and not isinstance(found[20], float)


def test_the_change_of_a_value_is_split_by_cause_and_indicator() -> None:
    def change(table: str, row: Row) -> Row | None:
        if table == "index" and row["subject"] == "KEI" and row["product"] == "monthly":
            row |= {
                "value": {"2026-10": Decimal("81.20"), "2026-09": Decimal("80.00")}.get(str(row["period"]))
            }
            row |= {"withheld": "" if row["value"] else "权重覆盖率不足"}
        if table == "change" and row["subject"] == "KEI":
            if row["against"] == "2025-10":
                return None
            parts = {"data": "1.50", "CA101": "0.90", "CA102": "0.30"}
            row |= {"published": Decimal(parts[str(row["item"])])}
        return row

    made = results(small=True, change=change)
    lost = {"index_code": "CA", "period": "2026-10", "against": "2026-09", "subject": "KEI", "kind": "cause",
            "item": "coverage", "published": Decimal("-0.30")}  # fmt: skip
    extra = pl.DataFrame([lost], schema_overrides=made.change.schema)
    sheet = book_of(replace(made, change=pl.concat([made.change, extra], how="diagonal")), "CA")["变动分析"]
    found = line(sheet, 1, "KEI")
    assert found[:9] == ["KEI", "电子信息先进制造业集群", 81.2, 80, 1.2, 1.5, -0.3, 0.9, 0.3]
    assert set(found[9:16]) == {0}  # in the basket, and without a part
    (_, last_year) = ([c.value for c in r] for r in sheet.iter_rows() if r[0].value == "KEI")
    assert last_year[3:7] == ["…"] * 4 and last_year[-1] == "往期未公布：权重覆盖率不足"


def test_lines_of_the_change_sheet_run_from_gain_to_loss(books: dict[str, openpyxl.Workbook]) -> None:
    sheet = books[f"{MQ}（公开）.xlsx"]["变动分析（县）"]
    gains = [r[4].value for r in sheet.iter_rows(min_row=6, max_row=105)]
    assert len(gains) == 100 and gains == sorted(gains, reverse=True)
    county = [c.value for c in sheet[6]]
    assert county[columns(sheet, "按原因分解", "数据") - 1] == county[4]


def test_rank_intervals_stand_beside_the_rank() -> None:
    def change(table: str, row: Row) -> Row | None:
        if table == "rank_interval" and row["subject"] in ("KEI", "KLP", "KAV"):
            if row["subject"] == "KAV":
                return None
            row |= {"low": 2, "high": 2 if row["subject"] == "KEI" else 5}
        return row

    sheet = book_of(results(small=True, change=change), "CA")["总表"]
    at = columns(sheet, "位次区间\n（5%～95%）") - 1
    assert [line(sheet, 2, code)[at] for code in ("KEI", "KLP", "KAV")] == ["2", "2～5", "—"]


def test_february_is_not_compared_with_a_report_before() -> None:
    made = results(FEBRUARY, small=True)
    book = opened(written(made, "MQ", period=FEBRUARY))
    sheet = book["总表"]
    found = line(sheet, 2, "360100")
    assert made.index["period"].is_in(["2025-12"]).any()  # though December is there
    assert isinstance(found[columns(sheet, "监测值变动（分）", "同比变动") - 1], float)
    assert found[columns(sheet, "监测值变动（分）", "较上期变动") - 1] == "—"
    assert found[columns(sheet, "位次变动（位）", "较上期变动") - 1] == "—"
    titles = [c.value for c in book["变动分析"]["A"]]
    assert [t for t in titles if t and "相比" in str(t)] == ["同比：2026年1-2月与2025年1-2月相比（分）"]


def test_ranks_are_compared_in_one_basket_only() -> None:
    def change(table: str, row: Row) -> Row | None:
        if table == "index" and row["subject"] == "EI" and row["period"] == "2025-10":
            row |= {"basket": "旧"}
        return row

    sheet = book_of(results(small=True, change=change), "CM")["总表"]
    year, before = (columns(sheet, "位次变动（位）", word) - 1 for word in ("同比变动", "较上期变动"))
    changed, other = line(sheet, 2, "EI"), line(sheet, 2, "NF")
    assert (changed[year], type(changed[before])) == ("—", int)
    assert (type(other[year]), type(other[before])) == (int, int)


def test_subjects_of_another_basket_have_a_block_of_their_own() -> None:
    def change(table: str, row: Row) -> Row | None:
        if table == "index" and row["subject"] in ("EI", "NF"):
            row |= {"basket": "乙", "rank": 1 if row["subject"] == "NF" else 2}
        return row

    sheet = book_of(results(small=True, change=change), "CM")["总表"]
    first = [row[0].value for row in sheet.iter_rows(min_row=5, max_row=18)]
    titles = [v for v in first if isinstance(v, str)]
    assert titles == [
        "产业链（2 个，参加排名 2 个；指标篮子：乙）",
        "产业链（10 个，参加排名 10 个；指标篮子：全）",
    ]
    assert first[1:3] == [1, 2]


def test_an_index_without_subjects_says_so() -> None:
    def change(table: str, row: Row) -> Row | None:
        return None if row.get("index_code") == "CA" or table == "absent" else row

    book = book_of(results(small=True, change=change), "CA")
    assert "本期没有可以计算的对象。" in {c.value for row in book["总表"] for c in row}
    assert "应报的全部接收。" in {c.value for row in book["覆盖"] for c in row}


# --- text and audience


def test_text_from_outside_stays_text(altered: bytes, altered_book: openpyxl.Workbook) -> None:
    for name, column, text in (("总表", 3, EVIL), ("指标", 3, EVIL), ("覆盖", 2, LINK)):
        cells = [row[column - 1] for row in altered_book[name].iter_rows() if row[column - 1].value == text]
        assert cells
    with zipfile.ZipFile(io.BytesIO(altered)) as package:
        sheets = [package.read(n) for n in package.namelist() if n.startswith("xl/worksheets/sheet")]
    assert all(b"<f>" not in sheet and b"<f " not in sheet and b"<hyperlink" not in sheet for sheet in sheets)


def test_the_public_edition_counts_the_missing_and_names_nobody(
    tables: dict[str, bytes], books: dict[str, openpyxl.Workbook]
) -> None:
    for name, data in tables.items():
        named = any("东湖区统计局" in text for text in texts(data))
        assert named == ("（内部）" in name), name
    book = books[f"{CM}（公开）.xlsx"]
    assert "360102" not in {c.value for sheet in book for row in sheet for c in row}
    counts = [[c.value for c in row[:4]] for row in book["覆盖"].iter_rows()]
    assert ["GLT01", "未报", "2026年1-10月", 1] in counts
    assert ["GLT01", "退回", "2026年1-10月", 1] in counts


def test_coverage_has_three_coverages(books: dict[str, openpyxl.Workbook]) -> None:
    sheet = books[f"{CM}（内部）.xlsx"]["覆盖"]
    assert line(sheet, 1, "GLT01 2026-10")[3:10] == [111, 109, 0, 0, 2, 98.2, 98.76]
    assert line(sheet, 1, "GLT04 2026-10")[9] == "…"
    (chart,) = sheet._charts
    first, last = re.findall(r"\$A\$(\d+)", (chart.series[0].cat.strRef or chart.series[0].cat.numRef).f)
    bars = [sheet.cell(row, 1).value for row in range(int(first), int(last) + 1)]
    assert "GLT02 2026-10" in bars and len(set(bars)) == len(bars)  # a form is there once for each period
    weights = line(sheet, 1, "EI")
    assert (weights[3], weights[5], weights[7], weights[9]) == (100, 93.12, 54, 10)


def test_the_notes_tell_method_scope_and_trail(books: dict[str, openpyxl.Workbook]) -> None:
    for title, method, mark in ((MQ, "MQ-2026.1", "内部"), (CM, "CM-2026.1", "公开")):
        sheet = books[f"{title}（{mark}）.xlsx"]["说明"]
        found = {row[0].value: row[1].value for row in sheet.iter_rows()}
        assert found["方法版本"].startswith(method)
        assert found["发布摘要"] == "ef" * 32
        assert found["日志末端哈希"] == "cd" * 32
        assert found["日志位置"] == "1234"
        assert found["使用范围"] == mark
        assert "采矿业" in found["口径范围"]
        assert "五（六）、六" in found["计划依据"]
        assert "未经批准" in found["批准情况"]
        assert found["审核发现"] == "强制性 3 条，核实性 12 条"
        assert found["S"] == "沿用上期（附滞后月数）"


def test_figures_that_rest_on_waiting_reports_say_so() -> None:
    """On every sheet by their number; which they are is for the internal edition."""

    def change(table: str, row: Row) -> Row | None:
        if table == "coverage" and row["form"] == "GLT02":
            row |= {"pending_n": 1, "accepted_n": row["due_n"] - 1, "rejected_n": 0, "absent_n": 0}
        return None if table == "absent" else row

    made = results(small=True, change=change)
    (ca,) = (m for m in release_notes().methods if m.index == "CA")
    notes = replace(release_notes(), methods=(ca,), pending=("GLT02/2026-10/360102/-/v2/ab12",))
    for audience, told in (
        ("internal", "1 份待核报表已计入指数：GLT02 2026-10 360102"), ("public", "1 份待核报表已计入指数"),
    ):  # fmt: skip
        (data,) = write_tables(made, notes, audience).values()
        book = opened(data)
        assert all("含待核数据 1 份" in str(sheet["A2"].value) for sheet in book)
        assert {row[0].value: row[1].value for row in book["说明"].iter_rows()}["待核数据"] == told
        said = {c.value for row in book["覆盖"] for c in row}
        assert (
            any(str(v).startswith("没有未报和退回的；待核 ") for v in said) and "应报的全部接收。" not in said
        )


def test_a_write_that_fails_is_an_error() -> None:
    sheet = Sheet(Book("试", "2026-10-31", "脚"), "表", (10, 10))
    with pytest.raises(WriteError, match="表!B3"):
        sheet.text(2, 1, "长" * 32768)
    with pytest.raises(WriteError, match="表!XFE1"):
        sheet.number(0, 16384, Decimal("1"), TEXT)


def test_the_footer_keeps_an_ampersand() -> None:
    book = Book("试", "2026-10-31", "R&D")
    Sheet(book, "表", (10, 10)).text(0, 0, "甲")
    made = opened(book.finish())
    assert "R&&D" in made["表"].oddFooter.left.text
