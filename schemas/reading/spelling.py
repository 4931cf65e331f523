"""Two spellings of one XML: the plain one that programs write, and all others.

Expat without handlers judges a part at once; with handlers for every element it costs four times as
much. So expat is the judge of every part, and the cells are then cut out of the text by patterns,
which is exact where the markup is spelled as Excel, WPS, LibreOffice and openpyxl spell it. Where it
is not (prefixes, comments, CDATA, other order of attributes, cells without an address), ``respell``
lets expat write the part anew in the plain spelling first. There is one reader of cells, not two.
"""

from __future__ import annotations

import re
from xml.parsers.expat import ExpatError, ParserCreate, errors
from xml.sax.saxutils import escape, quoteattr

from schemas.reading.package import Refusal

_MAIN = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",  # strict
)
_ROOT = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:<\?xml[^>]*\?>)?\s*<(?:worksheet|sst)(?=\s)[^>]*?\sxmlns=\"(?:"
    + b"|".join(re.escape(uri.encode()) for uri in _MAIN)
    + rb")\""
)
# The elements that are read, with the attributes that count; the subtrees of all others are dropped.
_KEPT: dict[str, tuple[str, ...]] = {
    "worksheet": (), "sheetFormatPr": ("zeroHeight",), "cols": (), "sheetData": (),
    "col": ("min", "max", "hidden", "width"), "row": ("r", "hidden", "ht"), "c": ("r", "s", "t"),
    "f": (), "v": (), "is": (), "t": (), "r": (), "mergeCells": (), "mergeCell": ("ref",),
    "sst": (), "si": (),
}  # fmt: skip
_WITH_TEXT = ("f", "v", "t")
_ADDRESS = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")


class OddSpelling(Exception):
    """A part that the patterns do not cover: read it again after ``respell``."""


def judge(data: bytes, name: str) -> bool:
    """True if the part is in the plain spelling as far as expat sees; Refusal if it is not well-formed.

    What the patterns cannot see (comments, CDATA, processing instructions) calls a handler; in the
    parts that programs write none is ever called, so they cost nothing.
    """
    odd: list[object] = []
    parser = ParserCreate()
    parser.CommentHandler = odd.append
    parser.ProcessingInstructionHandler = lambda target, text: odd.append(target)
    parser.StartCdataSectionHandler = lambda: odd.append(None)
    try:
        parser.Parse(data, True)
    except ExpatError as error:
        raise _malformed(name, error) from error
    # A bare carriage return is a line feed to XML.
    return not odd and _ROOT.match(data) is not None and data.find(b"\r", data.find(b"?>") + 4) < 0


def _malformed(name: str, error: ExpatError) -> Refusal:
    return Refusal(
        "F17",
        f"工作簿内部的 {name} 第 {error.lineno} 行起不是合格的 XML（{errors.messages.get(error.code, '')}）。",
        "请用 Excel 或 WPS 打开并另存为“Excel 工作簿（*.xlsx）”后重报。",
    )


def respell(data: bytes, name: str) -> bytes:
    """The part in the plain spelling: what is read of it, every row and cell with its address."""
    writer = _Writer()
    parser = ParserCreate(namespace_separator=" ")
    parser.ordered_attributes = False
    parser.buffer_text = True
    parser.StartElementHandler = writer.start
    parser.EndElementHandler = writer.end
    parser.CharacterDataHandler = writer.text
    try:
        parser.Parse(data, True)
    except ExpatError as error:
        raise _malformed(name, error) from error
    return "".join(writer.out).encode()


class _Writer:
    """Expat's handlers; ``out`` grows to the part anew."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self._open: list[str] = []
        self._dropped = 0  # depth inside an element that is not read
        self._row = 0
        self._column = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        uri, _, local = name.rpartition(" ")
        if self._dropped or uri not in _MAIN or local not in _KEPT:
            self._dropped += 1
            return
        self._open.append(local)
        kept = {key: attributes[key] for key in _KEPT[local] if key in attributes}
        if local == "row":
            self._row = int(kept["r"]) if kept.get("r", "").isdecimal() else self._row + 1
            self._column = 0
            kept = {"r": str(self._row)} | kept
        elif local == "c":
            kept = {"r": self._address(kept.get("r", ""))} | {k: v for k, v in kept.items() if k != "r"}
        inner = "".join(f" {key}={quoteattr(value)}" for key, value in kept.items())
        if local == "worksheet" or local == "sst":
            inner = f' xmlns="{_MAIN[0]}"'
        self.out.append(f"<{local}{inner}>")

    def _address(self, given: str) -> str:
        """The cell's own address, or the one right of the cell before it."""
        match = _ADDRESS.fullmatch(given)
        if match is None:
            self._column += 1
            return f"{letters_of(self._column)}{self._row}"
        self._column = column_of(match[1])
        return given

    def end(self, name: str) -> None:
        if self._dropped:
            self._dropped -= 1
            return
        self.out.append(f"</{self._open.pop()}>")

    def text(self, data: str) -> None:
        if not self._dropped and self._open and self._open[-1] in _WITH_TEXT:
            self.out.append(escape(data, {"\r": "&#13;"}))


_NUMBERS: dict[str, int] = {}


def column_of(letters: str) -> int:
    """The number of a column, from 1: ``AA`` is 27."""
    number = _NUMBERS.get(letters)
    if number is None:
        number = 0
        for letter in letters:
            number = number * 26 + ord(letter) - 64
        _NUMBERS[letters] = number
    return number


def letters_of(number: int) -> str:
    """The letters of a column, from 1."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
