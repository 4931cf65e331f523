"""Where two results of one release part: values by stage, from the facts to the tables, and workbooks by content."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from flows.stored import KEYS
from indices.tables.workbook import content_digest
from schemas.packing import BAD_ZIP

# the stages in the order in which a number comes about, with the columns that belong to each
STAGES: Sequence[tuple[str, str, tuple[str, ...]]] = (
    ("事实", "included", ()),
    ("事实", "result_variable", ()),
    ("指标", "result_indicator", ("ref_period", "age", "value", "missing", "status")),
    ("得分", "result_indicator", ()),
    ("分项", "result_pillar", ()),
    ("指数", "result_index", ()),
)


@dataclass(frozen=True)
class Difference:
    """One value that came out differently; ``key`` names its row."""

    stage: str
    table: str
    key: str
    column: str
    kept: str
    again: str


def compare_tables(kept: Mapping[str, str], again: Mapping[str, str]) -> tuple[Difference, ...]:
    """Every value that differs between two sets of canonical tables, in the order of the stages."""
    found: list[Difference] = []
    told: set[tuple[str, str]] = set()  # (table, column) that an earlier stage has dealt with
    later = [
        ("表格", name, ())
        for name in sorted(kept.keys() | again.keys())
        if name not in {s[1] for s in STAGES}
    ]
    for stage, table, columns in (*STAGES, *later):
        one, two = kept.get(table, ""), again.get(table, "")
        if one != two:
            differing = _rows(stage, table, one, two)
            chosen = [
                d for d in differing if (not columns or d.column in columns) and (table, d.column) not in told
            ]
            found += chosen
        told |= {(table, column) for column in columns}
    return tuple(found)


def _rows(stage: str, table: str, kept: str, again: str) -> list[Difference]:
    keys = KEYS.get(table, ("table_name", "column_index"))
    one, two = (_by_key(text, keys) for text in (kept, again))
    found = []
    for key in sorted(one.keys() | two.keys()):
        left, right = one.get(key), two.get(key)
        name = " ".join(key)
        if left is None or right is None:
            sides = ("有此行", "无此行") if right is None else ("无此行", "有此行")
            found.append(Difference(stage, table, name, "", *sides))
            continue
        found += [
            Difference(stage, table, name, column, left.get(column) or "", right.get(column) or "")
            for column in dict.fromkeys((*left, *right))
            if left.get(column) != right.get(column)
        ]
    return found


def _by_key(text: str, keys: Sequence[str]) -> dict[tuple[str, ...], dict[str, str | None]]:
    if not text:
        return {}
    rows = pl.read_csv(io.StringIO(text), infer_schema=False).iter_rows(named=True)
    return {tuple(row[k] or "" for k in keys): row for row in rows}


def unlike_workbooks(one: Mapping[str, bytes], two: Mapping[str, bytes]) -> tuple[str, ...]:
    """Names of the workbooks whose content is not the same, or that only one side has."""
    return tuple(n for n in sorted(one.keys() | two.keys()) if _content(one.get(n)) != _content(two.get(n)))


def _content(workbook: bytes | None) -> str:
    """The digest of a workbook's content; empty where there is none, or none that can be read."""
    try:
        return "" if workbook is None else content_digest(workbook)
    except BAD_ZIP:
        return ""
