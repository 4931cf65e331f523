"""Nobody changes the past unseen: edits of the store are found and named."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from byte_edits import rewritten
from conftest import Ran, Small
from test_cli import zhishu

from flows.intake import reader
from flows.ledger.canonical import canonical_json, sha256
from flows.ledger.events import Event, EventType
from flows.ledger.store import Store
from flows.ledger.warehouse import TABLES, ReadFiles
from flows.verify import verify, verify_record
from flows.verify_warehouse import KEYS, compared
from indices.method import METHODS_DIR
from schemas.reading.record import Delivery


@pytest.fixture
def store(month_home: Path) -> Store:
    return Store(month_home)


@pytest.fixture
def read(small: Small, store: Store) -> ReadFiles:
    return reader(small.settings(store.home))


def unread(_paths: Sequence[Path]) -> list[Delivery]:
    raise AssertionError("a store that cannot be rebuilt is not read again")


def overwrite(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


def test_a_sound_store_has_no_problem_and_says_which_event_an_anchor_is(
    small: Small, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    first, head = store.journal.entries()[2].hash, store.journal.head
    home = ("--home", store.home, "--codes", small.codes.folder)
    code, told, err = zhishu(capsys, "verify", "--anchor", first, "--anchor", head[1].upper(), *home)
    assert (code, err) == (0, "")
    good, *anchors = told.splitlines()
    assert good.startswith("核对无误：") and good.endswith(head[1])
    assert [line.split("：")[0] for line in anchors] == [
        f"留存的哈希 {first[:8]}… 是第 3 号事件的", f"留存的哈希 {head[1][:8]}… 是第 {head[0]} 号事件的",
    ]  # fmt: skip


def test_every_table_of_the_warehouse_is_compared() -> None:
    assert set(KEYS) | {"projection"} == set(TABLES)


def journal_lines(store: Store) -> list[bytes]:
    return store.journal.path.read_bytes().splitlines(keepends=True)


@pytest.mark.parametrize("kind", ["delete", "swap", "cut"])
def test_missing_and_moved_lines_of_the_journal_are_found(store: Store, kind: str) -> None:
    lines = journal_lines(store)
    middle = len(lines) // 2
    changed = {
        "delete": [*lines[:middle], *lines[middle + 1 :]],
        "swap": [*lines[:middle], lines[middle + 1], lines[middle], *lines[middle + 2 :]],
        "cut": lines[:middle],
    }[kind]
    overwrite(store.journal.path, b"".join(changed))
    found = "\n".join(verify_record(Store(store.home)))
    assert {"delete": f"第 {middle + 1} 行", "swap": f"第 {middle + 1} 行", "cut": "末尾被截去"}[
        kind
    ] in found


def test_events_after_the_last_release_cannot_be_cut_off_unseen(store: Store) -> None:
    assert verify_record(store) == []
    lines, release = journal_lines(store), next(store.releases.iterdir()).name
    last = json.loads(lines[-1])
    assert last["type"] == "released" and last["body"]["release"] == release
    store.journal.append([Event(EventType.COMPARED, "zhishu", "批处理", {"period": "2026-10"})])
    overwrite(store.journal.path, b"".join(lines))  # no manifest knows of the event that is gone
    assert "末尾被截去" in "".join(verify_record(Store(store.home)))


def test_a_chain_rewritten_whole_is_found_against_the_anchor_alone(store: Store, read: ReadFiles) -> None:
    head = store.journal.head[1]
    releases = store.releases
    overwrite(store.journal.path, rewritten(journal_lines(store), "另一人"))
    assert any("与留存的哈希不符" in p for p in verify(Store(store.home), read))  # the manifest keeps one
    shutil.rmtree(releases)
    lines = [line for line in journal_lines(store) if b'"type":"released"' not in line]
    overwrite(store.journal.path, rewritten(lines, "另一人"))
    store.warehouse.unlink()
    assert "journal.head" in verify(Store(store.home), read)[0]
    last = json.loads(journal_lines(store)[-1])
    store.journal.head_path.write_text(
        f"{last['seq']} {last['hash']}\n"
    )  # who writes the one can write the other
    assert verify(Store(store.home), read) == []
    assert "整体重写" in verify(Store(store.home), read, anchors=[(None, head)])[0]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            "update cell set value = value + 1 where rowid = (select min(rowid) from cell where value > 0)",
            "表 cell",
        ),
        ("delete from decision where seq = (select max(seq) from decision)", "表 decision"),
        (
            "update submission set office = '别处' where id = (select min(id) from submission)",
            "表 submission",
        ),
        ("update projection set seq = seq - 1", "表 projection"),
    ],
)
def test_a_changed_row_of_the_warehouse_is_named(
    store: Store, month_ran: Ran, change: str, named: str
) -> None:
    with duckdb.connect(str(store.warehouse)) as con:
        con.execute(change)
    again = Store(month_ran.home).warehouse  # as a rebuild would have it: see the first test
    found = compared(store.warehouse, again, store.journal.entries(), threads=2)
    assert found and all(named in problem for problem in found) and "=" in found[0]


def test_a_removed_release_and_a_missing_workbook_are_named_and_the_database_is_not_passed_over(
    store: Store,
) -> None:
    release = next(store.releases.iterdir())
    shutil.move(release, store.home / "elsewhere")
    digest = next(store.archive.digests())
    store.archive.path(digest).unlink()
    found = verify(store, unread)
    assert any(f"公布了发布 {release.name}" in p for p in found)
    assert any(f"归档缺少文件 {digest}" in p for p in found)
    assert any("warehouse.duckdb 没有核对" in p and digest in p for p in found)


def test_a_bad_line_of_the_journal_leaves_nothing_unsaid(store: Store) -> None:
    lines = journal_lines(store)
    overwrite(store.journal.path, b"".join([*lines[:3], b"{}\n", *lines[4:]]))
    found = verify(Store(store.home), unread)
    assert "第 4 行" in found[0]
    assert any("没有与它核对" in p for p in found) and any("warehouse.duckdb 没有核对" in p for p in found)


def test_a_changed_release_does_not_hide_a_changed_row(store: Store, read: ReadFiles) -> None:
    table = next((next(store.releases.iterdir()) / "tables").iterdir())
    overwrite(table, b"no table")
    with duckdb.connect(str(store.warehouse)) as con:
        con.execute("update delivery set size = size + 1 where seq = (select min(seq) from delivery)")
        con.execute("create table more (n integer)")
    found = verify(store, read)
    name = table.name.partition(".")[0]
    assert any(f"的表 {name} 读不出来" in p for p in found)
    assert any("表 delivery的行（digest=" in p for p in found) and any("表 more" in p for p in found)


def sealed(store: Store, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the manifest of the only release as somebody would who writes its seal anew."""
    path = next(store.releases.iterdir()) / "manifest.json"
    record = json.loads(path.read_bytes())
    del record["seal"]
    change(record)
    record["seal"] = sha256(canonical_json(record))
    text = json.dumps(record, ensure_ascii=False, sort_keys=True, indent=1) + "\n"
    overwrite(path, text.encode())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda r: r.update(stage="最终"), "所记的阶段、清单的封记不符"),
        (lambda r: r.update(reason="另有原因"), "所记的理由、清单的封记不符"),
        (lambda r: r["beside"]["packages"].update(duckdb="1.0.0"), "所记的清单的封记不符"),
        (
            lambda r: r["beside"]["approvals"]["MQ-2026.1"].update(approver="某人"),
            "方法批准情况与台账日志不符",
        ),
    ],
)
def test_what_stands_beside_a_release_is_held_against_the_journal(
    store: Store, change: Callable[[dict[str, Any]], object], told: str
) -> None:
    assert verify_record(store) == []
    sealed(store, change)
    assert any(told in problem for problem in verify_record(store))


