"""The linter: each rule finds what it is for and keeps silent about what is in order."""

import dataclasses
import random
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from conftest import Ran
from test_score_steps import ARITHMETIC, design, leaf, scale

from flows.checking import Figures, check_method
from flows.cli import main
from flows.mistakes import Mistake
from indices.design import Design
from indices.expression import parse
from indices.lint.design import lint_design
from indices.lint.forms import lint_method, power_of_time
from indices.lint.scored import lint_scored
from indices.method import METHODS_DIR, Method, read_method
from indices.score import score
from indices.steps.bench import ScoreError
from schemas.form import load_forms

SOUND = leaf("a") + leaf("b") + leaf("c") + leaf("d") + leaf("e") + leaf("f") + leaf("g")
STRICT = ARITHMETIC + "at_least = '0.7'\n"
WORDS = "{method = 'goalpost'}"


def rules(found: Design) -> dict[str, str]:
    return {d.rule: d.severity for d in lint_design(found)}


def geometric(how: str) -> str:
    return scale(how) + "[[steps]]\nstep = 'aggregate'\nmeans = ['geometric']\nat_least = '0.7'\n"


def test_a_sound_design_gives_no_word() -> None:
    assert lint_design(design(SOUND, scale(WORDS) + STRICT)) == []


@pytest.mark.parametrize(
    ("declared", "rule", "severity"),
    [
        (geometric(WORDS), "zero-geometric", "refuse"),
        (geometric("{method = 'minmax'}"), "zero-geometric", "refuse"),
        (geometric("{method = 'zscore'}"), "zscore-geometric", "refuse"),
        (geometric("{method = 'efficacy'}"), "unclipped-geometric", "warn"),
        (
            scale(WORDS) + "[[steps]]\nstep = 'aggregate'\nat_least = '0.7'\nmeans = ['mpi_minus']\n",
            "mpi-scale",
            "warn",
        ),
        (scale(WORDS) + ARITHMETIC, "silence-pays", "warn"),
        ("[missing]\nlate = 'floor'\nfloor = '40'\n" + scale(WORDS) + STRICT, "silence-pays", "refuse"),
        (
            scale(WORDS) + "[[steps]]\nstep = 'weigh'\nmethod = 'entropy'\n" + STRICT,
            "rolling-weights",
            "warn",
        ),
    ],
)
def test_a_doubtful_design_is_told_so(declared: str, rule: str, severity: str) -> None:
    assert rules(design(SOUND, declared))[rule] == severity


@pytest.mark.parametrize(
    "how", ["{method = 'minmax', range = ['1', '100']}", "{method = 'zscore', range = ['100', '10']}"]
)
def test_scores_that_stay_above_zero_suit_a_geometric_mean(how: str) -> None:
    assert rules(design(SOUND, geometric(how))) == {}


def test_what_rolls_in_a_published_series_is_refused() -> None:
    declared = (
        "[[steps]]\nstep = 'impute'\nmethod = 'linear'\n"
        + scale("{method = 'minmax', window = 'all'}")
        + STRICT
    )
    panel = design(SOUND, declared, "period = 'year'")
    assert rules(panel) == {"look-ahead": "warn", "rolling-posts": "warn"}
    published = dataclasses.replace(panel, series=True)
    assert rules(published) == {"look-ahead": "refuse", "rolling-posts": "refuse"}
    frozen = scale("{method = 'minmax', window = ['2020', '2021']}") + STRICT
    assert rules(dataclasses.replace(design(SOUND, frozen, "period = 'year'"), series=True)) == {}


def test_weights_and_the_tree() -> None:
    heavy = SOUND + leaf("h", "low = '0'\nhigh = '100'\nweight = '3'")
    assert {(d.rule, d.node) for d in lint_design(design(heavy, scale(WORDS) + STRICT))} == {
        ("weight-sum", "I"), ("one-variable", "h"),
    }  # fmt: skip
    groups = (
        "[[groups]]\nid = 'I'\nname = 'I'\n[[groups]]\nid = 'P'\nname = 'P'\nparent = 'I'\nweight = '0.1'\n"
    )
    alone = leaf("z", parent="P") + "".join(
        leaf(c, "low = '0'\nhigh = '100'\nweight = '0.09'") for c in "abcdefghij"
    )
    assert {(d.rule, d.node) for d in lint_design(design(alone, scale(WORDS) + STRICT, groups=groups))} == {
        ("one-child", "P")
    }
    twins = "".join(leaf(c, "low = '0'\nhigh = '100'\nvariable = 'v'") for c in "ab") + SOUND.replace(
        "'a'", "'x'"
    ).replace("'b'", "'y'")
    assert ("one-variable", "v") in {
        (d.rule, d.node) for d in lint_design(design(twins, scale(WORDS) + STRICT))
    }


