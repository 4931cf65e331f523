"""The linter for methods over forms (format 1): expressions, weights and posts of MQ, CM, CA and the like.

The reader of such methods refuses units that do not fit, posts against the direction and weights that do not add up;
here stands what can be computed and is doubtful all the same.

**Year-to-date.** A cumulative field grows with the month. An expression carries it to a power: a flow over a flow is
free of it (0), a flow alone is 1, a stock over a flow -1; a twelve-month total is free of it, year_progress divides
it out. What is left against full-year posts drifts from February to December.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from indices.expression import Binary, Field, Node, Ratio, Scalar, Spread, Std, Ttm, fields
from indices.lint.finding import HANDBOOK_ZH, Doubt, order
from indices.method import Indicator, Method
from schemas.form import Column, load_forms

MOST_OF_ONE_VARIABLE = Decimal(15)  # % of a product's weight
_OWN_TARGET = re.compile("计划|任务|目标|应")
Columns = dict[tuple[str, str], Column]


def lint_method(method: Method) -> list[Doubt]:
    """Everything that can be said of a method over forms without data."""
    columns = {
        (form.code, c.code): c for form in load_forms() if not form.filed_by_bureau for c in form.columns
    }
    doubts = [d for i in method.indicators for d in _expression(i, columns)]
    return order([*doubts, *_pillars(method), *_variables(method), *_floor(method)])


def power_of_time(node: Node, columns: Columns) -> int:
    """To which power the expression grows with the months of the year."""
    match node:
        case Field(form=form, code=code):
            column = columns.get((form, code))
            return int(column is not None and column.tense in ("cum", "cum_ly"))
        case Scalar(name=name):
            return int(name in ("year_progress", "month"))
        case Ratio(above=above, below=below):
            return power_of_time(above, columns) - power_of_time(below, columns)
        case Binary(op="*", left=left, right=right):
            return power_of_time(left, columns) + power_of_time(right, columns)
        case Binary(op="/", left=left, right=right):
            return power_of_time(left, columns) - power_of_time(right, columns)
        case Binary(left=left, right=right):
            return max(power_of_time(left, columns), power_of_time(right, columns), key=abs)
        case Std(inner=inner):
            return power_of_time(inner, columns)
        case Ttm() | Spread():
            return 0
    return 0


def _expression(indicator: Indicator, columns: Columns) -> Iterator[Doubt]:
    power = power_of_time(indicator.node, columns)
    if power > 0 and indicator.frequency != "A" and indicator.normalisation != "base_ratio":
        yield Doubt("year-to-date", "warn", indicator.id, f"{indicator.name} 是年初累计数，对全年上下限，2 月必低、12 月必高："
                    f"{indicator.expression}", "统计常规：进度用 year_progress 或十二个月合计 ttm")  # fmt: skip
    if power < 0 and indicator.frequency != "A" and not _divides_progress(indicator.node):
        yield Doubt("stock-over-flow", "warn", indicator.id, f"{indicator.name} 的分母是年初累计数而分子不是，年内逐月变小："
                    f"{indicator.expression}", "统计常规：存量应除以十二个月合计 ttm")  # fmt: skip
    for ratio in _ratios(indicator.node):
        above, below = ({f.form for f in fields(part)} for part in (ratio.above, ratio.below))
        for field in sorted(set(fields(ratio.below)), key=str):
            column = columns.get((field.form, field.code))
            if column and above & below and _OWN_TARGET.search(column.label):
                yield Doubt("own-denominator", "warn", indicator.id, f"分母“{column.label}”由填报单位自定，少定任务即可提高完成率",
                            f"{HANDBOOK_ZH}第 2 步（数据质量）")  # fmt: skip


def _divides_progress(node: Node) -> bool:
    """True where the author divides by year_progress: what stands above it then grows with the year."""
    match node:
        case Binary(op="/", right=Scalar(name="year_progress")):
            return True
        case Binary(left=left, right=right):
            return _divides_progress(left) or _divides_progress(right)
    return False


def _ratios(node: Node) -> Iterator[Ratio]:
    match node:
        case Ratio():
            yield node
            yield from _ratios(node.above)
            yield from _ratios(node.below)
        case Binary():
            yield from _ratios(node.left)
            yield from _ratios(node.right)
        case Std():
            yield from _ratios(node.inner)


def _pillars(method: Method) -> Iterator[Doubt]:
    for monthly in (False, True):
        product = "月度监测值" if monthly else "全指标"
        for pillar in method.pillars:
            mine = [i for i in method.indicators if i.pillar == pillar.no and (i.monthly or not monthly)]
            if len(mine) == 1:
                yield Doubt(
                    "one-child",
                    "warn",
                    pillar.name,
                    f"{product}中只有一个指标 {mine[0].id}",
                    f"{HANDBOOK_ZH}第 2 步",
                )


def _variables(method: Method) -> Iterator[Doubt]:
    """Fields behind more than 15 % of a product's weight; last year's figure counts with this year's."""
    for monthly in (False, True):
        chosen = [i for i in method.indicators if i.monthly or not monthly]
        total = sum((i.weight for i in chosen), Decimal(0))
        behind: dict[str, Decimal] = {}
        for indicator in chosen:
            for name in {f"{f.form}.{f.code.removesuffix('_ly')}" for f in fields(indicator.node)}:
                behind[name] = behind.get(name, Decimal(0)) + indicator.weight
        for name, weight in sorted(behind.items()):
            share = 100 * weight / total if total else Decimal(0)
            if share > MOST_OF_ONE_VARIABLE:
                yield Doubt("one-variable", "warn", name, f"{'月度监测值' if monthly else '全指标'}权重的 {share:.1f} % 用到这个变量，"
                            "超过 15 %：它一错，处处皆错", f"{HANDBOOK_ZH}第 6 步（重复计算）")  # fmt: skip


def _floor(method: Method) -> Iterator[Doubt]:
    if method.missing.not_yet == "spread":
        yield Doubt(
            "silence-pays",
            "warn",
            "",
            "尚未产生的指标不计分而分摊权重：不报差的指标可以提高指数",
            f"{HANDBOOK_ZH}第 3 步",
        )
    if method.coverage.total < Decimal("0.5"):
        yield Doubt(
            "thin-total", "warn", "", f"总值只要求权重覆盖 {method.coverage.total}", f"{HANDBOOK_ZH}第 3 步"
        )
