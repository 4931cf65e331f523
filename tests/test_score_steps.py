"""Every step of the engine against figures that were worked by hand."""

import math
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from indices.design import Design
from indices.method import MethodError
from indices.method_file import parse_design
from indices.score import Scored, score
from indices.steps.aggregate import copeland, outranking, topsis
from indices.steps.bench import ScoreError
from indices.steps.treat import kurtosis, skewness
from indices.steps.weigh import ahp, critic_weights, entropy, pca_weights, varimax

ARITHMETIC = "[[steps]]\nstep = 'aggregate'\n"


def design(
    leaves: str, declared: str, data: str = "", groups: str = "[[groups]]\nid = 'I'\nname = '指数'\n"
) -> Design:
    return parse_design(
        f"format = 2\nindex = 'H'\nversion = '1'\nname = 'by hand'\n[data]\nsubject = 'who'\n{data}\n"
        f"{leaves}\n{groups}\n{declared}",
        "hand",
    )


def leaf(code: str, more: str = "low = '0'\nhigh = '100'", parent: str = "I") -> str:
    return f"[[indicators]]\nid = '{code}'\nname = '{code}'\nparent = '{parent}'\n{more}\n"


def scale(text: str) -> str:
    return f"[[steps]]\nstep = 'normalise'\nscale = {text}\n"


def one_column(values: list[object], how: str, more: str) -> list[Decimal | None]:
    """The scores of one indicator, in the order of the rows."""
    data = pl.DataFrame({"who": [f"s{n:02}" for n in range(len(values))], "x": [str(v) for v in values]})
    return score(design(leaf("x", more), scale(how) + ARITHMETIC), data).scores["score"].to_list()


def numbers(found: list[Decimal | None]) -> list[float | None]:
    return [None if v is None else float(v) for v in found]


def index(found: Scored, node: str = "I") -> dict[str, str | None]:
    rows = found.published.filter(pl.col("node") == node).select("subject", "value").iter_rows()
    return {s: None if v is None else str(v) for s, v in rows}


# Scale, what the indicator says, its figures, and their scores.
NORMALISED: list[tuple[str, str, list[object], list[float]]] = [
    ("{method = 'goalpost'}", "low = '10'\nhigh = '30'", [5, 10, 20, 35], [0, 0, 50, 100]),
    ("{method = 'goalpost', clip = 'none'}", "low = '10'\nhigh = '30'", [5, 35], [-25, 125]),
    ("{method = 'goalpost', clip = 'lower'}", "low = '10'\nhigh = '30'", [5, 35], [0, 125]),
    ("{method = 'goalpost', clip = 'upper'}", "low = '10'\nhigh = '30'", [5, 35], [-25, 100]),
    ("{method = 'goalpost'}", "low = '30'\nhigh = '10'\ndirection = 'negative'", [35, 15], [0, 75]),
    ("{method = 'log_goalpost'}", "low = '1'\nhigh = '100'", [10, 0, 1000], [50, 0, 100]),
    ("{method = 'efficacy'}", "low = '6'\nhigh = '12'", ["9.6", "5.81"], [84, 58.733333333333]),
    (
        "{method = 'efficacy', clip = 'both', floor = '40'}",
        "low = '6'\nhigh = '12'",
        ["1", "14"],
        [40, 100],
    ),
    ("{method = 'efficacy_log'}", "low = '1'\nhigh = '100'", [10], [80]),
    ("{method = 'efficacy_exp'}", "low = '0'\nhigh = '10'", [0, 5, 10], [60, math.sqrt(6000), 100]),
    ("{method = 'minmax'}", "", [2, 4, 10], [0, 25, 100]),
    ("{method = 'minmax'}", "direction = 'negative'", [2, 4, 10], [100, 75, 0]),
    ("{method = 'zscore'}", "", [1, 2, 3], [-1, 0, 1]),
    ("{method = 'zscore', ddof = 0}", "", [1, 3], [-1, 1]),
    ("{method = 'zscore', range = ['100', '10']}", "direction = 'negative'", [1, 2, 3], [110, 100, 90]),
    ("{method = 'rank'}", "", [5, 7, 7, 9], [1, 2, 2, 4]),
    ("{method = 'rank', ties = 'max'}", "", [5, 7, 7, 9], [1, 3, 3, 4]),
    ("{method = 'rank', ties = 'average'}", "", [5, 7, 7, 9], [1, 2.5, 2.5, 4]),
    ("{method = 'rank', ties = 'dense'}", "", [5, 7, 7, 9], [1, 2, 2, 3]),
    ("{method = 'rank'}", "direction = 'negative'", [5, 7, 9], [3, 2, 1]),
    ("{method = 'percentile_rank'}", "", [5, 7, 9], [0, 0.5, 1]),
    ("{method = 'ratio'}", "reference = '80'", [60, 100], [75, 125]),
    ("{method = 'ratio'}", "reference = '80'\ndirection = 'negative'", [40, 100], [200, 80]),
    ("{method = 'ratio', reference = 'mean'}", "", [1, 3], [50, 150]),
    ("{method = 'ratio', reference = 's01'}", "", [1, 4], [25, 100]),
    (
        "{method = 'ratio', range = ['60', '100']}",
        "reference = '80'\nlow = '100'\nhigh = '120'",
        [88],
        [80],
    ),
    ("{method = 'target'}", "reference = '12'", [2, 7, 20], [0, 50, 100]),
    ("{method = 'target'}", "reference = '2'\ndirection = 'negative'", [12, 7, 1], [0, 50, 100]),
    ("{method = 'none'}", "", [3], [3]),
]


