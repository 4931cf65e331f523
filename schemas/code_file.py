"""A code list as it lies on disk: CSV in UTF-8, with or without the mark that Excel puts before it."""

from __future__ import annotations

import csv
from pathlib import Path


class CodeListError(ValueError):
    """A code list that cannot be used; the message names file, line and value, and says what to do."""


def read_rows(path: Path) -> tuple[dict[str, str], ...]:
    """The rows of a list as they stand in the file. CodeListError for another encoding."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return tuple(csv.DictReader(file))
    except UnicodeDecodeError as error:
        raise CodeListError(f"代码表 {path.name} 不是 UTF-8，请另存为“CSV UTF-8”。") from error
