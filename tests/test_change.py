"""Why a published value changed: every cause worked by hand, and whatever happens the parts add up."""

import dataclasses
import io
from contextlib import closing
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import polars as pl
import pytest
from conftest import MONTH, Small
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.batch import Outcome
from flows.ledger.store import Store
from flows.ledger.warehouse import view_warehouse
from flows.publication import view
from flows.stored import stored_results, stored_table
from indices.change import CAUSES, ChangeError, Leaf, Side, split
from indices.changes import read_sides
from indices.engine import compute
from indices.method import Indicator, Method, load_methods, methods_for
from indices.rescore import rescored
from indices.shapley import mean_of

MQ = next(m for m in load_methods() if m.index == "MQ")
A, B = "MQ101", "MQ102"
ZERO, CENT = Decimal(0), Decimal("0.01")


def method(version: str = "1", **changed: dict[str, object]) -> Method:
    """MQ with posts from 0 to 100 for both indicators, and ``MQ101={...}`` changed."""

    def leaf(indicator: Indicator) -> Indicator:
        if indicator.id not in (A, B):
            return indicator
        plain = dataclasses.replace(indicator, low=ZERO, high=Decimal(100), normalisation="goalpost")
        return dataclasses.replace(plain, **changed.get(indicator.id, {}))

    return dataclasses.replace(MQ, version=version, indicators=tuple(map(leaf, MQ.indicators)))


def figure(score: str, weight: str = "1") -> Leaf:
    """A figure that is there, with the value that scores so between posts of 0 and 100."""
    points = Decimal(score)
    return Leaf(Decimal(weight), (points - 60) * 100 / 40, points, points, None)


def gap(given: str | None = None, weight: str = "1") -> Leaf:
    return Leaf(Decimal(weight), None, None, None, None if given is None else Decimal(given))


def side(a: Leaf, b: Leaf, by: Method | None = None) -> Side:
    leaves = {A: a, B: b}
    basket = {
        i: (leaf.weight, leaf.given if leaf.score is None else leaf.score)
        for i, leaf in leaves.items()
        if leaf.there
    }
    value = mean_of(basket).quantize(CENT, ROUND_HALF_EVEN)  # type: ignore[arg-type]
    return Side(leaves, value, by or method())


def parts(older: Side, newer: Side, kind: str = "cause", **more: object) -> dict[str, str]:
    return {p.item: str(p.published) for p in split(older, newer, **more).parts if p.kind == kind}  # type: ignore[arg-type]


def test_a_figure_that_falls_is_data_and_its_indicators_own() -> None:
    older, newer = side(figure("80"), figure("70")), side(figure("60"), figure("70"))
    assert parts(older, newer) == {"data": "-10.00"}
    assert parts(older, newer, "indicator") == {A: "-10.00"}


def test_a_figure_that_is_missing_is_coverage() -> None:
    """70 becomes 80: a's weight goes from 1/2 to 1, b's from 1/2 to 0; the level between is 75."""
    older, newer = side(figure("80"), figure("60")), side(figure("80"), gap())
    assert parts(older, newer) == {"coverage": "10.00"}
    assert parts(older, newer, "indicator") == {A: "2.50", B: "7.50"}
    floor = side(figure("80"), gap("40"))
    assert parts(older, floor) == {"coverage": "-10.00"}
    assert parts(older, floor, "indicator") == {B: "-10.00"}


def test_what_became_known_later_is_revision() -> None:
    older, newer = side(figure("80"), figure("60")), side(figure("90"), figure("60"))
    known = side(figure("70"), figure("60"))
    assert parts(older, newer, known=known) == {"data": "10.00", "revision": "-5.00"}
    assert parts(older, newer, same_period=True) == {"revision": "5.00"}


def test_weights_work_by_the_distance_of_the_scores() -> None:
    """60 becomes 70: a from 1/2 to 3/4 at 80, b from 1/2 to 1/4 at 40, the level between is 65."""
    older = side(figure("80"), figure("40"))
    newer = side(figure("80", "3"), figure("40"), method("2"))
    assert parts(older, newer, same_period=True) == {"weight": "10.00"}
    assert parts(older, newer, "indicator", same_period=True) == {A: "3.75", B: "6.25"}


