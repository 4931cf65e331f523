"""One case that breaks and one that keeps each check, from the cases that the tests of its kind stand on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import test_rules_earlier as earlier
from between_cases import SPOILT, Spoilt
from in_force import Filed
from openpyxl.worksheet.worksheet import Worksheet
from records import Draft, check, clean
from sheets import at, edited, filled, one, place, put
from small_filings import built, filings, small
from test_checks import SHARED
from test_rules import FAILING
from test_rules_soft import SOFT

from schemas.between import check_between
from schemas.between_rule import load_between
from schemas.checks import Checked
from schemas.finding import Finding
from schemas.period import Period
from schemas.territory import Key

_FOLDER = TemporaryDirectory(prefix="gallery")  # gone with the process


@dataclass(frozen=True)
class Seen:
    """What was said of one case: the rule's findings and outcomes, and the cells that should be named.

    ``outcomes`` is empty for what the reader judges: there no finding is a pass.
    """

    findings: tuple[Finding, ...]
    outcomes: frozenset[str] = frozenset()
    cells: tuple[str, ...] = ()


@dataclass(frozen=True)
class Exhibit:
    """A check with something that breaks it and something near by that does not."""

    rule: str
    broken: Callable[[], Seen]
    kept: Callable[[], Seen]


def _said(checked: Checked, rule: str, cells: Iterable[str] = ()) -> Seen:
    names = checked.outcomes.filter(checked.outcomes["rule"] == rule)["outcome"]
    findings = tuple(finding for finding in checked.findings if finding.rule == rule)
    return Seen(findings, frozenset(names), tuple(cells))


# A condition that clean figures do not meet, met without a fault
NOTHING = dict.fromkeys(
    ("ent_n", "ent_n_begin", "ent_new_n", "ent_exit_n", "ent_loss_n", "loss_amt_cum", "out_cum", "rev_cum"), "0"
)  # fmt: skip
NO_LOSSES = {"ent_loss_n": "0", "loss_amt_cum": "0"}
MET: Mapping[str, Mapping[str, str]] = {
    "H101C": NOTHING, "H102C": NOTHING, "H101D": NO_LOSSES, "H102D": NO_LOSSES, "H327": NO_LOSSES,
}  # fmt: skip


def _inside(
    rule: str, form: str, period: str, office: str, subject: str, key: Key,
    wrong: Mapping[str, str], right: Mapping[str, str], fields: str,
) -> Exhibit:  # fmt: skip
    def judged(values: Mapping[str, str]) -> Seen:
        draft = clean(form, period, office, subject)
        draft.put(key, **{name: value for name, value in values.items() if name in _names(draft)})
        return _said(check([draft.build()]), rule, (draft.address(key, code) for code in fields.split()))

    return Exhibit(rule, lambda: judged(wrong), lambda: judged(right))


def _names(draft: Draft) -> set[str]:
    return {column.code for column in draft.form.columns}


def _chain_and_its_parts() -> Exhibit:
    """H302: 980 x 1.0001 + 1 = 981.098."""
    whole, parts = ("360102", "EI", "T"), [("360102", "EI", "EI01"), ("360102", "EI", "Z")]

    def judged(second: str) -> Seen:
        draft = clean("GLT01", "2026-10", "360102")
        for key, revenue in zip(parts, ("500", second), strict=True):
            draft.rows[key] = draft.rows[whole] | {"rev_cum": revenue}
        cells = (draft.address(key, "rev_cum") for key in (whole, *parts))
        return _said(check([draft.build()]), "H302", cells)

    return Exhibit("H302", lambda: judged("481.0981"), lambda: judged("481.098"))


def _shared() -> Iterator[Exhibit]:
    """The rules that all forms share: a clean form keeps them."""
    for rule, form, period, office, subject, spoil, key, fields in SHARED:
        if not rule.startswith("H"):
            continue

        def broken(
            rule=rule, form=form, period=period, office=office, subject=subject, spoil=spoil, key=key,
            fields=fields,
        ) -> Seen:  # fmt: skip
            draft = clean(form, period, office, subject)
            old = next(iter(draft.rows))
            spoil(draft)
            if key is None:  # the key itself is spoilt: the row moves under it
                key = next(k for k in draft.rows if k != old)
                draft.rows[key] = draft.rows.pop(old) | draft.rows[key] | {"uscc": key[0]}
            return _said(check([draft.build()]), rule, (draft.address(key, code) for code in fields))

        def kept(rule=rule, form=form, period=period, office=office, subject=subject) -> Seen:
            return _said(check([clean(form, period, office, subject).build()]), rule)

        yield Exhibit(rule, broken, kept)


def _read() -> Iterator[Exhibit]:
    """What the reader judges, on an official workbook with one cell changed."""

    def of(data: bytes, rule: str, cells: tuple[str, ...] = ()) -> Seen:
        return Seen(tuple(f for f in one(data).findings if f.rule == rule), cells=cells)

    def clean_book() -> bytes:
        return filled()[0]

    for rule, label, value in (
        ("H001", "填表人：", None), ("H002", "有效期至：", "2025年12月"), ("H003", "报告期：", "2026年1月"),
        ("H008", "计量单位：", "亿元"),
    ):  # fmt: skip

        def head(rule=rule, label=label, value=value) -> Seen:
            cells: list[str] = []

            def change(sheet: Worksheet) -> None:
                row, column = place(sheet, label)
                beside = next(c for c in range(column + 1, 100) if sheet.cell(row, c).value is not None)
                sheet.cell(row, beside).value = value
                # of what is not there, the label is named
                cells.append(sheet.cell(row, column if value is None else beside).coordinate)

            return of(edited(clean_book(), change), rule, tuple(cells))

        yield Exhibit(rule, head, lambda rule=rule: of(clean_book(), rule))

    def text() -> Seen:
        data = clean_book()
        return of(put(data, at(data, "rev_cum"), "约5"), "H007", (at(data, "rev_cum"),))

    yield Exhibit("H007", text, lambda: of(clean_book(), "H007"))


def _against_earlier() -> Iterator[Exhibit]:
    """The rules of level 2 on a series of reports."""
    for rule, form, key, wrong, right, fields in earlier.EARLIER:

        def judged(values, rule=rule, form=form, key=key, fields=fields) -> Seen:
            now, before = earlier.series(form, key, **values)
            return _said(earlier.judged(now, before), rule, (now.address(key, f) for f in fields.split()))

        yield Exhibit(rule, lambda j=judged, v=wrong: j(v), lambda j=judged, v=right: j(v))

    ppi = earlier.with_ppi(Path(_FOLDER.name) / "codes", "2")
    for rule, form, key in (("S201F", "GLT01", earlier.EI), ("S202F", "GLT02", earlier.COUNTY)):

        def growth(value, rule=rule, form=form, key=key) -> Seen:
            now, before = earlier.series(form, key, va_growth=value)
            return _said(earlier.judged(now, before, ppi), rule, [now.address(key, "va_growth")])

        yield Exhibit(rule, lambda g=growth: g("14.9"), lambda g=growth: g("14.7"))

    for later in (
        _Later("S331", "GLT03", earlier.KEI, "2026-10", ("2026-09", "2025-10"), "rev_cum", "179999", "180000",
               earlier.CLUSTER | {"rev_cum": "180000"}),
        _Later("S334", "GLT02", earlier.COUNTY, "2025", ("2024",), "land_mu", "1200.1", "1200",
               {"land_mu": "1000"}),
        _Later("S326", "GLT07", ("EI",), "2026Q3", ("2026Q2", "2025Q4"), "node_n", "8", "9",
               dict.fromkeys(("node_n", "gap_plan_n", "key_item_n", "backup_need_n", "proj_plan"), "9")),
    ):  # fmt: skip
        yield Exhibit(
            later.rule, lambda one=later: one.seen(one.wrong), lambda one=later: one.seen(one.right)
        )


@dataclass(frozen=True)
class _Later:
    """A report with one field unlike that of the reports before it."""

    rule: str
    form: str
    key: Key
    period: str
    before: tuple[str, ...]
    field: str
    wrong: str
    right: str
    values: Mapping[str, str]

    def seen(self, value: str) -> Seen:
        now = earlier.report(self.form, self.period, self.key, {**self.values, self.field: value})
        then = [earlier.report(self.form, period, self.key, dict(self.values)) for period in self.before]
        return _said(earlier.judged(now, then), self.rule, [now.address(self.key, self.field)])


def _anomalies() -> Iterator[Exhibit]:
    """Units in doubt, copies, and growth unlike that of peers."""
    key = earlier.COUNTY

    def unit(value: str) -> Seen:
        now, before = earlier.series("GLT02", key, exp_cum=value)
        return _said(earlier.judged(now, before[:2]), "S009", [now.address(key, "exp_cum")])

    def copied(values: Mapping[str, str]) -> Seen:
        _, before = earlier.series("GLT02", key)
        now = earlier.report("GLT02", "2026-10", key, dict(values))
        return _said(earlier.judged(now, before), "S322", [now.address(key, "rev_cum")])

    def grown(rate: float) -> Seen:
        counties = earlier.CODES.counties(earlier.NANCHANG)[:7]
        rates = dict(zip(counties, (1.03, 1.04, 1.05, 1.06, 1.07, 1.055, rate), strict=True))
        submissions = earlier.peers(rates)
        address = next(c.address for c in submissions[6].cells if c.field == "rev_cum")
        prepared = earlier.prepare(submissions, earlier.CODES)
        return _said(earlier.check_earlier(prepared, range(7), Filed([])), "S321", [address])

    yield Exhibit("S009", lambda: unit("190000"), lambda: unit("20500"))
    yield Exhibit("S322", lambda: copied(earlier.BEFORE), lambda: copied(earlier.BIG))
    yield Exhibit("S321", lambda: grown(1.30), lambda: grown(1.045))


def _between() -> Iterator[Exhibit]:
    """The rules of level 3 on what the small province files."""
    for spoilt in SPOILT:

        def judged(values: Mapping[str, str], spoilt: Spoilt = spoilt) -> Seen:
            drafts = filings()
            drafts[spoilt.name].put(spoilt.key, **values)
            rules = [r for r in load_between() if (r.id, r.case) == (spoilt.rule, spoilt.case)]
            checked = check_between(Filed(built(drafts)), [Period.parse(spoilt.judged)], small(), rules)
            cells = tuple(drafts[spoilt.about].address(key, field) for key, field in spoilt.cells)
            return Seen(checked.findings, frozenset(checked.outcomes["outcome"]), cells)

        yield Exhibit(
            spoilt.rule, lambda j=judged, s=spoilt: j(s.wrong), lambda j=judged, s=spoilt: j(s.right)
        )


def exhibits() -> list[Exhibit]:
    """All of them, several for some checks."""
    hard = [_inside(*case[:-1], MET.get(case[0], {}), case[-1]) for case in FAILING]
    soft = [
        _inside(*case[:4], "", *case[4:6], {} if case[0] == "S333" else case[6], case[7]) for case in SOFT
    ]
    others = (_read(), _shared(), _against_earlier(), _anomalies(), _between())
    return [*hard, *soft, _chain_and_its_parts(), *(one for many in others for one in many)]
