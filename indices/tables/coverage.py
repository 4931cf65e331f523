"""Sheet 覆盖: the three coverages, the gates of the method, and who is missing.

Submitters' names, codes and the reasons of a refusal are for the internal edition; the public one counts.
"""

from __future__ import annotations

from collections import Counter

import polars as pl

from indices.tables.charts import Axis, Series, Span, ranking_bars
from indices.tables.notes import AUDIENCE_ZH, COVERAGES, Audience, MethodNote, ReleaseNotes, heading_line
from indices.tables.results import Results, Row, percent, rows
from indices.tables.sheet import Book, Heading, Sheet
from indices.tables.style import (
    BLOCK,
    CODE,
    HEADING,
    LINE,
    NOT_APPLICABLE,
    ORDINAL,
    SYMBOLS,
    TEXT,
    number_look,
)  # fmt: skip
from indices.tables.words import SUBJECT_TYPES
from schemas.finding import STATE_ZH
from schemas.period import Period

SHARE = number_look(2)
MEASURES_ZH = {"filing_rate": "报送率", "revenue_coverage": "营收覆盖率"}
HEADINGS = (
    Heading("", "表号、报告期", 16),
    Heading("", "表名", 38),
    Heading("", "报告期", 16),
    Heading("报送份数", "应报", 9),
    Heading("报送份数", "接收", 9),
    Heading("报送份数", "待核", 9),
    Heading("报送份数", "退回", 9),
    Heading("报送份数", "未报", 9),
    Heading("覆盖率", "报送率（%）", 12),
    Heading("覆盖率", "营收覆盖率（%）", 12),
    Heading("", "报送率和营收覆盖率图示", 62),
)
_LEAST, _ALL = 24, 180  # points of a form's row and of all together, so that the chart beside them is legible
_CHART = 10  # column
_STATES = {state.value: word for state, word in STATE_ZH.items()} | {"absent": "未报"}


