"""Defects inside one sheet: a filled form with one cell, row, column or head entry made wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from schemas.codes import Codes
from schemas.form import Form
from schemas.period import Period


@dataclass(frozen=True)
class Spot:
    """Where a wide form's table stands in a sheet: column of each field, first and last data row."""

    sheet: Worksheet
    columns: dict[str, int]
    first: int
    last: int

    def address(self, row: int, field: str) -> str:
        """The address of a field in a row of the sheet."""
        return f"{get_column_letter(self.columns[field])}{row}"


@dataclass(frozen=True)
class SheetDefect:
    """One defect: its name, the form it is put into, the rule that must find it, and how it is made."""

    name: str
    form: str
    rule: str
    note: str
    spoil: Callable[[Spot, Codes, str], str]  # gives the address that a finding must name


def find_spot(sheet: Worksheet, form: Form, period: Period) -> Spot | None:
    """The table of a wide form in a sheet; None if the sheet holds another form."""
    texts = {cell.value for row in sheet.iter_rows(max_row=14) for cell in row if isinstance(cell.value, str)}
    if form.no not in texts:
        return None
    stems = next(row[0].row for row in sheet.iter_rows(max_col=1) if row[0].value == "甲")
    columns, place = {}, 0
    for column in form.columns_at(period):
        place += 2 if column.companion else 1
        columns[column.code] = place
    key = columns[form.keys[0].code]
    last = stems
    while (
        sheet.cell(last + 1, key).value not in (None, "") and len(str(sheet.cell(last + 1, key).value)) >= 6
    ):
        last += 1
    return Spot(sheet, columns, stems + 1, last)


def head_cell(sheet: Worksheet, label: str) -> str:
    """The address of the value beside a label of the head; StopIteration if it is not there."""
    for row in sheet.iter_rows(max_row=16):
        for place, cell in enumerate(row):
            if isinstance(cell.value, str) and _bare(cell.value) == _bare(label):
                return str(next(c.coordinate for c in row[place + 1 :] if c.value not in (None, "")))
    raise StopIteration(label)


def _bare(text: str) -> str:
    return text.replace(" ", "").replace("　", "").rstrip("：:")


def _percent(spot: Spot, codes: Codes, office: str) -> str:
    address = spot.address(spot.first, "tech_inv_share")
    cell = spot.sheet[address]
    cell.value = f"{cell.value}%"
    cell.data_type = "s"
    return address


def _formula(spot: Spot, codes: Codes, office: str) -> str:
    address = spot.address(spot.first, "rev_cum")
    spot.sheet[address].value = f"={spot.address(spot.first, 'sale_cum')}*1.02"
    return address


def _error(spot: Spot, codes: Codes, office: str) -> str:
    address = spot.address(spot.first, "cost_cum")
    cell = spot.sheet[address]
    cell.value = "#DIV/0!"
    cell.data_type = "e"
    return address


def _hidden(spot: Spot, codes: Codes, office: str) -> str:
    row = spot.first + (spot.last - spot.first) // 2
    spot.sheet.row_dimensions[row].hidden = True
    return str(row)


def _merged(spot: Spot, codes: Codes, office: str) -> str:
    area = f"{spot.address(spot.first, 'ar_end')}:{spot.address(spot.first, 'fg_inv_end')}"
    spot.sheet.merge_cells(area)
    return area


def _unit(spot: Spot, codes: Codes, office: str) -> str:
    address = head_cell(spot.sheet, "计量单位：")
    spot.sheet[address].value = "亿元"
    return address


def _expired(spot: Spot, codes: Codes, office: str) -> str:
    address = head_cell(spot.sheet, "有效期至：")
    spot.sheet[address].value = "2025年12月"
    return address


def _january(spot: Spot, codes: Codes, office: str) -> str:
    address = head_cell(spot.sheet, "报告期：")
    spot.sheet[address].value = "2026年1月"
    return address


