"""Where the SQL procedures lie, and their texts: for those who read a procedure and compute nothing."""

from __future__ import annotations

from pathlib import Path

SQL_DIR = Path(__file__).parent / "sql"


def procedure(name: str) -> str:
    """The text of one SQL procedure, by its name without suffix."""
    return (SQL_DIR / f"{name}.sql").read_text("utf-8")
