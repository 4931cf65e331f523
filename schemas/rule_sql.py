"""One DuckDB statement that judges the rules of a form: conditions, expressions and outcomes as columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

from schemas.database import quoted
from schemas.finding import Severity
from schemas.form import Rule
from schemas.frames import OVERFLOW, UNREAD
from schemas.owed import Owed
from schemas.territory import BUREAU
from schemas.touch import Touch, touched

_WAITING = f"('{UNREAD}', '{OVERFLOW}', 'W', 'C')"  # blank, and the figure would be needed


def spares_bureau(rule: Rule) -> bool:
    """What the bureau filed nobody could explain: only what cannot be true is said of it."""
    return rule.severity is not Severity.HARD


def statement(owed: Owed, rules: Sequence[Rule], source: str) -> str:
    """The statement over the lines of ``source``, which has the earlier reports beside them as ``prev``, ``ago``.

    Grain: one line. Columns: line, submission, parameters, ``let`` expressions, ``alias.field`` of earlier
    reports, and the outcome of each rule under its id; in the order of the lines. What a line lacks is said once
    for all rules (``no field``): to read and plan a statement as wide as a form costs more than to run it.
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
    touches = {rule.id: touched(owed.wide.form, rule) for rule in rules}
    wanted = {code for touch in touches.values() for code in touch.columns | touch.window}
    wanted |= {field for touch in touches.values() for _, field in touch.earlier if _has(owed, field)}
    lacking = [f'{_lacking(owed, code)} AS "no {code}"' for code in sorted(wanted)]
    printed = sorted({pair for touch in touches.values() for pair in touch.earlier})
    names += [f'{alias}."{field}" AS "{alias}.{field}"' for alias, field in printed]
    verdicts = [f'{_verdict(owed, rule, touches[rule.id])} AS "{rule.id}"' for rule in rules]
    holds = [f'({_with_tolerance(rule.when or "TRUE", rule)}) AS "{rule.id} when"' for rule in rules]
    # where its condition does not hold an expression is not to be evaluated at all
    said = [
        f'CASE WHEN "{rule.id} when" THEN {_with_tolerance(rule.expr, rule)} END AS "{rule.id} said"'
        for rule in rules
    ]
    stage = source
    for more in ([*of_month, *lacking], named, holds, said):
        stage = f"(SELECT {', '.join(['*', *more])} FROM {stage})"
    return f"SELECT line, submission, {', '.join([*names, *verdicts])} FROM {stage} ORDER BY line"


def _with_tolerance(text: str, rule: Rule) -> str:
    """The expression with the rule's ``tolerance`` as a number."""
    return re.sub(r"\btolerance\b", str(rule.tolerance), text)


def _verdict(owed: Owed, rule: Rule, touch: Touch) -> str:
    """The outcome of a rule as SQL; NULL in periods in which the rule does not exist."""
    lacking = [f'"no {code}"' for code in sorted(touch.columns)]
    lacking += [_lacking_then(owed, alias, field) for alias, field in sorted(touch.earlier)]
    lacking += [f'"{name}" IS NULL' for name in rule.parameters]
    if touch.window:
        inside = " OR ".join(f'"no {code}"' for code in sorted(touch.window))
        over = f"OVER (PARTITION BY {', '.join(touch.partition)})" if touch.partition else "OVER ()"
        lacking.append(f"bool_or({inside}) {over}")
    # A rule that finds nothing filled in a line has nothing to pass.
    some = " OR ".join(f"{code} IS NOT NULL" for code in sorted(touch.columns | touch.window)) or "TRUE"
    outside = [str(p) for p in owed.wide.periods if not rule.valid(p)]
    cases = [f"WHEN period IN ({', '.join(map(quoted, outside))}) THEN NULL"] if outside else []
    if spares_bureau(rule):
        cases.append(f"WHEN submitter = '{BUREAU.code}' THEN 'na'")
    cases.append(f"WHEN NOT \"{rule.id} when\" THEN 'na'")
    if rule.floor:
        cases.append(f"WHEN NOT ({_with_tolerance(rule.floor, rule)}) THEN 'na'")
    cases.append(f"WHEN NOT \"{rule.id} said\" THEN 'fail'")
    if lacking:
        cases.append(f"WHEN {' OR '.join(lacking)} THEN 'missing'")
    return f"CASE {' '.join(cases)} WHEN \"{rule.id} said\" AND ({some}) THEN 'pass' ELSE 'na' END"


def _lacking(owed: Owed, code: str) -> str:
    """SQL that is true where a column is blank and should not be."""
    column = owed.wide.form.column(code)
    numbers = ", ".join(str(number) for number in owed.owing(code))
    due = f"situation IN ({numbers})" if numbers else "FALSE"
    if column.optional_when:
        due += f" AND NOT coalesce({column.optional_when}, FALSE)"
    gap = f'"gap_{code}"' if f"gap_{code}" in owed.plausible.columns else None
    if gap is None:
        return f"({code} IS NULL AND {due})"
    return f"({code} IS NULL AND (coalesce({gap} IN {_WAITING}, FALSE) OR ({gap} IS NULL AND {due})))"


def _lacking_then(owed: Owed, alias: str, field: str) -> str:
    """SQL that is true where a figure of an earlier report is blank and there is one now, or should be."""
    blank = f'{alias}."{field}" IS NULL'
    return f'({blank} AND ({field} IS NOT NULL OR "no {field}"))' if _has(owed, field) else f"({blank})"


def _has(owed: Owed, field: str) -> bool:
    """True if the form has the field: an earlier edition may have others."""
    return any(column.code == field for column in owed.wide.form.columns)
