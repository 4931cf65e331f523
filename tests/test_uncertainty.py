"""Uncertainty: the vectorised model against the exact engine and published replicates, and what the draws say."""

import dataclasses
import math
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from oracle_methods import ASEM, MINMAX_1_100, asem_design, asem_scored, needs_oracles, rows, steps
from test_score_steps import ARITHMETIC, design, leaf, scale

from indices.declare import Uncertainty
from indices.design import Design
from indices.score import Scored, score
from indices.steps.bench import ScoreError
from indices.uncertainty.model import climb, model_of, ranks_of
from indices.uncertainty.run import uncertainty
from indices.uncertainty.sobol import first_order, sensitivity, total_order

LEAVES = (
    leaf("a", "low = '0'\nhigh = '100'\nweight = '2'", "P")
    + leaf("b", "low = '90'\nhigh = '10'\ndirection = 'negative'", "P")
    + leaf("c", "low = '1'\nhigh = '100'\nscale = {method = 'log_goalpost', range = ['1', '100']}")
)
GROUPS = "[[groups]]\nid = 'I'\nname = 'I'\n[[groups]]\nid = 'P'\nname = 'P'\nparent = 'I'\nweight = '3'\n"
DATA = pl.DataFrame(
    {
        "who": list("pqrs"),
        "a": ["20", "40", "75", "110"],
        "b": ["50", "", "30", "95"],
        "c": ["5", "60", "0.5", "9"],
    }
)


def made(mean: str, declared: Uncertainty) -> tuple[Design, Scored]:
    steps_ = (
        scale("{method = 'goalpost', range = ['1', '100']}")
        + f"[[steps]]\nstep = 'aggregate'\nmeans = ['{mean}']\n"
    )
    found = dataclasses.replace(design(LEAVES, steps_, groups=GROUPS), uncertainty=declared)
    return found, score(found, DATA)


@pytest.mark.parametrize("mean", ["arithmetic", "geometric", "harmonic"])
def test_the_middle_of_the_cube_is_the_exact_index(mean: str) -> None:
    found, scored = made(
        mean, Uncertainty(weights=Decimal("0.2"), posts=Decimal("0.1"), noise=Decimal("0.1"))
    )
    model = model_of(found, scored)
    index = model.index(np.full((1, sum(model.factors.values())), 0.5))[0]
    exact = [float(v) for v in scored.levels.filter(pl.col("node") == "I").sort("subject")["value"]]
    assert index == pytest.approx(exact, abs=1e-9)


def test_a_draw_is_what_a_changed_design_gives() -> None:
    found, scored = made("arithmetic", Uncertainty(posts=Decimal("0.1"), means=("declared", "geometric")))
    model = model_of(found, scored)
    cube = np.full((1, 7), 0.5)
    cube[0, 0], cube[0, 6] = 1.0, 0.9  # the lower post of a 10 % of 100 up, the other mean
    moved = LEAVES.replace("low = '0'", "low = '10'", 1)
    steps_ = (
        scale("{method = 'goalpost', range = ['1', '100']}")
        + "[[steps]]\nstep = 'aggregate'\nmeans = ['geometric']\n"
    )
    changed = score(design(moved, steps_, groups=GROUPS), DATA)
    exact = [float(v) for v in changed.levels.filter(pl.col("node") == "I").sort("subject")["value"]]
    assert model.index(cube)[0] == pytest.approx(exact, abs=1e-9)


def test_seeded_draws_are_reproducible_and_say_who_is_ahead() -> None:
    declared = Uncertainty(
        weights=Decimal("0.5"), noise=Decimal("0.05"), leave_out=True, gaps=("spread", "mean")
    )
    found, scored = made("arithmetic", declared)
    one, two, other = (uncertainty(found, scored, 512, seed) for seed in (1, 1, 2))
    assert one.ranks.equals(two.ranks) and one.ahead.equals(two.ahead) and one.factors.equals(two.factors)
    assert not one.ahead.equals(other.ahead)
    share = {(a, b): float(v) for a, b, v in one.ahead.iter_rows()}
    assert all(abs(share[a, b] + share[b, a] - 1) < 1e-3 for a, b in share)
    assert all(
        row["best"] <= row["low"] <= row["median"] <= row["high"] <= row["worst"]
        for row in one.ranks.to_dicts()
    )
    assert set(one.factors["factor"]) == {"weights", "noise", "leave_out", "gaps"}


def test_nothing_declared_is_refused() -> None:
    found, scored = made("arithmetic", Uncertainty())
    with pytest.raises(ScoreError, match="没有任何不确定"):
        uncertainty(found, scored, 128)


