"""Everything to recompute one release elsewhere: what goes into a bundle, and a rerun from nothing but a bundle.

The file is that of ``bundle_file.py``, and its parts are held against the release (``bundle_parts.py``) when they
are packed and again when they are taken. A bundle holds the statistics store alone; GLT09 lies in another one and
is never inside.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import indices
from flows.bundle_file import LIST, BundleError, Contents, packed, unpacked
from flows.bundle_parts import (
    JOURNAL,
    MADE_OF,
    NOTE,
    TABLES,
    foreign,
    last_word,
    left_out,
    named,
    unexpected,
    workbooks,
)
from flows.earlier import procedures_of
from flows.intake import PERMU, reader
from flows.ledger.canonical import digest_folder, sha256
from flows.ledger.files import write_file
from flows.ledger.journal import Entry
from flows.ledger.release import Release, ReleaseError, read_release, unlike_event
from flows.ledger.store import Store
from flows.printing import notes_of
from flows.publication import ENGINE
from flows.publish import at_stage
from flows.rerun import Rerun, rerun
from flows.settings import Settings
from flows.stored import stored_results
from indices import tables
from indices.method import METHODS_DIR
from indices.tables.notes import AUDIENCE_ZH
from indices.tables.workbook import write_tables
from schemas.anomaly_file import FILE as ANOMALIES
from schemas.between_rule import BETWEEN_DIR
from schemas.codes import load_codes
from schemas.form import FORMS_DIR
from schemas.workdays import LIST as WORKDAYS

_PRINTING = (*Path(tables.__file__).parent.glob("*.py"), Path(__file__).with_name("printing.py"))


@dataclass(frozen=True)
class Bundled:
    """A bundle that was written: its SHA-256, and the modules of the release that the program no longer has."""

    digest: str
    left_out: tuple[str, ...]


def write_bundle(store: Store, release: Release, settings: Settings, out: Path) -> Bundled:
    """Write a release's bundle.

    The tables in it carry the stage that the release has now. BundleError if GLT09 were in it, or if a file that
    the release was made with is another by now: a bundle with others would recompute something else. Python modules
    that are others by now stay out and are named: a rerun uses those of the program that it is run with.
    """
    made = release.manifest
    if any(name.split("/")[0] in PERMU for _, names in made.inputs for name in names):
        raise BundleError(f"发布 {release.id} 含有 GLT09 数据，不得打包。")
    parts = _made_of(release, settings)
    changed = foreign(made, parts)
    if changed:
        raise BundleError(
            f"{_in_words(changed)} 与发布 {release.id} 所用的不同，不能打包；请用当时的文件和当时版本的程序。"
        )
    absent = left_out(made, parts)
    entries = store.journal.entries()
    last = last_word(release, entries)
    parts |= {
        JOURNAL: b"".join(store.journal.path.read_bytes().splitlines(keepends=True)[:last]),
        NOTE: _note(release, last, absent).encode(),
        **{name: store.archive.get(digest) for name, digest in workbooks(release, entries).items()},
        **_folder(release.folder, f"releases/{release.id}"),
    }
    now, results = at_stage(store, release), stored_results(release, load_codes(settings.codes_folder))
    for audience in AUDIENCE_ZH:
        parts |= {f"{TABLES}/{n}": d for n, d in write_tables(results, notes_of(now), audience).items()}
    data = packed(Contents(release.id, release.digest, digest_folder(_PRINTING), parts))
    write_file(out, data, 0o600)
    return Bundled(sha256(data), tuple(absent))


def rerun_bundle(path: Path, settings: Settings) -> Rerun:
    """Recompute the release of a bundle with nothing but the bundle and this program.

    BundleError if the bundle was changed or is not of one piece; what :func:`flows.rerun.rerun` raises besides.
    """
    contents = unpacked(path.read_bytes())
    with tempfile.TemporaryDirectory(prefix="zhishu-") as folder:
        root = Path(folder)
        for name, data in contents.parts.items():
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        here, store = replace(settings, home=root, codes_folder=root / "codes"), Store(root)
        try:
            release = read_release(store, contents.release)
        except ReleaseError as error:
            raise BundleError(f"重算包中的发布读不出来：{error}") from error
        _of_one_piece(contents, release, store.journal.entries())
        published = {n.partition("/")[2]: d for n, d in contents.parts.items() if n.startswith(f"{TABLES}/")}
        found = rerun(store, release, here, reader(here), root / "methods", published=published)
        if found.published and contents.printing != digest_folder(_PRINTING):
            cause = "程序：写表的模块与打包时不同，包内表格无从逐格核对，请用打包时版本的程序重算"
            found = replace(found, causes=(*found.causes, cause))
        return found


def _of_one_piece(contents: Contents, release: Release, entries: Sequence[Entry]) -> None:
    """BundleError where list, manifest, journal and files do not speak of the same release."""
    made = release.manifest
    if contents.release_digest != release.digest:
        raise BundleError(f"重算包的{LIST}所记的发布摘要与发布 {release.id} 的不符，包被改动过。")
    problem = unlike_event(release, entries)
    if problem:
        raise BundleError(f"重算包前后不一致：{problem}")
    if last_word(release, entries) != len(entries):
        raise BundleError(f"重算包的 {JOURNAL} 在关于发布 {release.id} 的最后一个事件之后还有事件。")
    wrong = [*foreign(made, contents.parts), *unexpected(release, entries, contents.parts)]
    if wrong:
        raise BundleError(
            f"重算包中的 {'、'.join(wrong)} 不是发布 {release.id} 所用的：缺失、多出或被改动过。"
        )


def _made_of(release: Release, settings: Settings) -> dict[str, bytes]:
    """The files that a release was made with, as this program holds them; those that it does not name stay out."""
    package, wanted = Path(indices.__file__).parent, {*named(release.manifest), f"codes/{WORKDAYS}"}
    listed = {
        **{f"methods/{p.name}": p for p in METHODS_DIR.glob("*.toml")},
        **{f"codes/{p.name}": p for p in settings.codes_folder.glob("*.csv")},
        **{f"forms/{p.name}": p for p in FORMS_DIR.glob("*.toml")},
        f"rules/{ANOMALIES.name}": ANOMALIES,
        **{f"procedures/{p.name}": p for p in ENGINE},
        **{f"procedures/{name}": p for name, p in procedures_of(release.manifest.procedures).files.items()},
    }
    together = {
        **{f"rules/{p.name}": p for p in BETWEEN_DIR.glob("*.toml")},
        **{f"plan/{p.name}": p for p in (package / "plan").glob("*.toml")},
    }
    paths = {**{name: path for name, path in listed.items() if name in wanted}, **together}
    parts = {name: path.read_bytes() for name, path in sorted(paths.items())}
    changed = {name for name in foreign(release.manifest, parts) if name.endswith(".py")}
    return {name: data for name, data in parts.items() if name not in changed}


def _in_words(names: Sequence[str]) -> str:
    """Parts of a bundle as a person calls them: 方法 MQ-2026.1.toml."""
    return "、".join(
        f"{MADE_OF[folder]} {name}".strip() for folder, _, name in (part.partition("/") for part in names)
    )


def _folder(folder: Path, name: str) -> Mapping[str, bytes]:
    files = (p for p in folder.rglob("*") if p.is_file())
    return {f"{name}/{p.relative_to(folder).as_posix()}": p.read_bytes() for p in files}


def _note(release: Release, last: int, absent: Sequence[str]) -> str:
    made = release.manifest
    lacking = (
        f"\n打包的程序已比发布时新：{_in_words(absent)} 与发布时不同，未收入包内。数值若有不同，请用发布时版本的程序重算。\n"
        if absent
        else ""
    )
    packages = "、".join(f"{n} {v}" for n, v in sorted(made.beside.get("packages", {}).items()))
    return f"""# 重算包（内部）

