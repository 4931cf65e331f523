"""The definitions that everything stands on, one small example for each, through the real engine."""

from decimal import Decimal

import duckdb
import pytest
from facts import Fact, computed, connection, indicator
from small import small_codes

from indices.engine import compute
from indices.method import methods_for
from schemas.codes import Codes
from schemas.period import Period

CITY, COUNTIES = "360600", ("360602", "360603", "360681")
LEAVES = ("360698", *COUNTIES)  # 功能区 of the city, and its counties


@pytest.fixture(scope="module")
def codes(tmp_path_factory: pytest.TempPathFactory) -> Codes:
    return small_codes(tmp_path_factory.mktemp("codes"))


def chain(period: str, leaf: str, now: str, ly: str, source: str = "submission") -> Fact:
    key = f"region_code={leaf};chain_code=NF;subchain_code=T"
    return Fact("GLT01", period, key, {"rev_cum": now, "rev_cum_ly": ly}, source)


def months(leaves: tuple[str, ...] = LEAVES) -> list[Fact]:
    """Each leaf with the README's example: 100 now, 95 last year as reported now, 120 last year, 98 then."""
    return [
        fact
        for leaf in leaves
        for fact in (
            chain("2026-10", leaf, "100", "95"), chain("2025-12", leaf, "120", "110"), chain("2025-10", leaf, "98", "90"),
        )
    ]  # fmt: skip


def read(
    facts: list[Fact], codes: Codes, name: str, subject: str, period: str = "2026-10"
) -> dict[str, object]:
    """One indicator of a subject, over these facts alone."""
    return indicator(computed(facts, codes, period, name[:2]), name, subject, period)


def ttm(facts: list[Fact], codes: Codes) -> tuple[Decimal | None, str, str]:
    return ttm_in(computed(facts, codes, "2026-10", "CM"))


def ttm_in(con: duckdb.DuckDBPyConnection) -> tuple[Decimal | None, str, str]:
    (row,) = con.execute(
        "SELECT value, break, reason FROM ttm WHERE form = 'GLT01' AND item = 'NF' AND t0 = 202610"
    ).fetchall()
    return row


def test_ttm_carries_last_years_rest_to_this_years_scope(codes: Codes) -> None:
    value, broken, _ = ttm(months(), codes)
    # per leaf 100 + 95 / 98 * (120 - 98) = 121.326530...
    assert value is not None and round(value / 4, 6) == Decimal("121.326531") and broken == ""


def test_ttm_without_last_years_report_is_a_break(codes: Codes) -> None:
    value, broken, _ = ttm([f for f in months() if f.period != "2025-10"], codes)
    assert value == 4 * (100 + 120 - 95) and broken == "B"


def test_ttm_in_december_is_the_year(codes: Codes) -> None:
    con = computed([chain("2025-12", leaf, "120", "110") for leaf in LEAVES], codes, "2025-12", "CM")
    assert con.execute("SELECT value FROM ttm WHERE item = 'NF' AND form = 'GLT01'").fetchall() == [(480,)]


def test_ttm_with_a_negative_rest_is_missing_and_says_so(codes: Codes) -> None:
    bad = [f if f.period != "2025-12" else chain("2025-12", f.key[12:18], "90", "80") for f in months()]
    con = computed(bad, codes, "2026-10", "CM")
    value, _, reason = ttm_in(con)
    assert value is None and "余量为负" in reason
    found = indicator(con, "CM101", "NF", "2026-10")
    assert found["missing"] == "late" and "余量为负" in str(found["reason"])


def test_a_sum_from_95_percent_on_counts_and_is_partial(codes: Codes) -> None:
    """The absent county has 3 % of the revenue of the report before."""
    shares = dict(zip(LEAVES, ("40", "37", "20", "3"), strict=True))
    before = [chain("2026-09", leaf, share, "1") for leaf, share in shares.items()]
    now = [chain("2026-10", leaf, f"{share}0", f"{share}") for leaf, share in list(shares.items())[:3]]
    found = read(before + now, codes, "CM102", "NF")
    assert found["status"] == "P" and found["revenue_coverage"] == Decimal("0.97")
    assert found["value_published"] == Decimal(900)


