"""What pydantic finds wrong with a value, in Chinese: for method files and for the command line.

Kinds that are not listed here keep pydantic's own words, so that nothing is lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

_LISTED = re.compile(r"'([^']*)'")  # as pydantic and typer list what may be written

_WORDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": lambda _: "没有写",
    "missing_argument": lambda _: "没有写",
    "extra_forbidden": lambda _: "没有这一项",
    "unexpected_keyword_argument": lambda _: "没有这一项",
    "int_parsing": lambda _: "应为整数",
    "int_type": lambda _: "应为整数",
    "int_from_float": lambda _: "应为整数",
    "float_parsing": lambda _: "应为数",
    "decimal_parsing": lambda _: "应为数",
    "decimal_type": lambda _: "应为数",
    "finite_number": lambda _: "应为有限的数",
    "string_type": lambda _: "应为文字（加引号）",
    "bool_type": lambda _: "应为 true 或 false",
    "bool_parsing": lambda _: "应为 true 或 false",
    "list_type": lambda _: "应为列表（方括号）",
    "tuple_type": lambda _: "应为列表（方括号）",
    "dict_type": lambda _: "应为表（花括号或单独一节）",
    "dataclass_type": lambda _: "应为表（花括号或单独一节）",
    "greater_than": lambda given: f"应大于 {given['gt']}",
    "greater_than_equal": lambda given: f"应不小于 {given['ge']}",
    "less_than": lambda given: f"应小于 {given['lt']}",
    "less_than_equal": lambda given: f"应不大于 {given['le']}",
    "too_short": lambda given: f"至少要有 {given['min_length']} 项",
    "too_long": lambda given: f"至多 {given['max_length']} 项",
    "literal_error": lambda given: f"应为 {_listed(given['expected'])}",
    "enum": lambda given: f"应为 {_listed(given['expected'])}",
    "union_tag_invalid": lambda given: f"没有 {given['tag']}，有 {_listed(given['expected_tags'])}",
    "union_tag_not_found": lambda given: f"没有写 {_listed(given['discriminator'])}",
}


def said(error: ErrorDetails) -> str:
    """What is wrong with one value, without its place."""
    words = _WORDS.get(error["type"])
    return error["msg"] if words is None else words(error.get("ctx", {}))


def first_mistake(error: ValidationError, given: Mapping[str, Any]) -> str:
    """Where the first mistake of a file stands and what it is; ``given`` is what the file says."""
    found = error.errors()
    first = found[0]
    more = f"（另有 {len(found) - 1} 处）" if len(found) > 1 else ""
    written = first["input"]
    shown = f"，写的是 {written!r}" if isinstance(written, str | int | float) else ""
    return f"{_place(first['loc'], given)}：{said(first)}{shown}{more}"


def _listed(expected: str) -> str:
    """``'a', 'b' or 'c'`` as 顿号 list; numbers stand without quotes."""
    return "、".join(_LISTED.findall(expected)) or expected.replace(" or ", "、").replace(", ", "、").replace(
        "'", ""
    )


def _place(location: tuple[int | str, ...], given: Any) -> str:
    """``steps 第 1 步``, ``indicators 第 2 项（b）high``: a list's item by number and, where it has one, code."""
    words, listed = [], ""
    for part in location:
        if isinstance(part, int):
            given = given[part] if isinstance(given, list) and part < len(given) else None
            code = given.get("id", "") if isinstance(given, Mapping) else ""
            words.append(
                f"第 {part + 1} {'步' if listed == 'steps' else '项'}" + (f"（{code}）" if code else "")
            )
        else:
            words.append(part)
            listed = part
            if isinstance(given, Mapping):
                given = given.get(part, given)  # the name of a kind stands in a place, and not in the file
    return " ".join(words) or "文件"
