"""What a month costs against the least that its files could cost. Not a test: run it by hand.

    python tests/benchmark_month.py [--runs 3]

Prints, for a warm process with 2 workers, the ratio of the whole month without Prefect (2026-10: read, archive, check,
record, compute, write six workbooks) to unzip + expat over the same files (one process, no handlers), with the cold
start beside it, what checking costs against reading, and peak memory. The home already holds history, 2025-12, 2025 and 2026-09, as in a real month.
"""

import argparse
import gc
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

from flows.batch import Month, run_batch
from flows.settings import Settings
from schemas.period import Period

PROVINCE = Path(__file__).parent.parent / "sample_inputs" / "province"
MONTH = Period.parse("2026-10")


def floor(paths: list[Path]) -> float:
    """Seconds to inflate every XML part and let expat read it, without handlers."""
    started = time.perf_counter()
    for path in paths:
        with zipfile.ZipFile(path) as package:
            for name in package.namelist():
                if name.endswith((".xml", ".rels")):
                    expat.ParserCreate().Parse(package.read(name), True)
    return time.perf_counter() - started


def prepared_home(folder: Path) -> Path:
    """A home that holds everything before the month."""
    inbox = folder / "before"
    shutil.copytree(PROVINCE, inbox, ignore=shutil.ignore_patterns(str(MONTH)))
    run_batch(Settings(home=folder / "home"), MONTH.previous_report(), [inbox], None)
    return folder / "home"


@dataclass(frozen=True)
class Cost:
    """Seconds of one phase: by the clock, and of the processors in this process and its workers."""

    clock: float
    processor: float


def month(home: Path, folder: Path) -> dict[str, Cost]:
    """What each phase of one month costs in a copy of the home."""
    copy = folder / "copy"
    shutil.copytree(home, copy)
    settings = Settings(home=copy, workers=2, threads=2)
    costs = {}
    try:
        with Month(settings, MONTH, [PROVINCE / str(MONTH)], folder / "out") as run:
            for name, step in run.steps():
                clock, processor = time.perf_counter(), processors()
                step()
                costs[name] = Cost(time.perf_counter() - clock, processors() - processor)
        return costs
    finally:
        shutil.rmtree(copy)


def processors() -> float:
    """Processor seconds of this process and of the workers that ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def peak_mib() -> tuple[float, float]:
    """Peak memory of this process and of its largest reader, MiB."""
    return tuple(
        resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )  # type: ignore[return-value]


def main() -> None:
    gc.set_threshold(100_000)  # as the command line does
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--once", type=Path, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    paths = sorted((PROVINCE / str(MONTH)).glob("*.xlsx"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if given.once:
            month(given.once, folder)
            own, reader = peak_mib()
            print(f"peak memory of a cold month: {own:.0f} MiB, its largest reader {reader:.0f} MiB")
            return
        home = prepared_home(folder)
        lowest = statistics.median(floor(paths) for _ in range(5))
        month(home, folder)  # warm
        runs = [month(home, folder) for _ in range(given.runs)]
        totals = [sum(cost.clock for cost in run.values()) for run in runs]
        started = time.perf_counter()
        subprocess.run([sys.executable, __file__, "--once", str(home)], check=True)
        cold = time.perf_counter() - started
        print(f"{len(paths)} workbooks; floor (unzip + expat, one process): {lowest:.3f} s")
        for phase in runs[0]:
            clock = statistics.median(run[phase].clock for run in runs)
            used = statistics.median(run[phase].processor for run in runs)
            print(f"  {phase}: {clock:.3f} s, {used:.3f} processor seconds")
        reading, checking = (
            sum(statistics.median(run[phase].processor for run in runs) for phase in phases)
            for phases in (("读取报表",), ("审核", "表间核对"))
        )
        print(f"checking / reading, processor seconds: {checking / reading:.2f}")
        print(
            f"whole month, warm: {statistics.median(totals):.3f} s, ratio {statistics.median(totals) / lowest:.1f}"
        )
        print(f"whole month, cold process: {cold:.3f} s, ratio {cold / lowest:.1f}")


if __name__ == "__main__":
    main()
