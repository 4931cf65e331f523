"""The rules between forms and submitters, judged on what is in force after the batch's own decisions.

Such a rule rejects nobody: its findings are of level 3 and for the bureau. Where a side is absent, in
part or a figure of it is blank, the outcome is ``missing``, never a fail.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import polars as pl

from schemas.between_finding import finding_of
from schemas.between_rule import BetweenRule, Side, load_between
from schemas.between_sql import code_tables, evaluate, register
from schemas.checks import canonical_order
from schemas.codes import Codes
from schemas.database import scratch
from schemas.finding import Finding
from schemas.form import load_forms
from schemas.in_force import InForce
from schemas.period import Period
from schemas.touch import RuleError

_Judging = tuple[BetweenRule, Period]  # a rule and the report on which it speaks
OUTCOMES = {"rule": pl.String, "period": pl.String, "outcome": pl.String, "n": pl.UInt32}


@dataclass(frozen=True)
class BetweenChecked:
    """What the rules between forms came to.

    ``findings`` are in canonical order. ``outcomes`` counts the groups that were compared (a region,
    a chain in a region, an enterprise): rule, period of the first side's report, outcome, n.
    """

    findings: tuple[Finding, ...]
    outcomes: pl.DataFrame


def check_between(
    in_force: InForce,
    periods: Sequence[Period],
    codes: Codes,
    rules: Sequence[BetweenRule] | None = None,
) -> BetweenChecked:
    """Judge all reports that share a reference month with one of the periods.

    ``rules`` are those of ``schemas/between`` unless given. RuleError names the rule if one cannot
    be evaluated.
    """
    chosen = load_between() if rules is None else rules
    judgings = {
        month: [(rule, judged) for rule in chosen for judged in rule.judged(month)]
        for month in sorted({period.as_month() for period in periods})
    }
    lines = _lines(in_force, [judging for many in judgings.values() for judging in many])
    findings: list[Finding] = []
    outcomes = [pl.DataFrame(schema=OUTCOMES)]
    with scratch() as con:
        register(con, lines)
        for month, many in judgings.items():
            register(con, code_tables(codes, month))
            for rule, judged in many:
                rows = _evaluated(con, rule, judged)
                outcomes.append(_counted(rows, rule, judged))
                findings += [
                    finding_of(rule, judged, row, lines, in_force)
                    for row in rows.filter(pl.col("outcome") == "fail").iter_rows(named=True)
                ]
    counted = pl.concat(outcomes).group_by("rule", "period", "outcome").agg(pl.col("n").sum())
    return BetweenChecked(
        tuple(sorted(findings, key=canonical_order)),
        counted.cast({"n": pl.UInt32}).sort("rule", "period", "outcome"),
    )


def _lines(in_force: InForce, judgings: Sequence[_Judging]) -> dict[str, pl.DataFrame]:
    """The submitters' lines of every form that is needed, numbered, with their reference month."""
    needed: dict[str, set[Period]] = defaultdict(set)
    fields: dict[str, set[str]] = defaultdict(set)
    for rule, judged in judgings:
        for side in rule.sides.values():
            needed[side.form].update(_reports(side, judged))
            fields[side.form] |= rule.names(side)
    found = {}
    for form, periods in sorted(needed.items()):
        month = {str(period): period.ref_month for period in periods}
        lines = in_force.lines(form, sorted(periods), fields[form]).filter(pl.col("source") == "submission")
        reference = pl.col("period").replace_strict(month, return_dtype=pl.Int32).alias("reference")
        found[form] = lines.with_columns(reference).with_row_index("line")
    return found


def _reports(side: Side, judged: Period) -> list[Period]:
    report = side.report(judged)
    if not side.until:
        return [report]
    editions = [f for f in load_forms() if f.code == side.form and not f.filed_by_bureau]
    first = Period.parse(min(edition.valid_from for edition in editions))
    months = range(first.year * 12 + first.month - 1, report.year * 12 + report.month)
    return [Period(month // 12, month % 12 + 1, 0) for month in months]


def _evaluated(con: duckdb.DuckDBPyConnection, rule: BetweenRule, judged: Period) -> pl.DataFrame:
    try:
        return evaluate(con, rule, judged)
    except (duckdb.Error, ValueError) as error:
        raise RuleError(f"表间规则 {rule.name} 无法执行（{judged}）：{error}") from error


def _counted(rows: pl.DataFrame, rule: BetweenRule, judged: Period) -> pl.DataFrame:
    counted = rows.group_by("outcome").agg(n=pl.len())
    return counted.select(
        pl.lit(rule.id).alias("rule"),
        pl.lit(str(judged)).alias("period"),
        "outcome",
        pl.col("n").cast(pl.UInt32),
    )
