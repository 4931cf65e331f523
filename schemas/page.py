"""What stands on one sheet of a form: its office, its rows, which fields are owed, what is filled in.

``Head`` and ``Filled`` are what a caller hands over; ``Page`` answers the questions of the drawing
modules. Which fields fall due in which row is asked of ``territory`` and of the form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from openpyxl.comments import Comment

from schemas.codes import PROVINCE, WHOLE_CHAIN, Codes
from schemas.form import Column, Form
from schemas.stationery import TEXT, Look
from schemas.territory import Due, Key, Submitter, row_keys, row_level

Value = Decimal | int | str | None

STEMS = "甲乙丙丁戊己庚辛壬癸"  # numbers of the columns that are not figures
MARK = "数据标识"


@dataclass(frozen=True)
class Head:
    """What a filer writes around the figures. ``banner`` is printed above the title."""

    version: int  # 版次
    reported_on: str  # 报出日期, ISO
    chief: str
    statistician: str
    filler: str
    phone: str
    banner: str = ""


@dataclass(frozen=True)
class Filled:
    """The content of one submission.

    ``rows`` maps a row's key to its fields by code. A text in a number field is written as it is.
    ``marks`` maps a row's key to its 数据标识 text in a wide form, (key, field) to N, W or C in a
    long one. ``notes`` are comments on cells.
    """

    due: Due
    rows: Mapping[Key, Mapping[str, Value]]
    marks: Mapping[Any, str] = field(default_factory=dict)
    notes: Mapping[tuple[Key, str], str] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """One sheet to be drawn: a form of an office for a period, blank or filled."""

    codes: Codes
    office: Submitter
    form: Form
    due: Due
    head: Head | None = None
    filled: Filled | None = None

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the form in this period."""
        return self.form.columns_at(self.due.period)

    @cached_property
    def free(self) -> bool:
        """True for a register, whose rows are not known beforehand, and for what the bureau files."""
        return self.form.register or self.form.filed_by_bureau

    @cached_property
    def _printed(self) -> tuple[Key, ...]:
        if self.free:
            return ()
        return row_keys(self.codes, self.form, self.office, self.due.subject, self.due.period)

    @cached_property
    def keys(self) -> tuple[Key, ...]:
        """The rows in printed order; of a filled form without the optional rows that it lacks."""
        if self.filled is None:
            if self.free and self.form.layout == "long":  # the bureau files a subject as a whole
                whole = {self.form.subject: self.due.subject, "region_code": PROVINCE}
                return (tuple(whole.get(column.code, "") for column in self.form.keys),)
            return self._printed
        rows = self.filled.rows
        known = set(self._printed)
        kept = (key for key in self._printed if key in rows or not self._optional(key))
        return (*kept, *(key for key in rows if key not in known))

    def _optional(self, key: Key) -> bool:
        named = self.named(key)
        return named.get("subchain_code", WHOLE_CHAIN) != WHOLE_CHAIN or bool(named.get("park_code"))

    def named(self, key: Key) -> dict[str, str]:
        """The values of a key by column code."""
        return dict(zip((column.code for column in self.form.keys), key, strict=True))

    def owed(self, column: Column, key: Key) -> bool:
        """True if the field is to be filled in this row; in a free row always."""
        if self.free:
            return True
        if not column.due(self.due.period, row_level(self.codes, self.form, key)):
            return False
        lead = self.named(key).get("region_code") == PROVINCE
        return column.rows is None or (column.rows == "lead") == lead

    def value(self, key: Key, code: str) -> Value:
        """The figure of a field; None if it is blank."""
        return None if self.filled is None else self.filled.rows.get(key, {}).get(code)

    def note(self, key: Key, code: str) -> Comment | None:
        """The comment on a cell."""
        text = self.filled.notes.get((key, code)) if self.filled is not None else None
        return None if text is None else Comment(text, self.office.name, height=120, width=300)


@dataclass(frozen=True)
class Placed:
    """Where a table came to stand: its header's rows, its first cell that scrolls, its last row."""

    header: tuple[int, int]
    corner: tuple[int, int]  # row, column
    last: int


def field_look(column: Column, *, owed: bool, locked: bool = False) -> Look:
    """How a field's cell looks: its number format, grey where it is not owed, open where it is."""
    fmt = TEXT
    if column.numeric:
        fmt = "#,##0" if column.decimals == 0 else "#,##0." + "0" * column.decimals
    wordy = column.type in ("text", "codes")
    return Look(
        align="right" if column.numeric else "left" if wordy else "center",
        number_format=fmt,
        grey=not owed,
        open=owed and not locked,
        wrap=column.type == "codes",
    )
