"""The definitions that everything stands on, one small example for each, through the real engine.

A computation costs the same for one figure as for hundreds, so the examples of an index share one (``case``):
each has a chain, county or cluster of its own, whichever was free, and no figure of it enters another's, though
ranks and coverage see them all. Where it matters who filed a form at all, an example stands apart.
"""

from dataclasses import replace
from decimal import Decimal

import duckdb
import pytest
from facts import Fact, computed, connection, indicator
from small import small_codes

from indices.engine import compute
from indices.method import methods_for
from schemas.codes import Codes, load_codes
from schemas.period import Period

CITY, COUNTIES = "360600", ("360602", "360603", "360681")
LEAVES = ("360698", *COUNTIES)  # 功能区 of the city, and its counties
Computed = dict[str, duckdb.DuckDBPyConnection]  # by index

CASES: dict[tuple[str, str], list[Fact]] = {}  # by index and subject


def case(index: str, subject: str, facts: list[Fact]) -> str:
    """An example for 2026-10 on a subject that no other example has; returns the subject."""
    assert (index, subject) not in CASES, f"{subject} is taken"
    CASES[index, subject] = facts
    return subject


@pytest.fixture(scope="module")
def codes(tmp_path_factory: pytest.TempPathFactory) -> Codes:
    """One city, and all chains."""
    return small_codes(tmp_path_factory.mktemp("codes"), load_codes().chains)


@pytest.fixture(scope="module")
def shared(codes: Codes) -> Computed:
    """All cases of each index in one computation: chains of one city, counties and clusters of the province."""
    lists = {"CM": codes, "MQ": load_codes(), "CA": load_codes()}
    return {
        index: computed(
            [fact for (of, _), facts in CASES.items() if of == index for fact in facts],
            known,
            "2026-10",
            index,
        )
        for index, known in lists.items()
    }


def seen(shared: Computed, name: str, subject: str) -> dict[str, object]:
    """One indicator of a case."""
    return indicator(shared[name[:2]], name, subject, "2026-10")


def chain(
    code: str, period: str, leaf: str, now: str | None, ly: str, source: str = "submission", mark: str = ""
) -> Fact:
    key = f"region_code={leaf};chain_code={code};subchain_code=T"
    return Fact("GLT01", period, key, {"rev_cum": now, "rev_cum_ly": ly}, source, mark)


def months(code: str, leaves: tuple[str, ...] = LEAVES, then: tuple[str, str] = ("120", "110")) -> list[Fact]:
    """Each leaf with the README's example: 100 now, 95 last year as reported now, 120 last year, 98 then."""
    return [
        fact
        for leaf in leaves
        for fact in (
            chain(code, "2026-10", leaf, "100", "95"),
            chain(code, "2025-12", leaf, *then),
            chain(code, "2025-10", leaf, "98", "90"),
        )
    ]


def ttm(shared: Computed, code: str) -> tuple[Decimal | None, str, str]:
    (row,) = (
        shared["CM"]
        .execute(
            "SELECT value, break, reason FROM ttm WHERE form = 'GLT01' AND item = ? AND t0 = 202610", [code]
        )
        .fetchall()
    )
    return row


WHOLE = case("CM", "EI", months("EI"))


def test_ttm_carries_last_years_rest_to_this_years_scope(shared: Computed) -> None:
    value, broken, _ = ttm(shared, WHOLE)
    # per leaf 100 + 95 / 98 * (120 - 98) = 121.326530...
    assert value is not None and round(value / 4, 6) == Decimal("121.326531") and broken == ""


def test_ttm_without_last_years_report_is_a_break(codes: Codes) -> None:
    nobody_then = [f for f in months("EQ") if f.period != "2025-10"]
    value, broken, _ = ttm({"CM": computed(nobody_then, codes, "2026-10", "CM")}, "EQ")
    assert value == 4 * (100 + 120 - 95) and broken == "B"


def test_ttm_in_december_is_the_year(codes: Codes) -> None:
    con = computed([chain("NF", "2025-12", leaf, "120", "110") for leaf in LEAVES], codes, "2025-12", "CM")
    assert con.execute("SELECT value FROM ttm WHERE item = 'NF' AND form = 'GLT01'").fetchall() == [(480,)]