def write_coverage(
    book: Book, results: Results, notes: ReleaseNotes, method: MethodNote, audience: Audience
) -> None:
    """Add the sheet 覆盖."""
    sheet = Sheet(book, "覆盖", [heading.width for heading in HEADINGS])
    mark = f"（{AUDIENCE_ZH[audience]}）"
    row = sheet.head(f"{method.title}　覆盖", heading_line(notes, method), mark)
    row = _title(sheet, row, "一、报送率和营收覆盖率（按表）")
    row = sheet.headings(row, HEADINGS)
    sheet.raw.freeze_panes(2, 0)
    forms = rows(results.coverage)
    first, height = row, 0
    for form in forms:
        height += _form(sheet, row, form, max(_LEAST, -(-_ALL // len(forms))))
        row += 1
    if forms:
        sheet.merged(first, _CHART, row - 1, _CHART, "", TEXT)
        series = (Series("报送率", 8), Series("营收覆盖率", 9))
        span = Span(sheet.name, 0, first, row - 1)
        chart = ranking_bars(book, "报送率和营收覆盖率（%）", span, series, Axis("", 0, 100))
        left = sheet.pixels_before(_CHART)
        sheet.chart(first, left + 3, chart, sheet.pixels - left - 6, height - 4)
    row = sheet.notes(row, (COVERAGES, SYMBOLS)) + 1
    sheet.break_before(row)
    row = _weights(sheet, row, results, notes, method) + 1
    row = _gates(sheet, row, results, method, audience) + 1
    row = _title(sheet, row, "四、未报和退回")
    absent = rows(results.absent)
    if not absent:
        waiting = sum(form["pending_n"] for form in forms)
        words = f"没有未报和退回的；待核 {waiting} 份，见第一部分。" if waiting else "应报的全部接收。"
        sheet.merged(row, 0, row, sheet.last_column, words, TEXT)
    elif audience == "internal":
        _names(sheet, row, absent)
    else:
        _counts(sheet, row, absent)


def _title(sheet: Sheet, row: int, words: str) -> int:
    sheet.merged(row, 0, row, sheet.last_column, words, BLOCK)
    sheet.raw.set_row(row, LINE + 2)
    return row + 1


def _heads(sheet: Sheet, row: int, labels: tuple[tuple[int, int, str], ...]) -> int:
    """One row of headings, each from a first to a last column."""
    for first, last, label in labels:
        sheet.merged(row, first, row, last, label, HEADING)
    sheet.raw.set_row(row, 29)
    return row + 1


def _form(sheet: Sheet, row: int, form: Row, line: int) -> int:
    """Write one form's row; gives its height in pixels."""
    sheet.text(row, 0, f"{form['form']} {form['period']}", CODE)  # what its bars are called
    sheet.text(row, 1, form["form_title"])
    sheet.text(row, 2, Period.parse(form["period"]).printed, CODE)
    for column, count in enumerate(("due_n", "accepted_n", "pending_n", "rejected_n", "absent_n"), 3):
        sheet.number(row, column, form[count], ORDINAL)
    sheet.number(row, 8, percent(form["filing_rate"]), SHARE, NOT_APPLICABLE)
    sheet.number(row, 9, percent(form["revenue_coverage"]), SHARE)
    return sheet.fit_row(row, (form["form_title"], 1, 1), line=line)


def _weights(sheet: Sheet, row: int, results: Results, notes: ReleaseNotes, method: MethodNote) -> int:
    row = _title(sheet, row, "二、权重覆盖率（按对象）")
    row = _heads(
        sheet,
        row,
        (
            (0, 0, "代码"),
            (1, 1, "名称"),
            (2, 2, "类型"),
            (3, 4, "月度监测值\n权重覆盖率（%）"),
            (5, 6, "全篮子值\n权重覆盖率（%）"),
            (7, 8, "沿用往期权重（%）"),
            (9, 9, "最大滞后\n（月）"),
            (10, 10, "备注"),
        ),
    )
    where = (pl.col("index_code") == method.index) & (pl.col("period") == str(notes.period))
    entries = rows(results.index, where)
    full = {entry["subject"]: entry for entry in entries if entry["product"] == "full"}
    for entry in entries:
        if entry["product"] != "monthly":
            continue
        other = full.get(entry["subject"], {})
        sheet.text(row, 0, entry["subject"], CODE)
        sheet.text(row, 1, entry["subject_name"])
        sheet.text(row, 2, SUBJECT_TYPES[entry["subject_type"]], CODE)
        for column, share in (
            (3, entry["weight_coverage"]),
            (5, other.get("weight_coverage")),
            (7, other.get("carried_weight")),
        ):
            sheet.merged_number(row, column, column + 1, percent(share), SHARE)
        sheet.number(row, 9, other.get("oldest_age"), ORDINAL)
        remark = entry["withheld"] and f"月度监测值：{entry['withheld']}"
        other_remark = other.get("withheld") and f"全篮子值：{other['withheld']}"
        sheet.text(row, 10, "；".join(part for part in (remark, other_remark) if part))
        sheet.raw.set_row(row, LINE)
        row += 1
    return row


def _gates(sheet: Sheet, row: int, results: Results, method: MethodNote, audience: Audience) -> int:
    """What had to come in for each level of the index; who is missing is for the internal edition."""
    row = _title(sheet, row, "三、发布门槛")
    labels = (
        (0, 0, "表号"), (1, 1, "公布对象"), (2, 2, "报告期"), (3, 4, "计入的填报单位"), (5, 6, "门槛项目"),
        (7, 7, "应达到（%）"), (8, 8, "实际（%）"), (9, 9, "结果"), (10, 10, "缺报单位"),
    )  # fmt: skip
    row = _heads(sheet, row, labels)
    gates = rows(results.gate, pl.col("index_code") == method.index)
    if not gates:
        sheet.merged(row, 0, row, sheet.last_column, "本方法没有设置发布门槛。", TEXT)
        return row + 1
    for gate in gates:
        sheet.text(row, 0, gate["form"], CODE)
        sheet.text(row, 1, SUBJECT_TYPES[gate["subject_type"]])
        sheet.text(row, 2, Period.parse(gate["period"]).printed, CODE)
        sheet.merged(row, 3, row, 4, SUBJECT_TYPES[gate["filers"]], CODE)
        sheet.merged(row, 5, row, 6, MEASURES_ZH[gate["measure"]], CODE)
        sheet.number(row, 7, percent(gate["threshold"]), SHARE)
        sheet.number(row, 8, percent(gate["actual"]), SHARE)
        sheet.text(row, 9, "达到" if gate["passed"] else "未达到，不公布", CODE)
        missing = gate["missing"] or NOT_APPLICABLE
        if audience == "public":
            missing = f"{gate['due_n'] - gate['filed_n']} 份"
        sheet.text(row, 10, missing)
        sheet.fit_row(row, (missing, 10, 10), (SUBJECT_TYPES[gate["subject_type"]], 1, 1))
        row += 1
    return row


def _names(sheet: Sheet, row: int, absent: list[Row]) -> None:
    """The internal list: who, which form, and why."""
    labels = (
        (0, 0, "表号"), (1, 1, "填报单位"), (2, 2, "报告期"), (3, 3, "单位代码"), (4, 4, "对象"),
        (5, 5, "状态"), (6, 10, "原因"),
    )  # fmt: skip
    row = _heads(sheet, row, labels)
    for entry in absent:
        sheet.text(row, 0, entry["form"], CODE)
        sheet.text(row, 1, entry["submitter_name"])
        sheet.text(row, 2, Period.parse(entry["period"]).printed, CODE)
        sheet.text(row, 3, entry["submitter"], CODE)
        sheet.text(row, 4, entry["subject"] or NOT_APPLICABLE, CODE)
        sheet.text(row, 5, _STATES[entry["state"]], CODE)
        reason = entry["reason"] or ""
        sheet.merged(row, 6, row, 10, reason, TEXT)
        sheet.fit_row(row, (reason, 6, 10), (entry["submitter_name"], 1, 1))
        row += 1


def _counts(sheet: Sheet, row: int, absent: list[Row]) -> None:
    """The public list: how many of each form and state."""
    row = _heads(sheet, row, ((0, 0, "表号"), (1, 1, "状态"), (2, 2, "报告期"), (3, 10, "份数")))
    counts = Counter((entry["form"], entry["period"], entry["state"]) for entry in absent)
    for (form, period, state), count in sorted(counts.items()):
        sheet.text(row, 0, form, CODE)
        sheet.text(row, 1, _STATES[state], CODE)
        sheet.text(row, 2, Period.parse(period).printed, CODE)
        sheet.merged_number(row, 3, 10, count, ORDINAL)
        sheet.raw.set_row(row, LINE)
        row += 1
