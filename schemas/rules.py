"""The rules of the form files: SQL expressions over a line, judged by DuckDB on the month's frame.

A rule has five outcomes. ``na``: its condition does not hold, or what it needs is blank where nobody
had to fill it (not due, optional, marked N). ``missing``: what it needs is due and blank, unreadable,
not yet known or confidential. ``fail`` and ``pass`` as the expression says. An expression that cannot
be evaluated is the fifth, ``error``, and stops the run: a rule must never be passed over in silence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

import duckdb
import polars as pl

from schemas.citing import cite, shown
from schemas.finding import Finding
from schemas.form import Form, Rule
from schemas.frames import OVERFLOW, UNREAD, Wide
from schemas.owed import Owed

_BRACES = re.compile(r"\{(\w+)\}")
_WAITING = f"('{UNREAD}', '{OVERFLOW}', 'W', 'C')"  # blank, and the figure would be needed


class RuleError(RuntimeError):
    """A rule that cannot be evaluated; the message names the rule and the form."""


@dataclass(frozen=True)
class Touch:
    """What a rule looks at: columns of its line, and of all lines of a window's partition."""

    columns: frozenset[str]
    window: frozenset[str]
    partition: tuple[str, ...]


def judge(owed: Owed, con: duckdb.DuckDBPyConnection) -> tuple[list[tuple[int, Finding]], pl.DataFrame]:
    """Findings of the form's rules, each with its submission's place in the frame, and their outcomes.

    The outcomes count lines: submission, rule, outcome, n.
    """
    wide = owed.wide
    rules = [rule for rule in wide.form.rules if any(rule.valid(p) for p in wide.periods)]
    counts = pl.DataFrame(
        schema={"submission": pl.Int32, "rule": pl.String, "outcome": pl.String, "n": pl.UInt32}
    )
    if not rules or wide.frame.is_empty():
        return [], counts
    con.register("wide", owed.frame)
    try:
        judged = _evaluate(owed, rules, con)
    finally:
        con.unregister("wide")
    findings = []
    for rule in rules:
        counts.vstack(_counts(judged, rule), in_place=True)
        failed = judged.filter(pl.col(rule.id) == "fail")
        for line in failed.iter_rows(named=True):
            findings.append((line["submission"], _finding(wide, rule, line)))
    return findings, counts


def touched(form: Form, rule: Rule) -> Touch:
    """The form's columns that a rule's expressions name; RuleError if they are not SQL."""
    try:
        found = [references(text) for text in (rule.expr, rule.when or "TRUE", *rule.let.values())]
    except (duckdb.Error, ValueError) as error:
        raise RuleError(f"规则 {rule.id}（{form.id}）不是可用的 SQL 表达式：{error}") from error
    data = {c.code for c in form.columns if not c.key}
    return Touch(
        frozenset().union(*(touch.columns for touch in found)) & data,
        frozenset().union(*(touch.window for touch in found)) & data,
        tuple(dict.fromkeys(name for touch in found for name in touch.partition)),
    )


