"""Earlier reports beside a form's lines: the report before (``prev``), the one before that (``prev2``), and
the same report of last year as it was filed then (``ago``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from schemas.form import Form
from schemas.frames import Wide
from schemas.in_force import InForce
from schemas.period import Period
from schemas.touch import AGO, ALIASES, PREVIOUS

OF = "of_period"  # the period of the lines that an earlier report stands beside


def periods_of(lines: pl.DataFrame) -> list[Period]:
    """The periods of these lines, in their order: a batch judges month by month and its frames hold all."""
    return sorted(Period.parse(text) for text in lines["period"].unique())


def report_before(form: Form, period: Period) -> Period | None:
    """The form's report before this one; None where the form has none that can be compared.

    The annual report of a form that is filed by quarters comes after the fourth quarter's; that of a
    form that is filed by months is final and compared with nothing.
    """
    if period.rank == 0:
        return period.previous_report()
    if period.rank == 1:
        return (
            Period(period.year, period.month - 3, 1) if period.month > 3 else Period(period.year - 1, 12, 1)
        )
    return Period(period.year, 12, 1) if "Q" in form.frequencies else None


def earlier_period(form: Form, alias: str, period: Period) -> Period | None:
    """The period that an alias means for a report of this period."""
    if alias == AGO:
        return period.same_month_last_year()
    before = report_before(form, period)
    if alias == PREVIOUS or before is None:
        return before
    return report_before(form, before)


def earlier_periods(form: Form, periods: Iterable[Period]) -> list[Period]:
    """All periods that reports of these periods are compared with, to be asked for at once."""
    found = {earlier_period(form, alias, period) for alias in ALIASES for period in periods}
    return sorted(period for period in found if period is not None)


def earlier_lines(
    form: Form, alias: str, periods: Iterable[Period], in_force: InForce
) -> tuple[pl.DataFrame, list[str]]:
    """The lines of an alias for reports of these periods (column ``of_period``), and the join's columns."""
    keys = [c.code for c in form.keys]
    wanted = {p: earlier for p in periods if (earlier := earlier_period(form, alias, p)) is not None}
    lines = in_force.lines(form.code, sorted(set(wanted.values())))
    of = pl.DataFrame(
        [(str(period), str(earlier)) for period, earlier in sorted(wanted.items())],
        schema={OF: pl.String, "period": pl.String},
        orient="row",
    )
    # of two offices that filed one key neither can be told to be the earlier report
    alone = lines.filter(~pl.struct("period", *keys).is_duplicated())
    return alone.join(of, on="period"), [OF, *keys]


def compared_with(wide: Wide, line: int, earlier: Sequence[tuple[str, str]], in_force: InForce) -> str:
    """What a line was compared with: ``2026-09 第1版 GLT02 F12 237480、…``; file names have no part in it."""
    period = Period.parse(wide.submissions[wide.origins[line][0]].period)
    row_key = wide.row_key(wide.keys[line])
    told = []
    for alias, field in earlier:
        at = earlier_period(wide.form, alias, period)
        lines = in_force.lines(wide.form.code, [at]) if at else None
        filers = lines.filter(pl.col("row_key") == row_key)["submitter"] if lines is not None else ()
        for filer in filers:
            place = in_force.place(wide.form.code, str(at), filer, row_key, field)
            if place is not None:
                told.append(f"{at} 第{place.version}版 {place.sheet} {place.cell} {place.raw}".rstrip())
    return "；".join(dict.fromkeys(told))
