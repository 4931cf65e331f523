"""What can happen to a file between the inbox and the archive: it changes, goes away, or its reader has a bad day."""

import zipfile
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
import readers
from conftest import MONTH, Small
from ledger_cases import CLERK, Desk
from loop import change

from flows.batch import Month, Outcome, run_batch
from flows.inbox import look, read
from flows.intake import CHANGED, Intake, archive
from flows.ledger.events import refused
from flows.ledger.store import Store
from flows.ledger.warehouse import append, view_warehouse
from flows.returning import recorded_findings
from flows.settings import Settings
from flows.standing import standing
from schemas.finding import Finding, Severity
from schemas.period import Period
from schemas.reading.pool import Limits, read_files
from schemas.reading.record import Delivery


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
    with closing(view_warehouse(Store(home))) as con:
        assert recorded_findings(con, healed.intake.digests[0]) == ()  # a copy written anew holds no F90


def test_a_file_that_is_refused_for_another_reason_is_listed_with_that(desk: Desk) -> None:
    for rule in ("F90", "F04"):
        why = Finding(rule, Severity.HARD, f"原因 {rule}。", "请重报。", digest="a" * 64, file_name="旧.xls")
        event = refused(Delivery("a" * 64, "旧.xls", 9, refused=why), *CLERK)
        append(desk.con, desk.store.journal.append([event]))
    told = recorded_findings(desk.con, "a" * 64)
    desk.con.close()
    assert [finding.rule for finding in told] == ["F04"]
    assert [row["rule"] for row in standing(Settings(home=desk.store.home), MONTH).refused] == ["F04"]


def test_copies_that_a_run_could_not_write_are_made_up_by_the_next(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox, out = tmp_path / "in", tmp_path / "out"
    good = small.inbox / "2026-10" / "360602.xlsx"
    change(good, inbox / "报表.xlsx", small.codes, "GLT02", 1, ent_loss_n=9999)
    (inbox / "旧.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    settings = small.settings(tmp_path / "home")

    def run(period: Period = MONTH) -> list[str]:
        outcome = run_batch(settings, period, [inbox], out, compute=False)
        return [str(path.relative_to(out / "2026-10" / "returns")) for path in outcome.returns]

    def full(*_: object) -> None:
        raise OSError("磁盘已满")

    with monkeypatch.context() as patched:
        patched.setattr("flows.batch.return_batch", full)
        with pytest.raises(OSError, match="磁盘已满"):
            run()
    assert not (out / "2026-10").exists()
    (copy, letter) = run()  # no new file, and all that goes back
    assert copy.startswith("360602 ") and copy.endswith("报表-审核结果.xlsx")
    assert letter == "未识别单位/旧-退件函.xlsx"
    assert run() == run(Period.parse("2026-09")) == run(Period.parse("2026-11")) == []
    spoilt = copy.replace("报表", "坏")  # a file that the disk damaged stops nothing
    with zipfile.ZipFile(out / "2026-10" / "returns" / spoilt, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/sheet1.xml", "一段文字" * 50)
    data = bytearray((out / "2026-10" / "returns" / spoilt).read_bytes())
    data[54:60] = b"\xff" * 6
    (out / "2026-10" / "returns" / spoilt).write_bytes(data)
    assert run() == []
    (out / "2026-10" / "returns" / copy).unlink()
    assert run() == [copy]
