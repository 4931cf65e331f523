"""Official form editions, read from ``schemas/forms/*.toml``.

One file is one edition of one form. The blank workbook, the reader's labels, the pandera schema, the
facts and the field documentation are all derived from it. An unknown key in a file is an error.
"""

from __future__ import annotations

import tomllib
from dataclasses import field
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from schemas.deadline import Deadline, deadline_problems
from schemas.finding import Severity
from schemas.period import Frequency, Period

FORMS_DIR = Path(__file__).parent / "forms"

DEDUCTING = "99"  # 剔重: may be negative, so ranges hold for its size
PROVINCE = "360000"

_STRICT = ConfigDict(extra="forbid")


class FormError(ValueError):
    """A form file that cannot be used; the message names the file."""


@dataclass(frozen=True, config=_STRICT)
class Column:
    """One column (or, in a long form, one line) of a form.

    ``header`` holds the one or two header levels as printed; joined by a space they are the label
    by which the reader finds the column. ``companion`` is the header of the readable name printed
    beside a code column; it is written and not read. ``frequency`` says in which reports a field
    falls due: M every report, Q those of months 3, 6, 9 and 12, A the annual report alone (in which
    all fields are due). ``months`` and ``levels`` narrow it. ``optional_when`` is an SQL condition
    under which a due field may stay blank. ``agg`` says how it adds up over rows.
    """

    code: str
    header: tuple[str, ...]
    type: Literal["int", "decimal", "code", "codes", "text", "uscc", "month", "date"]
    required: bool
    frequency: Literal["M", "Q", "A", "E"] = "M"
    companion: str | None = None
    codelist: str | None = None
    key: bool = False
    name_en: str = ""
    unit: str = "-"
    min: Decimal | None = None
    max: Decimal | None = None
    decimals: int = 0
    tense: Literal["cum", "cum_ly", "cur", "end", "avg", "count", "rate", "year"] | None = None
    months: tuple[int, ...] = ()
    levels: tuple[Literal["province", "city", "county"], ...] = ()
    rows: Literal["lead", "own"] | None = None
    optional_when: str | None = None
    agg: Literal["sum", "none", "lead", "max", "second", "wmean"] | None = None
    agg_weight: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None

    @property
    def label(self) -> str:
        """The header levels joined by a space."""
        return " ".join(self.header)

    @property
    def numeric(self) -> bool:
        """True for a number column."""
        return self.type in ("int", "decimal")

    def valid(self, period: Period) -> bool:
        """True if the column belongs to the form in this period."""
        month = f"{period.year:04d}-{period.month:02d}"
        return (self.valid_from or "") <= month <= (self.valid_to or "9999-12")

    def due(self, period: Period, level: str) -> bool:
        """True if the field falls due in this report for a row of this region level.

        ``level`` is ``province``, ``city``, ``county`` or ``adjusting``; the last owes only what
        adds up.
        """
        if level == "adjusting" and self.agg != "sum" and not self.key:
            return False
        if self.levels and (level if level != "adjusting" else "city") not in self.levels:
            return False
        if period.annual:
            return True
        if self.months and period.month not in self.months:
            return False
        return self.frequency in ("M", "E") or (self.frequency == "Q" and period.quarter_end)


@dataclass(frozen=True, config=_STRICT)
class Rule:
    """One check as data: ``expr`` holds for a good row, where ``when`` holds.

    Both are SQL over the row's columns, evaluated by DuckDB; rules of level 2 also name earlier reports
    (``prev.x``, ``prev2.x``, ``ago.x``). ``let`` gives names to further SQL expressions, for use in both
    and in the message, which may name columns and these in braces; ``tolerance`` is a number for use in
    all of them, and so are the ``parameters`` (of ``codes/parameters.csv``, for the row's month). A row for which ``when`` is false, or which does not reach the size ``floor``, is
    ``na``; ``rules`` says how blanks count.
    """

    id: str
    severity: Severity
    expr: str
    message: str
    advice: str
    level: int = 1
    when: str | None = None
    floor: str | None = None
    tolerance: Decimal = Decimal(0)
    parameters: tuple[str, ...] = ()
    let: dict[str, str] = field(default_factory=dict, hash=False)
    valid_from: str | None = None
    valid_to: str | None = None

    def valid(self, period: Period) -> bool:
        """True if the rule holds in this period."""
        month = f"{period.year:04d}-{period.month:02d}"
        return (self.valid_from or "") <= month <= (self.valid_to or "9999-12")


