"""The rules of the form files: each with a failing case that names its cells, and the five outcomes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from records import CODES, Draft, check, clean, outcomes_of_each

from schemas.checks import Checked, prepare
from schemas.database import scratch
from schemas.finding import Finding, Severity
from schemas.form import Form, FormError, Rule, form_for, load_forms, read_form
from schemas.period import Period
from schemas.rules import judge
from schemas.touch import RuleError, touched

DONGHU, NANCHANG = "360102", "360100"
EI = (DONGHU, "EI", "T")
COUNTY, CITY = (DONGHU,), (NANCHANG,)
KEI = ("KEI", NANCHANG, "")
CITY_EI, CHAIN = (NANCHANG, "EI"), ("EI",)

# rule, form, period, submitter, subject, key of the row, what it is given, the fields named
FAILING = [
    ("H101A", "GLT01", "2026-10", DONGHU, "", EI, {"ent_loss_n": "11"}, "ent_n ent_loss_n"),
    ("H101B", "GLT01", "2026-10", DONGHU, "", EI, {"exp_cum": "950.0001"}, "sale_cum exp_cum"),
    ("H101C", "GLT01", "2026-10", DONGHU, "", EI,
     {"ent_n": "0", "ent_loss_n": "0", "loss_amt_cum": "0", "rev_cum": "0"}, "ent_n out_cum rev_cum"),
    ("H101D", "GLT01", "2026-10", DONGHU, "", EI, {"ent_loss_n": "0"}, "ent_loss_n loss_amt_cum"),
    ("H101E", "GLT01", "2026-10", DONGHU, "", EI, {"profit_cum": "-5.01"}, "profit_cum loss_amt_cum"),
    ("H101F", "GLT01", "2026-10", DONGHU, "", EI, {"ar_end": "1949.76"}, "ar_end fg_inv_end assets_end"),
    ("H327", "GLT01", "2026-10", DONGHU, "", EI,
     {"ent_loss_n": "0", "loss_amt_cum": "0.01", "profit_cum": "-0.01"}, "ent_n ent_loss_n profit_cum"),
    ("H327", "GLT01", "2026-10", DONGHU, "", EI, {"ent_loss_n": "4"}, "ent_n ent_loss_n profit_cum"),
    ("H102A", "GLT02", "2026-10", DONGHU, "", COUNTY, {"ent_loss_n": "11"}, "ent_n ent_loss_n"),
    ("H102B", "GLT02", "2026-10", DONGHU, "", COUNTY, {"exp_cum": "951"}, "sale_cum exp_cum"),
    ("H102C", "GLT02", "2026-10", DONGHU, "", COUNTY,
     {"ent_n": "0", "ent_n_begin": "0", "ent_new_n": "0", "ent_exit_n": "0", "ent_loss_n": "0",
      "loss_amt_cum": "0", "out_cum": "0"}, "ent_n out_cum rev_cum"),
    ("H102D", "GLT02", "2026-10", DONGHU, "", COUNTY, {"ent_loss_n": "0"}, "ent_loss_n loss_amt_cum"),
    ("H102E", "GLT02", "2026-10", DONGHU, "", COUNTY, {"profit_cum": "-6"}, "profit_cum loss_amt_cum"),
    ("H102F", "GLT02", "2026-10", DONGHU, "", COUNTY, {"assets_end": "150.2"},
     "ar_end fg_inv_end assets_end"),
    ("H323", "GLT02", "2026-10", DONGHU, "", COUNTY, {"ent_new_n": "3"},
     "ent_n ent_new_n ent_exit_n ent_n_begin"),
    ("H328", "GLT02", "2026-09", NANCHANG, "", CITY, {"mva_cum": "5001"},
     "gdp_cum mva_cum ht_va_share eq_va_share"),
    ("H308", "GLT03", "2026-10", NANCHANG, "KEI", KEI, {"rev_cum": "2001"}, "rev_cum area_rev_cum"),
    ("H309", "GLT03", "2026-10", NANCHANG, "KEI", KEI, {"tech_fai_cum": "101"}, "fai_cum tech_fai_cum"),
    *(("H329", "GLT03", period, NANCHANG, "KEI", KEI, {field: value},
       "ent_n sale_cum exp_cum emp_avg lead_n hnte_n svc_ent_n rd_emp_n top1_rev_cum top2_rev_cum")
      for period, field, value in (
          ("2025", "hnte_n", "11"), ("2025", "svc_ent_n", "11"), ("2026-09", "lead_n", "11"),
          ("2025", "rd_emp_n", "46"), ("2026-10", "exp_cum", "951"), ("2026-10", "top2_rev_cum", "301"))),
    *(("H310", "GLT04", "2025", NANCHANG, "", CITY_EI, {field: "11"},
       "ent_n rd_ent_n hnte_n dx_ent_n cloud_ent_n")
      for field in ("rd_ent_n", "hnte_n", "dx_ent_n", "cloud_ent_n")),
    *(("H311", "GLT04", "2025", NANCHANG, "", CITY_EI, {field: value},
       "rev_year newprod_rev hnte_rev task_n task_done_n")
      for field, value in (("newprod_rev", "1201"), ("hnte_rev", "1201"), ("task_done_n", "2"))),
    ("H330", "GLT04", "2025", NANCHANG, "", CITY_EI, {"svcmfg_rev": "1201"}, "rev_year svcmfg_rev"),
    ("H330", "GLT05", "2025", NANCHANG, "", CITY_EI, {"green_rev": "1201"}, "green_rev rev_year"),
    ("H313", "GLT05", "2025", NANCHANG, "", CITY_EI, {"solid_used": "2.0001"},
     "solid_gen solid_used solid_prior_used"),
    ("H314", "GLT06", "2026Q3", NANCHANG, "", CITY_EI, {"leader_rev_cum": "981"},
     "leader_rev_cum rev_cum"),
    *(("H315", "GLT07", "2025", "EI", "EI", CHAIN, {field: "2"},
       "node_n node_cov_n gap_plan_n gap_done_n buy_total buy_sme top3_buy key_item_n key_safe_n "
       "backup_need_n backup_n match_sign_n match_done_n")
      for field in ("node_cov_n", "gap_done_n", "buy_sme", "top3_buy", "key_safe_n", "backup_n",
                    "match_done_n")),
    *(("H324", "GLT07", "2026Q3", "EI", "EI", CHAIN, {field: "981"},
       "deep_rev_cum cluster_rev_cum rev_cum") for field in ("deep_rev_cum", "cluster_rev_cum")),
    ("H317", "GLT09", "2025", DONGHU, "", ("91350100M000100Y43",), {"land_lease_mu": "12.5"},
     "land_own_mu land_rent_mu land_lease_mu"),
    ("H320", "GLT10", "2026-10", DONGHU, "", ("R-1",), {"approved_by": "张三"},
     "requested_by approved_by"),
]  # fmt: skip


def outcomes_of(rule: str, *drafts: Draft) -> list[dict[str, int]]:
    """What the rule comes to in each of these, judged in one batch."""
    return [outcomes[rule] for outcomes in outcomes_of_each([draft.build() for draft in drafts])]


@pytest.fixture(scope="module")
def failing() -> list[tuple[Draft, tuple[Finding, ...]]]:
    """Each of FAILING with what is found in it: all stand in one batch."""
    drafts = [
        clean(form, period, office, subject).put(key, **values)
        for _, form, period, office, subject, key, values, _ in FAILING
    ]
    return list(zip(drafts, check([draft.build() for draft in drafts]).per_submission, strict=True))


@pytest.mark.parametrize("case", range(len(FAILING)), ids=lambda case: "-".join(FAILING[case][:4]))
def test_a_failing_line_names_what_the_rule_looked_at(
    case: int, failing: list[tuple[Draft, tuple[Finding, ...]]]
) -> None:
    rule, *_, key, _, fields = FAILING[case]
    draft, findings = failing[case]
    # A loss without loss-making enterprises breaks H101D or H101E as well.
    (finding,) = (f for f in findings if f.rule == rule)
    assert finding.severity is Severity.HARD and finding.level == 1
    assert finding.field == fields.replace(" ", ",")
    # A field that is not in the sheet's row has no text, but its cell is still named.
    assert finding.cell == ",".join(draft.address(key, code) for code in fields.split())
    parts = zip((c.code for c in draft.form.keys), key, strict=True)
    assert finding.row_key == ";".join(f"{code}={part}" for code, part in parts if part)
    assert "{" not in finding.message
    assert finding.value.split("|") == [draft.rows[key].get(code, "") for code in fields.split()]


def test_every_rule_has_a_failing_case() -> None:
    declared = {(form.code, rule.id) for form in load_forms() for rule in form.rules if rule.id[0] == "H"}
    assert declared - {(form, rule) for rule, form, *_ in FAILING} == {("GLT01", "H302")}  # next test


SUBCHAINS = [(DONGHU, "EI", "EI01"), (DONGHU, "EI", "Z")]


def with_subchains(*revenues: str) -> Draft:
    """A chain of 980 with two sub-chains: 980 x 1.0001 + 1 = 981.098."""
    draft = clean("GLT01", "2026-10", DONGHU)
    for key, revenue in zip(SUBCHAINS, revenues, strict=True):
        draft.rows[key] = draft.rows[EI] | {"rev_cum": revenue}
    return draft


def test_subchains_may_not_exceed_their_chain_and_all_their_cells_are_named() -> None:
    draft = with_subchains("500", "481.0981")
    assert outcomes_of("H302", with_subchains("500", "481.098")) == [{"pass": 12, "na": 2}]
    (finding,) = (f for f in check([draft.build()]).findings if f.severity is Severity.HARD)
    assert finding.rule == "H302"
    assert finding.row_key == "region_code=360102;chain_code=EI;subchain_code=T"
    assert finding.cell == ",".join(draft.address(key, "rev_cum") for key in (EI, *SUBCHAINS))
    assert finding.value == "980|500|481.0981"
    assert "合计（981.0981）大于全链（980）" in finding.message


def test_a_figure_in_a_subchain_that_cannot_be_read_leaves_the_sum_missing() -> None:
    draft = clean("GLT01", "2026-10", DONGHU)
    sub = (DONGHU, "EI", "EI01")
    draft.rows[sub] = draft.rows[EI] | {"rev_cum": ""}
    draft.raw[sub, "rev_cum"] = "约5"
    assert outcomes_of("H302", draft) == [{"missing": 1, "pass": 11, "na": 1}]


def test_a_message_prints_the_figures_of_the_line() -> None:
    draft = clean("GLT02", "2026-10", DONGHU).put(COUNTY, ent_loss_n="11")
    (finding,) = check([draft.build()], CODES).findings
    assert finding.message == "亏损企业单位数（11）大于规上企业单位数（4）"
    assert (finding.sheet, finding.file_name, finding.digest) == ("GLT02", "360102.xlsx", "d" * 64)


def test_a_bound_is_exact() -> None:
    # 1e11 + 0.0001 against 1e11: a binary double would not see the difference reliably in sums.
    big = {"sale_cum": "100000000000", "exp_cum": "100000000000"}
    at, beyond = (
        clean("GLT02", "2026-10", DONGHU).put(COUNTY, **big | {"exp_cum": exported})
        for exported in ("100000000000", "100000000000.0001")
    )
    assert outcomes_of("H102B", at, beyond) == [{"pass": 1}, {"fail": 1}]


NOT_THERE = {"blank": "missing", "约4": "missing", "W": "missing", "C": "missing", "N": "na"}


def without_sales(what: str) -> Draft:
    draft = clean("GLT02", "2026-10", DONGHU).put(COUNTY, sale_cum="")
    if what in ("N", "W", "C"):
        draft.marks[COUNTY, "sale_cum"] = what
    elif what != "blank":
        draft.raw[COUNTY, "sale_cum"] = what
    return draft


@pytest.fixture(scope="module")
def not_there() -> dict[str, dict[str, int]]:
    return dict(zip(NOT_THERE, outcomes_of("H102B", *map(without_sales, NOT_THERE)), strict=True))


@pytest.mark.parametrize(("what", "outcome"), NOT_THERE.items())
def test_what_is_not_there_is_missing_or_not_applicable(
    what: str, outcome: str, not_there: dict[str, dict[str, int]]
) -> None:
    assert not_there[what] == {outcome: 1}


def test_a_part_that_is_missing_is_not_passed() -> None:
    city = clean("GLT02", "2026-09", NANCHANG).put(CITY, gdp_cum="")
    # A county owes no GDP, so there the other parts decide.
    of_city, of_county = outcomes_of("H328", city, clean("GLT02", "2026-09", DONGHU))
    assert of_city["missing"] == 1
    assert of_county == {"pass": 1}


def test_a_rule_on_fields_that_are_not_due_is_not_applicable() -> None:
    draft = clean("GLT05", "2026Q3", NANCHANG)
    filled = clean("GLT05", "2026Q3", NANCHANG).put(CITY_EI, green_rev="2", rev_year="1")
    plain, judged = outcomes_of_each([draft.build(), filled.build()])
    assert set(plain["H313"]) == set(plain["H330"]) == {"na"}
    assert judged["H330"]["fail"] == 1  # filled though not due: judged all the same


@pytest.fixture(scope="module")
def deducting() -> Checked:
    """What is said of what a city takes out, wrong by every rule."""
    draft = clean("GLT01", "2026-10", NANCHANG)
    for key in [k for k in draft.rows if k[0] == "360199"]:
        draft.put(
            key, ent_n="-1", ent_loss_n="-2", exp_cum="1", sale_cum="-3", profit_cum="-9", ar_end="9999"
        )
    return check([draft.build()])


@pytest.mark.parametrize("rule", ["H101A", "H101B", "H101C", "H101D", "H101E", "H101F", "H302", "H327"])
def test_no_rule_of_the_form_holds_for_the_deducting_rows(rule: str, deducting: Checked) -> None:
    assert deducting.findings == ()
    outcomes = deducting.outcomes.filter(deducting.outcomes["rule"] == rule)
    assert dict(outcomes.select("outcome", "n").iter_rows())["na"] >= 12


def test_no_condition_no_outcome_of_the_line() -> None:
    draft = clean("GLT01", "2026-10", DONGHU)
    assert outcomes_of("H101C", draft) == [{"na": 12}]  # it speaks only of lines without enterprises


def with_rule(monkeypatch: pytest.MonkeyPatch, **changes: object) -> Draft:
    """A clean form whose only rule is changed so."""
    draft = clean("GLT02", "2026-10", DONGHU)
    rule = Rule("X1", Severity.SOFT, "ent_n > 0", "企业数 {ent_n}", "请核对。")
    form: Form = replace(draft.form, rules=(replace(rule, **changes),))
    monkeypatch.setattr("schemas.frames.load_forms", lambda: (form,))
    return draft


def test_a_soft_rule_gives_a_soft_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    draft = with_rule(monkeypatch, expr="month < 9 AND ent_n > 0")
    (finding,) = check([draft.build()], CODES).findings
    assert (finding.severity, finding.level, finding.message) == (Severity.SOFT, 1, "企业数 4")


@pytest.mark.parametrize(
    "changes",
    [
        {"expr": "ent_n >"},  # no SQL
        {"expr": "ent_nn > 0"},  # no such column
        {"expr": "CAST(submitter AS DATE) > DATE '2026-01-01'"},  # fails on the data
        {"when": "no_such_function(ent_n)"},
        {"message": "企业数 {ent_x}"},
        {"expr": "'abc'"},  # no truth value
        {"when": "'abc'"},
        {"floor": "'abc'"},
        {"let": {"month": "3"}},  # SQL would take the report's month for it
        {"let": {"rev_cum": "3"}},
        {"parameters": ("submitter",)},
    ],
)
def test_a_rule_that_cannot_be_evaluated_stops_the_run(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, object]
) -> None:
    draft = with_rule(monkeypatch, **changes)
    with pytest.raises(RuleError, match=r"X1.*GLT02-2024"):
        check([draft.build()], CODES)


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({"expr": "1"}, "pass"),
        ({"expr": "ent_n - 4"}, "fail"),  # 4 enterprises
        ({"expr": "NULL"}, "na"),
        ({"when": "ent_n"}, "pass"),
        ({"when": "0"}, "na"),
        ({"when": "NULL"}, "na"),
        ({"floor": "ent_n"}, "pass"),
        ({"floor": "ent_n - 4"}, "na"),
        ({"floor": "NULL"}, "pass"),
    ],
)
def test_a_number_holds_unless_it_is_0(
    changes: dict[str, object], outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert outcomes_of("X1", with_rule(monkeypatch, **changes)) == [{outcome: 1}]


def test_lines_out_of_order_have_their_own_verdicts() -> None:
    counties = CODES.counties(NANCHANG)[:3]
    drafts = [clean("GLT02", "2026-10", county) for county in counties]
    drafts[0].put((counties[0],), ent_loss_n="11", emp_avg="")
    prepared = prepare([draft.build() for draft in drafts], CODES)
    due = prepared.frames["GLT02-2024"]
    with scratch() as con:
        for name, rows in prepared.lists.items():
            con.register(name, rows)
        forward, backward = (judge(due, 1, frame, con) for frame in (due.plausible, due.plausible.reverse()))
    assert {at for at, _ in forward[0]} == {0}
    assert backward[0] == forward[0]
    order = ["submission", "rule", "outcome"]
    assert backward[1].sort(order).equals(forward[1].sort(order))


def test_a_rule_holds_only_in_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert outcomes_of("X1", with_rule(monkeypatch, expr="ent_n > 99", valid_from="2026-11")) == [{}]
    assert outcomes_of("X1", with_rule(monkeypatch, expr="ent_n > 99", valid_to="2026-10")) == [{"fail": 1}]


def test_a_rules_time_is_that_of_each_report(monkeypatch: pytest.MonkeyPatch) -> None:
    draft = with_rule(monkeypatch, expr="ent_n > 99", valid_from="2026-10")
    earlier = replace(draft.build(), period="2026-08")
    checked = check([draft.build(), earlier], CODES)
    assert [f.period for f in checked.findings if f.rule == "X1"] == ["2026-10"]


def test_the_columns_of_a_rule_are_read_from_its_expression() -> None:
    form = form_for("GLT01", Period.parse("2026-10"))
    rule = next(rule for rule in form.rules if rule.id == "H302")
    touch = touched(form, rule)
    assert touch.columns == touch.window == {"rev_cum"}
    assert touch.partition == ("submission", "region_code", "chain_code")


def test_a_name_given_in_a_rule_may_not_be_a_field(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    from schemas.form import FORMS_DIR

    text = (FORMS_DIR / "GLT01-2024.toml").read_text("utf-8").replace("parts_rev", "ent_n")
    (tmp_path / "GLT01-2024.toml").write_text(text, "utf-8")
    with pytest.raises(FormError, match="ent_n"):
        read_form(tmp_path / "GLT01-2024.toml")
