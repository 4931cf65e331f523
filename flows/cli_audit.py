"""The commands of an auditor who reads: ``trace``, ``verify``, ``diff``, ``sample-audit``. None starts Prefect."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.options import (
    AsJson,
    CodesFolder,
    Home,
    UsageError,
    app,
    existing,
    period_asked,
    print_json,
    settings_for,
    workbook_path,
)
from schemas.period import Period

if TYPE_CHECKING:
    from flows.ledger.release import Release
    from flows.ledger.store import Store


def chosen_release(store: Store, release: str | None, period: str | None) -> Release:
    """The release named, or the newest of a period (of all, where none is named)."""
    from flows.ledger.release import read_release, releases

    if release is not None:
        return read_release(store, release)
    if period is not None:
        period = str(period_asked(period))
    found = releases(store, period)
    if not found:
        raise UsageError(f"{period or '台账中'}还没有发布。")
    return found[-1]


@app.command(
    help="从公布的数追到单元格，或从单元格追到公布的数 · from a number to its cells, and back\n\n"
    "例：zhishu trace MQ 360100 2026-10 --indicator MQ102\n"
    "例：zhishu trace --cell 360102.xlsx 赣链统02表 D8"
)
def trace(
    index: Annotated[str | None, typer.Argument(metavar="INDEX", help="指数 MQ、CM、CA · index")] = None,
    subject: Annotated[str | None, typer.Argument(metavar="SUBJECT", help="对象代码 · subject")] = None,
    period: Annotated[str | None, typer.Argument(metavar="PERIOD", help="报告期 · period")] = None,
    indicator: Annotated[str | None, typer.Option("--indicator", help="只看一个指标 · one indicator")] = None,
    release: Annotated[str | None, typer.Option("--release", help="发布号，默认最新 · release")] = None,
    cell: Annotated[
        tuple[str, str, str] | None,
        typer.Option("--cell", metavar="FILE SHEET CELL", help="从单元格追起 · which numbers rest on a cell"),
    ] = None,
    xlsx: Annotated[
        Path | None, typer.Option("--xlsx", callback=workbook_path, help="写入此文件 · write a workbook")
    ] = None,
    home: Home = None,
    codes: CodesFolder = None,
    as_json: AsJson = False,
) -> int:
    """Walk from an index value to its cells, or from a cell to the values."""
    from flows.ledger.store import Store
    from flows.ledger.warehouse import view_warehouse
    from flows.trace import trace as traced_value
    from flows.trace_cell import trace_cell
    from flows.traced import Traced
    from schemas.codes import load_codes

    if cell is None and (index is None or subject is None or period is None):
        raise UsageError("请写明指数、对象和报告期，或用 --cell 写明文件、工作表和单元格。")
    wanted_period = None if period is None else str(period_asked(period))
    chosen = existing(settings_for(home, codes))
    store = Store(chosen.home)
    wanted = chosen_release(store, release, wanted_period)
    if wanted_period not in (None, wanted.manifest.period):
        raise UsageError(f"发布 {wanted.id} 不是 {period} 的发布。")
    with closing(view_warehouse(store, chosen.threads)) as con:
        traced = Traced(con, store, wanted, load_codes(chosen.codes_folder))
        if cell is not None:
            back = trace_cell(traced, *cell)
        else:
            found = traced_value(traced, index or "", subject or "", indicator)
    if cell is not None:
        _show_cell(back, as_json, xlsx, wanted)
    else:
        _show_value(found, as_json, xlsx, wanted)
    return 0


def _show_value(found: dict[str, Any], as_json: bool, xlsx: Path | None, release: Release) -> None:
    """The tree, or the same as JSON; all of its cells in a workbook where one is asked for."""
    from flows.trace_text import HEADER, trace_rows, trace_tree

    if xlsx is not None:
        from flows.pages import write_sheet

        write_sheet(xlsx.absolute(), "溯源（内部）", release.manifest.period, HEADER, trace_rows(found))
    if as_json:
        print_json(found)
        return
    tree = trace_tree(found)
    if sys.stdout.isatty():
        from flows.trace_screen import show

        show(tree)
    else:
        print("\n".join(tree.lines()))


def _show_cell(found: list[dict[str, Any]], as_json: bool, xlsx: Path | None, release: Release) -> None:
    """The values that rest on a cell, in the same three ways."""
    from flows.trace_cell import HEADER, cell_rows
    from flows.trace_text import cell_lines

    if xlsx is not None:
        from flows.pages import write_sheet

        write_sheet(xlsx.absolute(), "溯源（内部）", release.manifest.period, HEADER, cell_rows(found))
    if as_json:
        print_json(found)
    else:
        print("\n".join(cell_lines(found)) or f"发布 {release.id} 中没有依据这个单元格的数。")


@app.command(
    help="核对归档、日志、发布、方法和数据库 · check everything against its digests\n\n"
    "例：zhishu verify --anchor f5bd2edb3e75de2c8e0548df9a742ac9f973a441a17055fee2f3969a3d0e1c52"
)
def verify(
    anchor: Annotated[
        list[str] | None,
        typer.Option("--anchor", help="留存在别处的日志末端哈希，见任一旧表的说明页 · a head kept elsewhere"),
    ] = None,
    home: Home = None,
    codes: CodesFolder = None,
    as_json: AsJson = False,
) -> int:
    """Name everything in the store that is not as it was."""
    from flows.intake import reader
    from flows.ledger.store import Store
    from flows.verify import verify as problems_of

    anchors = tuple(dict.fromkeys(a.lower() for a in anchor or ()))
    bad = [a for a in anchors if len(a) != 64 or not set(a) <= set("0123456789abcdef")]
    if bad:
        raise UsageError(f"{bad[0]} 不是 64 位的 SHA-256 哈希。")
    chosen = existing(settings_for(home, codes))
    store = Store(chosen.home)
    found = problems_of(store, reader(chosen), chosen.threads, [(None, a) for a in anchors])
    events = {entry.hash: entry.seq for entry in store.journal.entries()} if anchors and not found else {}
    if as_json:
        print_json({"problems": found, "anchors": {a: events.get(a) for a in anchors}})
    elif found:
        print("\n".join(found))
    else:
        print(f"核对无误：{_verified(store)}")
        for a in anchors:
            print(f"留存的哈希 {a[:8]}… 是第 {events[a]} 号事件的：到它为止的日志与留存时相同。")
    return 1 if found else 0


def _verified(store: Store) -> str:
    from flows.ledger.release import releases

    seq, head = store.journal.head
    files = sum(1 for _ in store.archive.digests())
    return f"归档 {files} 个文件，日志 {seq} 个事件，发布 {len(releases(store))} 次；日志末端哈希 {head}"


@app.command(
    help="两次发布有何不同、为何不同 · what changed between two releases, and why\n\n例：zhishu diff 2026-09.1 2026-09.2"
)
def diff(
    older: Annotated[str, typer.Argument(metavar="RELEASE", help="较早的发布号 · the earlier")],
    newer: Annotated[str, typer.Argument(metavar="RELEASE", help="较晚的发布号 · the later")],
    xlsx: Annotated[
        Path | None,
        typer.Option("--xlsx", callback=workbook_path, help="对照写入此文件（内部） · write a workbook"),
    ] = None,
    home: Home = None,
    codes: CodesFolder = None,
    as_json: AsJson = False,
) -> int:
    """Totals, causes, indicators and cells that differ; 1 if any does."""
    from dataclasses import asdict

    from flows.diff import diff as differences
    from flows.diff_book import diff_lines, write_diff
    from flows.ledger.files import write_file
    from flows.ledger.release import read_release
    from flows.ledger.store import Store
    from flows.ledger.warehouse import view_warehouse

    chosen = existing(settings_for(home, codes))
    store = Store(chosen.home)
    before, after = read_release(store, older), read_release(store, newer)
    with closing(view_warehouse(store, chosen.threads)) as con:
        found = differences(con, store, before, after)
    if xlsx is not None:
        write_file(xlsx.absolute(), write_diff(found, Period.parse(after.manifest.period).last_day), 0o644)
    if as_json:
        print_json(asdict(found))
    else:
        print("\n".join(diff_lines(found)))
    return 0 if found.same else 1


@app.command(
    name="sample-audit",
    help="抽取单元格供对账，并列线索 · a working paper of cells to check, with clues\n\n例：zhishu sample-audit 2026-10.1 --n 50 --seed 7 --out 底稿.xlsx",
)
def sample_audit(
    release: Annotated[str, typer.Argument(metavar="RELEASE", help="发布号 · release")],
    n: Annotated[int, typer.Option("--n", help="抽几个单元格 · how many")],
    seed: Annotated[int, typer.Option("--seed", help="随机种子 · seed")],
    out: Annotated[
        Path, typer.Option("--out", callback=workbook_path, help="写入此工作簿 · the workbook to write")
    ],
    home: Home = None,
    codes: CodesFolder = None,
) -> int:
    """Draw cells with probability by contribution into a working paper."""
    from flows.audit_paper import Paper, paper_book
    from flows.clues import clues
    from flows.ledger.files import write_file
    from flows.ledger.release import read_release
    from flows.ledger.store import Store
    from flows.ledger.warehouse import view_warehouse
    from flows.sample_audit import sample
    from flows.traced import Traced
    from schemas.codes import load_codes

    chosen = existing(settings_for(home, codes))
    store = Store(chosen.home)
    wanted = read_release(store, release)
    lists = load_codes(chosen.codes_folder)
    with closing(view_warehouse(store, chosen.threads)) as con:
        drawn = sample(Traced(con, store, wanted, lists), n, seed)
        seen = clues(con, store, wanted, chosen)
    write_file(out.absolute(), paper_book(Paper(wanted, seed, drawn, seen), lists), 0o644)
    print(
        f"抽取 {len(drawn)} 个单元格（种子 {seed}），线索 {len(seen)} 条（供了解，不是审核结果），底稿 {out}"
    )
    return 0
