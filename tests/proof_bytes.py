"""300 one-bit edits of a kept home, and lines of its journal deleted, moved and cut off: what ``verify`` says of them.

``python tests/proof_bytes.py [HOME]``; without a home the sample month is computed first. Nothing in HOME is
changed. Ends with 1 if an edit was not seen, or seen and not named.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from byte_edits import NAMED, NO_ROW, UNNAMED, UNSEEN, Kept, rewritten

from flows.batch import run_batch
from flows.ledger.store import Store
from flows.settings import Settings
from flows.verify import verify_record
from schemas.period import Period

PROVINCE = Path(__file__).parent.parent / "sample_inputs" / "province"
EACH, LINES = 50, 20  # edits of each of six parts; edits of the journal of each kind


def main(given: list[str]) -> int:
    """Print a table of what became of the edits."""
    with tempfile.TemporaryDirectory(prefix="zhishu-") as folder:
        home = Path(given[0]) if given else _sample_home(Path(folder))
        kept = Kept(home, Path(folder) / "kept")
        bad = _bytes(kept)
        bad += _lines(kept)
    print("每处改动都被指明，或没有改变任何一行。" if not bad else f"{bad} 处改动没有被指明。")
    return 1 if bad else 0


def _sample_home(folder: Path) -> Path:
    home = folder / "home"
    run_batch(Settings(home=home), Period.parse("2026-10"), [PROVINCE], None)
    return home


def _bytes(kept: Kept) -> int:
    counts: Counter[tuple[str, str]] = Counter()
    for outcome in kept.edits("300", EACH):
        counts[outcome.part, outcome.kind] += 1
        if outcome.kind not in (NAMED, NO_ROW):
            print(f"{outcome.part} {outcome.file} 第 {outcome.at} 字节：{outcome.kind} {outcome.told[:2]}")
    kinds = (NAMED, NO_ROW, UNNAMED, UNSEEN)
    print(f"{'part':12}{'edits':>7}" + "".join(f"{kind:>20}" for kind in kinds))
    for part in kept.parts:
        print(f"{part:12}{EACH:>7}" + "".join(f"{counts[part, kind]:>20}" for kind in kinds))
    return sum(n for (_, kind), n in counts.items() if kind not in (NAMED, NO_ROW))


def _lines(kept: Kept) -> int:
    """Lines deleted, swapped, cut off, and the chain written anew with its head: the number not found."""
    journal = kept.home / "journal.jsonl"
    head, sound = journal.with_suffix(".head"), journal.read_bytes()
    anchor, bad = head.read_text().split()[1], 0
    for kind, data in _changed(sound.splitlines(keepends=True)):
        journal.write_bytes(data)
        found = verify_record(Store(kept.home))
        bad += not found
        print(f"journal, {kind}: {found[0] if found else 'NOT SEEN'}")
    journal.write_bytes(rewritten(sound.splitlines(), "另一人"))
    last = json.loads(journal.read_bytes().splitlines()[-1])
    head.write_text(f"{last['seq']} {last['hash']}\n")
    found = verify_record(Store(kept.home), anchors=[(None, anchor)])
    told = [problem for problem in found if "没有留存的哈希" in problem]
    print(f"journal, rewritten whole with its head: {told[0] if told else 'NOT SEEN'}")
    return bad + (not told)


def _changed(lines: list[bytes]) -> Iterator[tuple[str, bytes]]:
    chance = random.Random("lines")
    for _ in range(LINES):
        at = chance.randrange(len(lines) - 1)
        yield f"line {at + 1} deleted", b"".join([*lines[:at], *lines[at + 1 :]])
        yield (
            f"lines {at + 1} and {at + 2} swapped",
            b"".join([*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]),
        )
        yield f"cut off after line {at + 1}", b"".join(lines[: at + 1])
    yield "last line cut off", b"".join(lines[:-1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
