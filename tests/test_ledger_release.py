"""A release is kept once, found again when nothing is new, and has one digest on every machine."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from ledger_cases import CLERK, Desk, read, sheet, workbook

from flows.ledger.canonical import (
    CanonicalError,
    canonical_csv,
    canonical_json,
    digest_files,
    digest_folder,
    sha256,
)
from flows.ledger.manifest import Manifest
from flows.ledger.relations import data_position, inputs, relations
from flows.ledger.release import ReleaseError, read_release, releases, write_release
from flows.ledger.store import Store
from flows.ledger.warehouse import canonical_digest, open_warehouse, view_warehouse

TABLES = {"result_index": "subject,value\n360000,82.00\n", "result_pillar": "subject\n"}


def manifest(**changes: Any) -> Manifest:
    base = Manifest(
        period="2026-10",
        inputs=[("b" * 64, ["GLT02/2026-10/360102/-/v1/x"]), ("a" * 64, ["z", "y"])],
        methods={"MQ-2026.1.toml": "1" * 64},
        procedures={"score.sql": "2" * 64},
        rules={"rules": "3" * 64},
        forms={"GLT02-2024.toml": "4" * 64},
        codes={"regions.csv": "5" * 64},
        settings={"admit_pending": True, "coverage": "0.70"},
        seq=12,
        head="6" * 64,
        beside={"seconds": "1.5", "packages": {"duckdb": "2.0.0"}},
    )
    return replace(base, **changes)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "home")
    with store.writing():
        yield store


def test_a_release_reads_as_it_was_written(store: Store) -> None:
    written = write_release(store, manifest(), TABLES, *CLERK, reason="首次")
    assert (written.id, written.stage, written.fresh) == ("2026-10.1", "初步", True)
    again = read_release(store, "2026-10.1")
    assert again.digest == manifest().digest
    assert again.reason == "首次"
    assert again.table("result_index") == TABLES["result_index"]
    assert again.manifest.settings == manifest().settings
    assert again.manifest.beside == manifest().beside
    modes = {stat.S_IMODE(p.stat().st_mode) for p in again.folder.rglob("*") if p.is_file()}
    assert modes == {0o444}
    event = store.journal.entries()[-1]
    assert (event.type, event.body["release"], event.body["release_digest"]) == (
        "released", "2026-10.1", manifest().digest,
    )  # fmt: skip


def test_the_same_release_twice_writes_nothing(store: Store) -> None:
    write_release(store, manifest(), TABLES, *CLERK)
    before = {p: p.stat().st_mtime_ns for p in store.home.rglob("*")}
    reordered = manifest(inputs=[("a" * 64, ["y", "z"]), manifest().inputs[0]], beside={"seconds": "9"})
    found = write_release(store, reordered, TABLES, *CLERK)
    assert (found.id, found.fresh) == ("2026-10.1", False)
    assert {p: p.stat().st_mtime_ns for p in store.home.rglob("*")} == before
    assert len(store.journal.entries()) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": [("b" * 64, ["GLT02/2026-10/360102/-/v1/x"])]},
        {"methods": {"MQ-2026.1.toml": "0" * 64}},
        {"procedures": {}},
        {"rules": {"rules": "0"}},
        {"forms": {"GLT02-2025.toml": "4" * 64}},
        {"codes": {"regions.csv": "0"}},
        {"settings": {"admit_pending": False, "coverage": "0.70"}},
        {"seq": 13},
        {"head": "7" * 64},
    ],
)
def test_whatever_decides_numbers_makes_a_revised_release(store: Store, change: dict[str, Any]) -> None:
    first = write_release(store, manifest(), TABLES, *CLERK)
    second = write_release(store, manifest(**change), TABLES, *CLERK, reason="更正")
    assert (second.id, second.stage, second.fresh) == ("2026-10.2", "修订", True)
    assert second.digest != first.digest
    assert [r.id for r in releases(store)] == ["2026-10.1", "2026-10.2"]
    assert releases(store)[0].table("result_index") == TABLES["result_index"]


def test_one_identity_with_other_numbers_is_never_passed_over(store: Store) -> None:
    write_release(store, manifest(), TABLES, *CLERK)
    with pytest.raises(ReleaseError, match="result_index"):
        write_release(store, manifest(), {**TABLES, "result_index": "subject,value\n"}, *CLERK)
    with pytest.raises(ReleaseError, match="result_pillar"):
        write_release(store, manifest(), {"result_index": TABLES["result_index"]}, *CLERK)
    assert len(releases(store)) == 1


def test_periods_are_numbered_apart_and_listed_in_order(store: Store) -> None:
    for period in ("2026-10", "2026-09", "2026", "2026-10", "2026-12"):
        count = len(releases(store, period))
        write_release(store, manifest(period=period, seq=count), TABLES, *CLERK)
    for seq in range(2, 11):
        write_release(store, manifest(seq=seq), TABLES, *CLERK)
    assert [r.id for r in releases(store)][:4] == ["2026-09.1", "2026-10.1", "2026-10.2", "2026-10.3"]
    assert [r.id for r in releases(store)][-3:] == ["2026-10.11", "2026-12.1", "2026.1"]


def test_changed_files_of_a_release_are_named(store: Store) -> None:
    release = write_release(store, manifest(), TABLES, *CLERK, reason="首次")
    table = release.folder / "tables" / "result_index.csv.gz"
    table.chmod(0o644)
    sound = table.read_bytes()
    table.write_bytes(sound[:-9] + b"x" + sound[-8:])
    with pytest.raises(ReleaseError, match="result_index"):
        release.table("result_index")
    path = release.folder / "manifest.json"
    path.chmod(0o644)
    text = path.read_text("utf-8")
    for old, new in (("0.70", "0.60"), ("首次", "再次"), ('"1.5"', '"1.4"'), ("初步", "最终")):
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")
        with pytest.raises(ReleaseError, match=r"2026-10\.1"):
            read_release(store, "2026-10.1")
    with pytest.raises(ReleaseError, match="没有发布"):
        read_release(store, "2026-10.9")
    with pytest.raises(ReleaseError, match="没有发布"):
        read_release(store, "../journal")


def test_a_manifest_of_no_period_or_in_another_folder_is_refused_in_a_sentence(store: Store) -> None:
    write_release(store, manifest(period="2026-13"), TABLES, *CLERK)
    with pytest.raises(ReleaseError, match="报告期 '2026-13' 不是"):
        read_release(store, "2026-13.1")
    release = write_release(store, manifest(), TABLES, *CLERK)
    release.folder.rename(release.folder.with_name("2026-11.1"))
    with pytest.raises(ReleaseError, match=r"2026-11\.1"):
        read_release(store, "2026-11.1")


def test_a_crash_before_the_rename_leaves_no_release(store: Store) -> None:
    half = store.releases / ".2026-10.1.building"
    half.mkdir(parents=True)
    (half / "manifest.json").write_text("{")
    assert releases(store) == []
    release = write_release(store, manifest(), TABLES, *CLERK)
    assert release.id == "2026-10.1" and not half.exists()


def test_a_crash_before_the_event_is_made_good(store: Store) -> None:
    write_release(store, manifest(), TABLES, *CLERK)
    store.journal.path.unlink()
    store.journal.head_path.unlink()
    assert store.journal.entries() == []
    write_release(store, manifest(), TABLES, *CLERK)
    assert [e.type for e in store.journal.entries()] == ["released"]


def test_manifests_anchor_the_journal(store: Store) -> None:
    con = open_warehouse(store, read)
    Desk(store, con).file(workbook(sheet([{"region_code": "360102", "rev_cum": "1"}])))
    seq, head = store.journal.head
    write_release(store, manifest(seq=seq, head=head), TABLES, *CLERK)
    con.close()
    view_warehouse(store).close()  # the release's own event is no reason to build anything
    anchors = [(release.manifest.seq, release.manifest.head) for release in releases(store)]
    assert store.journal.verify(anchors) == []
    lines = store.journal.path.read_bytes().split(b"\n")
    store.journal.path.write_bytes(lines[0] + b"\n")
    assert "被截去" in store.journal.verify(anchors)[0]


def test_canonical_csv_tells_texts_apart() -> None:
    """What would break a line is quoted; an empty text is told apart from none; the rest stands as it is."""
    con = duckdb.connect()
    con.execute("create table t (k integer, text varchar, n decimal(9,2), yes boolean)")
    texts = [None, "", "甲,乙", '称"甲"', "甲\n乙", "甲\r乙", "甲 乙;\\n", "null"]
    con.executemany("insert into t values (?, ?, -1.5, true)", list(enumerate(texts)))
    text = canonical_csv(con, "select * from t", ["k"])
    ends = ["", '""', '"甲,乙"', '"称""甲"""', '"甲\n乙"', '"甲\r乙"', "甲 乙;\\n", "null"]
    assert text == "k,text,n,yes\n" + "".join(f"{k},{end},-1.50,true\n" for k, end in enumerate(ends))
    several = canonical_csv(con, "select 1 as k, [n, 2] as n from t where k = 0", ["k"])
    assert several == 'k,n\n1,"[-1.50, 2.00]"\n'


