"""The lines in force that rules and corrections compare with: from the ledger, and over it from a batch."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from conftest import Ran
from ledger_cases import Desk, read_bytes, sheet, workbook
from records import clean, history

from flows.ledger import in_force
from flows.ledger.arriving import Arriving
from flows.ledger.decide import Judged
from flows.ledger.in_force import Ledger
from flows.ledger.store import Store
from flows.ledger.warehouse import view_warehouse
from schemas.finding import State
from schemas.form import load_forms
from schemas.period import Period

SEPTEMBER, OCTOBER = Period.parse("2026-09"), Period.parse("2026-10")
KEY = "region_code=360102"


def county(value: str, **options: Any) -> bytes:
    return workbook(sheet([{"region_code": "360102", "rev_cum": value}], **options))


def bureau(field: str, value: str, period: str = "2026-09", reported_on: str = "2026-11-01") -> bytes:
    rows = [{"region_code": "360102", field: value}]
    options = {"edition": "history", "submitter": "BUREAU", "period": period, "reported_on": reported_on}
    return workbook(sheet(rows, **options))


def revenue(view: Ledger | Arriving, *periods: Period) -> list[tuple[str, str, str, str]]:
    lines = view.lines("GLT02", periods)
    assert lines.columns[:7] == ["period", "submitter", "subject", "source", "state", "row_key", "revised"]
    picked = lines.select("period", "source", "state", "rev_cum").rows()
    return [(period, source, state, f"{value:f}") for period, source, state, value in picked]


def ledger(desk: Desk, admit_pending: bool = True) -> Ledger:
    return Ledger(desk.con, desk.store.journal.head[0], admit_pending)


def test_the_newest_version_that_counts_is_the_line(desk: Desk) -> None:
    desk.file(county("1"), county("2", version=2, state="pending"), county("3", version=3, state="rejected"))
    assert revenue(ledger(desk), OCTOBER) == [("2026-10", "submission", "pending", "2.0000")]
    assert revenue(ledger(desk, False), OCTOBER) == [("2026-10", "submission", "accepted", "1.0000")]
    assert revenue(ledger(desk), SEPTEMBER) == []


def test_the_bureaus_line_stands_only_where_nobody_filed(desk: Desk) -> None:
    desk.file(bureau("rev_cum", "5"), bureau("rev_cum", "7", "2026-10"), county("6"))
    assert revenue(ledger(desk), SEPTEMBER, OCTOBER) == [
        ("2026-09", "bureau", "accepted", "5.0000"),
        ("2026-10", "submission", "accepted", "6.0000"),
    ]


def test_records_of_history_make_one_line_and_the_latest_of_a_figure_stands(desk: Desk) -> None:
    desk.file(bureau("rev_cum", "5"), bureau("ent_n", "3"), bureau("rev_cum", "8", reported_on="2026-11-02"))
    line = ledger(desk).lines("GLT02", [SEPTEMBER]).row(0, named=True)
    assert (line["rev_cum"], line["ent_n"], line["region_code"]) == (Decimal(8), Decimal(3), "360102")


def test_the_place_of_a_figure(desk: Desk) -> None:
    data = county("1234.50", version=2)
    desk.file(data, names=["东湖.xlsx"])
    place = ledger(desk).place("GLT02", "2026-10", "360102", KEY, "rev_cum")
    assert place is not None
    assert (place.file_name, place.version, place.sheet, place.cell, place.raw) == (
        "东湖.xlsx",
        2,
        "表0",
        "B8",
        "1234.50",
    )
    assert place.digest == read_bytes(data, "").digest
    assert ledger(desk).place("GLT02", "2026-10", "360103", KEY, "rev_cum") is None
    assert ledger(desk).figure("GLT02", "2026-10", "region_code=360103", "rev_cum") is None


def judged(data: bytes, state: State = State.ACCEPTED) -> list[Judged]:
    return [Judged(s, state) for s in read_bytes(data, "新.xlsx").submissions]


def test_what_a_batch_decided_of_earlier_months_is_in_force_for_it(desk: Desk) -> None:
    desk.file(bureau("rev_cum", "5"), county("1"))
    batch = Arriving(ledger(desk), True)
    assert revenue(batch, SEPTEMBER) == [("2026-09", "bureau", "accepted", "5.0000")]
    batch.take(judged(county("6", period="2026-09"), State.PENDING))
    assert revenue(batch, SEPTEMBER) == [("2026-09", "submission", "pending", "6.0000")]
    place = batch.place("GLT02", "2026-09", "360102", KEY, "rev_cum")
    assert place is not None and (place.file_name, place.cell) == ("新.xlsx", "B8")
    batch.take(judged(county("9", period="2026-09", version=3), State.REJECTED))
    assert revenue(batch, SEPTEMBER) == [("2026-09", "submission", "pending", "6.0000")]


def test_what_waits_in_a_batch_is_in_force_only_where_pending_data_count(desk: Desk) -> None:
    desk.file(county("1", period="2026-09"))
    batch = Arriving(ledger(desk, False), False)
    batch.take(judged(county("6", period="2026-09", version=2), State.PENDING))
    assert revenue(batch, SEPTEMBER) == [("2026-09", "submission", "accepted", "1.0000")]


def test_an_older_version_in_a_batch_does_not_hide_a_newer_one_of_the_ledger(desk: Desk) -> None:
    desk.file(county("2", version=2))
    batch = Arriving(ledger(desk), True)
    batch.take(judged(county("1")))
    assert revenue(batch, OCTOBER) == [("2026-10", "submission", "accepted", "2.0000")]
    batch.take(judged(county("3", version=3)))
    assert revenue(batch, OCTOBER) == [("2026-10", "submission", "accepted", "3.0000")]
    figure = batch.figure("GLT02", "2026-10", KEY, "rev_cum")
    assert figure is not None and figure.value == "3"


def test_a_row_that_a_newer_version_of_the_batch_lacks_is_not_taken_from_the_older(desk: Desk) -> None:
    rows = [{"region_code": code, "rev_cum": "5"} for code in ("360102", "360103")]
    desk.file(workbook(sheet(rows)))
    batch = Arriving(ledger(desk), True)
    assert batch.figure("GLT02", "2026-10", "region_code=360103", "rev_cum") is not None
    batch.take(judged(county("6", version=2)))
    assert batch.figure("GLT02", "2026-10", "region_code=360103", "rev_cum") is None


def test_of_two_records_of_history_the_newest_is_cited_that_gave_the_value(desk: Desk) -> None:
    batch = Arriving(ledger(desk), True)
    for reported_on, value in (("2026-09-02", "8"), ("2026-09-01", "5")):
        said = history("GLT02", "2026-09", {("360102",): {"rev_cum": value}})
        batch.take([Judged(replace(said, reported_on=reported_on, digest=value * 64), State.ACCEPTED)])
    (line,) = batch.lines("GLT02", [SEPTEMBER]).to_dicts()
    place = batch.place("GLT02", "2026-09", "BUREAU", KEY, "rev_cum")
    assert line["rev_cum"] == 8 and place is not None and place.raw == "8"


def test_history_in_a_batch_adds_to_the_line_of_the_ledger(desk: Desk) -> None:
    desk.file(bureau("ent_n", "3"))
    batch = Arriving(ledger(desk), True)
    said = history("GLT02", "2026-09", {("360102",): {"rev_cum": "12.5"}})
    batch.take([Judged(said, State.ACCEPTED)])
    (line,) = batch.lines("GLT02", [SEPTEMBER]).to_dicts()
    assert (line["rev_cum"], line["ent_n"], line["source"]) == (Decimal("12.5"), Decimal(3), "bureau")


def test_a_register_names_its_county_in_a_column_that_is_no_key(small_ran: Ran) -> None:
    """Where cells carry only the keys of their row, the other codes of a line stand in its own cells."""
    with closing(view_warehouse(Store(small_ran.home))) as con:
        lines = Ledger(con, Store(small_ran.home).journal.head[0], True).lines(
            "GLT08", [Period.parse("2025-12")]
        )
    assert lines.select("submitter").equals(lines.select(submitter="region_code"))
    assert lines["chain_main"].null_count() == 0 and not lines["park_code"].is_in([""]).any()


def test_both_give_the_same_columns_for_every_form(desk: Desk) -> None:
    batch = Arriving(ledger(desk), True)
    for form, period, office, subject in (
        ("GLT01", "2026-10", "360102", ""), ("GLT03", "2026-10", "360100", "KEI"),
        ("GLT07", "2026Q3", "EI", "EI"), ("GLT08", "2026-10", "360102", ""),
    ):  # fmt: skip
        at = [Period.parse(period)]
        empty = batch.lines(form, at)
        batch.take([Judged(clean(form, period, office, subject).build(), State.ACCEPTED)])
        filled = batch.lines(form, at)
        assert filled.schema == empty.schema and not filled.is_empty()
        assert filled["row_key"].null_count() == 0 and filled["submitter"].unique().to_list() == [office]


def test_the_key_that_speaks_for_a_row_is_required_in_every_edition(monkeypatch: pytest.MonkeyPatch) -> None:
    for code in {form.code for form in load_forms()}:
        key = in_force._never_blank(code)
        assert all(form.column(key).required for form in load_forms() if form.code == code)
    newest = max(
        (f for f in load_forms() if f.code == "GLT02"), key=lambda f: (not f.filed_by_bureau, f.edition)
    )
    first = replace(newest.columns[0], code="site", header=("场所",))
    monkeypatch.setattr(
        in_force,
        "load_forms",
        lambda: (*load_forms(), replace(newest, edition="2099", columns=(first, *newest.columns))),
    )
    assert in_force._never_blank("GLT02") == newest.keys[0].code  # older rows have no cell of the new key
    other = replace(newest, edition="2099", columns=(first,))
    monkeypatch.setattr(in_force, "load_forms", lambda: (*load_forms(), other))
    with pytest.raises(LookupError, match="GLT02"):
        in_force._never_blank("GLT02")
