"""Fills GLT01 (a county's or a city's adjusting rows by chain and sub-chain) and GLT07 (a chain office)."""

from __future__ import annotations

from schemas.codes import OTHER_SUBCHAIN, PROVINCE, WHOLE_CHAIN, Codes
from schemas.period import Period
from schemas.samples.draw import Draw
from schemas.samples.economy import Economy
from schemas.samples.region_forms import Values, one

GLT01_SUMS = (
    "ent_n", "ent_loss_n", "out_cur", "out_cum", "out_cum_ly", "sale_cum", "exp_cum", "exp_cum_ly",
    "rev_cum", "rev_cum_ly", "cost_cum", "profit_cum", "profit_cum_ly", "loss_amt_cum", "ar_end",
    "fg_inv_end", "assets_end", "liab_end", "emp_avg",
)  # fmt: skip
_ELECTRICITY = ("elec_cum", "elec_cum_ly")

# full-chain revenue (with services and below-scale units) over above-scale revenue, where it is reported
_FULL_SCOPE = {"EI": 1.44, "AV": 1.93, "FU": 4.6}

# chain: nodes, covered %, gap tasks, done % a year, leaders' purchases / revenue, from SMEs %, from three
# countries %, critical items, secured %, backed up %, deep processing %, inside clusters %, match done %, projects done %
_OFFICE = {
    "EI": (96, 84, 26, 92, 0.22, 31, 58, 74, 57, 46, 61, 83, 62, 96),
    "NF": (58, 93, 14, 104, 0.31, 19, 76, 31, 82, 52, 38, 95, 71, 103),
    "EQ": (112, 79, 30, 88, 0.19, 42, 44, 88, 71, 38, 68, 77, 55, 91),
    "NE": (64, 89, 22, 71, 0.27, 36, 69, 42, 84, 44, 52, 91, 43, 72),
    "PC": (71, 66, 18, 79, 0.34, 16, 81, 38, 66, 35, 46, 80, 51, 84),
    "BM": (45, 91, 9, 95, 0.12, 24, 39, 16, 91, 61, 43, 72, 66, 78),
    "ST": (38, 74, 10, 83, 0.36, 12, 88, 21, 77, 42, 35, 69, 58, 88),
    "AV": (83, 57, 24, 76, 0.25, 22, 73, 95, 43, 24, 72, 86, 47, 98),
    "FD": (49, 88, 12, 99, 0.14, 47, 33, 12, 95, 66, 58, 64, 74, 93),
    "TX": (42, 86, 11, 90, 0.11, 39, 36, 18, 88, 48, 66, 70, 60, 86),
    "PH": (67, 75, 20, 86, 0.13, 21, 47, 53, 64, 33, 70, 82, 57, 90),
    "FU": (36, 72, 8, 68, 0.10, 51, 41, 14, 79, 26, 63, 88, 39, 67),
}


class ChainForms:
    """GLT01 and GLT07 rows of an economy."""

    def __init__(self, economy: Economy) -> None:
        self.economy = economy
        self.codes: Codes = economy.codes

    def rows(self, region: str, period: Period) -> dict[tuple[str, str, str], Values]:
        """GLT01 rows of a county or adjusting row: all T rows, and the sub-chains that are there."""
        rows: dict[tuple[str, str, str], Values] = {}
        for chain in self.codes.chains.values():
            for sub in (WHOLE_CHAIN, *chain.subchains, OTHER_SUBCHAIN):
                values = self.row(region, chain.code, sub, period)
                if sub == WHOLE_CHAIN or any(values[field] for field in GLT01_SUMS):
                    rows[(region, chain.code, sub)] = values
        return rows

    def row(self, region: str, chain: str, sub: str, period: Period) -> Values:
        """One GLT01 row; an adjusting row has only what adds up."""
        table = self.economy.table(period)
        figures = table.row(region, chain, sub)
        shown = (*GLT01_SUMS, *_ELECTRICITY) if sub == WHOLE_CHAIN else GLT01_SUMS
        values: Values = {field: figures[field] for field in shown}
        if self.codes.level(region) != "adjusting":
            values["va_growth"] = one(self.economy.va_growth(table, region, chain, sub))
            top = self.economy.largest(period).get((region, chain, sub), (0, 0))
            values["top1_rev_cum"], values["top2_rev_cum"] = top
        return values

    def office(self, chain: str, period: Period) -> Values:
        """The one column of GLT07: quarterly fields, in the annual report all."""
        (nodes, covered, gaps, done, bought, sme, three, items, safe, backed, deep, inside, met, built) = (
            _OFFICE[chain]
        )
        table = self.economy.table(period)
        revenue = table.get(PROVINCE, chain, field="rev_cum")
        yearly = self.economy.table(Period(2025, 12, 0)).get(PROVINCE, chain, field="rev_cum")
        drawn = Draw(self.economy.seed, "office", chain, period.year)
        moved = Draw(self.economy.seed, "office", chain, period.year, period.month)
        later, part = period.year - 2025, period.month / 12
        gap_plan = gaps + 2 * later + drawn.below(3)
        signed = int(gaps * 4.3 * part * drawn.between(0.9, 1.1)) + 3
        plan = int(yearly * drawn.between(0.028, 0.047))
        values: Values = {
            "node_n": nodes + 2 * later,
            "node_cov_n": min(int((nodes + 2 * later) * (covered + 1.5 * later) / 100 + 0.5), nodes),
            "gap_plan_n": gap_plan,
            "gap_done_n": min(int(gap_plan * done / 100 * part * moved.between(0.92, 1.05)), gap_plan),
            "deep_rev_cum": int(revenue * (deep + later + moved.between(-0.5, 0.5)) / 100),
            "cluster_rev_cum": int(revenue * (inside + 0.6 * later + moved.between(-0.3, 0.3)) / 100),
            "rev_cum": revenue,
            "match_sign_n": signed,
            "match_done_n": int(signed * (met + 2 * later) / 100),
            "proj_plan": plan,
            "proj_done": int(plan * built / 100 * part * moved.between(0.95, 1.05)),
        }
        if chain in _FULL_SCOPE:
            values["rev_full_cum"] = int(revenue * (_FULL_SCOPE[chain] + moved.between(-0.01, 0.01)))
        if period.annual:
            purchases = int(revenue * bought * drawn.between(0.95, 1.05))
            backups = items // 2 + 3
            values |= {
                "buy_total": purchases,
                "buy_sme": int(purchases * sme / 100),
                "top3_buy": int(purchases * three / 100),
                "key_item_n": items,
                "key_safe_n": int(items * safe / 100 + 0.5),
                "backup_need_n": backups,
                "backup_n": int(backups * backed / 100 + 0.5),
            }
        return values
