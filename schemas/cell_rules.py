"""The rules that every form shares, about one cell or one key: derived from the form's columns.

R01 due and blank, R03 outside its range, R04 no whole number, R05 no month or date, H004 and H005
code not in its list, H006 key not unique, H010 and H011 wrong check character, T01 outside the
filer's territory. Each is a polars expression per column that is true where the cell is good, and a
Chinese sentence. (R02, T02 look at a submission as a whole and stand in ``checks``.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby

import polars as pl

from schemas.citing import shown
from schemas.codes import OTHER_SUBCHAIN, WHOLE_CHAIN, Codes
from schemas.form import Column
from schemas.frames import AMOUNT, OVERFLOW, Wide
from schemas.owed import Offices, Owed
from schemas.period import Period
from schemas.ranges import inside
from schemas.uscc import valid_uscc

Say = Callable[[Column, int], tuple[str, str]]  # column and line to sentence and advice

_PATTERNS = {"month": r"^\d{4}-(0[1-9]|1[0-2])$", "date": r"^\d{4}-\d{2}-\d{2}$"}
_SHAPES = {"month": "2026-10", "date": "2026-10-31"}
_USCC_RULES = {"GLT09": "H011"}


@dataclass(frozen=True)
class CellRule:
    """One rule: by column, the expression that holds for a good cell; nulls never reach a check.

    ``with_`` names the further columns whose cells a finding shows.
    """

    id: str
    good: Mapping[str, pl.Expr]
    say: Say
    with_: tuple[str, ...] = ()


def cell_rules(owed: Owed, offices: Offices) -> tuple[CellRule, ...]:
    """The rules that hold for a form's frame; one without columns to look at is left out."""
    wide, codes = owed.wide, offices.codes
    rules = (
        _required(owed), _range(wide), _whole(wide), _shape(wide), *_lists(wide, codes),
        _subchains(wide, codes), _zones(wide, codes), _unique(wide), _credit_code(wide),
        _territory(owed, offices),
    )  # fmt: skip
    return tuple(rule for rule in rules if rule.good)


def _required(owed: Owed) -> CellRule:
    wide = owed.wide
    good = {}
    for column in wide.form.columns:
        owing = owed.owing(column.code)
        if not owing:
            continue
        unexplained = pl.col(column.code) == "" if column.key else pl.col(column.code).is_null()
        if column.code in wide.gaps:
            unexplained &= wide.gap(column.code).is_null()
        if column.optional_when:
            unexplained &= ~pl.sql_expr(column.optional_when).fill_null(False)
        good[column.code] = ~(pl.col("situation").is_in(owing) & unexplained)

    def say(column: Column, line: int) -> tuple[str, str]:
        advice = "请填报；确为零填 0，不适用或尚未产生的在“数据标识”列注明。"
        return f"必填项“{column.label}”未报（空白）", advice if column.numeric else "请填报。"

    return CellRule("R01", good, say)


def _range(wide: Wide) -> CellRule:
    good = {
        code: fits & (wide.gap(code) != OVERFLOW).fill_null(True) if code in wide.gaps else fits
        for code, fits in inside(wide.form).items()
    }

    def say(column: Column, line: int) -> tuple[str, str]:
        low = "不限" if column.min is None else f"{column.min:f}"
        high = "不限" if column.max is None else f"{column.max:f}"
        sentence = f"“{column.label}”的值 {shown(wide, line, column.code)} 超出值域（{low} 至 {high}）"
        return sentence, f"请核对数值和计量单位（{column.unit}）。"

    return CellRule("R03", good, say)


def _whole(wide: Wide) -> CellRule:
    good = {
        c.code: (pl.col(c.code) == pl.col(c.code).cast(pl.Int64).cast(AMOUNT)).fill_null(True)
        for c in wide.form.columns
        if c.type == "int"
    }

    def say(column: Column, line: int) -> tuple[str, str]:
        value = shown(wide, line, column.code)
        return f"“{column.label}”应为整数，现为 {value}", f"请填整数（{column.unit}）。"

    return CellRule("R04", good, say)


def _shape(wide: Wide) -> CellRule:
    good = {}
    for column in wide.form.columns:
        if column.type in _PATTERNS:
            fits = pl.col(column.code).str.contains(_PATTERNS[column.type])
            if column.type == "date":
                fits &= pl.col(column.code).str.to_date("%Y-%m-%d", strict=False).is_not_null()
            good[column.code] = fits.fill_null(True)

    def say(column: Column, line: int) -> tuple[str, str]:
        sentence = f"“{column.label}”的写法 {shown(wide, line, column.code)} 不对"
        return sentence, f"请写成 {_SHAPES[column.type]} 的形式。"

    return CellRule("R05", good, say)


