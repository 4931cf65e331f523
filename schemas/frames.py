"""The month's frame of a form: all its submissions one below the other, one line per row.

Checks cost per call, not per line, so they run once on this frame. Beside the figures it keeps, for
each blank, why it is blank, and for each line, where it came from: cells with their addresses are
looked up only for the lines that a finding names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import attrgetter

import polars as pl

from schemas.form import Form, form_for, load_forms
from schemas.period import Period
from schemas.reading.record import Cell, Submission
from schemas.territory import Key

AMOUNT = pl.Decimal(20, 4)
HISTORY = "history"  # the edition of what a history workbook gave

# Why a field of a line is blank, beside the marks N, W and C; null where nothing was written.
UNREAD = "?"  # something stands there that is no number
OVERFLOW = "!"  # a number too large for the column

_ROW = attrgetter("row")


def form_of(submission: Submission) -> Form | None:
    """The form by which a submission is checked; None if its edition or period cannot be known.

    A submission that is filed under an edition out of date is still checked by that edition.
    """
    try:
        period = Period.parse(submission.period)
    except ValueError:
        return None
    if submission.edition == HISTORY:
        try:
            return form_for(submission.form, period)
        except KeyError:
            return None
    named = (submission.form, submission.edition)
    return next((form for form in load_forms() if (form.code, form.edition) == named), None)


@dataclass(frozen=True)
class Wide:
    """All lines of one form edition.

    ``frame`` has the columns ``line`` (from 0), ``submission`` (place in ``submissions``), ``row``
    (of the submission), ``period``, ``frequency``, ``month``, ``submitter``, ``subject``; the key
    columns (text, "" if blank); the other columns of the form (Decimal(20,4) or text, null if
    blank); and ``gap_<field>`` where some cell of a field is blank for a reason. Rows in which
    nothing was filled are left out and stand in ``blank_rows`` by submission and key.
    """

    form: Form
    submissions: tuple[Submission, ...]
    frame: pl.DataFrame
    blank_rows: dict[tuple[int, Key], int]
    _cells: dict[int, dict[tuple[int, str], Cell]] = field(default_factory=dict, repr=False)

    @cached_property
    def origins(self) -> list[tuple[int, int]]:
        """Submission and row of each line."""
        return list(zip(self.frame["submission"].to_list(), self.frame["row"].to_list(), strict=True))

    @cached_property
    def keys(self) -> list[Key]:
        """The key of each line."""
        # column by column: polars makes a tuple of a row at many times the cost
        return list(zip(*(self.frame[c.code].to_list() for c in self.form.keys), strict=True))

    @cached_property
    def periods(self) -> tuple[Period, ...]:
        """All periods in the frame, in order."""
        return tuple(sorted(Period.parse(text) for text in self.frame["period"].unique()))

    @cached_property
    def gaps(self) -> frozenset[str]:
        """The fields of which some cell is blank for a reason."""
        return frozenset(n.removeprefix("gap_") for n in self.frame.columns if n.startswith("gap_"))

    def gap(self, code: str) -> pl.Expr:
        """Why a field is blank: a mark, UNREAD or OVERFLOW; null where it is filled or just blank."""
        return pl.col(f"gap_{code}") if code in self.gaps else pl.lit(None, dtype=pl.String)

    def cell(self, line: int, code: str) -> Cell | None:
        """The cell of a field in a line; None if the sheet has none."""
        return self.cell_of(*self.origins[line], code)

    def cell_of(self, submission: int, row: int, code: str) -> Cell | None:
        """The cell of a field in a row of a submission, blank rows included."""
        if submission not in self._cells:
            cells = self.submissions[submission].cells
            self._cells[submission] = {(cell.row, cell.field): cell for cell in cells}
        return self._cells[submission].get((row, code))

    def row_key(self, key: Key) -> str:
        """The canonical text of a key: ``region_code=360102;chain_code=EI``."""
        return key_text(self.form, key)


def key_text(form: Form, key: Key) -> str:
    """Only the filled parts of a key, in the form's order."""
    return ";".join(f"{c.code}={part}" for c, part in zip(form.keys, key, strict=True) if part)


