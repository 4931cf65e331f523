"""Rules between forms and submitters as data, read from ``schemas/between/*.toml``.

A rule lays *sides* beside each other: figures that are added up from the lines of a form, by the same
keys on every side. ``between_sql`` makes one statement of a rule, ``between`` judges and says what was
found. Adding a rule means adding a table to a file; an unknown key is an error.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from schemas.finding import Severity
from schemas.form import form_for
from schemas.period import Frequency, Period

BETWEEN_DIR = Path(__file__).parent / "between"
FIELD, AMOUNT = "field", "amount"  # of a rule with ``each``: the field at hand and what stands in it
_WORD = re.compile(r"\w+")
BRACES = re.compile(r"\{([\w.]+)\}")

_STRICT = ConfigDict(extra="forbid")


class BetweenError(ValueError):
    """A file of rules that cannot be used; the message names the file and the rule."""


@dataclass(frozen=True, config=_STRICT)
class Side:
    """One side of a rule: figures by key over lines of a form. All texts are DuckDB SQL.

    ``by`` names the keys that the sides share, ``figures`` the aggregates; a figure is blank where a
    number that it takes is blank in any of its lines. ``where`` picks the lines, ``join`` adds code
    lists. ``reports`` says which report of the reference month is taken, by the frequency of the
    report that is judged (the same, unless said); ``until`` takes all reports up to it, and
    ``newest`` of the lines that are alike in these columns those of the latest report.

    ``expected`` is a query over the code lists that gives, for each group of keys, every ``member``
    whose lines must be there; ``member`` names it in a line. A group that lacks one is blank. Where
    all are there and none of their lines is taken, a figure is ``empty``. ``cells`` are the fields
    that a finding names, unless they are those of the figures.
    """

    form: str
    by: dict[str, str] = field(hash=False)
    figures: dict[str, str] = field(hash=False)
    where: str = "TRUE"
    join: str = ""
    reports: dict[Frequency, Frequency] = field(default_factory=dict, hash=False)
    until: bool = False
    newest: tuple[str, ...] = ()
    member: str | None = None
    expected: str | None = None
    empty: Decimal | None = None
    cells: tuple[str, ...] = ()

    def report(self, judged: Period) -> Period:
        """The report of this side's form that belongs to the judged one."""
        frequency = self.reports.get(judged.frequency, judged.frequency)
        report = report_of(judged, frequency)
        if report is None:
            raise ValueError(f"{judged} 没有频率为 {frequency} 的同期报表")
        return report


