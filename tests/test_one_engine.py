"""MQ, CM and CA by the generic engine: from the values of their indicators it gives what the procedures published."""

import io

import polars as pl
import pytest

from flows.batch import Outcome
from indices.as_design import Product, design_of, table_of
from indices.method import METHODS_DIR, read_method
from indices.score import score


@pytest.mark.parametrize("index", ["MQ", "CM", "CA"])
@pytest.mark.parametrize("product", ["monthly", "full"])
def test_scores_totals_and_ranks_are_those_published(
    small_outcome: Outcome, index: str, product: Product
) -> None:
    assert small_outcome.release is not None and small_outcome.results is not None
    method = read_method(METHODS_DIR / f"{index}-2026.1.toml")
    mine = (pl.col("index_code") == index) & (pl.col("period") == "2026-10")
    leaves = pl.read_csv(io.StringIO(small_outcome.release.table("result_indicator")), infer_schema=False)
    totals = small_outcome.results.index.filter(
        mine & (pl.col("product") == product) & pl.col("value").is_not_null()
    )
    compared = 0
    for subject_type in totals["subject_type"].unique().sort():
        design = design_of(method, subject_type, product)
        part = leaves.filter(mine & (pl.col("subject_type") == subject_type))
        found = score(design, table_of(design, method, part.with_columns(pl.col("missing").fill_null(""))))
        published = found.published.filter(pl.col("node") == index)
        values = {s: str(v) for s, v in published.select("subject", "value").iter_rows()}
        wanted = totals.filter(pl.col("subject_type") == subject_type)
        for subject, value in wanted.select("subject", "value").iter_rows():
            assert values[subject] == str(value), (index, product, subject)
            compared += 1
        if subject_type != "province" and wanted.height == published.height:
            ranks = dict(published.select("subject", "rank").iter_rows())
            assert ranks == dict(wanted.select("subject", "rank").iter_rows())
        scores = {
            (s, i): v
            for s, i, v in found.scores.select("subject", "indicator", pl.col("score").round(2)).iter_rows()
        }
        for s, i, v in part.select("subject", "indicator", "score_published").iter_rows():
            if v and (s, i) in scores:
                assert abs(float(scores[s, i]) - float(v)) < 0.006, (s, i)
    assert compared
