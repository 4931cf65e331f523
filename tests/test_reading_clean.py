"""The number and text cleaner."""

from decimal import ROUND_HALF_EVEN, Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.reading import clean


@pytest.mark.parametrize(
    ("lexeme", "value", "steps"),
    [
        ("0", "0", ()),
        ("-0", "0", ()),
        ("12.5", "12.5", ()),
        ("12.50", "12.5", ()),
        ("+7", "7", ()),
        (".5", "0.5", ()),
        ("1.2E+5", "120000", ()),
        ("-1.5e-3", "-0.0015", ()),
        ("0.30000000000000004", "0.3", (clean.FIFTEEN,)),
        ("1234567890123456789", "1234567890123460000", (clean.FIFTEEN,)),
        ("100000000000000000000", "100000000000000000000", ()),
        ("1.23456", "1.2346", (clean.FOUR,)),
        ("0.00005", "0", (clean.FOUR,)),  # half to even
        ("0.00015", "0.0002", (clean.FOUR,)),
        ("0.10000000000000001", "0.1", (clean.FIFTEEN,)),
    ],
)
def test_a_lexeme_gives_its_exact_value_and_names_the_steps(lexeme: str, value: str, steps: tuple) -> None:
    assert clean.number(lexeme) == (value, steps)


@pytest.mark.parametrize(
    "lexeme", ["", "1_000", "１２", "1,000", "0x1F", "NaN", "INF", "1e99", "1e9999", "--1", "٣"]
)
def test_what_is_no_plain_lexeme_has_no_value(lexeme: str) -> None:
    assert clean.number(lexeme).value is None


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e14, max_value=1e14))
def test_the_image_of_a_double_is_read_as_excel_shows_it(number: float) -> None:
    shown = Context(prec=15, rounding=ROUND_HALF_EVEN).create_decimal(repr(number))
    expected = shown.quantize(Decimal("0.0001"), rounding=ROUND_HALF_EVEN)
    value = clean.number(f"{number:.17g}").value
    assert value is not None
    assert Decimal(value) == expected


@given(st.decimals(places=4, min_value=-(10**10), max_value=10**10))
def test_four_decimals_pass_unchanged(number: Decimal) -> None:
    value, steps = clean.number(f"{number:f}")
    assert Decimal(value or "x") == number
    assert steps == ()
    assert clean.is_plain(value or "")  # a canonical text is its own canonical text


@pytest.mark.parametrize(
    ("text", "value", "steps"),
    [
        ("1234.5", "1234.5", (clean.TEXT_NUMBER,)),
        ("1,234,567.5", "1234567.5", (clean.TEXT_NUMBER, clean.THOUSANDS)),
        ("１，２３４", "1234", (clean.TEXT_NUMBER, clean.HALF_WIDTH, clean.THOUSANDS)),
        (" －12 ", "-12", (clean.TEXT_NUMBER, clean.TRIMMED, clean.HALF_WIDTH)),
    ],
)
def test_separators_and_full_width_digits_are_read(text: str, value: str, steps: tuple) -> None:
    assert clean.number_in_text(text) == (value, steps)


@pytest.mark.parametrize(
    "text",
    [
        "36%",
        "/",
        "-",
        "无",
        "约100",
        "100万元",
        "1_000",
        "1,23",
        "12,34,567",
        "1e5",
        "(5)",
        "1 000",
        "٣",
        "²",
    ],
)
def test_other_text_is_no_number(text: str) -> None:
    assert clean.number_in_text(text).value is None


@pytest.mark.parametrize("text", ["2026-09", "2026年9月", "202609", "２０２６年９月", " 2026/9 "])
def test_ways_to_write_a_month(text: str) -> None:
    value, steps = clean.month(text)
    assert value == "2026-09"
    assert bool(steps) == (text != "2026-09")


@pytest.mark.parametrize("text", ["2026-11-08", "2026年11月8日", "20261108", "2026/11/8"])
def test_ways_to_write_a_day(text: str) -> None:
    assert clean.day(text).value == "2026-11-08"


def test_what_is_no_month_stays_as_it_is() -> None:
    assert clean.month("2026年13月") == ("2026年13月", ())
    assert not clean.is_day("2026-02-30")


@pytest.mark.parametrize(
    ("serial", "from_1904", "day"),
    [("1", False, "1900-01-01"), ("59", False, "1900-02-28"), ("61", False, "1900-03-01"),
     ("46266", False, "2026-09-01"), ("44804", True, "2026-09-01"), ("46266.5", False, None), ("0", False, None)],
)  # fmt: skip
def test_day_numbers(serial: str, from_1904: bool, day: str | None) -> None:
    assert clean.serial_day(serial, from_1904=from_1904) == day


def test_codes() -> None:
    assert clean.whole("360102") == "360102"
    assert clean.whole("3.60102E5") == "360102"
    assert clean.whole("36.5") is None
    assert clean.whole("9.1360100158306E+17") is None  # its last digits are lost
    assert clean.code("　ＥＩ ") == ("EI", (clean.TRIMMED, clean.HALF_WIDTH))
    assert clean.codes("A | B") == ("A|B", (clean.TRIMMED,))