NEGATIVE_REST = case("CM", "NE", months("NE", then=("90", "80")))


def test_ttm_with_a_negative_rest_is_missing_and_says_so(shared: Computed) -> None:
    value, _, reason = ttm(shared, NEGATIVE_REST)
    assert value is None and "余量为负" in reason
    found = seen(shared, "CM101", NEGATIVE_REST)
    assert found["missing"] == "late" and "余量为负" in str(found["reason"])


def one_leaf_absent(code: str, *shares: str) -> list[Fact]:
    """Revenues of the report before by leaf; the last one has filed nothing since."""
    before = [chain(code, "2026-09", leaf, share, "1") for leaf, share in zip(LEAVES, shares, strict=True)]
    now = [
        chain(code, "2026-10", leaf, f"{share}0", share)
        for leaf, share in zip(LEAVES[:3], shares[:3], strict=True)
    ]
    return before + now


@pytest.fixture(scope="module")
def absent(codes: Codes) -> duckdb.DuckDBPyConnection:
    """A county absent in October: it has 3 % of EI, 6 % of NF; a year ago there is the bureau's row alone."""
    facts = one_leaf_absent("EI", "40", "37", "20", "3") + one_leaf_absent("NF", "40", "37", "17", "6")
    facts.append(chain("EQ", "2025-10", CITY, "392", "360", "bureau"))
    return computed(facts, codes, "2026-10", "CM")


def test_a_sum_from_95_percent_on_counts_and_is_partial(absent: duckdb.DuckDBPyConnection) -> None:
    found = indicator(absent, "CM102", "EI", "2026-10")
    assert found["status"] == "P" and found["revenue_coverage"] == Decimal("0.97")
    assert found["value_published"] == Decimal(900)


def test_a_sum_below_95_percent_is_missing(absent: duckdb.DuckDBPyConnection) -> None:
    found = indicator(absent, "CM102", "NF", "2026-10")
    assert found["value"] is None and found["status"] == "M" and found["reason"] == "营收覆盖率不足"


def test_an_incomplete_sum_with_unknown_weights_is_missing(codes: Codes) -> None:
    con = computed([chain("NF", "2026-10", LEAVES[0], "10", "9")], codes, "2026-10", "CM")
    found = indicator(con, "CM102", "NF", "2026-10")
    assert found["value"] is None and "无从计算" in str(found["reason"])


BESIDE_HISTORY = case("CM", "PC", [
    *(chain("PC", "2025-10", leaf, "98", "90") for leaf in LEAVES),
    chain("PC", "2025-10", CITY, "999", "1", "bureau"),
])  # fmt: skip


def test_the_bureaus_row_of_a_city_stands_and_is_not_added(
    absent: duckdb.DuckDBPyConnection, shared: Computed
) -> None:
    for con, subject in ((absent, "EQ"), (shared["CM"], BESIDE_HISTORY)):
        assert indicator(con, "CM102", subject, "2025-10")["value_published"] == Decimal("8.9")


def region(county: str, values: dict[str, str | None], source: str = "submission", mark: str = "") -> Fact:
    return Fact("GLT02", "2026-10", f"region_code={county}", values, source, mark)


def quarter(county: str, period: str, **values: str) -> Fact:
    return Fact("GLT04", period, f"region_code={county};chain_code=T", dict(values))


BOTH = case("MQ", "360102", [
    region("360102", {"mfg_va_growth": "6"}), region("360102", {"mfg_va_growth": "1"}, "bureau"),
])  # fmt: skip


def test_a_submission_stands_before_history(shared: Computed) -> None:
    assert seen(shared, "MQ101", BOTH)["value"] == 6


MARKED = {
    mark: case("MQ", county, [region(county, {"mfg_va_growth": None}, mark=mark)])
    for mark, county in (("W", "360103"), ("N", "360104"), ("C", "360111"))
}


