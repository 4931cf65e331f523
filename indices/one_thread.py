"""Linear algebra on one thread: eigenvectors, correlations and votes of several threads differ in their last digits.

DuckDB adds decimals and may use all threads; numpy hands products and eigenvalues to BLAS, whose sums are floats and
are cut up by the number of threads. What is computed here in floats is cast to a fixed scale afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from threadpoolctl import threadpool_limits

P = ParamSpec("P")
T = TypeVar("T")


def on_one_thread(call: Callable[P, T]) -> Callable[P, T]:
    """The call, during which BLAS has one thread, whatever the machine and its environment say."""
    limited: Callable[P, T] = threadpool_limits.wrap(limits=1, user_api="blas")(call)
    return limited
