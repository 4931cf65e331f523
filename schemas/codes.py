"""The code lists in force: regions, chains, sub-chains, clusters and the short lists beside them.

Read from a folder of CSV files (``schemas/codes`` unless told otherwise), so that a bureau replaces a
list without touching code. ``valid_from`` and ``valid_to`` are months; blank means open.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from schemas.form import PROVINCE, load_forms
from schemas.lists import rows_of
from schemas.period import Period

CODES_DIR = Path(__file__).parent / "codes"
ALL_CHAINS = "T"  # in GLT04-06: the region as a whole
WHOLE_CHAIN = "T"  # in GLT01: the chain as a whole
OTHER_SUBCHAIN = "Z"  # what is in the chain and in none of its sub-chains


@dataclass(frozen=True)
class Region:
    """A region: ``level`` is province, city, county or adjusting (rows filed by the city)."""

    code: str
    name: str
    level: str
    parent: str


@dataclass(frozen=True)
class Chain:
    """One of the plan's chains with its sub-chain codes (emerging ones too, without T and Z)."""

    code: str
    name: str
    subchains: tuple[str, ...]


@dataclass(frozen=True)
class Cluster:
    """One of the plan's clusters; ``chains`` may hold sub-chain codes."""

    code: str
    name: str
    chains: tuple[str, ...]
    lead_city: str
    core_cities: tuple[str, ...]
    support_cities: tuple[str, ...]

    @property
    def cities(self) -> tuple[str, ...]:
        """Core cities first, then supporting ones."""
        return self.core_cities + self.support_cities


@dataclass(frozen=True)
class Codes:
    """All code lists of one folder."""

    folder: Path

    def rows(self, name: str) -> tuple[dict[str, str], ...]:
        """The rows of one list as they stand in the file; ListError if it is not UTF-8."""
        return _read(self.folder / f"{name}.csv")

    @cached_property
    def regions(self) -> dict[str, Region]:
        """Regions by code: province, cities, counties, then adjusting codes."""
        return {
            r["code"]: Region(r["code"], r["name"], r["level"], r["parent"]) for r in self.rows("regions")
        }

    @cached_property
    def chains(self) -> dict[str, Chain]:
        """Chains by code, in the plan's order."""
        return {
            row["code"]: Chain(
                row["code"],
                row["name"],
                tuple(s["code"] for s in self.rows("subchains") if s["chain"] == row["code"]),
            )
            for row in self.rows("chains")
            if row["code"] != ALL_CHAINS
        }

    @cached_property
    def clusters(self) -> dict[str, Cluster]:
        """Clusters by code, in the plan's order."""

        def cities(cluster: str, role: str) -> tuple[str, ...]:
            return tuple(
                r["city"]
                for r in self.rows("cluster_cities")
                if r["cluster"] == cluster and r["role"] == role
            )

        return {
            r["code"]: Cluster(
                r["code"],
                r["name"],
                tuple(r["chains"].split("|")),
                r["lead_city"],
                cities(r["code"], "core"),
                cities(r["code"], "support"),
            )
            for r in self.rows("clusters")
        }

    @cached_property
    def cities(self) -> tuple[str, ...]:
        """City codes in order."""
        return tuple(r.code for r in self.regions.values() if r.level == "city")

    def counties(self, city: str | None = None) -> tuple[str, ...]:
        """County codes, of one city or of all."""
        return tuple(
            r.code
            for r in self.regions.values()
            if r.level == "county" and (city is None or r.parent == city)
        )

    def adjusting(self, city: str) -> tuple[str, ...]:
        """The three adjusting codes of a city: 市本级, 功能区, 剔重."""
        return tuple(r.code for r in self.regions.values() if r.level == "adjusting" and r.parent == city)

    def level(self, region: str) -> str:
        """The level of a region code; ``""`` if it is unknown."""
        return self.regions[region].level if region in self.regions else ""

    def names(self, codelist: str) -> dict[str, str]:
        """Code to name for any list that a form names; empty for ``industries``.

        Beside the files there are derived lists: ``counties``; ``chains`` without and
        ``chains_total`` with T; ``subchains`` without and ``subchains_total`` with T; ``forms``.
        """
        if codelist == "industries":
            return {}
        if codelist == "forms":
            return {form.code: form.title for form in load_forms()}
        if codelist == "counties":
            return {code: self.regions[code].name for code in self.counties()}
        base, total = codelist.removesuffix("_total"), codelist.endswith("_total")
        names = {row["code"]: row["name"] for row in self.rows(base)}
        if base in ("chains", "subchains") and not total:
            names.pop(ALL_CHAINS)
        return names

    def holds(self, codelist: str, code: str, period: Period) -> bool:
        """True if the code stands in the list and is valid at the period."""
        if codelist == "industries":
            return len(code) == 4 and code.isdigit() and "06" <= code[:2] <= "46"
        return code in _members(self, codelist, period)

    def members(self, codelist: str, period: Period) -> tuple[str, ...]:
        """The codes of a list that are valid at the period, in its order; none for ``industries``."""
        names = self.names(codelist)
        if codelist == "forms":
            return tuple(names)
        month = f"{period.year:04d}-{period.month:02d}"
        rows = self.rows("regions" if codelist == "counties" else codelist.removesuffix("_total"))
        return tuple(
            r["code"]
            for r in rows
            if r["code"] in names and r.get("valid_from", "") <= month <= (r.get("valid_to") or "9999-12")
        )


@cache
def _read(path: Path) -> tuple[dict[str, str], ...]:
    return rows_of(path)


@cache
def _members(codes: Codes, codelist: str, period: Period) -> frozenset[str]:
    """For asking cell by cell: the lists are read once and do not change under a run."""
    return frozenset(codes.members(codelist, period))


@cache
def load_codes(folder: Path = CODES_DIR) -> Codes:
    """The code lists of a folder."""
    return Codes(folder)


__all__ = ["ALL_CHAINS", "CODES_DIR", "OTHER_SUBCHAIN", "PROVINCE", "WHOLE_CHAIN", "Chain",
           "Cluster", "Codes", "Region", "load_codes"]  # fmt: skip
