"""Workbooks for the reader's tests: official ones filled by the form files, and hand-made parts."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from decimal import Decimal
from io import BytesIO

from books import opened
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from schemas.codes import load_codes
from schemas.form import Column, Form, form_for, load_forms
from schemas.period import Period
from schemas.reading.package import Limits
from schemas.reading.record import Cell, Delivery, Submission
from schemas.reading.workbook import read_workbook
from schemas.territory import BUREAU, Due, Key, row_keys, submitter
from schemas.workbook import Filled, Head, filled_workbook

CODES = load_codes()
HEAD = Head(2, "2026-11-08", "王一", "李二", "赵三", "0791-12345678", banner="合成样例")
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PKG = "http://schemas.openxmlformats.org/package/2006"
_WORDS = {"uscc": "91360100158306000{}", "month": "2024-0{}", "date": "2026-10-0{}", "codes": "A|B{}"}


def read(data: bytes, limits: Limits | None = None) -> Delivery:
    """Read bytes in this process."""
    return read_workbook(data, "x.xlsx", CODES, limits)


def one(data: bytes) -> Submission:
    """The only submission of a workbook."""
    delivery = read(data)
    assert delivery.refused is None, delivery.refused
    (submission,) = delivery.submissions
    return submission


def rules(delivery: Delivery | Submission) -> list[str]:
    """The rule ids of all findings, in order."""
    return [finding.rule for finding in delivery.findings]


def cell(submission: Submission, field: str, row: int = 0) -> Cell:
    """The cell of a field in a record."""
    (found,) = [c for c in submission.cells if c.field == field and c.row == row]
    return found


def value_of(column: Column, seed: int) -> Decimal | str:
    """Some value of the column's type, different for different seeds."""
    if column.type == "int":
        return Decimal(seed * 13 % 997)
    if column.type == "decimal":
        return Decimal(seed * 7919 % 100003) / 10**column.decimals * (-1) ** (seed % 5 == 0)
    return _WORDS.get(column.type, f"{column.code}-{{}}").format(seed % 9 + 1)


def contents(form: Form, keys: tuple[Key, ...], period: Period) -> dict[Key, dict[str, Decimal | str | None]]:
    """A value for every field of every key."""
    columns = [c for c in form.columns_at(period) if not c.key]
    return {
        key: {c.code: value_of(c, at * 31 + place) for place, c in enumerate(columns)}
        for at, key in enumerate(keys, 1)
    }


def filled(
    form: str = "GLT02", office: str = "360102", period: str = "2026-10", subject: str = "", keys: int = 0,
    marks: Mapping[object, str] | None = None, change: Mapping[str, object] | None = None,
    edition: str | None = None,
) -> tuple[bytes, dict[Key, dict[str, Decimal | str | None]]]:  # fmt: skip
    """One filled form and what was put in it; ``change`` sets fields of the first record.

    A register gets ``keys`` records; a value None stays blank.
    """
    when = Period.parse(period)
    who = BUREAU if office == "BUREAU" else submitter(CODES, office)
    assert who is not None
    chosen = form_for(form, when, edition)
    names = row_keys(CODES, chosen, who, subject, when) or tuple(
        (f"91360100158306{n:04d}",) for n in range(keys)
    )
    values = contents(chosen, names, when)
    values[names[0]].update(change or {})  # type: ignore[arg-type]
    sheet = Filled(Due(office, when, form, subject), values, marks or {})
    return filled_workbook(CODES, who, HEAD, [sheet], {form: chosen}), values


def edited(
    data: bytes, change: Callable[[Worksheet], object], load: Callable[[bytes], Workbook] = opened
) -> bytes:
    """The workbook after a change by openpyxl to its first sheet."""
    workbook = load(data)
    change(workbook.worksheets[0])
    return saved(workbook)


def saved(workbook: Workbook) -> bytes:
    """The bytes of an openpyxl workbook."""
    buffer = BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def place(sheet: Worksheet, text: str) -> tuple[int, int]:
    """Row and column of the first cell with this text."""
    for row in sheet.iter_rows():
        for found in row:
            if found.value == text:
                return found.row, found.column
    raise LookupError(text)


def at(data: bytes, field: str) -> str:
    """The address of a field in the first record."""
    return cell(one(data), field).address


def put(data: bytes, address: str, value: object, number_format: str | None = None) -> bytes:
    """The workbook with another value in one cell."""

    def change(sheet: Worksheet) -> None:
        sheet[address].value = value  # type: ignore[assignment]
        if number_format is not None:
            sheet[address].number_format = number_format

    return edited(data, change)


def parts_of(data: bytes) -> dict[str, bytes]:
    """The parts of a package."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: Mapping[str, bytes | str]) -> bytes:
    """A package of these parts."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return buffer.getvalue()


def repacked(data: bytes, name: str, change: Callable[[str], str]) -> bytes:
    """The package with one part's text changed; the change must change something."""
    parts = parts_of(data)
    old = parts[name].decode()
    new = change(old)
    assert new != old
    return packed(parts | {name: new.encode()})


def handmade(sheet: str | bytes, shared: str = "", styles: str = "") -> dict[str, bytes]:
    """The parts of a minimal workbook around the text of one sheet part."""
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{_PKG}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{_PKG}/relationships"><Relationship Id="r1" '
        f'Type="{_REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{_REL}"><sheets>'
        '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PKG}/relationships">'
        f'<Relationship Id="r1" Type="{_REL}/worksheet" Target="/xl/worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{_REL}/sharedStrings" Target="sharedStrings.xml"/>'
        f'<Relationship Id="r3" Type="{_REL}/styles" Target="styles.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": sheet,
    }
    if shared:
        parts["xl/sharedStrings.xml"] = shared
    if styles:
        parts["xl/styles.xml"] = styles
    return {name: part.encode() if isinstance(part, str) else part for name, part in parts.items()}


def all_forms() -> tuple[Form, ...]:
    """Every edition."""
    return load_forms()
