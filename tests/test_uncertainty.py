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
from indices.design import Design, Missing
from indices.score import Scored, score
from indices.steps.bench import ScoreError
from indices.uncertainty.model import model_of
from indices.uncertainty.ranks import ranks_of
from indices.uncertainty.run import uncertainty
from indices.uncertainty.sobol import first_order, sensitivity, total_order
from indices.uncertainty.tree import climb

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


FLAT = scale("{method = 'goalpost'}")
WEIGHTS = Uncertainty(weights=Decimal("0.2"))


def varied(
    leaves: str, aggregate: str, declared: Uncertainty, data: pl.DataFrame, **more: object
) -> tuple[Design, Scored]:
    """One group of goalposts under a declared aggregation, computed."""
    found = design(leaves, FLAT + ARITHMETIC + aggregate, "type = 'kind'" if "kind" in data.columns else "")
    found = dataclasses.replace(found, uncertainty=declared, **more)  # type: ignore[arg-type]
    return found, score(found, data)


def middle(found: Design, scored: Scored) -> list[float | None]:
    """The index in the middle of the cube, None where there is none."""
    model = model_of(found, scored)
    index = model.index(np.full((1, sum(model.factors.values())), 0.5))[0]
    return [None if math.isnan(v) else round(float(v), 9) for v in index]


def test_ranks_stand_on_the_decimals_that_are_published() -> None:
    data = pl.DataFrame({"who": ["p", "q"], "a": ["50.4", "50.1"]})
    found = uncertainty(*varied(leaf("a"), "decimals = 0", WEIGHTS, data), draws=64, factors=False)
    assert found.ranks["worst"].to_list() == [1, 1]  # both are 50
    assert found.ahead["share"].to_list() == [Decimal("0.5")] * 2


def test_ranks_are_taken_inside_a_type_and_not_of_unranked_types() -> None:
    data = pl.DataFrame(
        {"who": list("pqrs"), "kind": ["市", "市", "县", "省"], "a": ["50", "40", "30", "99"]}
    )
    found = uncertainty(*varied(leaf("a"), "", WEIGHTS, data, unranked=("省",)), draws=64)
    ranks = found.ranks.select("subject", "nominal", "best", "worst").rows()
    assert ranks == [("p", 1, 1, 1), ("q", 2, 2, 2), ("r", 1, 1, 1)]
    assert found.ahead.rows() == [("p", "q", Decimal(1)), ("q", "p", Decimal(0))]
    with pytest.raises(ScoreError, match="没有参加排名的指数"):
        uncertainty(*varied(leaf("a"), "", WEIGHTS, data, unranked=("省", "市", "县")), draws=64)


def test_the_middle_has_the_floors_thresholds_and_roundings_of_the_design() -> None:
    two = leaf("a") + leaf("b")
    data = pl.DataFrame({"who": list("pqr"), "a": ["50.26", "50", "50"], "b": ["40", "", "W"]})
    floors = Missing(late="floor", floor=Decimal(10))
    assert middle(*varied(two, "", WEIGHTS, data, missing=floors)) == [45.13, 30.0, 50.0]
    for by in ("weight", "count"):  # a figure that is not yet there is due, one that does not apply is not
        thin = varied(
            two, f"at_least = '0.6'\nby = '{by}'", WEIGHTS, data.with_columns(b=pl.Series(["40", "", "N"]))
        )
        assert middle(*thin) == [45.13, None, 50.0]
    assert middle(*varied(two, "round_levels = [0]", WEIGHTS, data)) == [45.0, 50.0, 50.0]


def test_a_fill_fills_late_figures_alone() -> None:
    data = pl.DataFrame({"who": list("pqr"), "a": ["50", "50", "50"], "b": ["20", "", "N"]})
    found, scored = varied(leaf("a") + leaf("b"), "", Uncertainty(gaps=("spread", "mean")), data)
    assert model_of(found, scored).index(np.array([[0.9]]))[0].tolist() == [35.0, 35.0, 50.0]


def test_draws_without_an_index_are_counted_and_cost_the_sensitivity_of_its_subject_alone() -> None:
    data = pl.DataFrame({"who": list("pq"), "a": ["50", "60"], "b": ["40", ""]})
    declared = Uncertainty(weights=Decimal("0.5"), leave_out=True)
    found = uncertainty(*varied(leaf("a") + leaf("b"), "at_least = '0.5'", declared, data), draws=256)
    undefined = dict(found.ranks.select("subject", "undefined").iter_rows())
    assert undefined["p"] == 0 and 0 < undefined["q"] < 256
    assert sum(found.ahead["share"]) == 1  # of the draws in which both have an index
    assert found.factors["total_low"].null_count() == 0  # of p, which is first where q has no index
    assert max(found.factors["total_high"]) > 0.5
    nobody = uncertainty(
        *varied(
            leaf("a") + leaf("b"), "at_least = '0.5'", declared, data.with_columns(a=pl.Series(["", "60"]))
        ),
        draws=256,
    )
    assert nobody.factors["total"].null_count() == nobody.factors["total_low"].null_count() == 2
    silent = np.full(64, np.nan)
    assert sensitivity("x", silent, silent, silent, seed=1)[1:] == (None,) * 6


def test_logarithmic_posts_move_along_their_logarithms() -> None:
    found, scored = made("arithmetic", Uncertainty(posts=Decimal("0.2")))
    model = model_of(found, scored)
    lowest = model.index(np.zeros((1, 6)))[0]  # from 1 to 100, 20 % down is 0.398 and 39.8
    c = 1 + 99 * np.clip((np.log10(5) + 0.4) / 2, 0, 1)
    a, b = 1 + 99 * (20 + 20) / 100, 1 + 99 * (50 - 106) / (26 - 106)
    assert lowest[0] == pytest.approx((3 * (2 * a + b) / 3 + c) / 4, abs=1e-9)


def test_a_constant_column_is_not_varied_to_a_range() -> None:
    data = pl.DataFrame({"who": list("pq"), "a": ["50", "50"], "b": ["40", "30"]})
    with pytest.raises(ScoreError, match="指标 a 的 2 个数值全部相等，不能改用 minmax"):
        model_of(*varied(leaf("a") + leaf("b"), "", Uncertainty(scales=("declared", "minmax")), data))


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
