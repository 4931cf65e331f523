"""Threads, file order, time zone, hash seed and locale on the small province: one digest.

Run it as ``python tests/proof_matrix.py``: twelve runs in which any two levels of two of them meet. With ``--all``
every combination (162 runs), with ``--province`` the twelve on October of the whole sample province.
``test_matrix.py`` runs a covering set of the extremes. Ends with 1 if digests differ.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from matrix import FACTORS, covering_set, deliveries, digests_under, everything
from small import small_codes

from schemas.codes import CODES_DIR
from schemas.samples.write import write_province

PROVINCE = Path(__file__).parent.parent / "sample_inputs" / "province"


def main(options: Sequence[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="matrix-") as folder:
        at = Path(folder)
        codes, source = CODES_DIR, PROVINCE
        if "--province" not in options:
            lists = small_codes(at)
            codes, source = lists.folder, at / "province"
            write_province(lists, source)
        deliveries(source, at / "inbox")
        rows = everything(FACTORS) if "--all" in options else covering_set(FACTORS)
        found = Counter(digests_under(rows, at / "inbox", codes, at / "runs"))
    print(f"{len(rows)} runs, digests: {dict(found)}")
    return 0 if len(found) == 1 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
