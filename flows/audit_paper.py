"""The working paper of a sample as a workbook (内部): cells to check with room to write, files, clues, how it was drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from flows.clues import Clue
from flows.ledger.release import Release
from indices.tables.sheet import Book, Heading, Sheet
from indices.tables.style import CODE, TEXT, number_look
from schemas.codes import Codes
from schemas.form import form_for
from schemas.period import Period
from schemas.row_words import row_words
from schemas.territory import BUREAU, submitters

Item = TypeVar("Item")
Value = str | int | Decimal

_CELLS = (
    Heading("", "序号", 5), Heading("报表", "填报单位", 20), Heading("报表", "表和报告期", 14),
    Heading("报表", "行", 20), Heading("报表", "指标（单位）", 22), Heading("单元格", "文件", 18),
    Heading("单元格", "工作表", 9), Heading("单元格", "位置", 7), Heading("报数", "原文", 12),
    Heading("报数", "读入的数", 13), Heading("抽中的依据", "权重（分）", 9), Heading("抽中的依据", "指标数", 6),
    Heading("核对（手填）", "账面数", 14), Heading("核对（手填）", "差异", 11),
    Heading("核对（手填）", "核对人", 9), Heading("核对（手填）", "日期", 10),
)  # fmt: skip
_FILES = (Heading("", "文件", 40), Heading("", "SHA-256", 70), Heading("", "抽中单元格", 10))
_CLUES = (
    Heading("", "线索", 14), Heading("", "填报单位", 30), Heading("", "报送", 30), Heading("", "情况", 60),
)  # fmt: skip
_NOTES = (
    "权重是这个单元格在各指数全口径值中占的分数：依据它的每个指标的贡献，平均分给该指标依据的各单元格，再相加；“指标数”是依据它的（对象、指标）个数。",
    "不放回抽取，权重越大越容易抽中；同一发布、同一种子抽出的单元格和次序总是相同，可以复核。权重为 0 的不抽。",
    "“原文”是报表单元格里的文字；文件的 SHA-256 见“文件”表，按它可在归档中取出原件。账面数、差异、核对人、日期由核对人填写。",
)
_COUNT, _WEIGHT = number_look(0), number_look(4)


@dataclass(frozen=True)
class Paper:
    """A sample and what is said of it; ``cells`` as ``sample`` gave them, in the order of drawing."""

    release: Release
    seed: int
    cells: Sequence[dict[str, Any]]
    clues: Sequence[Clue]


def paper_book(paper: Paper, codes: Codes) -> bytes:
    """The workbook's bytes; the same sample gives the same."""
    period = Period.parse(paper.release.manifest.period)
    book = Book(
        f"对账底稿 {paper.release.id}",
        period.last_day,
        f"对账底稿 {paper.release.id}　种子 {paper.seed}　内部",
    )
    names = {office.code: office.name for office in (*submitters(codes), BUREAU)}
    said = f"发布 {paper.release.id}（摘要 {paper.release.digest[:16]}）　种子 {paper.seed}　抽取 {len(paper.cells)} 个单元格"
    sheet, row = _listed(
        book,
        ("对账底稿", f"{period.printed}报表单元格对账底稿", said),
        _CELLS,
        list(enumerate(paper.cells, 1)),
        lambda pair: _cell(*pair, names, codes),
    )
    sheet.notes(row, _NOTES)
    _listed(book, ("文件", "抽中单元格所在的文件", said), _FILES, _files(paper.cells), lambda line: line)
    _listed(book, ("线索", "线索（供了解，不是审核结果）", said), _CLUES, paper.clues, _clue)
    return book.finish()


def _listed(
    book: Book,
    said: tuple[str, str, str],
    headings: Sequence[Heading],
    items: Sequence[Item],
    cells: Callable[[Item], Sequence[Value]],
) -> tuple[Sheet, int]:
    """A sheet with a row per item, whose headings are printed on each page; the row below them."""
    name, title, left = said
    sheet = Sheet(book, name, [heading.width for heading in headings])
    top = sheet.head(title, left, "（内部）")
    row = sheet.headings(top, headings)
    sheet.raw.freeze_panes(row, 0)
    sheet.raw.repeat_rows(top, row - 1)
    if not items:
        sheet.merged(row, 0, row, sheet.last_column, "没有。", TEXT)
        return sheet, row + 1
    for item in items:
        values = cells(item)
        for column, value in enumerate(values):
            if isinstance(value, str):
                sheet.text(row, column, value, TEXT if headings[column].width > 10 else CODE)
            else:
                look = _WEIGHT if isinstance(value, Decimal) else _COUNT
                sheet.number(row, column, value, look)
        sheet.fit_row(row, *((v, n, n) for n, v in enumerate(values) if isinstance(v, str)))
        row += 1
    return sheet, row


def _cell(number: int, cell: dict[str, Any], names: dict[str, str], codes: Codes) -> Sequence[Value]:
    form = form_for(cell["form"], Period.parse(cell["period"]))
    column = form.column(cell["field"])
    unit = form.unit if column.numeric and column.unit == "-" else column.unit
    return (
        number,
        f"{cell['submitter']} {names.get(cell['submitter'], '')}".rstrip(),
        f"{cell['form']} {cell['period']}",
        row_words(form, cell["row_key"], codes),
        f"{column.label}（{unit}）",
        cell["file_name"] or "",
        cell["sheet"],
        cell["cell"],
        cell["raw"],
        f"{Decimal(cell['value'] or 0).normalize():f}",
        cell["weight"].quantize(Decimal("0.0001")),
        cell["n"],
        *("",) * 4,
    )


def _files(cells: Sequence[dict[str, Any]]) -> list[tuple[str, str, int]]:
    drawn: dict[tuple[str, str], int] = {}
    for cell in cells:
        name = (cell["file_name"] or "", cell["digest"])
        drawn[name] = drawn.get(name, 0) + 1
    return [(*name, count) for name, count in sorted(drawn.items())]


def _clue(clue: Clue) -> Sequence[Value]:
    return clue.row
