"""The job of a reader process: from a path to the marshalled plain tuples of the delivery.

Nothing else is imported here than the reader, so that a process is there in a fraction of a second.
"""

from __future__ import annotations

import hashlib
import importlib
import marshal
import os
from collections.abc import Callable
from dataclasses import astuple
from functools import partial
from pathlib import Path
from typing import Any

from schemas.codes import Codes, load_codes
from schemas.finding import Finding, Outcome, Reply, Severity
from schemas.form import load_forms
from schemas.reading.notes import Notes
from schemas.reading.package import Limits, Refusal, too_large
from schemas.reading.record import Cell, Delivery, Explanation, Submission
from schemas.reading.workbook import refused
from schemas.workers.process import Job

Read = Callable[[bytes, str, Codes, Limits], Delivery]


def encode(delivery: Delivery) -> bytes:
    """The delivery as plain tuples; the cells as columns, which marshal fastest."""
    plain: Any = (
        delivery.digest,
        delivery.file_name,
        delivery.size,
        tuple(
            (
                s.form, s.edition, s.period, s.submitter, s.subject, s.version, s.reported_on, s.office,
                s.sheet, tuple(zip(*s.cells, strict=True)), tuple(map(finding_out, s.findings)), s.digest,
                s.file_name, s.signed, s.phone,
            )
            for s in delivery.submissions
        ),
        tuple(map(finding_out, delivery.findings)),
        None if delivery.refused is None else finding_out(delivery.refused),
        tuple(map(astuple, delivery.explanations)),
    )  # fmt: skip
    return marshal.dumps(plain)


def decode(data: bytes) -> Delivery:
    """The delivery that ``encode`` wrote."""
    digest, file_name, size, submissions, findings, refusal, explanations = marshal.loads(data)
    return Delivery(
        digest,
        file_name,
        size,
        tuple(map(_submission_in, submissions)),
        tuple(map(finding_in, findings)),
        None if refusal is None else finding_in(refusal),
        tuple(Explanation(*plain) for plain in explanations),
    )


def _submission_in(plain: tuple[Any, ...]) -> Submission:
    cells = tuple(map(_cell, zip(*plain[9], strict=True)))
    fields: list[Any] = [*plain[:9], cells, tuple(map(finding_in, plain[10])), *plain[11:]]
    return Submission(*fields)


_cell = partial(tuple.__new__, Cell)


def finding_out(f: Finding) -> tuple[Any, ...]:
    """A finding as a plain tuple."""
    return (
        f.rule, str(f.severity), f.message, f.advice, f.level, str(f.outcome), str(f.reply), f.digest,
        f.file_name, f.submitter, f.period, f.form, f.edition, f.subject, f.sheet, f.cell, f.row_key,
        f.field, f.value,
    )  # fmt: skip


def finding_in(plain: tuple[Any, ...]) -> Finding:
    """The finding that ``finding_out`` gave."""
    rule, severity, message, advice, level, outcome, reply, *rest = plain
    return Finding(rule, Severity(severity), message, advice, level, Outcome(outcome), Reply(reply), *rest)


def reading(module: str, name: str, codes_folder: str, limits: tuple[Any, ...]) -> Job:
    """The job of a process that reads with this function, within these limits."""
    read: Read = getattr(importlib.import_module(module), name)
    codes, bounds = load_codes(Path(codes_folder)), Limits(*limits)
    load_forms()

    def job(task: bytes) -> bytes:
        return encode(read_path(Path(os.fsdecode(task)), codes, bounds, read))

    return job


def read_path(path: Path, codes: Codes, limits: Limits, read: Read) -> Delivery:
    """Read one file; what cannot be opened or is too large is refused before it is in memory."""
    notes = Notes("", path.name)
    try:
        if not path.is_file():
            raise Refusal("F01", "不是文件，无法读取。", "请检查收件文件夹。")
        size = path.stat().st_size
        if size > limits.max_bytes:
            with path.open("rb") as file:
                notes.digest = hashlib.file_digest(file, "sha256").hexdigest()
            return refused(notes, size, too_large(size, limits))
        data = path.read_bytes()
    except OSError as error:
        return refused(notes, 0, Refusal("F01", f"文件打不开（{error.strerror}）。", "请检查文件和权限。"))
    except Refusal as refusal:
        return refused(notes, 0, refusal)
    try:
        return read(data, path.name, codes, limits)
    except MemoryError:
        raise
    except Exception as error:
        notes.digest = hashlib.sha256(data).hexdigest()
        message = f"读取程序遇到未料到的内容（{type(error).__name__}：{str(error)[:200]}）。"
        advice = "请用 Excel 或 WPS 另存为“Excel 工作簿（*.xlsx）”后重报，并把原文件交系统管理员。"
        return refused(notes, len(data), Refusal("F92", message, advice))