def test_a_sum_below_95_percent_is_missing(codes: Codes) -> None:
    shares = dict(zip(LEAVES, ("40", "37", "17", "6"), strict=True))
    before = [chain("2026-09", leaf, share, "1") for leaf, share in shares.items()]
    now = [chain("2026-10", leaf, f"{share}0", f"{share}") for leaf, share in list(shares.items())[:3]]
    found = read(before + now, codes, "CM102", "NF")
    assert found["value"] is None and found["status"] == "M" and found["reason"] == "营收覆盖率不足"


def test_an_incomplete_sum_with_unknown_weights_is_missing(codes: Codes) -> None:
    found = read([chain("2026-10", LEAVES[0], "10", "9")], codes, "CM102", "NF")
    assert found["value"] is None and "无从计算" in str(found["reason"])


def test_the_bureaus_row_of_a_city_stands_and_is_not_added(codes: Codes) -> None:
    city = chain("2025-10", CITY, "392", "360", "bureau")
    assert read([city], codes, "CM102", "NF", "2025-10")["value_published"] == Decimal("8.9")
    both = [f for f in months() if f.period == "2025-10"] + [chain("2025-10", CITY, "999", "1", "bureau")]
    assert read(both, codes, "CM102", "NF", "2025-10")["value_published"] == Decimal("8.9")


def test_a_submission_stands_before_history(codes: Codes) -> None:
    own = Fact("GLT02", "2026-10", "region_code=360602", {"mfg_va_growth": "6"})
    history = Fact("GLT02", "2026-10", "region_code=360602", {"mfg_va_growth": "1"}, "bureau")
    assert read([own, history], codes, "MQ101", "360602")["value"] == 6


@pytest.fixture(scope="module")
def marked(codes: Codes) -> dict[str, dict[str, object]]:
    """An indicator by the mark that stands in place of its figure, each in a county of its own."""
    facts = [
        Fact("GLT02", "2026-10", f"region_code={county}", {"mfg_va_growth": None}, mark=mark)
        for county, mark in zip(COUNTIES, "WNC", strict=True)
    ]
    con = computed(facts, codes, "2026-10", "MQ")
    return {m: indicator(con, "MQ101", c, "2026-10") for c, m in zip(COUNTIES, "WNC", strict=True)}


@pytest.mark.parametrize(
    ("mark", "missing", "score", "status"),
    [("W", "not_yet", Decimal(40), "M"), ("N", "not_applicable", None, "M"), ("C", "suppressed", None, "C")],
)
def test_missing_is_typed(
    marked: dict[str, dict[str, object]], mark: str, missing: str, score: Decimal | None, status: str
) -> None:
    found = marked[mark]
    assert (found["missing"], found["score"], found["status"]) == (missing, score, status)


def test_late_monthly_figures_are_not_carried_but_annual_ones_are(codes: Codes) -> None:
    facts = [
        Fact("GLT02", "2026-09", "region_code=360602", {"mfg_va_growth": "6"}),
        Fact("GLT04", "2025", "region_code=360602;chain_code=T", {"rd_exp": "20", "rev_year": "1000"}),
        Fact("GLT04", "2026Q3", "region_code=360602;chain_code=T", {"dx_ent_n": "55", "ent_n": "100"}),
    ]
    con = computed(facts, codes, "2026-10", "MQ")
    assert indicator(con, "MQ101", "360602", "2026-10")["missing"] == "late"
    annual = indicator(con, "MQ301", "360602", "2026-10")
    assert (annual["ref_period"], annual["age"], annual["status"]) == ("2025", 10, "S")
    assert annual["score_published"] == Decimal("84.00")  # 60 + 40 * (2 - 0.5) / 2.5
    quarter = indicator(con, "MQ403", "360602", "2026-10")
    assert (quarter["ref_period"], quarter["age"], quarter["value_published"]) == ("2026Q3", 1, 55)


def test_too_old_is_missing(codes: Codes) -> None:
    facts = [Fact("GLT04", "2024", "region_code=360602;chain_code=T", {"rd_exp": "20", "rev_year": "1000"})]
    facts.append(Fact("GLT02", "2026-10", "region_code=360602", {"mfg_va_growth": "6"}))
    assert read(facts, codes, "MQ301", "360602")["missing"] == "late"


def test_all_variables_come_from_one_report(codes: Codes) -> None:
    """Two quarters that each have half of an indicator make no indicator."""
    facts = [
        Fact("GLT04", "2026Q2", "region_code=360602;chain_code=T", {"ent_n": "100"}),
        Fact("GLT04", "2026Q3", "region_code=360602;chain_code=T", {"dx_ent_n": "55"}),
    ]
    assert read(facts, codes, "MQ403", "360602")["missing"] == "late"


