"""The workbench that the steps share: one connection, the design, and what was noticed on the way.

Tables while a design is computed (all keys ascend, no order is relied on):

- ``subject_row`` (subject, name, period, t, type): who is computed; ``t`` counts elapsed periods.
- ``membership`` (subject, period, grp, label): the groups of a subject.
- ``column_value`` (subject, period, label, value): further columns, for denominators.
- ``figure`` (subject, period, t, indicator, value, missing, source): the figure as it stands after each step;
  ``missing`` is empty, late, not_yet, not_applicable or suppressed, ``source`` the period it comes from.
- ``imputed``, ``treated``: a row for each figure that a step filled or changed.
- ``post``, ``score``: see ``normalise``.
- ``weight`` (node, period, weight, method): inside a node's parent, and which method gave it.
- ``node_value`` (subject, period, node, value, reason): scores of all nodes from the indicators to the index;
  ``reason`` says why there is none: a kind of missing figure, or thin, late, undefined of a group.

Values are DECIMAL(38,18), scores DECIMAL(28,12), weights DECIMAL(20,12).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal
from typing import Any, NamedTuple

import duckdb
import numpy as np
import polars as pl
from polars._typing import PolarsDataType

from indices.declare import Window
from indices.design import Design

Columns = dict[str, PolarsDataType]

VALUE, SCORE, WEIGHT = pl.Decimal(38, 18), pl.Decimal(28, 12), pl.Decimal(20, 12)
WIDE = Context(prec=60)


class ScoreError(ValueError):
    """A table and a design that cannot be computed together; one sentence says where and what to do."""


class Note(NamedTuple):
    """Something that a reader must know: a rule, where it struck, what it says and what to do."""

    rule: str
    subject: str
    period: str
    node: str
    message: str
    advice: str


@dataclass(frozen=True)
class Bench:
    """A connection with the tables above, the design, and the notes taken so far."""

    con: duckdb.DuckDBPyConnection
    design: Design
    notes: list[Note] = field(default_factory=list)

    def place(self, name: str, frame: pl.DataFrame) -> None:
        """Make a table of a frame."""
        self.con.register("placed", frame.to_arrow())
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM placed")

    def rows(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query; give it an ORDER BY."""
        return self.con.execute(query, list(parameters)).fetchall()

    def note_rows(self, rule: str, query: str, message: str, advice: str) -> None:
        """A note for each row (subject, period, node, first, second) of a query, in its order."""
        for subject, period, node, *rest in self.rows(query):
            shown = [plain(r) if isinstance(r, Decimal) else r for r in rest]
            self.notes.append(Note(rule, subject, period, node, message.format(*shown), advice))

    def periods(self) -> list[str]:
        """All periods in time's order; one empty text for a table without periods."""
        return [row[0] for row in self.rows("SELECT DISTINCT period, t FROM subject_row ORDER BY t, period")]

    def windows(self, window: Window | None) -> list[tuple[list[str], list[str]]]:
        """Pairs: periods that statistics are taken from, and periods that they serve."""
        periods = self.periods()
        if window == "period":
            return [([p], [p]) for p in periods]
        if window is None or window == "all":
            return [(periods, periods)]
        first, last = window
        absent = [p for p in (first, last) if p not in periods]
        if absent:
            raise ScoreError(f"基期窗口 {first} 至 {last} 中的 {'、'.join(absent)} 不在数据的报告期中。")
        return [(periods[periods.index(first) : periods.index(last) + 1], periods)]

    @property
    def deciding(self) -> str:
        """The SQL condition for rows of subjects that statistics are taken from: all but the unranked types."""
        unranked = self.design.unranked
        if not unranked:
            return "true"
        return f"(subject, period) IN (SELECT (subject, period) FROM subject_row WHERE type NOT IN ({listed(unranked)}))"

    def kinds(self, period: str) -> list[str]:
        """The subject types of a period."""
        return [
            r[0]
            for r in self.rows("SELECT DISTINCT type FROM subject_row WHERE period = ? ORDER BY 1", [period])
        ]

    def columns(self, periods: list[str]) -> dict[str, list[Decimal]]:
        """The figures of each indicator in some periods, in the order of subject and period."""
        found: dict[str, list[Decimal]] = {}
        query = (
            "SELECT indicator, value FROM figure WHERE list_contains(?, period) AND value IS NOT NULL"
            f" AND {self.deciding} ORDER BY indicator, subject, t"
        )
        for indicator, value in self.rows(query, [periods]):
            found.setdefault(indicator, []).append(value)
        return found

    def extremes(self, periods: list[str]) -> dict[str, tuple[int, Decimal, Decimal]]:
        """How many figures each indicator has in some periods, the least and the largest."""
        query = (
            "SELECT indicator, count(*), min(value), max(value) FROM figure"
            f" WHERE list_contains(?, period) AND value IS NOT NULL AND {self.deciding}"
            " GROUP BY indicator ORDER BY indicator"
        )
        return {indicator: (n, least, most) for indicator, n, least, most in self.rows(query, [periods])}

    def matrix(
        self, nodes: Sequence[str], periods: list[str], kind: str | None = None
    ) -> tuple[list[tuple[str, str]], np.ndarray]:
        """Scores of some nodes, a row per subject and period that has all of them, and who these are.

        Of one subject type, or of all that statistics are taken from.
        """
        marks = ", ".join("?" for _ in nodes)
        among = self.deciding
        if kind is not None:
            among = f"(subject, period) IN (SELECT (subject, period) FROM subject_row WHERE type IN ({listed([kind])}))"
        rows = self.rows(
            f"SELECT subject, period, list(value::DOUBLE ORDER BY list_position([{marks}], node)) FROM node_value"
            f" WHERE node IN ({marks}) AND list_contains(?, period) AND value IS NOT NULL AND {among}"
            f" GROUP BY subject, period HAVING count(*) = {len(nodes)} ORDER BY subject, period",
            (*nodes, *nodes, periods),
        )
        return [(s, p) for s, p, _ in rows], np.asarray([v for *_, v in rows], dtype=np.float64)


def fixed(value: float, places: int = 12) -> Decimal:
    """A float as the decimal that is kept, half-even; 12 places where libm had a hand in, 18 where it had not."""
    return Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-places), context=WIDE)


def mean_and_deviation(values: np.ndarray, ddof: int) -> tuple[float, float]:
    """Mean and standard deviation with exact sums, so that no order or machine shows."""
    mean = math.fsum(values) / len(values)
    if len(values) <= ddof:
        return mean, math.nan
    return mean, math.sqrt(math.fsum((values - mean) ** 2) / (len(values) - ddof))


def plain(value: Decimal) -> str:
    """A decimal as people write it: no exponent, no idle zero."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def listed(ids: Iterable[str]) -> str:
    """Ids as an SQL list of texts."""
    return ", ".join("'" + i.replace("'", "''") + "'" for i in ids) or "NULL"
