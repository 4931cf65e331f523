"""Which version is in view: 版次, then 报出日期, then digest; as of a sequence; whole, never mixed."""

from __future__ import annotations

import shutil
from itertools import permutations
from pathlib import Path

from ledger_cases import CLERK, Desk, read, read_bytes, sheet, workbook

from flows.ledger.content import content_digest
from flows.ledger.decide import Judged, decision_events, equal_version_findings
from flows.ledger.relations import data_position, inputs, relations
from flows.ledger.store import Store
from flows.ledger.warehouse import append, build, canonical_digest, open_warehouse
from schemas.finding import State
from schemas.period import Period


def county(value: str, note: str = "", **options: object) -> bytes:
    return workbook(sheet([{"region_code": "360102", "rev_cum": value}], **options), note=note)


def in_view(desk: Desk, **given: object) -> str | None:
    return desk.facts(**given).get("submission:360102")


def test_a_higher_version_stands_whatever_its_date(desk: Desk) -> None:
    desk.file(county("1", version=2, reported_on="2026-11-01"))
    desk.file(county("2", version=1, reported_on="2026-11-09"))
    assert in_view(desk) == "1.0000"
    assert desk.file(county("3", version=10))[-1].type == "replaced"
    assert in_view(desk) == "3.0000"


def test_of_one_version_the_later_date_stands_then_the_digest(desk: Desk) -> None:
    desk.file(county("1", reported_on="2026-11-09"))
    desk.file(county("2", reported_on="2026-11-08"))
    assert in_view(desk) == "1.0000"
    files = [county(str(n), reported_on="2026-11-10") for n in (3, 4, 5)]
    desk.file(*files)
    highest = max(files, key=lambda data: read_bytes(data, "").digest)
    value = read_bytes(highest, "").submissions[0].cells[1].value
    assert in_view(desk) == f"{value}.0000"


def test_the_order_of_files_changes_nothing(empty_home: Path, tmp_path: Path) -> None:
    files = [county("1"), county("2", version=2), county("3", version=3, state="rejected")]
    digests = set()
    for number, order in enumerate(permutations(files)):
        store = Store(shutil.copytree(empty_home, tmp_path / str(number)))
        with store.writing():
            desk = Desk(store, open_warehouse(store, read))
            desk.file(*order, names=["a"] * 3)
            digests.add((store.journal.head, canonical_digest(desk.con)))
            desk.con.close()
    assert len(digests) == 1


def test_a_rejected_newer_version_leaves_the_older_in_view(desk: Desk) -> None:
    desk.file(county("1"))
    desk.file(county("2", version=2, state="rejected"))
    assert in_view(desk) == "1.0000"
    assert desk.filings() == [("GLT02", "2026-10", "360102", "accepted", "rejected")]
    states = desk.con.execute("select version, state, superseded_seq from submission order by 1").fetchall()
    assert states == [(1, "accepted", None), (2, "rejected", None)]


def test_a_first_version_that_is_rejected_has_no_facts(desk: Desk) -> None:
    desk.file(county("1", state="rejected"))
    assert in_view(desk) is None
    assert desk.filings() == [("GLT02", "2026-10", "360102", "rejected", "rejected")]


def test_the_view_as_of_a_sequence(desk: Desk) -> None:
    one = desk.file(county("1"))[-1].seq
    two = desk.file(county("2", version=2))[-1].seq
    three = desk.file(county("3", version=3))[-1].seq
    assert in_view(desk, seq=one - 1) is None
    assert [in_view(desk, seq=s) for s in (one, two, three)] == ["1.0000", "2.0000", "3.0000"]
    assert [in_view(desk, seq=s) for s in (three - 2,)] == ["2.0000"]  # the next version only received


