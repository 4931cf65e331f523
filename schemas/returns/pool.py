"""Marking many copies in limited processes, so that one that kills or hangs its process costs itself alone.

A workbook that cannot be marked gets a letter with the findings instead. The workers only turn bytes into
bytes; what is written is written here, whole or not at all.
"""

from __future__ import annotations

import hashlib
import marshal
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path
from typing import Any

from schemas.codes import Codes, load_codes
from schemas.finding import Reply
from schemas.reading.package import Limits, Refusal
from schemas.reading.worker import finding_in, finding_out
from schemas.returns.letter import Letter, letter_workbook
from schemas.returns.marked import CopyError, marked_copy
from schemas.returns.record import (
    COPY_SUFFIX,
    LETTER_SUFFIX,
    Answer,
    Listing,
    ReturnJob,
    ReturnResult,
    listing_of,
)
from schemas.workers.pool import Lost, Pool
from schemas.workers.process import Job, Work

_BY_LIST = "请按“审核结果”表改正原件，必要时用 Excel 或 WPS 另存为“Excel 工作簿（*.xlsx）”后重报。"


def write_returns(
    jobs: Sequence[ReturnJob],
    codes_folder: Path,
    workers: int,
    limits: Limits | None = None,
) -> list[ReturnResult]:
    """Mark these copies in worker processes and write them; results in the order of the jobs.

    PoolError if a worker cannot start.
    """
    limits = limits or Limits()
    listings = [
        listing_of(job.delivery_name, job.office, job.findings, job.answers, job.remarks) for job in jobs
    ]
    codes = load_codes(codes_folder)
    done: dict[int, ReturnResult] = {}

    def on_answer(at: int, answer: bytes | Lost) -> None:
        job = jobs[at]
        if isinstance(answer, Lost):
            made, words = b"", answer.sentence("加注", work)
        else:
            made, words = marshal.loads(answer)
        if made:
            write_whole(job.target, made)
            done[at] = ReturnResult(job.target, "copy")
        else:
            done[at] = _instead(job, listings[at], f"本工作簿无法加注：{words}", codes)

    work = Work(
        marking.__module__,
        marking.__name__,
        (str(codes_folder), astuple(limits)),
        limits.memory_bytes,
        limits.seconds,
    )
    with Pool(work, workers) as pool:
        tasks = [_encode(job, listing) for job, listing in zip(jobs, listings, strict=True)]
        pool.run(tasks, on_answer)
    return [done[at] for at in range(len(jobs))]


def marking(codes_folder: str, limits: tuple[Any, ...]) -> Job:
    """The job of a process that marks copies: from a marshalled task to the copy, or to why there is none."""
    codes, bounds = load_codes(Path(codes_folder)), Limits(*limits)

    def job(task: bytes) -> bytes:
        source, name, office, findings, answers, remarks = marshal.loads(task)
        known = {id: Answer(Reply(reply), *rest) for id, (reply, *rest) in answers.items()}
        listing = Listing(name, office, tuple(map(finding_in, findings)), known, remarks)
        try:
            data = Path(os.fsdecode(source)).read_bytes()
            return marshal.dumps((marked_copy(data, listing, codes, bounds), ""))
        except MemoryError:
            raise
        except (CopyError, Refusal) as error:
            return marshal.dumps((b"", str(error)))
        except Exception as error:
            words = f"遇到未料到的内容（{type(error).__name__}：{str(error)[:200]}）。"
            return marshal.dumps((b"", words))

    return job


def _encode(job: ReturnJob, listing: Listing) -> bytes:
    answers = {id: (str(a.reply), a.reason, a.text, a.remark) for id, a in listing.answers.items()}
    findings = tuple(map(finding_out, listing.findings))
    source = os.fsencode(job.source.absolute())
    return marshal.dumps((source, job.delivery_name, job.office, findings, answers, listing.remarks))


def _instead(job: ReturnJob, listing: Listing, reason: str, codes: Codes) -> ReturnResult:
    """A letter with the findings in the place of a copy."""
    letter = Letter(listing, _digest(job), "", reason, _BY_LIST, taken=True)
    target = job.target.with_name(job.target.name.removesuffix(COPY_SUFFIX) + LETTER_SUFFIX)
    write_whole(target, letter_workbook(letter, codes))
    return ReturnResult(target, "letter", reason)


def _digest(job: ReturnJob) -> str:
    with suppress(OSError), job.source.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
    return "无法读取"


def write_whole(target: Path, data: bytes) -> None:
    """Write a file so that nobody ever sees half of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.part")
    beside.write_bytes(data)
    beside.replace(target)
