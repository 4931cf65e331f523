"""What is in force beside the submission at hand: the lines that rules of levels 2 and 3 compare with.

The rules ask for lines and for the cell behind a figure; who answers (a warehouse, a batch on its way
in, a test) is not their matter.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from schemas.period import Period


@dataclass(frozen=True)
class Place:
    """The cell behind one figure in force: which version of which file, where, and the text there."""

    digest: str
    file_name: str
    version: int  # 版次
    sheet: str
    cell: str
    raw: str


@dataclass(frozen=True)
class Figure:
    """One figure in force, for the one who wants to change it."""

    submitter: str
    subject: str
    value: str  # the exact plain text, "" for a blank; a correction that was confirmed is in it
    mark: str  # N, W, C or ""
    place: Place


class InForce(Protocol):
    """Lines in force as of one moment: of each submission the version in view, corrections applied."""

    def lines(
        self, form: str, periods: Sequence[Period], fields: Collection[str] | None = None
    ) -> pl.DataFrame:
        """The lines of a form (code, all editions) in these periods, in the order of their keys.

        Columns: ``period``, ``submitter``, ``subject`` (text), ``source`` (``submission`` or ``bureau``),
        ``state`` (``accepted`` or ``pending``), ``row_key`` (as in a finding), ``revised`` (the fields that
        corrections changed, as ``|out_cum|rev_cum|``, else ""); the key columns (text,
        "" if blank); the form's other columns (Decimal(20,4) or text, null where blank), or only those
        of ``fields``. A line that
        the bureau filed is there only where no submitter filed one with its key and period.
        """
        ...

    def place(self, form: str, period: str, submitter: str, row_key: str, field: str) -> Place | None:
        """The cell behind a field of such a line; None where none was filled."""
        ...

    def figure(self, form: str, period: str, row_key: str, field: str) -> Figure | None:
        """A field of a record, whoever filed it; None if no such record is in force."""
        ...


class Remembered:
    """What is in force, asked once: the same lines are wanted by many rules and sentences."""

    def __init__(self, source: InForce) -> None:
        self._source = source
        self._lines: dict[tuple[str, Period], pl.DataFrame] = {}

    def lines(
        self, form: str, periods: Sequence[Period], fields: Collection[str] | None = None
    ) -> pl.DataFrame:
        """See :class:`InForce`; periods that were asked for before are not asked for again."""
        if fields is not None:
            return self._source.lines(form, periods, fields)
        unknown = [period for period in periods if (form, period) not in self._lines]
        if unknown:
            found = self._source.lines(form, unknown)
            for period in unknown:
                self._lines[form, period] = found.filter(pl.col("period") == str(period))
        if not periods:
            return self._source.lines(form, periods)
        return pl.concat([self._lines[form, period] for period in sorted(periods)])

    def place(self, form: str, period: str, submitter: str, row_key: str, field: str) -> Place | None:
        """See :class:`InForce`."""
        return self._source.place(form, period, submitter, row_key, field)

    def figure(self, form: str, period: str, row_key: str, field: str) -> Figure | None:
        """See :class:`InForce`."""
        return self._source.figure(form, period, row_key, field)
