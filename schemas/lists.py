"""The CSV files that a bureau keeps itself: code lists, parameters, working days.

They are UTF-8, with or without the mark that Excel puts before it. Another encoding is not guessed: a
name read wrongly would stand in every table.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path


class ListError(ValueError):
    """A list that cannot be read; the message names file and line and says what to do."""


def text_of(path: Path) -> str:
    """The text of a list; ListError if it is not UTF-8."""
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ListError(
            f"文件 {path.name} 第 {line} 行不是 UTF-8 编码，读不出来；"
            "请用 Excel 或 WPS 另存为“CSV UTF-8（逗号分隔）”后再运行。"
        ) from error


def rows_of(path: Path) -> tuple[dict[str, str], ...]:
    """The rows of a list by its column names; ListError as above."""
    return tuple(csv.DictReader(io.StringIO(text_of(path), newline="")))
