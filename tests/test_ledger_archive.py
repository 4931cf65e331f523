"""The archive is written once, the lock admits one writer, a file is there whole or not at all."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from flows.ledger import files
from flows.ledger.archive import Archive, ArchiveError
from flows.ledger.canonical import sha256
from flows.ledger.lock import LockHeldError, writer_lock
from flows.ledger.store import Store


def test_bytes_lie_under_their_digest_and_cannot_be_written(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    old = os.umask(0o077)
    try:
        digest = archive.put(b"workbook")
    finally:
        os.umask(old)
    path = tmp_path / digest[:2] / f"{digest}.xlsx"
    assert archive.path(digest) == path
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert archive.get(digest) == b"workbook"
    assert archive.has(digest) and not archive.has(sha256(b"other"))
    assert list(archive.digests()) == [digest]


def test_a_second_put_changes_nothing(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    digest = archive.put(b"workbook")
    before = archive.path(digest).stat()
    assert archive.put(b"workbook") == digest
    after = archive.path(digest).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_changed_missing_and_misplaced_files_are_named(tmp_path: Path) -> None:
    archive = Archive(tmp_path)
    digest, lost = archive.put(b"workbook"), sha256(b"lost")
    assert archive.verify() == []
    path = archive.path(digest)
    path.chmod(0o644)
    path.write_bytes(b"w0rkbook")
    with pytest.raises(ArchiveError, match=digest):
        archive.get(digest)
    with pytest.raises(ArchiveError, match=digest):
        archive.put(b"workbook")  # the damaged file is not overwritten behind one's back
    assert path.read_bytes() == b"w0rkbook"
    with pytest.raises(ArchiveError, match="缺少"):
        archive.get(lost)
    problems = archive.verify(iter([digest, lost]))
    assert len(problems) == 2 and digest in problems[0] and lost in problems[1]
    with pytest.raises(ValueError, match="SHA-256"):
        archive.path("../../etc/passwd")


def test_a_failed_write_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int, data: bytes) -> None:
        os.write(handle, data[:3])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write_all", full)
    target = tmp_path / "file"
    target.write_bytes(b"old")
    with pytest.raises(OSError, match="No space"):
        files.write_file(target, b"newer")
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_second_writer_is_told_who_writes(tmp_path: Path) -> None:
    store, other = Store(tmp_path / "home"), Store(tmp_path / "home")
    with store.writing():
        with pytest.raises(LockHeldError) as held, other.writing():
            pass
        assert f"进程 {os.getpid()}" in str(held.value) and "等它结束" in str(held.value)
    with other.writing() as repaired:
        assert repaired == []


def test_another_process_is_kept_out_and_a_dead_one_is_not_feared(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    program = (
        "import sys,time\nfrom pathlib import Path\nfrom flows.ledger.lock import writer_lock\n"
        "with writer_lock(Path(sys.argv[1])):\n print('held', flush=True)\n time.sleep(60)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None and child.stdout.readline() == "held\n"
    with pytest.raises(LockHeldError, match=f"进程 {child.pid}"), writer_lock(path):
        pass
    child.kill()
    child.wait()
    with writer_lock(path):
        pass


def test_the_two_stores_share_the_lock_and_nothing_else(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.writing():
        digest = store.permu.archive.put(b"administrative")
    assert not store.archive.has(digest)
    assert list(store.archive.digests()) == []
    assert store.permu.journal.path != store.journal.path
    assert store.permu.warehouse.parent == tmp_path / "permu"
