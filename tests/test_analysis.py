"""The analysis of an index: against COINr's figures, and by hand."""

import dataclasses
import math
from decimal import Decimal
from functools import cache

import numpy as np
import polars as pl
import pytest
from oracle_methods import (
    ASEM,
    FILL,
    MINMAX_1_100,
    asem_design,
    asem_scored,
    last_steps,
    needs_oracles,
    rows,
    steps,
)
from test_score_steps import ARITHMETIC, design, leaf, scale

from indices.analysis.omission import leave_out, shifts, without
from indices.analysis.report import Analysis, analyse
from indices.analysis.standing import next_rank, strengths
from indices.analysis.statistics import (
    components,
    correlations,
    cronbach,
    importance,
    matrix,
    reliability,
    statistics,
)
from indices.design import Design
from indices.score import Scored, score
from indices.table import arrange

LINE = scale("{method = 'goalpost'}") + ARITHMETIC
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
    gap = np.vstack(
        [x, [9.0, math.nan]]
    )  # the first variance is now 12.917, the second 1, the covariance stays 0.5
    assert cronbach(gap) == pytest.approx(2 * (1 - (155 / 12 + 1) / (155 / 12 + 2)))


def ranks_without(found: pl.DataFrame, node: str) -> dict[str, int | None]:
    rows_ = found.filter(pl.col("node") == node).select("subject", "rank_without").iter_rows()
    return dict(rows_)


def test_leaving_out_an_indicator_or_a_group() -> None:
    found = leave_out(THREE, arrange(THREE, DATA), score(THREE, DATA), "")
    assert set(found["node"]) == {"a", "b", "c", "P"}
    ranks = {s: (r, w, m) for n, s, r, w, m, _ in found.iter_rows() if n == "P"}
    # p (80 + 30) / 2 = 55, q (70 + 40) / 2 = 55, r (10 + 92.5) / 2 = 51.25; by a alone p, q, r
    assert ranks == {"p": (1, 1, 0), "q": (1, 2, -1), "r": (3, 3, 0)}
    assert ranks_without(found, "a") == {"p": 3, "q": 2, "r": 1}
    # without a all three move: 1 to 3, 1 to 2, 3 to 1; without P only q
    summed = {
        r["node"]: (r["moved"], str(r["mean_shift"]), r["largest_shift"]) for r in shifts(found).to_dicts()
    }
    assert summed["a"] == (3, "1.6667", 2) and summed["P"] == (1, "0.3333", 1)


def test_steps_forget_what_is_left_out_and_go_when_they_were_for_it_alone() -> None:
    declared = "[[steps]]\nstep = 'transform'\nindicators = ['a']\nshift = '1'\n" + LINE
    only = design(leaf("a") + leaf("b"), declared)
    assert [s.step for s in without(only, "a").steps] == ["normalise", "aggregate"]
    assert [s.step for s in without(only, "b").steps] == ["transform", "normalise", "aggregate"]


def test_the_weights_of_judges_keep_their_proportions_when_one_is_left_out() -> None:
    judged = "[[steps]]\nstep = 'weigh'\nmethod = 'ahp'\njudgements = [['1','4','4'],['0.25','1','1'],['0.25','1','1']]\n"
    method = design(leaf("a") + leaf("b") + leaf("c"), scale("{method = 'goalpost'}") + judged + ARITHMETIC)
    data = pl.DataFrame({"who": list("pq"), "a": [50, 40], "b": [0, 99], "c": [70, 20]})
    found = leave_out(method, arrange(method, data), score(method, data), "")
    # weights 4 : 1 : 1; without b p (4 x 50 + 70) / 5 = 54, q (4 x 40 + 20) / 5 = 36
    assert ranks_without(found, "b") == {"p": 1, "q": 2}
    assert ranks_without(found, "c") == {"p": 2, "q": 1}  # 40 against 51.8


RAGGED = "[[groups]]\nid = 'I'\nname = 'I'\n" + "".join(
    f"[[groups]]\nid = '{g}'\nname = '{g}'\nparent = 'I'\nweight = '{w}'\n" for g, w in (("P", 1), ("Q", 8))
)


