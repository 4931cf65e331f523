"""The commands that need no ledger: ``score``, ``whatif`` and ``check``, for any table and any method file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.mistakes import Mistake
from flows.options import AsJson, Home, Out, app, existing, folder_at, print_json, settings_for

MethodFile = Annotated[
    Path, typer.Argument(metavar="METHOD", help="方法文件（format = 2）· method file of format 2")
]
DataFile = Annotated[Path, typer.Argument(metavar="DATA", help="数据文件 xlsx、csv、parquet · the table")]
_SET = "改动 KEY=VALUE，如 weight.a=8，可写多个 · an override, repeatable"


@app.command(
    help="单独计算：任意方法、任意数据 · the engine alone on any table and any method\n\n"
    "例：zhishu score method.toml data.xlsx --out out --analysis"
)
def score(
    method: MethodFile,
    data: DataFile,
    out: Out,
    overrides: Annotated[list[str] | None, typer.Option("--set", help=_SET)] = None,
    draws: Annotated[
        int | None, typer.Option("--uncertainty", help="不确定性抽样次数 · draws of the uncertainty analysis")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="随机种子 · seed of the draws")] = 1,
    analysis: Annotated[
        bool, typer.Option("--analysis", help="相关、信度、去一检验、升位距离 · statistics and leave-one-out")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Compute an index without a ledger and write every stage."""
    from flows.scoring import examine, score_files, score_json, summary, vary, write_stages

    target = folder_at(out)
    computed = score_files(method, data, settings_for(None, None).threads, overrides or ())
    uncertain = None if draws is None else vary(computed, draws, seed)
    examined = examine(computed) if analysis else None
    written = write_stages(computed, target, uncertain, examined)
    if as_json:
        print_json(score_json(computed, uncertain, examined))
    else:
        print("\n".join([*summary(computed), f"各阶段表格 {len(written)} 个文件，在 {target}"]))
    return 1 if computed.scored.notes.height else 0


@app.command(
    help="如果改变权重、上下限或规则会怎样 · the index under other weights, posts or rules\n\n"
    "例：zhishu whatif 2026-10.1 --set weight.CM201=8 --out out"
)
def whatif(
    subject: Annotated[
        str, typer.Argument(metavar="RELEASE|METHOD", help="发布号，或方法文件 · a release, or a method file")
    ],
    overrides: Annotated[list[str], typer.Option("--set", help=_SET)],
    out: Out,
    data: Annotated[Path | None, typer.Argument(metavar="DATA", help="方法文件的数据 · its table")] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Compare the indices of a release, or a method on a table, with themselves under other settings."""
    from flows.release_whatif import compare_release
    from flows.scoring import compare_files, comparison_json, comparison_lines, write_comparisons

    target = folder_at(out)
    if data is not None:
        found = [compare_files(Path(subject), data, overrides, settings_for(None, None).threads)]
    elif Path(subject).is_file():
        raise Mistake(f"{subject} 是方法文件，还要给出数据文件。")
    else:
        found = compare_release(
            existing(settings_for(home, None)).home, subject, overrides, settings_for(None, None).threads
        )
    written = write_comparisons(found, target)
    if as_json:
        print_json([row for one in found for row in comparison_json(one)])
    else:
        print("\n".join([line for one in found for line in comparison_lines(one)]))
        print(f"比较表 {len(written)} 个文件，在 {target}")
    return 0


@app.command(
    help="检查方法：计算之前 · the linter for methods, before any number\n\n例：zhishu check MQ-2026.1 --release 2026-10.1"
)
def check(
    method: Annotated[str, typer.Argument(metavar="METHOD", help="方法文件或编号 · method file or id")],
    data: Annotated[
        Path | None, typer.Option("--data", help="数据文件，加查数据 · also look at data")
    ] = None,
    release: Annotated[
        str | None, typer.Option("--release", help="加查一次发布的数值 · also look at a release's figures")
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Say what is wrong or doubtful in a method; 1 if there is anything, 2 if it must not be used."""
    from flows.checking import Figures, check_method, lines

    figures = None if release is None else Figures(existing(settings_for(home, None)).home, release)
    doubts = check_method(method, data, settings_for(None, None).threads, figures)
    if as_json:
        print_json([d._asdict() for d in doubts])
    else:
        print("\n".join(lines(doubts)))
    return 2 if any(d.severity == "refuse" for d in doubts) else int(bool(doubts))
