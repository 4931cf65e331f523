"""200 random edits of one source cell on the small province: what lists the cell moves, nothing else does.

Run it as ``python tests/proof_edits.py``; it takes about a minute and ends with 1 if a claim of
``edits.judge`` does not hold. ``test_edits.py`` does the same with fewer edits.
"""

import sys
import tempfile
from pathlib import Path

from edits import batches, month_of, run
from small import small_codes

from flows.batch import run_batch
from flows.settings import Settings
from schemas.period import Period
from schemas.samples.history import write_history
from schemas.samples.write import write_province

EDITS, SEED = 200, 1269
MONTH = Period.parse("2026-10")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="edits-") as folder:
        at = Path(folder)
        codes = small_codes(at)
        write_province(codes, at / "inbox")
        write_history(codes, at / "inbox" / "history")
        run_batch(Settings(home=at / "home", codes_folder=codes.folder), MONTH, [at / "inbox"], None)
        with month_of(at / "home", codes, MONTH) as month:
            edits = month.edits(EDITS, SEED)
            told = run(month, edits)
            listing = sum(bool(edit.listed) for edit in edits)
            print(
                f"{len(edits)} edits in {len(batches(edits))} computations; {listing} cells are listed by a value"
            )
            print(
                "scores that list a changed cell:",
                ", ".join(f"{n} {what}" for what, n in told.scores.most_common()),
            )
            print("\n".join(told.wrong) or "every claim holds")
    return 1 if told.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