@dataclass(frozen=True, config=_STRICT)
class Form:
    """One edition of one form; see the README of this package for the meaning of each key.

    ``deadline`` is the sentence that is printed, ``deadlines`` says the same as data.
    """

    format: Literal[1]
    code: str
    edition: str
    no: str
    title: str
    title_en: str
    authority: str
    approval: str
    valid_from: str
    valid_to: str
    unit: str
    frequencies: tuple[Frequency, ...]
    january: bool
    layout: Literal["wide", "long"]
    filer: str
    reviewer: str
    receiver: str
    deadline: str
    scope: str
    borrows: str
    notes: tuple[str, ...]
    roll_up: Literal["sum", "cluster", "own", "own_or_cities"]
    columns: tuple[Column, ...]
    deadlines: tuple[Deadline, ...]
    subject: str | None = None
    store: Literal["statistics", "permu"] = "statistics"
    filed_by_bureau: bool = False
    rules: tuple[Rule, ...] = field(default=())

    @property
    def id(self) -> str:
        """``GLT01-2024``."""
        return f"{self.code}-{self.edition}"

    @cached_property  # asked for every line
    def keys(self) -> tuple[Column, ...]:
        """The columns that make a row's key."""
        return tuple(c for c in self.columns if c.key)

    @cached_property
    def register(self) -> bool:
        """True if the rows are not known beforehand: their key is no code from a list."""
        return any(c.codelist is None for c in self.keys)

    def column(self, code: str) -> Column:
        """The column of this code; KeyError if there is none."""
        for column in self.columns:
            if column.code == code:
                return column
        raise KeyError(f"{self.id} 没有字段 {code}")

    def columns_at(self, period: Period) -> tuple[Column, ...]:
        """The columns that the edition has in this period, in printed order."""
        return tuple(c for c in self.columns if c.valid(period))

    def covers(self, period: Period) -> bool:
        """True if the edition is valid at the period."""
        return self.valid_from <= f"{period.year:04d}-{period.month:02d}" <= self.valid_to


_ADAPTER = TypeAdapter(Form)


def read_form(path: Path) -> Form:
    """Read one form file; FormError names the file and what is wrong in it."""
    try:
        form: Form = _ADAPTER.validate_python(_with_base(path))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise FormError(f"表式文件 {path.name} 有误：{error}") from error
    codes = [column.code for column in form.columns]
    labels = [column.label for column in form.columns]
    for what, names in (("字段代码", codes), ("表头", labels), ("规则", [r.id for r in form.rules])):
        double = sorted({name for name in names if names.count(name) > 1})
        if double:
            raise FormError(f"表式文件 {path.name} 的{what}重复：{'、'.join(double)}")
    given = [name for rule in form.rules for name in rule.let]
    clash = sorted({name for name in given if name in codes or given.count(name) > 1})
    if clash:
        raise FormError(f"表式文件 {path.name} 的规则中 let 名称重复或与字段同名：{'、'.join(clash)}")
    for column in form.columns:
        if column.agg_weight is not None and column.agg_weight not in codes:
            raise FormError(f"表式文件 {path.name}：{column.code} 的权数 {column.agg_weight} 不是字段")
    for problem in deadline_problems(form.deadlines, form.frequencies, codes):
        raise FormError(f"表式文件 {path.name}：{problem}")
    return form


def _with_base(path: Path) -> dict[str, Any]:
    """The keys of a form file; ``extends`` names another edition whose keys it takes over.

    With ``all_optional`` no column of the extended edition is required and no rule is kept.
    """
    keys = tomllib.loads(path.read_text("utf-8"))
    if "extends" not in keys:
        return keys
    base = tomllib.loads((path.parent / f"{keys.pop('extends')}.toml").read_text("utf-8"))
    if keys.pop("all_optional", False):
        base["rules"] = []
        base["columns"] = [
            column | {"required": column.get("key", False) and column["required"]}
            for column in base["columns"]
        ]
    return base | keys


@cache
def load_forms(folder: Path = FORMS_DIR) -> tuple[Form, ...]:
    """All editions in a folder, ordered by code and edition."""
    forms = [read_form(path) for path in sorted(folder.glob("*.toml"))]
    return tuple(sorted(forms, key=lambda form: (form.code, form.edition)))


def form_for(code: str, period: Period, edition: str | None = None) -> Form:
    """The edition of a form that a submitter uses in this period; KeyError if none covers it."""
    for form in reversed(load_forms()):
        wanted = form.edition == edition if edition else not form.filed_by_bureau
        if form.code == code and wanted and form.covers(period):
            return form
    raise KeyError(f"{code} 没有在 {period} 有效的版本")
