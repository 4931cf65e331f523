"""What goes wrong in composite indices, one test each: nothing is silent, nothing depends on order or unit."""

import dataclasses
import math
import random
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_score_steps import ARITHMETIC, PANEL, design, index, leaf, scale
from threadpoolctl import threadpool_info, threadpool_limits

from indices.method import MethodError
from indices.score import score
from indices.steps.bench import ScoreError

POSTS = scale("{method = 'goalpost'}")
NONE = scale("{method = 'none'}")
TWO = leaf("a") + leaf("b")


def of(declared: str, leaves: str = TWO, **columns: list[object]) -> dict[str, str | None]:
    n = len(next(iter(columns.values())))
    data = pl.DataFrame(
        {"who": [f"s{k}" for k in range(n)], **{c: [str(v) for v in vs] for c, vs in columns.items()}}
    )
    return index(score(design(leaves, declared), data))


@pytest.mark.parametrize("how", ["minmax", "zscore"])
def test_a_constant_column_is_refused_by_name(how: str) -> None:
    with pytest.raises(ScoreError, match=r"指标 b.*3 个数值全部相等（7）"):
        of(scale(f"{{method = '{how}'}}") + ARITHMETIC, a=[1, 2, 3], b=[7, 7, 7])


def test_equal_goalposts_are_refused_by_name() -> None:
    with pytest.raises(MethodError, match="b 的上下限相等（50）"):
        design(leaf("a") + leaf("b", "low = '50'\nhigh = '50.0'"), POSTS + ARITHMETIC)


def test_zero_times_the_logarithm_of_zero_is_zero_in_entropy_weights() -> None:
    # a has the shares 0, 0, 1 (entropy 0), b the shares 0, 1/2, 1/2 (entropy ln 2 / ln 3); each 0 ln 0 counts 0
    declared = NONE + "[[steps]]\nstep = 'weigh'\nmethod = 'entropy'\n" + ARITHMETIC
    data = pl.DataFrame({"who": list("pqr"), "a": [0, 0, 1], "b": [0, 3, 3]})
    weights = dict(score(design(TWO, declared), data).weights.select("node", "weight").iter_rows())
    left = 1 - math.log(2) / math.log(3)
    assert float(weights["a"]) == pytest.approx(1 / (1 + left), abs=1e-11)
    assert float(weights["b"]) == pytest.approx(left / (1 + left), abs=1e-11)


def test_one_subject_alone_has_an_index_by_posts_and_none_by_range() -> None:
    assert of(POSTS + ARITHMETIC, a=[40], b=[60]) == {"s0": "50.00"}
    with pytest.raises(ScoreError, match="1 个数值全部相等"):
        of(scale("{method = 'minmax'}") + ARITHMETIC, a=[40], b=[60])


@pytest.mark.parametrize("mean", ["geometric", "harmonic"])
def test_zero_makes_zero_and_negative_makes_nothing_both_noted(mean: str) -> None:
    data = pl.DataFrame({"who": ["n", "z"], "a": [-1, 0], "b": [50, 50]})
    found = score(design(TWO, NONE + f"[[steps]]\nstep = 'aggregate'\nmeans = ['{mean}']\n"), data)
    assert index(found) == {"n": None, "z": "0.00"}
    assert found.notes.select("rule", "subject").rows() == [("negative", "n"), ("zero", "z")]


def powered(power: str, **columns: list[object]) -> dict[str, str | None]:
    return of(POSTS + f"[[steps]]\nstep = 'aggregate'\nmeans = ['power']\npower = '{power}'\n", **columns)


def test_a_power_below_zero_makes_zero_of_zero_and_no_power_overflows() -> None:
    below = f"{NONE}[[steps]]\nstep = 'aggregate'\nmeans = ['power']\npower = '-1'\n"
    found = score(design(TWO, below), pl.DataFrame({"who": ["s"], "a": [0], "b": [50]}))
    assert index(found) == {"s": "0.00"} and found.notes["rule"].to_list() == ["zero"]
    assert powered("-1", a=[20, 0], b=[80, 0]) == {"s0": "32.00", "s1": "0.00"}
    assert powered("2", a=[60, 0], b=[80, 0]) == {"s0": "70.71", "s1": "0.00"}
    # (1/2)^(1/500) is 0.998615, so nearly the largest and nearly the least
    assert powered("500", a=[20], b=[80]) == {"s0": "79.89"}
    assert powered("-500", a=[20], b=[80]) == {"s0": "20.03"}


