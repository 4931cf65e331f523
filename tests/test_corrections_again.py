"""A GLT10 that is filed again, in other bytes: after the bureau refused it, and after it was confirmed."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from pathlib import Path

from conftest import MONTH, Small
from loop import change, reading, revision, sheet_of, value
from openpyxl import Workbook, load_workbook

from flows.batch import Outcome, run_batch
from flows.intake import reader
from flows.ledger.store import Store
from flows.ledger.warehouse import open_warehouse
from flows.review import Reviewer, Word, review
from schemas.finding import State

OFFICE = "360602"


def test_a_correction_filed_again_after_each_word_of_the_bureau(
    small: Small, small_home: Path, tmp_path: Path
) -> None:
    settings, store, inbox = small.settings(small_home), Store(small_home), tmp_path / "in"
    inbox.mkdir()
    proof = Workbook()  # evidence may be a workbook, though it is no form
    proof.worksheets[0].append(["企业更正利润总额"])
    proof.save(inbox / "依据.xlsx")
    digest = hashlib.sha256((inbox / "依据.xlsx").read_bytes()).hexdigest()
    old = value(
        sheet_of(reading(small.inbox / "2026-10" / f"{OFFICE}.xlsx", small.codes), "GLT02"), "profit_cum"
    )
    line = {
        "revision_id": "R-9", "form_code": "GLT02", "field": "profit_cum", "old_value": old, "new_value": "7",
        "row_key": json.dumps({"period": "2026-10", "region_code": OFFICE}), "reason": "2",
        "evidence": f"依据.xlsx {digest}", "requested_by": "王五", "approved_by": "赵六",
        "approved_at": "2026-11-18",
    }  # fmt: skip
    book = inbox / "修订.xlsx"
    revision(small.codes, OFFICE, MONTH, line, book)

    def file() -> tuple[Outcome, list[str]]:
        outcome = run_batch(settings, MONTH, [inbox], None, compute=False)
        kinds = [e.type for e in outcome.intake.entries if e.body.get("form") == "GLT10"]
        return outcome, kinds

    def save_again(title: str) -> None:
        same = load_workbook(book)
        same.properties.title = title
        same.save(book)

    def decide(approve: bool) -> None:
        with store.writing(), closing(open_warehouse(store, reader(settings))) as con:
            word = Word(f"{OFFICE}/R-9", approve, "依据不全" if not approve else "")
            review(con, store, Reviewer("李四", "审核员"), [word], True)

    first, kinds = file()
    assert kinds == ["accepted", "proposed"], first.intake.findings
    assert store.evidence.get(digest) == (inbox / "依据.xlsx").read_bytes()
    save_again("一")
    assert file()[1] == ["unchanged"]  # it waits already
    decide(approve=False)
    save_again("二")
    outcome, kinds = file()
    assert kinds == ["unchanged", "proposed"] and outcome.waiting["待确认的修订单"] == 1
    decide(approve=True)
    save_again("三")
    outcome, kinds = file()
    assert kinds == ["unchanged"] and [j.state for j in outcome.intake.judged] == [State.ACCEPTED]
    # a newer version brings the old figure back: of that version the correction is asked for anew
    change(small.inbox / "2026-10" / f"{OFFICE}.xlsx", inbox / "新版.xlsx", small.codes, "GLT02", 2)
    assert not file()[0].needs_a_person
    save_again("四")
    assert file()[1] == ["unchanged", "proposed"]
    store.warehouse.unlink()  # and all of it can be read again
    with store.writing(), closing(open_warehouse(store, reader(settings))) as con:
        assert con.execute("select state, count(*) from correction group by state order by state").fetchall() == [
            ("applied", 1), ("proposed", 3), ("refused", 1),
        ]  # fmt: skip