def test_what_stays_keeps_the_mean_and_the_weights_of_its_level_when_the_deepest_group_goes() -> None:
    leaves = leaf("a", parent="P") + leaf("c") + leaf("d")
    line = scale("{method = 'goalpost'}") + "[[steps]]\nstep = 'aggregate'\n"
    one = "[[groups]]\nid = 'I'\nname = 'I'\n[[groups]]\nid = 'P'\nname = 'P'\nparent = 'I'\n"
    method = design(leaves, line + "means = ['geometric', 'arithmetic']\n", groups=one)
    data = pl.DataFrame({"who": list("pq"), "a": [50, 50], "c": [10, 45], "d": [90, 45]})
    found = leave_out(method, arrange(method, data), score(method, data), "")
    assert ranks_without(found, "P") == {
        "p": 1,
        "q": 2,
    }  # (10 + 90) / 2 against 45; their geometric means are 30 and 45

    deep = RAGGED + "[[groups]]\nid = 'S'\nname = 'S'\nparent = 'P'\n"
    leaves = leaf("a", parent="S") + leaf("b", parent="P") + leaf("c", parent="Q")
    equal = "[[steps]]\nstep = 'weigh'\nmethod = 'equal'\nlevel = 1\n"
    method = design(leaves, scale("{method = 'goalpost'}") + equal + ARITHMETIC, groups=deep)
    data = pl.DataFrame({"who": list("pq"), "a": [0, 0], "b": [90, 20], "c": [40, 50]})
    found = leave_out(method, arrange(method, data), score(method, data), "")
    # without S both P and Q are of level 1, and keep 1 against 8: p (90 + 8 x 40) / 9, q (20 + 8 x 50) / 9
    assert ranks_without(found, "S") == {"p": 2, "q": 1}


def test_an_index_that_does_not_stand_without_a_node_says_why() -> None:
    method = design(
        leaf("a") + leaf("b") + leaf("c"), "[[steps]]\nstep = 'screen'\nat_least = '0.3'\n" + LINE
    )
    data = pl.DataFrame({"who": ["p"], "a": ["50"], "b": [""], "c": [""]})
    found = leave_out(method, arrange(method, data), score(method, data), "")
    said = {r["node"]: (r["rank_without"], r["shift"], r["reason"][:10]) for r in found.to_dicts()}
    assert said == {"a": (None, None, "没有单位达到 scr"), "b": (1, 0, ""), "c": (1, 0, "")}
    assert shifts(found).filter(pl.col("node") == "a").select("n", "mean_shift").row(0) == (0, None)


def test_strengths_and_weaknesses() -> None:
    found = strengths(score(THREE, DATA), most=1)
    assert found.filter(pl.col("side") == "强项").select("subject", "indicator").rows() == [
        ("p", "a"),
        ("q", "a"),
        ("r", "b"),
    ]
    assert found.filter(pl.col("side") == "弱项").select("subject", "indicator").rows() == [
        ("p", "b"),
        ("q", "c"),
        ("r", "a"),
    ]


def next_of(method: Design, data: pl.DataFrame) -> list[tuple[object, ...]]:
    found = next_rank(method, score(method, data))
    return [tuple(str(v) if v is not None else "" for v in row) for row in found.iter_rows()]


def test_the_smallest_change_to_the_next_rank() -> None:
    # r has 51.25, p 55.00: an index of 54.995 is published as 55.00 (half to even), so 3.745 points of the index do it,
    # half of which a bears alone: 7.49 points of a, which are units of a too.
    assert next_of(THREE, DATA) == [
        ("r", "3", "p", "3.75", "a", "7.4901", "10.000000000000000000", "17.490000", "")
    ]
    for figure, rank in ((17.4899, 3), (17.4901, 1)):
        moved = score(THREE, DATA.with_columns(pl.Series("a", [80.0, 70.0, figure]))).published
        assert moved.filter((pl.col("node") == "I") & (pl.col("subject") == "r"))["rank"].to_list() == [rank]