def test_what_the_data_add() -> None:
    data = pl.DataFrame(
        {"who": list("pqrstu"), "a": [1, 2, 3, 4, 5, 6], "b": [2, 4, 6, 8, 10, 13], "c": [150, 160, 170, 5, 8, 9],
         "d": [7, 7, 7, 7, 1, 2], "e": [3, 1, 4, 1, 5, 9], "f": [2, 7, 1, 8, 2, 8], "g": [6, 1, 8, 0, 3, 3]}
    )  # fmt: skip
    found = design(SOUND, scale(WORDS) + "[[steps]]\nstep = 'weigh'\nmethod = 'entropy'\n" + STRICT)
    said = {(d.rule, d.node) for d in lint_scored(found, score(found, data))}
    heavy = {n for rule, n in said if rule == "one-variable"}
    assert said - {("one-variable", n) for n in heavy} == {
        ("few-subjects", "I"), ("collinear", "a、b"), ("binding-post", "c"), ("one-score", "d"),
    }  # fmt: skip
    effective = found_weights(found, data)
    assert heavy == {n for n, share in effective.items() if share > Decimal("0.15")} and heavy


@pytest.mark.parametrize(
    ("how", "figures", "alike"),
    [
        ("{method = 'goalpost', range = ['0', '1']}", ["98.835", "98.782", "95.229"], False),  # 0.98835, ...
        ("{method = 'goalpost', range = ['0', '1']}", ["98.782", "98.782", "95.229"], True),
        ("{method = 'goalpost'}", ["98.835", "98.782", "95.229"], False),
        ("{method = 'goalpost'}", ["98.7821", "98.7819", "95.229"], True),  # one in ten thousand of 0 to 100
        ("{method = 'goalpost', range = ['60', '100']}", ["98.835", "98.782", "95.229"], False),
        ("{method = 'none'}", ["0.001", "0.002", "0.5"], False),
    ],
)
def test_what_counts_as_one_score_depends_on_the_range(how: str, figures: list[str], alike: bool) -> None:
    posts = "" if "none" in how else "low = '0'\nhigh = '100'"
    method = design(leaf("x", posts), scale(how) + STRICT)
    doubts = lint_scored(method, score(method, pl.DataFrame({"who": list("pqr"), "x": figures})))
    assert ("one-score" in {d.rule for d in doubts}) == alike


def found_weights(found: Design, data: pl.DataFrame) -> dict[str, Decimal]:
    weights = score(found, data).weights.filter(pl.col("node") != "I")
    return dict(weights.select("node", "effective").iter_rows())


def test_few_subjects_are_counted_in_the_window_and_against_the_children_of_one_parent() -> None:
    """Three ranked subjects are six observations in two years and three in one, of P's two indicators and four of I."""
    entropy = "[[steps]]\nstep = 'weigh'\nmethod = 'entropy'\nwindow = {}\n"
    leaves = leaf("a", parent="P") + leaf("b", parent="P") + leaf("c") + leaf("d") + leaf("e") + leaf("f")
    groups = "[[groups]]\nid = 'I'\nname = 'I'\n[[groups]]\nid = 'P'\nname = 'P'\nparent = 'I'\n"
    draw = random.Random(4)
    data = pl.DataFrame(
        {"who": list("pqrs") * 2, "kind": ["县", "县", "县", "省"] * 2, "year": ["2020"] * 4 + ["2021"] * 4}
        | {c: [draw.randint(1, 99) for _ in range(8)] for c in "abcdef"}
    )
    for window, wanted in (("['2020', '2021']", set()), ("['2020', '2020']", {"I"}), ("'period'", {"I"})):
        declared = scale(WORDS) + entropy.format(window) + STRICT
        found = design(leaves, declared, "period = 'year'\ntype = 'kind'", groups)
        found = dataclasses.replace(found, unranked=("省",))
        said = {d.node for d in lint_scored(found, score(found, data)) if d.rule == "few-subjects"}
        assert said == wanted, window


def test_equal_and_frozen_weights_are_judged_and_not_those_that_they_replace() -> None:
    heavier = SOUND + leaf("h", "low = '0'\nhigh = '100'\nweight = '5'")
    equal = scale(WORDS) + "[[steps]]\nstep = 'weigh'\nmethod = 'equal'\n" + STRICT
    assert rules(design(heavier, equal)) == {}
    given = ", ".join(f"{c} = '{9 if c == 'a' else 1}'" for c in "abcdefg")
    frozen = scale(WORDS) + f"[[steps]]\nstep = 'weigh'\nmethod = 'frozen'\nfrozen = {{{given}}}\n" + STRICT
    assert [(d.rule, d.node) for d in lint_design(design(SOUND, frozen))] == [("one-variable", "a")]


