"""The whole loop in one story: submitted, rejected, explained in vain, corrected, asked, explained, approved,
accepted, corrected by GLT10, and the earlier release revised; every step as the people in it see it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from books import opened
from conftest import MONTH, Small
from loop import address, change, explain, reading, revision, sheet_of, value
from test_cli import zhishu

from flows.batch import Outcome, run_batch
from flows.ledger.release import releases
from flows.ledger.store import Store
from flows.standing import standing_of
from schemas.finding import Reply, State
from schemas.period import Period

OFFICE, SEPTEMBER = "360602", Period.parse("2026-09")


def test_the_whole_loop(small: Small, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = small.settings(tmp_path / "home")
    common = ("--home", settings.home, "--codes", small.codes.folder)
    out = tmp_path / "out"

    def file(path: Path, out: Path | None = None) -> Outcome:
        return run_batch(settings, MONTH, [path], out, compute=False)

    # September is computed and released before anything else happens.
    run_batch(settings, SEPTEMBER, [small.inbox / "2026-09"], None)
    store = Store(settings.home)
    assert [r.id for r in releases(store)] == ["2026-09.1"]
    good = small.inbox / "2026-10" / f"{OFFICE}.xlsx"
    inbox = tmp_path / "inbox"

    # Submitted with more loss-making enterprises than enterprises: rejected, and sent back.
    bad = change(good, inbox / "1" / "报表.xlsx", small.codes, "GLT02", 1, ent_loss_n=99_99)
    first = file(bad, out)
    assert {(j.submission.form, j.state) for j in first.intake.judged} == {
        ("GLT01", State.ACCEPTED), ("GLT02", State.REJECTED), ("GLT08", State.ACCEPTED),
    }  # fmt: skip
    (copy,) = first.returns
    assert copy.parent.parent == out / "2026-10" / "returns" and copy.parent.name.startswith(OFFICE)
    region = sheet_of(reading(bad, small.codes), "GLT02")
    book = opened(copy)
    assert book.worksheets[0].title == "审核结果"
    marked = book[region.sheet][address(region, "ent_loss_n")]
    assert marked.comment is not None and "H102A" in marked.comment.text

    # Explained in that copy: an error is not explained but corrected.
    said = explain(copy, inbox / "1b" / "报表.xlsx", "1", "企业数确实如此，请予以接收", severity="强制性")
    refused = file(said, out)
    assert {j.state for j in refused.intake.judged if j.submission.form == "GLT02"} == {State.REJECTED}
    (answer,) = [f for f in refused.intake.findings if f.rule == "E08"]
    assert "不能以说明代替更正" in answer.message and answer.sheet == "审核结果" and answer.cell

    # Corrected, but revenue is far above last year's: asked to explain. What is still written in the copy
    # speaks of nothing any more.
    right = int(value(sheet_of(reading(good, small.codes), "GLT02"), "ent_loss_n"))
    high = round(float(value(region, "rev_cum_ly")) * 1.56)
    corrected = inbox / "2" / "报表.xlsx"
    change(said, corrected, small.codes, "GLT02", 2, ent_loss_n=right, rev_cum=high)
    second = file(corrected, out)
    (answer,) = [f for f in second.intake.findings if f.rule == "E08"]
    assert "已不存在" in answer.message
    (judged,) = [j for j in second.intake.judged if j.submission.form == "GLT02"]
    assert judged.state is State.PENDING
    asked = [f for f in judged.findings if f.severity == "soft"]
    assert "S202C" in {f.rule for f in asked} and all(f.reply is Reply.OPEN for f in asked)
    copies = {path.name for path in second.returns}
    assert any(name.startswith("版本对照-GLT02") for name in copies)
    (copy,) = [path for path in second.returns if path.name.endswith("-审核结果.xlsx")]

    # Explained in the copy that went back; the figures are the same, so it is the same version.
    explained = explain(copy, inbox / "3" / "报表.xlsx", "1", "本月新投产两家电子材料企业，产能集中释放")
    third = file(explained)
    assert not third.intake.refused
    assert {entry.type for entry in third.intake.entries} >= {"received", "unchanged", "explained"}
    assert {j.state for j in third.intake.judged if j.submission.form == "GLT02"} == {State.PENDING}
    assert third.waiting["待核准的说明"] == len(asked)

    # Approved by name, and not by one who signed.
    signer = sheet_of(reading(explained, small.codes), "GLT02").signed[0]
    approve = [part for f in asked for part in ("--approve", f.id)]
    who = ("--role", "工业处审核员", "--note", "已与企业核实")
    code, _, err = zhishu(capsys, "review", *approve, "--by", signer, *who, *common)
    assert code == 2 and "签署人" in err
    code, told, _ = zhishu(capsys, "review", *approve, "--by", "李四", *who, *common)
    assert code == 0 and "已接收" in told
    code, told, _ = zhishu(capsys, "review", "--register", *common)
    assert code == 0 and "李四" in told and "未更正" in told

    # Explained once more in the same copy: the bureau has decided, and its approval stands.
    again = file(explain(copy, inbox / "3b" / "报表.xlsx", "1", "新投产企业的产能集中释放，同前次说明"))
    assert {entry.type for entry in again.intake.entries} == {"received", "unchanged"}
    code, told, _ = zhishu(capsys, "review", "--register", *common)
    assert code == 0 and "李四" in told and "未更正" in told

    # A correction of September: evidence beside it, proposed, confirmed, and the release revised.
    september = sheet_of(reading(small.inbox / "2026-09" / f"{OFFICE}.xlsx", small.codes), "GLT02")
    old = value(september, "profit_cum")
    new = str(int(float(old)) - 7)
    proof = inbox / "4" / "更正说明.txt"
    proof.parent.mkdir(parents=True)
    proof.write_text("企业更正利润总额的函", "utf-8")
    digest = hashlib.sha256(proof.read_bytes()).hexdigest()
    line = {
        "revision_id": "R-1", "form_code": "GLT02", "field": "profit_cum", "old_value": old, "new_value": new,
        "row_key": json.dumps({"period": "2026-09", "region_code": OFFICE}), "reason": "2",
        "evidence": f"更正说明.txt {digest}", "requested_by": "王五", "approved_by": "赵六",
        "approved_at": "2026-11-18",
    }  # fmt: skip
    revision(small.codes, OFFICE, MONTH, line, inbox / "4" / "修订.xlsx")
    fourth = file(proof.parent)
    assert {j.state for j in fourth.intake.judged} == {State.ACCEPTED}, fourth.intake.findings
    assert fourth.waiting["待确认的修订单"] == 1
    assert store.evidence.get(digest) == proof.read_bytes()
    assert "2026-09" not in standing_of(settings, MONTH)["stale"]  # proposed, not in force
    code, told, _ = zhishu(capsys, "review", "--approve", f"{OFFICE}/R-1", "--by", "李四", *who, *common)
    assert code == 0 and f"{old} → {new}" in told
    assert "2026-09" in standing_of(settings, MONTH)["stale"]

    others = [path for path in (small.inbox / "2026-10").iterdir() if path.stem != OFFICE]
    last = run_batch(settings, MONTH, others, None)
    assert [(r.id, r.stage) for r in releases(store)] == [
        ("2026-09.1", "初步"), ("2026-09.2", "修订"), ("2026-10.1", "初步"),
    ]  # fmt: skip
    assert last.revised[0].reason == f"按修订单 {OFFICE}/R-1 更正"
    assert last.revised[0].manifest.corrections[0][0] == f"{OFFICE}/R-1"

    # The journal tells the story in this order.
    told_of = [
        (entry.type, entry.actor)
        for entry in store.journal.entries()
        if entry.type == "released"
        or (
            (entry.body.get("submitter"), entry.body.get("period")) == (OFFICE, "2026-10")
            and entry.body["form"] in ("GLT02", "GLT10")
        )
    ]
    asked_n = len(asked)
    assert [kind for kind, _ in told_of] == [
        "released", "rejected", "rejected", "pending", "unchanged", "explained", *["reviewed"] * asked_n, "accepted",
        "unchanged", "accepted", "proposed", "corrected", "released", "released",
    ]  # fmt: skip
    assert {actor for kind, actor in told_of if kind in ("reviewed", "corrected")} == {"李四"}