本包用于在另一台机器上重算发布 {release.id}（报告期 {made.period}）。含填报单位的原始工作簿，属内部资料，不得公开。不含 GLT09。

1. 安装 zhishu，与发布时相同的程序包版本最稳妥：{packages}。
2. 运行 `zhishu rerun --bundle 本文件.zip`。不需要台账，也不需要网络。
3. 退出码 0 且显示“重算完全一致”，即全部结果表和工作簿内容相同；退出码 1 时列出不同的数、最先分歧的环节和原因。

包内各件互相印证，但整包可以另造：请用另行留存的哈希核对。发布摘要 {release.digest}，日志位置 {made.seq}，日志末端哈希 {made.head}（见当期任一已发布表格的“说明”页）。
{lacking}
| 位置 | 内容 |
|---|---|
| archive/ | 归档工作簿，文件名即 SHA-256 |
| {JOURNAL} | 台账日志，到第 {last} 号事件止：数据所依据的事件到第 {made.seq} 号，其后到关于本次发布的最后一个事件 |
| releases/ | 发布清单和结果表 |
| methods/ procedures/ plan/ forms/ rules/ codes/ | 方法、程序、计划目标、表式、规则、代码表 |
| {TABLES}/ | 已发布表格 |
| {LIST} | 以上各件的 SHA-256 |
"""
