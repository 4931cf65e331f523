"""Method files: one version of one index as data, read and checked before any number appears.

A method says which indicators there are, how each is computed, scored and weighted, how missing figures
are treated and how much must be present. A changed method is a new file with a new version.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable
from dataclasses import field
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from indices.expression import Node, parse
from indices.method_problems import method_problems
from schemas.form import load_forms
from schemas.period import Period
from schemas.validation_words import first_mistake

METHODS_DIR = Path(__file__).parent / "methods"

_STRICT = ConfigDict(extra="forbid")

SubjectType = Literal["province", "city", "county", "chain", "cluster"]


class MethodError(ValueError):
    """A method that must not be used; the message names file, indicator and reason."""


@dataclass(frozen=True, config=_STRICT)
class Coverage:
    """Shares that must be present: ``sum`` of revenue, ``total`` and ``monthly`` of weight."""

    sum: Decimal
    total: Decimal
    monthly: Decimal


@dataclass(frozen=True, config=_STRICT)
class Score:
    """``base + span * (x - low) / (high - low)``, clipped to [floor, ceiling]."""

    base: Decimal
    span: Decimal
    floor: Decimal
    ceiling: Decimal


@dataclass(frozen=True, config=_STRICT)
class Missing:
    """What each kind of missing figure does: floor, spread its weight, or carry an older one."""

    not_yet: Literal["floor", "spread"]
    not_applicable: Literal["spread"]
    late: Literal["carry"]
    suppressed: Literal["spread"]


@dataclass(frozen=True, config=_STRICT)
class Basket:
    """The edition of the index for one subject type: without some indicators."""

    subject: SubjectType
    name: str
    without: tuple[str, ...]


@dataclass(frozen=True, config=_STRICT)
class Gate:
    """What must have come in before a level is published.

    Of what the offices of level ``filers`` owe of ``form``, these shares must be there: ``filing_rate``
    by number (报送率), ``revenue_coverage`` by revenue (营收覆盖率).
    """

    subject_type: SubjectType
    form: str
    filers: Literal["province", "city", "county", "chain"]
    filing_rate: Decimal
    revenue_coverage: Decimal


@dataclass(frozen=True, config=_STRICT)
class RankDraws:
    """What the published rank intervals vary, see ``indices/uncertainty/released.py``.

    ``weights`` and ``posts`` are relative sizes, ``means`` alternatives of the index's mean (``declared`` is the
    arithmetic one); ``draws`` is a power of two, so that the sequence is balanced.
    """

    weights: Decimal
    posts: Decimal
    means: tuple[Literal["declared", "geometric"], ...]
    draws: int
    seed: int


@dataclass(frozen=True, config=_STRICT)
class Pillar:
    """A pillar; its weight is the sum of its leaves."""

    no: int
    name: str


@dataclass(frozen=True, config=_STRICT)
class Indicator:
    """One leaf: an expression, its score and its weight.

    ``low`` scores 60 and ``high`` 100; a reverse indicator has low > high. For ``optimum`` they are
    where the score falls to 60 on either side of the interval. ``decimals`` is for publication.
    """

    id: str
    name: str
    name_en: str
    pillar: int
    group: str
    unit: str
    expression: str
    direction: Literal["正向", "逆向", "适度"]
    frequency: Literal["M", "Q", "A"]
    normalisation: Literal["goalpost", "log_goalpost", "base_ratio", "optimum"]
    low: Decimal
    high: Decimal
    weight: Decimal
    monthly: bool
    decimals: int
    source: str
    clause: str = ""
    note: str = ""
    optimum: tuple[Decimal, Decimal] | None = None
    base_year: int | None = None
    unit_exempt: str | None = None

    @cached_property
    def node(self) -> Node:
        """The parsed expression."""
        return parse(self.expression)


@dataclass(frozen=True, config=_STRICT)
class Method:
    """One version of one index."""

    format: Literal[1]
    index: str
    version: str
    name: str
    name_en: str
    monthly_title: str
    clauses: tuple[str, ...]
    status: str
    valid_from: str
    subjects: tuple[SubjectType, ...]
    coverage: Coverage
    max_age: dict[Literal["M", "Q", "A"], int]
    score: Score
    missing: Missing
    pillars: tuple[Pillar, ...]
    indicators: tuple[Indicator, ...]
    baskets: tuple[Basket, ...] = field(default=())
    gates: tuple[Gate, ...] = field(default=())
    uncertainty: RankDraws | None = None

    @property
    def id(self) -> str:
        """``MQ-2026.1``."""
        return f"{self.index}-{self.version}"

    def basket(self, subject_type: str) -> tuple[str, tuple[Indicator, ...]]:
        """The name of a subject type's edition and its indicators."""
        for basket in self.baskets:
            if basket.subject == subject_type:
                return basket.name, tuple(i for i in self.indicators if i.id not in basket.without)
        return "全", self.indicators


_ADAPTER = TypeAdapter(Method)


def read_method(path: Path) -> Method:
    """Read and check one method file; MethodError says what is wrong in it."""
    try:
        given = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MethodError(f"方法文件 {path.name} 不是 UTF-8 的 TOML 文本：{error}") from error
    try:
        method: Method = _ADAPTER.validate_python(given)
    except ValidationError as error:
        raise MethodError(f"方法文件 {path.name} 有误：{first_mistake(error, given)}") from error
    forms = {form.code: form for form in load_forms() if not form.filed_by_bureau}
    problems = method_problems(method, forms)
    if problems:
        raise MethodError(f"方法文件 {path.name} 不能使用：" + "；".join(problems))
    return method


@cache
def load_methods(folder: Path = METHODS_DIR) -> tuple[Method, ...]:
    """All method versions in a folder, by index and version."""
    return tuple(read_method(path) for path in sorted(folder.glob("*.toml")))


def methods_for(period: Period, folder: Path = METHODS_DIR) -> tuple[Method, ...]:
    """The newest version of each index that is valid at the period, in the order MQ, CM, CA."""
    month = f"{period.year:04d}-{period.month:02d}"
    newest = {m.index: m for m in load_methods(folder) if m.valid_from <= month}
    return tuple(in_order(newest.values()))


def in_order(methods: Iterable[Method]) -> list[Method]:
    """The order in which indices are named everywhere: MQ, CM, CA, then any other."""
    order = {"MQ": 0, "CM": 1, "CA": 2}
    return sorted(methods, key=lambda m: (order.get(m.index, 9), m.index))


def method_digest(method: Method, folder: Path = METHODS_DIR) -> str:
    """SHA-256 of the method file's text."""
    return text_digest((folder / f"{method.id}.toml").read_bytes())


def text_digest(data: bytes) -> str:
    """SHA-256 of a method file's bytes, with line ends made equal; they need not be a method that can be read."""
    return hashlib.sha256(data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")).hexdigest()


def file_digests(folder: Path = METHODS_DIR) -> dict[str, str]:
    """Id to digest of every method file in a folder, whether or not it can be read."""
    return {path.stem: text_digest(path.read_bytes()) for path in sorted(folder.glob("*.toml"))}
