"""Workbooks that the program wrote, laid into the inbox by mistake: told apart, and kept nowhere."""

import shutil
from io import BytesIO
from pathlib import Path

import sheets
from books import opened
from conftest import MONTH, Small
from openpyxl import load_workbook

from flows.batch import Outcome
from flows.inbox import look, read
from flows.intake import Intake, archive
from flows.ledger.store import Store
from schemas.reading.workbook import OWN, read_workbook
from schemas.returns.letter import Letter, letter_workbook
from schemas.returns.record import listing_of


def test_tables_in_the_inbox_are_named_and_not_taken(
    small: Small, small_outcome: Outcome, tmp_path: Path
) -> None:
    inbox, home = tmp_path / "in", tmp_path / "home"
    inbox.mkdir()
    for path in small_outcome.files[:2]:
        shutil.copy(path, inbox)
    store, intake = Store(home), Intake(MONTH)
    with store.writing():
        look(store, [inbox], intake)
        read(small.settings(home), intake)
        read(small.settings(home), intake)  # a step may be tried again
        archive(store, intake)
    assert sorted(path.name for path in intake.own_tables) == sorted(p.name for p in small_outcome.files[:2])
    assert intake.deliveries == [] and list(store.archive.digests()) == []
    assert [(f.rule, f.message) for f in intake.findings] == [(OWN, "这是本程序写出的表，不是报表。")] * 2
    assert sorted(f.file_name for f in intake.findings) == sorted(p.name for p in small_outcome.files[:2])


def test_every_edition_is_known_also_after_it_was_saved_elsewhere(small_outcome: Outcome) -> None:
    for path in small_outcome.files:
        delivery = read_workbook(path.read_bytes(), path.name, sheets.CODES)
        assert delivery.refused is not None and delivery.refused.rule == OWN
    saved = BytesIO()
    load_workbook(min(small_outcome.files, key=lambda path: path.stat().st_size)).save(saved)
    again = read_workbook(saved.getvalue(), "另存.xlsx", sheets.CODES)
    assert again.refused is not None and again.refused.rule == OWN


def test_a_letter_is_known_and_a_report_is_not_taken_for_one(small: Small) -> None:
    letter = Letter(
        listing_of("报表.xlsx", "余江区统计局", (), {}), "a" * 64, "F05", "打不开。", "请重报。", ""
    )
    answered = read_workbook(letter_workbook(letter, sheets.CODES), "报表-退件说明.xlsx", sheets.CODES)
    assert answered.refused is not None and answered.refused.rule == OWN
    book = opened((small.inbox / "2026-10" / "360602.xlsx").read_bytes())
    book.properties.category = "综合指数程序写出"  # an office copied its sheets into a table of ours
    data = BytesIO()
    book.save(data)
    assert read_workbook(data.getvalue(), "报表.xlsx", small.codes).submissions
