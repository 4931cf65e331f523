"""The analysis of an index: against COINr's figures, and by hand."""

import math

import numpy as np
import polars as pl
import pytest
from oracle_methods import (
    ASEM,
    MINMAX_1_100,
    asem_design,
    asem_scored,
    last_steps,
    needs_oracles,
    rows,
    steps,
)
from test_score_steps import ARITHMETIC, design, leaf, scale

from indices.analysis import (
    correlations,
    cronbach,
    leave_out,
    matrix,
    next_rank,
    reliability,
    statistics,
    strengths,
)
from indices.score import score
from indices.steps.bench import ScoreError
from indices.table import arrange

THREE = design(
    leaf("a") + leaf("b", parent="P") + leaf("c", parent="P"),
    scale("{method = 'goalpost'}") + ARITHMETIC,
    groups="[[groups]]\nid = 'I'\nname = 'I'\n[[groups]]\nid = 'P'\nname = 'P'\nparent = 'I'\n",
)
DATA = pl.DataFrame({"who": list("pqr"), "a": [80, 70, 10], "b": [20, 50, 90], "c": [40, 30, 95]})


def test_cronbach_by_hand() -> None:
    x = np.array([[1.0, 2.0], [2.0, 1.0], [3.0, 3.0]])  # variances 1 and 1, of the sums (3, 3, 6) 3
    assert cronbach(x) == pytest.approx(2 * (1 - 2 / 3))
    assert math.isnan(cronbach(x[:, :1]))


def test_leaving_out_an_indicator_or_a_group() -> None:
    found = leave_out(THREE, arrange(THREE, DATA), "")
    assert set(found["node"]) == {"a", "b", "c", "P"}
    ranks = {s: (r, w, m) for n, s, r, w, m in found.iter_rows() if n == "P"}
    # p (80 + 30) / 2 = 55, q (70 + 40) / 2 = 55, r (10 + 92.5) / 2 = 51.25; by a alone p, q, r
    assert ranks == {"p": (1, 1, 0), "q": (1, 2, -1), "r": (3, 3, 0)}
    assert {s: w for n, s, _, w, _ in found.iter_rows() if n == "a"} == {"p": 3, "q": 2, "r": 1}


def test_strengths_and_weaknesses() -> None:
    found = strengths(score(THREE, DATA), most=1)
    assert found.filter(pl.col("side") == "strength").select("subject", "indicator").rows() == [
        ("p", "a"),
        ("q", "a"),
        ("r", "b"),
    ]
    assert found.filter(pl.col("side") == "weakness").select("subject", "indicator").rows() == [
        ("p", "b"),
        ("q", "c"),
        ("r", "a"),
    ]


def test_the_smallest_change_to_the_next_rank() -> None:
    found = next_rank(THREE, score(THREE, DATA)).rows()
    assert [(s, o, str(g), i, str(c)) for s, _, o, g, i, c in found] == [("r", "p", "3.75", "a", "7.5000")]
    moved = DATA.with_columns(pl.Series("a", [80.0, 70.0, 17.5]))
    assert set(score(THREE, moved).published.filter(pl.col("node") == "I")["rank"]) == {1}
    declared = scale("{method = 'goalpost'}") + "[[steps]]\nstep = 'aggregate'\nmeans = ['geometric']\n"
    other = design(leaf("a") + leaf("b") + leaf("c"), declared)
    with pytest.raises(ScoreError, match="算术平均"):
        next_rank(other, score(other, DATA))


@needs_oracles
def test_statistics_of_49_indicators() -> None:
    raw = asem_scored(last_steps(MINMAX_1_100), denominated=False).values
    found = {r["indicator"]: r for r in statistics(raw, "").iter_rows(named=True)}
    names = {
        "Min": "least",
        "Max": "most",
        "Mean": "mean",
        "Median": "median",
        "Std": "deviation",
        "Skew": "skew",
        "Kurt": "kurtosis",
    }
    for row in rows(ASEM / "analysis/stats_raw.csv"):
        assert found[row["iCode"]]["n"] == int(row["N.Avail"])
        for theirs, ours in names.items():
            assert float(found[row["iCode"]][ours]) == pytest.approx(float(row[theirs]), rel=1e-9, abs=1e-9)


@needs_oracles
@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_correlations_of_the_second_level(method: str) -> None:
    answers = rows(ASEM / f"analysis/corr_{method}_level2.csv")
    nodes = sorted({r["Var1"] for r in answers})
    found = correlations(asem_scored(steps()), nodes, method)
    ours = {(a, b): float(c) for a, b, _, c in found.iter_rows()}
    assert max(abs(ours[r["Var1"], r["Var2"]] - float(r["Correlation"])) for r in answers) < 1e-9


@needs_oracles
def test_alpha_of_each_group() -> None:
    tree = asem_design(steps())
    alphas = {r["group"]: r["alpha"] for r in reliability(tree, asem_scored(steps())).iter_rows(named=True)}
    for row in rows(ASEM / "analysis/cronbach.csv"):
        assert float(alphas[row["group"]]) == pytest.approx(float(row["alpha_normalised"]), abs=1e-9)
    assert matrix(asem_scored(steps()), ["Conn"], "").shape == (51, 1)
