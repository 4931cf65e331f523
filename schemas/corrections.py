"""Corrections by GLT10: what a line asks for, and whether it fits what is stored.

A line names a record (``{"period":"2026-09","region_code":"360602"}``), a field, the old and the new
value, the reason, the evidence and two persons. It fits if the figure in force equals the old value, the
record is the filer's own, the field may take the new value and the evidence came along. One that does
not is a hard finding (H320) on its cell; one that does still waits for the bureau, since the approver in
the form is a claim.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from schemas.checks import check, prepare
from schemas.citing import about
from schemas.codes import Codes
from schemas.correction_line import BLANK, CorrectionLine, Misfit, digest_in, read_line
from schemas.finding import Finding
from schemas.in_force import Figure, InForce
from schemas.reading.record import Cell, Submission

RULE = "H320"
_NEEDED = (
    "revision_id", "form_code", "row_key", "field", "old_value", "new_value", "reason", "evidence",
    "requested_by", "approved_by",
)  # fmt: skip
# those of the rules that all forms share that look at one cell alone: range, whole number, shape, list, check digit
_OF_A_CELL = frozenset(("R03", "R04", "R05", "H004", "H005", "H010", "H011"))


@dataclass(frozen=True)
class Target:
    """The version of a submission whose figure is corrected."""

    digest: str
    sheet: str
    form: str
    period: str
    submitter: str
    subject: str


@dataclass(frozen=True)
class Correction:
    """One line of GLT10 that fits. Values are exact plain texts, "" for a blank."""

    revision: str  # filer/修订单号
    request: Submission
    cell: str  # of the new value
    target: Target
    row_key: str
    field: str
    old_value: str
    new_value: str
    reason: str
    evidence: str  # SHA-256
    requested_by: str
    approved_by: str
    approved_at: str

    @property
    def change(self) -> tuple[str, ...]:
        """What is asked for, whoever asks and on whatever evidence."""
        return (
            self.revision, self.target.form, self.target.period, self.row_key, self.field, self.old_value,
            self.new_value,
        )  # fmt: skip


def corrections_of(
    request: Submission,
    in_force: InForce,
    codes: Codes,
    has_evidence: Callable[[str], bool],
    is_known: Callable[[CorrectionLine], bool],
    beside: Sequence[Correction] = (),
) -> tuple[list[Correction], list[Finding]]:
    """The lines of a GLT10 submission that fit, and a hard finding for each that does not.

    ``has_evidence`` says whether a file with this SHA-256 came along or is archived already;
    ``is_known`` whether the same was asked for before and waits or stands: such a line, filed again,
    asks for nothing. ``beside`` are the corrections that others of the batch ask for: the same once more must
    rest on the same evidence. Lines that lack a required field are another rule's matter (R01) and are passed
    over; that the approver is not the requester, the form's own rule says.
    """
    fitting: list[Correction] = []
    findings: list[Finding] = []
    for cells in _lines(request):
        text = {name: (cell.value or "").strip() for name, cell in cells.items()}
        if not all(text.get(name) for name in _NEEDED):
            continue
        try:
            line = read_line(request.submitter, text)
            if not is_known(line):
                figure = _figure(request, line, text["old_value"], in_force)
                _check_new(line, figure, codes)
                evidence = _evidence(text["evidence"], has_evidence)
                asked = _correction(request, cells, text, line, figure, evidence)
                _refuse_other_evidence(asked, [*beside, *fitting])
                fitting.append(asked)
        except Misfit as misfit:
            findings.append(
                about(
                    request,
                    rule=RULE,
                    message=f"修订单 {text['revision_id']} 不成立：{misfit.message}",
                    advice=misfit.advice,
                    cells=[cells[misfit.field]],
                    row_key=f"revision_id={text['revision_id']}",
                    field=misfit.field,
                )
            )
    return fitting, findings


def _refuse_other_evidence(asked: Correction, beside: Sequence[Correction]) -> None:
    for other in beside:
        if other.change == asked.change and other.evidence != asked.evidence:
            raise Misfit(
                "evidence",
                f"同一批里已有同样的修订（工作表 {other.request.sheet} {other.cell}），而依据文件不同。",
                "同一修订只列一行，依据合并成一个文件后重报。",
            )


def _lines(request: Submission) -> Iterator[Mapping[str, Cell]]:
    rows: dict[int, dict[str, Cell]] = {}
    for cell in request.cells:
        rows.setdefault(cell.row, {})[cell.field] = cell
    yield from (rows[number] for number in sorted(rows))


def _figure(request: Submission, line: CorrectionLine, old_text: str, in_force: InForce) -> Figure:
    """The figure in force that a line names, if it is the filer's own and holds the old value."""
    place = f"{line.period} {line.form.no}"
    figure = in_force.figure(line.form.code, str(line.period), line.row_key, line.column.code)
    if figure is None:
        raise Misfit("row_key", f"{place}没有记录 {line.row_key}。", "请核对报告期和记录键。")
    if figure.submitter != request.submitter:
        raise Misfit(
            "row_key",
            f"{place}的记录 {line.row_key} 由 {figure.submitter} 填报。",
            "请由原填报单位提出修订。",
        )
    if figure.mark:
        raise Misfit("field", f"该项带数据标识 {figure.mark}，没有数值。", "请重报该表。")
    if line.old_value != figure.value:
        raise Misfit(
            "old_value",
            f"所填原值 {old_text} 与库存值 {figure.value or BLANK} 不同（{place} {line.row_key} "
            f"{line.column.code}，工作表 {figure.place.sheet} {figure.place.cell}）。",
            "请核对记录、字段和原值后重报。",
        )
    return figure


