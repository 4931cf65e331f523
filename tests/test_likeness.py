"""Pairs of figures: powers of ten at the edges of the tolerance, exact to the last digit, and factors of a line."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest

from schemas.frames import AMOUNT
from schemas.likeness import likeness, paired, powers_of_ten

NUMBERS = {"tolerance": Decimal("0.03"), "floor": Decimal(1000), "powers": Decimal(4)}


def pairs(*rows: tuple[int, str | None, str | None]) -> pl.DataFrame:
    """Lines with a figure ``x`` and what it is compared with."""
    frame = pl.DataFrame(rows, schema={"line": pl.UInt32, "x": pl.String, "then": pl.String}, orient="row")
    return paired(frame.cast({"x": AMOUNT, "then": AMOUNT}), {"x": "then"})


@pytest.mark.parametrize(
    ("figure", "base", "power"),
    [
        ("1030", "100", "10"),  # 3 % of 1,000 is 30
        ("1030.0001", "100", None),
        ("9700", "1000", "10"),
        ("9699.9999", "1000", None),
        ("1000", "10000.0001", "0.1"),
        ("103", "1000", "0.1"),
        ("103.0001", "1000", None),
        ("0.0001", "1000", None),  # seven powers away
        ("9000000000000000.0001", "900000000000.0001", "10000"),  # as large as a column holds
        ("1030", "1000", None),
    ],
)
def test_a_power_of_ten_is_found_to_the_last_digit(figure: str, base: str, power: str | None) -> None:
    found = powers_of_ten(pairs((7, figure, base)), NUMBERS)
    assert found["line"].to_list() == [7]
    assert found["power"].to_list() == [None if power is None else Decimal(power)]


@pytest.mark.parametrize(("figure", "base"), [("999.9999", "99"), ("-10000", "1000"), ("10000", "-1000")])
def test_what_is_small_or_not_positive_is_not_compared(figure: str, base: str) -> None:
    assert powers_of_ten(pairs((7, figure, base)), NUMBERS).is_empty()


def test_blanks_and_zeros_make_no_pair() -> None:
    assert pairs((1, None, "5"), (2, "5", None), (3, "0", "5"), (4, "5", "0"), (5, "6", "5")).rows() == [
        (5, "x", Decimal(6), Decimal(5))
    ]
    assert paired(pl.DataFrame({"line": [1]}), {}).is_empty()


def test_a_line_is_counted_with_its_factors() -> None:
    found = likeness(pairs((1, "6", "5"), (1, "5", "5"), (2, "12", "10"), (2, "24", "20"), (2, "-3", "-2.5")))
    assert found.rows() == [(1, 2, 1, Decimal(1), Decimal("1.2")), (2, 3, 0, Decimal("1.2"), Decimal("1.2"))]
