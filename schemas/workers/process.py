"""What runs inside a worker process: one task after another, within the memory that it was given.

The process reads one settings message and then tasks from its standard input, and writes one message
for each: a length and the answer's bytes. What a task is, only the job knows that the settings name;
nothing else is imported here, so that a process is there in a fraction of a second.
"""

from __future__ import annotations

import gc
import importlib
import marshal
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple

Job = Callable[[bytes], bytes]

OUT_OF_MEMORY = 70  # exit code
HEADER = struct.Struct("<Q")
_GRACE = 30  # seconds after which a worker ends itself, should nobody be left to end it


class Work(NamedTuple):
    """What the processes of a pool are for.

    ``module`` and ``maker`` name an importable function that takes ``arguments`` (plain values) and
    gives the job, which turns a task's bytes into the answer's. ``memory_bytes`` bounds the address
    space of a process, ``seconds`` the time of one task.
    """

    module: str
    maker: str
    arguments: tuple[Any, ...]
    memory_bytes: int
    seconds: float


def send(pipe: BinaryIO, data: bytes) -> None:
    """Write one message."""
    pipe.write(HEADER.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def receive(pipe: BinaryIO) -> bytes | None:
    """Read one message; None at the end of the stream."""
    header = pipe.read(HEADER.size)
    return pipe.read(HEADER.unpack(header)[0]) if len(header) == HEADER.size else None


def _do_without(module: str) -> None:
    """Let an import of this module fail: openpyxl takes numpy along where it finds it, and no job has a use for it.

    It is a third of a worker's start, and its threads lay claim to memory.
    """
    sys.modules[module] = None  # type: ignore[assignment]


def main() -> None:
    """Serve until the standard input ends."""
    source = os.fdopen(os.dup(0), "rb")
    target = os.fdopen(os.dup(1), "wb")
    quiet = os.open(os.devnull, os.O_RDWR)  # whatever is printed must not get among the messages
    for descriptor in (0, 1):
        os.dup2(quiet, descriptor)
    settings = receive(source)
    if settings is None:
        return
    work = Work(*marshal.loads(settings))
    _do_without("numpy")
    job: Job = getattr(importlib.import_module(work.module), work.maker)(*work.arguments)
    gc.freeze()
    gc.set_threshold(100_000)  # cells make no cycles: looking for them often is in vain
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (work.memory_bytes, work.memory_bytes))
    send(target, b"ready")
    while (task := receive(source)) is not None:
        signal.setitimer(signal.ITIMER_REAL, work.seconds + _GRACE)
        try:
            answer = job(task)
        except MemoryError:
            os._exit(OUT_OF_MEMORY)
        signal.setitimer(signal.ITIMER_REAL, 0)
        send(target, answer)
        del answer
