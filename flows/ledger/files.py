"""Writing files so that a crash leaves either the old content or the new, never half of it.

A temporary name in the same folder, fsync, ``os.replace``, fsync of the folder: everything that the
ledger writes whole goes through here.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

READ_ONLY = 0o444
_TEMPORARY = ".tmp"


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Create a folder and its parents; each new name is made durable."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for name in reversed(missing):
        name.mkdir(exist_ok=True)
        sync_folder(name.parent)


def write_all(handle: int, data: bytes) -> None:
    """Write every byte to an open file and make it durable; OSError if the disk is full."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
    os.fsync(handle)


def write_file(path: Path, data: bytes, mode: int | None = None) -> None:
    """Write a file in full before it takes its name; ``mode`` is set whatever the umask."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}{_TEMPORARY}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        try:
            write_all(handle, data)
            if mode is not None:
                os.fchmod(handle, mode)
        finally:
            os.close(handle)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, without holding them all."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
