"""Code lists as a bureau saves them: encodings, and figures that rules look up."""

import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from test_cli import zhishu

from flows.mistakes import sentence
from schemas.codes import CODES_DIR, Codes
from schemas.lists import ListError, rows_of
from schemas.rule_parameters import known_parameters, parameters

GOOD = "name,month,value,source\nppi,2026-09,-1.5,统计局\nppi,2026-10,-2,统计局\n"


def with_parameters(tmp_path: Path, text: str, encoding: str = "utf-8") -> Codes:
    """The committed lists with another ``parameters.csv``."""
    folder = tmp_path / "codes"
    shutil.copytree(CODES_DIR, folder)
    (folder / "parameters.csv").write_text(text, encoding)
    return Codes(folder)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_list_may_have_the_mark_of_excel(tmp_path: Path, encoding: str) -> None:
    found = parameters(with_parameters(tmp_path, GOOD, encoding))
    assert found.rows() == [("ppi", "2026-09", Decimal("-1.5")), ("ppi", "2026-10", Decimal("-2"))]


def test_a_list_in_another_encoding_is_refused_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "parameters.csv"
    path.write_text(GOOD, "gbk")
    with pytest.raises(ListError) as refused:
        rows_of(path)
    assert str(sentence(refused.value)).startswith("文件 parameters.csv 第 2 行不是 UTF-8 编码")


def test_the_command_says_so_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codes = with_parameters(tmp_path, GOOD)
    regions = codes.folder / "regions.csv"
    regions.write_text(regions.read_text("utf-8"), "gbk")
    code, _, err = zhishu(capsys, "forms", "2026-10", "--out", tmp_path / "o", "--codes", codes.folder)
    assert code == 2 and "文件 regions.csv 第" in err and "不是 UTF-8 编码" in err and "Traceback" not in err


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("出厂价格指数,2026-10,1,x", r"第 4 行的 name“出厂价格指数”没有规则使用，应为：.*ppi"),
        ("ppi,2026年10月,1,x", "第 4 行的 month“2026年10月”不是报告期"),
        ("ppi,2026-11,1％,x", "第 4 行的 value“1％”不是数"),
        ("ppi,2026-11,NaN,x", "第 4 行的 value“NaN”不是数"),
        ("ppi,2026-11,1_000,x", "第 4 行的 value“1_000”不是数"),
        ("ppi,2026-11,１２,x", "第 4 行的 value“１２”不是数"),
        ("ppi,2026-11,1e30,x", "第 4 行的 value“1e30”不是数"),
        ("ppi,2026-10,3,x", "ppi 的 2026-10 已在前面写过"),
        ("ppi", "month“”不是报告期"),
    ],
)
def test_a_line_that_no_rule_could_use_is_refused(tmp_path: Path, line: str, told: str) -> None:
    with pytest.raises(ListError, match=told):
        parameters(with_parameters(tmp_path, f"{GOOD}{line}\n"))


def test_every_known_name_is_one_that_a_rule_looks_up() -> None:
    assert known_parameters() == ("ppi",)
