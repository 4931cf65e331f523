"""Sheet 溯源: for the total of every subject, the variables behind it and the cells behind these.

The internal edition names the first cells of each variable; the public one counts and gives digests, by which
anyone who has the cells can show that they are the ones.
"""

from __future__ import annotations

from collections.abc import Sequence

from indices.tables.notes import AUDIENCE_ZH, Audience, MethodNote, ReleaseNotes, heading_line
from indices.tables.results import Results
from indices.tables.sheet import Book, Heading, Sheet
from indices.tables.style import CODE, ORDINAL, TEXT

_COMMON = (
    Heading("", "对象", 20),
    Heading("", "指标", 9),
    Heading("", "变量", 30),
    Heading("", "单元格数", 8),
    Heading("", "文件数", 8),
    Heading("", "清单摘要", 66),
)
_NAMED = (
    Heading("单元格", "报送", 34),
    Heading("单元格", "工作表和地址", 24),
    Heading("单元格", "原文", 16),
    Heading("单元格", "文件摘要", 66),
)
_LOOKS = (TEXT, CODE, TEXT, ORDINAL, ORDINAL, CODE, TEXT, TEXT, TEXT, CODE)


def write_provenance(
    book: Book, results: Results, notes: ReleaseNotes, method: MethodNote, audience: Audience
) -> None:
    """Add the sheet 溯源."""
    internal = audience == "internal"
    headings = (*_COMMON, *_NAMED) if internal else _COMMON
    sheet = Sheet(book, "溯源", [heading.width for heading in headings])
    mark = f"（{AUDIENCE_ZH[audience]}）"
    row = sheet.head(f"{method.title}　溯源", heading_line(notes, method), mark)
    row = sheet.headings(row, headings)
    sheet.raw.freeze_panes(row, 1)
    sheet.raw.repeat_rows(0, row - 1)
    names = {r["subject"]: f"{r['subject_name']} {r['subject']}" for r in results.index.iter_rows(named=True)}
    order = {subject: place for place, subject in enumerate(names)}
    styles = sheet.styles(_LOOKS[: len(headings)])
    own = [s for s in notes.sources if s.index_code == method.index and (internal or s.number == 1)]
    for line in sorted(own, key=lambda s: (order[s.subject], s.indicator, s.variable, s.number)):
        # a single cell is a line of its own without counts: most are, and this halves what the sheet costs
        counted = line.number == 1 and (line.cells > 1 or not internal)
        counts = (line.cells, line.files, line.digest) if counted else (None, None, None)
        named = (line.report, f"{line.sheet}!{line.cell}", line.raw, line.file)
        values = (names[line.subject], line.indicator, line.variable, *counts, *named)
        sheet.line(row, values[: len(headings)], styles)
        row += 1
    sheet.raw.autofilter(3, 0, row - 1, len(headings) - 1)
    sheet.notes(row, _explained(internal, max((line.number for line in own), default=0)))


def _explained(internal: bool, shown: int) -> Sequence[str]:
    listed = "清单摘要为该变量全部单元格（文件摘要、工作表、地址、原文、数值或标识、修订单号，按序排列）的 SHA-256。"
    if not internal:
        return (listed, "没有单元格的变量不列；公开版不列单元格。")
    return (
        f"只有一个单元格的变量列出该单元格，不另列个数；多于一个的列出前 {shown} 个、总数和清单摘要，"
        "全部单元格用 zhishu trace 查询。",
        listed,
        "文件以摘要表示（报送时的文件名见 zhishu trace）；原文为报表中的文字，经修订单更正的以更正后的数值计算。没有单元格的变量不列。",
    )
