"""A batch's verdicts: what is in force for what, and whose explanation is taken for which finding."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from ledger_cases import CLERK, Desk, sheet, workbook
from records import CODES, Draft, check, clean

from flows.judging import Verdicts, judge_batch
from flows.ledger.answers import reviewed
from flows.ledger.warehouse import append
from schemas.finding import Finding, Reply, State
from schemas.reading.record import Delivery, Explanation

DONGHU, XIHU = "360102", "360103"


def delivery(number: int, *drafts: Draft, said: str = "", finding: str = "") -> Delivery:
    """A workbook with these forms, and one explanation if ``said``."""
    digest, name = f"{number:064d}", f"{number}.xlsx"
    submissions = tuple(replace(draft.build(), digest=digest, file_name=name) for draft in drafts)
    told = (Explanation(finding, "1", said, "审核结果", "J5"),) if said else ()
    return Delivery(digest, name, 1, submissions, explanations=told)


def judged(desk: Desk, *deliveries: Delivery) -> Verdicts:
    return judge_batch(desk.con, 0, deliveries, CODES, True, lambda _: False)


def asked(office: str = DONGHU) -> Draft:
    """A report with one soft finding: loss-making enterprises without a loss."""
    return clean("GLT02", "2026-10", office).put((office,), loss_amt_cum="0")


@cache
def question() -> Finding:
    """That finding."""
    (finding,) = check([asked().build()]).findings
    return finding


def reply(verdicts: Verdicts) -> Reply:
    """Where the question stands."""
    (told,) = {(f.id, f.reply) for one in verdicts.judged for f in one.findings if f.rule == "S102D"}
    assert told[0] == question().id
    return told[1]


def test_an_annual_report_is_compared_with_the_fourth_quarter_of_its_batch(desk: Desk) -> None:
    lists = dict.fromkeys(("node_n", "gap_plan_n", "proj_plan"), "9")
    quarter = clean("GLT07", "2025Q4", "EI", "EI").put(("EI",), **lists)
    year = clean("GLT07", "2025", "EI", "EI").put(("EI",), **lists | {"node_n": "8"})
    found = judged(desk, delivery(1, year, quarter)).judged[0].findings
    (finding,) = (f for f in found if f.rule == "S326")
    assert finding.period == "2025" and "2025Q4" in finding.message


def test_a_correction_approved_by_its_requester_is_told_once_and_not_proposed(desk: Desk) -> None:
    alone = clean("GLT10", "2026-10", DONGHU)
    for row in alone.rows.values():
        row |= {"approved_by": row["requested_by"], "evidence": "ab" * 32}
        row |= {"form_code": "GLT02", "row_key": '{"period":"2026-09","region_code":"360102"}'}
    data = workbook(sheet([{"region_code": DONGHU, "rev_cum": "1"}], period="2026-09"))
    desk.file(data)
    verdicts = judge_batch(
        desk.con, desk.store.journal.head[0], [delivery(1, alone)], CODES, True, lambda _: True
    )
    (one,) = verdicts.judged
    assert [(f.rule, f.field) for f in one.findings] == [("H320", "requested_by,approved_by")]
    assert one.state is State.REJECTED and verdicts.corrections == []


def test_one_explanation_in_two_copies_is_written_once(desk: Desk) -> None:
    id = question().id
    copies = [delivery(n, asked(), said="亏损额不足五千元，按四舍五入为零", finding=id) for n in (1, 2)]
    verdicts = judged(desk, *copies)
    assert [(a.rule, a.digest, a.explanation.finding) for a in verdicts.answered] == [
        ("S102D", copies[0].digest, id)
    ]
    assert verdicts.loose == [] and reply(verdicts) is Reply.EXPLAINED


def test_two_different_explanations_are_both_left_aside_and_told(desk: Desk) -> None:
    id = question().id
    verdicts = judged(
        desk,
        delivery(1, asked(), said="亏损额不足五千元，按四舍五入为零", finding=id),
        delivery(2, asked(), said="企业年底转为盈利，亏损额已冲回", finding=id),
    )
    assert verdicts.answered == [] and reply(verdicts) is Reply.OPEN
    assert [(f.rule, f.file_name, f.cell) for f in verdicts.loose] == [
        ("E04", "1.xlsx", "J5"), ("E04", "2.xlsx", "J5"),
    ]  # fmt: skip
    assert all(one.state is State.PENDING for one in verdicts.judged)


@pytest.mark.parametrize("own_too", [False, True])
def test_an_office_explains_its_own_findings_alone(desk: Desk, own_too: bool) -> None:
    id = question().id
    own = delivery(1, asked(), said="亏损额不足五千元，按四舍五入为零" if own_too else "", finding=id)
    neighbour = delivery(2, clean("GLT02", "2026-10", XIHU), said="邻县的情况我们也很清楚", finding=id)
    verdicts = judged(desk, own, neighbour)
    assert reply(verdicts) is (Reply.EXPLAINED if own_too else Reply.OPEN)
    assert [a.digest for a in verdicts.answered] == ([own.digest] if own_too else [])
    (told,) = verdicts.loose
    assert (told.rule, told.file_name, told.cell) == ("E09", "2.xlsx", "J5")


def test_what_the_bureau_approved_needs_no_answer_though_its_form_did_not_come_again(desk: Desk) -> None:
    finding = question()
    identity = ("2026-10", DONGHU, "GLT02", "")
    event = reviewed(identity, finding.id, finding.rule, Reply.APPROVED, "属实", *CLERK)
    append(desk.con, desk.store.journal.append([event]))
    other = delivery(2, clean("GLT01", "2026-10", DONGHU), said="亏损额不足五千元", finding=finding.id)
    verdicts = judged(desk, other)
    assert verdicts.answered == [] and verdicts.loose == []
    gone = delivery(2, clean("GLT01", "2026-10", DONGHU), said="亏损额不足五千元", finding="0" * 16)
    assert [f.rule for f in judged(desk, gone).loose] == ["E08"]
