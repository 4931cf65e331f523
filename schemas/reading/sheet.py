"""The rows and cells of one worksheet as they stand in the file, nothing interpreted.

Expat judges the whole part once; then each row's cells are cut out by one pattern (see ``spelling``).
A cell stays the tuple that the pattern gave until somebody asks what it says: most cells are plain
numbers, and most others are never asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from schemas.reading import clean
from schemas.reading.package import Refusal
from schemas.reading.parts import Book, SheetPart, Show, plain_text, runs, unescape
from schemas.reading.spelling import OddSpelling, column_of, judge, respell

# Letters, row digits, other attributes, then one of: the text of <v>, of <is><t>, or all markup.
RawCell = tuple[str, str, str, str, str, str]

_CELL = re.compile(
    r'<c r="([A-Z]++)([0-9]++)"([^>/]*+)>(?:<v>([^<]*+)</v>|<is><t>([^<]*+)</t></is>|(.*?))</c>', re.S
)
_LOOK = re.compile(r'(?: s="([0-9]{1,6})")?(?: t="([a-zA-Z]+)")?(?: (?:cm|vm|ph)="[^"]*")*')
_ROW = re.compile(r'<row r="([1-9][0-9]{0,6})"([^<>\']*)>')
_HIDDEN = re.compile(r' hidden="(?:1|true)"| ht="0(?:\.0*)?"')
_FORMULA_BEGINS = re.compile(r"<f[\s/>]")  # not the <family> of a rich text
_FORMULA = re.compile(r"<f(?:\s[^<>]*?)?(?:/>|>([^<]*)</f>)")
_VALUE = re.compile(r'<v(?: xml:space="preserve")?(?:\s*/>|>([^<]*)</v>)')
_MERGED = re.compile(r'<mergeCell ref="([A-Z]+)([0-9]+)(?::([A-Z]+)([0-9]+))?"\s*(?:/>|></mergeCell>)')
_COLUMN = re.compile(rb"<col\s([^<>]*)>")
_ATTRIBUTE = re.compile(rb"""([A-Za-z]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_BAD = "请用 Excel 或 WPS 打开并另存为“Excel 工作簿（*.xlsx）”后重报。"


class Value(NamedTuple):
    """What a cell says.

    ``kind`` is number, text, bool, error, date (an ISO text), blank, or unvalued: a formula whose
    result is not in the file. ``text`` is the lexeme or the text. ``formula`` tells that it is a
    formula's result.
    """

    kind: str
    text: str
    show: Show = ""
    formula: bool = False


PLAIN = ("n", "")  # type and format of a cell that holds just a number


class _Looks(dict[str, tuple[str, Show]]):
    """Type and format by the attributes of a cell; a sheet has few different ones."""

    def __init__(self, shows: tuple[Show, ...]) -> None:
        self._shows = shows

    def __missing__(self, attributes: str) -> tuple[str, Show]:
        match = _LOOK.fullmatch(attributes.rstrip())
        if match is None:
            raise OddSpelling
        style = int(match[1] or 0)
        look = (match[2] or "n", self._shows[style] if style < len(self._shows) else "")
        self[attributes] = look = PLAIN if look == PLAIN else look
        return look


class Row(NamedTuple):
    """One row: its number, the same as text, whether it is hidden, its cells by letters."""

    number: int
    digits: str
    hidden: bool
    cells: dict[str, RawCell]


class Area(NamedTuple):
    """A merged range, inclusive: rows by number, columns by letters."""

    top: int
    bottom: int
    first: str
    last: str

    @property
    def columns(self) -> range:
        """The numbers of its columns; of a very wide one only the first 500, no form has more."""
        left, right = sorted((column_of(self.first), column_of(self.last)))
        return range(left, min(right, left + 500) + 1)

    @property
    def text(self) -> str:
        """``B3:D9``."""
        return f"{self.first}{self.top}:{self.last}{self.bottom}"


class Sheet:
    """One worksheet in the plain spelling. OddSpelling from any method asks for ``respelled``."""

    def __init__(self, part: SheetPart, book: Book, data: bytes | None = None) -> None:
        self.name = part.name
        self.hidden = part.hidden
        self.from_1904 = book.from_1904
        self._strings = book.strings
        self.looks = _Looks(book.shows)
        self._data = part.data if data is None else data
        self._start, self._end = self._bounds()

    @classmethod
    def respelled(cls, part: SheetPart, book: Book) -> Sheet:
        """The same sheet after expat wrote it in the plain spelling."""
        return cls(part, book, respell(part.data, part.part))

    def _bounds(self) -> tuple[int, int]:
        """Where the rows begin and end."""
        data = self._data
        start = data.find(b"<sheetData>")
        if start < 0:
            if b"<sheetData/>" in data or b"<sheetData />" in data:
                return len(data), len(data)
            raise OddSpelling
        end = data.find(b"</sheetData>", start)
        if end < 0:
            raise OddSpelling
        return start + len(b"<sheetData>"), end

    def rows(self) -> Iterator[Row]:
        """The rows that have a cell with something in it, downwards."""
        data, end, last, count = self._data, self._end, 0, 0
        here = data.find(b'<row r="', self._start, end)
        while here >= 0:
            beyond = data.find(b'<row r="', here + 8, end)
            piece = data[here : beyond if beyond >= 0 else end].decode("utf-8")
            here = beyond
            count += 1
            head = _ROW.match(piece)
            found = _CELL.findall(piece)
            # Every cell with something in it ends in </c>, however that is spelled.
            if head is None or len(found) != piece.count("</c"):
                raise OddSpelling
            digits = head[1]
            number = int(digits)
            if number <= last:
                raise self._disorder(f"第 {number} 行", digits)
            last = number
            if found:
                cells = {cell[0]: cell for cell in found}
                if len(cells) != len(found) or {cell[1] for cell in found} != {digits}:
                    raise self._disorder(f"第 {number} 行的单元格", digits)
                yield Row(number, digits, _HIDDEN.search(head[2]) is not None, cells)
        if count != data.count(b"<row", self._start, end):
            raise OddSpelling

    def _disorder(self, what: str, digits: str) -> Refusal:
        return Refusal("F19", f"工作表内部{what}次序错乱或地址重复。", _BAD, self.name, f"A{digits}")

    def word(self, cell: RawCell) -> str:
        """What a cell of head, header or foot says, as text: a day is ISO, a number has no exponent."""
        text = cell[4]  # most are plain inline strings, or shared ones
        if not text and not cell[5] and self.looks[cell[2]][0] == "s":
            text = self._shared(cell[3], cell[0] + cell[1])
        elif not text or "&" in text or "_x" in text:
            value = self.read(cell)
            text = value.text
            if value.kind == "number":
                day = clean.serial_day(text, from_1904=self.from_1904) if value.show == "date" else None
                return day or clean.number(text).value or text
        return clean.bare(text)

    def read(self, cell: RawCell) -> Value:
        """What a cell says."""
        letters, digits, attributes, text, inline, markup = cell
        kind, show = self.looks[attributes]
        formula = False
        if inline:
            return Value("text", plain_text(inline), show)
        if markup:
            formula = _FORMULA_BEGINS.search(markup) is not None
            if kind == "inlineStr":
                return Value("text", runs(markup), show, formula)
            values = _VALUE.findall(markup)
            if markup.count("<v") != len(values) or len(values) > 1:
                raise OddSpelling
            text = values[0] if values else ""
            if formula and not text and (kind != "str" or not values):
                return Value("unvalued", self._formula(markup), show, True)
        if "&" in text:
            text = unescape(text)
        match kind:
            case "n":
                return Value("number" if text.strip() else "blank", text, show, formula)
            case "s":
                return Value("text", self._shared(text, letters + digits), show, formula)
            case "str":
                return Value("text", plain_text(text) if "_x" in text else text, show, formula)
            case "inlineStr":
                return Value("blank", "", show, formula)
            case "b":
                return Value("bool", "TRUE" if text.strip() == "1" else "FALSE", show, formula)
            case "e":
                return Value("error", text, show, formula)
            case "d":
                return Value("date", text, show, formula)
        raise Refusal("F19", f"单元格类型 {kind!r} 不认识。", _BAD, self.name, letters + digits)

    def _formula(self, markup: str) -> str:
        match = _FORMULA.search(markup)
        return "=" + unescape(match[1] or "") if match else "="

    def _shared(self, text: str, address: str) -> str:
        index = text.strip()
        if not index.isdecimal() or len(index) > 9 or int(index) >= len(self._strings):
            raise Refusal("F19", f"共享字符串 {text!r} 不存在。", _BAD, self.name, address)
        return self._strings[int(index)]

    def merged(self) -> tuple[Area, ...]:
        """The merged ranges of more than one cell."""
        begin = self._data.find(b"<mergeCells", self._end)
        if begin < 0:
            return ()
        markup = self._data[begin + len(b"<mergeCells") :].decode("utf-8")
        found = _MERGED.findall(markup)
        if len(found) != markup.count("<mergeCell"):
            raise OddSpelling
        return tuple(
            [
                Area(int(top), int(bottom), left, right)
                for left, top, right, bottom in found
                if bottom and (left, top) != (right, bottom)
            ]
        )

    def hidden_columns(self) -> tuple[tuple[int, int], ...]:
        """First and last column, from 1, of each run that is hidden or of no width."""
        head = self._data[: self._start]
        if b"hidden=" not in head and b'width="0' not in head and b"width='0" not in head:
            return ()
        found = []
        for (attributes,) in (match.groups() for match in _COLUMN.finditer(head)):
            named = {key: first or second for key, first, second in _ATTRIBUTE.findall(attributes)}
            width = named.get(b"width", b"1")
            unseen = named.get(b"hidden") in (b"1", b"true") or not width.strip(b"0.")
            if unseen:
                found.append((int(named[b"min"]), int(named[b"max"])))
        return tuple(found)

    def rows_hidden_by_default(self) -> bool:
        """True if the sheet hides every row that does not say otherwise."""
        return re.search(rb'<sheetFormatPr[^<>]*\szeroHeight="(?:1|true)"', self._data) is not None


def open_sheet(part: SheetPart, book: Book) -> Sheet:
    """The sheet as it stands, or respelled; Refusal if it is not well-formed."""
    if judge(part.data, part.part):
        try:
            return Sheet(part, book)
        except OddSpelling:
            pass
    return Sheet.respelled(part, book)
