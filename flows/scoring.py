"""``zhishu score``: the engine alone, from files to files; no ledger, no Prefect."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from indices.design import Design, read_design
from indices.score import Scored, score
from indices.tables.scored import write_scored
from schemas.table import read_table


def score_files(method: Path, data: Path, threads: int) -> tuple[Design, Scored]:
    """Read a design and a table and compute; the errors of both name file and cell."""
    design = read_design(method)
    table = read_table(data, design.data.sheet, design.data.header_row)
    return design, score(design, table.frame, table.place, threads)


def write_stages(design: Design, scored: Scored, out: Path) -> list[Path]:
    """Every stage as CSV in the order of its key, and one workbook; gives the files written."""
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for name, frame in scored.frames().items():
        written.append(_replace(out / f"{name}.csv", csv_bytes(frame)))
    return [*written, _replace(out / f"{design.id}.xlsx", write_scored(design, scored))]


def csv_bytes(frame: pl.DataFrame) -> bytes:
    """A frame as UTF-8 CSV."""
    return frame.write_csv().encode()


def _replace(path: Path, data: bytes) -> Path:
    """Write a file whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(data)
    return partial.replace(path)


def score_json(design: Design, scored: Scored) -> Mapping[str, Any]:
    """The published index and the notes, for programs; numbers are texts, as exact as they are."""
    index = scored.published.filter(pl.col("node") == design.root.id)
    texts = index.with_columns(pl.col("value").cast(pl.String))
    return {"method": design.id, "index": texts.to_dicts(), "notes": scored.notes.to_dicts()}


def summary(design: Design, scored: Scored) -> list[str]:
    """What a person sees: the first ten of the newest period, and how much was noticed."""
    index = scored.published.filter(pl.col("node") == design.root.id)
    newest = str(index["period"].max() or "")
    first = index.filter((pl.col("period") == newest) & pl.col("rank").is_not_null()).sort(
        "type", "rank", "subject"
    )
    lines = [f"{design.name}（{design.id}）{newest}"]
    lines += [
        f"{row['rank']:>4}  {row['name']}  {row['value']}" for row in first.head(10).iter_rows(named=True)
    ]
    absent = index.filter(pl.col("value").is_null()).height
    if absent:
        lines.append(f"有 {absent} 个单位（期）不能合成指数，原因见“提示”。")
    for rule, count in scored.notes.group_by("rule").len().sort("rule").iter_rows():
        lines.append(f"提示 {rule}：{count} 条")
    return lines