@pytest.mark.parametrize("power", ["0", "0.001"])
def test_a_power_of_nearly_zero_is_refused(power: str) -> None:
    with pytest.raises(MethodError, match="改用 geometric"):
        powered(power, a=[20], b=[80])


def test_one_child_missing_gives_its_weight_to_the_others() -> None:
    leaves = leaf("a") + leaf("b", "low = '0'\nhigh = '100'\nweight = '3'")
    assert of(POSTS + ARITHMETIC, leaves, a=[40, 40], b=["", 80]) == {"s0": "40.00", "s1": "70.00"}


def test_all_children_missing_make_nothing_and_are_noted() -> None:
    found = score(design(TWO, POSTS + ARITHMETIC), pl.DataFrame({"who": ["s"], "a": [""], "b": [""]}))
    assert index(found) == {"s": None}
    assert found.published["rank"].to_list() == [None, None, None]
    assert "empty" in found.notes["rule"].to_list()


def test_weight_zero_on_the_only_child_there_makes_nothing() -> None:
    leaves = leaf("a", "low = '0'\nhigh = '100'\nweight = '0'") + leaf("b")
    for mean in ("arithmetic", "geometric", "harmonic"):
        declared = f"{POSTS}[[steps]]\nstep = 'aggregate'\nmeans = ['{mean}']\n"
        assert of(declared, leaves, a=[40, 40], b=["", 60]) == {"s0": None, "s1": "60.00"}


def test_a_missing_child_of_weight_zero_changes_nothing() -> None:
    leaves = leaf("a", "low = '0'\nhigh = '100'\nweight = '0'") + leaf("b")
    declared = POSTS + ARITHMETIC + "at_least = '1'\n"
    assert of(declared, leaves, a=["", 40], b=[60, 60]) == {"s0": "60.00", "s1": "60.00"}


def test_too_few_children_make_nothing_and_are_noted() -> None:
    declared = POSTS + ARITHMETIC + "at_least = '0.6'\n"
    assert of(declared, a=["", 40], b=[60, 60]) == {"s0": None, "s1": "50.00"}


def test_ties_stand_on_the_published_digit() -> None:
    data = pl.DataFrame({"who": list("abcd"), "x": ["50.001", "50.004", "60", "10"]})
    found = score(design(leaf("x"), POSTS + ARITHMETIC), data).published.filter(pl.col("node") == "I")
    assert found.select("subject", "rank").rows() == [("a", 2), ("b", 2), ("c", 1), ("d", 4)]


def test_rounding_is_half_even() -> None:
    assert of(POSTS + ARITHMETIC, leaf("x"), x=["0.125", "0.135"]) == {"s0": "0.12", "s1": "0.14"}


def test_types_are_ranked_apart_and_have_their_own_baskets() -> None:
    leaves = leaf("a") + leaf("b", "low = '0'\nhigh = '100'\nsubjects = ['city']")
    method = design(leaves, POSTS + ARITHMETIC, "type = 'kind'")
    data = pl.DataFrame(
        {"who": ["p", "q", "r"], "kind": ["city", "county", "county"], "a": [10, 20, 30], "b": [30, 99, 99]}
    )
    found = score(method, data)
    assert index(found) == {"p": "20.00", "q": "20.00", "r": "30.00"}
    ranks = found.published.filter(pl.col("node") == "I").select("subject", "rank", "ranked_n").rows()
    assert ranks == [("p", 1, 1), ("q", 2, 2), ("r", 1, 2)]


KINDS = pl.DataFrame({"who": list("pqrs"), "kind": ["县", "县", "县", "省"], "a": ["10", "20", "40", "900"]})


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        ("{method = 'minmax'}", {"p": "0.00", "q": "33.33", "r": "100.00", "s": "2966.67"}),
        ("{method = 'ratio', reference = 'mean'}", {"p": "42.86", "q": "85.71", "r": "171.43", "s": "3857.14"}),
        ("{method = 'rank'}", {"p": "1.00", "q": "2.00", "r": "3.00", "s": "1.00"}),
    ],
)  # fmt: skip
def test_a_province_among_its_counties_decides_nothing_of_them(how: str, wanted: dict[str, str]) -> None:
    method = design(leaf("a"), scale(how) + ARITHMETIC, "type = 'kind'")
    assert index(score(dataclasses.replace(method, unranked=("省",)), KINDS)) == wanted


