"""The engine on published worked examples: the Technology Achievement Index and Chinese textbooks' tables."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from oracle_methods import FOLDER, TAI, cells, last_steps, needs_oracles, rows
from scipy.optimize import linprog

from indices.design import Design
from indices.method_file import parse_design
from indices.score import Scored, score
from indices.steps.aggregate import outranking
from indices.steps.weigh import ahp, entropy

pytestmark = needs_oracles

NAMES = (
    "patents",
    "royalties",
    "internet",
    "exports",
    "telephones_log",
    "electricity_log",
    "schooling",
    "university",
)


def flat(leaves: list[str], declared: str, index: str = "T") -> Design:
    """A design with one level."""
    return parse_design(
        f"format = 2\nindex = '{index}'\nversion = '1'\nname = 'flat'\n[data]\nsubject = 'who'\n"
        + "".join(f"[[indicators]]\nparent = 'I'\n{leaf}\n" for leaf in leaves)
        + f"[[groups]]\nid = 'I'\nname = 'I'\n{declared}",
        "flat",
    )


def tai_data() -> pl.DataFrame:
    return pl.read_csv(TAI / "tai_raw_23.csv", infer_schema=False).rename({"country": "who"})


def tai_weights(method: str) -> dict[str, str]:
    return next(r for r in rows(TAI / "tai_weights_T22.csv") if r["method"] == method)


def tai_design(declared: str, weights: str | dict[str, str] = "EW", posts: bool = False) -> Design:
    given = tai_weights(weights) if isinstance(weights, str) else weights
    post = {r["indicator"]: r for r in rows(TAI / "tai_goalposts_hdr2001.csv")}
    return flat(
        [
            f"id = '{n}'\nname = '{n}'\nweight = '{given[n]}'\n"
            + (
                f"low = '{float(post[n]['min']):.15f}'\nhigh = '{float(post[n]['max']):.15f}'"
                if posts
                else ""
            )
            for n in NAMES
        ],
        declared,
    )


def published(column: str) -> dict[str, str]:
    return {r["country"]: r[column] for r in rows(TAI / "tai_published_and_computed.csv")}


def index_of(found: Scored, column: str = "value") -> dict[str, float]:
    frame = found.published if column == "rank" else found.levels
    return {s: v or math.nan for (s, n), v in cells(frame, "node", column).items() if n == "I"}


def test_tai_totals_over_goalposts() -> None:
    scale = "{method = 'goalpost', range = ['0', '1'], clip = 'upper'}"
    found = index_of(score(tai_design(last_steps(scale), posts=True), tai_data()))
    wanted = published("tai_goalpost_computed")
    assert max(abs(found[c] - float(wanted[c])) for c in wanted) < 1e-9


CLIPPED = "{method = 'goalpost', range = ['0', '1'], clip = 'upper'}"


def tai_ranks(weights: str | dict[str, str]) -> dict[str, int]:
    found = score(tai_design(last_steps(CLIPPED, more="decimals = 6\n"), weights, posts=True), tai_data())
    return {c: int(r) for c, r in index_of(found, "rank").items()}


def tai_published_ranks(weights: str) -> dict[str, int]:
    return {c: int(r) for c, r in published(f"rank_{weights}_T23").items()}


@pytest.mark.parametrize("weights", ["EW", "BAP"])
def test_tai_ranks(weights: str) -> None:
    assert tai_ranks(weights) == tai_published_ranks(weights)


@pytest.mark.parametrize(("weights", "places"), [("FA", 4), ("AHP", 3)])
def test_tai_ranks_of_weights_that_are_printed_rounded(weights: str, places: int) -> None:
    """The printed weights of factor analysis and AHP move a few places; weights that round to them give all ranks."""
    wanted, found = tai_published_ranks(weights), tai_ranks(weights)
    moved = [c for c in wanted if found[c] != wanted[c]]
    assert len(moved) == places and max(abs(found[c] - wanted[c]) for c in moved) <= 2
    scored = cells(
        score(tai_design(last_steps(CLIPPED), posts=True), tai_data()).scores, "indicator", "score"
    )
    order = sorted(wanted, key=lambda c: wanted[c])
    x = np.asarray([[scored[c, n] for n in NAMES] for c in order])
    printed = [float(tai_weights(weights)[n]) for n in NAMES]
    ahead = linprog(
        np.zeros(len(NAMES)), x[1:] - x[:-1], np.full(len(x) - 1, -1e-5),
        bounds=[(w - 0.0049, w + 0.0049) for w in printed],
    )  # fmt: skip
    assert ahead.success
    exact = {n: f"{w:.9f}" for n, w in zip(NAMES, ahead.x, strict=True)}
    assert all(round(float(exact[n]), 2) == w for n, w in zip(NAMES, printed, strict=True))
    assert tai_ranks(exact) == wanted


def test_tai_geometric_ranks_over_ratios_to_the_mean() -> None:
    scale = "{method = 'ratio', reference = 'mean', window = 'all'}"
    found = score(tai_design(last_steps(scale, "geometric", "decimals = 6\n")), tai_data())
    wanted = {c: int(r) for c, r in published("rank_GME_T38").items()}
    assert {c: int(r) for c, r in index_of(found, "rank").items()} == wanted


@pytest.mark.parametrize(
    ("column", "scale", "unit", "within"),
    [
        ("school_z_T15", "{method = 'zscore'}", 1, 0.0051),
        ("school_minmax_T15", "{method = 'minmax', range = ['0', '1']}", 1, 0.0051),
        ("school_rank_T15", "{method = 'rank'}", 1, 0),
        ("school_ratio_mean_T15", "{method = 'ratio', reference = 'mean'}", 100, 0.0051),
    ],
)
def test_tai_columns_of_one_indicator(column: str, scale: str, unit: int, within: float) -> None:
    found = cells(score(tai_design(last_steps(scale)), tai_data()).scores, "indicator", "score")
    for country, text in published(column).items():
        assert abs((found[country, "schooling"] or 0) / unit - float(text)) <= within, country


def test_tai_outranking_of_five_countries() -> None:
    found = cells(score(tai_design(last_steps("{method = 'none'}")), tai_data()).values, "indicator", "value")
    table = rows(TAI / "tai_outranking5_T36.csv")
    countries = [r[""] for r in table]
    votes = outranking(np.asarray([[found[c, n] for n in NAMES] for c in countries]), np.ones(len(NAMES)))
    wanted = np.asarray([[float(r[c]) for c in countries] for r in table])
    # The telephones of these two tie as printed, half a vote each way; the table counts them for Japan.
    one, other = countries.index("United States"), countries.index("Japan")
    assert found["United States", "telephones_log"] == found["Japan", "telephones_log"]
    wanted[one, other] += 0.5 / 8
    wanted[other, one] -= 0.5 / 8
    assert np.array_equal(votes, wanted)


def test_tai_largest_eigenvalue_of_the_judgements() -> None:
    matrix = np.asarray(
        [[float(v) for v in list(r.values())[1:]] for r in rows(TAI / "tai_ahp_matrix_T20.csv")]
    )
    weights, largest, ratio = ahp(matrix)
    assert abs(largest - 8.2111) < 5e-5
    assert ratio == pytest.approx((largest - 8) / 7 / 1.41) and ratio < 0.10
    assert weights.sum() == pytest.approx(1.0)


def china() -> dict[str, Any]:
    examples: dict[str, Any] = json.loads((Path(FOLDER) / "cn" / "worked_examples.json").read_text("utf-8"))
    return examples


def test_entropy_weights_of_a_hospital() -> None:
    example = china()["entropy_weight_hospital"]
    wards = sorted(example["X"])
    data = pl.DataFrame(
        {"who": wards, **{f"x{j}": [float(example["X"][w][j]) for w in wards] for j in range(9)}}
    )
    declared = (
        "[[steps]]\nstep = 'normalise'\nscale = {method = 'none'}\n[[steps]]\nstep = 'weigh'\nmethod = 'entropy'\n"
        "[[steps]]\nstep = 'aggregate'\n"
    )
    found = score(flat([f"id = 'x{j}'\nname = 'x{j}'" for j in range(9)], declared), data)
    weights = {n: float(w) for n, w in found.weights.select("node", "weight").iter_rows()}
    assert max(abs(weights[f"x{j}"] - w) for j, w in enumerate(example["weights"])) < 1e-11
    assert max(abs(index_of(found)[w] - v) for w, v in example["scores"].items()) < 1e-9
    raw = np.asarray([example["X"][w] for w in wards], dtype=float)
    unit = (raw - raw.min(axis=0)) / (raw.max(axis=0) - raw.min(axis=0))
    assert entropy(unit) == pytest.approx(example["entropy"], abs=1e-12)


def test_efficacy_coefficients_of_two_regions() -> None:
    example = china()["efficacy_two_regions"]
    leaves = [f"id = 'x{j}'\nname = '{r[0]}'\nhigh = '{r[1]}'\nlow = '{r[2]}'\nweight = '{r[3]}'"
              for j, r in enumerate(example["rows"])]  # fmt: skip
    data = pl.DataFrame(
        {"who": ["甲", "乙"], **{f"x{j}": [float(r[4]), float(r[5])] for j, r in enumerate(example["rows"])}}
    )
    found = score(flat(leaves, last_steps("{method = 'efficacy'}")), data)
    values = {
        s: str(v) for s, n, v in found.published.select("subject", "node", "value").iter_rows() if n == "I"
    }
    assert values == {"甲": "83.47", "乙": "76.08"}
    for who, wanted in example["computed_d"].items():
        got = [cells(found.scores, "indicator", "score")[who, f"x{j}"] for j in range(4)]
        assert got == pytest.approx(wanted, abs=1e-9)


def test_efficacy_is_not_clipped_below_its_post() -> None:
    example = china()["efficacy_single_negative_extrapolation"]
    leaf = f"id = 'x'\nname = 'x'\nlow = '{example['unacceptable']}'\nhigh = '{example['satisfactory']}'"
    found = score(
        flat([leaf], last_steps("{method = 'efficacy'}")), pl.DataFrame({"who": ["a"], "x": [example["x"]]})
    )
    assert str(found.published["value"][0]) == "58.73"


def test_improved_efficacy_with_a_geometric_mean() -> None:
    example = china()["improved_efficacy_geometric"]
    data = pl.DataFrame(
        {
            "who": list(example["X"]),
            **{f"x{j}": [float(v[j]) for v in example["X"].values()] for j in range(4)},
        }
    )
    scale = "{method = 'minmax', range = ['60', '100'], window = 'all'}"
    for weights, key in (((1, 1, 1, 1), "computed_D"), ((30, 20, 20, 30), "computed_weighted_D_30_20_20_30")):
        leaves = [f"id = 'x{j}'\nname = 'x'\nweight = '{w}'" for j, w in enumerate(weights)]
        found = score(flat(leaves, last_steps(scale, "geometric")), data)
        assert index_of(found) == pytest.approx(example[key], abs=1e-8)
        if key == "computed_D":
            assert {s: int(r) for s, r in index_of(found, "rank").items()} == example["published_rank"]


def test_ratios_to_a_standard() -> None:
    example = china()["ratio_to_standard_two_cities"]
    leaves = [f"id = 'x{j}'\nname = 'x'\nreference = '{s}'" for j, s in enumerate(example["standard"])]
    data = pl.DataFrame(
        {
            "who": ["甲", "乙"],
            **{f"x{j}": [float(example["jia"][j]), float(example["yi"][j])] for j in range(7)},
        }
    )
    found = score(flat(leaves, last_steps("{method = 'ratio'}")), data)
    for who, key in (("甲", "published_index_jia"), ("乙", "published_index_yi")):
        got = [cells(found.scores, "indicator", "score")[who, f"x{j}"] for j in range(7)]
        assert got == pytest.approx(example[key], abs=example["tolerance"])
    assert index_of(found) == pytest.approx(example["published_total"], abs=example["tolerance"])
