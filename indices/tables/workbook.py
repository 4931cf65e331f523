"""The published workbooks of a release: one per index, and the digest of their content."""

from __future__ import annotations

import hashlib
import io
import zipfile

from indices.tables.change import write_change
from indices.tables.coverage import write_coverage
from indices.tables.indicators import write_indicators
from indices.tables.notes import AUDIENCE_ZH, Audience, MethodNote, ReleaseNotes, write_notes
from indices.tables.overview import write_overview
from indices.tables.provenance import write_provenance
from indices.tables.results import Results
from indices.tables.sheet import Book
from indices.tables.targets import write_targets

CHAINS = "CM"  # the index whose subjects have targets in the plan


def write_tables(results: Results, notes: ReleaseNotes, audience: Audience) -> dict[str, bytes]:
    """One workbook per method of the release: file name to bytes.

    The same results and notes give the same bytes (with equal zlib and XlsxWriter), wherever and whenever.
    """
    return {
        f"{notes.period} {method.title}（{AUDIENCE_ZH[audience]}）.xlsx": _workbook(
            results, notes, method, audience
        )
        for method in notes.methods
    }


def _workbook(results: Results, notes: ReleaseNotes, method: MethodNote, audience: Audience) -> bytes:
    footer = f"发布批次 {notes.release_id}（{notes.stage}）　{method.id}　{AUDIENCE_ZH[audience]}"
    book = Book(method.title, notes.period.last_day, footer)
    write_overview(book, results, notes, method, audience)
    write_change(book, results, notes, method, audience)
    write_indicators(book, results, notes, method, audience)
    if method.index == CHAINS:
        write_targets(book, results, notes, method, audience)
    write_coverage(book, results, notes, method, audience)
    if notes.sources:
        write_provenance(book, results, notes, method, audience)
    write_notes(book, notes, method, audience)
    return book.finish()


def content_digest(xlsx: bytes) -> str:
    """SHA-256 over the uncompressed parts in name order, each with its name and length.

    It does not depend on how the parts were compressed, so another zlib gives the same digest.
    """
    digest = hashlib.sha256()
    with zipfile.ZipFile(io.BytesIO(xlsx)) as package:
        for name in sorted(package.namelist()):
            part = package.read(name)
            digest.update(f"{name}\x00{len(part)}\x00".encode())
            digest.update(part)
    return digest.hexdigest()


__all__ = ["Audience", "content_digest", "write_tables"]
