"""What a line owes and whose it is: due fields, rows that must be there, and the filer's territory.

The form file says when a field is due, ``territory`` says who files which rows; here both are laid
over the lines of a frame. Lines that owe the same fields share a *situation*, a small number, so that
a check asks for the number and not for each line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import polars as pl

from schemas.codes import PROVINCE, WHOLE_CHAIN, Codes
from schemas.form import Column, Form
from schemas.frames import HISTORY, OVERFLOW, Wide
from schemas.period import Period
from schemas.ranges import inside
from schemas.reading.record import Submission
from schemas.territory import BUREAU, Key, Submitter, due, may_write, row_keys, row_level, submitters


@dataclass(frozen=True)
class Situation:
    """All that decides which fields a line owes."""

    period: Period
    level: str  # of the row's region
    kind: Literal["own", "lead", "zone", "free"]  # free: filed by the bureau, owes nothing

    def owes(self, column: Column) -> bool:
        """True if a line in this situation must fill the column."""
        if not column.required or not column.valid(self.period):
            return False
        if column.key:
            return True
        if self.kind in ("zone", "free") or (column.rows is not None and column.rows != self.kind):
            return False
        return column.due(self.period, self.level)


class Offices:
    """The offices that file, by code, and what each owes; asked many times in a batch."""

    def __init__(self, codes: Codes) -> None:
        self.codes = codes
        self._offices = {office.code: office for office in (*submitters(codes), BUREAU)}
        self._due: dict[tuple[str, Period], frozenset[tuple[str, str]]] = {}

    def get(self, code: str) -> Submitter | None:
        """The office of a code."""
        return self._offices.get(code)

    def files(self, form: Form, submission: Submission) -> bool:
        """True if this office files this form (and subject) for this period.

        GLT10 is filed by whoever corrects something, GLT09 by the counties and cities each year. The
        bureau files history and the editions made for published figures, and nobody else does.
        """
        office = self.get(submission.submitter)
        if office is None:
            return False
        by_bureau = submission.edition == HISTORY or form.filed_by_bureau
        if by_bureau or office == BUREAU:
            return by_bureau and office == BUREAU
        period = Period.parse(submission.period)
        if form.register and form.code != "GLT08":
            return form.code == "GLT10" or (office.level in ("county", "city") and period.annual)
        at = (office.code, period)
        if at not in self._due:
            self._due[at] = frozenset((one.form, one.subject) for one in due(self.codes, office, period))
        return (form.code, submission.subject) in self._due[at]


@dataclass(frozen=True)
class Owed:
    """The situations of a frame's lines, and the lines outside their filer's territory."""

    wide: Wide
    situations: tuple[Situation, ...]
    of_line: tuple[int, ...]
    foreign: tuple[bool, ...]

    @cached_property
    def frame(self) -> pl.DataFrame:
        """The frame with the columns ``situation`` and ``foreign``."""
        return self.wide.frame.with_columns(
            pl.Series("situation", self.of_line, dtype=pl.Int32),
            pl.Series("foreign", self.foreign, dtype=pl.Boolean),
        )

    @cached_property
    def plausible(self) -> pl.DataFrame:
        """The frame for the form's own rules: a figure outside its range is blank, and why stands in its gap."""
        outside = {code: ~good for code, good in inside(self.wide.form).items()}
        hit = self.frame.select(**outside).select(pl.any_horizontal(pl.lit(False), pl.all())).to_series()
        if not hit.any():
            return self.frame
        return self.frame.with_columns(
            *(pl.when(bad).then(None).otherwise(pl.col(code)).alias(code) for code, bad in outside.items()),
            *(
                pl.when(bad).then(pl.lit(OVERFLOW)).otherwise(self.wide.gap(code)).alias(f"gap_{code}")
                for code, bad in outside.items()
            ),
        )

    def owing(self, code: str) -> list[int]:
        """The numbers of the situations that owe the field."""
        column = self.wide.form.column(code)
        return [number for number, situation in enumerate(self.situations) if situation.owes(column)]