@pytest.fixture(scope="module")
def normalised() -> dict[tuple[str, str], list[Decimal | None]]:
    """The scores of all cases by scale and indicator: each is an indicator with a scale of its own."""
    rows = max(len(values) for *_, values, _ in NORMALISED)
    columns = {
        f"x{n}": [str(v) for v in values] + [""] * (rows - len(values))
        for n, (*_, values, _) in enumerate(NORMALISED)
    }
    leaves = "".join(leaf(f"x{n}", f"{more}\nscale = {how}") for n, (how, more, *_) in enumerate(NORMALISED))
    data = pl.DataFrame({"who": [f"s{n:02}" for n in range(rows)], **columns})
    scores = score(design(leaves, scale("{method = 'none'}") + ARITHMETIC), data).scores
    return {
        (how, more): scores.filter(pl.col("indicator") == f"x{n}")["score"].to_list()[: len(values)]
        for n, (how, more, values, _) in enumerate(NORMALISED)
    }


@pytest.mark.parametrize(("how", "more", "values", "wanted"), NORMALISED)
def test_normalisation(
    normalised: dict[tuple[str, str], list[Decimal | None]],
    how: str,
    more: str,
    values: list[object],
    wanted: list[float],
) -> None:
    assert numbers(normalised[how, more]) == pytest.approx(wanted, abs=1e-9)


def test_an_interval_falls_on_both_sides_and_beyond() -> None:
    more = "direction = 'interval'\nlow = '0'\nhigh = '12'\noptimum = ['4', '8']"
    how = "{method = 'goalpost', range = ['60', '100'], clip = 'both', floor = '40'}"
    assert numbers(one_column([4, 8, 2, 10, 12, 14, 99], how, more)) == pytest.approx(
        [100, 100, 80, 80, 60, 40, 40]
    )


def test_a_moderate_indicator_has_one_best_point() -> None:
    more = "direction = 'moderate'\nlow = '0'\nhigh = '10'\noptimum = ['5', '5']"
    assert numbers(one_column([5, 0, 7.5], "{method = 'goalpost'}", more)) == pytest.approx([100, 0, 50])


# Of 20 with the weight 1 and 80 with the weight 3.
MEANS = {
    "arithmetic": (20 + 3 * 80) / 4,
    "geometric": math.exp((math.log(20) + 3 * math.log(80)) / 4),
    "harmonic": 4 / (1 / 20 + 3 / 80),
    "power": math.sqrt((20**2 + 3 * 80**2) / 4),
    "median": 50,
    "mpi_minus": 65 - (45**2 + 3 * 15**2) / 4 / 65,
    "mpi_plus": 65 + (45**2 + 3 * 15**2) / 4 / 65,
}


@pytest.fixture(scope="module")
def means() -> dict[str, float]:
    """The value of a group for each mean, all below one index."""
    leaves = "".join(leaf(f"a_{m}", parent=m) + leaf(f"b_{m}", "weight = '3'", parent=m) for m in MEANS)
    groups = "[[groups]]\nid = 'I'\nname = 'I'\n" + "".join(
        f"[[groups]]\nid = '{m}'\nname = '{m}'\nparent = 'I'\nmean = '{m}'\n" for m in MEANS
    )
    figures = {f"a_{m}": [20] for m in MEANS} | {f"b_{m}": [80] for m in MEANS}
    found = score(
        design(leaves, scale("{method = 'none'}") + ARITHMETIC + "power = '2'\n", groups=groups),
        pl.DataFrame({"who": ["s"], **figures}),
    )
    return {n: float(v) for n, v in found.levels.select("node", "value").iter_rows()}


