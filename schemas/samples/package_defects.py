"""Defects of the file itself: the package around the sheets damaged, or filled with what must not be there."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

from schemas.packing import parts_of, repack

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_SHEET = "xl/worksheets/sheet1.xml"
_WORKBOOK_RELS = "xl/_rels/workbook.xml.rels"
_TYPES = "[Content_Types].xml"


@dataclass(frozen=True)
class PackageDefect:
    """One defect: its name, file suffix, the rule that must refuse the file, and how it is made."""

    name: str
    suffix: str
    rule: str
    note: str
    spoil: Callable[[bytes], bytes]


def _damaged(data: bytes) -> bytes:
    """The first sheet's checksum is another one, in its own header and in the directory."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        crc = archive.getinfo(_SHEET).CRC
    return data.replace(crc.to_bytes(4, "little"), (crc ^ 0xFF).to_bytes(4, "little"))


def _truncated(data: bytes) -> bytes:
    """As after a broken upload: the last tenth is missing, and with it the directory."""
    return data[: len(data) * 9 // 10]


def _with_macro(data: bytes) -> bytes:
    parts = parts_of(data)
    parts["xl/vbaProject.bin"] = _OLE + bytes(504)
    parts[_TYPES] = (
        parts[_TYPES]
        .replace(
            b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
            b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
        )
        .replace(
            b"</Types>",
            b'<Override PartName="/xl/vbaProject.bin" ContentType="application/vnd.ms-office.vbaProject"/></Types>',
        )
    )
    return repack(
        _related(
            parts, b"http://schemas.microsoft.com/office/2006/relationships/vbaProject", b"vbaProject.bin"
        )
    )


def _with_link(data: bytes) -> bytes:
    parts = parts_of(data)
    link = "xl/externalLinks/externalLink1.xml"
    parts[link] = (
        b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        b'<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b'<externalBook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" r:id="rId1">'
        b'<sheetNames><sheetName val="Sheet1"/></sheetNames></externalBook></externalLink>'
    )
    parts["xl/externalLinks/_rels/externalLink1.xml.rels"] = (
        b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        b'<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLinkPath"'
        b' Target="file:///D:/%E4%B8%8A%E6%9C%88%E6%95%B0.xlsx" TargetMode="External"/></Relationships>'
    )
    parts[_TYPES] = parts[_TYPES].replace(
        b"</Types>",
        b'<Override PartName="/xl/externalLinks/externalLink1.xml" ContentType='
        b'"application/vnd.openxmlformats-officedocument.spreadsheetml.externalLink+xml"/></Types>',
    )
    kind = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLink"
    return repack(_related(parts, kind, b"externalLinks/externalLink1.xml"))


def _related(parts: dict[str, bytes], kind: bytes, target: bytes) -> dict[str, bytes]:
    line = b'<Relationship Id="rIdX1" Type="' + kind + b'" Target="' + target + b'"/></Relationships>'
    parts[_WORKBOOK_RELS] = parts[_WORKBOOK_RELS].replace(b"</Relationships>", line)
    return parts


def _with_doctype(data: bytes) -> bytes:
    parts = parts_of(data)
    sheet = parts[_SHEET]
    start = sheet.index(b"<worksheet")
    entity = b'<!DOCTYPE worksheet [<!ENTITY a "1">]>'
    parts[_SHEET] = sheet[:start] + entity + sheet[start:]
    return repack(parts)


def _old_format(data: bytes) -> bytes:
    """What an .xls begins with; the content does not matter, it is refused by its first bytes."""
    return _OLE + bytes(16) + b"\x3e\x00\x03\x00\xfe\xff\x09\x00" + bytes(480) + data[:1024]


PACKAGE_DEFECTS = (
    PackageDefect("压缩包损坏", "xlsx", "F07", "一个工作表的 CRC 校验和不符", _damaged),
    PackageDefect("压缩包截断", "xlsx", "F06", "文件尾部缺失", _truncated),
    PackageDefect("含宏", "xlsx", "F12", "带有宏", _with_macro),
    PackageDefect("外部链接", "xlsx", "F13", "链接到别的工作簿", _with_link),
    PackageDefect("文档类型声明", "xlsx", "F14", "工作表 XML 带 DOCTYPE", _with_doctype),
    PackageDefect("旧格式", "xls", "F04", "旧的 .xls 格式", _old_format),
)