def test_a_province_fills_no_gap_and_is_compared_with_its_like() -> None:
    median = "[[steps]]\nstep = 'impute'\nmethod = 'median'\n"
    filled = dataclasses.replace(
        design(leaf("a"), median + NONE + ARITHMETIC, "type = 'kind'"), unranked=("省",)
    )
    late = pl.concat([KINDS, pl.DataFrame({"who": ["t"], "kind": ["县"], "a": [""]})])
    assert index(score(filled, late))["t"] == "20.00"
    topsis = design(TWO, NONE + "[[steps]]\nstep = 'aggregate'\nmeans = ['topsis']\n", "type = 'kind'")
    found = index(score(topsis, KINDS.with_columns(b=pl.lit("5"))))
    assert found == {"p": "0.00", "q": "0.33", "r": "1.00", "s": None}  # s alone is neither near nor far


def test_a_base_window_without_figures_is_refused_and_an_indicator_without_any_is_missing() -> None:
    frozen = design(TWO, scale("{method = 'minmax', window = ['2020', '2020']}") + ARITHMETIC, PANEL)
    data = pl.DataFrame(
        {
            "who": ["p", "q"] * 2,
            "year": ["2020"] * 2 + ["2021"] * 2,
            "a": list("1234"),
            "b": ["", "", "5", "6"],
        }
    )
    with pytest.raises(ScoreError, match="指标 b（b）2020 至 2020 没有参加排名的单位的数值"):
        score(frozen, data)
    assert of(scale("{method = 'minmax'}") + ARITHMETIC + "at_least = '0.6'\n", a=[1, 2], b=["", ""]) == {
        "s0": None,
        "s1": None,
    }


def table(seed: int, subjects: int = 8, periods: int = 3) -> pl.DataFrame:
    draw = random.Random(seed)
    return pl.DataFrame(
        {
            "who": [f"s{s}" for s in range(subjects) for _ in range(periods)],
            "year": [f"202{p}" for _ in range(subjects) for p in range(periods)],
            **{c: [str(round(draw.uniform(1, 99), 3)) if draw.random() > 0.1 else "" for _ in range(subjects * periods)]
               for c in ("a", "b")},
        }
    )  # fmt: skip


def test_a_subject_or_a_period_more_leaves_earlier_scores_as_they_were() -> None:
    declared = "[[steps]]\nstep = 'impute'\nmethod = 'carry'\n" + POSTS + ARITHMETIC
    method, whole = design(TWO, declared, PANEL), table(1)
    earlier = whole.filter((pl.col("year") < "2022") & (pl.col("who") != "s7"))
    part, full = score(method, earlier).levels, score(method, whole).levels
    kept = full.join(part.select("subject", "period", "node"), on=["subject", "period", "node"], how="semi")
    assert kept.sort("subject", "period", "node").equals(part) and part.height < full.height


def test_a_frozen_window_holds_when_later_periods_come() -> None:
    declared = scale("{method = 'minmax', window = ['2020', '2021']}") + ARITHMETIC
    method, whole = design(TWO, declared, PANEL), table(2)
    part = score(method, whole.filter(pl.col("year") < "2022")).posts
    full = score(method, whole).posts.filter(pl.col("period") < "2022")
    assert full.equals(part)
    with pytest.raises(ScoreError, match="2020 至 2021 中的 2020 不在数据"):
        score(method, whole.filter(pl.col("year") > "2020"))


@pytest.mark.parametrize("mean", ["arithmetic", "geometric", "harmonic", "mpi_minus", "topsis", "copeland"])
def test_the_order_of_rows_and_columns_changes_nothing(mean: str) -> None:
    declared = scale("{method = 'zscore', range = ['100', '10'], window = 'all'}")
    declared += f"[[steps]]\nstep = 'weigh'\nmethod = 'entropy'\nwindow = 'all'\n[[steps]]\nstep = 'aggregate'\nmeans = ['{mean}']\n"
    method, data = design(TWO, declared, PANEL), table(3)
    shuffled = data.sample(fraction=1, shuffle=True, seed=5).select("b", "year", "a", "who")
    one, two = score(method, data), score(method, shuffled, threads=2)
    assert all(one.frames()[name].equals(two.frames()[name]) for name in one.frames())


