"""Reading many files in worker processes, so that a file that kills or hangs its reader costs itself alone.

The processes live as long as the pool. The parent holds the clock: a worker that is too slow for one
file, or dies over it, is ended and replaced, and that file is refused. Results come in the order of the
paths, whatever the number of workers.
"""

from __future__ import annotations

import fcntl
import hashlib
import marshal
import math
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import astuple
from pathlib import Path
from typing import NamedTuple

from schemas.reading.notes import Notes
from schemas.reading.package import Limits, Refusal
from schemas.reading.record import Delivery
from schemas.reading.workbook import read_workbook, refused
from schemas.reading.worker import HEADER, OUT_OF_MEMORY, Read, decode

_START = "import sys; sys.path[:] = {path!r}; from schemas.reading.worker import main; main()"
_PIPE = 1 << 20  # bytes; the usual 64 kB would stop a worker in the middle of each answer
_START_SECONDS = 60.0
_SEND_ON = "请用 Excel 或 WPS 打开并另存为“Excel 工作簿（*.xlsx）”，删去与报表无关的内容后重报。"


class PoolError(RuntimeError):
    """A worker cannot start at all: a fault of the installation, not of a file."""


class _Lost(NamedTuple):
    """A worker that gave no answer: it was too slow, or it ended with this exit code."""

    slow: bool
    code: int


