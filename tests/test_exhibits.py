"""What a run shows in Prefect, as rows: hand-made findings, counted by rule and by office."""

from pathlib import Path

from conftest import MONTH, Ran, Small

from flows.batch import Outcome
from flows.exhibits import TABLE_ROWS, Note, Table, exhibits, rule_rows, submitter_rows
from flows.intake import Intake
from flows.ledger.decide import Judged
from flows.standing import standing_of
from schemas.finding import Finding, Severity, State
from schemas.finding import Outcome as Verdict
from schemas.period import Period
from schemas.reading.record import Delivery, Submission

EMPTY = {"coverage": [], "absent": []}


def finding(rule: str, severity: Severity, submitter: str, cell: str = "B7") -> Finding:
    return Finding(
        rule, severity, f"{rule} 不成立。", "请核对。",
        submitter=submitter, sheet="GLT01", cell=cell, file_name=f"{submitter}.xlsx",
    )  # fmt: skip


FOUND = [
    finding("C7", Severity.CLUE, "360602"),
    finding("S2", Severity.SOFT, "360602"),
    finding("H1", Severity.HARD, "360603", "D9"),
    finding("H1", Severity.HARD, "360603", "B7"),
    finding("H1", Severity.HARD, "360602", "C8"),
    finding("H3", Severity.HARD, "360603"),
    finding("F06", Severity.HARD, ""),
]


def judged(submitter: str, state: State) -> Judged:
    return Judged(
        Submission("GLT01", "2024", "2026-10", submitter, "", 1, "2026-11-08", "", "GLT01", (), ()), state
    )


def outcome(*findings: Finding, workbooks: int = 1, returns: tuple[Path, ...] = ()) -> Outcome:
    intake = Intake(MONTH, deliveries=[Delivery(f"{n}.xlsx", str(n), 0) for n in range(workbooks)])
    intake.findings = list(findings)
    return Outcome(MONTH, intake, None, None, (), (), {}, (), returns=returns)


def table(shown: list[Table | Note], key: str) -> Table:
    found = next(item for item in shown if item.key == key)
    assert isinstance(found, Table)
    return found


def test_findings_by_rule_hard_ones_and_frequent_ones_first() -> None:
    rows = rule_rows(FOUND)
    assert [(r["程度"], r["规则"], r["条数"], r["涉及单位"]) for r in rows] == [
        ("强制性", "H1", 3, 2),
        ("强制性", "F06", 1, 1),
        ("强制性", "H3", 1, 1),
        ("核实性", "S2", 1, 1),
        ("线索（内部）", "C7", 1, 1),
    ]
    assert rows[0]["举例"] == "360602.xlsx GLT01 C8：H1 不成立。"
    assert rule_rows(FOUND[::-1]) == rows


def test_findings_by_submitter_with_states_and_those_that_could_not_be_named(small: Small) -> None:
    decided = [
        judged("360603", State.REJECTED),
        judged("360602", State.PENDING),
        judged("360602", State.ACCEPTED),
        judged("360600", State.ACCEPTED),
        judged("BUREAU", State.ACCEPTED),
    ]
    rows = submitter_rows(FOUND, decided, small.codes)
    names = ("代码", "强制性", "核实性", "线索（内部）", "接收", "待核", "退回")
    assert [tuple(r[name] for name in names) for r in rows] == [
        ("360603", 3, 0, 0, 0, 0, 1),
        ("360602", 1, 1, 1, 1, 1, 0),
        ("", 1, 0, 0, 0, 0, 0),
        ("360600", 0, 0, 0, 1, 0, 0),
        ("BUREAU", 0, 0, 0, 1, 0, 0),
    ]
    assert [r["填报单位"] for r in rows][1:] == [
        "月湖区统计局", "（未能识别）", "鹰潭市统计局", "省统计局（历史与公布资料）",
    ]  # fmt: skip


