"""The command line ``zhishu``: thin commands over the packages, one clear sentence per mistake.

Exit codes: 0 done, 1 done with refusals or differences that need a person, 2 bad usage or input, 3 internal
error. Prefect is imported by ``run`` alone; ``serve`` starts it in processes of its own.
"""

from __future__ import annotations

import sys
import traceback
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from flows.mistakes import sentence
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
    existing,
    folder_at,
    period_asked,
    print_json,
    progress_bar,
    settings_for,
)  # fmt: skip
from flows.settings import Settings
from schemas.period import Period

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="官方综合指数：从报表到指数表 · official composite indices, from the forms to the tables",
)


class Reader(Enum):
    """Who reads an export; the values are the tables' audiences."""

    internal = "internal"
    public = "public"


def main() -> None:
    """The entry point: maps every outcome to an exit code and never shows a traceback for a user's mistake."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
    try:
        code = app(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except typer.Exit as stop:
        sys.exit(stop.exit_code)
    except Exception as error:
        sys.exit(_failed(error))


def _failed(error: Exception) -> int:
    """Say what happened and give the exit code."""
    if isinstance(error, typer.TyperException):
        print(f"用法有误：{error}（用法见 zhishu --help）", file=sys.stderr)
        return 2
    if isinstance(error, typer.Abort):
        print("已中断。", file=sys.stderr)
        return 2
    told = sentence(error)
    if told is not None:
        print(f"错误：{told}", file=sys.stderr)
        return 2
    print(f"内部错误：{type(error).__name__}：{error}（请把下面的记录交给维护人员）", file=sys.stderr)
    traceback.print_exception(error, file=sys.stderr)
    return 3


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
    for folder in inbox:
        if not folder.exists():
            raise UsageError(f"收件文件夹 {folder} 不存在。")
    return run_quietly(
        settings_for(home, codes, admit_pending, actor), wanted, inbox, folder_at(out), as_json
    )


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
    return _take(period_asked(period, "M"), inbox, chosen, folder_at(out), as_json)


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
    from flows.report import findings_text, outcome_json, summary_lines

    for path in inbox:
        if not path.exists():
            raise UsageError(f"{path} 不存在。")
    with progress_bar(Console(stderr=True), not as_json) as progress:
        outcome = run_batch(chosen, through, inbox, out, progress, False, history_only)
    if as_json:
        print_json(outcome_json(outcome))
    else:
        print("\n".join([*findings_text(outcome.intake.findings), *summary_lines(outcome)]))
    return 1 if outcome.needs_a_person else 0


@app.command(
    help="空白报表，每个填报单位一个工作簿 · blank official forms\n\n例：zhishu forms 2026-10 --out forms"
)
def forms(
    period: PeriodText,
    out: Out,
    submitter: Annotated[
        list[str] | None, typer.Option("--submitter", help="只要这些单位的代码 · only these")
    ] = None,
    revisions: Annotated[
        bool, typer.Option("--revisions", help="附数据修订表（赣链统10表） · with the revision form")
    ] = False,
    codes: CodesFolder = None,
) -> int:
    """Write what a bureau sends out before a period."""
    from schemas.codes import load_codes
    from schemas.documentation import field_documentation
    from schemas.territory import submitters
    from schemas.workbook import blank_files

    wanted, lists, out = (
        period_asked(period),
        load_codes(settings_for(None, codes).codes_folder),
        folder_at(out),
    )
    known = {office.code: office for office in submitters(lists)}
    unknown = [code for code in submitter or [] if code not in known]
    if unknown:
        raise UsageError(f"没有填报单位 {'、'.join(unknown)}。")
    chosen = [known[code] for code in submitter] if submitter else list(known.values())
    written = 0
    with progress_bar(Console(stderr=True), True) as progress:
        for number, office in enumerate(chosen, 1):
            for name, data in blank_files(lists, office, wanted, revisions=revisions):
                path = out / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
                written += 1
            progress("空白报表", number, len(chosen))
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{wanted} 字段说明.md").write_text(field_documentation(wanted), "utf-8")
    print(f"{wanted.printed}空白报表 {written} 个工作簿和字段说明，在 {out}")
    return 0


@app.command(help="合成样例报表 · synthetic submissions\n\n例：zhishu sample --through 2026-10 --out samples")
def sample(
    through: Annotated[str, typer.Option("--through", help="做到哪一期 · the last period")],
    out: Out,
    codes: CodesFolder = None,
    seed: Annotated[int | None, typer.Option("--seed", help="随机种子 · seed")] = None,
) -> int:
    """Write a synthetic province: deliveries, history, defects and published figures."""
    from schemas.codes import load_codes
    from schemas.samples.deliver import write_samples
    from schemas.samples.write import SEED

    lists = load_codes(settings_for(None, codes).codes_folder)
    with progress_bar(Console(stderr=True), True) as progress:
        done = 0

        def on_written(_path: Path) -> None:
            nonlocal done
            done += 1
            progress("合成样例", done, 0)

        try:
            written = write_samples(lists, out, period_asked(through, "M"), seed or SEED, on_written)
        except ValueError as error:
            raise UsageError(str(error)) from error
    print(f"合成样例 {len(written)} 个文件，在 {out}")
    return 0


@app.command(
    help="谁已报、谁迟报、退回原因、覆盖、催报 · who has filed, who is late, whom to chase\n\n"
    "例：zhishu status 2026-10 --xlsx 报送情况.xlsx"
)
def status(
    period: PeriodText,
    xlsx: Annotated[Path | None, typer.Option("--xlsx", help="另存为工作簿 · also as a workbook")] = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="算到哪一天 · as of this day")] = None,
    home: Home = None,
    codes: CodesFolder = None,
    as_json: AsJson = False,
) -> int:
    """The state of a period's submissions and releases."""
    from flows.status import tell_standing

    chosen = existing(settings_for(home, codes))
    return tell_standing(chosen, period_asked(period, "M"), as_of, xlsx, as_json)


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
    xlsx: Annotated[Path | None, typer.Option("--xlsx", help="登记册写入此文件 · write the register")] = None,
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


