"""Everything to recompute one release elsewhere, as a zip file whose bytes follow from the release.

Parts are stored, not deflated (workbooks and tables are compressed already), so the bytes depend on no
zlib. A bundle is taken only if packing its parts again gives the very same bytes and each part has the
digest of the list in it: a changed byte anywhere is refused. It holds the statistics store alone; GLT09
lies in another one and is never inside.
"""

from __future__ import annotations

import io
import json
import re
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import indices
from flows.earlier import procedures_of
from flows.intake import PERMU, reader
from flows.ledger.canonical import digest_files, sha256
from flows.ledger.events import DECISIONS
from flows.ledger.files import write_file
from flows.ledger.release import Release, ReleaseError, read_release
from flows.ledger.store import Store
from flows.mistakes import Mistake
from flows.printing import notes_of
from flows.publication import ENGINE
from flows.rerun import Rerun, rerun
from flows.settings import Settings
from flows.stored import stored_results
from indices.method import METHODS_DIR, load_methods, method_digest
from indices.tables.workbook import Audience, write_tables
from schemas.between_rule import BETWEEN_DIR
from schemas.codes import load_codes
from schemas.form import FORMS_DIR
from schemas.packing import NO_TIME

FORMAT_VERSION = 1
LIST, NOTE = "清单.json", "说明.md"
MOST_PARTS, LARGEST_PART, LARGEST = 20_000, 200 * 2**20, 2 * 2**30  # what is unpacked at most
_NAME = re.compile(r"[\w（）.\- ]+(/[\w（）.\- ]+)*")
_AUDIENCES: tuple[Audience, ...] = ("internal", "public")


class BundleError(Mistake):
    """A bundle that must not be made or taken; the message says why."""


