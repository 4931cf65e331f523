"""All checks on submissions: inside each (levels 0 and 1), and against what was in force before (level 2).

The submissions of a batch stand in one frame per form edition, made once. Inside, pandera holds what all
forms share (``shared_checks``) and DuckDB the form's own rules (``rules``); against earlier reports DuckDB
again, and the looks at peers and copies (``anomalies``). The rules between submitters are ``between``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import polars as pl

from schemas.anomalies import anomalies
from schemas.cell_rules import cell_rules
from schemas.citing import about
from schemas.codes import Codes
from schemas.database import scratch
from schemas.earlier import earlier_periods, periods_of
from schemas.finding import Finding, Severity
from schemas.form import Form
from schemas.frames import HISTORY, Wide, form_of, frame_of, merged_records
from schemas.in_force import InForce, Remembered
from schemas.owed import Offices, Owed, owed
from schemas.period import Period
from schemas.reading.record import Cell, Submission
from schemas.rule_parameters import parameters
from schemas.rules import judge
from schemas.shared_checks import shared_findings, shared_outcomes, structure

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


@dataclass(frozen=True)
class Prepared:
    """Submissions in frames, one of each form edition, made once for the checks of all levels.

    ``members`` tells, for each frame, which submissions stand in it, in their order there.
    """

    submissions: tuple[Submission, ...]
    offices: Offices
    frames: dict[str, Owed]
    members: dict[str, tuple[int, ...]]
    clashes: dict[int, tuple[Finding, ...]]  # of history records, by submission
    lists: Mapping[str, pl.DataFrame]  # that rules look into: ``industry_map``, ``parameter``


def prepare(submissions: Sequence[Submission], codes: Codes) -> Prepared:
    """Lay out submissions of any forms and periods for ``check`` and ``check_earlier``.

    One whose form or period the reader could not make out is left out, since it is rejected already.
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
    frames, clashes = {}, {}
    for name in sorted(groups):
        members = []
        for at in groups[name]:
            submission = submissions[at]
            if submission.edition == HISTORY:
                submission, double = merged_records(submission, forms[name])
                clashes[at] = tuple(_clash(submission, cells) for cells in double)
            members.append(submission)
        frames[name] = owed(frame_of(forms[name], members), offices)
    return Prepared(
        tuple(submissions), offices, frames, {name: tuple(groups[name]) for name in frames}, clashes,
        _lists(codes),
    )  # fmt: skip


def _clash(submission: Submission, cells: tuple[Cell, Cell]) -> Finding:
    return about(
        submission, rule="H006", cells=cells, field=cells[0].field,
        message=f"同一记录键的 {cells[0].field} 填了两次",
        advice="同一记录键和字段只能有一行，请删除重复行。",
    )  # fmt: skip


def check(prepared: Prepared) -> Checked:
    """The checks inside each submission (levels 0 and 1). RuleError if a rule cannot be evaluated."""
    found: list[list[Finding]] = [
        list(prepared.clashes.get(at, ())) for at in range(len(prepared.submissions))
    ]
    outcomes = []
    with _with(prepared.lists) as con:
        for name, due in prepared.frames.items():
            by_member, counted = _check_form(due, prepared.offices, con)
            outcomes.append(counted)
            for at, findings in zip(prepared.members[name], by_member, strict=True):
                found[at] += findings
    return _checked(prepared, found, outcomes)


def check_earlier(prepared: Prepared, members: Sequence[int], in_force: InForce) -> Checked:
    """The checks of some submissions (places in ``prepared``) against what was in force before them.

    Rules of level 2, and the clues that look at peers. ``per_submission`` is empty for all others.
    """
    found: list[list[Finding]] = [[] for _ in prepared.submissions]
    outcomes: list[pl.DataFrame] = []
    if not members:
        return _checked(prepared, found, outcomes)
    known, asked = Remembered(in_force), set(members)
    with _with(prepared.lists) as con:
        for name, due in prepared.frames.items():
            places = prepared.members[name]
            chosen = [number for number, at in enumerate(places) if at in asked]
            lines = due.plausible.filter(pl.col("submission").is_in(chosen))
            if lines.is_empty() or not any(column.numeric for column in due.wide.form.columns):
                continue  # registers have no figures to compare
            known.lines(due.wide.form.code, earlier_periods(due.wide.form, periods_of(lines)))
            for findings, counted in (
                judge(due, 2, lines, con, known),
                anomalies(due, lines, con, known, prepared.offices.codes),
            ):
                outcomes.append(_with_heads(counted, due.wide))
                for number, finding in findings:
                    found[places[number]].append(finding)
    return _checked(prepared, found, outcomes)


@contextmanager
def _with(lists: Mapping[str, pl.DataFrame]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database with these lists in it."""
    with scratch() as con:
        for name, rows in lists.items():
            con.register(name, rows)
        yield con


def _lists(codes: Codes) -> dict[str, pl.DataFrame]:
    """ListError for a parameter that no rule could use."""
    return {
        "industry_map": _table(codes.rows("industry_map"), ("chain", "industry", "mode")),
        "parameter": parameters(codes),
    }


def _table(rows: Sequence[Mapping[str, str]], names: Sequence[str]) -> pl.DataFrame:
    return pl.DataFrame(
        {name: [row[name] for row in rows] for name in names}, schema=dict.fromkeys(names, pl.String)
    )


def _checked(
    prepared: Prepared, found: Sequence[Sequence[Finding]], outcomes: Sequence[pl.DataFrame]
) -> Checked:
    per_submission = tuple(tuple(sorted(findings, key=canonical_order)) for findings in found)
    return Checked(
        tuple(sorted((f for findings in per_submission for f in findings), key=canonical_order)),
        per_submission,
        pl.concat([pl.DataFrame(schema=OUTCOME_SCHEMA), *outcomes]).sort(list(OUTCOME_SCHEMA)),
    )


def _check_form(
    due: Owed, offices: Offices, con: duckdb.DuckDBPyConnection
) -> tuple[list[list[Finding]], pl.DataFrame]:
    """Findings of each submission of one form edition, and the outcomes of all rules."""
    wide = due.wide
    found: list[list[Finding]] = [[] for _ in wide.submissions]
    shared = cell_rules(due, offices)
    for at, finding in (*structure(wide, offices), *shared_findings(due, shared)):
        found[at].append(finding)
    by_rules, counted = judge(due, 1, due.plausible, con)
    for at, finding in by_rules:
        found[at].append(finding)
    for at, submission in enumerate(wide.submissions):
        known = {(finding.rule, finding.cell) for finding in submission.findings if finding.cell}
        found[at] = [f for f in found[at] if (f.rule, f.cell) not in known]
    return found, _with_heads(pl.concat([counted, shared_outcomes(shared, found)]), wide)


def _with_heads(counted: pl.DataFrame, wide: Wide) -> pl.DataFrame:
    """Outcomes with the head of their submission in place of its number."""
    heads = pl.DataFrame(
        [(at, s.form, s.period, s.submitter, s.subject) for at, s in enumerate(wide.submissions)],
        schema={"submission": pl.Int32} | dict.fromkeys(("form", *_HEAD), pl.String),
        orient="row",
    )
    return counted.join(heads, on="submission").select(list(OUTCOME_SCHEMA))


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
