"""Sheet 溯源: for the total of every subject, the indicators behind it and the cells behind these.

The internal edition names the first cells of each variable; cells of one sheet of one report share a line, since
most of a county's indicators are quotients of two figures of one report. The public edition counts and gives
digests, by which anyone who has the cells can show that they are the ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from indices.tables.notes import AUDIENCE_ZH, Audience, MethodNote, ReleaseNotes, SourceLine, heading_line
from indices.tables.results import Results
from indices.tables.sheet import Book, Heading, Sheet
from indices.tables.style import CODE, ORDINAL, TEXT, Look

_SUBJECT, _INDICATOR = Heading("", "对象", 20), Heading("", "指标", 9)
_INTERNAL = (
    _SUBJECT,
    _INDICATOR,
    Heading("", "变量", 40),
    Heading("", "单元格数", 8),
    Heading("", "文件数", 8),
    Heading("", "清单摘要", 66),
    Heading("单元格", "报送", 42),
    Heading("单元格", "工作表和地址", 24),
    Heading("单元格", "原文", 24),
    Heading("单元格", "文件摘要", 66),
)
_PUBLIC = (_SUBJECT, _INDICATOR, Heading("", "变量（单元格数／文件数）", 72), Heading("", "清单摘要", 66))
_INTERNAL_LOOKS = (TEXT, CODE, TEXT, ORDINAL, ORDINAL, CODE, TEXT, TEXT, TEXT, CODE)
_PUBLIC_LOOKS: tuple[Look, ...] = (TEXT, CODE, TEXT, CODE)

Row = tuple[str | int | None, ...]


def write_provenance(
    book: Book, results: Results, notes: ReleaseNotes, method: MethodNote, audience: Audience
) -> None:
    """Add the sheet 溯源."""
    internal = audience == "internal"
    headings, looks = (_INTERNAL, _INTERNAL_LOOKS) if internal else (_PUBLIC, _PUBLIC_LOOKS)
    sheet = Sheet(book, "溯源", [heading.width for heading in headings])
    mark = f"（{AUDIENCE_ZH[audience]}）"
    row = sheet.head(f"{method.title}　溯源", heading_line(notes, method), mark)
    row = sheet.headings(row, headings)
    sheet.raw.freeze_panes(row, 1)
    sheet.raw.repeat_rows(0, row - 1)
    names = {r["subject"]: f"{r['subject_name']} {r['subject']}" for r in results.index.iter_rows(named=True)}
    place = {subject: at for at, subject in enumerate(names)}
    own = [line for line in notes.sources if line.index_code == method.index]
    own.sort(key=lambda s: (place[s.subject], s.indicator, s.variable, s.number))
    styles = sheet.styles(looks)
    for (subject, indicator), lines in groupby(own, key=lambda s: (s.subject, s.indicator)):
        for values in _named(lines) if internal else [_counted(lines)]:
            sheet.line(row, (names[subject], indicator, *values), styles)
            long = [(str(v), at, at) for at, v in enumerate(values, 2) if len(str(v)) > headings[at].width]
            if long:  # several variables on one line
                sheet.fit_row(row, *long)
            row += 1
    sheet.raw.autofilter(3, 0, row - 1, len(headings) - 1)
    sheet.notes(row, _explained(internal, max((line.number for line in own), default=0)))


def _named(lines: Iterable[SourceLine]) -> Iterator[Row]:
    """The lines of one indicator in the internal edition: first the variables of one cell, by report and sheet."""
    alone: dict[tuple[str, str, str], list[SourceLine]] = {}
    several: list[Row] = []
    for line in lines:
        if line.cells == 1:
            alone.setdefault((line.report, line.sheet, line.file), []).append(line)
            continue
        counts = (line.cells, line.files, line.digest) if line.number == 1 else (None, None, None)
        cell = (line.report, f"{line.sheet}!{line.cell}", line.raw, line.file)
        several.append((line.variable, *counts, *cell))
    for (report, sheet, file), cells in alone.items():
        variables, addresses, texts = ("、".join(part) for part in _parts(cells))
        yield (variables, None, None, None, report, f"{sheet}!{addresses}", texts, file)
    yield from several


def _parts(cells: Sequence[SourceLine]) -> Iterator[list[str]]:
    yield [c.variable for c in cells]
    yield [c.cell for c in cells]
    yield [c.raw or "空" for c in cells] if len(cells) > 1 else [cells[0].raw]


def _counted(lines: Iterable[SourceLine]) -> Row:
    """The line of one indicator in the public edition: its variables with their counts, and one digest."""
    first = [line for line in lines if line.number == 1]
    told = "、".join(f"{line.variable}（{line.cells}／{line.files}）" for line in first)
    listed = "\n".join(f"{line.variable}|{line.digest}" for line in first)
    return told, hashlib.sha256(listed.encode()).hexdigest()


def _explained(internal: bool, shown: int) -> Sequence[str]:
    listed = "变量的清单摘要为其全部单元格（文件摘要、工作表、地址、原文、数值或标识、修订单号，以“|”相连，按行排序）的 SHA-256。"
    if not internal:
        return (
            "每个指标一行：变量后为它所依据的单元格数和文件数；公开版不列单元格，没有单元格的变量不列。",
            listed,
            "本表的清单摘要为该指标各变量的“变量|变量的清单摘要”按变量排序、每行一个的 SHA-256。",
        )
    return (
        "只有一个单元格的变量列出该单元格，不另列个数，同一报送同一工作表的合为一行（变量、地址、原文依次对应）；"
        f"多于一个的列出前 {shown} 个、总数和清单摘要，全部单元格用 zhishu trace 查询。",
        listed,
        "文件以摘要表示（报送时的文件名见 zhishu trace）；原文为报表中的文字，经修订单更正的以更正后的数值计算。没有单元格的变量不列。",
    )