def _evaluate(owed: Owed, rules: Sequence[Rule], con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """One column of outcomes per rule, beside line, submission and all ``let`` expressions."""
    for rule in rules:
        _check_message(owed.wide.form, rule)
    try:
        return con.sql(_select(owed, rules)).pl()
    except duckdb.Error:
        for rule in rules:
            try:
                con.sql(_select(owed, [rule])).pl()
            except duckdb.Error as error:
                raise RuleError(f"规则 {rule.id}（{owed.wide.form.id}）无法执行：{error}") from error
        raise


def _select(owed: Owed, rules: Sequence[Rule]) -> str:
    named = [f'({text}) AS "{name}"' for rule in rules for name, text in rule.let.items()]
    names = [f'"{name}"' for rule in rules for name in rule.let]
    verdicts = [f'{_verdict(owed, rule)} AS "{rule.id}"' for rule in rules]
    inner = ", ".join(["*", *named])
    return f"""
        SELECT line, submission, {", ".join([*names, *verdicts])}
        FROM (SELECT {inner} FROM wide)
        ORDER BY line"""


def _verdict(owed: Owed, rule: Rule) -> str:
    """The outcome of a rule as SQL; NULL in periods in which the rule does not exist."""
    when = rule.when or "TRUE"
    touch = touched(owed.wide.form, rule)
    lacking = " OR ".join(_lacking(owed, code) for code in sorted(touch.columns)) or "FALSE"
    if touch.window:
        inside = " OR ".join(_lacking(owed, code) for code in sorted(touch.window))
        over = f"OVER (PARTITION BY {', '.join(touch.partition)})" if touch.partition else "OVER ()"
        lacking += f" OR bool_or({inside}) {over}"
    # A rule that finds nothing filled in a line has nothing to pass.
    some = " OR ".join(f"{code} IS NOT NULL" for code in sorted(touch.columns | touch.window)) or "TRUE"
    outside = [str(p) for p in owed.wide.periods if not rule.valid(p)]
    absent = f"WHEN period IN ({', '.join(map(_quoted, outside))}) THEN NULL" if outside else ""
    return f"""CASE {absent}
            WHEN NOT ({when}) THEN 'na'
            WHEN ({when}) AND NOT ({rule.expr}) THEN 'fail'
            WHEN {lacking} THEN 'missing'
            WHEN ({when}) AND ({rule.expr}) AND ({some}) THEN 'pass'
            ELSE 'na' END"""


def _lacking(owed: Owed, code: str) -> str:
    """SQL that is true where a column is blank and should not be."""
    column = owed.wide.form.column(code)
    numbers = ", ".join(str(number) for number in owed.owing(code))
    due = f"situation IN ({numbers})" if numbers else "FALSE"
    if column.optional_when:
        due += f" AND NOT coalesce({column.optional_when}, FALSE)"
    gap = f'"gap_{code}"' if f"gap_{code}" in owed.wide.frame.columns else None
    if gap is None:
        return f"({code} IS NULL AND {due})"
    return f"({code} IS NULL AND (coalesce({gap} IN {_WAITING}, FALSE) OR ({gap} IS NULL AND {due})))"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    """An empty database that only parses; opening one costs more than a hundred expressions."""
    return duckdb.connect(config={"threads": 1, "enable_external_access": False})


@cache
def references(expression: str) -> Touch:
    """The columns of one SQL expression, read from DuckDB's own syntax tree."""
    query = "SELECT json_serialize_sql(?)"
    (text,) = _parser().cursor().execute(query, [f"SELECT ({expression})"]).fetchall()[0]
    tree = json.loads(text)
    if tree["error"]:
        raise ValueError(tree["error_message"])
    columns: set[str] = set()
    window: set[str] = set()
    partition: dict[str, None] = {}

    def walk(node: Any, inside: bool) -> None:
        if isinstance(node, list):
            for child in node:
                walk(child, inside)
        elif isinstance(node, dict):
            if node.get("class") == "COLUMN_REF":
                (window if inside else columns).add(node["column_names"][-1])
            elif node.get("class") == "WINDOW":
                for part in node["partitions"]:
                    partition.update(dict.fromkeys(part["column_names"]))
                walk([v for k, v in node.items() if k != "partitions"], True)
            else:
                walk(list(node.values()), inside)

    walk(tree["statements"], False)
    return Touch(frozenset(columns), frozenset(window), tuple(partition))


def _check_message(form: Form, rule: Rule) -> None:
    known = {c.code for c in form.columns} | rule.let.keys()
    strange = [name for name in _BRACES.findall(rule.message) if name not in known]
    if strange:
        raise RuleError(f"规则 {rule.id}（{form.id}）的说明提到未知的名称：{'、'.join(strange)}")


def _counts(judged: pl.DataFrame, rule: Rule) -> pl.DataFrame:
    return (
        judged.select("submission", outcome=rule.id)
        .drop_nulls("outcome")
        .group_by("submission", "outcome")
        .agg(n=pl.len())
        .select("submission", pl.lit(rule.id).alias("rule"), "outcome", "n")
    )


def _finding(wide: Wide, rule: Rule, line: Mapping[str, Any]) -> Finding:
    form, at = wide.form, line["line"]
    touch = touched(form, rule)
    looked_at = touch.columns | touch.window
    fields = [c.code for c in form.columns if c.code in looked_at]

    def text(match: re.Match[str]) -> str:
        name = match[1]
        return plain(line[name]) if name in rule.let else shown(wide, at, name)

    return cite(
        wide,
        at,
        fields,
        rule=rule.id,
        severity=rule.severity,
        level=rule.level,
        message=_BRACES.sub(text, rule.message),
        advice=rule.advice,
        elsewhere=_partners(wide, touch, at),
    )


def _partners(wide: Wide, touch: Touch, line: int) -> Iterator[tuple[int, str]]:
    """The cells of the other lines of a window's partition."""
    if not touch.window:
        return
    same = wide.frame.row(line, named=True)
    alike = pl.all_horizontal(pl.lit(True), *(pl.col(name) == same[name] for name in touch.partition))
    for other in wide.frame.filter(alike & (pl.col("line") != line))["line"]:
        for code in sorted(touch.window):
            yield other, code


def plain(value: object) -> str:
    """A computed value as a message prints it: no needless zeros."""
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return "空白" if value is None else str(value)
