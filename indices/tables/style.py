"""How the tables look: fonts, colours, number formats and the symbols for what is missing."""

from __future__ import annotations

from typing import Literal, NamedTuple

MISSING = "…"  # a figure that exists and is not at hand
NOT_APPLICABLE = "—"  # a figure that does not exist here, or is not compared
SYMBOLS = f"“{MISSING}”表示资料缺失或尚未取得，“{NOT_APPLICABLE}”表示不适用或不作比较；空缺一律不以 0 代替。"

HEI, SONG = "黑体", "宋体"
INK, GRID, HEAD_FILL, BAND_FILL = "#000000", "#7F7F7F", "#DCE6F1", "#F2F2F2"
PALETTE = (
    "#1F4E79", "#C55A11", "#548235", "#7F6000", "#7030A0", "#2E75B6", "#A5A5A5", "#C00000", "#00B0A0", "#F4B183",
    "#A9D18E", "#404040",
)  # fmt: skip
LINE = 17  # points of height for one line of table text

Role = Literal[
    "title",
    "line",
    "mark",
    "heading",
    "subheading",
    "block",
    "text",
    "code",
    "number",
    "note",
    "closing",
    "term",
    "prose",
]


class Look(NamedTuple):
    """What a cell looks like; ``pattern`` is a number format, ``indent`` in characters.

    A tuple, since it is looked up for every cell that is written.
    """

    role: Role
    pattern: str = ""
    strong: bool = False
    indent: int = 0


TITLE, LINE_LEFT, MARK = Look("title"), Look("line"), Look("mark")
SUBHEADING = Look("subheading")  # below a group's heading
HEADING, BLOCK, TEXT, CODE = Look("heading"), Look("block"), Look("text"), Look("code")
NOTE, CLOSING = Look("note"), Look("closing")  # the first note closes the table with a thick line
TERM, PROSE = Look("term"), Look("prose")
STRONG_TEXT, ORDINAL = Look("text", strong=True), Look("code", "0")


def number_look(decimals: int, strong: bool = False, grouped: bool = False) -> Look:
    """A number with this many decimals printed, with or without thousands separators."""
    whole = "#,##0" if grouped else "0"
    digits = f"{whole}.{'0' * decimals}" if decimals else whole
    return Look("number", f"{digits}_ ;-{digits}_ ;{digits}_ ;@_ ", strong)  # `_ `: a blank at the right edge


MOVE = Look("number", '"↑"0_ ;"↓"0_ ;"持平"_ ;@_ ')  # a change of rank: up is better


def signed_pattern(decimals: int) -> str:
    """The number format of a change with this many decimals printed, its sign always shown; no padding."""
    digits = f"0.{'0' * decimals}" if decimals else "0"
    return f"+{digits};-{digits};{digits}"


def change_look(decimals: int) -> Look:
    """A change of a value, with this many decimals printed."""
    return Look("number", "".join(f"{part}_ ;" for part in signed_pattern(decimals).split(";")) + "@_ ")


CHANGE = change_look(2)

_ALIGN = {"title": "center", "line": "left", "mark": "right", "heading": "center", "subheading": "center",
          "block": "left", "text": "left", "code": "center", "number": "right", "note": "left",
          "closing": "left", "term": "left", "prose": "left"}  # fmt: skip


def properties(look: Look, leftmost: bool, rightmost: bool) -> dict[str, object]:
    """XlsxWriter's properties of a look; ``leftmost`` and ``rightmost`` cells have no outer border."""
    heading = look.role in ("heading", "subheading")
    small = heading or look.role in ("note", "closing")
    found: dict[str, object] = {
        "font_name": HEI if heading or look.role in ("title", "block", "term") else SONG,
        "font_size": 16 if look.role == "title" else 9 if small else 10,
        "font_color": INK,
        "align": _ALIGN[look.role],
        "valign": "top" if look.role in ("note", "closing", "prose", "term") else "vcenter",
        "text_wrap": heading or look.role in ("note", "closing", "prose", "text"),
    }
    if look.pattern:
        found["num_format"] = look.pattern
    if look.indent:
        found["indent"] = look.indent
    if look.role == "closing":
        found |= {"top": 2, "top_color": INK}
    elif look.role not in ("title", "line", "mark", "note"):
        found |= {"border": 1, "border_color": GRID}
        found |= {side: 0 for side, there in (("left", leftmost), ("right", rightmost)) if there}
    if heading:
        found["bg_color"] = HEAD_FILL
    if look.role == "heading":
        found |= {"top": 2, "top_color": INK}
    if look.role == "block":
        found["bg_color"] = BAND_FILL
    if look.strong:
        found["bold"] = True
    return found
