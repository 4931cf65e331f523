"""The engine against answers that other software computed: COINr's ASEM example, within 1e-9, ranks exact."""

from functools import cache
from pathlib import Path

import polars as pl
import pytest
from oracle_methods import (
    ASEM,
    MINMAX_1_100,
    asem_published,
    asem_scored,
    asem_weights,
    cells,
    last_steps,
    needs_oracles,
    rows,
    steps,
    worst,
)

from indices.method_file import parse_design
from indices.score import Scored, score

pytestmark = needs_oracles

SCALES = {
    "minmax_0_100": "{method = 'minmax', range = ['0', '100']}",
    "minmax_1_100": MINMAX_1_100,
    "minmax_60_100": "{method = 'minmax', range = ['60', '100']}",
    "zscore_100_10": "{method = 'zscore', range = ['100', '10']}",
    "goalposts_wide": "{method = 'goalpost'}",
    "rank": "{method = 'rank'}",
    "prank": "{method = 'percentile_rank'}",
}
MEANS = {"amean": "arithmetic", "gmean": "geometric", "hmean": "harmonic"}


def posts() -> dict[str, tuple[str, str]]:
    return {r["iCode"]: (r["lower"], r["upper"]) for r in rows(ASEM / "inputs/goalposts.csv")}


@pytest.mark.parametrize(
    ("file", "method"), [("mean", "mean"), ("median", "median"), ("mean_grp_EurAsia", "mean")]
)
def test_imputation(file: str, method: str) -> None:
    declared = f"[[steps]]\nstep = 'denominate'\n[[steps]]\nstep = 'impute'\nmethod = '{method}'\n"
    declared += "group = 'EurAsia_group'\n" if file.startswith("mean_grp") else ""
    found = asem_scored(declared + last_steps(MINMAX_1_100)).prepared
    assert worst(ASEM / f"steps/02_impute_{file}.csv", cells(found, "indicator", "value")) < 1e-9


def test_treatment_with_each_treated_cell() -> None:
    found = asem_scored(steps())
    assert worst(ASEM / "steps/04_treated_win5_logCT.csv", cells(found.prepared, "indicator", "value")) < 1e-9
    points = {
        (r["uCode"], code, {"winhi": "压低", "winlo": "抬高"}[how])
        for r in rows(ASEM / "steps/04_treated_win5_logCT_points.csv")
        for code, how in r.items()
        if code != "uCode" and how
    }
    changed = {tuple(row) for row in found.treated.select("subject", "indicator", "how").iter_rows()}
    assert changed <= points
    unchanged = {p[:2] for p in points - changed}  # the point whose value the others take is listed there too
    values = cells(found.values, "indicator", "value")
    assert all(values[p] is not None for p in unchanged)


@cache
def whole(scale: str, mean: str = "amean", weights: str = "Original") -> Scored:
    """The whole pipeline under one of the scales, means and sets of weights."""
    given = posts() if scale == "goalposts_wide" else None
    declared = steps(scale=SCALES[scale], mean=MEANS[mean], more="decimals = 9\n")
    return asem_scored(declared, weights=asem_weights(weights), posts=given)


@pytest.mark.parametrize("name", [s for s in SCALES if s != "minmax_1_100"])
def test_normalisation(name: str) -> None:
    found = whole(name)
    assert worst(ASEM / f"steps/05_normalised_{name}.csv", cells(found.scores, "indicator", "score")) < 1e-9


@pytest.mark.parametrize("path", sorted((ASEM / "agg").glob("*.csv")), ids=lambda p: p.stem)
def test_aggregation_and_ranks(path: Path) -> None:
    scale, mean, weights = path.stem.split("__")
    found = whole(scale, mean, weights)
    assert worst(path, cells(found.levels, "node", "value")) < 1e-9
    ranks = cells(found.published.filter(pl.col("node") == "Index"), "node", "rank")
    assert {r["uCode"]: int(r["Rank"]) for r in rows(path)} == {s: int(v or 0) for (s, _), v in ranks.items()}


