"""``zhishu score``: the engine alone, from files to files; no ledger, no Prefect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from indices.design import Design
from indices.method_file import read_design
from indices.score import Scored, score, score_table
from indices.table import Table, arrange
from indices.tables.comparison import write_comparison_book
from indices.tables.scored import write_scored
from indices.tables.words import PRODUCTS_ZH, SUBJECT_TYPES
from indices.whatif import compare, overridden, why
from schemas.table import read_table

if TYPE_CHECKING:
    from indices.analysis.report import Analysis
    from indices.uncertainty.run import Uncertain


@dataclass(frozen=True)
class Computed:
    """A design, the figures that it was computed on, and all stages."""

    design: Design
    table: Table
    scored: Scored


def score_files(method: Path, data: Path, threads: int, overrides: Sequence[str] = ()) -> Computed:
    """Read a design, change what is overridden, read a table and compute; errors name file and cell."""
    design = overridden(read_design(method), overrides)
    read = read_table(data, design.data.sheet, design.data.header_row)
    table = arrange(design, read.frame, read.place)
    return Computed(design, table, score_table(design, table, threads))


def examine(computed: Computed) -> Analysis:
    """The analysis of the newest period."""
    from indices.analysis.report import analyse  # scipy takes long to load and is not needed without

    return analyse(computed.design, computed.table, computed.scored)


def vary(computed: Computed, draws: int, seed: int) -> Uncertain:
    """The uncertainty analysis of the newest period."""
    from indices.uncertainty.run import uncertainty

    return uncertainty(computed.design, computed.scored, draws, seed)


@dataclass(frozen=True)
class Comparison:
    """A design, its changed twin, and how the index and its leaves differ."""

    design: Design
    changed: Design
    index: pl.DataFrame
    leaves: pl.DataFrame


def compare_files(method: Path, data: Path, overrides: Sequence[str], threads: int) -> Comparison:
    """Compute a design as it is and as overridden."""
    design = read_design(method)
    changed = overridden(design, overrides)
    table = read_table(data, design.data.sheet, design.data.header_row)
    before, after = (score(d, table.frame, table.place, threads) for d in (design, changed))
    return Comparison(
        design, changed, compare(design, before, after), why((design, before), (changed, after))
    )


def write_comparisons(found: Sequence[Comparison], out: Path) -> list[Path]:
    """All comparisons one under the other, as CSV and in one workbook."""
    out.mkdir(parents=True, exist_ok=True)
    tables = {
        "comparison": pl.concat([c.index for c in found]),
        "reasons": pl.concat([c.leaves for c in found]),
    }
    written = [_replace(out / f"{name}.csv", csv_bytes(frame)) for name, frame in tables.items()]
    names = {item: name for c in found for item, name in c.design.names.items()}
    book = write_comparison_book(found[0].design, tables["comparison"], tables["reasons"], names)
    return [*written, _replace(out / "whatif.xlsx", book)]


def comparison_json(found: Comparison) -> list[dict[str, Any]]:
    """The comparison for programs; numbers are texts."""
    texts = dict.fromkeys(("before", "after", "change"), pl.String)
    return found.index.cast(texts).to_dicts()  # type: ignore[arg-type]


def comparison_lines(found: Comparison) -> list[str]:
    """Who gains and who loses a place and by which indicators, the largest shifts first."""
    moved = found.index.filter(pl.col("shift").fill_null(0) != 0)
    first = found.index.row(0, named=True) if found.index.height else {}
    labels = [
        words[first[c]] for c, words in (("product", PRODUCTS_ZH), ("type", SUBJECT_TYPES)) if c in first
    ]
    changed = found.index.filter(pl.col("change").fill_null(0) != 0).height
    lines = [
        "　".join((f"{found.design.name}（{found.design.id}）", *labels))
        + f"：发布值变动 {changed} 个，位次变动 {moved.height} 个"
        + _gone(found.index, "before", "after", "失去指数")
        + _gone(found.index, "after", "before", "得到指数")
    ]
    for row in (
        moved.sort(pl.col("shift").abs(), "subject", descending=[True, False]).head(10).iter_rows(named=True)
    ):
        lines.append(
            f"{row['name']} {row['period']}".rstrip()
            + f"  {row['before']} → {row['after']}  位次 {row['rank_before']} → {row['rank_after']}"
            + f"  {_reasons(found, row['subject'], row['period'])}"
        )
    return lines


def _gone(index: pl.DataFrame, there: str, gone: str, word: str, shown: int = 5) -> str:
    """Who has an index on one side alone; empty if nobody."""
    rows = index.filter(pl.col(there).is_not_null() & pl.col(gone).is_null())
    names = [f"{name} {period}".rstrip() for name, period in rows.select("name", "period").iter_rows()]
    more = f" 等 {len(names)} 个" if len(names) > shown else ""
    return f"；{word}：{'、'.join(names[:shown])}{more}" if names else ""


def _reasons(found: Comparison, subject: str, period: str, shown: int = 3) -> str:
    """The items that made most of a subject's change."""
    here = (
        (pl.col("subject") == subject) & (pl.col("period") == period) & (pl.col("points").fill_null(0) != 0)
    )
    parts = found.leaves.filter(here).sort(pl.col("points").abs(), "indicator", descending=[True, False])
    return "，".join(
        f"{item} {found.design.names[item]} {points:+}"
        for item, points in parts.head(shown).select("indicator", "points").iter_rows()
    )


