"""Worked examples through the engine: the published test vectors, and one subject of each index by hand.

Each line of a hand example has the figures, the raw value and the score, with the sum written out where it
does not stand in the figures; below it the pillars and the two totals. Nothing here is computed by a
program: the numbers are to be checked with a pocket calculator (ln 2 = 0.693147, ln 10 = 2.302585).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import duckdb
import pytest
from facts import Fact, computed, indicator
from small import small_codes

from schemas.codes import Codes, load_codes

# id, figures as reported (each sum over submitters as a whole), raw value, score; both at the published digits.
Line = tuple[str, str, dict[str, str], str, str]


@pytest.fixture(scope="module")
def small_lists(tmp_path_factory: pytest.TempPathFactory) -> Codes:
    return small_codes(tmp_path_factory.mktemp("codes"))


# The test vectors of the definitions.


def published(
    con: duckdb.DuckDBPyConnection, name: str, subject: str, period: str
) -> tuple[Decimal, Decimal]:
    """Raw value and score at the published digits."""
    found = indicator(con, name, subject, period)
    return found["value_published"], found["score_published"]  # type: ignore[return-value]


def test_vectors_of_a_region(small_lists: Codes) -> None:
    province = {
        "tech_inv_share": "36.5",
        "ht_va_share": "23.2",
        "eq_va_share": "35.5",
        "rev_cum": "105",
        "rev_cum_ly": "100",
        "mfg_va_growth": "-10",
    }
    facts = [
        Fact("GLT02", "2025-12", "region_code=360000", {**province}),
        Fact("GLT02", "2025-12", "region_code=360600", {"rev_cum": "109", "rev_cum_ly": "100"}),
    ]
    con = computed(facts, small_lists, "2025-12", "MQ")
    for name, subject, value, score in (
        ("MQ105", "360000", "36.50", "82.00"),
        ("MQ305", "360000", "23.20", "84.27"),
        ("MQ306", "360000", "35.50", "85.50"),
        ("MQ102", "360000", "5.0", "76.67"),
        ("MQ102", "360600", "9.0", "90.00"),
        ("MQ101", "360000", "-10.0", "40.00"),
    ):
        assert published(con, name, subject, "2025-12") == (Decimal(value), Decimal(score))
    # 60 - 40 * 10 / 12 = 26.67 is kept beside the floor, and counted
    below = indicator(con, "MQ101", "360000", "2025-12")
    assert below["clipped"] and round(below["raw_score"], 2) == Decimal("26.67")  # type: ignore[call-overload]


def test_vectors_of_a_cluster(small_lists: Codes) -> None:
    key = "cluster_code=KCU;region_code=360600"
    facts = [
        Fact("GLT03", "2025-11", key, {"profit_cum": "17930000", "rev_cum": "390000000"}),
        Fact("GLT03", "2025-12", key, {"rev_cum": "93000000"}),
    ]
    con = computed(facts, small_lists, "2025-12", "CA")
    assert published(con, "CA106", "KCU", "2025-11") == (Decimal("4.60"), Decimal("77.99"))
    assert published(con, "CA101", "KCU", "2025-12") == (Decimal("9300.00"), Decimal("97.24"))


def december(year: int, item: str, amount: str) -> Iterator[Fact]:
    """GLT01 of a December as the bureau files it, all in one city, the other ten with 0; in 亿元."""
    for number, city in enumerate(load_codes().cities):
        value = Decimal(amount) * 10000 if number == 0 else Decimal(0)
        key = f"region_code={city};chain_code=NE;subchain_code={item}"
        yield Fact("GLT01", f"{year}-12", key, {"rev_cum": str(value)}, "bureau")


def test_vectors_of_the_targets() -> None:
    """NE with 3968.5 of 7000 亿元, NE01 with 2104.3 of 3500.

    A sub-chain has no score of its own, so its share is scored on the chain's posts a year before:
    4208.6 / 7000 = 2104.3 / 3500.
    """
    facts = [
        *december(2025, "T", "3968.5"),
        *december(2025, "NE01", "2104.3"),
        *december(2024, "T", "4208.6"),
    ]
    con = computed(facts, load_codes(), "2025-12", "CM")
    assert published(con, "CM101", "NE", "2025-12") == (Decimal("56.69"), Decimal("65.35"))
    target = con.execute(
        "SELECT subject, ttm, attainment FROM result_target WHERE scope = 'above_scale' AND ttm IS NOT NULL"
        " ORDER BY subject"
    ).fetchall()
    assert target == [
        ("NE", Decimal("3968.5"), Decimal("56.69")), ("NE01", Decimal("2104.3"), Decimal("60.12")),
    ]  # fmt: skip
    same_share = indicator(con, "CM101", "NE", "2024-12")
    assert round(same_share["value"], 3) == Decimal("60.123")  # type: ignore[call-overload]
    assert same_share["score_published"] == Decimal("68.10")


# One subject of each index, by hand.


def check_lines(con: duckdb.DuckDBPyConnection, subject: str, lines: list[Line]) -> None:
    """Variables, raw value and score of every indicator."""
    found = con.execute(
        "SELECT indicator, value_published, score_published, missing FROM result_indicator"
        " WHERE subject = ? AND period = '2026-10' ORDER BY indicator",
        [subject],
    ).fetchall()
    assert found == [(name, Decimal(value), Decimal(score), "") for name, _, _, value, score in sorted(lines)]
    variables: dict[str, dict[str, Decimal]] = {}
    for name, variable, value in con.execute(
        "SELECT indicator, variable, value FROM result_variable WHERE subject = ? AND period = '2026-10'"
        " ORDER BY ALL",
        [subject],
    ).fetchall():
        variables.setdefault(name, {})[variable] = value
    for name, form, figures, _, _ in lines:
        if form:
            expected = {f"{form}.{field}": Decimal(figure) for field, figure in figures.items()}
            assert variables[name] == expected, name


def check_totals(
    con: duckdb.DuckDBPyConnection,
    subject: str,
    pillars: dict[int, tuple[str, str]],
    full: str,
    monthly: str,
) -> None:
    """Pillars (score, effective weight) of the full basket, and the two totals."""
    found = con.execute(
        "SELECT pillar_no, score, weight_effective FROM result_pillar"
        " WHERE subject = ? AND period = '2026-10' AND product = 'full' ORDER BY pillar_no",
        [subject],
    ).fetchall()
    assert found == [(no, Decimal(score), Decimal(weight)) for no, (score, weight) in pillars.items()]
    totals = con.execute(
        "SELECT product, value, weight_coverage FROM result_index WHERE subject = ? AND period = '2026-10'"
        " ORDER BY product",
        [subject],
    ).fetchall()
    assert totals == [("full", Decimal(full), Decimal(1)), ("monthly", Decimal(monthly), Decimal(1))]


PERIOD = {"M": "2026-10", "Q": "2026Q3", "A": "2025"}


def merged(facts: Iterator[tuple[str, str, str, dict[str, str]]]) -> list[Fact]:
    """Figures that several indicators share stand once, and must be the same."""
    together: dict[tuple[str, str, str], dict[str, str | None]] = {}
    for form, period, key, values in facts:
        row = together.setdefault((form, period, key), {})
        for field, value in values.items():
            assert row.setdefault(field, value) == value, (form, period, field)
    return [Fact(form, period, key, values) for (form, period, key), values in together.items()]


REVENUE = {"rev_cum": "1090000", "rev_cum_ly": "1000000"}
COUNTY: list[Line] = [
    ("MQ101", "GLT02", {"mfg_va_growth": "6"}, "6.0", "80.00"),  # 60 + 40 * 6 / 12
    ("MQ102", "GLT02", REVENUE, "9.0", "90.00"),  # 60 + 40 * 9 / 12
    ("MQ104", "GLT02", {"mfg_inv_growth": "5"}, "5.0", "80.00"),  # 60 + 40 * (5 + 5) / 20
    ("MQ105", "GLT02", {"tech_inv_share": "36.5"}, "36.50", "82.00"),  # 60 + 40 * 16.5 / 30
    # 5 %; 60 + 40 * 3 / 6
    ("MQ201", "GLT02", {"profit_cum": "54500", "rev_cum": "1090000"}, "5.00", "80.00"),
    # 60 + 40 * 7.5 / 15
    ("MQ202", "GLT02", {"va_cum": "225000", "out_cum": "1000000"}, "22.50", "80.00"),
    # 45 万元/人; 60 + 40 * 25 / 40
    ("MQ203", "GLT02", {"va_cum": "225000", "emp_avg": "5000"}, "45.00", "85.00"),
    # 15 万元/亩; 60 + 40 * 10 / 25
    ("MQ204", "GLT02", {"tax_cum": "30000", "land_mu": "2000"}, "15.00", "76.00"),
    # 30 * 10 * 0.2 = 60 days; 60 + 40 * (60 - 90) / (30 - 90)
    ("MQ205", "GLT02", {"ar_end": "218000", "rev_cum": "1090000"}, "60.00", "80.00"),
    # 60 + 40 * 1.5 / 2.5
    ("MQ301", "GLT04", {"rd_exp": "20000", "rev_year": "1000000"}, "2.00", "84.00"),
    ("MQ302", "GLT04", {"rd_ent_n": "45", "ent_n": "100"}, "45.00", "85.00"),  # 60 + 40 * 25 / 40
    # 10000 * 80 / 1000000; 60 + 40 * 0.7 / 1.4
    ("MQ303", "GLT04", {"patent_n": "80", "rev_year": "1000000"}, "0.80", "80.00"),
    # 60 + 40 * 17.5 / 35
    ("MQ304", "GLT04", {"newprod_rev": "275000", "rev_year": "1000000"}, "27.50", "80.00"),
    ("MQ305", "GLT02", {"ht_va_share": "23.2"}, "23.20", "84.27"),  # 60 + 40 * 18.2 / 30 = 84.2667
    ("MQ306", "GLT02", {"eq_va_share": "35.5"}, "35.50", "85.50"),  # 60 + 40 * 25.5 / 40
    ("MQ403", "GLT04", {"dx_ent_n": "62", "ent_n": "100"}, "62.00", "84.00"),  # 60 + 40 * 42 / 70
    # -((1.008 / 1.05) - 1) * 100 = 4; 60 + 40 * 6 / 8
    (
        "MQ501",
        "GLT05",
        {"energy_cum": "100800", "energy_cum_ly": "100000", "va_growth": "5"},
        "4.00",
        "90.00",
    ),
    # 66 / (90 + 10); 60 + 40 * 26 / 55 = 78.9091
    ("MQ502", "GLT05", {"solid_used": "66", "solid_gen": "90", "solid_prior_used": "10"}, "66.00", "78.91"),
    # 60 + 40 * 17.5 / 35
    ("MQ504", "GLT05", {"green_rev": "225000", "rev_year": "1000000"}, "22.50", "80.00"),
    # 60 + 40 * 9 / 18
    ("MQ601", "GLT02", {"exp_cum": "110000", "sale_cum": "1000000"}, "11.00", "80.00"),
    # 60 + 40 * 1.8 / 3.8 = 78.9474
    ("MQ701", "GLT06", {"lg_n": "1", "champ_n": "1", "ent_n": "100"}, "2.00", "78.95"),
    ("MQ702", "GLT04", {"hnte_n": "40", "ent_n": "100"}, "40.00", "85.00"),  # 60 + 40 * 25 / 40
    # (6 - 2) / 100; 60 + 40 * 6 / 12
    ("MQ703", "GLT02", {"ent_new_n": "6", "ent_exit_n": "2", "ent_n_begin": "100"}, "4.00", "80.00"),
    # 25 %; 60 + 40 * (25 - 30) / (8 - 30) = 69.0909
    ("MQ802", "GLT02", {"ent_loss_n": "26", "ent_n": "104"}, "25.00", "69.09"),
]
COUNTY_OTHER = dict.fromkeys(("MQ202", "MQ203", "MQ204", "MQ301", "MQ302", "MQ303", "MQ304"), "A")
COUNTY_OTHER |= dict.fromkeys(("MQ502", "MQ504", "MQ702"), "A")
COUNTY_OTHER |= dict.fromkeys(("MQ403", "MQ501", "MQ701"), "Q")


def test_a_county_by_hand(small_lists: Codes) -> None:
    """MQ of 360602: its own rows. The county edition has 24 indicators with a weight of 80."""
    chain = {"GLT02": "", "GLT04": ";chain_code=T", "GLT05": ";chain_code=T", "GLT06": ";chain_code=T"}
    con = computed(
        merged(
            (form, PERIOD[COUNTY_OTHER.get(name, "M")], f"region_code=360602{chain[form]}", values)
            for name, form, values, _, _ in COUNTY
        ),
        small_lists,
        "2026-10",
        "MQ",
    )
    check_lines(con, "360602", COUNTY)
    check_totals(
        con,
        "360602",
        {
            1: ("83.67", "15.0000"),  # (4*80 + 4*90 + 2*80 + 2*82) / 12 = 1004 / 12
            2: ("80.72", "22.5000"),  # (5*80 + 3*80 + 5*85 + 3*76 + 2*80) / 18 = 1453 / 18
            3: ("83.43", "25.0000"),  # (5*84 + 3*85 + 3*80 + 2*80 + 4*84.2667 + 3*85.5) / 20 = 1668.5667 / 20
            4: ("84.00", "5.0000"),  # 4*84 / 4 = 336 / 4
            5: ("84.35", "13.7500"),  # (5*90 + 2*78.9091 + 4*80) / 11 = 927.8182 / 11
            6: ("80.00", "5.0000"),  # 4*80 / 4 = 320 / 4
            7: ("81.20", "11.2500"),  # (4*78.9474 + 3*85 + 2*80) / 9 = 730.7895 / 9
            8: ("69.09", "2.5000"),  # 2*69.0909 / 2 = 138.1818 / 2
        },
        full="82.23",  # 6578.3561 / 80
        # (320 + 360 + 160 + 164 + 400 + 160 + 337.0667 + 256.5 + 320 + 160 + 138.1818) / 34 = 2775.7485 / 34
        monthly="81.64",
    )
    # MQ101 has 4 of 80 in the full basket and 4 of 34 in the monthly one
    found = indicator(con, "MQ101", "360602", "2026-10")
    assert (found["weight_full"], found["contribution_full"]) == (Decimal("5"), Decimal("4"))
    assert (found["weight_monthly"], found["contribution_monthly"]) == (Decimal("11.7647"), Decimal("9.4118"))


# GLT01 of the chain comes from three counties and the city's 功能区, as shares of the whole in tenths.
PLACES = {"360602": 1, "360603": 2, "360681": 3, "360698": 4}
CHAIN: list[Line] = [
    # ttm: 46.2 + 42 / 40 * (50 - 40) = 56.7 million 万元 = 5670 of 10000 亿元; 60 + 40 * 6.7 / 50
    ("CM101", "", {}, "56.70", "65.36"),
    ("CM102", "GLT01", {"rev_cum": "46200000", "rev_cum_ly": "42000000"}, "10.0", "90.00"),  # 60 + 40 * 15/20
    # 46.2 / 462 = 10 %; a year ago 40 / 420 = 9.5238 %; r = 105; 60 + 40 * 20 / 30 = 86.6667
    ("CM103", "", {}, "10.00", "86.67"),
    ("CM104", "GLT07", {"node_cov_n": "77", "node_n": "100"}, "77.00", "84.00"),  # 60 + 40 * 27 / 45
    # 60 / (9 / 12) = 80; 60 + 40 * 40 / 60
    ("CM105", "GLT07", {"gap_done_n": "24", "gap_plan_n": "40"}, "80.00", "86.67"),
    ("CM106", "GLT07", {"buy_sme": "300", "buy_total": "1000"}, "30.00", "80.00"),  # 60 + 40 * 20 / 40
    # 60 + 40 * 22.5 / 45
    ("CM107", "GLT07", {"deep_rev_cum": "525", "rev_cum": "1000"}, "52.50", "80.00"),
    # shares 0.3, 0.3, 0.2 and Z 0.2: (0.26 - 1/4) / (3/4) = 0.013333; 1 - that = 0.986667, above 0.9:
    # 100 - 40 * 0.086667 / 0.1 = 65.3333
    ("CM108", "", {}, "0.99", "65.33"),
    ("CM201", "GLT04", {"rd_exp": "19500", "rev_year": "1000000"}, "1.95", "80.00"),  # 60 + 40 * 1.55 / 3.1
    # 60 + 40 * 0.75 / 1.45 = 80.6897
    ("CM202", "GLT04", {"patent_n": "80", "rev_year": "1000000"}, "0.80", "80.69"),
    # (3*2 + 4) / 100 * 100 = 10; 60 + 40 * ln(10/2) / ln(40/2) = 60 + 40 * 1.609438 / 2.995732
    ("CM203", "GLT06", {"plat_nat_n": "2", "plat_prov_n": "4", "ent_n": "100"}, "10.00", "81.49"),
    ("CM204", "GLT04", {"task_done_n": "14", "task_n": "40"}, "35.00", "80.00"),  # 60 + 40 * 25 / 50
    # 60 + 40 * 25 / 50
    ("CM205", "GLT04", {"hnte_rev": "450000", "rev_year": "1000000"}, "45.00", "80.00"),
    # 60 + 40 * 18.5 / 37
    ("CM206", "GLT04", {"newprod_rev": "265000", "rev_year": "1000000"}, "26.50", "80.00"),
    # 60 + 40 * 4 / 8
    ("CM207", "GLT01", {"profit_cum": "2310000", "rev_cum": "46200000"}, "5.00", "80.00"),
    ("CM208", "GLT04", {"cnc_rate": "61"}, "61.00", "84.00"),  # 60 + 40 * 21 / 35
    ("CM209", "GLT04", {"cloud_ent_n": "66", "ent_n": "120"}, "55.00", "85.71"),  # 60 + 40 * 45 / 70
    # 4 as in MQ501; 60 + 40 * 6 / 8
    (
        "CM210",
        "GLT05",
        {"energy_cum": "100800", "energy_cum_ly": "100000", "va_growth": "5"},
        "4.00",
        "90.00",
    ),
    # 60 + 40 * 20 / 40
    ("CM211", "GLT05", {"green_rev": "250000", "rev_year": "1000000"}, "25.00", "80.00"),
    ("CM301", "GLT07", {"key_safe_n": "67", "key_item_n": "100"}, "67.00", "79.64"),  # 60 + 40 * 27 / 55
    # 60 + 40 * (55 - 85) / (40 - 85)
    ("CM302", "GLT07", {"top3_buy": "550", "buy_total": "1000"}, "55.00", "86.67"),
    # growth 10, 4, 16, 4, 16, 10: mean 10, sqrt(4 * 36 / 5) = 5.366563; 60 + 40 * (5.366563 - 12) / (2 - 12)
    ("CM303", "", {}, "5.37", "86.53"),
    ("CM304", "GLT07", {"backup_n": "45", "backup_need_n": "100"}, "45.00", "80.00"),  # 60 + 40 * 35 / 70
    # 10000 * 1 / 5000000; 60 + 40 * (0.002 - 0.005) / (0 - 0.005)
    ("CM305", "GLT05", {"dead_n": "1", "rev_cum": "5000000"}, "0.0020", "84.00"),
    ("CM306", "GLT01", {"ent_loss_n": "20", "ent_n": "100"}, "20.00", "82.22"),  # 60 + 40 * (20-35) / (8-35)
    # below 25: 100 - 40 * (25 - 20) / (25 - 0)
    ("CM401", "GLT06", {"leader_rev_cum": "200", "rev_cum": "1000"}, "20.00", "92.00"),
    ("CM402", "GLT06", {"srdi_n": "40", "ent_n": "100"}, "40.00", "80.00"),  # 60 + 40 * 35 / 70
    ("CM403", "GLT07", {"cluster_rev_cum": "790", "rev_cum": "1000"}, "79.00", "80.00"),  # 60 + 40 * 19 / 38
    ("CM404", "GLT07", {"match_done_n": "25", "match_sign_n": "50"}, "50.00", "80.00"),  # 60 + 40 * 30 / 60
    # 63.75 / (9 / 12) = 85; 60 + 40 * 25 / 50
    ("CM405", "GLT07", {"proj_done": "637.5", "proj_plan": "1000"}, "85.00", "80.00"),
]
CHAIN_MONTHLY = ("CM102", "CM207", "CM306")
CHAIN_ANNUAL = ("CM106", "CM201", "CM202", "CM205", "CM206", "CM208", "CM211", "CM301", "CM302", "CM304")
# Revenue in million 万元, this year and last: what ttm, the base and the deviation need beside October.
CHAIN_BEFORE = {
    "2026-09": ("41.6", "40"), "2026-08": ("34.8", "30"), "2026-07": ("26", "25"), "2026-06": ("23.2", "20"),
    "2026-05": ("16.5", "15"), "2025-12": ("50", None), "2025-10": ("40", None),
}  # fmt: skip


def chain_facts() -> Iterator[tuple[str, str, str, dict[str, str]]]:
    def split(period: str, subchain: str, values: dict[str, str]) -> Iterator[tuple]:
        for place, tenths in PLACES.items():
            key = f"region_code={place};chain_code=NF;subchain_code={subchain}"
            yield "GLT01", period, key, {f: str(Decimal(v) * tenths / 10) for f, v in values.items()}

    keys = {"GLT04": "region_code=360000;chain_code=NF", "GLT05": "region_code=360000;chain_code=NF"}
    keys |= {"GLT06": "region_code=360600;chain_code=NF", "GLT07": "chain_code=NF"}
    for name, form, values, _, _ in CHAIN:
        frequency = "M" if name in CHAIN_MONTHLY else "A" if name in CHAIN_ANNUAL else "Q"
        if form == "GLT01":
            yield from split(PERIOD[frequency], "T", values)
        elif form:
            yield form, PERIOD[frequency], keys[form], values
    for period, (now, last_year) in CHAIN_BEFORE.items():
        given = {"rev_cum": now} if last_year is None else {"rev_cum": now, "rev_cum_ly": last_year}
        yield from split(period, "T", {f: str(Decimal(v) * 1_000_000) for f, v in given.items()})
    for subchain, share in (("NF01", "0.3"), ("NF02", "0.3"), ("NF03", "0.2"), ("Z", "0.2")):
        yield from split("2026-09", subchain, {"rev_cum": str(Decimal(share) * 41_600_000)})
    yield "GLT02", "2026-10", "region_code=360000", {"rev_cum": "462000000"}
    yield "GLT02", "2025-10", "region_code=360000", {"rev_cum": "420000000"}


def test_a_chain_by_hand(small_lists: Codes) -> None:
    """CM of NF in the small province, where GLT01 is the sum of three counties and the city's own row."""
    con = computed(merged(chain_facts()), small_lists, "2026-10", "CM")
    check_lines(con, "NF", CHAIN)
    check_totals(
        con,
        "NF",
        {
            # (6*65.36 + 4*90 + 2*86.6667 + 6*84 + 3*86.6667 + 5*80 + 2*80 + 2*65.3333) / 30 = 2380.16 / 30
            1: ("79.34", "30.0000"),
            # (6*80 + 3*80.6897 + 3*81.4897 + 3*80 + 4*80 + 3*80 + 4*80 + 3*84 + 2*85.7143 + 2*90 + 2*80) / 35
            2: ("81.43", "35.0000"),  # 2849.9668 / 35
            # (6*79.6364 + 4*86.6667 + 4*86.5337 + 2*80 + 2*84 + 2*82.2222) / 20 = 1663.0643 / 20
            3: ("83.15", "20.0000"),
            4: ("82.40", "15.0000"),  # (3*92 + 4*80 + 4*80 + 2*80 + 2*80) / 15 = 1236 / 15
        },
        full="81.29",  # 8129.1910 / 100
        # (6*65.36 + 4*90 + 2*86.6667 + 4*80 + 4*86.5337 + 2*82.2222) / 22 = 1756.0728 / 22
        monthly="79.82",
    )
    variables = dict(
        con.execute(
            "SELECT variable, value FROM result_variable WHERE subject = 'NF' AND period = '2026-10'"
            " AND indicator IN ('CM101', 'CM103', 'CM108')"
        ).fetchall()
    )
    assert variables == {
        "ttm(GLT01.rev_cum)": Decimal(56_700_000),
        "GLT01.rev_cum": Decimal(46_200_000),
        "GLT02.rev_cum[province]": Decimal(462_000_000),
        "hhi_norm(GLT01.rev_cum[subchains])": Decimal("0.0133"),
    }


