"""The engine: facts in force to indices, every stage kept as rows in the DuckDB connection.

``compute`` takes a connection that holds ``fact`` and ``filing`` (what is in force, see flows/ledger), the
method versions, the code lists and a period, and leaves the ``result_*`` tables. It knows no files and no
Prefect.

The stages: ``report_row`` -> ``included`` (whose rows are added) -> ``amount`` and ``ttm`` -> ``node_value``
-> ``reading`` (every indicator at every reference month) -> ``indicator`` (the figure that stands, its score)
-> ``result_indicator``, ``result_pillar``, ``result_index``, ``result_change``,
``result_rank_interval``, ``result_variable``, ``result_target``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import duckdb
import polars as pl

from indices.changes import place_changes
from indices.compile import Formula, node_id, readings_sql
from indices.coverage import place_coverage, read_reports
from indices.expression import Std, leaves
from indices.gate import judge, place_gates
from indices.method import Indicator, Method
from indices.parameters import TTM_PAIRS, Columns, place_parameters, place_subjects, place_table
from indices.procedures import procedure
from indices.reach import subjects
from indices.roster import SUMMED, Sum, expected, filings, include
from indices.targets import load_plan
from indices.uncertainty.released import place_intervals
from schemas.codes import Codes
from schemas.period import Period, months_between


def evaluated_periods(period: Period) -> tuple[int, ...]:
    """The period, the same month of last year and the previous report, as ``yyyymm``."""
    month = period.as_month()
    shown = (month, month.same_month_last_year(), month.previous_report())
    return tuple(dict.fromkeys(p.ref_month for p in shown))


def compute(
    con: duckdb.DuckDBPyConnection,
    methods: Sequence[Method],
    codes: Codes,
    period: Period,
    text: Callable[[str], str] = procedure,
) -> None:
    """Compute all indices for a period from ``fact``; leaves the ``result_*`` tables in ``con``.

    ``text`` gives the procedures by name: today's, or those of an earlier release.
    """
    plan = load_plan()
    place_parameters(con, methods, codes, plan, evaluated_periods(period))
    con.execute(text("report_row"))
    _choose_rows(con, methods, codes, period)
    con.execute(text("sum_coverage"))
    con.execute(text("amount"))
    con.execute(text("ttm"))
    con.execute(text("node_value"))
    place_subjects(con, [row for m in methods for row in subjects(codes, m, plan)])
    _read_indicators(con, methods, text)
    con.execute(text("indicator"))
    reports = read_reports(con, codes, period)
    earlier = [Period(month // 100, month % 100) for month in evaluated_periods(period)[1:]]
    place_gates(
        con,
        judge(methods, reports),
        period.ref_month,
        {p.ref_month: judge(methods, read_reports(con, codes, p)) for p in earlier},
    )
    con.execute(text("index"))
    place_changes(con, methods, period)
    place_intervals(con, methods, period)
    con.execute(text("variable"))
    con.execute(text("target"), {"month": period.ref_month})
    place_coverage(con, reports)


def _choose_rows(
    con: duckdb.DuckDBPyConnection, methods: Sequence[Method], codes: Codes, period: Period
) -> None:
    """``moment`` (when single rows are read), ``included`` and ``roster`` (whose rows are added)."""
    filed = filings(
        con.execute(
            "SELECT DISTINCT form, scope, annual, ref_month, level, block, unit, source FROM report_row"
            " WHERE level <> 'own' ORDER BY ALL"
        ).fetchall()
    )
    reports = con.execute("SELECT DISTINCT annual, ref_month FROM report_row ORDER BY ALL").fetchall()
    base_years = sorted({i.base_year for m in methods for i in m.indicators if i.base_year is not None})
    moments = [("plain", month, annual, month) for annual, month in reports if month <= period.ref_month]
    oldest = max(m.max_age[f] for m in methods for f in ("M", "Q"))
    in_focus = [
        month
        for annual, month in reports
        if not annual and any(0 <= months_between(month, p) <= oldest for p in evaluated_periods(period))
    ]
    for year in base_years:
        for t0 in in_focus:
            moments += [("base", t0, False, m) for m in {t0, year * 100 + t0 % 100}]
            moments += [("base_year", t0, False, m) for m in {t0, year * 100 + 12}]
    text, whole = pl.String, pl.Int32
    columns: Columns = {
        "variant": text,
        "t0": whole,
        "annual": pl.Boolean,
        "month": whole,
    }
    place_table(con, "moment", columns, sorted(moments))
    yearly = {month for _, month in reports if month % 100 == 12}  # annual reports; last December for targets
    place_table(con, "focus", {"t0": whole}, ((t0,) for t0 in sorted({*in_focus, *yearly})))
    rows, roster = [], []
    for wanted in sorted(_sums(moments, in_focus, codes)):
        included, absent = include(codes, filed, wanted)
        rows += included
        if included:
            due = frozenset().union(*expected(codes, wanted.form, wanted.scope).values())
            head = (wanted.variant, wanted.t0, wanted.annual, wanted.form, wanted.scope)
            roster += [(*head, unit, unit not in absent) for unit in sorted(due)]
    head_columns: Columns = {
        "variant": text, "t0": whole, "annual": pl.Boolean, "form": text, "scope": text,
    }  # fmt: skip
    place_table(
        con,
        "included",
        head_columns | {"month": whole, "level": text, "unit": text},
        ((r.variant, r.t0, r.annual, r.form, r.scope, r.month, r.level, r.unit) for r in rows),
    )
    place_table(con, "roster", head_columns | {"unit": text, "filed": pl.Boolean}, roster)


def _sums(moments: list[tuple[str, int, bool, int]], in_focus: list[int], codes: Codes) -> list[Sum]:
    """Every sum over submitters that the variants need; twelve-month totals at the months in focus alone."""
    months: dict[tuple[str, int, bool], set[int]] = {}
    for variant, t0, annual, month in moments:
        months.setdefault((variant, t0, annual), set()).add(month)
    for t0 in in_focus:
        december, same = (t0 // 100 - 1) * 100 + 12, t0 - 100
        months["ttm2", t0, False] = {t0} if t0 % 100 == 12 else {t0, december}
        if t0 % 100 != 12:
            months["ttm3", t0, False] = {t0, december, same}
    return [
        Sum(variant, t0, annual, form, scope, tuple(sorted(needed)))
        for (variant, t0, annual), needed in months.items()
        for form in SUMMED
        if not variant.startswith("ttm") or form in {pair[0] for pair in TTM_PAIRS}
        for scope in (tuple(codes.clusters) if form == "GLT03" else ("",))
    ]


def _read_indicators(
    con: duckdb.DuckDBPyConnection, methods: Sequence[Method], text: Callable[[str], str]
) -> None:
    """Fill ``reading`` with every indicator at every moment, after adding the deviations that they name to ``node_value``."""
    for leaf in dict.fromkeys(leaf for m in methods for i in m.indicators for leaf in leaves(i.node)):
        if isinstance(leaf, Std):
            _add_deviation(con, methods, leaf, text)
    wanted = [Formula(m.index, i.id, i.node, _moments_of(i)) for m in methods for i in m.indicators]
    query = readings_sql(wanted, "t0 IN (SELECT t0 FROM focus)")
    con.execute(f"CREATE OR REPLACE TEMP TABLE reading AS SELECT * RENAME (name AS indicator) FROM ({query})")


def _moments_of(indicator: Indicator) -> str:
    """The moments of an indicator: those of its frequency, and its base year's if it has one."""
    conditions = ["annual" if indicator.frequency == "A" else "NOT annual"]
    if indicator.base_year is None:
        conditions.append("variant = 'plain'")
    if indicator.frequency == "Q":
        conditions.append("t0 % 100 % 3 = 0")
    return " AND ".join(conditions)


def _add_deviation(
    con: duckdb.DuckDBPyConnection, methods: Sequence[Method], leaf: Std, text: Callable[[str], str]
) -> None:
    """Append the deviations of an expression, taken over all its reports, to ``node_value``."""
    using = [m.index for m in methods if any(leaf in leaves(i.node) for i in m.indicators)]
    query = readings_sql(
        [Formula(index, node_id(leaf), leaf.inner, "variant = 'plain' AND NOT annual") for index in using]
    )
    con.execute(  # DISTINCT: a subject of two indices has one series
        "CREATE OR REPLACE TEMP TABLE series AS SELECT DISTINCT name AS node, subject, t0 AS month, value, mark,"
        f" coverage, cells FROM ({query}) WHERE value IS NOT NULL OR mark <> ''"
    )
    con.execute(text("std").replace("$before", str(leaf.reports - 1)), {"node": node_id(leaf)})
