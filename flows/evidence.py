"""The files that corrections rest on: which came along with a batch, and which are kept."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from flows.ledger.canonical import sha256
from flows.ledger.files import file_digest
from flows.ledger.store import Store
from flows.mistakes import Mistake


class Evidence:
    """What a correction may rest on: files that are no deliveries, by their digests, and what is archived.

    A workbook is evidence too: deliveries that came along are in the archive by now, GLT09 apart.
    """

    def __init__(self, files: Sequence[Path], store: Store) -> None:
        self._files, self._store = files, store

    @cached_property
    def _by_digest(self) -> dict[str, Path]:
        found = {}
        for path in self._files:
            with suppress(OSError):  # a file that cannot be read did not come along
                found[file_digest(path)] = path
        return found

    def has(self, digest: str) -> bool:
        """True for a file that came along or is kept already."""
        store = self._store
        return digest in self._by_digest or store.evidence.has(digest) or store.archive.has(digest)

    def keep(self, digest: str) -> None:
        """Put a file with the evidence that is not there yet."""
        path = self._by_digest.get(digest)
        if path is not None:
            data = path.read_bytes()
            if sha256(data) != digest:
                raise Mistake(f"依据文件 {path.name} 在运行中被改动；请放回原文件后再运行一次。")
            self._store.evidence.put(data)
        elif not self._store.evidence.has(digest):
            self._store.evidence.put(self._store.archive.get(digest))
