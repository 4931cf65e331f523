"""What the tables print: the engine's result tables as polars frames, in a fixed order.

The tables are written from these frames alone, so that a workbook can be made from a database, from a
stored release or from frames of a test. Decimal columns stay exact until they meet a cell.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb
import polars as pl

from schemas.codes import Codes, load_codes
from schemas.database import fetch

Row = dict[str, Any]

# The columns that the tables read, and the key that orders each table. ``subject`` sorts by the code lists.
TABLES: dict[str, tuple[str, ...]] = {
    "index": (
        "index_code", "product", "period", "subject_type", "subject", "subject_name", "basket", "value",
        "rank", "ranked_n", "weight_coverage", "carried_weight", "oldest_age", "status", "withheld",
    ),
    "pillar": (
        "index_code", "product", "period", "subject", "pillar_no", "pillar", "score", "weight_effective",
        "coverage",
    ),
    "indicator": (
        "index_code", "period", "subject_type", "subject", "subject_name", "indicator", "name", "pillar_no",
        "pillar", "unit", "frequency", "in_monthly", "ref_period", "age", "value_published", "decimals",
        "score_published", "clipped", "missing", "status", "revenue_coverage", "reason", "weight",
        "weight_monthly", "weight_full", "contribution_monthly", "contribution_full",
    ),
    "change": (
        "index_code", "period", "against", "subject_type", "subject", "kind", "item", "points", "published",
    ),
    "rank_interval": ("index_code", "period", "subject_type", "subject", "low", "median", "high"),
    "variable": (
        "index_code", "period", "subject", "indicator", "variable", "ref_period", "value", "status",
        "coverage", "cells",
    ),
    "target": (
        "subject", "subject_name", "scope", "scope_name", "target", "wording", "ttm", "attainment", "status",
        "note",
    ),
    "coverage": (
        "form", "form_title", "period", "due_n", "accepted_n", "pending_n", "rejected_n", "absent_n",
        "filing_rate", "revenue_coverage",
    ),
    "absent": ("form", "period", "submitter", "submitter_name", "subject", "state", "reason"),
    "gate": (
        "index_code", "subject_type", "form", "filers", "period", "measure", "threshold", "actual", "due_n",
        "filed_n", "missing", "passed",
    ),
}  # fmt: skip
_KEYS: dict[str, tuple[str, ...]] = {
    "index": ("index_code", "product", "period", "subject"),
    "pillar": ("index_code", "product", "period", "subject", "pillar_no"),
    "indicator": ("index_code", "period", "subject", "indicator"),
    "change": ("index_code", "against", "subject", "kind", "item"),
    "rank_interval": ("index_code", "subject"),
    "variable": ("index_code", "period", "subject", "indicator", "variable"),
    "target": ("scope", "subject"),
    "coverage": ("form", "period"),
    "absent": ("form", "period", "submitter", "subject", "state", "reason"),
    "gate": ("index_code", "subject_type", "form", "filers", "measure"),
}


@dataclass(frozen=True)
class Results:
    """The result tables of one release, each in the order of its key.

    ``index`` holds the period itself, the same month of last year and the previous report; the others
    the period itself. Coverages are shares of 1, weights and contributions points of 100.
    """

    index: pl.DataFrame
    pillar: pl.DataFrame
    indicator: pl.DataFrame
    change: pl.DataFrame
    rank_interval: pl.DataFrame
    variable: pl.DataFrame
    target: pl.DataFrame
    coverage: pl.DataFrame
    absent: pl.DataFrame
    gate: pl.DataFrame


def read_results(con: duckdb.DuckDBPyConnection, codes: Codes | None = None) -> Results:
    """Read ``result_index``, ``result_pillar``, … from a connection; codes give the order of subjects."""
    lists = codes or load_codes()
    order = {
        code: place
        for place, code in enumerate((*lists.regions, *_chains_and_subchains(lists), *lists.clusters))
    }
    frames = {name: _read(con, name, order) for name in TABLES}
    return Results(**frames)


def rows(frame: pl.DataFrame, where: pl.Expr | None = None) -> list[Row]:
    """The rows for which the condition holds, in the frame's order."""
    return list((frame if where is None else frame.filter(where)).iter_rows(named=True))


def percent(share: Decimal | None) -> Decimal | None:
    """A share of 1 as %, exactly; a share of four decimals has two in %."""
    return None if share is None else share * 100


def _chains_and_subchains(codes: Codes) -> Iterable[str]:
    for chain in codes.chains.values():
        yield chain.code
        yield from chain.subchains


def _read(con: duckdb.DuckDBPyConnection, name: str, order: dict[str, int]) -> pl.DataFrame:
    frame = fetch(con, f"SELECT {', '.join(TABLES[name])} FROM result_{name}")
    keys: list[pl.Expr] = []
    for key in _KEYS[name]:
        if key == "subject":  # the plan's order; what stands in no list comes last, by code
            keys.append(pl.col(key).replace_strict(order, default=len(order), return_dtype=pl.Int64))
        keys.append(pl.col(key))
    return frame.sort(keys, nulls_last=True)
