"""What the samples assume of each chain: 2025 size, growth, ratios; calibrated, not published.

Sizes follow the published figures where a published scope fits (province 46,644.9, NE 3,968.5 with
NE01 2,104.3 and NE02 1,190.5, PH 847 in 2024) and are reduced to the above-scale scope elsewhere,
so that the twelve chains together stay below the province's total. ``OT`` is above-scale industry
outside the chains (power, mining, paper, tobacco). Amounts here are in 亿元.
"""

from __future__ import annotations

from dataclasses import dataclass

OUTSIDE = "OT"  # above-scale industry outside the twelve chains
PROVINCE_REVENUE_2025 = 466_449_000  # 万元, published
PROVINCE_GROWTH_2025 = 0.050  # comparable, published
PROVINCE_MFG_GROWTH_2025 = 8.4  # %, published
PROVINCE_SHARES_2025 = {"ht_va_share": 23.2, "eq_va_share": 35.5, "sei_va_share": 28.1}  # %; the last is ours
PROVINCE_TECH_SHARE_2025 = 36.5  # %, published
NE_2025 = {"NE01": 21_043_000, "NE02": 11_905_000, "": 39_685_000}  # 万元, published; "" the chain


@dataclass(frozen=True)
class ChainSize:
    """One chain's economy.

    ``growth`` is the comparable growth (%) of the cumulative revenue in February and December of
    2025 and of 2026, between which it moves evenly; ``shock`` the monthly common shock (%).
    ``head`` is revenue per employee (万元), ``days`` the receivable days, ``kwh`` electricity per
    万元 of output, ``tce`` energy (吨标准煤) per 万元 of output; other rates are shares.
    ``high_tech``, ``equipment`` and ``emerging`` are the parts of value added that count as such.
    """

    enterprises: int
    growth: tuple[float, float, float, float]
    shock: float
    margin: float
    va_rate: float
    export: float
    head: float
    loss: float
    days: float
    kwh: float
    tce: float
    high_tech: float
    equipment: float
    emerging: float


CHAINS: dict[str, ChainSize] = {
    "EI": ChainSize(1950, (8.0, 9.5, 16.5, 10.5), 2.0, 0.036, 0.19, 0.150, 150, 0.17, 68, 180, 0.03, 0.86, 0.92, 0.50),
    "NF": ChainSize(1250, (3.0, 6.5, 18.0, 11.5), 3.0, 0.032, 0.14, 0.025, 700, 0.18, 28, 220, 0.06, 0.02, 0.01, 0.20),
    "EQ": ChainSize(3400, (4.5, 7.5, 12.5, 8.0), 2.0, 0.052, 0.24, 0.080, 140, 0.14, 78, 150, 0.03, 0.16, 0.97, 0.30),
    "NE": ChainSize(520, (-11.0, 3.0, 12.0, 20.0), 4.0, 0.030, 0.20, 0.100, 260, 0.28, 75, 300, 0.08, 0.18, 0.85, 0.90),
    "PC": ChainSize(2150, (-4.5, 1.5, 8.0, 3.5), 2.5, 0.050, 0.22, 0.050, 190, 0.18, 45, 450, 0.45, 0.03, 0.01, 0.18),
    "BM": ChainSize(2200, (-10.0, -5.5, 3.5, -2.0), 2.0, 0.055, 0.26, 0.030, 130, 0.20, 62, 550, 0.55, 0.02, 0.01, 0.14),
    "ST": ChainSize(360, (-10.0, -3.0, 8.0, 2.5), 3.5, 0.022, 0.15, 0.030, 420, 0.24, 22, 480, 0.75, 0.01, 0.12, 0.08),
    "AV": ChainSize(90, (19.0, 12.0, 23.0, 14.0), 4.0, 0.042, 0.27, 0.040, 170, 0.16, 105, 60, 0.015, 0.92, 1.00, 0.95),
    "FD": ChainSize(1500, (3.0, 4.0, 7.5, 5.0), 1.5, 0.060, 0.25, 0.030, 190, 0.13, 25, 110, 0.04, 0.01, 0.00, 0.06),
    "TX": ChainSize(1600, (0.0, 2.0, 7.0, 2.0), 1.8, 0.053, 0.23, 0.170, 75, 0.12, 38, 250, 0.06, 0.01, 0.00, 0.05),
    "PH": ChainSize(640, (2.5, 5.3, 12.0, 6.5), 2.2, 0.126, 0.36, 0.040, 115, 0.15, 72, 130, 0.05, 0.97, 0.10, 0.70),
    "FU": ChainSize(620, (-6.0, -1.0, 8.0, 3.5), 3.0, 0.048, 0.24, 0.130, 80, 0.15, 40, 130, 0.03, 0.00, 0.02, 0.03),
    OUTSIDE: ChainSize(1900, (2.0, 2.5, 4.0, 4.0), 1.2, 0.060, 0.30, 0.020, 240, 0.17, 35, 300, 0.30, 0.03, 0.01, 0.03),
}  # fmt: skip

# 2025 revenue of each sub-chain, 亿元; Z is the chain's rest
SUBCHAINS: dict[str, dict[str, float]] = {
    "EI": {"EI01": 1960, "EI02": 560, "EI03": 480, "EI04": 230, "EI05": 1400, "EI91": 410, "Z": 3160},
    "NF": {"NF01": 6000, "NF02": 520, "NF03": 690, "Z": 1390},
    "EQ": {"EQ01": 1680, "EQ02": 905, "EQ91": 160, "EQ92": 95, "Z": 3610},
    "NE": {"NE01": 2104.3, "NE02": 1190.5, "NE91": 26.3, "NE92": 58.4, "NE93": 186.2, "Z": 402.8},
    "PC": {"PC01": 805, "PC02": 715, "PC03": 480, "PC04": 240, "Z": 740},
    "BM": {"BM01": 445, "BM02": 680, "BM03": 210, "BM91": 205, "BM92": 210, "Z": 860},
    "ST": {"ST01": 1140, "ST02": 430, "Z": 390},
    "AV": {"AV01": 315, "AV02": 410, "AV03": 65, "Z": 140},
    "FD": {"FD01": 190, "FD02": 215, "FD03": 250, "FD04": 170, "Z": 815},
    "TX": {"TX01": 830, "TX02": 310, "TX03": 120, "TX04": 130, "Z": 220},
    "PH": {"PH01": 370, "PH02": 225, "PH03": 55, "PH04": 165, "Z": 77},
    "FU": {"FU01": 380, "FU02": 95, "FU03": 60, "Z": 75},
    OUTSIDE: {"Z": 6194.4},
}

# growth of a sub-chain beyond its chain's, percentage points
SUBCHAIN_LEAD: dict[str, float] = {
    "EI05": 2.0, "EI91": 3.0, "EI02": -2.0, "NF02": 2.0, "NF03": 1.5, "EQ01": 1.5, "EQ92": 3.0,
    "NE01": 1.0, "NE02": -2.5, "NE93": 4.0, "PC02": 1.5, "BM02": -1.0, "BM03": 2.0, "AV03": 4.0,
    "FD04": 2.0, "TX04": 2.0, "PH04": 2.0, "PH03": 3.0,
}  # fmt: skip

# monthly parts of a year, January first
SEASON = (0.068, 0.064, 0.083, 0.082, 0.084, 0.087, 0.083, 0.083, 0.087, 0.085, 0.089, 0.105)
