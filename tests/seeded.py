"""Defects of different kinds, each put into one cell of a clean delivery, and what must be said of it.

They come in three batches: those that reject or ask stand side by side in the copies of one month; those
that only a comparison between submitters shows need all sides accepted, so they have batches of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from books import opened
from openpyxl import Workbook

from schemas.codes import Codes
from schemas.reading.record import Submission
from schemas.reading.workbook import read_workbook
from schemas.samples.sheet_defects import head_cell
from schemas.uscc import ALPHABET

Change = Callable[[str], object]
A, B, C, CITY, PROVINCE = "360602", "360603", "360681", "360600", "360000"


@dataclass(frozen=True)
class Seed:
    """One defect: where it is put, what is written there, and the rule that must name the cell."""

    name: str
    rule: str
    delivery: str  # period and office
    form: str
    key: tuple[str, ...]  # of the row; empty for an entry of the head
    field: str  # or the label in the head
    change: Change
    of: str = ""  # the field whose text is changed, unless it is the same


def _set(value: object) -> Change:
    return lambda _: value


def _times(factor: str) -> Change:
    return lambda text: float(Decimal(text) * Decimal(factor))


def _plus(more: int) -> Change:
    return lambda text: float(Decimal(text) + more)


def _other_check_character(code: str) -> str:
    return code[:-1] + ALPHABET[(ALPHABET.index(code[-1]) + 1) % len(ALPHABET)]


OCT, COUNTY = "2026-10", "GLT02"
COPPER, CHIPS = ("NF", "T"), ("EI", "T")
SEEDS = (
    Seed("出口交货值放大 10 倍", "S009", f"{OCT}/{A}", COUNTY, (A,), "exp_cum", _times("10.1"), "exp_cum_ly"),
    Seed(
        "总产值缩为千分之一", "S009", f"{OCT}/{A}", COUNTY, (A,), "out_cum", _times("0.00101"), "out_cum_ly"
    ),
    Seed(
        "总产值放大 100 倍",
        "S009",
        f"{OCT}/{C}",
        "GLT01",
        (C, *CHIPS),
        "out_cum",
        _times("101"),
        "out_cum_ly",
    ),
    Seed("出口交货值大于销售产值", "H101B", f"{OCT}/{B}", "GLT01", (B, *COPPER), "exp_cum", _set(99_999_999)),
    Seed("年初单位数两位颠倒", "H323", f"{OCT}/{C}", COUNTY, (C,), "ent_n_begin", _plus(90)),
    Seed("邻县代码", "T01", f"{OCT}/{A}", "GLT01", (A, "EI", "EI05"), "region_code", _set(B)),
    Seed("累计数下降", "S201B", f"{OCT}/{B}", "GLT01", (B, *CHIPS), "out_cum", _times("0.8")),
    Seed("一月报表", "H003", f"{OCT}/{PROVINCE}", COUNTY, (), "报告期：", _set("2026年1月")),
    Seed("表式过期", "H002", f"{OCT}/{CITY}", COUNTY, (), "有效期至：", _set("2025年12月")),
    Seed("计量单位亿元", "H008", f"{OCT}/{CITY}", "GLT03", (), "计量单位：", _set("亿元")),
    Seed("校验位错误", "H010", f"{OCT}/{B}", "GLT08", ("",), "uscc", _other_check_character),
    Seed("行业代码不在码表", "H005", f"{OCT}/{C}", "GLT08", ("",), "industry4", _set("4711")),
    Seed("年月写法", "R05", f"{OCT}/{C}", "GLT08", ("",), "date_in", _set("去年三月")),
    Seed("主链与行业不符", "S333", f"{OCT}/{B}", "GLT08", ("",), "industry4", _set("3911")),
    Seed("数字写成文字", "H007", f"{OCT}/{C}", COUNTY, (C,), "cost_cum", _set("约5")),
    Seed("百分数写成文字", "H007", f"{OCT}/{C}", COUNTY, (C,), "tech_inv_share", _set("36%")),
    Seed("细分链大于全链", "H302", f"{OCT}/{C}", "GLT01", (C, "EI", "Z"), "rev_cum", _times("2")),
    Seed("亏损企业多于企业", "H101A", f"{OCT}/{A}", "GLT01", (A, *COPPER), "ent_loss_n", _set(9)),
    Seed("主键重复", "H006", f"{OCT}/{B}", "GLT01", (B, "EI", "EI03"), "subchain_code", _set("EI01")),
    Seed("超出值域", "R03", f"{OCT}/{A}", COUNTY, (A,), "va_growth", _set(301)),
    Seed("人数不是整数", "R04", f"{OCT}/{A}", COUNTY, (A,), "emp_avg", _set(500.5)),
    Seed("应填而空白", "R01", f"{OCT}/{A}", COUNTY, (A,), "liab_end", _set(None)),
    Seed("本月与累计不衔接", "S202A", f"{OCT}/{A}", COUNTY, (A,), "out_cur", _times("1.5")),
    Seed("上年同期与上年已报不符", "S202E", f"{OCT}/{C}", COUNTY, (C,), "rev_cum_ly", _times("0.5")),
    Seed("同比超过一半", "S202C", f"{OCT}/{C}", COUNTY, (C,), "rev_cum_ly", _times("0.5")),
    Seed("利润小于负的亏损额", "H101E", f"{OCT}/{A}", "GLT01", (A, *CHIPS), "profit_cum", _set(-9_999_999)),
    Seed("资产小于应收与产成品", "H101F", f"{OCT}/{C}", "GLT01", (C, *CHIPS), "assets_end", _set(1)),
    Seed("单位数突变", "S201G", f"{OCT}/{C}", "GLT01", (C, *COPPER), "ent_n", _plus(60)),
    Seed("用电与产值背离", "S301", f"{OCT}/{B}", "GLT01", (B, *COPPER), "elec_cum", _times("2")),
    Seed("资产负债率异常", "S101K", f"{OCT}/{B}", "GLT01", (B, *COPPER), "liab_end", _times("3")),
)
COPIED = f"{OCT}/{B}"  # the whole row of GLT02, as it was a month before

# between submitters, in October
BETWEEN = (
    Seed("市不等于县之和", "H304", f"{OCT}/{CITY}", COUNTY, (CITY,), "emp_avg", _plus(500)),
    Seed("产业链大于全部", "H303", f"{OCT}/{CITY}", COUNTY, ("360698",), "rev_cum", _set(768_500)),
    Seed("企业数与名录不符", "S305", f"{OCT}/{A}", "GLT01", (A, *CHIPS), "ent_n", _plus(2)),
    Seed("集群大于产业链", "S307", f"{OCT}/{CITY}", "GLT03", ("KCU", CITY), "rev_cum", _set(37_502_006)),
    Seed("一企两县", "H332", f"{OCT}/{C}", "GLT08", ("",), "uscc", _set("91360603MA02JXUE8G")),
)
# between submitters, in the third quarter and the annual reports
LATER = (
    Seed("链长办与统计不一致", "S306", "2026-09/EI", "GLT07", ("EI",), "rev_cum", _times("1.01")),
    Seed(
        "季报与月报营业收入不一致",
        "S325",
        f"2026-09/{CITY}",
        "GLT05",
        (CITY, "EI"),
        "rev_cum",
        _times("1.01"),
    ),
    Seed("梯度表企业数不一致", "S325", f"2026-09/{CITY}", "GLT06", (B, "T"), "ent_n", _plus(1)),
    Seed("年报与快报相差过大", "S316", f"2025/{CITY}", "GLT04", (A, "T"), "rev_year", _times("1.04")),
    Seed("两张年报不一致", "S335", f"2025/{CITY}", "GLT04", (CITY, "EI"), "rev_year", _times("1.002")),
)


def planted(inbox: Path, out: Path, seeds: Sequence[Seed], codes: Codes, copied: str = "") -> dict[str, str]:
    """Write the deliveries with their defects into ``out``; the cell of each defect, by its name.

    Each is a newer version (版次 2) of a clean delivery. ``copied`` names one whose GLT02 repeats the
    month before.
    """
    cells: dict[str, str] = {}
    for delivery in dict.fromkeys(seed.delivery for seed in seeds):
        data = (inbox / f"{delivery}.xlsx").read_bytes()
        read = read_workbook(data, "", codes).submissions
        book = opened(data)
        for sheet in book.worksheets:
            if sheet.sheet_state == "visible":
                sheet[head_cell(sheet, "版次：")].value = 2
        if delivery == copied:
            _copy_last_month(book, read, inbox, codes)
        for seed in seeds:
            if seed.delivery == delivery:
                cells[seed.name] = _plant(book, read, seed)
        path = out / f"{delivery.replace('/', '-')}.xlsx"
        path.parent.mkdir(parents=True, exist_ok=True)
        book.save(path)
    return cells


def _plant(book: Workbook, read: Sequence[Submission], seed: Seed) -> str:
    submission = next(s for s in read if s.form == seed.form)
    sheet = book[submission.sheet]
    if not seed.key:
        address = head_cell(sheet, seed.field)
        sheet[address].value = seed.change("")  # type: ignore[assignment]
        return address
    cells = _row(submission, seed.key)
    address = cells[seed.field][0]
    sheet[address].value = seed.change(cells[seed.of or seed.field][1])  # type: ignore[assignment]
    return address


def _row(submission: Submission, key: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    """Address and text of every field of the row with these key parts; of a register the first row."""
    rows: dict[int, dict[str, tuple[str, str]]] = {}
    for cell in submission.cells:
        rows.setdefault(cell.row, {})[cell.field] = (cell.address, cell.value or "")
    for _, fields in sorted(rows.items()):
        texts = {text for _, text in fields.values()}
        if key == ("",) or all(part in texts for part in key):
            return fields
    raise LookupError(f"{submission.form} {key}")


def _copy_last_month(book: Workbook, read: Sequence[Submission], inbox: Path, codes: Codes) -> None:
    now = next(s for s in read if s.form == COUNTY)
    before = read_workbook((inbox / "2026-09" / f"{now.submitter}.xlsx").read_bytes(), "", codes)
    then = {c.field: c for s in before.submissions if s.form == COUNTY for c in s.cells}
    for cell in now.cells:
        if cell.kind == "number" and then[cell.field].value is not None:
            book[now.sheet][cell.address].value = float(then[cell.field].value or 0)


__all__ = ["BETWEEN", "COPIED", "LATER", "SEEDS", "A", "B", "C", "Seed", "planted"]
