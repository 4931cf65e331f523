"""One line of GLT10 as it is written: which figure of which record, from which value to which.

What cannot be read so is a ``Misfit``, which names the field at fault. Nothing is guessed: a value is
written as the forms print it, without separators, in ASCII digits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from schemas.form import Column, Form, form_for
from schemas.frames import key_text
from schemas.period import Period
from schemas.reading.clean import plain

BLANK = "空白"  # how a form says that nothing is stored

_DIGEST = re.compile(r"[0-9a-fA-F]{64}")
_NUMBER = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_DECIMALS = 4  # that are stored


class Misfit(Exception):
    """Why a line cannot be applied: the field at fault, what is wrong, what to do."""

    def __init__(self, field: str, message: str, advice: str) -> None:
        super().__init__(message)
        self.field, self.message, self.advice = field, message, advice


@dataclass(frozen=True)
class CorrectionLine:
    """What a line asks for. Values are exact plain texts, "" for a blank."""

    revision: str  # filer/修订单号
    form: Form
    period: Period
    key: tuple[str, ...]  # the record's, in the form's order
    column: Column
    old_value: str
    new_value: str

    @property
    def row_key(self) -> str:
        """The record's key as a finding writes it."""
        return key_text(self.form, self.key)


def read_line(submitter: str, text: Mapping[str, str]) -> CorrectionLine:
    """The line whose cells hold these texts; Misfit if it names no figure or no value."""
    period, key = _record(text["row_key"])
    form = _form(text["form_code"], period)
    column = _column(form, text["field"])
    return CorrectionLine(
        f"{submitter}/{text['revision_id']}",
        form,
        period,
        _key(form, key),
        column,
        _value(column, text["old_value"], "old_value"),
        _value(column, text["new_value"], "new_value"),
    )


def digest_in(evidence: str) -> str:
    """The SHA-256 that a line names as its evidence; Misfit if there is none."""
    found = _DIGEST.search(evidence)
    if found is None:
        raise Misfit(
            "evidence",
            "依据没有写明文件的 SHA-256（64 位）。",
            "请写明依据文件名和它的 SHA-256，并把文件一并放入收件夹。",
        )
    return found[0].lower()


def _record(text: str) -> tuple[Period, dict[str, str]]:
    """Period and key fields of a record key in JSON."""
    example = '请写成 {"period":"2026-09","region_code":"360602"} 的形式。'
    try:
        key = {str(name): str(value) for name, value in dict(json.loads(text)).items()}
        return Period.parse(key.pop("period")), key
    except (ValueError, TypeError, KeyError) as error:
        raise Misfit("row_key", f"记录键 {text[:60]} 读不出来。", example) from error


def _form(code: str, period: Period) -> Form:
    try:
        form = form_for(code, period)
    except KeyError as error:
        raise Misfit("form_code", f"{code} 没有在 {period} 有效的表式。", "请核对表代码和报告期。") from error
    if form.store == "permu" or form.code == "GLT10":
        raise Misfit("form_code", f"{code} 不能用修订单更正。", "请重报该表。")
    return form


def _column(form: Form, code: str) -> Column:
    column = next((c for c in form.columns if c.code == code), None)
    if column is None:
        raise Misfit("field", f"{form.no}没有字段 {code}。", "请按字段说明填写字段代码。")
    if column.key:
        raise Misfit("field", f"{code} 是记录键，不能更正。", "请重报该表。")
    return column


def _key(form: Form, key: Mapping[str, str]) -> tuple[str, ...]:
    names = [c.code for c in form.keys]
    strange = sorted(key.keys() - set(names))
    if strange:
        raise Misfit(
            "row_key",
            f"{form.no}的记录键没有 {'、'.join(strange)}。",
            f"记录键由 period、{'、'.join(names)} 组成。",
        )
    return tuple(key.get(name, "") for name in names)


def _value(column: Column, text: str, field: str) -> str:
    if text == BLANK:
        return ""
    if not column.numeric:
        return text
    number = plain(Decimal(text)) if _NUMBER.fullmatch(text) else ""
    if not number or len(number.partition(".")[2]) > _DECIMALS:
        raise Misfit(
            field,
            f"{text} 不是数值或小数超过 {_DECIMALS} 位。",
            "请用半角数字填写，不带千分位和其他符号。",
        )
    return number
