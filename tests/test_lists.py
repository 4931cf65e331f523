"""The bureau's own CSV files: with the mark that Excel writes, and in an encoding that is not read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from test_cli import zhishu

from flows.ledger.canonical import digest_files
from schemas.codes import CODES_DIR, load_codes
from schemas.lists import ListError, rows_of
from schemas.workdays import load_workdays


def copied(folder: Path, encoding: str, name: str) -> Path:
    """The code lists, one of them saved in another encoding."""
    shutil.copytree(CODES_DIR, folder)
    path = folder / name
    path.write_bytes(path.read_text("utf-8").encode(encoding))
    return folder


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    folder = copied(tmp_path / "codes", "utf-8-sig", "regions.csv")
    assert load_codes(folder).regions == load_codes().regions
    (folder / "workdays.csv").write_text("date,working,note\n2027-01-01,0,元旦\n", "utf-8-sig")
    assert len(load_workdays(folder).listed) == 1


def test_another_encoding_is_refused_in_a_sentence_that_names_file_and_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copied(tmp_path / "codes", "gb18030", "regions.csv")
    with pytest.raises(ListError, match=r"regions.csv 第 2 行不是 UTF-8 编码.*另存为"):
        rows_of(folder / "regions.csv")
    with pytest.raises(ListError, match=r"regions.csv"):
        digest_files([folder / "regions.csv"])
    code, _, err = zhishu(capsys, "forms", "2026-10", "--out", tmp_path / "out", "--codes", folder)
    assert code == 2 and "regions.csv 第 2 行" in err and "Traceback" not in err
