"""What the commands of ``zhishu`` share: the application, options, and the mistakes in them."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.mistakes import Mistake
from flows.settings import Settings, settings
from schemas.period import Period
from schemas.reading.record import WORKBOOKS

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="官方综合指数：从报表到指数表 · official composite indices, from the forms to the tables",
)


def _tell_version(wanted: bool) -> None:
    if wanted:
        print(f"zhishu {version('zhishu')}")
        raise typer.Exit


@app.callback()
def program(
    asked: Annotated[
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="本程序的版本 · the version"),
    ] = False,
) -> None:
    """Options of the program itself."""


Home = Annotated[
    Path | None, typer.Option("--home", help="台账文件夹，默认 ./var 或 ZHISHU_HOME · the home folder")
]
CodesFolder = Annotated[Path | None, typer.Option("--codes", help="代码表文件夹 · folder of code lists")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON · print JSON")]
PeriodText = Annotated[
    str, typer.Argument(metavar="PERIOD", help="报告期，如 2026-10、2026Q3、2026 · period")
]
Out = Annotated[Path, typer.Option("--out", help="输出文件夹 · output folder")]
Inbox = Annotated[
    list[Path],
    typer.Option("--inbox", help="收件文件夹（或单个工作簿），可写多个 · inbox folder, repeatable"),
]
Actor = Annotated[str | None, typer.Option("--actor", help="操作人，记入日志 · who acts, for the journal")]
Pending = Annotated[
    bool, typer.Option("--admit-pending/--no-pending", help="待核数据是否计入 · whether pending data count")
]


class UsageError(Mistake):
    """An argument that cannot be meant."""


def period_asked(text: str, *kinds: str) -> Period:
    """The period that a text means, of one of these frequencies; UsageError otherwise."""
    try:
        period = Period.parse(text)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if kinds and period.frequency not in kinds:
        wanted = {"M": "月份（如 2026-10）", "Q": "季度（如 2026Q3）", "A": "年份（如 2026）"}
        raise UsageError(f"报告期 {text} 不合用，这里应写{'或'.join(wanted[k] for k in kinds)}。")
    return period


def settings_for(
    home: Path | None, codes: Path | None, admit_pending: bool = True, actor: str | None = None
) -> Settings:
    """Settings from the options; UsageError for code lists that are none."""
    try:
        chosen = settings(home, codes, admit_pending, actor)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if not (chosen.codes_folder / "regions.csv").is_file():
        raise UsageError(f"代码表文件夹 {chosen.codes_folder} 中没有 regions.csv。")
    return chosen


def existing(chosen: Settings) -> Settings:
    """The same settings, if there is a ledger to read."""
    if not chosen.home.is_dir():
        raise UsageError(f"台账文件夹 {chosen.home} 不存在。")
    return chosen


def inboxes(paths: list[Path]) -> list[Path]:
    """Folders to take workbooks from; a single workbook may stand for one."""
    for path in paths:
        if not path.exists():
            raise UsageError(f"收件文件夹 {path} 不存在。")
        if path.is_file() and path.suffix.lower() not in WORKBOOKS:
            raise UsageError(f"收件文件夹 {path} 是一个文件，而且不是工作簿；请写文件夹或工作簿。")
    return paths


def founding(chosen: Settings) -> Settings:
    """The same settings; says where a new ledger is about to be made, since the folder may be misspelt."""
    from flows.ledger.store import Store

    if not Store(chosen.home).journal.path.exists():
        print(f"{chosen.home} 中还没有台账，新建台账。", file=sys.stderr)
    return chosen


def folder_at(path: Path) -> Path:
    """An output folder, which may not be there yet."""
    if path.exists() and not path.is_dir():
        raise UsageError(f"输出位置 {path} 是一个文件，应为文件夹。")
    return path.absolute()


def workbook_path(path: Path | None) -> Path | None:
    """A workbook to be written: without an ending it gets one, with the ending of something else it is refused."""
    if path is None or path.suffix.lower() == ".xlsx":
        return path
    if path.suffix[1:].isalpha():
        raise UsageError(f"{path} 应为工作簿，文件名请以 .xlsx 结尾。")
    return path.with_name(f"{path.name}.xlsx")


def print_json(value: Any) -> None:
    """What a program reads, on one line: Python takes longer to indent a large trace than to find it."""
    print(json.dumps(value, ensure_ascii=False))
