"""The rules of the form files: SQL expressions over a line, judged by DuckDB on the month's frame.

The statement that evaluates them is made in ``rule_sql``, the outcomes in ``verdicts``. Level 1 looks at the line
itself, level 2 also at earlier reports of the same key (``prev.x``, ``prev2.x``, ``ago.x``, see ``earlier``).

A rule has five outcomes. ``na``: its condition does not hold, or what it needs is blank where nobody
had to fill it (not due, optional, marked N). ``missing``: what it needs is due and blank, unreadable,
not yet known or confidential, or not in an earlier report. ``fail`` and ``pass`` as the expression says. An
expression that cannot be evaluated is the fifth, ``error``, and stops the run: a rule must never be passed over
in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import duckdb
import polars as pl

from schemas.citing import cite, shown
from schemas.database import fetch
from schemas.earlier import OF, compared_with, earlier_lines, periods_of
from schemas.finding import Finding
from schemas.form import Form, Rule
from schemas.frames import Wide
from schemas.in_force import InForce
from schemas.owed import Owed
from schemas.rule_sql import statement
from schemas.territory import BUREAU
from schemas.touch import ALIASES, BRACES, RuleError, Touch, check_message, touched
from schemas.verdicts import spares_bureau, with_verdicts

Judged = tuple[list[tuple[int, Finding]], pl.DataFrame]


def judge(
    owed: Owed,
    level: int,
    frame: pl.DataFrame,
    con: duckdb.DuckDBPyConnection,
    in_force: InForce | None = None,
) -> Judged:
    """Findings of the form's rules of a level, each with its submission's place, and their outcomes.

    ``frame`` holds the lines to judge (of ``owed.plausible``). The outcomes count lines: submission, rule,
    outcome, n. ``in_force`` gives the earlier reports that rules of level 2 look at.
    """
    wide = owed.wide
    periods = periods_of(frame)
    rules = [r for r in wide.form.rules if r.level == level and any(r.valid(p) for p in periods)]
    counts = pl.DataFrame(
        schema={"submission": pl.Int32, "rule": pl.String, "outcome": pl.String, "n": pl.UInt32}
    )
    if not rules or frame.is_empty():
        return [], counts
    free = [r for r in rules if spares_bureau(r)] if _filed_by_bureau(frame) else []
    asked = [r for r in rules if r not in free]
    judged = _evaluate(owed, asked, frame, con, in_force) if asked else frame.select("line", "submission")
    counts.vstack(_counts(judged, asked), in_place=True)
    counts.vstack(_counts(_not_asked(frame, free), free), in_place=True)
    failed = set(counts.filter(pl.col("outcome") == "fail")["rule"])
    findings = []
    for rule in (r for r in asked if r.id in failed):
        for line in judged.filter(pl.col(rule.id) == "fail").iter_rows(named=True):
            findings.append((line["submission"], _finding(owed.wide, rule, line, in_force)))
    return findings, counts


def _filed_by_bureau(frame: pl.DataFrame) -> bool:
    """True for history: most months of a new home hold nothing else."""
    return bool((frame["submitter"] == BUREAU.code).all())


def _not_asked(frame: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """The outcomes of rules that the bureau is free of: ``na``, as ``with_verdicts`` would say."""
    valid = {r.id: [str(p) for p in periods_of(frame) if r.valid(p)] for r in rules}
    outcomes = [pl.when(pl.col("period").is_in(valid[r.id])).then(pl.lit("na")).alias(r.id) for r in rules]
    return frame.select("submission", *outcomes)


def _evaluate(
    owed: Owed,
    rules: Sequence[Rule],
    frame: pl.DataFrame,
    con: duckdb.DuckDBPyConnection,
    in_force: InForce | None,
) -> pl.DataFrame:
    """One column of outcomes per rule, beside line, submission and all ``let`` expressions."""
    for rule in rules:
        check_message(owed.wide.form, rule)
    _refuse_taken(owed.wide.form, rules, frame.columns)
    touches = [touched(owed.wide.form, rule) for rule in rules]
    aliases = [alias for alias in ALIASES if any(alias in touch.aliases for touch in touches)]
    frames, joins = {"wide": frame}, []
    for alias in aliases:
        if in_force is None:
            raise RuleError(f"{owed.wide.form.id} 的一级规则不能引用往期（{alias}）")
        there, on = earlier_lines(owed.wide.form, alias, periods_of(frame), in_force)
        named = sorted({field for touch in touches for of, field in touch.earlier if of == alias})
        _refuse_unknown(owed, rules, alias, set(named) - set(there.columns))
        frames[alias] = there.select(*on, *(name for name in named if name not in on))
        joins.append(f"LEFT JOIN {alias} ON {_same(alias, on)}")
    source = f"(SELECT wide.*, {', '.join([*aliases, '1'])} FROM wide {' '.join(joins)})"
    for name, one in frames.items():
        con.register(name, one)
    try:
        said = _run(owed.wide.form, rules, source, con)
    finally:
        for name in frames:
            con.unregister(name)
    return with_verdicts(owed, rules, frame, said)


def _refuse_taken(form: Form, rules: Sequence[Rule], columns: Sequence[str]) -> None:
    """RuleError for a name given in a rule that a column of the frame bears: SQL would take the column for it."""
    taken = {*columns, *ALIASES}
    for rule in rules:
        clash = sorted(name for name in {*rule.let, *rule.parameters} if name.lower() in taken)
        if clash:
            raise RuleError(f"规则 {rule.id}（{form.id}）给出的名称与栏目同名，请改名：{'、'.join(clash)}")


def _refuse_unknown(owed: Owed, rules: Sequence[Rule], alias: str, unknown: set[str]) -> None:
    """RuleError for a rule that names a field which earlier reports do not have."""
    for rule in rules:
        for name in sorted(unknown):
            if (alias, name) in touched(owed.wide.form, rule).earlier:
                raise RuleError(f"规则 {rule.id}（{owed.wide.form.id}）无法执行：往期没有栏目 {alias}.{name}")


def _same(alias: str, on: Sequence[str]) -> str:
    return " AND ".join(f'{alias}."{name}" = wide."{"period" if name == OF else name}"' for name in on)


def _run(form: Form, rules: Sequence[Rule], source: str, con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    try:
        return fetch(con, statement(form, rules, source))
    except duckdb.Error:
        for rule in rules:
            try:
                fetch(con, statement(form, [rule], source))
            except duckdb.Error as error:
                raise RuleError(f"规则 {rule.id}（{form.id}）无法执行：{error}") from error
        raise


def _counts(judged: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """Lines by submission, rule and outcome; a rule that does not exist in a period has no outcome there."""
    return (
        judged.unpivot([r.id for r in rules], index="submission", variable_name="rule", value_name="outcome")
        .cast({"rule": pl.String, "outcome": pl.String})
        .drop_nulls("outcome")
        .group_by("submission", "rule", "outcome")
        .agg(n=pl.len())
    )


def _finding(wide: Wide, rule: Rule, line: Mapping[str, Any], in_force: InForce | None) -> Finding:
    form, at = wide.form, line["line"]
    touch = touched(form, rule)
    looked_at = touch.columns | touch.window
    fields = [c.code for c in form.columns if c.code in looked_at]

    def text(match: re.Match[str]) -> str:
        name = match[1]
        if name == "tolerance":
            return plain(rule.tolerance)
        return (
            plain(line[name])
            if name in {*rule.let, *rule.parameters} or "." in name
            else shown(wide, at, name)
        )

    message = BRACES.sub(text, rule.message)
    if touch.earlier and in_force is not None:
        others = compared_with(wide, at, sorted(touch.earlier), in_force)
        message += f"（对照 {others}）" if others else ""
    return cite(
        wide,
        at,
        fields,
        rule=rule.id,
        severity=rule.severity,
        level=rule.level,
        message=message,
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
