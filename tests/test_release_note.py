"""The note beside the tables belongs to its release; exit codes of runs without one."""

from dataclasses import replace
from pathlib import Path

import pytest
from conftest import MONTH

from flows.batch import Outcome
from flows.intake import Intake
from flows.release_note import write_note
from flows.report import file_lines, summary_lines
from flows.running import exit_code

NOTHING = "报告期 2026-10 没有任何已接收的报表，不计算、不发布。"


def again(outcome: Outcome) -> Outcome:
    """A second run, which found nothing new."""
    assert outcome.release is not None
    return replace(outcome, intake=Intake(MONTH), release=replace(outcome.release, fresh=False))


def test_a_later_run_leaves_the_note_of_the_release(small_outcome: Outcome, tmp_path: Path) -> None:
    note = write_note(small_outcome, tmp_path)
    first = note.read_bytes()
    assert "读取工作簿" in first.decode() and "读取工作簿 0 个" not in first.decode()
    assert write_note(again(small_outcome), tmp_path) == note
    assert note.read_bytes() == first


def test_where_there_is_no_note_it_tells_of_the_release_alone(small_outcome: Outcome, tmp_path: Path) -> None:
    path = write_note(again(small_outcome), tmp_path / "other")
    text = path.read_text("utf-8")
    assert "读取工作簿" not in text and "报送率 100.00 %" in text and "与已有发布相同" in text
    path.write_text("# of another release\n", "utf-8")
    assert "报送率" in write_note(again(small_outcome), tmp_path / "other").read_text("utf-8")


def test_the_screen_names_the_note(small_outcome: Outcome, tmp_path: Path) -> None:
    note = write_note(small_outcome, tmp_path)
    assert file_lines(small_outcome, note)[-1] == f"说明 {tmp_path / '2026-10 发布说明.md'}"


def test_a_run_without_a_release_keeps_off_the_note_of_one(small_outcome: Outcome, tmp_path: Path) -> None:
    made = write_note(small_outcome, tmp_path)
    first = made.read_bytes()
    none = replace(small_outcome, release=None, results=None, files=(), note=NOTHING)
    assert write_note(none, tmp_path).name == "2026-10 收件说明.md" and made.read_bytes() == first


@pytest.mark.parametrize(
    ("revised", "code", "told"),
    [(False, 2, NOTHING), (True, 1, NOTHING + "往期因新数据另有发布：2026-10.1。")],
)
def test_a_period_without_data_is_bad_input_unless_something_was_released(
    small_outcome: Outcome, revised: bool, code: int, told: str
) -> None:
    assert small_outcome.release is not None
    others = (small_outcome.release,) if revised else ()
    outcome = replace(
        small_outcome, intake=Intake(MONTH), release=None, results=None, note=NOTHING, revised=others
    )
    assert exit_code(outcome) == code and told in summary_lines(outcome)
