"""A method file of format 2 from disk, or one sentence about the file that is none."""

from __future__ import annotations

from pathlib import Path

from indices.method import METHODS_DIR, MethodError


def text_of(path: Path) -> str:
    """The text of a method file on a table; MethodError for a file that is none."""
    if not path.is_file():
        if (METHODS_DIR / f"{path.name}.toml").is_file():
            raise MethodError(other_format(path.name))
        raise MethodError(f"方法文件 {path} 不存在。")
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MethodError(f"方法文件 {path.name} 不是 UTF-8，请另存为 UTF-8 文本。") from error


def other_format(name: str) -> str:
    """What to say of a method over forms where one on a table is asked for."""
    return (
        f"{name} 是由报表计算的方法（format 1），不能配数据文件；"
        "请用 zhishu check 检查，或用 zhishu whatif 试算一次发布。"
    )