@pytest.mark.parametrize(("mean", "wanted"), MEANS.items())
def test_means(means: dict[str, float], mean: str, wanted: float) -> None:
    assert means[mean] == pytest.approx(wanted, abs=1e-9)


def test_topsis_and_copeland() -> None:
    scores = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    near = topsis(scores, np.array([3.0, 1.0]))
    best, worst = np.array([0.75, 0.25]), np.zeros(2)
    by_hand = [
        np.hypot(*(v - worst)) / (np.hypot(*(v - worst)) + np.hypot(*(v - best)))
        for v in scores * np.array([0.75, 0.25])
    ]
    assert near == pytest.approx(by_hand)
    votes = outranking(scores, np.array([3.0, 1.0]))
    assert votes[0, 1] == 0.75 and votes[1, 0] == 0.25
    assert copeland(scores, np.array([3.0, 1.0])).tolist() == [2.0, -2.0, 0.0]
    assert outranking(np.array([[1.0], [1.0]]), np.array([1.0])).tolist() == [[0.0, 0.5], [0.5, 0.0]]
    assert np.isnan(topsis(np.ones((2, 2)), np.ones(2))).all()


def test_a_ragged_tree_with_a_mean_per_level_and_rounding_on_the_way() -> None:
    leaves = leaf("a", parent="P") + leaf("b", parent="P") + leaf("c")
    groups = "[[groups]]\nid = 'I'\nname = 'I'\n[[groups]]\nid = 'P'\nname = 'P'\nparent = 'I'\nmean = 'geometric'\n"
    declared = scale("{method = 'goalpost'}") + ARITHMETIC
    data = pl.DataFrame({"who": ["s"], "a": [40], "b": [50], "c": [33]})
    exact = math.sqrt(2000)
    found = score(design(leaves, declared, groups=groups), data)
    assert float(found.levels.filter(pl.col("node") == "I")["value"][0]) == pytest.approx(
        (exact + 33) / 2, abs=1e-9
    )
    rounded = score(design(leaves, declared + "round_levels = [0]\n", groups=groups), data)
    assert index(rounded) == {"s": "39.00"}  # (45 + 33) / 2, not (44.72 + 33) / 2 = 38.86
    shares = dict(found.weights.select("node", pl.col("effective").cast(pl.Float64)).iter_rows())
    assert shares == {"I": 1.0, "P": 0.5, "a": 0.25, "b": 0.25, "c": 0.5}


PANEL = "period = 'year'"


def panel(
    declared: str, values: dict[str, list[object]], groups: str = "", how: str = "{method = 'goalpost'}"
) -> Scored:
    """One indicator of several subjects over years from 2020; '' is late, marks as they are."""
    rows = [(who, str(2020 + n), str(v)) for who, column in values.items() for n, v in enumerate(column)]
    data = pl.DataFrame(rows, {"who": pl.String, "year": pl.String, "x": pl.String}, orient="row")
    data = data.with_columns(pl.col("who").str.slice(0, 1).alias("side"))
    return score(design(leaf("x"), declared + scale(how) + ARITHMETIC, PANEL + groups), data)


def prepared(found: Scored, who: str = "a") -> list[float | None]:
    return numbers(found.prepared.filter(pl.col("subject") == who)["value"].to_list())


def test_carry_has_a_maximum_age_and_never_looks_ahead() -> None:
    declared = "[[steps]]\nstep = 'impute'\nmethod = 'carry'\nmax_age = 2\n"
    found = panel(declared, {"a": ["", 5, "", "", "", 9, "N", "W"]})
    assert prepared(found) == [None, 5, 5, 5, None, 9, None, None]
    assert found.imputed["source"].to_list() == ["2021", "2021"]


def test_a_line_is_drawn_inside_gaps_alone() -> None:
    found = panel("[[steps]]\nstep = 'impute'\nmethod = 'linear'\n", {"a": ["", 2, "", "", 8, ""]})
    assert prepared(found) == [None, 2, 4, 6, 8, None]
    assert found.imputed["source"].to_list() == ["2021~2024", "2021~2024"]


