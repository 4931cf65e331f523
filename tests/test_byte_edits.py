"""No byte of what a home keeps can change unseen: some edits of each part here, 300 by ``proof_bytes.py``."""

import pytest
from byte_edits import NAMED, NO_ROW, Kept, Outcome
from conftest import Ran

EACH = 10


@pytest.fixture(scope="module")
def outcomes(month_ran: Ran, tmp_path_factory: pytest.TempPathFactory) -> list[Outcome]:
    return list(Kept(month_ran.home, tmp_path_factory.mktemp("kept")).edits("suite", EACH))


def test_every_edit_is_named_or_changes_no_row(outcomes: list[Outcome]) -> None:
    assert [o for o in outcomes if o.kind not in (NAMED, NO_ROW)] == []


def test_each_part_was_edited_and_what_cannot_be_without_effect_was_named(outcomes: list[Outcome]) -> None:
    for part in ("archive", "journal", "manifests", "tables", "methods", "warehouse"):
        own = [o for o in outcomes if o.part == part]
        named = sum(o.kind == NAMED for o in own)
        assert len(own) == EACH and named >= (EACH if part in ("archive", "journal", "manifests") else 1), (
            part
        )
