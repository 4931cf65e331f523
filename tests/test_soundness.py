"""What a method file must not say: each contradiction, number out of bounds and idle declaration has its sentence."""

import polars as pl
import pytest
from test_score_steps import ARITHMETIC, design, leaf, scale

from indices.method import MethodError
from indices.score import score

POSTS = "low = '0'\nhigh = '100'\n"
LINE = "{method = 'goalpost'}"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("weight = '-1'", "x 的 weight 为 -1，应不小于 0"),
        ("weight = '0.1234567890123'", "x 的 weight 为 0.1234567890123，超出整数 8 位、小数 12 位"),
        ("factor = '0'\ndenominator = 'd'", "x 的 factor 为 0，应大于 0"),
        ("factor = '0.0000000001'\ndenominator = 'd'", "x 的 factor 为 1E-10，超出整数 11 位、小数 9 位"),
        ("denominator = 'd'", "x 写了 denominator，而没有步骤 denominate"),
        ("factor = '10'", "x 写了 factor，而没有 denominator"),
        ("reference = '1234567890123456789012'", "x 的 reference 为 .*，超出整数 20 位"),
        ("scale = {method = 'goalpost', range = ['100', '0']}", "下端应小于上端"),
        ("scale = {method = 'goalpost', range = ['5', '5']}", "下端应小于上端"),
        ("scale = {method = 'goalpost', range = ['0', '0.33333']}", "x 的 range 为 0.33333，超出整数 8 位、小数 4 位"),
        ("scale = {method = 'goalpost', floor = '100'}", "x 的 floor 为 100，应小于上端 100"),
        ("scale = {method = 'efficacy_exp', range = ['0', '100']}", "指数功效法的下端应大于 0"),
        ("scale = {method = 'zscore', range = ['100', '0']}", "标准差应大于 0"),
        ("scale = {method = 'zscore', clip = 'both', range = ['100', '10']}", "标准分的 range 是均值和标准差"),
        ("scale = {method = 'zscore', clip = 'lower'}", "请只用 lower 并写 floor"),
        ("scale = {method = 'efficacy', floor = '40'}", "x 的 floor 对评分方法 efficacy（clip = none）不起作用"),
        ("scale = {method = 'goalpost', window = 'all'}", "x 的 window 对评分方法 goalpost"),
        ("scale = {method = 'minmax', ties = 'max'}", "x 的 ties 对评分方法 minmax"),
        ("scale = {method = 'rank', range = ['0', '10']}", "x 的 range 对评分方法 rank"),
        ("scale = {method = 'none', range = ['0', '10']}", "x 的 range 对评分方法 none"),
    ],
)  # fmt: skip
def test_indicators_and_scales(more: str, says: str) -> None:
    with pytest.raises(MethodError, match=says):
        design(leaf("x", POSTS + more), scale(LINE) + ARITHMETIC)


def test_a_scale_that_indicators_share_is_told_once() -> None:
    shared = scale("{method = 'efficacy', floor = '40'}") + ARITHMETIC
    with pytest.raises(
        MethodError, match=r"使用：a 等 2 个指标 的 floor 对评分方法 efficacy（clip = none）不起作用。$"
    ):
        design(leaf("a") + leaf("b"), shared)


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ("[[steps]]\nstep = 'screen'\nat_least = '1.5'\n", "screen 的 at_least 为 1.5，应不小于 0、不大于 1"),
        ("[[steps]]\nstep = 'denominate'\n", "没有要除的指标"),
        ("[[steps]]\nstep = 'impute'\nmethod = 'carry'\nmax_age = 0\n", "max_age 为 0，应不小于 1"),
        ("[[steps]]\nstep = 'impute'\nmethod = 'mean'\nmax_age = 3\n", "max_age 对方法 mean 不起作用"),
        ("[[steps]]\nstep = 'treat'\nmax_points = -1\nthen = 'none'\nwindow = 'all'\n", "max_points 为 -1"),
    ],
)
def test_steps_before_the_scores(steps: str, says: str) -> None:
    with pytest.raises(MethodError, match=says):
        design(leaf("x"), steps + scale(LINE) + ARITHMETIC, "period = 'year'")


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ("method = 'pca'\nlevel = 1", "方法 pca 只用于指标一级（level = 0），现为 1"),
        ("method = 'equal'\nlevel = 3", "level 为 3，I 之下没有这一级"),
        ("method = 'equal'\nwindow = 'all'", "window 对方法 equal 不起作用"),
        ("method = 'critic'\nbefore = 'none'", "before 对方法 critic 不起作用"),
        ("method = 'frozen'\nfrozen = {a = '1', b = '-1'}", "冻结的权重 b 为 -1"),
        ("method = 'frozen'\nfrozen = {a = '1', b = '1', z = '1'}", "冻结的权重 z 不是 level = 0 一级的代码"),
    ],
)
def test_weights(step: str, says: str) -> None:
    with pytest.raises(MethodError, match=says):
        design(leaf("a") + leaf("b"), scale(LINE) + f"[[steps]]\nstep = 'weigh'\n{step}\n" + ARITHMETIC)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ("means = []", "means 为空"),
        ("means = ['arithmetic', 'geometric']", "means 有 2 项，而指标体系只有 1 级"),
        ("decimals = -1", "decimals 为 -1，应在 0 至 12 之间"),
        ("round_levels = [-1]", "round_levels 为 -1"),
        ("at_least = '1.01'", "aggregate 的 at_least 为 1.01"),
        ("by = 'count'", "写了 by，而没有 at_least"),
        ("power = '2'", "写了 power，而没有分组用幂平均"),
    ],
)
def test_aggregation(keys: str, says: str) -> None:
    with pytest.raises(MethodError, match=says):
        design(leaf("a") + leaf("b"), scale(LINE) + ARITHMETIC + keys)


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ("weights = '1.2'", "uncertainty 的 weights 为 1.2"),
        ("posts = '0.5'", "否则上下限会互换"),
        ("means = []", "uncertainty 的 means 为空"),
    ],
)
def test_what_is_uncertain(declared: str, says: str) -> None:
    with pytest.raises(MethodError, match=says):
        design(leaf("a"), scale(LINE) + ARITHMETIC + f"[uncertainty]\n{declared}\n")


def test_frozen_weights_may_come_from_a_window_that_the_data_no_longer_hold() -> None:
    step = "[[steps]]\nstep = 'weigh'\nmethod = 'frozen'\nfrozen = {x = '1'}\nwindow = ['1990', '1995']\n"
    found = design(leaf("x"), scale(LINE) + step + ARITHMETIC, "period = 'year'")
    weights = score(found, pl.DataFrame({"who": ["p"], "year": ["2020"], "x": ["5"]})).weights
    assert weights.filter(pl.col("node") == "x")["method"].to_list() == ["frozen"]
