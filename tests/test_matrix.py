"""One digest whatever the machine is set to: a covering set of the extremes; all combinations in ``proof_matrix.py``."""

from __future__ import annotations

from pathlib import Path

from conftest import Small
from matrix import ENDS, FACTORS, covering_set, deliveries, digests_under, everything, pairs


def test_a_covering_set_holds_every_pair_of_levels() -> None:
    for factors, most in ((FACTORS, 12), (ENDS, 8)):
        chosen = covering_set(factors)
        met = set().union(*map(pairs, chosen))
        assert met == set().union(*map(pairs, everything(factors))) and len(chosen) <= most


def test_no_combination_moves_the_digest(small: Small, tmp_path: Path) -> None:
    deliveries(small.inbox, tmp_path / "inbox")
    rows = covering_set(ENDS)
    found = digests_under(rows, tmp_path / "inbox", small.codes.folder, tmp_path / "runs")
    assert len(found) == len(rows) and len(set(found)) == 1