def test_posts_are_put_under_the_old_figures() -> None:
    """A figure of 50 scores 80 between 0 and 100, and 70 between 0 and 200."""
    newer = method("2", MQ101={"high": Decimal(200)})
    leaf = Leaf(Decimal(1), Decimal(50), Decimal(70), Decimal(70), None)
    older = side(figure("80"), figure("60"))
    assert parts(older, side(leaf, figure("60"), newer), same_period=True) == {"goalpost": "-5.00"}
    # and the figure rises to 100 as well: 100 and 80 points under the posts; (10 + 5) / ... of both orders
    both = Leaf(Decimal(1), Decimal(100), Decimal(80), Decimal(80), None)
    assert parts(older, side(both, figure("60"), newer)) == {"data": "7.50", "goalpost": "-7.50"}


def test_another_definition_or_basket_is_method() -> None:
    other = method("2", MQ101={"expression": "GLT02.rev_cum"})
    older = side(figure("80"), figure("70"))
    assert parts(older, side(figure("60"), figure("70"), other), same_period=True) == {"method": "-10.00"}
    alone = Side({A: figure("80")}, Decimal("80.00"), method("2"))
    assert parts(older, alone, same_period=True) == {"method": "5.00"}
    assert parts(alone, dataclasses.replace(older, method=method("3")), same_period=True) == {
        "method": "-5.00"
    }


def test_two_causes_share_what_they_make_together() -> None:
    """45 becomes 47.5: data alone -10, after the weights -15; weight alone +17.5, after the data +12.5."""
    older = side(figure("80"), figure("10"))
    newer = side(figure("60", "3"), figure("10"), method("2"))
    assert parts(older, newer) == {"data": "-12.50", "weight": "15.00"}


def test_nothing_changed_and_a_value_that_is_not_its_figures() -> None:
    older = side(figure("80"), figure("70"))
    assert split(older, older).parts == ()
    with pytest.raises(ChangeError, match="不符"):
        split(older, dataclasses.replace(older, value=Decimal("80.00")))


LEAVES = st.one_of(
    st.builds(
        lambda s, w: figure(str(s), str(w)),
        st.decimals(40, 100, places=6),
        st.sampled_from(["1", "2.5", "7"]),
    ),
    st.sampled_from([gap(), gap("40")]),
)
FIRST = st.builds(lambda s: figure(str(s)), st.decimals(40, 100, places=6))


@settings(max_examples=60, deadline=None)
@given(FIRST, LEAVES, FIRST, LEAVES, FIRST, LEAVES)
def test_the_parts_add_up_and_no_order_is_preferred(
    a0: Leaf, b0: Leaf, a1: Leaf, b1: Leaf, a2: Leaf, b2: Leaf
) -> None:
    older, newer, known = side(a0, b0), side(a1, b1, method("2")), side(a2, b2, method("2"))
    change = newer.value - older.value
    for more in ({}, {"known": known}, {"same_period": True}):
        found = split(older, newer, **more).parts  # type: ignore[arg-type]
        for kind in ("cause", "indicator"):
            assert sum((p.published for p in found if p.kind == kind), ZERO) == (change if found else 0)
        assert [p.item for p in found if p.kind == "cause"] == [
            c for c in CAUSES if c in {p.item for p in found}
        ]
    there, back = (
        {p.item: p.points for p in split(x, y).parts if p.kind == "cause"}
        for x, y in ((older, newer), (newer, older))
    )
    assert all(abs(there.get(c, ZERO) + back.get(c, ZERO)) <= Decimal("1e-9") for c in CAUSES)