@pytest.mark.parametrize(
    ("how", "severity"),
    [
        ("{method = 'zscore'}", "refuse"),  # 0 is the mean, better than half
        ("{method = 'efficacy'}", "warn"),
        ("{method = 'rank'}", None),
    ],
)
def test_a_floor_above_what_the_worst_score(how: str, severity: str | None) -> None:
    declared = "[missing]\nlate = 'floor'\nfloor = '0'\n" + scale(how) + STRICT
    assert rules(design(SOUND, declared)).get("silence-pays") == severity


@pytest.mark.parametrize("how", ["{method = 'none'}", "{method = 'ratio', reference = 'mean'}"])
def test_scores_without_a_lower_end_are_doubted_under_a_geometric_mean(how: str) -> None:
    assert rules(design(SOUND, geometric(how))) == {"unclipped-geometric": "warn"}


def test_treatment_rolls_unless_its_window_is_a_base() -> None:
    treat = "[[steps]]\nstep = 'treat'\nthen = 'none'\nwindow = {}\n"
    for window, said in (("'all'", {"rolling-treatment": "refuse"}), ("['2020', '2021']", {})):
        panel = design(SOUND, treat.format(window) + scale(WORDS) + STRICT, "period = 'year'")
        assert rules(dataclasses.replace(panel, series=True)) == said


def test_a_series_of_one_table_after_the_other_rolls_too() -> None:
    single = design(SOUND, scale("{method = 'minmax'}") + STRICT)
    assert rules(single) == {}
    assert rules(dataclasses.replace(single, series=True)) == {"rolling-posts": "refuse"}


def test_weights_from_data_are_frozen_in_a_series_and_have_enough_subjects() -> None:
    entropy = "[[steps]]\nstep = 'weigh'\nmethod = 'entropy'\nwindow = {}\n"
    for window, said in (("'all'", {"rolling-weights": "refuse"}), ("['2020', '2021']", {})):
        panel = design(SOUND, scale(WORDS) + entropy.format(window) + STRICT, "period = 'year'")
        assert rules(dataclasses.replace(panel, series=True)) == said
    found = design(
        leaf("a") + leaf("b"), scale(WORDS) + "[[steps]]\nstep = 'weigh'\nmethod = 'entropy'\n" + STRICT
    )
    data = pl.DataFrame({"who": list("pqr"), "a": [10, 20, 35], "b": [50, 20, 40]})
    assert "few-subjects" not in {d.rule for d in lint_scored(found, score(found, data))}


def test_a_median_takes_no_weights() -> None:
    median = scale(WORDS) + "[[steps]]\nstep = 'aggregate'\nmeans = ['median']\nat_least = '0.7'\n"
    heavier = SOUND + leaf("h", "low = '0'\nhigh = '100'\nweight = '1.1'")
    assert rules(design(heavier, median))["median-weights"] == "warn"
    assert rules(design(SOUND, median)) == {}


def test_a_column_that_does_not_vary_is_told_under_posts_and_refused_under_a_range() -> None:
    data = pl.DataFrame({"who": list("pqr"), "a": [7, 7, 7], "b": [1, 2, 3]})
    by_posts = design(leaf("a") + leaf("b"), scale(WORDS) + STRICT)
    assert {(d.rule, d.node) for d in lint_scored(by_posts, score(by_posts, data))} == {("one-score", "a")}
    with pytest.raises(ScoreError, match=r"指标 a.*全部相等"):
        score(design(leaf("a") + leaf("b"), scale("{method = 'minmax'}") + STRICT), data)


def test_missing_rules_and_thresholds_of_methods_over_forms() -> None:
    method = read_method(METHODS_DIR / "CM-2026.1.toml")
    assert not {"silence-pays", "thin-total"} & {d.rule for d in lint_method(method)}
    spread = dataclasses.replace(method, missing=dataclasses.replace(method.missing, not_yet="spread"))
    assert "silence-pays" in {d.rule for d in lint_method(spread)}
    thin = dataclasses.replace(method.coverage, total=Decimal("0.4"))
    assert "thin-total" in {d.rule for d in lint_method(dataclasses.replace(method, coverage=thin))}


COLUMNS = {(f.code, c.code): c for f in load_forms() if not f.filed_by_bureau for c in f.columns}


@pytest.mark.parametrize(
    ("expression", "power"),
    [
        ("GLT01.rev_cum", 1),
        ("yoy(GLT01.rev_cum, GLT01.rev_cum_ly)", 0),
        ("ttm(GLT01.rev_cum) / target_2026", 0),
        ("GLT01.rev_cum / (target_2026 * year_progress)", 0),
        ("pct(GLT06.ent_n, GLT01.rev_cum)", -1),
        ("pct(GLT01.profit_cum, GLT01.rev_cum)", 0),
    ],
)
def test_to_which_power_an_expression_grows_with_the_year(expression: str, power: int) -> None:
    assert power_of_time(parse(expression), COLUMNS) == power


