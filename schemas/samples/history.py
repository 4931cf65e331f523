"""Writes the history workbooks: what the formulas need of the months that no delivery of the samples covers.

One line per value, filed by the bureau: GLT02 per region, GLT01 per city, chain and sub-chain, GLT03 per
cluster and city. The figures are the model's own sums, so they join the deliveries without a break.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from pathlib import Path

import xlsxwriter

from schemas.blank_history import HEADER
from schemas.codes import OTHER_SUBCHAIN, PROVINCE, WHOLE_CHAIN, Codes
from schemas.form import form_for
from schemas.period import Period
from schemas.reading.layout import HISTORY_TITLE
from schemas.samples.cluster_forms import ClusterForms
from schemas.samples.economy import Economy
from schemas.samples.people import BANNER
from schemas.samples.region_forms import RegionForms, Values
from schemas.samples.write import SEED, economy_of

SOURCE = "合成样例"
REPORTED_ON = "2026年9月20日"

MONTHS = (
    Period(2024, 12, 0),
    *(Period(2025, month, 0) for month in range(2, 12)),
    *(Period(2026, month, 0) for month in range(2, 9)),
)
YEARS = (Period(2024, 12, 2),)

GLT01_TOTAL = ("ent_n", "ent_loss_n", "rev_cum", "rev_cum_ly", "profit_cum")
GLT01_PART = ("rev_cum", "rev_cum_ly")
GLT02_MONTHLY = (
    "ent_n", "ent_loss_n", "out_cum", "sale_cum", "exp_cum", "rev_cum", "rev_cum_ly", "profit_cum", "ar_end",
    "mfg_va_growth", "ht_va_share", "eq_va_share", "mfg_inv_growth", "tech_inv_share",
    "ent_new_n", "ent_exit_n", "ent_n_begin",
)  # fmt: skip
GLT02_QUARTERLY = ("gdp_cum", "mva_cum")
GLT02_ANNUAL = ("va_cum", "emp_avg", "tax_cum", "land_mu")
GLT03_MONTHLY = (
    "ent_n", "ent_n_begin", "rev_cum", "rev_cum_ly", "profit_cum", "sale_cum", "exp_cum", "fai_cum", "tech_fai_cum",
)  # fmt: skip

Record = tuple[str, str, str, str, object]  # form, period, key, field, value


def write_history(
    codes: Codes, out: Path, seed: int = SEED, on_written: Callable[[Path], None] | None = None
) -> list[Path]:
    """Write ``out/GLT01.xlsx``, ``GLT02.xlsx`` and ``GLT03.xlsx``; the same arguments give the same bytes."""
    economy = economy_of(codes, seed)
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for form, records in (
        ("GLT01", chain_records(economy)),
        ("GLT02", region_records(economy)),
        ("GLT03", cluster_records(economy)),
    ):
        path = out / f"{form}.xlsx"
        _write(path, records)
        written.append(path)
        if on_written is not None:
            on_written(path)
    return written


def region_records(economy: Economy) -> Iterator[Record]:
    """GLT02 of the province, its cities and counties."""
    forms = RegionForms(economy)
    regions = (PROVINCE, *economy.codes.cities, *economy.codes.counties())
    for period in (*MONTHS, *YEARS):
        fields = GLT02_MONTHLY + (GLT02_QUARTERLY if period.quarter_end else ())
        fields += GLT02_ANNUAL if period.annual else ()
        for region in regions:
            yield from _records("GLT02", period, {"region_code": region}, forms.row(region, period), fields)


def chain_records(economy: Economy) -> Iterator[Record]:
    """GLT01 of the cities: whole chains, and the sub-chains that are there."""
    for period in MONTHS:
        table = economy.table(period)
        for city in economy.codes.cities:
            for chain in economy.codes.chains.values():
                for sub in (WHOLE_CHAIN, *chain.subchains, OTHER_SUBCHAIN):
                    if sub != WHOLE_CHAIN and (city, chain.code, sub) not in table.rows:
                        continue
                    key = {"region_code": city, "chain_code": chain.code, "subchain_code": sub}
                    values: Values = dict(table.row(city, chain.code, sub))
                    yield from _records(
                        "GLT01", period, key, values, GLT01_TOTAL if sub == WHOLE_CHAIN else GLT01_PART
                    )


def cluster_records(economy: Economy) -> Iterator[Record]:
    """GLT03 of each cluster's cities and its lead's column; the quarters of 2025 and the year 2024 in full."""
    forms = ClusterForms(economy)
    for period in (*MONTHS, *YEARS):
        full = period.annual or (period.year == 2025 and period.quarter_end)
        for cluster in economy.codes.clusters.values():
            for region in (*cluster.cities, PROVINCE):
                values = forms.row(cluster.code, region, period)
                kept = tuple(f for f in values if full or f in GLT03_MONTHLY)
                wanted = tuple(f for f in kept if f not in ("area_rev_cum", "top1_rev_cum", "top2_rev_cum"))
                yield from _records(
                    "GLT03", period, {"cluster_code": cluster.code, "region_code": region}, values, wanted
                )


def _records(
    form: str, period: Period, key: dict[str, str], values: Values, fields: tuple[str, ...]
) -> Iterator[Record]:
    form_for(form, period)  # KeyError if no edition covers the period
    text = ";".join(f"{name}={code}" for name, code in key.items())
    for field in fields:
        if values.get(field) is not None:
            yield form, str(period), text, field, values[field]


def _write(path: Path, records: Iterator[Record]) -> None:
    with xlsxwriter.Workbook(str(path)) as book:
        book.set_properties(
            {"created": datetime.datetime(2026, 9, 20), "title": HISTORY_TITLE, "comments": BANNER}
        )
        sheet = book.add_worksheet("历史数据")
        bold = book.add_format({"bold": True})
        for row, text in enumerate(
            (HISTORY_TITLE, BANNER, "填报单位代码：BUREAU", f"报出日期：{REPORTED_ON}")
        ):
            sheet.write_string(row, 0, text, bold)
        for column, text in enumerate(HEADER):
            sheet.write_string(4, column, text, bold)
        row = 4
        for row, (form, period, key, field, value) in enumerate(records, 5):
            for column, text in enumerate((form, period, key, field)):
                sheet.write_string(row, column, text)
            sheet.write_number(row, 4, float(str(value)))
            sheet.write_string(row, 5, SOURCE)
        sheet.freeze_panes(5, 0)
        sheet.autofilter(4, 0, row, len(HEADER) - 1)
        sheet.set_column(0, 1, 10)
        sheet.set_column(2, 2, 52)
        sheet.set_column(3, 5, 16)
