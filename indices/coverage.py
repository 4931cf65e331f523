"""Who filed and who is missing: 报送率 and 营收覆盖率 of each form behind a release.

The forms of the period's month, of the newest quarter and of the newest year that count are listed.
营收覆盖率 weighs the offices of the lowest level that owes the form by their region's newest revenue in GLT02
(chain offices by their chain's revenue in GLT01).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal

import duckdb
import polars as pl

from indices.parameters import place_table
from schemas.codes import Codes
from schemas.finding import STATE_ZH, State
from schemas.form import load_forms
from schemas.period import Period
from schemas.territory import Due, Submitter, due, submitters

_COUNTED = (State.ACCEPTED, State.PENDING)


def reports_behind(period: Period) -> tuple[Period, ...]:
    """The month, the newest quarter and the newest year whose reports are due for a month's release."""
    month = period.as_month()
    quarter_month = month.month - month.month % 3
    quarter = Period(month.year, quarter_month, 1) if quarter_month else Period(month.year - 1, 12, 1)
    # annual reports are due by the end of April of the next year
    return month, quarter, Period(month.year - (1 if month.month >= 4 else 2), 12, 2)


def place_coverage(con: duckdb.DuckDBPyConnection, codes: Codes, period: Period) -> None:
    """Make ``result_coverage`` and ``result_absent`` from ``filing`` and ``fact`` alone."""
    titles = {form.code: form.title for form in load_forms() if not form.filed_by_bureau}
    offices = {office.code: office for office in submitters(codes)}
    owed = [d for p in reports_behind(period) for office in offices.values() for d in due(codes, office, p)]
    states = {
        (form, owner, subject, reported): state
        for form, reported, owner, subject, state in con.execute(
            "SELECT form, period, submitter, subject, state FROM filing ORDER BY ALL"
        ).fetchall()
    }
    weights = _weights(con, period)
    groups: dict[tuple[Period, str], list[Due]] = {}
    for item in owed:
        groups.setdefault((item.period, item.form), []).append(item)
    rows, absent = [], []
    for (reported, form), items in sorted(groups.items()):
        state_of = {d: states.get((form, d.submitter, d.subject, str(reported)), "") for d in items}
        counts = {s: sum(1 for v in state_of.values() if v == s) for s in State}
        filed = counts[State.ACCEPTED] + counts[State.PENDING]
        rows.append(
            (
                form, titles[form], str(reported), len(items), counts[State.ACCEPTED], counts[State.PENDING],
                counts[State.REJECTED], len(items) - filed - counts[State.REJECTED],
                _share(Decimal(filed), Decimal(len(items))),
                _revenue_share(_lowest_level(items, offices), state_of, weights),
            )
        )  # fmt: skip
        for item, state in state_of.items():
            if state not in _COUNTED:
                reason = STATE_ZH[State(state)] if state else "未报"
                name = offices[item.submitter].name
                absent.append(
                    (form, str(reported), item.submitter, name, item.subject, state or "absent", reason)
                )
    text, number, share = pl.String, pl.Int32, pl.Decimal(9, 4)
    place_table(
        con,
        "result_coverage",
        {
            "form": text, "form_title": text, "period": text, "due_n": number, "accepted_n": number,
            "pending_n": number, "rejected_n": number, "absent_n": number, "filing_rate": share,
            "revenue_coverage": share,
        },
        rows,
    )  # fmt: skip
    names = ("form", "period", "submitter", "submitter_name", "subject", "state", "reason")
    place_table(con, "result_absent", dict.fromkeys(names, text), absent)


def _lowest_level(items: list[Due], offices: Mapping[str, Submitter]) -> list[Due]:
    """The submissions of the lowest level of offices that owes a form: no revenue is counted twice."""
    for level in ("county", "city", "province", "chain"):
        found = [d for d in items if offices[d.submitter].level == level]
        if found:
            return found
    return []


def _weights(con: duckdb.DuckDBPyConnection, period: Period) -> dict[str, Decimal]:
    """The newest known revenue of every region and chain, in 万元."""
    rows = con.execute(
        "SELECT region_code, max_by(value, (ref_month, source)) FROM fact WHERE form = 'GLT02'"
        " AND field = 'rev_cum' AND NOT annual AND ref_month <= $month GROUP BY region_code"
        " UNION ALL SELECT chain_code, max_by(revenue, (ref_month, source)) FROM ("
        "  SELECT chain_code, ref_month, source, sum(value) AS revenue FROM fact WHERE form = 'GLT01'"
        "  AND field = 'rev_cum' AND subchain_code = 'T' AND ref_month <= $month GROUP BY ALL)"
        " GROUP BY chain_code",
        {"month": period.ref_month},
    ).fetchall()
    return {code: value for code, value in rows if value is not None}


def _share(part: Decimal, whole: Decimal) -> Decimal | None:
    return (part / whole).quantize(Decimal("0.0001"), ROUND_DOWN) if whole else None


def _revenue_share(
    items: list[Due], state_of: Mapping[Due, str], weights: Mapping[str, Decimal]
) -> Decimal | None:
    """None where the revenue of an office is not known."""
    if any(d.submitter not in weights for d in items):
        return None
    filed = sum((weights[d.submitter] for d in items if state_of[d] in _COUNTED), Decimal(0))
    return _share(filed, sum((weights[d.submitter] for d in items), Decimal(0)))
