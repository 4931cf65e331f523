"""The 3 x 30 formulas in plain Python, to be read beside the method's clauses, one line per indicator.

A formula is given a subject at one report and asks it for figures; the subject knows whose rows those are.
Where a figure is not there, ``Absent`` is raised with the kind of missing: late (nothing reported), not_yet
(W), not_applicable (N, or a zero denominator), suppressed (C).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import cached_property

from oracle_reading import PROVINCE, Cell, Key, Lists, Report, Reports

RATES = ("cnc_rate", "dtool_rate", "va_growth")  # of GLT04 and GLT05: they do not add up
_KIND = {"": "late", "W": "not_yet", "N": "not_applicable", "C": "suppressed"}


class Absent(Exception):
    """There is no figure; ``kind`` says why."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def pct(part: Decimal, whole: Decimal) -> Decimal:
    """A share in %."""
    return 100 * per(part, whole)


def per(part: Decimal, whole: Decimal) -> Decimal:
    """A plain ratio; a zero denominator is 不适用."""
    if whole == 0:
        raise Absent("not_applicable")
    return part / whole


def yoy(now: Decimal, last_year: Decimal) -> Decimal:
    """Growth in %, on last year's figure as reported in the same form."""
    return 100 * (per(now, last_year) - 1)


def deviation(values: list[Decimal]) -> Decimal:
    """The standard deviation with n - 1; below six reports 尚未产生."""
    n = len(values)
    if n < 6:
        raise Absent("not_yet")
    mean = sum(values) / n
    return (sum((v - mean) ** 2 for v in values) / (n - 1)).sqrt()


def evenness_gap(values: list[Decimal]) -> Decimal:
    """hhi_norm: (sum of squared shares - 1/n) / (1 - 1/n)."""
    n, whole = Decimal(len(values)), sum(values)
    if whole == 0:
        raise Absent("not_applicable")
    return (sum((v / whole) ** 2 for v in values) - 1 / n) / (1 - 1 / n)


def twelve_months(figure: Callable[[str, Report], Decimal], at: Report) -> Decimal:
    """ttm of the cumulative revenue: this year's months, and last year's rest on this year's scope."""
    now = figure("rev_cum", at)
    if at.month == 12:
        return now
    whole_year = figure("rev_cum", Report(at.year - 1, 12))
    same_as_seen_now = figure("rev_cum_ly", at)
    try:
        same_as_seen_then = figure("rev_cum", Report(at.year - 1, at.month))
    except Absent:
        if whole_year < same_as_seen_now:
            raise Absent("late") from None
        return now + whole_year - same_as_seen_now  # status B
    rest = whole_year - same_as_seen_then
    if rest < 0 or (same_as_seen_then == 0 and rest > 0):
        raise Absent("late")
    return now if rest == 0 else now + same_as_seen_now / same_as_seen_then * rest


def last_reports(at: Report, n: int) -> list[Report]:
    """The last n monthly reports, this one included; no month has a January."""
    found: list[Report] = []
    while len(found) < n:
        if at.month != 1:
            found.append(at)
        at = at.earlier(1)
    return found


class Figures:
    """The rows of all reports, and the sums over submitters."""

    def __init__(self, reports: Reports, lists: Lists, targets: dict[str, Decimal]) -> None:
        self.reports, self.lists, self.targets = reports, lists, targets
        self._chain_sums: dict[tuple[str, str, Report], Decimal | str] = {}

    def own(self, form: str, at: Report, key: Key, field: str) -> Decimal:
        """The figure of one row."""
        return self.total([self._cell(form, at, key, field)])

    def _cell(self, form: str, at: Report, key: Key, field: str) -> Cell:
        row = self.reports.row(form, at, key)
        return Cell(None) if row is None else row.get(field, Cell(None))

    @staticmethod
    def total(cells: list[Cell]) -> Decimal:
        """The sum of cells; what is 不适用 adds nothing, what is missing leaves no sum."""
        marks = {cell.mark for cell in cells if cell.value is None}
        for mark in ("C", "W", ""):
            if mark in marks:
                raise Absent(_KIND[mark])
        values = [cell.value for cell in cells if cell.value is not None]
        if not values:
            raise Absent("not_applicable" if marks else "late")
        return sum(values, Decimal(0))

    def add(self, form: str, at: Report, keys: Iterable[Key], field: str) -> Decimal:
        """The sum of several rows."""
        return self.total([self._cell(form, at, key, field) for key in keys])

    def province(self, form: str, at: Report, chain: str, field: str) -> Decimal:
        """GLT04-06 of the province, for all chains (T) or one.

        GLT04 and GLT05 have a row of the province's own, GLT06 has none: then the cities add up, where they
        filed, and the bureau's row stands only where they did not.
        """
        filed = self.reports.filed.get((form, at), {})
        keys = [(city, chain) for city in self.lists.cities]
        own_row = form != "GLT06" and (PROVINCE, chain) in filed
        if not own_row and field not in RATES and any(key in filed for key in keys):
            return self.add(form, at, keys, field)
        return self.own(form, at, (PROVINCE, chain), field)

    def chain(self, item: str, at: Report, field: str) -> Decimal:
        """GLT01 over the province: a chain (EI), a sub-chain (EI01) or a chain's others (EI.Z)."""
        known = self._chain_sums.get((item, field, at))
        if known is None:
            try:
                known = self._sum_chain(item, at, field)
            except Absent as absent:
                known = absent.kind
            self._chain_sums[item, field, at] = known
        if isinstance(known, str):
            raise Absent(known)
        return known

    def _sum_chain(self, item: str, at: Report, field: str) -> Decimal:
        """Counties and adjusting rows where they were filed, else the city's row in history.

        Every submitter has a row T for each chain; a sub-chain row that is not there is 0.
        """
        chain = item[:2]
        subchain = "T" if item == chain else "Z" if item.endswith(".Z") else item
        filed = self.reports.filed.get(("GLT01", at), {})
        history = self.reports.history.get(("GLT01", at), {})
        cells: list[Cell] = []
        for city, parts in self.lists.below.items():
            by_parts = any((part, chain, "T") in filed for part in parts)
            rows, places = (filed, parts) if by_parts else (history, (city,))
            for place in places:
                if (place, chain, "T") not in rows:
                    raise Absent("late")
                row = rows.get((place, chain, subchain))
                cells.append(Cell(Decimal(0)) if row is None else row.get(field, Cell(None)))
        return self.total(cells)


