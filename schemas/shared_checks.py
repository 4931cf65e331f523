"""What every form is checked for: the pandera schema from its columns, and rows or sheets that should not be
there, or are not.

Pandera's cost is per column and per check, so all rules of ``cell_rules`` are one check, and the types of the columns
another; which rules and columns are at fault is looked up afterwards, for the lines that fail.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import pandera.polars as pa
import polars as pl

from schemas.cell_rules import CellRule
from schemas.citing import about, cite
from schemas.finding import Finding, Outcome
from schemas.form import Form
from schemas.frames import AMOUNT, Wide, key_text
from schemas.owed import Offices, Owed, missing_rows
from schemas.period import Period
from schemas.touch import RuleError

_GOOD = "good"  # the name of the one check


def structure(wide: Wide, offices: Offices) -> Iterator[tuple[int, Finding]]:
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


def shared_findings(due: Owed, rules: Sequence[CellRule]) -> Iterator[tuple[int, Finding]]:
    """What pandera finds, as findings on cells."""
    wide, form = due.wide, due.wide.form
    lines = _failing(due, rules)
    if not lines:
        return
    # Expressions may look at other lines, so they see the whole frame again.
    verdicts = due.frame.select("line", **_verdicts(rules)).filter(pl.col("line").is_in(lines))
    for number, rule in enumerate(rules):
        for code in rule.good:
            column = form.column(code)
            for line in verdicts.filter(~pl.col(f"{number} {code}"))["line"]:
                message, advice = rule.say(column, line)
                yield (
                    wide.origins[line][0],
                    cite(wide, line, (code, *rule.with_), rule=rule.id, message=message, advice=advice),
                )


def _failing(due: Owed, rules: Sequence[CellRule]) -> list[int]:
    """One eager call of pandera: the lines in which some rule fails."""
    try:
        schema_of(due.wide.form, rules).validate(due.frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        # An error inside a check is reported as a failure without a line: it is ours, not the filer's.
        broken = cases.filter(pl.col("index").is_null() | (pl.col("check") != _GOOD))
        if not broken.is_empty():
            case = broken.row(0, named=True)
            raise RuleError(
                f"{due.wide.form.id} 的通用检查出错：{case['column']} {_broken(due, rules) or case['check']} "
                f"{case['failure_case']}"
            ) from errors
        return cases["index"].to_list()
    return []


def _broken(due: Owed, rules: Sequence[CellRule]) -> str:
    """The columns that are not of their type and the rules that cannot be evaluated."""
    frame = due.frame
    names = [code for code, kind in _types(due.wide.form).items() if frame.schema.get(code) != kind]
    for rule in rules:
        try:
            frame.select(**rule.good)
        except pl.exceptions.PolarsError:
            names.append(rule.id)
    return "、".join(names)


def _verdicts(rules: Sequence[CellRule]) -> dict[str, pl.Expr]:
    """True for a good cell, by the rule's place and the column: two rules of one id may look at one column."""
    return {f"{number} {code}": good for number, rule in enumerate(rules) for code, good in rule.good.items()}


def schema_of(form: Form, rules: Sequence[CellRule]) -> pa.DataFrameSchema:
    """The pandera schema of a form: keys that are never null, all columns of their types, all shared rules.

    The types are one check and so are the rules; the rules are hung on the line, by which a failure is known.
    """
    types = _types(form).items()
    typed = pa.Check(lambda data: types <= data.lazyframe.collect_schema().items(), error="types")
    verdicts = _verdicts(rules)
    # a function, since pandera copies deeply what a check is made of
    good = pa.Check(lambda data: _all_good(verdicts, data), error=_GOOD, ignore_na=False)
    keys = {column.code: pa.Column(pl.String) for column in form.keys}
    return pa.DataFrameSchema({"line": pa.Column(pl.UInt32, checks=good)} | keys, checks=typed)


def _all_good(verdicts: Mapping[str, pl.Expr], data: pa.PolarsData) -> pl.LazyFrame:
    """True for a line in which all is good.

    Eager and in two steps: to plan so many expressions in one costs polars more than to evaluate them.
    """
    return data.lazyframe.collect().select(**verdicts).select(pl.all_horizontal(pl.all())).lazy()


def _types(form: Form) -> dict[str, pl.DataType]:
    """What each column of the form is in a frame."""
    return {column.code: AMOUNT if column.numeric else pl.String() for column in form.columns}


def shared_outcomes(rules: Sequence[CellRule], found: Sequence[Sequence[Finding]]) -> pl.DataFrame:
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