@pytest.mark.parametrize(("method", "wanted"), [("mean", 4.0), ("median", 2.0)])
def test_mean_and_median_of_a_group(method: str, wanted: float) -> None:
    declared = f"[[steps]]\nstep = 'impute'\nmethod = '{method}'\ngroup = 'side'\n"
    found = panel(
        declared, {"a1": [""], "a2": [1], "a3": [2], "a4": [9], "b1": [70], "c1": [""]}, "\ngroups = ['side']"
    )
    assert prepared(found, "a1") == [wanted]
    assert prepared(found, "c1") == [None]
    assert [(n["rule"], n["subject"]) for n in found.notes.to_dicts() if n["rule"] == "impute"] == [
        ("impute", "c1")
    ]


@pytest.mark.parametrize("method", ["mean", "median", "linear"])
def test_fills_are_exact_decimals(method: str) -> None:
    """The mean of like figures is that figure, and no float shows in a line between two."""
    declared = f"[[steps]]\nstep = 'impute'\nmethod = '{method}'\n"
    if method == "linear":
        found = panel(declared, {"a": ["12345.678", "", "", "12345.681"]}).imputed["value"].to_list()
        assert [str(v) for v in found] == ["12345.679000000000000000", "12345.680000000000000000"]
    else:
        found = panel(
            declared, {"a": [""], "b": ["12345.678"], "c": ["12345.678"], "d": ["12345.678"]}
        ).imputed
        assert str(found["value"][0]) == "12345.678000000000000000"


def test_a_figure_that_was_filled_twice_is_counted_once() -> None:
    """The mean of -4 and 2 has no logarithm, so it is late again, and the mean of the logarithms fills it."""
    mean = "[[steps]]\nstep = 'impute'\nmethod = 'mean'\n"
    steps = mean + "[[steps]]\nstep = 'transform'\nindicators = ['x']\n" + mean
    found = score(
        design(leaf("x"), steps + scale("{method = 'none'}") + ARITHMETIC),
        pl.DataFrame({"who": list("pqr"), "x": ["", "-4", "2"]}),
    )
    assert found.imputed.filter(pl.col("subject") == "p").height == 2
    filled = dict(found.coverage.select("subject", "filled").iter_rows())
    assert filled == {"p": 1, "q": 1, "r": 0} and found.coverage["there"].to_list() == [1, 1, 1]


def test_screening_names_who_is_left_out() -> None:
    declared = "[[steps]]\nstep = 'screen'\nat_least = '0.6'\n" + scale("{method = 'goalpost'}") + ARITHMETIC
    data = pl.DataFrame({"who": ["s", "t"], "a": ["", "1"], "b": ["5", ""]})
    found = score(design(leaf("a") + leaf("b", "low = '0'\nhigh = '100'\nweight = '2'"), declared), data)
    assert index(found) == {"s": "5.00"}
    assert found.notes.select("rule", "subject").rows() == [("incomplete", "s"), ("screen", "t")]


def test_denomination_divides_and_says_where_it_cannot() -> None:
    declared = "[[steps]]\nstep = 'denominate'\n" + scale("{method = 'goalpost'}") + ARITHMETIC
    more = "low = '0'\nhigh = '100'\ndenominator = 'people'\nfactor = '10'"
    data = pl.DataFrame({"who": ["a", "b", "c"], "x": ["30", "1", "1"], "people": ["4", "0", ""]})
    found = score(design(leaf("x", more), declared), data)
    assert index(found) == {"a": "75.00", "b": None, "c": None}
    assert [n["subject"] for n in found.notes.to_dicts() if n["rule"] == "denominate"] == ["b", "c"]
    assert found.scores["missing"].to_list() == ["", "not_applicable", "late"]


def test_skew_and_kurtosis_of_a_small_sample() -> None:
    x = np.array([1.0, 2.0, 3.0, 10.0])  # by hand: mean 4, squares 50, cubes 180, fourths 1394
    assert skewness(x) == pytest.approx(4 * math.sqrt(3) / 2 * 180 / 50**1.5)
    assert kurtosis(x) == pytest.approx(4 * 5 * 3 / (2 * 1) * 1394 / 2500 - 3 * 9 / 2)
    assert math.isnan(skewness(np.ones(5))) and math.isnan(kurtosis(x[:3]))


