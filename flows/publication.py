"""From what is in force to a release: compute, and keep the tables.

A release's identity is everything that decides its numbers: inputs, methods, procedures, rules, forms, code
lists, settings and the journal position. Package versions and times stand beside it.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import duckdb

import indices
from flows.approval import approvals
from flows.ledger.canonical import canonical_csv, digest_files, digest_folder, sha256
from flows.ledger.manifest import Manifest
from flows.ledger.relations import SQL as RELATIONS
from flows.ledger.relations import (
    STANDING,
    corrections,
    data_position,
    inputs,
    pending,
    relations,
    script,
    standing,
)
from flows.ledger.release import Release, releases, write_release
from flows.ledger.store import Store
from flows.mistakes import Mistake
from flows.provenance import place_sources
from flows.settings import Settings
from flows.stored import KEYS
from indices import uncertainty
from indices.engine import compute
from indices.method import method_digest, methods_for
from indices.tables.results import Results, read_results
from schemas import territory
from schemas.anomaly_file import FILE as ANOMALIES
from schemas.between_rule import BETWEEN_DIR
from schemas.codes import load_codes
from schemas.form import FORMS_DIR
from schemas.period import Period
from schemas.workdays import LIST as WORKDAYS  # says who is late, and decides no number

PACKAGES = (
    "zhishu",
    "duckdb",
    "polars",
    "pandera",
    "prefect",
    "pyarrow",
    "pydantic",
    "openpyxl",
    "XlsxWriter",
)
# the modules whose code decides numbers or who owes what; a change of them makes a revised release
_NUMBERS = (
    "change", "changes", "compile", "coverage", "engine", "expression", "gate", "method", "parameters", "reach", "rescore", "roster",
    "shapley", "targets",
)  # fmt: skip
_OWED = ("codes", "form", "lists", "period", "territory")
ENGINE = (
    *(Path(indices.__file__).with_name(f"{name}.py") for name in _NUMBERS),
    *(Path(territory.__file__).with_name(f"{name}.py") for name in _OWED),
    *(Path(uncertainty.__file__).with_name(f"{name}.py") for name in ("ranks", "released")),
    RELATIONS.with_suffix(".py"),
)


class NothingFiledError(Mistake):
    """A period without a single report; the message says so."""


def view(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    settings: Settings,
    period: Period,
    text: Callable[[str], str] = script,
) -> int:
    """Cut out what is in force for a period, by procedures ``text``; the journal position that it stands on."""
    relations(con, store.journal.head[0], period, settings.admit_pending, text)
    return data_position(con)


def manifest(
    con: duckdb.DuckDBPyConnection, store: Store, settings: Settings, period: Period, position: int
) -> Manifest:
    """What the release of a period is made of, after :func:`view` (or ``standing`` alone)."""
    methods = methods_for(period)
    package = Path(indices.__file__).parent
    form_files = sorted(FORMS_DIR.glob("*.toml"))
    head = store.journal.entries(position)[-1].hash if position else ""
    return Manifest(
        period=str(period),
        inputs=inputs(con),
        methods={m.id: method_digest(m) for m in methods},
        procedures={
            **digest_files(sorted((package / "sql").glob("*.sql"))),
            **digest_files(ENGINE),
            **digest_files([STANDING, RELATIONS]),
            "plan": digest_folder(sorted((package / "plan").glob("*.toml"))),
        },
        rules={
            "forms": digest_folder(form_files),
            "between": digest_folder(sorted(BETWEEN_DIR.glob("*.toml"))),
            **digest_files([ANOMALIES]),
        },
        forms=digest_files(form_files),
        codes=digest_files([p for p in sorted(settings.codes_folder.glob("*.csv")) if p.name != WORKDAYS]),
        settings=settings.changes_numbers,
        seq=position,
        head=head,
        pending=pending(con),
        corrections=corrections(con),
        beside={
            "packages": {name: version(name) for name in PACKAGES},
            "python": platform.python_version(),
            "findings": _finding_counts(con, period, position),
            "approvals": approvals(store.journal.entries(), methods),
        },
    )


def release_tables(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The result tables as canonical text, and beside them ``types``: the type of every column."""
    tables = {name: canonical_csv(con, f"SELECT * FROM {name}", key) for name, key in KEYS.items()}
    listed = ", ".join(f"('{name}')" for name in KEYS)
    tables["types"] = canonical_csv(
        con,
        "SELECT c.table_name, c.column_index, c.column_name, c.data_type FROM duckdb_columns() AS c"
        f" JOIN (VALUES {listed}) AS t(name) ON t.name = c.table_name",
        ("table_name", "column_index"),
    )
    return tables


