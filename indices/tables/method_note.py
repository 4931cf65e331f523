"""Sheet 说明 of a computation by the engine alone: what was computed, under which rules, and which sheets are left out."""

from __future__ import annotations

from collections.abc import Sequence

from indices.design import Design
from indices.steps.bench import plain
from indices.tables.notes import entry
from indices.tables.sheet import Book, Sheet
from indices.tables.style import SYMBOLS
from indices.tables.words import MISSING_ZH

COVERAGE = "权重覆盖率是已有指标（含填补的）的权重占应有指标的比重；低于 1 的单位指标不全，缺什么、规则做了什么见“提示”和“缺失规则影响”。"
_DECLARED = (
    "数据中标 N（不适用）的不在应有指标之内；标 W（尚未产生）的计入应有指标，但由规则处理，不必补报，所以不列入“提示”；"
    "空白（未报）和标 C（保密）的逐个单位列入“提示”。"
)


def write_method_note(book: Book, design: Design, empty: Sequence[str]) -> None:
    """Add the sheet; ``empty`` are the titles of the sheets in which nothing would stand."""
    sheet = Sheet(book, "说明", (13, 12, 60, 12), portrait=True)
    row = sheet.head(f"{design.name}　说明", f"方法 {design.id}", "")
    for term, prose in (
        ("方法", f"{design.id}　{design.name}"),
        ("修约与位次", f"发布值保留 {design.aggregate.decimals} 位小数，只在最后修约，四舍六入五成双；位次按发布值排列，并列取前位。"),
        ("缺失规则", f"{_rules(design)}。{_DECLARED}"),
        ("权重覆盖率", COVERAGE),
        ("符号", SYMBOLS),
        ("空表", f"没有内容、未列出的表：{'、'.join(empty)}。" if empty else "无"),
    ):  # fmt: skip
        row = entry(sheet, row, term, prose)


def _rules(design: Design) -> str:
    """What the method does with each kind of gap that counts as due."""
    rule, floor = design.missing, f"按 {plain(design.missing.floor)} 分计"
    return "；".join(
        f"{word}：{floor if getattr(rule, kind) == 'floor' else '权重分给其他指标'}"
        for kind, word in MISSING_ZH.items()
        if kind != "not_applicable"
    )
