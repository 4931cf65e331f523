"""The rules between forms and submitters: each just beyond and just within its bound, and absent sides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from between_cases import CHAINS, CITY, COUNTY, FIRM, OTHER, REGION, SPOILT, TWIN, Spoilt
from in_force import Filed
from records import Draft
from small_filings import Name, built, filings, small

from schemas.between import BetweenChecked, check_between
from schemas.between_rule import BETWEEN_DIR, BetweenError, BetweenRule, Side, load_between, read_rules
from schemas.decide import decision
from schemas.finding import Finding, Severity, State
from schemas.period import Period
from schemas.rules import RuleError

SEPTEMBER, OCTOBER = Period.parse("2026-09"), Period.parse("2026-10")
Drafts = dict[Name, Draft]


def judged(drafts: Drafts, *rules: str, period: str = "2026-10", case: str = "") -> BetweenChecked:
    """What these rules (of several alike, this case) say of a reference month."""
    chosen = [rule for rule in load_between() if rule.id in rules and (not case or rule.case == case)]
    assert chosen
    return check_between(Filed(built(drafts)), [Period.parse(period)], small(), chosen)


def outcomes(checked: BetweenChecked, rule: str, period: str = "2026-10") -> dict[str, int]:
    mine = checked.outcomes.filter((pl.col("rule") == rule) & (pl.col("period") == period))
    return dict(mine.select("outcome", "n").iter_rows())


def address(drafts: Drafts, name: Name, key: tuple[str, ...], field: str) -> str:
    return drafts[name].address(key, field)


@pytest.mark.parametrize("spoilt", SPOILT, ids=lambda s: f"{s.rule} {s.case}".strip())
def test_a_figure_beyond_its_bound_is_found_with_all_its_cells(spoilt: Spoilt) -> None:
    drafts = filings()
    drafts[spoilt.name].put(spoilt.key, **spoilt.wrong)
    checked = judged(drafts, spoilt.rule, period=spoilt.judged, case=spoilt.case)
    (finding,) = (f for f in checked.findings if f.period == spoilt.judged)
    form, _, submitter, subject = spoilt.about
    assert (finding.form, finding.period, finding.submitter, finding.subject) == (
        form, spoilt.judged, submitter, subject,
    )  # fmt: skip
    assert (finding.level, finding.file_name) == (3, f"{submitter}.xlsx")
    assert finding.severity is (Severity.HARD if spoilt.rule.startswith("H") else Severity.SOFT)
    own = [address(drafts, spoilt.about, key, field) for key, field in spoilt.cells]
    assert finding.cell == ",".join(own)
    assert finding.field == ",".join(dict.fromkeys(field for _, field in spoilt.cells))
    said, _, compared = finding.message.partition("；对照 ")
    assert "{" not in said and "None" not in said and finding.advice
    for name, key, field in spoilt.compared:
        assert f"{name[2]} {name[0]}" in compared and address(drafts, name, key, field) in compared
    assert ".xlsx" not in finding.message  # names of files have no part in the journal
    if spoilt.places > 5:
        assert compared.endswith(f" 等 {spoilt.places} 处")
    else:
        assert len(spoilt.compared) == spoilt.places and "等" not in compared


@pytest.mark.parametrize("spoilt", SPOILT, ids=lambda s: f"{s.rule} {s.case}".strip())
def test_a_figure_at_its_bound_passes(spoilt: Spoilt) -> None:
    drafts = filings()
    drafts[spoilt.name].put(spoilt.key, **spoilt.right)
    checked = judged(drafts, spoilt.rule, period=spoilt.judged, case=spoilt.case)
    assert checked.findings == ()
    assert outcomes(checked, spoilt.rule, spoilt.judged)["pass"] > 0


def test_every_rule_and_case_is_spoilt_once() -> None:
    assert {(rule.id, rule.case) for rule in load_between()} == {(s.rule, s.case) for s in SPOILT}


def test_what_the_province_files_passes_every_rule() -> None:
    checked = check_between(Filed(built(filings())), [OCTOBER, Period.parse("2025")], small())
    assert checked.findings == ()
    assert set(checked.outcomes["outcome"]) == {"pass", "na"}
    assert outcomes(checked, "H303") == {"pass": 5, "na": 1}  # na: what is deducted twice
    assert outcomes(checked, "H304", "2025") == {"pass": 10}
    assert outcomes(checked, "S316", "2025") == {"pass": 5}


def test_an_absent_county_leaves_its_wholes_missing_and_nobody_is_blamed() -> None:
    drafts = {name: draft for name, draft in filings().items() if name[2] != OTHER}
    september, october = (check_between(Filed(built(drafts)), [p], small()) for p in (SEPTEMBER, OCTOBER))
    assert september.findings == october.findings == ()
    assert outcomes(october, "H304") == {"missing": 5, "pass": 5}  # the province is the sum of its cities
    assert outcomes(october, "H303") == {"missing": 1, "pass": 4, "na": 1}
    assert outcomes(october, "S307") == {"missing": 1}
    assert outcomes(october, "S305") == {"missing": 2, "pass": 4}
    assert outcomes(september, "S306", "2026Q3") == {"missing": 2}
    # the county's own row in GLT05 (revenue, growth) and GLT06, each chain in GLT06, in GLT05 in city and province
    assert outcomes(september, "S325", "2026Q3") == {"missing": 9, "pass": 11}


@pytest.mark.parametrize(
    ("spoil", "rule", "expected"),
    [
        (lambda d: d[REGION].put((COUNTY,), rev_cum=""), "H303", {"missing": 1, "pass": 4, "na": 1}),
        (lambda d: d[REGION].put((COUNTY,), emp_avg=""), "H304", {"missing": 1, "pass": 9}),
        (lambda d: d[CHAINS].rows.pop((COUNTY, "NF", "T")), "H303", {"missing": 1, "pass": 4, "na": 1}),
        (lambda d: d.pop(("GLT02", "2026-10", CITY, "")), "H304", {"missing": 10}),
        (lambda d: d[CHAINS].put((COUNTY, "EI", "T"), ent_n=""), "S305", {"missing": 1, "pass": 5}),
    ],
)
def test_a_blank_figure_or_row_is_missing(
    spoil: Callable[[Drafts], object], rule: str, expected: dict[str, int]
) -> None:
    drafts = filings()
    spoil(drafts)
    checked = judged(drafts, rule)
    assert checked.findings == ()
    assert outcomes(checked, rule) == expected


def test_a_figure_that_is_known_to_be_wrong_is_wrong_though_another_is_blank() -> None:
    drafts = filings()
    drafts["GLT06", "2026Q3", CITY, ""].put((COUNTY, "T"), rev_cum="", ent_n="34")
    (finding,) = judged(drafts, "S325", period="2026Q3").findings
    assert (finding.form, finding.field, finding.value) == ("GLT06", "rev_cum,ent_n", "34|759942|33")


@pytest.mark.parametrize(("form", "case"), [("GLT05", "GLT05 产业链营业收入"), ("GLT06", "GLT06 产业链")])
def test_a_sum_below_zero_is_compared_as_one_above(form: str, case: str) -> None:
    drafts = filings()  # what the city takes out is more than its counties have
    adjusting = (f"{CITY[:4]}99", "EI", "T")
    rows = [
        (key, row) for name, draft in drafts.items() if name[:2] == ("GLT01", "2026-09")
        for key, row in draft.rows.items() if key[1:] == ("EI", "T")
    ]  # fmt: skip
    counties = sum(Decimal(row["rev_cum"]) for key, row in rows if key != adjusting)
    drafts["GLT01", "2026-09", CITY, ""].put(adjusting, rev_cum=str(-counties - 1_000_000))
    for revenue, n in (("-1001000", 0), ("-1001000.01", 1)):
        drafts[form, "2026Q3", CITY, ""].put((CITY, "EI"), rev_cum=revenue)
        found = judged(drafts, "S325", period="2026Q3", case=case).findings
        assert len([f for f in found if f.row_key.startswith(f"region_code={CITY}")]) == n


def test_only_accepted_lines_speak_unless_the_rule_admits_pending_ones() -> None:
    drafts = filings()
    drafts[REGION].put((COUNTY,), rev_cum="1")
    pending = Filed(built(drafts), {("GLT02", COUNTY): "pending"})
    (rule,) = (r for r in load_between() if r.id == "H303")
    checked = check_between(pending, [OCTOBER], small(), [rule])
    assert checked.findings == () and outcomes(checked, "H303")["missing"] == 1
    checked = check_between(pending, [OCTOBER], small(), [replace(rule, accepted=False)])
    assert [finding.submitter for finding in checked.findings] == [COUNTY]


def test_a_register_that_is_still_pending_counts_nothing() -> None:
    drafts = filings()
    drafts[CHAINS].put((COUNTY, "EI", "T"), ent_n="99")
    (rule,) = (r for r in load_between() if r.id == "S305")
    checked = check_between(Filed(built(drafts), {("GLT08", COUNTY): "pending"}), [OCTOBER], small(), [rule])
    assert checked.findings == () and outcomes(checked, "S305") == {"missing": 2, "pass": 4}


def test_what_the_bureau_filed_is_not_compared() -> None:
    drafts = filings()
    drafts[REGION].put((COUNTY,), rev_cum="1")
    checked = check_between(Filed(built(drafts), source="bureau"), [OCTOBER], small())
    assert checked.findings == () and set(checked.outcomes["outcome"]) == {"missing", "na"}


def test_it_rejects_nobody() -> None:
    drafts = filings()
    drafts[REGION].put((COUNTY,), rev_cum="1")
    (finding,) = judged(drafts, "H303").findings
    assert finding.severity is Severity.HARD
    assert decision([finding]) is State.ACCEPTED


def test_a_firm_that_moved_is_listed_once_and_counted_where_it_is() -> None:
    drafts = filings()
    old, new = drafts["GLT08", "2025-12", OTHER, ""], drafts["GLT08", "2026-10", OTHER, ""]
    new.put(FIRM, **(old.rows[FIRM] | {"date_out": "2026-10"}))
    drafts["GLT08", "2026-10", "360681", ""].put(FIRM, **TWIN)
    checked = judged(drafts, "H332", "S305")
    assert checked.findings == ()
    assert outcomes(checked, "H332") == {"pass": 665}


def test_the_newest_line_of_a_firm_counts() -> None:
    """Two of sixteen leave in October: a third of the difference would still be within the bound."""
    drafts = filings()
    full, changes = drafts["GLT08", "2025-12", COUNTY, ""], drafts["GLT08", "2026-10", COUNTY, ""]
    leaving = [key for key, row in full.rows.items() if row["chain_main"] == "EI"][:2]
    for key in leaving:
        changes.put(key, **(full.rows[key] | {"date_out": "2026-10"}))
    (finding,) = judged(drafts, "S305").findings
    assert finding.value == "16|14"
    assert judged(drafts, "S305", period="2026-09").findings == ()


def test_in_january_only_the_register_speaks() -> None:
    checked = check_between(Filed(built(filings())), [Period.parse("2026-01")], small())
    assert set(checked.outcomes["rule"]) == {"H332"}


def test_the_identity_changes_with_the_figures_of_every_side_and_with_nothing_else() -> None:
    def finding(city: str, county: str, name: str = "360602.xlsx") -> Finding:
        drafts = filings()
        drafts["GLT02", "2026-10", CITY, ""].put((CITY,), emp_avg=city)
        drafts[REGION].put((COUNTY,), emp_avg=county)
        submissions = [replace(s, file_name=name) for s in reversed(list(built(drafts)))]
        rules = [r for r in load_between() if r.case == "市与县"]
        (found,) = check_between(Filed(submissions), [OCTOBER], small(), rules).findings
        return found

    first = finding("999999", "100")
    assert finding("999999", "100", "另一份.xlsx").id == first.id
    assert finding("999999", "101").id != first.id
    assert finding("999998", "100").id != first.id


def test_the_order_of_what_is_in_force_changes_nothing() -> None:
    drafts = filings()
    for key in list(drafts[REGION].rows):
        drafts[REGION].put(key, rev_cum="1", ent_n="1")
    forth = list(built(drafts))
    one, two = (check_between(Filed(s), [OCTOBER], small()) for s in (forth, forth[::-1]))
    assert len(one.findings) > 2
    assert one.findings == two.findings and one.outcomes.equals(two.outcomes)


def test_a_large_sum_is_exact() -> None:
    """1e11 in each of three counties: the city is judged to the last digit of 0.1 %."""
    drafts = filings()
    for region in (COUNTY, OTHER, "360681"):
        drafts["GLT02", "2026-10", region, ""].put((region,), out_cum="100000000000")
    for region in ("360697", "360698", "360699"):
        drafts["GLT02", "2026-10", CITY, ""].put((region,), out_cum="0")
    for figure, found in (("300300000000", 0), ("300300000000.0001", 1)):
        drafts["GLT02", "2026-10", CITY, ""].put((CITY,), out_cum=figure)
        drafts["GLT02", "2026-10", "360000", ""].put(("360000",), out_cum=figure)
        assert len(judged(drafts, "H304").findings) == found


# The files of rules


def rule(**changes: object) -> BetweenRule:
    side = Side("GLT02", {"region_code": "region_code"}, {"rev": "sum(rev_cum)"})
    plain = BetweenRule("X1", Severity.SOFT, ("M",), {"a": side}, "a.rev >= 0", "收入 {a.rev}", "请核对。")
    return replace(plain, **changes)


def test_a_rule_of_ones_own_speaks() -> None:
    checked = check_between(Filed(built(filings())), [OCTOBER], small(), [rule()])
    (finding,) = checked.findings  # what is deducted twice
    assert (finding.rule, finding.message, finding.row_key) == ("X1", "收入 -8372", "region_code=360699")
    assert outcomes(checked, "X1") == {"pass": 7, "fail": 1}


@pytest.mark.parametrize(
    "changes",
    [
        {"expr": "a.rev >"},
        {"expr": "a.revv > 0"},
        {"when": "no_such_function(a.rev)"},
        {"let": {"x": "CAST(region_code AS DATE) > DATE '2026-01-01'"}},
        {"sides": {"a": Side("GLT02", {"region_code": "region_code"}, {"rev": "sum(no_such)"})}},
        {"sides": {"a": Side("GLT02", {"region_code": "region_code"}, {"rev": "sum(rev_cum"})}},
    ],
)
def test_a_rule_that_cannot_be_evaluated_stops_the_run(changes: dict[str, object]) -> None:
    with pytest.raises(RuleError, match=r"X1.*2026-10"):
        check_between(Filed(built(filings())), [OCTOBER], small(), [rule(**changes)])


def test_a_rule_holds_only_in_its_time() -> None:
    for times, n in (
        ({"valid_from": "2026-11"}, 0),
        ({"valid_to": "2026-09"}, 0),
        ({"valid_to": "2026-10"}, 1),
    ):
        assert len(check_between(Filed(built(filings())), [OCTOBER], small(), [rule(**times)]).findings) == n


def written(folder: Path, old: str, new: str) -> Path:
    text = (BETWEEN_DIR / "totals.toml").read_text("utf-8")
    assert old in text
    path = folder / "totals.toml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("tolerance = 0.001", "tolerence = 0.001", "tolerence"),
        ('severity = "hard"', 'severity = "harsh"', "severity"),
        ("{chains.rev}", "{chains.revenue}", "H303.*chains.revenue"),
        ('by.region_code = "region_code"', 'by.region = "region_code"', "H303.*by"),
        ("let.place", "let.whole", "H303.*whole"),
        ('member = "CASE', 'cells = ["rev_cum"] # "CASE', "H303.*member"),
        ("format = 1", "format = 2", "format"),
    ],
)
def test_a_file_that_cannot_be_right_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(BetweenError, match=f"(?s)totals.toml.*{said}"):
        read_rules(written(tmp_path, old, new))


def test_two_rules_may_not_bear_one_name(tmp_path: Path) -> None:
    written(tmp_path, 'case = "省与市"', 'case = "市与县"')
    with pytest.raises(BetweenError, match="H304（市与县）"):
        load_between(tmp_path)
