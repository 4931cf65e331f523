"""A trace as people read it: the tree for the screen, the rows for a workbook."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from rich.tree import Tree

from flows.ledger.files import write_file
from schemas.period import Period

SHOWN = 12  # cells of one variable on the screen; the whole list is in --json and --xlsx
PRODUCT_ZH = {"monthly": "月度监测值", "full": "全口径篮子值"}
HEADER = (
    "指标", "指标名称", "变量", "用途", "数值", "状态", "表式", "报告期", "填报单位", "工作表", "单元格", "原文", "清洗",
    "文件", "SHA-256", "更正", "接收事件", "接收人",
)  # fmt: skip

Row = dict[str, Any]


def trace_tree(found: Row) -> Tree:
    """The tree of :func:`flows.trace.trace`."""
    tree = Tree(
        f"{found['name']} {found['index']}　{found['subject_name']} {found['subject']}　{found['period']}　"
        f"发布 {found['release']}（{found['stage']}）　方法 {found['method']}"
    )
    for total in found["totals"]:
        value = total["value"] if total["value"] is not None else f"不发布（{total['withheld']}）"
        tree.add(
            f"{PRODUCT_ZH[total['product']]} {value}　位次 {total['rank'] or '—'}　状态 {total['status']}"
        )
    for no, pillar in {i["pillar_no"]: i["pillar"] for i in found["indicators"]}.items():
        scores = "　".join(
            f"{PRODUCT_ZH[p['product']]} {p['score'] or '—'}（权重 {p['weight_effective'] or '—'} %）"
            for p in found["pillars"]
            if p["pillar_no"] == no
        )
        branch = tree.add(f"{pillar}　{scores}")
        for indicator in found["indicators"]:
            if indicator["pillar_no"] == no:
                _indicator(branch.add(_title(indicator)), indicator)
    tree.add(f"台账位置 {found['journal']['seq']}，哈希 {found['journal']['head']}")
    return tree


def _title(i: Row) -> str:
    age = f"，沿用 {i['age']} 个月前" if i["age"] else ""
    shown = i["value_published"] if i["value"] is not None else f"缺（{i['missing']}）"
    return (
        f"{i['indicator']} {i['name']} {shown} {i['unit']}　{i['ref_period']}{age}　状态 {i['status']}　"
        f"得分 {i['score_published'] or '—'}　权重 {i['weight']} → {i['weight_full'] or '—'}　"
        f"贡献 {i['contribution_full'] or '—'}"
    )


def _indicator(branch: Tree, i: Row) -> None:
    branch.add(f"{i['expression']}：{i['expression_filled']}")
    branch.add(i["score_formula"])
    for variable in i["variables"]:
        rows = variable["rows"]
        leaf = branch.add(
            f"{variable['variable']} = {variable['value'] or '缺'}　状态 {variable['status']}　{len(rows)} 个单元格"
        )
        for cell in rows[:SHOWN]:
            corrected = (
                f"　按修订单 {cell['correction']['corrected_by']} 更正" if "correction" in cell else ""
            )
            leaf.add(
                f"{cell['use']} {cell['form']}.{cell['field']} {cell['value'] or cell['mark']}　{cell['submitter']}"
                f" {cell['period']} v{cell['version']}　{cell['file_name']} ‹{cell['sheet']}› {cell['cell']}"
                f" “{cell['raw']}”{corrected}　{cell['digest'][:12]}　事件 {cell['decided']['seq']}"
                f" {cell['decided']['actor']}"
            )
        if len(rows) > SHOWN:
            leaf.add(f"另有 {len(rows) - SHOWN} 个单元格（用 --json 或 --xlsx 看全部）")


def trace_rows(found: Row) -> list[tuple[str, ...]]:
    """One row for each indicator, variable and cell, in the order of :data:`HEADER`."""
    return [
        (
            i["indicator"], i["name"], v["variable"], c["use"], c["value"] or c["mark"], c["status"], c["form"],
            c["period"], c["submitter"], c["sheet"], c["cell"], c["raw"], c["cleaned"], c["file_name"] or "",
            c["digest"], c.get("correction", {}).get("corrected_by", ""), str(c["decided"]["seq"]),
            c["decided"]["actor"],
        )
        for i in found["indicators"]
        for v in i["variables"]
        for c in v["rows"]
    ]  # fmt: skip


@dataclass(frozen=True)
class Page:
    """A sheet of texts: its title, its header, its rows."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


def write_sheet(
    path: Path, title: str, period: str, header: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    """A workbook of one sheet of texts, the same bytes for the same rows."""
    write_pages(path, period, (Page(title, header, rows),))


def write_pages(path: Path, period: str, pages: Sequence[Page]) -> None:
    """A workbook of sheets of texts, the same bytes for the same rows."""
    data = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(data, options)
    book.set_properties({"created": datetime.fromisoformat(Period.parse(period).last_day)})
    bold = book.add_format({"bold": True})
    for page in pages:
        sheet = book.add_worksheet(page.title)
        for number, row in enumerate((page.header, *page.rows)):
            for column, text in enumerate(row):
                sheet.write_string(number, column, text[:32767], None if number else bold)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(len(page.rows), 1), len(page.header) - 1)
    book.close()
    write_file(path, data.getvalue(), 0o644)
