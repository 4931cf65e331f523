"""``zhishu check``: what the linter says of a method file, with or without data."""

from __future__ import annotations

import tomllib
from pathlib import Path

from flows.mistakes import Mistake
from indices.design import read_design
from indices.lint.design import lint_design, lint_scored
from indices.lint.finding import SEVERITY_ZH, Doubt, order
from indices.lint.forms import lint_method
from indices.method import METHODS_DIR, read_method
from indices.score import score
from schemas.table import read_table


def check_method(method: str, data: Path | None, threads: int) -> list[Doubt]:
    """Lint a file, or a shipped method by its id (``MQ-2026.1``); errors in the file itself are raised."""
    path = Path(method)
    if not path.is_file():
        path = METHODS_DIR / f"{method}.toml"
    if not path.is_file():
        raise Mistake(f"方法文件 {method} 不存在；请给出文件，或已有方法的编号（如 MQ-2026.1）。")
    if _format(path) == 1:
        if data is not None:
            raise Mistake(f"方法 {path.name} 由报表计算，不能配数据文件；请去掉 --data。")
        return lint_method(read_method(path))
    design = read_design(path)
    doubts = lint_design(design)
    if data is not None:
        table = read_table(data, design.data.sheet, design.data.header_row)
        doubts += lint_scored(design, score(design, table.frame, table.place, threads))
    return order(doubts)


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
