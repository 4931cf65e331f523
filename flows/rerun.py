"""A past release computed again from archive and journal alone, and compared with what was kept.

The decisions are the journal's: nothing is judged anew. Methods and SQL procedures are those of the release,
as this program keeps them (``flows/earlier.py``); a difference between them and the release's is a cause.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import polars as pl

from flows.earlier import Procedures, procedures_of
from flows.ledger.release import Manifest, Release, ReleaseError
from flows.ledger.store import Store
from flows.ledger.warehouse import ReadFiles, build
from flows.printing import notes_of
from flows.provenance import place_sources
from flows.publication import manifest, release_tables, view
from flows.settings import Settings
from flows.stored import KEYS, stored_results
from indices.engine import compute
from indices.method import METHODS_DIR, Method, load_methods, method_digest
from indices.procedures import SQL_DIR
from indices.tables.results import Results, read_results
from indices.tables.workbook import Audience, content_digest, write_tables
from schemas.codes import load_codes
from schemas.period import Period

# the stages in the order in which a number comes about, with the columns that belong to each
STAGES: Sequence[tuple[str, str, tuple[str, ...]]] = (
    ("事实", "included", ()),
    ("事实", "result_variable", ()),
    ("指标", "result_indicator", ("ref_period", "age", "value", "missing", "status")),
    ("得分", "result_indicator", ()),
    ("分项", "result_pillar", ()),
    ("指数", "result_index", ()),
)
_AUDIENCES: tuple[Audience, ...] = ("internal", "public")


@dataclass(frozen=True)
class Difference:
    """One value that came out differently; ``key`` names its row."""

    stage: str
    table: str
    key: str
    column: str
    kept: str
    again: str


@dataclass(frozen=True)
class Rerun:
    """What a rerun came to. ``causes`` say what it was made of differently, ``notes`` what did no harm."""

    release: str
    differences: tuple[Difference, ...]
    workbooks: tuple[str, ...]  # names of those whose content differs
    causes: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def identical(self) -> bool:
        """True if every table and every workbook has the same content."""
        return not (self.differences or self.workbooks)

    @property
    def parted_at(self) -> str:
        """The first stage at which the values part; empty where they do not."""
        if self.differences:
            return self.differences[0].stage
        return "表格" if self.workbooks else ""


def rerun(
    store: Store,
    release: Release,
    settings: Settings,
    read: ReadFiles,
    methods: Path = METHODS_DIR,
    sql: Path = SQL_DIR,
) -> Rerun:
    """Compute a release again in a database of its own and compare; ``methods`` and ``sql`` are where they lie.

    ReleaseError if chain, head or a kept table is not what the release says; WarehouseError if a
    workbook is missing, changed, or reads differently.
    """
    made = release.manifest
    problems = store.journal.verify([(made.seq, made.head)])
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
    books = _workbooks(release, settings, stored_results(release, codes), results)
    found = Rerun(release.id, differences, books, causes, _packages(made, now))
    if found.identical:
        harmless = tuple(f"{cause}，结果相同" for cause in causes)
        return replace(found, causes=(), notes=(*harmless, *found.notes))
    return found if causes else replace(found, causes=found.notes or ("原因不明：输入、方法和程序都相同",))


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
    order = {"MQ": 0, "CM": 1, "CA": 2}
    there = sorted(
        (known[id] for id in made.methods if id in known), key=lambda m: (order.get(m.index, 9), m.index)
    )
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


def compare_tables(kept: Mapping[str, str], again: Mapping[str, str]) -> tuple[Difference, ...]:
    """Every value that differs between two sets of canonical tables, in the order of the stages."""
    found: list[Difference] = []
    told: set[tuple[str, str]] = set()  # (table, column) that an earlier stage has dealt with
    later = [
        ("表格", name, ())
        for name in sorted(kept.keys() | again.keys())
        if name not in {s[1] for s in STAGES}
    ]
    for stage, table, columns in (*STAGES, *later):
        one, two = kept.get(table, ""), again.get(table, "")
        if one != two:
            differing = _rows(stage, table, one, two)
            chosen = [
                d for d in differing if (not columns or d.column in columns) and (table, d.column) not in told
            ]
            found += chosen
        told |= {(table, column) for column in columns}
    return tuple(found)


def _rows(stage: str, table: str, kept: str, again: str) -> list[Difference]:
    keys = KEYS.get(table, ("table_name", "column_index"))
    one, two = (_by_key(text, keys) for text in (kept, again))
    found = []
    for key in sorted(one.keys() | two.keys()):
        left, right = one.get(key), two.get(key)
        name = " ".join(key)
        if left is None or right is None:
            sides = ("有此行", "无此行") if right is None else ("无此行", "有此行")
            found.append(Difference(stage, table, name, "", *sides))
            continue
        found += [
            Difference(stage, table, name, column, left.get(column) or "", right.get(column) or "")
            for column in dict.fromkeys((*left, *right))
            if left.get(column) != right.get(column)
        ]
    return found


def _by_key(text: str, keys: Sequence[str]) -> dict[tuple[str, ...], dict[str, str | None]]:
    if not text:
        return {}
    rows = pl.read_csv(io.StringIO(text), infer_schema=False).iter_rows(named=True)
    return {tuple(row[k] or "" for k in keys): row for row in rows}


def _workbooks(release: Release, settings: Settings, kept: Results, again: Results) -> tuple[str, ...]:
    """Names of the workbooks whose content is not the same from the kept and from the new results."""
    notes, differing = notes_of(release, settings), []
    for audience in _AUDIENCES:
        one, two = (write_tables(results, notes, audience) for results in (kept, again))
        differing += [name for name in one if content_digest(one[name]) != content_digest(two[name])]
    return tuple(differing)


def rerun_lines(found: Rerun, shown: int = 50) -> list[str]:
    """What people read of a rerun."""
    if found.identical:
        return [f"发布 {found.release} 重算完全一致。", *(f"说明：{note}" for note in found.notes)]
    lines = [f"发布 {found.release} 重算不一致，最先分歧于：{found.parted_at}。"]
    lines += [f"原因：{cause}" for cause in found.causes]
    lines += [
        f"{d.stage}　{d.table}　{d.key}　{d.column}　发布 {d.kept or '空'}　重算 {d.again or '空'}"
        for d in found.differences[:shown]
    ]
    if len(found.differences) > shown:
        lines.append(f"另有 {len(found.differences) - shown} 处（用 --json 看全部）")
    return lines + [f"内容不同的表格：{name}" for name in found.workbooks]
