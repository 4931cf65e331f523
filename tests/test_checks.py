"""The checks that all forms share: each rule with a failing case, and the clean forms pass them all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import CODES, Draft, check, clean, history, published

from schemas import checks
from schemas.decide import decision
from schemas.finding import Finding, Reply, Severity, State
from schemas.form import Form
from schemas.frames import Wide
from schemas.period import Period
from schemas.reading.record import Submission
from schemas.territory import Key, delivery_due, submitter
from schemas.touch import RuleError
from schemas.uscc import ALPHABET, check_character, valid_uscc

DONGHU, XIHU, NANCHANG = "360102", "360103", "360100"
EI = (DONGHU, "EI", "T")


def found(submission: Submission) -> list[Finding]:
    return list(check([submission], CODES).findings)


def brief(findings: list[Finding]) -> list[tuple[str, str, str]]:
    return [(f.rule, f.cell, f.field) for f in findings]


OFFICES, PERIODS = (DONGHU, NANCHANG, "360000", "EI"), ("2026-10", "2026-09", "2025", "2026-12")


def clean_delivery(office: str, period: str) -> list[Submission]:
    who = submitter(CODES, office)
    assert who is not None
    dues = delivery_due(CODES, who, Period.parse(period))
    return [clean(d.form, str(d.period), d.submitter, d.subject).build() for d in dues]


@pytest.fixture(scope="module")
def clean_batch() -> tuple[list[Submission], checks.Checked]:
    """All clean deliveries, checked in one batch."""
    submissions = [s for office in OFFICES for period in PERIODS for s in clean_delivery(office, period)]
    return submissions, check(submissions, CODES)


@pytest.mark.parametrize("office", OFFICES)
@pytest.mark.parametrize("period", PERIODS)
def test_clean_deliveries_have_no_findings(
    office: str, period: str, clean_batch: tuple[list[Submission], checks.Checked]
) -> None:
    submissions, checked = clean_batch
    own = {s.identity for s in clean_delivery(office, period)}
    found = zip(submissions, checked.per_submission, strict=True)
    assert [f.sentence for s, findings in found if s.identity in own for f in findings] == []
    head = ["period", "submitter", "form", "subject"]
    outcomes = {one[-1] for one in checked.outcomes.select(*head, "outcome").iter_rows() if one[:-1] in own}
    assert outcomes <= {"pass", "na"} and bool(outcomes) == bool(own)


def _duplicate(draft: Draft) -> None:
    draft.repeated.append(EI)


def _drop(key: tuple[str, ...]) -> Callable[[Draft], None]:
    return lambda draft: draft.rows.pop(key) and None


def _put(key: tuple[str, ...], **values: str) -> Callable[[Draft], None]:
    return lambda draft: draft.put(key, **values) and None


USCC = ("91350100M000100Y43",)
SUB = (DONGHU, "EI", "EI01")
FULL_SUB = {"ent_n": "1", "ent_loss_n": "0", "loss_amt_cum": "0", "profit_cum": "1", "rev_cum": "9"}

# rule, form, period, submitter, subject, what is done to a clean form, the key and fields to be named
SHARED = [
    ("R01", "GLT02", "2026-10", DONGHU, "", _put((DONGHU,), emp_avg=""), (DONGHU,), ["emp_avg"]),
    ("R01", "GLT02", "2026-09", NANCHANG, "", _put((NANCHANG,), gdp_cum=""), (NANCHANG,), ["gdp_cum"]),
    ("R01", "GLT02", "2026-12", DONGHU, "", _put((DONGHU,), tax_cum=""), (DONGHU,), ["tax_cum"]),
    ("R01", "GLT02", "2025", DONGHU, "", _put((DONGHU,), land_mu=""), (DONGHU,), ["land_mu"]),
    ("R01", "GLT08", "2026-10", DONGHU, "", _put(USCC, ent_name=""), USCC, ["ent_name"]),
    ("R01", "GLT03", "2026-09", NANCHANG, "KEI", _put(("KEI", "360000", ""), fund_amt=""),
     ("KEI", "360000", ""), ["fund_amt"]),
    ("R03", "GLT02", "2026-10", DONGHU, "", _put((DONGHU,), va_growth="300.01"), (DONGHU,), ["va_growth"]),
    ("R03", "GLT02", "2026-10", DONGHU, "", _put((DONGHU,), cost_cum="-0.0001"), (DONGHU,), ["cost_cum"]),
    ("R03", "GLT02", "2026-10", DONGHU, "", _put((DONGHU,), out_cur="1" + "0" * 20), (DONGHU,), ["out_cur"]),
    ("R03", "GLT02", "2026-10", NANCHANG, "", _put(("360198",), cost_cum="-1"), ("360198",), ["cost_cum"]),
    ("R04", "GLT02", "2026-10", DONGHU, "", _put((DONGHU,), emp_avg="500.5"), (DONGHU,), ["emp_avg"]),
    ("R05", "GLT08", "2026-10", DONGHU, "", _put(USCC, date_in="2024年3月"), USCC, ["date_in"]),
    ("R05", "GLT10", "2026-10", DONGHU, "", _put(("R-1",), approved_at="2026-02-30"), ("R-1",),
     ["approved_at"]),
    ("H004", "GLT08", "2026-10", DONGHU, "", _put(USCC, region_code="360199"), USCC, ["region_code"]),
    ("H005", "GLT08", "2026-10", DONGHU, "", _put(USCC, industry4="4711"), USCC, ["industry4"]),
    ("H005", "GLT08", "2026-10", DONGHU, "", _put(USCC, tiers="INNO|GOLD"), USCC, ["tiers"]),
    ("H005", "GLT08", "2026-10", DONGHU, "", _put(USCC, chain_main="XX"), USCC, ["chain_main"]),
    ("H005", "GLT08", "2026-10", DONGHU, "", _put(USCC, subchain="NE01"), USCC, ["subchain", "chain_main"]),
    ("H006", "GLT01", "2026-10", DONGHU, "", _duplicate, EI,
     ["region_code", "chain_code", "subchain_code"]),
    ("H010", "GLT08", "2026-10", DONGHU, "", _put(("91350100M000100Y44",)), None, ["uscc"]),
    ("H011", "GLT09", "2025", DONGHU, "", _put(("91350100M000100Y44",)), None, ["uscc"]),
    ("T01", "GLT08", "2026-10", DONGHU, "", _put(USCC, region_code=XIHU), USCC, ["region_code"]),
]  # fmt: skip


def spoilt(
    form: str, period: str, office: str, subject: str, spoil: Callable[[Draft], None], key: Key | None
) -> tuple[Draft, Key]:
    """The spoilt form, and the key of the row that is to be named."""
    draft = clean(form, period, office, subject)
    if key is not None:
        spoil(draft)
        return draft, key
    (old,) = draft.rows  # the key itself is spoilt: give the row another
    spoil(draft)
    key = next(k for k in draft.rows if k != old)
    draft.rows[key] = draft.rows.pop(old) | draft.rows[key] | {"uscc": key[0]}
    return draft, key


@pytest.fixture(scope="module")
def spoilt_batch() -> list[tuple[Draft, Key, tuple[Finding, ...]]]:
    """Each of SHARED with what is found in it: all stand in one batch."""
    forms = [spoilt(*case[1:-1]) for case in SHARED]
    found = check([draft.build() for draft, _ in forms], CODES).per_submission
    return [(*form, findings) for form, findings in zip(forms, found, strict=True)]


@pytest.mark.parametrize("case", range(len(SHARED)), ids=lambda case: "-".join(SHARED[case][:4]))
def test_a_spoilt_cell_is_named(
    case: int, spoilt_batch: list[tuple[Draft, Key, tuple[Finding, ...]]]
) -> None:
    rule, *_, fields = SHARED[case]
    draft, key, found = spoilt_batch[case]
    findings = [f for f in found if f.rule == rule]
    assert findings, f"{rule} found nothing"
    finding = findings[0]
    assert finding.cell == ",".join(draft.address(key, code) for code in fields)
    assert finding.field == ",".join(fields)
    assert finding.severity is Severity.HARD and finding.level == 1
    assert finding.message and finding.advice and "{" not in finding.message
    hard = {f.rule for f in found if f.severity is Severity.HARD}  # odd figures may be asked about too
    assert hard == {rule}


def test_a_key_that_stands_twice_is_named_in_both_rows() -> None:
    draft = clean("GLT01", "2026-10", DONGHU)
    draft.repeated.append(EI)
    assert [f.cell for f in found(draft.build()) if f.rule == "H006"] == ["A12,B12,C12", "A24,B24,C24"]


def test_a_neighbours_row_is_refused() -> None:
    draft = clean("GLT02", "2026-10", DONGHU)
    draft.rows[XIHU,] = dict(draft.rows[DONGHU,])
    (finding,) = found(draft.build())
    assert (finding.rule, finding.cell, finding.value) == ("T01", "A13", XIHU)
    assert "西湖区" in finding.message and "东湖区统计局（360102）" in finding.message


@pytest.mark.parametrize(
    ("form", "key"),
    [("GLT01", (NANCHANG, "EI", "T")), ("GLT04", (DONGHU, "EI")), ("GLT03", ("KEI", "360200", ""))],
)
def test_a_city_may_not_write_these(form: str, key: tuple[str, ...]) -> None:
    period, subject = ("2026Q3" if form == "GLT04" else "2026-09"), "KEI" if form == "GLT03" else ""
    draft = clean(form, period, NANCHANG, subject)
    draft.rows[key] = dict(next(iter(draft.rows.values())))
    (finding,) = (f for f in found(draft.build()) if f.rule == "T01")
    assert (finding.cell, finding.field) == (draft.address(key, "region_code"), "region_code")


def test_a_subchain_belongs_to_its_chain_and_a_zone_to_its_city() -> None:
    draft = clean("GLT01", "2026-10", DONGHU)
    key = (DONGHU, "EI", "NE01")
    draft.rows[key] = draft.rows[EI] | {"top1_rev_cum": "1", "top2_rev_cum": "0"}
    (finding,) = found(draft.build())
    assert (finding.rule, finding.cell) == ("H005", "C24,B24")
    assert "NE01 不属于产业链 EI" in finding.message

    draft = clean("GLT03", "2026-10", NANCHANG, "KEI").put(("KEI", NANCHANG, "PKXYGX"), ent_n="1")
    (finding,) = found(draft.build())
    assert (finding.rule, finding.field) == ("H005", "park_code,region_code")


def test_an_adjusting_code_is_a_region_only_where_adjusting_rows_exist() -> None:
    draft = clean("GLT04", "2026Q3", NANCHANG)
    draft.rows["360199", "T"] = dict(next(iter(draft.rows.values())))
    assert "H004" in {f.rule for f in found(draft.build())}


def test_the_deducting_row_may_be_negative_and_only_it() -> None:
    draft = clean("GLT02", "2026-10", NANCHANG)
    for code, value in {"ent_n": "-1", "cost_cum": "-800", "sale_cum": "-5", "profit_cum": "-9"}.items():
        draft.put(("360199",), **{code: value})
    checked = check([draft.build()], CODES)
    assert checked.findings == ()
    outcomes = checked.outcomes.filter(pl.col("rule") == "H102E").select("outcome", "n").rows()
    assert sorted(outcomes) == [("na", 1), ("pass", 3)]


def test_a_blank_is_explained_by_a_mark_or_by_its_condition() -> None:
    blank, marked, without_base = (
        clean("GLT02", "2026-10", DONGHU).put((DONGHU,), va_growth="", tax_cum="") for _ in range(3)
    )
    marked.marks[(DONGHU,), "va_growth"] = "N"
    without_base.put((DONGHU,), out_cum_ly="0")  # growth on a base of nothing
    checked = check([draft.build() for draft in (blank, marked, without_base)], CODES)
    assert [[f.field for f in findings] for findings in checked.per_submission] == [["va_growth"], [], []]


def test_what_could_not_be_read_is_not_called_blank() -> None:
    draft = clean("GLT02", "2026-10", DONGHU)
    draft.put((DONGHU,), emp_avg="")
    draft.raw[(DONGHU,), "emp_avg"] = "约500"
    assert found(draft.build()) == []  # the reader has said so already


def test_every_chain_owes_its_whole_row() -> None:
    draft = clean("GLT01", "2026-10", DONGHU)
    del draft.rows[DONGHU, "AV", "T"]
    draft.rows[DONGHU, "NF", "T"] = {}
    draft.rows[DONGHU, "EI", "EI01"] = {}  # a blank sub-chain counts as 0
    findings = found(draft.build())
    assert [(f.rule, f.row_key, f.cell) for f in findings] == [
        ("R02", "region_code=360102;chain_code=AV;subchain_code=T", ""),
        ("R02", "region_code=360102;chain_code=NF;subchain_code=T", "A13,B13,C13"),
    ]
    assert "整行空白" in findings[1].message


def test_a_lead_row_is_owed_only_when_it_owes_something() -> None:
    month, quarter_end = (clean("GLT03", period, NANCHANG, "KEI") for period in ("2026-10", "2026-09"))
    for draft in (month, quarter_end):
        draft.rows.pop(("KEI", "360000", ""), None)
    found = check([month.build(), quarter_end.build()], CODES).per_submission
    assert [[f.rule for f in findings] for findings in found] == [[], ["R02"]]


OF_ANOTHER_OFFICE = [
    ("GLT03", "2026-10", DONGHU, "KEI"),
    ("GLT03", "2026-10", "360200", "KEI"),  # a city outside the cluster
    ("GLT07", "2026Q3", "EI", "NE"),
    ("GLT04", "2026-09", NANCHANG, ""),  # a quarterly form under a month
    ("GLT09", "2025", "360000", ""),
]


@pytest.fixture(scope="module")
def of_another_office() -> list[tuple[Finding, ...]]:
    bare = [
        replace(
            clean("GLT09" if form == "GLT09" else "GLT10", period, office).build(),
            form=form, subject=subject, cells=(), edition="2024",
        )
        for form, period, office, subject in OF_ANOTHER_OFFICE
    ]  # fmt: skip
    return list(check(bare, CODES).per_submission)


@pytest.mark.parametrize(
    "case", range(len(OF_ANOTHER_OFFICE)), ids=lambda case: "-".join(OF_ANOTHER_OFFICE[case])
)
def test_a_form_of_another_office_is_refused(case: int, of_another_office: list[tuple[Finding, ...]]) -> None:
    form, _, office, _ = OF_ANOTHER_OFFICE[case]
    (finding,) = of_another_office[case]
    assert (finding.rule, finding.level, finding.severity) == ("T02", 0, Severity.HARD)
    assert form in finding.message and office in finding.message


def test_an_unknown_office_is_named_once() -> None:
    draft = clean("GLT02", "2026-10", DONGHU)
    draft.submitter = "999999"
    (finding,) = found(draft.build())
    assert (finding.rule, finding.level) == ("H004", 0) and "999999" in finding.message
    draft.findings = (finding,)
    assert found(draft.build()) == []


def test_nobody_but_the_bureau_files_published_figures() -> None:
    rows = {("360000",): {"rev_cum": "466449000"}}
    own, stranger = (published("GLT02", "2025-12", rows) for _ in range(2))
    stranger.submitter = "360000"
    ordinary = clean("GLT02", "2026-10", "360000")
    ordinary.submitter = "BUREAU"
    found = check([draft.build() for draft in (own, stranger, ordinary)], CODES).per_submission
    assert [[f.rule for f in findings] for findings in found] == [[], ["T02"], ["T02"]]


def test_history_is_one_row_per_key_and_owes_nothing() -> None:
    rows = {(DONGHU,): {"rev_cum": "980", "sale_cum": "950", "exp_cum": "951"}, (XIHU,): {"rev_cum": "-1"}}
    checked = check([history("GLT02", "2025-03", rows)], CODES)
    assert brief(list(checked.findings)) == [
        ("H102B", "E13,E14", "sale_cum,exp_cum"),
        ("R03", "E15", "rev_cum"),
    ]
    # Nothing is owed, so a rule whose figures are not there is na, not missing.
    del rows[XIHU,]
    alone = check([history("GLT02", "2025-03", rows)], CODES)
    assert "missing" not in set(alone.outcomes["outcome"])


def test_history_may_not_give_a_figure_twice() -> None:
    one = history("GLT02", "2025-03", {(DONGHU,): {"rev_cum": "980", "out_cum": "990"}})
    again = tuple(
        cell._replace(row=2, address=cell.address[0] + "14")
        for cell in one.cells
        if cell.row == 0  # the record of rev_cum once more
    )
    (finding,) = found(replace(one, cells=one.cells + again))
    assert (finding.rule, finding.cell, finding.value) == ("H006", "E12,E14", "980|980")


def test_figures_that_cannot_be_true_are_told_and_not_multiplied() -> None:
    # S301 multiplies two of them: with its tolerance that is more digits than any DECIMAL has
    absurd = dict.fromkeys(("elec_cum", "elec_cum_ly", "out_cum_ly"), "400000000000000")
    draft = clean("GLT01", "2026-10", DONGHU).put(EI, **absurd)
    checked = check([draft.build(), clean("GLT01", "2026-10", XIHU).build()], CODES)
    assert {(f.rule, f.field) for f in checked.findings} == {("R03", code) for code in absurd}
    assert all(f.submitter == DONGHU for f in checked.findings)


def test_a_row_that_takes_double_counts_away_is_bounded_in_size() -> None:
    draft = clean("GLT02", "2026-10", NANCHANG)
    draft.put(("360199",), rev_cum="-9000000000000000")
    assert ("R03", "rev_cum") in {(f.rule, f.field) for f in found(draft.build())}


def test_what_the_reader_has_said_is_not_said_twice() -> None:
    draft = clean("GLT08", "2026-10", DONGHU)
    draft.put(USCC, chain_main="XX", basis="2")
    (finding,) = found(draft.build())
    draft.findings = (finding,)
    assert found(draft.build()) == []


def test_a_submission_without_rows_breaks_nothing() -> None:
    empty = replace(clean("GLT01", "2026-10", DONGHU).build(), cells=())
    checked = check([empty, clean("GLT01", "2026-10", XIHU).build()], CODES)
    assert [len(findings) for findings in checked.per_submission] == [12, 0]
    assert check([], CODES).findings == ()


def test_an_unknown_form_must_have_been_rejected_already() -> None:
    lost = replace(clean("GLT01", "2026-10", DONGHU).build(), edition="1999")
    with pytest.raises(ValueError, match="GLT01-1999"):
        check([lost], CODES)
    refused = Finding("L01", Severity.HARD, "表式不识", "请用现行表式。")
    assert check([replace(lost, findings=(refused,))], CODES).findings == ()


def test_the_order_of_submissions_changes_nothing() -> None:
    drafts = [clean("GLT02", "2026-10", office) for office in (XIHU, DONGHU, NANCHANG)]
    for draft in drafts:
        draft.put((draft.submitter,), emp_avg="", exp_cum="960")
    built = [draft.build() for draft in drafts]
    forth, back = check(built, CODES), check(built[::-1], CODES)
    assert forth.findings == back.findings
    assert forth.per_submission == back.per_submission[::-1]
    assert forth.outcomes.equals(back.outcomes)


def test_a_check_that_raises_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(wide: object) -> object:
        from schemas.cell_rules import CellRule

        return CellRule("R04", {"ent_n": pl.col("no_such_column") > 0}, lambda column, line: ("", ""))

    monkeypatch.setattr("schemas.cell_rules._whole", broken)
    with pytest.raises(RuleError, match=r"GLT02-2024.*R04.*no_such_column"):
        found(clean("GLT02", "2026-10", DONGHU).build())


def test_a_column_of_another_type_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = checks.frame_of

    def floating(form: Form, submissions: Sequence[Submission]) -> Wide:
        wide = frame(form, submissions)
        return replace(wide, frame=wide.frame.cast({"rev_cum": pl.Float64}))

    monkeypatch.setattr("schemas.checks.frame_of", floating)
    with pytest.raises(RuleError, match=r"GLT02-2024.*rev_cum"):
        found(clean("GLT02", "2026-10", DONGHU).build())


def test_shared_rules_are_counted_by_submission() -> None:
    bad = clean("GLT02", "2026-10", DONGHU).put((DONGHU,), emp_avg="", ar_end="")
    outcomes = check([bad.build(), clean("GLT02", "2026-10", XIHU).build()], CODES).outcomes
    rows = outcomes.filter(pl.col("rule") == "R01").select("submitter", "outcome", "n").rows()
    assert rows == [(DONGHU, "fail", 2), (XIHU, "pass", 1)]


def test_states_follow_from_findings() -> None:
    hard, soft, clue = (Finding(s.value, s, "", "") for s in (Severity.HARD, Severity.SOFT, Severity.CLUE))
    assert decision([]) is State.ACCEPTED
    assert decision([soft, hard]) is State.REJECTED
    assert decision([soft]) is State.PENDING
    assert decision([replace(soft, reply=Reply.EXPLAINED)]) is State.PENDING
    assert decision([replace(soft, reply=Reply.APPROVED)]) is State.ACCEPTED
    assert decision([replace(soft, reply=Reply.RETURNED)]) is State.PENDING
    assert decision([clue]) is State.ACCEPTED
    # A rule between submitters rejects nobody.
    assert decision([replace(hard, level=3)]) is State.ACCEPTED


def test_the_check_character_of_known_codes() -> None:
    # The example that is usually printed with the standard.
    assert check_character("91350100M000100Y4") == "3"
    assert valid_uscc("91350100M000100Y43")
    assert not valid_uscc("91350100M000100Y4I")  # no I in the alphabet
    assert not valid_uscc("91350100M000100Y4")
    with pytest.raises(ValueError, match="前 17 位"):
        check_character("91350100M000100YZ")


@given(st.text(ALPHABET, min_size=17, max_size=17), st.integers(0, 16), st.sampled_from(ALPHABET))
def test_one_wrong_character_never_passes(body: str, place: int, char: str) -> None:
    code = body + check_character(body)
    assert valid_uscc(code)
    if char != body[place]:
        assert not valid_uscc(code[:place] + char + code[place + 1 :])