def test_files_that_no_event_names_are_orphans(store: Store) -> None:
    digest = store.archive.put(b"never received")
    evidence = store.evidence.put(b"never asked for")
    (store.archive.root / "more.txt").write_bytes(b"x")
    (store.releases / "2026-10.1" / "more.txt").write_bytes(b"x")
    shutil.copytree(store.releases / "2026-10.1", store.releases / "2026-10.2")
    found = verify_record(store)
    for told in (
        f"归档文件 {digest}.xlsx 没有任何台账事件提到",
        f"归档文件 {evidence} 没有任何台账事件提到",
        "不属于它的文件 more.txt",
        "发布 2026-10.1 中有不属于它的文件 more.txt",
        "发布文件夹 2026-10.2：",
    ):
        assert any(told in problem for problem in found), told
    assert len(found) == 5


def test_glt09_without_its_journal_is_not_passed_over(store: Store) -> None:
    assert store.permu.journal.path.exists() == any(store.permu.archive.digests())
    digest = store.permu.archive.put(b"a workbook of GLT09")
    store.permu.journal.path.unlink(missing_ok=True)
    found = verify(store, lambda paths: [])
    assert any(p.startswith("GLT09 台账：") and digest in p for p in found)


def test_a_method_file_that_cannot_be_read_is_named_as_changed(store: Store, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(METHODS_DIR, tmp_path / "methods"))
    (folder / "MQ-2026.1.toml").write_bytes(b"\xff no TOML")
    found = verify_record(store, methods=folder)
    assert any("方法文件 MQ-2026.1.toml 与发布 2026-10.1 所用的不同" in p for p in found)
    assert any("批准情况没有核对" in p for p in found)
