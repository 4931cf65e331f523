"""What can happen to a file between the inbox and the archive: it changes, goes away, or its reader has a bad day."""

from functools import partial
from pathlib import Path

import pytest
import readers
from conftest import MONTH, Small

from flows.batch import Month, Outcome
from flows.intake import CHANGED, Intake, archive, look, read
from flows.ledger.store import Store
from schemas.reading.pool import Limits, read_files


def one_workbook(small: Small, tmp_path: Path) -> Path:
    inbox = tmp_path / "in"
    inbox.mkdir()
    (inbox / "360602.xlsx").write_bytes((small.inbox / "2026-10" / "360602.xlsx").read_bytes())
    return inbox


@pytest.mark.parametrize("when", ["before it is read", "before it is archived"])
@pytest.mark.parametrize("how", ["changed", "gone"])
def test_a_file_that_changes_underway_is_left_to_the_next_run(
    small: Small, tmp_path: Path, when: str, how: str
) -> None:
    inbox, store = one_workbook(small, tmp_path), Store(tmp_path / "home")
    path = inbox / "360602.xlsx"
    settings, intake = small.settings(tmp_path / "home"), Intake(MONTH)

    def spoil() -> None:
        if how == "gone":
            path.unlink()
        else:
            path.write_bytes(path.read_bytes() + b"\0")

    with store.writing():
        look(store, [inbox], intake)
        if when == "before it is read":
            spoil()
        read(settings, intake)
        if when == "before it is archived":
            spoil()
        archive(store, intake)
    assert intake.deliveries == [] and list(store.archive.digests()) == []
    (finding,) = intake.findings
    assert (finding.rule, finding.file_name) == ("F01", "360602.xlsx")
    assert how == "gone" or CHANGED in finding.message


def taken(small: Small, home: Path, inbox: Path) -> Outcome:
    with Month(small.settings(home), MONTH, [inbox], None, compute=False) as month:
        for _, step in month.steps():
            step()
        return month.outcome()


def test_what_the_reader_could_not_do_once_is_tried_again(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox, home = tmp_path / "in", tmp_path / "home"
    inbox.mkdir()
    (inbox / "crash.xlsx").write_bytes((small.inbox / "2026-10" / "360602.xlsx").read_bytes())
    with monkeypatch.context() as broken:
        broken.setattr("flows.intake.read_files", partial(read_files, read=readers.by_name))
        broken.setattr("flows.intake.Limits", partial(Limits, seconds=5))
        first = taken(small, home, inbox)
        again = taken(small, home, inbox)
    assert [d.refused.rule for d in first.intake.refused if d.refused] == ["F90"]
    assert again.needs_a_person and again.intake.entries == []  # the same fault is not recorded twice
    assert [e.type for e in Store(home).journal.entries()] == ["refused"]
    healed = taken(small, home, inbox)
    assert not healed.intake.refused and healed.intake.judged
    assert taken(small, home, inbox).intake.seen == 1
