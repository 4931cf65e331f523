"""Reading many files in worker processes, so that a file that kills or hangs its reader costs itself alone.

Such a file is refused. Results come in the order of the paths, whatever the number of workers.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path

from schemas.reading.notes import Notes
from schemas.reading.package import Limits, Refusal
from schemas.reading.record import Delivery
from schemas.reading.workbook import read_workbook, refused
from schemas.reading.worker import Read, decode, reading
from schemas.workers.pool import Lost, Pool, PoolError
from schemas.workers.process import Work

_SEND_ON = "请用 Excel 或 WPS 打开并另存为“Excel 工作簿（*.xlsx）”，删去与报表无关的内容后重报。"


class ReaderPool:
    """Long-lived reader processes. Use it as a context, or call ``close``.

    ``read`` is an importable top-level function with the arguments of ``read_workbook``.
    """

    def __init__(
        self, codes_folder: Path, workers: int, limits: Limits | None = None, read: Read = read_workbook
    ) -> None:
        limits = limits or Limits()
        arguments = (read.__module__, read.__qualname__, str(codes_folder), astuple(limits))
        work = Work(reading.__module__, reading.__name__, arguments, limits.memory_bytes, limits.seconds)
        self._pool = Pool(work, workers)

    def __enter__(self) -> ReaderPool:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def close(self) -> None:
        """End all processes."""
        self._pool.close()

    def read(self, paths: Sequence[Path], on_read: Callable[[int], None] | None = None) -> list[Delivery]:
        """Read the files, results in their order; ``on_read`` is told how many are done so far.

        PoolError if a worker cannot start.
        """
        done: dict[int, Delivery] = {}

        def on_answer(at: int, answer: bytes | Lost) -> None:
            done[at] = self._refuse(paths[at], answer) if isinstance(answer, Lost) else decode(answer)
            if on_read is not None:
                on_read(len(done))

        self._pool.run([os.fsencode(path.absolute()) for path in paths], on_answer)
        return [done[at] for at in range(len(paths))]

    def _refuse(self, path: Path, lost: Lost) -> Delivery:
        """The refusal of a file whose worker gave no answer; its digest is taken here."""
        notes, size = Notes("", path.name), 0
        with suppress(OSError), path.open("rb") as file:
            notes.digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
        sentence = lost.sentence("读取", self._pool.work)
        return refused(notes, size, Refusal("F91" if lost.slow else "F90", sentence, _SEND_ON))


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
