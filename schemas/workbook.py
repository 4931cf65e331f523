"""The workbooks that are sent out and, for samples, those that come back: one per submitter and period.

``blank_workbook`` gives what an office fills in, ``filled_workbook`` the same with figures in it. The
bytes are reproducible: no clock, parts in name order, fixed times in the archive.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence

from openpyxl import Workbook

from schemas.blank import draw
from schemas.codes import Codes
from schemas.dropdowns import Lists
from schemas.form import Form
from schemas.packing import saved
from schemas.page import Filled, Head, Page
from schemas.period import Period
from schemas.stationery import Looks, Paper
from schemas.territory import Due, Submitter, delivery_due, edition


def blank_files(
    codes: Codes, office: Submitter, period: Period, *, revisions: bool = False
) -> Iterator[tuple[str, bytes]]:
    """The blank workbooks of an office for a period, as file name below the output folder and bytes.

    One workbook holds all statistical forms due; a county's annual GLT09 comes in one of its own,
    for it goes to another store. ``revisions`` adds an empty GLT10, which is filed only on occasion.
    Nothing is given if the office owes nothing.
    """
    dues = delivery_due(codes, office, period)
    if revisions:
        dues += (Due(office.code, period, "GLT10"),)
    if dues:
        yield f"{period}/{office.code}.xlsx", blank_workbook(codes, office, dues)
    if office.level == "county" and period.annual:
        register = (Due(office.code, period, "GLT09"),)
        yield f"{period}/{office.code}-GLT09.xlsx", blank_workbook(codes, office, register)


def blank_workbook(
    codes: Codes, office: Submitter, dues: Sequence[Due], forms: Mapping[str, Form] | None = None
) -> bytes:
    """The blank forms of an office: one sheet per submission due, in the given order.

    ``forms`` gives another edition of a form, by its code. ValueError if forms of the two stores
    (GLT09 and the others) are mixed, or there is none.
    """
    pages = [Page(codes, office, _form(due, forms), due) for due in dues]
    if len({page.form.store for page in pages}) > 1:
        raise ValueError("亩均评价基础数据（赣链统09表）须单独成册，不能与其他表放在同一工作簿")
    return _workbook(pages)


def filled_workbook(
    codes: Codes,
    office: Submitter,
    head: Head,
    sheets: Sequence[Filled],
    forms: Mapping[str, Form] | None = None,
) -> bytes:
    """The filled forms of an office; ``forms`` gives another edition of a form, by its code.

    Rows and texts are written as they are given, right or wrong: judging them is the reader's work.
    """
    return _workbook([Page(codes, office, _form(s.due, forms), s.due, head, s) for s in sheets])


def _form(due: Due, forms: Mapping[str, Form] | None) -> Form:
    return (forms or {}).get(due.form) or edition(due.form, due.period)


def _workbook(pages: Sequence[Page]) -> bytes:
    if not pages:
        raise ValueError("没有应报的表，不生成空工作簿")
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    lists = Lists()
    looks: Looks | None = None
    for page in pages:
        title = f"{page.form.code} {page.due.subject}".strip()
        sheet = workbook.create_sheet(title)
        looks = looks or Looks(workbook)
        draw(Paper(sheet, looks), page, lists)
    lists.write(workbook)
    last = max(page.due.period for page in pages)
    stamp = datetime.datetime.fromisoformat(last.last_day)
    properties = workbook.properties
    properties.creator = pages[0].form.authority
    properties.title = f"{pages[0].office.code} {last.printed}"
    properties.created = stamp
    return saved(workbook, stamp)


__all__ = ["Filled", "Head", "blank_files", "blank_workbook", "filled_workbook"]