def test_pending_values_count_only_if_the_setting_admits_them(desk: Desk) -> None:
    desk.file(county("1"))
    pending = county("2", version=2, state="pending")
    desk.file(pending)
    assert in_view(desk) == "2.0000"
    assert in_view(desk, admit_pending=False) == "1.0000"
    relations(desk.con, desk.store.journal.head[0])
    assert desk.con.execute("select distinct status from fact").fetchall() == [("P",)]


def test_a_pending_version_that_is_rejected_gives_the_older_its_place_back(desk: Desk) -> None:
    desk.file(county("1"))
    pending = county("2", version=2, state="pending")
    assert "replaced" not in [e.type for e in desk.file(pending)]
    submission = read_bytes(pending, "").submissions[0]
    events = decision_events(desk.con, [Judged(submission, State.REJECTED)], *CLERK)
    append(desk.con, desk.store.journal.append(events))
    assert in_view(desk) == "1.0000"
    query = "select version, state, superseded_seq from submission order by 1"
    assert desk.con.execute(query).fetchall() == [(1, "accepted", None), (2, "rejected", None)]


def test_a_newer_version_replaces_whole_and_lists_what_it_lacks(desk: Desk) -> None:
    both = [{"region_code": "360100", "rev_cum": "1"}, {"region_code": "360197", "rev_cum": "2"}]
    desk.file(workbook(sheet(both, submitter="360100")))
    events = desk.file(
        workbook(sheet([{"region_code": "360100", "ent_n": "3"}], submitter="360100", version=2))
    )
    assert events[-1].type == "replaced"
    assert events[-1].body["removed"] == ["region_code=360197"]
    assert desk.facts() == {}
    assert desk.facts(field="ent_n") == {"submission:360100": "3.0000"}
    state = desk.con.execute("select version, state, superseded_seq from submission order by 1").fetchall()
    assert state == [(1, "replaced", events[-1].seq), (2, "accepted", None)]
    status = desk.con.execute("select distinct status from fact").fetchall()
    assert status == [("R",)]


def test_an_older_version_that_comes_late_is_never_in_view(desk: Desk) -> None:
    desk.file(county("2", version=2))
    events = desk.file(county("1", version=1))
    assert [e.type for e in events] == ["received", "accepted", "replaced"]
    assert events[-1].body["by_version"] == 2
    assert in_view(desk) == "2.0000"


def test_forms_and_subjects_are_replaced_apart(desk: Desk) -> None:
    def cluster(subject: str, value: str, **options: object) -> dict[str, object]:
        row: dict[str, str | None] = {"region_code": "360100", "rev_cum": value}
        return sheet([row], form="GLT03", submitter="360100", subject=subject, **options)

    own = sheet([{"region_code": "360100", "rev_cum": "9"}], submitter="360100")
    desk.file(workbook(cluster("KEI", "1"), cluster("KAV", "2"), own))
    desk.file(workbook(cluster("KAV", "3", version=2)))
    desk.facts()
    rows = desk.con.execute(
        "select form, cluster_code, cast(value as varchar) from fact order by all"
    ).fetchall()
    assert rows == [("GLT02", "", "9.0000"), ("GLT03", "KAV", "3.0000"), ("GLT03", "KEI", "1.0000")]


def test_the_same_content_in_other_bytes_is_recorded_as_such(desk: Desk) -> None:
    first = county("1.50")
    desk.file(first)
    columns_moved = workbook(sheet([{"rev_cum": "1.5", "region_code": "360102", "ent_n": None}], start=11))
    events = desk.file(columns_moved)
    assert [e.type for e in events] == ["received", "unchanged"]
    assert events[-1].body["same_as"] == read_bytes(first, "").digest
    assert desk.con.execute("select count(*) from submission").fetchall() == [(1,)]
    assert desk.file(county("1.5", version=2))[-2].type == "accepted"  # the head is content too


def test_two_files_of_one_content_in_a_batch_are_one_version(desk: Desk) -> None:
    events = desk.file(county("1", note="a"), county("1", note="b"))
    assert [e.type for e in events] == ["received", "received", "accepted", "unchanged"]


