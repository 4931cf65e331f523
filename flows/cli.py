"""The command line ``zhishu``: thin commands over the packages, one clear sentence per mistake.

Exit codes: 0 done, 1 done with refusals or differences that need a person, 2 bad usage or input, 3 internal
error. Prefect is imported by ``run`` alone.
"""

from __future__ import annotations

import json
import sys
import traceback
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from flows import engine_commands
from flows.mistakes import Mistake
from flows.settings import Settings, settings
from schemas.period import Period

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="官方综合指数：从报表到指数表 · official composite indices, from the forms to the tables",
)
app.add_typer(engine_commands.app)

Home = Annotated[
    Path | None, typer.Option("--home", help="台账文件夹，默认 ./var 或 ZHISHU_HOME · the home folder")
]
CodesFolder = Annotated[Path | None, typer.Option("--codes", help="代码表文件夹 · folder of code lists")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON · print JSON")]
PeriodText = Annotated[
    str, typer.Argument(metavar="PERIOD", help="报告期，如 2026-10、2026Q3、2026 · period")
]
Out = Annotated[Path, typer.Option("--out", help="输出文件夹 · output folder")]
Inbox = Annotated[list[Path], typer.Option("--inbox", help="收件文件夹，可写多个 · inbox folder, repeatable")]
Actor = Annotated[str | None, typer.Option("--actor", help="操作人，记入日志 · who acts, for the journal")]
Pending = Annotated[
    bool, typer.Option("--admit-pending/--no-pending", help="待核数据是否计入 · whether pending data count")
]


class Reader(Enum):
    """Who reads an export; the values are the tables' audiences."""

    internal = "internal"
    public = "public"


class UsageError(Mistake):
    """An argument that cannot be meant."""


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
    if _is_users(error):
        print(f"错误：{error}", file=sys.stderr)
        return 2
    if isinstance(error, OSError):
        print(f"错误：文件读写失败：{error.filename or ''} {error.strerror or error}", file=sys.stderr)
        return 2
    print(f"内部错误：{type(error).__name__}：{error}（请把下面的记录交给维护人员）", file=sys.stderr)
    traceback.print_exception(error, file=sys.stderr)
    return 3


def _is_users(error: Exception) -> bool:
    """True for what a person can mend: input, files, another run in the way."""
    from flows.ledger.lock import LockHeldError
    from flows.ledger.release import ReleaseError
    from flows.ledger.warehouse import WarehouseBusyError
    from indices.method import MethodError
    from indices.steps.bench import ScoreError
    from schemas.form import FormError
    from schemas.table import TableError

    ledger = (LockHeldError, ReleaseError, WarehouseBusyError)
    mistakes = (Mistake, FormError, MethodError, ScoreError, TableError, *ledger)
    return isinstance(error, mistakes)


def _period(text: str, *kinds: str) -> Period:
    try:
        period = Period.parse(text)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if kinds and period.frequency not in kinds:
        wanted = {"M": "月份（如 2026-10）", "Q": "季度（如 2026Q3）", "A": "年份（如 2026）"}
        raise UsageError(f"报告期 {text} 不合用，这里应写{'或'.join(wanted[k] for k in kinds)}。")
    return period


def _settings(
    home: Path | None, codes: Path | None, admit_pending: bool = True, actor: str | None = None
) -> Settings:
    try:
        chosen = settings(home, codes, admit_pending, actor)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if not (chosen.codes_folder / "regions.csv").is_file():
        raise UsageError(f"代码表文件夹 {chosen.codes_folder} 中没有 regions.csv。")
    return chosen


def _existing(chosen: Settings) -> Settings:
    """The same settings, if there is a ledger to read."""
    if not chosen.home.is_dir():
        raise UsageError(f"台账文件夹 {chosen.home} 不存在。")
    return chosen


def _folder(path: Path) -> Path:
    """An output folder, which may not be there yet."""
    if path.exists() and not path.is_dir():
        raise UsageError(f"输出位置 {path} 是一个文件，应为文件夹。")
    return path.absolute()


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=1))


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
    from flows.running import run_quietly

    wanted = _period(period, "M")
    if wanted.month == 1:
        raise UsageError("月报1月免报，1月没有月度监测值；企业名录请用 zhishu intake 接收。")
    for folder in inbox:
        if not folder.exists():
            raise UsageError(f"收件文件夹 {folder} 不存在。")
    return run_quietly(_settings(home, codes, admit_pending, actor), wanted, inbox, _folder(out), as_json)


