"""One DuckDB statement of a rule between forms, and the tables on which it runs.

The statement gives one row for each group of keys that stands on any side: keys, figures, the named
expressions, the outcome, and of every side the numbers of the lines behind it,
those of the latest report first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import duckdb
import polars as pl

from schemas.between_rule import AMOUNT, FIELD, BetweenRule, Side
from schemas.codes import PROVINCE, WHOLE_CHAIN, Codes
from schemas.database import fetch, quoted
from schemas.form import form_for
from schemas.period import Period
from schemas.touch import references


def code_tables(codes: Codes, month: Period) -> dict[str, pl.DataFrame]:
    """The code lists as the rules see them, with the codes that are valid in the month.

    ``regions`` (code, name, level, parent), ``chains`` (code, name), ``clusters`` (code, name),
    ``cluster_cities`` (cluster, city), ``cluster_chains`` (cluster, chain, subchain: T where the
    whole chain belongs to the cluster), ``wholes`` (region, part: the counties and adjusting rows of
    which a city or the province is the sum).
    """
    valid = set(codes.members("regions", month))
    regions = [(r.code, r.name, r.level, r.parent) for r in codes.regions.values() if r.code in valid]
    parts = [(code, parent) for code, _, level, parent in regions if level in ("county", "adjusting")]
    clusters = [codes.clusters[code] for code in codes.members("clusters", month)]
    chains = [codes.chains[code] for code in codes.members("chains", month)]
    chain_of = {sub: chain.code for chain in chains for sub in chain.subchains}
    return {
        "regions": _table("code name level parent", regions),
        "chains": _table("code name", [(chain.code, chain.name) for chain in chains]),
        "clusters": _table("code name", [(cluster.code, cluster.name) for cluster in clusters]),
        "cluster_cities": _table("cluster city", [(c.code, city) for c in clusters for city in c.cities]),
        "cluster_chains": _table(
            "cluster chain subchain",
            [
                (c.code, chain_of[code], code) if code in chain_of else (c.code, code, WHOLE_CHAIN)
                for c in clusters
                for code in c.chains
            ],
        ),
        "wholes": _table(
            "region part",
            [pair for code, parent in parts for pair in ((parent, code), (PROVINCE, code))],
        ),
    }


def _table(names: str, rows: Iterable[Sequence[str]]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), dict.fromkeys(names.split(), pl.String), orient="row")


def register(con: duckdb.DuckDBPyConnection, tables: Mapping[str, pl.DataFrame]) -> None:
    """Make frames known to the connection by name, in place of earlier ones."""
    for name, table in tables.items():
        con.register(name, table)


def evaluate(con: duckdb.DuckDBPyConnection, rule: BetweenRule, judged: Period) -> pl.DataFrame:
    """The rows of one rule for one report, in the order of their keys.

    Columns: the keys, ``side.figure``, the names of ``let``, ``outcome``, and ``side.lines``. The
    connection knows the lines of each form by its code and the code lists. duckdb.Error or
    ValueError if the expressions cannot be evaluated.
    """
    return fetch(con, statement(rule, judged))


def statement(rule: BetweenRule, judged: Period) -> str:
    """The statement of a rule for one report."""
    ctes = [cte for label, side in rule.sides.items() for cte in _side(rule, label, side, judged)]
    keys = ", ".join(rule.keys)
    first, *others = rule.sides
    joined = f'"{first}" ' + " ".join(f'FULL JOIN "{other}" USING ({keys})' for other in others)
    figures = [
        f'"{label}"."{name}" AS "{label}.{name}"'
        for label, side in rule.sides.items()
        for name in (*side.figures, "lines")
    ]
    named = [f'({text}) AS "{name}"' for name, text in rule.let.items()]
    sides = [f'"{label}"' for label in rule.sides]
    return f"""
        WITH {", ".join(ctes)}
        SELECT {", ".join([keys, *figures, *rule.let])}, {_outcome(rule)} AS outcome
        FROM (
            SELECT {", ".join([keys, "this.*", *sides, *named])}
            FROM {joined} CROSS JOIN (SELECT {_constants(rule, judged)}) AS this)
        ORDER BY {keys}"""


def _outcome(rule: BetweenRule) -> str:
    """A blank figure on any side leaves the expression unknown, and the outcome missing."""
    return f"""CASE
            WHEN NOT ({rule.when}) THEN 'na'
            WHEN ({rule.when}) IS NULL OR ({rule.expr}) IS NULL THEN 'missing'
            WHEN ({rule.expr}) THEN 'pass'
            ELSE 'fail' END"""


def _constants(rule: BetweenRule, judged: Period) -> str:
    return (
        f"'{judged.frequency}' AS frequency, '{judged.as_month()}' AS month, "
        f"{rule.tolerance:f}::DECIMAL(9, 6) AS tolerance, {rule.floor:f}::DECIMAL(20, 4) AS floor"
    )


def _side(rule: BetweenRule, label: str, side: Side, judged: Period) -> Iterable[str]:
    """The stages of one side: its lines, what is taken of them, and the groups with their figures."""
    lines, keys = f'"{label} lines"', ", ".join(rule.keys)
    yield f"{lines} AS ({_lines(rule, side, judged)})"
    by = side.by | ({FIELD: FIELD} if rule.each else {})
    figures = [f"{_guarded(rule, side, text, judged)} AS {name}" for name, text in side.figures.items()]
    taken = f"""
        SELECT {", ".join(f"{text} AS {name}" for name, text in by.items())},
            {", ".join(figures)}, list(line ORDER BY reference DESC, line) AS lines
        FROM {lines} AS lines {side.join} {_each(rule, with_amounts=True)}
        WHERE {side.where}
        GROUP BY {", ".join(str(place) for place in range(1, len(by) + 1))}"""
    if side.expected is None:
        yield f'"{label}" AS ({taken})'
        return
    yield f'"{label} taken" AS ({taken})'
    there = f"SELECT {side.member} FROM {lines} AS lines WHERE {_speaks(rule)}"
    yield f""""{label} due" AS (
        SELECT {keys}, bool_and(coalesce(member IN ({there}), FALSE)) AS complete
        FROM ({side.expected}) {_each(rule, with_amounts=False)} GROUP BY ALL)"""
    empty = "NULL" if side.empty is None else f"{side.empty:f}"
    whole = ", ".join(
        f"CASE WHEN complete IS FALSE THEN NULL WHEN lines IS NULL THEN {empty} ELSE {name} END AS {name}"
        for name in side.figures
    )
    yield f""""{label}" AS (
        SELECT {keys}, {whole}, lines FROM "{label} taken" FULL JOIN "{label} due" USING ({keys}))"""


def _each(rule: BetweenRule, *, with_amounts: bool) -> str:
    """For every line or group one row per field of ``each``."""
    if not rule.each:
        return ""
    names = f"unnest([{', '.join(quoted(name) for name in rule.each)}]) AS {FIELD}"
    amounts = f", unnest([{', '.join(f'lines.{name}' for name in rule.each)}]) AS {AMOUNT}"
    return f"CROSS JOIN LATERAL (SELECT {names}{amounts if with_amounts else ''}) AS each"


def _speaks(rule: BetweenRule) -> str:
    return "state = 'accepted'" if rule.accepted else "TRUE"


def _lines(rule: BetweenRule, side: Side, judged: Period) -> str:
    """The lines of the side's reports, with the judged month and, where they name a region, its place."""
    report = side.report(judged)
    form = form_for(side.form, report)
    which = f"reference <= {report.ref_month}" if side.until else f"period = '{report}'"
    place = ""
    if any(column.code == "region_code" for column in form.columns):
        place = "LEFT JOIN (SELECT code, level, parent FROM regions) AS place ON place.code = region_code"
    newest = ""
    if side.newest:
        alike = ", ".join(side.newest)
        newest = f"QUALIFY rank() OVER (PARTITION BY {alike} ORDER BY reference DESC) = 1"
    return f"""
        SELECT *, {_constants(rule, judged)} FROM {side.form} {place}
        WHERE {which} {newest}"""


def _guarded(rule: BetweenRule, side: Side, figure: str, judged: Period) -> str:
    """The aggregate, blank if a number in it is blank in some line or a line may not speak."""
    numbers = number_fields(side, figure, judged)
    if AMOUNT in references(figure).columns:
        numbers = (*numbers, AMOUNT)
    conditions = " AND ".join([_speaks(rule), *(f"{code} IS NOT NULL" for code in numbers)])
    return f"CASE WHEN bool_and({conditions}) THEN {figure} END"


def number_fields(side: Side, figure: str, judged: Period) -> tuple[str, ...]:
    """The number fields of the side's form that an aggregate takes, in the form's order."""
    named = references(figure).columns
    form = form_for(side.form, side.report(judged))
    return tuple(column.code for column in form.columns if column.numeric and column.code in named)