def test_treatment_cuts_then_takes_logs_and_can_be_frozen() -> None:
    calm = [10, 11, 12, 13, 14, 15, 16, 17, 18]
    cut = "[[steps]]\nstep = 'treat'\nmax_points = 1\nthen = 'none'\nwindow = ['2020', '2020']\n"
    values = {f"s{n}": [v, v] for n, v in enumerate(calm)} | {"z": [900, 950]}
    found = panel(cut, values)
    assert found.treated.select("subject", "period", "after").rows() == [
        ("z", "2020", Decimal("18").quantize(Decimal(1).scaleb(-18))),
        ("z", "2021", Decimal("18").quantize(Decimal(1).scaleb(-18))),
    ]
    wild = {f"s{n}": [v] for n, v in enumerate([1, 2, 3, 4, 5, 6, 7, 8, 900, 990])}
    logs = panel(
        "[[steps]]\nstep = 'treat'\nskew = '0.5'\nkurtosis = '-3'\nmax_points = 1\nwindow = 'all'\n",
        wild,
        how="{method = 'minmax', window = 'all'}",
    )
    assert set(logs.treated["how"]) == {"取对数"}
    assert prepared(logs, "s0") == pytest.approx([math.log(0.01 * 989)])


@pytest.mark.parametrize(
    ("values", "then", "how", "says"),
    [
        ([0] * 9 + [5], "log", set(), "不再截尾"),  # of two values
        ([0] * 8 + [5, 50], "none", {"压低"}, "不再截尾"),
        ([0] * 8 + [5, 50], "log", {"取对数"}, "改取对数"),
    ],
)
def test_a_column_is_never_cut_to_a_constant(values: list[int], then: str, how: set[str], says: str) -> None:
    declared = f"[[steps]]\nstep = 'treat'\nskew = '0.1'\nkurtosis = '-3'\nthen = '{then}'\nwindow = 'all'\n"
    column: dict[str, list[object]] = {f"s{n}": [v] for n, v in enumerate(values)}
    found = panel(declared, column, how="{method = 'minmax', window = 'all'}")
    assert set(found.treated["how"]) == how and found.prepared["value"].n_unique() >= 2
    assert [(n["rule"], n["node"]) for n in found.notes.to_dicts()] == [("treat-flat", "x")]
    assert says in found.notes["message"][0]


def test_logarithms_and_what_has_none() -> None:
    declared = "[[steps]]\nstep = 'transform'\nindicators = ['x']\n" + scale("{method = 'none'}") + ARITHMETIC
    found = score(
        design(leaf("x"), declared), pl.DataFrame({"who": ["a", "b"], "x": ["7.389056098930650", "0"]})
    )
    assert numbers(found.scores["score"].to_list()) == [pytest.approx(2.0), None]
    assert ("transform", "b") in found.notes.select("rule", "subject").rows()


def test_weights_from_data_and_judges() -> None:
    assert entropy(np.array([[1.0, 1.0], [0.0, 1.0]])) == pytest.approx([0.0, 1.0])  # 0 ln 0 = 0
    alike = np.array([[0.0, 0.0, 1.0], [0.5, 0.5, 0.0], [1.0, 1.0, 0.5]])
    deviation, r = 0.5, float(np.corrcoef(alike[:, 0], alike[:, 2])[0, 1])
    content = np.array([deviation * (1 - r), deviation * (1 - r), deviation * 2 * (1 - r)])
    assert critic_weights(alike) == pytest.approx(content / content.sum())
    weights, largest, ratio = ahp(np.array([[1, 2, 6], [1 / 2, 1, 3], [1 / 6, 1 / 3, 1]]))
    assert (
        weights == pytest.approx([0.6, 0.3, 0.1])
        and largest == pytest.approx(3)
        and ratio == pytest.approx(0, abs=1e-9)
    )
    twins = np.array([[0.0, 1.0], [1.0, 3.0], [2.0, 5.0], [4.0, 9.0]])
    assert pca_weights(twins) == pytest.approx([0.5, 0.5])
    simple = np.array([[0.8, 0.0], [0.7, 0.0], [0.0, 0.9], [0.0, 0.6]])
    turn = np.array([[math.cos(0.6), -math.sin(0.6)], [math.sin(0.6), math.cos(0.6)]])
    assert np.sort(np.abs(varimax(simple @ turn)), axis=1) == pytest.approx(np.sort(simple, axis=1), abs=1e-6)