def _lists(wide: Wide, codes: Codes) -> tuple[CellRule, CellRule]:
    """H004 for regions, H005 for all other lists; a code must be valid in the report's period."""
    regions: dict[str, pl.Expr] = {}
    others: dict[str, pl.Expr] = {}
    for column in wide.form.columns:
        if column.codelist is None:
            continue
        value = pl.col(column.code)
        if column.codelist == "industries":
            known = value.str.contains(r"^(0[6-9]|[1-3][0-9]|4[0-6])[0-9]{2}$")
        else:
            known = pl.lit(False)
            for periods, members in _members(wide, codes, column.codelist):
                held = value.is_in(members)
                if column.type == "codes":
                    held = value.str.split("|").list.eval(pl.element().is_in(members)).list.all()
                known |= pl.col("period").is_in(periods) & held
        good = known.fill_null(True) | (value == "").fill_null(False)
        (regions if column.codelist in ("regions", "counties") else others)[column.code] = good

    def say_region(column: Column, line: int) -> tuple[str, str]:
        value, period = shown(wide, line, column.code), wide.frame["period"][line]
        return f"行政区划代码 {value} 无效或在 {period} 已撤销", "请改为现行代码，见《填报单位代码表》。"

    def say_other(column: Column, line: int) -> tuple[str, str]:
        value = shown(wide, line, column.code)
        return f"“{column.label}”的代码 {value} 不在码表", "请从下拉列表中选取代码。"

    return CellRule("H004", regions, say_region), CellRule("H005", others, say_other)


def _members(wide: Wide, codes: Codes, codelist: str) -> list[tuple[list[str], list[str]]]:
    """The codes valid in each period, periods with the same codes together."""
    # An adjusting code is a region only in the forms whose fields owe it something.
    adjusted = wide.form.code in ("GLT01", "GLT02")

    def valid(period: Period) -> list[str]:
        members = codes.members(codelist, period)
        return [c for c in members if adjusted or codelist != "regions" or codes.level(c) != "adjusting"]

    return [([str(p) for p in same], members) for members, same in groupby(wide.periods, key=valid)]


def _subchains(wide: Wide, codes: Codes) -> CellRule:
    """A sub-chain belongs to its chain; the whole chain and its rest belong to every chain."""
    sub = next((c.code for c in wide.form.columns if (c.codelist or "").startswith("subchains")), None)
    chain = next((c.code for c in wide.form.columns if c.code in ("chain_code", "chain_main")), None)
    good = {}
    if sub is not None and chain is not None:
        pairs = [f"{c.code}/{s}" for c in codes.chains.values() for s in c.subchains]
        free = ["", WHOLE_CHAIN, OTHER_SUBCHAIN]
        known = [s for c in codes.chains.values() for s in c.subchains]
        paired = pl.concat_str(chain, pl.lit("/"), sub).is_in(pairs)
        elsewhere = ~pl.col(sub).is_in(known) | ~pl.col(chain).is_in(list(codes.chains))
        good[sub] = (pl.col(sub).is_in(free) | elsewhere | paired).fill_null(True)

    def say(column: Column, line: int) -> tuple[str, str]:
        sub_code, chain_code = shown(wide, line, column.code), shown(wide, line, chain or "")
        return f"细分链 {sub_code} 不属于产业链 {chain_code}", "请核对产业链代码与细分链代码。"

    return CellRule("H005", good, say, (chain,) if chain else ())


def _zones(wide: Wide, codes: Codes) -> CellRule:
    """A zone that is part of a key lies in the row's city."""
    names = [c.code for c in wide.form.keys]
    good = {}
    if "park_code" in names and "region_code" in names:
        cities = {row["code"]: row["city"] for row in codes.rows("parks")}
        pairs = [f"{park}/{city}" for park, city in cities.items()]
        paired = pl.concat_str("park_code", pl.lit("/"), "region_code").is_in(pairs)
        good["park_code"] = paired | ~pl.col("park_code").is_in(list(cities))

    def say(column: Column, line: int) -> tuple[str, str]:
        park, region = shown(wide, line, column.code), shown(wide, line, "region_code")
        return f"开发区 {park} 不在 {region} 辖区内", "请核对开发区代码与行政区划代码。"

    return CellRule("H005", good, say, ("region_code",))


def _unique(wide: Wide) -> CellRule:
    names = [c.code for c in wide.form.keys]
    good = {names[0]: pl.struct("submission", *names).is_duplicated().not_()}

    def say(column: Column, line: int) -> tuple[str, str]:
        return f"主键重复：{wide.row_key(wide.keys[line])}", "同一主键只能有一行，请合并或删除重复行。"

    return CellRule("H006", good, say, tuple(names[1:]))


def _credit_code(wide: Wide) -> CellRule:
    good = {
        c.code: pl.col(c.code).map_elements(valid_uscc, return_dtype=pl.Boolean).fill_null(True)
        | (pl.col(c.code) == "").fill_null(True)
        for c in wide.form.columns
        if c.type == "uscc"
    }

    def say(column: Column, line: int) -> tuple[str, str]:
        value = shown(wide, line, column.code)
        return f"统一社会信用代码 {value} 的校验位错误（GB 32100-2015）", "请按营业执照核对 18 位代码。"

    return CellRule(_USCC_RULES.get(wide.form.code, "H010"), good, say)


def _territory(owed: Owed, offices: Offices) -> CellRule:
    wide, codes = owed.wide, offices.codes
    named = {c.code for c in wide.form.columns}
    column_code = next((code for code in ("region_code", "chain_code") if code in named), None)
    good: dict[str, pl.Expr] = {} if column_code is None else {column_code: ~pl.col("foreign")}

    def say(column: Column, line: int) -> tuple[str, str]:
        code, submitter = shown(wide, line, column.code), wide.frame["submitter"][line]
        office = offices.get(submitter)
        whose = codes.names(column.codelist or "regions").get(code, "")
        who = f"{office.name if office else ''}（{submitter}）"
        row = wide.row_key(wide.keys[line])
        return f"{who}无权填报 {code}{whose} 的数据（{row}）", "请删除该行，由所属填报单位报送。"

    return CellRule("T01", good, say)
