"""Variance-based sensitivity: first and total order indices of groups of factors, with bootstrap intervals.

First order (Saltelli 2010): S = mean(f(B) (f(AB) - f(A))) / V. Total order (Jansen 1999): T = mean((f(A) - f(AB))^2)
/ (2 V). A and B are independent halves of one Sobol sequence, AB is A with the factor's columns of B. The interval
is that of 2.5 to 97.5 % of bootstrap samples of rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

WIDEST = 0.10  # of an interval, each side of the estimate; a wider one has not converged
BOOTSTRAPS = 200


class Sensitivity(NamedTuple):
    """One factor; an index that has not converged is None, its interval stays. Without a variance all are None."""

    factor: str
    first: float | None
    first_low: float | None
    first_high: float | None
    total: float | None
    total_low: float | None
    total_high: float | None


def first_order(a: np.ndarray, b: np.ndarray, ab: np.ndarray) -> float:
    """Saltelli's estimate from model outputs of one length."""
    return float(np.mean(b * (ab - a)) / _variance(a, b))


def total_order(a: np.ndarray, b: np.ndarray, ab: np.ndarray) -> float:
    """Jansen's estimate."""
    return float(np.mean((a - ab) ** 2) / 2 / _variance(a, b))


def _variance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.concatenate([a, b]).var(ddof=1))


def sensitivity(factor: str, a: np.ndarray, b: np.ndarray, ab: np.ndarray, seed: int) -> Sensitivity:
    """Both indices of one factor with their intervals; the outputs are centred first, which changes no index.

    An output that is nan leaves all None: nothing is known of the factor, which is not the same as no influence.
    """
    if np.isnan(np.concatenate([a, b, ab])).any():
        return Sensitivity(factor, None, None, None, None, None, None)
    middle = np.concatenate([a, b]).mean()
    a, b, ab = a - middle, b - middle, ab - middle
    if not _variance(a, b) > 0:
        return Sensitivity(factor, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    draw = np.random.Generator(np.random.PCG64(seed))
    firsts, totals = [], []
    for _ in range(BOOTSTRAPS):
        rows = draw.integers(0, len(a), len(a))
        firsts.append(first_order(a[rows], b[rows], ab[rows]))
        totals.append(total_order(a[rows], b[rows], ab[rows]))
    return Sensitivity(
        factor, *_judged(first_order(a, b, ab), firsts), *_judged(total_order(a, b, ab), totals)
    )


def _judged(estimate: float, samples: list[float]) -> tuple[float | None, float, float]:
    low, high = (float(v) for v in np.quantile(samples, [0.025, 0.975]))
    return (estimate if high - low <= 2 * WIDEST else None), low, high
