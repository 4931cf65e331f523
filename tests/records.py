"""Submissions built by hand, as the reader would hand them over: a clean one of every form.

A test changes one cell of a clean submission and says which cell the finding must name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from schemas import checks
from schemas.checks import Checked
from schemas.codes import WHOLE_CHAIN, Codes, load_codes
from schemas.finding import Finding
from schemas.form import PROVINCE, Form, form_for, load_forms
from schemas.period import Period
from schemas.reading.record import Cell, Submission
from schemas.territory import Key, row_keys, row_level, submitter

CODES = load_codes()
FIRST_ROW = 12  # the sheet row of the first line
Outcomes = dict[str, dict[str, int]]  # how many lines came to which outcome, by rule

GOOD = {
    "ent_n": "4", "ent_loss_n": "2", "out_cum": "1000", "out_cum_ly": "900", "sale_cum": "950",
    "exp_cum": "100", "exp_cum_ly": "90", "rev_cum": "980", "rev_cum_ly": "900", "cost_cum": "800",
    "profit_cum": "50", "profit_cum_ly": "40", "loss_amt_cum": "5", "ar_end": "100",
    "fg_inv_end": "50.25", "assets_end": "2000", "liab_end": "1000", "emp_avg": "45",
    "va_growth": "5.5", "top1_rev_cum": "300", "top2_rev_cum": "100", "gdp_cum": "5000",
    "mva_cum": "1500", "ent_new_n": "2", "ent_exit_n": "1", "ent_n_begin": "3",
    "area_rev_cum": "2000", "rd_exp": "30", "fai_cum": "100", "tech_fai_cum": "40", "rev_year": "1200",
}  # fmt: skip

ENTERPRISE = {
    "uscc": "91350100M000100Y43", "ent_name": "示例甲公司", "region_code": "360102",
    "industry4": "3911", "chain_main": "EI", "subchain": "EI01", "tiers": "INNO|SRDI",
    "status": "1", "date_in": "2024-03", "basis": "1",
}  # fmt: skip
LAND_USER = {
    "uscc": "91350100M000100Y43", "ent_name": "示例甲公司", "region_code": "360102",
    "industry4": "3911", "above_scale": "1", "land_mode": "1", "land_own_mu": "12.5",
    "tax_paid": "100", "rev": "2000", "va": "500", "energy_tce": "10", "elec_kwh": "20",
    "rd_exp": "30", "emp_avg": "80", "start_ym": "2019-05", "exempt": "0", "veto": "0",
    "src": "TAX|LAND",
}  # fmt: skip
REVISION = {
    "revision_id": "R-1", "form_code": "GLT01", "row_key": "{}", "field": "rev_cum",
    "old_value": "1", "new_value": "2", "reason": "1", "evidence": "函", "requested_by": "张三",
    "approved_by": "李四", "approved_at": "2026-11-05",
}  # fmt: skip
_REGISTERS = {"GLT08": ENTERPRISE, "GLT09": LAND_USER, "GLT10": REVISION}


@dataclass
class Draft:
    """A submission that may still be changed: rows by key, values and marks by field."""

    form: Form
    period: str
    submitter: str
    subject: str = ""
    rows: dict[Key, dict[str, str]] = field(default_factory=dict)
    marks: dict[tuple[Key, str], str] = field(default_factory=dict)
    raw: dict[tuple[Key, str], str] = field(default_factory=dict)  # text that could not be read
    repeated: list[Key] = field(default_factory=list)  # rows that stand there twice
    findings: tuple[Finding, ...] = ()
    edition: str = ""

    def put(self, key: Key, **values: str) -> Draft:
        """Change or add a row."""
        self.rows.setdefault(key, {}).update(values)
        return self

    def address(self, key: Key, code: str) -> str:
        """Where a cell stands."""
        return self._address(
            [*self.rows, *self.repeated].index(key), [c.code for c in self.form.columns].index(code)
        )

    def _address(self, row: int, place: int) -> str:
        if self.form.layout == "long":
            row, place = place, row + 3
        letters = chr(65 + place) if place < 26 else "A" + chr(65 + place - 26)
        return f"{letters}{FIRST_ROW + row}"

    def build(self) -> Submission:
        """The record."""
        cells = []
        key_codes = [c.code for c in self.form.keys]
        places = {c.code: place for place, c in enumerate(self.form.columns)}
        for row, key in enumerate([*self.rows, *self.repeated]):
            values = dict(zip(key_codes, key, strict=True)) | self.rows[key]
            for column in self.form.columns:
                value = values.get(column.code) or None
                raw = self.raw.get((key, column.code)) or value or ""
                kind = "blank" if not raw else "number" if column.numeric and value else "text"
                mark = self.marks.get((key, column.code), "")
                cells.append(
                    Cell(
                        row, column.code, self._address(row, places[column.code]), raw, kind, value, "", mark
                    )
                )
        return Submission(
            form=self.form.code, edition=self.edition or self.form.edition, period=self.period,
            submitter=self.submitter, subject=self.subject, version=1, reported_on="2026-11-08",
            office="统计局", sheet=f"{self.form.code}{self.subject}", cells=tuple(cells),
            findings=self.findings, digest="d" * 64, file_name=f"{self.submitter}.xlsx",
        )  # fmt: skip


def clean(code: str, period: str, office_code: str, subject: str = "") -> Draft:
    """A submission without a fault: all rows that are due, all fields that are due."""
    when = Period.parse(period)
    form = form_for(code, when)
    if code in _REGISTERS:
        values = _REGISTERS[code]
        return Draft(form, period, office_code, rows={(values[form.keys[0].code],): dict(values)})
    office = submitter(CODES, office_code)
    assert office is not None
    draft = Draft(form, period, office_code, subject)
    for key in row_keys(CODES, form, office, subject, when):
        named = dict(zip((c.code for c in form.keys), key, strict=True))
        if named.get("subchain_code", WHOLE_CHAIN) != WHOLE_CHAIN or named.get("park_code"):
            continue
        kind = "lead" if code == "GLT03" and named["region_code"] == PROVINCE else "own"
        draft.rows[key] = {
            c.code: GOOD.get(c.code, "1")
            for c in form.columns
            if not c.key and c.required and c.rows in (None, kind)
            if c.due(when, row_level(CODES, form, key))
        }
    return draft


def published(code: str, period: str, rows: Mapping[Key, Mapping[str, str]]) -> Draft:
    """What the bureau files of published figures."""
    form = next(f for f in load_forms() if f.code == code and f.filed_by_bureau)
    return Draft(form, period, "BUREAU", rows={key: dict(values) for key, values in rows.items()})


def check(submissions: Sequence[Submission], codes: Codes = CODES) -> Checked:
    """The checks inside submissions, as a batch runs them."""
    return checks.check(checks.prepare(submissions, codes))


def outcomes_of_each(
    submissions: Sequence[Submission], judge: Callable[[Sequence[Submission]], Checked] = check
) -> list[Outcomes]:
    """What the rules come to in each of these, judged in one batch: that costs hardly more than to judge one.

    They may be versions of one report. Outcomes are counted by head, so each is judged under a subject of its own,
    and what R02 and T02 say of that is left out.
    """
    apart = [replace(one, subject=str(number)) for number, one in enumerate(submissions)]
    outcomes: list[Outcomes] = [defaultdict(dict) for _ in apart]
    for number, rule, outcome, n in judge(apart).outcomes.select("subject", "rule", "outcome", "n").rows():
        if rule not in ("R02", "T02"):
            outcomes[int(number)][rule][outcome] = n
    return outcomes


def history(code: str, period: str, rows: Mapping[Key, Mapping[str, str]]) -> Submission:
    """What a history workbook gives: one record, with its key, for each figure."""
    form = form_for(code, Period.parse(period))
    cells = []
    records = [(key, name, value) for key, values in rows.items() for name, value in values.items()]
    for row, (key, name, value) in enumerate(records):
        line = FIRST_ROW + row
        for column, part in zip(form.keys, key, strict=True):
            cells.append(Cell(row, column.code, f"C{line}", part, "text", part))
        cells.append(Cell(row, name, f"E{line}", value, "number", value))
    return Submission(
        form=code, edition="history", period=period, submitter="BUREAU", subject="", version=1,
        reported_on="2026-09-01", office="", sheet="历史数据", cells=tuple(cells), findings=(),
        digest="h" * 64, file_name="历史.xlsx",
    )  # fmt: skip
