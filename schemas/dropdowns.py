"""What the cells of a form may take: drop-downs from the code lists, ranges of numbers, lengths of codes.

A list that is short enough stands in the sheet's validation itself; a longer one is written once on a
hidden sheet of the workbook, which carries no 表号 and is no submission.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.cell_range import MultiCellRange
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from schemas.codes import Codes
from schemas.form import Column
from schemas.period import Period
from schemas.territory import Submitter

CODE_SHEET = "代码表"
_LIMIT = 255  # characters that Excel takes in a list, a prompt or an error text
_LENGTHS = {"uscc": (18, "18 位统一社会信用代码"), "month": (7, "年月，如 2024-05"),
            "date": (10, "日期，如 2024-05-31")}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """What a cell may take; ``strict`` refuses everything else, otherwise it is only offered."""

    kind: Literal["whole", "decimal", "list", "textLength"]
    low: str
    high: str = ""
    strict: bool = True
    error: str = ""
    prompt: str = ""

    def attach(self, sheet: Worksheet, areas: Sequence[str]) -> None:
        """Hold the cells of these areas to it."""
        rule = DataValidation(
            type=self.kind,
            operator=None if self.kind == "list" else "between",
            formula1=self.low,
            formula2=self.high or None,
            allow_blank=True,
            showErrorMessage=self.strict,
            errorTitle="填报有误" if self.strict else None,
            error=self.error or None,
            showInputMessage=bool(self.prompt),
            promptTitle="填报提示" if self.prompt else None,
            prompt=self.prompt or None,
        )
        rule.sqref = MultiCellRange(" ".join(areas))
        sheet.data_validations.append(rule)


class Lists:
    """The lists of one workbook: in the validation where they fit, else on the hidden sheet."""

    def __init__(self) -> None:
        self._long: dict[tuple[str, ...], str] = {}

    def reference(self, codes: Sequence[str]) -> str:
        """What a validation writes to name this list."""
        inline = ",".join(codes)
        if len(inline) <= _LIMIT:
            return f'"{inline}"'
        key = tuple(codes)
        if key not in self._long:
            letter = get_column_letter(len(self._long) + 1)
            self._long[key] = f"{CODE_SHEET}!${letter}$2:${letter}${len(key) + 1}"
        return self._long[key]

    def write(self, workbook: Workbook) -> None:
        """Add the hidden sheet if a list needs it."""
        if not self._long:
            return
        sheet = workbook.create_sheet(CODE_SHEET)
        sheet.sheet_state = "hidden"
        sheet.protection.sheet = True
        for number, codes in enumerate(self._long, 1):
            sheet.cell(1, number, CODE_SHEET)
            for row, code in enumerate(codes, 2):
                sheet.cell(row, number, code).data_type = "s"


def choices(codes: Codes, office: Submitter, codelist: str, period: Period) -> dict[str, str]:
    """Code to name of what an office may choose in a period: of counties and zones its own, else all.

    Empty for ``industries``, which are no list but four digits.
    """
    if codelist == "industries":
        return {}
    names = codes.names(codelist)
    valid = {code: names[code] for code in codes.members(codelist, period)}
    if codelist == "counties" and office.level == "county":
        return {office.code: names[office.code]}
    if codelist == "counties" and office.level == "city":
        return {code: names[code] for code in codes.counties(office.code)}
    if codelist == "parks" and office.level in ("county", "city"):
        city = codes.regions[office.code].parent if office.level == "county" else office.code
        return {r["code"]: r["name"] for r in codes.rows("parks") if r["city"] == city and r["code"] in valid}
    return valid


def number_entry(column: Column, *, signed: bool = False) -> Entry:
    """The range of a number; ``signed`` lets it be negative, as in a 剔重 row."""
    low, high = str(column.min), str(column.max)
    if signed and column.min == 0:
        low = f"-{high}"
    whole = column.type == "int"
    kind = "整数" if whole else "数"
    error = f"请填 {low} 至 {high} 之间的{kind}，不带单位和其他文字。空白表示未报，零请填 0。"
    return Entry("whole" if whole else "decimal", low, high, error=error)


def entry(codes: Codes, office: Submitter, column: Column, period: Period, lists: Lists) -> Entry | None:
    """What the cells of a column may take; None if any text will do."""
    if column.numeric:
        return number_entry(column)
    if column.type in _LENGTHS:
        length, sample = _LENGTHS[column.type]
        error = f"{column.header[0]}应为{sample}，共 {length} 个字符。"
        return Entry("textLength", str(length), str(length), error=error, prompt=f"请填{sample}")
    if column.codelist == "industries":
        return Entry("textLength", "4", "4", error="请填 GB/T 4754-2017 的四位小类代码。")
    if column.codelist is None:
        return None
    offered = choices(codes, office, column.codelist, period)
    if not offered:  # a county whose city has no zones
        return None
    prompt = "；".join(f"{code} {words}" for code, words in offered.items())
    several = column.type == "codes"  # the list offers single codes, the cell may join them
    return Entry(
        "list",
        lists.reference(tuple(offered)),
        strict=not several,
        error="" if several else "请从下拉列表中选择代码。",
        prompt=prompt if len(prompt) <= _LIMIT else "",
    )


def mark_entry(codes: Codes, *, per_value: bool) -> Entry:
    """What a 数据标识 cell may take: one letter; beside a whole row also ``va_growth=N|elec_cum=C``."""
    names = codes.names("marks")
    prompt = "；".join(f"{code} {words}" for code, words in names.items())
    if not per_value:
        prompt += "。对本行全部空白有效；只对个别字段有效的写 字段代码=标识，用 | 分隔。"
    error = f"数据标识只能填 {'、'.join(names)}。" if per_value else ""
    return Entry("list", f'"{",".join(names)}"', strict=per_value, error=error, prompt=prompt)
