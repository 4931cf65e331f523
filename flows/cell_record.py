"""What is on record of a cell: its file, its text, what corrected it, who decided what, which rules looked at it.

The journal keeps the findings, not the rules that found nothing. Those that name a cell's field in its period are
listed from the form's edition: one without a finding was passed, or its condition did not hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache

from flows.ledger.journal import Entry
from flows.release_rows import Row
from flows.traced import Traced
from schemas.between_rule import load_between
from schemas.form import Column, Form, Rule, form_for
from schemas.period import Period

_KEYS = ("region_code", "chain_code", "subchain_code", "cluster_code")
_FIGURE = (
    "use", "form", "month", "field", "value", "mark", "status", "digest", "file_name", "submitter", "period",
    "filed_for", "version", "submission_name", "state", "sheet", "cell", "raw", "cleaned",
)  # fmt: skip
_CORRECTION = (
    "revision", "old_value", "new_value", "reason", "requested_by", "corrected_by", "corrected_seq",
)  # fmt: skip
_WORD = re.compile(r"\w+")

Behind = dict[tuple[str, str, str], list[Row]]  # subject, indicator, variable


def cells_behind(traced: Traced) -> Behind:
    """The cells in ``lineage``, each with file, text, checks and events, by subject, indicator and variable."""
    seq = traced.release.manifest.seq
    by_place: dict[tuple[int, str], list[Row]] = {}
    for row in _findings(traced, seq):
        by_place.setdefault((row.pop("submission"), row.pop("address")), []).append(row)
    events = _events(traced, seq)
    found: Behind = {}
    for row in traced.query(_CELLS):
        place = (row["submission"], row["cell"])
        record = _record(row)
        record["decided"] = _event(traced.entries[row["decided_seq"] - 1])
        record["events"] = [*events[row["submission"]], *_correcting(row)]
        record["findings"] = by_place.get(place, [])
        failed = {finding["rule"] for finding in record["findings"]}
        judged = rules_on(row["form"], row["edition"], row["field"], row["period"], row["filed_by"])
        record["without_finding"] = [rule for rule in judged if rule not in failed]
        found.setdefault((row["subject"], row["indicator"], row["variable"]), []).append(record)
    return found


def _record(row: Row) -> Row:
    record = picked(row, _FIGURE)
    record["key"] = {name: row[name] for name in _KEYS if row[name]}
    if row["revision"]:
        record["correction"] = picked(row, _CORRECTION)
    return record


def picked(row: Mapping[str, object], names: Iterable[str]) -> Row:
    """Some columns of a row as a program reads them: decimals as exact texts."""
    return {
        name: str(value) if isinstance(value, Decimal) else value
        for name, value in ((name, row[name]) for name in names)
    }


def _correcting(row: Row) -> list[Row]:
    if not row["revision"]:
        return []
    event = {"seq": row["corrected_seq"], "type": "corrected", "actor": row["corrected_by"]}
    return [event | {"role": row["corrected_role"]}]


def _events(traced: Traced, seq: int) -> dict[int, list[Row]]:
    """The journal's events on each version in ``lineage``, as they happened: received, decided, explained, reviewed."""
    found: dict[int, list[Row]] = {}
    for row in traced.query(_EVENTS, [seq, seq, seq]):
        found.setdefault(row["submission"], []).append(_event(traced.entries[row["seq"] - 1]))
    return found


def _event(entry: Entry) -> Row:
    return {"seq": entry.seq, "type": entry.type, "actor": entry.actor, "role": entry.role}


def _findings(traced: Traced, seq: int) -> list[Row]:
    """Every finding on a cell in ``lineage`` up to the release, with the answers to it and where it stands."""
    replies: dict[str, list[Row]] = {}
    for row in traced.query(
        "select finding, seq, state, reason, text, actor, role from reply where seq <= ? order by seq, ordinal",
        [seq],
    ):
        replies.setdefault(row.pop("finding"), []).append(row)
    found = traced.query(_FINDINGS, [seq])
    for row in found:
        row["replies"] = replies.get(row["id"], [])
        row["state"] = row["replies"][-1]["state"] if row["replies"] else "open"
    return found


