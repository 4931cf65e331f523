"""Where the ledger of one home folder lies: archive, journal, warehouse and releases together.

The statistics store is the home itself; the administrative data for 亩均 (GLT09) have a store of
their own in ``permu/``, with its own archive, journal and warehouse, and neither is read for the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from flows.ledger.archive import Archive
from flows.ledger.files import make_folder
from flows.ledger.journal import Journal
from flows.ledger.lock import writer_lock

PERMU = "permu"


class Store:
    """One store under ``home``; nothing is created before :meth:`writing`.

    ``archive`` is where the workbooks lie, for one who reads a copy of them kept elsewhere; else below ``home``.
    """

    def __init__(self, home: Path, archive: Path | None = None) -> None:
        self.home = home.absolute()
        self._archive = (archive or home / "archive").absolute()

    @cached_property
    def archive(self) -> Archive:
        """The workbooks as they arrived."""
        return Archive(self._archive)

    @cached_property
    def evidence(self) -> Archive:
        """What corrections rest on: files of any kind, under their digests."""
        return Archive(self.home / "evidence", suffix="")

    @cached_property
    def journal(self) -> Journal:
        """The record of what happened."""
        return Journal(self.home / "journal.jsonl")

    @cached_property
    def permu(self) -> Store:
        """The separate store of GLT09."""
        return Store(self.home / PERMU)

    @property
    def warehouse(self) -> Path:
        """The DuckDB file; a projection that may be deleted at any time."""
        return self.home / "warehouse.duckdb"

    @property
    def releases(self) -> Path:
        """The folder of releases."""
        return self.home / "releases"

    @contextmanager
    def writing(self) -> Iterator[list[str]]:
        """Hold the writer's lock over this store and its GLT09 store, both repaired after a crash.

        Gives the sentences that say what was repaired. LockHeldError if another process writes;
        JournalError if a journal cannot be repaired safely.
        """
        make_folder(self.home)
        with writer_lock(self.home / "lock"):
            repaired = []
            for store in (self, self.permu):
                make_folder(store.home)
                make_folder(store.archive.root)
                done = store.journal.repair()
                if done:
                    repaired.append(done)
            yield repaired

    def seen(self) -> dict[str, str]:
        """Digest of every delivery that the journal knows to the rule by which it was refused, "" if it was not."""
        return {
            str(entry.body["digest"]): str(entry.body.get("rule", ""))
            for entry in self.journal.entries()
            if entry.type in ("received", "refused")
        }
