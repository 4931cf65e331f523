"""What stands in the way of a method file that can be read: weights, gates, draws, posts, variables, units.

All of it is found at once, each as a clause of a sentence that names the indicator.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from indices.expression import ExpressionError, fields, leaves
from indices.units import UnitError, expression_unit, unit_of
from schemas.form import Form

if TYPE_CHECKING:  # method.py asks this module before it hands out a method
    from indices.method import Indicator, Method

_CODE = re.compile(r"[A-Z][A-Z0-9]*")


def method_problems(method: Method, forms: dict[str, Form]) -> list[str]:
    """Everything for which the method must not be used; ``forms`` by code."""
    return [
        *_structure(method),
        *_gates(method, forms),
        *_draws(method),
        *(p for i in method.indicators for p in _indicator(i, forms)),
    ]


def _structure(method: Method) -> list[str]:
    named = (("指数代码", method.index), *(("指标代码", i.id) for i in method.indicators))
    problems = [
        f"{what} {code!r} 应由大写字母和数字组成" for what, code in named if not _CODE.fullmatch(code)
    ]
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
    if not any(leaves(node)):
        return [*problems, f"{name} 的表达式中没有字段"]
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