@cache
def rules_on(form: str, edition: str, field: str, period: str, filed_by: str) -> Sequence[str]:
    """The ids of the rules that look at a field of a report, in the order in which they are judged.

    First those that all forms share, then the form's own, then those between forms. ``filed_by`` is ``bureau`` or
    ``submission``: of what the bureau files itself nothing is asked that could be explained.
    """
    when = Period.parse(period)
    try:
        kept = form_for(form, when, edition)
    except KeyError:  # history: the fields are those of the edition that submitters fill in
        kept = form_for(form, when)
    column = kept.column(field)
    own = [r for r in kept.rules if r.valid(when) and field in _words(r)]
    if filed_by == "bureau":
        own = [r for r in own if r.severity == "hard"]
    return (*_shared(kept, column, when), *(r.id for r in own), *_between(kept.code, field, when))


def _words(rule: Rule) -> frozenset[str]:
    """Every word of a rule that may be a field: more than it looks at, never less.

    As ``BetweenRule.names`` has it; to have each parsed, as the judging does, would take a tenth of a trace.
    """
    texts = (rule.expr, rule.when or "", rule.floor or "", *rule.let.values())
    return frozenset(word for text in texts for word in _WORD.findall(text))


def _shared(form: Form, column: Column, when: Period) -> list[str]:
    """Of the rules in ``schemas/cell_rules.py`` those about a figure: due, in its range, whole."""
    asked = {
        "R01": column.required and any(column.due(when, level) for level in ("province", "city", "county")),
        "R03": column.min is not None or column.max is not None,
        "R04": column.type == "int",
    }
    return [rule for rule, holds in asked.items() if holds]


def _between(form: str, field: str, when: Period) -> list[str]:
    """The rules between forms that take the field of this report."""
    return sorted({rule for rule, names in _sides(form, when) if field in names})


@cache
def _sides(form: str, when: Period) -> Sequence[tuple[str, frozenset[str]]]:
    """The sides of rules between forms that a report stands on: the rule's id, and the words that may be fields."""
    return [
        (rule.id, rule.names(side))
        for rule in load_between()
        for report in rule.judged(when)
        for side in rule.sides.values()
        if side.form == form and (side.until or side.report(report) == when)
    ]


_CELLS = """
select l.* exclude (how, variant, t0, annual, scope, item, place), f.digest, d.file_name, f.submitter, f.period,
    f.edition, f.source as filed_by, f.subject as filed_for, f.version, f.name as submission_name, f.state,
    f.decided_seq, c.sheet, c.raw, c.cleaned, k.old_value, k.new_value, k.reason, k.requested_by, k.actor as corrected_by,
    k.role as corrected_role, k.seq as corrected_seq
from lineage l
join in_force f on f.id = l.submission
left join delivery d on d.digest = f.digest
join cell c on c.submission = l.submission and c.address = l.cell and c.field = l.field
left join correction k on k.target = l.submission and k.row_key = c.row_key and k.field = c.field
    and k.revision = l.revision and k.state = 'applied' and l.revision <> ''
order by l.indicator, l.variable, l.use <> '数值', l.use, l.month desc, l.field, l.region_code, l.chain_code,
    l.subchain_code, l.cluster_code, l.item, l.variant, l.form, l.annual, l.t0, l.scope, l.subject, l.submission,
    l.cell
"""

# a finding names its cells by address; one of a comparison is said again by each later one, and is the same
_FINDINGS = """
with touched as (
    select distinct l.submission, l.cell as address, f.digest, c.sheet
    from lineage l
    join in_force f on f.id = l.submission
    join cell c on c.submission = l.submission and c.address = l.cell and c.field = l.field
)
select t.submission, t.address, n.id, n.rule, n.severity, n.level, n.outcome, n.message, min(n.seq) as seq
from finding n
join touched t on t.digest = n.digest and t.sheet = n.sheet
    and list_contains(string_split(n.cell, ','), t.address)
where n.seq <= ?
group by all
order by seq, n.rule, n.id, t.submission, t.address, n.outcome
"""

_EVENTS = """
with version as (
    select distinct f.id, f.digest, f.form, f.period, f.submitter, f.subject
    from lineage l join in_force f on f.id = l.submission
)
select v.id as submission, d.seq from version v join delivery d on d.digest = v.digest where d.seq <= ?
union
select v.id, d.seq from version v join decision d on d.submission = v.id where d.seq <= ?
union
select v.id, r.seq from version v
join finding n on n.submission = v.id
join reply r on r.finding = n.id where r.seq <= ?
order by all
"""
