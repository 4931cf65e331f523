"""All checks inside a submission, run once per form on the month's frame.

Pandera holds the schema that is derived from the form file: the type of every column, and the rules
that all forms share (``cell_rules``). Its cost is per check, so a rule is one check over all its
columns, hung on the line number; which columns of a failing line are at fault is looked up
afterwards. The form's own rules are SQL and go to DuckDB (``rules``). Rows and submissions that
should not be there, or are not, are found here by comparison with ``territory``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
import pandera.polars as pa
import polars as pl

from schemas.cell_rules import CellRule, cell_rules
from schemas.citing import about, cite
from schemas.codes import Codes
from schemas.finding import Finding, Outcome, Severity
from schemas.form import Form
from schemas.frames import AMOUNT, HISTORY, Wide, form_of, frame_of, key_text, merged_records
from schemas.owed import Offices, Owed, missing_rows, owed
from schemas.period import Period
from schemas.reading.record import Submission
from schemas.rules import RuleError, judge

_HEAD = ("period", "submitter", "subject")
OUTCOME_SCHEMA = (
    {"rule": pl.String, "form": pl.String}
    | dict.fromkeys(_HEAD, pl.String)
    | {"outcome": pl.String, "n": pl.UInt32}
)


@dataclass(frozen=True)
class Checked:
    """What the checks found.

    ``per_submission`` holds the findings of each submission, in the order in which they were given;
    ``findings`` all of them in canonical order. What the reader found is not repeated. ``outcomes``
    counts lines for the forms' own rules; a rule that all forms share judges a submission as a
    whole, and ``n`` is the number of its findings, 1 if it passed.
    """

    findings: tuple[Finding, ...]
    per_submission: tuple[tuple[Finding, ...], ...]
    outcomes: pl.DataFrame


def check(submissions: Sequence[Submission], codes: Codes) -> Checked:
    """Check submissions of any forms and periods.

    One whose form or period the reader could not make out is passed over, since it is rejected
    already. RuleError if a rule cannot be evaluated.
    """
    offices = Offices(codes)
    groups: dict[str, list[int]] = defaultdict(list)
    forms: dict[str, Form] = {}
    for at, submission in enumerate(submissions):
        form = form_of(submission)
        if form is not None:
            forms[form.id] = form
            groups[form.id].append(at)
        elif not any(finding.severity is Severity.HARD for finding in submission.findings):
            raise ValueError(f"没有可用的表式：{submission.form}-{submission.edition} {submission.period}")

    found: list[list[Finding]] = [[] for _ in submissions]
    outcomes = [pl.DataFrame(schema=OUTCOME_SCHEMA)]
    with duckdb.connect(config={"threads": 1, "enable_external_access": False}) as con:
        for name in sorted(groups):
            members = [submissions[at] for at in groups[name]]
            by_member, counted = _check_form(forms[name], members, offices, con)
            outcomes.append(counted)
            for at, findings in zip(groups[name], by_member, strict=True):
                found[at] = findings
    per_submission = tuple(tuple(sorted(findings, key=canonical_order)) for findings in found)
    return Checked(
        tuple(sorted((f for findings in per_submission for f in findings), key=canonical_order)),
        per_submission,
        pl.concat(outcomes).sort(list(OUTCOME_SCHEMA)),
    )


def _check_form(
    form: Form, submissions: Sequence[Submission], offices: Offices, con: duckdb.DuckDBPyConnection
) -> tuple[list[list[Finding]], pl.DataFrame]:
    """Findings of each submission of one form edition, and the outcomes of all rules."""
    found: list[list[Finding]] = [[] for _ in submissions]
    members = []
    for at, submission in enumerate(submissions):
        if submission.edition == HISTORY:
            submission, clashes = merged_records(submission, form)
            for cells in clashes:
                found[at].append(
                    about(submission, rule="H006", cells=cells, field=cells[0].field,
                          message=f"同一记录键的 {cells[0].field} 填了两次",
                          advice="同一记录键和字段只能有一行，请删除重复行。")
                )  # fmt: skip
        members.append(submission)
    wide = frame_of(form, members)
    due = owed(wide, offices)
    shared = cell_rules(due, offices)
    for at, finding in (*_structure(wide, offices), *_shared_findings(due, shared)):
        found[at].append(finding)
    by_rules, counted = judge(due, con)
    for at, finding in by_rules:
        found[at].append(finding)
    for at, submission in enumerate(members):
        known = {(finding.rule, finding.cell) for finding in submission.findings if finding.cell}
        found[at] = [f for f in found[at] if (f.rule, f.cell) not in known]
    heads = pl.DataFrame(
        [(at, s.form, s.period, s.submitter, s.subject) for at, s in enumerate(members)],
        schema={"submission": pl.Int32} | dict.fromkeys(("form", *_HEAD), pl.String),
        orient="row",
    )
    everything = pl.concat([counted, _shared_outcomes(shared, found)])
    return found, everything.join(heads, on="submission").select(list(OUTCOME_SCHEMA))


def _structure(wide: Wide, offices: Offices) -> Iterator[tuple[int, Finding]]:
    """Submissions that their submitter does not file (T02, H004), rows owed and not there (R02)."""
    for at, submission in enumerate(wide.submissions):
        period = Period.parse(submission.period)
        office = offices.get(submission.submitter)
        if office is None:
            if all(finding.rule != "H004" for finding in submission.findings):
                yield at, about(
                    submission, rule="H004", level=0,
                    message=f"填报单位代码 {submission.submitter} 不在填报单位代码表",
                    advice="请按所发空白表填写填报单位代码。",
                )  # fmt: skip
            continue
        # A monthly form in January is the reader's H003.
        exempt = period.frequency == "M" and period.month == 1 and not wide.form.january
        if exempt or offices.files(wide.form, submission):
            continue
        about_what = f"（{submission.subject}）" if submission.subject else ""
        yield at, about(
            submission, rule="T02", level=0,
            message=f"{office.name}（{office.code}）不应报送 {submission.period} 的 "
                    f"{wide.form.id}{about_what}",
            advice="请核对填报单位代码、报告期和表式；不由本单位填报的请撤下。",
        )  # fmt: skip
    for at, key in missing_rows(wide, offices):
        submission, row = wide.submissions[at], wide.blank_rows.get((at, key))
        cells = [] if row is None else [wide.cell_of(at, row, c.code) for c in wide.form.keys]
        text = key_text(wide.form, key)
        yield at, about(
            submission, rule="R02", row_key=text, cells=[cell for cell in cells if cell is not None],
            message=f"缺少应报的行 {text}" if row is None else f"应报的行 {text} 整行空白",
            advice="请补报该行；没有数据的填 0。",
        )  # fmt: skip


def _shared_findings(due: Owed, rules: Sequence[CellRule]) -> Iterator[tuple[int, Finding]]:
    """What pandera finds, as findings on cells."""
    wide, form = due.wide, due.wide.form
    for number, lines in _failures(due, rules).items():
        rule = rules[number]
        # Expressions may look at other lines, so they see the whole frame again.
        verdicts = due.frame.select("line", **rule.good).filter(pl.col("line").is_in(lines))
        for code in rule.good:
            column = form.column(code)
            for line in verdicts.filter(~pl.col(code))["line"]:
                message, advice = rule.say(column, line)
                yield (
                    wide.origins[line][0],
                    cite(wide, line, (code, *rule.with_), rule=rule.id, message=message, advice=advice),
                )


def _failures(due: Owed, rules: Sequence[CellRule]) -> dict[int, list[int]]:
    """One eager call of pandera: the failing lines of each rule, by its place in ``rules``."""
    schema = schema_of(due.wide, rules)
    try:
        schema.validate(due.frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        # An error inside a check is reported as a failure without a line: it is ours, not the filer's.
        broken = cases.filter(pl.col("index").is_null() | ~pl.col("check").str.contains(r"^\d+$"))
        if not broken.is_empty():
            case = broken.row(0, named=True)
            raise RuleError(
                f"{due.wide.form.id} 的通用检查出错：{case['column']} {case['check']} {case['failure_case']}"
            ) from errors
        by_rule: dict[int, list[int]] = {}
        for check_name, line in cases.select("check", "index").rows():
            by_rule.setdefault(int(check_name), []).append(line)
        return by_rule
    return {}


def schema_of(wide: Wide, rules: Sequence[CellRule]) -> pa.DataFrameSchema:
    """The pandera schema of a form: column types, and one check per shared rule."""

    def hung(number: int, rule: CellRule) -> pa.Check:
        return pa.Check(
            lambda data: data.lazyframe.select(**rule.good), name=rule.id, error=str(number), ignore_na=False
        )

    types = {
        column.code: pa.Column(AMOUNT if column.numeric else pl.String, nullable=not column.key)
        for column in wide.form.columns
    }
    line = pa.Column(pl.UInt32, checks=[hung(number, rule) for number, rule in enumerate(rules)])
    return pa.DataFrameSchema({"line": line} | types)


def _shared_outcomes(rules: Sequence[CellRule], found: Sequence[Sequence[Finding]]) -> pl.DataFrame:
    """Pass or fail of each shared rule for each submission."""
    names = sorted({rule.id for rule in rules} | {"R02", "T02"})
    rows = []
    for at, findings in enumerate(found):
        failed = Counter(finding.rule for finding in findings)
        for name in names:
            outcome = Outcome.FAIL if failed[name] else Outcome.PASS
            rows.append((at, name, outcome.value, failed[name] or 1))
    schema = {"submission": pl.Int32, "rule": pl.String, "outcome": pl.String, "n": pl.UInt32}
    return pl.DataFrame(rows, schema=schema, orient="row")


def canonical_order(finding: Finding) -> tuple[object, ...]:
    """The key by which findings are sorted: period, submitter, form, then place in the sheet."""
    period = Period.parse(finding.period)
    return (
        period, finding.submitter, finding.form, finding.subject, finding.edition, finding.digest,
        finding.sheet, _address(finding.cell), finding.row_key, finding.rule, finding.field,
    )  # fmt: skip


def _address(cells: str) -> tuple[int, int, str]:
    """The first of a finding's cells as row, width of the column's name, and name: sheet order."""
    letters = cells.split(",")[0].rstrip("0123456789")
    digits = cells.split(",")[0][len(letters) :]
    return (int(digits or 0), len(letters), letters)
