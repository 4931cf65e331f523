"""Canonical text: one spelling for each content, so that equal contents have equal digests.

JSON with sorted keys and no binary floats, CSV in the order of a total key with fixed decimals, text
files with one kind of line end. No clock, host, path or locale enters any of it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from schemas.lists import text_of

_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_BARE = re.compile(r"INTEGER|BIGINT|BOOLEAN|DECIMAL\(\d+,\d+\)")  # types whose texts are never quoted
_PLAIN = frozenset({str, int, bool, type(None)})


class CanonicalError(ValueError):
    """Something that has no canonical text."""


def sha256(data: bytes | str) -> str:
    """Hexadecimal SHA-256 of bytes, or of a text in UTF-8."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no blanks; CanonicalError for binary floats and odd keys."""
    _refuse_floats(value)
    return _ENCODER.encode(value)


def read_json(text: str) -> Any:
    """What a JSON text says; CanonicalError for a binary float, ValueError if it is no JSON."""
    return json.loads(text, parse_float=_no_float, parse_constant=_no_float)


def same_json(value: Any) -> str:
    """The canonical text of a value that is known to hold no float, as one from :func:`read_json` is."""
    return _ENCODER.encode(value)


def _no_float(text: str) -> Any:
    raise CanonicalError(f"binary float {text} has no canonical text; pass a decimal text")


def _refuse_floats(value: Any) -> None:
    waiting = [value]  # no recursion: the whole journal passes here whenever it is read
    while waiting:
        item = waiting.pop()
        if isinstance(item, float):
            raise CanonicalError(f"binary float {item!r} has no canonical text; pass a decimal text")
        if isinstance(item, dict):
            for key in item:
                if not isinstance(key, str):
                    raise CanonicalError(f"key {key!r} is not a text")
            waiting += [inner for inner in item.values() if type(inner) not in _PLAIN]
        elif isinstance(item, (list, tuple)):
            waiting += [inner for inner in item if type(inner) not in _PLAIN]


def canonical_csv(con: duckdb.DuckDBPyConnection, query: str, key: Sequence[str]) -> str:
    """The rows of a query as CSV text in the order of ``key``.

    Decimals keep the scale of their type, NULL is empty, an empty text is ``""``. CanonicalError
    if a column is binary floating point or if ``key`` does not tell the rows apart, since either
    would let the text differ between runs.
    """
    columns = [(row[0], row[1]) for row in con.execute(f"describe select * from ({query})").fetchall()]
    floats = [name for name, kind in columns if kind in ("DOUBLE", "FLOAT", "REAL")]
    if floats:
        raise CanonicalError(f"binary floating point has no canonical text: {', '.join(floats)}")
    keys = ", ".join(_quoted(name) for name in key)
    twice = con.execute(
        f"select count(*) from (select 1 from ({query}) group by {keys} having count(*) > 1)"
    ).fetchall()[0][0]
    if twice:
        raise CanonicalError(f"key ({', '.join(key)}) is not total: {twice} values stand more than once")
    line = " || ',' || ".join(_csv_field(_quoted(name), kind) for name, kind in columns)
    # the order is by bytes of the columns' own types: DuckDB compares VARCHAR in binary order
    rows = con.execute(f"select {line} from ({query}) order by {keys}").fetchall()
    lines = [",".join(name for name, _ in columns)]
    lines += [text for (text,) in rows]
    return "\n".join(lines) + "\n"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _csv_field(column: str, kind: str) -> str:
    """SQL for the text of a field: empty for NULL, quoted where it is empty or holds a mark of CSV."""
    text = f"cast({column} as varchar)"
    if _BARE.fullmatch(kind):
        return f"coalesce({text}, '')"
    quoted = f"""'"' || replace({text}, '"', '""') || '"'"""
    return f"""case when {column} is null then ''
        when {text} = '' or regexp_matches({text}, '[,"\\n\\r]') then {quoted} else {text} end"""


def digest_files(paths: Iterable[Path]) -> dict[str, str]:
    """File name to digest of its text, with line ends and byte order mark made equal.

    CanonicalError if two files have the same name: the folder must not matter. ListError if one is not UTF-8.
    """
    digests: dict[str, str] = {}
    for path in sorted(paths, key=lambda p: p.name):
        if path.name in digests:
            raise CanonicalError(f"two files are named {path.name}")
        digests[path.name] = _digest(text_of(path))
    return digests


def digest_text(data: bytes) -> str:
    """The digest of a text file's bytes as :func:`digest_files` takes it; UnicodeDecodeError if it is not UTF-8."""
    return _digest(data.decode("utf-8-sig"))


def _digest(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return sha256(text.rstrip("\n") + "\n")


def digest_folder(paths: Iterable[Path]) -> str:
    """One digest of several text files, by name order; see :func:`digest_files`."""
    return digest_together(digest_files(paths))


def digest_together(digests: Mapping[str, str]) -> str:
    """One digest of several, by the names that they have."""
    return sha256(canonical_json(dict(digests)))
