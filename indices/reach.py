"""From a subject to its rows: which amounts a field of a subject stands for.

An amount has an item (a chain, sub-chain or cluster; nothing in GLT02) and a place (a region). A region's
own value is at its own place; a chain's and a cluster's is the province's; a selector points elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from indices.method import Method
from indices.targets import Plan
from schemas.codes import ALL_CHAINS, Codes
from schemas.form import PROVINCE

REGION_FORMS = {"GLT02": "", "GLT04": ALL_CHAINS, "GLT05": ALL_CHAINS, "GLT06": ALL_CHAINS}
CHAIN_FORMS = ("GLT01", "GLT04", "GLT05", "GLT06", "GLT07")

SubjectRow = tuple[str, str, str, str, Decimal | None]
ReachRow = tuple[str, str, str, str, str, str]


def subjects(codes: Codes, method: Method, plan: Plan) -> list[SubjectRow]:
    """(index, subject type, subject, name, target in 亿元) of an index's subjects, in official order."""
    rows: list[SubjectRow] = []
    for kind in method.subjects:
        if kind == "chain":
            rows += [(method.index, kind, c.code, c.name, plan.target(c.code)) for c in codes.chains.values()]
        elif kind == "cluster":
            rows += [(method.index, kind, c.code, c.name, None) for c in codes.clusters.values()]
        else:
            rows += [
                (method.index, kind, r.code, r.name, None) for r in codes.regions.values() if r.level == kind
            ]
    return rows


def reach_rows(codes: Codes, method: Method) -> Iterator[ReachRow]:
    """(subject type, subject, form, selector, item, place): a field is the sum over its rows here."""
    for kind in method.subjects:
        if kind == "chain":
            for chain in codes.chains:
                yield from ((kind, chain, form, "", chain, PROVINCE) for form in CHAIN_FORMS)
                yield (kind, chain, "GLT02", "province", "", PROVINCE)
        elif kind == "cluster":
            yield from _cluster_rows(codes)
        else:
            regions = [r.code for r in codes.regions.values() if r.level == kind]
            for region in regions:
                yield from ((kind, region, form, "", item, region) for form, item in REGION_FORMS.items())


def _cluster_rows(codes: Codes) -> Iterator[ReachRow]:
    for cluster in codes.clusters.values():
        own = ("cluster", cluster.code)
        yield (*own, "GLT03", "", cluster.code, PROVINCE)
        yield (*own, "GLT02", "province", "", PROVINCE)
        for city in cluster.core_cities:
            yield (*own, "GLT03", "core", cluster.code, city)
            yield (*own, "GLT02", "core", "", city)
        for city in cluster.cities:
            yield (*own, "GLT03", "cities", cluster.code, city)
        for chain in cluster.chains:
            yield (*own, "GLT01", "chains", chain, PROVINCE)
