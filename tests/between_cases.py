"""One figure made wrong for each rule between forms, just beyond its tolerance, and what must be named.

The figures are those of the small province, worked out by hand beside each case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from small_filings import Name

from schemas.territory import Key

CITY, COUNTY, OTHER, PROVINCE = "360600", "360602", "360603", "360000"
T = "T"


@dataclass(frozen=True)
class Spoilt:
    """A row of a filing that is changed: ``wrong`` breaks the rule, ``right`` just does not."""

    rule: str
    case: str  # of the rule, where it has several
    judged: str  # the report of the first side
    name: Name  # of the filing that is changed
    key: Key
    wrong: Mapping[str, str]
    right: Mapping[str, str]
    about: Name  # the filing on which the finding stands
    cells: tuple[tuple[Key, str], ...]  # its cells
    compared: tuple[tuple[Name, Key, str], ...]  # cells of other filings, as far as the message names them
    places: int  # how many there are


CITY, COUNTY, OTHER, PROVINCE = "360600", "360602", "360603", "360000"
REGION, CHAINS = ("GLT02", "2026-10", COUNTY, ""), ("GLT01", "2026-10", COUNTY, "")
OFFICE, TIERS, ENERGY = (
    ("GLT07", "2026Q3", "EI", "EI"),
    ("GLT06", "2026Q3", CITY, ""),
    ("GLT05", "2026Q3", CITY, ""),
)
SCIENCE, ENERGY_YEAR = ("GLT04", "2025", CITY, ""), ("GLT05", "2025", CITY, "")
SEPTEMBER = ("GLT02", "2026-09", COUNTY, "")
EI = ("EI", "T")
FIRM, TWIN = ("91360603MA02JXUE8G",), {
    "ent_name": "样例余江益扬智能终端有限公司", "region_code": "360681", "industry4": "3921",
    "chain_main": "EI", "status": "1", "date_in": "2026-10", "basis": "1",
}  # fmt: skip


def _region(period: str, field: str, *regions: str) -> tuple[tuple[Name, Key, str], ...]:
    """Cells of GLT02, the adjusting rows being filed by the city."""
    return tuple(
        (("GLT02", period, CITY if region > "360690" else region, ""), (region,), field) for region in regions
    )


def _chain(period: str, field: str, chain: str, sub: str, *regions: str) -> tuple[tuple[Name, Key, str], ...]:
    """Cells of GLT01, the adjusting rows being filed by the city."""
    return tuple(
        (("GLT01", period, CITY if region > "360690" else region, ""), (region, chain, sub), field)
        for region in regions
    )


FIVE = (COUNTY, OTHER, "360681", "360697", "360698")

SPOILT = [
    # chains 531805 + 24054 = 555859; 555303 x 1.001 = 555858.303, 555304 x 1.001 = 555859.304
    Spoilt("H303", "", "2026-10", REGION, (COUNTY,), {"rev_cum": "555303"}, {"rev_cum": "555304"},
           CHAINS, tuple(((COUNTY, chain, "T"), "rev_cum") for chain in ("EI", "NF")),
           _region("2026-10", "rev_cum", COUNTY), 1),
    # 103737 persons in the parts, of which 0.1 % is 103.737
    Spoilt("H304", "市与县", "2026-10", ("GLT02", "2026-10", CITY, ""), (CITY,),
           {"emp_avg": "103841"}, {"emp_avg": "103840"},
           ("GLT02", "2026-10", CITY, ""), (((CITY,), "emp_avg"),), _region("2026-10", "emp_avg", *FIVE), 6),
    # the province's only city has 742 enterprises, of which 0.1 % is less than one
    Spoilt("H304", "省与市", "2026-10", ("GLT02", "2026-10", PROVINCE, ""), (PROVINCE,),
           {"ent_n": "743"}, {"ent_n": "742"},
           ("GLT02", "2026-10", PROVINCE, ""), (((PROVINCE,), "ent_n"),), _region("2026-10", "ent_n", CITY), 1),
    # 16 are listed in the full register; one more may be counted, two may not
    Spoilt("S305", "", "2026-10", CHAINS, (COUNTY, *EI), {"ent_n": "18"}, {"ent_n": "17"},
           CHAINS, (((COUNTY, *EI), "ent_n"),), (), 16),
    # 478167 + 241266 + 809890 = 1529323, of which 0.1 % is 1529.323
    Spoilt("S306", "", "2026Q3", OFFICE, ("EI",), {"rev_cum": "1530853"}, {"rev_cum": "1530852"},
           OFFICE, ((("EI",), "rev_cum"),), _chain("2026-09", "rev_cum", *EI, *FIVE), 6),
    # 4630288 + 32110313 + 770097 - 8693 = 37502005; one county has no copper
    Spoilt("S307", "", "2026-10", ("GLT03", "2026-10", CITY, "KCU"), ("KCU", CITY, ""),
           {"rev_cum": "37502006"}, {"rev_cum": "37502005"},
           ("GLT03", "2026-10", CITY, "KCU"), ((("KCU", CITY, ""), "rev_cum"),),
           _chain("2026-10", "rev_cum", "NF", "NF01", OTHER, "360681", "360698", "360699"), 4),
    # 3 % of December's 985762 is 29572.86
    Spoilt("S316", "", "2025", SCIENCE, (COUNTY, "T"), {"rev_year": "1015335"}, {"rev_year": "1015334"},
           SCIENCE, (((COUNTY, "T"), "rev_year"),), _region("2025-12", "rev_cum", COUNTY), 1),
    # 0.1 % of 759942 is 759.942
    Spoilt("S325", "GLT05 地区营业收入", "2026Q3", ENERGY, (COUNTY, "T"),
           {"rev_cum": "760702"}, {"rev_cum": "760701"},
           ENERGY, (((COUNTY, "T"), "rev_cum"),), _region("2026-09", "rev_cum", COUNTY), 1),
    Spoilt("S325", "GLT05 地区增加值增速", "2026Q3", ENERGY, (COUNTY, "T"),
           {"va_growth": "10.16"}, {"va_growth": "10.15"},  # 10.1 there
           ENERGY, (((COUNTY, "T"), "va_growth"),), _region("2026-09", "va_growth", COUNTY), 1),
    Spoilt("S325", "GLT05 产业链营业收入", "2026Q3", ENERGY, (CITY, "EI"),
           {"rev_cum": "1530853"}, {"rev_cum": "1530852"},
           ENERGY, (((CITY, "EI"), "rev_cum"),), _chain("2026-09", "rev_cum", *EI, *FIVE), 6),
    Spoilt("S325", "GLT06 地区", "2026Q3", TIERS, (COUNTY, "T"), {"ent_n": "34"}, {"ent_n": "33"},
           TIERS, (((COUNTY, "T"), "rev_cum"), ((COUNTY, "T"), "ent_n")),
           (*_region("2026-09", "rev_cum", COUNTY), *_region("2026-09", "ent_n", COUNTY)), 2),
    Spoilt("S325", "GLT06 产业链", "2026Q3", TIERS, (CITY, "EI"), {"ent_n": "46"}, {"ent_n": "45"},
           TIERS, (((CITY, "EI"), "rev_cum"), ((CITY, "EI"), "ent_n")),
           tuple(cell for region in FIVE[:3] for field in ("rev_cum", "ent_n")
                 for cell in _chain("2026-09", field, *EI, region))[:5], 12),
    # listed in Yujiang since the full register; the second county says that it left, or does not
    Spoilt("H332", "", "2026-10", ("GLT08", "2026-10", "360681", ""), FIRM, TWIN, TWIN | {"date_out": "2026-10"},
           ("GLT08", "2026-10", "360681", ""), ((FIRM, "uscc"), (FIRM, "region_code")),
           ((("GLT08", "2025-12", OTHER, ""), FIRM, "uscc"), (("GLT08", "2025-12", OTHER, ""), FIRM, "region_code")),
           2),
    # 0.1 % of 1875390 is 1875.39
    Spoilt("S335", "", "2025", ENERGY_YEAR, (CITY, "EI"), {"rev_year": "1877266"}, {"rev_year": "1877265"},
           SCIENCE, (((CITY, "EI"), "rev_year"),), ((ENERGY_YEAR, (CITY, "EI"), "rev_year"),), 1),
]  # fmt: skip
