"""The journal: an append-only file of JSON lines, each chained to the one before by its hash (``line.py``).

A batch is first written to a redo file, so that after a crash it is in the journal as a whole or not at all.
Beside the journal lies its head, sequence and hash of the last event, written anew with every batch: a journal cut
short, or put back from an older copy, no longer agrees with it. It proves nothing against a person who may write
here, since he writes the head, too: that needs a head kept elsewhere.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flows.ledger.canonical import sha256
from flows.ledger.events import Event, canonical_order
from flows.ledger.files import sync_folder, write_all, write_file
from flows.ledger.line import GENESIS, Entry, chained, line_of, parse

_HEAD = re.compile(rb"([1-9]\d*) ([0-9a-f]{64})\n")


class JournalError(RuntimeError):
    """The journal cannot be trusted or written; the message names line and reason."""


@dataclass
class Journal:
    """The journal in one file. Reading checks the chain; only the holder of the lock may append."""

    path: Path
    _entries: list[Entry] = field(default_factory=list, init=False, repr=False)
    _read: int = field(default=0, init=False, repr=False)  # bytes behind the entries known so far

    @property
    def _redo(self) -> Path:
        return self.path.with_name(f"{self.path.name}.batch")

    @property
    def head_path(self) -> Path:
        """The file that holds the head."""
        return self.path.with_suffix(".head")

    @property
    def head(self) -> tuple[int, str]:
        """Sequence and hash of the last event; (0, zeros) when nothing happened yet."""
        entries = self.entries()
        return (entries[-1].seq, entries[-1].hash) if entries else (0, GENESIS)

    def entries(self, upto: int | None = None) -> Sequence[Entry]:
        """The events up to a sequence (all by default); JournalError at the first bad line.

        A last line that was not written to its end is no event yet and is left out here;
        :meth:`verify` reports it and :meth:`repair` deals with it.
        """
        size = self.path.stat().st_size if self.path.exists() else 0
        if size < self._read:  # not the file that was read before
            self._entries, self._read = [], 0
        if size > self._read:
            with self.path.open("rb") as file:
                file.seek(self._read)
                data = file.read()
            whole = data[: data.rfind(b"\n") + 1]
            for line in whole.split(b"\n")[:-1]:
                last = self._entries[-1] if self._entries else None
                entry, problem = parse(line, len(self._entries) + 1, last)
                if problem or entry is None:
                    raise JournalError(f"台账日志 {self.path.name} {problem}")
                self._entries.append(entry)
            self._read += len(whole)
        return self._entries if upto is None else self._entries[:upto]

    def append(self, events: Sequence[Event]) -> list[Entry]:
        """Write a batch in canonical order and return its entries; all of it or nothing stays.

        JournalError if an earlier write was cut short and :meth:`repair` did not run, or if the journal is
        shorter than its head says: nothing is added to a journal that lost its end.
        """
        if not events:
            return []
        if self._redo.exists() or self._torn():
            raise JournalError(f"台账日志 {self.path.name} 上次写入中断，须先修复再写。")
        self._refuse_loss()
        seq, previous = self.head
        entries: list[Entry] = []
        for event in sorted(events, key=canonical_order):
            seq += 1
            entries.append(chained(seq, previous, event))
            previous = entries[-1].hash
        text = "".join(line_of(entry) + "\n" for entry in entries).encode()
        write_file(self._redo, text)
        self._write(text, seq, previous)
        self._entries += entries
        self._read += len(text)
        return entries

    def repair(self) -> str:
        """Finish a batch that a crash cut short; set aside a torn line that belongs to none.

        Returns a sentence on what was done, empty if nothing was needed. JournalError if what stands there is not
        the beginning of the batch, or if the journal is shorter than its head says: then nothing is touched.
        """
        done = ""
        if self._redo.exists():
            batch = self._redo.read_bytes()
            seq, previous = self._first_of(batch)
            data = self.path.read_bytes() if self.path.exists() else b""
            written = b"\n".join(data.split(b"\n")[seq - 1 :])  # what follows the line before
            before = self.entries(seq - 1)
            fits = len(before) == seq - 1 and previous == (before[-1].hash if before else GENESIS)
            if not fits or not batch.startswith(written):
                raise JournalError(
                    f"台账日志 {self.path.name} 与未写完的一批 {self._redo.name} 不衔接，"
                    "未作任何改动，请人工核对。"
                )
            self._write(batch[len(written) :], *_last_of(batch))
            if written != batch:
                done = f"台账日志 {self.path.name} 上次写入中断，已从第 {seq} 行起补写完整，没有丢失。"
        self._refuse_loss()
        torn = self._torn()
        if torn:
            aside = self.path.with_name(f"{self.path.name}.torn-{sha256(torn)[:12]}")
            write_file(aside, torn)
            with self.path.open("r+b") as file:
                file.truncate(self.path.stat().st_size - len(torn))
                os.fsync(file.fileno())
            done = (
                f"台账日志 {self.path.name} 末行没有写完（{len(torn)} 字节），不是有效事件，"
                f"已另存为 {aside.name}。"
            )
        if self.verify_head():  # written by a program that kept no head
            seq, head = self.head
            self._keep_head(seq, head)
            done += f"台账日志 {self.path.name} 的末端记录 {self.head_path.name} 已按现有末端（第 {seq} 号事件）写下。"
        return done

    def verify(self, anchors: Sequence[tuple[int, str]] = ()) -> list[str]:
        """One Chinese sentence for each line that is wrong, and for each anchor that is not met.

        An anchor is a (sequence, hash) kept elsewhere: only these show a tail cut off or a chain
        written anew from some line on.
        """
        problems: list[str] = []
        data = self.path.read_bytes() if self.path.exists() else b""
        hashes: dict[int, str] = {0: GENESIS}
        last: Entry | None = None
        cut = data.rfind(b"\n") + 1
        for number, line in enumerate(data[:cut].split(b"\n")[:-1], 1):
            entry, problem = parse(line, number, last, follows=number == 1 or last is not None)
            if problem:
                problems.append(f"台账日志 {self.path.name} {problem}")
            if entry is not None:
                hashes[entry.seq] = entry.hash
            last = entry
        if data[cut:]:
            problems.append(
                f"台账日志 {self.path.name} 末行没有写完（{len(data) - cut} 字节），上次写入中断。"
            )
        if self._redo.exists():
            problems.append(f"台账日志 {self.path.name} 有一批事件（{self._redo.name}）尚未写完。")
        for seq, digest in sorted(set(anchors)):
            if seq not in hashes:
                problems.append(f"台账日志 {self.path.name} 缺少第 {seq} 号事件：末尾被截去。")
            elif hashes[seq] != digest:
                problems.append(f"台账日志 {self.path.name} 第 {seq} 号事件与留存的哈希不符：日志被重写。")
        return problems

    def verify_head(self) -> list[str]:
        """How the journal disagrees with the head kept beside it, as a sentence; JournalError if it has a bad line."""
        entries, kept = self.entries(), self._kept_head()
        if kept is None:
            missing = (
                f"台账日志 {self.path.name} 没有可读的末端记录 {self.head_path.name}，无从知道末尾是否完整。"
            )
            return [missing] if entries or self.head_path.exists() else []
        told = f"末端记录 {self.head_path.name}（第 {kept[0]} 号事件）"
        if kept[0] > len(entries):
            return [f"台账日志 {self.path.name} 只到第 {len(entries)} 号事件，短于{told}：末尾被截去。"]
        if not self._has(*kept):
            return [f"台账日志 {self.path.name} 与{told}不符：日志被重写。"]
        if kept[0] < len(entries):
            return [f"台账日志 {self.path.name} 已到第 {len(entries)} 号事件，长于{told}：有事件另行写入。"]
        return []

    def _kept_head(self) -> tuple[int, str] | None:
        if not self.head_path.exists():
            return None
        match = _HEAD.fullmatch(self.head_path.read_bytes())
        return (int(match[1]), match[2].decode()) if match else None

    def _keep_head(self, seq: int, head: str) -> None:
        write_file(self.head_path, f"{seq} {head}\n".encode())

    def _has(self, seq: int, head: str) -> bool:
        entries = self.entries()
        return seq <= len(entries) and entries[seq - 1].hash == head

    def _refuse_loss(self) -> None:
        """JournalError where the journal lacks the event that its head knows, or has another in its place.

        A head that cannot be read knows nothing: whether the end is whole then, a person has to say.
        """
        kept = self._kept_head()
        if kept is None and self.head_path.exists():
            raise JournalError(
                f"{self.verify_head()[0]}未作任何改动：请从备份恢复 {self.head_path.name}；"
                "已用留存在别处的哈希核对过日志完整的（verify --anchor），删去它后再运行。"
            )
        if kept is not None and not self._has(*kept):
            raise JournalError(f"{self.verify_head()[0]}未作任何改动，请从备份恢复。")

    def _torn(self) -> bytes:
        data = self.path.read_bytes() if self.path.exists() else b""
        return data[data.rfind(b"\n") + 1 :]

    def _first_of(self, batch: bytes) -> tuple[int, str]:
        try:
            first = json.loads(batch.splitlines()[0])
            return int(first["seq"]), str(first["prev"])
        except (ValueError, KeyError, IndexError) as error:
            raise JournalError(f"未写完的一批 {self._redo.name} 读不出来：{error}") from error

    def _write(self, data: bytes, seq: int, head: str) -> None:
        """Append, make durable, keep the head, then drop the redo file."""
        new = not self.path.exists()
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            write_all(handle, data)
        finally:
            os.close(handle)
        if new:
            sync_folder(self.path.parent)
        self._keep_head(seq, head)
        self._redo.unlink()
        sync_folder(self.path.parent)


def _last_of(batch: bytes) -> tuple[int, str]:
    """Sequence and hash of the last line of a batch."""
    last = json.loads(batch.splitlines()[-1])
    return int(last["seq"]), str(last["hash"])


__all__ = ["GENESIS", "Entry", "Journal", "JournalError"]
