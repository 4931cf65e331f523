"""One case that breaks and one that keeps each check, from the cases that the tests of its kind stand on.

Cases that may stand in one batch are judged in one, when the first of them is asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import test_rules_earlier as earlier
from between_cases import SPOILT, Spoilt
from in_force import Filed
from openpyxl.worksheet.worksheet import Worksheet
from records import Draft, Outcomes, check, clean, outcomes_of_each
from sheets import at, edited, filled, one, place, put
from small_filings import built, filings, small
from test_checks import SHARED, spoilt
from test_rules import CHAIN, COUNTY, EI, FAILING, KEI, SUBCHAINS, with_subchains
from test_rules_soft import SOFT

from schemas.between import check_between
from schemas.between_rule import load_between
from schemas.checks import Checked
from schemas.finding import Finding
from schemas.form import form_for
from schemas.period import Period
from schemas.reading.record import Submission
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


class _Batch:
    """Submissions that are judged together; they may be versions of one report."""

    def __init__(self, judge: Callable[[Sequence[Submission]], Checked]) -> None:
        self._judge = judge
        self._submissions: list[Submission] = []

    def taking(self, draft: Draft, rule: str, cells: Iterable[str] = ()) -> Callable[[], Seen]:
        """Take one more; the call gives what the rule says of it."""
        place, named = len(self._submissions), tuple(cells)
        self._submissions.append(draft.build())

        def seen() -> Seen:
            findings, outcomes = self._said[place]
            assert outcomes[rule]
            return Seen(tuple(f for f in findings if f.rule == rule), frozenset(outcomes[rule]), named)

        return seen

    @cached_property
    def _said(self) -> list[tuple[tuple[Finding, ...], Outcomes]]:
        found = self._judge(self._submissions).per_submission
        return list(zip(found, outcomes_of_each(self._submissions, self._judge), strict=True))


# A condition that clean figures do not meet, met without a fault
NOTHING = dict.fromkeys(
    ("ent_n", "ent_n_begin", "ent_new_n", "ent_exit_n", "ent_loss_n", "loss_amt_cum", "out_cum", "rev_cum"), "0"
)  # fmt: skip
NO_LOSSES = {"ent_loss_n": "0", "loss_amt_cum": "0"}
MET: Mapping[str, Mapping[str, str]] = {
    "H101C": NOTHING, "H102C": NOTHING, "H101D": NO_LOSSES, "H102D": NO_LOSSES, "H327": NO_LOSSES,
}  # fmt: skip


def _inside(
    batch: _Batch, rule: str, form: str, period: str, office: str, subject: str, key: Key,
    wrong: Mapping[str, str], right: Mapping[str, str], fields: str,
) -> Exhibit:  # fmt: skip
    named = {column.code for column in form_for(form, Period.parse(period)).columns}

    def judged(values: Mapping[str, str]) -> Callable[[], Seen]:
        draft = clean(form, period, office, subject)
        draft.put(key, **{name: value for name, value in values.items() if name in named})
        return batch.taking(draft, rule, (draft.address(key, code) for code in fields.split()))

    return Exhibit(rule, judged(wrong), judged(right))


def _chain_and_its_parts(batch: _Batch) -> Exhibit:
    """H302."""

    def judged(second: str) -> Callable[[], Seen]:
        draft = with_subchains("500", second)
        return batch.taking(draft, "H302", (draft.address(key, "rev_cum") for key in (EI, *SUBCHAINS)))

    return Exhibit("H302", judged("481.0981"), judged("481.098"))


def _shared(batch: _Batch) -> Iterator[Exhibit]:
    """The rules that all forms share: a clean form keeps them."""
    for rule, form, period, office, subject, spoil, key, fields in SHARED:
        if not rule.startswith("H"):
            continue
        draft, key = spoilt(form, period, office, subject, spoil, key)
        broken = batch.taking(draft, rule, (draft.address(key, code) for code in fields))
        yield Exhibit(rule, broken, batch.taking(clean(form, period, office, subject), rule))


def _read() -> Iterator[Exhibit]:
    """What the reader judges, on an official workbook with one cell changed."""

    def of(data: bytes, rule: str, cells: tuple[str, ...] = ()) -> Seen:
        return Seen(tuple(f for f in one(data).findings if f.rule == rule), cells=cells)

    book, _ = filled()

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

            return of(edited(book, change), rule, tuple(cells))

        yield Exhibit(rule, head, lambda rule=rule: of(book, rule))

    def text() -> Seen:
        return of(put(book, at(book, "rev_cum"), "约5"), "H007", (at(book, "rev_cum"),))

    yield Exhibit("H007", text, lambda: of(book, "H007"))


def _against_earlier() -> Iterator[Exhibit]:
    """The rules of level 2, units in doubt and copies: reports with the same ones before them."""
    lists = dict.fromkeys(("node_n", "gap_plan_n", "key_item_n", "backup_need_n", "proj_plan"), "9")
    cluster, land = earlier.CLUSTER | {"rev_cum": "180000"}, {"land_mu": "1000"}
    before = [
        *(
            draft
            for form, key in (("GLT01", EI), ("GLT02", COUNTY))
            for draft in earlier.series(form, key)[1]
        ),
        *(earlier.report("GLT03", period, KEI, cluster) for period in ("2026-09", "2025-10")),
        earlier.report("GLT02", "2024", COUNTY, land),
        *(earlier.report("GLT07", period, CHAIN, lists) for period in ("2026Q2", "2025Q4")),
    ]
    index = earlier.with_ppi(Path(_FOLDER.name) / "codes", "2")
    batch = _Batch(lambda submissions: earlier.judged_together(submissions, before, index))

    def judged(
        rule: str, form: str, period: str, key: Key, values: Mapping[str, str], fields: str
    ) -> Callable[[], Seen]:
        now = earlier.report(form, period, key, dict(values))
        return batch.taking(now, rule, (now.address(key, field) for field in fields.split()))

    big = earlier.BIG
    for rule, form, period, key, wrong, right, fields in (
        *((rule, form, "2026-10", key, big | wrong, big | right, fields)
          for rule, form, key, wrong, right, fields in earlier.EARLIER),
        *((rule, form, "2026-10", key, big | {"va_growth": "14.9"}, big | {"va_growth": "14.7"}, "va_growth")
          for rule, form, key in (("S201F", "GLT01", EI), ("S202F", "GLT02", COUNTY))),
        ("S331", "GLT03", "2026-10", KEI, cluster | {"rev_cum": "179999"}, cluster, "rev_cum"),
        ("S334", "GLT02", "2025", COUNTY, land | {"land_mu": "1200.1"}, land | {"land_mu": "1200"}, "land_mu"),
        ("S326", "GLT07", "2026Q3", CHAIN, lists | {"node_n": "8"}, lists, "node_n"),
        ("S009", "GLT02", "2026-10", COUNTY, big | {"exp_cum": "190000"}, big | {"exp_cum": "20500"}, "exp_cum"),
        ("S322", "GLT02", "2026-10", COUNTY, earlier.BEFORE, big, "rev_cum"),
    ):  # fmt: skip
        yield Exhibit(
            rule,
            judged(rule, form, period, key, wrong, fields),
            judged(rule, form, period, key, right, fields),
        )


def _peers() -> Iterator[Exhibit]:
    """Growth unlike that of peers."""

    def grown(rate: float) -> Seen:
        counties = earlier.CODES.counties(earlier.NANCHANG)[:7]
        rates = dict(zip(counties, (1.03, 1.04, 1.05, 1.06, 1.07, 1.055, rate), strict=True))
        submissions = earlier.peers(rates)
        address = next(c.address for c in submissions[6].cells if c.field == "rev_cum")
        prepared = earlier.prepare(submissions, earlier.CODES)
        checked = earlier.check_earlier(prepared, range(7), Filed([]))
        outcomes = checked.outcomes.filter(checked.outcomes["rule"] == "S321")["outcome"]
        return Seen(tuple(f for f in checked.findings if f.rule == "S321"), frozenset(outcomes), (address,))

    yield Exhibit("S321", lambda: grown(1.30), lambda: grown(1.045))


def _between() -> Iterator[Exhibit]:
    """The rules of level 3 on what the small province files."""
    for case in SPOILT:

        def judged(values: Mapping[str, str], case: Spoilt = case) -> Seen:
            drafts = filings()
            drafts[case.name].put(case.key, **values)
            rules = [r for r in load_between() if (r.id, r.case) == (case.rule, case.case)]
            checked = check_between(Filed(built(drafts)), [Period.parse(case.judged)], small(), rules)
            cells = tuple(drafts[case.about].address(key, field) for key, field in case.cells)
            return Seen(checked.findings, frozenset(checked.outcomes["outcome"]), cells)

        yield Exhibit(case.rule, lambda j=judged, c=case: j(c.wrong), lambda j=judged, c=case: j(c.right))


def exhibits() -> list[Exhibit]:
    """All of them, several for some checks."""
    batch = _Batch(check)
    hard = [_inside(batch, *case[:-1], MET.get(case[0], {}), case[-1]) for case in FAILING]
    soft = [
        _inside(batch, *case[:4], "", *case[4:6], {} if case[0] == "S333" else case[6], case[7])
        for case in SOFT
    ]
    others = (_read(), _shared(batch), _against_earlier(), _peers(), _between())
    return [*hard, *soft, _chain_and_its_parts(batch), *(one for many in others for one in many)]