def test_scores_of_a_release_are_the_formulas_for_one_value(small_outcome: Outcome) -> None:
    assert small_outcome.release is not None
    rows = pl.read_csv(io.StringIO(small_outcome.release.table("result_indicator")), infer_schema=False)
    known = {i.id: (i, m.score) for m in load_methods() for i in m.indicators}
    kinds = set()
    for row in rows.filter(pl.col("missing").fill_null("") == "").iter_rows(named=True):
        indicator, ends = known[row["indicator"]]
        found = rescored(Decimal(row["value"]), Decimal(row["raw_score"]), indicator, ends, indicator, ends)
        assert found is not None and abs(found - Decimal(row["score"])) <= Decimal("1e-8"), row
        kinds.add(indicator.normalisation)
    assert kinds == {i.normalisation for i, _ in known.values()}


def test_a_release_tells_every_change_to_the_last_digit(small: Small, small_outcome: Outcome) -> None:
    assert small_outcome.release is not None
    kept = stored_results(small_outcome.release, small.codes)
    values = {
        (i, s, p): v
        for i, s, p, v in kept.index.filter((pl.col("product") == "monthly") & pl.col("value").is_not_null())
        .select("index_code", "subject", "period", "value")
        .iter_rows()
    }
    sums = kept.change.group_by("index_code", "subject", "period", "against", "kind").agg(
        pl.col("published").sum()
    )
    for index, subject, period, against, _, total in sums.iter_rows():
        assert total == values[index, subject, period] - values[index, subject, against]
    assert {against for _, _, _, against, *_ in sums.iter_rows()} == {"2025-10", "2026-09"}
    told = {(i, s, a) for i, s, _, a, *_ in sums.iter_rows()}
    changed = {
        (i, s, p)
        for (i, s, p), v in values.items()
        if p != "2026-10" and (i, s, "2026-10") in values and v != values[i, s, "2026-10"]
    }
    assert changed and changed <= told


def test_the_engine_under_another_version_is_explained_by_weights_and_posts(
    small: Small, small_home: Path, small_outcome: Outcome
) -> None:
    """Every third post and optimum and half of the weights change; the engine computes, and nothing else is a cause."""
    assert small_outcome.release is not None
    methods = methods_for(MONTH)
    newer = [_moved(method) for method in methods]
    store = Store(small_home)
    with closing(view_warehouse(store, 2)) as con:
        for name in ("result_index", "result_indicator"):
            stored_table(con, small_outcome.release, name)
            con.execute(f"CREATE TEMP TABLE older_{name} AS SELECT * FROM {name}")
        view(con, store, small.settings(small_home), MONTH)
        compute(con, newer, small.codes, MONTH)
        sides = [
            read_sides(con, {m.index: m for m in versions}, str(MONTH), "full", prefix)
            for versions, prefix in ((methods, "older_"), (newer, ""))
        ]
    causes = set()
    for key, older in sides[0].items():
        found = split(older, sides[1][key], same_period=True).parts
        total = sum((p.published for p in found if p.kind == "cause"), ZERO)
        assert total == sides[1][key].value - older.value
        causes |= {p.item for p in found if p.kind == "cause"}
    assert causes == {"weight", "goalpost"}


def _moved(method: Method) -> Method:
    def leaf(number: int, indicator: Indicator) -> Indicator:
        high = indicator.high + (indicator.high - indicator.low) / 10 if number % 3 == 0 else indicator.high
        best = indicator.optimum and (indicator.optimum[0], indicator.optimum[1] + Decimal("0.01"))
        weight = indicator.weight + number % 2
        return dataclasses.replace(indicator, high=high, optimum=best, weight=weight)

    leaves = tuple(leaf(n, i) for n, i in enumerate(method.indicators))
    return dataclasses.replace(method, version="2026.2", indicators=leaves)


def test_a_release_from_before_these_tables_is_read_and_has_no_rows(
    small: Small, small_outcome: Outcome
) -> None:
    assert small_outcome.release is not None
    older = {
        n: d
        for n, d in small_outcome.release.tables.items()
        if n not in ("result_change", "result_rank_interval")
    }
    kept = stored_results(dataclasses.replace(small_outcome.release, tables=older), small.codes)
    assert kept.change.height == kept.rank_interval.height == 0 < kept.index.height
