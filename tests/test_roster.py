"""Whose figures stand in a sum: completeness, city totals of the bureau, the same submitters in every report."""

from pathlib import Path

import pytest
from small import small_codes

from indices.roster import Included, Sum, filings, include
from schemas.codes import Codes

CITY, COUNTIES = "360600", ("360602", "360603", "360681")


@pytest.fixture
def codes(tmp_path: Path) -> Codes:
    return small_codes(tmp_path)


def rows(month: int, *units: str) -> list[tuple[str, str, bool, int, str, str, str]]:
    return [("GLT01", "", False, month, "leaf", CITY, unit) for unit in units]


def total(month: int) -> list[tuple[str, str, bool, int, str, str, str]]:
    return [("GLT01", "", False, month, "block", CITY, CITY)]


def taken(
    codes: Codes, found: list[tuple[str, str, bool, int, str, str, str]], *months: int
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


def test_the_provinces_row_stands_first_in_innovation_forms_and_last_in_chain_sums(codes: Codes) -> None:
    own = [
        ("GLT04", "", True, 202512, "whole", "", "360000"),
        ("GLT04", "", True, 202512, "leaf", CITY, CITY),
    ]
    included, _ = include(codes, filings(own), Sum("plain", 202512, True, "GLT04", "", (202512,)))
    assert [i.level for i in included] == ["whole"]
    chain = [*rows(202512, CITY, *COUNTIES), ("GLT01", "", False, 202512, "whole", "", "360000")]
    found, _ = taken(codes, chain, 202512)
    assert {level for _, level, _ in found} == {"leaf"}
    alone, _ = taken(codes, chain[-1:], 202512)
    assert alone == {(202512, "whole", "360000")}


def test_included_rows_have_a_total_order() -> None:
    first = Included("plain", 202510, False, "GLT01", "", 202510, "leaf", "360602")
    assert first < Included("plain", 202510, False, "GLT01", "", 202510, "leaf", "360603")
