"""One DuckDB statement that evaluates the rules of a form: conditions, floors and expressions as columns.

What follows from them is in ``verdicts``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from schemas.form import Form, Rule
from schemas.touch import touched


def statement(form: Form, rules: Sequence[Rule], source: str) -> str:
    """The statement over the lines of ``source``, which has the earlier reports beside them as ``prev``, ``ago``.

    Grain: one line. Columns: line, submission, parameters, ``let`` expressions, ``alias.field`` of earlier
    reports, and of each rule its condition, its floor and what its expression said, as BOOLEAN; in the order of
    the lines.
    """
    parameters = sorted({name for rule in rules for name in rule.parameters})
    of_month = [
        f"(SELECT max(p.value) FROM parameter AS p WHERE p.name = '{name}' AND p.month = period) AS \"{name}\""
        for name in parameters
    ]
    named = [
        f'({_with_tolerance(text, rule)}) AS "{name}"' for rule in rules for name, text in rule.let.items()
    ]
    names = [f'"{name}"' for name in (*parameters, *(name for rule in rules for name in rule.let))]
    printed = sorted({pair for rule in rules for pair in touched(form, rule).earlier})
    names += [f'{alias}."{field}" AS "{alias}.{field}"' for alias, field in printed]
    holds = [f'{_truth(rule.when or "TRUE", rule)} AS "{when_of(rule)}"' for rule in rules]
    # where its condition does not hold an expression is not to be evaluated at all
    said = [
        f'CASE WHEN "{when_of(rule)}" THEN {_truth(rule.expr, rule)} END AS "{said_of(rule)}"'
        for rule in rules
    ]
    floors = [  # asked for also where it is not known whether the condition holds
        f'CASE WHEN NOT "{when_of(rule)}" THEN NULL ELSE {_truth(rule.floor, rule)} END AS "{floor_of(rule)}"'
        for rule in rules
        if rule.floor
    ]
    stage = source
    for more in (of_month, named, holds):
        if more:
            stage = f"(SELECT {', '.join(['*', *more])} FROM {stage})"
    conditions = [f'"{when_of(rule)}"' for rule in rules]
    columns = ", ".join(["line", "submission", *names, *conditions, *floors, *said])
    return f"SELECT {columns} FROM {stage} ORDER BY line"


def when_of(rule: Rule) -> str:
    """The column that tells where a rule's condition holds."""
    return f"{rule.id} when"


def floor_of(rule: Rule) -> str:
    """The column that tells whether a line reaches a rule's size floor; only of a rule that has one."""
    return f"{rule.id} floor"


def said_of(rule: Rule) -> str:
    """The column that holds what a rule's expression said, null where its condition does not hold."""
    return f"{rule.id} said"


def _truth(text: str, rule: Rule) -> str:
    """The expression as BOOLEAN: a number holds unless it is 0, and a text that is no truth value is an error."""
    return f"({_with_tolerance(text, rule)})::BOOLEAN"


def _with_tolerance(text: str, rule: Rule) -> str:
    """The expression with the rule's ``tolerance`` as a number."""
    return re.sub(r"\btolerance\b", str(rule.tolerance), text)
