"""Fills GLT02: a region's own row, and a city's adjusting rows."""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property

from schemas.codes import PROVINCE, Codes
from schemas.form import form_for
from schemas.period import Period
from schemas.samples.draw import Draw
from schemas.samples.economy import ANCHOR, Economy, Table
from schemas.samples.places import GDP_2024
from schemas.samples.sizes import (
    CHAINS,
    OUTSIDE,
    PROVINCE_SHARES_2025,
    PROVINCE_TECH_SHARE_2025,
    SEASON,
)

Values = dict[str, Decimal | int | str | None]
PARTS = {"ht_va_share": "high_tech", "eq_va_share": "equipment", "sei_va_share": "emerging"}
_MANUFACTURING = {  # manufacturing's part of GDP in the national accounts, %
    "360100": 35.5, "360200": 33.0, "360300": 34.0, "360400": 38.5, "360500": 39.0, "360600": 42.5,
    "360700": 30.5, "360800": 34.5, "360900": 32.5, "361000": 28.0, "361100": 29.5,
}  # fmt: skip
_GDP_GROWTH = {2024: 0.0, 2025: 0.055, 2026: 0.057}


class RegionForms:
    """GLT02 rows of an economy."""

    def __init__(self, economy: Economy) -> None:
        self.economy = economy
        self.codes: Codes = economy.codes

    def row(self, region: str, period: Period) -> Values:
        """One row with every field that falls due for the region, monthly or annual."""
        table = self.economy.table(period)
        figures = table.row(region)
        values: Values = dict(figures)
        values["land_mu"] = hundredths(figures["land_mu"])
        values["elec_ind_cum"] = figures["elec_cum"]
        level = self.codes.level(region)
        if level != "adjusting":
            values |= self._rates(region, period, table)
            if level in ("province", "city") and (period.annual or period.quarter_end):
                values |= self.accounts(region, period)
        elif period.annual or period.quarter_end:
            values |= {"gdp_cum": 0, "mva_cum": 0}  # the accounts know no adjusting rows
        if period.annual:
            values["out_cur"] = None  # the month's own value belongs to the monthly report
        form = form_for("GLT02", period)
        return {
            c.code: values[c.code]
            for c in form.columns
            if not c.key and c.due(period, level) and c.code in values
        }

    def _rates(self, region: str, period: Period, table: Table) -> Values:
        """The fields that do not add up; N (blank) where there is no enterprise."""
        rates: Values = {
            "tech_inv_share": two(self._technical(region, period)),
            "mfg_inv_growth": one(self._investment(region, period)),
            "va_growth": one(self.economy.va_growth(table, region)),
            "mfg_va_growth": one(self.economy.mfg_va_growth(table, region)),
        }
        for field in PARTS:
            rates[field] = two(self._share(region, period, table, field))
        if table.get(region, field="ent_n") == 0:
            rates |= dict.fromkeys((*PARTS, "va_growth", "mfg_va_growth", "mfg_inv_growth"))
        return rates

    def accounts(self, region: str, period: Period) -> Values:
        """GDP and manufacturing value added of a city, or of the cities together."""
        cities = self.codes.cities if region == PROVINCE else (region,)
        gdp = mva = 0
        for city in cities:
            drawn = Draw(self.economy.seed, "gdp", city)
            growth = {y: g + drawn.between(-0.012, 0.012) for y, g in _GDP_GROWTH.items()}
            level = GDP_2024[city] * 10_000
            for year in range(2025, period.year + 1):
                level *= 1 + growth[year]
            part = level * sum(SEASON[: period.month]) * (1 + 0.004 * (12 - period.month))
            whole = int(part)
            share = _MANUFACTURING[city] + 0.3 * (period.year - 2025) + drawn.between(-0.4, 0.4)
            gdp, mva = gdp + whole, mva + int(whole * share / 100)
        return {"gdp_cum": gdp, "mva_cum": mva}

    def _share(self, region: str, period: Period, table: Table, field: str) -> float:
        composed = self._composition(region, table, field) * self._scale[field]
        months = (period.year - 2025) * 12 + period.month - 12
        composed *= 1 + 0.0022 * months
        if region == PROVINCE:
            return composed if months else PROVINCE_SHARES_2025[field]
        drawn = Draw(self.economy.seed, "share", region, field)
        lasting = drawn.between(0.82, 1.18)
        monthly = Draw(self.economy.seed, "share", region, field, period.ref_month)
        return min(composed * lasting * monthly.between(0.99, 1.01), 93.0)

    def _composition(self, region: str, table: Table, field: str) -> float:
        """Part of the region's value added that counts as high-tech (equipment, emerging), %."""
        total = table.get(region, field="va_cum")
        if not total:
            return 0.0
        inside = counted = 0.0
        for chain in self.codes.chains:
            va = table.get(region, chain, field="va_cum")
            inside += va
            counted += va * getattr(CHAINS[chain], PARTS[field])
        counted += max(total - inside, 0.0) * getattr(CHAINS[OUTSIDE], PARTS[field])
        return 100 * counted / total

    @cached_property
    def _scale(self) -> dict[str, float]:
        """What brings the province to its published shares of 2025."""
        table = self.economy.table(ANCHOR)
        return {
            field: share / self._composition(PROVINCE, table, field)
            for field, share in PROVINCE_SHARES_2025.items()
        }

    def _technical(self, region: str, period: Period) -> float:
        monthly = Draw(self.economy.seed, "technical", region, period.ref_month).between(-0.7, 0.7)
        months = (period.year - 2025) * 12 + period.month - 12
        if region == PROVINCE:
            return PROVINCE_TECH_SHARE_2025 + (0.07 * months + 0.6 * monthly if months else 0.0)
        base = Draw(self.economy.seed, "technical", region).between(22.5, 50.0)
        return base + 0.07 * months + monthly

    def _investment(self, region: str, period: Period) -> float:
        monthly = Draw(self.economy.seed, "investment", region, period.ref_month).between(-1.3, 1.3)
        width = 2.0 if region == PROVINCE else 10.0
        base = Draw(self.economy.seed, "investment", region, period.year).between(-width, width)
        return 5.6 + base + monthly


def one(value: float | None) -> Decimal | None:
    """One decimal, as growth is written."""
    return None if value is None else Decimal(f"{value:.1f}")


def two(value: float | None) -> Decimal | None:
    """Two decimals, as shares are written."""
    return None if value is None else Decimal(f"{value:.2f}")


def hundredths(value: int) -> Decimal:
    """A number kept in hundredths."""
    return Decimal(value).scaleb(-2)