def _check_new(line: CorrectionLine, figure: Figure, codes: Codes) -> None:
    """Hold the new value against the rules that a cell of the form is held against; Misfit if one fails."""
    if line.new_value in ("", line.old_value):
        raise Misfit("new_value", "新值与原值相同或为空白。", "请填写更正后的值。")
    names = [column.code for column in line.form.keys]
    kind = "number" if line.column.numeric else "text"
    cells = [Cell(1, name, "", part, "text", part) for name, part in zip(names, line.key, strict=True)]
    cells.append(Cell(1, line.column.code, "", line.new_value, kind, line.new_value))
    record = Submission(
        form=line.form.code, edition=line.form.edition, period=str(line.period), submitter=figure.submitter,
        subject=figure.subject, version=1, reported_on="", office="", sheet="", cells=tuple(cells),
        findings=(), digest="", file_name="",
    )  # fmt: skip
    for finding in check(prepare([record], codes)).findings:
        if finding.rule in _OF_A_CELL and line.column.code in finding.field.split(","):
            raise Misfit("new_value", f"新值不合格：[{finding.rule}] {finding.message}。", finding.advice)


def _evidence(text: str, has_evidence: Callable[[str], bool]) -> str:
    digest = digest_in(text)
    if not has_evidence(digest):
        raise Misfit(
            "evidence",
            f"依据文件（SHA-256 {digest[:12]}…）没有随报。",
            "请把依据文件与修订单一并放入收件夹。",
        )
    return digest


def _correction(
    request: Submission,
    cells: Mapping[str, Cell],
    text: Mapping[str, str],
    line: CorrectionLine,
    figure: Figure,
    evidence: str,
) -> Correction:
    at = figure.place
    return Correction(
        revision=line.revision,
        request=request,
        cell=cells["new_value"].address,
        target=Target(
            at.digest, at.sheet, line.form.code, str(line.period), figure.submitter, figure.subject
        ),
        row_key=line.row_key,
        field=line.column.code,
        old_value=line.old_value,
        new_value=line.new_value,
        reason=text["reason"],
        evidence=evidence,
        requested_by=text["requested_by"],
        approved_by=text["approved_by"],
        approved_at=text.get("approved_at", ""),
    )