def compute_release(
    con: duckdb.DuckDBPyConnection, store: Store, settings: Settings, period: Period
) -> tuple[Release, Results]:
    """Compute a period from what is in force and keep it; the newest release if nothing changed.

    NothingFiledError where no report of the period's month is in force.
    """
    codes = load_codes(settings.codes_folder)
    position = view(con, store, settings, period)
    filed = con.execute("SELECT count(*) FROM fact WHERE ref_month = ? AND NOT annual", [period.ref_month])
    if filed.fetchall() == [(0,)]:
        raise NothingFiledError(
            f"报告期 {period} 没有任何已接收的报表，不计算、不发布；请核对报告期和收件文件夹。"
        )
    made_of = manifest(con, store, settings, period, position)
    methods = methods_for(period)
    compute(con, methods, codes, period)
    place_sources(con, methods, codes, period)
    tables, results = release_tables(con), read_results(con, codes)
    newest = next(iter(releases(store, str(period))[::-1]), None)
    digests = {name: sha256(text) for name, text in tables.items()}
    if newest is not None and _same_inputs(newest, made_of) and digests == dict(newest.tables):
        return newest, results  # only what was rejected meanwhile moved the journal position
    reason = _reason(newest, made_of)
    return write_release(store, made_of, tables, settings.actor, settings.role, reason), results


def _same_inputs(release: Release, made_of: Manifest) -> bool:
    """True if two manifests differ in nothing but the journal position."""
    at_one_place = replace(made_of, seq=release.manifest.seq, head=release.manifest.head)
    return at_one_place.digest == release.digest


def stale(con: duckdb.DuckDBPyConnection, store: Store, settings: Settings) -> list[Period]:
    """Released periods whose inputs, methods or settings are no longer those of their newest release."""
    found = []
    for text in sorted({r.manifest.period for r in releases(store)}):
        period = Period.parse(text)
        standing(con, store.journal.head[0], through=period, admit_pending=settings.admit_pending)
        position = data_position(con)
        newest = releases(store, text)[-1]
        if not _same_inputs(newest, manifest(con, store, settings, period, position)):
            found.append(period)
    return found


def _reason(newest: Release | None, made_of: Manifest) -> str:
    """Why a revised release is made; empty for a first one."""
    if newest is None:
        return ""
    before = {digest for digest, _ in newest.manifest.inputs}
    changed = sum(1 for digest, _ in made_of.inputs if digest not in before)
    if changed or len(before) != len(made_of.inputs):
        return f"有 {changed} 件新的或更正的报送"
    known = {tuple(correction) for correction in newest.manifest.corrections}
    corrected = [c[0] for c in made_of.corrections if tuple(c) not in known]
    if corrected:
        return f"按修订单 {'、'.join(sorted(set(corrected)))} 更正"
    if list(newest.manifest.pending) != sorted(made_of.pending):
        return "待核的报送已有核定结果"
    return "审核状态有变" if _same_inputs(newest, made_of) else "方法、程序、表式、代码表或设置有变"


def _finding_counts(con: duckdb.DuckDBPyConnection, period: Period, position: int) -> dict[str, int]:
    """How many findings of each severity the reports of a period's month have, as of a position."""
    rows = con.execute(
        "SELECT f.severity, count(*) FROM finding AS f JOIN standing AS s ON s.id = f.submission"
        " WHERE f.seq <= ? AND s.ref_month = ? AND f.outcome = 'fail' GROUP BY ALL ORDER BY ALL",
        [position, period.ref_month],
    ).fetchall()
    return {str(severity): int(n) for severity, n in rows}