def test_keys_are_what_prefect_takes_and_tables_are_cut_and_say_so(small: Small) -> None:
    many = [finding("H1", Severity.HARD, "360602", f"B{n}") for n in range(TABLE_ROWS + 1)]
    shown = exhibits(outcome(*many, returns=(Path("/out/a.xlsx"),)), EMPTY, small.codes)
    assert all(set(item.key) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") for item in shown)
    details = table(shown, "findings-2026-10")
    assert len(details.rows) == TABLE_ROWS
    assert details.description == "2026-10 本批审核结果（逐条），共 301 行，只列前 300 行"
    assert table(shown, "findings-by-rule-2026-10").description == "2026-10 本批审核结果（按规则），共 1 行"


def test_clues_are_marked_and_what_did_not_fail_is_not_counted(small: Small) -> None:
    missing = Finding("R9", Severity.SOFT, "缺少对比期。", "", outcome=Verdict.MISSING, submitter="360602")
    shown = exhibits(outcome(*FOUND, missing), EMPTY, small.codes)
    rows = table(shown, "findings-2026-10").rows
    assert [row["程度"] for row in rows] == ["强制性"] * 5 + ["核实性", "线索（内部）"]
    assert "R9" not in {row["规则"] for row in rows}


def test_a_run_that_brought_nothing_leaves_the_last_batch_in_view(small: Small) -> None:
    shown = exhibits(outcome(workbooks=0), EMPTY, small.codes)
    assert [item.key for item in shown] == ["note-2026-10", "status-2026-10", "absent-2026-10"]


def test_returns_by_office_as_paths(small: Small) -> None:
    folder = Path("/out/2026-10/returns")
    paths = (folder / "360603" / "b.xlsx", folder / "360602" / "c.xlsx", folder / "360602" / "a.xlsx")
    note = exhibits(outcome(returns=paths), EMPTY, small.codes)[-1]
    assert isinstance(note, Note) and note.description == "2026-10 退回件 3 个"
    lines = [line for line in note.text.splitlines() if line]
    assert lines[1:] == [
        "共 3 个。",
        "`360602`",
        "- `/out/2026-10/returns/360602/a.xlsx`",
        "- `/out/2026-10/returns/360602/c.xlsx`",
        "`360603`",
        "- `/out/2026-10/returns/360603/b.xlsx`",
    ]
    many = tuple(folder / f"{n}.xlsx" for n in range(TABLE_ROWS + 1))
    last = exhibits(outcome(returns=many), EMPTY, small.codes)[-1]
    assert isinstance(last, Note) and "共 301 个。只列前 300 个。" in last.text
    assert last.text.count("\n- ") == TABLE_ROWS


def test_status_and_chasing_of_a_real_run(small: Small, small_ran: Ran) -> None:
    home, small_outcome = small_ran.home, small_ran.outcome
    shown = exhibits(small_outcome, standing_of(small.settings(home), MONTH), small.codes)
    status = {(r["表号"], r["报告期"]): r for r in table(shown, "status-2026-10").rows}
    row = status["GLT01", "2026-10"]
    assert (row["应报"], row["接收"], row["未报"], row["报送率"]) == (4, 4, 0, "100.00 %")
    assert table(shown, "absent-2026-10").total == 0
    november = standing_of(small.settings(home), Period.parse("2026-11"))
    absent = table(exhibits(small_outcome, november, small.codes), "absent-2026-10").rows
    assert {
        "情况": "未报",
        "报告期": "2026-11",
        "表号": "GLT01",
        "代码": "360602",
        "填报单位": "月湖区统计局",
        "对象": "",
    } in absent
    note = shown[0]
    assert isinstance(note, Note) and note.text.startswith("# 2026-10 发布说明")
    assert all(f"- `{path}`" in note.text for path in small_outcome.files)


def test_names_that_submitters_chose_are_shown_and_not_obeyed(small: Small) -> None:
    made = outcome(returns=(Path("/out/360602/a`b``<img src=x>.xlsx"),))
    made.intake.ignored = [Path("<img src=x>`[a](b)*.csv")]
    shown = exhibits(made, EMPTY, small.codes)
    note, returns = shown[0], shown[-1]
    assert isinstance(note, Note) and isinstance(returns, Note)
    assert r"\<img src=x>\`\[a\](b)\*.csv" in note.text
    assert "- ``` /out/360602/a`b``<img src=x>.xlsx ```\n" in returns.text
