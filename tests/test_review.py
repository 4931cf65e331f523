"""The bureau's desk: explanations, pending submissions and corrections are decided by named people."""

from __future__ import annotations

from pathlib import Path

import pytest
from ledger_cases import CLERK, Desk, read, read_bytes, sheet, workbook

from flows.desk import register, waiting
from flows.ledger.answers import Answered, compared, explained, proposed
from flows.ledger.in_force import Ledger
from flows.ledger.journal import Entry
from flows.ledger.relations import data_position, relations
from flows.ledger.warehouse import append, build, canonical_digest
from flows.review import Reviewer, ReviewError, Word, review
from schemas.corrections import Correction, Target
from schemas.finding import Finding, Severity
from schemas.reading.record import Explanation

JUDGE = Reviewer("李四", "工业处审核员")
COUNTY = ("2026-10", "360102", "GLT02", "")


def soft(digest: str, value: str = "500", rule: str = "S202C") -> Finding:
    return Finding(
        rule, Severity.SOFT, f"累计同比超过±50%（{value}）", "请核实。", level=2, digest=digest,
        submitter="360102", period="2026-10", form="GLT02", edition="2024", sheet="表0", cell="B8",
        row_key="region_code=360102", field="rev_cum", value=value,
    )  # fmt: skip


def pending(desk: Desk, value: str = "500", **options: object) -> Finding:
    """A pending submission with one soft finding on its revenue."""
    data = workbook(
        sheet([{"region_code": "360102", "rev_cum": value}], state="pending", signed=["张三"], **options)
    )
    finding = soft(read_bytes(data, "").digest, value)
    desk.findings[finding.digest] = (finding,)
    desk.file(data)
    return finding


def explain(desk: Desk, finding: Finding, text: str = "新投产两家企业，产能集中释放") -> None:
    answer = Answered(COUNTY, finding.rule, Explanation(finding.id, "1", text, "审核结果", "J5"), "e" * 64)
    append(desk.con, desk.store.journal.append([explained(COUNTY, "e" * 64, "说明.xlsx", [answer], *CLERK)]))


def decide(desk: Desk, *words: Word, by: Reviewer = JUDGE) -> list[Entry]:
    return review(desk.con, desk.store, by, words, True)


def state(desk: Desk, version: int = 1) -> list[str]:
    query = "select state from submission where version = ? order by id"
    return [row[0] for row in desk.con.execute(query, [version]).fetchall()]


def test_an_explanation_waits_until_it_is_approved_and_then_the_submission_is_accepted(desk: Desk) -> None:
    finding = pending(desk)
    assert waiting(desk.con).unexplained["id"].to_list() == [finding.id]
    explain(desk, finding)
    found = waiting(desk.con)
    assert found.unexplained.is_empty() and found.explained["text"].to_list() == [
        "新投产两家企业，产能集中释放"
    ]
    assert state(desk) == ["pending"]
    entries = decide(desk, Word(finding.id, True, "属实"))
    assert [(e.type, e.actor, e.role) for e in entries] == [
        ("reviewed", "李四", "工业处审核员"), ("accepted", "李四", "工业处审核员"),
    ]  # fmt: skip
    assert entries[1].body["findings"][0]["reply"] == "approved"
    assert state(desk) == ["accepted"] and not any(waiting(desk.con).counts.values())


def test_a_finding_of_two_versions_that_wait_is_one_thing_to_decide(desk: Desk) -> None:
    finding = pending(desk, note="a")
    again = pending(desk, version=2, note="b")
    assert again.id == finding.id and again.digest != finding.digest
    ((shown, at),) = waiting(desk.con).unexplained.select("id", "submission").rows()
    assert shown == finding.id and "/v2/" in at
    explain(desk, finding)
    assert waiting(desk.con).counts["待核准的说明"] == 1
    decide(desk, Word(finding.id, True, "属实"))
    assert state(desk) == ["replaced"] and state(desk, 2) == ["accepted"]
    assert not any(waiting(desk.con).counts.values())


