"""The months of one leaf: revenue first, every other figure as a ratio to it, all whole 万元.

``rev_cum(y, m) = rev_cum(y-1, m) * (1 + revision) * (1 + growth)``: the comparable figure of last
year that a form shows is last year's report times its revision, so growth, levels and `_ly` agree.
"""

from __future__ import annotations

from schemas.samples.draw import Draw
from schemas.samples.members import Member, counts
from schemas.samples.places import CITY_GROWTH
from schemas.samples.regions import Leaf
from schemas.samples.sizes import CHAINS, SEASON, SUBCHAIN_LEAD

YEARS = (2023, 2024, 2025, 2026)

ADDITIVE = (
    "ent_n", "ent_loss_n", "out_cur", "out_cum", "out_cum_ly", "sale_cum", "exp_cum", "exp_cum_ly",
    "rev_cum", "rev_cum_ly", "cost_cum", "profit_cum", "profit_cum_ly", "loss_amt_cum", "ar_end",
    "fg_inv_end", "assets_end", "liab_end", "emp_avg", "elec_cum", "elec_cum_ly",
    "ent_n_begin", "ent_new_n", "ent_exit_n", "va_cum", "tax_cum", "land_mu", "energy_cum",
    "energy_cum_ly", "real_va",
)  # fmt: skip
PLACE = {field: place for place, field in enumerate(ADDITIVE)}
# real_va: value added at last year's prices (va / (1 + real growth)), so that growth rates of sums follow


