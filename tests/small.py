"""A small province for tests: one city with its three counties, two chains, one cluster."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection
from pathlib import Path

from schemas.codes import CODES_DIR, Codes, load_codes

CITY = "360600"
CHAINS = ("EI", "NF")
CLUSTER = "KCU"


def _kept(chains: Collection[str]) -> dict[str, Callable[[dict[str, str]], bool]]:
    return {
        "regions": lambda row: row["code"] in (CITY, "360000") or row["parent"] == CITY,
        "chains": lambda row: row["code"] in (*chains, "T"),
        "subchains": lambda row: row["chain"] in (*chains, ""),
        "clusters": lambda row: row["code"] == CLUSTER,
        "cluster_cities": lambda row: row["cluster"] == CLUSTER and row["city"] == CITY,
        "parks": lambda row: row["city"] == CITY,
        "industry_map": lambda row: row["chain"] in chains,
    }


def small_codes(folder: Path, chains: Collection[str] = CHAINS) -> Codes:
    """The code lists cut down to the small province, written into ``folder/codes``."""
    kept = _kept(chains)
    target = folder / "codes"
    target.mkdir(parents=True, exist_ok=True)
    for source in sorted(CODES_DIR.glob("*.csv")):
        with source.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows = [row for row in reader if kept.get(source.stem, lambda _: True)(row)]
            names = list(reader.fieldnames or ())
        with (target / source.name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return load_codes(target)