@pytest.mark.parametrize("mean", ["arithmetic", "geometric", "harmonic"])
def test_the_rise_said_changes_the_rank_and_a_little_less_does_not(mean: str) -> None:
    method = design(
        leaf("a") + leaf("b", parent="P") + leaf("c", parent="P"),
        scale("{method = 'goalpost', range = ['1', '100']}")
        + f"[[steps]]\nstep = 'aggregate'\nmeans = ['{mean}']\n",
        groups="[[groups]]\nid = 'I'\nname = 'I'\n[[groups]]\nid = 'P'\nname = 'P'\nparent = 'I'\n",
    )
    gap = DATA.with_columns(pl.Series("b", ["20", "50", ""]), pl.Series("c", ["40", "30", "60"]))  # r lacks b
    rise = next_rank(method, score(method, gap)).filter(pl.col("subject") == "r").row(0, named=True)
    assert rise["indicator"] == "a" and rise["value"] == 10
    for less, moves in (("0.001", False), ("-0.001", True)):
        figure = str(rise["needed"] - Decimal(less))
        moved = score(method, gap.with_columns(pl.Series("a", ["80", "70", figure]))).published
        rank = moved.filter((pl.col("node") == "I") & (pl.col("subject") == "r"))["rank"][0]
        assert (rank < rise["rank"]) is moves


def test_where_no_rise_can_be_named_the_reason_is() -> None:
    for declared, says in (("means = ['copeland']", "合成方法 copeland"), ("means = ['median']", "median")):
        other = design(
            leaf("a") + leaf("b") + leaf("c"), LINE.replace("'aggregate'", f"'aggregate'\n{declared}")
        )
        assert says in next_rank(other, score(other, DATA))["reason"][0]
    far = design(leaf("a") + leaf("b"), LINE)
    data = pl.DataFrame({"who": list("pq"), "a": [90, 10], "b": [90, 10]})
    assert next_of(far, data) == [
        ("q", "2", "p", "80.00", "", "", "", "", "任一指标单独提高到各单位的最好得分仍不够")
    ]


def test_pairs_carry_their_relation_and_what_speaks_against_them() -> None:
    data = pl.DataFrame(
        {"who": list("pqrs"), "a": [10, 20, 30, 40], "b": [40, 30, 20, 11], "c": [11, 20, 30, 41]}
    )
    found = {(r["first"], r["second"]): r for r in correlations(THREE, score(THREE, data)).to_dicts()}
    assert len(found) == 3 + 3 + 2 + 1  # pairs of indicators, each with I, two with P, P with I
    assert (found["b", "c"]["relation"], found["b", "c"]["doubt"]) == ("同组", "近于重复计算")
    assert (found["a", "c"]["relation"], found["a", "c"]["doubt"]) == ("跨组", "近于重复计算")
    assert (found["b", "I"]["relation"], found["b", "I"]["doubt"]) == (
        "与上级",
        "与上级负相关：方向或权重可疑",
    )
    assert str(found["a", "c"]["spearman"]) == "1.000000000000"
    flat = correlations(THREE, score(THREE, data.with_columns(pl.lit(5).alias("a"))))
    assert flat.filter(pl.col("first") == "a")["pearson"].is_null().all()


def test_components_and_importance_by_hand() -> None:
    # two indicators with correlation r have the eigenvalues 1 + r and 1 - r and the loadings sqrt((1 + r) / 2)
    method = design(leaf("a") + leaf("b"), LINE)
    data = pl.DataFrame({"who": list("pqr"), "a": [10, 20, 30], "b": [10, 30, 20]})
    found, loaded = components(method, score(method, data))
    assert [float(v) for v in found["eigenvalue"]] == pytest.approx([1.5, 0.5])
    assert [float(v) for v in found["cumulative"]] == pytest.approx([0.75, 1.0])
    assert [float(v) for v in loaded["loading"]] == pytest.approx([math.sqrt(0.75)] * 2)
    # both correlate with their mean alike, so each plays half, whatever its weight would be
    weight = importance(method, score(method, data))
    assert [float(v) for v in weight["importance"]] == pytest.approx([0.5, 0.5])
    assert [float(v) for v in weight["effective"]] == [0.5, 0.5]


