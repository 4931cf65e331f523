"""The parts of a bundle against the manifest of its release: nothing else, nothing missing, nothing changed.

The list of a bundle file says that its parts are whole; whoever changes a part can write that list anew. What a
part must be is therefore asked of the release: its manifest has the digest of every method, code list, form, rule
and procedure, the journal names every workbook, and the manifest itself stands in the journal's event.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from flows.ledger.canonical import digest_text, digest_together
from flows.ledger.events import DECISIONS, EventType
from flows.ledger.journal import Entry
from flows.ledger.manifest import Manifest
from flows.ledger.release import MANIFEST, Release
from indices.method import text_digest
from schemas.workdays import LIST as WORKDAYS  # says who is late, and is in no manifest

JOURNAL, NOTE = "journal.jsonl", "说明.md"
# folder of a bundle -> what a person calls its files
MADE_OF: Mapping[str, str] = {
    "methods": "方法",
    "codes": "代码表",
    "forms": "表式",
    "rules": "规则",
    "procedures": "程序",
    "plan": "计划",
}
TABLES = "tables"


def last_word(release: Release, entries: Sequence[Entry]) -> int:
    """Sequence of the newest event that decides what the tables of a release say of it."""
    made = release.manifest
    told = [made.seq]
    for entry in entries:
        staged = entry.type in (EventType.RELEASED, EventType.PUBLISHED)
        if (staged and entry.body["release"] == release.id) or (
            entry.type == EventType.APPROVED and entry.body["method"] in made.methods
        ):
            told.append(entry.seq)
    return max(told)


def workbooks(release: Release, entries: Sequence[Entry]) -> dict[str, str]:
    """Part name and digest of every workbook that the journal took up to the release's data."""
    taken = {
        str(e.body["digest"])
        for e in entries[: release.manifest.seq]
        if DECISIONS.get(e.type, "rejected") != "rejected"
    }
    return {f"archive/{digest[:2]}/{digest}.xlsx": digest for digest in sorted(taken)}


def named(made: Manifest) -> dict[str, str]:
    """Part name to digest of every file that a manifest names one by one."""
    return {
        **{f"methods/{id}.toml": digest for id, digest in made.methods.items()},
        **{f"codes/{name}": digest for name, digest in made.codes.items()},
        **{f"forms/{name}": digest for name, digest in made.forms.items()},
        **{f"rules/{name}": digest for name, digest in made.rules.items() if "." in name},
        **{f"procedures/{name}": digest for name, digest in made.procedures.items() if "." in name},
    }


def foreign(made: Manifest, parts: Mapping[str, bytes]) -> list[str]:
    """Names of the files that a release is made of and that are not as its manifest says: other, missing, too many.

    A Python module may be missing, since a rerun executes none of a bundle's: see :func:`left_out`.
    """
    absent = left_out(made, parts)
    expected = {name: digest for name, digest in named(made).items() if name not in absent}
    found = {name: _digest(name, data) for name, data in parts.items() if name.split("/")[0] in MADE_OF}
    found.pop(f"codes/{WORKDAYS}", None)
    together = {"rules": made.rules.get("between"), "plan": made.procedures.get("plan")}
    summed = [name for name in found if name not in expected and name.split("/")[0] in together]
    wrong = []
    for folder, digest in together.items():
        own = {name.partition("/")[2]: found[name] for name in summed if name.startswith(f"{folder}/")}
        if digest_together(own) != digest:
            wrong.append(f"{folder}/")
    single = {name: digest for name, digest in found.items() if name not in summed}
    return sorted([*wrong, *(n for n in expected.keys() | single.keys() if expected.get(n) != single.get(n))])


def left_out(made: Manifest, parts: Mapping[str, bytes]) -> list[str]:
    """Names of the Python modules behind a release that a bundle does not hold."""
    return sorted(name for name in named(made).keys() - parts.keys() if name.endswith(".py"))


def unexpected(release: Release, entries: Sequence[Entry], parts: Mapping[str, bytes]) -> Iterator[str]:
    """Names of the other parts that are missing or that nothing in the bundle speaks of."""
    folder = f"releases/{release.id}"
    needed = {
        JOURNAL, NOTE, f"{folder}/{MANIFEST}", *workbooks(release, entries),
        *(f"{folder}/tables/{name}.csv.gz" for name in release.tables),
    }  # fmt: skip
    others = {name for name in parts if name.split("/")[0] not in (*MADE_OF, TABLES)}
    yield from sorted(needed ^ others)


def _digest(name: str, data: bytes) -> str:
    """The digest of a part as manifests take it."""
    try:
        return text_digest(data) if name.startswith("methods/") else digest_text(data)
    except UnicodeDecodeError:
        return ""  # no text at all, and so none that a manifest names