class _Worker:
    """One process, the file that it is at, and what it has written of its present answer."""

    def __init__(self, settings: bytes) -> None:
        path = [entry or str(Path.cwd()) for entry in sys.path]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START.format(path=path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        with suppress(OSError):  # beyond the user's allowance: only slower
            fcntl.fcntl(self._stdout, fcntl.F_SETPIPE_SZ, _PIPE)
        os.set_blocking(self._stdout.fileno(), False)
        self._got = bytearray()
        self.ready = False
        self.task: int | None = None
        self.deadline = time.monotonic() + _START_SECONDS
        self._send(settings)

    def fileno(self) -> int:
        """What a selector watches."""
        return self._stdout.fileno()

    def begin(self, task: int, path: Path, seconds: float) -> None:
        """Hand over a file."""
        self.task, self.deadline = task, time.monotonic() + seconds
        self._send(os.fsencode(path.absolute()))

    def rest(self) -> None:
        """Nothing to do until the next call."""
        self.task, self.deadline = None, math.inf

    def _send(self, data: bytes) -> None:
        with suppress(BrokenPipeError):  # a dead worker is noticed when it is read
            self._stdin.write(HEADER.pack(len(data)) + data)
            self._stdin.flush()

    def poll(self) -> bytes | _Lost | None:
        """A whole message, or that none will come, or None if it is not there yet."""
        while True:
            try:
                piece = os.read(self.fileno(), _PIPE)
            except BlockingIOError:
                return _Lost(True, 0) if time.monotonic() >= self.deadline else None
            if not piece:
                return _Lost(False, self._process.wait())
            self._got += piece
            if len(self._got) >= HEADER.size:
                end = HEADER.size + HEADER.unpack_from(self._got)[0]
                if len(self._got) >= end:
                    message, self._got = bytes(self._got[HEADER.size : end]), self._got[end:]
                    return message

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        with suppress(BrokenPipeError):
            self._stdin.close()
        self._stdout.close()


class ReaderPool:
    """Long-lived reader processes. Use it as a context, or call ``close``.

    ``read`` is an importable top-level function with the arguments of ``read_workbook``.
    """

    def __init__(
        self, codes_folder: Path, workers: int, limits: Limits | None = None, read: Read = read_workbook
    ) -> None:
        if workers < 1:
            raise ValueError(f"读取进程数应为正整数，现为 {workers}")
        self.limits = limits or Limits()
        self._settings = marshal.dumps(
            (read.__module__, read.__qualname__, str(codes_folder), astuple(self.limits))
        )
        self._count = workers
        self._workers: list[_Worker] = []

    def __enter__(self) -> ReaderPool:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def close(self) -> None:
        """End all processes."""
        while self._workers:
            self._workers.pop().end()

    def read(self, paths: Sequence[Path], on_read: Callable[[int], None] | None = None) -> list[Delivery]:
        """Read the files, results in their order; ``on_read`` is told how many are done so far.

        PoolError if a worker cannot start.
        """
        with ExitStack() as on_error:
            on_error.callback(self.close)  # an answer that nobody fetched must not meet the next call
            found = self._read(paths, on_read)
            on_error.pop_all()
        return found

    def _read(self, paths: Sequence[Path], on_read: Callable[[int], None] | None) -> list[Delivery]:
        done: dict[int, Delivery] = {}
        waiting = iter(enumerate(paths))

        def go_on(worker: _Worker) -> None:
            task, path = next(waiting, (None, None))
            if task is None or path is None:
                worker.rest()
            else:
                worker.begin(task, path, self.limits.seconds)

        while len(self._workers) < min(self._count, len(paths)):
            self._workers.append(_Worker(self._settings))
        for worker in self._workers:
            if worker.ready:
                go_on(worker)
        while len(done) < len(paths):
            for worker in self._stirring():
                answer = worker.poll()
                if answer is None:
                    continue
                task = worker.task
                if isinstance(answer, _Lost):
                    self._replace(worker)
                else:
                    worker.ready = True
                    go_on(worker)  # before decoding: no worker need wait for that
                if task is None:
                    continue
                if isinstance(answer, _Lost):
                    done[task] = self._refuse(paths[task], answer)
                else:
                    done[task] = decode(answer)
                if on_read is not None:
                    on_read(len(done))
        return [done[at] for at in range(len(paths))]

    def _stirring(self) -> list[_Worker]:
        """The workers that have written something or are past their time; waits for the first."""
        poller = select.poll()
        for worker in self._workers:
            poller.register(worker, select.POLLIN)
        wait = min(worker.deadline for worker in self._workers) - time.monotonic()
        ready = {number for number, _ in poller.poll(None if wait == math.inf else max(0.0, wait) * 1000)}
        now = time.monotonic()
        return [w for w in self._workers if w.fileno() in ready or now >= w.deadline]

    def _replace(self, worker: _Worker) -> None:
        """End a worker and start another in its place."""
        worker.end()
        at = self._workers.index(worker)
        if not worker.ready:
            del self._workers[at]
            raise PoolError("读取进程无法启动，请检查安装是否完整。")
        self._workers[at] = _Worker(self._settings)

    def _refuse(self, path: Path, lost: _Lost) -> Delivery:
        """The refusal of a file whose worker gave no answer; its digest is taken here."""
        notes, size = Notes("", path.name), 0
        with suppress(OSError), path.open("rb") as file:
            notes.digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
        if lost.slow:
            refusal = Refusal("F91", f"读取超过 {self.limits.seconds:g} 秒仍未完成，已终止。", _SEND_ON)
        elif lost.code == OUT_OF_MEMORY:
            megabytes = self.limits.memory_bytes // (1 << 20)
            refusal = Refusal("F90", f"读取所需内存超过上限 {megabytes} MB，已终止。", _SEND_ON)
        else:
            refusal = Refusal("F90", f"读取进程意外终止（退出码 {lost.code}）。", _SEND_ON)
        return refused(notes, size, refusal)


def read_files(
    paths: Sequence[Path],
    codes_folder: Path,
    workers: int,
    limits: Limits | None = None,
    on_read: Callable[[int], None] | None = None,
    read: Read = read_workbook,
) -> list[Delivery]:
    """Read files in worker processes of their own, results in the order of the paths."""
    with ReaderPool(codes_folder, workers, limits, read) as pool:
        return pool.read(paths, on_read)


__all__ = ["Limits", "PoolError", "ReaderPool", "read_files"]
