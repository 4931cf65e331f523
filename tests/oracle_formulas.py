"""The 3 x 30 formulas in plain Python, to be read beside the method's clauses, one line per indicator.

A formula is given a subject at one report and asks it for figures; the subject knows whose rows those are.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from oracle_subjects import Chain, Cluster, Region, deviation, evenness_gap, pct, per, yoy


def energy_saved(s: Region | Chain) -> Decimal:
    """How much less energy a unit of value added takes than a year ago, in %."""
    energy = 1 + yoy(s.glt05("energy_cum"), s.glt05("energy_cum_ly")) / 100
    value_added = 1 + s.glt05("va_growth") / 100
    return -100 * (per(energy, value_added) - 1)


MQ: dict[str, Callable[[Region], Decimal]] = {
    "MQ101": lambda s: s.glt02("mfg_va_growth"),
    "MQ102": lambda s: yoy(s.glt02("rev_cum"), s.glt02("rev_cum_ly")),
    "MQ103": lambda s: pct(s.glt02("mva_cum"), s.glt02("gdp_cum")),
    "MQ104": lambda s: s.glt02("mfg_inv_growth"),
    "MQ105": lambda s: s.glt02("tech_inv_share"),
    "MQ201": lambda s: pct(s.glt02("profit_cum"), s.glt02("rev_cum")),
    "MQ202": lambda s: pct(s.glt02("va_cum"), s.glt02("out_cum")),
    "MQ203": lambda s: per(s.glt02("va_cum"), s.glt02("emp_avg")),
    "MQ204": lambda s: per(s.glt02("tax_cum"), s.glt02("land_mu")),
    "MQ205": lambda s: 30 * s.month * per(s.glt02("ar_end"), s.glt02("rev_cum")),
    "MQ301": lambda s: pct(s.glt04("rd_exp"), s.glt04("rev_year")),
    "MQ302": lambda s: pct(s.glt04("rd_ent_n"), s.glt04("ent_n")),
    "MQ303": lambda s: 10000 * per(s.glt04("patent_n"), s.glt04("rev_year")),
    "MQ304": lambda s: pct(s.glt04("newprod_rev"), s.glt04("rev_year")),
    "MQ305": lambda s: s.glt02("ht_va_share"),
    "MQ306": lambda s: s.glt02("eq_va_share"),
    "MQ401": lambda s: s.glt04("cnc_rate"),
    "MQ402": lambda s: s.glt04("dtool_rate"),
    "MQ403": lambda s: pct(s.glt04("dx_ent_n"), s.glt04("ent_n")),
    "MQ501": energy_saved,
    "MQ502": lambda s: pct(s.glt05("solid_used"), s.glt05("solid_gen") + s.glt05("solid_prior_used")),
    "MQ503": lambda s: 10000 * per(s.glt05("water_year"), s.glt05("va_year")),
    "MQ504": lambda s: pct(s.glt05("green_rev"), s.glt05("rev_year")),
    "MQ601": lambda s: pct(s.glt02("exp_cum"), s.glt02("sale_cum")),
    "MQ602": lambda s: pct(s.glt04("svcmfg_rev"), s.glt04("rev_year")),
    "MQ701": lambda s: 100 * per(s.glt06("lg_n") + s.glt06("champ_n"), s.glt06("ent_n")),
    "MQ702": lambda s: pct(s.glt04("hnte_n"), s.glt04("ent_n")),
    "MQ703": lambda s: pct(s.glt02("ent_new_n") - s.glt02("ent_exit_n"), s.glt02("ent_n_begin")),
    "MQ801": lambda s: 10000 * per(s.glt05("dead_n"), s.glt05("rev_cum")),
    "MQ802": lambda s: pct(s.glt02("ent_loss_n"), s.glt02("ent_n")),
}

CM: dict[str, Callable[[Chain], Decimal]] = {
    "CM101": lambda s: 100 * s.ttm() / (s.target * 10000),
    "CM102": lambda s: yoy(s.glt01("rev_cum"), s.glt01("rev_cum_ly")),
    "CM103": lambda s: pct(s.glt01("rev_cum"), s.province_glt02("rev_cum")),
    "CM104": lambda s: pct(s.glt07("node_cov_n"), s.glt07("node_n")),
    "CM105": lambda s: pct(s.glt07("gap_done_n"), s.glt07("gap_plan_n")) / s.year_progress,
    "CM106": lambda s: pct(s.glt07("buy_sme"), s.glt07("buy_total")),
    "CM107": lambda s: pct(s.glt07("deep_rev_cum"), s.glt07("rev_cum")),
    "CM108": lambda s: 1 - evenness_gap(s.by_subchain()),
    "CM201": lambda s: pct(s.glt04("rd_exp"), s.glt04("rev_year")),
    "CM202": lambda s: 10000 * per(s.glt04("patent_n"), s.glt04("rev_year")),
    "CM203": lambda s: 100 * per(3 * s.glt06("plat_nat_n") + s.glt06("plat_prov_n"), s.glt06("ent_n")),
    "CM204": lambda s: pct(s.glt04("task_done_n"), s.glt04("task_n")),
    "CM205": lambda s: pct(s.glt04("hnte_rev"), s.glt04("rev_year")),
    "CM206": lambda s: pct(s.glt04("newprod_rev"), s.glt04("rev_year")),
    "CM207": lambda s: pct(s.glt01("profit_cum"), s.glt01("rev_cum")),
    "CM208": lambda s: s.glt04("cnc_rate"),
    "CM209": lambda s: pct(s.glt04("cloud_ent_n"), s.glt04("ent_n")),
    "CM210": energy_saved,
    "CM211": lambda s: pct(s.glt05("green_rev"), s.glt05("rev_year")),
    "CM301": lambda s: pct(s.glt07("key_safe_n"), s.glt07("key_item_n")),
    "CM302": lambda s: pct(s.glt07("top3_buy"), s.glt07("buy_total")),
    "CM303": lambda s: deviation(s.growth_of_last(11)),
    "CM304": lambda s: pct(s.glt07("backup_n"), s.glt07("backup_need_n")),
    "CM305": lambda s: 10000 * per(s.glt05("dead_n"), s.glt05("rev_cum")),
    "CM306": lambda s: pct(s.glt01("ent_loss_n"), s.glt01("ent_n")),
    "CM401": lambda s: pct(s.glt06("leader_rev_cum"), s.glt06("rev_cum")),
    "CM402": lambda s: 100 * per(s.glt06("srdi_n"), s.glt06("ent_n")),
    "CM403": lambda s: pct(s.glt07("cluster_rev_cum"), s.glt07("rev_cum")),
    "CM404": lambda s: pct(s.glt07("match_done_n"), s.glt07("match_sign_n")),
    "CM405": lambda s: pct(s.glt07("proj_done"), s.glt07("proj_plan")) / s.year_progress,
}

CA: dict[str, Callable[[Cluster], Decimal]] = {
    "CA101": lambda s: s.ttm() / 10000,
    "CA102": lambda s: yoy(s.glt03("rev_cum"), s.glt03("rev_cum_ly")),
    "CA103": lambda s: pct(s.glt03("rev_cum"), s.chains_glt01("rev_cum")),
    "CA104": lambda s: per(
        per(s.core_glt03("rev_cum"), s.core_glt02("rev_cum")),
        per(s.chains_glt01("rev_cum"), s.province_glt02("rev_cum")),
    ),
    "CA105": lambda s: per(s.glt03("rev_year"), s.glt03("land_mu")),
    "CA106": lambda s: pct(s.glt03("profit_cum"), s.glt03("rev_cum")),
    "CA201": lambda s: pct(s.glt03("rd_exp"), s.glt03("rev_year")),
    "CA202": lambda s: 3 * s.glt03("plat_nat_n") + s.glt03("plat_prov_n"),
    "CA203": lambda s: 10000 * per(s.glt03("hv_patent_n"), s.glt03("rev_year")),
    "CA204": lambda s: 1000 * per(s.glt03("tech_contract"), s.glt03("rev_year")),
    "CA205": lambda s: s.weighted("cnc_rate", "rev_year"),
    "CA206": lambda s: 100 * per(s.glt03("smart_n"), s.glt03("ent_n")),
    "CA207": lambda s: pct(s.glt03("tech_fai_cum"), s.glt03("fai_cum")),
    "CA208": lambda s: per(s.glt03("energy_cum"), s.glt03("rev_cum")),
    "CA209": lambda s: pct(s.glt03("green_rev"), s.glt03("rev_year")),
    "CA210": lambda s: s.glt03("lead_n"),
    "CA211": lambda s: s.glt03("lgc_n"),
    "CA212": lambda s: pct(s.glt03("hnte_n"), s.glt03("ent_n")),
    "CA213": lambda s: s.glt03("listed_n"),
    "CA214": lambda s: pct(s.glt03("ent_n") - s.glt03("ent_n_begin"), s.glt03("ent_n_begin")),
    "CA301": lambda s: s.lead("market_share"),
    "CA302": lambda s: s.lead("std_n"),
    "CA303": lambda s: pct(s.glt03("exp_cum"), s.glt03("sale_cum")),
    "CA304": lambda s: s.lead("brand_n"),
    "CA305": lambda s: pct(s.glt03("proj_paid"), s.glt03("proj_plan")) / s.year_progress,
    "CA401": lambda s: 100 * s.lead("gov_items") / 6,
    "CA402": lambda s: 100 * (1 - s.largest_city_share()),
    "CA403": lambda s: 1000 * per(s.lead("fund_amt"), s.ttm()),
    "CA404": lambda s: 100 * per(s.glt03("rd_emp_n"), s.glt03("emp_avg")),
    "CA405": lambda s: pct(s.glt03("svc_ent_n"), s.glt03("ent_n")),
}
