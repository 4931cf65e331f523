"""Stages of releases: set by named, different people, in the journal, and never in the tables."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from conftest import MONTH, Small

from flows.batch import run_batch
from flows.intake import reader
from flows.ledger.events import EventType
from flows.ledger.release import ReleaseError, read_release
from flows.ledger.store import Store
from flows.ledger.warehouse import open_warehouse
from flows.printing import notes_of
from flows.publish import (
    PublishError,
    Word,
    _judge,
    at_stage,
    publish,
    release_lines,
    staged,
    staged_releases,
)
from flows.report import summary_lines
from flows.standing import standing
from flows.verify import verify

WORD = Word("最终", "年报定案", "王五", "发布岗", "赵六")


@pytest.fixture
def home(month_home: Path) -> Path:
    return month_home


@pytest.fixture
def store(home: Path) -> Store:
    return Store(home)


@pytest.fixture
def con(small: Small, store: Store) -> Iterator[duckdb.DuckDBPyConnection]:
    with store.writing(), closing(open_warehouse(store, reader(small.settings(store.home)))) as con:
        yield con


def test_a_stage_is_a_word_in_the_journal_and_the_release_folder_stays(
    small: Small, store: Store, con: duckdb.DuckDBPyConnection
) -> None:
    folder = store.releases / "2026-10.1"
    before = {p.name: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    (entry,) = publish(con, store, "2026-10.1", replace(WORD, signature=b"signed"))
    assert (entry.actor, entry.role, entry.body["approved_by"]) == ("王五", "发布岗", "赵六")
    assert {"os_user", "host"} <= entry.beside.keys()
    assert {p.name: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    assert at_stage(store, read_release(store, "2026-10.1")).stage == "最终"
    assert "（发布 王五，批准 赵六）" in release_lines(staged_releases(store))[0]
    assert store.evidence.get(entry.body["signature"]) == b"signed"
    con.close()
    read = reader(small.settings(store.home))
    # the database is at the journal's head, and the status names the newest stage
    assert [r["stage"] for r in standing(small.settings(store.home), MONTH).releases] == ["最终"]
    assert verify(store, read) == []
    store.evidence.path(entry.body["signature"]).unlink()
    assert any(entry.body["signature"] in problem for problem in verify(store, read))


def test_a_month_that_is_run_again_names_the_stage_of_now(small: Small, store: Store) -> None:
    settings = small.settings(store.home)
    with store.writing(), closing(open_warehouse(store, reader(settings))) as con:
        publish(con, store, "2026-10.1", WORD)
    again = run_batch(settings, MONTH, [small.month], None)
    assert again.release is not None and not again.release.fresh
    assert (again.release.id, again.release.stage) == ("2026-10.1", "最终")
    assert "2026-10.1（最终" in "\n".join(summary_lines(again))


@pytest.mark.parametrize(
    ("word", "told"),
    [
        (replace(WORD, stage="定稿"), "没有阶段"),
        (replace(WORD, approver=" "), "批准人"),
        (replace(WORD, reason=""), "理由"),
        (replace(WORD, approver="王 五"), "不能同为"),
        (replace(WORD, signature=b""), "签名文件是空的"),
    ],
)
def test_what_is_missing_or_one_person_is_refused(
    store: Store, con: duckdb.DuckDBPyConnection, word: Word, told: str
) -> None:
    head = store.journal.head
    with pytest.raises(PublishError, match=told):
        publish(con, store, "2026-10.1", word)
    with pytest.raises(ReleaseError, match="没有发布"):
        publish(con, store, "2026-10.9", WORD)
    assert store.journal.head == head


def test_a_final_release_stays_final(store: Store, con: duckdb.DuckDBPyConnection) -> None:
    publish(con, store, "2026-10.1", replace(WORD, stage="修订"))
    with pytest.raises(PublishError, match="不能退回初步"):
        publish(con, store, "2026-10.1", replace(WORD, stage="初步"))
    publish(con, store, "2026-10.1", WORD)
    with pytest.raises(PublishError, match="已是最终"):
        publish(con, store, "2026-10.1", replace(WORD, stage="修订"))


def test_who_signed_a_report_of_the_bureau_cannot_publish_it(store: Store) -> None:
    entries = store.journal.entries()
    now = staged(read_release(store, "2026-10.1"), entries)
    own = next(
        e for e in entries if e.type == EventType.ACCEPTED and e.body["submitter"] == "360000"
        and e.body["period"] == "2026-10"
    )  # fmt: skip
    signer = own.body["signed"][-1]
    for word in (replace(WORD, publisher=signer), replace(WORD, approver=f"{signer[0]} {signer[1:]}")):
        with pytest.raises(PublishError, match="在省级报表上署过名"):
            _judge(word, now, entries)
    county = next(e for e in entries if e.type == EventType.ACCEPTED and e.body["submitter"] != "360000")
    if county.body["signed"][-1] != signer:
        _judge(replace(WORD, publisher=county.body["signed"][-1]), now, entries)


def test_who_reviewed_the_data_cannot_publish_them(store: Store, con: duckdb.DuckDBPyConnection) -> None:
    release = read_release(store, "2026-10.1")
    review = replace(store.journal.entries()[0], type=EventType.REVIEWED, actor="赵六")
    journal = [review, *store.journal.entries()[1:]]
    with pytest.raises(PublishError, match="核定过"):
        _judge(WORD, staged(release, journal), journal)
    _judge(WORD, staged(release, store.journal.entries()), store.journal.entries())


def test_the_tables_name_the_settings_of_the_release_and_not_of_who_prints(store: Store) -> None:
    release = read_release(store, "2026-10.1")
    assert notes_of(release).settings == ("待核数据计入指数",)
    without = replace(release.manifest, settings={"admit_pending": False})
    assert notes_of(replace(release, manifest=without)).settings == ("待核数据不计入指数",)
