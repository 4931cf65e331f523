"""Mistakes in the use of a command, as one Chinese sentence that names the option and the command's help.

The library that parses the command line says them in English, and some without the option's name.
"""

from __future__ import annotations

import re
from typing import Any

import typer
from pydantic import ValidationError

from schemas.validation_words import said

_COMMAND = re.compile(r"No such command '(.*?)'\.(?: Did you mean (.*)\?)?$")
_EXTRA = re.compile(r"Got unexpected extra argument\(?s?\)? \((.*)\)$")
_LACKING = re.compile(r"Option '(.*?)' requires (?:an|(\d+)) arguments?\.$")
_CHOICE = re.compile(r".*is not one of (.*)\.$")


def usage_sentence(error: typer.TyperException, command: str) -> str:
    """What is wrong, and where to read on; ``command`` is the one that was typed, if known."""
    context = getattr(error, "ctx", None)
    name = str(context.command.name or "") if context is not None else command
    return f"{_what(error)}（用法见 {' '.join(part for part in ('zhishu', name, '--help') if part)}）"


def _what(error: Any) -> str:
    """What is wrong; the library's own words for what is not known here."""
    text, parameter = str(error), getattr(error, "param", None)
    if getattr(error, "possibilities", None) is not None or text.startswith("No such option"):
        near = "、".join(error.possibilities or ())
        return f"没有选项 {error.option_name}" + (f"，是否指 {near}？" if near else "")
    if parameter is not None:
        kind = "选项" if parameter.param_type_name == "option" else "参数"
        named = parameter.opts[0] if kind == "选项" else parameter.metavar or parameter.name
        if text.startswith("Missing parameter"):
            return f"缺少{kind} {named}"
        return f"{kind} {named} {_value(error)}"
    if found := _COMMAND.match(text):
        near = (found[2] or "").replace("'", "").replace(", ", "、")
        return f"没有命令 {found[1]}" + (f"，是否指 {near}？" if near else "")
    if found := _EXTRA.match(text):
        return f"多出参数 {found[1]}"
    if found := _LACKING.match(text):
        return f"选项 {found[1]} 后面应有{found[2] or '一'}个值"
    return text


def _value(error: Any) -> str:
    """What is wrong with the value of an option or argument."""
    cause = error.__cause__
    if not isinstance(cause, ValidationError):
        return str(error)
    first = cause.errors()[0]
    choice = _CHOICE.match(first["msg"])
    words = f"应为 {choice[1].replace(chr(39), '').replace(', ', '、')}" if choice else said(first)
    return f"{words}，写的是 {first['input']}"
