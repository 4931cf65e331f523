"""The journal names what was done to it, and survives a crash at any byte."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.ledger.canonical import CanonicalError
from flows.ledger.events import Event, EventType
from flows.ledger.journal import GENESIS, Journal, JournalError


def event(number: int, **body: object) -> Event:
    return Event(EventType.RECEIVED, "张三", "统计员", {"digest": f"{number:064x}", **body}, f"{number}.xlsx")


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    journal = Journal(tmp_path / "journal.jsonl")
    for number in range(6):
        journal.append([event(number)])
    return journal


def lines(journal: Journal) -> list[bytes]:
    return journal.path.read_bytes().split(b"\n")[:-1]


def write(journal: Journal, kept: list[bytes]) -> list[str]:
    journal.path.write_bytes(b"".join(line + b"\n" for line in kept))
    return Journal(journal.path).verify()


def test_a_sound_journal_has_no_problem_and_reads_as_it_was_written(journal: Journal) -> None:
    assert journal.verify() == []
    assert Journal(journal.path).entries() == journal.entries()
    assert [e.seq for e in journal.entries(upto=3)] == [1, 2, 3]
    assert journal.entries()[0].prev == GENESIS
    assert journal.entries()[2].file_name == "2.xlsx"
    assert Journal(journal.path.with_name("none")).head == (0, GENESIS)


def test_the_chained_payload_holds_no_clock_host_or_file_name(tmp_path: Path) -> None:
    first, second = Journal(tmp_path / "a"), Journal(tmp_path / "b")
    first.append([event(1)])
    second.append([Event(EventType.RECEIVED, "张三", "统计员", event(1).body, "别名.xlsx")])
    assert first.head == second.head
    assert {"recorded_at", "os_user", "host", "file_name"} == set(first.entries()[0].beside)


def test_an_edited_line_is_named(journal: Journal) -> None:
    kept = lines(journal)
    kept[2] = kept[2].replace("张三".encode(), "李四".encode())
    problems = write(journal, kept)
    assert len(problems) == 1 and "第 3 行" in problems[0] and "被改动过" in problems[0]
    with pytest.raises(JournalError, match="第 3 行"):
        Journal(journal.path).entries()


def test_an_edit_with_a_new_hash_is_found_at_the_next_line(journal: Journal, tmp_path: Path) -> None:
    forged = Journal(tmp_path / "forged")
    forged.append([event(0), event(1), event(99)])
    kept = lines(journal)
    kept[2] = lines(forged)[2]
    problems = write(journal, kept)
    assert len(problems) == 1 and "第 4 行" in problems[0] and "不衔接" in problems[0]


def test_a_deleted_line_is_named(journal: Journal) -> None:
    kept = lines(journal)
    del kept[2]
    problems = write(journal, kept)
    assert "第 3 行应是事件 3，却是事件 4：有事件被删去" in problems[0]
    assert len(problems) == 1


def test_reordered_lines_are_named(journal: Journal) -> None:
    kept = lines(journal)
    kept[2], kept[3] = kept[3], kept[2]
    problems = write(journal, kept)
    assert "第 3 行" in problems[0]
    assert any("第 4 行" in p and "调换" in p for p in problems)


def test_a_line_that_is_no_json_is_named_once(journal: Journal) -> None:
    kept = lines(journal)
    kept[3] = kept[3][1:]
    problems = write(journal, kept)
    assert problems == ["台账日志 journal.jsonl 第 4 行读不出来：不是一条完整的事件记录。"]


def test_a_fact_beside_the_chain_cannot_be_edited_unseen(journal: Journal) -> None:
    kept = lines(journal)
    kept[1] = kept[1].replace(b"1.xlsx", b"7.xlsx")
    problems = write(journal, kept)
    assert len(problems) == 1 and "第 2 行" in problems[0] and "附记" in problems[0]


def test_a_cut_tail_and_a_rewritten_chain_are_found_against_an_anchor(
    journal: Journal, tmp_path: Path
) -> None:
    anchor = journal.head
    assert Journal(journal.path).verify([anchor]) == []
    kept = lines(journal)
    assert write(journal, kept[:4]) == []
    assert "缺少第 6 号事件" in Journal(journal.path).verify([anchor])[0]
    other = Journal(tmp_path / "other")
    other.append([event(n + 50) for n in range(6)])
    assert other.verify() == []
    assert "日志被重写" in other.verify([anchor])[0]


def test_the_head_beside_the_journal_shows_a_tail_cut_off_and_nothing_is_added(journal: Journal) -> None:
    assert journal.head_path.read_text() == f"6 {journal.head[1]}\n" and journal.verify_head() == []
    sound, head = lines(journal), journal.head_path.read_bytes()
    assert write(journal, sound[:4]) == []  # each line that is left is sound
    cut = Journal(journal.path)
    assert "只到第 4 号事件，短于末端记录 journal.head（第 6 号事件）" in cut.verify_head()[0]
    for act in (cut.repair, lambda: cut.append([event(7)])):
        with pytest.raises(JournalError, match="末尾被截去"):
            act()
    assert lines(journal) == sound[:4] and journal.head_path.read_bytes() == head


def test_an_event_cut_in_its_middle_is_no_torn_write(journal: Journal) -> None:
    cut = journal.path.read_bytes()[:-5]
    journal.path.write_bytes(cut)
    with pytest.raises(JournalError, match="末尾被截去"):
        Journal(journal.path).repair()
    assert journal.path.read_bytes() == cut


def test_a_head_that_is_missing_wrong_or_behind_is_told_and_only_a_missing_one_is_made_up_for(
    journal: Journal,
) -> None:
    head = journal.head_path.read_bytes()
    journal.head_path.write_text(f"6 {'0' * 64}\n")
    assert "日志被重写" in journal.verify_head()[0]
    with pytest.raises(JournalError, match="日志被重写"):
        journal.repair()
    journal.head_path.write_text(f"5 {journal.entries()[4].hash}\n")
    assert "有事件另行写入" in journal.verify_head()[0]
    for content in (b"no head", b""):
        journal.head_path.write_bytes(content)
        assert "无从知道末尾是否完整" in journal.verify_head()[0]
        with pytest.raises(JournalError, match=r"请从备份恢复 journal\.head"):
            journal.repair()
        assert journal.head_path.read_bytes() == content
    journal.head_path.unlink()
    assert "无从知道末尾是否完整" in journal.verify_head()[0]
    assert "已按现有末端（第 6 号事件）写下" in journal.repair()
    assert journal.head_path.read_bytes() == head and journal.repair() == ""
    assert Journal(journal.path.with_name("none")).verify_head() == []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10**6), change=st.integers(1, 255))
def test_no_single_byte_can_change_unseen(journal: Journal, place: int, change: int) -> None:
    sound = journal.path.read_bytes()
    copy = Journal(journal.path.with_name("copy"))
    damaged = bytearray(sound)
    damaged[place % len(sound)] ^= change
    copy.path.write_bytes(bytes(damaged))
    assert copy.verify()


def test_a_torn_last_line_is_reported_and_set_aside(journal: Journal) -> None:
    sound = journal.path.read_bytes()
    journal.path.write_bytes(sound + b'{"actor":"\xe5\xbc')
    torn = Journal(journal.path)
    assert len(torn.entries()) == 6
    assert "末行没有写完" in torn.verify()[0]
    with pytest.raises(JournalError, match="须先修复"):
        torn.append([event(7)])
    said = torn.repair()
    assert "另存为" in said
    aside = list(journal.path.parent.glob("journal.jsonl.torn-*"))
    assert [p.read_bytes() for p in aside] == [b'{"actor":"\xe5\xbc']
    assert journal.path.read_bytes() == sound
    assert torn.repair() == ""
    torn.append([event(7)])
    assert torn.verify() == []


def test_a_batch_cut_at_any_byte_is_completed(journal: Journal) -> None:
    before, head = journal.path.read_bytes(), journal.head_path.read_bytes()
    journal.append([event(7), event(8)])
    after = journal.path.read_bytes()
    batch = after[len(before) :]
    redo = journal.path.with_name("journal.jsonl.batch")
    kept = journal.head_path.read_bytes()
    for written in [*range(0, len(batch), 17), len(batch)]:
        journal.head_path.write_bytes(head)  # it is written after the batch and before the redo file goes
        journal.path.write_bytes(before + batch[:written])
        redo.write_bytes(batch)
        again = Journal(journal.path)
        assert "尚未写完" in again.verify()[-1]
        with pytest.raises(JournalError):
            again.append([event(9)])
        said = again.repair()
        assert "没有丢失" in said if written < len(batch) else said == ""
        assert journal.path.read_bytes() == after and journal.head_path.read_bytes() == kept
        assert not redo.exists()
        assert again.verify() == again.verify_head() == [] and len(again.entries()) == 8


def test_a_redo_file_that_does_not_fit_touches_nothing(journal: Journal, tmp_path: Path) -> None:
    other = Journal(tmp_path / "other")
    other.append([event(n + 50) for n in range(7)])
    redo = journal.path.with_name("journal.jsonl.batch")
    redo.write_bytes(lines(other)[6] + b"\n")
    sound = journal.path.read_bytes()
    with pytest.raises(JournalError, match="不衔接"):
        journal.repair()
    assert journal.path.read_bytes() == sound and redo.exists()


def test_a_writer_killed_at_work_leaves_a_journal_that_repairs(tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import sys
        from pathlib import Path
        from flows.ledger.events import Event, EventType
        from flows.ledger.journal import Journal
        journal = Journal(Path(sys.argv[1]))
        print("ready", flush=True)
        number = 0
        while True:
            number += 1
            journal.append([Event(EventType.RECEIVED, "a", "r", {"digest": f"{number:064x}", "part": part})
                            for part in range(3)])
            print(number, flush=True)
    """)
    path = tmp_path / "journal.jsonl"
    child = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    acknowledged = 0
    for line in child.stdout:
        if line.strip().isdigit():
            acknowledged = int(line)
        if acknowledged == 20:
            child.send_signal(signal.SIGKILL)
            break
    child.wait()
    journal = Journal(path)
    journal.repair()
    assert journal.verify() == journal.verify_head() == []
    assert len(journal.entries()) >= 60 and len(journal.entries()) % 3 == 0


