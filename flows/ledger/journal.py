"""The journal: an append-only file of JSON lines, each chained to the one before by its hash.

Chained is the canonical text of what happened, without any clock; beside it stand when, by which
account, on which host and from which file name. A batch is first written to a redo file, so that
after a crash it is in the journal as a whole or not at all.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flows.ledger.canonical import canonical_json, sha256
from flows.ledger.events import Event, canonical_order
from flows.ledger.files import sync_folder, write_all, write_file

FORMAT_VERSION = 1
GENESIS = "0" * 64  # stands before the first line
_KEYS = {"format_version", "seq", "type", "actor", "role", "body", "prev", "hash", "beside", "seal"}


class JournalError(RuntimeError):
    """The journal cannot be trusted or written; the message names line and reason."""


@dataclass(frozen=True)
class Entry:
    """One line: ``hash`` covers ``prev`` and the payload, ``seal`` the facts beside it too."""

    seq: int
    type: str
    actor: str
    role: str
    body: Mapping[str, Any]
    prev: str
    hash: str
    beside: Mapping[str, str]

    @property
    def file_name(self) -> str:
        """The name that the delivery's file had, or an empty text."""
        return self.beside.get("file_name", "")


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
                entry, problem = _parse(line, len(self._entries) + 1, last)
                if problem or entry is None:
                    raise JournalError(f"台账日志 {self.path.name} {problem}")
                self._entries.append(entry)
            self._read += len(whole)
        return self._entries if upto is None else self._entries[:upto]

    def append(self, events: Sequence[Event]) -> list[Entry]:
        """Write a batch in canonical order and return its entries; all of it or nothing stays.

        JournalError if an earlier write was cut short and :meth:`repair` did not run.
        """
        if not events:
            return []
        if self._redo.exists() or self._torn():
            raise JournalError(f"台账日志 {self.path.name} 上次写入中断，须先修复再写。")
        seq, previous = self.head
        entries: list[Entry] = []
        for event in sorted(events, key=canonical_order):
            seq += 1
            entries.append(_chained(seq, previous, event))
            previous = entries[-1].hash
        text = "".join(_line(entry) + "\n" for entry in entries).encode()
        write_file(self._redo, text)
        self._write(text)
        self._entries += entries
        self._read += len(text)
        return entries

    def repair(self) -> str:
        """Finish a batch that a crash cut short; set aside a torn line that belongs to none.

        Returns a sentence on what was done, empty if nothing was needed. JournalError if what
        stands there is not the beginning of the batch: then nothing is touched.
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
            self._write(batch[len(written) :])
            if written != batch:
                done = f"台账日志 {self.path.name} 上次写入中断，已从第 {seq} 行起补写完整，没有丢失。"
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
            entry, problem = _parse(line, number, last, follows=number == 1 or last is not None)
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

    def _torn(self) -> bytes:
        data = self.path.read_bytes() if self.path.exists() else b""
        return data[data.rfind(b"\n") + 1 :]

    def _first_of(self, batch: bytes) -> tuple[int, str]:
        try:
            first = json.loads(batch.splitlines()[0])
            return int(first["seq"]), str(first["prev"])
        except (ValueError, KeyError, IndexError) as error:
            raise JournalError(f"未写完的一批 {self._redo.name} 读不出来：{error}") from error

    def _write(self, data: bytes) -> None:
        """Append, make durable, then drop the redo file."""
        new = not self.path.exists()
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            write_all(handle, data)
        finally:
            os.close(handle)
        if new:
            sync_folder(self.path.parent)
        self._redo.unlink()
        sync_folder(self.path.parent)


def _chained(seq: int, previous: str, event: Event) -> Entry:
    payload = _payload(seq, str(event.type), event.actor, event.role, event.body)
    beside = {
        "recorded_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "os_user": _os_user(),
        "host": socket.gethostname(),
    }
    if event.file_name:
        beside["file_name"] = event.file_name
    if event.manifest:
        beside["manifest"] = event.manifest
    # the body goes through JSON once, so that an entry just written equals the entry read again
    body = json.loads(canonical_json(event.body))
    return Entry(
        seq, str(event.type), event.actor, event.role, body, previous, sha256(previous + payload), beside
    )


def _payload(seq: int, kind: str, actor: str, role: str, body: Mapping[str, Any]) -> str:
    return canonical_json(
        {
            "format_version": FORMAT_VERSION,
            "seq": seq,
            "type": kind,
            "actor": actor,
            "role": role,
            "body": body,
        }
    )


def _line(entry: Entry) -> str:
    record = {
        "format_version": FORMAT_VERSION,
        "seq": entry.seq,
        "type": entry.type,
        "actor": entry.actor,
        "role": entry.role,
        "body": entry.body,
        "prev": entry.prev,
        "hash": entry.hash,
        "beside": entry.beside,
        "seal": sha256(entry.hash + canonical_json(entry.beside)),
    }
    return canonical_json(record)


def _parse(line: bytes, number: int, last: Entry | None, follows: bool = True) -> tuple[Entry | None, str]:
    """The entry of a line, and what is wrong with it; no entry if it cannot be read at all.

    ``follows`` is false after a line that could not be read: then the link is not judged again.
    """
    try:
        text = line.decode()
        record = json.loads(text)
        entry = Entry(
            record["seq"], record["type"], record["actor"], record["role"], record["body"],
            record["prev"], record["hash"], record["beside"],
        )  # fmt: skip
        payload = _payload(entry.seq, entry.type, entry.actor, entry.role, entry.body)
        sound = sha256(entry.prev + payload) == entry.hash and set(record) == _KEYS
        relined = _line(entry)
        version = record["format_version"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, f"第 {number} 行读不出来：不是一条完整的事件记录。"
    if type(entry.seq) is not int:
        return None, f"第 {number} 行读不出来：没有事件序号。"
    if version != FORMAT_VERSION:
        return entry, f"第 {number} 行的 format_version 是 {version!r}，本程序只认 {FORMAT_VERSION}。"
    if not sound:
        return entry, f"第 {number} 行（事件 {entry.seq}）的内容与其哈希不符：这一行被改动过。"
    expected = last.seq + 1 if last else 1
    if follows and entry.seq != expected:
        reason = "有事件被删去" if entry.seq > expected else "事件次序被调换或重复"
        return entry, f"第 {number} 行应是事件 {expected}，却是事件 {entry.seq}：{reason}。"
    if follows and entry.prev != (last.hash if last else GENESIS):
        return entry, f"第 {number} 行（事件 {entry.seq}）与上一行的哈希不衔接：上一行被改动或替换过。"
    if relined != text:
        return entry, f"第 {number} 行（事件 {entry.seq}）的写法或附记（时间、账户、主机、文件名）被改动过。"
    return entry, ""


def _os_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in a container
        return str(os.getuid())
