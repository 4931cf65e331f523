"""The public call: so many draws of an index, to rank intervals, who is ahead of whom, and what the ranks hang on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.stats import qmc

from indices.design import Design
from indices.one_thread import on_one_thread
from indices.score import Scored
from indices.steps.bench import ScoreError, fixed
from indices.uncertainty.model import Model, model_of
from indices.uncertainty.ranks import UNRANKED, ranks_of
from indices.uncertainty.sobol import sensitivity

CHUNK = 1024  # draws at once, so that the arrays stay in the cache and the memory small
_SHARE = pl.Decimal(9, 4)


@dataclass(frozen=True)
class Uncertain:
    """What the draws say, each a frame in the order of its key.

    - ``ranks`` (subject, nominal, mean, median, low, high, best, worst, undefined): low to high holds 90 % of the
      draws in which the subject has an index; ``undefined`` counts the other draws.
    - ``ahead`` (subject, other, share): the share of draws in which the first is ahead of the second, of those in
      which both have an index (empty if there are none); ties half.
    - ``factors`` (factor, first, first_low, ..., total_high): sensitivity of the average shift in rank of the subjects
      that have an index in all draws; an index that has not converged is empty, all are if there is no such subject.

    As in the ranking itself, subjects are compared inside their type, and types without ranks are left out.
    """

    draws: int
    seed: int
    ranks: pl.DataFrame
    ahead: pl.DataFrame
    factors: pl.DataFrame

    def frames(self) -> dict[str, pl.DataFrame]:
        """The frames by the names of their files."""
        return {"rank_intervals": self.ranks, "ahead": self.ahead, "sensitivity": self.factors}


@on_one_thread
def uncertainty(
    design: Design, scored: Scored, draws: int, seed: int = 1, period: str | None = None, factors: bool = True
) -> Uncertain:
    """Vary a computed index as its design declares.

    ``draws`` is the number of versions for the ranks; sensitivity takes as many again per factor from a quarter of
    the rows. The same seed gives the same frames. ScoreError if nothing is declared or cannot be varied.
    """
    model = model_of(design, scored, period)
    if not model.factors:
        raise ScoreError(f"方法 {design.id} 的 [uncertainty] 没有任何不确定的内容；请至少声明一项。")
    if draws < 64:
        raise ScoreError(f"抽样次数 {draws} 太少，至少 64 次。")
    nominal = ranks_of(scored_index(model, scored, period)[None, :], model.kinds)[0]
    if not nominal.any():
        raise ScoreError(
            f"方法 {design.id} 在这一期没有参加排名的指数，不能做不确定性分析；请核对数据和 unranked。"
        )
    count = len(model.subjects)
    seen = np.zeros(
        (count, count + 2), dtype=np.int64
    )  # twice the average rank would be finer; ranks are whole
    ahead, both = np.zeros((count, count)), np.zeros((count, count))
    for cube in _cubes(sum(model.factors.values()), draws, seed):
        index = model.published(cube)
        ranks = ranks_of(index, model.kinds)
        for s in range(count):
            seen[s] += np.bincount(ranks[:, s], minlength=count + 2)
        ahead += (index[:, :, None] > index[:, None, :]).sum(axis=0)
        ahead += 0.5 * (index[:, :, None] == index[:, None, :]).sum(axis=0)
        there = (~np.isnan(index)).astype(float)
        both += there.T @ there
    return Uncertain(
        draws, seed, _ranks(model, nominal, seen), _ahead(model, ahead, both),
        _factors(model, np.where(seen[:, 0], 0, nominal), max(64, draws // 4), seed) if factors else pl.DataFrame(),
    )  # fmt: skip


def scored_index(model: Model, scored: Scored, period: str | None) -> np.ndarray:
    """The published index of the model's subjects, nan where there is none."""
    when = period if period is not None else str(scored.scores["period"].max())
    rows = scored.published.filter((pl.col("period") == when) & (pl.col("node") == model.design.root.id))
    found = {s: np.nan if v is None else float(v) for s, v in rows.select("subject", "value").iter_rows()}
    return np.asarray([found[s] for s in model.subjects])


