"""One cell against the type of its column: its value, what the cleaner did, and what is wrong with it."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from schemas.finding import Severity
from schemas.form import Column
from schemas.reading import clean
from schemas.reading.sheet import Value


class Fault(NamedTuple):
    """What is wrong with a cell; the message is a clause about the field."""

    rule: str
    message: str
    advice: str
    severity: Severity = Severity.HARD


class Judged(NamedTuple):
    """``kind``, ``value`` and ``cleaned`` as in ``record.Cell``."""

    kind: str
    value: str | None
    cleaned: str = ""
    fault: Fault | None = None


BLANK = Judged("blank", None)
_PLAIN_NUMBER = "请只填数值，不带文字、单位和符号；空白表示未报，零请填 0。"
_SHOWN = {
    "date": ("存成了日期", "请把单元格格式改为“数值”后重填。"),
    "percent": ("设有百分比格式", "请把单元格格式改为“数值”，按表头计量单位填写（36% 填 36）。"),
    "scaled": ("设有缩小显示的格式，所见与所存不一致", "请把单元格格式改为“数值”，按计量单位填写。"),
}


def judge(column: Column, value: Value, from_1904: bool) -> Judged:
    """The value of a cell as its column's type reads it."""
    kind, text = value.kind, value.text
    if kind == "blank" or (kind == "text" and not clean.bare(text)):
        return Judged("blank", None, clean.TRIMMED) if text else BLANK
    if kind == "error":
        advice = "请改正公式，或直接填数值。"
        return Judged("error", None, "", Fault("L10", f"是错误值 {text}", advice))
    if kind == "unvalued":
        advice = "请用 Excel 或 WPS 打开并保存一次，或把公式转为数值。"
        return Judged("formula", None, "", Fault("L15", f"是公式 {text}，文件中没有计算结果", advice))
    if kind == "bool":
        fault = Fault("H007", f"是逻辑值 {text}，不是{_wanted(column)}", f"请改填{_wanted(column)}。")
        return Judged("bool", None, "", fault)
    if column.numeric:
        return _number(value)
    if column.type in ("month", "date"):
        return _time(column, value, from_1904)
    return _word(column, value)


def _wanted(column: Column) -> str:
    return "数值" if column.numeric else "文字"


def _number(value: Value) -> Judged:
    text = value.text
    if value.kind == "date":
        return Judged("text", None, "", Fault("H007", f"{_SHOWN['date'][0]}（{text}）", _SHOWN["date"][1]))
    if value.kind == "text":
        figure, steps = clean.number_in_text(text)
        if figure is None:
            return Judged("text", None, "", _no_number(text))
        how = "、".join(steps)
        fault = Fault(
            "C01", f"“{text}”是文本，已按 {figure} 读取（{how}）", "请核实；下次请填数值。", Severity.SOFT
        )
        return Judged("text", figure, "|".join(steps), fault)
    kind = "formula" if value.formula else "number"
    if value.show:
        words, advice = _SHOWN[value.show]
        return Judged(kind, None, "", Fault("H007", f"{words}（存储值 {text}）", advice))
    figure, steps = clean.number(text)
    if figure is None:
        return Judged(kind, None, "", _no_number(text))
    rounded = clean.FOUR in steps and not value.formula
    soft = Fault("C02", f"{text} 多于四位小数，已取 {figure}", "请核实并按四位小数填报。", Severity.SOFT)
    return Judged(kind, figure, "|".join(steps), soft if rounded else None)


def _no_number(text: str) -> Fault:
    advice = "百分数请填数值（36% 填 36）。" if "%" in text or "％" in text else _PLAIN_NUMBER
    return Fault("H007", f"“{text[:60]}”不是数值", advice)


def _time(column: Column, value: Value, from_1904: bool) -> Judged:
    """A month or a day. What cannot be read stays as it is: rule R05 names it."""
    step = clean.MONTH if column.type == "month" else clean.DATE
    text = value.text
    steps: tuple[str, ...] = ()
    if value.kind == "number":
        if value.show == "date":
            found = clean.serial_day(text, from_1904=from_1904)
            if found is None:
                fault = Fault("H007", f"的日期序号 {text} 不是有效日期", "请按 2026-09 的形式以文本填写。")
                return Judged("number", None, "", fault)
            return Judged("number", found[:7] if column.type == "month" else found, step)
        if value.show:
            return _shown(value)
        text, steps = clean.whole(text) or text, (clean.NUMBER_TEXT,)
    elif value.kind == "date":
        found = clean.day(text).value or ""
        if clean.is_day(found):
            return Judged("text", found[:7] if column.type == "month" else found, step)
    reading = clean.month(text) if column.type == "month" else clean.day(text)
    kind = "number" if value.kind == "number" else "text"
    return Judged(kind, reading.value or None, "|".join((*steps, *reading.steps)))


def _shown(value: Value) -> Judged:
    words, advice = _SHOWN[value.show]
    return Judged("number", None, "", Fault("H007", f"{words}（存储值 {value.text}）", advice))


def _word(column: Column, value: Value) -> Judged:
    """A code, several codes, or a text."""
    if value.kind == "date" or (value.kind == "number" and value.show):
        return _shown(value._replace(show=value.show or "date"))
    if value.kind == "number":
        figure = clean.whole(value.text) or clean.number(value.text).value
        if figure is None or len(figure.lstrip("-").partition(".")[0]) > 15:
            advice = "请把单元格格式设为“文本”后重填。"
            fault = Fault("H007", f"以数字存放（{value.text}），超过 15 位的尾数已丢失", advice)
            return Judged("number", None, "", fault)
        return Judged("number", figure, clean.NUMBER_TEXT)
    return (
        _text(column.type, value.text) if len(value.text) < 64 else _text.__wrapped__(column.type, value.text)
    )


@lru_cache(maxsize=16384)  # codes come again and again
def _text(kind: str, text: str) -> Judged:
    if kind == "text":
        words = clean.trimmed(text)
    else:
        words = clean.codes(text) if kind == "codes" else clean.code(text)
    return Judged("text", words.value, "|".join(words.steps))
