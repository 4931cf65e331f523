"""The SQL procedures that a release was computed with, whether they are today's or earlier ones.

A procedure that was released and then changed keeps its old text in ``indices/sql/earlier`` as
``NAME.BEGINNING-OF-DIGEST.sql``; a rerun asks by the digest in the release's manifest, so the file name only has
to be another one. They stay in the repository and not in the archive of a home: a rerun on another machine needs
nothing but the bundle and this program, and what it runs was reviewed with the program, not brought by the bundle.
``indices/released.csv`` lists the digest of every method version and procedure that was ever released.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from flows.ledger.canonical import digest_files
from flows.ledger.relations import SQL, STANDING
from indices.method import METHODS_DIR, load_methods, method_digest
from indices.procedures import SQL_DIR

EARLIER = "earlier"  # the folder in that of the procedures
LIST = METHODS_DIR.with_name("released.csv")
METHOD, PROCEDURE = "method", "procedure"


@dataclass(frozen=True)
class Procedures:
    """The texts of a release's SQL procedures by file name, with their digests."""

    files: Mapping[str, Path]
    digests: Mapping[str, str]

    def text(self, name: str) -> str:
        """The text of a procedure by its name without suffix."""
        return self.files[f"{name}.sql"].read_text("utf-8")


def procedures_of(digests: Mapping[str, str], folder: Path = SQL_DIR) -> Procedures:
    """The procedures with these digests; today's text where one is not kept, with the digest that it has."""
    today = {p.name: p for p in _today(folder)}
    kept = {digest_files([path])[path.name]: path for path in (*_kept(folder), *today.values())}
    files = {name: kept.get(digests.get(name, ""), path) for name, path in today.items()}
    return Procedures(files, {name: digest_files([path])[path.name] for name, path in files.items()})


def present(methods: Path = METHODS_DIR, folder: Path = SQL_DIR) -> set[tuple[str, str, str]]:
    """Kind, name and digest of every method version and procedure that this program holds, earlier ones too."""
    found = {(METHOD, f"{m.id}.toml", method_digest(m, methods)) for m in load_methods(methods)}
    for path in (*_today(folder), *_kept(folder)):
        name = f"{path.name.split('.')[0]}.sql"
        found.add((PROCEDURE, name, digest_files([path])[path.name]))
    return found


def listed(path: Path = LIST) -> list[tuple[str, str, str]]:
    """What the list says was released: kind, file name, digest, in the order of the file."""
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["kind"], row["name"], row["digest"]) for row in csv.DictReader(file)]


def _today(folder: Path) -> Iterable[Path]:
    return (*sorted(folder.glob("*.sql")), STANDING, SQL)


def _kept(folder: Path) -> Iterable[Path]:
    return sorted((folder / EARLIER).glob("*.sql"))
