"""One writer at a time: a lock of the operating system on a file in the home folder.

``flock`` falls with the process, so no stale lock survives a crash; what is written in the file only
serves the sentence that the second writer is shown.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class LockHeldError(RuntimeError):
    """Another process is writing; the message names it."""


@contextmanager
def writer_lock(path: Path) -> Iterator[None]:
    """Hold the lock for the block; LockHeldError at once if another writer has it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockHeldError(_held_by(path)) from None
        note = json.dumps({"pid": os.getpid(), "host": socket.gethostname()})
        os.ftruncate(handle, 0)
        os.pwrite(handle, note.encode(), 0)
        try:
            yield
        finally:
            os.ftruncate(handle, 0)
            # explicit, since a worker process that inherited the handle would keep the lock alive
            fcntl.flock(handle, fcntl.LOCK_UN)
    finally:
        os.close(handle)


def _held_by(path: Path) -> str:
    try:
        note = json.loads(path.read_text("utf-8"))
        holder = f"主机 {note['host']} 上的进程 {note['pid']} "
    except (OSError, ValueError, KeyError, TypeError):  # the holder is just writing its note
        holder = "另一个进程"
    return f"台账 {path.parent} 正由{holder}写入，请等它结束后再运行。"
