"""What the samples assume of innovation, digital and green figures, chain by chain and block by block.

A block is one chain (or what is outside the chains) in one county or adjusting row; its figures are
drawn once and summed for the rows of GLT04, GLT05 and GLT06, so that counties and chains agree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from schemas.codes import PROVINCE
from schemas.period import Period
from schemas.samples.draw import Draw
from schemas.samples.economy import Economy, Table
from schemas.samples.places import CITY_INNOVATION
from schemas.samples.sizes import OUTSIDE


@dataclass(frozen=True)
class Ability:
    """A chain's rates: shares in %, patents per 亿元, counts per 100 enterprises, m3 and t per 万元."""

    rd: float
    patents: float
    hnte_rev: float
    hnte: float
    new: float
    cnc: float
    tools: float
    dx: float
    cloud: float
    green: float
    service: float
    srdi: float
    giants: float
    platforms: float
    rd_ent: float
    water: float
    waste: float
    tasks: float
    hazard: float
    leaders: float  # part of the revenue of the blocks where leaders sit


ABILITIES = {
    "EI": Ability(2.3, 0.85, 57, 42, 38, 66, 84, 72, 46, 22, 7, 27, 2.1, 8.5, 56, 12, 0.01, 4.0, 0.5, 0.5),
    "NF": Ability(1.15, 0.20, 41, 27, 27, 61, 73, 66, 38, 33, 4, 21, 2.0, 9.5, 45, 19, 0.32, 4.5, 1.6, 0.8),
    "EQ": Ability(2.1, 0.95, 52, 38, 33, 58, 83, 64, 39, 17, 11, 29, 2.2, 7.5, 54, 13, 0.02, 2.6, 0.8, 0.34),
    "NE": Ability(2.5, 0.55, 61, 44, 41, 71, 82, 76, 55, 38, 8, 31, 3.4, 14.0, 60, 26, 0.11, 9.0, 0.9, 0.55),
    "PC": Ability(1.55, 0.50, 43, 33, 25, 64, 71, 63, 36, 21, 5, 23, 1.4, 6.5, 48, 46, 0.21, 2.6, 1.7, 0.52),
    "BM": Ability(0.85, 0.32, 27, 18, 17, 55, 64, 55, 27, 19, 4, 13, 0.7, 2.8, 33, 22, 0.24, 1.2, 1.9, 0.2),
    "ST": Ability(1.25, 0.20, 44, 21, 24, 73, 74, 70, 43, 36, 6, 16, 1.2, 6.5, 43, 38, 0.46, 5.0, 1.5, 0.86),
    "AV": Ability(
        3.9, 1.55, 71, 55, 44, 62, 91, 69, 41, 14, 14, 42, 5.0, 24.0, 70, 11, 0.01, 14.0, 0.2, 0.86
    ),
    "FD": Ability(0.75, 0.26, 21, 15, 19, 52, 66, 51, 25, 15, 8, 17, 0.5, 3.2, 31, 33, 0.03, 1.0, 0.5, 0.22),
    "TX": Ability(0.80, 0.19, 19, 13, 20, 49, 68, 47, 24, 11, 6, 11, 0.4, 1.9, 29, 28, 0.01, 0.8, 0.4, 0.12),
    "PH": Ability(3.0, 1.25, 60, 46, 36, 63, 80, 67, 42, 24, 6, 33, 2.3, 16.0, 61, 24, 0.02, 6.0, 0.3, 0.36),
    "FU": Ability(0.55, 0.42, 16, 10, 15, 45, 72, 53, 31, 7, 12, 9, 0.2, 1.6, 24, 9, 0.01, 0.7, 0.5, 0.15),
    OUTSIDE: Ability(0.60, 0.22, 20, 13, 12, 56, 62, 45, 22, 13, 3, 8, 0.3, 2.0, 26, 40, 0.35, 0.6, 1.2, 0.0),
}


