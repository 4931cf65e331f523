"""What if, and why did it change: overrides, comparisons, and attributions that add up."""

import dataclasses
from decimal import Decimal

import polars as pl
import pytest
from books import opened
from test_score_steps import ARITHMETIC, design, index, leaf, scale

from flows.scoring import Comparison, comparison_lines
from indices.attribution import CAUSES, State, attribute
from indices.method import MethodError
from indices.score import score
from indices.shapley import rounded_to
from indices.steps.bench import ScoreError
from indices.table import arrange
from indices.tables.comparison import write_comparison_book
from indices.whatif import compare, overridden, why

TWO = design(leaf("a") + leaf("b"), scale("{method = 'goalpost'}") + ARITHMETIC)
DATA = pl.DataFrame({"who": ["p", "q"], "a": ["80", "20"], "b": ["10", "60"]})


def test_a_weight_a_post_a_mean_and_a_rule() -> None:
    assert index(score(overridden(TWO, ["weight.a=3"]), DATA)) == {"p": "62.50", "q": "30.00"}
    assert index(score(overridden(TWO, ["high.a=160"]), DATA)) == {"p": "30.00", "q": "36.25"}
    assert index(score(overridden(TWO, ["mean.I=geometric"]), DATA)) == {"p": "28.28", "q": "34.64"}
    gap = DATA.with_columns(pl.Series("b", ["", "60"]))
    assert index(score(overridden(TWO, ["missing.late=floor", "missing.floor=10"]), gap)) == {
        "p": "45.00",
        "q": "40.00",
    }
    assert index(score(overridden(TWO, ["at_least=0.6"]), gap)) == {"p": None, "q": "40.00"}


@pytest.mark.parametrize(
    "wrong", ["weight.z=1", "weight.a", "weight.a=much", "mean.I=magic", "low.I=3", "colour.a=2"]
)
def test_a_setting_that_is_not_understood_is_refused(wrong: str) -> None:
    with pytest.raises(ScoreError, match="--set"):
        overridden(TWO, [wrong])


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["weight.a=nan"], "应为有限的数值"),
        (["high.a=Infinity"], "应为有限的数值"),
        (["weight.a=1", "weight.a=2"], "weight.a 写了两次"),
        (["weight.I=2"], "I 是指数本身，没有权重"),
        (["reference.a=2"], "a 的评分方法 goalpost 不用 reference"),
        (["missing.floor=5"], "没有哪类缺失按 floor 计分"),
    ],
)
def test_a_setting_without_a_number_or_an_effect_is_refused(settings: list[str], says: str) -> None:
    with pytest.raises(ScoreError, match=says):
        overridden(TWO, settings)


def test_what_data_decide_cannot_be_set() -> None:
    entropy = "[[steps]]\nstep = 'weigh'\nmethod = 'entropy'\n"
    rolling = design(leaf("a") + leaf("b"), scale("{method = 'minmax'}") + entropy + ARITHMETIC)
    with pytest.raises(ScoreError, match=r"a 的权重由步骤 weigh（entropy）决定"):
        overridden(rolling, ["weight.a=3"])
    with pytest.raises(ScoreError, match="a 的评分方法 minmax 不用 high"):
        overridden(rolling, ["high.a=3"])


def test_a_setting_that_makes_the_design_impossible_is_refused() -> None:
    with pytest.raises(MethodError, match="相等"):
        overridden(TWO, ["low.a=100"])
    with pytest.raises(MethodError, match="a 的 weight 为 -1，应不小于 0"):
        overridden(TWO, ["weight.a=-1"])


def test_who_gains_and_why() -> None:
    before, after = score(TWO, DATA), score(overridden(TWO, ["weight.a=3"]), DATA)
    rows = compare(TWO, before, after).select(
        "subject", pl.col("change").cast(pl.String), "rank_before", "rank_after", "shift"
    )
    assert rows.rows() == [("p", "17.50", 1, 1, 0), ("q", "-10.00", 2, 2, 0)]
    moved = compare(TWO, before, score(overridden(TWO, ["high.a=160"]), DATA))
    assert dict(moved.select("subject", "shift").iter_rows()) == {"p": -1, "q": 1}
    changed = why((TWO, before), (overridden(TWO, ["weight.a=3"]), after))
    assert changed.height == 4 and [float(v) for v in changed["weight_after"]] == [0.75, 0.25, 0.75, 0.25]
    # p: 45 to 62.5; a's share grows by 1/4 at 80, b's falls at 10, the level between is 53.75
    assert [str(v) for v in changed["points"]] == ["6.56", "10.94", "-3.75", "-6.25"]
    assert why((TWO, before), (TWO, before)).height == 0


def test_who_loses_the_index_is_named() -> None:
    changed, gap = overridden(TWO, ["at_least=0.6"]), DATA.with_columns(b=pl.Series(["", "60"]))
    sides = (TWO, score(TWO, gap)), (changed, score(changed, gap))
    found = Comparison(TWO, changed, compare(TWO, sides[0][1], sides[1][1]), why(*sides))
    assert comparison_lines(found)[0].endswith("位次变动 1 个；失去指数：p")


