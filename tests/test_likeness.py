"""Pairs of figures: powers of ten at the edges of the tolerance, exact to the last digit, and factors of a line."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from schemas.anomaly_file import FILE, AnomalyError, load_anomalies
from schemas.frames import AMOUNT
from schemas.likeness import likeness, paired, power_problems, powers_of_ten

NUMBERS = {"tolerance": Decimal("0.03"), "floor": Decimal(1000), "powers": Decimal(4)}


def pairs(*rows: tuple[int, str | None, str | None]) -> pl.DataFrame:
    """Lines with a figure ``x`` and what it is compared with."""
    frame = pl.DataFrame(rows, schema={"line": pl.UInt32, "x": pl.String, "then": pl.String}, orient="row")
    return paired(frame.cast({"x": AMOUNT, "then": AMOUNT}), {"x": "then"})


@pytest.mark.parametrize(
    ("figure", "base", "exponent"),
    [
        ("1030", "100", 1),  # 3 % of 1,000 is 30
        ("1030.0001", "100", None),
        ("9700", "1000", 1),
        ("9699.9999", "1000", None),
        ("1000", "10000.0001", -1),
        ("103", "1000", -1),
        ("103.0001", "1000", None),
        ("0.0001", "1000", None),  # seven powers away
        ("9000000000000000.0001", "900000000000.0001", 4),  # as large as a column holds
        ("1030", "1000", None),
    ],
)
def test_a_power_of_ten_is_found_to_the_last_digit(figure: str, base: str, exponent: int | None) -> None:
    found = powers_of_ten(pairs((7, figure, base)), NUMBERS)
    assert found["line"].to_list() == [7]
    assert found["exponent"].to_list() == [exponent]


def test_the_outermost_numbers_are_exact_for_figures_as_large_as_a_column_holds() -> None:
    most = NUMBERS | {"tolerance": Decimal("0.000001"), "powers": Decimal(12)}
    large = "9999999999999999.9999"  # 20 digits
    found = powers_of_ten(
        pairs((1, large, "9999.9999"), (2, large, "10000.0101"), (3, "9999.9999", large), (4, large, large)),
        most,
    )
    # 9999.9999 times 10^12 is 0.00000001 short of the large figure, 10000.0101 times 10^12 goes beyond 0.000001
    assert found["exponent"].to_list() == [12, None, -12, None]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"powers": "0"}, "powers 应为 1 至 12 的整数，写的是 0"),
        ({"powers": "1.5"}, "powers 应为 1 至 12 的整数，写的是 1.5"),
        ({"powers": "13"}, "powers 应为 1 至 12 的整数，写的是 13"),
        ({"tolerance": "0.0300001"}, "tolerance 应不小于 0、小于 1，至多 6 位小数，写的是 0.0300001"),
        ({"tolerance": "-0.01"}, "写的是 -0.01"),
        ({"tolerance": "1"}, "写的是 1"),
    ],
)
def test_numbers_that_cannot_be_told_exactly_are_refused_with_the_file(
    changes: dict[str, str], told: str, tmp_path: Path
) -> None:
    text = FILE.read_text("utf-8")
    for name, value in changes.items():
        text = re.sub(rf"\b{name} = [0-9.]+", f"{name} = {value}", text, count=1)
    other = tmp_path / "other.toml"
    other.write_text(text, "utf-8")
    with pytest.raises(AnomalyError) as refused:
        load_anomalies(other)
    assert str(refused.value).startswith("文件 other.toml 的 units：") and str(refused.value).endswith(told)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("peers = 5, ", "", " 的 growth：numbers 应为 floor、peers、z，写的是 floor、z"),
        ("figures = 8", "figures = 8, more = 1", " 的 copies：numbers 应为 figures，写的是 figures、more"),
        ("[digits]", "[numbers]", " 有误：digits：没有写（另有 1 处）"),
        ("level = 2", "level = 9", " 有误：units level：应为 1、2、3，写的是 9"),
        ("format = 1", "format = ", " 不是 UTF-8 的 TOML 文本："),
        ("{told}", "{tol}", " 的 units：message 中没有可填的 tol，可填 told"),
        ("floor = 10000", "floor = 1e60", " 的 growth：floor 应为 0 至 1000000000000 的数，写的是 1"),
        ("sigmas = 5", "sigmas = -5", " 的 digits：sigmas 应为 0 至 1000000000000 的数，写的是 -5"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_sentence(
    old: str, new: str, told: str, tmp_path: Path
) -> None:
    text = FILE.read_text("utf-8")
    assert old in text
    other = tmp_path / "other.toml"
    other.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(AnomalyError) as refused:
        load_anomalies(other)
    assert str(refused.value).startswith(f"文件 other.toml{told}")


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "gbk.toml"
    other.write_text(FILE.read_text("utf-8"), "gbk")
    with pytest.raises(AnomalyError, match=r"文件 gbk\.toml 不是 UTF-8"):
        load_anomalies(other)


def test_the_outermost_numbers_are_not_refused() -> None:
    assert list(power_problems({"tolerance": Decimal("0.999999"), "powers": Decimal(12)})) == []
    assert list(power_problems({"tolerance": Decimal(0), "powers": Decimal(1)})) == []


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
    assert found.rows() == [(1, 2, 1, None), (2, 3, 0, Decimal("1.2"))]


@pytest.mark.parametrize(
    ("quotients", "factor"),
    [
        (("100005", "100006"), "1.0001"),  # a tie and one just above: half to even parts them
        (("100005", "100004"), "1"),  # and one just below: half away from zero parts them
        (("100005", "100015"), "1.0001"),  # two ties of one factor
        (("100005", "100005"), "1.0001"),  # of two factors the larger
        (("-100005", "-100004"), "-1"),
        (("-100005", "-100005"), "-1"),
        (("100004", "100006"), None),
        (("100005", "100016"), None),
        (("100000", "-100000"), None),
    ],
)
def test_a_quotient_half_way_between_two_factors_belongs_to_both(
    quotients: tuple[str, str], factor: str | None
) -> None:
    found = likeness(pairs(*((1, figure, "100000") for figure in quotients)))
    assert found["factor"].to_list() == [None if factor is None else Decimal(factor)]


def test_factors_of_the_largest_and_smallest_figures_are_told() -> None:
    large = "9999999999999999.9999"
    assert likeness(pairs((1, large, "-0.0001")))["factor"].to_list() == [Decimal("-99999999999999999999")]
    assert likeness(pairs((1, "0.0001", large)))["factor"].to_list() == [Decimal(0)]