@pytest.mark.parametrize(
    ("mark", "missing", "score", "status"),
    [("W", "not_yet", Decimal(40), "M"), ("N", "not_applicable", None, "M"), ("C", "suppressed", None, "C")],
)
def test_missing_is_typed(
    shared: Computed, mark: str, missing: str, score: Decimal | None, status: str
) -> None:
    found = seen(shared, "MQ101", MARKED[mark])
    assert (found["missing"], found["score"], found["status"]) == (missing, score, status)


NOTHING_THIS_MONTH = case("MQ", "360112", [
    Fact("GLT02", "2026-09", "region_code=360112", {"mfg_va_growth": "6"}),
    quarter("360112", "2025", rd_exp="20", rev_year="1000"),
    quarter("360112", "2026Q3", dx_ent_n="55", ent_n="100"),
])  # fmt: skip


def test_late_monthly_figures_are_not_carried_but_annual_ones_are(shared: Computed) -> None:
    assert seen(shared, "MQ101", NOTHING_THIS_MONTH)["missing"] == "late"
    annual = seen(shared, "MQ301", NOTHING_THIS_MONTH)
    assert (annual["ref_period"], annual["age"], annual["status"]) == ("2025", 10, "S")
    assert annual["score_published"] == Decimal("84.00")  # 60 + 40 * (2 - 0.5) / 2.5
    carried = seen(shared, "MQ403", NOTHING_THIS_MONTH)
    assert (carried["ref_period"], carried["age"], carried["value_published"]) == ("2026Q3", 1, 55)


TOO_OLD = case("MQ", "360113", [
    quarter("360113", "2024", rd_exp="20", rev_year="1000"), region("360113", {"mfg_va_growth": "6"}),
])  # fmt: skip


def test_too_old_is_missing(shared: Computed) -> None:
    assert seen(shared, "MQ301", TOO_OLD)["missing"] == "late"


HALVES = case("MQ", "360121", [
    quarter("360121", "2026Q2", ent_n="100"), quarter("360121", "2026Q3", dx_ent_n="55"),
])  # fmt: skip


def test_all_variables_come_from_one_report(shared: Computed) -> None:
    """Two quarters that each have half of an indicator make no indicator."""
    assert seen(shared, "MQ403", HALVES)["missing"] == "late"


NO_SALES = case("MQ", "360123", [region("360123", {"exp_cum": "0", "sale_cum": "0"})])


def test_a_zero_denominator_is_not_applicable(shared: Computed) -> None:
    assert seen(shared, "MQ601", NO_SALES)["missing"] == "not_applicable"


def energy(period: str, value: str, cluster: str = "KCU") -> list[Fact]:
    """The same figures from each city of a cluster."""
    figures = {"energy_cum": value, "rev_cum": "100", "rev_cum_ly": "100"}
    return [
        Fact("GLT03", period, f"cluster_code={cluster};region_code={city}", figures)
        for city in load_codes().clusters[cluster].cities
    ]


SAME_MONTH, WHOLE_YEAR, NO_BASE = (
    case("CA", "KCU", energy("2026-09", "95", "KCU") + energy("2025-09", "100", "KCU")),
    case("CA", "KLP", energy("2026-09", "95", "KLP") + energy("2025-12", "100", "KLP")),
    case("CA", "KWR", energy("2026-09", "95", "KWR")),
)


def test_base_ratio_takes_the_same_month_else_the_year_never_100(shared: Computed) -> None:
    same = seen(shared, "CA208", SAME_MONTH)
    # r = 100 * base / now = 105.263158; 60 + 40 * (r - 80) / 40
    assert same["score_published"] == Decimal("85.26") and same["reason"] == ""
    year = seen(shared, "CA208", WHOLE_YEAR)
    assert year["score_published"] == Decimal("85.26") and year["reason"] == "基期取全年"
    none = seen(shared, "CA208", NO_BASE)
    assert none["score"] is None and none["reason"] == "缺少基期"


