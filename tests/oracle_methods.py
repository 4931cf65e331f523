"""Answers computed by other software: where they lie, the designs they were made with, and how to compare."""

import csv
import os
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from indices.design import Design
from indices.method_file import parse_design
from indices.score import Scored, published, score_table
from indices.table import Table, arrange

FOLDER = os.environ.get("ZHISHU_ORACLES", "")
needs_oracles = pytest.mark.skipif(
    not FOLDER, reason="ZHISHU_ORACLES does not name the folder of reference answers"
)
ASEM, TAI = Path(FOLDER) / "asem", Path(FOLDER) / "tai"

FILL = "[[steps]]\nstep = 'impute'\nmethod = 'mean'\ngroup = 'EurAsia_group'\n"
MINMAX_1_100 = "{method = 'minmax', range = ['1', '100']}"


def rows(path: Path) -> list[dict[str, str]]:
    """A CSV file as dictionaries of texts."""
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@cache
def asem_data() -> pl.DataFrame:
    """51 countries and 49 indicators, as texts."""
    return pl.read_csv(ASEM / "inputs/iData.csv", infer_schema=False)


@cache
def _meta() -> list[dict[str, str]]:
    return rows(ASEM / "inputs/iMeta.csv")


def steps(points: int = 5, scale: str = MINMAX_1_100, mean: str = "arithmetic", more: str = "") -> str:
    """The pipeline behind the answers: denominate, fill, screen, treat, normalise, aggregate.

    Under given posts no column may be brought to logarithms; in these data none is.
    """
    then = "none" if "goalpost" in scale else "log"
    return (
        f"[[steps]]\nstep = 'denominate'\n{FILL}"
        "[[steps]]\nstep = 'screen'\nat_least = '0.9'\nby = 'count'\n"
        f"[[steps]]\nstep = 'treat'\nmax_points = {points}\nthen = '{then}'\n{last_steps(scale, mean, more)}"
    )


def last_steps(scale: str, mean: str = "arithmetic", more: str = "") -> str:
    """The steps that every design has."""
    return f"[[steps]]\nstep = 'normalise'\nscale = {scale}\n[[steps]]\nstep = 'aggregate'\nmeans = ['{mean}']\n{more}"


def asem_design(
    declared: str,
    weights: Mapping[str, str] | None = None,
    posts: Mapping[str, tuple[str, str]] | None = None,
    denominated: bool = True,
) -> Design:
    """The tree of 49 indicators in four levels, with these steps."""
    lines = ["format = 2", "index = 'ASEM'", "version = '1'", "name = 'Sustainable connectivity'", "[data]",
             "subject = 'uCode'", "name = 'uName'", "groups = ['EurAsia_group']"]  # fmt: skip
    for row in _meta():
        code, negative = row["iCode"], row["Direction"] == "-1"
        if row["Type"] not in ("Indicator", "Aggregate"):
            continue
        lines += ["[[indicators]]" if row["Type"] == "Indicator" else "[[groups]]"]
        lines += [
            f"id = '{code}'",
            f'name = "{row["iName"]}"',
            f"weight = '{Decimal((weights or {}).get(code, '1')):.12f}'",
        ]
        if row["Parent"]:
            lines.append(f"parent = '{row['Parent']}'")
        if row["Type"] == "Indicator":
            lines.append(f"direction = '{'negative' if negative else 'positive'}'")
            if row["Denominator"] and denominated:
                lines.append(f"denominator = '{row['Denominator']}'")
            if posts:
                low, high = reversed(posts[code]) if negative else posts[code]
                lines += [f"low = '{Decimal(low):.18f}'", f"high = '{Decimal(high):.18f}'"]
    return parse_design("\n".join([*lines, declared]), "asem")


def asem_weights(name: str) -> dict[str, str]:
    """One of the weight sets."""
    return {r["iCode"]: r["Weight"] for r in rows(ASEM / f"inputs/weights_{name.lower()}.csv")}


@cache
def _asem_table(denominated: bool) -> Table:
    """The data as every design over this tree takes them."""
    declared = steps() if denominated else last_steps(MINMAX_1_100)
    return arrange(asem_design(declared, denominated=denominated), asem_data())


def asem_scored(
    declared: str,
    weights: Mapping[str, str] | None = None,
    posts: Mapping[str, tuple[str, str]] | None = None,
    denominated: bool = True,
) -> Scored:
    """The design with these steps, computed on the data."""
    return score_table(asem_design(declared, weights, posts, denominated), _asem_table(denominated))


def asem_published(declared: str, weights: Mapping[str, str]) -> pl.DataFrame:
    """The published stage alone of such a computation."""
    return published(asem_design(declared, weights), _asem_table(denominated=True))


def cells(frame: pl.DataFrame, node: str, value: str) -> dict[tuple[str, str], float | None]:
    """(subject, node) to figure, of a frame without periods."""
    return {
        (s, n): None if v is None else float(v)
        for s, n, v in frame.select("subject", node, pl.col(value).cast(pl.Float64)).iter_rows()
    }


def worst(path: Path, found: Mapping[tuple[str, str], float | None]) -> float:
    """The largest difference to a file of answers; a gap must be a gap on both sides."""
    largest, compared = 0.0, 0
    for row in rows(path):
        for node, text in row.items():
            if node in ("uCode", "Rank", "Time"):
                continue
            value = found.get((row["uCode"], node))
            assert (value is None) == (text == ""), (path.name, row["uCode"], node, text, value)
            if value is not None:
                largest = max(largest, abs(value - float(text)))
                compared += 1
    assert compared > 500
    return largest
