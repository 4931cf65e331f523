"""One workbook, from its bytes to submissions: the reader's front door.

Each sheet is recognised by its 表号 and 表式版本, never by its name. What cannot be told apart (whose,
which period) is no submission; a workbook without any submission is refused whole.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace

from schemas.codes import Codes
from schemas.finding import Finding, Severity
from schemas.form import Form, load_forms
from schemas.period import Period
from schemas.reading import clean
from schemas.reading.explanations import is_named, read_explanations, settle
from schemas.reading.head import Line, lines_of
from schemas.reading.history import read_history
from schemas.reading.identity import (
    USE_ISSUED,
    check_foot,
    check_head,
    note_missing,
    place_of,
    recognise,
    reported_on,
    said,
    signatures,
    version_of,
)
from schemas.reading.layout import Layout, lay_out
from schemas.reading.long import read_long
from schemas.reading.notes import Notes
from schemas.reading.package import Limits, Refusal, open_package
from schemas.reading.parts import Book, SheetPart, read_book
from schemas.reading.record import Cell, Delivery, Explanation, Submission
from schemas.reading.sheet import Sheet, open_sheet
from schemas.reading.spelling import OddSpelling
from schemas.reading.wide import read_wide
from schemas.stamp import is_own

MIXED = "L09"  # GLT09 beside other forms: refused whole, archived nowhere
OWN = "L20"  # a workbook that the program wrote: taken nowhere


@dataclass
class _Read:
    """What came of one sheet: of a form, a history sheet, or the sheet of answers."""

    submissions: list[Submission]
    findings: list[Finding]
    explanations: list[Explanation] = field(default_factory=list)
    on_answers: list[Finding] = field(default_factory=list)


def read_workbook(data: bytes, file_name: str, codes: Codes, limits: Limits | None = None) -> Delivery:
    """Read one delivery. A file that cannot be taken comes back with ``refused``; nothing is raised."""
    limits = limits or Limits()
    digest = hashlib.sha256(data).hexdigest()
    notes = Notes(digest, file_name)
    try:
        parts = open_package(data, limits)
        book = read_book(parts)
        _count_cells(book, limits)
        found = [_read_sheet(part, book, codes, notes) for part in book.sheets]
    except Refusal as refusal:
        return refused(notes, len(data), refusal)
    submissions = [submission for one in found for submission in one.submissions]
    loose = [finding for one in found for finding in one.findings]
    stores = {_store(submission) for submission in submissions}
    if len(stores) > 1:
        return refused(
            notes,
            len(data),
            Refusal(
                MIXED,
                "亩均评价基础数据（赣链统09表）与其他报表放在同一工作簿，整份不予接收。",
                "请把赣链统09表单独成册报送。",
            ),
        )
    if not submissions and is_own(parts):
        return refused(
            notes, len(data), Refusal(OWN, "这是本程序写出的表，不是报表。", "请从收件文件夹中移走。")
        )
    if not submissions:
        hard = [finding for finding in loose if finding.severity is Severity.HARD]
        if not hard:
            return refused(
                notes, len(data), Refusal("L01", "工作簿中没有可以识别的报表（未见表号）。", USE_ISSUED)
            )
        rest = tuple(finding for finding in loose if finding is not hard[0])
        return Delivery(digest, file_name, len(data), (), rest, hard[0])
    explanations, clashes = settle([e for one in found for e in one.explanations], notes)
    on_answers = (*(finding for one in found for finding in one.on_answers), *clashes)
    return Delivery(
        digest,
        file_name,
        len(data),
        _without_twins(submissions),
        (*loose, *on_answers),
        explanations=explanations,
    )


def refused(notes: Notes, size: int, refusal: Refusal) -> Delivery:
    """A delivery of which nothing could be taken."""
    notes.sheet = refusal.sheet
    notes.add(refusal.rule, refusal.message, refusal.advice, cell=refusal.cell)
    return Delivery(notes.digest, notes.file_name, size, refused=notes.found[-1])


def _store(submission: Submission) -> str:
    return next(form.store for form in load_forms() if form.code == submission.form)


def _count_cells(book: Book, limits: Limits) -> None:
    cells = sum(part.data.count(b"<c ") + part.data.count(b":c ") for part in book.sheets)
    if cells > limits.max_cells:
        raise Refusal(
            "F18",
            f"工作簿有 {cells} 个单元格，超过上限 {limits.max_cells}。",
            "请删除表外的空行空列和与报表无关的工作表后重报。",
        )


def _without_twins(submissions: list[Submission]) -> tuple[Submission, ...]:
    """The submissions; of two with one identity in one workbook neither can be believed."""
    count = Counter(submission.identity for submission in submissions)
    return tuple(
        submission if count[submission.identity] == 1 else _twin(submission) for submission in submissions
    )


def _twin(one: Submission) -> Submission:
    notes = Notes(
        one.digest, one.file_name, one.sheet, one.submitter, one.period, one.form, one.edition, one.subject
    )
    notes.add("L17", "同一工作簿中有两张相同的报表（同单位、同报告期、同表）。", "请只保留一张后重报。")
    return replace(one, findings=(*one.findings, *notes.found))


def _read_sheet(part: SheetPart, book: Book, codes: Codes, notes: Notes) -> _Read:
    own = Notes(notes.digest, notes.file_name, part.name)
    sheet = open_sheet(part, book)
    try:
        return _arrange(sheet, codes, own)
    except OddSpelling:
        own.found.clear()
    try:
        return _arrange(Sheet.respelled(part, book), codes, own)
    except OddSpelling:
        message = f"工作表“{part.name}”的内部结构不合规。"
        advice = "请用 Excel 或 WPS 打开并另存为“Excel 工作簿（*.xlsx）”后重报。"
        raise Refusal("F17", message, advice, part.name) from None


def _arrange(sheet: Sheet, codes: Codes, notes: Notes) -> _Read:
    layout = lay_out(sheet)
    if layout.history:
        return _Read(*read_history(sheet, notes))
    head, clashes = lines_of(layout.above, "head")
    if is_named(sheet.name) or "no" not in head:
        answers = read_explanations(layout, codes, notes)
        if answers is not None:
            return _Read([], [], answers, notes.found)
    if "no" not in head or not head["no"].value:
        if layout.rows and not sheet.hidden:
            notes.add(
                "L14",
                f"工作表“{sheet.name}”没有表号，未作为报表读取。",
                "如是报表请补表号；如不是，请从工作簿中删除。",
                severity=Severity.SOFT,
            )
        return _Read([], notes.found)
    form, period = recognise(head, notes)
    if form is None:
        return _Read([], notes.found)
    notes.form, notes.edition = form.code, form.edition
    submitter, subject = said(head, "submitter"), ""
    notes.submitter = submitter = clean.code(submitter).value or ""
    if not submitter:
        note_missing(notes, head, "submitter")
    if form.subject is not None:
        name = f"subject:{form.subject}"
        subject = clean.code(said(head, name)).value or ""
        if not subject:
            label = form.column(form.subject).header[0]
            notes.add("H001", f"表头“{label}”未填。", f"请填{label}。", cell=place_of(head, name))
    notes.subject = subject
    if period is None or not submitter or (form.subject is not None and not subject):
        return _Read([], notes.found)
    check_head(head, clashes if layout.top is not None else [], form, period, notes)
    if sheet.hidden or sheet.rows_hidden_by_default():
        notes.add("L07", f"工作表“{sheet.name}”或其行被隐藏，其中有报表。", "请取消隐藏，核对后重报。")
    return _Read([_submission(sheet, layout, head, form, period, codes, notes)], [])


def _submission(
    sheet: Sheet, layout: Layout, head: dict[str, Line], form: Form, period: Period, codes: Codes, notes: Notes
) -> Submission:  # fmt: skip
    cells: list[Cell] = []
    foot: dict[str, Line] = {}
    if layout.top is None:
        notes.add("L03", f"找不到{form.no}的表头。", USE_ISSUED)
    elif form.layout == "wide":
        cells, foot = read_wide(layout, form, period, notes)
    else:
        cells, foot = read_long(layout, form, period, notes.subject, codes, notes)
    check_foot(foot, notes)
    return Submission(
        form=form.code,
        edition=form.edition,
        period=str(period),
        submitter=notes.submitter,
        subject=notes.subject,
        version=version_of(head, notes),
        reported_on=reported_on(foot, notes),
        office=said(head, "office"),
        sheet=sheet.name,
        cells=tuple(cells),
        findings=tuple(notes.found),
        digest=notes.digest,
        file_name=notes.file_name,
        signed=signatures(foot),
        phone=said(foot, "phone"),
    )
