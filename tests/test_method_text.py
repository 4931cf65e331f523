"""Method files that cannot be used: one Chinese sentence that names file, step or indicator, and key."""

from pathlib import Path

import pytest
from test_cli import zhishu

from indices.design import parse_design, read_design
from indices.method import METHODS_DIR, MethodError

GOOD = """
format = 2
index = 'T'
version = '1'
name = '试'
data = {subject = 'who'}
[[groups]]
id = 'T'
name = '总'
[[indicators]]
id = 'a'
name = '甲'
parent = 'T'
low = '0'
high = '100'
[[steps]]
step = 'normalise'
scale = {method = 'goalpost'}
[[steps]]
step = 'aggregate'
"""


def refused(text: str) -> str:
    with pytest.raises(MethodError) as error:
        parse_design(text, "m.toml")
    return str(error.value)


def test_the_file_of_these_cases_is_good_itself() -> None:
    assert parse_design(GOOD, "m.toml").id == "T-1"


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        (
            "step = 'normalise'",
            "step = 'normalize'",
            "方法文件 m.toml 有误：steps 第 1 步：没有 normalize，有 screen、denominate、impute、treat、"
            "transform、normalise、weigh、aggregate",
        ),
        (
            "high = '100'",
            "hihg = '100'",
            "方法文件 m.toml 有误：indicators 第 1 项（a） hihg：没有这一项，写的是 '100'",
        ),
        ("high = '100'", "high = '很高'", "indicators 第 1 项（a） high：应为数，写的是 '很高'"),
        ("parent = 'T'", "", "indicators 第 1 项（a） parent：没有写"),
        ("{method = 'goalpost'}", "{method = 'goal'}", "steps 第 1 步 normalise scale method：应为 "),
        ("step = 'normalise'\n", "", "steps 第 1 步：没有写 step"),
        ("format = 2", "format = 3", "format：应为 2，写的是 3"),
        (
            "format = 2",
            "format = 1",
            "m.toml 是由报表计算的方法（format 1），不能配数据文件；请用 zhishu check",
        ),
    ],
)
def test_a_mistake_is_told_at_its_place(right: str, wrong: str, told: str) -> None:
    assert right in GOOD
    message = refused(GOOD.replace(right, wrong, 1))
    assert told in message and "\n" not in message and "Input" not in message


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(MethodError, match=r"^方法文件 .*nope\.toml 不存在。$"):
        read_design(tmp_path / "nope.toml")
    path = tmp_path / "m.toml"
    path.write_text(GOOD, "gbk")
    with pytest.raises(MethodError, match=r"m\.toml 不是 UTF-8，请另存为"):
        read_design(path)
    with pytest.raises(MethodError, match=r"MQ-2026\.1\.toml 是由报表计算的方法"):
        read_design(METHODS_DIR / "MQ-2026.1.toml")


def test_score_says_of_a_method_over_forms_what_it_is(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, _, err = zhishu(capsys, "score", "MQ-2026.1", "data.csv", "--out", tmp_path)
    assert code == 2 and err.startswith("错误：MQ-2026.1 是由报表计算的方法（format 1）")
