"""Drop-downs that Excel keeps in an extension of the sheet, which openpyxl does not carry over.

Excel writes a validation there when its list stands on another sheet, as the long code lists of the
blank forms do. The plain place takes such a list too, so that the copy has it there.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element

from openpyxl import Workbook
from openpyxl.worksheet.cell_range import MultiCellRange
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.xml.functions import fromstring

from schemas.reading.parts import read_book

_X14 = "http://schemas.microsoft.com/office/spreadsheetml/2009/9/main"
_XM = "http://schemas.microsoft.com/office/excel/2006/main"
_TEXTS = ("type", "operator", "errorStyle", "imeMode", "errorTitle", "error", "promptTitle", "prompt")
_FLAGS = ("allowBlank", "showDropDown", "showInputMessage", "showErrorMessage")


def carry_validations(parts: Mapping[str, bytes], book: Workbook) -> None:
    """Give the sheets of a loaded workbook the validations that stand in extensions of its parts."""
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    for part in read_book(parts).sheets:
        if part.name in sheets and _X14.encode() in part.data:
            for found in fromstring(part.data).iter(f"{{{_X14}}}dataValidation"):
                sheets[part.name].data_validations.append(_validation(found))


def _validation(found: Element) -> DataValidation:
    texts = {name: found.get(name) for name in _TEXTS}
    flags = {name: found.get(name) in ("1", "true") for name in _FLAGS}
    rule = DataValidation(
        **texts, **flags, formula1=_formula(found, "formula1"), formula2=_formula(found, "formula2")
    )
    rule.sqref = MultiCellRange(found.findtext(f"{{{_XM}}}sqref", ""))
    return rule


def _formula(found: Element, name: str) -> str | None:
    return found.findtext(f"{{{_X14}}}{name}/{{{_XM}}}f")
