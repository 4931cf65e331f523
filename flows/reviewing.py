"""What ``zhishu review`` shows and does: the desk, decisions by name, the register as a workbook."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import duckdb
import polars as pl
import xlsxwriter

from flows import intake as steps
from flows.desk import register, waiting, waiting_text
from flows.ledger.events import EventType
from flows.ledger.files import write_file
from flows.ledger.journal import Entry
from flows.ledger.store import Store
from flows.ledger.warehouse import open_warehouse, view_warehouse
from flows.returning import return_again
from flows.review import Reviewer, Word, review
from flows.settings import Settings
from schemas.returns.record import ReturnFile
from schemas.stamp import CATEGORY

_REGISTER = {
    "id": "编号", "period": "报告期", "submitter": "填报单位", "form": "表", "subject": "主体", "sheet": "工作表",
    "cell": "单元格", "row_key": "记录键", "value": "值", "rule": "规则", "message": "问题", "reason": "原因码",
    "explanation": "情况说明", "approved_by": "核准人", "role": "职务", "note": "核准意见", "seq": "事件号",
    "later": "以后的情况",
}  # fmt: skip
_WIDTHS = {"问题": 40, "情况说明": 40, "记录键": 28, "值": 18, "核准意见": 20, "以后的情况": 18, "编号": 18}


def _store(chosen: Settings, permu: bool) -> Store:
    """The statistics' store, or that of GLT09."""
    store = Store(chosen.home)
    return store.permu if permu else store


def decide_words(
    chosen: Settings,
    permu: bool,
    words: Sequence[Word],
    reviewer: Reviewer,
    out: Path | None,
    as_json: bool,
) -> int:
    """Take the decisions under the writer's lock and tell what the journal got.

    With ``out`` the copies of what was returned are written again, with the bureau's word in them. What
    stands in the journal is told even if a copy cannot be written: to decide again would be refused.
    """
    store = _store(chosen, permu)
    with (
        Store(chosen.home).writing(),
        closing(open_warehouse(store, steps.reader(chosen), chosen.threads)) as con,
    ):
        entries = review(con, store, reviewer, words, chosen.admit_pending)
        files: list[ReturnFile] = []
        try:
            if out is not None:
                files = return_again(con, store, chosen, _sent_back(con, entries), out)
        finally:
            _tell(entries, files, as_json)
    return 0


def _tell(entries: Sequence[Entry], files: Sequence[ReturnFile], as_json: bool) -> None:
    if as_json:
        told = [
            {"seq": e.seq, "type": e.type, "actor": e.actor, "role": e.role, "body": dict(e.body)}
            for e in entries
        ]
        returns = [str(file.path) for file in files]
        print(json.dumps({"entries": told, "returns": returns}, ensure_ascii=False, indent=1))
        return
    for entry in entries:
        said = _TOLD[entry.type].format(**_named(entry.body))
        print(f"日志 {entry.seq}：{said}（{entry.actor}，{entry.role}）")
    for file in files:
        print(f"退件 {file.path}")
    print("已记入日志；受影响的发布在下次 zhishu run 时修订，见 zhishu status。")


def _sent_back(con: duckdb.DuckDBPyConnection, entries: Sequence[Entry]) -> list[str]:
    """The deliveries (digests) on which the bureau said that something is not in order."""
    rejected = [e.body["digest"] for e in entries if e.type == EventType.REJECTED]
    refused = [e.body["digest"] for e in entries if e.type == EventType.DISMISSED]
    returned = [
        e.body["finding"] for e in entries if e.type == EventType.REVIEWED and e.body["verdict"] == "returned"
    ]
    rows = con.execute(
        "select distinct s.digest from finding f join submission s on s.id = f.submission"
        " where f.id in (select unnest(?)) and s.superseded_seq is null",
        [returned],
    ).fetchall()
    return [*rejected, *refused, *(digest for (digest,) in rows)]


_TOLD = {
    "reviewed": "{verdict}了 {period} {submitter} {form} 的问题 {finding}（{rule}）",
    "accepted": "{period} {submitter} {form} 第 {version} 版已接收",
    "pending": "{period} {submitter} {form} 第 {version} 版待核",
    "rejected": "{period} {submitter} {form} 第 {version} 版已退回",
    "replaced": "{period} {submitter} {form} 第 {version} 版已被替换",
    "corrected": "修订单 {revision} 已确认：{field} {old_value} → {new_value}",
    "dismissed": "修订单 {revision} 已退回：{note}",
}


def _named(body: object) -> dict[str, object]:
    assert isinstance(body, dict)
    verdicts = {"approved": "核准", "returned": "退回"}
    return {**body, "verdict": verdicts.get(str(body.get("verdict")), "")}


def show_waiting(chosen: Settings, permu: bool, as_json: bool) -> int:
    """The desk; exit code 1 while something waits for the bureau."""
    store = _store(chosen, permu)
    with closing(view_warehouse(store, chosen.threads)) as con:
        found = waiting(con)
    if as_json:
        frames = {
            "explained": found.explained, "corrections": found.corrections, "between": found.between,
            "unexplained": found.unexplained,
        }  # fmt: skip
        print(json.dumps({k: v.to_dicts() for k, v in frames.items()}, ensure_ascii=False, indent=1))
    else:
        print("\n".join(waiting_text(found)))
    return 1 if any(found.counts.values()) else 0


def show_register(chosen: Settings, permu: bool, xlsx: Path | None, as_json: bool) -> int:
    """The register of accepted exceptions, on the screen or as a workbook."""
    store = _store(chosen, permu)
    with closing(view_warehouse(store, chosen.threads)) as con:
        frame = register(con)
    if xlsx is not None:
        write_file(xlsx.absolute(), register_workbook(frame), 0o644)
        print(f"登记册 {frame.height} 条，在 {xlsx}")
    elif as_json:
        print(json.dumps(frame.to_dicts(), ensure_ascii=False, indent=1))
    else:
        for row in frame.iter_rows(named=True):
            place = f"{row['period']} {row['submitter']} {row['form']} {row['cell']}"
            print(
                f"{row['id']}  {place}：[{row['rule']}] {row['message']}  原因 {row['reason']}：{row['explanation']}"
                f"  核准 {row['approved_by']}（{row['role']}）  {row['later']}"
            )
        print(f"已接受的例外 {frame.height} 条")
    return 0


def register_workbook(frame: pl.DataFrame) -> bytes:
    """The register for the file, 内部."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        book.set_properties({"category": CATEGORY})
        sheet = book.add_worksheet("例外登记册")
        heading = book.add_format({"bold": True, "bg_color": "#DDE6F0", "border": 1, "text_wrap": True})
        body = book.add_format({"border": 1, "text_wrap": True, "valign": "top"})
        title = book.add_format({"bold": True, "font_size": 14})
        sheet.write_string(0, 0, "已接受的例外登记册（内部）", title)
        for column, (name, label) in enumerate(_REGISTER.items()):
            sheet.write_string(2, column, label, heading)
            sheet.set_column(column, column, _WIDTHS.get(label, 11))
            for row, value in enumerate(frame[name].to_list(), 3):
                sheet.write_string(row, column, str(value), body)
        sheet.freeze_panes(3, 1)
        sheet.autofilter(2, 0, 2 + frame.height, len(_REGISTER) - 1)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(2)
    return buffer.getvalue()
