"""Fills GLT04, GLT05 and GLT06: a city's own, its counties' and its chains' rows; the province's.

Revenue, enterprises, growth and energy are taken from the same sums as GLT01 and GLT02, so that the
forms agree; the rest is summed from the blocks.
"""

from __future__ import annotations

from schemas.codes import ALL_CHAINS
from schemas.form import form_for
from schemas.period import Period
from schemas.samples.economy import Economy
from schemas.samples.innovation import Blocks, mean, whole
from schemas.samples.region_forms import Values, hundredths, one, two

_GLT04_SUMS = (
    "rd_exp", "rd_ent_n", "newprod_rev", "patent_n", "hnte_n", "hnte_rev", "svcmfg_rev",
    "dx_ent_n", "cloud_ent_n", "task_n", "task_done_n",
)  # fmt: skip
_GLT06_SUMS = (
    "innov_sme_n", "srdi_n", "lg_n", "champ_n", "unicorn_n", "gazelle_n", "listed_n", "leader_n",
    "leader_rev_cum", "plat_nat_n", "plat_prov_n",
)  # fmt: skip


class InnovationForms:
    """GLT04-GLT06 rows of an economy."""

    def __init__(self, economy: Economy) -> None:
        self.economy = economy
        self.blocks = Blocks(economy)

    def row(self, form_code: str, region: str, chain: str, period: Period) -> Values:
        """One row with the fields that fall due in the quarter or year."""
        of_chain = "" if chain == ALL_CHAINS else chain
        report = period if period.annual else period.as_month()
        total = self.blocks.sum_of(region, of_chain, report)
        table = self.economy.table(report)
        figures = table.row(region, of_chain)
        values: Values = {"ent_n": figures["ent_n"]}
        if form_code == "GLT04":
            values |= {field: whole(total, field) for field in _GLT04_SUMS}
            values["rev_year"] = figures["rev_cum"]
            values["cnc_rate"] = two(mean(total, "w_cnc"))
            values["dtool_rate"] = two(mean(total, "w_tools"))
        elif form_code == "GLT05":
            values = {
                "energy_cum": figures["energy_cum"],
                "energy_cum_ly": figures["energy_cum_ly"],
                "va_growth": one(self.economy.va_growth(table, region, of_chain)),
                "rev_cum": figures["rev_cum"],
                "va_year": figures["va_cum"],
                "water_year": whole(total, "water"),
                "rev_year": figures["rev_cum"],
                **{field: whole(total, field) for field in ("green_n", "green_rev", "dead_n")},
                **{
                    field: hundredths(whole(total, field))
                    for field in ("solid_gen", "solid_used", "solid_prior_used")
                },
            }
        else:
            values |= {field: whole(total, field) for field in _GLT06_SUMS}
            values["rev_cum"] = figures["rev_cum"]
        form = form_for(form_code, period)
        level = self.economy.codes.level(region)
        return {c.code: values[c.code] for c in form.columns if not c.key and c.due(period, level)}
