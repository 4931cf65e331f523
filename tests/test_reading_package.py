"""The strict look at the bytes: each thing that is refused has its own code."""

import struct
import zipfile
import zlib
from io import BytesIO

import pytest
import sheets
from sheets import MAIN, handmade, packed, parts_of, read

from schemas.reading.package import Limits, open_package

SHEET = (
    f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData></worksheet>'
)
PLAIN = handmade(SHEET)


def refusal(data: bytes, limits: Limits | None = None) -> str:
    """The code of the refusal, which must carry a sentence and an advice."""
    delivery = read(data, limits)
    assert delivery.refused is not None
    assert delivery.submissions == ()
    assert delivery.size == len(data)
    assert delivery.refused.message.endswith("。")
    assert delivery.refused.advice.endswith("。")
    return delivery.refused.rule


def with_part(name: str, part: str = "<a/>") -> bytes:
    return packed(PLAIN | {name: part.encode()})


def test_a_sound_package_is_opened() -> None:
    parts = open_package(packed(PLAIN), Limits())
    assert parts["xl/worksheets/sheet1.xml"] == SHEET.encode()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "F01"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "Workbook".encode("utf-16-le"), "F04"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"), "F03"),
        (b"<html><table></table></html>", "F05"),
        (b"PK\x03\x04" + b"\0" * 100, "F06"),
        (packed(PLAIN)[:-30], "F06"),
        (with_part("../evil.xml"), "F09"),
        (with_part("/etc/passwd.xml"), "F09"),
        (with_part("C:/evil.xml"), "F09"),
        (with_part("xl\\evil.xml"), "F09"),
        (with_part("XL/WORKSHEETS/SHEET1.XML"), "F08"),
        (with_part("xl/vbaProject.bin"), "F12"),
        (with_part("xl/macrosheets/sheet1.xml"), "F12"),
        (with_part("xl/externalLinks/externalLink1.xml"), "F13"),
        (with_part("xl/connections.xml"), "F13"),
        (with_part("docProps/app.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), "F14"),
        (with_part("docProps/app.xml", '<?xml version="1.0" encoding="gb18030"?><a/>'), "F15"),
        (packed(PLAIN | {"xl/worksheets/sheet1.xml": SHEET.encode("utf-16")}), "F15"),
        (packed(PLAIN | {"xl/worksheets/sheet1.xml": SHEET.encode("utf-16-le")}), "F15"),
        (packed({"word/document.xml": b"<a/>"}), "F16"),
        (packed({k: v for k, v in PLAIN.items() if "sheet1" not in k}), "F16"),
        (packed(PLAIN | {"xl/worksheets/sheet1.xml": SHEET.encode()[:-5]}), "F17"),
        (packed(PLAIN | {"[Content_Types].xml": b"<a>application/vnd.ms-excel.sheet.macroEnabled.main+xml</a>"}), "F12"),
        (packed(PLAIN), "L01"),  # a sound workbook without a form
    ],
)  # fmt: skip
def test_refusals(data: bytes, code: str) -> None:
    assert refusal(data) == code


def test_relations_to_other_files_and_macros_are_seen_whatever_the_parts_are_called() -> None:
    name = "xl/_rels/workbook.xml.rels"
    for kind, code in (("externalLink", "F13"), ("vbaProject", "F12")):
        rel = f'<Relationship Id="r9" Type="http://x/{kind}" Target="a.xml"/></Relationships>'
        changed = PLAIN[name].replace(b"</Relationships>", rel.encode())
        assert refusal(packed(PLAIN | {name: changed})) == code


def test_too_many_bytes_and_too_many_cells() -> None:
    data = packed(PLAIN)
    assert refusal(data, Limits(max_bytes=len(data) - 1)) == "F02"
    assert refusal(data, Limits(max_cells=0)) == "F18"
    assert refusal(data, Limits(max_cells=1)) == "L01"


def test_a_bomb_is_refused_while_it_is_inflated() -> None:
    bomb = with_part("xl/media/big.bin", "0" * 5_000_000)
    assert len(bomb) < 100_000
    assert refusal(bomb, Limits(max_inflated_bytes=100_000)) == "F11"


def test_a_part_that_lies_about_its_size_is_not_inflated_beyond_the_limit() -> None:
    """The directory says 10 bytes, the stream holds 5 MB."""
    data = with_part("xl/media/big.bin", "0" * 5_000_000).replace(
        struct.pack("<L", 5_000_000), struct.pack("<L", 10)
    )
    assert refusal(data, Limits(max_inflated_bytes=100_000)) == "F11"
    assert refusal(data) == "F06"  # within the limit it is still not what it says


def test_a_flipped_bit_is_seen() -> None:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, part in PLAIN.items():
            archive.writestr(name, part)
    data = buffer.getvalue()
    assert refusal(data.replace(b"<v>1</v>", b"<v>7</v>")) == "F07"


def test_two_parts_of_one_name() -> None:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        for name, part in [*PLAIN.items(), ("xl/workbook.xml", PLAIN["xl/workbook.xml"])]:
            archive.writestr(name, part)
    assert refusal(buffer.getvalue()) == "F08"


def test_a_directory_and_a_header_that_disagree() -> None:
    data = packed(PLAIN)
    at = data.index(b"xl/workbook.xml")
    assert refusal(data[:at] + b"xl/workbooq.xml" + data[at + 15 :]) == "F06"


def test_a_password_on_the_zip() -> None:
    data = bytearray(packed(PLAIN))
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    assert refusal(bytes(data)) == "F10"


def test_old_and_broken_files_by_others() -> None:
    """Anything at all is refused with a code or read; nothing is raised."""
    good, _ = sheets.filled()
    for cut in range(0, len(good), 1999):
        assert read(good[:cut]).refused is not None
    for at in range(40, len(good), 2003):
        broken = good[:at] + bytes([good[at] ^ 0xFF]) + good[at + 1 :]
        read(broken)


def test_the_declared_dimension_is_not_believed() -> None:
    good, _ = sheets.filled()
    lied = sheets.repacked(
        good,
        "xl/worksheets/sheet1.xml",
        lambda text: text.replace('<dimension ref="', '<dimension ref="A1:A1" x="', 1),
    )
    assert sheets.one(lied).cells == sheets.one(good).cells


def test_a_cell_in_the_last_corner_costs_nothing() -> None:
    good, _ = sheets.filled()
    far = sheets.repacked(
        good,
        "xl/worksheets/sheet1.xml",
        lambda text: text.replace(
            "</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
        ),
    )
    assert sheets.one(far).cells == sheets.one(good).cells


def test_the_crc_of_every_part_is_compared() -> None:
    """Also of parts that are not read."""
    data = bytearray(packed(parts_of(packed(PLAIN)) | {"xl/media/image.png": b"picture" * 10}))
    at = data.rindex(struct.pack("<L", zlib.crc32(b"picture" * 10)))
    data[at] ^= 1
    assert refusal(bytes(data)) == "F07"
