"""Worker processes that outlive their pool, for tests: to start one costs more than what a small test has for it to do.

A pool with the usual limits gives its resting workers to the next pool of the same work; a pool with limits of its
own, as the tests of hostile files have it, starts and ends its own. A worker has read its code lists once, so that a
pool whose lists were changed since gets none that was there before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path
from weakref import WeakKeyDictionary

import pytest

from schemas.reading.package import Limits
from schemas.workers.pool import Pool, _Worker
from schemas.workers.process import Work

USUAL = astuple(Limits())


def kept_workers(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Until the generator is taken up again, pools begin with the workers that earlier ones left."""
    resting: defaultdict[tuple, list[_Worker]] = defaultdict(list)
    began: WeakKeyDictionary[Pool, tuple] = WeakKeyDictionary()  # the lists may change while a pool lives
    start, end = Pool.__init__, Pool.close

    def begin(pool: Pool, work: Work, workers: int) -> None:
        start(pool, work, workers)
        began[pool] = _kind(work)
        left = resting[began[pool]]
        pool._workers = [left.pop() for _ in range(min(workers, len(left)))]

    def close(pool: Pool) -> None:
        if USUAL in pool.work.arguments:  # readers and markers both carry their limits there
            idle = [w for w in pool._workers if w.ready and w.task is None]
            pool._workers = [w for w in pool._workers if w not in idle]
            resting[began[pool]] += idle
        end(pool)

    patch.setattr(Pool, "__init__", begin)
    patch.setattr(Pool, "close", close)
    yield
    for worker in (one for of_kind in resting.values() for one in of_kind):
        worker.end()


def _kind(work: Work) -> tuple:
    """What two pools have in common that can share workers: the work, and the code lists as they are on the disk."""
    lists = [Path(text) for text in work.arguments if isinstance(text, str)]
    files = sorted(path for folder in lists if folder.is_dir() for path in folder.iterdir())
    return work, tuple((path, path.stat().st_mtime_ns, path.stat().st_size) for path in files)
