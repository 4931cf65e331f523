"""Whose report a sheet is: form and edition, period, submitter, and the rules on head and foot."""

from __future__ import annotations

import re

from schemas.form import Form, load_forms
from schemas.period import Period
from schemas.reading import clean
from schemas.reading.head import LABEL_ZH, Line
from schemas.reading.notes import Notes
from schemas.reading.squeezing import squeezed

USE_ISSUED = "请用下发的表式填报。"

_VALID_TO = re.compile(r"([0-9]{4})年?[-/.]?([0-9]{1,2})月?(?:底|[0-9]{1,2}日)?")
_SIGNED = ("chief", "filler", "phone", "reported_on")


def said(lines: dict[str, Line], name: str) -> str:
    return lines[name].value if name in lines else ""


def place_of(lines: dict[str, Line], name: str) -> str:
    return lines[name].address if name in lines else ""


def note_missing(notes: Notes, lines: dict[str, Line], name: str) -> None:
    place = "表尾" if name in _SIGNED else "表头"
    label = LABEL_ZH[name]
    notes.add("H001", f"{place}“{label}”未填。", f"请填{label}。", cell=place_of(lines, name))


def recognise(head: dict[str, Line], notes: Notes) -> tuple[Form | None, Period | None]:
    """The form edition by 表号 and 表式版本, and the period; findings where either is wanting."""
    no, address, _ = head["no"]
    editions = [form for form in load_forms() if squeezed(form.no) == squeezed(no)]
    if not editions:
        notes.add("L01", f"表号“{no[:40]}”不在本制度的表式中。", USE_ISSUED, cell=address, value=no)
        return None, None
    notes.form = editions[0].code
    period = _period(head, notes)
    named = squeezed(said(head, "edition"))
    if named:
        form = next((form for form in editions if form.edition == named), None)
        if form is None:
            known = "、".join(form.edition for form in editions if not form.filed_by_bureau)
            notes.add(
                "L02",
                f"表式版本“{named}”不存在（{editions[0].no}现有版本：{known}）。",
                USE_ISSUED,
                cell=place_of(head, "edition"),
                value=named,
            )
        return form, period
    own = [form for form in editions if not form.filed_by_bureau]
    in_force = [form for form in own if period is not None and form.covers(period)]
    if len(in_force) > 1:
        notes.add(
            "L02", f"未注明表式版本，{editions[0].no}有多个版本有效。", "请注明表式版本。", cell=address
        )
        return None, period
    # An edition out of date is still taken as the form's, so that H002 can say so.
    return next(iter(in_force or own[-1:]), None), period


def _period(head: dict[str, Line], notes: Notes) -> Period | None:
    text = said(head, "period")
    if not text:
        note_missing(notes, head, "period")
        return None
    try:
        period = Period.parse_printed(text)
    except ValueError:
        notes.add(
            "H001",
            f"报告期“{text[:40]}”无法识别。",
            "请写成 2026年1-10月、2026年第三季度或 2025年年报。",
            cell=place_of(head, "period"),
            value=text,
        )
        return None
    notes.period = str(period)
    return period


def check_head(
    head: dict[str, Line], clashes: list[tuple[str, Line]], form: Form, period: Period, notes: Notes
) -> None:
    """H001, H002, H003, H008 and lines that contradict each other."""
    if not said(head, "office"):
        note_missing(notes, head, "office")
    for name, line in clashes:
        if name in ("submitter", "period", "no", "edition", "version", "unit") or name.startswith("subject:"):
            notes.add(
                "L16",
                f"表头同一项目出现两个不同的内容：“{head[name].value}”与“{line.value}”。",
                "请只保留一个。",
                cell=f"{head[name].address},{line.address}",
                value=f"{head[name].value}|{line.value}",
            )
    printed = _VALID_TO.fullmatch(squeezed(said(head, "valid_to")))
    last = f"{printed[1]}-{int(printed[2]):02d}" if printed else form.valid_to
    if not form.covers(period) or last < f"{period.year:04d}-{period.month:02d}":
        notes.add(
            "H002",
            f"表式（{form.edition} 版，有效期至 {min(last, form.valid_to)}）不适用于报告期 {period}。",
            "请换用现行表式填报。",
            cell=place_of(head, "valid_to"),
            value=said(head, "valid_to"),
        )
    if not form.january and period.rank == 0 and period.month == 1:
        notes.add("H003", "月报 1 月免报，不应有 1 月报表。", "请改正报告期。", cell=place_of(head, "period"))
    unit = said(head, "unit")
    if squeezed(unit) != squeezed(form.unit) and (unit or form.unit != "-"):
        notes.add(
            "H008",
            f"计量单位写成“{unit or '空白'}”，应为“{form.unit}”。",
            f"请按{form.unit}填报，并恢复表中的计量单位。",
            cell=place_of(head, "unit"),
            value=unit,
        )


def check_foot(foot: dict[str, Line], notes: Notes) -> None:
    """H001 for the signatures that a form must carry."""
    for name in _SIGNED:
        if not said(foot, name):
            note_missing(notes, foot, name)


def signatures(foot: dict[str, Line]) -> tuple[str, ...]:
    """Who signed: 单位负责人, 统计负责人, 填表人, as far as they are named."""
    return tuple(name for place in ("chief", "statistician", "filler") if (name := said(foot, place)))


def version_of(head: dict[str, Line], notes: Notes) -> int:
    text = said(head, "version")
    if not text:
        note_missing(notes, head, "version")
        return 1
    digits = squeezed(text)
    if digits.isdecimal() and len(digits) < 6 and int(digits) > 0:
        return int(digits)
    notes.add(
        "H001", f"版次“{text[:40]}”不是正整数。", "请填 1、2、3……", cell=place_of(head, "version"), value=text
    )
    return 1


def reported_on(foot: dict[str, Line], notes: Notes) -> str:
    text = said(foot, "reported_on")
    day = clean.day(text).value or ""
    if not text or clean.is_day(day):
        return day
    notes.add(
        "H001",
        f"报出日期“{text[:40]}”不是日期。",
        "请写成 2026年11月8日。",
        cell=place_of(foot, "reported_on"),
        value=text,
    )
    return ""