def test_canonical_csv_has_fixed_decimals_and_a_total_order() -> None:
    con = duckdb.connect()
    con.execute("create table t(k varchar, n integer, v decimal(9,2), w varchar, b boolean)")
    con.execute(
        "insert into t values ('乙', 2, 1.5, null, true), ('甲,', 1, -0.1, '', false),"
        " ('a\"', null, 0, 'x', null)"
    )
    text = canonical_csv(con, "select * from t", ["k"])
    assert text == 'k,n,v,w,b\n"a""",,0.00,x,\n乙,2,1.50,,true\n"甲,",1,-0.10,"",false\n'
    con.execute("insert into t values ('乙', 3, 1, '', true)")
    with pytest.raises(CanonicalError, match="not total"):
        canonical_csv(con, "select * from t", ["k"])
    with pytest.raises(CanonicalError, match="v"):
        canonical_csv(con, "select k, n, v::double as v from t", ["k", "n"])


def test_canonical_json_knows_no_floats() -> None:
    assert canonical_json({"b": [1, None, True], "a": "江西"}) == '{"a":"江西","b":[1,null,true]}'
    for bad in (0.5, {"a": [0.5]}, {1: "a"}, [("a", float("nan"))]):
        with pytest.raises(CanonicalError):
            canonical_json(bad)


