"""GLT10: a line that fits what is stored is proposed, any other is refused with its reason and cell."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace

import polars as pl
import pytest
from records import Draft, clean

from schemas.corrections import corrections_of
from schemas.finding import Severity
from schemas.form import form_for
from schemas.in_force import Figure, Place
from schemas.period import Period

DONGHU = "360102"
EVIDENCE = "ab" * 32
PLACE = Place("d" * 64, "360102.xlsx", 1, "GLT02", "F8", "400")
LINE = {
    "form_code": "GLT02", "row_key": json.dumps({"period": "2026-09", "region_code": DONGHU}),
    "field": "rev_cum", "old_value": "400.00", "new_value": "410.5", "reason": "1",
    "evidence": f"更正说明.pdf {EVIDENCE.upper()}", "requested_by": "王五", "approved_by": "赵六",
    "approved_at": "2026-11-20",
}  # fmt: skip


class Stored:
    """One stored figure of Donghu's September report."""

    def __init__(self, value: str = "400", mark: str = "", submitter: str = DONGHU) -> None:
        self.known = Figure(submitter, "", value, mark, PLACE)

    def lines(
        self, form: str, periods: Sequence[Period], fields: Collection[str] | None = None
    ) -> pl.DataFrame:
        raise AssertionError("corrections ask for single figures")

    def place(self, *_: str) -> Place | None:
        raise AssertionError("corrections ask for figures")

    def figure(self, form: str, period: str, row_key: str, field: str) -> Figure | None:
        at = ("GLT02", "2026-09", f"region_code={DONGHU}")
        return self.known if (form, period, row_key) == at else None


def draft(**changes: str) -> Draft:
    form = form_for("GLT10", Period.parse("2026-10"))
    return Draft(form, "2026-10", DONGHU, rows={("R-1",): LINE | changes})


def test_a_line_that_fits_names_the_version_and_both_values() -> None:
    fitting, findings = corrections_of(draft().build(), Stored(), lambda digest: digest == EVIDENCE)
    assert findings == []
    (made,) = fitting
    assert (made.revision, made.row_key, made.field) == (f"{DONGHU}/R-1", f"region_code={DONGHU}", "rev_cum")
    assert (made.old_value, made.new_value, made.evidence) == ("400", "410.5", EVIDENCE)
    assert (made.target.digest, made.target.period, made.target.form) == ("d" * 64, "2026-09", "GLT02")
    assert made.cell == draft().address(("R-1",), "new_value")


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"old_value": "401"}, "old_value", "所填原值 401 与库存值 400 不同（2026-09 赣链统02表"),
        ({"old_value": "空白"}, "old_value", "所填原值 空白 与库存值 400 不同"),
        ({"new_value": "400"}, "new_value", "与原值相同"),
        ({"new_value": "四百"}, "new_value", "四百 不是数值"),
        ({"new_value": "-1"}, "new_value", "超出值域"),
        ({"new_value": "1.23456"}, "new_value", "小数超过 4 位"),
        ({"field": "rev"}, "field", "没有字段 rev"),
        ({"field": "region_code"}, "field", "是记录键"),
        ({"form_code": "GLT09"}, "form_code", "不能用修订单更正"),
        ({"row_key": "2026-09 东湖"}, "row_key", "读不出来"),
        ({"row_key": '{"period":"2026-09","chain_code":"EI"}'}, "row_key", "没有 chain_code"),
        ({"row_key": '{"period":"2026-08","region_code":"360102"}'}, "row_key", "没有记录"),
        ({"evidence": "更正说明.pdf"}, "evidence", "没有写明文件的 SHA-256"),
        ({"evidence": "说明 " + "cd" * 32}, "evidence", "没有随报"),
        ({"approved_by": "王五"}, "approved_by", "与申请人相同"),
    ],
)
def test_a_line_that_does_not_fit_is_refused_with_its_reason(
    changes: dict[str, str], field: str, sentence: str
) -> None:
    made = draft(**changes)
    fitting, (finding,) = corrections_of(made.build(), Stored(), lambda digest: digest == EVIDENCE)
    assert fitting == [] and (finding.rule, finding.severity, finding.field) == ("H320", Severity.HARD, field)
    assert sentence in finding.message and finding.cell == made.address(("R-1",), field)


def test_only_its_own_figures_and_only_figures() -> None:
    for stored, field, sentence in (
        (Stored(submitter="360103"), "row_key", "由 360103 填报"),
        (Stored("", "C"), "field", "带数据标识 C"),
    ):
        _, (finding,) = corrections_of(draft().build(), stored, lambda _: True)
        assert finding.field == field and sentence in finding.message


def test_a_blank_is_filled_by_naming_it() -> None:
    fitting, findings = corrections_of(draft(old_value="空白").build(), Stored(""), lambda _: True)
    assert findings == [] and fitting[0].old_value == ""


def test_a_line_that_lacks_a_field_is_left_to_the_rule_for_that() -> None:
    assert corrections_of(draft(evidence="").build(), Stored(), lambda _: True) == ([], [])


def test_a_form_without_lines_asks_for_nothing() -> None:
    empty = replace(clean("GLT10", "2026-10", DONGHU).build(), cells=())
    assert corrections_of(empty, Stored(), lambda _: True) == ([], [])
