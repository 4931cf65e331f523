"""A tiny ``fact`` table for tests of the engine: figures written as text, everything else filled in."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import duckdb
import polars as pl

from indices.engine import compute
from indices.method import methods_for
from schemas.codes import Codes
from schemas.period import Period

KEYS = ("region_code", "chain_code", "subchain_code", "cluster_code", "park_code")


@dataclass(frozen=True)
class Fact:
    """One figure: form, period, key as ``region_code=360600;chain_code=NF`` and ``field=value`` pairs."""

    form: str
    period: str
    key: str
    values: dict[str, str | None]
    source: str = "submission"
    mark: str = ""


def connection(facts: Iterable[Fact]) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with ``fact`` and an empty ``filing``."""
    rows = []
    for fact in facts:
        period = Period.parse(fact.period)
        named = dict(part.split("=") for part in fact.key.split(";"))
        keys = [named.get(key, "") for key in KEYS]
        for field, value in fact.values.items():
            mark = fact.mark if value is None else ""
            rows.append(
                (
                    fact.form,
                    fact.period,
                    period.ref_month,
                    period.annual,
                    fact.source,
                    *keys,
                    field,
                    value,
                    mark,
                )
            )
    names = ("form", "period", "ref_month", "annual", "source", *KEYS, "field", "value", "mark")
    types = {"ref_month": pl.Int32, "annual": pl.Boolean}
    frame = pl.DataFrame(rows, schema={n: types.get(n, pl.String) for n in names}, orient="row")
    con = duckdb.connect(config={"threads": 1})
    con.register("given", frame.to_arrow())
    con.execute(
        "CREATE TABLE fact AS SELECT * REPLACE (CAST(value AS DECIMAL(20,4)) AS value), '' AS submitter FROM given"
    )
    con.execute(
        "CREATE TABLE filing (form VARCHAR, period VARCHAR, ref_month INTEGER, annual BOOLEAN,"
        " submitter VARCHAR, subject VARCHAR, state VARCHAR)"
    )
    return con


def computed(
    facts: Iterable[Fact], codes: Codes, period: str, index: str | None = None
) -> duckdb.DuckDBPyConnection:
    """The same after ``compute``, of all indices or one; without gates, since nobody has filed."""
    con = connection(facts)
    wanted = Period.parse(period)
    methods = [replace(m, gates=()) for m in methods_for(wanted) if index in (None, m.index)]
    compute(con, methods, codes, wanted)
    return con


def indicator(con: duckdb.DuckDBPyConnection, name: str, subject: str, period: str) -> dict[str, object]:
    """One row of ``result_indicator``."""
    found = con.execute(
        "SELECT * FROM result_indicator WHERE indicator = ? AND subject = ? AND period = ?",
        [name, subject, period],
    )
    names = [column[0] for column in found.description or ()]
    (row,) = found.fetchall()
    return dict(zip(names, row, strict=True))
