"""A table as the engine takes it: who, when, and the figures, with every cell either a number or a typed gap.

A cell holds a number, nothing (late), or one of the marks W (not_yet), N (not_applicable), C (suppressed). Anything
else is refused with its place: nothing is guessed. Numbers are DECIMAL(38,18) from their text; a float that comes
from Parquet or from Python is taken at its shortest decimal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation

import polars as pl

from indices.design import Data, Design
from indices.steps.bench import VALUE, ScoreError
from schemas.period import Period

MARKS = {"": "late", "W": "not_yet", "N": "not_applicable", "C": "suppressed"}
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_QUANTUM = Decimal(1).scaleb(-18)
_LARGEST = Decimal(10) ** 16
_KEYS = ("subject", "period")

Place = Callable[[int, str], str]  # row of the frame and column to a place that a person finds


@dataclass(frozen=True)
class Table:
    """``rows`` (subject, name, period, t, type), ``groups`` (subject, period, grp, label), ``figures`` (subject,
    period, t, indicator, value, missing, source), ``columns`` (subject, period, label, value). ``unknown`` are the
    names in a long table that the design does not know; their figures are not taken."""

    rows: pl.DataFrame
    groups: pl.DataFrame
    figures: pl.DataFrame
    columns: pl.DataFrame
    unknown: tuple[str, ...] = ()


def arrange(design: Design, frame: pl.DataFrame, place: Place | None = None) -> Table:
    """The figures that a design needs from a wide or long frame.

    ``place`` names a cell for messages; without it row numbers are given. ScoreError for columns that are not
    there, cells that are neither number nor mark, subjects or periods that are empty, and rows that come twice.
    """
    where = place or (lambda row, column: f"第 {row + 1} 行“{column}”")
    data = design.data
    wide = frame
    unknown: tuple[str, ...] = ()
    if data.layout == "long":
        wide, where, unknown = _widen(design, frame, where)
    rows = _who(data, wide, where)
    parts, columns = [], []
    for indicator in design.indicators:
        parts.append(_figures(rows, wide, indicator.id, indicator.label, indicator.subjects, where))
    for label in sorted({i.denominator for i in design.indicators if i.denominator}):
        found = _figures(rows, wide, label, label, (), where)
        columns.append(found.select("subject", "period", pl.col("indicator").alias("label"), "value"))
    groups = [
        rows.select(
            *_KEYS, pl.lit(g).alias("grp"), _column(wide, g).cast(pl.String).fill_null("").alias("label")
        )
        for g in data.groups
    ]
    return Table(
        rows,
        pl.concat(groups) if groups else _none(grp=pl.String, label=pl.String),
        pl.concat(parts),
        pl.concat(columns) if columns else _none(label=pl.String, value=VALUE),
        unknown,
    )


def _none(**more: pl.DataType | type[pl.DataType]) -> pl.DataFrame:
    return pl.DataFrame(schema={"subject": pl.String, "period": pl.String, **more})


def _column(frame: pl.DataFrame, label: str) -> pl.Series:
    if label not in frame.columns:
        raise ScoreError(
            f"数据中没有“{label}”一列；现有：{'、'.join(frame.columns[:12])}等。请核对方法文件中的列名。"
        )
    return frame[label]


def _texts(frame: pl.DataFrame, label: str) -> pl.Series:
    """A column as texts without blanks around them; empty where there is nothing."""
    return _column(frame, label).cast(pl.String).fill_null("").str.strip_chars()


def _who(data: Data, frame: pl.DataFrame, where: Place) -> pl.DataFrame:
    """The keys of the rows; each must be there and come once."""
    if frame.height == 0:
        raise ScoreError("数据没有行；请核对表头所在行（data.header_row）和工作表。")
    subject = _texts(frame, data.subject)
    empty = int(subject.eq("").arg_max() or 0)
    if subject[empty] == "":
        raise ScoreError(f"{where(empty, data.subject)} 没有单位代码，不知道是谁的数据；请补上或删除该行。")
    period, ticks = _periods(_texts(frame, data.period), data.period, where) if data.period else (None, None)
    rows = pl.DataFrame(
        {
            "subject": subject,
            "name": _texts(frame, data.name) if data.name else subject,
            "period": period if period is not None else pl.Series([""] * frame.height),
            "t": ticks if ticks is not None else pl.Series([0] * frame.height, dtype=pl.Int32),
            "type": _texts(frame, data.type) if data.type else pl.Series([""] * frame.height),
        }
    )
    twice = rows.select(pl.struct(_KEYS).is_first_distinct().not_().arg_max().alias("at"))["at"][0]
    if rows.select(pl.struct(_KEYS).is_duplicated().any()).item():
        raise ScoreError(
            f"{where(twice, data.subject)}：单位 {subject[twice]} {rows['period'][twice]} 出现两次；请只留一行。"
        )
    return rows


def _periods(texts: pl.Series, label: str, where: Place) -> tuple[pl.Series, pl.Series]:
    """Canonical periods, and how many periods of their kind have elapsed since year 0."""
    known: dict[str, tuple[str, int]] = {}
    kinds: dict[str, str] = {}
    for text in texts.unique().sort():
        try:
            period = Period.parse(text)
        except ValueError as error:
            row = texts.to_list().index(text)
            raise ScoreError(f"{where(row, label)}：{error}") from error
        per_year = {"M": 12, "Q": 4, "A": 1}[period.frequency]
        known[text] = (str(period), period.year * per_year + (period.month * per_year) // 12)
        kinds[period.frequency] = text
    if len(kinds) > 1:
        raise ScoreError(
            f"报告期种类不一（{'、'.join(sorted(kinds.values()))}）；一张表只能是月、季或年中的一种。"
        )
    canonical = {text: name for text, (name, _) in known.items()}
    ticks = {text: t for text, (_, t) in known.items()}
    return texts.replace_strict(canonical, return_dtype=pl.String), texts.replace_strict(
        ticks, return_dtype=pl.Int32
    )


def _figures(
    rows: pl.DataFrame, frame: pl.DataFrame, name: str, label: str, types: tuple[str, ...], where: Place
) -> pl.DataFrame:
    """One column as figures, for the subject types that have it."""
    values, missing = decimals(_column(frame, label), lambda row: where(row, label))
    found = rows.select(
        "subject", "period", "t",
        pl.lit(name).alias("indicator"),
        values.alias("value"),
        missing.alias("missing"),
        pl.when(values.is_not_null()).then(pl.col("period")).otherwise(pl.lit("")).alias("source"),
    )  # fmt: skip
    return found.filter(rows["type"].is_in(types)) if types else found


def decimals(column: pl.Series, where: Callable[[int], str]) -> tuple[pl.Series, pl.Series]:
    """A column as DECIMAL(38,18) and what the gaps are; ScoreError for a cell that is neither."""
    if column.dtype.is_integer() or column.dtype.is_decimal():
        values = column.cast(VALUE)
        return values, pl.Series([""] * len(column)) if not values.null_count() else _typed(values, {})
    texts = [_shortest(v) for v in column.to_list()]
    found: dict[str, Decimal | None] = {}
    marks: dict[int, str] = {}
    for row, text in enumerate(texts):
        if text in MARKS:
            marks[row] = MARKS[text]
        elif text not in found:
            found[text] = _decimal(text)
            if found[text] is None:
                raise ScoreError(
                    f"{where(row)} 的“{text}”不是数值；请填数值（整数部分至多 16 位）、留空，或用 W（尚未产生）、N（不适用）、C（保密）。"
                )
    values = pl.Series([found.get(t) for t in texts], dtype=VALUE)
    return values, _typed(values, marks)


def _typed(values: pl.Series, marks: dict[int, str]) -> pl.Series:
    return pl.Series(
        ["" if v else marks.get(row, "late") for row, v in enumerate(values.is_not_null().to_list())],
        dtype=pl.String,
    )


def _shortest(value: object) -> str:
    if value is None or value != value:
        return ""
    return repr(value) if isinstance(value, float) else str(value).strip()


def _decimal(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
        return value.quantize(_QUANTUM, context=_EXACT) if abs(value) < _LARGEST else None
    except InvalidOperation:
        return None


def _widen(design: Design, frame: pl.DataFrame, where: Place) -> tuple[pl.DataFrame, Place, tuple[str, ...]]:
    """A long frame as a wide one of texts, the places of its rows, and the names that the design does not know.

    A figure that comes twice or without its indicator, a cell that is neither number nor mark, and an indicator
    without any row are refused.
    """
    data = design.data
    keys = [k for k in (data.subject, data.name, data.period, data.type, *data.groups) if k]
    names = _texts(frame, data.indicator)
    wanted = {i.label for i in design.indicators} | {
        i.denominator for i in design.indicators if i.denominator
    }
    found = set(names.unique())
    unknown = tuple(sorted(found - wanted - {""}))
    if absent := sorted(wanted - found):
        raise ScoreError(
            f"数据的“{data.indicator}”一列中没有 {'、'.join(absent)}"
            + (f"，而有方法不认识的 {'、'.join(unknown[:12])}" if unknown else "")
            + "；请核对代码，没有数值的指标也应列出并留空。"
        )
    values = pl.Series([_shortest(v) for v in _column(frame, data.value).to_list()], dtype=pl.String)
    if data.mark:
        marks = _texts(frame, data.mark)
        values = pl.select(pl.when(values == "").then(marks).otherwise(values))[:, 0]
    nameless = int(((names == "") & (values.fill_null("") != "")).arg_max() or 0)
    if names[nameless] == "" and values[nameless]:
        raise ScoreError(
            f"{where(nameless, data.indicator)} 没有指标代码，而有数值 {values[nameless]}；请补上代码或删去该行。"
        )
    long = frame.select(keys).with_columns(
        names.alias("|indicator"), values.alias("|value"), pl.int_range(frame.height).alias("|row")
    )
    long = long.filter(pl.col("|indicator").is_in(sorted(wanted)))
    decimals(long["|value"], lambda row: where(long["|row"][row], data.value))
    twice = long.select(pl.struct(*keys, "|indicator").is_duplicated())[:, 0]
    if twice.any():
        row = long.row(int(twice.arg_max() or 0), named=True)
        raise ScoreError(f"单位 {row[data.subject]} 的指标 {row['|indicator']} 有两个数值；请只留一行。")
    wide = long.pivot("|indicator", index=keys, values="|value").sort(keys)
    firsts = long.group_by(keys).agg(pl.col("|row").min()).sort(keys)["|row"]
    return wide, lambda row, column: where(firsts[row], column), unknown
