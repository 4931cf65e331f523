"""Running tasks in limited processes, so that one that kills or hangs its process costs itself alone.

The processes live as long as the pool. The parent holds the clock: a worker that is too slow for one
task, or dies over it, is ended and replaced, and the caller is told that this task was lost.
"""

from __future__ import annotations

import fcntl
import marshal
import math
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

from schemas.workers.process import HEADER, OUT_OF_MEMORY, Work

_START = "import sys; sys.path[:] = {path!r}; from schemas.workers.process import main; main()"
_PIPE = 1 << 20  # bytes; the usual 64 kB would stop a worker in the middle of each answer
_START_SECONDS = 60.0


class PoolError(RuntimeError):
    """A worker cannot start at all: a fault of the installation, not of a file."""


class Lost(NamedTuple):
    """A worker that gave no answer: it was too slow, or it ended with this exit code."""

    slow: bool
    code: int

    def sentence(self, doing: str, work: Work) -> str:
        """Why there is no answer, in Chinese; ``doing`` is what was being done (读取)."""
        if self.slow:
            return f"{doing}超过 {work.seconds:g} 秒仍未完成，已终止。"
        if self.code == OUT_OF_MEMORY:
            return f"{doing}所需内存超过上限 {work.memory_bytes // (1 << 20)} MB，已终止。"
        return f"{doing}进程意外终止（退出码 {self.code}）。"


class _Worker:
    """One process, the task that it is at, and what it has written of its present answer."""

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

    def begin(self, task: int, data: bytes, seconds: float) -> None:
        """Hand over a task."""
        self.task, self.deadline = task, time.monotonic() + seconds
        self._send(data)

    def rest(self) -> None:
        """Nothing to do until the next call."""
        self.task, self.deadline = None, math.inf

    def _send(self, data: bytes) -> None:
        with suppress(BrokenPipeError):  # a dead worker is noticed when it is read
            self._stdin.write(HEADER.pack(len(data)) + data)
            self._stdin.flush()

    def poll(self) -> bytes | Lost | None:
        """A whole message, or that none will come, or None if it is not there yet."""
        while True:
            try:
                piece = os.read(self.fileno(), _PIPE)
            except BlockingIOError:
                return Lost(True, 0) if time.monotonic() >= self.deadline else None
            if not piece:
                return Lost(False, self._process.wait())
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


class Pool:
    """Long-lived processes for one kind of work. Use it as a context, or call ``close``."""

    def __init__(self, work: Work, workers: int) -> None:
        if workers < 1:
            raise ValueError(f"工作进程数应为正整数，现为 {workers}")
        self.work = work
        self._settings = marshal.dumps(tuple(work))
        self._count = workers
        self._workers: list[_Worker] = []

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def close(self) -> None:
        """End all processes."""
        while self._workers:
            self._workers.pop().end()

    def run(self, tasks: Sequence[bytes], on_answer: Callable[[int, bytes | Lost], None]) -> None:
        """Do the tasks; ``on_answer`` gets the place of each in ``tasks`` and its answer, as they come.

        PoolError if a worker cannot start.
        """
        with ExitStack() as on_error:
            on_error.callback(self.close)  # an answer that nobody fetched must not meet the next call
            self._run(tasks, on_answer)
            on_error.pop_all()

    def _run(self, tasks: Sequence[bytes], on_answer: Callable[[int, bytes | Lost], None]) -> None:
        waiting = iter(enumerate(tasks))

        def go_on(worker: _Worker) -> None:
            task, data = next(waiting, (None, b""))
            if task is None:
                worker.rest()
            else:
                worker.begin(task, data, self.work.seconds)

        while len(self._workers) < min(self._count, len(tasks)):
            self._workers.append(_Worker(self._settings))
        for worker in self._workers:
            if worker.ready:
                go_on(worker)
        done = 0
        while done < len(tasks):
            for worker in self._stirring():
                answer = worker.poll()
                if answer is None:
                    continue
                task = worker.task
                if isinstance(answer, Lost):
                    self._replace(worker)
                else:
                    worker.ready = True
                    go_on(worker)  # before the answer is looked at: no worker need wait for that
                if task is not None:
                    done += 1
                    on_answer(task, answer)

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
            raise PoolError("工作进程无法启动，请检查安装是否完整。")
        self._workers[at] = _Worker(self._settings)
