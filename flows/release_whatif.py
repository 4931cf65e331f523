"""``zhishu whatif RELEASE``: the indices of a release under other weights, posts or rules; no release is made.

A release keeps the value of every indicator. From there the method is a design of the generic engine (see
``indices/as_design.py``), which is computed as it is and as overridden. A total that the release withheld for want of
coverage is left out on both sides.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

import polars as pl

from flows.ledger.release import Release, read_release
from flows.ledger.store import Store
from flows.mistakes import Mistake
from flows.scoring import Comparison
from indices.as_design import Product, design_of, table_of
from indices.method import METHODS_DIR, Method, method_digest, read_method
from indices.score import score
from indices.whatif import compare, overridden, why


def compare_release(home: Path, release_id: str, settings: Sequence[str], threads: int) -> list[Comparison]:
    """One comparison per index, product and subject type that the settings touch.

    Mistake if no index knows a setting, ReleaseError if there is no such release.
    """
    release = read_release(Store(home), release_id)
    leaves, totals = (table_in(release, f"result_{name}") for name in ("indicator", "index"))
    found: list[Comparison] = []
    for method in methods_of(release):
        mine = pl.col("index_code") == method.index, pl.col("period") == release.manifest.period
        for product in get_args(Product):
            published = totals.filter(*mine, pl.col("product") == product, pl.col("value") != "")
            for subject_type in published["subject_type"].unique().sort():
                subjects = published.filter(pl.col("subject_type") == subject_type)["subject"]
                part = leaves.filter(*mine, pl.col("subject").is_in(subjects.to_list()))
                found += _one(method, product, subject_type, part, settings, threads)
    if not found:
        raise Mistake(
            f"发布 {release_id} 的指数中没有 {'、'.join(settings)} 所指的指标，或没有已发布的总值；请核对代码。"
        )
    return found


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


def _one(
    method: Method,
    product: Product,
    subject_type: str,
    leaves: pl.DataFrame,
    settings: Sequence[str],
    threads: int,
) -> Iterator[Comparison]:
    """The comparison of one ranking, if it has what the settings name."""
    design = design_of(method, subject_type, product)
    known = [s for s in settings if _concerns(s, set(design.names))]
    if not known:
        return
    changed = overridden(design, known)
    table = table_of(design, method, leaves)
    before, after = (score(d, table, threads=threads) for d in (design, changed))
    labels = [
        pl.lit(v).alias(k) for k, v in (("index", method.id), ("product", product), ("type", subject_type))
    ]
    names = dict(leaves.select("subject", "subject_name").unique().iter_rows())
    index = compare(design, before, after).with_columns(pl.col("subject").replace(names).alias("name"))
    reasons = why((design, before), (changed, after))
    yield Comparison(design, changed, *(f.select(*labels, pl.all()) for f in (index, reasons)))


def _concerns(setting: str, nodes: set[str]) -> bool:
    """Whether a setting is about one of these nodes, or about a rule of every index."""
    key = setting.partition("=")[0].strip()
    kind, _, node = key.partition(".")
    return kind in ("missing", "at_least") or node in nodes
