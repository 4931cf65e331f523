"""Splits the sampled province into leaves: one sub-chain in one county (or adjusting row).

Everything that adds up is generated at a leaf and only summed above it, so that sub-chains and Z make
the chain, counties and adjusting rows the city, cities the province.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from schemas.codes import OTHER_SUBCHAIN, Codes
from schemas.samples.draw import Draw
from schemas.samples.places import (
    CITY_ORDER,
    CITY_OWN_SHARE,
    CITY_WEIGHTS,
    COUNTY_WEIGHTS,
    SPECIALTIES,
    ZONE_SHARE,
)
from schemas.samples.sizes import CHAINS, OUTSIDE, SUBCHAINS

WAN_PER_YI = 10_000
SMALLEST = 12_000.0  # 万元 a year; below it a county has nothing of a sub-chain
POOREST = 2_600.0  # 万元 of revenue per enterprise, above the above-scale threshold of 2,000


@dataclass(frozen=True)
class Leaf:
    """One sub-chain (or Z, or OT outside the chains) in one county or adjusting row.

    ``revenue`` is the 2025 revenue in 万元, ``enterprises`` the number at the end of 2025;
    ``single`` marks an adjusting row that stands for one enterprise.
    """

    region: str
    city: str
    chain: str
    sub: str
    revenue: float
    enterprises: int
    single: bool = False

    @property
    def name(self) -> str:
        """Region, chain and sub-chain: the name of the leaf's random streams."""
        return f"{self.region}/{self.chain}/{self.sub}"


def weight(table: dict[str, tuple[float, ...]], chain: str, sub: str) -> tuple[float, ...]:
    """The cities' weights of a sub-chain, those of its chain where it has none."""
    return table.get(sub, table[chain])


def specialty(county: str, chain: str, sub: str) -> float:
    """How much the county is specialised; the closer word wins."""
    return SPECIALTIES.get((county, sub), SPECIALTIES.get((county, chain), 1.0))


def leaves(codes: Codes, seed: int) -> tuple[Leaf, ...]:
    """All leaves of the regions and chains in the code lists, in region, chain, sub-chain order."""
    found: list[Leaf] = []
    for chain in (*codes.chains, OUTSIDE):
        known = ("Z",) if chain == OUTSIDE else (*codes.chains[chain].subchains, OTHER_SUBCHAIN)
        sized = [_sub_leaves(codes, seed, chain, sub) for sub in known if sub in SUBCHAINS[chain]]
        found += _with_enterprises(codes, chain, [leaf for part in sized for leaf in part])
    order = {region: place for place, region in enumerate(codes.regions)}
    chain_order = {chain: place for place, chain in enumerate((*codes.chains, OUTSIDE))}
    return tuple(sorted(found, key=lambda leaf: (order[leaf.region], chain_order[leaf.chain], leaf.sub)))


def _sub_leaves(codes: Codes, seed: int, chain: str, sub: str) -> list[Leaf]:
    size = SUBCHAINS[chain][sub] * WAN_PER_YI
    shares = weight(CITY_WEIGHTS, chain, sub)
    result = []
    for city in codes.cities:
        whole = size * shares[CITY_ORDER.index(city)] / sum(shares)
        left = whole
        share = CITY_OWN_SHARE.get(city, 0.0) if chain == OUTSIDE else ZONE_SHARE.get((city, sub), 0.0)
        if share:
            kind = "97" if chain == OUTSIDE else "98"
            result.append(Leaf(f"{city[:4]}{kind}", city, chain, sub, whole * share, 1, single=True))
            left -= whole * share
        weights = {}
        for county in codes.counties(city):
            drawn = Draw(seed, "place", county, chain, sub)
            weights[county] = COUNTY_WEIGHTS[county] * specialty(county, chain, sub) * drawn.between(0.6, 1.4)
            minor = weights[county] < 3
            if chain != OUTSIDE and minor and drawn.random() < 0.58:
                weights[county] = 0.0
        kept = _above_threshold(weights, left, _smallest(chain))
        total = sum(kept.values())
        result += [Leaf(c, city, chain, sub, left * w / total, 0) for c, w in kept.items()]
    return result


def _smallest(chain: str) -> float:
    """The smallest leaf of a chain, 万元: a third of its average enterprise, so that few make a large chain."""
    average = sum(SUBCHAINS[chain].values()) * WAN_PER_YI / CHAINS[chain].enterprises
    return max(SMALLEST, average / 3)


def _above_threshold(weights: dict[str, float], size: float, smallest: float) -> dict[str, float]:
    """Drop the smallest counties until each that is left reaches the smallest size."""
    kept = {c: w for c, w in weights.items() if w} or dict((max(weights.items(), key=lambda item: item[1]),))
    while len(kept) > 1 and size * min(kept.values()) / sum(kept.values()) < smallest:
        del kept[min(kept, key=lambda c: (kept[c], c))]
    return kept


def _with_enterprises(codes: Codes, chain: str, parts: list[Leaf]) -> list[Leaf]:
    """Give each leaf its number of enterprises: more revenue, more of them, but less than in proportion."""
    share_of_province = sum(leaf.revenue for leaf in parts) / (sum(SUBCHAINS[chain].values()) * WAN_PER_YI)
    wanted = CHAINS[chain].enterprises * share_of_province
    pull = {leaf.name: sqrt(leaf.revenue) * sqrt(sqrt(leaf.revenue)) for leaf in parts if not leaf.single}
    total = sum(pull.values())
    return [
        leaf if leaf.single else Leaf(
            leaf.region, leaf.city, leaf.chain, leaf.sub, leaf.revenue,
            max(1, min(int(wanted * pull[leaf.name] / total + 0.5), int(leaf.revenue / POOREST))),
        )
        for leaf in parts
    ]  # fmt: skip