@pytest.mark.parametrize("mean", ["power", "median", "topsis", "copeland", "mpi_minus", "mpi_plus"])
def test_a_mean_that_cannot_be_varied_is_refused_by_name(mean: str) -> None:
    with pytest.raises(ScoreError, match=f"合成方法 {mean} 不能做不确定性分析；请用算术、几何或调和平均"):
        model_of(*made(mean, Uncertainty(weights=Decimal("0.2"))))


@pytest.mark.parametrize("how", ["percentile_rank", "rank", "efficacy_exp"])
def test_a_scale_that_cannot_be_varied_is_refused_by_name(how: str) -> None:
    found = design(leaf("a") + leaf("b"), scale(f"{{method = '{how}'}}") + ARITHMETIC)
    varied = dataclasses.replace(found, uncertainty=Uncertainty(weights=Decimal("0.2")))
    with pytest.raises(ScoreError, match=f"指标 a 的评分方法 {how} 不能做不确定性分析"):
        model_of(varied, score(varied, DATA.fill_null("1")))


def test_ties_share_the_best_rank() -> None:
    assert ranks_of(np.array([[3.0, 5.0, 3.0, np.nan]])).tolist() == [[2, 1, 2, 0]]


def test_an_index_that_has_not_converged_is_not_printed() -> None:
    draw = np.random.Generator(np.random.PCG64(3))
    few = [draw.normal(size=30) for _ in range(3)]
    assert sensitivity("noise", *few, seed=1).first is None
    x, z = draw.random((2, 20000)), draw.random((2, 20000))
    a, b, ab = x[0] + 0.1 * z[0], x[1] + 0.1 * z[1], x[1] + 0.1 * z[0]
    found = sensitivity("x", a, b, ab, seed=1)
    assert found.first == pytest.approx(1 / 1.01, abs=0.03) and found.total == pytest.approx(
        1 / 1.01, abs=0.03
    )


@needs_oracles
def test_indices_of_the_ishigami_function() -> None:
    y = np.asarray([float(r["y"]) for r in rows(ASEM / "sensitivity/ishigami_sample_N500.csv")]).reshape(
        5, 500
    )
    for number, row in enumerate(rows(ASEM / "sensitivity/ishigami_estimates.csv")):
        assert first_order(y[0], y[1], y[2 + number]) == pytest.approx(float(row["Si"]), abs=5e-3)
        assert total_order(y[0], y[1], y[2 + number]) == pytest.approx(float(row["STi"]), abs=5e-3)


@needs_oracles
def test_the_200_published_replicates_one_by_one() -> None:
    drawn: dict[str, dict[str, float]] = {}
    for row in rows(ASEM / "sensitivity/noisy_weights.csv"):
        drawn.setdefault(row["weights_id"], {})[row["iCode"]] = float(row["Weight"])
    scales = {"n_minmax": MINMAX_1_100, "n_zscore": "{method = 'zscore', range = ['10', '2']}"}
    scores = {r["uCode"]: r for r in rows(ASEM / "sensitivity/UA_N200_scores.csv")}
    ranks = {r["uCode"]: r for r in rows(ASEM / "sensitivity/UA_N200_ranks.csv")}
    tree, subjects = asem_design(steps()), sorted(scores)
    codes = tuple(i.id for i in tree.indicators)
    normalised: dict[tuple[str, str], np.ndarray] = {}
    placed: list[np.ndarray] = []
    for row in rows(ASEM / "sensitivity/UA_N200_parameters.csv"):
        key = (row["winmax"], row["norm"])
        if key not in normalised:
            found = asem_scored(steps(int(row["winmax"]), scales[row["norm"]])).scores
            wide = found.with_columns(pl.col("score").cast(pl.Float64)).pivot(
                "indicator", index="subject", values="score"
            )
            normalised[key] = wide.sort("subject").select(codes).to_numpy()[None]
        weights = {n: np.array([w]) for n, w in drawn[row["weights_id"]].items()}
        mean = "arithmetic" if row["agg"] == "a_amean" else "geometric"
        index = climb(tree, codes, normalised[key], weights, dict.fromkeys((g.id for g in tree.groups), mean))
        place = f"r_{row['rep']}"
        assert index[0] == pytest.approx([float(scores[s][place]) for s in subjects], abs=1e-9)
        placed.append(ranks_of(index)[0])
        assert placed[-1].tolist() == [int(ranks[s][place]) for s in subjects]
    assert not math.isnan(index.sum())
    summed = {"Mean": np.mean(placed, axis=0), "Median": np.median(placed, axis=0)}
    summed |= {f"Q{q}": np.quantile(placed, q / 100, axis=0) for q in (5, 95)}
    for at, row in enumerate(rows(ASEM / "sensitivity/UA_N200_rankstats.csv")):
        assert row["uCode"] == subjects[at]
        assert all(float(row[name]) == pytest.approx(values[at], abs=1e-9) for name, values in summed.items())
