"""Releases: one period's results with the manifest that says what they were made of (``manifest.py``).

A release folder is written once and never changed.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.ledger.canonical import canonical_json, sha256
from flows.ledger.events import Event, EventType
from flows.ledger.files import READ_ONLY, make_folder, sync_folder, write_file
from flows.ledger.journal import Entry
from flows.ledger.manifest import Manifest
from flows.ledger.store import Store
from schemas.period import Period

MANIFEST = "manifest.json"  # in the folder of a release, beside its tables
FIRST_STAGE, REVISED_STAGE = "初步", "修订"
_LEVEL = 6  # of compression: a third of the time of 9, for 4 % more bytes
_NUMBERED = re.compile(r"(.+)\.([1-9]\d*)")
_TABLE_NAME = re.compile(r"[a-z][a-z0-9_]*")


class ReleaseError(RuntimeError):
    """A release that is missing, damaged, or not reproduced; the message names it."""


@dataclass(frozen=True)
class Release:
    """One release as it stands in its folder. ``tables`` maps names to digests of their texts."""

    id: str
    stage: str
    reason: str
    digest: str
    manifest: Manifest
    tables: Mapping[str, str]
    folder: Path
    fresh: bool = False  # True where this call wrote it

    @property
    def number(self) -> int:
        """1 for the first release of the period."""
        return int(self.id.rpartition(".")[2])

    @property
    def record(self) -> dict[str, Any]:
        """All that the manifest file says, but for its seal."""
        return {
            "format_version": self.manifest.format_version,
            "release": self.id,
            "stage": self.stage,
            "reason": self.reason,
            "digest": self.digest,
            "identity": self.manifest.identity,
            "tables": dict(self.tables),
            "beside": dict(self.manifest.beside),
        }

    @property
    def seal(self) -> str:
        """SHA-256 over the whole manifest file: over what stands beside the identity, too."""
        return sha256(canonical_json(self.record))

    @property
    def manifest_text(self) -> str:
        """The text of the manifest file."""
        record = {**self.record, "seal": self.seal}
        return json.dumps(record, ensure_ascii=False, sort_keys=True, indent=1) + "\n"

    @property
    def tables_digest(self) -> str:
        """One digest of all tables."""
        return sha256(canonical_json(dict(self.tables)))

    def table(self, name: str) -> str:
        """The canonical text of a table, checked; ReleaseError if it is missing or changed."""
        try:
            text = gzip.decompress((self.folder / "tables" / f"{name}.csv.gz").read_bytes()).decode()
        except (OSError, EOFError, ValueError, zlib.error) as error:
            raise ReleaseError(f"发布 {self.id} 的表 {name} 读不出来：{error}") from error
        if sha256(text) != self.tables.get(name):
            raise ReleaseError(f"发布 {self.id} 的表 {name} 与清单中的摘要不符，文件被改动过。")
        return text


def write_release(
    store: Store,
    manifest: Manifest,
    tables: Mapping[str, str],
    actor: str,
    role: str,
    reason: str = "",
) -> Release:
    """Keep a release and say so in the journal, or give the newest one if it is the same.

    For the holder of the writer's lock. The stage is 初步 for a period's first release, 修订 after.
    ReleaseError if the same identity has given other tables before: that is never passed over.
    """
    bad = sorted(name for name in tables if not _TABLE_NAME.fullmatch(name))
    if bad:
        raise ValueError(f"table names must be plain: {bad}")
    digests = {name: sha256(text) for name, text in sorted(tables.items())}
    earlier = releases(store, manifest.period)
    for release in earlier:  # a crash may have come between a folder and its event
        _announce(store, release, actor, role)
    if earlier and earlier[-1].digest == manifest.digest:
        newest = earlier[-1]
        differing = sorted(
            n for n in digests.keys() | newest.tables.keys() if digests.get(n) != newest.tables.get(n)
        )
        if differing:
            raise ReleaseError(
                f"发布 {newest.id} 的输入与方法没有变，重算结果却不同：{'、'.join(differing)}。"
                "原发布未动；请核对程序版本。"
            )
        return newest
    number = earlier[-1].number + 1 if earlier else 1
    release = Release(
        f"{manifest.period}.{number}",
        REVISED_STAGE if earlier else FIRST_STAGE,
        reason,
        manifest.digest,
        manifest,
        digests,
        store.releases / f"{manifest.period}.{number}",
        True,
    )
    _write_folder(release, tables)
    _announce(store, release, actor, role)
    return release


def releases(store: Store, period: str | None = None) -> list[Release]:
    """All releases, or those of one period, in order of period and number."""
    if not store.releases.is_dir():
        return []
    found = []
    for folder in store.releases.iterdir():
        match = _NUMBERED.fullmatch(folder.name)
        if match and _is_period(match[1]) and (period is None or match[1] == period):
            found.append((Period.parse(match[1]), int(match[2]), folder.name))
    return [read_release(store, name) for _, _, name in sorted(found)]


def _is_period(text: str) -> bool:
    try:
        Period.parse(text)
    except ValueError:
        return False
    return True


def read_release(store: Store, release_id: str) -> Release:
    """A release by its id; ReleaseError if there is none or its manifest was changed."""
    folder = store.releases / release_id
    path = folder / MANIFEST
    if not _NUMBERED.fullmatch(release_id) or not path.is_file():
        raise ReleaseError(f"没有发布 {release_id}。")
    try:
        record = json.loads(path.read_text("utf-8"))
        seal = record.pop("seal")
        identity = record["identity"]
        manifest = Manifest(
            identity["period"],
            tuple((digest, tuple(names)) for digest, names in identity["inputs"]),
            methods=identity["methods"],
            procedures=identity["procedures"],
            rules=identity["rules"],
            forms=identity["forms"],
            codes=identity["codes"],
            settings=identity["settings"],
            seq=identity["seq"],
            head=identity["head"],
            pending=identity.get("pending", ()),
            corrections=identity.get("corrections", ()),
            beside=record["beside"],
            format_version=identity["format_version"],
        )
        release = Release(
            record["release"], record["stage"], record["reason"], record["digest"], manifest,
            record["tables"], folder,
        )  # fmt: skip
        sound = seal == sha256(canonical_json(record)) and release.id == release_id
        sound = sound and release.digest == manifest.digest == sha256(canonical_json(identity))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ReleaseError(f"发布 {release_id} 的清单读不出来：{error}") from error
    if not sound:
        raise ReleaseError(f"发布 {release_id} 的清单与其摘要不符，文件被改动过。")
    if not _is_period(manifest.period) or not release_id.startswith(f"{manifest.period}."):
        raise ReleaseError(f"发布 {release_id} 的清单所记的报告期 {manifest.period!r} 不是它的报告期。")
    return release


def _write_folder(release: Release, tables: Mapping[str, str]) -> None:
    """All files under a temporary name, then one rename: a release is there whole or not at all."""
    make_folder(release.folder.parent)
    building = release.folder.with_name(f".{release.id}.building")
    if building.exists():  # left by a crash
        shutil.rmtree(building)
    (building / "tables").mkdir(parents=True)
    for name, text in sorted(tables.items()):
        data = gzip.compress(text.encode(), _LEVEL, mtime=0)
        write_file(building / "tables" / f"{name}.csv.gz", data, READ_ONLY)
    write_file(building / MANIFEST, release.manifest_text.encode(), READ_ONLY)
    building.rename(release.folder)
    sync_folder(release.folder.parent)


def _announce(store: Store, release: Release, actor: str, role: str) -> None:
    """The event of a release, once: a crash may have come between folder and journal."""
    for entry in store.journal.entries():
        if entry.type == EventType.RELEASED and entry.body["release"] == release.id:
            return
    body = {
        "release": release.id,
        "period": release.manifest.period,
        "stage": release.stage,
        "reason": release.reason,
        "release_digest": release.digest,
        "tables_digest": release.tables_digest,
        "seq": release.manifest.seq,
    }
    store.journal.append([Event(EventType.RELEASED, actor, role, body, manifest=release.seal)])


def unlike_event(release: Release, entries: Sequence[Entry]) -> str:
    """In what a release and its event in the journal disagree, as a sentence; empty where they agree.

    Events written before the manifest's seal stood beside them leave packages and counts of findings unjudged.
    """
    entry = next(
        (e for e in entries if e.type == EventType.RELEASED and e.body["release"] == release.id), None
    )
    if entry is None:
        return f"发布 {release.id} 不在台账日志中。"
    body = entry.body
    pairs = {
        "发布摘要": (body["release_digest"], release.digest),
        "结果表摘要": (body["tables_digest"], release.tables_digest),
        "报告期": (body["period"], release.manifest.period),
        "日志位置": (body["seq"], release.manifest.seq),
        "阶段": (body["stage"], release.stage),
        "理由": (body["reason"], release.reason),
        "清单的封记": (entry.beside.get("manifest", release.seal), release.seal),
    }
    differing = "、".join(what for what, (told, kept) in pairs.items() if told != kept)
    return f"发布 {release.id} 的清单与台账日志第 {entry.seq} 行所记的{differing}不符。" if differing else ""
