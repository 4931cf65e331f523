"""From the inbox to deliveries: find the workbooks that are not known yet, and read them in limited workers.

A delivery is known by its bytes alone, never by its file name. What belongs to a later period, or is no delivery, is
named and left where it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from flows.intake import CHANGED, PERMU, Intake, Progress, forms_in, reader, silent, unreadable
from flows.ledger.events import HISTORY
from flows.ledger.files import file_digest
from flows.ledger.store import Store
from flows.mistakes import Mistake
from flows.settings import Settings
from schemas.finding import Finding, Severity
from schemas.period import Period
from schemas.reading.record import WORKBOOKS, Delivery, Submission
from schemas.reading.workbook import MIXED, OWN

NO_WORKBOOK = ("~$", ".")  # lock files of an office program, hidden files
AGAIN = ("F90", "F91", "F92")  # the reader died, was too slow, had no memory: another run may read the file


def look(store: Store, inboxes: Sequence[Path], intake: Intake) -> None:
    """Find the workbooks that the journal does not know; the same bytes are taken once."""
    seen = store.seen() | store.permu.seen()
    known = {digest for digest, rule in seen.items() if rule not in AGAIN}
    intake.ignored, intake.unreadable, intake.seen = [], [], 0  # a retry starts afresh
    fresh: dict[str, Path] = {}
    for path in sorted(p for inbox in inboxes for p in _files(inbox)):
        if path.suffix.lower() not in WORKBOOKS or path.name.startswith(NO_WORKBOOK):
            intake.ignored.append(path)
            continue
        try:
            digest = file_digest(path)
        except OSError as error:
            intake.unreadable.append(unreadable(path, error.strerror or str(error)))
            continue
        if digest in known:
            intake.seen += 1
        elif digest in fresh:
            # two copies in one inbox: one delivery, named by the first name in order
            fresh[digest] = min(fresh[digest], path, key=lambda p: (p.name, str(p)))
            intake.seen += 1
        else:
            fresh[digest] = path
    intake.digests = sorted(fresh)
    intake.paths = [fresh[digest] for digest in intake.digests]


def _files(inbox: Path) -> list[Path]:
    if inbox.is_file():
        return [inbox]
    return [path for path in inbox.rglob("*") if path.is_file() or path.is_symlink()]


class NotHistoryError(Mistake):
    """A workbook that is no history workbook where one is asked for; the message names it."""


def read(settings: Settings, intake: Intake, progress: Progress = silent) -> None:
    """Read every workbook in the limited workers; later periods are named and left alone.

    NotHistoryError if ``intake.history_only`` and a workbook holds anything else.
    """
    total, done = len(intake.paths), 0
    intake.deliveries, intake.later, intake.own_tables = [], [], []  # a retry starts afresh

    def on_read(_position: int) -> None:
        nonlocal done
        done += 1
        progress("读取", done, total)

    read = reader(settings, on_read)(intake.paths)
    for path, digest, delivery in zip(intake.paths, intake.digests, read, strict=True):
        if delivery.digest != digest:
            intake.leave(path, CHANGED)
            continue
        if delivery.refused is not None and delivery.refused.rule == OWN:
            intake.put_aside(delivery.refused)
            intake.own_tables.append(path)
            continue
        if intake.history_only and any(s.edition != HISTORY for s in delivery.submissions):
            raise NotHistoryError(
                f"{delivery.file_name} 不是历史数据工作簿；各单位的报表请用 zhishu run 或 intake 接收。"
            )
        late = [
            s for s in delivery.submissions if Period.parse(s.period).ref_month > intake.through.ref_month
        ]
        if late and len(late) == len(delivery.submissions):
            intake.later.append(delivery)
        else:
            intake.deliveries.append(refuse_mixture(_without(delivery, late, intake.through)))
    told = [f for d in intake.deliveries for f in (*d.findings, *([d.refused] if d.refused else []))]
    intake.findings = [*intake.unreadable, *told]


def _without(delivery: Delivery, late: list[Submission], through: Period) -> Delivery:
    """A delivery whose sheets of later periods are refused: they belong in a workbook of their own."""
    refusals = tuple(
        Finding(
            rule="P01",
            severity=Severity.HARD,
            message=f"报告期 {s.period} 晚于本次处理的 {through}，而同一工作簿中有本期报表。",
            advice="请核对报告期；确属以后报告期的，届时单独报送。",
            digest=delivery.digest,
            file_name=delivery.file_name,
            submitter=s.submitter,
            period=s.period,
            form=s.form,
            sheet=s.sheet,
        )
        for s in late
    )
    kept = tuple(s for s in delivery.submissions if s not in late)
    return replace(delivery, submissions=kept, findings=delivery.findings + refusals)


def refuse_mixture(delivery: Delivery) -> Delivery:
    """Refuse a delivery whole that holds GLT09 beside other forms, even where only a head tells it."""
    forms = forms_in(delivery)
    if delivery.refused is not None or not forms & PERMU or not forms - PERMU:
        return delivery
    refusal = Finding(
        rule=MIXED,
        severity=Severity.HARD,
        message="亩均评价基础数据（赣链统09表）与其他报表放在同一工作簿，整份不予接收。",
        advice="请把赣链统09表单独成册报送。",
        digest=delivery.digest,
        file_name=delivery.file_name,
    )
    return replace(delivery, submissions=(), refused=refusal)
