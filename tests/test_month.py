"""The batch on the small province: what it takes, that a rerun gives the same, that nothing good is lost."""

import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl
import pytest
import readers
from conftest import MONTH, ROOT, Ran, Small
from openpyxl import load_workbook

from flows.batch import Outcome, run_batch
from flows.inbox import look, refuse_mixture
from flows.intake import Intake, store_of
from flows.ledger.release import releases
from flows.ledger.store import Store
from flows.report import outcome_json, summary_lines
from flows.settings import Settings
from flows.stored import stored_results
from schemas.finding import Finding, Severity, State
from schemas.period import Period
from schemas.reading.pool import Limits, read_files
from schemas.reading.record import Delivery

PUBLISHED = ROOT / "sample_inputs" / "published"


def test_everything_is_accepted_and_computed(small_outcome: Outcome) -> None:
    assert {j.state for j in small_outcome.intake.judged} == {State.ACCEPTED}
    assert not small_outcome.needs_a_person
    assert small_outcome.release is not None and small_outcome.release.id == "2026-10.1"
    assert small_outcome.results is not None
    shown = small_outcome.results.index.filter(pl.col("period") == "2026-10")
    assert shown["value"].null_count() == 0
    assert len(small_outcome.files) == 6


def test_the_summary_is_for_a_statistician(small_outcome: Outcome) -> None:
    text = "\n".join(summary_lines(small_outcome))
    for part in ("读取工作簿", "接收", "报送率 100.00 %", "前三", "后三", "发布 2026-10.1（初步"):
        assert part in text
    assert json.loads(json.dumps(outcome_json(small_outcome)))["submissions"]["rejected"] == 0


def test_nothing_new_gives_the_same_release_and_no_event(
    small: Small, small_outcome: Outcome, small_home: Path
) -> None:
    settings, first = small.settings(small_home), small_outcome
    head = Store(settings.home).journal.head
    second = run_batch(settings, MONTH, [small.inbox], None)
    assert Store(settings.home).journal.head == head and second.revised == ()
    assert second.release is not None and first.release is not None
    assert second.release.id == first.release.id and not second.release.fresh
    assert second.intake.seen == len(list(small.inbox.rglob("*.xlsx")))


def test_what_comes_early_is_left_and_what_comes_late_makes_a_revised_release(
    small: Small, tmp_path: Path
) -> None:
    settings, early = small.settings(tmp_path / "home"), small.month / "360602.xlsx"
    late = small.inbox / "2026-09" / "360602.xlsx"
    on_time = Path(shutil.copytree(late.parent, tmp_path / "on time"))
    (on_time / late.name).unlink()
    first = run_batch(settings, Period.parse("2026-09"), [on_time, early], None)
    assert {Period.parse(s.period) for d in first.intake.later for s in d.submissions} == {MONTH}
    store = Store(settings.home)
    assert all(d.digest not in store.seen() and not store.archive.has(d.digest) for d in first.intake.later)
    assert first.release is not None and first.results is not None
    missing = first.results.absent.filter(pl.col("period") == "2026-09")
    assert set(missing["submitter"]) == {"360602"} and set(missing["reason"]) == {"未报"}
    then = run_batch(settings, MONTH, [late.parent, early], None)
    assert [(r.id, r.stage) for r in then.revised] == [("2026-09.2", "修订")]
    assert "新的或更正的报送" in then.revised[0].reason
    assert [r.id for r in releases(store)] == ["2026-09.1", "2026-09.2", "2026-10.1"]
    assert releases(store, "2026-09")[0].tables == first.release.tables  # the old one is untouched
    assert late.exists()


def test_stored_results_are_the_computed_ones(small: Small, small_outcome: Outcome) -> None:
    assert small_outcome.release is not None and small_outcome.results is not None
    kept = stored_results(small_outcome.release, small.codes)
    for name in ("index", "pillar", "indicator", "variable", "target", "coverage", "absent"):
        assert getattr(kept, name).equals(getattr(small_outcome.results, name)), name


def test_files_are_known_by_their_bytes(small: Small, tmp_path: Path) -> None:
    inbox = tmp_path / "in"
    inbox.mkdir()
    source = next(small.inbox.rglob("*.xlsx"))
    for name in ("b.xlsx", "a.xlsx"):
        shutil.copy(source, inbox / name)
    (inbox / "读我.txt").write_text("不是报表", "utf-8")
    (inbox / "~$a.xlsx").write_text("", "utf-8")
    intake = Intake(MONTH)
    look(Store(tmp_path / "home"), [inbox], intake)
    assert [p.name for p in intake.paths] == ["a.xlsx"]
    assert intake.seen == 1 and [p.name for p in intake.ignored] == ["~$a.xlsx", "读我.txt"]


