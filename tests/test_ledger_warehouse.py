"""The warehouse follows the journal: the same content by batches, by catching up and anew."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from ledger_cases import Desk, read, read_bytes, sheet, workbook

from flows.ledger.canonical import sha256
from flows.ledger.store import Store
from flows.ledger.warehouse import (
    WarehouseBusyError,
    WarehouseError,
    append,
    build,
    canonical_digest,
    connect,
    open_warehouse,
    rebuild,
    view_warehouse,
)
from schemas.finding import Finding, Severity
from schemas.reading.record import Delivery


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


@pytest.fixture
def desk(store: Store) -> Iterator[Desk]:
    with store.writing():
        desk = Desk(store, open_warehouse(store, read))
        yield desk
        desk.con.close()


def county(value: str, **options: object) -> bytes:
    return workbook(sheet([{"region_code": "360102", "rev_cum": value}], **options))


def a_busy_month(desk: Desk) -> None:
    """Three batches with everything in them that the journal can say of data."""
    soft = Finding(
        "S110", Severity.SOFT, "增速过大。", "请核实。", level=1, period="2026-10", submitter="360103",
        form="GLT02", sheet="表0", cell="B8", field="rev_cum", value="7",
    )  # fmt: skip
    first = workbook(
        sheet([{"region_code": "360102", "rev_cum": "12.5", "rev_cum_ly": "C!"}], state="accepted"),
        sheet(
            [{"region_code": "360102", "chain_code": "EI", "subchain_code": "T", "rev_cum": "-3"}],
            form="GLT01",
            state="rejected",
        ),
    )
    pending = workbook(
        sheet([{"region_code": "360103", "rev_cum": "7"}], submitter="360103", state="pending")
    )
    desk.findings[sha256(pending)] = (soft,)
    history = workbook(
        sheet([{"region_code": "360102", "rev_cum": "1"}, {"region_code": "360103", "ent_n": "4"}],
              submitter="BUREAU", edition="history", period="2025-10")
    )  # fmt: skip
    desk.file(first, pending, b"no workbook", history)
    desk.file(county("13", version=2), workbook(sheet([{"region_code": "360103", "rev_cum": "7"}],
              submitter="360103", state="pending"), note="saved again"))  # fmt: skip
    desk.file(county("14", version=3, state="rejected"))


def test_built_anew_the_warehouse_has_the_same_content(desk: Desk, tmp_path: Path) -> None:
    a_busy_month(desk)
    kinds = [entry.type for entry in desk.store.journal.entries()]
    assert set(kinds) == {
        "received", "refused", "accepted", "pending", "rejected", "backfilled", "replaced", "unchanged",
    }  # fmt: skip
    incremental = canonical_digest(desk.con)
    again = build(tmp_path / "again.duckdb", desk.store, desk.store.journal.entries(), read)
    assert canonical_digest(again) == incremental
    assert again.execute("select count(*) from cell").fetchall() == desk.con.execute(
        "select count(*) from cell").fetchall() != [(0,)]  # fmt: skip
    again.execute("update cell set raw = raw || ' ' where address = 'B8'")
    assert canonical_digest(again) != incremental
    again.close()


def test_every_prefix_of_the_journal_builds(desk: Desk, tmp_path: Path) -> None:
    a_busy_month(desk)
    entries = desk.store.journal.entries()
    seen = set()
    for upto in range(len(entries) + 1):
        con = build(tmp_path / f"{upto}.duckdb", desk.store, entries[:upto], read)
        seen.add(canonical_digest(con))
        con.close()
    assert len(seen) == len(entries) + 1


def test_a_crash_between_journal_and_database_is_caught_up(store: Store) -> None:
    asked: list[int] = []

    def counting(paths: Sequence[Path]) -> list[Delivery]:
        asked.append(len(paths))
        return read(paths)

    with store.writing():
        con = open_warehouse(store, counting)
        a_busy_month(Desk(store, con))
        whole = canonical_digest(con)
        con.close()
        assert asked == []

        old = store.warehouse.read_bytes()
        con = open_warehouse(store, counting)
        before = len(store.journal.entries())
        Desk(store, con).file(county("15", version=4))
        ahead = canonical_digest(con)
        con.close()

        store.warehouse.write_bytes(old)  # as if the process had died before the database
        with pytest.raises(WarehouseError, match="再运行一次"):
            view_warehouse(store)
        con = open_warehouse(store, counting)
        assert canonical_digest(con) == ahead != whole
        assert asked == [1]  # only what was missing is read again
        con.close()

        lines = store.journal.path.read_bytes().split(b"\n")
        store.journal.path.write_bytes(b"\n".join(lines[:before]) + b"\n")  # the journal fell behind
        con = open_warehouse(store, counting)
        assert canonical_digest(con) == whole
        con.close()

        store.warehouse.write_bytes(b"damaged beyond reading")
        con = open_warehouse(store, counting)
        assert canonical_digest(con) == whole
        con.close()


def test_a_database_of_another_journal_is_built_anew(desk: Desk, tmp_path: Path) -> None:
    desk.file(county("1"))
    other = Store(tmp_path / "other")
    with other.writing():
        con = open_warehouse(other, read)
        Desk(other, con).file(county("2"))
        con.close()
        desk.con.close()
        other.warehouse.write_bytes(desk.store.warehouse.read_bytes())
        con = open_warehouse(other, read)
        assert con.execute("select value from cell where field = 'rev_cum'").fetchall()[0][0] == 2
        con.close()


def test_rebuilding_never_judges_and_never_guesses(desk: Desk) -> None:
    desk.file(county("1"))

    def unable(paths: Sequence[Path]) -> list[Delivery]:
        return [Delivery(path.stem, path.name, 1) for path in paths]

    def otherwise(paths: Sequence[Path]) -> list[Delivery]:
        (path,) = paths
        changed = read_bytes(path.read_bytes().replace(b'"rev_cum": "1"', b'"rev_cum": "2"'), path.name)
        submission = replace(changed.submissions[0], digest=path.stem)
        return [Delivery(path.stem, path.name, 1, (submission,))]

    desk.con.close()
    with pytest.raises(WarehouseError, match=r"360102.*读不出来"):
        rebuild(desk.store, unable)
    with pytest.raises(WarehouseError, match="与当时接收的不同"):
        rebuild(desk.store, otherwise)
    desk.con = open_warehouse(desk.store, read)  # what stood there before still stands
    assert desk.facts() == {"submission:360102": "1.0000"}


def test_amounts_are_exact_and_addresses_kept(desk: Desk) -> None:
    desk.file(county("9999999999999999.9999"), names=["南昌.xlsx"])
    row = desk.con.execute(
        "select value, typeof(value), raw, sheet, address, row_key, region_code, chain_code, text"
        " from cell where field = 'rev_cum'"
    ).fetchall()[0]
    assert str(row[0]) == "9999999999999999.9999"
    assert row[1:] == ("DECIMAL(20,4)", "9999999999999999.9999", "表0", "B8", "region_code=360102",
                       "360102", "", None)  # fmt: skip
    key = desk.con.execute("select value, text from cell where field = 'region_code'").fetchall()
    assert key == [(None, "360102")]
    assert desk.con.execute("select file_name, refused from delivery").fetchall() == [("南昌.xlsx", "")]


@pytest.mark.parametrize("value", ["10000000000000000", "1.00001", "1e400"])
def test_a_value_that_would_not_come_through_is_refused_by_name(desk: Desk, value: str) -> None:
    before = canonical_digest(desk.con)
    with pytest.raises(WarehouseError, match=f"表0 B8：数值 {value}"):
        desk.file(county(value))
    assert canonical_digest(desk.con) == before


def test_a_batch_goes_in_whole_or_not_at_all(desk: Desk) -> None:
    entries = desk.file(county("1"))
    before = canonical_digest(desk.con)
    with pytest.raises(WarehouseError, match="不接在"):
        append(desk.con, entries)
    assert canonical_digest(desk.con) == before


def test_rejected_cells_stay_out_and_findings_come_in(desk: Desk) -> None:
    data = county("1", state="rejected")
    hard = Finding(
        "H101", Severity.HARD, "不平。", "请更正。", level=1, cell="B8", field="rev_cum", value="1"
    )
    soft = Finding("S101", Severity.SOFT, "过大。", "请核实。", outcome="fail")
    desk.findings[sha256(data)] = (soft, hard)
    entries = desk.file(data)
    assert entries[1].body["counts"] == {"hard": 1, "soft": 1}
    assert desk.con.execute("select count(*) from cell").fetchall() == [(0,)]
    rows = desk.con.execute(
        "select ordinal, rule, severity, level, cell, submitter, sheet, submission from finding order by 1"
    ).fetchall()
    assert rows == [
        (0, "H101", "hard", 1, "B8", "360102", "表0", 2),
        (1, "S101", "soft", 0, "", "360102", "表0", 2),
    ]


def test_a_second_process_is_kept_from_the_file(desk: Desk, tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom flows.ledger.warehouse import *\n"
        "try:\n connect(Path(sys.argv[1]), 1)\nexcept WarehouseBusyError as e:\n print(e)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(desk.store.warehouse)], capture_output=True, text=True, check=True
    )
    assert "正由另一个进程使用" in done.stdout
    assert issubclass(WarehouseBusyError, WarehouseError)


def test_a_writer_waits_for_a_reader(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody looks at the status while the scheduled run begins."""
    program = (
        "import sys\nfrom pathlib import Path\nfrom flows.ledger.warehouse import *\n"
        "con = connect(Path(sys.argv[1]), 1, read_only=True)\nprint('open', flush=True)\n"
        "sys.stdin.readline()\ncon.close()\n"
    )
    with store.writing():
        open_warehouse(store, read).close()
        reader = subprocess.Popen(
            [sys.executable, "-c", program, str(store.warehouse)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        with reader:
            assert reader.stdin is not None and reader.stdout is not None
            assert reader.stdout.readline() == "open\n"
            monkeypatch.setattr("flows.ledger.warehouse.PATIENCE", 0.0)
            with pytest.raises(WarehouseBusyError):
                open_warehouse(store, read)
            monkeypatch.setattr("flows.ledger.warehouse.PATIENCE", 30.0)
            reader.stdin.write("\n")
            reader.stdin.flush()
            open_warehouse(store, read).close()


def test_the_connection_is_shut_to_the_outside(tmp_path: Path) -> None:
    con = connect(tmp_path / "a.duckdb", 1)
    assert con.execute("select current_setting('TimeZone')").fetchall() == [("Asia/Shanghai",)]
    with pytest.raises(duckdb.Error):
        con.execute(f"copy (select 1) to '{tmp_path}/out.csv'")
    with pytest.raises(duckdb.Error):
        con.execute("set enable_external_access = true")
    con.close()


def test_viewing_needs_a_warehouse(store: Store) -> None:
    with pytest.raises(WarehouseError, match="zhishu run"):
        view_warehouse(store)
