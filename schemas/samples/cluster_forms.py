"""Fills GLT03: a city's part of a cluster, its zones as 其中, and the lead city's column of the cluster.

A city's figures are a fixed part of its mapped sub-chains, so that they stay below GLT01 and grow
with it.
"""

from __future__ import annotations

from functools import cache

from schemas.codes import PROVINCE, WHOLE_CHAIN, Cluster
from schemas.form import form_for
from schemas.period import Period
from schemas.samples.draw import Draw
from schemas.samples.economy import Economy, Table
from schemas.samples.innovation import ABILITIES
from schemas.samples.places import CITY_INNOVATION
from schemas.samples.region_forms import Values, hundredths, two

# zones that belong to a cluster by the plan, and their part of the city's figures
ZONES = {
    "KEI": {"PKNCGX": 0.46, "PKNCJK": 0.27}, "KCU": {"PKYTGX": 0.24},
    "KLP": {"PKYCJK": 0.41, "PKXYGX": 0.63, "PKSRJK": 0.58}, "KWR": {"PKGZJK": 0.22, "PKNCJK": 0.34},
    "KAV": {"PKNCHK": 0.52, "PKJDHK": 0.66},
}  # fmt: skip

# cluster: "six ones" present, fund / revenue ‰, market share %, standards, brands, exports factor, reach of services %
_LEAD = {
    "KEI": (5, 5.5, 8.5, 42, 4, 1.0, 58), "KCU": (6, 3.0, 21.0, 66, 6, 0.9, 71), "KLP": (5, 12.5, 24.0, 37, 5, 1.15, 63),
    "KWR": (6, 7.0, 33.5, 58, 9, 1.0, 66), "KAV": (4, 16.0, 12.0, 23, 3, 0.8, 44), "KRC": (3, 1.8, 4.5, 12, 2, 0.9, 39),
}  # fmt: skip