def test_published_figures_give_no_total(tmp_path: Path) -> None:
    outcome = run_batch(Settings(home=tmp_path / "home"), Period.parse("2025-12"), [PUBLISHED], None)
    assert not outcome.needs_a_person and outcome.results is not None
    assert outcome.results.index["value"].drop_nulls().is_empty()
    computed = outcome.results.indicator.filter(pl.col("value_published").is_not_null())
    figures = {
        (r["subject"], r["indicator"]): str(r["value_published"]) for r in computed.iter_rows(named=True)
    }
    assert figures["360000", "MQ101"] == "8.4000"
    assert figures["360000", "MQ305"] == "23.2000"
    assert figures["NE", "CM101"] == "56.6900"
    scores = {
        (r["subject"], r["indicator"]): str(r["score_published"]) for r in computed.iter_rows(named=True)
    }
    assert scores["360000", "MQ305"] == "84.27" and scores["NE", "CM101"] == "65.35"


def test_the_month_completes_around_files_that_kill_or_hang_the_reader_or_cannot_be_read(
    small: Small, month_ran: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = tmp_path / "in"
    shutil.copytree(small.month, inbox)
    for name in ("crash.xlsx", "hang.xlsx"):
        (inbox / name).write_bytes(b"PK" + name.encode())
    (inbox / "断链.xlsx").symlink_to(tmp_path / "没有")
    monkeypatch.setattr("flows.intake.read_files", partial(read_files, read=readers.by_name))
    monkeypatch.setattr("flows.intake.Limits", partial(Limits, seconds=3))
    outcome = run_batch(small.settings(tmp_path / "home"), MONTH, [inbox], None)
    assert {d.file_name: d.refused.rule for d in outcome.intake.refused if d.refused} == {
        "crash.xlsx": "F90", "hang.xlsx": "F91",
    }  # fmt: skip
    assert sorted((f.file_name, f.rule) for f in outcome.intake.findings) == [
        ("crash.xlsx", "F90"), ("hang.xlsx", "F91"), ("断链.xlsx", "F01"),
    ]  # fmt: skip
    assert outcome.results is not None and month_ran.outcome.results is not None
    assert outcome.results.index.equals(month_ran.outcome.results.index)
    assert outcome.release is not None
    for finding in outcome.intake.findings:  # each of them alone wants a person
        alone = replace(outcome, intake=Intake(MONTH, findings=[finding]), waiting={})
        assert alone.needs_a_person and not replace(alone, intake=Intake(MONTH)).needs_a_person


def test_a_period_without_reports_is_not_released(small: Small, tmp_path: Path) -> None:
    settings = small.settings(tmp_path / "home")
    outcome = run_batch(settings, Period.parse("2026-11"), [tmp_path], None)
    assert outcome.release is None and "2026-11 没有任何" in outcome.note and outcome.needs_a_person
    assert releases(Store(settings.home)) == []


def test_a_rejected_version_makes_no_release(
    small: Small, month_ran: Ran, month_home: Path, tmp_path: Path
) -> None:
    settings, first = small.settings(month_home), month_ran.outcome
    spoilt = tmp_path / "in" / "again.xlsx"
    spoilt.parent.mkdir()
    book = load_workbook(small.inbox / "2026-10" / "360602.xlsx")
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value == "万元" and cell.row < 12:
                    cell.value = "亿元"
    book.save(spoilt)
    again = run_batch(settings, MONTH, [spoilt.parent], None)
    assert again.intake.submissions(State.REJECTED)
    assert replace(again, waiting={}).needs_a_person  # whatever else waits in the home of one month
    assert again.release is not None and first.release is not None
    assert again.release.id == first.release.id and not again.release.fresh


def test_a_sheet_of_a_later_period_does_not_take_the_others_with_it(small: Small, tmp_path: Path) -> None:
    inbox = tmp_path / "in"
    inbox.mkdir()
    book = load_workbook(small.inbox / "2026-10" / "360602.xlsx")
    for row in book.worksheets[1].iter_rows():
        for cell in row:
            if cell.value == "2026年1-10月":
                cell.value = "2026年1-11月"
    book.save(inbox / "360602.xlsx")
    outcome = run_batch(small.settings(tmp_path / "home"), MONTH, [inbox], None, compute=False)
    assert [f.rule for f in outcome.intake.findings if f.rule == "P01"] == ["P01"]
    assert {j.submission.form for j in outcome.intake.judged} == {"GLT01", "GLT08"}
    assert outcome.needs_a_person


def test_glt09_is_kept_apart_even_where_its_head_is_broken() -> None:
    def sheet(form: str) -> Finding:
        return Finding("H001", Severity.HARD, "表头要素缺失", "请补", form=form)

    mixed = Delivery("d", "x.xlsx", 1, (), (sheet("GLT09"), sheet("GLT01")))
    assert refuse_mixture(mixed).refused is not None
    store = Store(Path("home"))
    alone = Delivery("d", "x.xlsx", 1, (), (), sheet("GLT09"))
    assert store_of(store, alone) is store.permu
    assert store_of(store, refuse_mixture(mixed)) is None
