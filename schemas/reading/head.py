"""The labelled lines of a form's head and foot: found by their words, wherever they stand.

Label and value may share a cell (several pairs even), or the value stands in the next filled cell to
the right. Blanks inside a label and the width of colons and brackets do not matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, NamedTuple

from schemas.form import load_forms
from schemas.reading.sheet import Row, Sheet
from schemas.reading.squeezing import LONGEST, squeezed

Place = Literal["head", "foot"]

_HEAD = {
    "综合机关名称（填报单位）": "office", "综合机关名称": "office", "填报单位名称": "office",
    "填报单位": "office", "填报单位代码": "submitter", "报告期": "period", "表号": "no",
    "表式版本": "edition", "制定机关": "authority", "批准（备案）机关": "approver",
    "批准（备案）文号": "approval", "有效期至": "valid_to", "计量单位": "unit", "版次": "version",
    "报出日期": "reported_on",
}  # fmt: skip
_FOOT = {
    "单位负责人": "chief", "统计负责人": "statistician", "填表人": "filler", "联系电话": "phone",
    "报出日期": "reported_on", "说明": "remark",
}  # fmt: skip
LABEL_ZH = {name: label for label, name in (*_HEAD.items(), *_FOOT.items())} | {"office": "综合机关名称"}


class Line(NamedTuple):
    """What a labelled line says, and the cell that says it (the label's own where it says nothing)."""

    value: str
    address: str
    row: int


@lru_cache(maxsize=1)
def _patterns() -> dict[Place, tuple[re.Pattern[str], dict[str, str]]]:
    subjects = {}
    for form in load_forms():
        if form.subject is not None:
            column = form.column(form.subject)
            subjects[column.header[0]] = f"subject:{form.subject}"
            subjects[column.companion or column.header[0]] = f"name:{form.subject}"
    words: dict[Place, dict[str, str]] = {"head": _HEAD | subjects, "foot": _FOOT}
    return {
        place: (_pattern(names), {squeezed(label): name for label, name in names.items()})
        for place, names in words.items()
    }


def _pattern(labels: Iterable[str]) -> re.Pattern[str]:
    """A label and its colon, at the start of a text or after a blank."""
    either = {"（": "[（(]", "）": "[）)]"}
    spelled = (
        r"\s*".join(either.get(char, re.escape(char)) for char in label)
        for label in sorted(labels, key=len, reverse=True)
    )
    return re.compile(rf"(?:^|(?<=[\s;；]))({'|'.join(spelled)})\s*[:：]\s*")


def labelled(text: str, place: Place) -> tuple[tuple[str, str], ...]:
    """The names and values of the labels in a text; none if it has no label."""
    return _labelled(text, place) if len(text) <= LONGEST else _labelled.__wrapped__(text, place)


@lru_cache(maxsize=8192)
def _labelled(text: str, place: Place) -> tuple[tuple[str, str], ...]:
    pattern, names = _patterns()[place]
    found = list(pattern.finditer(text.strip()))
    if not found:
        bare = names.get(squeezed(text))
        return ((bare, ""),) if bare else ()
    ends = [match.start() for match in found[1:]] + [len(text.strip())]
    return tuple(
        (names[squeezed(match[1])], text.strip()[match.end() : end].strip())
        for match, end in zip(found, ends, strict=True)
    )


def said(sheet: Sheet, row: Row) -> dict[str, str]:
    """The texts of a row's cells that are not blank, by letters."""
    word = sheet.word
    words = {letters: word(cell) for letters, cell in row.cells.items()}
    return words if all(words.values()) else {letters: text for letters, text in words.items() if text}


def lines_of(
    rows: Iterable[tuple[Row, dict[str, str]]], place: Place
) -> tuple[dict[str, Line], list[tuple[str, Line]]]:
    """The labelled lines by name, and those that repeat a name with another value."""
    lines: dict[str, Line] = {}
    clashes: list[tuple[str, Line]] = []
    for row, words in rows:
        waiting = ""  # a label whose value may stand in the next filled cell
        for letters, text in words.items():
            pairs: tuple[tuple[str, str], ...] = labelled(text, place)
            if waiting and not pairs:
                pairs = ((waiting, text),)
            waiting = ""
            for name, value in pairs:
                line = Line(value, letters + row.digits, row.number)
                known = lines.get(name)
                if known is None or not known.value:
                    lines[name] = line
                elif value and value != known.value:
                    clashes.append((name, line))
            if pairs and not pairs[-1][1]:
                waiting = pairs[-1][0]
    return lines, clashes


def is_foot(text: str) -> bool:
    """True if a text begins the foot of a form."""
    return bool(labelled(text, "foot"))
