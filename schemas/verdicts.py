"""The outcome of a rule in a line: what its SQL said of the line, held against what the line lacks.

``rule_sql`` gives the conditions and expressions as columns. The outcomes are the same sentence for every rule, so
they are polars expressions: to read and plan them as SQL costs DuckDB more than the rules themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from schemas.finding import Severity
from schemas.form import Rule
from schemas.frames import OVERFLOW, UNREAD
from schemas.owed import Owed
from schemas.rule_sql import floor_of, said_of, when_of
from schemas.territory import BUREAU
from schemas.touch import Touch, touched

_WAITING = [UNREAD, OVERFLOW, "W", "C"]  # blank, and the figure would be needed


def spares_bureau(rule: Rule) -> bool:
    """What the bureau filed nobody could explain: only what cannot be true is said of it."""
    return rule.severity is not Severity.HARD


def with_verdicts(owed: Owed, rules: Sequence[Rule], lines: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """What was said of the lines, with the outcome of each rule under its id.

    ``said`` is what the statement gave for ``lines``: in the order of the lines, whatever order those came in. An
    outcome is null in periods in which the rule does not exist.
    """
    touches = [touched(owed.wide.form, rule) for rule in rules]
    fields = {code for touch in touches for code in touch.columns | touch.window}
    fields |= {field for touch in touches for _, field in touch.earlier if _has(owed, field)}
    both = lines.sort("line").hstack(said.drop("line", "submission"))
    both = both.with_columns(_blank_though_due(owed, code).alias(_no(code)) for code in sorted(fields))
    outcomes = (
        _outcome(owed, rule, touch).alias(rule.id) for rule, touch in zip(rules, touches, strict=True)
    )
    return said.with_columns(both.select(*outcomes))


def _outcome(owed: Owed, rule: Rule, touch: Touch) -> pl.Expr:
    """The outcome of a rule as an expression; its cases hold in their order, and one that is not known does not."""
    held = pl.col(said_of(rule))
    cases = [(~pl.col(when_of(rule)), "na"), (~held, "fail")]
    if rule.floor:
        cases.insert(1, (~pl.col(floor_of(rule)), "na"))
    if spares_bureau(rule):
        cases.insert(0, (pl.col("submitter") == BUREAU.code, "na"))
    unmet = _unmet(owed, rule, touch)
    if unmet is not None:
        cases.append((unmet, "missing"))
    # A rule that finds nothing filled in a line has nothing to pass.
    filled = [pl.col(code).is_not_null() for code in sorted(touch.columns | touch.window)]
    cases.append((held & pl.any_horizontal(filled) if filled else held, "pass"))
    outcome = pl.lit("na")
    for condition, word in reversed(cases):
        outcome = pl.when(condition).then(pl.lit(word)).otherwise(outcome)
    outside = [str(period) for period in owed.wide.periods if not rule.valid(period)]
    return pl.when(pl.col("period").is_in(outside)).then(None).otherwise(outcome) if outside else outcome


def _unmet(owed: Owed, rule: Rule, touch: Touch) -> pl.Expr | None:
    """True where a line lacks something that the rule needs; None if it needs nothing."""
    needs = [pl.col(_no(code)) for code in sorted(touch.columns)]
    for alias, field in sorted(touch.earlier):
        blank = pl.col(f"{alias}.{field}").is_null()
        # an earlier figure is missed where there is one now, or should be
        needs.append(
            blank & (pl.col(field).is_not_null() | pl.col(_no(field))) if _has(owed, field) else blank
        )
    needs += [pl.col(name).is_null() for name in rule.parameters]
    if touch.window:
        inside = pl.any_horizontal(pl.col(_no(code)) for code in sorted(touch.window)).any()
        needs.append(inside.over(touch.partition) if touch.partition else inside)
    return pl.any_horizontal(needs) if needs else None


def _blank_though_due(owed: Owed, code: str) -> pl.Expr:
    """True where a column is blank and should not be."""
    column = owed.wide.form.column(code)
    due = pl.col("situation").is_in(owed.owing(code))
    if column.optional_when:
        due &= ~pl.sql_expr(column.optional_when).fill_null(False)
    if f"gap_{code}" in owed.plausible.columns:
        gap = pl.col(f"gap_{code}")
        due = gap.is_in(_WAITING).fill_null(False) | (gap.is_null() & due)
    return pl.col(code).is_null() & due


def _has(owed: Owed, field: str) -> bool:
    """True if the form has the field: an earlier edition may have others."""
    return any(column.code == field for column in owed.wide.form.columns)


def _no(code: str) -> str:
    """The column that tells where a field is blank though due."""
    return f"no {code}"
