"""The commands of the month: ``run``, ``intake``, ``backfill``, ``serve``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.options import (
    Actor,
    AsJson,
    CodesFolder,
    Home,
    Inbox,
    Out,
    Pending,
    PeriodText,
    UsageError,
    app,
    folder_at,
    founding,
    inboxes,
    period_asked,
    print_json,
    settings_for,
)
from flows.settings import Settings
from schemas.period import Period
from schemas.reading.record import WORKBOOKS


@app.command(help="月度批处理 · run the monthly batch\n\n例：zhishu run 2026-10 --inbox inbox --out out")
def run(
    period: PeriodText,
    inbox: Inbox,
    out: Out = Path("out"),
    home: Home = None,
    codes: CodesFolder = None,
    admit_pending: Pending = True,
    actor: Actor = None,
    as_json: AsJson = False,
) -> int:
    """Take the inbox, compute the period, write the tables."""
    from flows.orders import JANUARY
    from flows.running import run_quietly

    wanted = period_asked(period, "M")
    if wanted.month == 1:
        raise UsageError(JANUARY)
    taken, target = inboxes(inbox), folder_at(out)
    chosen = founding(settings_for(home, codes, admit_pending, actor))
    return run_quietly(chosen, wanted, taken, target, as_json)


@app.command(
    help="只收件和审核，不计算 · read, check and record, without computing\n\n例：zhishu intake 2026-10 --inbox inbox"
)
def intake(
    period: PeriodText,
    inbox: Inbox,
    out: Out = Path("out"),
    home: Home = None,
    codes: CodesFolder = None,
    admit_pending: Pending = True,
    actor: Actor = None,
    as_json: AsJson = False,
) -> int:
    """Take everything of periods up to the given one into the ledger, and write what goes back."""
    chosen = settings_for(home, codes, admit_pending, actor)
    return _take(period_asked(period, "M"), inboxes(inbox), chosen, folder_at(out), as_json)


@app.command(
    help="从历史数据工作簿补录以往各期 · earlier periods from a history workbook\n\n例：zhishu backfill 历史数据.xlsx"
)
def backfill(
    files: Annotated[list[Path], typer.Argument(help="历史数据工作簿 · history workbooks")],
    home: Home = None,
    codes: CodesFolder = None,
    actor: Actor = None,
    as_json: AsJson = False,
) -> int:
    """Take history workbooks, whatever their periods."""
    chosen = settings_for(home, codes, actor=actor)
    for path in files:
        if not path.exists():
            raise UsageError(f"{path} 不存在。")
        if path.is_file() and path.suffix.lower() not in WORKBOOKS:
            raise UsageError(f"{path} 不是工作簿；历史数据请用 zhishu forms --history 的空表填写。")
    return _take(Period(9999, 12), files, chosen, None, as_json, history_only=True)


def _take(
    through: Period,
    inbox: list[Path],
    chosen: Settings,
    out: Path | None,
    as_json: bool,
    history_only: bool = False,
) -> int:
    from flows.batch import run_batch
    from flows.progress import progress_bar
    from flows.report import findings_text, outcome_json, summary_lines

    with progress_bar(not as_json) as progress:
        outcome = run_batch(founding(chosen), through, inbox, out, progress, False, history_only)
    if as_json:
        print_json(outcome_json(outcome))
    else:
        print("\n".join([*findings_text(outcome.intake.findings), *summary_lines(outcome)]))
    return 1 if outcome.needs_a_person else 0


@app.command(
    help="Prefect 服务器、界面和定时运行 · server, user interface and schedules\n\n例：zhishu serve --inbox inbox --out out"
)
def serve(
    inbox: Inbox,
    out: Out = Path("out"),
    home: Home = None,
    codes: CodesFolder = None,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="端口 · port")] = 4200,
    password_file: Annotated[
        Path | None,
        typer.Option(
            "--password-file", help="口令文件，默认 ZHISHU_PASSWORD 或自动生成 · file of the password"
        ),
    ] = None,
) -> int:
    """Serve on loopback until Ctrl-C."""
    from flows.serve import Service
    from flows.serve import serve as serve_until_stopped

    service = Service(
        settings_for(home, codes),
        tuple(folder.absolute() for folder in inboxes(inbox)),
        folder_at(out),
        port,
        password_file,
    )
    serve_until_stopped(service, lambda text: print(text, flush=True))
    return 0