# GLT03 of the cluster comes from five cities, as shares of the whole in tenths; 360600 is the core and the lead.
TOWNS = {"360600": 3, "361100": 2, "361000": 2, "360700": 1, "360100": 2}
CLUSTER: list[Line] = [
    # ttm: 99 + 90 / 75 * (85 - 75) = 111 million 万元 = 11100 亿元; ln(11100/300) / ln(12000/300)
    # = 3.610918 / 3.688879; 60 + 39.1546
    ("CA101", "", {}, "11100.00", "99.15"),
    ("CA102", "GLT03", {"rev_cum": "99000000", "rev_cum_ly": "90000000"}, "10.0", "90.00"),  # 60 + 40 * 15/20
    ("CA103", "", {}, "75.00", "85.45"),  # 99 / 132; 60 + 40 * 35 / 55
    # 29.7 / 59.4 over 132 / 528 = 0.5 / 0.25; ln(2/0.8) / ln(6/0.8) = 0.916291 / 2.014903
    ("CA104", "", {}, "2.00", "78.19"),
    # 500 万元/亩; 60 + 40 * 300 / 1000
    ("CA105", "GLT03", {"rev_year": "120000000", "land_mu": "240000"}, "500.00", "72.00"),
    # 60 + 40 * 4 / 8
    ("CA106", "GLT03", {"profit_cum": "4950000", "rev_cum": "99000000"}, "5.00", "80.00"),
    # 60 + 40 * 1.6 / 3.2
    ("CA201", "GLT03", {"rd_exp": "2880000", "rev_year": "120000000"}, "2.40", "80.00"),
    # 3 * 10 + 10 = 40; ln(40/5) / ln(100/5) = 2.079442 / 2.995732; 60 + 27.7654
    ("CA202", "GLT03", {"plat_nat_n": "10", "plat_prov_n": "10"}, "40", "87.77"),
    # 10000 * 4920 / 120000000; 60 + 40 * 0.39 / 0.78
    ("CA203", "GLT03", {"hv_patent_n": "4920", "rev_year": "120000000"}, "0.41", "80.00"),
    # 4.25 per thousand; 60 + 40 * 3.75 / 7.5
    ("CA204", "GLT03", {"tech_contract": "510000", "rev_year": "120000000"}, "4.25", "80.00"),
    # (3*70 + 2*60 + 2*60 + 1*50 + 2*55) / 10; 60 + 40 * 16 / 35
    ("CA205", "", {}, "61.00", "78.29"),
    ("CA206", "GLT03", {"smart_n": "30", "ent_n": "500"}, "6.00", "78.18"),  # 60 + 40 * 5 / 11
    # 60 + 40 * 20 / 40
    ("CA207", "GLT03", {"tech_fai_cum": "3500000", "fai_cum": "10000000"}, "35.00", "80.00"),
    # 4.5 / 90 = 0.05; a year ago 3.675 / 70 = 0.0525; r = 100 * 0.0525 / 0.05 = 105; 60 + 40 * 25 / 40
    ("CA208", "GLT03", {"energy_cum": "4500000", "rev_cum": "90000000"}, "0.05", "85.00"),
    # 60 + 40 * 22.5 / 45
    ("CA209", "GLT03", {"green_rev": "33000000", "rev_year": "120000000"}, "27.50", "80.00"),
    ("CA210", "GLT03", {"lead_n": "10"}, "10", "90.74"),  # ln 10 / ln 20 = 2.302585 / 2.995732; 60 + 30.7449
    ("CA211", "GLT03", {"lgc_n": "20"}, "20", "87.08"),  # ln(20/2) / ln(60/2) = 2.302585 / 3.401197
    ("CA212", "GLT03", {"hnte_n": "200", "ent_n": "500"}, "40.00", "77.78"),  # 60 + 40 * 20 / 45
    (
        "CA213",
        "GLT03",
        {"listed_n": "10"},
        "10",
        "94.01",
    ),  # ln 10 / ln 15 = 2.302585 / 2.708050; 60 + 34.0110
    ("CA214", "GLT03", {"ent_n": "520", "ent_n_begin": "500"}, "4.00", "81.54"),  # 60 + 40 * 7 / 13
    ("CA301", "GLT03", {"market_share": "20"}, "20.00", "81.82"),  # 60 + 40 * 18 / 33
    ("CA302", "GLT03", {"std_n": "40"}, "40", "92.48"),  # ln(40/2) / ln(80/2) = 2.995732 / 3.688879
    # 60 + 40 * 14.5 / 29
    ("CA303", "GLT03", {"exp_cum": "15500000", "sale_cum": "100000000"}, "15.50", "80.00"),
    ("CA304", "GLT03", {"brand_n": "5"}, "5", "83.77"),  # ln 5 / ln 15 = 1.609438 / 2.708050; 60 + 23.7726
    # 60 / (9 / 12) = 80; 60 + 40 * 30 / 60
    ("CA305", "GLT03", {"proj_paid": "600000", "proj_plan": "1000000"}, "80.00", "80.00"),
    ("CA401", "GLT03", {"gov_items": "5"}, "83.33", "90.05"),  # 500 / 6; 60 + 40 * 50.3333 / 67
    ("CA402", "", {}, "70.00", "93.33"),  # 100 * (1 - 0.3), above 65: 100 - 40 * 5 / 30
    # ttm in September: 90 + 84 / 70 * (85 - 70) = 108 million; 10 per thousand; 60 + 40 * 10 / 20
    ("CA403", "", {}, "10.00", "80.00"),
    ("CA404", "GLT03", {"rd_emp_n": "6500", "emp_avg": "100000"}, "6.50", "80.00"),  # 60 + 40 * 5.5 / 11
    ("CA405", "GLT03", {"svc_ent_n": "275", "ent_n": "500"}, "55.00", "80.00"),  # 60 + 40 * 35 / 70
]
LEAD = ("CA301", "CA302", "CA304", "CA401")
CLUSTER_MONTHLY = ("CA102", "CA106", "CA207", "CA214", "CA303")
CLUSTER_QUARTERLY = ("CA202", "CA206", "CA208", "CA210", "CA211", "CA213", "CA305", "CA401")


