"""Seeded draws for the synthetic samples: a named stream gives the same numbers on every machine.

A stream is seeded by text (``random.Random`` hashes it with SHA-512, not with ``hash()``), and only
``random()`` and plain arithmetic are used, so that no last digit depends on a mathematics library.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Draw:
    """A stream of draws named by its seed and a path of words."""

    def __init__(self, seed: int, *path: object) -> None:
        self.random = random.Random("/".join(map(str, (seed, *path)))).random

    def between(self, low: float, high: float) -> float:
        """Uniform in [low, high)."""
        return low + (high - low) * self.random()

    def about(self, middle: float, spread: float) -> float:
        """Uniform within a relative spread around the middle."""
        return middle * (1 + spread * (2 * self.random() - 1))

    def whole(self, expected: float) -> int:
        """A whole number whose mean is ``expected`` (never below 0)."""
        expected = max(expected, 0.0)
        floor = int(expected)
        return floor + (self.random() < expected - floor)

    def below(self, n: int) -> int:
        """A whole number in 0..n-1."""
        return int(self.random() * n)

    def pick(self, items: Sequence[Item]) -> Item:
        """One of the items."""
        return items[int(self.random() * len(items))]