def test_the_same_file_judged_alike_writes_nothing(desk: Desk) -> None:
    data = county("1", state="pending")
    desk.file(data)
    submission = read_bytes(data, "").submissions[0]
    assert decision_events(desk.con, [Judged(submission, State.PENDING)], *CLERK) == []
    (decided,) = decision_events(desk.con, [Judged(submission, State.ACCEPTED)], *CLERK)
    assert decided.type == "accepted"


def test_a_pending_version_that_the_bureau_accepts_keeps_its_cells(desk: Desk) -> None:
    data = county("1", state="pending")
    seq = desk.file(data)[-1].seq
    submission = read_bytes(data, "0.xlsx").submissions[0]
    events = decision_events(desk.con, [Judged(submission, State.ACCEPTED)], *CLERK)
    append(desk.con, desk.store.journal.append(events))
    assert in_view(desk, admit_pending=False) == "1.0000"
    assert in_view(desk, seq=seq, admit_pending=False) is None
    again = build(desk.store.home / "again.duckdb", desk.store, desk.store.journal.entries(), read)
    assert canonical_digest(again) == canonical_digest(desk.con)
    again.close()


def test_content_digests_tell_values_marks_and_keys_apart() -> None:
    def digest(*rows: dict[str, str | None], **options: object) -> str:
        return content_digest(read_bytes(workbook(sheet(rows, **options)), "").submissions[0])

    base = digest({"region_code": "360102", "rev_cum": "1", "ent_n": None})
    assert base == digest({"region_code": "360102", "rev_cum": "1.0"})
    others = [
        digest({"region_code": "360102", "rev_cum": "10"}),
        digest({"region_code": "360102", "rev_cum": "-1"}),
        digest({"region_code": "360102", "rev_cum": "N!"}),
        digest({"region_code": "360102", "rev_cum": "C!"}),
        digest({"region_code": "360102", "rev_cum": None}),
        digest({"region_code": "360102", "rev_cum": "1", "ent_n": "0"}),
        digest({"region_code": "360103", "rev_cum": "1"}),
        digest({"region_code": "360102", "rev_cum": "1"}, {"region_code": "360102", "rev_cum": "1"}),
        digest({"region_code": "360102", "rev_cum": "1"}, period="2026-09"),
        digest({"region_code": "360102", "rev_cum": "1"}, reported_on="2026-11-09"),
    ]
    assert len({base, *others}) == 11
    rows = [{"region_code": "360102", "rev_cum": "1"}, {"region_code": "360103", "rev_cum": "2"}]
    assert digest(*rows) == digest(*rows[::-1])
    swapped = [{"region_code": "360102", "rev_cum": "2"}, {"region_code": "360103", "rev_cum": "1"}]
    assert digest(*rows) != digest(*swapped)


def test_equal_versions_with_different_content_are_found_on_both(desk: Desk) -> None:
    desk.file(county("1"))
    new = [read_bytes(county(v), f"{v}.xlsx").submissions[0] for v in ("2", "3")]
    found = equal_version_findings(desk.con, new)
    assert [(f.rule, f.severity, f.file_name) for f in found] == [
        ("V001", "soft", "2.xlsx"),
        ("V001", "soft", "3.xlsx"),
    ]
    assert found[0].message.count("、") == 1
    same = read_bytes(county("1", note="again"), "").submissions[0]
    higher = read_bytes(county("4", version=2), "").submissions[0]
    assert equal_version_findings(desk.con, [same, higher]) == []


