"""Who filed and who is missing: 报送率 and 营收覆盖率 of each form behind a release.

The forms of the period's month, of the newest quarter and of the newest year that count are listed.
营收覆盖率 weighs the offices of the lowest level that owes the form by their region's newest revenue in GLT02
(chain offices by their chain's revenue in GLT01).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
LEVELS = ("county", "city", "province", "chain")  # of the offices that file, the lowest first


def reports_behind(period: Period) -> tuple[Period, ...]:
    """The month, the newest quarter and the newest year whose reports are due for a month's release."""
    month = period.as_month()
    quarter_month = month.month - month.month % 3
    quarter = Period(month.year, quarter_month, 1) if quarter_month else Period(month.year - 1, 12, 1)
    # annual reports are due by the end of April of the next year
    return month, quarter, Period(month.year - (1 if month.month >= 4 else 2), 12, 2)


@dataclass(frozen=True)
class Share:
    """How much of what the offices of one level owe of a form for a period is there.

    Both shares count submissions that are accepted or pending; ``revenue_coverage`` weighs each with its
    office's newest revenue and is None where one is not known. ``missing`` are the offices that lack one,
    the largest revenue first.
    """

    form: str
    period: Period
    level: str
    due_n: int
    filed_n: int
    filing_rate: Decimal | None
    revenue_coverage: Decimal | None
    missing: tuple[Submitter, ...]


@dataclass(frozen=True)
class Reports:
    """What is owed behind a month's release, in which state it is, and what each office weighs."""

    offices: Mapping[str, Submitter]
    owed: Mapping[tuple[Period, str], tuple[Due, ...]]  # period and form, in order
    states: Mapping[tuple[str, str, str, str], str]  # form, submitter, subject, period
    weights: Mapping[str, Decimal]

    def state(self, item: Due) -> str:
        """The state of a submission that is owed; an empty text if none came."""
        return self.states.get((item.form, item.submitter, item.subject, str(item.period)), "")

    def level(self, item: Due) -> str:
        """The level of the office that owes it."""
        return self.offices[item.submitter].level

    def levels(self, reported: Period, form: str) -> tuple[str, ...]:
        """The levels that owe a form, the lowest first."""
        owing = {self.level(d) for d in self.owed.get((reported, form), ())}
        return tuple(level for level in LEVELS if level in owing)

    def share(self, reported: Period, form: str, level: str) -> Share:
        """The shares of one level; nobody owes anything: no shares."""
        items = [d for d in self.owed.get((reported, form), ()) if self.level(d) == level]
        filed = [d for d in items if self.state(d) in _COUNTED]
        absent = {d.submitter for d in items if self.state(d) not in _COUNTED}
        return Share(
            form, reported, level, len(items), len(filed),
            _share(Decimal(len(filed)), Decimal(len(items))),
            self._revenue_share(items, filed),
            tuple(
                self.offices[code] for code in sorted(absent, key=lambda c: (-self.weights.get(c, Decimal(0)), c))
            ),
        )  # fmt: skip

    def _revenue_share(self, items: list[Due], filed: list[Due]) -> Decimal | None:
        """None where the revenue of an office is not known."""
        if any(d.submitter not in self.weights for d in items):
            return None
        return _share(
            sum((self.weights[d.submitter] for d in filed), Decimal(0)),
            sum((self.weights[d.submitter] for d in items), Decimal(0)),
        )


def read_reports(con: duckdb.DuckDBPyConnection, codes: Codes, period: Period) -> Reports:
    """What stands behind a month's release, from ``filing`` and ``fact`` alone."""
    offices = {office.code: office for office in submitters(codes)}
    owed: dict[tuple[Period, str], list[Due]] = {}
    for reported in reports_behind(period):
        for office in offices.values():
            for item in due(codes, office, reported):
                owed.setdefault((item.period, item.form), []).append(item)
    states = {
        (form, owner, subject, reported): state
        for form, reported, owner, subject, state in con.execute(
            "SELECT form, period, submitter, subject, state FROM filing ORDER BY ALL"
        ).fetchall()
    }
    listed = {key: tuple(items) for key, items in sorted(owed.items())}
    return Reports(offices, listed, states, _weights(con, period))


def place_coverage(con: duckdb.DuckDBPyConnection, reports: Reports) -> None:
    """Make ``result_coverage`` and ``result_absent``."""
    titles = {form.code: form.title for form in load_forms() if not form.filed_by_bureau}
    rows, absent = [], []
    for (reported, form), items in reports.owed.items():
        counts = {s: sum(1 for d in items if reports.state(d) == s) for s in State}
        filed = counts[State.ACCEPTED] + counts[State.PENDING]
        lowest = reports.levels(reported, form)[0]  # no revenue is counted twice
        rows.append(
            (
                form, titles[form], str(reported), len(items), counts[State.ACCEPTED], counts[State.PENDING],
                counts[State.REJECTED], len(items) - filed - counts[State.REJECTED],
                _share(Decimal(filed), Decimal(len(items))),
                reports.share(reported, form, lowest).revenue_coverage,
            )
        )  # fmt: skip
        for item in items:
            state = reports.state(item)
            if state not in _COUNTED:
                reason = STATE_ZH[State(state)] if state else "未报"
                name = reports.offices[item.submitter].name
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