def test_a_change_of_unit_with_its_posts_changes_nothing() -> None:
    one = of(POSTS + ARITHMETIC, leaf("x", "low = '3'\nhigh = '70'"), x=["12.5", "33.3"])
    two = of(POSTS + ARITHMETIC, leaf("x", "low = '30000'\nhigh = '700000'"), x=["125000", "333000"])
    assert one == two


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from(["goalpost", "efficacy", "efficacy_exp", "minmax", "zscore", "rank", "percentile_rank"]),
    st.sampled_from(["positive", "negative"]),
    st.decimals(min_value=Decimal("0.001"), max_value=50, places=3),
)
def test_a_better_value_never_lowers_a_score(how: str, direction: str, gain: Decimal) -> None:
    """The worse figure in 2020 and the better one in 2021, each among the same others and scored by its own year."""
    worse = Decimal(30)
    better = worse + gain if direction == "positive" else worse - gain
    low, high = ("0", "100") if direction == "positive" else ("100", "-100")
    posted = how in ("goalpost", "efficacy", "efficacy_exp")
    more = f"low = '{low}'\nhigh = '{high}'\n" if posted else ""
    window = "" if posted else ", window = 'period'"
    method = design(
        leaf("x", f"{more}direction = '{direction}'"),
        scale(f"{{method = '{how}'{window}}}") + ARITHMETIC,
        PANEL,
    )
    data = pl.DataFrame(
        {
            "who": ["m", "p", "q"] * 2,
            "year": ["2020"] * 3 + ["2021"] * 3,
            "x": [str(worse), "10", "60", str(better), "10", "60"],
        }
    )
    first, second = score(method, data).scores.filter(pl.col("subject") == "m").sort("period")["score"]
    assert second >= first


def test_long_and_wide_tables_and_numbers_or_texts_give_the_same() -> None:
    wide = pl.DataFrame({"who": ["p", "q"], "a": [1.25, None], "b": [30, 40]})
    long = pl.DataFrame(
        {
            "who": ["q", "p", "p", "q"],
            "code": ["b", "a", "b", "a"],
            "figure": ["40", "1.25", "30", ""],
            "flag": ["", "", "", "W"],
        }
    )
    as_long = design(
        TWO, POSTS + ARITHMETIC, "layout = 'long'\nindicator = 'code'\nvalue = 'figure'\nmark = 'flag'"
    )
    one, two = score(design(TWO, POSTS + ARITHMETIC), wide), score(as_long, long)
    assert one.levels.select("subject", "node", "value").equals(two.levels.select("subject", "node", "value"))
    assert dict(two.scores.filter(pl.col("subject") == "q").select("indicator", "missing").iter_rows()) == {
        "a": "not_yet",
        "b": "",
    }


def test_the_mean_that_a_ratio_refers_to_is_an_exact_decimal() -> None:
    method = design(leaf("a"), scale("{method = 'ratio', reference = 'mean'}") + ARITHMETIC)
    data = pl.DataFrame({"who": list("pqr"), "a": ["12345.678"] * 3})
    assert str(score(method, data).posts["reference"][0]) == "12345.678000000000000000"


@pytest.mark.parametrize("method", ["critic", "pca"])
def test_weights_from_data_are_computed_on_one_thread_and_do_not_hang_on_last_digits(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A correlation matrix that differs by what a processor's own order of sums makes gives the same weights."""
    declared = NONE + f"[[steps]]\nstep = 'weigh'\nmethod = '{method}'\n" + ARITHMETIC
    draw, exact, threads = random.Random(6), np.corrcoef, []
    figures = {c: [draw.random() for _ in range(40)] for c in "abcdef"}
    method_ = design("".join(map(leaf, figures)), declared)
    data = pl.DataFrame({"who": [f"s{n}" for n in range(40)], **figures})

    def shaken(*args: object, **kind: bool) -> np.ndarray:
        threads.extend(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")
        r = exact(*args, **kind)  # type: ignore[call-overload]
        noise = np.random.Generator(np.random.PCG64(2)).uniform(-4e-16, 4e-16, r.shape)
        return np.asarray(r + noise + noise.T)

    with threadpool_limits(limits=2, user_api="blas"):
        one = score(method_, data).weights
        monkeypatch.setattr(np, "corrcoef", shaken)
        assert score(method_, data).weights.equals(one)
    assert set(threads) == {1}


def test_amounts_never_pass_through_a_float(tmp_path: Path) -> None:
    data = pl.DataFrame({"who": ["p"], "a": ["1234567890123456.789012345678901234"], "b": ["0.1"]})
    found = score(design(TWO, POSTS + ARITHMETIC), data).values
    assert [str(v) for v in found["value"]] == ["1234567890123456.789012345678901234", "0.100000000000000000"]