@dataclass(frozen=True, config=_STRICT)
class BetweenRule:
    """One rule: ``expr`` holds over the sides' figures (``side.figure``) where ``when`` holds.

    Several rules may share an ``id`` and differ in their ``case``. ``frequencies`` says which reports
    of the first side's form are judged. With ``each`` the sides are compared field by field:
    ``field`` is one more key, ``amount`` what stands in that field of a line, and ``{field}`` in the
    message its printed name.
    ``tolerance`` and ``floor`` (a difference that is never a finding) are numbers for use in the
    expressions. ``let`` names further expressions for use in them and in the message. With
    ``accepted`` only accepted lines speak: a figure with a pending line in it is blank.
    """

    id: str
    severity: Severity
    frequencies: tuple[Frequency, ...]
    sides: dict[str, Side] = field(hash=False)
    expr: str
    message: str
    advice: str
    case: str = ""
    level: Literal[3] = 3
    when: str = "TRUE"
    tolerance: Decimal = Decimal(0)
    floor: Decimal = Decimal(0)
    each: tuple[str, ...] = ()
    let: dict[str, str] = field(default_factory=dict, hash=False)
    accepted: bool = True
    valid_from: str | None = None
    valid_to: str | None = None

    @property
    def name(self) -> str:
        """``S325（GLT06 全部）``, as errors name it."""
        return f"{self.id}（{self.case}）" if self.case else self.id

    @property
    def first(self) -> Side:
        """The side whose form and cells a finding is about."""
        return next(iter(self.sides.values()))

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of the keys that all sides share."""
        return (*self.first.by, *((FIELD,) if self.each else ()))

    def names(self, side: Side) -> frozenset[str]:
        """Every word of the rule that may be a field of a side: more than it takes, never less."""
        texts = (
            *side.by.values(), *side.figures.values(), side.where, side.join, side.member or "",
            *side.newest, *side.cells, *self.each, self.expr, self.when, *self.let.values(),
        )  # fmt: skip
        return frozenset(word for text in texts for word in _WORD.findall(text))

    def judged(self, month: Period) -> Iterator[Period]:
        """The reports of a reference month on which the rule speaks.

        None where the rule is not valid, or where one of its forms is not collected.
        """
        stamp = f"{month.year:04d}-{month.month:02d}"
        if not (self.valid_from or "") <= stamp <= (self.valid_to or "9999-12"):
            return
        for frequency in self.frequencies:
            report = report_of(month, frequency)
            if report and all(_collected(s.form, s.report(report)) for s in self.sides.values()):
                yield report


def report_of(month: Period, frequency: Frequency) -> Period | None:
    """The report of this frequency with the same reference month; None if there is none."""
    if frequency == "M":
        return month.as_month()
    if frequency == "Q":
        return month.as_quarter() if month.quarter_end else None
    return Period(month.year, 12, 2) if month.month == 12 else None


def read_rules(path: Path) -> tuple[BetweenRule, ...]:
    """Read one file; BetweenError names the file, the rule and what is wrong in it."""
    try:
        data = tomllib.loads(path.read_text("utf-8"))
        rules = _ADAPTER.validate_python(data).rules
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise BetweenError(f"表间规则文件 {path.name} 有误：{error}") from error
    for rule in rules:
        wrong = _mistake(rule)
        if wrong:
            raise BetweenError(f"表间规则文件 {path.name} 的规则 {rule.name}：{wrong}")
    return rules


@cache
def load_between(folder: Path = BETWEEN_DIR) -> tuple[BetweenRule, ...]:
    """All rules of a folder, in the order of their ids and cases; BetweenError if two are alike."""
    rules = [rule for path in sorted(folder.glob("*.toml")) for rule in read_rules(path)]
    names = [rule.name for rule in rules]
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise BetweenError(f"表间规则重复：{'、'.join(double)}（同一编号请写不同的 case）")
    return tuple(sorted(rules, key=lambda rule: (rule.id, rule.case)))


@dataclass(frozen=True, config=_STRICT)
class _File:
    format: Literal[1]
    rules: tuple[BetweenRule, ...]


_ADAPTER = TypeAdapter(_File)


def _mistake(rule: BetweenRule) -> str:
    """What cannot be right in a rule, whatever the data; nothing if all is well."""
    if not rule.sides:
        return "没有 sides"
    if any(set(side.by) != set(rule.first.by) for side in rule.sides.values()):
        return "各 side 的 by 应有相同的名称"
    if any((side.member is None) != (side.expected is None) for side in rule.sides.values()):
        return "member 和 expected 应同时写"
    if any(side.empty is not None and side.expected is None for side in rule.sides.values()):
        return "写了 empty 而没有 expected"
    clash = sorted(rule.let.keys() & {*rule.keys, *rule.sides})
    if clash:
        return f"let 的名称 {'、'.join(clash)} 与 by 或 side 同名"
    known = {*rule.keys, *rule.let}
    known |= {f"{label}.{name}" for label, side in rule.sides.items() for name in side.figures}
    strange = sorted(set(BRACES.findall(rule.message)) - known)
    return f"说明提到未知的名称 {'、'.join(strange)}" if strange else ""


def _collected(code: str, report: Period) -> bool:
    """True if the form is filed for this report at all."""
    try:
        form = form_for(code, report)
    except KeyError:
        return False
    january = report.frequency == "M" and report.month == 1
    return report.frequency in form.frequencies and (form.january or not january)
