"""The folders of releases against themselves, the journal and the method files: who changed what is named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from flows.approval import approvals, changed_locks
from flows.ledger.events import EventType
from flows.ledger.journal import Entry
from flows.ledger.release import MANIFEST, Release, ReleaseError, read_release, unlike_event
from flows.ledger.store import Store
from indices.method import Method, MethodError, file_digests, load_methods


@dataclass(frozen=True)
class Kept:
    """A release folder: the release, None where its manifest is bad, and what is wrong in the folder itself."""

    name: str
    release: Release | None
    problems: tuple[str, ...]


def kept_releases(store: Store) -> list[Kept]:
    """Every release folder of a store, read and checked once."""
    folders = sorted(store.releases.iterdir()) if store.releases.is_dir() else []
    # what begins with a dot is an unfinished write after a crash
    return [_kept(store, folder) for folder in folders if not folder.name.startswith(".")]


def _kept(store: Store, folder: Path) -> Kept:
    try:
        release = read_release(store, folder.name)
    except ReleaseError as error:
        return Kept(folder.name, None, (f"发布文件夹 {folder.name}：{error}",))
    problems = []
    if (folder / MANIFEST).read_bytes() != release.manifest_text.encode():
        problems.append(f"发布 {release.id} 的清单 {MANIFEST} 的写法被改动过。")
    for name in sorted(release.tables):
        try:
            release.table(name)
        except ReleaseError as error:
            problems.append(str(error))
    expected = {folder / MANIFEST, *(folder / "tables" / f"{name}.csv.gz" for name in release.tables)}
    extra = {p for p in folder.rglob("*") if p.is_file()} - expected
    problems += [f"发布 {release.id} 中有不属于它的文件 {p.relative_to(folder)}。" for p in sorted(extra)]
    return Kept(folder.name, release, tuple(problems))


def announced(kept: Sequence[Kept], entries: Sequence[Entry]) -> Iterator[str]:
    """Releases that the journal knows against their folders, and the other way round."""
    folders = {one.name for one in kept}
    for entry in entries:
        if entry.type == EventType.RELEASED and entry.body["release"] not in folders:
            yield f"台账日志第 {entry.seq} 行公布了发布 {entry.body['release']}，发布文件夹却不在。"
    for one in kept:
        if one.release is not None and (problem := unlike_event(one.release, entries)):
            yield problem


def methods_used(kept: Sequence[Kept], entries: Sequence[Entry], folder: Path) -> Iterator[str]:
    """Method files that are no longer what a release used or a person approved, and approvals told otherwise."""
    here = file_digests(folder)
    releases = [one.release for one in kept if one.release is not None]
    for release in releases:
        for id, digest in release.manifest.methods.items():
            if id not in here:
                yield f"发布 {release.id} 所用的方法 {id}.toml 不在本程序中。"
            elif here[id] != digest:
                yield f"方法文件 {id}.toml 与发布 {release.id} 所用的不同：已发布的方法不得改动。"
    yield from changed_locks(entries, folder)
    try:
        methods = load_methods(folder)
    except MethodError as error:
        yield f"各发布的方法批准情况没有核对：{error}"
        return
    for release in releases:
        if not _approved_as_told(release, entries, methods):
            yield f"发布 {release.id} 的清单所记的方法批准情况与台账日志不符。"


def _approved_as_told(release: Release, entries: Sequence[Entry], methods: Sequence[Method]) -> bool:
    """True if the journal had these approvals when the release was made, between its data and its event."""
    used = [m for m in methods if m.id in release.manifest.methods]
    told = release.manifest.beside.get("approvals", {})
    made = release.manifest.seq
    event = next(
        (e.seq for e in entries if e.type == EventType.RELEASED and e.body["release"] == release.id), made
    )
    locked = [e.seq for e in entries[made:event] if e.type == EventType.APPROVED]
    return any(approvals(entries[:seq], used) == told for seq in (made, *locked))
