"""Honest oddities of an ordinary month: figures that look strange and are right raise nothing hard."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from in_force import Filed
from records import CODES, ENTERPRISE, Draft, clean
from small_filings import built, filings, small

from schemas.between import check_between
from schemas.checks import check, check_earlier, prepare
from schemas.finding import Finding, Severity
from schemas.form import load_forms
from schemas.period import Period
from schemas.territory import Key

DONGHU = "360102"
FLOWS = (
    "out_cum",
    "sale_cum",
    "exp_cum",
    "rev_cum",
    "cost_cum",
    "profit_cum",
    "top1_rev_cum",
    "top2_rev_cum",
)
COUNTS = {"ent_n": "0", "ent_loss_n": "0", "emp_avg": "0", "va_growth": ""}
NOBODY = {
    c.code: "0" for f in load_forms() if f.id == "GLT01-2024" for c in f.columns if c.agg == "sum"
} | COUNTS


def found(*drafts: Draft, earlier: Sequence[Draft] = ()) -> list[Finding]:
    """What the checks of levels 0 to 2 say."""
    prepared = prepare([draft.build() for draft in drafts], CODES)
    before = Filed([draft.build() for draft in earlier])
    return [*check(prepared).findings, *check_earlier(prepared, range(len(drafts)), before).findings]


def hard(findings: Sequence[Finding]) -> list[str]:
    return [finding.sentence for finding in findings if finding.severity is Severity.HARD]


def with_row(period: str, key: Key, values: dict[str, str], form: str = "GLT01") -> Draft:
    return clean(form, period, DONGHU).put(key, **values)


def test_february_starts_from_nothing() -> None:
    """The cumulative figures of February are far below December's."""
    february = clean("GLT02", "2026-02", DONGHU)
    december = clean("GLT02", "2025-12", DONGHU).put((DONGHU,), **dict.fromkeys(FLOWS[:5], "99999"))
    findings = found(february, earlier=[december])
    assert hard(findings) == [] and "S202B" not in {f.rule for f in findings}


@pytest.mark.parametrize(("form", "key"), [("GLT01", (DONGHU, "EI", "T")), ("GLT02", (DONGHU,))])
def test_a_county_that_makes_losses(form: str, key: Key) -> None:
    losses = {"profit_cum": "-150", "loss_amt_cum": "200", "ent_loss_n": "3", "cost_cum": "1020"}
    assert hard(found(with_row("2026-10", key, losses, form))) == []


def test_a_chain_with_one_enterprise() -> None:
    alone = {"ent_n": "1", "ent_loss_n": "0", "loss_amt_cum": "0", "top1_rev_cum": "980", "top2_rev_cum": "0"}
    losing = alone | {"ent_loss_n": "1", "loss_amt_cum": "30", "profit_cum": "-30"}
    drafts = (with_row("2026-10", (DONGHU, "EI", "T"), values) for values in (alone, losing))
    assert hard(found(*drafts)) == []


def test_a_chain_that_is_not_there() -> None:
    key = (DONGHU, "AV", "T")
    values = NOBODY | {"top1_rev_cum": "0", "top2_rev_cum": "0"}
    findings = found(with_row("2026-10", key, values), earlier=[with_row("2026-09", key, values)])
    assert hard(findings) == []
    assert [f for f in findings if "chain_code=AV" in f.row_key] == []


def test_an_aircraft_maker_delivers_in_december() -> None:
    """Produced all year, sold in the last month: the ratios of sales to output are asked then alone."""
    key = (DONGHU, "AV", "T")
    waiting = {"out_cum": "9000", "out_cum_ly": "8500", "sale_cum": "900", "rev_cum": "980"}
    november = with_row("2026-11", key, waiting)
    assert found(november) == []
    delivered = {
        "out_cum": "10000",
        "out_cum_ly": "9500",
        "sale_cum": "9900",
        "rev_cum": "9800",
        "cost_cum": "8000",
    }
    findings = found(with_row("2026-12", key, delivered), earlier=[november])
    assert hard(findings) == [] and not {f.rule for f in findings} & {"S101G", "S101H", "S201B"}


def test_a_firm_that_entered_in_mid_year() -> None:
    """It is in the register from June on and in the counts from then on, with what it made before in _ly."""
    firm = ENTERPRISE | {"date_in": "2026-06"}
    register = clean("GLT08", "2026-10", DONGHU).put((firm["uscc"],), **firm)
    assert found(register) == []
    drafts = filings()
    county, copper = "360681", ("360681", "NF", "T")
    june = [k for k, row in drafts["GLT08", "2026-09", county, ""].rows.items() if row["date_in"] > "2026-01"]
    assert june and int(drafts["GLT01", "2026-10", county, ""].rows[copper]["ent_n"]) > 400
    checked = check_between(Filed(built(drafts)), [Period.parse("2026-10")], small())
    assert checked.findings == ()
