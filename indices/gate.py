"""The gate: a level of an index is published only when enough of what feeds it has come in.

The thresholds are data of the method. Below them totals, pillars and ranks of the level are withheld, while
the indicators stay visible. Earlier months that a release compares with are held to the same thresholds,
unless no office filed for them (figures that the bureau filed as history were published before).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from decimal import Decimal
from typing import Literal

import duckdb
import polars as pl

from indices.coverage import Reports, Share
from indices.method import Gate, Method
from indices.parameters import place_table

GATED = "报送未达到发布门槛"  # the reason in result_index, written by index.sql
NAMED = 3  # offices that a verdict names, the largest first

Measure = Literal["filing_rate", "revenue_coverage"]


@dataclass(frozen=True)
class Verdict:
    """One threshold of one gate: needed, there, and who is missing.

    ``actual`` is None where the share cannot be told; that does not pass.
    """

    index_code: str
    subject_type: str
    form: str
    filers: str
    period: str  # of the reports that were counted
    measure: Measure
    threshold: Decimal
    actual: Decimal | None
    due_n: int
    filed_n: int
    missing: str
    passed: bool


def judge(methods: Sequence[Method], reports: Reports) -> tuple[Verdict, ...]:
    """Every threshold of the methods against the reports behind a month."""
    return tuple(
        verdict
        for method in methods
        for gate in method.gates
        for verdict in _verdicts(method.index, gate, _share(gate, reports))
    )


def _share(gate: Gate, reports: Reports) -> Share:
    """The newest reports behind the month for which the gate's offices owe the form."""
    owed = [
        period
        for period, form in reports.owed
        if form == gate.form and gate.filers in reports.levels(period, form)
    ]
    month = max(period for period, _ in reports.owed)
    return reports.share(max(owed, default=month), gate.form, gate.filers)


def _verdicts(index: str, gate: Gate, share: Share) -> tuple[Verdict, Verdict]:
    names = [office.name for office in share.missing]
    missing = "、".join(names[:NAMED]) + (f" 等 {len(names)} 个" if len(names) > NAMED else "")
    # where everything is there no revenue is missing, known or not
    revenue = Decimal("1.0000") if 0 < share.due_n == share.filed_n else share.revenue_coverage

    def verdict(measure: Measure, threshold: Decimal, actual: Decimal | None) -> Verdict:
        return Verdict(
            index, gate.subject_type, gate.form, gate.filers, str(share.period), measure, threshold, actual,
            share.due_n, share.filed_n, missing, actual is not None and actual >= threshold,
        )  # fmt: skip

    return (
        verdict("filing_rate", gate.filing_rate, share.filing_rate),
        verdict("revenue_coverage", gate.revenue_coverage, revenue),
    )


def place_gates(
    con: duckdb.DuckDBPyConnection,
    now: Sequence[Verdict],
    month: int,
    earlier: Mapping[int, Sequence[Verdict]],
) -> None:
    """Make ``result_gate`` of the month's verdicts, and ``gate_closed``: which levels are withheld when."""
    text, number, share = pl.String, pl.Int32, pl.Decimal(9, 4)
    place_table(
        con,
        "result_gate",
        {
            "index_code": text, "subject_type": text, "form": text, "filers": text, "period": text, "measure": text,
            "threshold": share, "actual": share, "due_n": number, "filed_n": number, "missing": text,
            "passed": pl.Boolean,
        },
        [astuple(verdict) for verdict in now],
    )  # fmt: skip
    closed = {(v.index_code, v.subject_type, month) for v in now if not v.passed}
    closed |= {
        (v.index_code, v.subject_type, when)
        for when, verdicts in earlier.items()
        for v in verdicts
        if not v.passed and v.filed_n > 0
    }
    place_table(
        con, "gate_closed", {"index_code": text, "subject_type": text, "period": number}, sorted(closed)
    )
