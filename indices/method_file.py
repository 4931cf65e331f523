"""From a method file of format 2 to a design that can be computed, or to one sentence that says why not."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from indices.design import Design
from indices.method import MethodError
from indices.method_text import other_format, text_of
from indices.soundness.bounds import bounds
from indices.soundness.idle import idle
from indices.soundness.needs import needs, tree
from schemas.validation_words import first_mistake

_ADAPTER = TypeAdapter(Design)


def read_design(path: Path) -> Design:
    """Read and check a method file of format 2; MethodError says in one sentence what is wrong."""
    return parse_design(text_of(path), path.name)


def parse_design(text: str, name: str) -> Design:
    """The same for a text; ``name`` stands in the messages."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MethodError(f"方法文件 {name} 不是有效的 TOML：{error}") from error
    if given.get("format") == 1:
        raise MethodError(other_format(name))
    try:
        design: Design = _ADAPTER.validate_python(given)
    except ValidationError as error:
        raise MethodError(f"方法文件 {name} 有误：{first_mistake(error, given)}") from error
    return _without(list(idle(checked(design, name))), design, name)


def checked(design: Design, name: str) -> Design:
    """The design if it can be computed; MethodError names everything that stands in the way.

    What is declared without effect is refused in a file alone: a design that was changed, by what-if or by leaving
    an indicator out, may well keep a key that its other form had a use for.
    """
    return _without(list(tree(design)) or [*bounds(design), *needs(design)], design, name)


def _without(problems: list[str], design: Design, name: str) -> Design:
    """The design if there is no problem."""
    if problems:
        raise MethodError(f"方法文件 {name} 不能使用：" + "；".join(problems) + "。")
    return design
