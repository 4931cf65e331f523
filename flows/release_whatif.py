"""``zhishu whatif RELEASE``: the indices of a release under other weights, posts or rules; no release is made.

A release keeps the value of every indicator. From there the method is a design of the generic engine (see
``indices/as_design.py``), which is computed as it is and as overridden. A total that the release withheld for want of
coverage is left out on both sides.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, get_args

import polars as pl

from flows.ledger.release import Release, read_release
from flows.ledger.store import Store
from flows.mistakes import Mistake
from flows.scoring import Comparison
from indices.as_design import Product, design_of, table_of
from indices.design import Design
from indices.method import METHODS_DIR, Method, method_digest, read_method
from indices.score import score
from indices.whatif import compare, overridden, why


def compare_release(home: Path, release_id: str, settings: Sequence[str], threads: int) -> list[Comparison]:
    """One comparison per index, product and subject type that the settings touch.

    Mistake if no published index knows one of the settings, ReleaseError if there is no such release.
    """
    release = read_release(Store(home), release_id)
    leaves, totals = (table_in(release, f"result_{name}") for name in ("indicator", "index"))
    rankings: list[_Ranking] = []
    unknown = dict.fromkeys(settings)
    for method in methods_of(release):
        mine = pl.col("index_code") == method.index, pl.col("period") == release.manifest.period
        for product in get_args(Product):
            published = totals.filter(*mine, pl.col("product") == product, pl.col("value") != "")
            for subject_type in published["subject_type"].unique().sort():
                subjects = published.filter(pl.col("subject_type") == subject_type)["subject"]
                part = leaves.filter(*mine, pl.col("subject").is_in(subjects.to_list()))
                design = design_of(method, subject_type, product)
                known = [s for s in settings if _concerns(s, method, design)]
                unknown = {s: None for s in unknown if s not in known}
                if known:
                    labels = {"index": method.id, "product": product, "type": subject_type}
                    rankings.append(_Ranking(method, design, known, part, labels))
    if unknown:
        raise Mistake(
            f"发布 {release_id} 的指数中没有 {'、'.join(unknown)} 所指的指标，或没有已发布的总值；请核对代码。"
        )
    return [_compared(ranking, threads) for ranking in rankings]


class _Ranking(NamedTuple):
    """What is ranked together, the settings that its design knows, and its rows of the release."""

    method: Method
    design: Design
    settings: list[str]
    leaves: pl.DataFrame
    labels: dict[str, str]


def methods_of(release: Release) -> Iterator[Method]:
    """The methods of a release as it used them; Mistake if a method file is another by now."""
    for name, digest in sorted(release.manifest.methods.items()):
        path = METHODS_DIR / f"{name}.toml"
        method = read_method(path) if path.is_file() else None
        if method is None or method_digest(method) != digest:
            raise Mistake(f"方法 {name} 与发布 {release.id} 所用的不同（摘要不符）；请取回当时的方法文件。")
        yield method


def table_in(release: Release, name: str) -> pl.DataFrame:
    """A table of a release as texts, gaps empty."""
    return pl.read_csv(io.StringIO(release.table(name)), infer_schema=False).with_columns(
        pl.all().fill_null("")
    )


def _compared(ranking: _Ranking, threads: int) -> Comparison:
    """The comparison of one ranking."""
    method, design, settings, leaves, labels = ranking
    changed, table = overridden(design, settings), table_of(design, method, leaves)
    before, after = (score(d, table, threads=threads) for d in (design, changed))
    names = dict(leaves.select("subject", "subject_name").unique().iter_rows())
    index = compare(design, before, after).with_columns(pl.col("subject").replace(names).alias("name"))
    reasons = why((design, before), (changed, after))
    marks = [pl.lit(value).alias(key) for key, value in labels.items()]
    return Comparison(design, changed, *(f.select(*marks, pl.all()) for f in (index, reasons)))


def _concerns(setting: str, method: Method, design: Design) -> bool:
    """Whether a setting is about a node of this design, or about a rule of every index.

    Mistake for the posts of a ratio to a base year: the release keeps its score, not the ratio.
    """
    key = setting.partition("=")[0].strip()
    kind, _, node = key.partition(".")
    based = {i.id for i in method.indicators if i.normalisation == "base_ratio"}
    if kind in ("low", "high") and node in based:
        raise Mistake(
            f"--set {key} 不能计算：{node} 按基期比值评分，发布中只有得分，没有比值；请改方法文件后重新计算。"
        )
    return kind in ("missing", "at_least") or node in design.names