def test_events_of_a_batch_stand_in_canonical_order(tmp_path: Path) -> None:
    def of(period: str, submitter: str, form: str, digest: str) -> Event:
        body = {"period": period, "submitter": submitter, "form": form, "digest": digest}
        return Event(EventType.ACCEPTED, "a", "r", body)

    batch = [
        of("2026-10", "360102", "GLT02", "b"),
        of("2026-10", "360102", "GLT02", "a"),
        of("2026-10", "360102", "GLT01", "c"),
        of("2025", "360102", "GLT02", "d"),
        of("2026Q3", "360102", "GLT04", "e"),
        of("2026-09", "360102", "GLT02", "f"),
        of("2025-12", "360102", "GLT02", "g"),
        event(5),
    ]
    one, other = Journal(tmp_path / "one"), Journal(tmp_path / "other")
    one.append(batch)
    other.append(batch[::-1])
    assert one.head == other.head
    order = [e.body.get("period") for e in one.entries()]
    assert order == [None, "2025-12", "2025", "2026-09", "2026Q3", "2026-10", "2026-10", "2026-10"]


def test_a_binary_float_never_enters_the_chain(journal: Journal) -> None:
    before = journal.path.read_bytes()
    with pytest.raises(CanonicalError, match="binary float"):
        journal.append([event(7, share=0.1)])
    with pytest.raises(CanonicalError, match="binary float"):
        journal.append([replace(event(7), manifest=cast(Any, {"share": 0.1}))])
    assert journal.path.read_bytes() == before
    assert journal.append([]) == []


@pytest.mark.parametrize("number", ["0.5", "1e3", "NaN"])
def test_a_line_with_a_binary_float_is_no_event(journal: Journal, number: str) -> None:
    kept = lines(journal)
    assert b'"seq":4' in kept[3]
    kept[3] = kept[3].replace(b'"seq":4', b'"seq":' + number.encode())
    problems = write(journal, kept)
    assert problems == ["台账日志 journal.jsonl 第 4 行读不出来：不是一条完整的事件记录。"]


def test_a_newer_format_is_refused_by_name(journal: Journal) -> None:
    kept = lines(journal)
    record = json.loads(kept[0])
    record["format_version"] = 2
    kept[0] = json.dumps(record).encode()
    assert "format_version 是 2" in write(journal, kept)[0]


def test_reading_goes_on_where_another_process_wrote(journal: Journal) -> None:
    reader = Journal(journal.path)
    assert len(reader.entries()) == 6
    journal.append([event(8)])
    assert len(reader.entries()) == 7
    os.truncate(journal.path, 0)
    assert reader.entries() == []
