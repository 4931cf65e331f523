"""The soft rules inside forms: each with a case that breaks it and one just inside, and the cells named."""

from __future__ import annotations

import pytest
from records import Draft, check, clean, history

from schemas.finding import Finding, Severity
from schemas.form import load_forms

DONGHU, NANCHANG = "360102", "360100"
EI, AV = (DONGHU, "EI", "T"), (DONGHU, "AV", "T")
COUNTY, CITY_EI, FIRM = (DONGHU,), (NANCHANG, "EI"), ("91350100M000100Y43",)

# rule, form, period, submitter, key, what breaks it, what just does not, the fields named
SOFT = [
    *(
        case
        for no, form, key in (("101", "GLT01", EI), ("102", "GLT02", COUNTY))
        for case in (
            (f"S{no}N", form, "2026-10", DONGHU, key, {"rev_cum": "0"}, {"rev_cum": "0.01"}, "ent_n rev_cum"),
            (f"S{no}D", form, "2026-10", DONGHU, key, {"loss_amt_cum": "0"}, {"loss_amt_cum": "0.5"},
             "ent_loss_n loss_amt_cum"),
            (f"S{no}G", form, "2026-10", DONGHU, key, {"sale_cum": "899.99"}, {"sale_cum": "900"},
             "out_cum sale_cum"),
            (f"S{no}G", form, "2026-10", DONGHU, key, {"sale_cum": "1100.01"}, {"sale_cum": "1100"},
             "out_cum sale_cum"),
            (f"S{no}H", form, "2026-10", DONGHU, key, {"rev_cum": "1500.01"}, {"rev_cum": "1500"},
             "out_cum rev_cum"),
            (f"S{no}H", form, "2026-10", DONGHU, key, {"rev_cum": "699.99"}, {"rev_cum": "700"},
             "out_cum rev_cum"),
            (f"S{no}I", form, "2026-10", DONGHU, key, {"cost_cum": "1029.01"}, {"cost_cum": "1029"},
             "rev_cum cost_cum"),
            (f"S{no}I", form, "2026-10", DONGHU, key, {"cost_cum": "244.99"}, {"cost_cum": "245"},
             "rev_cum cost_cum"),
            (f"S{no}J", form, "2026-10", DONGHU, key, {"profit_cum": "343.01"}, {"profit_cum": "343"},
             "rev_cum profit_cum"),
            (f"S{no}K", form, "2026-10", DONGHU, key, {"liab_end": "2200.01"}, {"liab_end": "2200"},
             "assets_end liab_end"),
            (f"S{no}K", form, "2026-10", DONGHU, key, {"liab_end": "199.99"}, {"liab_end": "200"},
             "assets_end liab_end"),
            (f"S{no}L", form, "2026-10", DONGHU, key, {"emp_avg": "39"}, {"emp_avg": "40"}, "ent_n emp_avg"),
            (f"S{no}L", form, "2026-10", DONGHU, key, {"emp_avg": "8001"}, {"emp_avg": "8000"},
             "ent_n emp_avg"),
            # 980 in ten months are 1,176 a year: 20 for each of 58.8 people
            (f"S{no}M", form, "2026-10", DONGHU, key, {"emp_avg": "59"}, {"emp_avg": "58"},
             "rev_cum emp_avg"),
        )
    ),
    ("S301", "GLT01", "2026-10", DONGHU, EI, {"elec_cum": "1312", "elec_cum_ly": "1000"},
     {"elec_cum": "1311", "elec_cum_ly": "1000"}, "out_cum out_cum_ly elec_cum elec_cum_ly"),
    # what a city takes out twice is negative, and so is its base
    ("S301", "GLT01", "2026-10", NANCHANG, ("360199", "EI", "T"),
     {"out_cum": "-1000", "out_cum_ly": "-900", "elec_cum": "-1312", "elec_cum_ly": "1000"},
     {"out_cum": "-1000", "out_cum_ly": "-900", "elec_cum": "1311", "elec_cum_ly": "1000"},
     "out_cum out_cum_ly elec_cum elec_cum_ly"),
    ("S312", "GLT04", "2025", NANCHANG, CITY_EI, {"rd_exp": "120.01"}, {"rd_exp": "120"}, "rd_exp rev_year"),
    ("S312", "GLT04", "2025", NANCHANG, CITY_EI, {"rd_exp": "1.19"}, {"rd_exp": "1.2"}, "rd_exp rev_year"),
    ("S314", "GLT06", "2026Q3", NANCHANG, CITY_EI, {"lg_n": "2"}, {"lg_n": "1"}, "srdi_n lg_n"),
    ("S318", "GLT09", "2025", DONGHU, FIRM, {"va": "2000.01"}, {"va": "2000"}, "tax_paid rev va"),
    ("S318", "GLT09", "2025", DONGHU, FIRM, {"tax_paid": "1000.01"}, {"tax_paid": "1000"}, "tax_paid rev va"),
    # without revenue there is no ratio of tax to it, and no value added
    ("S318", "GLT09", "2025", DONGHU, FIRM, {"rev": "0", "va": "0.01", "tax_paid": "100"},
     {"rev": "0", "va": "0", "tax_paid": "100"}, "tax_paid rev va"),
    # 1811 is no class of electronics; an assignment by product or by experts needs no class
    ("S333", "GLT08", "2026-10", DONGHU, FIRM, {"industry4": "1811"}, {"industry4": "1811", "basis": "2"},
     "industry4 chain_main basis"),
]  # fmt: skip


