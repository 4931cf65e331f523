"""The oracle's own way from the workbooks to figures: python-calamine, labels, exact decimals.

Nothing of the product is used here, so that a fault in the product's reader cannot hide: the sheet is known
by its 表号, a wide column by its two header lines, a long line by its code, and a number by the 15 digits
that Excel shows. The register and the forms that no index uses are passed over.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import cache
from pathlib import Path

from python_calamine import CalamineWorkbook

PROVINCE = "360000"
USED = ("GLT01", "GLT02", "GLT03", "GLT04", "GLT05", "GLT06", "GLT07")
_FIFTEEN = Context(prec=15, rounding=ROUND_HALF_EVEN)

# The key columns of the wide forms, and the data columns that the indices use, by their printed headings.
KEY_LABELS = {"行政区划代码": "region", "产业链代码": "chain", "细分产业链代码": "subchain"}
LABELS: dict[str, dict[tuple[str, str], str]] = {
    "GLT01": {
        ("规上企业单位数", ""): "ent_n",
        ("亏损企业单位数", ""): "ent_loss_n",
        ("营业收入", "1-本月"): "rev_cum",
        ("营业收入", "上年同期"): "rev_cum_ly",
        ("利润总额", "1-本月"): "profit_cum",
    },
    "GLT02": {
        ("规上企业单位数", ""): "ent_n",
        ("亏损企业单位数", ""): "ent_loss_n",
        ("工业总产值（当年价）", "1-本月"): "out_cum",
        ("工业销售产值", "1-本月"): "sale_cum",
        ("出口交货值", "1-本月"): "exp_cum",
        ("营业收入", "1-本月"): "rev_cum",
        ("营业收入", "上年同期"): "rev_cum_ly",
        ("利润总额", "1-本月"): "profit_cum",
        ("应收账款", "期末"): "ar_end",
        ("平均用工人数", ""): "emp_avg",
        ("规上工业增加值（现价，年报）", ""): "va_cum",
        ("规上制造业增加值增速（累计）", ""): "mfg_va_growth",
        ("地区生产总值", "累计"): "gdp_cum",
        ("制造业增加值（核算口径）", "累计"): "mva_cum",
        ("高技术制造业增加值占规上工业比重", ""): "ht_va_share",
        ("装备制造业增加值占规上工业比重", ""): "eq_va_share",
        ("制造业投资增速（累计）", ""): "mfg_inv_growth",
        ("工业技改投资占工业投资比重", ""): "tech_inv_share",
        ("本年新增规上企业数", "累计"): "ent_new_n",
        ("本年退出规上企业数", "累计"): "ent_exit_n",
        ("年初规上企业数", ""): "ent_n_begin",
        ("制造业税收收入 累计（税务部门）", ""): "tax_cum",
        ("工业用地面积（自然资源部门，年末）", ""): "land_mu",
    },
    "GLT04": {
        ("规上企业数（同口径）", ""): "ent_n",
        ("营业收入（年报）", ""): "rev_year",
        ("R&D经费支出", ""): "rd_exp",
        ("有R&D活动企业数", ""): "rd_ent_n",
        ("新产品销售收入", ""): "newprod_rev",
        ("有效发明专利数", ""): "patent_n",
        ("规上高新技术企业数", ""): "hnte_n",
        ("规上高新技术企业营业收入", ""): "hnte_rev",
        ("服务型制造示范（含试点）企业营业收入", ""): "svcmfg_rev",
        ("关键工序数控化率", ""): "cnc_rate",
        ("数字化研发设计工具普及率", ""): "dtool_rate",
        ("开展数字化改造的规上企业数", "累计"): "dx_ent_n",
        ("接入产业大脑或工业互联网平台企业数", ""): "cloud_ent_n",
        ("关键共性技术攻关立项数", "累计"): "task_n",
        ("其中：已完成并验收数", "累计"): "task_done_n",
    },
    "GLT05": {
        ("综合能源消费量", "累计"): "energy_cum",
        ("综合能源消费量", "上年同期"): "energy_cum_ly",
        ("增加值增速（可比价，累计）", ""): "va_growth",
        ("营业收入 累计（同口径）", ""): "rev_cum",
        ("工业增加值（年，现价）", ""): "va_year",
        ("工业用水量（年）", ""): "water_year",
        ("一般工业固废产生量", ""): "solid_gen",
        ("一般工业固废综合利用量", ""): "solid_used",
        ("省级以上绿色工厂营业收入", ""): "green_rev",
        ("营业收入（年报）", ""): "rev_year",
        ("工业生产安全事故死亡人数", "累计"): "dead_n",
        ("其中：综合利用往年贮存量", ""): "solid_prior_used",
    },
    "GLT06": {
        ("规上企业数（同口径）", ""): "ent_n",
        ("专精特新中小企业", ""): "srdi_n",
        ("国家级专精特新“小巨人”企业", ""): "lg_n",
        ("国家级制造业单项冠军企业", ""): "champ_n",
        ("链主企业营业收入", "累计"): "leader_rev_cum",
        ("营业收入 累计（同口径）", ""): "rev_cum",
        ("国家级创新平台", ""): "plat_nat_n",
        ("省级创新平台", ""): "plat_prov_n",
    },
}


@dataclass(frozen=True, order=True)
class Report:
    """What a figure was reported in: a month (a quarter is its last month) or the annual report of a year."""

    year: int
    month: int
    annual: bool = False

    def earlier(self, months: int) -> Report:
        """The month so many months before."""
        year, month = divmod(self.year * 12 + self.month - 1 - months, 12)
        return Report(year, month + 1)


@dataclass(frozen=True)
class Cell:
    """A figure, or the mark that stands where there is none: N, W or C ('' is simply blank)."""

    value: Decimal | None
    mark: str = ""


Key = tuple[str, ...]  # the non-empty codes of a row: region, chain, sub-chain | cluster, region | chain
Rows = dict[Key, dict[str, Cell]]


@dataclass
class Reports:
    """All rows, those of the submitters and those that the bureau filed, by form and report."""

    filed: dict[tuple[str, Report], Rows] = field(default_factory=lambda: defaultdict(dict))
    history: dict[tuple[str, Report], Rows] = field(default_factory=lambda: defaultdict(dict))

    def row(self, form: str, report: Report, key: Key) -> dict[str, Cell] | None:
        """The row that stands: the submitter's, else the bureau's."""
        filed = self.filed.get((form, report), {}).get(key)
        return filed if filed is not None else self.history.get((form, report), {}).get(key)


def read_reports(folder: Path) -> Reports:
    """Every workbook below a folder."""
    reports = Reports()
    for path in sorted(folder.rglob("*.xlsx")):
        book = CalamineWorkbook.from_path(str(path))
        for name in book.sheet_names:
            lines = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            if _squeezed(lines[0][0]) == "历史数据表":
                _read_history(lines, reports)
                continue
            form = _form(lines)
            if form not in USED:
                continue
            report = read_period(_beside(lines, "报告期："))
            rows = _read_long(form, lines) if form in ("GLT03", "GLT07") else _read_wide(form, lines)
            reports.filed[form, report].update(rows)
    return reports


@cache
def read_period(text: str) -> Report:
    """2026年1-10月, 2026年第三季度, 2025年年报; in history 2026-10, 2026Q3, 2025."""
    if found := re.fullmatch(r"(\d{4})年1-(\d+)月|(\d{4})-(\d\d)", text):
        year, month = found[1] or found[3], found[2] or found[4]
        return Report(int(year), int(month))
    if found := re.fullmatch(r"(\d{4})年第([一二三四])季度", text):
        return Report(int(found[1]), 3 * ("一二三四".index(found[2]) + 1))
    if found := re.fullmatch(r"(\d{4})Q(\d)", text):
        return Report(int(found[1]), 3 * int(found[2]))
    found = re.fullmatch(r"(\d{4})(?:年年报)?", text)
    assert found is not None, text
    return Report(int(found[1]), 12, annual=True)


def number(raw: object) -> Decimal | None:
    """What Excel shows of a number: 15 digits, of which the forms keep 4 decimals. None for a blank."""
    if raw == "":
        return None
    assert isinstance(raw, int | float), raw
    shown = _FIFTEEN.create_decimal(repr(raw))
    return shown.quantize(Decimal("0.0001"), rounding=ROUND_HALF_EVEN)


def _squeezed(raw: object) -> str:
    return "".join(str(raw).split())


def _form(lines: list[list]) -> str:
    number_of = _beside(lines, "表号：")
    found = re.fullmatch(r"赣链统(\d\d)表", number_of)
    assert found is not None, number_of
    return f"GLT{found[1]}"


def _beside(lines: list[list], label: str) -> str:
    """The next filled cell to the right of a label."""
    for line in lines:
        for at, raw in enumerate(line):
            if _squeezed(raw) == label:
                return next(_squeezed(other) for other in line[at + 1 :] if other != "")
    raise AssertionError(label)


def _read_wide(form: str, lines: list[list]) -> Rows:
    """Header lines are three and two above the line 甲 乙 丙; the units stand between."""
    at = next(number for number, line in enumerate(lines) if line[0] == "甲")
    keys: dict[int, str] = {}
    columns: dict[int, str] = {}
    marks, first = -1, ""
    for column, (upper, lower) in enumerate(zip(lines[at - 3], lines[at - 2], strict=True)):
        first = str(upper) or first
        if first in KEY_LABELS:
            keys[column] = KEY_LABELS[first]
        elif first == "数据标识":
            marks = column
        elif (first, str(lower)) in LABELS[form]:
            columns[column] = LABELS[form][first, str(lower)]
    assert sorted(columns.values()) == sorted(LABELS[form].values()), (form, columns)
    rows: Rows = {}
    for line in lines[at + 1 :]:
        key = tuple(str(line[column]) for column in keys)
        if not all(key):
            break
        marked = _marks(str(line[marks]))
        row = {}
        for column, code in columns.items():
            value = number(line[column])
            row[code] = Cell(value, "" if value is not None else marked.get(code, marked.get("", "")))
        assert key not in rows
        if any(cell.value is not None or cell.mark for cell in row.values()):
            rows[key] = row
    return rows


def _marks(text: str) -> dict[str, str]:
    """``N`` holds for the row (under ''), ``va_growth=N|elec_cum=C`` for single fields."""
    if "=" not in text:
        return {"": text}
    return dict(part.split("=", 1) for part in text.split("|"))


def _read_long(form: str, lines: list[list]) -> Rows:
    """One line per field; the rows stand side by side under headings that end in their code."""
    at = next(number for number, line in enumerate(lines) if line[0] == "甲")
    subject = _beside(lines, "集群代码：" if form == "GLT03" else "产业链代码：")
    rows: Rows = {}
    for column, heading in enumerate(lines[at - 2]):
        found = re.search(r"（(\w+)）$", str(heading))
        if not found or found[1].startswith("PK"):  # a zone's figures are part of its city's
            continue
        row: dict[str, Cell] = {}
        for line in lines[at + 1 :]:
            if line[2] == "":
                break
            value = number(line[column])
            row[str(line[2])] = Cell(value, "" if value is not None else str(line[column + 1]))
        rows[(subject, found[1]) if form == "GLT03" else (subject,)] = row
    return rows


def _read_history(lines: list[list], reports: Reports) -> None:
    at = next(number for number, line in enumerate(lines) if line[0] == "表代码")
    for form, period, key, code, raw, _ in (line[:6] for line in lines[at + 1 :]):
        if form == "":
            break
        row = reports.history[form, read_period(str(period))].setdefault(_codes(key), {})
        row[code] = Cell(number(raw))


@cache
def _codes(key: str) -> Key:
    """``region_code=360600;chain_code=NF`` as its codes."""
    return tuple(part.split("=")[1] for part in key.split(";"))


@dataclass(frozen=True)
class Lists:
    """Who belongs to whom, from the code lists."""

    cities: tuple[str, ...]
    counties: tuple[str, ...]
    below: dict[str, tuple[str, ...]]  # city -> its counties and its adjusting rows
    subchains: dict[str, tuple[str, ...]]  # chain -> its sub-chains, emerging ones too
    cluster_cities: dict[str, tuple[str, ...]]
    core_cities: dict[str, tuple[str, ...]]
    cluster_chains: dict[str, tuple[str, ...]]  # the chains or sub-chains that a cluster belongs to


def read_lists(folder: Path) -> Lists:
    """The code lists of a folder."""

    def lines(name: str) -> list[dict[str, str]]:
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    regions, members = lines("regions"), lines("cluster_cities")
    cities = tuple(r["code"] for r in regions if r["level"] == "city")
    clusters = lines("clusters")
    chains = [c["code"] for c in lines("chains") if c["code"] != "T"]
    return Lists(
        cities=cities,
        counties=tuple(r["code"] for r in regions if r["level"] == "county"),
        below={city: tuple(r["code"] for r in regions if r["parent"] == city) for city in cities},
        subchains={
            chain: tuple(s["code"] for s in lines("subchains") if s["chain"] == chain) for chain in chains
        },
        cluster_cities={
            c["code"]: tuple(m["city"] for m in members if m["cluster"] == c["code"]) for c in clusters
        },
        core_cities={
            c["code"]: tuple(m["city"] for m in members if m["cluster"] == c["code"] and m["role"] == "core")
            for c in clusters
        },
        cluster_chains={c["code"]: tuple(c["chains"].split("|")) for c in clusters},
    )