def cluster_facts(codes: Codes) -> Iterator[tuple[str, str, str, dict[str, str]]]:
    def split(period: str, values: dict[str, str]) -> Iterator[tuple]:
        for town, tenths in TOWNS.items():
            key = f"cluster_code=KCU;region_code={town}"
            yield "GLT03", period, key, {f: str(Decimal(v) * tenths / 10) for f, v in values.items()}

    lead = "cluster_code=KCU;region_code=360000"
    for name, form, values, _, _ in CLUSTER:
        frequency = "M" if name in CLUSTER_MONTHLY else "Q" if name in CLUSTER_QUARTERLY else "A"
        period = "2026-09" if frequency == "Q" else PERIOD[frequency]
        if name in LEAD:
            yield form, period, lead, values
        elif form:
            yield from split(period, values)
    yield "GLT03", "2026-09", lead, {"fund_amt": "1080000"}
    yield from split("2026-09", {"rev_cum_ly": "84000000"})
    yield from split("2025-12", {"rev_cum": "85000000"})
    yield from split("2025-10", {"rev_cum": "75000000"})
    yield from split("2025-09", {"rev_cum": "70000000", "energy_cum": "3675000"})
    for town, rate in zip(TOWNS, ("70", "60", "60", "50", "55"), strict=True):
        yield "GLT03", "2025", f"cluster_code=KCU;region_code={town}", {"cnc_rate": rate}
    for city in codes.cities:  # copper, NF01: 12 million 万元 from each of the eleven cities
        for part in ("97", "98", "99"):
            for subchain in ("T", "NF01"):
                key = f"region_code={city[:4]}{part};chain_code=NF;subchain_code={subchain}"
                yield "GLT01", "2026-10", key, {"rev_cum": "12000000" if part == "98" else "0"}
    for county in (code for city in codes.cities for code in codes.counties(city)):
        key = f"region_code={county};chain_code=NF;subchain_code=T"
        yield "GLT01", "2026-10", key, {"rev_cum": "0"}
    yield "GLT02", "2026-10", "region_code=360600", {"rev_cum": "59400000"}
    yield "GLT02", "2026-10", "region_code=360000", {"rev_cum": "528000000"}


