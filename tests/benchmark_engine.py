"""What the engine costs against a dense numpy computation of the same index, and what the uncertainty run takes.

Run it as ``python tests/benchmark_engine.py``; ratios hold better than seconds.
"""

import dataclasses
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from indices.declare import Uncertainty
from indices.design import Design
from indices.method_file import parse_design
from indices.score import score, score_table
from indices.table import arrange
from indices.uncertainty.run import uncertainty

PILLARS, EACH = 5, 6


def design_of(period: str) -> Design:
    """30 indicators in five pillars, fixed posts."""
    leaves = "".join(
        f"[[indicators]]\nid = 'x{p}{k}'\nname = 'x'\nparent = 'P{p}'\nlow = '0'\nhigh = '100'\nweight = '{k + 1}'\n"
        for p in range(PILLARS)
        for k in range(EACH)
    )
    groups = "[[groups]]\nid = 'I'\nname = 'I'\n" + "".join(
        f"[[groups]]\nid = 'P{p}'\nname = 'P'\nparent = 'I'\nweight = '{p + 1}'\n" for p in range(PILLARS)
    )
    return parse_design(
        f"format = 2\nindex = 'B'\nversion = '1'\nname = 'benchmark'\n[data]\nsubject = 'who'\n{period}\n{leaves}{groups}"
        "[[steps]]\nstep = 'normalise'\nscale = {method = 'efficacy', clip = 'both', floor = '40'}\n"
        "[[steps]]\nstep = 'aggregate'\n",
        "benchmark",
    )


def data_of(subjects: int, months: int) -> pl.DataFrame:
    """Figures with 5 % gaps."""
    draw = np.random.Generator(np.random.PCG64(1))
    rows = subjects * months
    x = np.round(draw.uniform(-10, 110, (rows, PILLARS * EACH)), 3)
    x[draw.random(x.shape) < 0.05] = np.nan
    keys = {
        "who": np.repeat([f"s{s:04}" for s in range(subjects)], months),
        "month": np.tile([f"{2022 + m // 12}-{m % 12 + 1:02}" for m in range(months)], subjects),
    }
    return pl.DataFrame(keys | {f"x{j // EACH}{j % EACH}": x[:, j] for j in range(x.shape[1])})


def dense(x: np.ndarray) -> np.ndarray:
    """The same index without keys, stages, decimals or notes."""
    scores = np.clip(60 + 40 * x / 100, 40, 100).reshape(len(x), PILLARS, EACH)
    there = ~np.isnan(scores)
    weights = there * np.arange(1, EACH + 1)
    pillars = (np.nan_to_num(scores) * weights).sum(axis=2) / weights.sum(axis=2)
    return (pillars * np.arange(1, PILLARS + 1)).sum(axis=1) / np.arange(1, PILLARS + 1).sum()


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds and result."""
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def main() -> None:
    """Print a table."""
    panel = design_of("period = 'month'")
    for subjects in (12, 3000):
        data = data_of(subjects, 48)
        x = data.drop("who", "month").to_numpy()
        floor, wanted = min((timed(lambda x=x: dense(x)) for _ in range(5)), key=lambda run: run[0])
        placing, table = timed(lambda data=data: arrange(panel, data))
        seconds, scored = timed(lambda table=table: score_table(panel, table, threads=2))
        index = scored.levels.filter(pl.col("node") == "I").join(
            data.select(pl.col("who").alias("subject"), pl.col("month").alias("period")).with_row_index(),
            on=["subject", "period"],
        ).sort("index")["value"].cast(pl.Float64).to_numpy()  # fmt: skip
        assert np.abs(index - wanted).max() < 1e-9
        print(
            f"{subjects} x 30 x 48: numpy {1000 * floor:.1f} ms, arrange {placing:.2f} s, engine {seconds:.2f} s, ratio {seconds / floor:.0f}"
        )
    flat = design_of("")
    declared = Uncertainty(
        weights=Decimal("0.25"), posts=Decimal("0.1"), noise=Decimal("0.05"), leave_out=True,
        scales=("declared", "minmax"), means=("declared", "geometric"), gaps=("spread", "mean"),
    )  # fmt: skip
    flat = dataclasses.replace(flat, uncertainty=declared)
    chains = data_of(12, 1).drop("month")
    scored = score(flat, chains)
    for factors in (False, True):
        seconds, found = timed(lambda f=factors: uncertainty(flat, scored, 100_000, factors=f))
        print(
            f"uncertainty 100000 x 12 x 30{', sensitivity of 7 factors too' if factors else ''}: {seconds:.1f} s"
        )
    print(found.factors)


if __name__ == "__main__":
    main()
