"""The rules against earlier reports (level 2), wrong units and the clues: what is compared, and what is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from in_force import Filed
from records import CODES, Draft, clean, history

from schemas.checks import Checked, check_earlier, prepare
from schemas.codes import CODES_DIR, Codes, load_codes
from schemas.finding import Finding, Severity
from schemas.form import Rule, load_forms
from schemas.reading.record import Submission
from schemas.touch import RuleError

DONGHU, NANCHANG, DEDUCTING = "360102", "360100", "360199"
EI, COUNTY, KEI = (DONGHU, "EI", "T"), (DONGHU,), ("KEI", NANCHANG, "")
BIG = {
    "ent_n": "50", "ent_loss_n": "2", "rev_cum": "300000", "rev_cum_ly": "280000", "out_cum": "310000",
    "out_cum_ly": "290000", "sale_cum": "305000", "cost_cum": "250000", "profit_cum": "12000", "emp_avg": "3000",
    "exp_cum": "20000", "exp_cum_ly": "19000", "profit_cum_ly": "11000", "loss_amt_cum": "100",
    "assets_end": "500000", "liab_end": "260000", "ar_end": "60000", "fg_inv_end": "20000", "va_growth": "7.2",
}  # fmt: skip
BEFORE = BIG | {"rev_cum": "270000", "out_cum": "280000", "sale_cum": "275000", "profit_cum": "11000",
                "cost_cum": "225000", "exp_cum": "18000", "loss_amt_cum": "90"}  # fmt: skip
BEFORE_THAT = BIG | {"rev_cum": "240000", "out_cum": "250000", "sale_cum": "245000", "profit_cum": "10000",
                     "cost_cum": "200000", "exp_cum": "16000", "loss_amt_cum": "80"}  # fmt: skip
LAST_YEAR = BIG | {"rev_cum": "281000", "rev_cum_ly": "260000", "out_cum": "291000", "sale_cum": "286000",
                   "profit_cum": "11100", "cost_cum": "234000", "exp_cum": "19100", "loss_amt_cum": "95"}  # fmt: skip


def report(form: str, period: str, key: tuple[str, ...], values: dict[str, str]) -> Draft:
    office = NANCHANG if {NANCHANG, DEDUCTING} & {*key} else "EI" if key == ("EI",) else DONGHU
    subject = key[0] if form in ("GLT03", "GLT07") else ""
    draft = clean(form, period, office, subject)
    for other in draft.rows if form == "GLT01" else ():
        draft.put(other, rev_cum_ly="980")  # as it was reported last year
    return draft.put(key, **values)


def judged(draft: Draft, earlier: Sequence[Draft], codes: Codes = CODES, revised: str = "") -> Checked:
    filed = [replace(one.build(), digest=f"{n:064d}", version=2) for n, one in enumerate(earlier)]
    return check_earlier(prepare([draft.build()], codes), [0], Filed(filed, revised=revised))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"expr": "rev_cum >= prev.rev_cumm"}, "X1（GLT02-2024）无法执行：往期没有栏目 prev.rev_cumm"),
        ({"expr": "rev_cum > 0", "message": "上月 {prev.rev_cum}"}, "X1（GLT02-2024）的说明提到未知的名称：prev.rev_cum"),
    ],
)  # fmt: skip
def test_a_rule_that_names_what_earlier_reports_have_not_is_named(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], told: str
) -> None:
    now, before = clean("GLT02", "2026-10", DONGHU), clean("GLT02", "2026-09", DONGHU)
    rule = Rule("X1", Severity.SOFT, "TRUE", "企业数 {ent_n}", "请核对。", level=2)
    form = replace(now.form, rules=(replace(rule, **changes),))
    monkeypatch.setattr("schemas.frames.load_forms", lambda: (form,))
    with pytest.raises(RuleError) as refused:
        judged(now, [before])
    assert told in str(refused.value)


def found(checked: Checked, rule: str) -> list[Finding]:
    return [f for f in checked.findings if f.rule == rule]


def outcomes(checked: Checked, rule: str) -> dict[str, int]:
    rows = checked.outcomes.filter(checked.outcomes["rule"] == rule)
    return dict(zip(rows["outcome"], rows["n"], strict=True))


def series(form: str, key: tuple[str, ...], **now: str) -> tuple[Draft, list[Draft]]:
    """October and what was filed for September, August and last October; clean but for ``now``."""
    return (
        report(form, "2026-10", key, BIG | now),
        [
            report(form, "2026-09", key, BEFORE),
            report(form, "2026-08", key, BEFORE_THAT),
            report(form, "2025-10", key, LAST_YEAR),
        ],
    )


# rule, form, key, what breaks it, what just does not, the fields named
EARLIER = [
    *(
        case
        for no, form, key in (("201", "GLT01", EI), ("202", "GLT02", COUNTY))
        for case in (
            # 280,000 + 30,000 = 310,000; 310 is a thousandth of it
            (f"S{no}A", form, key, {"out_cur": "30310.01"}, {"out_cur": "30310"}, "out_cur out_cum"),
            (f"S{no}B", form, key, {"rev_cum": "269999"}, {"rev_cum": "270000"}, "out_cum rev_cum"),
            (f"S{no}B", form, key, {"out_cum": "279999"}, {"out_cum": "280000"}, "out_cum rev_cum"),
            (f"S{no}C", form, key, {"rev_cum": "420001"}, {"rev_cum": "420000"}, "rev_cum rev_cum_ly"),
            # 30,000 last month: half as much again is 45,000
            (f"S{no}D", form, key, {"rev_cum": "315001"}, {"rev_cum": "315000"}, "rev_cum"),
            (f"S{no}E", form, key, {"rev_cum_ly": "295051"}, {"rev_cum_ly": "295050"}, "rev_cum_ly"),
            (f"S{no}G", form, key, {"ent_n": "53"}, {"ent_n": "52"}, "ent_n"),
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "form", "key", "wrong", "right", "fields"), EARLIER)
def test_a_rule_against_earlier_reports_asks_and_says_what_it_compared(
    rule: str, form: str, key: tuple[str, ...], wrong: dict[str, str], right: dict[str, str], fields: str
) -> None:
    now, earlier = series(form, key, **wrong)
    (finding,) = found(judged(now, earlier), rule)
    assert finding.severity is Severity.SOFT and finding.level == 2
    assert set(finding.field.split(",")) >= set(fields.split())
    assert finding.cell == ",".join(now.address(key, code) for code in finding.field.split(","))
    assert "{" not in finding.message
    if rule[4] not in "C":
        assert "（对照 " in finding.message and "第2版" in finding.message
    assert ".xlsx" not in finding.message  # names of files have no part in the journal
    assert found(judged(*series(form, key, **right)), rule) == []


def test_a_clean_series_raises_nothing_and_passes() -> None:
    for form, key in (("GLT01", EI), ("GLT02", COUNTY)):
        checked = judged(*series(form, key, out_cur="30000"))
        row = ";".join(
            f"{name}={part}"
            for name, part in zip(("region_code", "chain_code", "subchain_code"), key, strict=False)
        )
        assert [f for f in checked.findings if f.row_key == row] == []
        no = "201" if form == "GLT01" else "202"
        for letter in "ABCDEG":
            assert "pass" in outcomes(checked, f"S{no}{letter}"), letter


def deducted(values: dict[str, str], **now: str) -> dict[str, str]:
    """The figures of a deducting row: what a city takes out, with a minus."""
    signed = {name: f"-{value}" for name, value in values.items() if name != "va_growth"}
    return signed | {"va_growth": values["va_growth"]} | now


@pytest.mark.parametrize(
    ("letter", "right", "wrong"),
    [
        ("A", {"out_cur": "-30310"}, {"out_cur": "-30310.01"}),
        ("E", {"rev_cum_ly": "-295050"}, {"rev_cum_ly": "-295050.01"}),
        ("E", {"rev_cum_ly": "-266950"}, {"rev_cum_ly": "-266949.99"}),
        ("F", {"va_growth": "14.7"}, {"va_growth": "14.9"}),
        ("G", {"ent_n": "-105"}, {"ent_n": "-106"}),
    ],
)
@pytest.mark.parametrize(("form", "chain"), [("GLT01", ("EI", "T")), ("GLT02", ())])
def test_a_negative_base_has_the_same_bounds(
    tmp_path: Path,
    form: str,
    chain: tuple[str, ...],
    letter: str,
    right: dict[str, str],
    wrong: dict[str, str],
) -> None:
    key, codes = (DEDUCTING, *chain), with_ppi(tmp_path / "codes", "2")
    earlier = [
        report(form, period, key, deducted(values, ent_n="-100"))
        for period, values in (("2026-09", BEFORE), ("2026-08", BEFORE_THAT), ("2025-10", LAST_YEAR))
    ]
    rule = f"S20{form[4]}{letter}"
    for now, n in ((right, 0), (wrong, 1)):
        row = deducted(BIG, **({"ent_n": "-100"} | now))
        checked = judged(report(form, "2026-10", key, row), earlier, codes)
        assert len([f for f in found(checked, rule) if DEDUCTING in f.row_key]) == n


def test_without_an_earlier_report_the_outcome_is_missing() -> None:
    now, _ = series("GLT02", COUNTY, out_cur="1")
    checked = judged(now, [])
    assert checked.findings == ()
    for rule in ("S202A", "S202B", "S202D", "S202E", "S202G"):
        assert outcomes(checked, rule) == ({"na": 1} if rule == "S202D" else {"missing": 1}) or outcomes(
            checked, rule
        ) == {"missing": 1}


def test_a_corrected_cumulative_of_last_month_is_not_asked_about() -> None:
    now, earlier = series("GLT02", COUNTY, out_cur="20000")
    assert len(found(judged(now, earlier), "S202A")) == 1
    assert found(judged(now, earlier, revised="|out_cum|"), "S202A") == []


def test_small_bases_are_below_the_floor() -> None:
    small = {"ent_n": "4", "rev_cum": "90000", "rev_cum_ly": "20000"}
    now, earlier = series("GLT02", COUNTY, **small)
    assert outcomes(judged(now, earlier), "S202C") == {"na": 1}
    now, earlier = series("GLT02", COUNTY, rev_cum="9000", rev_cum_ly="2000")
    assert outcomes(judged(now, earlier), "S202C") == {"na": 1}


def test_february_is_compared_with_no_month_before() -> None:
    february = report("GLT02", "2026-02", COUNTY, BIG | {"out_cur": "1"})
    december = report("GLT02", "2025-12", COUNTY, BIG | {"rev_cum": "900000", "out_cum": "900000"})
    checked = judged(february, [december])
    assert checked.findings == ()
    assert outcomes(checked, "S202A") == outcomes(checked, "S202B") == outcomes(checked, "S202G") == {"na": 1}


def with_ppi(folder: Path, value: str) -> Codes:
    """The code lists with the provincial price index of one month."""
    folder.mkdir(parents=True)
    for path in CODES_DIR.glob("*.csv"):
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "parameters.csv").write_text(f"name,month,value,source\nppi,2026-10,{value},测试\n", "utf-8")
    return load_codes(folder)


@pytest.mark.parametrize(("form", "key", "rule"), [("GLT01", EI, "S201F"), ("GLT02", COUNTY, "S202F")])
def test_value_added_and_output_need_the_price_index(
    tmp_path: Path, form: str, key: tuple[str, ...], rule: str
) -> None:
    codes = with_ppi(tmp_path / "codes", "2")
    # 310,000 / 290,000 / 1.02 - 1 = 4.80 %
    now, earlier = series(form, key, va_growth="14.7")
    assert found(judged(now, earlier, codes), rule) == []
    now, earlier = series(form, key, va_growth="14.9")
    (finding,) = found(judged(now, earlier, codes), rule)
    assert "出厂价格指数 2 %" in finding.message and finding.field.startswith("out_cum,out_cum_ly,va_growth")
    now, earlier = series(form, key, va_growth="99")
    assert outcomes(judged(now, earlier), rule)["missing"] >= 1  # nobody filed the index


def test_an_annual_report_is_compared_with_last_years() -> None:
    year = report("GLT02", "2025", COUNTY, BIG | {"rev_cum_ly": "295051", "rev_cum": "442577"})
    checked = judged(year, [report("GLT02", "2024", COUNTY, LAST_YEAR)])
    assert {f.rule for f in checked.findings} >= {"S202C", "S202E"}
    assert outcomes(checked, "S202B") == {"na": 1}


CLUSTER = {"ent_n": "40", "rev_cum": "200000", "rev_cum_ly": "180000", "area_rev_cum": "900000"}


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ({"rev_cum": "179999"}, {"rev_cum": "180000"}),
        ({"rev_cum": "270001"}, {"rev_cum": "270000"}),
        ({"rev_cum_ly": "189001"}, {"rev_cum_ly": "189000"}),
    ],
)
def test_a_cluster_is_compared_with_last_month_and_last_year(
    wrong: dict[str, str], right: dict[str, str]
) -> None:
    earlier = [
        report("GLT03", "2026-09", KEI, CLUSTER | {"rev_cum": "180000"}),
        report("GLT03", "2025-10", KEI, CLUSTER | {"rev_cum": "180000"}),
    ]
    (finding,) = found(judged(report("GLT03", "2026-10", KEI, CLUSTER | wrong), earlier), "S331")
    assert "rev_cum" in finding.field and "对照" in finding.message
    assert found(judged(report("GLT03", "2026-10", KEI, CLUSTER | right), earlier), "S331") == []


def test_land_is_compared_with_last_years_annual_report() -> None:
    earlier = [report("GLT02", "2024", COUNTY, {"land_mu": "1000"})]
    for land, n in (("1200", 0), ("1200.1", 1), ("799.9", 1)):
        checked = judged(report("GLT02", "2025", COUNTY, {"land_mu": land}), earlier)
        assert len(found(checked, "S334")) == n
    taken_out = [report("GLT02", "2024", (DEDUCTING,), {"land_mu": "-1000"})]
    for land, n in (("-1200", 0), ("-1200.1", 1)):
        checked = judged(report("GLT02", "2025", (DEDUCTING,), {"land_mu": land}), taken_out)
        assert len(found(checked, "S334")) == n


@pytest.mark.parametrize("field", ["node_n", "gap_plan_n", "key_item_n", "backup_need_n", "proj_plan"])
def test_the_lists_of_a_chain_do_not_change_within_the_year(field: str) -> None:
    values = dict.fromkeys(("node_n", "gap_plan_n", "key_item_n", "backup_need_n", "proj_plan"), "9")
    earlier = [report("GLT07", period, ("EI",), values) for period in ("2026Q2", "2025Q4")]
    assert found(judged(report("GLT07", "2026Q3", ("EI",), values), earlier), "S326") == []
    (finding,) = found(judged(report("GLT07", "2026Q3", ("EI",), values | {field: "8"}), earlier), "S326")
    assert field in finding.field
    new_year = judged(report("GLT07", "2026Q1", ("EI",), values | {field: "8"}), earlier)
    assert found(new_year, "S326") == []


def test_what_is_not_due_now_is_not_missed_in_the_report_before() -> None:
    values = {"node_n": "9", "gap_plan_n": "9", "proj_plan": "9"}  # the other lists are annual
    quarter = report("GLT07", "2026Q3", ("EI",), values)
    assert "key_item_n" not in quarter.rows["EI",]
    assert outcomes(judged(quarter, [report("GLT07", "2026Q2", ("EI",), values)]), "S326") == {"pass": 1}
    assert outcomes(judged(quarter, []), "S326") == {"missing": 1}


@pytest.mark.parametrize(("revenue", "outcome"), [("279999", "na"), ("280000", "missing")])
def test_a_floor_is_asked_for_where_the_condition_is_not_known(revenue: str, outcome: str) -> None:
    now, (september, *_) = series(
        "GLT02", COUNTY, rev_cum=revenue
    )  # 270,000 in September; August is not there
    assert outcomes(judged(now, [september]), "S202D") == {outcome: 1}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("190000", "10 倍"),
        ("20500", ""),
        ("190", "1/100"),
        ("199", ""),
        ("19", "1/1000"),
        ("1950000", "100 倍"),
    ],
)
def test_a_figure_a_power_of_ten_away_is_a_unit_in_doubt(value: str, said: str) -> None:
    now, earlier = series("GLT02", COUNTY, exp_cum=value, sale_cum="2000000")
    hits = found(judged(now, earlier[:2]), "S009")
    told = "".join(f.message for f in hits)
    assert ("exp_cum" in "".join(f.field for f in hits)) == bool(said)
    if said:
        assert "计量单位疑误" in told and said in told
        assert (
            now.address(COUNTY, "exp_cum") in hits[0].cell
            and now.address(COUNTY, "exp_cum_ly") in hits[0].cell
        )


def test_a_unit_is_also_held_against_last_years_report() -> None:
    now, earlier = series("GLT02", COUNTY, ar_end="600000")
    (finding,) = found(judged(now, earlier), "S009")
    assert finding.field == "ar_end" and "上年同期报表 60000 的 10 倍" in finding.message
    assert "对照 2025-10" in finding.message


def test_a_copied_month_is_a_clue_and_blocks_nobody() -> None:
    now, earlier = series("GLT02", COUNTY)
    copied = report("GLT02", "2026-10", COUNTY, BEFORE)
    (finding,) = found(judged(copied, earlier), "S322")
    assert finding.severity is Severity.CLUE and "与 2026-09 完全相同" in finding.message
    assert found(judged(now, earlier), "S322") == []


def test_all_figures_scaled_by_one_factor_are_a_clue() -> None:
    flows = [c.code for c in clean("GLT01", "2026-10", DONGHU).form.columns if c.tense == "cum"]
    year = LAST_YEAR | {
        "top1_rev_cum": "90000",
        "top2_rev_cum": "80000",
        "profit_cum": "11100",
        "loss_amt_cum": "100",
    }
    tens = {code: str(int(value) // 100 * 100) for code, value in year.items() if code in flows}
    assert len(tens) >= 8
    last = report("GLT01", "2025-10", EI, year | tens)
    scaled = {code: str(int(value) * 11 // 10) for code, value in tens.items()}
    hits = found(judged(report("GLT01", "2026-10", EI, BIG | scaled), [last]), "S322")
    (finding,) = (f for f in hits if "chain_code=EI;" in f.row_key)
    assert "都是 2025-10 的 1.1 倍" in finding.message
    other = judged(report("GLT01", "2026-10", EI, BIG | scaled | {"rev_cum": "310001"}), [last])
    assert [f for f in found(other, "S322") if "chain_code=EI;" in f.row_key] == []


def peers(growth: dict[str, float]) -> list[Submission]:
    made = []
    for county, rate in growth.items():
        values = BIG | {"rev_cum": str(round(280000 * rate)), "out_cum": "310000"}
        made.append(clean("GLT02", "2026-10", county).put((county,), **values).build())
    return made


def test_growth_unlike_that_of_peers_is_a_clue() -> None:
    counties = CODES.counties(NANCHANG)[:7]
    rates = dict(zip(counties, (1.03, 1.04, 1.05, 1.06, 1.07, 1.055, 1.30), strict=True))
    submissions = peers(rates)
    checked = check_earlier(prepare(submissions, CODES), range(7), Filed([]))
    hits = found(checked, "S321")
    assert [(f.submitter, f.severity) for f in hits] == [(counties[6], Severity.CLUE)]
    assert "30 %" in hits[0].message and "同类 7 个单位" in hits[0].message
    # one that comes alone is held against those that are in force
    late = check_earlier(prepare(submissions[6:], CODES), [0], Filed(submissions[:6]))
    assert [f.message for f in found(late, "S321")] == [hits[0].message]
    few = check_earlier(prepare(submissions[3:], CODES), range(4), Filed([]))
    assert found(few, "S321") == []


def test_round_repeated_and_uneven_figures_are_a_clue() -> None:
    honest, rounded, repeated = (clean("GLT01", "2026-10", DONGHU) for _ in range(3))
    fields = [c.code for c in honest.form.columns if c.numeric and c.unit == "万元" and c.code != "va_cum"]
    number = 123457
    for sub in ("EI01", "EI02", "EI03", "EI04", "Z"):
        figures = {}
        for field in fields:
            number = (number * 69069 + 1) % 1_000_003
            figures[field] = str(number + 1000)
        key = (DONGHU, "EI", sub)
        honest.rows[key] = dict(figures)
        rounded.rows[key] = {f: v[:-2] + "00" if int(v) % 3 else v for f, v in figures.items()}
        repeated.rows[key] = dict(honest.rows[DONGHU, "EI", "EI01"])
    told = {}
    for name, draft in (("honest", honest), ("rounded", rounded), ("repeated", repeated)):
        checked = check_earlier(prepare([draft.build()], CODES), [0], Filed([]))
        told[name] = "".join(f.message for f in found(checked, "S321"))
    assert told["honest"] == ""
    assert "整百数" in told["rounded"] and "末位是 0" in told["rounded"]
    assert "重复出现的数" in told["repeated"]


def test_every_rule_of_level_2_has_a_case() -> None:
    declared = {rule.id for form in load_forms() for rule in form.rules if rule.level == 2}
    by_name = {"S201F", "S202F", "S331", "S334", "S326"}
    assert declared == {case[0] for case in EARLIER} | by_name


def test_soft_rules_leave_the_bureaus_records_alone_and_count_them() -> None:
    record = {"rev_cum": "1", "out_cum": "1000"}  # far below the report before
    said = history("GLT02", "2026-10", {COUNTY: record})
    _, earlier = series("GLT02", COUNTY)
    filed = [replace(one.build(), digest=f"{n:064d}", version=2) for n, one in enumerate(earlier)]
    checked = check_earlier(prepare([said], CODES), [0], Filed(filed))
    rules = {r.id for f in load_forms() if f.code == "GLT02" for r in f.rules if r.level == 2}
    assert rules and checked.findings == ()
    assert set(checked.outcomes.select("rule", "outcome", "n").rows()) == {(rule, "na", 1) for rule in rules}
