"""Deadlines and working days, against days looked up by hand in the State Council's announcements."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from schemas.deadline import deadlines_for, due_day
from schemas.form import FORMS_DIR, FormError, form_for, load_forms, read_form
from schemas.period import Period
from schemas.workdays import WorkCalendar, WorkdayError, load_workdays

LIBRARY = WorkCalendar()


def due(form: str, period: str, level: str = "county") -> list[tuple[str, date]]:
    when = Period.parse(period)
    found = deadlines_for(form_for(form, when).deadlines, when, level)
    return [(d.label, due_day(d, when, LIBRARY)) for d in found]


@pytest.mark.parametrize(
    ("form", "period", "expected"),
    [
        # 20 November 2026 is a Friday, the 16th a Monday
        ("GLT01", "2026-10", [("产值、增加值", date(2026, 11, 16)), ("", date(2026, 11, 20))]),
        # Sunday 20 September 2026 is a make-up working day (National Day), so nothing moves
        ("GLT02", "2026-08", [("", date(2026, 9, 20))]),
        ("GLT02", "2025", [("", date(2026, 4, 30))]),
        # 22 February 2026 is in the Spring Festival holiday of 15 to 23 February
        ("GLT03", "2026-01", [("", date(2026, 2, 24))]),
        ("GLT04", "2026Q3", [("", date(2026, 10, 20))]),
        # Saturday 25 April 2026 moves to Monday
        ("GLT05", "2026Q1", [("", date(2026, 4, 27))]),
        ("GLT06", "2026Q2", [("", date(2026, 7, 15))]),
        # Saturday 10 October 2026 is a make-up working day
        ("GLT08", "2026-09", [("", date(2026, 10, 10))]),
        # Sunday 31 May 2026 moves to Monday
        ("GLT09", "2025", [("", date(2026, 6, 1))]),
    ],
)
def test_due_days(form: str, period: str, expected: list[tuple[str, date]]) -> None:
    assert due(form, period) == expected


def test_december_is_due_in_the_next_year_and_a_short_month_on_its_last_day() -> None:
    when = Period.parse("2025-12")
    (deadline,) = deadlines_for(form_for("GLT02", when).deadlines, when, "county")
    assert due_day(deadline, when, LIBRARY) == date(2026, 1, 20)
    # 28 February 2026 is a Saturday made up for the Spring Festival
    assert due_day(replace(deadline, months_after=2, day=31), when, LIBRARY) == date(2026, 2, 28)


def test_working_days_after_an_event() -> None:
    (deadline,) = form_for("GLT10", Period.parse("2026-09")).deadlines
    assert deadline.workdays == 5
    # found on Wednesday 30 September: 8, 9, 10 (Saturday, made up), 12, 13 October
    assert LIBRARY.after(date(2026, 9, 30), 5) == date(2026, 10, 13)
    with pytest.raises(ValueError, match="截止日期"):
        due_day(deadline, Period.parse("2026-09"), LIBRARY)


@pytest.mark.parametrize(
    ("deadline", "received", "days"),
    [
        ("2026-11-20", "2026-11-20", 0),
        ("2026-11-20", "2026-11-19", 0),
        ("2026-11-20", "2026-11-21", 1),  # a Saturday counts as the Monday after it
        ("2026-11-20", "2026-11-23", 1),
        ("2026-11-20", "2026-11-26", 4),
        ("2026-09-30", "2026-10-08", 1),  # the whole of National Day lies between
        ("2026-09-30", "2026-10-10", 3),  # the make-up Saturday counts
        ("2026-02-13", "2026-02-24", 2),  # Saturday 14 is made up, then Spring Festival to the 23rd
    ],
)
def test_lateness_in_working_days(deadline: str, received: str, days: int) -> None:
    assert LIBRARY.late(date.fromisoformat(deadline), date.fromisoformat(received)) == days


def test_where_the_knowledge_ends_it_is_said() -> None:
    new_year = date(2027, 1, 1)  # a Friday, surely a holiday, and not yet in the library
    assert not LIBRARY.known(new_year) and LIBRARY.works(new_year)
    warning = LIBRARY.warning(date(2026, 12, 1), new_year)
    assert "2027年" in warning and "workdays.csv" in warning and "周一至周五" in warning
    assert LIBRARY.warning(date(2026, 1, 1), date(2026, 12, 31)) == ""


def test_the_list_stands_before_the_library(tmp_path: Path) -> None:
    (tmp_path / "workdays.csv").write_text(
        "date,working,note\n2027-01-01,0,元旦\n2027-01-02,1,调休\n2026-11-20,0,防汛\n", "utf-8"
    )
    listed = load_workdays(tmp_path)
    assert not listed.works(date(2027, 1, 1)) and listed.works(date(2027, 1, 2))
    assert listed.warning(date(2027, 1, 1), date(2027, 1, 2)) == ""
    when = Period.parse("2026-10")
    assert due_day(deadlines_for(form_for("GLT02", when).deadlines, when, "county")[0], when, listed) == date(
        2026, 11, 23
    )
    assert load_workdays(tmp_path / "none").works(date(2026, 11, 20))


@pytest.mark.parametrize(
    ("line", "words"),
    [("2027-13-01,0,", "2027-13-01"), ("2027-01-01,否,", "'否'"), ("2027-01-04,1,\n2027-01-04,1,", "重复")],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, words: str) -> None:
    (tmp_path / "workdays.csv").write_text(f"date,working,note\n{line}\n", "utf-8")
    with pytest.raises(WorkdayError, match=words):
        load_workdays(tmp_path)


def test_every_edition_says_when_it_is_due() -> None:
    for form in load_forms():
        assert form.deadlines, form.id
        assert all(f"{d.day}日" in form.deadline for d in form.deadlines if d.day and d.frequency != "A"), (
            form.id
        )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            'day = 20\n\n[[deadlines]]\nfrequency = "A"',
            'day = 20\n\n[[deadlines]]\nfrequency = "Q"',
            "频率 A",
        ),
        ('frequency = "M"\nday = 20', 'frequency = "M"', "day 或 workdays"),
        ('frequency = "M"\nday = 20', 'frequency = "M"\nday = 32', "32"),
        ('frequency = "M"\nday = 20', 'frequency = "M"\nday = 20\nfields = ["nix"]\nlabel = "产值"', "nix"),
        ('frequency = "M"\nday = 20', 'frequency = "M"\nday = 20\nlabel = "产值"', "label"),
        ('frequency = "M"\nday = 20', 'frequency = "M"\nworkdays = 0', "小于 1"),
    ],
)
def test_a_deadline_that_says_nothing_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    text = (FORMS_DIR / "GLT02-2024.toml").read_text("utf-8")
    assert old in text
    (tmp_path / "GLT02-2024.toml").write_text(text.replace(old, new), "utf-8")
    with pytest.raises(FormError, match=words):
        read_form(tmp_path / "GLT02-2024.toml")
