"""A strict look at the bytes of a delivery, before anything in it is believed.

The zip directory is checked, every part is inflated with its size counted chunk by chunk and its CRC
compared, and whatever a form never needs (macros, links to other files, a DOCTYPE, a password) is
refused, each with its own code and sentence. What is left is handed on as plain bytes by part name.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass
from io import BytesIO

_MB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """What one delivery may cost: bytes of the file, of its inflated parts, cells, memory, seconds.

    ``memory_bytes`` bounds the address space of a worker process, ``seconds`` the wall-clock time of
    one file.
    """

    max_bytes: int = 32 * _MB
    max_inflated_bytes: int = 256 * _MB
    max_cells: int = 3_000_000
    memory_bytes: int = 2048 * _MB
    seconds: float = 60.0


class Refusal(Exception):
    """The file cannot be taken: rule code, one Chinese sentence, what to do."""

    def __init__(self, rule: str, message: str, advice: str, sheet: str = "", cell: str = "") -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.advice = advice
        self.sheet = sheet
        self.cell = cell


_RESAVE = "请用 Excel 或 WPS 打开原表，另存为“Excel 工作簿（*.xlsx）”后重报。"
_AGAIN = "文件可能在传输中损坏，请重新发送原文件。"

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"
_CHUNK = 1 << 20
_UTF16_STARTS = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")
_ENCODING = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([^"']+)["']""")
_DOCTYPE = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s+|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE", re.S)
_MACRO_PARTS = re.compile(r"vbaproject\.bin$|vbadata\.xml$|/macrosheets/|/dialogsheets/|/activex/", re.I)
_LINK_PARTS = re.compile(r"/externallinks/|/connections\.xml$|/querytables/", re.I)
_MACRO_TYPES = re.compile(rb"macroenabled|vbaproject|macrosheet", re.I)


def open_package(data: bytes, limits: Limits) -> dict[str, bytes]:
    """The XML parts of a workbook by name (without a leading slash); Refusal if it cannot be trusted."""
    if len(data) > limits.max_bytes:
        raise too_large(len(data), limits)
    if not data:
        raise Refusal("F01", "文件是空的（0 字节）。", _AGAIN)
    if data.startswith(_OLE):
        raise _ole(data)
    if not data.startswith(_ZIP):
        raise Refusal("F05", "文件内容不是 Excel 工作簿（xlsx）。", _RESAVE)
    try:
        entries = zipfile.ZipFile(BytesIO(data)).infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError) as error:
        raise Refusal("F06", "压缩包目录损坏，工作簿打不开。", _AGAIN) from error
    _check_names(entries)
    parts: dict[str, bytes] = {}
    room = limits.max_inflated_bytes
    for entry in entries:
        part = _inflate(data, entry, room, limits)
        room -= len(part)
        if entry.filename.lower().endswith((".xml", ".rels")):
            _check_xml(entry.filename, part)
            parts[entry.filename] = part
    if _MACRO_TYPES.search(parts.get("[Content_Types].xml", b"")):
        raise _macros()
    return parts


def too_large(size: int, limits: Limits) -> Refusal:
    """The refusal of a file that is larger than a delivery can be."""
    return Refusal(
        "F02",
        f"文件有 {size / _MB:.1f} MB，超过上限 {limits.max_bytes / _MB:.0f} MB。",
        "请删去工作簿中与报表无关的内容（图片、附件、其他表）后重报。",
    )