def test_a_folder_digest_sees_words_and_names_but_not_line_ends_or_place(tmp_path: Path) -> None:
    for name in ("here", "there", "third"):
        (tmp_path / name).mkdir()
    (tmp_path / "here" / "a.sql").write_bytes("select 1 -- 一\n".encode())
    (tmp_path / "here" / "b.sql").write_bytes(b"select 2")
    (tmp_path / "there" / "a.sql").write_bytes("\ufeffselect 1 -- 一\r\n".encode())
    (tmp_path / "there" / "b.sql").write_bytes(b"select 2\n\n")
    (tmp_path / "third" / "a.sql").write_bytes(b"select 2")
    (tmp_path / "third" / "c.sql").write_bytes("select 1 -- 一\n".encode())
    here, there, third = (sorted((tmp_path / n).iterdir()) for n in ("here", "there", "third"))
    assert digest_folder(here[::-1]) == digest_folder(there)
    assert digest_folder(here) != digest_folder(third)
    assert sorted(digest_files(here)) == ["a.sql", "b.sql"]
    with pytest.raises(CanonicalError, match=r"a\.sql"):
        digest_files([*here, *there])


def month_told(home: Path, order: int, threads: int) -> tuple[str, ...]:
    """Three deliveries filed and released: the digests of the release, its table, the warehouse and the journal."""
    regions = (("360102", "1.1"), ("360103", "2.25"), ("360104", "-0.0001"))
    files = [
        workbook(sheet([{"region_code": code, "rev_cum": value, "rev_cum_ly": "C!"}], submitter=code))
        for code, value in regions
    ]
    store = Store(home)
    with store.writing(), closing(open_warehouse(store, read, threads=threads)) as con:
        Desk(store, con).file(*files[::order], names=[f"{n}.xlsx" for n in range(3)][::order])
        relations(con, store.journal.head[0])
        table = canonical_csv(con, "select * from fact", ["form", "period", "source", "region_code", "field"])
        seq = data_position(con)
        head = store.journal.entries()[seq - 1].hash
        of_month = Manifest(
            "2026-10",
            inputs(con),
            {},
            {},
            {},
            {},
            {},
            {"admit_pending": True},
            seq,
            head,
            {"home": str(home)},
        )
        release = write_release(store, of_month, {"fact": table}, *CLERK)
        return release.digest, sha256(table), canonical_digest(con), store.journal.head[1]


def test_digests_do_not_depend_on_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Home, working folder, umask, order and threads here; hash seed, time zone and locale in another process."""
    said = set()
    before = os.umask(0)
    try:
        for mask, order, threads in ((0o022, 1, 1), (0o077, -1, 4)):
            home, cwd = tmp_path / f"家 {mask}" / "deep", tmp_path / f"cwd {mask}"
            cwd.mkdir()
            monkeypatch.chdir(cwd)
            os.umask(mask)
            said.add(" ".join(month_told(home, order, threads)))
            record = json.loads((home / "releases" / "2026-10.1" / "manifest.json").read_text("utf-8"))
            assert record["beside"] == {"home": str(home)}
    finally:
        os.umask(before)
    code = (
        "import sys, pathlib, test_ledger_release as t; print(*t.month_told(pathlib.Path(sys.argv[1]), 1, 2))"
    )
    given = {
        "TZ": "America/St_Johns",
        "PYTHONHASHSEED": "31",
        "LC_ALL": "C",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "elsewhere")],
        env={**os.environ, **given}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    said.add(done.stdout.strip())
    assert len(said) == 1
