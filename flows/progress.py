"""The progress bar of the commands that take a while; they alone import rich's live display, and late."""

from __future__ import annotations

from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class progress_bar:
    """A context manager: one bar for the whole run, on the error stream or ``file``; nothing when not ``shown``."""

    def __init__(self, shown: bool, file: TextIO | None = None) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=Console(file=file, stderr=True), disable=not shown, transient=True,
        )  # fmt: skip
        self._task = self._bar.add_task("准备", total=1)

    def __enter__(self) -> Any:
        self._bar.start()
        return self._show

    def _show(self, phase: str, done: int, total: int) -> None:
        self._bar.update(self._task, description=phase, completed=done, total=max(total, 1))

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