def test_typed_gaps_and_the_points_that_each_rule_gave_or_took() -> None:
    leaves = leaf("a") + leaf("b") + leaf("c") + leaf("d")
    declared = "[missing]\nnot_yet = 'floor'\nfloor = '40'\n" + scale("{method = 'goalpost'}") + ARITHMETIC
    data = pl.DataFrame({"who": ["s"], "a": ["100"], "b": ["W"], "c": ["N"], "d": ["C"]})
    found = score(design(leaves, declared), data)
    assert index(found) == {"s": "70.00"}
    points = dict(found.points.select("rule", pl.col("points").cast(pl.Float64)).iter_rows())
    # spread gave 70 - 140 / 3 over the worst score, which is 0 and not the 40 of another rule
    assert points == {"not_applicable:spread": 23.3333, "not_yet:floor": -30.0, "suppressed:spread": 23.3333}
    assert str(found.coverage["weight_coverage"][0]) == "0.3333"  # one of a, b, d
    assert found.notes["message"].to_list() == [
        "指标不全，权重覆盖率 0.3333。尚未产生：b（按 40 分计）；保密抑制：d（权重分给其他指标）"
    ]


def test_a_basket_with_a_gap_that_nobody_declared_is_noted_once() -> None:
    """What the mark N or W declares, and what a step filled, is not left out."""
    method = design(
        leaf("a") + leaf("b") + leaf("c"),
        scale("{method = 'goalpost'}") + ARITHMETIC, "period = 'year'\nlayout = 'long'",
    )  # fmt: skip
    figures = [("2021", "p", "a", "100"), ("2022", "p", "a", "90"), ("2022", "p", "b", "80"), ("2022", "p", "c", ""),
               ("2022", "q", "a", "70"), ("2022", "q", "b", "W"), ("2022", "q", "c", "N")]  # fmt: skip
    data = pl.DataFrame(figures, ["year", "who", "indicator", "value"], orient="row")
    found = score(method, data).notes
    assert found.select("rule", "subject", "period", "message").rows() == [
        ("incomplete", "p", "2021", "指标不全，权重覆盖率 0.3333。未报或迟报：b、c（权重分给其他指标）"),
        ("incomplete", "p", "2022", "指标不全，权重覆盖率 0.6667。未报或迟报：c（权重分给其他指标）"),
    ]
    gap = pl.DataFrame({"who": ["p", "q"], "a": ["1", "2"], "b": ["", "4"]})
    fill = "[[steps]]\nstep = 'impute'\nmethod = 'mean'\n"
    for step, noted in (("", 1), (fill, 0)):
        steps = step + scale("{method = 'goalpost'}") + ARITHMETIC
        assert score(design(leaf("a") + leaf("b"), steps), gap).notes.height == noted


@pytest.mark.parametrize(
    ("how", "points"),
    [
        ("{method = 'efficacy'}", "16.0000"),  # p (60 + 40 x 0.8) against (92 + 60) / 2
        ("{method = 'efficacy', clip = 'both', floor = '40'}", "26.0000"),
        ("{method = 'none'}", "30.0000"),  # the least b is 20: 80 against (80 + 20) / 2
    ],
)
def test_what_a_spread_gave_is_measured_from_the_worst_score_of_the_scale(how: str, points: str) -> None:
    data = pl.DataFrame({"who": list("pqr"), "a": ["80", "50", "50"], "b": ["", "20", "50"]})
    found = score(design(leaf("a") + leaf("b"), scale(how) + ARITHMETIC), data).points
    assert [(s, str(v)) for s, v in found.select("subject", "points").iter_rows()] == [("p", points)]


@pytest.mark.parametrize(
    ("leaves", "declared", "says"),
    [
        (leaf("a", "low = '1'\nhigh = '1'"), scale("{method = 'goalpost'}"), "相等"),
        (leaf("a", "low = '5'\nhigh = '1'"), scale("{method = 'goalpost'}"), "方向"),
        (leaf("a", ""), scale("{method = 'goalpost'}"), "缺少上下限"),
        (leaf("a", "low = '0'\nhigh = '9'"), scale("{method = 'log_goalpost'}"), "对数"),
        (leaf("a", parent="X"), scale("{method = 'minmax'}"), "未定义"),
        (leaf("a") * 2, scale("{method = 'minmax'}"), "重复"),
        (leaf("a"), scale("{method = 'ratio'}"), "reference"),
        (leaf("a", "direction = 'interval'"), scale("{method = 'minmax'}"), "optimum"),
        (
            leaf("a"),
            "[[steps]]\nstep = 'impute'\nmethod = 'carry'\n" + scale("{method = 'goalpost'}"),
            "报告期",
        ),
        (leaf("a"), scale("{method = 'goalpost'}") + "[[steps]]\nstep = 'treat'\n", "之前"),
        (leaf("a"), scale("{method = 'magic'}"), "magic"),
        (leaf("a"), "[[steps]]\nstep = 'treat'\n" + scale("{method = 'goalpost'}"), "取对数后单位不符"),
    ],
)
def test_a_design_that_cannot_be_computed_is_refused(leaves: str, declared: str, says: str) -> None:
    with pytest.raises(MethodError, match=says):
        design(leaves, declared + ARITHMETIC)


