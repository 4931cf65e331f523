"""The history workbook: one value per line, many forms and periods in one sheet."""

from collections.abc import Sequence

import pytest
import sheets
from openpyxl import Workbook
from sheets import read, rules, saved

from schemas.reading.record import Cell, Delivery

HEADER = ("表代码", "报告期", "记录键", "字段", "数值", "资料来源")
REGION = "region_code=360100"
LINES: list[tuple[object, ...]] = [
    ("GLT02", "2025-12", REGION, "rev_cum", 123.5, "年报"),
    ("GLT02", "2025-12", REGION, "ent_n", 7, "年报"),
    ("GLT02", "2025", REGION, "land_mu", 10, "年报"),
    ("GLT01", "2025-12", "region_code=360100;chain_code=EI;subchain_code=T", "rev_cum", 5, "年报"),
    ("GLT02", "2025-12", "region_code=360200", "rev_cum", 9, "年报"),
    ("GLT03", "2025-12", "cluster_code=KEI;region_code=360100", "rev_cum", 3, "年报"),
]


def history(
    lines: Sequence[tuple[object, ...]] = LINES, header: Sequence[str] = HEADER, head: bool = True
) -> Delivery:
    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.title = "历史数据"
    sheet.append(["历史数据表"])
    sheet.append(["合成样例"])
    sheet.append(["填报单位代码：BUREAU"] if head else ["填报单位代码："])
    sheet.append(["报出日期：2026年9月20日"])
    for line in (header, *lines):
        sheet.append(line)
    return read(saved(workbook))


def test_one_submission_for_each_form_and_period() -> None:
    delivery = history()
    assert delivery.refused is None
    assert delivery.findings == ()
    assert [s.identity for s in delivery.submissions] == [
        ("2025-12", "BUREAU", "GLT02", ""),
        ("2025", "BUREAU", "GLT02", ""),
        ("2025-12", "BUREAU", "GLT01", ""),
        ("2025-12", "BUREAU", "GLT03", ""),
    ]
    assert {(s.edition, s.reported_on, s.version) for s in delivery.submissions} == {
        ("history", "2026-09-20", 1)
    }
    assert all(s.findings == () for s in delivery.submissions)


def test_each_line_is_a_record_with_key_and_value() -> None:
    first, _, chain, cluster = history().submissions
    assert first.cells[:2] == (
        Cell(0, "region_code", "C6", REGION, "text", "360100"),
        Cell(0, "rev_cum", "E6", "123.5", "number", "123.5"),
    )
    assert [c.row for c in first.cells] == [0, 0, 1, 1, 2, 2]
    assert [c.value for c in chain.cells] == ["360100", "EI", "T", "5"]
    assert [(c.field, c.value) for c in cluster.cells] == [
        ("cluster_code", "KEI"), ("region_code", "360100"), ("park_code", None), ("rev_cum", "3"),
    ]  # fmt: skip


def test_columns_are_told_by_label() -> None:
    order = (4, 0, 2, 5, 1, 3)
    moved = history([tuple(line[n] for n in order) for line in LINES], [HEADER[n] for n in order])
    assert [c.value for s in moved.submissions for c in s.cells] == [
        c.value for s in history().submissions for c in s.cells
    ]


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (("GLT02", "2025-12", REGION, "rev_cum", None, ""), "L18"),
        (("GLT02", "2025-12", REGION, "nofield", 1, ""), "L18"),
        (("GLT02", "2025-12", "region=360100", "rev_cum", 1, ""), "L18"),
        (("GLT02", "2025-12", "360100", "rev_cum", 1, ""), "L18"),
        (("GLT02", "2025-12", "", "rev_cum", 1, ""), "L18"),
        (("GLT02", "2025-12", REGION, "rev_cum", "12%", ""), "H007"),
        (("GLT02", "2025-12", REGION, "rev_cum", "=1+1", ""), "L15"),
        (("GLT02", "2025-12", REGION, "rev_cum", "1,234", ""), "C01"),
        (("GLT02", "2025-12", REGION, "rev_cum", True, ""), "H007"),
    ],
)
def test_a_line_that_cannot_be_read(line: tuple[object, ...], rule: str) -> None:
    (submission,) = history([line]).submissions
    assert rules(submission) == [rule]
    assert submission.findings[0].cell in ("C6", "D6", "E6")


@pytest.mark.parametrize("line", [("GLT99", "2025-12"), ("GLT02", "去年"), ("GLT02", "2019-12")])
def test_lines_of_no_form_or_period_are_said(line: tuple[str, str]) -> None:
    delivery = history([*LINES, (*line, REGION, "rev_cum", 1, "")])
    assert rules(delivery) == ["L18"]
    assert delivery.findings[0].cell == "A12"
    assert len(delivery.submissions) == 4


def test_a_value_without_a_key() -> None:
    assert rules(history([*LINES, (None, None, None, None, 5)])) == ["L18"]


def test_without_a_header_or_a_submitter_it_is_refused() -> None:
    for delivery, rule in ((history(header=HEADER[1:]), "L03"), (history(head=False), "H001")):
        assert delivery.refused is not None
        assert delivery.refused.rule == rule


def test_hidden_rows() -> None:
    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    for line in (["历史数据表"], ["填报单位代码：BUREAU"], ["报出日期：2026-09-20"], HEADER, *LINES[:2]):
        sheet.append(line)
    sheet.row_dimensions[6].hidden = True
    (submission,) = read(saved(workbook)).submissions
    assert rules(submission) == ["L07"]
    assert submission.reported_on == "2026-09-20"
    assert sheets.cell(submission, "rev_cum").address == "E5"
