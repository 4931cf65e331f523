"""Corrections by GLT10: what a line asks for, and whether it fits what is stored.

A line names a record (``{"period":"2026-09","region_code":"360602"}``), a field, the old and the new
value, the reason, the evidence and two persons. It fits if the figure in force equals the old value, the
record is the filer's own, the field may take the new value and the evidence came along. One that does
not is a hard finding (H320) on its cell; one that does still waits for the bureau, since the approver in
the form is a claim.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from schemas.citing import about
from schemas.finding import Finding
from schemas.form import Column, Form, form_for
from schemas.frames import key_text
from schemas.in_force import InForce
from schemas.period import Period
from schemas.reading.record import Cell, Submission

RULE = "H320"
BLANK = "空白"  # how a form says that nothing is stored
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")


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


class _Misfit(Exception):
    """Why a line cannot be applied: the field at fault, what is wrong, what to do."""

    def __init__(self, field: str, message: str, advice: str) -> None:
        super().__init__(message)
        self.field, self.message, self.advice = field, message, advice


def corrections_of(
    request: Submission, in_force: InForce, has_evidence: Callable[[str], bool]
) -> tuple[list[Correction], list[Finding]]:
    """The lines of a GLT10 submission that fit, and a hard finding for each that does not.

    ``has_evidence`` says whether a file with this SHA-256 came along or is archived already. Lines
    that lack a required field are another rule's matter (R01) and are passed over.
    """
    fitting, findings = [], []
    for line in _lines(request):
        text = {name: (cell.value or "").strip() for name, cell in line.items()}
        if not all(text.get(name) for name in _NEEDED):
            continue
        try:
            fitting.append(_fit(request, line, text, in_force, has_evidence))
        except _Misfit as misfit:
            findings.append(
                about(
                    request,
                    rule=RULE,
                    message=f"修订单 {text['revision_id']} 不成立：{misfit.message}",
                    advice=misfit.advice,
                    cells=[line[misfit.field]],
                    row_key=f"revision_id={text['revision_id']}",
                    field=misfit.field,
                )
            )
    return fitting, findings


_NEEDED = (
    "revision_id", "form_code", "row_key", "field", "old_value", "new_value", "reason", "evidence",
    "requested_by", "approved_by",
)  # fmt: skip


def _lines(request: Submission) -> Iterator[Mapping[str, Cell]]:
    rows: dict[int, dict[str, Cell]] = {}
    for cell in request.cells:
        rows.setdefault(cell.row, {})[cell.field] = cell
    yield from (rows[number] for number in sorted(rows))


def _fit(
    request: Submission,
    line: Mapping[str, Cell],
    text: Mapping[str, str],
    in_force: InForce,
    has_evidence: Callable[[str], bool],
) -> Correction:
    if text["requested_by"] == text["approved_by"]:
        raise _Misfit(
            "approved_by", f"审批人（{text['approved_by']}）与申请人相同。", "请由另一人审批后重报。"
        )
    period, key = _record(text["row_key"])
    form = _form(text["form_code"], period)
    column = _column(form, text["field"])
    row_key = _row_key(form, key)
    figure = in_force.figure(form.code, str(period), row_key, column.code)
    if figure is None:
        raise _Misfit("row_key", f"{period} {form.no}没有记录 {row_key}。", "请核对报告期和记录键。")
    if figure.submitter != request.submitter:
        raise _Misfit(
            "row_key",
            f"{period} {form.no}的记录 {row_key} 由 {figure.submitter} 填报。",
            "请由原填报单位提出修订。",
        )
    if figure.mark:
        raise _Misfit("field", f"该项带数据标识 {figure.mark}，没有数值。", "请重报该表。")
    stored = figure.value
    old = _value(column, text["old_value"], "old_value")
    if old != stored:
        raise _Misfit(
            "old_value",
            f"所填原值 {text['old_value']} 与库存值 {stored or BLANK} 不同"
            f"（{period} {form.no} {row_key} {column.code}，工作表 {figure.place.sheet} {figure.place.cell}）。",
            "请核对记录、字段和原值后重报。",
        )
    new = _value(column, text["new_value"], "new_value")
    if not new or new == old:
        raise _Misfit("new_value", f"新值 {text['new_value']} 与原值相同或为空白。", "请填写更正后的值。")
    return Correction(
        revision=f"{request.submitter}/{text['revision_id']}",
        request=request,
        cell=line["new_value"].address,
        target=Target(
            figure.place.digest, figure.place.sheet, form.code, str(period), figure.submitter, figure.subject
        ),
        row_key=row_key,
        field=column.code,
        old_value=old,
        new_value=new,
        reason=text["reason"],
        evidence=_evidence(text["evidence"], has_evidence),
        requested_by=text["requested_by"],
        approved_by=text["approved_by"],
        approved_at=text.get("approved_at", ""),
    )


def _record(text: str) -> tuple[Period, dict[str, str]]:
    """Period and key fields of a record key in JSON."""
    example = '请写成 {"period":"2026-09","region_code":"360602"} 的形式。'
    try:
        key = {str(name): str(value) for name, value in dict(json.loads(text)).items()}
        return Period.parse(key.pop("period")), key
    except (ValueError, TypeError, KeyError) as error:
        raise _Misfit("row_key", f"记录键 {text[:60]} 读不出来。", example) from error


def _form(code: str, period: Period) -> Form:
    try:
        form = form_for(code, period)
    except KeyError as error:
        raise _Misfit(
            "form_code", f"{code} 没有在 {period} 有效的表式。", "请核对表代码和报告期。"
        ) from error
    if form.store == "permu" or form.code == "GLT10":
        raise _Misfit("form_code", f"{code} 不能用修订单更正。", "请重报该表。")
    return form


def _column(form: Form, code: str) -> Column:
    column = next((c for c in form.columns if c.code == code), None)
    if column is None:
        raise _Misfit("field", f"{form.no}没有字段 {code}。", "请按字段说明填写字段代码。")
    if column.key:
        raise _Misfit("field", f"{code} 是记录键，不能更正。", "请重报该表。")
    return column


def _row_key(form: Form, key: Mapping[str, str]) -> str:
    names = [c.code for c in form.keys]
    strange = sorted(key.keys() - set(names))
    if strange:
        raise _Misfit(
            "row_key",
            f"{form.no}的记录键没有 {'、'.join(strange)}。",
            f"记录键由 period、{'、'.join(names)} 组成。",
        )
    return key_text(form, tuple(key.get(name, "") for name in names))


def _value(column: Column, text: str, field: str) -> str:
    """The exact plain text of a value; "" for a blank."""
    if text == BLANK:
        return ""
    if not column.numeric:
        return text
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -4:
        raise _Misfit(field, f"{text} 不是数值或小数超过 4 位。", "请填写不带千分位的数值。")
    if column.type == "int" and number != number.to_integral_value():
        raise _Misfit(field, f"“{column.label}”应为整数，现为 {text}。", f"请填整数（{column.unit}）。")
    low, high = column.min, column.max
    if field == "new_value" and ((low is not None and number < low) or (high is not None and number > high)):
        raise _Misfit(
            field, f"新值 {text} 超出值域（{low} 至 {high}）。", f"请核对数值和计量单位（{column.unit}）。"
        )
    return plain(number)


def plain(number: Decimal) -> str:
    """A decimal as plain text without needless zeros."""
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _evidence(text: str, has_evidence: Callable[[str], bool]) -> str:
    found = _DIGEST.search(text)
    if found is None:
        raise _Misfit(
            "evidence",
            "依据没有写明文件的 SHA-256（64 位）。",
            "请写明依据文件名和它的 SHA-256，并把文件一并放入收件夹。",
        )
    digest = found[0].lower()
    if not has_evidence(digest):
        raise _Misfit(
            "evidence",
            f"依据文件（SHA-256 {digest[:12]}…）没有随报。",
            "请把依据文件与修订单一并放入收件夹。",
        )
    return digest
