"""Any table as it stands in a file: xlsx, csv or parquet to a frame whose cells are texts, with their places.

Nothing is interpreted: a number is its lexeme, a formula its stored result, an empty cell nothing. What would be
guessed is refused: an error cell, a formula without a result, two columns of one name.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from schemas.reading import clean
from schemas.reading.package import Limits, Refusal, open_package
from schemas.reading.parts import read_book
from schemas.reading.sheet import RawCell, Sheet, open_sheet
from schemas.reading.spelling import OddSpelling, column_of, letters_of

_ENCODINGS = ("utf-8-sig", "gb18030")


class TableError(ValueError):
    """A file that cannot be read as a table; one sentence names file, sheet, cell and what to do."""


@dataclass(frozen=True)
class ReadTable:
    """The frame, and for each row and column of it the place in the file."""

    frame: pl.DataFrame
    place: Callable[[int, str], str]


def read_table(path: Path, sheet: str = "", header_row: int = 1) -> ReadTable:
    """Read a file by its suffix; ``sheet`` and ``header_row`` (from 1) say where the names of the columns stand.

    A header cell that is empty takes the text of the merged range that it lies in. Rows without anything in them
    are passed over. TableError says what cannot be read.
    """
    readers = {".xlsx": _xlsx, ".csv": _csv, ".parquet": _parquet}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise TableError(f"文件 {path.name} 的格式不认识；请用 xlsx、csv 或 parquet。")
    if not path.is_file():
        raise TableError(f"数据文件 {path} 不存在。")
    return reader(path, sheet, header_row)


def _parquet(path: Path, _sheet: str, _header_row: int) -> ReadTable:
    try:
        frame = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise TableError(f"文件 {path.name} 不是有效的 parquet 文件：{error}") from error
    return ReadTable(frame, lambda row, column: f"{path.name} 第 {row + 1} 行“{column}”")


def _csv(path: Path, _sheet: str, header_row: int) -> ReadTable:
    data = path.read_bytes()
    for encoding in _ENCODINGS:
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise TableError(f"文件 {path.name} 的编码既不是 UTF-8 也不是 GB18030；请另存为 UTF-8。")
    lines = list(csv.reader(io.StringIO(text)))
    if len(lines) < header_row:
        raise TableError(f"文件 {path.name} 没有第 {header_row} 行；请核对 data.header_row。")
    header = [clean.bare(name) for name in lines[header_row - 1]]
    rows = {number: dict(enumerate(line)) for number, line in enumerate(lines, 1) if number > header_row}
    return _frame(header, rows, lambda number, at: f"{path.name} 第 {number} 行第 {at + 1} 列", path.name)


def _xlsx(path: Path, sheet: str, header_row: int) -> ReadTable:
    limits = Limits()
    try:
        book = read_book(open_package(path.read_bytes(), limits))
        shown = [part for part in book.sheets if not part.hidden]
        chosen = [part for part in book.sheets if part.name == sheet] if sheet else shown[:1]
        if not chosen:
            names = "、".join(part.name for part in book.sheets)
            raise TableError(f"文件 {path.name} 中没有工作表“{sheet}”；现有：{names}。")
        opened = open_sheet(chosen[0], book)
        try:
            return _sheet_frame(opened, path.name, header_row)
        except OddSpelling:
            return _sheet_frame(Sheet.respelled(chosen[0], book), path.name, header_row)
    except Refusal as refusal:
        raise TableError(f"文件 {path.name} 不能读取：{refusal.message}{refusal.advice}") from refusal


def _sheet_frame(sheet: Sheet, file: str, header_row: int) -> ReadTable:
    rows: dict[int, dict[int, str]] = {}
    above: dict[int, dict[int, str]] = {}
    for row in sheet.rows():
        target = rows if row.number > header_row else above
        target[row.number] = {
            column_of(letters) - 1: _lexeme(sheet, cell, f"{file}“{sheet.name}”!{letters}{row.digits}")
            for letters, cell in row.cells.items()
        }
    names = {at: text for at, text in above.get(header_row, {}).items() if text}
    for area in sheet.merged():
        if area.top <= header_row <= area.bottom:
            text = above.get(area.top, {}).get(column_of(area.first) - 1, "")
            for at in area.columns:
                names.setdefault(at - 1, text)
    width = max([*names, *(at for row in rows.values() for at, text in row.items() if text)], default=-1) + 1
    header = [clean.bare(names.get(at, "")) for at in range(width)]
    return _frame(header, rows, lambda number, at: f"{file}“{sheet.name}”!{letters_of(at + 1)}{number}", file)


def _lexeme(sheet: Sheet, cell: RawCell, place: str) -> str:
    value = sheet.read(cell)
    if value.kind == "error":
        raise TableError(f"{place} 是错误值 {value.text}；请改正公式或留空。")
    if value.kind == "unvalued":
        raise TableError(f"{place} 的公式没有结果；请用 Excel 打开并保存后再用。")
    return "" if value.kind == "blank" else clean.bare(value.text)


def _frame(
    header: list[str], rows: dict[int, dict[int, str]], place: Callable[[int, int], str], file: str
) -> ReadTable:
    """Named columns of the rows that hold something; figures without a heading are refused."""
    filled = {number: row for number, row in rows.items() if any(text.strip() for text in row.values())}
    named = {at: name for at, name in enumerate(header) if name}
    for number, row in filled.items():
        for at, text in row.items():
            if text.strip() and at not in named:
                raise TableError(
                    f"{place(number, at)} 有内容“{text}”，而这一列没有列名；请补列名或核对表头所在行。"
                )
    twice = sorted({name for name in named.values() if list(named.values()).count(name) > 1})
    if twice:
        raise TableError(f"文件 {file} 的列名 {'、'.join(twice)} 出现两次；请改成不同的列名。")
    numbers = list(filled)
    frame = pl.DataFrame(
        {
            name: pl.Series([filled[n].get(at, "") for n in numbers], dtype=pl.String)
            for at, name in named.items()
        }
    )
    columns = {name: at for at, name in named.items()}
    return ReadTable(frame, lambda row, column: place(numbers[row], columns[column]))