def _cubes(dimensions: int, draws: int, seed: int) -> Iterator[np.ndarray]:
    """A scrambled Sobol sequence in pieces; beyond the dimensions that it has, a seeded generator."""
    made = 0
    sobol = qmc.Sobol(dimensions, rng=seed) if dimensions <= qmc.Sobol.MAXDIM else None
    other = np.random.Generator(np.random.PCG64(seed))
    while made < draws:
        piece = sobol.random(CHUNK) if sobol else other.random((CHUNK, dimensions))
        yield piece[: draws - made]
        made += CHUNK


def _ranks(model: Model, nominal: np.ndarray, seen: np.ndarray) -> pl.DataFrame:
    rows: list[list[object]] = []
    for s, subject in enumerate(model.subjects):
        counts, undefined = seen[s, 1:], int(seen[s, 0])
        total = counts.sum()
        if model.kinds[s] == UNRANKED:
            continue
        if not total:
            rows.append([subject, int(nominal[s]) or None, *[None] * 6, undefined])
            continue
        places = np.arange(1, len(counts) + 1)
        below = counts.cumsum()
        at = [int(places[np.searchsorted(below, share * total)]) for share in (0.05, 0.5, 0.95)]
        there = places[counts > 0]
        mean = fixed(float((places * counts).sum() / total), 4)
        ends = int(there[0]), int(there[-1])
        rows.append([subject, int(nominal[s]) or None, mean, at[1], at[0], at[2], *ends, undefined])
    schema = {"subject": pl.String, "nominal": pl.Int32, "mean": _SHARE, "median": pl.Int32, "low": pl.Int32,
              "high": pl.Int32, "best": pl.Int32, "worst": pl.Int32, "undefined": pl.Int32}  # fmt: skip
    return pl.DataFrame(rows, schema, orient="row")  # type: ignore[arg-type]


def _ahead(model: Model, ahead: np.ndarray, both: np.ndarray) -> pl.DataFrame:
    kinds = model.kinds
    rows = [
        (a, b, fixed(float(ahead[i, j] / both[i, j]), 4) if both[i, j] else None)
        for i, a in enumerate(model.subjects)
        for j, b in enumerate(model.subjects)
        if i != j and kinds[i] == kinds[j] != UNRANKED
    ]
    return pl.DataFrame(rows, {"subject": pl.String, "other": pl.String, "share": _SHARE}, orient="row")


def _factors(model: Model, nominal: np.ndarray, rows: int, seed: int) -> pl.DataFrame:
    """Sensitivity of the average absolute shift in rank to each factor as a whole; ``nominal`` is 0 for who is not
    counted."""
    sizes = model.factors
    dimensions = sum(sizes.values())
    parts: dict[str, list[np.ndarray]] = {name: [] for name in ("a", "b", *sizes)}
    for both in _cubes(2 * dimensions, rows, seed):
        a, b = both[:, :dimensions], both[:, dimensions:]
        parts["a"].append(_shift(model, a, nominal))
        parts["b"].append(_shift(model, b, nominal))
        at = 0
        for name, size in sizes.items():
            mixed = a.copy()
            mixed[:, at : at + size] = b[:, at : at + size]
            parts[name].append(_shift(model, mixed, nominal))
            at += size
    y = {name: np.concatenate(pieces) for name, pieces in parts.items()}
    found = [sensitivity(name, y["a"], y["b"], y[name], seed) for name in sizes]
    kept = [(f.factor, *(None if v is None else fixed(v, 4) for v in f[1:])) for f in found]
    names = ("first", "first_low", "first_high", "total", "total_low", "total_high")
    return pl.DataFrame(kept, {"factor": pl.String, **dict.fromkeys(names, _SHARE)}, orient="row")


def _shift(model: Model, cube: np.ndarray, nominal: np.ndarray) -> np.ndarray:
    """The average shift of each draw; nan where a subject that is counted has no rank in it, or nobody is counted."""
    if not nominal.any():
        return np.full(len(cube), np.nan)
    ranks = ranks_of(model.published(cube), model.kinds)[:, nominal > 0]
    shift = np.abs(ranks - nominal[nominal > 0]).mean(axis=1)
    return np.where((ranks == 0).any(axis=1), np.nan, shift)