def test_deviation_needs_six_reports_and_counts_each_once(codes: Codes) -> None:
    """NF has reported since February, EI since March; a second index over the same chains has the same series."""

    def growth(code: str, begin: int) -> list[Fact]:
        return [
            chain(code, f"2026-{m:02d}", leaf, "120" if m % 2 else "110", "100")
            for m in range(begin, 8)
            for leaf in LEAVES
        ]

    con, july = connection(growth("NF", 2) + growth("EI", 3)), Period.parse("2026-07")
    (cm,) = (replace(m, gates=()) for m in methods_for(july) if m.index == "CM")
    compute(con, [cm, replace(cm, index="CN")], codes, july)
    found = con.execute(
        "SELECT index_code, subject, value_published, missing, score::INTEGER FROM result_indicator"
        " WHERE indicator = 'CM303' AND period = '2026-07' AND subject IN ('NF', 'EI') ORDER BY ALL"
    ).fetchall()
    six = Decimal("5.48")  # sqrt(6 * 25 / 5)
    score = next(row[4] for row in found if row[1] == "NF")
    assert found == [
        row
        for index in ("CM", "CN")
        for row in ((index, "EI", None, "not_yet", 40), (index, "NF", six, "", score))
    ]


TWO_SUBCHAINS = case("CM", "NF", [
    Fact("GLT01", "2026-09", f"region_code={leaf};chain_code=NF;subchain_code={sub}", {"rev_cum": value})
    for leaf in LEAVES
    for sub, value in (("T", "100"), ("NF01", "50"), ("NF02", "50"))
])  # fmt: skip


def test_balance_of_subchains_counts_those_without_rows_as_zero(shared: Computed) -> None:
    """NF has NF01-03 and Z: shares 1/2, 1/2, 0, 0 -> hhi 1/2 -> normalised (1/2 - 1/4) / (3/4) = 1/3."""
    found = seen(shared, "CM108", TWO_SUBCHAINS)
    assert found["value_published"] == Decimal("0.67") and found["score"] == 100


ONE_LACKS_LAST_YEAR = case("CM", "AV", [
    *(chain("AV", "2026-10", leaf, "100", "90") for leaf in LEAVES[:3]),
    Fact("GLT01", "2026-10", f"region_code={LEAVES[3]};chain_code=AV;subchain_code=T", {"rev_cum": "100"}),
])  # fmt: skip


def test_a_unit_that_lacks_one_figure_makes_the_sum_missing(shared: Computed) -> None:
    """Three have both figures, one lacks last year's: a growth over unlike units would be wrong."""
    found = seen(shared, "CM102", ONE_LACKS_LAST_YEAR)
    assert found["value"] is None and found["missing"] == "late"


ENOUGH = {
    "mfg_va_growth": "6", "mfg_inv_growth": "5", "tech_inv_share": "35", "ht_va_share": "20", "eq_va_share": "30",
    "rev_cum": "105", "rev_cum_ly": "100",
}  # fmt: skip
LIKE, ALIKE, TOO_LITTLE = (
    case("MQ", "360602", [region("360602", dict(ENOUGH))]),
    case("MQ", "360603", [region("360603", dict(ENOUGH))]),
    case("MQ", "360681", [region("360681", {"mfg_va_growth": "6"})]),
)


def test_thresholds_withhold_and_ties_share_the_best_rank(shared: Computed) -> None:
    rows = shared["MQ"].execute(
        "SELECT subject, value, rank, ranked_n, withheld FROM result_index WHERE product = 'monthly'"
        " AND period = '2026-10' AND subject_type = 'county' ORDER BY subject"
    ).fetchall()  # fmt: skip
    found = {row[0]: row[1:] for row in rows}
    assert {subject for subject, row in found.items() if row[0] is not None} == {LIKE, ALIKE}
    assert found[LIKE][1:3] == found[ALIKE][1:3] == (1, 2)
    assert found[TOO_LITTLE] == (None, None, 2, "权重覆盖率不足")


def test_row_order_and_threads_do_not_matter(codes: Codes) -> None:
    facts = months("NF") + energy("2026-09", "95") + energy("2025-09", "100")
    results = []
    for threads, given in ((1, facts), (4, facts[::-1])):
        con = connection(given)
        con.execute(f"SET threads = {threads}")
        compute(con, methods_for(Period.parse("2026-10")), codes, Period.parse("2026-10"))
        results.append(con.execute("SELECT * FROM result_indicator ORDER BY ALL").fetchall())
    assert results[0] == results[1]