def test_a_zero_denominator_is_not_applicable(codes: Codes) -> None:
    fact = Fact("GLT02", "2026-10", "region_code=360602", {"exp_cum": "0", "sale_cum": "0"})
    assert read([fact], codes, "MQ601", "360602")["missing"] == "not_applicable"


def energy(period: str, value: str, revenue: str) -> list[Fact]:
    key = f"cluster_code=KCU;region_code={CITY}"
    return [Fact("GLT03", period, key, {"energy_cum": value, "rev_cum": revenue, "rev_cum_ly": revenue})]


def test_base_ratio_takes_the_same_month_else_the_year_never_100(codes: Codes) -> None:
    now = energy("2026-09", "95", "100")
    same = read(now + energy("2025-09", "100", "100"), codes, "CA208", "KCU")
    # r = 100 * base / now = 105.263158; 60 + 40 * (r - 80) / 40
    assert same["score_published"] == Decimal("85.26") and same["reason"] == ""
    year = read(now + energy("2025-12", "100", "100"), codes, "CA208", "KCU")
    assert year["score_published"] == Decimal("85.26") and year["reason"] == "基期取全年"
    none = read(now, codes, "CA208", "KCU")
    assert none["score"] is None and none["reason"] == "缺少基期"


def test_deviation_needs_six_reports(codes: Codes) -> None:
    def growth(n: int) -> list[Fact]:
        rates = ("110", "120", "110", "120", "110", "120")[:n]
        return [
            chain(f"2026-{m:02d}", leaf, r, "100")
            for m, r in zip(range(2, 8), rates, strict=False)
            for leaf in LEAVES
        ]

    six = read(growth(6), codes, "CM303", "NF", "2026-07")
    assert six["value_published"] == Decimal("5.48")  # sqrt(6 * 25 / 5)
    five = read(growth(5), codes, "CM303", "NF", "2026-06")
    assert five["missing"] == "not_yet" and five["score"] == 40


def test_balance_of_subchains_counts_those_without_rows_as_zero(codes: Codes) -> None:
    """NF has NF01-03 and Z: shares 1/2, 1/2, 0, 0 -> hhi 1/2 -> normalised (1/2 - 1/4) / (3/4) = 1/3."""
    facts = [
        Fact("GLT01", "2026-09", f"region_code={leaf};chain_code=NF;subchain_code={sub}", {"rev_cum": value})
        for leaf in LEAVES
        for sub, value in (("T", "100"), ("NF01", "50"), ("NF02", "50"))
    ]
    found = read(facts, codes, "CM108", "NF")
    assert found["value_published"] == Decimal("0.67") and found["score"] == 100


def test_a_unit_that_lacks_one_figure_makes_the_sum_missing(codes: Codes) -> None:
    """Three have both figures, one lacks last year's: a growth over unlike units would be wrong."""
    facts = [chain("2026-10", leaf, "100", "90") for leaf in LEAVES[:3]]
    facts.append(
        Fact("GLT01", "2026-10", f"region_code={LEAVES[3]};chain_code=NF;subchain_code=T", {"rev_cum": "100"})
    )
    found = read(facts, codes, "CM102", "NF")
    assert found["value"] is None and found["missing"] == "late"


def test_thresholds_withhold_and_ties_share_the_best_rank(codes: Codes) -> None:
    def county(code: str, growth: str, **more: str) -> Fact:
        return Fact("GLT02", "2026-10", f"region_code={code}", {"mfg_va_growth": growth, **more})

    enough = {
        "mfg_inv_growth": "5", "tech_inv_share": "35", "ht_va_share": "20", "eq_va_share": "30",
        "rev_cum": "105", "rev_cum_ly": "100",
    }  # fmt: skip
    con = computed(
        [county("360602", "6", **enough), county("360603", "6", **enough), county("360681", "6")],
        codes,
        "2026-10",
        "MQ",
    )
    rows = con.execute(
        "SELECT subject, value, rank, ranked_n, withheld FROM result_index WHERE product = 'monthly'"
        " AND period = '2026-10' AND subject_type = 'county' ORDER BY subject"
    ).fetchall()
    assert [(r[2], r[3]) for r in rows] == [(1, 2), (1, 2), (None, 2)]
    assert rows[2][1] is None and rows[2][4] == "权重覆盖率不足"


