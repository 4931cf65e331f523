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

from indices.expression import ExpressionError, Node, fields, parse
from indices.units import UnitError, expression_unit, unit_of
from schemas.form import Form, load_forms
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
    problems = [
        *_structure(method),
        *_gates(method, forms),
        *_draws(method),
        *(p for i in method.indicators for p in _indicator(i, forms)),
    ]
    if problems:
        raise MethodError(f"方法文件 {path.name} 不能使用：" + "；".join(problems))
    return method


def _structure(method: Method) -> list[str]:
    problems = []
    total = sum((i.weight for i in method.indicators), Decimal(0))
    if total != 100:
        problems.append(f"权重合计为 {total}，应为 100")
    ids = [i.id for i in method.indicators]
    problems += [f"指标 {i} 重复" for i in sorted({i for i in ids if ids.count(i) > 1})]
    pillars = {p.no for p in method.pillars}
    problems += [f"{i.id} 的分项 {i.pillar} 未定义" for i in method.indicators if i.pillar not in pillars]
    used = {i.pillar for i in method.indicators}
    problems += [f"分项 {p.name} 没有指标" for p in method.pillars if p.no not in used]
    for basket in method.baskets:
        problems += [f"{basket.name}剔除了不存在的指标 {i}" for i in basket.without if i not in ids]
    problems += [f"缺少频率 {f} 的最大滞后" for f in "MQA" if f not in method.max_age]
    return problems


def _gates(method: Method, forms: dict[str, Form]) -> list[str]:
    """What is wrong with the gates, as clauses of a sentence."""
    problems = []
    keys = [(g.subject_type, g.form, g.filers) for g in method.gates]
    for gate in method.gates:
        name = f"{gate.subject_type} 的发布门槛（{gate.form}，{gate.filers}）"
        if gate.subject_type not in method.subjects:
            problems.append(f"{name}所说的对象不在本方法之中")
        if gate.form not in forms:
            problems.append(f"{name}所说的表不存在")
        for what, share in (("报送率", gate.filing_rate), ("营收覆盖率", gate.revenue_coverage)):
            if not 0 <= share <= 1:
                problems.append(f"{name}的{what} {share} 不在 0 至 1 之间")
            elif share != share.quantize(Decimal("0.0001")):
                problems.append(f"{name}的{what} {share} 超过 4 位小数")
        if keys.count((gate.subject_type, gate.form, gate.filers)) > 1:
            problems.append(f"{name}重复")
    return problems


def _draws(method: Method) -> list[str]:
    """What is wrong with the declared uncertainty, as clauses of a sentence."""
    declared = method.uncertainty
    if declared is None:
        return []
    problems = []
    for name, size in (("weights", declared.weights), ("posts", declared.posts)):
        limit = Decimal("0.5") if name == "posts" else Decimal(1)  # posts moved by half could meet
        if not 0 <= size < limit:
            problems.append(f"[uncertainty] 的 {name} 为 {size}，应不小于 0、小于 {limit}")
    if "geometric" in declared.means and method.score.floor <= 0:
        problems.append("[uncertainty] 的 means 含几何平均，而得分下限不大于 0")
    if not declared.means or len(set(declared.means)) < len(declared.means):
        problems.append("[uncertainty] 的 means 为空或重复")
    if declared.draws < 64 or declared.draws & (declared.draws - 1):
        problems.append(f"[uncertainty] 的 draws 为 {declared.draws}，应为 2 的幂且不少于 64")
    return problems


def _indicator(indicator: Indicator, forms: dict[str, Form]) -> list[str]:
    """What is wrong with one indicator, as clauses of a sentence."""
    name, low, high = indicator.id, indicator.low, indicator.high
    problems = []
    if indicator.weight <= 0:
        problems.append(f"{name} 的权重 {indicator.weight} 不大于 0")
    rising = indicator.direction != "逆向" or indicator.normalisation == "base_ratio"
    if low == high or (low < high) != rising:
        problems.append(f"{name} 的上下限 {low}、{high} 与方向{indicator.direction}不符")
    if indicator.normalisation == "log_goalpost" and min(low, high) <= 0:
        problems.append(f"{name} 用对数法而下限不大于 0")
    if (indicator.normalisation == "optimum") != (indicator.optimum is not None):
        problems.append(f"{name} 的适度区间与评分方法不符")
    if indicator.optimum and not low < indicator.optimum[0] <= indicator.optimum[1] < high:
        problems.append(f"{name} 的适度区间 {indicator.optimum} 不在上下限之内")
    if (indicator.normalisation == "base_ratio") != (indicator.base_year is not None):
        problems.append(f"{name} 的基年与评分方法不符")
    try:
        node = indicator.node
    except ExpressionError as error:
        return [*problems, f"{name} 的{error}"]
    unknown = [str(f) for f in fields(node) if not _known(f.form, f.code, forms)]
    if unknown:
        return [*problems, f"{name} 的变量不在表式中：{'、'.join(unknown)}"]
    if indicator.unit_exempt is not None:
        return problems
    try:
        found, wanted = expression_unit(node, forms), unit_of(indicator.unit)
    except UnitError as error:
        return [*problems, f"{name}：{error}"]
    if found != wanted:
        problems.append(f"{name} 的单位 {indicator.unit} 与表达式相差 {found.factor / wanted.factor} 倍")
    return problems


def _known(form: str, code: str, forms: dict[str, Form]) -> bool:
    return form in forms and any(c.code == code and c.numeric for c in forms[form].columns)


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
