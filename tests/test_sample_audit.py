"""The working paper draws the same cells for the same seed, and heavy cells before light ones."""

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal

import pytest
from conftest import Small

from flows.batch import Outcome
from flows.ledger.store import Store
from flows.ledger.warehouse import view_warehouse
from flows.sample_audit import HEADER, SampleError, paper_rows, sample
from flows.traced import INDICATOR, VARIABLE, Traced


@pytest.fixture(scope="module")
def traced(small: Small, small_outcome: Outcome) -> Iterator[Traced]:
    assert small_outcome.release is not None
    store = Store(small_outcome.release.folder.parent.parent)
    with closing(view_warehouse(store)) as con:
        yield Traced(con, store, small_outcome.release, small.codes)


def test_the_draw_follows_the_seed_and_has_no_cell_twice(traced: Traced) -> None:
    first = paper_rows(sample(traced, 30, 1))
    assert first == paper_rows(sample(traced, 30, 1)) != paper_rows(sample(traced, 30, 2))
    assert first[:10] == paper_rows(sample(traced, 10, 1))
    places = [(*row[6:9], row[4]) for row in first]
    assert len(set(places)) == 30 and all(len(row) == len(HEADER) for row in first)


def test_weights_add_up_to_the_contributions_and_decide_the_draw(traced: Traced) -> None:
    everything = sample(traced, 10**6, 3)
    total = Decimal(0)
    for index in traced.methods:
        for subject in traced.subjects(index):
            variables = traced.results(VARIABLE, index, subject)
            resting = {v["indicator"] for v in variables if v["cells"] > 0}
            leaves = traced.results(INDICATOR, index, subject)
            total += sum(r["contribution_full"] or 0 for r in leaves if r["indicator"] in resting)
    assert abs(sum((c["weight"] for c in everything), Decimal(0)) - total) < Decimal("0.001")
    weights = [c["weight"] for c in everything]
    middle = len(weights) // 2
    assert sum(weights[:middle]) > 2 * sum(weights[middle:])


def test_a_sample_of_nothing_is_refused(traced: Traced) -> None:
    with pytest.raises(SampleError, match="大于 0"):
        sample(traced, 0, 1)
