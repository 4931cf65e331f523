"""Who files what: submitters, the submissions due from each in a period, and the keys each may write.

The blank workbooks, the territory check, the list of the late and the coverage all ask here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from schemas.codes import ALL_CHAINS, OTHER_SUBCHAIN, PROVINCE, WHOLE_CHAIN, Codes
from schemas.form import Form, form_for
from schemas.period import Period

Key = tuple[str, ...]  # the values of a form's key columns, in their order


@dataclass(frozen=True, order=True)
class Submitter:
    """An office that files: its code (a region or a chain), its level and its name."""

    code: str
    level: str  # province, city, county, chain, bureau
    name: str


@dataclass(frozen=True, order=True)
class Due:
    """One submission: a form of a submitter for a period, in a long form of one subject."""

    submitter: str
    period: Period
    form: str
    subject: str = ""


BUREAU = Submitter("BUREAU", "bureau", "省统计局（历史与公布资料）")


@cache
def submitters(codes: Codes) -> tuple[Submitter, ...]:
    """All offices that file: the province, its cities and counties, then the chain offices."""
    regions = tuple(
        Submitter(r.code, r.level, f"{r.name}统计局")
        for r in codes.regions.values()
        if r.level in ("province", "city", "county")
    )
    offices = tuple(Submitter(c.code, "chain", f"{c.name}链长办公室") for c in codes.chains.values())
    return regions + offices


def submitter(codes: Codes, code: str) -> Submitter | None:
    """The office of this code, or None."""
    return next((s for s in submitters(codes) if s.code == code), None)


def due(codes: Codes, office: Submitter, period: Period) -> tuple[Due, ...]:
    """The submissions that an office owes for exactly this period (month, quarter or year).

    Nothing of forms that were not collected then.
    """
    return tuple(one for one in _filed(codes, office, period) if _collected(one.form, period))


@cache
def _collected(form: str, period: Period) -> bool:
    """True if an edition of the form is valid at the period."""
    try:
        return bool(form_for(form, period))
    except KeyError:
        return False


def _filed(codes: Codes, office: Submitter, period: Period) -> tuple[Due, ...]:
    """The forms that an office files for a period, by level and frequency."""

    def every(*forms: str) -> tuple[Due, ...]:
        return tuple(Due(office.code, period, form) for form in forms)

    clusters = tuple(
        Due(office.code, period, "GLT03", cluster.code)
        for cluster in codes.clusters.values()
        if office.code in cluster.cities
    )
    january = period.rank == 0 and period.month == 1
    match office.level, period.frequency:
        case "county", "M":
            return every("GLT08") if january else every("GLT01", "GLT02", "GLT08")
        case "county", "A":
            return every("GLT02")
        case "city", "M":
            return () if january else every("GLT01", "GLT02") + clusters
        case "city", "Q":
            return every("GLT04", "GLT05", "GLT06")
        case "city", "A":
            return every("GLT02") + clusters + every("GLT04", "GLT05")
        case "province", "M":
            return () if january else every("GLT02")
        case "province", "Q":
            return every("GLT04", "GLT05")
        case "province", "A":
            return every("GLT02", "GLT04", "GLT05")
        case "chain", "Q" | "A":
            return (Due(office.code, period, "GLT07", office.code),)
    return ()


def delivery_due(codes: Codes, office: Submitter, period: Period) -> tuple[Due, ...]:
    """What stands in an office's one workbook for a period: a quarter's forms go with its month."""
    owed = due(codes, office, period)
    if period.rank == 0 and period.quarter_end:
        owed += due(codes, office, period.as_quarter())
    return owed


def row_keys(codes: Codes, form: Form, office: Submitter, subject: str, period: Period) -> tuple[Key, ...]:
    """The keys of the rows that the office files in a form, in printed order.

    Empty for registers (GLT08, GLT09, GLT10), whose rows are not known beforehand. The keys of
    GLT03 include the office's zones, which it may leave out.
    """
    if form.code == "GLT01":
        regions = codes.adjusting(office.code) if office.level == "city" else (office.code,)
        return tuple(
            (region, chain.code, sub)
            for region in regions
            for chain in codes.chains.values()
            for sub in (WHOLE_CHAIN, *chain.subchains, OTHER_SUBCHAIN)
        )
    if form.code == "GLT02":
        own: tuple[str, ...] = (office.code,)
        if office.level == "city":
            own += codes.adjusting(office.code)
        return tuple((region,) for region in own)
    if form.code == "GLT03":
        cluster = codes.clusters[subject]
        keys: list[Key] = [(subject, office.code, "")]
        keys += [(subject, office.code, p["code"]) for p in codes.rows("parks") if p["city"] == office.code]
        if cluster.lead_city == office.code:
            keys.append((subject, PROVINCE, ""))
        return tuple(keys)
    if form.code in ("GLT04", "GLT05", "GLT06"):
        keys = [(office.code, ALL_CHAINS)]
        if office.level == "city":
            keys += [(county, ALL_CHAINS) for county in codes.counties(office.code)]
        keys += [(office.code, chain) for chain in codes.chains]
        return tuple(keys)
    if form.code == "GLT07":
        return ((subject,),)
    return ()


def may_write(codes: Codes, form: Form, office: Submitter, key: Key) -> bool:
    """True if a row with this key is in the office's own territory."""
    if office.level == "bureau":
        return True
    named = dict(zip((column.code for column in form.keys), key, strict=True))
    if form.code == "GLT07":
        return named["chain_code"] == office.code
    region = named.get("region_code")
    if region is None:
        return True
    if region == office.code:
        return office.level != "city" or form.code != "GLT01"
    if office.level != "city":
        return False
    if form.code in ("GLT01", "GLT02"):
        return region in codes.adjusting(office.code)
    if form.code in ("GLT04", "GLT05", "GLT06"):
        return region in codes.counties(office.code) and named["chain_code"] == ALL_CHAINS
    if form.code == "GLT03":
        cluster = codes.clusters.get(named["cluster_code"])
        return region == PROVINCE and cluster is not None and cluster.lead_city == office.code
    return False


def row_level(codes: Codes, form: Form, key: Key) -> str:
    """The region level of a row, which decides what is due in it."""
    named = dict(zip((column.code for column in form.keys), key, strict=True))
    return codes.level(named["region_code"]) if "region_code" in named else "province"


def edition(form: str, period: Period) -> Form:
    """The edition that a submitter uses for a period."""
    return form_for(form, period)
