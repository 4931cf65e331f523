"""The commands on one release: ``rerun``, ``bundle``, ``publish``, and ``approve`` of its methods."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from flows.options import AsJson, CodesFolder, Home, UsageError, app, existing, print_json, settings_for


@app.command(
    help="从归档重算一次发布并比较 · recompute a past release and compare\n\n"
    "例：zhishu rerun 2026-10.1\n例：zhishu rerun 2026-10.1 --archive /mnt/backup/archive\n例：zhishu rerun --bundle 2026-10.1.zip"
)
def rerun(
    release: Annotated[str | None, typer.Argument(metavar="RELEASE", help="发布号 · release")] = None,
    bundle: Annotated[
        Path | None, typer.Option("--bundle", help="重算包，不需要台账 · a bundle; no ledger is needed")
    ] = None,
    archive: Annotated[
        Path | None, typer.Option("--archive", help="另存的归档文件夹 · an archive kept elsewhere")
    ] = None,
    home: Home = None,
    codes: CodesFolder = None,
    as_json: AsJson = False,
) -> int:
    """Recompute a release in a database of its own; 1 if anything differs."""
    from dataclasses import asdict

    from flows.bundle import rerun_bundle
    from flows.intake import reader
    from flows.ledger.release import read_release
    from flows.ledger.store import Store
    from flows.rerun import rerun as run_again
    from flows.rerun import rerun_lines

    if (release is None) == (bundle is None):
        raise UsageError("请写明发布号，或用 --bundle 写明重算包，只写其一。")
    if archive is not None and (bundle is not None or not archive.is_dir()):
        raise UsageError("--archive 应为已有的归档文件夹，且不与 --bundle 同用。")
    if bundle is not None and not bundle.is_file():
        raise UsageError(f"重算包 {bundle} 不存在。")
    chosen = settings_for(home, codes)
    if bundle is not None:
        found = rerun_bundle(bundle, chosen)
    else:
        store = Store(existing(chosen).home, archive)
        found = run_again(store, read_release(store, str(release)), chosen, reader(chosen))
    if as_json:
        print_json({"identical": found.identical, "parted_at": found.parted_at, **asdict(found)})
    else:
        print("\n".join(rerun_lines(found)))
    return 0 if found.identical else 1


@app.command(
    help="一次发布的重算包（内部） · everything to recompute a release elsewhere\n\n"
    "例：zhishu bundle 2026-10.1 --out 2026-10.1.zip"
)
def bundle(
    release: Annotated[str, typer.Argument(metavar="RELEASE", help="发布号 · release")],
    out: Annotated[Path, typer.Option("--out", help="写入此文件 · the file to write")],
    home: Home = None,
    codes: CodesFolder = None,
) -> int:
    """Write a bundle; the same release gives the same bytes."""
    from flows.bundle import write_bundle
    from flows.ledger.release import read_release
    from flows.ledger.store import Store

    chosen = existing(settings_for(home, codes))
    store = Store(chosen.home)
    done = write_bundle(store, read_release(store, release), chosen, out.absolute())
    print(f"重算包（内部）{out}，SHA-256 {done.digest}")
    if done.left_out:
        print(
            f"以下程序模块与发布时不同，未收入包内：{'、'.join(done.left_out)}；数值若有不同，请用发布时版本的程序重算。"
        )
    return 0


@app.command(
    help="设定发布阶段，须署名 · set a release's stage, by name\n\n"
    "例：zhishu publish 2026-10.1 --stage 最终 --by 王五 --role 发布岗 --approved-by 赵六 --reason 年报定案"
)
def publish(
    release: Annotated[str, typer.Argument(metavar="RELEASE", help="发布号 · release")],
    stage: Annotated[str, typer.Option("--stage", help="初步、修订或最终 · the stage")],
    by: Annotated[str, typer.Option("--by", help="发布人姓名 · who publishes")],
    role: Annotated[str, typer.Option("--role", help="发布人职务 · as what")],
    approved_by: Annotated[str, typer.Option("--approved-by", help="批准人姓名 · who approved")],
    reason: Annotated[str, typer.Option("--reason", help="理由 · why")],
    signature: Annotated[
        Path | None, typer.Option("--signature", help="另附的电子签名文件 · a detached signature")
    ] = None,
    home: Home = None,
    codes: CodesFolder = None,
) -> int:
    """Record the stage; the names are what people say of themselves, not an authentication."""
    from flows.intake import reader
    from flows.ledger.store import Store
    from flows.ledger.warehouse import open_warehouse
    from flows.publish import Word
    from flows.publish import publish as publish_release

    chosen = existing(settings_for(home, codes))
    store = Store(chosen.home)
    word = Word(stage, reason, by, role, approved_by, signature.read_bytes() if signature else None)
    with (
        store.writing() as repaired,
        closing(open_warehouse(store, reader(chosen), chosen.threads)) as con,
    ):
        (entry,) = publish_release(con, store, release, word)
    for line in repaired:
        print(line)
    print(
        f"发布 {release} 的阶段记为{stage}（事件 {entry.seq}，哈希 {entry.hash}）；署名为自述，不是身份认证。"
    )
    return 0


@app.command(
    help="批准并锁定方法版本，须署名 · approve and lock a method version, by name\n\n"
    "例：zhishu approve MQ-2026.1 --by 赵六 --role 分管局长 --document 赣统字〔2026〕1号 --date 2026-01-08"
)
def approve(
    method: Annotated[str, typer.Argument(metavar="METHOD", help="方法版本，如 MQ-2026.1 · method version")],
    by: Annotated[str, typer.Option("--by", help="批准人姓名 · who approves")],
    role: Annotated[str, typer.Option("--role", help="批准人职务 · as what")],
    document: Annotated[str, typer.Option("--document", help="批准文号 · the document")],
    on: Annotated[str, typer.Option("--date", help="批准日期，如 2026-01-08 · the day")],
    home: Home = None,
    codes: CodesFolder = None,
) -> int:
    """Record the approval and the digest of the method file; the name is a statement, not an authentication."""
    from flows.approval import Approval, approvals, approve, caveat
    from flows.intake import reader
    from flows.ledger.store import Store
    from flows.ledger.warehouse import open_warehouse
    from indices.method import load_methods

    chosen = settings_for(
        home, codes
    )  # a method is best approved before there is any data: the home may be new
    store = Store(chosen.home)
    with (
        store.writing() as repaired,
        closing(open_warehouse(store, reader(chosen), chosen.threads)) as con,
    ):
        entry = approve(con, store, method, Approval(by, role, document, on))
    for line in repaired:
        print(line)
    known = approvals(store.journal.entries(), [m for m in load_methods() if m.id == method])
    told = caveat(known[method])
    print(
        f"方法 {method} 已批准并锁定（事件 {entry.seq}，方法摘要 {entry.body['digest']}）；署名为自述，不是身份认证。"
    )
    if told:
        print(f"{told}（首期数据在日志事件 {known[method]['first_data']}），各表将予注明。")
    return 0