@pytest.mark.parametrize("path", sorted((ASEM / "agg_na").glob("*.csv")), ids=lambda p: p.stem)
def test_aggregation_with_missing_values(path: Path) -> None:
    _, mean, weights, threshold = path.stem.removeprefix("raw_minmax_1_100").replace("a_", "").split("__")
    share = threshold.removeprefix("thresh_")
    more = f"at_least = '{share}'\nby = 'count'\n" if share != "none" else ""
    declared = last_steps(MINMAX_1_100, MEANS[mean], more)
    found = asem_scored(declared, weights=asem_weights(weights), denominated=False)
    raw = ASEM / "steps/05_normalised_raw_with_NA_minmax_1_100.csv"
    assert worst(raw, cells(found.scores, "indicator", "score")) < 1e-9
    assert worst(path, cells(found.levels, "node", "value")) < 1e-9


@pytest.mark.parametrize("name", ["original", "unequal"])
def test_effective_weights(name: str) -> None:
    found = asem_scored(last_steps(MINMAX_1_100), weights=asem_weights(name), denominated=False).weights
    effective = {
        n: float(v) for n, v in found.select("node", pl.col("effective").cast(pl.Float64)).iter_rows()
    }
    wanted = {r["iCode"]: float(r["EffWeight"]) for r in rows(ASEM / f"weights/effective_{name}.csv")}
    assert effective.keys() == wanted.keys()
    assert max(abs(effective[n] - wanted[n]) for n in wanted) < 1e-12


def test_every_tenth_uncertainty_replicate_by_the_exact_engine() -> None:
    drawn: dict[str, dict[str, str]] = {}
    for row in rows(ASEM / "sensitivity/noisy_weights.csv"):
        drawn.setdefault(row["weights_id"], {})[row["iCode"]] = row["Weight"]
    scores = {r["uCode"]: r for r in rows(ASEM / "sensitivity/UA_N200_scores.csv")}
    ranks = {r["uCode"]: r for r in rows(ASEM / "sensitivity/UA_N200_ranks.csv")}
    scales = {"n_minmax": MINMAX_1_100, "n_zscore": "{method = 'zscore', range = ['10', '2']}"}
    for row in rows(ASEM / "sensitivity/UA_N200_parameters.csv")[::10]:
        declared = steps(
            int(row["winmax"]), scales[row["norm"]], MEANS[row["agg"].removeprefix("a_")], "decimals = 9\n"
        )
        found = asem_published(declared, drawn[row["weights_id"]]).filter(pl.col("node") == "Index")
        index, placed = cells(found, "node", "value"), cells(found, "node", "rank")
        for (subject, node), value in index.items():
            text = scores[subject][f"r_{row['rep']}"]
            assert value is not None, (row, subject)
            assert abs(value - float(text)) < 1.5e-9, (row, subject)
            assert placed[subject, node] == int(ranks[subject][f"r_{row['rep']}"]), (row, subject)


def test_carried_values_of_a_panel_with_holes() -> None:
    indicators = ("LPI", "Flights", "Ship", "Goods", "CO2", "Tariff")
    leaves = "".join(
        f"[[indicators]]\nid = '{i}'\nname = '{i}'\nparent = 'Index'\nlow = '0'\nhigh = '1'\n"
        for i in indicators
    )
    design = parse_design(
        "format = 2\nindex = 'P'\nversion = '1'\nname = 'panel'\n[data]\nsubject = 'uCode'\nperiod = 'Time'\n"
        f"{leaves}[[groups]]\nid = 'Index'\nname = 'Index'\n"
        "[[steps]]\nstep = 'impute'\nmethod = 'carry'\nmax_age = 1\n" + last_steps("{method = 'goalpost'}"),
        "panel",
    )
    data = pl.read_csv(ASEM / "panel/iData_panel_with_holes.csv", infer_schema=False)
    found = score(design, data).prepared
    values = {
        (s, p, i): v for s, p, i, v in found.select("subject", "period", "indicator", "value").iter_rows()
    }
    source = {
        (s, p, i): v for s, p, i, v in found.select("subject", "period", "indicator", "source").iter_rows()
    }
    taken = rows(ASEM / "panel/impute_latest_max1_source_time.csv")
    for row, from_row in zip(rows(ASEM / "panel/impute_latest_max1.csv"), taken, strict=True):
        for indicator in indicators:
            key = (row["uCode"], row["Time"], indicator)
            assert (values[key] is None) == (row[indicator] == ""), key
            if row[indicator]:
                assert abs(float(values[key]) - float(row[indicator])) < 1e-9, key
                assert source[key] == from_row[indicator], key