def frame_of(form: Form, submissions: Sequence[Submission]) -> Wide:
    """The frame of all submissions of one form edition, in their order."""
    key_codes = [c.code for c in form.keys]
    data_codes = [c.code for c in form.columns if not c.key]
    sizes = [max(map(_ROW, s.cells), default=-1) + 1 for s in submissions]
    total = sum(sizes)
    values: dict[str, list[str | None]] = {code: [None] * total for code in key_codes + data_codes}
    gaps: dict[str, dict[int, str]] = {}
    filled = bytearray(total)
    # In a register the key is what is filed; elsewhere it is printed and says nothing.
    telling = set(data_codes) | (set(key_codes) if form.register else set())

    base = 0
    for submission, size in zip(submissions, sizes, strict=True):
        for row, code, _, _, kind, value, _, mark in submission.cells:
            if value:
                values[code][base + row] = value
            elif mark or kind != "blank":
                gaps.setdefault(code, {})[base + row] = mark or UNREAD
            else:
                continue
            if code in telling:
                filled[base + row] = 1
        base += size

    columns = _head_columns(submissions, sizes)
    columns += [pl.Series(code, values[code], dtype=pl.String).fill_null("") for code in key_codes]
    for column in (c for c in form.columns if not c.key):
        texts = pl.Series(column.code, values[column.code], dtype=pl.String)
        figures = texts.cast(AMOUNT, strict=False) if column.numeric else texts
        if figures.null_count() > texts.null_count():
            lost = (figures.is_null() & texts.is_not_null()).arg_true()
            gaps.setdefault(column.code, {}).update(dict.fromkeys(lost, OVERFLOW))
        columns.append(figures)
    for code in sorted(gaps.keys() & set(data_codes)):
        reasons = [gaps[code].get(line) for line in range(total)]
        columns.append(pl.Series(f"gap_{code}", reasons, dtype=pl.String))

    everything = pl.DataFrame(columns)
    alive = pl.Series(list(map(bool, filled)), dtype=pl.Boolean)
    blank = everything.filter(~alive).select("submission", "row", *key_codes)
    return Wide(
        form,
        tuple(submissions),
        everything.filter(alive).with_row_index("line"),
        {(submission, tuple(key)): row for submission, row, *key in blank.iter_rows()},
    )


def _head_columns(submissions: Sequence[Submission], sizes: Sequence[int]) -> list[pl.Series]:
    """What every line of a submission carries from its head."""
    places = [at for at, size in enumerate(sizes) for _ in range(size)]
    periods = [Period.parse(s.period) for s in submissions]
    heads = pl.DataFrame(
        {
            "period": [str(period) for period in periods],
            "frequency": [period.frequency for period in periods],
            "month": [period.month for period in periods],
            "submitter": [s.submitter for s in submissions],
            "subject": [s.subject for s in submissions],
        },
        schema={"period": pl.String, "frequency": pl.String, "month": pl.Int32,
                "submitter": pl.String, "subject": pl.String},
    )  # fmt: skip
    index = pl.Series("submission", places, dtype=pl.Int32)
    rows = pl.Series("row", [row for size in sizes for row in range(size)], dtype=pl.Int32)
    return [index, rows, *(heads[name].gather(index) for name in heads.columns)]


def merged_records(submission: Submission, form: Form) -> tuple[Submission, list[tuple[Cell, Cell]]]:
    """A history submission with its records joined to one row per key, and the cells that clash.

    A record is one key and one field; two records of the same key and field clash, and the first is
    kept.
    """
    key_codes = tuple(c.code for c in form.keys)
    records: dict[int, dict[str, Cell]] = {}
    for cell in submission.cells:
        records.setdefault(cell.row, {})[cell.field] = cell
    rows: dict[Key, int] = {}
    kept: dict[tuple[int, str], Cell] = {}
    clashes = []
    for record in records.values():
        cells = [record.get(code) for code in key_codes]
        row = rows.setdefault(tuple((cell and cell.value) or "" for cell in cells), len(rows))
        for code, cell in record.items():
            if (row, code) not in kept:
                kept[row, code] = cell._replace(row=row)
            elif code not in key_codes:
                clashes.append((kept[row, code], cell))
    return replace(submission, cells=tuple(kept.values())), clashes