def write_stages(
    computed: Computed, out: Path, uncertain: Uncertain | None = None, analysis: Analysis | None = None
) -> list[Path]:
    """Every stage as CSV in the order of its key, and one workbook; gives the files written."""
    out.mkdir(parents=True, exist_ok=True)
    design, scored, written = computed.design, computed.scored, []
    frames = scored.frames() | (uncertain.frames() if uncertain else {})
    frames |= analysis.frames() if analysis else {}
    for name, frame in frames.items():
        written.append(_replace(out / f"{name}.csv", csv_bytes(frame)))
    book = write_scored(design, scored, uncertain, analysis)
    return [*written, _replace(out / f"{design.id}.xlsx", book)]


def csv_bytes(frame: pl.DataFrame) -> bytes:
    """A frame as UTF-8 CSV."""
    return frame.write_csv().encode()


def _replace(path: Path, data: bytes) -> Path:
    """Write a file whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(data)
    return partial.replace(path)


def score_json(
    computed: Computed, uncertain: Uncertain | None = None, analysis: Analysis | None = None
) -> Mapping[str, Any]:
    """The published index, the notes and what else was asked for, for programs; decimals are texts, as exact as they are."""
    design, scored = computed.design, computed.scored
    texts = _covered(computed).with_columns(pl.col("value", "weight_coverage").cast(pl.String))
    found: dict[str, Any] = {"method": design.id, "index": texts.to_dicts(), "notes": scored.notes.to_dicts()}
    if uncertain is not None:
        ranks = uncertain.ranks.with_columns(pl.col("mean").cast(pl.String))
        found["uncertainty"] = {"draws": uncertain.draws, "seed": uncertain.seed, "ranks": ranks.to_dicts()}
    if analysis is not None:
        found["analysis"] = {
            name: frame.with_columns(pl.selectors.decimal().cast(pl.String)).to_dicts()
            for name, frame in analysis.frames().items()
        }
    return found


def _covered(computed: Computed) -> pl.DataFrame:
    """The published index of each subject and period, with the weight of its basket that is there."""
    index = computed.scored.published.filter(pl.col("node") == computed.design.root.id)
    coverage = computed.scored.coverage.select("subject", "period", "weight_coverage")
    return index.join(coverage, on=["subject", "period"], how="left", maintain_order="left")


def summary(computed: Computed) -> list[str]:
    """What a person sees: the first ten of the newest period, and how much was noticed."""
    design, scored = computed.design, computed.scored
    index = _covered(computed)
    newest = str(index["period"].max() or "")
    first = index.filter((pl.col("period") == newest) & pl.col("rank").is_not_null()).sort(
        "type", "rank", "subject"
    )
    lines = [f"{design.name}（{design.id}）{newest}"]
    lines += [
        f"{row['rank']:>4}  {row['name']}  {row['value']}"
        + (f"  权重覆盖率 {row['weight_coverage']}" if (row["weight_coverage"] or 0) < 1 else "")
        for row in first.head(10).iter_rows(named=True)
    ]
    absent = index.filter(pl.col("value").is_null()).height
    if absent:
        lines.append(f"有 {absent} 个单位（期）不能合成指数，原因见“提示”。")
    for rule, count in scored.notes.group_by("rule").len().sort("rule").iter_rows():
        lines.append(f"提示 {rule}：{count} 条")
    return lines
