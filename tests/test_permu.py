"""GLT09 goes its own way: own archive, own journal, own warehouse, its own explanations and reviews."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from books import opened
from conftest import Small
from loop import explain, reading, sheet_of
from records import LAND_USER
from test_cli import zhishu

from flows.batch import run_batch
from flows.ledger.store import Store
from schemas.finding import State
from schemas.form import form_for
from schemas.period import Period
from schemas.territory import Due, submitter
from schemas.workbook import Filled, Head, filled_workbook

OFFICE, YEAR, THROUGH = "360602", Period.parse("2025"), Period.parse("2026-10")


def permu(small: Small, path: Path, **changes: str) -> Path:
    """One enterprise of the county in a workbook of its own."""
    filer = submitter(small.codes, OFFICE)
    assert filer is not None
    values = LAND_USER | {"region_code": OFFICE} | changes
    columns = form_for("GLT09", YEAR).columns
    key = tuple(values[c.code] for c in columns if c.key)
    row = {
        c.code: Decimal(values[c.code]) if c.numeric else values[c.code]
        for c in columns
        if not c.key and c.code in values
    }
    head = Head(1, "2026-05-20", "刘建国", "陈晓芳", "王五", "0701-6000001", "")
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet = Filled(Due(OFFICE, YEAR, "GLT09"), {key: row})
    path.write_bytes(filled_workbook(small.codes, filer, head, [sheet]))
    return path


def test_glt09_is_judged_and_answered_in_its_own_store(
    small: Small, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = small.settings(tmp_path / "home")
    path = permu(small, tmp_path / "in" / "1" / "亩均.xlsx", va="2500")  # more value added than revenue
    first = run_batch(settings, THROUGH, [path], tmp_path / "out", compute=False)
    (judged,) = first.intake.judged
    assert judged.state is State.PENDING, judged.findings
    assert {f.rule for f in judged.findings} == {"S318"}
    store = Store(settings.home)
    assert store.journal.entries() == [] and not store.archive.has(judged.submission.digest)
    assert [e.type for e in store.permu.journal.entries()] == ["received", "pending"]
    (copy,) = first.returns
    explained = explain(
        copy, tmp_path / "in" / "2" / "亩均.xlsx", "0", "增加值含往年调整数，已与税务核对一致"
    )
    second = run_batch(settings, THROUGH, [explained], tmp_path / "out", compute=False)
    assert [e.type for e in store.permu.journal.entries()][2:] == ["received", "unchanged", "explained"]
    assert store.journal.entries() == []
    assert sheet_of(reading(explained, small.codes), "GLT09").signed[0] == "刘建国"
    (finding,) = second.intake.judged[0].findings
    assert finding.reply == "explained"
    common = ("--home", settings.home, "--codes", small.codes.folder, "--permu")
    code, told, _ = zhishu(capsys, "review", *common)
    assert code == 1 and "待核准的说明：1 条" in told and finding.id in told
    code, told, _ = zhishu(
        capsys, "review", "--approve", finding.id, "--by", "李四", "--role", "亩均办审核员", *common
    )
    assert code == 0 and "已接收" in told
    assert [e.type for e in store.permu.journal.entries()][-2:] == ["reviewed", "accepted"]


def test_what_goes_back_of_glt09_knows_its_own_record(
    small: Small, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, out = small.settings(tmp_path / "home"), tmp_path / "out"
    first = run_batch(
        settings, THROUGH, [permu(small, tmp_path / "1" / "亩均.xlsx", va="2500")], None, compute=False
    )
    (finding,) = first.intake.judged[0].findings
    common = ("--permu", "--by", "李四", "--role", "审核员", "--note", "请附税务凭证",
              "--home", settings.home, "--codes", small.codes.folder)  # fmt: skip
    (tmp_path / "file").touch()  # where a folder should be: the decision stands and is told all the same
    code, said, err = zhishu(
        capsys, "review", "--return", finding.id, "--out", tmp_path / "file" / "x", *common
    )
    assert code == 2 and f"退回了 2025 {OFFICE} GLT09 的问题 {finding.id}" in said and "文件读写失败" in err
    changed = permu(small, tmp_path / "2" / "亩均.xlsx", va="2500", emp_avg="81")
    second = run_batch(settings, THROUGH, [changed], out, compute=False)
    (comparison,) = [path for path in second.returns if path.name.startswith("版本对照-GLT09-2025-")]
    (copy,) = [path for path in second.returns if path != comparison]
    told = [value for row in opened(copy)["审核结果"].values for value in row]
    assert "说明被退回：请附税务凭证" in told
