"""The archive: every workbook that ever arrived, under the name of its SHA-256, written once.

With the journal it is the source of truth. Nothing here deletes or changes a file: a release of years
ago still finds its bytes. Files are read-only, and each read is checked against the name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from flows.ledger.canonical import sha256
from flows.ledger.files import READ_ONLY, make_folder, write_file

_DIGITS = frozenset("0123456789abcdef")


class ArchiveError(RuntimeError):
    """A file of the archive is missing or was changed; the message names it."""


@dataclass(frozen=True)
class Archive:
    """Content-addressed files under ``root``: ``ab/abcdef….xlsx``."""

    root: Path
    suffix: str = ".xlsx"

    def path(self, digest: str) -> Path:
        """Where the bytes of this digest lie; ValueError if it is not a SHA-256."""
        if len(digest) != 64 or not _DIGITS.issuperset(digest):
            raise ValueError(f"不是 SHA-256：{digest!r}")
        return self.root / digest[:2] / f"{digest}{self.suffix}"

    def put(self, data: bytes) -> str:
        """Keep the bytes and return their digest; a second time changes nothing.

        ArchiveError if other bytes already stand under that name: they are never overwritten.
        """
        digest = sha256(data)
        path = self.path(digest)
        if path.exists():
            self.get(digest)
            return digest
        make_folder(path.parent)
        write_file(path, data, READ_ONLY)
        return digest

    def has(self, digest: str) -> bool:
        """True if a file stands under this digest."""
        return self.path(digest).is_file()

    def get(self, digest: str) -> bytes:
        """The bytes of a digest, checked; ArchiveError if they are missing or changed."""
        path = self.path(digest)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise ArchiveError(f"归档缺少文件 {path.name}，请从备份恢复。") from None
        if sha256(data) != digest:
            raise ArchiveError(f"归档文件 {path.name} 的内容与文件名（SHA-256）不符，请从备份恢复。")
        return data

    def digests(self) -> Iterator[str]:
        """All digests kept, in order."""
        for path in sorted(self.root.glob(f"??/*{self.suffix}")):
            if not path.name.startswith("."):  # an unfinished write after a crash
                yield path.stem

    def verify(self, needed: Iterable[str] | None = None) -> list[str]:
        """One Chinese sentence for each file that is changed, misplaced, foreign, missing or named by no event.

        ``needed`` are the digests that events name; without them only what can be seen of the files is judged.
        """
        problems = []
        kept: set[str] = set()
        for path in sorted(p for p in self.root.rglob("*") if p.is_file()):
            if path.name.startswith("."):  # an unfinished write after a crash
                continue
            digest = path.name.removesuffix(self.suffix)
            if len(digest) != 64 or not _DIGITS.issuperset(digest) or path.suffix != self.suffix:
                problems.append(f"归档中有不属于它的文件 {path.relative_to(self.root)}。")
                continue
            kept.add(digest)
            if sha256(path.read_bytes()) != digest:
                problems.append(f"归档文件 {path.name} 的内容与文件名（SHA-256）不符，请从备份恢复。")
            elif path != self.path(digest):
                problems.append(f"归档文件 {path.name} 不在应在的文件夹 {digest[:2]} 中。")
        if needed is None:
            return problems
        wanted = set(needed)
        problems += [f"归档缺少文件 {d}{self.suffix}，请从备份恢复。" for d in sorted(wanted - kept)]
        problems += [
            f"归档文件 {d}{self.suffix} 没有任何台账事件提到：是中断的运行留下的，或日志缺了事件。"
            for d in sorted(kept - wanted)
        ]
        return problems