class Region:
    """The province, a city or a county, for the most part with rows of its own."""

    def __init__(self, figures: Figures, code: str, at: Report) -> None:
        self.figures, self.code, self.at = figures, code, at
        self.month = Decimal(at.month)

    def glt02(self, field: str) -> Decimal:
        return self.figures.own("GLT02", self.at, (self.code,), field)

    def glt04(self, field: str) -> Decimal:
        return self._all_chains("GLT04", field)

    def glt05(self, field: str) -> Decimal:
        return self._all_chains("GLT05", field)

    def glt06(self, field: str) -> Decimal:
        return self._all_chains("GLT06", field)

    def _all_chains(self, form: str, field: str) -> Decimal:
        if self.code == PROVINCE:
            return self.figures.province(form, self.at, "T", field)
        return self.figures.own(form, self.at, (self.code, "T"), field)


class Chain:
    """A chain over the province."""

    def __init__(self, figures: Figures, code: str, at: Report) -> None:
        self.figures, self.code, self.at = figures, code, at
        self.year_progress = Decimal(at.month) / 12

    @cached_property
    def target(self) -> Decimal:
        """The target of 2026 in 亿元."""
        return self.figures.targets[self.code]

    def glt01(self, field: str, at: Report | None = None) -> Decimal:
        return self.figures.chain(self.code, at or self.at, field)

    def ttm(self) -> Decimal:
        return twelve_months(lambda field, at: self.glt01(field, at), self.at)

    def growth_of_last(self, n: int) -> list[Decimal]:
        """The growth rates of the last n reports, those that were filed."""
        values = []
        for at in last_reports(self.at, n):
            try:
                values.append(yoy(self.glt01("rev_cum", at), self.glt01("rev_cum_ly", at)))
            except Absent:
                if at == self.at:
                    raise
        return values

    def by_subchain(self) -> list[Decimal]:
        """Revenue by sub-chain, emerging ones too, and Z 其他."""
        items = (*self.figures.lists.subchains[self.code], f"{self.code}.Z")
        return [self.figures.chain(item, self.at, "rev_cum") for item in items]

    def province_glt02(self, field: str) -> Decimal:
        return self.figures.own("GLT02", self.at, (PROVINCE,), field)

    def glt04(self, field: str) -> Decimal:
        return self.figures.province("GLT04", self.at, self.code, field)

    def glt05(self, field: str) -> Decimal:
        return self.figures.province("GLT05", self.at, self.code, field)

    def glt06(self, field: str) -> Decimal:
        return self.figures.province("GLT06", self.at, self.code, field)

    def glt07(self, field: str) -> Decimal:
        return self.figures.own("GLT07", self.at, (self.code,), field)


class Cluster:
    """A cluster: the sum of its cities' rows, the lead's row for what does not add."""

    def __init__(self, figures: Figures, code: str, at: Report) -> None:
        self.figures, self.code, self.at = figures, code, at
        self.year_progress = Decimal(at.month) / 12
        self.towns = figures.lists.cluster_cities[code]
        self.core = figures.lists.core_cities[code]

    def glt03(self, field: str, at: Report | None = None) -> Decimal:
        return self.figures.add("GLT03", at or self.at, [(self.code, c) for c in self.towns], field)

    def city(self, city: str, field: str) -> Decimal:
        return self.figures.own("GLT03", self.at, (self.code, city), field)

    def lead(self, field: str) -> Decimal:
        return self.figures.own("GLT03", self.at, (self.code, PROVINCE), field)

    def ttm(self) -> Decimal:
        return twelve_months(lambda field, at: self.glt03(field, at), self.at)

    def weighted(self, field: str, weight: str) -> Decimal:
        """The mean over cities, weighted."""
        return per(
            sum((self.city(c, field) * self.city(c, weight) for c in self.towns), Decimal(0)),
            self.glt03(weight),
        )

    def core_glt03(self, field: str) -> Decimal:
        return self.figures.add("GLT03", self.at, [(self.code, c) for c in self.core], field)

    def core_glt02(self, field: str) -> Decimal:
        return self.figures.add("GLT02", self.at, [(c,) for c in self.core], field)

    def chains_glt01(self, field: str) -> Decimal:
        items = self.figures.lists.cluster_chains[self.code]
        return sum((self.figures.chain(item, self.at, field) for item in items), Decimal(0))

    def province_glt02(self, field: str) -> Decimal:
        return self.figures.own("GLT02", self.at, (PROVINCE,), field)

    def largest_city_share(self) -> Decimal:
        return per(max(self.city(c, "rev_cum") for c in self.towns), self.glt03("rev_cum"))


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
