"""A change by indicator in trees of every mean: worked by hand, and in whatever tree the parts add up."""

import math

import polars as pl
import pytest
from test_score_steps import design, leaf, scale

from indices.design import Design
from indices.score import score
from indices.tree_split import split_trees
from indices.whatif import overridden

GROUPS = "[[groups]]\nid = 'I'\nname = 'I'\n[[groups]]\nid = 'P'\nname = 'P'\nparent = 'I'\nweight = '3'\n"
LEAVES = leaf("a", parent="P") + leaf("b", "low = '0'\nhigh = '100'\nweight = '2'", "P") + leaf("c")
DATA = {"who": ["p", "q"], "a": ["80", "20"], "b": ["10", "60"], "c": ["50", "90"]}


def tree(mean: str, more: str = "") -> Design:
    steps = scale("{method = 'goalpost'}") + f"[[steps]]\nstep = 'aggregate'\nmeans = ['{mean}']\n{more}"
    return design(LEAVES, steps, groups=GROUPS)


def parts(
    before: Design, after: Design, changed: dict[str, list[str]] | None = None, subject: str = "p"
) -> dict[str, float]:
    one, two = pl.DataFrame(DATA), pl.DataFrame(DATA | (changed or {}))
    sides = (before, score(before, one)), (after, score(after, two))
    found = split_trees(*sides).filter(pl.col("subject") == subject)
    index = [
        side.published.filter((pl.col("node") == "I") & (pl.col("subject") == subject))["value"][0]
        for _, side in sides
    ]
    assert found["published"].sum() == index[1] - index[0]
    return {item: float(points) for item, points in found.select("item", "points").iter_rows()}


def test_figures_move_through_their_group() -> None:
    """P has 3/4 of the index, a 1/3 of P: 30 points less of a are 7.5 less of the index; c has 1/4."""
    found = parts(tree("arithmetic"), tree("arithmetic"), {"a": ["50", "20"], "c": ["54", "90"]})
    assert found == pytest.approx({"a": -7.5, "c": 1})


def test_a_shift_of_weight_counts_by_the_distance_to_the_level() -> None:
    """P = 100/3 and c = 50; P's weight goes from 3/4 to 1/2, the level between is (37.5 + 41.67) / 2."""
    before = tree("arithmetic")
    found = parts(before, overridden(before, ["weight.P=1"]))
    level = (37.5 + 125 / 3) / 2
    assert found == pytest.approx({"P": -0.25 * (100 / 3 - level), "c": 0.25 * (50 - level)})


def test_a_geometric_change_is_split_by_logarithms() -> None:
    """A flat geometric mean: sqrt(80 * 10) to sqrt(20 * 40) stays; the parts are the slope times the logarithms."""
    flat = design(
        leaf("a") + leaf("b"),
        scale("{method = 'goalpost'}") + "[[steps]]\nstep = 'aggregate'\nmeans = ['geometric']\n",
    )
    found = parts(flat, flat, {"a": ["20", "20"], "b": ["40", "60"]})
    level = math.sqrt(800)
    assert found == pytest.approx({"a": -level * math.log(2), "b": level * math.log(2)})
    up = parts(flat, flat, {"a": ["90", "20"]})
    assert up == pytest.approx({"a": math.sqrt(900) - level})


def test_another_mean_and_rounding_stay_with_the_group() -> None:
    before = tree("arithmetic")
    found = parts(before, overridden(before, ["mean.P=geometric"]))
    assert found == pytest.approx({"P": 0.75 * ((80 * 10 * 10) ** (1 / 3) - 100 / 3)})
    median = parts(tree("median"), tree("median"), {"b": ["12", "60"]})
    assert set(median) == {"I"} and median["I"] == pytest.approx(0.5)
    rounded = tree("arithmetic", "round_levels = [0, 0]\n")
    assert set(parts(rounded, rounded, {"a": ["50", "20"]})) <= {"a", "P", "I"}


@pytest.mark.parametrize("mean", ["geometric", "harmonic", "median"])
def test_whatever_changes_the_parts_add_up_and_turn_round(mean: str) -> None:
    before = tree(mean)
    after = overridden(before, ["weight.b=5", "high.c=120", "weight.P=1"])
    sides = [(before, score(before, pl.DataFrame(DATA)))]
    sides += [(after, score(after, pl.DataFrame(DATA | {"a": ["61.37", ""], "b": ["", "23.11"]})))]
    there, back = split_trees(*sides), split_trees(*sides[::-1])
    index = [
        dict(s.published.filter(pl.col("node") == "I").select("subject", "value").iter_rows())
        for _, s in sides
    ]
    for subject in "pq":
        parts_, turned = (f.filter(pl.col("subject") == subject) for f in (there, back))
        assert parts_["published"].sum() == index[1][subject] - index[0][subject]
        assert parts_["item"].to_list() == turned["item"].to_list()
        assert [float(-p) for p in turned["points"]] == pytest.approx(
            [float(p) for p in parts_["points"]], abs=1e-8
        )


def test_nothing_changed_has_no_parts() -> None:
    same = tree("geometric")
    scored = score(same, pl.DataFrame(DATA))
    assert split_trees((same, scored), (same, scored)).height == 0