@app.command(help="所有发布 · all releases\n\n例：zhishu releases")
def releases(home: Home = None, as_json: AsJson = False) -> int:
    """Releases with stage, digest and reason."""
    from flows.ledger.release import releases as all_releases
    from flows.ledger.store import Store

    found = all_releases(Store(existing(settings_for(home, None)).home))
    if as_json:
        print_json([{"id": r.id, "stage": r.stage, "digest": r.digest, "reason": r.reason} for r in found])
    elif not found:
        print("还没有发布。")
    for release in () if as_json else found:
        print(f"{release.id}  {release.stage}  {release.digest[:16]}  {release.reason}".rstrip())
    return 0


@app.command(
    help="再次写出某次发布的表格 · the tables of a release again\n\n例：zhishu export 2026-10.1 --out out"
)
def export(
    release: Annotated[
        str, typer.Argument(metavar="RELEASE|PERIOD", help="发布号或报告期 · release or period")
    ],
    out: Out,
    audience: Annotated[
        Reader, typer.Option("--audience", help="内部或公开 · who reads it")
    ] = Reader.internal,
    home: Home = None,
    codes: CodesFolder = None,
) -> int:
    """Write the workbooks of a release from its stored tables."""
    from flows.ledger.release import read_release
    from flows.ledger.release import releases as all_releases
    from flows.ledger.store import Store
    from flows.publication import stored_results, write_workbooks
    from schemas.codes import load_codes

    chosen, target = existing(settings_for(home, codes)), folder_at(out)
    store = Store(chosen.home)
    if "." not in release:
        found = all_releases(store, str(period_asked(release, "M")))
        if not found:
            raise UsageError(f"{release} 还没有发布。")
        wanted = found[-1]
    else:
        wanted = read_release(store, release)
    results = stored_results(wanted, load_codes(chosen.codes_folder))
    for path in write_workbooks(wanted, results, chosen, target, audience.value):
        print(path)
    return 0


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

    for folder in inbox:
        if not folder.exists():
            raise UsageError(f"收件文件夹 {folder} 不存在。")
    service = Service(
        settings_for(home, codes),
        tuple(folder.absolute() for folder in inbox),
        folder_at(out),
        port,
        password_file,
    )
    serve_until_stopped(service, lambda text: print(text, flush=True))
    return 0


if __name__ == "__main__":
    main()
