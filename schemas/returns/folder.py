"""The folder of what goes back: one subfolder per submitter with marked copies, letters and comparisons.

A delivery goes to the one office that all its sheets name. Where none or several are named, somebody's
figures might reach a neighbour, so it stays under 未识别单位 and the bureau sends it on by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from schemas.codes import Codes
from schemas.reading.package import Limits
from schemas.reading.record import Delivery, Submission
from schemas.returns.comparison_book import comparison_workbook
from schemas.returns.letter import Letter, letter_workbook
from schemas.returns.naming import TAG, Name, fit, names_in, stem_of
from schemas.returns.pool import write_returns, write_whole
from schemas.returns.record import (
    COPY_SUFFIX,
    LETTER_SUFFIX,
    Returned,
    ReturnFile,
    ReturnJob,
    listing_of,
    shown,
)
from schemas.territory import BUREAU, submitters

UNKNOWN = "未识别单位"


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
    compared. Names do not depend on the order of either, and no file of another delivery is overwritten.
    PoolError if a worker cannot start.
    """
    sent = [one for one in returned if one.delivery.refused is not None or shown(one.findings)]
    stems = names_in(
        folder,
        [
            Name(office_folder(codes, submitter_of(one)), stem_of(d.file_name), d.digest)
            for one in sent
            for d in [one.delivery]
        ],
    )
    files, copies = [], []
    for one, stem in zip(sent, stems, strict=True):
        if one.delivery.refused is None:
            copies.append((one, stem))
            continue
        path = folder / stem.folder / f"{stem.stem}{LETTER_SUFFIX}"
        write_whole(path, _letter(one, codes))
        files.append(ReturnFile(path, "letter", stem.folder, one.delivery.digest))
    jobs = [_job(one, folder / stem.folder / f"{stem.stem}{COPY_SUFFIX}", codes) for one, stem in copies]
    results = write_returns(jobs, codes.folder, workers, limits)
    for (one, stem), result in zip(copies, results, strict=True):
        files.append(ReturnFile(result.path, result.kind, stem.folder, one.delivery.digest, result.reason))
    files += _write_comparisons(folder, versions, codes)
    return sorted(files, key=lambda file: str(file.path))


def _write_comparisons(
    folder: Path, versions: Sequence[tuple[Submission, Submission]], codes: Codes
) -> list[ReturnFile]:
    """A comparison says nothing but what its versions say: one of other bytes is of other versions."""
    plain = [
        folder / office_folder(codes, new.submitter) / f"{_comparison_stem(old, new)}.xlsx"
        for old, new in versions
    ]
    files = []
    for (old, new), path in zip(versions, plain, strict=True):
        data = comparison_workbook(old, new, codes)
        if plain.count(path) > 1 or (path.exists() and path.read_bytes() != data):
            path = path.with_stem(f"{path.stem}-{old.digest[:TAG]}-{new.digest[:TAG]}")
        write_whole(path, data)
        files.append(ReturnFile(path, "comparison", path.parent.name, new.digest))
    return files


def _comparison_stem(old: Submission, new: Submission) -> str:
    subject = f"-{new.subject}" if new.subject else ""
    return fit(f"版本对照-{new.form}{subject}-{new.period}-第{old.version}版与第{new.version}版")


def submitter_of(one: Returned) -> str:
    """The office that all sheets of a delivery name; "" if there is none or more than one."""
    named = {s.submitter for s in one.delivery.submissions}
    named |= {f.submitter for f in (*one.delivery.findings, *one.findings)}
    if one.delivery.refused is not None:
        named.add(one.delivery.refused.submitter)
    named.discard("")
    return named.pop() if len(named) == 1 else ""


def office_folder(codes: Codes, code: str) -> str:
    """``360602 余江区统计局``; 未识别单位 where the code is nobody's."""
    name = _office(codes, code)
    return fit(f"{code} {name}") if name else UNKNOWN


def _office(codes: Codes, code: str) -> str:
    return next((office.name for office in (*submitters(codes), BUREAU) if office.code == code), "")


def _job(one: Returned, path: Path, codes: Codes) -> ReturnJob:
    office = _office(codes, submitter_of(one))
    return ReturnJob(
        one.source, path, one.delivery.file_name, office, one.findings, one.answers, _which(one.delivery)
    )


def _which(delivery: Delivery) -> tuple[str, ...]:
    """Which versions a copy is about, since the copies of earlier ones stay beside it."""
    judged = "、".join(
        " ".join(part for part in (s.form, s.subject, s.period, f"第 {s.version} 版") if part)
        for s in delivery.submissions
    )
    if not judged:
        return ()
    return (f"本件所审：{judged}；同一报表有几份退件的，以所审版次最大的一份为准。",)


def _letter(one: Returned, codes: Codes) -> bytes:
    refused = one.delivery.refused
    assert refused is not None
    office = _office(codes, submitter_of(one))
    others = [finding for finding in one.findings if finding.id != refused.id]
    listing = listing_of(one.delivery.file_name, office, others, one.answers)
    place = " ".join(part for part in (refused.sheet, refused.cell) if part)
    letter = Letter(listing, one.delivery.digest, refused.rule, refused.message, refused.advice, place)
    return letter_workbook(letter, codes)
