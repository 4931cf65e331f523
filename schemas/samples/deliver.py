"""Everything that ``sample_inputs/`` holds, in one call: province, history, defective and published."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from schemas.codes import Codes
from schemas.period import Period
from schemas.samples.defects import write_defective
from schemas.samples.history import write_history
from schemas.samples.published import write_published
from schemas.samples.write import DELIVERED, SEED, write_province


def write_samples(
    codes: Codes,
    out: Path,
    through: Period,
    seed: int = SEED,
    on_written: Callable[[Path], None] | None = None,
) -> list[Path]:
    """Write all samples of periods up to a month; the last month is always delivered.

    The same arguments give the same bytes. ValueError for a month outside the model.
    """
    periods = sorted({p for p in DELIVERED if p.ref_month <= through.ref_month} | {through})
    province = out / "province"
    written = write_province(codes, province, periods, seed, on_written)
    written += write_history(codes, province / "history", seed, on_written)
    if through == DELIVERED[-1]:
        written += write_defective(codes, province, out / "defective", on_written)
    return written + write_published(codes, out / "published", on_written)
