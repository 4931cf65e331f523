"""The sheet 审核结果: all findings of a delivery, hard ones first, and the place for explanations.

The labels and the title are those by which the reader knows the sheet when it comes back. It is
protected without a password, so that nobody spoils an id by accident; the cells for explanations are open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from schemas.codes import Codes
from schemas.finding import SEVERITY_ZH, Finding, Reply, Severity
from schemas.reading.explanations import ID, LEAST, REASON, REASONS, TEXT, TITLE
from schemas.returns.figures import figures
from schemas.returns.marks import HARD, SOFT, areas
from schemas.returns.record import Answer, Listing, answer_of, awaits_explanation
from schemas.stationery import LINE, lines

COLUMNS: Mapping[str, float] = {
    "序号": 5, "程度": 7.5, "表": 7.5, "工作表": 9, "单元格": 9, "值": 22, "说明": 34, "怎么办": 24,
    REASON: 15, TEXT: 28, "答复状态": 10, "规则": 7, ID: 11,
}  # fmt: skip
HEADER_ROW = 6

_REPLY_ZH = {
    Reply.OPEN: "待说明",
    Reply.EXPLAINED: "已说明，待审核",
    Reply.APPROVED: "已认可",
    Reply.RETURNED: "说明被退回",
}
_PLACE = {label: at for at, label in enumerate(COLUMNS, 1)}
_LONGEST = 300  # characters of a value that are shown
_NAMED = 4  # cells that are named before 等
_INLINE = 255  # characters that Excel takes in a list
_RISKY = ("=", "+", "-", "@")
_THIN = Side(style="thin", color="808080")
_BOX = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_BODY, _SMALL = Font(name="宋体", size=10), Font(name="宋体", size=9)
_BOLD, _LINK = (
    Font(name="宋体", size=10, bold=True),
    Font(name="宋体", size=10, color="0563C1", underline="single"),
)
_HEAVY = PatternFill("solid", fgColor="D9E1F2")
_OPEN, _SHUT = PatternFill("solid", fgColor="FFFFE5"), PatternFill("solid", fgColor="EDEDED")
_FILLS = {
    Severity.HARD: PatternFill("solid", fgColor=HARD),
    Severity.SOFT: PatternFill("solid", fgColor=SOFT),
}


def write_listing(book: Workbook, listing: Listing, codes: Codes) -> Worksheet:
    """Add the sheet in the first place of a workbook and show it when the workbook is opened."""
    for other in book.worksheets:
        other.sheet_view.tabSelected = False  # what is typed would go into all selected sheets
    sheet = book.create_sheet(TITLE, 0)
    book.active, sheet.sheet_view.tabSelected = 0, True
    for view in book.views:
        view.firstSheet = 0
    _write_head(sheet, listing)
    rows = {finding: HEADER_ROW + number for number, finding in enumerate(listing.findings, 1)}
    by_id = {finding.id: row for finding, row in rows.items()}
    for finding, row in rows.items():
        _write_line(sheet, row, finding, answer_of(finding, listing.answers), codes)
        _link(book, sheet, row, finding, by_id)
    open_rows = [row for f, row in rows.items() if awaits_explanation(f, answer_of(f, listing.answers))]
    if open_rows:
        _validate(sheet, open_rows, codes)
    _set_up(sheet, HEADER_ROW + len(rows))
    return sheet


def _write_head(sheet: Worksheet, listing: Listing) -> None:
    hard = sum(finding.severity is Severity.HARD for finding in listing.findings)
    waiting = sum(
        awaits_explanation(f, answer) and answer.reply in (Reply.OPEN, Reply.RETURNED)
        for f in listing.findings
        for answer in [answer_of(f, listing.answers)]
    )
    whose = f"　　收件单位：{listing.office}" if listing.office else ""
    fingerprint = f"　　SHA-256 {listing.digest}" if listing.digest else ""
    told = [
        f"文件：{listing.delivery_name}{whose}{fingerprint}",
        f"强制性 {hard} 条：必须改正后重报。核实性待说明 {waiting} 条：数据有误的请改正；"
        f"确实无误的，在“{REASON}”“{TEXT}”两栏说明（至少 {LEAST} 个字）。",
        "请直接在本工作簿中改正、说明，版次加 1，保存后整份报回；请保留本表。数据改动后原说明失效。",
        "".join(listing.remarks),
    ]
    put_text(sheet.cell(1, 1), TITLE, Font(name="黑体", size=16))
    for row, words in enumerate(told, 2):
        put_text(sheet.cell(row, 1), words, _BODY)
    for label, at in _PLACE.items():
        cell = sheet.cell(HEADER_ROW, at)
        put_text(cell, label, _BOLD, "center")
        cell.border, cell.fill = _BOX, _HEAVY
    sheet.row_dimensions[1].height = 24
    sheet.row_dimensions[HEADER_ROW].height = 22


def _write_line(sheet: Worksheet, row: int, finding: Finding, answer: Answer, codes: Codes) -> None:
    soft = finding.severity is Severity.SOFT
    state = _REPLY_ZH[answer.reply] if soft else "须改正"
    values = figures(finding)
    said = {
        "程度": SEVERITY_ZH[finding.severity],
        "表": f"{finding.form} {finding.subject}".strip(),
        "工作表": finding.sheet,
        "值": values[:_LONGEST] + "…" * (len(values) > _LONGEST),
        "说明": finding.message,
        "怎么办": finding.advice,
        REASON: _offered(codes).get(answer.reason, answer.reason) if soft else "",
        TEXT: answer.text if soft else "",
        "答复状态": f"{state}：{answer.remark}" if answer.remark else state,
        "规则": finding.rule,
        ID: finding.id,
    }
    sheet.cell(row, 1, row - HEADER_ROW)
    for label, at in _PLACE.items():
        cell = sheet.cell(row, at)
        wide = label in ("值", "说明", "怎么办", TEXT)
        if label in said:
            put_text(
                cell, said[label], _SMALL if label in (ID, "规则") else _BODY, "left" if wide else "center"
            )
        else:
            cell.font, cell.alignment = _BODY, Alignment("center", "center", wrap_text=True)
        cell.border = _BOX
    sheet.cell(row, _PLACE["程度"]).fill = _FILLS[finding.severity]
    waits = awaits_explanation(finding, answer)
    for label in (REASON, TEXT):
        cell = sheet.cell(row, _PLACE[label])
        cell.fill = _OPEN if waits else _SHUT
        if waits:
            cell.protection, cell.number_format = Protection(locked=False), "@"
    need = max(lines(said.get(label, ""), width) for label, width in COLUMNS.items())
    sheet.row_dimensions[row].height = min(400.0, LINE * max(need, 3 if soft else 2) + 4)


def _link(book: Workbook, sheet: Worksheet, row: int, finding: Finding, by_id: Mapping[str, int]) -> None:
    """The cells by name, and the way to the first of them; of an answer that was bad, to its new line."""
    cell = sheet.cell(row, _PLACE["单元格"])
    if finding.sheet.startswith(TITLE) and finding.row_key in by_id:
        place = f"{get_column_letter(_PLACE[TEXT])}{by_id[finding.row_key]}"
        put_text(cell, place, _LINK, "center")
        cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"{quote_sheetname(sheet.title)}!{place}")
        return
    named = finding.cell.split(",") if finding.cell else []
    words = "、".join(named[:_NAMED]) + (f"等 {len(named)} 处" if len(named) > _NAMED else "")
    target = next((s for s in book.worksheets if s.title == finding.sheet and s is not sheet), None)
    if target is None:
        put_text(cell, words or "—", _BODY, "center")
        return
    put_text(cell, words or "整表", _LINK, "center")
    place = next(iter(areas(target, finding.cell)), "A1")
    cell.hyperlink = Hyperlink(
        ref=cell.coordinate, location=f"{quote_sheetname(finding.sheet)}!{place}", tooltip="转到该单元格"
    )


def put_text(cell: Cell, words: str, font: Font, align: str = "") -> None:
    """Write a text that stays a text, whatever it begins with, also when somebody edits it."""
    cell.value = ILLEGAL_CHARACTERS_RE.sub("�", words) or None
    if words:
        cell.data_type = "s"
    cell.font = font
    if align:
        cell.alignment = Alignment(align, "center", wrap_text=True)
    if words.startswith(_RISKY):
        cell.quotePrefix = True


def _offered(codes: Codes) -> dict[str, str]:
    """Reason codes as the drop-down shows them: with their names if all of them fit into one list."""
    named = {code: f"{code} {name}" for code, name in codes.names(REASONS).items()}
    listed = ",".join(named.values())
    divided = any("," in words or '"' in words for words in named.values())
    return {code: code for code in named} if divided or len(listed) > _INLINE else named


def _validate(sheet: Worksheet, rows: Sequence[int], codes: Codes) -> None:
    reason, text = (get_column_letter(_PLACE[label]) for label in (REASON, TEXT))
    names = "；".join(f"{code} {name}" for code, name in codes.names(REASONS).items())
    choice = DataValidation(
        type="list",
        formula1=f'"{",".join(_offered(codes).values())}"',
        allow_blank=True,
        showErrorMessage=True,
        errorTitle="填报有误",
        error="请从下拉列表中选择原因码。",
        showInputMessage=len(names) <= _INLINE,
        promptTitle=REASON,
        prompt=names if len(names) <= _INLINE else None,
    )
    words = DataValidation(
        type="textLength",
        operator="greaterThanOrEqual",
        formula1=str(LEAST),
        allow_blank=True,
        showErrorMessage=True,
        errorTitle="填报有误",
        error=f"情况说明至少写 {LEAST} 个字。",
    )
    for rule, letter in ((choice, reason), (words, text)):
        for first, last in _runs(rows):
            rule.add(f"{letter}{first}:{letter}{last}")
        sheet.add_data_validation(rule)


def _runs(rows: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of each run of rows that follow each other."""
    known = set(rows)
    starts = [row for row in rows if row - 1 not in known]
    ends = [row for row in rows if row + 1 not in known]
    return list(zip(starts, ends, strict=True))


def _set_up(sheet: Worksheet, last: int) -> None:
    """Widths, frozen header, A4 landscape, protection without a password."""
    for at, width in enumerate(COLUMNS.values(), 1):
        sheet.column_dimensions[get_column_letter(at)].width = width
    end = get_column_letter(len(COLUMNS))
    sheet.freeze_panes = f"A{HEADER_ROW + 1}"
    sheet.sheet_view.showGridLines = False
    sheet.sheet_properties.tabColor = "C00000"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top = sheet.page_margins.bottom = 0.5
    sheet.print_title_rows = f"{HEADER_ROW}:{HEADER_ROW}"
    sheet.print_area = f"A1:{end}{last}"
    sheet.page_margins.footer = 0.25
    sheet.oddFooter.right.text = "第 &P 页　共 &N 页"
    guard = sheet.protection
    guard.sheet = True
    guard.formatColumns = guard.formatRows = guard.autoFilter = False  # these stay allowed
