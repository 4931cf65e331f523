"""The sampled province: all leaves, calibrated to the published figures, and their sums by region and chain.

``Economy.table(period)`` holds every total of a report; rates that do not add up (growth, shares of
value added) are computed from the sums, moved by one constant so that the province shows its
published figure for 2025.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from schemas.codes import PROVINCE, WHOLE_CHAIN, Codes
from schemas.period import Period
from schemas.samples.draw import Draw
from schemas.samples.leaf import ADDITIVE, PLACE, YEARS, LeafSeries
from schemas.samples.members import members
from schemas.samples.places import CITY_ORDER, COUNTED_TWICE
from schemas.samples.regions import Leaf, leaves
from schemas.samples.sizes import (
    CHAINS,
    NE_2025,
    OUTSIDE,
    PROVINCE_GROWTH_2025,
    PROVINCE_MFG_GROWTH_2025,
    PROVINCE_REVENUE_2025,
)

Key = tuple[str, str, str]  # region, chain ("" all industry), sub-chain (T whole chain, "" all industry)
ANCHOR = Period(2025, 12, 0)
PRICES = {2024: -0.9, 2025: 0.0, 2026: -2.9}  # how much less prices fell than in 2025, points of growth
WIDTH = 0.062  # of the leaves' growth around their sub-chain's
TWICE_FIELDS = ("out_cum", "out_cum_ly", "sale_cum", "rev_cum", "rev_cum_ly", "cost_cum")


@dataclass(frozen=True)
class Table:
    """Every sum of one report; ``rows`` by key in the order of ADDITIVE."""

    period: Period
    rows: dict[Key, list[int]]

    def get(self, region: str, chain: str = "", sub: str = "", *, field: str) -> int:
        """One figure; 0 where the region has nothing of the chain."""
        row = self.rows.get((region, chain, sub or (WHOLE_CHAIN if chain else "")))
        return row[PLACE[field]] if row else 0

    def row(self, region: str, chain: str = "", sub: str = "") -> dict[str, int]:
        """All figures of a key by field; zeros where there is nothing."""
        found = self.rows.get((region, chain, sub or (WHOLE_CHAIN if chain else "")))
        return dict(zip(ADDITIVE, found or [0] * len(ADDITIVE), strict=True))


class Economy:
    """The province (or the part of it that the code lists name) for one seed."""

    def __init__(self, codes: Codes, seed: int) -> None:
        self.codes = codes
        self.seed = seed
        self.leaves = leaves(codes, seed)
        self.members = members(self.leaves, seed)
        shocks = {chain: _shocks(seed, chain) for chain in CHAINS}
        levels = _levels(self.leaves, seed)
        self.series = [
            LeafSeries(leaf, self.members[leaf.name], seed, shocks[leaf.chain], levels[leaf.name])
            for leaf in self.leaves
        ]
        self._tables: dict[Period, Table] = {}
        self._largest: dict[Period, dict[Key, tuple[int, int]]] = {}
        self._calibrate()

    @property
    def whole(self) -> bool:
        """True if the code lists name the whole province, whose totals were published."""
        return set(CITY_ORDER) <= set(self.codes.cities) and set(CHAINS) - {OUTSIDE} <= set(self.codes.chains)

    def _calibrate(self) -> None:
        """Growth first (one number for all leaves), then the totals to the last 万元."""
        shift = 0.0
        for _ in range(3):
            for one in self.series:
                one.anchor(shift)
            if not self.whole:
                return
            now = sum(one.revenue[2025][11] for one in self.series)
            before = sum(one.revenue[2024][11] * one.revision[2025] for one in self.series)
            shift += PROVINCE_GROWTH_2025 - (now / before - 1)
        for sub in ("NE01", "NE02"):
            self._settle([s for s in self.series if s.leaf.sub == sub], NE_2025[sub])
        ne = [s for s in self.series if s.leaf.chain == "NE" and s.leaf.sub not in NE_2025]
        self._settle(ne, NE_2025[""] - NE_2025["NE01"] - NE_2025["NE02"])
        twice = sum(amount for _, _, amount, _ in COUNTED_TWICE.values())
        rest = [s for s in self.series if s.leaf.chain != "NE"]
        self._settle(rest, PROVINCE_REVENUE_2025 - NE_2025[""] + twice - self._allowed_back())

    def _allowed_back(self) -> int:
        return sum(_outside_part(amount) for _, _, amount, _ in COUNTED_TWICE.values())

    def _settle(self, series: list[LeafSeries], target: int) -> None:
        """Let the largest leaf take what rounding leaves of a total for December 2025 (万元)."""
        largest = max(series, key=lambda one: one.leaf.revenue)
        for _ in range(4):
            total = sum(one.figures_revenue(2025, 12) for one in series)
            if total == target:
                return
            largest.lift(target - total)

    def table(self, period: Period) -> Table:
        """The sums of a monthly or annual report."""
        key = period if period.annual else period.as_month()
        if key not in self._tables:
            self._tables[key] = self._sum(key)
        return self._tables[key]

    def _sum(self, period: Period) -> Table:
        rows: dict[Key, list[int]] = {}
        for one in self.series:
            figures = one.final(period.year) if period.annual else one.figures(period.year, period.month)
            _place(rows, one.leaf.region, one.leaf.chain, one.leaf.sub, figures)
        for city, (chain, sub, before, now) in COUNTED_TWICE.items():
            if city in self.codes.cities and chain in self.codes.chains and period.year in (2025, 2026):
                _place(
                    rows,
                    f"{city[:4]}99",
                    chain,
                    sub,
                    _negative(now if period.year == 2026 else before, before),
                )
                amount = now if period.year == 2026 else before
                back = _negative(-_outside_part(amount), -_outside_part(before))
                _add(rows, (f"{city[:4]}99", "", ""), back)
        for city in self.codes.cities:
            parts = (*self.codes.counties(city), *self.codes.adjusting(city))
            _roll_up(rows, city, parts)
        _roll_up(rows, PROVINCE, self.codes.cities)
        return Table(period, rows)

    @cached_property
    def _growth_shift(self) -> float:
        return 8.0 - _real_growth(self.table(ANCHOR).rows[(PROVINCE, "", "")])

    def va_growth(self, table: Table, region: str, chain: str = "", sub: str = "") -> float | None:
        """Real growth of value added, %, one decimal; None where there is no industry."""
        row = table.rows.get((region, chain, sub or (WHOLE_CHAIN if chain else "")))
        if row is None or row[PLACE["ent_n"]] == 0:
            return None
        return round(_real_growth(row) + self._growth_shift + PRICES[table.period.year], 1)

    def mfg_va_growth(self, table: Table, region: str) -> float | None:
        """Real growth of manufacturing (the chains together), %; None where there is none."""
        rows = [table.rows.get((region, chain, WHOLE_CHAIN)) for chain in self.codes.chains]
        there = [row for row in rows if row and row[PLACE["ent_n"]]]
        if not there:
            return self.va_growth(table, region)
        growth = _real_growth([sum(column) for column in zip(*there, strict=True)])
        return round(growth + self._mfg_shift + PRICES[table.period.year], 1)

    @cached_property
    def _mfg_shift(self) -> float:
        table = self.table(ANCHOR)
        rows = [table.rows[(PROVINCE, chain, WHOLE_CHAIN)] for chain in self.codes.chains]
        return PROVINCE_MFG_GROWTH_2025 - _real_growth([sum(column) for column in zip(*rows, strict=True)])

    def largest(self, period: Period) -> dict[Key, tuple[int, int]]:
        """Largest and second largest enterprise by revenue, per county, adjusting row and city, chain and sub-chain."""
        if period not in self._largest:
            tops: dict[Key, tuple[int, int]] = {}
            for one in self.series:
                two = one.largest(period.year, period.month)
                for region in (one.leaf.region, one.leaf.city):
                    for sub in (one.leaf.sub, WHOLE_CHAIN):
                        key = (region, one.leaf.chain, sub)
                        first, second = sorted((*tops.get(key, (0, 0)), *two), reverse=True)[:2]
                        tops[key] = (first, second)
            self._largest[period] = tops
        return self._largest[period]


def _shocks(seed: int, chain: str) -> dict[int, list[float]]:
    drawn = Draw(seed, "shock", chain)
    size = CHAINS[chain].shock / 100
    return {y: [size * (2 * drawn.random() - 1) for _ in range(12)] for y in YEARS}


def _levels(leaves: tuple[Leaf, ...], seed: int) -> dict[str, dict[int, float]]:
    """How much faster or slower each leaf grows than its sub-chain, by year.

    The counties of a sub-chain are dealt evenly spaced levels, not drawn ones: no county stands far
    from its peers, as a clue (S321) would have it.
    """
    levels: dict[str, dict[int, float]] = {leaf.name: {} for leaf in leaves}
    groups: dict[tuple[str, str], list[Leaf]] = {}
    for leaf in leaves:
        groups.setdefault((leaf.chain, leaf.sub), []).append(leaf)
    for (chain, sub), peers in groups.items():
        for year in YEARS:
            drawn = Draw(seed, "levels", chain, sub, year)
            dealt = sorted(peers, key=lambda leaf: (drawn.random(), leaf.name))
            for place, leaf in enumerate(dealt):
                levels[leaf.name][year] = WIDTH * (2 * (place + 0.5) / len(dealt) - 1)
    return levels


def _outside_part(amount: int) -> int:
    """The part of what is counted twice that only the chains' list counts twice, not all industry."""
    return amount // 27