def test_row_order_and_threads_do_not_matter(codes: Codes) -> None:
    facts = months() + energy("2026-09", "95", "100") + energy("2025-09", "100", "100")
    results = []
    for threads, given in ((1, facts), (4, facts[::-1])):
        con = connection(given)
        con.execute(f"SET threads = {threads}")
        compute(con, methods_for(Period.parse("2026-10")), codes, Period.parse("2026-10"))
        results.append(con.execute("SELECT * FROM result_indicator ORDER BY ALL").fetchall())
    assert results[0] == results[1]


def test_a_missing_figure_does_not_score_the_optimum(codes: Codes) -> None:
    con = computed([chain("2026-10", leaf, "100", "95") for leaf in LEAVES], codes, "2026-10", "CM")
    for name in ("CM108", "CM401"):
        found = indicator(con, name, "NF", "2026-10")
        assert found["missing"] == "late" and found["score"] is None


def test_a_marked_part_makes_a_distribution_missing(codes: Codes) -> None:
    def part(leaf: str, subchain: str, mark: str = "") -> Fact:
        key = f"region_code={leaf};chain_code={subchain[:2]};subchain_code={subchain}"
        return Fact("GLT01", "2026-09", key, {"rev_cum": None if mark else "50"}, mark=mark)

    facts = [part(LEAVES[0], "NF01", "W"), part(LEAVES[0], "EI01", "C")]
    facts += [part(leaf, sub) for leaf in LEAVES for sub in ("NF02", "NF03", "EI02", "EI03")]
    con = computed(facts, codes, "2026-10", "CM")
    for subject, missing in (("NF", "not_yet"), ("EI", "suppressed")):
        found = indicator(con, "CM108", subject, "2026-10")
        assert found["value"] is None and found["missing"] == missing


def test_a_gap_does_not_pull_an_older_report_into_the_deviation(codes: Codes) -> None:
    rates = {
        202510: "300",
        **dict(zip((202511, 202512, 202602, 202603, 202604, 202607), ("110", "120") * 3, strict=True)),
    }
    facts = [
        chain(f"{m // 100}-{m % 100:02d}", leaf, rate, "100") for m, rate in rates.items() for leaf in LEAVES
    ]
    # the eleven reports up to 2026-10 begin with 2025-11: 2025-10 stays outside though five are missing
    facts += [chain("2026-10", leaf, "110", "100") for leaf in LEAVES]
    found = read(facts, codes, "CM303", "NF")
    assert found["value_published"] == Decimal("5.35")  # 10, 20, 10, 20, 10, 20, 10: mean 100/7


@pytest.mark.parametrize(
    ("mark", "missing"), [("C", "suppressed"), ("W", "not_yet"), ("N", "not_applicable")]
)
def test_a_marked_report_hands_its_mark_to_totals_and_deviations(
    codes: Codes, mark: str, missing: str
) -> None:
    key = f"region_code={LEAVES[0]};chain_code=NF;subchain_code=T"
    marked = Fact("GLT01", "2026-10", key, {"rev_cum": None, "rev_cum_ly": "95"}, mark=mark)
    facts = [f for f in months() if (f.period, f.key) != ("2026-10", key)] + [marked]
    con = computed(facts, codes, "2026-10", "CM")
    if mark != "N":  # what is not applicable to one submitter is nothing in the sum
        for name in ("CM101", "CM303"):
            assert indicator(con, name, "NF", "2026-10")["missing"] == missing
    else:
        assert indicator(con, "CM102", "NF", "2026-10")["missing"] == ""


def test_a_distribution_over_nothing_is_not_applicable(codes: Codes) -> None:
    fact = Fact(
        "GLT03", "2026-10", f"cluster_code=KCU;region_code={CITY}", {"rev_cum": "0", "rev_cum_ly": "0"}
    )
    assert read([fact], codes, "CA402", "KCU")["missing"] == "not_applicable"


def test_a_subchain_that_nobody_reports_is_zero(codes: Codes) -> None:
    """KCU stands on NF01; the chain is reported, the sub-chain has no row: its share of it is not applicable."""
    facts = [chain("2026-10", leaf, "100", "95") for leaf in LEAVES]
    facts.append(
        Fact("GLT03", "2026-10", f"cluster_code=KCU;region_code={CITY}", {"rev_cum": "5", "rev_cum_ly": "4"})
    )
    assert read(facts, codes, "CA103", "KCU")["missing"] == "not_applicable"
