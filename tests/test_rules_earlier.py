"""The rules against earlier reports (level 2), wrong units and the clues: what is compared, and what is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TypeVar

import polars as pl
import pytest
from in_force import Filed
from records import CODES, Draft, clean, history, outcomes_of_each

from schemas.checks import Checked, check_earlier, prepare
from schemas.codes import CODES_DIR, Codes, load_codes
from schemas.database import scratch
from schemas.finding import Finding, Severity
from schemas.form import Rule, load_forms
from schemas.frames import AMOUNT
from schemas.peers import unlike_peers
from schemas.reading.record import Submission
from schemas.touch import RuleError

Case = TypeVar("Case")

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
    return judged_together([draft.build()], earlier, codes, revised)


def judged_together(
    submissions: Sequence[Submission], earlier: Sequence[Draft], codes: Codes = CODES, revised: str = ""
) -> Checked:
    """What is said of reports that have the same ones before them."""
    filed = [replace(one.build(), digest=f"{n:064d}", version=2) for n, one in enumerate(earlier)]
    prepared = prepare(submissions, codes)
    return check_earlier(prepared, range(len(submissions)), Filed(filed, revised=revised))


def asked(rule: str, drafts: Mapping[Case, Draft], earlier: Sequence[Draft]) -> dict[Case, list[Finding]]:
    """What a rule finds in each of these, which have the same reports before them and are judged in one batch."""
    checked = judged_together([draft.build() for draft in drafts.values()], earlier)
    found = [[f for f in findings if f.rule == rule] for findings in checked.per_submission]
    return dict(zip(drafts, found, strict=True))


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


@pytest.fixture(scope="module")
def october() -> list[tuple[Draft, tuple[Finding, ...], tuple[Finding, ...]]]:
    """Each of EARLIER with what is found where it is broken and where it just is not: all stand in one batch."""
    wrong, right = (
        [report(form, "2026-10", key, BIG | values[side]) for _, form, key, *values, _ in EARLIER]
        for side in (0, 1)
    )
    before = [draft for form, key in (("GLT01", EI), ("GLT02", COUNTY)) for draft in series(form, key)[1]]
    found = judged_together([draft.build() for draft in (*wrong, *right)], before).per_submission
    return list(zip(wrong, found[: len(wrong)], found[len(wrong) :], strict=True))


@pytest.mark.parametrize("case", range(len(EARLIER)), ids=lambda case: "-".join(EARLIER[case][:2]))
def test_a_rule_against_earlier_reports_asks_and_says_what_it_compared(
    case: int, october: list[tuple[Draft, tuple[Finding, ...], tuple[Finding, ...]]]
) -> None:
    rule, _, key, _, _, fields = EARLIER[case]
    now, broken, kept = october[case]
    (finding,) = (f for f in broken if f.rule == rule)
    assert finding.severity is Severity.SOFT and finding.level == 2
    assert set(finding.field.split(",")) >= set(fields.split())
    assert finding.cell == ",".join(now.address(key, code) for code in finding.field.split(","))
    assert "{" not in finding.message
    if rule[4] not in "C":
        assert "（对照 " in finding.message and "第2版" in finding.message
    assert ".xlsx" not in finding.message  # names of files have no part in the journal
    assert [f for f in kept if f.rule == rule] == []


def test_a_clean_series_raises_nothing_and_passes() -> None:
    both = [series(form, key, out_cur="30000") for form, key in (("GLT01", EI), ("GLT02", COUNTY))]
    before = [draft for _, earlier in both for draft in earlier]
    checked = judged_together([now.build() for now, _ in both], before)
    for form, key in (("GLT01", EI), ("GLT02", COUNTY)):
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


DEDUCTED = [
    ("A", {"out_cur": "-30310"}, {"out_cur": "-30310.01"}),
    ("E", {"rev_cum_ly": "-295050"}, {"rev_cum_ly": "-295050.01"}),
    ("E", {"rev_cum_ly": "-266950"}, {"rev_cum_ly": "-266949.99"}),
    ("F", {"va_growth": "14.7"}, {"va_growth": "14.9"}),
    ("G", {"ent_n": "-105"}, {"ent_n": "-106"}),
]


@pytest.fixture(scope="module", params=[("GLT01", ("EI", "T")), ("GLT02", ())], ids=lambda of: of[0])
def deducting(request: pytest.FixtureRequest, with_index: Codes) -> tuple[str, list[tuple[Finding, ...]]]:
    """A form, and what is found in each of DEDUCTED, first as it is right and then as it is wrong."""
    form, chain = request.param
    key = (DEDUCTING, *chain)
    now, *earlier = (
        [report(form, period, key, deducted(values, **({"ent_n": "-100"} | change))) for change in changes]
        for period, values, changes in (
            ("2026-10", BIG, [change for _, *both in DEDUCTED for change in both]),
            ("2026-09", BEFORE, [{}]), ("2026-08", BEFORE_THAT, [{}]), ("2025-10", LAST_YEAR, [{}]),
        )
    )  # fmt: skip
    checked = judged_together([one.build() for one in now], [one for (one,) in earlier], with_index)
    return form, list(checked.per_submission)


@pytest.mark.parametrize("case", range(len(DEDUCTED)), ids=lambda case: DEDUCTED[case][0])
def test_a_negative_base_has_the_same_bounds(
    case: int, deducting: tuple[str, list[tuple[Finding, ...]]]
) -> None:
    form, findings = deducting
    rule = f"S20{form[4]}{DEDUCTED[case][0]}"
    right, wrong = (
        [f for f in found if f.rule == rule and DEDUCTING in f.row_key]
        for found in findings[2 * case : 2 * case + 2]
    )
    assert (len(right), len(wrong)) == (0, 1)


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
    few, earlier = series("GLT02", COUNTY, ent_n="4", rev_cum="90000", rev_cum_ly="20000")
    little, _ = series("GLT02", COUNTY, rev_cum="9000", rev_cum_ly="2000")
    told = outcomes_of_each([few.build(), little.build()], partial(judged_together, earlier=earlier))
    assert [one["S202C"] for one in told] == [{"na": 1}, {"na": 1}]


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


@pytest.fixture(scope="module")
def with_index(tmp_path_factory: pytest.TempPathFactory) -> Codes:
    return with_ppi(tmp_path_factory.mktemp("index") / "codes", "2")


@pytest.mark.parametrize(("form", "key", "rule"), [("GLT01", EI, "S201F"), ("GLT02", COUNTY, "S202F")])
def test_value_added_and_output_need_the_price_index(
    with_index: Codes, form: str, key: tuple[str, ...], rule: str
) -> None:
    # 310,000 / 290,000 / 1.02 - 1 = 4.80 %
    (within, earlier), (beyond, _) = (series(form, key, va_growth=growth) for growth in ("14.7", "14.9"))
    kept, broken = judged_together([within.build(), beyond.build()], earlier, with_index).per_submission
    assert [f for f in kept if f.rule == rule] == []
    (finding,) = (f for f in broken if f.rule == rule)
    assert "出厂价格指数 2 %" in finding.message and finding.field.startswith("out_cum,out_cum_ly,va_growth")
    now, earlier = series(form, key, va_growth="99")
    assert outcomes(judged(now, earlier), rule)["missing"] >= 1  # nobody filed the index


def test_an_annual_report_is_compared_with_last_years() -> None:
    year = report("GLT02", "2025", COUNTY, BIG | {"rev_cum_ly": "295051", "rev_cum": "442577"})
    checked = judged(year, [report("GLT02", "2024", COUNTY, LAST_YEAR)])
    assert {f.rule for f in checked.findings} >= {"S202C", "S202E"}
    assert outcomes(checked, "S202B") == {"na": 1}


CLUSTER = {"ent_n": "40", "rev_cum": "200000", "rev_cum_ly": "180000", "area_rev_cum": "900000"}


CLUSTER_BOUNDS = [
    ("rev_cum", "179999", "180000"),
    ("rev_cum", "270001", "270000"),
    ("rev_cum_ly", "189001", "189000"),
]


@pytest.fixture(scope="module")
def clusters() -> dict[tuple[str, str], list[Finding]]:
    """What S331 asks about each figure of CLUSTER_BOUNDS."""
    figures = [(field, value) for field, *both in CLUSTER_BOUNDS for value in both]
    return asked(
        "S331",
        {one: report("GLT03", "2026-10", KEI, CLUSTER | dict([one])) for one in figures},
        [report("GLT03", period, KEI, CLUSTER | {"rev_cum": "180000"}) for period in ("2026-09", "2025-10")],
    )


@pytest.mark.parametrize(("field", "wrong", "right"), CLUSTER_BOUNDS)
def test_a_cluster_is_compared_with_last_month_and_last_year(
    field: str, wrong: str, right: str, clusters: dict[tuple[str, str], list[Finding]]
) -> None:
    (finding,) = clusters[field, wrong]
    assert "rev_cum" in finding.field and "对照" in finding.message
    assert clusters[field, right] == []


def test_land_is_compared_with_last_years_annual_report() -> None:
    bounds = [(COUNTY, "1200", 0), (COUNTY, "1200.1", 1), (COUNTY, "799.9", 1)]
    bounds += [((DEDUCTING,), "-1200", 0), ((DEDUCTING,), "-1200.1", 1)]
    told = asked(
        "S334",
        {land: report("GLT02", "2025", key, {"land_mu": land}) for key, land, _ in bounds},
        [
            report("GLT02", "2024", COUNTY, {"land_mu": "1000"}),
            report("GLT02", "2024", (DEDUCTING,), {"land_mu": "-1000"}),
        ],
    )
    assert {land: len(findings) for land, findings in told.items()} == {land: n for _, land, n in bounds}


LISTS = ("node_n", "gap_plan_n", "key_item_n", "backup_need_n", "proj_plan")


@pytest.fixture(scope="module")
def lists() -> dict[tuple[str, str], list[Finding]]:
    """What S326 asks about a quarter whose lists are those of the year, or where one of them is shorter."""
    values = dict.fromkeys(LISTS, "9")
    changed = {
        (period, field): report("GLT07", period, ("EI",), values | {field: "8"})
        for period in ("2026Q3", "2026Q1")
        for field in LISTS
    }
    return asked(
        "S326",
        {("2026Q3", ""): report("GLT07", "2026Q3", ("EI",), values)} | changed,
        [report("GLT07", period, ("EI",), values) for period in ("2026Q2", "2025Q4")],
    )


@pytest.mark.parametrize("field", LISTS)
def test_the_lists_of_a_chain_do_not_change_within_the_year(
    field: str, lists: dict[tuple[str, str], list[Finding]]
) -> None:
    assert lists["2026Q3", ""] == []
    (finding,) = lists["2026Q3", field]
    assert field in finding.field
    assert lists["2026Q1", field] == []  # a new year


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


UNITS = {
    "190000": "10 倍", "20500": "", "190": "1/100", "199": "", "19": "1/1000", "1950000": "100 倍",
}  # fmt: skip


@pytest.fixture(scope="module")
def units() -> dict[str, tuple[Draft, list[Finding]]]:
    """Each of UNITS with what S009 asks about it."""
    drafts = {value: series("GLT02", COUNTY, exp_cum=value, sale_cum="2000000")[0] for value in UNITS}
    told = asked("S009", drafts, series("GLT02", COUNTY)[1][:2])
    return {value: (drafts[value], hits) for value, hits in told.items()}


@pytest.mark.parametrize(("value", "said"), UNITS.items())
def test_a_figure_a_power_of_ten_away_is_a_unit_in_doubt(
    value: str, said: str, units: dict[str, tuple[Draft, list[Finding]]]
) -> None:
    now, hits = units[value]
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
    told = asked("S322", {"copied": copied, "now": now}, earlier)
    (finding,) = told["copied"]
    assert finding.severity is Severity.CLUE and "与 2026-09 完全相同" in finding.message
    assert told["now"] == []


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
    changes: dict[str, dict[str, str]] = {"scaled": {}, "other": {"rev_cum": "310001"}}
    now = {name: report("GLT01", "2026-10", EI, BIG | scaled | change) for name, change in changes.items()}
    told = asked("S322", now, [last])
    (finding,) = (f for f in told["scaled"] if "chain_code=EI;" in f.row_key)
    assert "都是 2025-10 的 1.1 倍" in finding.message
    assert [f for f in told["other"] if "chain_code=EI;" in f.row_key] == []


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


def test_peers_are_alike_in_keys_of_any_name() -> None:
    counties = CODES.counties(NANCHANG)[:6]
    form = clean("GLT01", "2026-10", DONGHU).form
    columns = tuple(replace(c, code="order") if c.code == "chain_code" else c for c in form.columns)
    named = replace(form, columns=columns)
    lines = pl.DataFrame(
        {
            "line": range(6), "period": "2026-10", "submitter": counties, "region_code": counties,
            "order": "EI", "subchain_code": "T",
            "rev_cum": ["103", "104", "105", "106", "107", "200"], "rev_cum_ly": "100",
            "out_cum": None, "out_cum_ly": None,
        }
    ).cast({"line": pl.UInt32} | dict.fromkeys(("rev_cum", "rev_cum_ly", "out_cum", "out_cum_ly"), AMOUNT))  # fmt: skip

    class Nothing(Filed):
        def lines(self, *_: object) -> pl.DataFrame:
            return lines.clear().drop("line").with_columns(source=pl.lit("submission"))

    numbers = {"floor": Decimal(100), "peers": Decimal(6)}
    with scratch() as con:
        compared = unlike_peers(named, lines, con, Nothing([]), CODES, numbers)
        assert compared is not None and compared["line"].to_list() == [0, 1, 2, 3, 4, 5]
        # growth 2 is 0.945 above the median 1.055, and the others are 0.015 from it at the median
        assert compared["z"].to_list()[5] == Decimal("42.4935")
        few = unlike_peers(named, lines[:5], con, Nothing([]), CODES, numbers)
        assert few is not None and few.is_empty()
        regionless = replace(named, columns=tuple(c for c in columns if c.code != "region_code"))
        assert unlike_peers(regionless, lines, con, Nothing([]), CODES, numbers) is None


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
    found = asked("S321", {"honest": honest, "rounded": rounded, "repeated": repeated}, [])
    told = {name: "".join(f.message for f in findings) for name, findings in found.items()}
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
