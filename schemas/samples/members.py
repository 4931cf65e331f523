"""When enterprises enter and leave: the months behind ent_n, ent_new_n and ent_exit_n of every leaf.

The register (GLT08) and the counts in the forms both come from here, so that they cannot differ.
No leaf ever loses its last enterprise, and within a county and chain at most two enter and two
leave in a month, so that monthly changes stay small.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from schemas.samples.draw import Draw
from schemas.samples.regions import Leaf

FIRST_YEAR = 2024
LAST_YEAR = 2026
NEVER = 999912
_RATES = {2024: (0.070, 0.026), 2025: (0.062, 0.024), 2026: (0.058, 0.020)}  # entering, leaving a year


@dataclass(frozen=True)
class Member:
    """One enterprise's stay above scale: entered in and left in (yyyymm; NEVER if it has not)."""

    date_in: int
    date_out: int = NEVER

    def active(self, month: int) -> bool:
        """True if it counts in the report of the month (yyyymm)."""
        return self.date_in <= month < self.date_out


def members(leaves: Iterable[Leaf], seed: int) -> dict[str, tuple[Member, ...]]:
    """The enterprises of each leaf by the leaf's name, old ones first."""
    room = _Room()
    return {leaf.name: _of_leaf(leaf, seed, room) for leaf in leaves}


def counts(stay: tuple[Member, ...], month: int) -> tuple[int, int, int, int]:
    """Enterprises at the month, at the year's start, entered and left since the year's start."""
    begin = month // 100 * 100
    now = at_start = new = left = 0
    for one in stay:
        now += one.active(month)
        at_start += one.date_in < begin < one.date_out
        new += begin < one.date_in <= month
        left += begin < one.date_out <= month
    return now, at_start, new, left


class _Room:
    """How many may still enter or leave in a month, per county and per county and chain."""

    def __init__(self) -> None:
        self.used: Counter[tuple[str, ...]] = Counter()

    def take(self, drawn: Draw, leaf: Leaf, year: int, kind: str) -> int | None:
        """A month of the year (February to December: there is no January report), or None."""
        start = drawn.below(11)
        for step in range(11):
            month = year * 100 + 2 + (start + 7 * step) % 11
            county, chain = (leaf.region, kind, str(month)), (leaf.region, kind, str(month), leaf.chain)
            if self.used[county] < 2 and self.used[chain] < 1:
                self.used[county] += 1
                self.used[chain] += 1
                return month
        return None


def _of_leaf(leaf: Leaf, seed: int, room: _Room) -> tuple[Member, ...]:
    if leaf.single:
        return (Member(201503),)
    drawn = Draw(seed, "members", leaf.name)
    lively = drawn.between(0.3, 1.7)
    old = leaf.enterprises
    stays: list[Member] = []
    for year, (entering, leaving) in _RATES.items():
        for _ in range(drawn.whole(leaf.enterprises * entering * lively)):
            month = room.take(drawn, leaf, year, "in")
            if month is not None:
                stays.append(Member(month))
                old -= year <= 2025
        for _ in range(min(drawn.whole(leaf.enterprises * leaving * drawn.between(0.4, 1.6)), old - 1)):
            month = room.take(drawn, leaf, year, "out")
            if month is not None:
                stays.append(Member(_entered(drawn), month))
                old -= year > 2025
    kept = max(1, old)
    return (*(Member(_entered(drawn)) for _ in range(kept)), *stays)


def _entered(drawn: Draw) -> int:
    """A month of entering before the samples begin; recent years are likelier."""
    age = drawn.between(0, 1) * drawn.between(0, 1)
    year = FIRST_YEAR - 1 - int(age * 13)
    return year * 100 + 1 + drawn.below(12)