def test_a_cluster_by_hand() -> None:
    """CA of KCU: five cities, one of them the core, and copper (NF01) of the province beside it."""
    codes = load_codes()
    con = computed(merged(cluster_facts(codes)), codes, "2026-10", "CA")
    check_lines(con, "KCU", CLUSTER)
    check_totals(
        con,
        "KCU",
        {
            # (6*99.1546 + 4*90 + 3*85.4545 + 4*78.1903 + 4*72 + 4*80) / 25 = 2132.0525 / 25
            1: ("85.28", "25.0000"),
            # (5*80 + 4*87.7654 + 3*80 + 3*80 + 4*78.2857 + 3*78.1818 + 3*80 + 2*85 + 2*80 + 4*90.7449
            #  + 5*87.0797 + 3*77.7778 + 2*94.0110 + 2*81.5385) / 45 = 3731.5602 / 45
            2: ("82.92", "45.0000"),
            # (5*81.8182 + 3*92.4839 + 3*80 + 2*83.7726 + 2*80) / 15 = 1254.0879 / 15
            3: ("83.61", "15.0000"),
            # (5*90.0498 + 3*93.3333 + 2*80 + 3*80 + 2*80) / 15 = 1290.2488 / 15
            4: ("86.02", "15.0000"),
        },
        full="84.08",  # 8407.9495 / 100
        # (6*99.1546 + 4*90 + 3*85.4545 + 4*78.1903 + 4*80 + 3*80 + 2*81.5385 + 3*80 + 3*93.3333) / 32
        monthly="86.47",  # 2767.1295 / 32
    )
    variables = con.execute(
        "SELECT indicator, variable, value FROM result_variable WHERE subject = 'KCU' AND period = '2026-10'"
        " AND indicator IN ('CA101', 'CA103', 'CA104', 'CA205', 'CA402', 'CA403') ORDER BY indicator, variable"
    ).fetchall()
    assert variables == [
        ("CA101", "ttm(GLT03.rev_cum)", Decimal(111_000_000)),
        ("CA103", "GLT01.rev_cum[chains]", Decimal(132_000_000)),
        ("CA103", "GLT03.rev_cum", Decimal(99_000_000)),
        ("CA104", "GLT01.rev_cum[chains]", Decimal(132_000_000)),
        ("CA104", "GLT02.rev_cum[core]", Decimal(59_400_000)),
        ("CA104", "GLT02.rev_cum[province]", Decimal(528_000_000)),
        ("CA104", "GLT03.rev_cum[core]", Decimal(29_700_000)),
        ("CA205", "GLT03.cnc_rate", Decimal(61)),
        ("CA402", "max_share(GLT03.rev_cum[cities])", Decimal("0.3")),
        ("CA403", "GLT03.fund_amt", Decimal(1_080_000)),
        ("CA403", "ttm(GLT03.rev_cum)", Decimal(108_000_000)),
    ]
