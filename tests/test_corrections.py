"""GLT10: a line that fits what is stored is proposed, any other is refused with its reason and cell."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace

import polars as pl
import pytest
from records import CODES, Draft, clean

from schemas.corrections import Correction, corrections_of
from schemas.finding import Finding, Severity
from schemas.form import form_for
from schemas.in_force import Figure, Place
from schemas.period import Period

DONGHU = "360102"
EVIDENCE = "ab" * 32
SEPTEMBER = ("GLT02", "2026-09", f"region_code={DONGHU}")
PLACE = Place("d" * 64, "360102.xlsx", 1, "GLT02", "F8", "400")
LINE = {
    "form_code": "GLT02", "row_key": json.dumps({"period": "2026-09", "region_code": DONGHU}),
    "field": "rev_cum", "old_value": "400.00", "new_value": "410.5", "reason": "1",
    "evidence": f"更正说明.pdf {EVIDENCE.upper()}", "requested_by": "王五", "approved_by": "赵六",
    "approved_at": "2026-11-20",
}  # fmt: skip


class Stored:
    """One stored figure, of Donghu's September report unless said otherwise."""

    def __init__(
        self, value: str = "400", mark: str = "", submitter: str = DONGHU, at: tuple[str, ...] = SEPTEMBER
    ) -> None:
        self.known, self.at = Figure(submitter, "", value, mark, PLACE), at

    def lines(
        self, form: str, periods: Sequence[Period], fields: Collection[str] | None = None
    ) -> pl.DataFrame:
        raise AssertionError("corrections ask for single figures")

    def place(self, *_: str) -> Place | None:
        raise AssertionError("corrections ask for figures")

    def figure(self, form: str, period: str, row_key: str, field: str) -> Figure | None:
        return self.known if (form, period, row_key) == self.at else None


def draft(office: str = DONGHU, **changes: str) -> Draft:
    form = form_for("GLT10", Period.parse("2026-10"))
    return Draft(form, "2026-10", office, rows={("R-1",): LINE | changes})


def asked(made: Draft, stored: Stored, known: bool = False) -> tuple[list[Correction], list[Finding]]:
    """What a GLT10 comes to, with its evidence at hand."""
    return corrections_of(made.build(), stored, CODES, lambda digest: digest == EVIDENCE, lambda _: known)


def test_a_line_that_fits_names_the_version_and_both_values() -> None:
    fitting, findings = asked(draft(), Stored())
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
        ({"new_value": "1_000"}, "new_value", "1_000 不是数值"),
        ({"new_value": "４１０"}, "new_value", "４１０ 不是数值"),
        ({"new_value": "4.1E2"}, "new_value", "4.1E2 不是数值"),
        ({"old_value": "4_00"}, "old_value", "4_00 不是数值"),
        ({"field": "ent_n", "new_value": "410.5"}, "new_value", "[R04] “规上企业单位数"),
    ],
)
def test_a_line_that_does_not_fit_is_refused_with_its_reason(
    changes: dict[str, str], field: str, sentence: str
) -> None:
    made = draft(**changes)
    fitting, (finding,) = asked(made, Stored())
    assert fitting == [] and (finding.rule, finding.severity, finding.field) == ("H320", Severity.HARD, field)
    assert sentence in finding.message and finding.cell == made.address(("R-1",), field)


FIRM = "91350100M000100Y43"
LISTED = {
    "form_code": "GLT08", "row_key": json.dumps({"period": "2026-09", "uscc": FIRM}), "old_value": "旧值",
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "wrong", "right", "rule"),
    [
        ("industry4", "0001", "3911", "H005"),
        ("tiers", "INNO|SR", "INNO|SRDI", "H005"),
        ("region_code", "999999", "360102", "H004"),
        ("date_in", "2026年3月", "2026-03", "R05"),
    ],
)
def test_a_new_value_is_held_against_the_rules_of_its_cell(
    field: str, wrong: str, right: str, rule: str
) -> None:
    stored = Stored("旧值", at=("GLT08", "2026-09", f"uscc={FIRM}"))
    for value, n in ((wrong, 1), (right, 0)):
        fitting, findings = asked(draft(**LISTED | {"field": field, "new_value": value}), stored)
        assert len(findings) == n and len(fitting) == 1 - n
        assert all(f"[{rule}]" in f.message and f.field == "new_value" for f in findings)


def test_what_is_taken_out_twice_may_be_corrected_to_a_negative() -> None:
    city, key = "360100", json.dumps({"period": "2026-09", "region_code": "360199"})
    stored = Stored("-400", submitter=city, at=("GLT02", "2026-09", "region_code=360199"))
    fitting, findings = asked(draft(city, row_key=key, old_value="-400", new_value="-410.5"), stored)
    assert findings == [] and fitting[0].new_value == "-410.5"


def test_what_is_known_already_asks_for_nothing() -> None:
    assert asked(draft(), Stored("410.5"), known=True) == ([], [])  # confirmed, and filed again


def test_the_same_asked_for_twice_in_a_batch_rests_on_one_evidence() -> None:
    (first,), _ = asked(draft(), Stored())
    again, other = draft(evidence=f"同一文件.pdf {EVIDENCE}"), draft(evidence=f"另一文件.pdf {'cd' * 32}")

    def beside(made: Draft) -> tuple[list[Correction], list[Finding]]:
        return corrections_of(made.build(), Stored(), CODES, lambda _: True, lambda _: False, [first])

    assert beside(again)[1] == []
    fitting, (finding,) = beside(other)
    assert fitting == [] and finding.field == "evidence" and "依据文件不同" in finding.message


def test_only_its_own_figures_and_only_figures() -> None:
    for stored, field, sentence in (
        (Stored(submitter="360103"), "row_key", "由 360103 填报"),
        (Stored("", "C"), "field", "带数据标识 C"),
    ):
        _, (finding,) = asked(draft(), stored)
        assert finding.field == field and sentence in finding.message


def test_a_blank_is_filled_by_naming_it() -> None:
    fitting, findings = asked(draft(old_value="空白"), Stored(""))
    assert findings == [] and fitting[0].old_value == ""


def test_a_line_that_lacks_a_field_is_left_to_the_rule_for_that() -> None:
    assert asked(draft(evidence=""), Stored()) == ([], [])


def test_a_form_without_lines_asks_for_nothing() -> None:
    empty = replace(clean("GLT10", "2026-10", DONGHU).build(), cells=())
    assert corrections_of(empty, Stored(), CODES, lambda _: True, lambda _: False) == ([], [])
