"""The closed grammar, its SQL and its units."""

from decimal import Decimal

import duckdb
import pytest

from indices.compile import Formula, readings_sql, value_sql
from indices.expression import (
    Binary,
    ExpressionError,
    Field,
    Number,
    Ratio,
    Spread,
    Std,
    Ttm,
    fields,
    leaves,
    parse,
)  # fmt: skip
from indices.units import UnitError, expression_unit, unit_of
from schemas.form import load_forms

FORMS = {form.code: form for form in load_forms() if not form.filed_by_bureau}


def test_parses_every_kind_of_node() -> None:
    node = parse("100 * ttm(GLT01.rev_cum) / (target_2026 * 10000)")
    assert isinstance(node, Binary) and node.op == "/"
    assert list(leaves(node)) == [Ttm(Field("GLT01", "rev_cum"))]
    assert parse("pct(GLT03.rev_cum, GLT01.rev_cum[chains])") == Ratio(
        "pct", Field("GLT03", "rev_cum"), Field("GLT01", "rev_cum", "chains")
    )
    assert isinstance(parse("hhi_norm(GLT01.rev_cum[subchains])"), Spread)
    std = parse("std(yoy(GLT01.rev_cum, GLT01.rev_cum_ly), 11)")
    assert isinstance(std, Std) and std.reports == 11
    assert [f.code for f in fields(std)] == ["rev_cum", "rev_cum_ly"]
    assert parse("0.5") == Number(Decimal("0.5"))


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')", "GLT01.rev_cum ** 2", "GLT01.rev_cum if 1 else 2", "foo(GLT01.rev_cum)",
        "pct(GLT01.rev_cum)", "GLT01.rev_cum[elsewhere]", "GLT01", "lambda: 1", "pct(GLT01.a, b=1)", "1 +", "'text'",
        "std(GLT01.rev_cum, 1.5)", "std(GLT01.rev_cum, 5)", "std(std(GLT01.rev_cum, 6), 6)", "GLT01.rev_cum * 0x10",
        "GLT01.rev_cum * 1e5", "1_000 * GLT01.rev_cum", "GLT01.rev_cum > 1", "True", "a.b.c", "ttm(1)",
    ],
)  # fmt: skip
def test_refuses_what_is_outside_the_grammar(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


def value(text: str, **columns: str) -> Decimal | None:
    """Evaluate an expression with the given leaf values."""
    node = parse(text)
    names = {str(leaf): f"c{n}" for n, leaf in enumerate(dict.fromkeys(leaves(node)))}
    joins = " CROSS JOIN ".join(
        f"(SELECT {columns[name.split('.')[1]]}::DECIMAL(28,12) AS {alias})" for name, alias in names.items()
    )
    query = f"SELECT {value_sql(node, names)} FROM (SELECT 202610 AS month) AS m" + (
        f" CROSS JOIN {joins}" if joins else ""
    )
    return duckdb.sql(query).fetchall()[0][0]


def test_arithmetic_is_exact_to_twelve_decimals() -> None:
    assert value("yoy(F.a, F.b)", a="110", b="100") == Decimal("10.000000000000")
    assert value("pct(F.a, F.b)", a="1", b="3") == Decimal("33.333333333333")
    assert value("per(F.a, F.b) * 10000", a="1", b="30000") == Decimal("0.333333330000")
    assert value("30 * month * F.a / F.b", a="200", b="1000") == Decimal("60")
    assert value("pct(F.a, F.b)", a="1", b="0") is None
    assert value("F.a / year_progress", a="75", b="0") == Decimal("90.000000000036")


def test_energy_intensity_by_hand() -> None:
    # energy +3 %, value added +8 %: 1 - 1.03 / 1.08 = 4.629629... %
    found = value("-(((1 + yoy(F.a, F.b)/100) / (1 + F.g/100)) - 1) * 100", a="103", b="100", g="8")
    assert found is not None and abs(found - Decimal("4.629629629630")) < Decimal("1e-9")


@pytest.mark.parametrize(
    ("expression", "unit"),
    [
        ("pct(GLT02.profit_cum, GLT02.rev_cum)", "%"),
        ("per(GLT04.patent_n, GLT04.rev_year) * 10000", "件/亿元"),
        ("per(GLT05.water_year, GLT05.va_year) * 10000", "立方米/万元"),
        ("per(GLT06.srdi_n, GLT06.ent_n) * 100", "家/百家"),
        ("30 * month * GLT02.ar_end / GLT02.rev_cum", "天"),
        ("ttm(GLT03.rev_cum) / 10000", "亿元"),
        ("100 * ttm(GLT01.rev_cum) / (target_2026 * 10000)", "%"),
        ("per(GLT03.fund_amt, ttm(GLT03.rev_cum)) * 1000", "‰"),
    ],
)
def test_units_agree(expression: str, unit: str) -> None:
    assert expression_unit(parse(expression), FORMS) == unit_of(unit)


def test_a_factor_of_ten_thousand_is_seen() -> None:
    found = expression_unit(parse("per(GLT04.patent_n, GLT04.rev_year)"), FORMS)
    assert found.factor / unit_of("件/亿元").factor == 10000
    with pytest.raises(UnitError):
        expression_unit(parse("GLT02.rev_cum + GLT02.ent_n"), FORMS)
    with pytest.raises(UnitError):
        unit_of("桶")


def test_expressions_of_one_shape_are_stated_once_and_read_at_their_own_moments() -> None:
    """Two shares and a growth: one quotient for both shares, each over its own leaves; the growth in March alone."""
    quarters = "t0 % 100 % 3 = 0"
    query = readings_sql(
        [
            Formula("X", "X1", parse("pct(F.a, F.b)"), "true"),
            Formula("X", "X2", parse("pct(F.c, F.a)"), "true"),
            Formula("Y", "Y1", parse("yoy(F.a, F.b)"), quarters),
        ]
    )
    assert query.count("* (x0)") == 1 and query.count("x0 - x1") == 1
    with duckdb.connect() as con:
        con.execute(
            "CREATE TABLE subject AS FROM (VALUES ('X', 's', 1.0), ('Y', 's', 1.0), ('Y', 'u', 1.0)) AS t(index_code,"
            " subject, target_2026); CREATE TABLE moment AS FROM (VALUES ('plain', 202602, 202602, false),"
            " ('plain', 202603, 202603, false)) AS t(variant, t0, month, annual)"
        )
        con.execute(
            "CREATE TABLE node_value AS SELECT node, subject, 'plain' AS variant, month AS t0, month, false AS annual,"
            " value::DECIMAL(28,12) AS value, mark, 1::DECIMAL(9,4) AS coverage, '' AS brk, '' AS reason, 1 AS cells"
            " FROM (VALUES ('F.a', 's', 202602, 30, ''), ('F.b', 's', 202602, 60, ''), ('F.a', 's', 202603, 30, ''),"
            " ('F.b', 's', 202603, 0, ''), ('F.c', 's', 202603, NULL, 'W'), ('F.a', 'u', 202602, 1, '')"
            ") AS t(node, subject, month, value, mark)"
        )
        rows = con.execute(
            f"SELECT name, subject, month, value, zero, mark, cells FROM ({query}) ORDER BY ALL"
        ).fetchall()
    assert rows == [
        ("X1", "s", 202602, 50, False, "", 2),
        ("X1", "s", 202603, None, True, "", 2),
        ("X2", "s", 202602, None, False, "", 1),  # no row of F.c at all
        ("X2", "s", 202603, None, False, "W", 2),
        ("Y1", "s", 202603, None, True, "", 2),
    ]


def test_what_stands_beside_a_reading() -> None:
    """C before W before N; the least coverage; any break; the reason of the first leaf that has one; its own target."""
    formulas = [
        Formula("X", "X1", parse("100 * F.a / (target_2026 * 10000)"), "variant = 'plain'"),
        Formula("X", "X2", parse("F.b + F.a + F.c"), "true"),
    ]
    with duckdb.connect() as con:
        con.execute(
            "CREATE TABLE subject AS FROM (VALUES ('X', 's', 2.0), ('X', 'u', 4.0)) AS t(index_code, subject,"
            " target_2026); CREATE TABLE moment AS FROM (VALUES ('plain', 202602, 202602, false),"
            " ('base', 202602, 202502, false)) AS t(variant, t0, month, annual)"
        )
        con.execute(
            "CREATE TABLE node_value AS SELECT node, subject, variant, 202602 AS t0, month, false AS annual,"
            " value::DECIMAL(28,12) AS value, mark, coverage::DECIMAL(9,4) AS coverage, brk, reason, 1 AS cells FROM (VALUES"
            " ('F.a', 's', 'plain', 202602, 800, 'N', 0.98, '', '甲'), ('F.b', 's', 'plain', 202602, NULL, 'W', 0.97, 'B', ''),"
            " ('F.c', 's', 'plain', 202602, NULL, 'C', NULL, '', '丙'), ('F.a', 's', 'base', 202502, 1, '', 1, '', ''),"
            " ('F.a', 'u', 'plain', 202602, 800, '', 1, '', ''), ('F.b', 'u', 'plain', 202602, 1, 'N', 1, '', ''),"
            " ('F.c', 'u', 'plain', 202602, 2, 'W', 1, '', '丙'), ('F.a', 'u', 'plain', 202601, 1, '', 1, '', '')"
            ") AS t(node, subject, variant, month, value, mark, coverage, brk, reason)"
        )
        rows = con.execute(
            "SELECT name, subject, variant, month, value, mark, coverage, brk, reason, cells"
            f" FROM ({readings_sql(formulas)}) ORDER BY ALL"
        ).fetchall()
    least = Decimal("0.97")
    assert rows == [
        ("X1", "s", "plain", 202602, 4, "N", Decimal("0.98"), "", "甲", 1),
        ("X1", "u", "plain", 202602, 2, "", 1, "", "", 1),
        ("X2", "s", "base", 202502, None, "", 1, "", "", 1),
        ("X2", "s", "plain", 202602, None, "C", least, "B", "甲", 3),  # 甲: of F.a, named before F.c
        ("X2", "u", "plain", 202602, 803, "W", 1, "", "丙", 3),
    ]