def test_cells_that_are_neither_number_nor_mark_are_refused_with_their_place() -> None:
    method = design(leaf("x"), scale("{method = 'goalpost'}") + ARITHMETIC)
    with pytest.raises(ScoreError, match="第 2 行“x” 的“约12”不是数值"):
        score(method, pl.DataFrame({"who": ["a", "b"], "x": ["1", "约12"]}))
    with pytest.raises(ScoreError, match="出现两次"):
        score(method, pl.DataFrame({"who": ["a", "a"], "x": ["1", "2"]}))
    with pytest.raises(ScoreError, match="没有“x”一列"):
        score(method, pl.DataFrame({"who": ["a"], "y": ["1"]}))


def weights_of(declared: str, **columns: list[float]) -> dict[str, tuple[str, str]]:
    """Node to (weight, method) after one weigh step over raw scores."""
    steps = scale("{method = 'none'}") + f"[[steps]]\nstep = 'weigh'\n{declared}\n" + ARITHMETIC
    data = pl.DataFrame({"who": [f"s{n}" for n in range(4)], **columns})
    found = score(design("".join(leaf(c) for c in columns), steps), data).weights
    return {n: (str(w), m) for n, w, m in found.select("node", "weight", "method").iter_rows() if n != "I"}


def test_weights_are_kept_as_text_and_can_be_frozen() -> None:
    columns = {"a": [1.0, 2.0, 3.0, 4.0], "b": [1.0, 1.0, 2.0, 9.0], "c": [5.0, 1.0, 4.0, 2.0]}
    drawn = weights_of("method = 'entropy'", **columns)
    assert {m for _, m in drawn.values()} == {"entropy"}
    frozen = "method = 'frozen'\nfrozen = {" + ", ".join(f"{n} = '{w}'" for n, (w, _) in drawn.items()) + "}"
    assert {n: w for n, (w, _) in weights_of(frozen, **columns).items()} == {
        n: w for n, (w, _) in drawn.items()
    }
    other = columns | {"b": [7.0, 1.0, 7.0, 1.0]}
    assert weights_of("method = 'entropy'", **other) != drawn
    assert weights_of(frozen, **other) == weights_of(frozen, **columns)
    assert {w for w, _ in weights_of("method = 'equal'", **columns).values()} == {"1.000000000000"}
    with pytest.raises(ScoreError, match="冻结的权重缺少 b、c"):
        weights_of("method = 'frozen'\nfrozen = {a = '1'}", **columns)


def test_a_judgement_matrix_must_be_reciprocal_and_should_be_consistent() -> None:
    columns = {"a": [1.0, 2.0, 3.0, 4.0], "b": [1.0, 1.0, 2.0, 9.0], "c": [5.0, 1.0, 4.0, 2.0]}
    sound = "method = 'ahp'\njudgements = [['1', '2', '6'], ['0.5', '1', '3'], ['0.166666667', '0.333333333', '1']]"
    assert {n: round(float(w), 6) for n, (w, _) in weights_of(sound, **columns).items()} == {
        "a": 0.6,
        "b": 0.3,
        "c": 0.1,
    }
    with pytest.raises(ScoreError, match="互反"):
        weights_of(
            "method = 'ahp'\njudgements = [['1', '2', '6'], ['2', '1', '3'], ['1', '1', '1']]", **columns
        )
    wild = "method = 'ahp'\njudgements = [['1', '5', '0.2'], ['0.2', '1', '5'], ['5', '0.2', '1']]"
    steps = scale("{method = 'none'}") + f"[[steps]]\nstep = 'weigh'\n{wild}\n" + ARITHMETIC
    found = score(
        design(leaf("a") + leaf("b") + leaf("c"), steps),
        pl.DataFrame({"who": ["s"], "a": [1], "b": [2], "c": [3]}),
    )
    assert found.notes["rule"].to_list() == ["ahp"]