def _without_column(spot: Spot, codes: Codes, office: str) -> str:
    """Take out the column of costs, with the merged cells of the header to its right moved along."""
    sheet, gone = spot.sheet, spot.columns["cost_cum"]
    ranges = list(sheet.merged_cells.ranges)
    for area in ranges:
        sheet.unmerge_cells(str(area))
    sheet.delete_cols(gone)
    for area in ranges:
        left = area.min_col - (area.min_col > gone)
        right = area.max_col - (area.max_col >= gone)
        if right >= left and (area.min_row, left) != (area.max_row, right):
            sheet.merge_cells(
                start_row=area.min_row, end_row=area.max_row, start_column=left, end_column=right
            )
    return ""


def _more_columns(spot: Spot, codes: Codes, office: str) -> str:
    """A local column right of 数据标识."""
    stem = spot.first - 1
    place = max(cell.column for cell in spot.sheet[stem] if cell.value not in (None, "")) + 2
    header = next(
        row
        for row in range(stem - 1, 0, -1)
        if spot.sheet.cell(row, spot.columns["rev_cum"]).value == "1-本月"
    )
    spot.sheet.cell(header - 1, place, "县内补充指标")
    spot.sheet.cell(stem, place, max(spot.columns.values()))
    spot.sheet.cell(spot.first, place, 315)
    return f"{get_column_letter(place)}{header - 1}"


def _neighbour(spot: Spot, codes: Codes, office: str) -> str:
    address = spot.address(spot.first, "region_code")
    peers = [county for county in codes.counties(codes.regions[office].parent) if county != office]
    spot.sheet[address].value = peers[0]
    return address


def _losers(spot: Spot, codes: Codes, office: str) -> str:
    address = spot.address(spot.first, "ent_loss_n")
    count = spot.sheet[spot.address(spot.first, "ent_n")].value
    spot.sheet[address].value = int(str(count)) + 3
    return address


def _double(spot: Spot, codes: Codes, office: str) -> str:
    """A sub-chain's row takes the key of the one above it, so that the chain's sum still holds."""
    sheet, sub, chain = spot.sheet, spot.columns["subchain_code"], spot.columns["chain_code"]
    row = next(
        row
        for row in range(spot.first + 1, spot.last + 1)
        if sheet.cell(row, chain).value == sheet.cell(row - 1, chain).value
        and "T" not in (sheet.cell(row, sub).value, sheet.cell(row - 1, sub).value)
    )
    for place in (sub - 1, sub):
        sheet.cell(row, place).value = sheet.cell(row - 1, place).value
    return spot.address(row, "region_code")


SHEET_DEFECTS = (
    SheetDefect("百分号文本", "GLT02", "H007", "比重写成带百分号的文字", _percent),
    SheetDefect("公式无值", "GLT02", "L15", "营业收入是没有存下结果的公式", _formula),
    SheetDefect("错误值", "GLT02", "L10", "营业成本是 #DIV/0!", _error),
    SheetDefect("隐藏行", "GLT01", "L07", "数据行被隐藏", _hidden),
    SheetDefect("合并数据格", "GLT02", "L08", "应收账款与产成品两格合并", _merged),
    SheetDefect("计量单位亿元", "GLT02", "H008", "表头计量单位写亿元", _unit),
    SheetDefect("缺列", "GLT02", "L05", "缺营业成本一列", _without_column),
    SheetDefect("多列", "GLT02", "L04", "多出县内补充指标一列", _more_columns),
    SheetDefect("邻县代码", "GLT02", "T01", "写了邻县的区划代码", _neighbour),
    SheetDefect("亏损多于企业", "GLT02", "H102A", "亏损企业单位数大于规上企业单位数", _losers),
    SheetDefect("主键重复", "GLT01", "H006", "一个细分链行与上一行主键相同", _double),
    SheetDefect("表式过期", "GLT02", "H002", "有效期至 2025年12月", _expired),
    SheetDefect("一月报表", "GLT02", "H003", "报告期写 2026年1月", _january),
)
