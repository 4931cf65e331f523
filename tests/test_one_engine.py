"""MQ, CM and CA by the generic engine: from the values of their indicators it gives what the procedures published."""

import io

import polars as pl
import pytest

from flows.batch import Outcome
from flows.mistakes import Mistake
from flows.release_whatif import compare_release
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


def test_a_release_under_another_weight(
    small_outcome: Outcome, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert small_outcome.release is not None and small_outcome.results is not None
    home = small_outcome.release.folder.parent.parent
    found = compare_release(home, "2026-10.1", ["weight.MQ105=0", "weight.CM201=8"], 1)
    assert {c.design.index for c in found} <= {"MQ", "CM"}
    totals = small_outcome.results.index.filter(pl.col("period") == "2026-10")
    published = {
        (i, p, s): v for i, p, s, v in totals.select("index_code", "product", "subject", "value").iter_rows()
    }
    rows = [row for c in found for row in c.index.iter_rows(named=True)]
    assert rows and any(row["change"] for row in rows)
    for row in rows:
        assert row["before"] == published[row["index"][:2], row["product"], row["subject"]]
    with pytest.raises(Mistake, match=r"没有 weight\.XX1=2 所指的指标"):
        compare_release(home, "2026-10.1", ["weight.MQ105=0", "weight.XX1=2"], 1)
    with pytest.raises(Mistake, match="CM103 按基期比值评分，发布中只有得分"):
        compare_release(home, "2026-10.1", ["low.CM103=90"], 1)