def write_bundle(store: Store, release: Release, settings: Settings, out: Path) -> str:
    """Write a release's bundle and give its SHA-256; BundleError if GLT09 were in it."""
    parts = _parts(store, release, settings)
    listed = {
        "format_version": FORMAT_VERSION,
        "release": release.id,
        "release_digest": release.digest,
        "parts": {name: sha256(data) for name, data in sorted(parts.items())},
    }
    parts[LIST] = (json.dumps(listed, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()
    data = _packed(parts)
    write_file(out, data, 0o600)
    return sha256(data)


def read_bundle(data: bytes) -> dict[str, bytes]:
    """The parts of a bundle by name, checked; BundleError says what is wrong."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            infos = package.infolist()
            if len(infos) > MOST_PARTS or sum(i.file_size for i in infos) > LARGEST:
                raise BundleError("重算包过大，不予展开。")
            for info in infos:
                _check(info)
            parts = {info.filename: package.read(info) for info in infos}
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise BundleError(f"重算包读不出来或被改动过：{error}") from error
    try:
        listed = json.loads(parts[LIST])
        expected, version = dict(listed["parts"]), listed["format_version"]
    except (KeyError, ValueError, TypeError) as error:
        raise BundleError(f"重算包中没有可读的{LIST}。") from error
    if version != FORMAT_VERSION:
        raise BundleError(f"重算包的 format_version 是 {version!r}，本程序只认 {FORMAT_VERSION}。")
    found = {name: sha256(part) for name, part in parts.items() if name != LIST}
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise BundleError(f"重算包中的 {name} 与清单不符：缺失、多出或被改动过。")
    if _packed(parts) != data:
        raise BundleError("重算包的打包字节被改动过，内容以外的部分与原包不同。")
    return parts


def rerun_bundle(path: Path, settings: Settings) -> Rerun:
    """Recompute the release of a bundle with nothing but the bundle and this program.

    BundleError if the bundle was changed; what :func:`flows.rerun.rerun` raises besides.
    """
    parts = read_bundle(path.read_bytes())
    with tempfile.TemporaryDirectory(prefix="zhishu-") as folder:
        root = Path(folder)
        for name, data in parts.items():
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        here = replace(settings, home=root, codes_folder=root / "codes")
        store = Store(root)
        try:
            release = read_release(store, json.loads(parts[LIST])["release"])
        except (ReleaseError, TypeError, KeyError) as error:
            raise BundleError(f"重算包中的发布读不出来：{error}") from error
        return rerun(store, release, here, reader(here), root / "methods")


def _parts(store: Store, release: Release, settings: Settings) -> dict[str, bytes]:
    made = release.manifest
    if any(name.split("/")[0] in PERMU for _, names in made.inputs for name in names):
        raise BundleError(f"发布 {release.id} 含有 GLT09 数据，不得打包。")
    _same_as_released(release, settings)
    entries = store.journal.entries(made.seq)
    taken = {e.body["digest"] for e in entries if DECISIONS.get(e.type, "rejected") != "rejected"}
    lines = store.journal.path.read_bytes().splitlines(keepends=True)[: made.seq]
    parts = {
        "journal.jsonl": b"".join(lines),
        **{f"archive/{d[:2]}/{d}.xlsx": store.archive.get(d) for d in sorted(taken)},
        **_folder(release.folder, f"releases/{release.id}"),
        **{f"methods/{id}.toml": (METHODS_DIR / f"{id}.toml").read_bytes() for id in made.methods},
        **{f"codes/{p.name}": p.read_bytes() for p in settings.codes_folder.glob("*.csv")},
        **{f"forms/{p.name}": p.read_bytes() for p in FORMS_DIR.glob("*.toml")},
        **{f"rules/{p.name}": p.read_bytes() for p in BETWEEN_DIR.glob("*.toml")},
    }
    package = Path(indices.__file__).parent
    parts |= {f"procedures/{p.name}": p.read_bytes() for p in (*(package / "plan").glob("*.toml"), *ENGINE)}
    sql = procedures_of(release.manifest.procedures).files
    parts |= {f"procedures/{name}": path.read_bytes() for name, path in sql.items()}
    results, notes = stored_results(release, load_codes(settings.codes_folder)), notes_of(release, settings)
    for audience in _AUDIENCES:
        parts |= {f"tables/{n}": d for n, d in write_tables(results, notes, audience).items()}
    parts[NOTE] = _note(release).encode()
    return parts


def _same_as_released(release: Release, settings: Settings) -> None:
    """Methods and code lists must be those of the release: a bundle with others would recompute something else."""
    made = release.manifest
    methods = {m.id: method_digest(m) for m in load_methods()}
    codes = digest_files(settings.codes_folder.glob("*.csv"))
    for what, kept, here in (("方法", made.methods, methods), ("代码表", made.codes, codes)):
        changed = sorted(name for name in kept if kept[name] != here.get(name))
        if changed:
            raise BundleError(
                f"{what} {'、'.join(changed)} 与发布 {release.id} 所用的不同，不能打包；请用当时的文件。"
            )


def _folder(folder: Path, name: str) -> Mapping[str, bytes]:
    files = (p for p in folder.rglob("*") if p.is_file())
    return {f"{name}/{p.relative_to(folder).as_posix()}": p.read_bytes() for p in files}


def _packed(parts: Mapping[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_STORED) as package:
        for name in sorted(parts):
            info = zipfile.ZipInfo(name, NO_TIME.timetuple()[:6])
            info.create_system, info.external_attr = 3, 0o600 << 16
            package.writestr(info, parts[name])
    return data.getvalue()


def _check(info: zipfile.ZipInfo) -> None:
    """A part may lie nowhere but below the folder, be a plain file, and no larger than it says."""
    steps = info.filename.split("/")
    if not _NAME.fullmatch(info.filename) or any(step.strip(". ") == "" for step in steps):
        raise BundleError(f"重算包中的名称 {info.filename!r} 不合规，不予展开。")
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
        raise BundleError(f"重算包中的 {info.filename} 不是按原样存放的，不予展开。")
    if info.file_size > LARGEST_PART:
        raise BundleError(f"重算包中的 {info.filename} 过大，不予展开。")


def _note(release: Release) -> str:
    made = release.manifest
    packages = "、".join(f"{n} {v}" for n, v in sorted(made.beside.get("packages", {}).items()))
    return f"""# 重算包（内部）

本包用于在另一台机器上重算发布 {release.id}（报告期 {made.period}）。含填报单位的原始工作簿，属内部资料，不得公开。不含 GLT09。

1. 安装 zhishu，与发布时相同的程序包版本最稳妥：{packages}。
2. 运行 `zhishu rerun --bundle 本文件.zip`。不需要台账，也不需要网络。
3. 退出码 0 且显示“重算完全一致”，即全部结果表和工作簿内容相同；退出码 1 时列出不同的数、最先分歧的环节和原因。

请用另行留存的哈希核对：发布摘要 {release.digest}，台账位置 {made.seq}，台账哈希 {made.head}（见当期任一已发布表格的“说明”页）。

| 位置 | 内容 |
|---|---|
| archive/ | 归档工作簿，文件名即 SHA-256 |
| journal.jsonl | 台账日志，到第 {made.seq} 号事件止 |
| releases/ | 发布清单和结果表 |
| methods/ procedures/ forms/ rules/ codes/ | 方法、程序、表式、规则、代码表 |
| tables/ | 已发布表格 |
| {LIST} | 以上各件的 SHA-256 |
"""
