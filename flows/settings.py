"""The settings of a run: where the home is, how many workers, and the few choices that change numbers.

Taken from the command line, else from ``ZHISHU_*`` variables, else the defaults here. Only
``changes_numbers`` goes into a release's identity.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from schemas.codes import CODES_DIR

DEFAULT_HOME = Path("var")
ACTOR, ROLE = "zhishu", "批处理"  # fixed texts: actor and role are in the chain, hence in the digests


@dataclass(frozen=True)
class Settings:
    """``threads`` is for DuckDB, ``workers`` for the reader's processes."""

    home: Path
    codes_folder: Path = CODES_DIR
    threads: int = 2
    workers: int = 2
    admit_pending: bool = True
    actor: str = ACTOR
    role: str = ROLE

    @property
    def changes_numbers(self) -> dict[str, str | int | bool]:
        """What a release's digest must know."""
        return {"admit_pending": self.admit_pending}


def settings(
    home: Path | None = None, codes: Path | None = None, admit_pending: bool = True, actor: str | None = None
) -> Settings:
    """Settings from arguments and environment; ValueError for a bad ZHISHU_THREADS."""
    threads = os.environ.get("ZHISHU_THREADS", "2")
    if not threads.isdigit() or not 1 <= int(threads) <= 64:
        raise ValueError(f"ZHISHU_THREADS 应为 1 至 64 的整数，现为 {threads!r}。")
    return Settings(
        home=(home or Path(os.environ.get("ZHISHU_HOME", str(DEFAULT_HOME)))).absolute(),
        codes_folder=(codes or Path(os.environ.get("ZHISHU_CODES", str(CODES_DIR)))).absolute(),
        threads=int(threads),
        workers=int(threads),
        admit_pending=admit_pending,
        actor=actor or os.environ.get("ZHISHU_ACTOR", ACTOR),
    )
