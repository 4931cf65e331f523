"""The commands that write workbooks: ``forms``, ``sample``, ``releases``, ``export``."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.options import (
    AsJson,
    CodesFolder,
    Home,
    Out,
    PeriodText,
    UsageError,
    app,
    existing,
    folder_at,
    period_asked,
    print_json,
    settings_for,
    workbook_path,
)

if TYPE_CHECKING:
    from flows.ledger.store import Store
    from schemas.period import Period


class Reader(Enum):
    """Who reads an export; the values are the tables' audiences."""

    internal = "internal"
    public = "public"


@app.command(
    help="空白报表，每个填报单位一个工作簿 · blank official forms\n\n例：zhishu forms 2026-10 --out forms\n例：zhishu forms 2025-12 --out forms --history"
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
    history: Annotated[
        bool, typer.Option("--history", help="只要空白历史数据表，由局内填 · only the blank history workbook")
    ] = False,
    codes: CodesFolder = None,
) -> int:
    """Write what a bureau sends out before a period."""
    from flows.progress import progress_bar
    from schemas.codes import load_codes
    from schemas.documentation import field_documentation
    from schemas.territory import submitters
    from schemas.workbook import blank_files

    wanted, lists, out = (
        period_asked(period),
        load_codes(settings_for(None, codes).codes_folder),
        folder_at(out),
    )
    if history:
        return _blank_history(wanted, out, bool(submitter or revisions))
    known = {office.code: office for office in submitters(lists)}
    unknown = [code for code in submitter or [] if code not in known]
    if unknown:
        raise UsageError(f"没有填报单位 {'、'.join(unknown)}。")
    chosen = [known[code] for code in submitter] if submitter else list(known.values())
    written = 0
    with progress_bar(True) as progress:
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


def _blank_history(period: Period, out: Path, more: bool) -> int:
    """The one workbook that the bureau fills in for earlier periods, and what its fields mean."""
    from schemas.blank_history import FILE_NAME, blank_history
    from schemas.documentation import field_documentation

    if more:
        raise UsageError("--history 只写历史数据表，不和 --submitter、--revisions 一起使用。")
    out.mkdir(parents=True, exist_ok=True)
    (out / FILE_NAME).write_bytes(blank_history(period))
    (out / f"{period} 字段说明.md").write_text(field_documentation(period), "utf-8")
    print(f"空白历史数据表 {out / FILE_NAME} 和字段说明；填好后用 zhishu backfill 补录")
    return 0


@app.command(help="合成样例报表 · synthetic submissions\n\n例：zhishu sample --through 2026-10 --out samples")
def sample(
    through: Annotated[str, typer.Option("--through", help="做到哪一期 · the last period")],
    out: Out,
    codes: CodesFolder = None,
    seed: Annotated[int | None, typer.Option("--seed", help="随机种子 · seed")] = None,
) -> int:
    """Write a synthetic province: deliveries, history, defects and published figures."""
    from flows.progress import progress_bar
    from schemas.codes import load_codes
    from schemas.samples.deliver import write_samples
    from schemas.samples.write import SEED

    lists = load_codes(settings_for(None, codes).codes_folder)
    with progress_bar(True) as progress:
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
    help="所有发布，或一个报告期的修订三角 · all releases, or the revision triangle of a period\n\n"
    "例：zhishu releases\n例：zhishu releases 2026-09 --triangle --xlsx 修订.xlsx"
)
def releases(
    period: Annotated[str | None, typer.Argument(metavar="PERIOD", help="报告期 · period")] = None,
    triangle: Annotated[
        bool, typer.Option("--triangle", help="各次发布的值如何修订 · how its values were revised")
    ] = False,
    index: Annotated[str, typer.Option("--index", help="只看一个指数 · one index")] = "",
    subject: Annotated[str, typer.Option("--subject", help="只看一个对象 · one subject")] = "",
    xlsx: Annotated[
        Path | None,
        typer.Option("--xlsx", callback=workbook_path, help="三角写入此文件 · write the triangle"),
    ] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> int:
    """Releases with stage, digest and reason; or every value that a period was given."""
    from flows.ledger.store import Store
    from flows.publish import release_lines, staged_releases

    store = Store(existing(settings_for(home, None)).home)
    wanted = None if period is None else str(period_asked(period))
    if triangle:
        if wanted is None:
            raise UsageError("修订三角要写明报告期，如 zhishu releases 2026-09 --triangle。")
        return _triangle(store, wanted, index, subject, xlsx, as_json)
    if index or subject or xlsx:
        raise UsageError("--index、--subject、--xlsx 只和 --triangle 一起使用。")
    found = [s for s in staged_releases(store) if wanted in (None, s.release.manifest.period)]
    if as_json:
        print_json(
            [
                {
                    "id": s.release.id,
                    "stage": s.stage,
                    "digest": s.release.digest,
                    "reason": s.reason,
                    "published_by": s.publisher,
                    "approved_by": s.approver,
                    "signature": s.signature,
                }
                for s in found
            ]
        )
    else:
        print("\n".join(release_lines(found)) or "还没有发布。")
    return 0


def _triangle(store: Store, period: str, index: str, subject: str, xlsx: Path | None, as_json: bool) -> int:
    from dataclasses import asdict

    from flows.ledger.files import write_file
    from flows.triangle import triangle, triangle_lines, write_triangle

    found = triangle(store, period, index, subject)
    if xlsx is not None:
        write_file(xlsx.absolute(), write_triangle(found), 0o644)
    if as_json:
        print_json(asdict(found))
    else:
        print("\n".join(triangle_lines(found)))
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
    from flows.printing import write_workbooks
    from flows.publish import at_stage
    from flows.stored import stored_results
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
    wanted = at_stage(store, wanted)
    results = stored_results(wanted, load_codes(chosen.codes_folder))
    for path in write_workbooks(wanted, results, target, [audience.value]):
        print(path)
    return 0