def test_the_workbook_says_who_gains_and_by_which_indicators() -> None:
    """Nine indicators, of which one gets more weight: seven have a column, the rest stands together."""
    codes = [f"x{n}" for n in range(9)]
    many = design("".join(map(leaf, codes)), scale("{method = 'goalpost'}") + ARITHMETIC)
    data = pl.DataFrame(
        {"who": ["p", "q"]} | {c: [str(10 * n), str(90 - 7 * n)] for n, c in enumerate(codes)}
    )
    changed = overridden(many, ["weight.x8=5"])
    sides = (many, score(many, data)), (changed, score(changed, data))
    index = compare(many, sides[0][1], sides[1][1])
    book = opened(write_comparison_book(many, index, why(*sides), many.names))
    assert book.sheetnames == ["谁升谁降", "比较", "变动来源"]
    assert [c.value for c in book["变动来源"][3]][:3] == ["p", "p", "x0"]
    lines = [[c.value for c in row] for row in book["谁升谁降"].iter_rows(min_row=5, max_row=7)]
    labels = lines.pop(0)
    assert len(labels) == 16 and labels[8:15] == sorted(labels[8:15]) and labels[15] == "其余"
    assert [line[0] for line in lines] == ["p", "q"]  # from gain to loss
    for line in lines:
        assert line[4] == pytest.approx(line[3] - line[2]) == pytest.approx(sum(line[8:]))


def test_a_comparison_of_releases_names_products_and_types() -> None:
    changed = overridden(TWO, ["weight.a=3"])
    sides = (TWO, score(TWO, DATA)), (changed, score(changed, DATA))
    marks = [pl.lit(v).alias(k) for k, v in (("index", "H-1"), ("product", "monthly"), ("type", "city"))]
    index, reasons = (
        f.select(*marks, pl.all()) for f in (compare(TWO, sides[0][1], sides[1][1]), why(*sides))
    )
    book = opened(write_comparison_book(TWO, index, reasons, TWO.names))
    for title in ("比较", "变动来源"):
        assert [c.value for c in book[title][3]][:3] == ["H-1", "月度监测值", "设区市"]
    headings = [c.value for c in book["比较"][1]]
    assert headings[headings.index("原发布值") :][:3] == ["原发布值", "新发布值", "变动"]


def shares(before: State, after: State) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for subject, cause, published in (
        attribute(before, after).select("subject", "cause", "published").iter_rows()
    ):
        found.setdefault(subject, {})[cause] = str(published)
    return found


def test_two_causes_share_what_they_make_together() -> None:
    """Figure a falls from 80 to 60 while its weight rises from 1 to 3; both orders count the same."""
    after = State(
        overridden(TWO, ["weight.a=3"]), arrange(TWO, DATA.with_columns(pl.Series("a", ["60", "20"])))
    )
    found = shares(State(TWO, arrange(TWO, DATA)), after)
    # p: 45 before; data alone 35; weight alone 62.5; both 47.5. data: (-10 + -15) / 2, weight: (17.5 + 12.5) / 2.
    assert found["p"] == {
        "data": "-12.50",
        "coverage": "0.00",
        "weight": "15.00",
        "goalpost": "0.00",
        "method": "0.00",
    }
    assert found["q"]["data"] == "0.00" and found["q"]["weight"] == "-10.00"


def test_a_figure_that_is_gone_is_coverage_and_posts_are_posts() -> None:
    gone = arrange(TWO, DATA.with_columns(pl.Series("b", ["", "60"])))
    assert shares(State(TWO, arrange(TWO, DATA)), State(TWO, gone))["p"]["coverage"] == "35.00"
    posts = State(overridden(TWO, ["high.a=160"]), arrange(TWO, DATA))
    assert shares(State(TWO, arrange(TWO, DATA)), posts)["p"]["goalpost"] == "-15.00"
    mean = State(overridden(TWO, ["mean.I=geometric"]), arrange(TWO, DATA))
    assert shares(State(TWO, arrange(TWO, DATA)), mean)["p"]["method"] == "-16.72"


def test_a_denominator_is_data_like_the_figure_above_it() -> None:
    per_head = design(
        leaf("a", "low = '0'\nhigh = '100'\ndenominator = 'people'"),
        "[[steps]]\nstep = 'denominate'\n" + scale("{method = 'goalpost'}") + ARITHMETIC,
    )
    data = pl.DataFrame({"who": ["p"], "a": ["80"], "people": ["2"]})
    more, gone = (data.with_columns(people=pl.lit(v)) for v in ("4", ""))
    before = State(per_head, arrange(per_head, data))
    found = shares(before, State(per_head, arrange(per_head, more)))["p"]
    assert (found["data"], found["coverage"]) == ("-20.00", "0.00")
    assert shares(before, State(per_head, arrange(per_head, gone))) == {}


def test_all_causes_at_once_add_up_to_the_published_change() -> None:
    settings = ["weight.a=3", "high.b=77", "mean.I=harmonic"]
    after = State(
        overridden(TWO, settings), arrange(TWO, DATA.with_columns(pl.Series("a", ["61.37", "23.11"])))
    )
    before = State(TWO, arrange(TWO, DATA))
    now = index(score(after.design, DATA.with_columns(pl.Series("a", ["61.37", "23.11"]))))
    then = index(score(TWO, DATA))
    change = {s: Decimal(str(now[s])) - Decimal(str(then[s])) for s in "pq"}
    for subject, parts in shares(before, after).items():
        assert tuple(parts) == CAUSES
        assert sum(Decimal(v) for v in parts.values()) == change[subject]


def test_rounding_to_a_total() -> None:
    thirds = [Decimal("0.333333")] * 3
    assert rounded_to(Decimal("1.00"), thirds, 2) == [Decimal("0.34"), Decimal("0.33"), Decimal("0.33")]
    assert rounded_to(Decimal("0.98"), thirds, 2) == [Decimal("0.33"), Decimal("0.33"), Decimal("0.32")]


def test_trees_that_differ_are_not_compared() -> None:
    other = dataclasses.replace(TWO, indicators=TWO.indicators[:1])
    with pytest.raises(ScoreError, match="指标体系不同"):
        attribute(State(TWO, arrange(TWO, DATA)), State(other, arrange(other, DATA)))