class LeafSeries:
    """All figures of one leaf; ``figures(year, month)`` gives them in the order of ADDITIVE."""

    def __init__(
        self,
        leaf: Leaf,
        stay: tuple[Member, ...],
        seed: int,
        shocks: dict[int, list[float]],
        level: dict[int, float],
    ) -> None:
        self.leaf = leaf
        self.stay = stay
        self.size = CHAINS[leaf.chain]
        drawn = Draw(seed, "leaf", leaf.name)
        county = Draw(seed, "county", leaf.region)
        self._ratios(drawn, county)
        self._growth(drawn, county, shocks, level)
        self.noise = {y: [[2 * drawn.random() - 1 for _ in range(10)] for _ in range(12)] for y in YEARS}

    def _ratios(self, drawn: Draw, county: Draw) -> None:
        size = self.size
        thrift, careful = county.between(0.72, 1.36), county.between(0.6, 1.5)
        green = county.between(-0.03, 0.03)
        self.margin0 = size.margin * 1.22 * thrift * drawn.between(0.55, 1.5) - 0.003
        self.margin0 = min(self.margin0, 0.27)
        if drawn.random() < 0.07:
            self.margin0 = -drawn.between(0.004, 0.035)
        self.margin = {y: self.margin0 * drawn.between(0.86, 1.16) for y in YEARS}
        self.out_ratio = {}
        base = drawn.between(0.95, 1.06)
        for y in YEARS:
            self.out_ratio[y] = base * drawn.between(0.992, 1.008)
        self.sold = drawn.between(0.966, 0.992)
        abroad = size.export * county.between(0.45, 1.75) * drawn.between(0.3, 1.7)
        self.abroad = {y: min(0.62, abroad * drawn.between(0.93, 1.07)) for y in YEARS}
        self.costs = drawn.between(0.05, 0.10)
        self.loss = size.loss * careful * drawn.between(0.6, 1.4)
        self.loss_start = drawn.random()
        self.days = min(size.days * county.between(0.72, 1.4) * drawn.between(0.8, 1.22), 150.0)
        self.stock = drawn.between(0.025, 0.075)
        self.assets = drawn.between(0.62, 1.25)
        self.debt = drawn.between(0.38, 0.68)
        head = size.head * county.between(0.8, 1.3) * drawn.between(0.75, 1.3)
        per = min(max(self.leaf.revenue / head / max(self.leaf.enterprises, 1), 16.0), 1_750.0)
        self.people = min(max(per * self.leaf.enterprises, self.leaf.revenue / 4_200), self.leaf.revenue / 27)
        kwh = size.kwh / 10_000 * drawn.between(0.75, 1.25)
        self.kwh = {y: kwh * drawn.between(0.975, 1.025) for y in YEARS}
        tce = size.tce * county.between(0.75, 1.3) * drawn.between(0.7, 1.3)
        saving = {y: (0.006 if y == 2026 else -0.012) + green + drawn.between(-0.03, 0.03) for y in YEARS}
        self.tce = {2023: tce}
        for y in (2024, 2025, 2026):
            self.tce[y] = self.tce[y - 1] * (1 - saving[y])
        self.va_rate = size.va_rate * county.between(0.85, 1.17) * drawn.between(0.88, 1.12)
        self.tax = self.va_rate * drawn.between(0.07, 0.13)
        per_mu = county.between(260, 720) * (0.5 + size.head / 300)
        self.land = self.leaf.revenue / min(per_mu * drawn.between(0.8, 1.25), 2_200)
        self.deflator = {y: drawn.between(-0.012, 0.012) for y in YEARS}

    def _growth(
        self, drawn: Draw, county: Draw, shocks: dict[int, list[float]], level: dict[int, float]
    ) -> None:
        """Growth of the cumulative revenue by year and month, the season, the revisions."""
        size, leaf = self.size, self.leaf
        lead = (SUBCHAIN_LEAD.get(leaf.sub, 0.0) + CITY_GROWTH[leaf.city]) / 100
        self.revision = {y: 1 + drawn.between(-0.016, 0.024) for y in YEARS}
        self.growth: dict[int, list[float]] = {}
        for y, (first, last) in {2024: (5.0, 6.0), 2025: size.growth[:2], 2026: size.growth[2:]}.items():
            steady = lead + county.between(-0.017, 0.017) + level[y]
            noise, path = 0.0, []
            for m in range(1, 13):
                noise += 0.03 * (2 * drawn.random() - 1) + shocks[y][m - 1]
                path.append((first + (last - first) * (m - 2) / 10) / 100 + steady + noise / m)
            self.growth[y] = path
        parts = [s * drawn.between(0.965, 1.035) for s in SEASON]
        self.season = [sum(parts[: m + 1]) / sum(parts) for m in range(12)]

    def anchor(self, shift: float) -> None:
        """Set the level: December 2025 is the leaf's size, the other months follow by growth plus shift.

        The months of 2024 follow the season; each later year is the year before, revised and grown.
        """
        end = self.revision[2025] * (1 + shift + self.growth[2025][11])
        old = [self.leaf.revenue * part / end for part in self.season]
        before = [
            value / (1 + shift + growth) / self.revision[2024]
            for value, growth in zip(old, self.growth[2024], strict=True)
        ]
        self.revenue = {2023: before, 2024: old}
        for y in (2025, 2026):
            self.revenue[y] = [
                v * self.revision[y] * (1 + shift + g)
                for v, g in zip(self.revenue[y - 1], self.growth[y], strict=True)
            ]

    def lift(self, amount: float) -> None:
        """Move the level of all years so that December 2025 changes by this amount (万元)."""
        factor = 1 + amount / self.revenue[2025][11]
        self.revenue = {y: [value * factor for value in months] for y, months in self.revenue.items()}

    def _output(self, year: int, month: int) -> float:
        ratio = self.out_ratio[year] * (1 + 0.002 * self.noise[year][month - 1][0])
        return self.revenue[year][month - 1] / ratio

    def _exports(self, year: int, month: int) -> float:
        noise = self.noise[year][month - 1]
        return self._sales(year, month) * self.abroad[year] * (1 + 0.01 * noise[2])

    def _sales(self, year: int, month: int) -> float:
        return self._output(year, month) * (self.sold + 0.004 * self.noise[year][month - 1][1])

    def _profit(self, year: int, month: int) -> float:
        margin = self.margin[year] * (1 + 0.05 * self.noise[year][month - 1][3] - 0.012 * (12 - month))
        return self.revenue[year][month - 1] * margin

    def _energy(self, year: int, month: int) -> float:
        return self._output(year, month) * self.tce[year] * (1 + 0.004 * self.noise[year][month - 1][8])

    def figures(self, year: int, month: int) -> list[int]:
        """All additive figures of the report of a month, in the order of ADDITIVE."""
        noise = self.noise[year][month - 1]
        n, begin, new, left = counts(self.stay, year * 100 + month)
        again = self.revision[year]
        rev, out = self.revenue[year][month - 1], self._output(year, month)
        whole_rev, whole_out, sold = _whole(rev), _whole(out), _whole(self._sales(year, month))
        profit = _whole(self._profit(year, month))
        losers, losses = self._losses(n, month, profit, rev, noise[4])
        cost = min(rev * (1 - self.margin[year] - self.costs + 0.004 * noise[5]), rev * 1.03)
        out_ly = self._output(year - 1, month) * again
        people = _whole(self.people * (1 + 0.008 * (year - 2025) + 0.006 * noise[6]))
        people = min(max(people, 11 * n), 1_950 * n)
        yearly = rev * 12 / month
        real = out / out_ly * (1 + self.deflator[year])
        va = out * self.va_rate
        return [
            n, losers, whole_out - (_whole(self._output(year, month - 1)) if month > 1 else 0), whole_out,
            _whole(out_ly), sold, min(_whole(self._exports(year, month)), sold),
            _whole(self._exports(year - 1, month) * again), whole_rev,
            _whole(self.revenue[year - 1][month - 1] * again), _whole(cost), profit,
            _whole(self._profit(year - 1, month) * again), losses,
            _whole(yearly * self.days / 360 * (1 + 0.03 * noise[7])),
            _whole(yearly * self.stock * (1 + 0.04 * noise[9])),
            _whole(self.revenue[year][11] * self.assets * (0.98 + 0.002 * month) + yearly * 0.08),
            _whole((self.revenue[year][11] * self.assets * (0.98 + 0.002 * month) + yearly * 0.08)
                   * (self.debt + 0.004 * noise[5])),
            people, _whole(out * self.kwh[year]), _whole(self._output(year - 1, month) * self.kwh[year - 1] * again),
            begin, new, left, _whole(va), _whole(va * self.tax / self.va_rate),
            _whole(self.land * 100 * (1 + 0.012 * (year - 2025) + 0.005 * self.noise[year][0][9])),
            _whole(self._energy(year, month)), _whole(self._energy(year - 1, month) * again),
            _whole(va * 1_000 / real),
        ]  # fmt: skip

    def final(self, year: int) -> list[int]:
        """The figures of the annual report: December's, flows settled by less than a thousandth."""
        row = self.figures(year, 12)
        settled = 1 + 0.0007 * self.noise[year][11][9]
        for field in ("out_cum", "sale_cum", "rev_cum", "cost_cum"):
            row[PLACE[field]] = _whole(row[PLACE[field]] * settled)
        return row

    def _losses(self, n: int, month: int, profit: int, rev: float, noise: float) -> tuple[int, int]:
        """Loss-making enterprises and what they lose, on the side of the profit's sign."""
        losers = int(n * self.loss * (1 + 0.06 * (12 - month)) * (1 + 0.08 * noise) + self.loss_start)
        if profit >= 0:
            losers = min(losers, n - 1)
            return losers, losers and max(1, _whole(rev * losers / n * 0.016 * (1 + 0.2 * noise)))
        losers = min(max(losers, 1), n)
        return losers, -profit if losers == n else _whole(-profit * (1.3 + 0.1 * noise)) + 1

    def largest(self, year: int, month: int) -> tuple[int, int]:
        """Revenue of the largest and second largest enterprise."""
        n, revenue = self.figures_n(year, month), self.figures_revenue(year, month)
        if n < 2:
            return (revenue, 0) if n else (0, 0)
        lean = 0.25 + 0.5 * self.loss_start
        first = revenue * (1 + (n - 1) * 0.45 * lean) / n
        second = (revenue - first) / (n - 1) * (1 + 0.6 * lean)
        return int(first), min(int(second), int(first), revenue - int(first))

    def figures_n(self, year: int, month: int) -> int:
        """Enterprises at the month."""
        return counts(self.stay, year * 100 + month)[0]

    def figures_revenue(self, year: int, month: int) -> int:
        """Cumulative revenue at the month."""
        return _whole(self.revenue[year][month - 1])


def _whole(value: float) -> int:
    """Nearest whole number, away from zero at the half."""
    return int(value + 0.5) if value >= 0 else -int(0.5 - value)
