"""Whose figures stand in a sum: completeness, city totals of the bureau, the same submitters in every report."""

from pathlib import Path

import pytest
from small import small_codes

from indices.roster import FiledRow, Included, Sum, filings, include
from schemas.codes import Codes

CITY, COUNTIES = "360600", ("360602", "360603", "360681")


@pytest.fixture
def codes(tmp_path: Path) -> Codes:
    return small_codes(tmp_path)


def rows(month: int, *units: str) -> list[FiledRow]:
    return [("GLT01", "", False, month, "leaf", CITY, unit, "submission") for unit in units]


def total(month: int) -> list[FiledRow]:
    return [("GLT01", "", False, month, "block", CITY, CITY, "bureau")]


def taken(
    codes: Codes, found: list[FiledRow], *months: int
) -> tuple[set[tuple[int, str, str]], frozenset[str]]:
    included, absent = include(codes, filings(found), Sum("plain", months[0], False, "GLT01", "", months))
    return {(i.month, i.level, i.unit) for i in included}, absent


def test_all_who_filed_are_added(codes: Codes) -> None:
    found, absent = taken(codes, rows(202610, CITY, *COUNTIES), 202610)
    assert found == {(202610, "leaf", unit) for unit in (CITY, *COUNTIES)}
    assert absent == frozenset()


def test_the_late_are_named(codes: Codes) -> None:
    found, absent = taken(codes, rows(202610, CITY, *COUNTIES[1:]), 202610)
    assert len(found) == 3 and absent == {COUNTIES[0]}


def test_a_city_total_stands_where_its_rows_are_not_complete(codes: Codes) -> None:
    found, absent = taken(codes, rows(202510, COUNTIES[0]) + total(202510), 202510)
    assert found == {(202510, "block", CITY)} and absent == frozenset()


def test_a_city_total_is_never_added_to_its_rows(codes: Codes) -> None:
    found, _ = taken(codes, rows(202510, CITY, *COUNTIES) + total(202510), 202510)
    assert {level for _, level, _ in found} == {"leaf"}


def test_two_reports_are_summed_over_the_same_submitters(codes: Codes) -> None:
    both = rows(202610, CITY, *COUNTIES) + rows(202512, CITY, *COUNTIES[:2])
    found, absent = taken(codes, both, 202610, 202512)
    assert absent == {COUNTIES[2]}
    assert found == {(m, "leaf", u) for m in (202610, 202512) for u in (CITY, *COUNTIES[:2])}


def test_an_incomplete_month_cannot_be_compared_with_a_city_total(codes: Codes) -> None:
    found, absent = taken(codes, rows(202610, CITY, *COUNTIES[1:]) + total(202510), 202610, 202510)
    assert found == set() and absent == {CITY, *COUNTIES}


def level_of(codes: Codes, form: str, found: list[FiledRow]) -> set[str]:
    included, _ = include(codes, filings(found), Sum("plain", 202512, False, form, "", (202512,)))
    return {i.level for i in included}


def test_the_provinces_own_row_stands_first_in_innovation_forms(codes: Codes) -> None:
    city: FiledRow = ("GLT04", "", False, 202512, "leaf", CITY, CITY, "submission")
    assert level_of(
        codes, "GLT04", [("GLT04", "", False, 202512, "whole", "", "360000", "submission"), city]
    ) == {"whole"}
    assert level_of(
        codes, "GLT04", [("GLT04", "", False, 202512, "whole", "", "360000", "bureau"), city]
    ) == {"leaf"}


@pytest.mark.parametrize("form", ["GLT01", "GLT06"])
def test_the_bureaus_row_stands_only_where_nothing_is_below(codes: Codes, form: str) -> None:
    whole: FiledRow = (form, "", False, 202512, "whole", "", "360000", "bureau")
    units = (CITY, *COUNTIES) if form == "GLT01" else (CITY,)
    below: list[FiledRow] = [(form, "", False, 202512, "leaf", CITY, unit, "submission") for unit in units]
    assert level_of(codes, form, [whole, *below]) == {"leaf"}
    assert level_of(codes, form, [whole]) == {"whole"}


def test_included_rows_have_a_total_order() -> None:
    first = Included("plain", 202510, False, "GLT01", "", 202510, "leaf", "360602")
    assert first < Included("plain", 202510, False, "GLT01", "", 202510, "leaf", "360603")