def test_answers_to_the_findings_that_were_kept_do_not_accept_what_was_left_off(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.ledger.events.FINDINGS_KEPT", 1)
    data = workbook(sheet([{"region_code": "360102", "rev_cum": "500"}], state="pending"))
    digest = read_bytes(data, "").digest
    kept, left_off = soft(digest, "500"), soft(digest, "501")
    desk.findings[digest] = (kept, left_off)
    desk.file(data)
    explain(desk, kept)
    (entry,) = decide(desk, Word(kept.id, True, "属实"))
    assert entry.type == "reviewed" and state(desk) == ["pending"]
    name = desk.con.execute("select name from submission").fetchall()[0][0]
    (entry,) = decide(desk, Word(name, True, "逐条电话核实"))
    assert entry.type == "accepted" and entry.body["counts"] == {"soft": 2}


def test_a_returned_explanation_leaves_the_submission_pending(desk: Desk) -> None:
    finding = pending(desk)
    explain(desk, finding)
    (entry,) = decide(desk, Word(finding.id, False, "请写明企业名称"))
    assert entry.type == "reviewed" and entry.body["verdict"] == "returned"
    assert waiting(desk.con).unexplained["text"].to_list() == ["请写明企业名称"]
    assert state(desk) == ["pending"]


@pytest.mark.parametrize(
    ("word", "by", "sentence"),
    [
        (Word("{id}", True), JUDGE, "还没有说明"),
        (Word("{id}", False), JUDGE, "须用 --note"),
        (Word("{id}", False, "不清楚"), Reviewer("张三", "统计员"), "张三 是该报表的签署人"),
        (Word("{name}", True), JUDGE, "须用 --note 写明理由"),
        (Word("{name}", True, "可以"), Reviewer("张三", "统计员"), "签署人"),
        (Word("0" * 16, True), JUDGE, "没有编号为 0000000000000000"),
        (Word("{id}", True), Reviewer("", "审核员"), "--by"),
        (Word("{id}", True), Reviewer("李四", " "), "--role"),
    ],
)
def test_decisions_that_cannot_be_taken(desk: Desk, word: Word, by: Reviewer, sentence: str) -> None:
    finding = pending(desk)
    name = desk.con.execute("select name from submission").fetchall()[0][0]
    head = desk.store.journal.head
    with pytest.raises(ReviewError, match=sentence):
        decide(desk, Word(word.id.format(id=finding.id, name=name), word.approve, word.note), by=by)
    assert desk.store.journal.head == head


def test_one_bad_decision_of_several_writes_none(desk: Desk) -> None:
    finding = pending(desk)
    explain(desk, finding)
    head = desk.store.journal.head
    with pytest.raises(ReviewError):
        decide(desk, Word(finding.id, True), Word("nothing", True))
    assert desk.store.journal.head == head and state(desk) == ["pending"]


def test_a_pending_submission_is_taken_whole_with_a_reason_and_replaces_the_older(desk: Desk) -> None:
    desk.file(workbook(sheet([{"region_code": "360102", "rev_cum": "400"}])))
    pending(desk, version=2)
    name = desk.con.execute("select name from submission where version = 2").fetchall()[0][0]
    entries = decide(desk, Word(name, True, "电话核实无误"))
    assert [e.type for e in entries] == ["accepted", "replaced"]
    assert entries[0].body["note"] == "电话核实无误"
    assert state(desk, 1) == ["replaced"] and state(desk, 2) == ["accepted"]


def test_an_accepted_submission_can_be_returned_by_name(desk: Desk) -> None:
    desk.file(workbook(sheet([{"region_code": "360102", "rev_cum": "400"}])))
    name = desk.con.execute("select name from submission").fetchall()[0][0]
    (entry,) = decide(desk, Word(name, False, "与税务数据不符"))
    assert entry.type == "rejected" and entry.body["findings"][0]["rule"] == "B01"
    assert "与税务数据不符" in entry.body["findings"][0]["message"]
    assert desk.facts() == {}
    with pytest.raises(ReviewError, match="已经退回"):
        decide(desk, Word(name, False, "再退"))


def correction(desk: Desk, old: str = "400", new: str = "410", revision: str = "R-1") -> Correction:
    """A correction of the county's revenue, asked for in a GLT10 that was accepted."""
    request_sheet = sheet(
        [{"revision_id": revision}],
        form="GLT10",
        period="2026-10",
        signed=["王五"],
        version=int(revision[-1]),
    )
    data = workbook(request_sheet)
    desk.file(data)
    request = read_bytes(data, "").submissions[0]
    rows = desk.con.execute(
        "select digest, sheet from submission where form = 'GLT02' order by id desc"
    ).fetchall()
    target = Target(*rows[0], "GLT02", "2026-10", "360102", "")
    made = Correction(
        f"360102/{revision}", request, "F8", target, "region_code=360102", "rev_cum", old, new, "1", "a" * 64,
        "王五", "赵六", "2026-11-20",
    )  # fmt: skip
    append(desk.con, desk.store.journal.append([proposed(made, *CLERK)]))
    return made


def test_a_correction_counts_from_its_confirmation_on_and_the_cell_stays(desk: Desk) -> None:
    desk.file(workbook(sheet([{"region_code": "360102", "rev_cum": "400"}])))
    made = correction(desk)
    before = desk.store.journal.head[0]
    assert desk.facts() == {"submission:360102": "400.0000"}
    assert waiting(desk.con).corrections["approved_by"].to_list() == ["赵六"]  # a claim
    (entry,) = decide(desk, Word(made.revision, True, "凭证属实"))
    assert entry.type == "corrected" and entry.body["new_value"] == "410"
    assert desk.facts() == {"submission:360102": "410.0000"}
    rows = desk.con.execute("select status, cell, revision from fact where field = 'rev_cum'").fetchall()
    assert rows == [("R", "B8", "360102/R-1")]
    assert data_position(desk.con) == entry.seq
    assert desk.facts(seq=before) == {"submission:360102": "400.0000"}  # knowledge as of then
    assert desk.con.execute("select raw, value::varchar from cell where field = 'rev_cum'").fetchall() == [
        ("400", "400.0000")
    ]
    ledger = Ledger(desk.con, desk.store.journal.head[0], True)
    figure = ledger.figure("GLT02", "2026-10", "region_code=360102", "rev_cum")
    assert figure is not None and figure.value == "410"


def test_a_newer_version_leaves_the_correction_with_the_old_one(desk: Desk) -> None:
    desk.file(workbook(sheet([{"region_code": "360102", "rev_cum": "400"}])))
    decide(desk, Word(correction(desk).revision, True))
    desk.file(workbook(sheet([{"region_code": "360102", "rev_cum": "420"}], version=2)))
    assert desk.facts() == {"submission:360102": "420.0000"}


def test_corrections_that_cannot_be_confirmed(desk: Desk) -> None:
    desk.file(workbook(sheet([{"region_code": "360102", "rev_cum": "400"}])))
    made = correction(desk)
    with pytest.raises(ReviewError, match="申请人 王五 不能确认"):
        decide(desk, Word(made.revision, True), by=Reviewer("王五", "统计员"))
    desk.file(workbook(sheet([{"region_code": "360102", "rev_cum": "420"}], version=2)))
    with pytest.raises(ReviewError, match="与现在的库存值 420 不同"):
        decide(desk, Word(made.revision, True))
    (entry,) = decide(desk, Word(made.revision, False, "已有新版"))
    assert entry.type == "dismissed" and waiting(desk.con).corrections.is_empty()
    with pytest.raises(ReviewError, match="已由 李四 退回"):
        decide(desk, Word(made.revision, True))


def test_of_two_corrections_of_one_cell_one_alone_is_confirmed(desk: Desk) -> None:
    desk.file(workbook(sheet([{"region_code": "360102", "rev_cum": "400"}])))
    first, second = (correction(desk, new=new, revision=f"R-{n}") for n, new in ((1, "410"), (2, "420")))
    head = desk.store.journal.head
    with pytest.raises(ReviewError, match=r"360102/R-2 与 360102/R-1 更正的是同一单元格.*rev_cum"):
        decide(desk, Word(first.revision, True), Word(second.revision, True))
    assert desk.store.journal.head == head and desk.facts() == {"submission:360102": "400.0000"}
    entries = decide(desk, Word(first.revision, True), Word(second.revision, False, "按 R-1 更正"))
    assert {e.type for e in entries} == {"corrected", "dismissed"}
    assert desk.facts() == {"submission:360102": "410.0000"}


def test_one_thing_is_decided_once_in_a_call(desk: Desk) -> None:
    finding = pending(desk)
    explain(desk, finding)
    with pytest.raises(ReviewError, match=f"{finding.id} 在一次审核中写了两遍"):
        decide(desk, Word(finding.id, True), Word(finding.id, False, "不清楚"))
    name = desk.con.execute("select name from submission").fetchall()[0][0]
    entries = decide(desk, Word(finding.id, True), Word(name, False, "整份重报"))
    assert [e.type for e in entries] == ["reviewed", "rejected"] and state(desk) == ["rejected"]


def test_the_register_says_what_was_corrected_later(desk: Desk) -> None:
    finding = pending(desk, "400")
    explain(desk, finding)
    decide(desk, Word(finding.id, True, "属实"))
    (row,) = register(desk.con).to_dicts()
    assert (row["approved_by"], row["reason"], row["explanation"], row["note"], row["later"]) == (
        "李四", "1", "新投产两家企业，产能集中释放", "属实", "未更正",
    )  # fmt: skip
    decide(desk, Word(correction(desk).revision, True))
    assert register(desk.con)["later"].to_list() == ["已按修订单更正"]


def test_the_register_sees_a_new_version_without_the_finding(desk: Desk) -> None:
    finding = pending(desk)
    explain(desk, finding)
    decide(desk, Word(finding.id, True))
    desk.file(workbook(sheet([{"region_code": "360102", "rev_cum": "300"}], version=2)))
    assert register(desk.con)["later"].to_list() == ["已由新的版次更正"]


def test_a_finding_between_submitters_is_settled_and_judges_nobody(desk: Desk) -> None:
    desk.file(workbook(sheet([{"region_code": "360102", "rev_cum": "400"}])))
    between = Finding(
        "H304", Severity.HARD, "市县汇总不符", "请核定。", level=3, digest="d" * 64, submitter="360100",
        period="2026-10", form="GLT02", sheet="表0", cell="B8", row_key="region_code=360100", value="9|8",
    )  # fmt: skip
    event = compared("2026-10", [between], [("H304", "fail", 1)], *CLERK)
    append(desk.con, desk.store.journal.append([event]))
    assert waiting(desk.con).between["id"].to_list() == [between.id]
    entries = decide(desk, Word(between.id, True, "剔重所致"))
    assert [e.type for e in entries] == ["reviewed"]
    assert waiting(desk.con).between.is_empty() and state(desk) == ["accepted"]


def test_all_of_it_is_rebuilt_from_journal_and_archive(desk: Desk, tmp_path: Path) -> None:
    finding = pending(desk, "400")
    explain(desk, finding)
    decide(desk, Word(finding.id, True))
    decide(desk, Word(correction(desk).revision, True))
    relations(desk.con, desk.store.journal.head[0])
    anew = build(tmp_path / "anew.duckdb", desk.store, desk.store.journal.entries(), read)
    assert canonical_digest(anew) == canonical_digest(desk.con)
    anew.close()
