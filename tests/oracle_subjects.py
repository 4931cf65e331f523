"""The arithmetic of the definitions, and the subjects: whose rows a figure of a region, chain or cluster is."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cached_property

from oracle_figures import Absent, Figures
from oracle_reading import PROVINCE, Report


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


def or_nothing(figure: Callable[[], Decimal]) -> Decimal:
    """A part that is 不适用 adds nothing."""
    try:
        return figure()
    except Absent as absent:
        if absent.kind != "not_applicable":
            raise
        return Decimal(0)


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
        return [or_nothing(lambda item=item: self.figures.chain(item, self.at, "rev_cum")) for item in items]

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

    def weighted(self, rate: str, weight: str) -> Decimal:
        """The mean over cities, weighted; a city for which the rate is 不适用 is in neither sum."""
        pairs = []
        for city in self.towns:
            try:
                pairs.append((self.city(city, rate), self.city(city, weight)))
            except Absent as absent:
                if absent.kind != "not_applicable":
                    raise
        return per(sum((r * w for r, w in pairs), Decimal(0)), sum((w for _, w in pairs), Decimal(0)))

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
        shares = [or_nothing(lambda city=city: self.city(city, "rev_cum")) for city in self.towns]
        return per(max(shares), self.glt03("rev_cum"))