def _negative(amount: int, before: int) -> list[int]:
    """A row that takes sales counted twice out again: booked once a year, so the months stay level."""
    row = [0] * len(ADDITIVE)
    for field in TWICE_FIELDS:
        row[PLACE[field]] = -(before if field.endswith("_ly") else amount)
    row[PLACE["cost_cum"]] = -amount
    return row


def _place(rows: dict[Key, list[int]], region: str, chain: str, sub: str, figures: list[int]) -> None:
    """Put a leaf's figures under its region: sub-chain, whole chain, all industry."""
    if chain != OUTSIDE:
        _add(rows, (region, chain, sub), figures)
        _add(rows, (region, chain, WHOLE_CHAIN), figures)
    _add(rows, (region, "", ""), figures)


def _roll_up(rows: dict[Key, list[int]], region: str, parts: tuple[str, ...]) -> None:
    wanted = set(parts)
    for key, figures in list(rows.items()):
        if key[0] in wanted:
            _add(rows, (region, key[1], key[2]), figures)


def _add(rows: dict[Key, list[int]], key: Key, figures: list[int]) -> None:
    known = rows.get(key)
    rows[key] = list(figures) if known is None else [a + b for a, b in zip(known, figures, strict=True)]


def _real_growth(row: list[int]) -> float:
    return (row[PLACE["va_cum"]] * 1_000 / row[PLACE["real_va"]] - 1) * 100
