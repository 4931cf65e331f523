"""From a failed group of a rule between forms to one finding, with the cells of all its sides.

The finding stands on the first side: form, submitter, file, sheet and cells are those of the submission
of its first line, the period is that of the report that was judged. All other cells, in other
submissions or of other sides, are named in the message, a handful of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from schemas.between_rule import BRACES, FIELD, BetweenRule, Side
from schemas.between_sql import number_fields
from schemas.finding import Finding
from schemas.form import form_for
from schemas.in_force import InForce, Place
from schemas.period import Period
from schemas.rules import plain

SHOWN = 5  # of the other cells; beyond that they are only counted


@dataclass(frozen=True)
class _Behind:
    """One field of one line behind a figure of a side."""

    side: str
    form: str
    period: str
    submitter: str
    subject: str
    row_key: str
    field: str

    @property
    def sheet(self) -> tuple[str, str, str, str, str]:
        """The side and the submission: what the head of a finding can name."""
        return (self.side, self.form, self.period, self.submitter, self.subject)

    def place(self, in_force: InForce) -> Place | None:
        return in_force.place(self.form, self.period, self.submitter, self.row_key, self.field)


def finding_of(
    rule: BetweenRule,
    judged: Period,
    row: Mapping[str, Any],
    lines: Mapping[str, pl.DataFrame],
    in_force: InForce,
) -> Finding:
    """The finding on one failed row of ``between_sql.evaluate``; ``lines`` by form, as it saw them.

    Its value is what stands in the cells of the first side and the figures of the others, so that the
    identity changes when one of them does.
    """
    behind = list(_behind(rule, judged, row, lines))
    head = behind[0]
    own = [one for one in behind if one.sheet == head.sheet]
    places = [place for place in (one.place(in_force) for one in own) if place is not None]
    compared = [label for label in rule.sides if label != next(iter(rule.sides))] or list(rule.sides)
    figures = [plain(row[f"{label}.{name}"]) for label in compared for name in rule.sides[label].figures]
    others = _compared_with([one for one in behind if one.sheet != head.sheet], in_force)
    return Finding(
        rule=rule.id,
        severity=rule.severity,
        message=_message(rule, judged, row) + (f"；对照 {others}" if others else ""),
        advice=rule.advice,
        level=rule.level,
        digest=places[0].digest if places else "",
        file_name=places[0].file_name if places else "",
        submitter=head.submitter,
        period=str(judged),
        form=head.form,
        edition=form_for(head.form, Period.parse(head.period)).edition,
        subject=head.subject,
        sheet=places[0].sheet if places else "",
        cell=",".join(dict.fromkeys(place.cell for place in places)),
        row_key=head.row_key,
        field=",".join(dict.fromkeys(one.field for one in own)),
        value="|".join([*(place.raw for place in places), *figures]),
    )


def _behind(
    rule: BetweenRule, judged: Period, row: Mapping[str, Any], lines: Mapping[str, pl.DataFrame]
) -> Iterator[_Behind]:
    """The fields of all lines of all sides, those of the first side first, in the lines' order."""
    for label, side in rule.sides.items():
        fields = (row[FIELD],) if rule.each else side.cells or _fields(side, judged)
        for number in row[f"{label}.lines"] or ():
            line = lines[side.form].row(number, named=True)
            head = (label, side.form, line["period"], line["submitter"], line["subject"], line["row_key"])
            yield from (_Behind(*head, field) for field in fields)


def _fields(side: Side, judged: Period) -> tuple[str, ...]:
    named = (code for figure in side.figures.values() for code in number_fields(side, figure, judged))
    return tuple(dict.fromkeys(named))


def _compared_with(others: list[_Behind], in_force: InForce) -> str:
    """``360602 GLT02 E12、F12，360681 GLT02 E12 等 12 处``; nothing if there are none.

    The office and not the file is named: a sentence goes into the journal, where names of files have no part.
    """
    by_sheet: dict[str, list[str]] = {}
    for one in others[:SHOWN]:
        place = one.place(in_force)
        if place is None:
            by_sheet.setdefault(f"{one.submitter} {one.form}", []).append(f"{one.row_key} {one.field}")
        else:
            by_sheet.setdefault(f"{one.submitter} {place.sheet}", []).append(place.cell)
    named = "，".join(f"{sheet} {'、'.join(dict.fromkeys(cells))}" for sheet, cells in by_sheet.items())
    return f"{named} 等 {len(others)} 处" if len(others) > SHOWN else named


def _message(rule: BetweenRule, judged: Period, row: Mapping[str, Any]) -> str:
    def text(match: re.Match[str]) -> str:
        if rule.each and match[1] == FIELD:
            return form_for(rule.first.form, judged).column(row[FIELD]).label
        return plain(row[match[1]])

    return BRACES.sub(text, rule.message)
