"""Writes copies of good deliveries with one named defect each, and the list of what must be said of them.

A copy is a newer version (版次 2) of a delivery for the last month, changed by hand in one place: most
in the sheet, some in the package around it. ``清单.csv`` names file, defect, rule, sheet and cell.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from openpyxl import Workbook, load_workbook

from schemas.codes import Codes
from schemas.form import form_for
from schemas.packing import saved
from schemas.period import Period
from schemas.samples.package_defects import PACKAGE_DEFECTS
from schemas.samples.people import BANNER
from schemas.samples.sheet_defects import SHEET_DEFECTS, find_spot, head_cell
from schemas.territory import Due, submitter
from schemas.workbook import blank_workbook

LIST_NAME = "清单.csv"
LIST_HEADER = ("文件", "填报单位", "缺陷", "规则", "工作表", "单元格", "说明")
VERSION = 2
MOST = len(SHEET_DEFECTS) + len(PACKAGE_DEFECTS) + 1  # and one with a form that must stand alone


@dataclass(frozen=True)
class Defect:
    """One line of the list."""

    file: str
    office: str
    name: str
    rule: str
    sheet: str
    cell: str
    note: str


def write_defective(
    codes: Codes, province: Path, out: Path, on_written: Callable[[Path], None] | None = None
) -> list[Path]:
    """Write the defective copies of the last month found under ``province`` into ``out``, and their list.

    Each defect takes another county where there are enough of them. FileNotFoundError if the
    province has no monthly delivery.
    """
    period = _last_month(province)
    counties = codes.counties()
    step = max(1, len(counties) // MOST)
    out.mkdir(parents=True, exist_ok=True)
    written, listed = [], []
    for path, defect, data in _copies(codes, province / str(period), period, out, counties[::step]):
        path.write_bytes(data)
        written.append(path)
        listed.append(defect)
        if on_written is not None:
            on_written(path)
    with (out / LIST_NAME).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(LIST_HEADER)
        writer.writerows((d.file, d.office, d.name, d.rule, d.sheet, d.cell, d.note) for d in listed)
    return written


def _last_month(province: Path) -> Period:
    months = []
    for folder in province.iterdir() if province.is_dir() else ():
        try:
            period = Period.parse(folder.name)
        except ValueError:
            continue
        if period.rank == 0:
            months.append(period)
    if not months:
        raise FileNotFoundError(f"{province} 下没有月报样例，请先生成全省样例")
    return max(months)


def _copies(
    codes: Codes, folder: Path, period: Period, out: Path, counties: tuple[str, ...]
) -> Iterator[tuple[Path, Defect, bytes]]:
    places = iter(counties[number % len(counties)] for number in range(MOST))
    for wrong in SHEET_DEFECTS:
        office = next(places)
        book = _second_version(folder / f"{office}.xlsx")
        form = form_for(wrong.form, period)
        spot = next(s for s in (find_spot(sheet, form, period) for sheet in book.worksheets) if s is not None)
        name = f"{office}-{wrong.name}.xlsx"
        title = str(spot.sheet.title)
        cell = wrong.spoil(spot, codes, office)
        yield out / name, Defect(name, office, wrong.name, wrong.rule, title, cell, wrong.note), _bytes(book)
    for bad in PACKAGE_DEFECTS:
        office = next(places)
        name = f"{office}-{bad.name}.{bad.suffix}"
        data = bad.spoil(_bytes(_second_version(folder / f"{office}.xlsx")))
        yield out / name, Defect(name, office, bad.name, bad.rule, "", "", bad.note), data
    office = next(places)
    name = f"{office}-混入亩均表.xlsx"
    book = _second_version(folder / f"{office}.xlsx")
    add_permu_sheet(book, codes, office, period)
    note = "统计报表里混入亩均评价基础数据（赣链统09表）"
    yield out / name, Defect(name, office, "混入亩均表", "L09", "", "", note), _bytes(book)


def _second_version(path: Path) -> Workbook:
    """A delivery as a newer version of itself."""
    book = load_workbook(path)
    for sheet in book.worksheets:
        sheet[head_cell(sheet, "版次：")].value = VERSION
    return book


def add_permu_sheet(book: Workbook, codes: Codes, office: str, period: Period) -> None:
    """Copy an empty sheet of GLT09 into the workbook: its words, not its looks."""
    filer = submitter(codes, office)
    assert filer is not None
    year = Period(period.year - 1, 12, 2)
    source = load_workbook(BytesIO(blank_workbook(codes, filer, (Due(office, year, "GLT09"),)))).worksheets[0]
    sheet = book.create_sheet("GLT09")
    sheet.cell(1, 1, BANNER)
    for row in source.iter_rows():
        for cell in row:
            if cell.value is not None:
                sheet.cell(cell.row + 1, cell.column, cell.value)
    for area in source.merged_cells.ranges:
        sheet.merge_cells(
            start_row=area.min_row + 1,
            end_row=area.max_row + 1,
            start_column=area.min_col,
            end_column=area.max_col,
        )


def _bytes(book: Workbook) -> bytes:
    """Last modified when it was made."""
    return saved(book, book.properties.created)
