"""Writes the workbook of really published figures: nothing in it is synthetic, everything else stays blank.

Only figures of reliability A or B for 2025 whose scope is that of a form's field (above-scale industry)
are filled; each cell's comment names scope, reliability and note. Left out, because no field has their
scope: 鹰潭 copper and 南康 furniture (whole industry), the 118 provincial clusters, comparable growth of
revenue (its base was not published).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from schemas.codes import PROVINCE, WHOLE_CHAIN, Codes
from schemas.form import form_for
from schemas.period import Period
from schemas.territory import BUREAU, Due, Key
from schemas.workbook import Filled, Head, filled_workbook

BANNER = "公布资料：只填已公布的数字，逐格批注口径、可靠程度和说明；其余留空，不是填报数据"
PERIOD = Period(2025, 12, 0)


@dataclass(frozen=True)
class Figure:
    """One published figure: where it belongs, its value as the form writes it, and what is known of it."""

    form: str
    key: Key
    field: str
    value: Decimal | int
    printed: str
    scope: str
    reliability: str
    note: str

    @property
    def comment(self) -> str:
        """The cell's comment."""
        return f"公布数：{self.printed}\n口径：{self.scope}\n可靠程度：{self.reliability}\n说明：{self.note}"


FIGURES = (
    Figure("GLT01", (PROVINCE, "NE", WHOLE_CHAIN), "rev_cum", 39_685_000, "2025年新能源产业链营业收入 3968.5亿元",
           "规上", "A", "第四大产业；2026年目标7000亿元，完成度56.7%"),
    Figure("GLT01", (PROVINCE, "NE", "NE01"), "rev_cum", 21_043_000, "2025年锂电营业收入 2104.3亿元",
           "规上", "A", "2026年目标：超过3500亿元，力争4500亿元"),
    Figure("GLT01", (PROVINCE, "NE", "NE02"), "rev_cum", 11_905_000, "2025年光伏营业收入 1190.5亿元",
           "规上", "A", "2026年目标：达到2000亿元，力争2500亿元"),
    Figure("GLT02", (PROVINCE,), "rev_cum", 466_449_000, "2025年规上工业营业收入 46644.9亿元",
           "规上，可比增速5%", "B", "首进全国前十；低于2022年推算值而增速为正，口径有变动，不得与2022年相除"),
    Figure("GLT02", (PROVINCE,), "mfg_va_growth", Decimal("8.4"), "2025年规上制造业增加值增长 8.4%",
           "规上，可比价", "B", "拉动规上工业7.5个百分点；装备+12.0%、高技术+11.8%"),
    Figure("GLT02", (PROVINCE,), "ht_va_share", Decimal("23.2"), "2025年高技术制造业增加值占规上工业 23.2%",
           "规上", "A", "较上年提高1.5个百分点"),
    Figure("GLT02", (PROVINCE,), "eq_va_share", Decimal("35.5"), "2025年装备制造业增加值占规上工业 35.5%",
           "规上", "A", "较上年提高1.9个百分点"),
    Figure("GLT02", (PROVINCE,), "tech_inv_share", Decimal("36.5"), "2025年工业技改投资占工业投资 36.5%",
           "全部工业投资", "A", "技改投资增长5.3%"),
    Figure("GLT02", ("360500",), "va_growth", Decimal("9.5"), "2025年新余市规上工业增加值增长 9.5%左右",
           "规上，可比价", "A", "原文为“左右”"),
)  # fmt: skip


def write_published(codes: Codes, out: Path, on_written: Callable[[Path], None] | None = None) -> list[Path]:
    """Write ``out/2025-12/BUREAU.xlsx`` with the published figures of the regions and chains in the code lists."""
    sheets, forms = [], {}
    for code in ("GLT01", "GLT02"):
        known = [f for f in FIGURES if f.form == code and _known(codes, f)]
        rows: dict[Key, dict[str, Decimal | int | str | None]] = {}
        for figure in known:
            rows.setdefault(figure.key, {})[figure.field] = figure.value
        if rows:
            notes = {(figure.key, figure.field): figure.comment for figure in known}
            sheets.append(Filled(Due(BUREAU.code, PERIOD, code), rows, notes=notes))
            forms[code] = form_for(code, PERIOD, "published")
    head = Head(1, "2026-04-30", "公布资料整理", "公布资料整理", "公布资料整理", "见各格批注", BANNER)
    path = out / str(PERIOD) / f"{BUREAU.code}.xlsx"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(filled_workbook(codes, BUREAU, head, sheets, forms))
    if on_written is not None:
        on_written(path)
    return [path]


def _known(codes: Codes, figure: Figure) -> bool:
    region, *chain = figure.key
    return region in codes.regions and (not chain or chain[0] in codes.chains)