def shipped(name: str, expression: str) -> Method:
    """A shipped method whose first indicator has another expression."""
    method = read_method(METHODS_DIR / f"{name}-2026.1.toml")
    first = dataclasses.replace(
        method.indicators[0], expression=expression, frequency="M", normalisation="goalpost"
    )
    return dataclasses.replace(method, indicators=(first, *method.indicators[1:]))


@pytest.mark.parametrize(
    ("expression", "rule"),
    [
        ("GLT01.rev_cum / 10000", "year-to-date"),
        ("per(GLT06.ent_n, GLT01.rev_cum)", "stock-over-flow"),
        ("pct(GLT07.gap_done_n, GLT07.gap_plan_n)", "own-denominator"),
    ],
)
def test_expressions_over_forms(expression: str, rule: str) -> None:
    said = {(d.rule, d.node) for d in lint_method(shipped("CM", expression))}
    assert (rule, "CM101") in said
    assert (rule, "CM101") not in {
        (d.rule, d.node) for d in lint_method(read_method(METHODS_DIR / "CM-2026.1.toml"))
    }


@pytest.mark.parametrize("name", ["MQ", "CM", "CA"])
def test_the_shipped_methods_are_not_refused(name: str) -> None:
    assert {d.severity for d in check_method(f"{name}-2026.1", None, 1)} == {"warn"}


GUIDE = Path(__file__).parent.parent / "indices" / "README.md"


def in_guide(title: str) -> dict[tuple[str, str], set[str]]:
    """(rule, index) to the nodes that a table of the guide names."""
    part = GUIDE.read_text("utf-8").split(title, 1)[1]
    lines = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("| `")]
    return {
        (line[0].strip(" `"), index): {n.strip(" `") for n in cell.split("；") if n.strip() not in ("", "—")}
        for line in lines
        for index, cell in zip(("MQ", "CM", "CA"), line[1:4], strict=True)
    }


@pytest.mark.parametrize("index", ["MQ", "CM", "CA"])
def test_the_guide_says_what_the_linter_says_of_the_shipped_methods(index: str) -> None:
    told: dict[tuple[str, str], set[str]] = {}
    for doubt in check_method(f"{index}-2026.1", None, 1):
        told.setdefault((doubt.rule, index), set()).add(doubt.node)
    table = in_guide("## What the linter says of MQ, CM and CA").items()
    guide = {k: nodes for k, nodes in table if k[1] == index and nodes and k[0] not in WITH_FIGURES}
    assert guide == told


WITH_FIGURES = ("collinear", "one-score", "binding-post")


def test_a_release_goes_with_a_method_over_forms_that_it_was_made_with(
    month_ran: Ran, tmp_path: Path
) -> None:
    text = "format = 2\nindex = 'H'\nversion = '1'\nname = 'h'\n[data]\nsubject = 'who'\n" + leaf("a")
    (tmp_path / "m.toml").write_text(
        text + "[[groups]]\nid = 'I'\nname = 'I'\n" + scale(WORDS) + STRICT, "utf-8"
    )
    figures = Figures(month_ran.home, "2026-10.1")
    with pytest.raises(Mistake, match="由数据文件计算"):
        check_method(str(tmp_path / "m.toml"), None, 1, figures)
    newer = (METHODS_DIR / "CM-2026.1.toml").read_text("utf-8").replace('"2026.1"', '"2026.2"', 1)
    (tmp_path / "CM-2026.2.toml").write_text(newer, "utf-8")
    with pytest.raises(Mistake, match=r"不是用方法 CM-2026\.2 计算的"):
        check_method(str(tmp_path / "CM-2026.2.toml"), None, 1, figures)


def test_a_variable_behind_much_of_a_product_is_weighed_once() -> None:
    method = read_method(METHODS_DIR / "CM-2026.1.toml")
    said = {
        d.node: d.message for d in lint_method(method) if d.rule == "one-variable" and "全指标" in d.message
    }
    weight = sum((i.weight for i in method.indicators if "GLT01.rev_cum" in i.expression), Decimal(0))
    assert f"{weight:.1f} %" in said["GLT01.rev_cum"]


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    method = tmp_path / "m.toml"
    method.write_text(
        "format = 2\nindex = 'H'\nversion = '1'\nname = 'h'\n[data]\nsubject = 'who'\n"
        + leaf("a") + leaf("b") + "[[groups]]\nid = 'I'\nname = 'I'\n" + geometric(WORDS),
        "utf-8",
    )  # fmt: skip
    monkeypatch.setattr("sys.argv", ["zhishu", "check", str(method)])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert "拒绝 zero-geometric a" in capsys.readouterr().out
