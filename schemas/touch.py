"""What a rule's SQL looks at, read from DuckDB's own syntax tree: fields of its line, of a window, of
earlier reports. The cells that a finding names follow from it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb

from schemas.database import scratch
from schemas.form import Form, Rule

PREVIOUS, BEFORE_THAT, AGO = "prev", "prev2", "ago"
ALIASES = (PREVIOUS, BEFORE_THAT, AGO)  # earlier reports, as rules name them
BRACES = re.compile(r"\{([\w.]+)\}")


class RuleError(RuntimeError):
    """A rule that cannot be evaluated; the message names the rule and the form."""


@dataclass(frozen=True)
class Touch:
    """What a rule looks at.

    ``columns`` are fields of its line, ``window`` those of all lines of a window's partition,
    ``earlier`` pairs of alias and field of the same key in other reports.
    """

    columns: frozenset[str]
    window: frozenset[str]
    partition: tuple[str, ...]
    earlier: frozenset[tuple[str, str]]

    @property
    def aliases(self) -> tuple[str, ...]:
        """The earlier reports that are looked at, nearest first."""
        return tuple(alias for alias in ALIASES if any(alias == name for name, _ in self.earlier))


def touched(form: Form, rule: Rule) -> Touch:
    """What the rule's expressions name of the form; RuleError if they are not SQL."""
    try:
        found = [references(text) for text in expressions(rule)]
    except (duckdb.Error, ValueError) as error:
        raise RuleError(f"规则 {rule.id}（{form.id}）不是可用的 SQL 表达式：{error}") from error
    data = {c.code for c in form.columns if not c.key}
    return Touch(
        frozenset().union(*(touch.columns for touch in found)) & data,
        frozenset().union(*(touch.window for touch in found)) & data,
        tuple(dict.fromkeys(name for touch in found for name in touch.partition)),
        frozenset().union(*(touch.earlier for touch in found)),
    )


def expressions(rule: Rule) -> Iterable[str]:
    """All SQL of a rule."""
    return (rule.expr, rule.when or "TRUE", rule.floor or "TRUE", *rule.let.values())


def check_message(form: Form, rule: Rule) -> None:
    """RuleError if the sentence prints a name that nothing bears."""
    known = {c.code for c in form.columns} | rule.let.keys() | {"tolerance", *rule.parameters}
    known |= {f"{alias}.{field}" for alias, field in touched(form, rule).earlier}
    strange = [name for name in BRACES.findall(rule.message) if name not in known]
    if strange:
        raise RuleError(f"规则 {rule.id}（{form.id}）的说明提到未知的名称：{'、'.join(strange)}")


@cache
def references(expression: str) -> Touch:
    """What one SQL expression names; ValueError or duckdb.Error if it is none."""
    query = "SELECT json_serialize_sql(?)"
    with scratch() as con:
        (text,) = con.execute(query, [f"SELECT ({expression})"]).fetchall()[0]
    tree = json.loads(text)
    if tree["error"]:
        raise ValueError(tree["error_message"])
    columns: set[str] = set()
    window: set[str] = set()
    earlier: set[tuple[str, str]] = set()
    partition: dict[str, None] = {}

    def walk(node: Any, inside: bool) -> None:
        if isinstance(node, list):
            for child in node:
                walk(child, inside)
        elif isinstance(node, dict):
            if node.get("class") == "COLUMN_REF":
                *owner, name = node["column_names"]
                if owner and owner[0] in ALIASES:
                    earlier.add((owner[0], name))
                else:
                    (window if inside else columns).add(name)
            elif node.get("class") == "WINDOW":
                for part in node["partitions"]:
                    partition.update(dict.fromkeys(part["column_names"]))
                walk([v for k, v in node.items() if k != "partitions"], True)
            else:
                walk(list(node.values()), inside)

    walk(tree["statements"], False)
    return Touch(frozenset(columns), frozenset(window), tuple(partition), frozenset(earlier))
