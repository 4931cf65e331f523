"""A release laid out for questions: its results by subject, its methods, what the journal says of it now.

Everything is read when it is asked for first and kept, so that one object answers for a single value in a fraction
of a second and for all values of a release without reading anything twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from flows.approval import approvals
from flows.earlier import Procedures, procedures_of
from flows.ledger.canonical import digest_files
from flows.ledger.journal import Entry
from flows.ledger.release import Release
from flows.ledger.store import Store
from flows.lineage import Asked, Lineage, Source, asked_of
from flows.lineage_cells import place_cells, sums_of
from flows.mistakes import Mistake
from flows.publish import Staged, staged
from flows.release_rows import ReleaseTable, Row, place_table
from indices.method import METHODS_DIR, Method, file_digests, read_method
from schemas.codes import Codes
from schemas.form import FORMS_DIR

_SUBJECT = ("index_code", "period", "subject")
INDEX, PILLAR, INDICATOR, VARIABLE = "result_index", "result_pillar", "result_indicator", "result_variable"


class TraceError(Mistake):
    """Something that the release does not have, or that is not as it was; the message says what."""


class Traced:
    """A release, with a connection to the warehouse opened for reading.

    ``methods`` is the folder of method files; a version that a release used stays there beside the newer ones.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        store: Store,
        release: Release,
        codes: Codes,
        methods: Path = METHODS_DIR,
    ) -> None:
        self._con, self._store, self.release, self.codes = con, store, release, codes
        self._folder = methods
        self._methods: dict[str, Method] = {}
        self._tables: dict[str, ReleaseTable] = {}

    @cached_property
    def versions(self) -> dict[str, str]:
        """The ids of the release's method versions by index, the files being those that it was computed with.

        TraceError if one is not here any more or was changed: its expressions would explain other numbers.
        """
        here, used = file_digests(self._folder), self.release.manifest.methods
        missing = sorted(used.keys() - here.keys())
        if missing:
            raise TraceError(f"发布 {self.release.id} 所用的方法 {'、'.join(missing)} 不在本程序中。")
        for name, digest in used.items():
            if here[name] != digest:
                raise TraceError(
                    f"方法文件 {name}.toml 与发布 {self.release.id} 所用的不同，按它说明公布的数会说错；"
                    "请恢复原文件，改动的方法另立版本。"
                )
        return {name.partition("-")[0]: name for name in used}

    def method(self, index: str) -> Method:
        """The release's version of an index; TraceError if it has no such index."""
        if index not in self.versions:
            raise TraceError(f"发布 {self.release.id} 中没有指数 {index}，有 {'、'.join(self.versions)}。")
        if index not in self._methods:
            self._methods[index] = read_method(self._folder / f"{self.versions[index]}.toml")
        return self._methods[index]

    @cached_property
    def entries(self) -> Sequence[Entry]:
        """The journal's events; reading them checks the chain."""
        return self._store.journal.entries()

    @cached_property
    def staged(self) -> Staged:
        """The release's stage by the journal's last word on it."""
        return staged(self.release, self.entries)

    def approval(self, method: Method) -> dict[str, Any]:
        """Who approved a method, as the journal says now; empty if nobody did."""
        return approvals(self.entries, (method,))[method.id]

    @cached_property
    def differing(self) -> tuple[str, ...]:
        """Code lists and forms of this program that are not those of the release: the way to the cells may differ."""
        made = self.release.manifest
        lists = [path for name in made.codes if (path := self.codes.folder / name).is_file()]
        now = digest_files(lists) | digest_files(FORMS_DIR.glob("*.toml"))
        before = {**made.codes, **made.forms}
        return tuple(sorted(name for name in before if now.get(name) != before[name]))

    @cached_property
    def targets(self) -> dict[str, Row]:
        """The plan's target of each subject that has one, as the release keeps it."""
        table = ReleaseTable(self.release, "result_target", ("subject",))
        return {subject: table.rows(subject)[0] for (subject,) in table.keys}

    def results(self, table: str, index: str, subject: str) -> list[Row]:
        """The rows of a result table for one subject of an index, in the release's own period."""
        return self._table(table).rows(index, self.release.manifest.period, subject)

    def subjects(self, index: str) -> list[str]:
        """Every subject of an index in the release's own period, in the order of the table."""
        period = self.release.manifest.period
        return [s for i, p, s in self._table(INDICATOR).keys if (i, p) == (index, period)]

    def asked(self, index: str, subjects: Iterable[str]) -> list[Asked]:
        """The indicators of subjects, as :class:`flows.lineage.Lineage` wants them."""
        indicators, variables = [], []
        for subject in subjects:
            indicators += [
                (r["indicator"], subject, r["ref_period"], r["reason"])
                for r in self.results(INDICATOR, index, subject)
            ]
            variables += [
                (subject, r["indicator"], r["variable"], r["status"])
                for r in self.results(VARIABLE, index, subject)
            ]
        return asked_of(self.method(index), indicators, variables)

    def sources(self, index: str, asked: Iterable[Asked]) -> set[Source]:
        """Every amount that these indicators rest on."""
        lineage = Lineage(self.codes, self.method(index))
        return {source for one in asked for source in lineage.sources(one)}

    def included(self, sources: Iterable[Source]) -> list[Row]:
        """Whose rows stand in the sums behind sources, as the release keeps it."""
        wanted = sorted(
            (variant, str(t0), str(annual).lower(), form, scope)
            for variant, t0, annual, form, scope in sums_of(sources)
        )
        return [row for key in wanted for row in self._included.rows(*key)]

    def place(self, sources: set[Source]) -> None:
        """Create ``lineage`` with the cells of these amounts, see :mod:`flows.lineage_cells`."""
        place_cells(
            self._con, self.release, self.codes, sources, self.included(sources), self._procedures.text
        )

    def place_table(self, name: str) -> None:
        """Lay a whole table of the release into the connection, for a query that joins it."""
        place_table(self._con, self.release, name)

    def stored(self, table: str) -> str:
        """The name of a table of the warehouse itself, where :meth:`place` has put a smaller one before it."""
        (row,) = self.query("select current_database() as name")
        return f'"{row["name"]}".main.{table}'

    def query(self, text: str, given: Sequence[object] = ()) -> list[Row]:
        """The rows of a query on the warehouse, as mappings from column to value."""
        cursor = self._con.execute(text, list(given))
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    @cached_property
    def _included(self) -> ReleaseTable:
        return ReleaseTable(self.release, "included", ("variant", "t0", "annual", "form", "scope"))

    @cached_property
    def _procedures(self) -> Procedures:
        return procedures_of(self.release.manifest.procedures)

    def _table(self, name: str) -> ReleaseTable:
        if name not in self._tables:
            self._tables[name] = ReleaseTable(self.release, name, _SUBJECT, self.release.manifest.period)
        return self._tables[name]
