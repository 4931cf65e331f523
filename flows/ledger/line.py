"""One line of the journal: how an event is chained to the one before, written, and read again.

Chained is the canonical text of what happened, without any clock; beside it stand when, by which account, on
which host and from which file name. The seal holds both together.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flows.ledger.canonical import canonical_json, sha256
from flows.ledger.events import Event

FORMAT_VERSION = 1
GENESIS = "0" * 64  # stands before the first line
_KEYS = {"format_version", "seq", "type", "actor", "role", "body", "prev", "hash", "beside", "seal"}


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


def chained(seq: int, previous: str, event: Event) -> Entry:
    """The entry of an event behind the one with hash ``previous``, with the facts beside it as they are now."""
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


def line_of(entry: Entry) -> str:
    """The text of an entry, without a line end."""
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


def parse(line: bytes, number: int, last: Entry | None, follows: bool = True) -> tuple[Entry | None, str]:
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
        relined = line_of(entry)
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