@dataclass(frozen=True)
class Block:
    """One chain in one county or adjusting row, with the levels drawn for it."""

    region: str
    city: str
    chain: str
    lift: float  # innovation, county and own
    green: float
    service: float
    steady: tuple[float, ...]  # in [0, 1), the thresholds that keep small counts from flickering


class Blocks:
    """All blocks of an economy and their figures at a report."""

    def __init__(self, economy: Economy) -> None:
        self.economy = economy
        self.seed = economy.seed
        names = {(leaf.region, leaf.city, leaf.chain): None for leaf in economy.leaves}
        self.all = tuple(self._block(*name) for name in names)
        self.figures = cache(self._figures)  # a block is asked for by each of its rows
        self.sum_of = cache(self._sum_of)
        self._leaders: dict[tuple[str, str], int] = self._name_leaders()

    def _block(self, region: str, city: str, chain: str) -> Block:
        county, own = Draw(self.seed, "able", region), Draw(self.seed, "able", region, chain)
        lift = CITY_INNOVATION[city] * county.between(0.6, 1.4) * own.between(0.6, 1.4)
        green, service = county.between(0.15, 2.1), county.between(0.3, 1.9)
        return Block(region, city, chain, lift, green, service, tuple(own.random() for _ in range(24)))

    def _name_leaders(self) -> dict[tuple[str, str], int]:
        """Chain leaders sit where much of a chain is: one from 1.2 % of it on, at most three."""
        table = self.economy.table(Period(2025, 12, 0))
        named = {}
        for block in self.all:
            part = self._of(table, block, "rev_cum") / max(self._chain_total(table, block.chain), 1)
            if block.chain != OUTSIDE and part > 0.012:
                named[(block.region, block.chain)] = 1 + (part > 0.05) + (part > 0.11)
        return named

    def _chain_total(self, table: Table, chain: str) -> int:
        return table.get(PROVINCE, "" if chain == OUTSIDE else chain, field="rev_cum")

    def _of(self, table: Table, block: Block, field: str) -> int:
        """A figure of the block itself: a chain's, or what is left of the region outside the chains."""
        if block.chain != OUTSIDE:
            return table.get(block.region, block.chain, field=field)
        inside = sum(table.get(block.region, chain, field=field) for chain in self.economy.codes.chains)
        return max(table.get(block.region, field=field) - inside, 0)

    def pick(self, region: str, chain: str) -> tuple[Block, ...]:
        """The blocks of a row; chain ``""`` is the region's whole industry."""
        level = self.economy.codes.level(region)
        return tuple(
            block for block in self.all
            if chain in ("", block.chain)
            and (level == "province" or region == (block.city if level == "city" else block.region))
        )  # fmt: skip

    def _sum_of(self, region: str, chain: str, period: Period) -> dict[str, float]:
        return _total([self.figures(block, period) for block in self.pick(region, chain)])

    def _figures(self, block: Block, period: Period) -> dict[str, float]:
        """All figures of a block; shares times their weight under ``w_`` names, weights under ``rev``."""
        table = self.economy.table(period)
        able, u, lift = ABILITIES[block.chain], block.steady, block.lift
        n, rev = self._of(table, block, "ent_n"), self._of(table, block, "rev_cum")
        if not n:
            return {}
        t = (period.year - 2025) + (period.month - 12) / 12
        grown, reach = 1 + 0.07 * t, min(1.35, max(0.55, 0.45 + 0.55 * lift))

        def some(expected: float, place: int, most: int = n) -> int:
            return max(0, min(int(expected * grown + u[place]), most))

        rd_ent = max(1, some(n * able.rd_ent / 100 * reach, 0))
        hnte = some(n * able.hnte / 100 * reach, 1)
        srdi = some(n * able.srdi / 100 * lift, 2)
        giants = some(n * able.giants / 100 * lift, 3, srdi)
        green_n = some(n * 0.035 * block.green, 4)
        tasks = some(n * able.tasks / 100 * lift, 5, 5_000)
        leaders = self._leaders.get((block.region, block.chain), 0)
        solid = int(rev * able.waste / 10_000 * 100 * (0.6 + 0.8 * u[6]))  # 万吨, in hundredths
        prior = int(solid * 0.16 * u[7]) if u[8] > 0.6 else 0
        return {
            "n": n, "rev": rev,
            "rd_exp": int(rev * min(max(able.rd * lift * (0.9 + 0.2 * u[9]), 0.14), 8.0) / 100),
            "rd_ent_n": rd_ent,
            "newprod_rev": int(rev * min(able.new * reach * (0.8 + 0.4 * u[10]), 85) / 100),
            "patent_n": int(rev / 10_000 * able.patents * lift * grown + u[11]),
            "hnte_n": hnte,
            "hnte_rev": int(rev * min(able.hnte_rev * reach * (0.8 + 0.4 * u[12]), 92) / 100) if hnte else 0,
            "svcmfg_rev": int(rev * min(able.service * block.service * (0.7 + 0.6 * u[13]), 60) / 100),
            "w_cnc": rev * min(able.cnc * (0.86 + 0.14 * lift) * (1 + 0.03 * t), 93.0),
            "w_tools": rev * min(able.tools * (0.9 + 0.1 * lift) * (1 + 0.02 * t), 97.0),
            "dx_ent_n": some(n * able.dx / 100 * (0.6 + 0.4 * reach) * (0.8 + 0.4 * u[14]) * (1 + 0.05 * t), 14),
            "cloud_ent_n": some(n * able.cloud / 100 * reach * (0.75 + 0.5 * u[15]) * (1 + 0.1 * t), 15),
            "task_n": tasks,
            "task_done_n": min(int(tasks * (0.18 + 0.35 * u[16]) * (1 + 0.15 * t) + u[17]), tasks),
            "water": int(self._of(table, block, "va_cum") * able.water * (0.8 + 0.4 * u[6]) / 10_000),
            "solid_gen": solid, "solid_prior_used": prior,
            "solid_used": int((solid + prior) * min(0.42 + 0.22 * block.green + 0.25 * u[7], 0.98)),
            "green_n": green_n,
            "green_rev": int(rev * min(able.green * block.green * (0.7 + 0.6 * u[4]), 88) / 100) if green_n else 0,
            "dead_n": self._deaths(block, n, able.hazard, period),
            "innov_sme_n": some(n * able.srdi / 100 * lift * 1.9, 18, 2 * n),
            "srdi_n": srdi, "lg_n": giants,
            "champ_n": some(giants * 0.09, 19, giants),
            "unicorn_n": some(n * 0.003 * lift, 20), "gazelle_n": some(n * 0.022 * lift, 21),
            "listed_n": some(n * 0.0052 * lift, 22),
            "leader_n": min(leaders, n),
            "leader_rev_cum": int(rev * min(able.leaders * (0.75 + 0.5 * u[23]), 0.94) * (1 + 0.01 * t)) if leaders else 0,
            "plat_nat_n": some(n * able.platforms / 100 * lift * 0.07, 17, 1_000),
            "plat_prov_n": some(n * able.platforms / 100 * lift * 0.95, 13, 5_000),
        }  # fmt: skip

    def _deaths(self, block: Block, n: int, hazard: float, period: Period) -> int:
        drawn = Draw(self.seed, "deaths", block.region, block.chain, period.year)
        return sum(drawn.below(12) < period.month for _ in range(drawn.whole(n * 0.0032 * hazard)))


def _total(parts: Iterable[dict[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for part in parts:
        for field, value in part.items():
            total[field] = total.get(field, 0) + value
    return total


def mean(total: dict[str, float], field: str) -> float | None:
    """A rate weighted with revenue, None where there is no industry."""
    return total[field] / total["rev"] if total.get("rev") else None


def whole(total: dict[str, float], field: str) -> int:
    """A summed count or amount; 0 where there is nothing."""
    return int(total.get(field, 0))
