"""One bit of one byte changed in what a home keeps: is it found and named, or does it change no row?

Every edit is made in a copy, judged by what ``zhishu verify`` asks, and taken back. The database is compared with
the untouched one, which the rebuild gives too, so that the workbooks are not read again for each edit.
"""

from __future__ import annotations

import gzip
import json
import random
import shutil
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb

from flows.ledger.canonical import canonical_json, sha256
from flows.ledger.journal import GENESIS
from flows.ledger.store import Store
from flows.ledger.warehouse import WarehouseError, canonical_digest, connect
from flows.verify import verify_record
from flows.verify_warehouse import compared
from indices.method import METHODS_DIR

NAMED, NO_ROW, UNNAMED, UNSEEN = "named", "changes no row", "found, not named", "not seen"


@dataclass(frozen=True)
class Outcome:
    """What became of one edit; ``told`` is what ``verify`` says of it."""

    part: str
    file: str
    at: int
    kind: str
    told: tuple[str, ...]


class Kept:
    """A copy of a home and of the method files, to be damaged byte by byte."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.home = Path(shutil.copytree(home, folder / "home"))
        self.methods = Path(shutil.copytree(METHODS_DIR, folder / "methods"))
        self.sound = home
        under = (self.home, self.home / "permu")
        self.parts: dict[str, list[Path]] = {
            "archive": [
                p for at in under for p in sorted((*at.glob("archive/*/*"), *at.glob("evidence/*/*")))
            ],
            "journal": [p for at in under for p in sorted(at.glob("journal.*"))],
            "manifests": sorted(self.home.glob("releases/*/manifest.json")),
            "tables": sorted(self.home.glob("releases/*/tables/*")),
            "methods": sorted(self.methods.glob("*.toml")),
            "warehouse": [p for at in under for p in sorted(at.glob("warehouse.duckdb"))],
        }

    def edits(self, seed: str, each: int) -> Iterator[Outcome]:
        """``each`` edits of every part, drawn by byte, so that long files are drawn more often."""
        for part, files in self.parts.items():
            chance = random.Random(f"{seed} {part}")
            sizes = [path.stat().st_size for path in files]
            for path in chance.choices(files, sizes, k=each):
                data = path.read_bytes()
                at, bit = chance.randrange(len(data)), 1 << chance.randrange(8)
                path.chmod(0o644)
                path.write_bytes(data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :])
                try:
                    yield self._judged(part, path, at, data)
                finally:
                    path.write_bytes(data)

    def _judged(self, part: str, path: Path, at: int, before: bytes) -> Outcome:
        told = tuple(self._verified(part, path))
        if told:
            names = _names(part, path, at, before)
            kind = NAMED if any(name in sentence for name in names for sentence in told) else UNNAMED
        else:
            kind = NO_ROW if _SAME[part](path, before, self) else UNSEEN
        return Outcome(part, path.name, at, kind, told)

    def _verified(self, part: str, path: Path) -> list[str]:
        store = Store(self.home / "permu" if "permu" in path.parts else self.home)
        if part == "warehouse":
            return compared(path, self._untouched(path), store.journal.entries(), 2)
        return verify_record(store, methods=self.methods)

    def _untouched(self, path: Path) -> Path:
        return self.sound / path.relative_to(self.home)

    def same_rows(self, path: Path) -> bool:
        """True if a database holds the same text in all tables as the untouched one."""
        try:
            return _digest(path) == _digest(self._untouched(path))
        except (WarehouseError, duckdb.Error):
            return False


def rewritten(lines: Sequence[bytes], actor: str) -> bytes:
    """A whole journal chained anew with another actor: every line is sound in itself."""
    previous, out = GENESIS, []
    for line in lines:
        record = json.loads(line)
        record["actor"], record["prev"] = actor, previous
        names = ("format_version", "seq", "type", "actor", "role", "body")
        record["hash"] = sha256(previous + canonical_json({name: record[name] for name in names}))
        record["seal"] = sha256(record["hash"] + canonical_json(record["beside"]))
        previous = record["hash"]
        out.append(canonical_json(record).encode() + b"\n")
    return b"".join(out)


def _digest(path: Path) -> str:
    with closing(connect(path, 2, read_only=True)) as con:
        return canonical_digest(con)


def _names(part: str, path: Path, at: int, before: bytes) -> Sequence[str]:
    """What a sentence that names the edit has in it: the file, for the journal the line too."""
    if path.suffix == ".jsonl":
        line = before[:at].count(b"\n") + 1
        last = at == len(before) - 1  # without its end the last line is one that was not written whole
        return (f"{path.name} 第 {line} 行", *([f"{path.name} 末行"] if last else []))
    return {
        "manifests": (path.parent.name,),
        "tables": (f"表 {path.name.partition('.')[0]} ",),
    }.get(part, (path.name,))


def _same_text(path: Path, before: bytes, _kept: Kept) -> bool:
    try:
        return gzip.decompress(path.read_bytes()) == gzip.decompress(before)
    except (OSError, EOFError, zlib.error):
        return False


def _same_lines(path: Path, before: bytes, _kept: Kept) -> bool:
    return path.read_text("utf-8").splitlines() == before.decode().splitlines()


def _never(_path: Path, _before: bytes, _kept: Kept) -> bool:
    return False


# how an edit that nobody noticed is shown to be none: archive, journal and manifests have no byte without a meaning
_SAME: dict[str, Callable[[Path, bytes, Kept], bool]] = {
    "archive": _never,
    "journal": _never,
    "manifests": _never,
    "tables": _same_text,
    "methods": _same_lines,
    "warehouse": lambda path, _before, kept: kept.same_rows(path),
}
