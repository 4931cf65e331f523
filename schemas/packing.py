"""Workbooks as bytes without a clock: equal parts give equal bytes, whenever and wherever they are packed."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from datetime import datetime
from io import BytesIO

from openpyxl import Workbook
from openpyxl.writer.excel import ExcelWriter
from openpyxl.xml.functions import tostring

CORE = "docProps/core.xml"
NO_TIME = datetime(1980, 1, 1)  # the earliest that a zip directory can hold: where no time is known

# what reading a zip raises where it is damaged, or packed in a way that is not known here
BAD_ZIP: tuple[type[Exception], ...] = (
    zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError, RuntimeError, zlib.error,
)  # fmt: skip

_EPOCH = NO_TIME.timetuple()[:6]


def parts_of(data: bytes) -> dict[str, bytes]:
    """The parts of a package by name."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def repack(parts: Mapping[str, bytes]) -> bytes:
    """A package with equal bytes for equal parts: name order, fixed times."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(parts):
            info = zipfile.ZipInfo(name, date_time=_EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            archive.writestr(info, parts[name])
    return packed.getvalue()


def written(book: Workbook, modified: datetime) -> dict[str, bytes]:
    """The parts of a workbook as openpyxl writes them, last modified as told instead of now."""
    loose = BytesIO()
    with zipfile.ZipFile(loose, "w", zipfile.ZIP_STORED) as archive:
        ExcelWriter(book, archive).save()
    parts = parts_of(loose.getvalue())
    book.properties.modified = modified  # saving has set it to the present
    parts[CORE] = tostring(book.properties.to_tree())
    return parts


def saved(book: Workbook, modified: datetime) -> bytes:
    """The workbook's bytes, last modified as told instead of now."""
    return repack(written(book, modified))