def _ole(data: bytes) -> Refusal:
    """A file of the old compound format: a workbook with a password, or an .xls."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        return Refusal("F03", "工作簿设有打开密码（已加密），无法读取。", "请取消打开密码后重报。")
    return Refusal("F04", "文件是旧格式（.xls）工作簿。", _RESAVE)


def _macros() -> Refusal:
    return Refusal("F12", "工作簿含有宏。", f"报表不得带宏。{_RESAVE}")


def _check_names(entries: list[zipfile.ZipInfo]) -> None:
    """Each part once, under a plain relative name; none that a form has no use for."""
    seen: set[str] = set()
    for entry in entries:
        name = entry.orig_filename
        steps = name.rstrip("/").split("/")
        if (
            name.startswith("/")
            or "\\" in name
            or "\0" in name
            or ":" in steps[0]
            or {"..", "."} & set(steps)
        ):
            raise Refusal("F09", f"工作簿内部的文件名不合规：{name[:80]!r}。", _RESAVE)
        if name.casefold() in seen:  # part names differ by more than case
            raise Refusal("F08", f"工作簿内部有重名的文件：{name[:80]!r}。", _RESAVE)
        seen.add(name.casefold())
        if entry.flag_bits & 0x1:
            raise Refusal("F10", "压缩包设有密码，无法读取。", "请取消密码后重报。")
        if _MACRO_PARTS.search("/" + name):
            raise _macros()
        if _LINK_PARTS.search("/" + name):
            raise Refusal(
                "F13",
                "工作簿链接了其他文件或外部数据。",
                "请用“数据—编辑链接—断开链接”把公式转为数值后重报。",
            )


def _inflate(data: bytes, entry: zipfile.ZipInfo, room: int, limits: Limits) -> bytes:
    """The bytes of one part; at most ``room`` of them are ever made."""
    name, start = entry.filename, entry.header_offset
    header = data[start : start + 30]
    if len(header) < 30 or not header.startswith(_ZIP):
        raise _broken(name)
    name_length, extra_length = (int.from_bytes(header[at : at + 2], "little") for at in (26, 28))
    if data[start + 30 : start + 30 + name_length] != entry.orig_filename.encode(
        "utf-8" if entry.flag_bits & 0x800 else "cp437", "replace"
    ):
        raise _broken(name)
    begin = start + 30 + name_length + extra_length
    packed = data[begin : begin + entry.compress_size]
    if len(packed) != entry.compress_size:
        raise _broken(name)
    if entry.compress_type == zipfile.ZIP_STORED:
        part = packed
    elif entry.compress_type == zipfile.ZIP_DEFLATED:
        part = _inflated(name, packed, room, limits)
    else:
        raise Refusal("F06", f"工作簿内部的 {name} 用了不认识的压缩方法。", _RESAVE)
    if len(part) > room:
        raise _bomb(limits)
    if len(part) != entry.file_size:
        raise _broken(name)
    if zlib.crc32(part) != entry.CRC:
        raise Refusal("F07", f"工作簿内部的 {name} 校验和不符，内容已损坏。", _AGAIN)
    return part


def _inflated(name: str, packed: bytes, room: int, limits: Limits) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    chunks: list[bytes] = []
    size = 0
    try:
        while not inflater.eof:
            chunk = inflater.decompress(packed, min(_CHUNK, room - size + 1))
            size += len(chunk)
            if size > room:
                raise _bomb(limits)
            packed = inflater.unconsumed_tail
            if not chunk and not packed and not inflater.eof:
                raise _broken(name)
            chunks.append(chunk)
    except zlib.error as error:
        raise _broken(name) from error
    if inflater.unused_data:
        raise _broken(name)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _broken(name: str) -> Refusal:
    return Refusal("F06", f"工作簿内部的 {name} 已损坏。", _AGAIN)


def _bomb(limits: Limits) -> Refusal:
    return Refusal(
        "F11",
        f"工作簿解压后超过上限 {limits.max_inflated_bytes / _MB:.0f} MB。",
        "请删去工作簿中与报表无关的内容后重报。",
    )


def _check_xml(name: str, part: bytes) -> None:
    encoding = _ENCODING.match(part[3:200] if part.startswith(b"\xef\xbb\xbf") else part[:200])
    if part.startswith(_UTF16_STARTS) or (
        encoding and encoding[1].lower() not in (b"utf-8", b"utf8", b"us-ascii")
    ):
        raise Refusal("F15", f"工作簿内部的 {name} 不是 UTF-8 编码。", _RESAVE)
    if _DOCTYPE.match(part):
        raise Refusal("F14", f"工作簿内部的 {name} 带有 DOCTYPE 声明，可能是恶意文件。", _RESAVE)
