"""What a read workbook is: deliveries, submissions and cells, before anything is judged by a rule.

These records cross the process border from the reader's workers, so they are plain and small.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from schemas.finding import Finding
from schemas.reading.squeezing import squeezed

# endings of files that are taken up; those that are no xlsx are refused with a reason of their own
WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".xltx", ".xltm", ".et", ".ett", ".xlsb")


class Cell(NamedTuple):
    """One data cell.

    ``row`` counts the data rows of the submission from 0 (in a long form: its value columns).
    ``raw`` is the text that stands in the file. ``kind`` is number, text, formula (a number that
    a formula gave), error, bool or blank. ``value`` is the exact plain decimal text of a number
    (at most 4 decimals), the trimmed text of a text field, None where blank or unreadable.
    ``cleaned`` names what the cleaner did, joined by ``|``. ``mark`` is N, W, C or empty.
    """

    row: int
    field: str
    address: str
    raw: str
    kind: str
    value: str | None
    cleaned: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Submission:
    """One form of one submitter for one period, in a long form of one subject: one sheet."""

    form: str
    edition: str
    period: str
    submitter: str
    subject: str
    version: int  # 版次
    reported_on: str  # 报出日期, ISO
    office: str  # 综合机关名称 as written: the role
    sheet: str
    cells: tuple[Cell, ...]
    findings: tuple[Finding, ...]
    digest: str = ""  # of the delivery
    file_name: str = ""
    signed: tuple[str, ...] = ()  # 单位负责人, 统计负责人, 填表人: none of them may approve it
    phone: str = ""  # 联系电话 of who filled it; no part of the content, and never in the journal

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """Period, submitter, form, subject: what a newer version replaces."""
        return (self.period, self.submitter, self.form, self.subject)

    def signed_by(self, name: str) -> bool:
        """True if a person of this name signed it, however the name is spaced or its width."""
        return squeezed(name) in map(squeezed, self.signed)


@dataclass(frozen=True)
class Explanation:
    """What a submitter answers to one soft finding, on the sheet 审核结果 of a workbook."""

    finding: str  # the finding's id
    reason: str  # code of explanation_reasons
    text: str
    sheet: str
    cell: str  # where the text stands


@dataclass(frozen=True)
class Delivery:
    """One workbook file as read. ``refused`` tells why nothing in it could be taken."""

    digest: str  # SHA-256 of the bytes
    file_name: str
    size: int
    submissions: tuple[Submission, ...] = ()
    findings: tuple[Finding, ...] = ()  # those that belong to no submission
    refused: Finding | None = None
    explanations: tuple[Explanation, ...] = ()
