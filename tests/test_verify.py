"""Nobody changes the past unseen: edits of the store are found and named."""

import json
import random
import shutil
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pytest
from conftest import Small

from flows.batch import Outcome
from flows.intake import reader
from flows.ledger.canonical import canonical_json, sha256
from flows.ledger.journal import GENESIS
from flows.ledger.release import read_release
from flows.ledger.store import Store
from flows.ledger.warehouse import TABLES, ReadFiles
from flows.verify import KEYS, verify
from schemas.reading.record import Delivery


@pytest.fixture
def store(small_outcome: Outcome, tmp_path: Path) -> Store:
    assert small_outcome.release is not None
    shutil.copytree(small_outcome.release.folder.parent.parent, tmp_path / "home")
    return Store(tmp_path / "home")


@pytest.fixture
def read(small: Small, store: Store) -> ReadFiles:
    return reader(small.settings(store.home))


def nothing(_paths: Sequence[Path]) -> list[Delivery]:
    """A reader that reads nothing: what is wrong is found before the workbooks are read."""
    return []


def unread(_paths: Sequence[Path]) -> list[Delivery]:
    raise AssertionError("the archive is not read again once something else is wrong")


def overwrite(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


def test_a_sound_store_has_no_problem_and_its_head_is_an_anchor(store: Store, read: ReadFiles) -> None:
    assert verify(store, read, anchors=[(None, store.journal.head[1])]) == []


def test_every_table_of_the_warehouse_is_compared() -> None:
    assert set(KEYS) | {"projection"} == set(TABLES)


@pytest.mark.parametrize("part", ["archive", "journal.jsonl", "releases"])
def test_one_changed_byte_is_found_or_changes_nothing(store: Store, part: str) -> None:
    chance = random.Random(part)
    whole = store.home / part
    files = [whole] if whole.is_file() else sorted(p for p in whole.rglob("*") if p.is_file())
    release = next((store.releases).iterdir()).name
    tables = {name: read_release(store, release).table(name) for name in read_release(store, release).tables}
    for _ in range(40):
        path = chance.choice(files)
        data = path.read_bytes()
        at = chance.randrange(len(data))
        overwrite(path, data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :])
        found = verify(Store(store.home), nothing)
        if not found:  # the gzip header holds bytes that say nothing
            assert path.suffix == ".gz"
            assert {name: read_release(store, release).table(name) for name in tables} == tables
        elif part == "archive":
            assert path.name in found[0]
        overwrite(path, data)


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
    found = "\n".join(verify(Store(store.home), unread))
    assert {"delete": f"第 {middle + 1} 行", "swap": f"第 {middle + 1} 行", "cut": "末尾被截去"}[
        kind
    ] in found


def rewritten(lines: list[bytes], actor: str) -> bytes:
    """The whole journal chained anew with another actor: every line is sound in itself."""
    previous, out = GENESIS, []
    for line in lines:
        record = json.loads(line)
        record["actor"], record["prev"] = actor, previous
        names = ("format_version", "seq", "type", "actor", "role", "body")
        record["hash"] = sha256(previous + canonical_json({name: record[name] for name in names}))
        record["seal"] = sha256(record["hash"] + canonical_json(record["beside"]))
        previous = record["hash"]
        out.append(canonical_json(record).encode() + b"\n")
    return b"".join(out)


def test_a_chain_rewritten_whole_is_found_against_the_anchor_alone(store: Store, read: ReadFiles) -> None:
    head = store.journal.head[1]
    releases = store.releases
    overwrite(store.journal.path, rewritten(journal_lines(store), "另一人"))
    assert any("与留存的哈希不符" in p for p in verify(Store(store.home), read))  # the manifest keeps one
    shutil.rmtree(releases)
    lines = [line for line in journal_lines(store) if b'"type":"released"' not in line]
    overwrite(store.journal.path, rewritten(lines, "另一人"))
    store.warehouse.unlink()
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
    store: Store, read: ReadFiles, change: str, named: str
) -> None:
    with duckdb.connect(str(store.warehouse)) as con:
        con.execute(change)
    found = verify(store, read)
    assert found and all(named in problem for problem in found) and "=" in found[0]


def test_a_removed_release_and_a_missing_workbook_are_named(store: Store) -> None:
    release = next(store.releases.iterdir())
    shutil.move(release, store.home / "elsewhere")
    digest = next(store.archive.digests())
    store.archive.path(digest).unlink()
    found = "\n".join(verify(store, unread))
    assert f"公布了发布 {release.name}" in found and f"归档缺少文件 {digest}" in found
