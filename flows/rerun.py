"""A past release computed again from archive and journal alone, and compared with what was kept.

The decisions are the journal's: nothing is judged anew. Methods and SQL procedures are those of the release,
as this program keeps them (``flows/earlier.py``); a difference between them and the release's is a cause.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from flows.earlier import Procedures, procedures_of
from flows.ledger.manifest import Manifest
from flows.ledger.release import Release, ReleaseError, unlike_event
from flows.ledger.store import Store
from flows.ledger.warehouse import ReadFiles, build
from flows.parting import Difference, compare_tables, unlike_workbooks
from flows.printing import notes_of
from flows.provenance import place_sources
from flows.publication import manifest, release_tables, view
from flows.publish import at_stage
from flows.settings import Settings
from flows.stored import stored_results
from indices.engine import compute
from indices.method import METHODS_DIR, Method, in_order, load_methods, method_digest
from indices.procedures import SQL_DIR
from indices.tables.notes import AUDIENCE_ZH, ReleaseNotes
from indices.tables.results import Results, read_results
from indices.tables.workbook import write_tables
from schemas.codes import load_codes
from schemas.period import Period


@dataclass(frozen=True)
class Rerun:
    """What a rerun came to. ``causes`` say what it was made of differently, ``notes`` what did no harm."""

    release: str
    differences: tuple[Difference, ...]
    workbooks: tuple[str, ...]  # names of those whose content differs
    causes: tuple[str, ...]
    notes: tuple[str, ...]
    digest: str = (
        ""  # of the release, with position and head of the journal: to hold against a published workbook
    )
    seq: int = 0
    head: str = ""
    published: tuple[str, ...] = ()  # names of the published workbooks in hand whose content differs

    @property
    def identical(self) -> bool:
        """True if every table and every workbook has the same content."""
        return not (self.differences or self.workbooks or self.published)

    @property
    def parted_at(self) -> str:
        """The first stage at which the values part; empty where they do not."""
        if self.differences:
            return self.differences[0].stage
        return "表格" if self.workbooks or self.published else ""


def rerun(
    store: Store,
    release: Release,
    settings: Settings,
    read: ReadFiles,
    methods: Path = METHODS_DIR,
    sql: Path = SQL_DIR,
    published: Mapping[str, bytes] | None = None,
) -> Rerun:
    """Compute a release again in a database of its own and compare; ``methods`` and ``sql`` are where they lie.

    ``published`` are all its workbooks as they were given out, by file name: they are compared, too. ReleaseError if
    chain, head, event or a kept table is not what the release says; WarehouseError or ArchiveError if a workbook is
    missing, changed, or reads differently.
    """
    made = release.manifest
    problems = store.journal.verify([(made.seq, made.head)])
    problems = problems or list(filter(None, [unlike_event(release, store.journal.entries())]))
    if problems:
        raise ReleaseError(f"发布 {release.id} 不能重算：{problems[0]}")
    kept = {name: release.table(name) for name in release.tables}
    period = Period.parse(made.period)
    settings = replace(settings, admit_pending=bool(made.settings["admit_pending"]))
    codes = load_codes(settings.codes_folder)
    used, absent = _methods(made, methods)
    procedures = procedures_of(made.procedures, sql)
    if absent:
        raise ReleaseError(f"发布 {release.id} 所用的方法 {'、'.join(absent)} 不在本程序中，不能重算。")
    with tempfile.TemporaryDirectory(prefix="zhishu-") as folder:
        at = Path(folder) / "rerun.duckdb"
        with closing(build(at, store, store.journal.entries(made.seq), read, settings.threads)) as con:
            again, results, now = _compute(con, store, settings, period, used, procedures)
    now = replace(
        now,
        methods={m.id: method_digest(m, methods) for m in used},
        procedures={**now.procedures, **procedures.digests},
    )
    causes = _causes(made, now)
    differences = compare_tables(kept, again)
    notes = notes_of(at_stage(store, release, methods), methods)
    tables = _tables(results, notes)
    found = Rerun(
        release.id, differences, unlike_workbooks(_tables(stored_results(release, codes), notes), tables), causes,
        _packages(made, now), release.digest, made.seq, made.head,
        () if published is None else unlike_workbooks(published, tables),
    )  # fmt: skip
    if found.identical:
        harmless = tuple(f"{cause}，结果相同" for cause in causes)
        return replace(found, causes=(), notes=(*harmless, *found.notes))
    return replace(found, causes=causes or _without_cause(found))


def _without_cause(found: Rerun) -> tuple[str, ...]:
    """What to say where inputs, methods and programs are the same and something differs all the same."""
    if not (found.differences or found.workbooks):
        return ("表格：结果相同，已发布表格却与由此写出的不同：表格被改动过，或写表的程序不同",)
    return found.notes or ("原因不明：输入、方法和程序都相同",)


def _compute(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    settings: Settings,
    period: Period,
    used: Sequence[Method],
    procedures: Procedures,
) -> tuple[dict[str, str], Results, Manifest]:
    codes = load_codes(settings.codes_folder)
    position = view(con, store, settings, period, procedures.text)
    made = manifest(con, store, settings, period, position)
    compute(con, used, codes, period, procedures.text)
    place_sources(con, used, codes, period)
    return release_tables(con), read_results(con, codes), made


def _methods(made: Manifest, folder: Path) -> tuple[list[Method], list[str]]:
    """The methods of a release in its order, and the ids that are not in the folder."""
    known = {m.id: m for m in load_methods(folder)}
    there = in_order(known[id] for id in made.methods if id in known)
    return there, sorted(made.methods.keys() - known.keys())


def _causes(kept: Manifest, now: Manifest) -> tuple[str, ...]:
    """In what the two were made differently, the nearest to the cells first."""
    causes = []
    if sorted(kept.identity["inputs"]) != sorted(now.identity["inputs"]):
        causes.append("输入：计入的报送不同")
    if sorted(map(list, kept.corrections)) != sorted(map(list, now.corrections)):
        causes.append("更正：起作用的修订单不同")
    parts: Sequence[tuple[str, Mapping[str, object], Mapping[str, object]]] = (
        ("方法", kept.methods, now.methods),
        ("代码表", kept.codes, now.codes),
        ("表式", kept.forms, now.forms),
        ("规则", kept.rules, now.rules),
        ("程序", kept.procedures, now.procedures),
        ("设置", kept.settings, now.settings),
    )
    for name, before, after in parts:
        changed = sorted(k for k in before.keys() | after.keys() if before.get(k) != after.get(k))
        if changed:
            causes.append(f"{name}：{'、'.join(changed)} 与发布时不同")
    return tuple(causes)


def _packages(kept: Manifest, now: Manifest) -> tuple[str, ...]:
    before, after = kept.beside.get("packages", {}), now.beside.get("packages", {})
    return tuple(
        f"程序包 {name}：发布时 {before[name]}，现为 {after.get(name, '没有')}"
        for name in sorted(before)
        if before[name] != after.get(name)
    )


def _tables(results: Results, notes: ReleaseNotes) -> dict[str, bytes]:
    """All workbooks of a release by file name."""
    return {n: data for audience in AUDIENCE_ZH for n, data in write_tables(results, notes, audience).items()}


def rerun_lines(found: Rerun, shown: int = 50) -> list[str]:
    """What people read of a rerun."""
    if found.identical:
        return [
            f"发布 {found.release} 重算完全一致。",
            f"发布摘要 {found.digest}，日志位置 {found.seq}，日志末端哈希 {found.head}：请与已发布表格“说明”页所印的核对。",
            *(f"说明：{note}" for note in found.notes),
        ]
    lines = [f"发布 {found.release} 重算不一致，最先分歧于：{found.parted_at}。"]
    lines += [f"原因：{cause}" for cause in found.causes]
    lines += [
        f"{d.stage}　{d.table}　{d.key}　{d.column}　发布 {d.kept or '空'}　重算 {d.again or '空'}"
        for d in found.differences[:shown]
    ]
    if len(found.differences) > shown:
        lines.append(f"另有 {len(found.differences) - shown} 处（用 --json 看全部）")
    lines += [f"内容不同的表格：{name}" for name in found.workbooks]
    return [*lines, *(f"与重算所得不同的已发布表格：{name}" for name in found.published)]