PAIR = "judgements = [['1', '3'], ['0.333333333', '1']]\n"
RAGGED = "[[groups]]\nid = 'I'\nname = 'I'\n" + "".join(
    f"[[groups]]\nid = '{g}'\nname = '{g}'\nparent = 'I'\nweight = '{w}'\n" for g, w in (("P", 60), ("Q", 30))
)


def test_new_weights_in_a_ragged_tree_leave_the_shares_of_the_others() -> None:
    """Beside P (60) and Q (30) stands d (10), which stays 10; equal weights on their level are 45 each."""
    leaves = "".join(leaf(c, parent=p) for c, p in zip("abce", "PPQQ", strict=True)) + leaf(
        "d", "weight = '10'"
    )
    data = pl.DataFrame({"who": ["s"], **{c: [1] for c in "abcde"}})

    def weights(level: int) -> dict[str, float]:
        steps = scale("{method = 'none'}") + f"[[steps]]\nstep = 'weigh'\nmethod = 'equal'\nlevel = {level}\n"
        found = score(design(leaves, steps + ARITHMETIC, groups=RAGGED), data).weights
        return {n: float(w) for n, w in found.select("node", "weight").iter_rows()}

    assert (weights(0)["d"], weights(0)["P"], weights(0)["a"]) == (10, 60, 1)
    assert (weights(1)["d"], weights(1)["P"], weights(1)["Q"]) == (10, 45, 45)


def test_judgements_of_several_parents_name_their_parent() -> None:
    leaves = "".join(leaf(c, parent=p) for c, p in zip("abce", "PPQQ", strict=True))
    step = "[[steps]]\nstep = 'weigh'\nmethod = 'ahp'\n" + PAIR
    with pytest.raises(MethodError, match="不知用于 P、Q 中的哪一个"):
        design(leaves, scale("{method = 'none'}") + step + ARITHMETIC, groups=RAGGED)
    with pytest.raises(MethodError, match="分组 Z 未定义"):
        design(leaves, scale("{method = 'none'}") + step + "group = 'Z'\n" + ARITHMETIC, groups=RAGGED)
    named = design(leaves, scale("{method = 'none'}") + step + "group = 'Q'\n" + ARITHMETIC, groups=RAGGED)
    found = score(named, pl.DataFrame({"who": ["s"], **{c: [1] for c in "abce"}})).weights
    weights = {n: round(float(w), 6) for n, w in found.select("node", "weight").iter_rows()}
    assert weights == {"a": 1, "b": 1, "c": 0.75, "e": 0.25, "P": 60, "Q": 30, "I": 1}


@pytest.mark.parametrize(("items", "says"), [(12, None), (16, "只到 15 项")])
def test_large_judgement_matrices_are_checked_or_refused(items: int, says: str | None) -> None:
    """Judgements of 9 or 1/9 in turn contradict each other, so a ratio must be noted."""
    codes = [f"x{n:02}" for n in range(items)]
    judged = np.ones((items, items))
    for a in range(items):
        for b in range(a + 1, items):
            judged[a, b] = 9 if (a + b) % 2 else 1 / 9
            judged[b, a] = 1 / judged[a, b]
    rows = ", ".join("[" + ", ".join(f"'{v:.9f}'" for v in row) + "]" for row in judged)
    step = f"[[steps]]\nstep = 'weigh'\nmethod = 'ahp'\njudgements = [{rows}]\n"
    found = design("".join(map(leaf, codes)), scale("{method = 'none'}") + step + ARITHMETIC)
    data = pl.DataFrame({"who": ["s"], **{c: [1] for c in codes}})
    if says:
        with pytest.raises(ScoreError, match=says):
            score(found, data)
    else:
        assert score(found, data).notes["rule"].to_list() == ["ahp"]


@pytest.mark.parametrize("method", ["entropy", "critic", "pca"])
def test_too_few_subjects_cannot_decide_weights(method: str) -> None:
    steps = scale("{method = 'none'}") + f"[[steps]]\nstep = 'weigh'\nmethod = '{method}'\n" + ARITHMETIC
    with pytest.raises(ScoreError, match="不足 3 个"):
        score(
            design(leaf("a") + leaf("b"), steps), pl.DataFrame({"who": ["p", "q"], "a": [1, 2], "b": [2, 1]})
        )
