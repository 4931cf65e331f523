"""``zhishu check``: what the linter says of a method file, alone, on a table, or on the figures of a release."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from flows.ledger.release import read_release
from flows.ledger.store import Store
from flows.mistakes import Mistake
from flows.release_whatif import methods_of, table_in
from indices.as_design import design_of, table_of
from indices.lint.design import lint_design
from indices.lint.finding import SEVERITY_ZH, Doubt, order
from indices.lint.forms import lint_method
from indices.lint.scored import lint_scored
from indices.method import METHODS_DIR, Method, read_method
from indices.method_file import read_design
from indices.score import score
from indices.tables.words import SUBJECT_TYPES
from schemas.table import read_table


@dataclass(frozen=True)
class Figures:
    """The release of a home whose figures a method over forms is looked at with."""

    home: Path
    release: str


def check_method(method: str, data: Path | None, threads: int, figures: Figures | None = None) -> list[Doubt]:
    """Lint a file, or a shipped method by its id (``MQ-2026.1``); errors in the file itself are raised.

    Mistake for a table with a method over forms, or a release with one that starts at a table.
    """
    path = Path(method)
    if not path.is_file():
        path = METHODS_DIR / f"{method}.toml"
    if not path.is_file():
        raise Mistake(f"方法文件 {method} 不存在；请给出文件，或已有方法的编号（如 MQ-2026.1）。")
    if _format(path) == 1:
        if data is not None:
            raise Mistake(
                f"方法 {path.name} 由报表计算，不能配数据文件；请去掉 --data，或用 --release 查一次发布的数值。"
            )
        found = read_method(path)
        return order([*lint_method(found), *(_of_release(found, figures, threads) if figures else ())])
    if figures is not None:
        raise Mistake(f"方法 {path.name} 由数据文件计算，不在发布中；请用 --data 代替 --release。")
    design = read_design(path)
    doubts = lint_design(design)
    if data is not None:
        table = read_table(data, design.data.sheet, design.data.header_row)
        doubts += lint_scored(design, score(design, table.frame, table.place, threads))
    return order(doubts)


def _of_release(method: Method, figures: Figures, threads: int) -> Iterator[Doubt]:
    """What the figures of a release add, each subject type by itself."""
    release = read_release(Store(figures.home), figures.release)
    if method.id not in {m.id for m in methods_of(release)}:
        raise Mistake(f"发布 {release.id} 不是用方法 {method.id} 计算的；请换一个发布。")
    mine = pl.col("index_code") == method.index, pl.col("period") == release.manifest.period
    leaves, totals = (table_in(release, f"result_{name}").filter(*mine) for name in ("indicator", "index"))
    for (kind,), part in totals.group_by(["subject_type"], maintain_order=True):
        design = design_of(method, str(kind), "full")
        rows = leaves.filter(pl.col("subject").is_in(part["subject"].unique().to_list()))
        for doubt in lint_scored(design, score(design, table_of(design, method, rows), threads=threads)):
            label = SUBJECT_TYPES.get(str(kind), str(kind))
            yield doubt._replace(message=f"{release.id} {label}：{doubt.message}")


def _format(path: Path) -> object:
    try:
        return tomllib.loads(path.read_text("utf-8-sig")).get("format")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None  # the reader says what is wrong


def lines(doubts: list[Doubt]) -> list[str]:
    """One line each, and how many there are."""
    found = [f"{SEVERITY_ZH[d.severity]} {d.rule} {d.node}：{d.message}（{d.source}）" for d in doubts]
    refused = sum(d.severity == "refuse" for d in doubts)
    return [*found, f"拒绝 {refused} 条，提醒 {len(doubts) - refused} 条"]
