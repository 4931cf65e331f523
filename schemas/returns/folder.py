"""The folder of what goes back: one subfolder per submitter with marked copies, letters and comparisons.

A delivery goes to the one office that all its sheets name. Where none or several are named, somebody's
figures might reach a neighbour, so it stays under 未识别单位 and the bureau sends it on by hand.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.codes import Codes
from schemas.reading.package import Limits
from schemas.reading.record import Submission
from schemas.returns.comparison_book import comparison_workbook
from schemas.returns.letter import Letter, letter_workbook
from schemas.returns.pool import write_returns, write_whole
from schemas.returns.record import (
    COPY_SUFFIX,
    LETTER_SUFFIX,
    Kind,
    Returned,
    ReturnFile,
    ReturnJob,
    shown,
)
from schemas.territory import submitters

UNKNOWN = "未识别单位"

_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')  # characters that some file system refuses
_LONGEST = 150  # bytes of a stem; a file system takes 255 of a name, and the rest is ours


@dataclass(frozen=True)
class _Planned:
    """One file to be written: under which folder, called what, made from what."""

    folder: str
    stem: str
    suffix: str
    digest: str
    kind: Kind
    content: Returned | tuple[Submission, Submission]

    def name(self, twins: Counter[tuple[str, str]]) -> str:
        """The file's name; of two that would be called the same, each bears part of its digest."""
        apart = f"-{self.digest[:8]}" if twins[self.place] > 1 else ""
        return f"{self.stem}{apart}{self.suffix}"

    @property
    def place(self) -> tuple[str, str]:
        return (self.folder, (self.stem + self.suffix).casefold())


def write_return_folder(
    folder: Path,
    returned: Sequence[Returned],
    versions: Sequence[tuple[Submission, Submission]],
    codes: Codes,
    *,
    workers: int,
    limits: Limits | None = None,
) -> list[ReturnFile]:
    """Write all that goes back into ``folder`` (OUT/PERIOD/returns) and say what was written, in path order.

    ``returned`` are the deliveries of a batch: one without a finding that its submitter sees needs no copy,
    one that was refused gets a letter, all others a marked copy. ``versions`` are pairs (old, new) to be
    compared. Names do not depend on the order of either. PoolError if a worker cannot start.
    """
    planned = [*_deliveries(returned, codes), *_comparisons(versions, codes)]
    twins = Counter(plan.place for plan in planned)
    paths = {id(plan): folder / plan.folder / plan.name(twins) for plan in planned}
    files = []
    for plan in planned:
        path = paths[id(plan)]
        if plan.kind == "letter" and isinstance(plan.content, Returned):
            write_whole(path, _letter(plan.content, codes))
        elif plan.kind == "comparison" and isinstance(plan.content, tuple):
            write_whole(path, comparison_workbook(*plan.content, codes))
        else:
            continue
        files.append(ReturnFile(path, plan.kind, plan.folder, plan.digest))
    copies = [plan for plan in planned if plan.kind == "copy"]
    jobs = [
        _job(plan.content, paths[id(plan)], codes) for plan in copies if isinstance(plan.content, Returned)
    ]
    for plan, result in zip(copies, write_returns(jobs, codes.folder, workers, limits), strict=True):
        files.append(ReturnFile(result.path, result.kind, plan.folder, plan.digest, result.reason))
    return sorted(files, key=lambda file: str(file.path))


def _deliveries(returned: Iterable[Returned], codes: Codes) -> list[_Planned]:
    planned = []
    for one in returned:
        refused = one.delivery.refused is not None
        if not refused and not shown(one.findings):
            continue
        suffix = LETTER_SUFFIX if refused else COPY_SUFFIX
        stem = _stem(one.delivery.file_name)
        folder = office_folder(codes, submitter_of(one))
        planned.append(
            _Planned(folder, stem, suffix, one.delivery.digest, "letter" if refused else "copy", one)
        )
    return planned


def _comparisons(versions: Iterable[tuple[Submission, Submission]], codes: Codes) -> list[_Planned]:
    planned = []
    for old, new in versions:
        subject = f"-{new.subject}" if new.subject else ""
        stem = _fit(f"版本对照-{new.form}{subject}-{new.period}-第{old.version}版与第{new.version}版")
        folder = office_folder(codes, new.submitter)
        planned.append(_Planned(folder, stem, ".xlsx", old.digest, "comparison", (old, new)))
    return planned


def submitter_of(one: Returned) -> str:
    """The office that all sheets of a delivery name; "" if there is none or more than one."""
    told = [*one.delivery.submissions, *one.delivery.findings, *one.findings]
    if one.delivery.refused is not None:
        told.append(one.delivery.refused)
    named = {said.submitter for said in told if said.submitter}
    return named.pop() if len(named) == 1 else ""


def office_folder(codes: Codes, code: str) -> str:
    """``360602 余江区统计局``; 未识别单位 where the code is nobody's."""
    name = _office(codes, code)
    return _fit(f"{code} {name}") if name else UNKNOWN


def _office(codes: Codes, code: str) -> str:
    return next((office.name for office in submitters(codes) if office.code == code), "")


def _job(one: Returned, path: Path, codes: Codes) -> ReturnJob:
    office = _office(codes, submitter_of(one))
    return ReturnJob(one.source, path, one.delivery.file_name, office, one.findings, one.answers)


def _letter(one: Returned, codes: Codes) -> bytes:
    refused = one.delivery.refused
    assert refused is not None
    others = tuple(f for f in shown(one.findings) if f.id != refused.id)
    return letter_workbook(
        Letter(
            one.delivery.file_name,
            one.delivery.digest,
            _office(codes, submitter_of(one)),
            refused.rule,
            refused.message,
            refused.advice,
            others,
            one.answers,
            " ".join(part for part in (refused.sheet, refused.cell) if part),
        ),
        codes,
    )


def _stem(file_name: str) -> str:
    """The name of a file without its ending and without what an earlier return put behind it."""
    stem = Path(file_name).stem
    for suffix in (COPY_SUFFIX, LETTER_SUFFIX):
        while stem.endswith(suffix.removesuffix(".xlsx")):
            stem = stem.removesuffix(suffix.removesuffix(".xlsx"))
    return _fit(stem) or "无名文件"


def _fit(name: str) -> str:
    """A name that every file system takes."""
    fit = _UNFIT.sub("_", name).strip(" .")
    return fit.encode()[:_LONGEST].decode(errors="ignore").rstrip(" .")
