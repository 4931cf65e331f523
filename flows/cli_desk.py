"""The commands of the bureau's desk: ``status`` and ``review``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.options import (
    AsJson,
    CodesFolder,
    Home,
    Pending,
    PeriodText,
    UsageError,
    app,
    existing,
    folder_at,
    period_asked,
    settings_for,
    workbook_path,
)


@app.command(
    help="谁已报、谁迟报、退回原因、覆盖、催报 · who has filed, who is late, whom to chase\n\n"
    "例：zhishu status 2026-10 --xlsx 报送情况.xlsx"
)
def status(
    period: PeriodText,
    xlsx: Annotated[
        Path | None,
        typer.Option("--xlsx", callback=workbook_path, help="另存为工作簿（内部） · also as a workbook"),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="未报的算到哪一天，默认今天 · count the missing to this day")
    ] = None,
    home: Home = None,
    codes: CodesFolder = None,
    as_json: AsJson = False,
) -> int:
    """The state of a period's submissions and releases."""
    from flows.status import tell_standing

    return tell_standing(existing(settings_for(home, codes)), period_asked(period, "M"), as_of, xlsx, as_json)


@app.command(
    help="核定说明、待核报表和修订单，须署名 · decide on explanations, pending submissions, corrections, by name\n\n"
    "例：zhishu review --approve 3f2a9c0d1e4b5a67 --by 李四 --role 工业处审核员\n"
    "不带 --approve、--return 时列出待办；--register 列出已接受的例外"
)
def review(
    approve: Annotated[
        list[str] | None, typer.Option("--approve", help="核准、接收或确认的编号，可写多个 · ids to approve")
    ] = None,
    back: Annotated[
        list[str] | None, typer.Option("--return", help="退回的编号，可写多个 · ids to return")
    ] = None,
    by: Annotated[str, typer.Option("--by", help="审核人姓名 · who decides")] = "",
    role: Annotated[str, typer.Option("--role", help="审核人职务 · as what")] = "",
    note: Annotated[str, typer.Option("--note", help="理由；退回时必填 · why; needed for a return")] = "",
    register: Annotated[
        bool, typer.Option("--register", help="已接受的例外登记册 · the register of accepted exceptions")
    ] = False,
    xlsx: Annotated[
        Path | None,
        typer.Option("--xlsx", callback=workbook_path, help="登记册写入此文件 · write the register"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="退回时重写退件的文件夹 · write the returned copies here")
    ] = None,
    permu: Annotated[
        bool, typer.Option("--permu", help="赣链统09表自己的台账 · the store of GLT09 instead")
    ] = False,
    home: Home = None,
    codes: CodesFolder = None,
    admit_pending: Pending = True,
    as_json: AsJson = False,
) -> int:
    """List what waits, or take decisions of one named person, all or none."""
    from flows.review import Reviewer, Word
    from flows.reviewing import decide_words, show_register, show_waiting

    chosen = existing(settings_for(home, codes, admit_pending))
    if approve or back:
        words = [Word(id, True, note) for id in approve or ()] + [Word(id, False, note) for id in back or ()]
        return decide_words(
            chosen, permu, words, Reviewer(by.strip(), role.strip()), out and folder_at(out), as_json
        )
    if by or role or note:
        raise UsageError("请用 --approve 或 --return 写明要核定的编号。")
    if register or xlsx:
        return show_register(chosen, permu, xlsx, as_json)
    return show_waiting(chosen, permu, as_json)
