"""One line of the journal: how an event is chained to the one before, written, and read again.

Chained is the canonical text of what happened, without any clock; beside it stand when, by which account, on
which host and from which file name. The seal holds both together.
"""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from flows.ledger.canonical import canonical_json, read_json, same_json, sha256
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
    beside: dict[str, Any] = {
        "recorded_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "os_user": _os_user(),
        "host": socket.gethostname(),
    }
    if event.file_name:
        beside["file_name"] = event.file_name
    if event.manifest:
        beside["manifest"] = event.manifest
    body = canonical_json(event.body)
    # both go through JSON once, so that an entry just written equals the entry read again
    told = read_json(canonical_json(beside))
    entry = Entry(seq, str(event.type), event.actor, event.role, read_json(body), previous, "", told)
    return replace(entry, hash=sha256(previous + _payload(entry, body)))


def line_of(entry: Entry) -> str:
    """The text of an entry, without a line end."""
    return _line(entry, same_json(entry.body))


def _payload(entry: Entry, body: str) -> str:
    """The canonical text of what is chained; ``body`` is that of the body, by far the longest part of it."""
    actor, role, seq, kind = map(same_json, (entry.actor, entry.role, entry.seq, entry.type))
    return (
        f'{{"actor":{actor},"body":{body},"format_version":{FORMAT_VERSION},"role":{role},"seq":{seq},'
        f'"type":{kind}}}'
    )


def _line(entry: Entry, body: str) -> str:
    """The canonical text of the whole line, of which the payload is a part."""
    actor, role, seq, kind = map(same_json, (entry.actor, entry.role, entry.seq, entry.type))
    own, previous, beside = map(same_json, (entry.hash, entry.prev, entry.beside))
    return (
        f'{{"actor":{actor},"beside":{beside},"body":{body},"format_version":{FORMAT_VERSION},"hash":{own},'
        f'"prev":{previous},"role":{role},"seal":"{sha256(entry.hash + beside)}","seq":{seq},"type":{kind}}}'
    )


def parse(line: bytes, number: int, last: Entry | None, follows: bool = True) -> tuple[Entry | None, str]:
    """The entry of a line, and what is wrong with it; no entry if it cannot be read at all.

    ``follows`` is false after a line that could not be read: then the link is not judged again.
    """
    try:
        text = line.decode()
        record = read_json(text)
        entry = Entry(
            record["seq"], record["type"], record["actor"], record["role"], record["body"],
            record["prev"], record["hash"], record["beside"],
        )  # fmt: skip
        body = same_json(entry.body)
        sound = sha256(entry.prev + _payload(entry, body)) == entry.hash and set(record) == _KEYS
        relined = _line(entry, body)
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