Judged = tuple[Draft, tuple[Finding, ...], tuple[Finding, ...]]


@pytest.fixture(scope="module")
def judged() -> list[Judged]:
    """Each of SOFT with what is found where it is broken and where it just is not: all stand in one batch."""
    wrong, right = (
        [
            clean(form, period, office).put(key, **values[side])
            for _, form, period, office, key, *values, _ in SOFT
        ]
        for side in (0, 1)
    )
    found = check([draft.build() for draft in (*wrong, *right)]).per_submission
    return list(zip(wrong, found[: len(SOFT)], found[len(SOFT) :], strict=True))


@pytest.mark.parametrize("case", range(len(SOFT)), ids=lambda case: "-".join(SOFT[case][:4]))
def test_a_soft_rule_asks_and_names_the_cells(case: int, judged: list[Judged]) -> None:
    rule, *_, key, _, _, fields = SOFT[case]
    draft, broken, kept = judged[case]
    (finding,) = (f for f in broken if f.rule == rule)
    assert finding.severity is Severity.SOFT and finding.level == 1
    assert set(finding.field.split(",")) == set(fields.split())
    assert finding.cell == ",".join(draft.address(key, code) for code in finding.field.split(","))
    assert finding.message and finding.advice and "{" not in finding.message
    assert [f for f in kept if f.rule == rule] == []


def test_every_soft_rule_inside_a_form_has_a_case() -> None:
    declared = {
        (form.code, rule.id)
        for form in load_forms()
        for rule in form.rules
        if rule.severity is not Severity.HARD and rule.level == 1
    }
    assert declared == {(form, rule) for rule, form, *_ in SOFT}


@pytest.mark.parametrize("rule", ["S101G", "S101H"])
def test_output_ratios_are_asked_from_september_and_of_aircraft_in_december(rule: str) -> None:
    odd = {"out_cum": "10", "sale_cum": "5", "exp_cum": "0"}
    asked = [("2026-08", EI, 0), ("2026-09", EI, 1), ("2026-10", AV, 0), ("2026-12", AV, 1)]
    reports = [clean("GLT01", month, DONGHU).put(key, **odd).build() for month, key, _ in asked]
    found = check(reports).per_submission
    assert [sum(f.rule == rule for f in findings) for findings in found] == [n for *_, n in asked]


def test_a_zero_denominator_is_not_applicable() -> None:
    zeros = dict.fromkeys(
        ("ent_n", "ent_loss_n", "out_cum", "sale_cum", "exp_cum", "rev_cum", "cost_cum", "profit_cum",
         "loss_amt_cum", "ar_end", "fg_inv_end", "assets_end", "liab_end", "emp_avg", "out_cum_ly", "rev_cum_ly",
         "exp_cum_ly", "profit_cum_ly", "top1_rev_cum", "top2_rev_cum"),
        "0",
    )  # fmt: skip
    draft = clean("GLT01", "2026-10", DONGHU).put(EI, **zeros)
    assert check([draft.build()]).findings == ()


def test_what_the_bureau_files_is_not_asked_about() -> None:
    said = history("GLT02", "2026-09", {COUNTY: {"rev_cum": "100", "out_cum": "1000", "cost_cum": "900"}})
    assert check([said]).findings == ()