def owed(wide: Wide, offices: Offices) -> Owed:
    """Lay dues and territory over a frame's lines."""
    form = wide.form
    names = [c.code for c in form.keys]
    # A register's territory is the county that each line names, which is not part of its key.
    named_regions = wide.frame["region_code"].to_list() if _names_region(form) else None

    numbers: dict[Situation, int] = {}
    seen: dict[tuple[str, str, Key], int] = {}
    allowed: dict[tuple[str, Key | str], bool] = {}
    of_line: list[int] = []
    foreign: list[bool] = []
    periods = wide.frame["period"].to_list()
    for line, key in enumerate(wide.keys):
        submitter = wide.submissions[wide.origins[line][0]].submitter
        ground = _ground(key, names)
        brief = (submitter, periods[line], () if form.register else ground)
        if brief not in seen:
            situation = _situation(form, offices.codes, submitter, Period.parse(periods[line]), key)
            seen[brief] = numbers.setdefault(situation, len(numbers))
        of_line.append(seen[brief])
        whose = (submitter, ground if named_regions is None else named_regions[line] or "")
        if whose not in allowed:
            allowed[whose] = _own_ground(form, offices, submitter, whose[1])
        foreign.append(not allowed[whose])
    return Owed(wide, tuple(numbers), tuple(of_line), tuple(foreign))


def missing_rows(wide: Wide, offices: Offices) -> Iterator[tuple[int, Key]]:
    """The rows that a submission owes and that are not there or wholly blank: submission and key.

    A sub-chain's row counts as 0 when it is left out, a zone is part of its city, and a row that
    owes nothing in the period (a lead row between quarters) need not be there.
    """
    filled: dict[int, set[Key]] = {}
    for (place, _), key in zip(wide.origins, wide.keys, strict=True):
        filled.setdefault(place, set()).add(key)
    form, names = wide.form, [c.code for c in wide.form.keys]
    data = [c for c in form.columns if not c.key]
    owing: dict[Situation, bool] = {}
    for at, submission in enumerate(wide.submissions):
        office = offices.get(submission.submitter)
        if office is None or office == BUREAU or not offices.files(form, submission):
            continue
        period = Period.parse(submission.period)
        for key in row_keys(offices.codes, form, office, submission.subject, period):
            if key in filled.get(at, ()) or _is_subchain(names, key):
                continue
            situation = _situation(form, offices.codes, office.code, period, key)
            if situation not in owing:
                owing[situation] = any(situation.owes(column) for column in data)
            if owing[situation]:
                yield at, key


def _situation(form: Form, codes: Codes, submitter: str, period: Period, key: Key) -> Situation:
    named = dict(zip((c.code for c in form.keys), key, strict=True))
    kind: Literal["own", "lead", "zone", "free"] = "own"
    if submitter == BUREAU.code:
        kind = "free"
    elif named.get("park_code"):
        kind = "zone"
    elif named.get("region_code") == PROVINCE and any(c.rows == "lead" for c in form.columns):
        kind = "lead"
    return Situation(period, row_level(codes, form, key), kind)


def _is_subchain(names: list[str], key: Key) -> bool:
    return "subchain_code" in names and key[names.index("subchain_code")] != WHOLE_CHAIN


def _names_region(form: Form) -> bool:
    return form.register and any(c.code == "region_code" for c in form.columns)


def _ground(key: Key, names: list[str]) -> Key:
    """The part of a key on which territory and dues depend: not the sub-chain."""
    return tuple("" if name == "subchain_code" else part for name, part in zip(names, key, strict=True))


def _own_ground(form: Form, offices: Offices, submitter: str, ground: Key | str) -> bool:
    """True if the office may write there; an unknown office or code is another rule's matter."""
    office, codes = offices.get(submitter), offices.codes
    if office is None or office == BUREAU:
        return True
    if isinstance(ground, str):
        if codes.level(ground) != "county" or office.level not in ("county", "city"):
            return True
        return ground == office.code or ground in codes.counties(office.code)
    for column, part in zip(form.keys, ground, strict=True):
        if column.codelist == "regions" and part not in codes.regions:
            return True
        if column.codelist == "chains" and part not in codes.chains:
            return True
    return may_write(codes, form, office, ground)