def test_facts_have_marks_and_leave_blanks_and_registers_out(desk: Desk) -> None:
    row = {"region_code": "360102", "rev_cum": "C!", "profit_cum": None, "ent_n": "N!", "va_growth": "0"}
    enterprise = {"uscc": "91360100MA00000001", "region_code": "360102", "rev_cum": "5"}
    desk.file(workbook(sheet([row]), sheet([enterprise], form="GLT08")))
    desk.facts()
    rows = desk.con.execute(
        "select form, field, cast(value as varchar), mark, status, cell from fact order by all"
    ).fetchall()
    assert rows == [
        ("GLT02", "ent_n", None, "N", "M", "D8"),
        ("GLT02", "rev_cum", None, "C", "C", "B8"),
        ("GLT02", "va_growth", "0.0000", "", "A", "E8"),
    ]
    assert desk.con.execute(
        "select row_key from cell join submission s on s.id = submission where form = 'GLT08' limit 1"
    ).fetchall() == [("uscc=91360100MA00000001",)]


def history(*rows: dict[str, str | None], **options: object) -> bytes:
    own: dict[str, object] = {"submitter": "BUREAU", "edition": "history", "period": "2025-10", **options}
    return workbook(sheet(rows, **own))


def test_history_is_layered_record_by_record(desk: Desk) -> None:
    first = history({"region_code": "360102", "rev_cum": "1"}, {"region_code": "360103", "rev_cum": "2"})
    entries = desk.file(first)
    assert [e.type for e in entries] == ["received", "backfilled"]
    later = desk.file(
        history({"region_code": "360103", "rev_cum": "3"}, {"region_code": "360104", "rev_cum": "4"})
    )
    assert [e.type for e in later] == ["received", "backfilled"]  # nothing of the first is replaced
    assert desk.facts() == {
        "bureau:360102": "1.0000",
        "bureau:360103": "3.0000",
        "bureau:360104": "4.0000",
    }
    older = history({"region_code": "360104", "rev_cum": "5"}, reported_on="2026-10-01")
    desk.file(older)
    assert desk.facts()["bureau:360104"] == "4.0000"
    assert desk.facts(seq=entries[-1].seq)["bureau:360103"] == "2.0000"


def test_history_and_submission_are_both_given(desk: Desk) -> None:
    desk.file(county("7", period="2025-10"), history({"region_code": "360102", "rev_cum": "8"}))
    assert desk.facts() == {"bureau:360102": "8.0000", "submission:360102": "7.0000"}


def test_published_figures_and_history_stand_beside_each_other(desk: Desk) -> None:
    published = sheet([{"region_code": "360000", "rev_cum": "9"}], submitter="BUREAU", edition="published",
                      period="2025-10")  # fmt: skip
    events = desk.file(workbook(published), history({"region_code": "360102", "rev_cum": "8"}))
    assert "replaced" not in [e.type for e in events]
    assert desk.facts() == {"bureau:360000": "9.0000", "bureau:360102": "8.0000"}
    assert desk.filings() == [("GLT02", "2025-10", "BUREAU", "accepted", "accepted")] * 2


def test_nothing_of_a_later_period_is_seen(desk: Desk) -> None:
    desk.file(county("1"), county("2", period="2026-11"), county("3", period="2025"))
    desk.facts(through=Period.parse("2026-10"))
    periods = desk.con.execute("select distinct period from fact order by 1").fetchall()
    assert periods == [("2025",), ("2026-10",)]
    annual = desk.con.execute("select ref_month, annual from fact where period = '2025'").fetchall()
    assert annual == [(202512, True)]


def test_the_data_position_moves_with_decisions_of_its_periods_alone(desk: Desk) -> None:
    october = Period.parse("2026-10")

    def position() -> int:
        relations(desk.con, desk.store.journal.head[0], through=october)
        return data_position(desk.con)

    assert position() == 0
    accepted = desk.file(county("1"))[-1].seq
    assert position() == accepted
    desk.file(b"no workbook", county("2", period="2026-11"), county("1", note="saved again"))
    assert position() == accepted
    names = ["GLT02/2026-10/360102/-/v1/" + read_bytes(county("1"), "").digest[:12]]
    assert inputs(desk.con) == [(read_bytes(county("1"), "").digest, names)]
    assert position() < desk.file(county("2", version=2, state="rejected"))[-1].seq == position()