def test_types_are_analysed_apart_and_unranked_ones_left_out() -> None:
    method = design(leaf("a") + leaf("b"), LINE, "type = 'kind'")
    method = dataclasses.replace(method, unranked=("province",))
    data = pl.DataFrame(
        {"who": list("opqrstu"), "kind": ["province", *["city"] * 3, *["county"] * 3],
         "a": [99, 1, 2, 3, 30, 20, 10], "b": [99, 1, 2, 3, 10, 20, 30]}
    )  # fmt: skip
    found = analyse(method, arrange(method, data), score(method, data))
    assert isinstance(found, Analysis)
    pairs = found.correlations.filter(pl.col("second") == "b").select("type", "n", "pearson").rows()
    assert [(t, n, float(r)) for t, n, r in pairs] == [
        ("city", 3, pytest.approx(1)),
        ("county", 3, pytest.approx(-1)),
    ]
    assert found.statistics["n"].to_list() == [3, 3, 3, 3]
    assert set(found.omitted["subject"]) == set("pqrstu")
    shuffled = data.sample(fraction=1, shuffle=True, seed=3)
    again = analyse(method, arrange(method, shuffled), score(method, shuffled))
    assert all(found.frames()[name].equals(again.frames()[name]) for name in found.frames())


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
        mine = found[row["iCode"]]
        assert [mine[c] for c in ("n", "distinct", "same")] == [
            int(row[c]) for c in ("N.Avail", "N.Unique", "N.Same")
        ]
        assert mine["n"] - mine["zeros"] == int(row["N.NonZero"])
        assert mine["outlying"] == (row["Flag.SkewKurt"] == "OUT")
        for theirs, ours in names.items():
            assert float(found[row["iCode"]][ours]) == pytest.approx(float(row[theirs]), rel=1e-9, abs=1e-9)


@cache
def usual() -> Scored:
    """The example under the steps that the answers were computed with."""
    return asem_scored(steps())


@needs_oracles
@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_correlations_of_the_second_level(method: str) -> None:
    answers = rows(ASEM / f"analysis/corr_{method}_level2.csv")
    found = correlations(asem_design(steps()), usual())
    ours = {frozenset(r[c] for c in ("first", "second")): float(r[method]) for r in found.to_dicts()}
    compared = [r for r in answers if r["Var1"] != r["Var2"]]
    assert len(compared) > 50
    assert (
        max(abs(ours[frozenset((r["Var1"], r["Var2"]))] - float(r["Correlation"])) for r in compared) < 1e-9
    )


@needs_oracles
def test_skew_and_kurtosis_before_treatment() -> None:
    declared = f"[[steps]]\nstep = 'denominate'\n{FILL}" + last_steps(MINMAX_1_100)
    found = {r["indicator"]: r for r in statistics(asem_scored(declared).prepared, "").iter_rows(named=True)}
    for row in rows(ASEM / "steps/04_skew_kurt_before.csv"):
        mine = found[row["iCode"]]
        assert float(mine["skew"]) == pytest.approx(float(row["skew"]), abs=1e-9)
        assert float(mine["kurtosis"]) == pytest.approx(float(row["kurt"]), abs=1e-9)
        assert mine["outlying"] == (row["pass"] == "false")


@needs_oracles
def test_alpha_of_each_group() -> None:
    tree = asem_design(steps())
    alphas = {r["group"]: r["alpha"] for r in reliability(tree, usual()).iter_rows(named=True)}
    raw = asem_scored(last_steps("{method = 'none'}"), denominated=False)
    by_group = {r["group"]: r["alpha"] for r in reliability(tree, raw).iter_rows(named=True)}
    for row in rows(ASEM / "analysis/cronbach.csv"):
        assert float(alphas[row["group"]]) == pytest.approx(float(row["alpha_normalised"]), abs=1e-9)
        assert float(by_group[row["group"]]) == pytest.approx(float(row["alpha_raw"]), abs=1e-9)
    assert matrix(usual(), ["Conn"], "").shape == (51, 1)
