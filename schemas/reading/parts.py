"""The small parts of a workbook: which sheets there are, what their number formats mean, shared strings."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from xml.parsers.expat import ExpatError, ParserCreate

from schemas.reading.package import Refusal
from schemas.reading.spelling import OddSpelling, judge, respell

# What a number format does to a number that matters to a reader of values.
Show = Literal["", "date", "percent", "scaled"]

_DATES = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
_PERCENTS = frozenset((9, 10))
_IDLE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.I | re.S)  # says nothing of the number
_GENERAL = re.compile("general|g/通用格式|standard|e[+-]", re.I)
_SCALED = re.compile(r"[0#?],+(?![0#?,])")
_ENTITY = re.compile(r"&(?:#x([0-9A-Fa-f]+)|#([0-9]+)|(lt|gt|amp|quot|apos));")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_ESCAPE = re.compile(r"_x((?![dD][89A-Fa-f])[0-9A-Fa-f]{4})_")  # halves of a surrogate pair stay
_ITEM = re.compile(r"<si(?:/>|>(?:<t(?: xml:space=\"preserve\")?>([^<]*)</t></si>|(.*?)</si>))", re.S)
_PHONETIC = re.compile(r"<rPh\b[^>]*(?<!/)>.*?</rPh>", re.S)
_RUN = re.compile(r"<t(?:\s[^>]*)?>([^<]*)</t>")
_NOT_XLSX = "请用 Excel 或 WPS 打开，另存为“Excel 工作簿（*.xlsx）”后重报。"


@dataclass(frozen=True)
class SheetPart:
    """One worksheet: its name, whether it is hidden, the name and bytes of its part."""

    name: str
    hidden: bool
    part: str
    data: bytes


@dataclass(frozen=True)
class Book:
    """What all sheets of a workbook share; ``shows`` is by cell style."""

    sheets: tuple[SheetPart, ...]
    strings: tuple[str, ...]
    shows: tuple[Show, ...]
    from_1904: bool


def read_book(parts: Mapping[str, bytes]) -> Book:
    """The sheets, strings and formats of a package; Refusal if it is no workbook of forms."""
    top = _relations(parts, "")
    main = next((target for kind, target in top.values() if kind == "officeDocument"), "")
    if main not in parts:
        raise Refusal("F16", "文件不是 xlsx 工作簿（可能是 xlsb、Word 或其他文件改了扩展名）。", _NOT_XLSX)
    relations = _relations(parts, main)
    _check_kinds(kind for kind, _ in relations.values())
    named: list[tuple[str, bool, str]] = []
    from_1904 = False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal from_1904
        if tag == "sheet":
            link = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            named.append((attributes.get("name", ""), attributes.get("state", "visible") != "visible", link))
        elif tag == "workbookPr":
            from_1904 = attributes.get("date1904", "0") in ("1", "true")

    _walk(parts[main], main, start)
    sheets = []
    for name, hidden, link in named:
        kind, target = relations.get(link, ("", ""))
        if kind == "worksheet" and target in parts:
            sheets.append(SheetPart(name, hidden, target, parts[target]))
        elif kind != "chartsheet":
            raise Refusal("F16", f"工作簿中工作表“{name}”的内容缺失。", _NOT_XLSX)
    by_kind = dict(relations.values())
    strings, styles = by_kind.get("sharedStrings", ""), by_kind.get("styles", "")
    return Book(
        tuple(sheets),
        _strings(parts[strings], strings) if strings in parts else (),
        _shows(parts[styles], styles) if styles in parts else (),
        from_1904,
    )


def _check_kinds(kinds: Iterable[str]) -> None:
    for kind in kinds:
        if kind in ("vbaProject", "xlMacrosheet", "xlIntlMacrosheet", "dialogsheet"):
            raise Refusal("F12", "工作簿含有宏。", f"报表不得带宏。{_NOT_XLSX}")
        if kind in ("externalLink", "connections"):
            raise Refusal("F13", "工作簿链接了其他文件或外部数据。", "请断开链接，把公式转为数值后重报。")


def _walk(data: bytes, name: str, start: Callable[[str, dict[str, str]], None]) -> None:
    """Call ``start`` with each element's name, without prefix, and its attributes."""
    parser = ParserCreate()
    parser.StartElementHandler = lambda tag, attributes: start(tag.rpartition(":")[2], attributes)
    try:
        parser.Parse(data, True)
    except ExpatError:
        judge(data, name)
        raise


def _relations(parts: Mapping[str, bytes], source: str) -> dict[str, tuple[str, str]]:
    """The relations of a part by id: the last word of the kind, and the part they lead to."""
    folder, name = posixpath.split(source)
    path = posixpath.join(folder, "_rels", f"{name}.rels")
    found: dict[str, tuple[str, str]] = {}

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship":
            target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", "")))
            kind = attributes.get("Type", "").rpartition("/")[2]
            found[attributes.get("Id", "")] = (kind, target.lstrip("/"))

    if path in parts:
        _walk(parts[path], path, start)
    return found


@lru_cache(maxsize=32)  # workbooks made from one template share it
def _shows(data: bytes, name: str) -> tuple[Show, ...]:
    """What each cell style does to a number."""
    custom: dict[int, Show] = {}
    ids: list[int] = []
    section = ""

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal section
        if tag in ("numFmts", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs"):
            section = tag
        elif tag == "numFmt" and section == "numFmts":
            custom[_id(attributes)] = show_of(attributes.get("formatCode", ""))
        elif tag == "xf" and section == "cellXfs":
            ids.append(_id(attributes))

    _walk(data, name, start)
    return tuple(custom[n] if n in custom else _builtin(n) for n in ids)


def _id(attributes: Mapping[str, str]) -> int:
    text = attributes.get("numFmtId", "0")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _builtin(number: int) -> Show:
    return "date" if number in _DATES else "percent" if number in _PERCENTS else ""


def show_of(code: str) -> Show:
    """What a custom number format does: shows a date, a percentage, or a thousandth of the number."""
    bare = _GENERAL.sub("", _IDLE.sub("", code))
    if re.search("[ymdhseg]", bare, re.I):
        return "date"
    if "%" in bare:
        return "percent"
    return "scaled" if _SCALED.search(bare) else ""


def _strings(data: bytes, name: str) -> tuple[str, ...]:
    if judge(data, name):
        try:
            return _items(data)
        except OddSpelling:
            pass
    try:
        return _items(respell(data, name))
    except OddSpelling as error:
        raise Refusal("F17", f"工作簿内部的 {name} 结构不合规。", _NOT_XLSX) from error


def _items(data: bytes) -> tuple[str, ...]:
    text = data.decode("utf-8")
    found = _ITEM.findall(text)
    if len(found) != text.count("<si"):
        raise OddSpelling
    return tuple(plain_text(whole) if whole else runs(rich) for whole, rich in found)


def runs(markup: str) -> str:
    """The text of a string item: its runs joined, without phonetic ones."""
    if "<rPh" in markup:
        markup = _PHONETIC.sub("", markup)
    found = _RUN.findall(markup)
    if len(found) != markup.count("</t>") or "</t " in markup:
        raise OddSpelling
    return plain_text("".join(found))


def plain_text(text: str) -> str:
    """Character data as it was meant: entities resolved, ``_x000D_`` a carriage return."""
    if "&" in text:
        text = unescape(text)
    if "_x" in text:
        text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    return text


def unescape(text: str) -> str:
    """Character data with its entities resolved; expat has seen that there are no others."""
    return _ENTITY.sub(
        lambda match: _NAMED[match[3]] if match[3] else chr(int(match[1], 16) if match[1] else int(match[2])),
        text,
    )