def test_a_missing_figure_does_not_score_the_optimum(shared: Computed) -> None:
    """Nothing but the chain's revenues is known."""
    for name in ("CM108", "CM401"):
        found = seen(shared, name, WHOLE)
        assert found["missing"] == "late" and found["score"] is None


# the eleven reports up to 2026-10 begin with 2025-11: 2025-10 stays outside though five are missing
RATES = {
    "2025-10": "300", "2025-11": "110", "2025-12": "120", "2026-02": "110", "2026-03": "120", "2026-04": "110",
    "2026-07": "120", "2026-10": "110",
}  # fmt: skip
GAP = case("CM", "FD", [chain("FD", m, leaf, rate, "100") for m, rate in RATES.items() for leaf in LEAVES])


def test_a_gap_does_not_pull_an_older_report_into_the_deviation(shared: Computed) -> None:
    found = seen(shared, "CM303", GAP)
    assert found["value_published"] == Decimal("5.35")  # 10, 20, 10, 20, 10, 20, 10: mean 100/7


def one_marked(code: str, mark: str) -> list[Fact]:
    """The first leaf has a mark in place of October's total, and of one sub-chain in September."""

    def part(leaf: str, subchain: str, mark: str = "") -> Fact:
        key = f"region_code={leaf};chain_code={code};subchain_code={subchain}"
        return Fact("GLT01", "2026-09", key, {"rev_cum": None if mark else "50"}, mark=mark)

    total = chain(code, "2026-10", LEAVES[0], None, "95", mark=mark)
    facts = [f for f in months(code) if (f.period, f.key) != (total.period, total.key)]
    parts = [part(leaf, f"{code}{n}") for leaf in LEAVES for n in ("02", "03")]
    return [*facts, total, part(LEAVES[0], f"{code}01", mark), *parts]


MARKS = {
    mark: case("CM", code, one_marked(code, mark)) for mark, code in (("C", "TX"), ("W", "PH"), ("N", "FU"))
}


@pytest.mark.parametrize(("mark", "missing"), [("W", "not_yet"), ("C", "suppressed")])
def test_a_marked_part_makes_a_distribution_missing(shared: Computed, mark: str, missing: str) -> None:
    found = seen(shared, "CM108", MARKS[mark])
    assert found["value"] is None and found["missing"] == missing


@pytest.mark.parametrize(("mark", "missing"), [("C", "suppressed"), ("W", "not_yet")])
def test_a_marked_report_hands_its_mark_to_totals_and_deviations(
    shared: Computed, mark: str, missing: str
) -> None:
    for name in ("CM101", "CM303"):
        assert seen(shared, name, MARKS[mark])["missing"] == missing


def test_what_is_not_applicable_to_one_submitter_is_nothing_in_the_sum(shared: Computed) -> None:
    assert seen(shared, "CM102", MARKS["N"])["missing"] == ""


NO_REVENUE = case("CA", "KAV", [
    Fact("GLT03", "2026-10", f"cluster_code=KAV;region_code={city}", {"rev_cum": "0", "rev_cum_ly": "0"})
    for city in load_codes().clusters["KAV"].cities
])  # fmt: skip


def test_a_distribution_over_nothing_is_not_applicable(shared: Computed) -> None:
    assert seen(shared, "CA402", NO_REVENUE)["missing"] == "not_applicable"


def test_a_subchain_that_nobody_reports_is_zero(codes: Codes) -> None:
    """KCU stands on NF01; the chain is reported, the sub-chain has no row: its share of it is not applicable."""
    facts = [chain("NF", "2026-10", leaf, "100", "95") for leaf in LEAVES]
    facts.append(
        Fact("GLT03", "2026-10", f"cluster_code=KCU;region_code={CITY}", {"rev_cum": "5", "rev_cum_ly": "4"})
    )
    found = indicator(computed(facts, codes, "2026-10", "CA"), "CA103", "KCU", "2026-10")
    assert found["missing"] == "not_applicable"