class ClusterForms:
    """GLT03 rows of an economy."""

    def __init__(self, economy: Economy) -> None:
        self.economy = economy
        self.mapped = cache(self._mapped)

    def _chains(self, cluster: Cluster) -> list[tuple[str, str]]:
        """The cluster's chains as (chain, sub-chain)."""
        return [(code, WHOLE_CHAIN) if len(code) == 2 else (code[:2], code) for code in cluster.chains]

    def _mapped(self, cluster_code: str, city: str, period: Period) -> dict[str, int]:
        """The sums of the cluster's chains in a city."""
        cluster, table = self.economy.codes.clusters[cluster_code], self.economy.table(period)
        rows = [table.row(city, chain, sub) for chain, sub in self._chains(cluster)]
        return {field: sum(row[field] for row in rows) for field in rows[0]}

    def row(self, cluster_code: str, region: str, period: Period, part: float = 1.0) -> Values:
        """A city's column with what falls due; ``part`` below 1 gives that part of it, a zone's."""
        cluster = self.economy.codes.clusters[cluster_code]
        values = (
            self._lead(cluster, period) if region == PROVINCE else self._city(cluster, region, period, part)
        )
        form = form_for("GLT03", period)
        rows = "lead" if region == PROVINCE else "own"
        return {
            c.code: values[c.code]
            for c in form.columns
            if not c.key and c.rows == rows and c.due(period, "city")
        }

    def zones(self, cluster_code: str, city: str) -> dict[str, float]:
        """The cluster's zones in a city and their part of the city's figures."""
        known = {row["code"]: row["city"] for row in self.economy.codes.rows("parks")}
        return {zone: part for zone, part in ZONES.get(cluster_code, {}).items() if known.get(zone) == city}

    def _city(self, cluster: Cluster, city: str, period: Period, part: float) -> Values:
        drawn = Draw(self.economy.seed, "cluster", cluster.code, city)
        inside = drawn.between(0.88, 0.975)
        mapped = self.mapped(cluster.code, city, period)
        table: Table = self.economy.table(period)
        t = (period.year - 2025) + (period.month - 12) / 12
        monthly = Draw(self.economy.seed, "cluster", cluster.code, city, period.ref_month)
        area = int(table.get(city, field="rev_cum") * part)
        part *= inside
        able = ABILITIES[cluster.chains[0][:2]]
        lift = CITY_INNOVATION[city] * drawn.between(0.75, 1.3)
        n = _most(mapped["ent_n"], part)
        begin = _most(mapped["ent_n_begin"], part)
        rev, people = int(mapped["rev_cum"] * part), int(mapped["emp_avg"] * part)
        sales, abroad = int(mapped["sale_cum"] * part), int(mapped["exp_cum"] * part * _LEAD[cluster.code][5])
        invested = int(mapped["rev_cum"] * part * drawn.between(0.06, 0.11) * monthly.between(0.97, 1.03))
        renewed = min(drawn.between(18, 52) + monthly.between(-1, 1) + t, 80)
        top = self._largest(cluster, city, period)
        plan = int(
            self.mapped(cluster.code, city, Period(period.year, 12, 0))["rev_cum"]
            * part
            * drawn.between(0.02, 0.05)
        )
        paid = plan * period.month / 12 * drawn.between(0.6, 1.12) * monthly.between(0.96, 1.04)

        def some(expected: float, most: int = n) -> int:
            return max(0, min(int(expected * (1 + 0.08 * t) + drawn.random()), most))

        values: Values = {
            "ent_n": n, "ent_n_begin": begin, "rev_cum": rev, "rev_cum_ly": int(mapped["rev_cum_ly"] * part),
            "profit_cum": int(mapped["profit_cum"] * part * 1.04), "sale_cum": sales,
            "exp_cum": min(abroad, sales), "emp_avg": people, "area_rev_cum": area,
            "fai_cum": invested, "tech_fai_cum": int(invested * renewed / 100),
            "energy_cum": int(mapped["energy_cum"] * part), "land_mu": hundredths(int(mapped["land_mu"] * part * 0.85)),
            "lead_n": some(rev * 12 / period.month / 3_000_000), "listed_n": some(n * 0.012 * lift),
            "lgc_n": some(n * able.giants * 1.5 / 100 * lift), "hnte_n": some(n * able.hnte / 100 * min(lift, 1.5)),
            "plat_nat_n": some(n * able.platforms / 900 * lift), "plat_prov_n": some(n * able.platforms / 85 * lift),
            "smart_n": some(n * able.cloud / 640 * lift), "svc_ent_n": min(int(n * _LEAD[cluster.code][6] / 100 * drawn.between(0.8, 1.2)), n),
            "proj_paid": int(paid), "proj_plan": plan,
            "rd_exp": int(rev * able.rd * lift * 1.2 / 100), "rev_year": rev,
            "rd_emp_n": int(people * min(able.rd * 2.6 * lift, 22) / 100),
            "hv_patent_n": int(rev / 10_000 * able.patents * 0.42 * lift + drawn.random()),
            "tech_contract": int(rev * drawn.between(0.6, 6.5) / 1_000),
            "cnc_rate": two(min(able.cnc * (0.9 + 0.12 * lift), 92.0)),
            "green_rev": int(rev * min(able.green * drawn.between(0.6, 1.7), 80) / 100),
            "top1_rev_cum": min(int(top[0] * min(part * 1.02, 0.99)), rev), "top2_rev_cum": 0,
        }  # fmt: skip
        values["top2_rev_cum"] = min(
            int(top[1] * part), _whole(values["top1_rev_cum"]), rev - _whole(values["top1_rev_cum"])
        )
        return values

    def _largest(self, cluster: Cluster, city: str, period: Period) -> tuple[int, int]:
        tops = self.economy.largest(period)
        found = [
            value for chain, sub in self._chains(cluster) for value in tops.get((city, chain, sub), (0, 0))
        ]
        first, second = sorted((*found, 0, 0), reverse=True)[:2]
        return first, second

    def _lead(self, cluster: Cluster, period: Period) -> Values:
        items, fund, share, standards, brands, _, _ = _LEAD[cluster.code]
        t = (period.year - 2025) + (period.month - 12) / 12
        drawn = Draw(self.economy.seed, "lead", cluster.code)
        yearly = sum(
            self.mapped(cluster.code, city, Period(2025, 12, 0))["rev_cum"] for city in cluster.cities
        )
        return {
            "gov_items": min(items + (t > 0.4 and drawn.random() < 0.25), 6),
            "fund_amt": int(yearly * fund / 1_000 * (1 + 0.16 * t)),
            "market_share": two(share + 0.6 * t + drawn.between(-0.3, 0.3)),
            "std_n": standards + int(6 * t),
            "brand_n": brands + (t > 0.5),
        }


def _most(count: int, part: float) -> int:
    """That part of a count, at least one where there is any."""
    return max(int(count * part), min(count, 1))


def _whole(value: object) -> int:
    assert isinstance(value, int)
    return value