@app.command(
    help="只收件和审核，不计算 · read, check and record, without computing\n\n例：zhishu intake 2026-10 --inbox inbox"
)
def intake(
    period: PeriodText,
    inbox: Inbox,
    home: Home = None,
    codes: CodesFolder = None,
    actor: Actor = None,
    as_json: AsJson = False,
) -> int:
    """Take everything of periods up to the given one into the ledger."""
    return _take(_period(period, "M"), inbox, _settings(home, codes, actor=actor), as_json)


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
    return _take(Period(9999, 12), files, _settings(home, codes, actor=actor), as_json, history_only=True)


def _take(
    through: Period, inbox: list[Path], chosen: Settings, as_json: bool, history_only: bool = False
) -> int:
    from flows.batch import run_batch
    from flows.report import findings_text, outcome_json, summary_lines

    for path in inbox:
        if not path.exists():
            raise UsageError(f"{path} 不存在。")
    with progress_bar(Console(stderr=True), not as_json) as progress:
        outcome = run_batch(chosen, through, inbox, None, progress, False, history_only)
    if as_json:
        _print_json(outcome_json(outcome))
    else:
        print("\n".join([*findings_text(outcome.intake.findings), *summary_lines(outcome)]))
    return 1 if outcome.needs_a_person else 0


class progress_bar:
    """A context manager: one bar for the whole run, on the error stream; nothing when not ``shown``."""

    def __init__(self, console: Console, shown: bool) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=console, disable=not shown, transient=True,
        )  # fmt: skip
        self._task = self._bar.add_task("准备", total=1)

    def __enter__(self) -> Any:
        self._bar.start()
        return self._show

    def _show(self, phase: str, done: int, total: int) -> None:
        self._bar.update(self._task, description=phase, completed=done, total=max(total, 1))

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


@app.command(
    help="空白报表，每个填报单位一个工作簿 · blank official forms\n\n例：zhishu forms 2026-10 --out forms"
)
def forms(
    period: PeriodText,
    out: Out,
    submitter: Annotated[
        list[str] | None, typer.Option("--submitter", help="只要这些单位的代码 · only these")
    ] = None,
    codes: CodesFolder = None,
) -> int:
    """Write what a bureau sends out before a period."""
    from schemas.codes import load_codes
    from schemas.documentation import field_documentation
    from schemas.territory import submitters
    from schemas.workbook import blank_files

    wanted, lists, out = _period(period), load_codes(_settings(None, codes).codes_folder), _folder(out)
    known = {office.code: office for office in submitters(lists)}
    unknown = [code for code in submitter or [] if code not in known]
    if unknown:
        raise UsageError(f"没有填报单位 {'、'.join(unknown)}。")
    chosen = [known[code] for code in submitter] if submitter else list(known.values())
    written = 0
    with progress_bar(Console(stderr=True), True) as progress:
        for number, office in enumerate(chosen, 1):
            for name, data in blank_files(lists, office, wanted):
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

    lists = load_codes(_settings(None, codes).codes_folder)
    with progress_bar(Console(stderr=True), True) as progress:
        done = 0

        def on_written(_path: Path) -> None:
            nonlocal done
            done += 1
            progress("合成样例", done, 0)

        try:
            written = write_samples(lists, out, _period(through, "M"), seed or SEED, on_written)
        except ValueError as error:
            raise UsageError(str(error)) from error
    print(f"合成样例 {len(written)} 个文件，在 {out}")
    return 0


@app.command(help="谁已报、谁未报、退回原因、覆盖 · who has filed, who is late\n\n例：zhishu status 2026-10")
def status(period: PeriodText, home: Home = None, codes: CodesFolder = None, as_json: AsJson = False) -> int:
    """The state of a period's submissions and releases."""
    from flows.standing import standing_of, standing_text

    found = standing_of(_existing(_settings(home, codes)), _period(period, "M"))
    if as_json:
        _print_json(found)
    else:
        print("\n".join(standing_text(found)))
    return 1 if any(found[name] for name in ("absent", "rejected", "stale")) else 0


@app.command(help="所有发布 · all releases\n\n例：zhishu releases")
def releases(home: Home = None, as_json: AsJson = False) -> int:
    """Releases with stage, digest and reason."""
    from flows.ledger.release import releases as all_releases
    from flows.ledger.store import Store

    found = all_releases(Store(_existing(_settings(home, None)).home))
    if as_json:
        _print_json([{"id": r.id, "stage": r.stage, "digest": r.digest, "reason": r.reason} for r in found])
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

    chosen, target = _existing(_settings(home, codes)), _folder(out)
    store = Store(chosen.home)
    if "." not in release:
        found = all_releases(store, str(_period(release, "M")))
        if not found:
            raise UsageError(f"{release} 还没有发布。")
        wanted = found[-1]
    else:
        wanted = read_release(store, release)
    results = stored_results(wanted, load_codes(chosen.codes_folder))
    for path in write_workbooks(wanted, results, chosen, target, audience.value):
        print(path)
    return 0


if __name__ == "__main__":
    main()
