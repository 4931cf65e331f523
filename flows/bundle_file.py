"""A bundle as a file: a zip whose bytes follow from its parts, safe to unpack, refused when a byte was changed.

Parts are stored, not deflated (workbooks and tables are compressed already), so the bytes depend on no zlib. A
file is taken only if packing its parts again gives the very same bytes and each part has the digest of the list in
it. Who changes a part and writes the list anew is found by what the parts say of each other (``bundle_parts.py``).
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flows.ledger.canonical import sha256
from flows.mistakes import Mistake
from schemas.packing import BAD_ZIP, NO_TIME

FORMAT_VERSION = 2  # 1 held the journal up to the data alone, and plan files among the procedures
LIST = "清单.json"
MOST_PARTS, LARGEST_PART, LARGEST = 20_000, 200 * 2**20, 2 * 2**30  # what is unpacked at most
_NAME = re.compile(r"[\w（）.\- ]+(/[\w（）.\- ]+)*")


class BundleError(Mistake):
    """A bundle that must not be made or taken; the message says why."""


@dataclass(frozen=True)
class Contents:
    """What a bundle file holds: of which release, by which program the tables were written, and the parts by name.

    ``printing`` is the digest of the modules that write tables: the same results give other cells with other ones.
    """

    release: str
    release_digest: str
    printing: str
    parts: Mapping[str, bytes]


def packed(contents: Contents) -> bytes:
    """The bytes of a bundle; the same contents give the same bytes."""
    listed = {
        "format_version": FORMAT_VERSION,
        "release": contents.release,
        "release_digest": contents.release_digest,
        "printing": contents.printing,
        "parts": {name: sha256(data) for name, data in sorted(contents.parts.items())},
    }
    text = json.dumps(listed, ensure_ascii=False, sort_keys=True, indent=1) + "\n"
    return _zipped({**contents.parts, LIST: text.encode()})


def unpacked(data: bytes) -> Contents:
    """What a bundle holds, checked; BundleError says what is wrong with it."""
    parts = _parts(data)
    listed = _list(parts.pop(LIST, b""))
    expected = listed["parts"]
    found = {name: sha256(part) for name, part in parts.items()}
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise BundleError(f"重算包中的 {name} 与清单不符：缺失、多出或被改动过。")
    contents = Contents(listed["release"], listed["release_digest"], listed["printing"], parts)
    if packed(contents) != data:
        raise BundleError("重算包的打包字节被改动过，内容以外的部分与原包不同。")
    return contents


def _parts(data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            infos = package.infolist()
            if len(infos) > MOST_PARTS or sum(i.file_size for i in infos) > LARGEST:
                raise BundleError("重算包过大，不予展开。")
            for info in infos:
                _check(info)
            return {info.filename: package.read(info) for info in infos}
    except BAD_ZIP as error:
        raise BundleError(f"重算包读不出来：不是 zip 文件，或被改动过（{error}）。") from error


def _list(text: bytes) -> dict[str, Any]:
    """The list of a bundle, of the right shape."""
    try:
        listed = json.loads(text)
        version = listed["format_version"]
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise BundleError(f"重算包中没有可读的{LIST}。") from error
    if version != FORMAT_VERSION:
        raise BundleError(f"重算包的 format_version 是 {version!r}，本程序只认 {FORMAT_VERSION}。")
    texts = [listed.get(name) for name in ("release", "release_digest", "printing")]
    parts = listed.get("parts")
    plain = all(isinstance(text, str) and text.isascii() for text in texts)
    if not plain or not isinstance(parts, dict):
        raise BundleError(f"重算包中的{LIST}写法不合规。")
    return dict(listed)


def _check(info: zipfile.ZipInfo) -> None:
    """A part may lie nowhere but below the folder, be a plain file, and no larger than it says."""
    steps = info.filename.split("/")
    if not _NAME.fullmatch(info.filename) or any(step.strip(". ") == "" for step in steps):
        raise BundleError(f"重算包中的名称 {info.filename!r} 不合规，不予展开。")
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
        raise BundleError(f"重算包中的 {info.filename} 不是按原样存放的，不予展开。")
    if info.file_size > LARGEST_PART:
        raise BundleError(f"重算包中的 {info.filename} 过大，不予展开。")


def _zipped(parts: Mapping[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_STORED) as package:
        for name in sorted(parts):
            info = zipfile.ZipInfo(name, NO_TIME.timetuple()[:6])
            info.create_system, info.external_attr = 3, 0o600 << 16
            package.writestr(info, parts[name])
    return data.getvalue()
