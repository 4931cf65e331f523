"""What must not move a digest: threads, file order, time zone, hash seed, locale; runs of one month under each.

A process has one hash seed, so that the runs of a seed share a process; the rest is set before each run, for it and
for the workers that it starts. The deliveries are those of one month of the small province and a second version of
one of them, so that the order in which files are met could decide which version stands.
"""

from __future__ import annotations

import hashlib
import json
import locale
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, groupby, product
from pathlib import Path

from openpyxl import load_workbook

Factors = Mapping[str, Sequence]
Combination = dict[str, object]

FACTORS: Factors = {
    "seed": ("0", "77", "1269"),
    "threads": (1, 2, 4),
    "order": ("as named", "reversed", "shuffled"),
    "zone": ("Asia/Shanghai", "UTC", "America/New_York"),
    "locale": ("C.utf8", "POSIX"),
}
ENDS: Factors = {name: (levels[0], levels[-1]) for name, levels in FACTORS.items()}


def everything(factors: Factors) -> list[Combination]:
    """Every combination."""
    return [dict(zip(factors, levels, strict=True)) for levels in product(*factors.values())]


def covering_set(factors: Factors) -> list[Combination]:
    """Few combinations in which any two levels of two factors meet: each time the one that adds most pairs."""
    left = {pair for row in everything(factors) for pair in pairs(row)}
    chosen = []
    while left:
        best = max(everything(factors), key=lambda row: len(pairs(row) & left))
        left -= pairs(best)
        chosen.append(best)
    return sorted(chosen, key=lambda row: str(row["seed"]))


def pairs(row: Combination) -> set[tuple]:
    """The pairs of levels that a combination holds."""
    return set(combinations(row.items(), 2))


def deliveries(inbox: Path, folder: Path) -> None:
    """The October workbooks of an inbox, and one of them again as 版次 2 with another revenue in its first row."""
    shutil.copytree(inbox / "2026-10", folder)
    book = load_workbook(folder / "360602.xlsx")
    for sheet in book.worksheets:
        head = [cell for row in sheet.iter_rows(max_row=12) for cell in row if cell.value is not None]
        head[next(at for at, cell in enumerate(head) if cell.value == "版次：") + 1].value = 2
    book["GLT02"]["K15"].value += 1
    book.save(folder / "360602-2.xlsx")


def digests_under(rows: Iterable[Combination], inbox: Path, codes: Path, folder: Path) -> list[str]:
    """One digest for each combination, over release, tables and workbooks; a process for each hash seed."""
    found = []
    for seed, of_seed in groupby(rows, key=lambda row: str(row["seed"])):
        where = folder / f"seed {seed}"
        given = [json.dumps(list(of_seed)), inbox, codes, where]
        done = subprocess.run(
            [sys.executable, __file__, *map(str, given)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE, check=True,
        )  # fmt: skip
        found += json.loads(done.stdout.splitlines()[-1])
    return found


def digest_of(row: Combination, inbox: Path, codes: Path, folder: Path) -> str:
    """One run in this process, from an empty home."""
    from flows.batch import run_batch
    from flows.settings import Settings
    from schemas.period import Period

    os.environ |= {"TZ": str(row["zone"]), "LC_ALL": str(row["locale"])}
    time.tzset()
    locale.setlocale(locale.LC_ALL, str(row["locale"]))
    files = sorted(inbox.glob("*.xlsx"), reverse=row["order"] == "reversed")
    if row["order"] == "shuffled":
        random.Random(folder.name).shuffle(files)
    in_order = folder / "inbox"
    in_order.mkdir(parents=True)
    for number, path in enumerate(files):
        shutil.copy(path, in_order / f"{number:03d}.xlsx")
    threads = int(str(row["threads"]))
    settings = Settings(home=folder / "home", codes_folder=codes, threads=threads, workers=min(threads, 2))
    outcome = run_batch(settings, Period.parse("2026-10"), [in_order], folder / "out")
    assert outcome.release is not None and len(outcome.files) == 6
    told = [outcome.release.digest, *sorted(outcome.release.tables.items()), outcome.release.manifest.head]
    told += [(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in sorted(outcome.files)]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()


def main(rows: Sequence[Combination], inbox: Path, codes: Path, folder: Path) -> None:
    found = []
    for number, row in enumerate(rows):
        at = folder / str(number)
        found.append(digest_of(row, inbox, codes, at))
        shutil.rmtree(at)
        print(row, found[-1][:12], file=sys.stderr)
    print(json.dumps(found))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), *map(Path, sys.argv[2:]))
