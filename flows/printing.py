"""The workbooks of a release: what their tables say of it, and how they are written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from flows.approval import approval_words, caveat
from flows.ledger.files import make_folder, write_file
from flows.ledger.manifest import Manifest
from flows.ledger.release import Release
from flows.stored import records
from indices.method import METHODS_DIR, Method, in_order, load_methods
from indices.tables.notes import MethodNote, ReleaseNotes, SourceLine, interval_words
from indices.tables.results import Results
from indices.tables.workbook import Audience, write_tables
from indices.targets import load_plan
from schemas.finding import SEVERITY_ZH, Severity
from schemas.period import Period

TRIAL = "本表为试算结果：“1269”行动计划未规定指数的编制方法，权重和上下限均为暂定值，不作考核依据。"
SCOPE = "除注明者外为规模以上工业口径；地区表（赣链统02表）多数指标含采矿业和电力热力燃气水生产供应业。"


def notes_of(release: Release, folder: Path = METHODS_DIR) -> ReleaseNotes:
    """What the tables say of a release, whose methods lie in ``folder``."""
    known = {m.id: m for m in load_methods(folder)}
    used = in_order(known[i] for i in release.manifest.methods)
    return ReleaseNotes(
        release_id=release.id,
        stage=release.stage,
        period=Period.parse(release.manifest.period),
        methods=tuple(_method_note(m, release.manifest) for m in used),
        plan=load_plan().plan,
        scope=SCOPE,
        trial=TRIAL,
        journal_seq=release.manifest.seq,
        journal_head=release.manifest.head,
        release_digest=release.digest,
        input_count=len(release.manifest.inputs),
        settings=_setting_lines(release.manifest),
        sources=_sources(release),
        findings=tuple(
            (SEVERITY_ZH[s], count)
            for s in Severity
            if (count := release.manifest.beside.get("findings", {}).get(str(s)))
        ),
        pending=tuple(release.manifest.pending),
    )


def _setting_lines(made_of: Manifest) -> tuple[str, ...]:
    """The settings that the release was made with, whatever those of the command that prints it."""
    return (f"待核数据{'计入' if made_of.settings['admit_pending'] else '不计入'}指数",)


def _sources(release: Release) -> tuple[SourceLine, ...]:
    """What the release keeps of the cells behind its totals."""
    if "result_source" not in release.tables:  # a release from before it was kept
        return ()
    counts = [pl.col(name).cast(pl.Int32) for name in ("number", "cells", "files")]
    frame = records(release.table("result_source")).with_columns(*counts, pl.col("raw").fill_null(""))
    return tuple(map(SourceLine._make, frame.select(SourceLine._fields).iter_rows()))


def _method_note(method: Method, made_of: Manifest) -> MethodNote:
    approval = made_of.beside.get("approvals", {}).get(method.id, {})
    return MethodNote(
        method.index, method.id, method.name, method.monthly_title, approval_words(approval, method.status),
        made_of.methods[method.id], method.clauses, interval_words(method.uncertainty), caveat(approval),
    )  # fmt: skip


def write_workbooks(
    release: Release,
    results: Results,
    out: Path,
    audiences: Sequence[Audience],
) -> tuple[Path, ...]:
    """Write the index tables of a release for these readers into a folder, each whole or not at all."""
    make_folder(out)
    notes, written = notes_of(release), []
    for audience in audiences:
        for name, data in write_tables(results, notes, audience).items():
            path = out / name
            write_file(path, data, 0o644)
            written.append(path)
    return tuple(written)
