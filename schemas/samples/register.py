"""Fills GLT08: the enterprises behind ent_n, in full once and then only those that changed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from schemas.codes import OTHER_SUBCHAIN
from schemas.samples.classes import BY_CLASS, BY_PRODUCT, FIRST, SECOND, TRADES
from schemas.samples.draw import Draw
from schemas.samples.economy import Economy
from schemas.samples.members import NEVER, Member
from schemas.samples.places import PARK_OF_COUNTY
from schemas.samples.region_forms import Values
from schemas.samples.regions import Leaf
from schemas.samples.sizes import OUTSIDE
from schemas.samples.uscc import uscc


@dataclass(frozen=True)
class Enterprise:
    """One enterprise of the register."""

    uscc: str
    name: str
    leaf: Leaf
    stay: Member
    industry: str
    basis: str
    tiers: tuple[str, ...]
    auxiliary: str
    node: str


class Register:
    """The register of an economy's counties; enterprises outside the chains are not listed."""

    def __init__(self, economy: Economy) -> None:
        self.economy = economy

    @cached_property
    def by_county(self) -> dict[str, tuple[Enterprise, ...]]:
        """The enterprises of each county, by code."""
        found: dict[str, list[Enterprise]] = {county: [] for county in self.economy.codes.counties()}
        for leaf in self.economy.leaves:
            if leaf.chain == OUTSIDE or leaf.single:
                continue
            drawn = Draw(self.economy.seed, "register", leaf.name)
            names = {one.name for one in found[leaf.region]}
            for stay in self.economy.members[leaf.name]:
                number = int(leaf.region) % 10_000 * 4_000 + len(found[leaf.region])
                found[leaf.region].append(self._enterprise(drawn, leaf, stay, number, names))
        return {county: tuple(ones) for county, ones in found.items()}

    def _enterprise(self, drawn: Draw, leaf: Leaf, stay: Member, number: int, names: set[str]) -> Enterprise:
        words = TRADES.get(leaf.sub, TRADES[leaf.chain])
        place = self.economy.codes.regions[leaf.region].name.rstrip("县区市")
        while True:
            brand = drawn.pick(FIRST) + drawn.pick(SECOND)
            name = f"样例{place}{brand}{drawn.pick(words)}有限公司"
            if name not in names:
                break
        names.add(name)
        full = leaf.sub if leaf.sub != OTHER_SUBCHAIN else f"{leaf.chain}Z"
        product = full in BY_PRODUCT and (full not in BY_CLASS or drawn.random() < 0.25)
        classes = BY_PRODUCT[full] if product else BY_CLASS[full]
        tiers = tuple(
            tier for tier, chance in (("INNO", 0.3), ("SRDI", 0.2), ("LG", 0.02), ("HNTE", 0.3), ("GREEN", 0.04))
            if drawn.random() < chance
        )  # fmt: skip
        others = [chain for chain in self.economy.codes.chains if chain != leaf.chain]
        auxiliary = drawn.pick(others) if others and drawn.random() < 0.04 else ""
        node = f"{leaf.chain}-{1 + drawn.below(30):02d}" if drawn.random() < 0.3 else ""
        basis = ("3" if drawn.random() < 0.1 else "2") if product else "1"
        return Enterprise(
            uscc(leaf.region, number), name, leaf, stay, drawn.pick(classes), basis, tiers, auxiliary, node
        )

    def rows(self, county: str, month: int, since: int | None) -> dict[tuple[str, ...], Values]:
        """Rows of the sheet of a month (yyyymm): all without ``since``, else the changes after ``since``.

        The full register lists those there and those that left in its year.
        """
        rows: dict[tuple[str, ...], Values] = {}
        for one in self.by_county[county]:
            entered, left = one.stay.date_in, one.stay.date_out
            if since is None:
                wanted = entered <= month and left > month // 100 * 100
            else:
                wanted = since < entered <= month or since < left <= month
            if wanted:
                rows[(one.uscc,)] = self._row(one, month)
        return rows

    def _row(self, one: Enterprise, month: int) -> Values:
        leaf, gone = one.leaf, one.stay.date_out <= month
        clusters = [
            cluster.code
            for cluster in self.economy.codes.clusters.values()
            if leaf.city in cluster.cities and (leaf.chain in cluster.chains or leaf.sub in cluster.chains)
        ]
        park = PARK_OF_COUNTY.get(leaf.region, "")
        known = {row["code"] for row in self.economy.codes.rows("parks")}
        inside = park in known and int(one.uscc[15], 36) % 3 == 0
        return {
            "ent_name": one.name,
            "region_code": leaf.region,
            "park_code": park if inside else None,
            "industry4": one.industry,
            "chain_main": leaf.chain,
            "chain_aux": one.auxiliary or None,
            "subchain": leaf.sub,
            "node": one.node or None,
            "cluster_code": clusters[0] if clusters else None,
            "tiers": "|".join(one.tiers) or None,
            "status": ("4", "7", "2")[one.stay.date_out % 3] if gone else "1",
            "date_in": _month(one.stay.date_in),
            "date_out": _month(one.stay.date_out) if gone and one.stay.date_out != NEVER else None,
            "basis": one.basis,
        }


def _month(value: int) -> str:
    return f"{value // 100:04d}-{value % 100:02d}"
