"""What is printed of two releases, and of the values that a period was given."""

from flows.diff import Diff
from flows.diff_book import diff_lines
from flows.triangle import Row, Triangle, triangle_lines

TOTAL: Row = {
    "index": "MQ", "product": "monthly", "subject": "360100", "name": "南昌市", "older": "80.00", "newer": "81.00",
    "change": "1.00", "older_rank": 2, "newer_rank": 1, "withheld": "",
}  # fmt: skip


def first_line(older: str, newer: str) -> str:
    return diff_lines(Diff(older, newer, (TOTAL,), (), (), (), ()))[0]


def test_of_two_periods_it_is_said_which_cells_were_compared() -> None:
    assert first_line("2026-09.1", "2026-09.2") == (
        "发布 2026-09.1 → 2026-09.2：总值或位次 1 处，指标 0 处，单元格 0 处不同。"
    )
    assert first_line("2026-09.1", "2026-10.1") == (
        "发布 2026-09.1 → 2026-10.1：总值或位次 1 处，指标 0 处不同；"
        "两次发布的报告期不同，单元格只比较 2026-09 及以前的：0 处不同。"
    )


def value(subject: str, last: str, revised: str | None) -> Row:
    return {
        "index": "MQ", "product": "monthly", "subject": subject, "name": subject, "revised": revised,
        "values": {"2026-09.1": "80.00", "2026-09.2": last}, "ranks": {"2026-09.1": "1", "2026-09.2": "1"},
    }  # fmt: skip


def test_the_rest_is_counted_only_where_something_stands_before_it() -> None:
    vintages = (("2026-09.1", "初步"), ("2026-09.2", "修订"))
    same, moved = value("360100", "80.00", "0.00"), value("360200", "80.50", "0.50")
    assert triangle_lines(Triangle("2026-09", vintages, (same, same)))[1:] == [
        "共 2 个值，各次都相同；全部数值用 --xlsx 或 --json 看。"
    ]
    lines = triangle_lines(Triangle("2026-09", vintages, (same, moved)))
    assert "80.00 → 80.50" in lines[1] and lines[2].startswith("其余 1 个值各次相同；")
    assert len(triangle_lines(Triangle("2026-09", vintages, (moved,)))) == 2
