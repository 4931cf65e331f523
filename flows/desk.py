"""What waits on the bureau's desk, and the register of exceptions that it accepted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

from flows.ledger.replies import NEWEST_REPLY
from schemas.database import fetch


@dataclass(frozen=True)
class Waiting:
    """Frames of what wants a person; every one has ``id``, by which ``zhishu review`` is told."""

    explained: pl.DataFrame  # explanations to approve or return
    unexplained: pl.DataFrame  # soft findings whose submitter owes an explanation
    corrections: pl.DataFrame  # GLT10, to confirm or refuse
    between: pl.DataFrame  # findings between submitters, to settle

    @property
    def counts(self) -> dict[str, int]:
        """How many things the bureau itself can decide now, by kind."""
        return {
            "待核准的说明": self.explained.height,
            "待确认的修订单": self.corrections.height,
            "表间不符": self.between.height,
        }


_FINDING = """f.id, s.submitter, s.period, s.form, s.subject, d.file_name, f.sheet, f.cell, f.row_key, f.value,
    f.rule, f.message"""

_SOFT = f"""
with verdict as (
    select submission, arg_max(state, seq) as state, max(seq) as seq from decision group by submission
), latest as ({NEWEST_REPLY})
select {_FINDING}, coalesce(l.state, 'open') as reply, coalesce(l.reason, '') as reason,
    coalesce(l.text, '') as text, s.name as submission
from verdict v
join submission s on s.id = v.submission
join finding f on f.seq = v.seq and f.submission = s.id
join delivery d on d.digest = s.digest
left join latest l on l.finding = f.id
where v.state = 'pending' and s.superseded_seq is null and f.severity = 'soft' and f.outcome = 'fail'
    and f.level < 3 and coalesce(l.state, 'open') <> 'approved'
-- two versions may wait with one finding: it is decided once, and shown where it stands now
qualify row_number() over (partition by f.id order by s.version desc, s.id desc) = 1
order by s.period, s.submitter, s.form, s.subject, f.rule, f.id
"""

_CORRECTIONS = """
select c.revision as id, s.submitter, c.period, c.form, c.subject, c.row_key, c.field, c.old_value, c.new_value,
    c.reason, c.evidence, c.requested_by, c.approved_by, c.sheet, c.cell
from correction c join submission s on s.id = c.request
qualify row_number() over (partition by c.revision order by c.seq desc) = 1 and c.state = 'proposed'
order by c.revision
"""

_BETWEEN = f"""
with last as (select period, max(seq) as seq from comparison group by period), latest as ({NEWEST_REPLY})
select f.id, f.submitter, f.period, f.form, f.subject, f.sheet, f.cell, f.row_key, f.value, f.rule, f.severity,
    f.message, coalesce(l.state, 'open') as reply, coalesce(l.text, '') as text
from finding f join last on last.seq = f.seq and last.period = f.period
left join latest l on l.finding = f.id
where f.level = 3 and coalesce(l.state, 'open') <> 'approved'
order by f.period, f.submitter, f.rule, f.id
"""

_REGISTER = f"""
with approved as (
    select * from ({NEWEST_REPLY}) where state = 'approved'
), explanation as (
    select finding, arg_max(reason, (seq, ordinal)) as reason, arg_max(text, (seq, ordinal)) as text
    from reply where state = 'explained' group by finding
), noted as (
    select id, submission, rule, any_value(cell) as cell, any_value(row_key) as row_key,
        any_value(field) as field, any_value(value) as value, any_value(message) as message,
        any_value(sheet) as sheet, max(level) as level
    from finding group by id, submission, rule
)
select a.finding as id, a.period, a.submitter, a.form, a.subject, n.sheet, n.cell, n.row_key, n.value, a.rule,
    n.message, coalesce(e.reason, '') as reason, coalesce(e.text, '') as explanation,
    a.actor as approved_by, a.role, a.text as note, a.seq,
    case
        when exists (
            select 1 from correction k where k.state = 'applied' and k.target = n.submission
                and k.row_key = n.row_key and list_contains(string_split(n.field, ','), k.field)
        ) then '已按修订单更正'
        when n.level < 3 and exists (
            select 1 from submission o join submission s on s.id = n.submission
            where o.period = s.period and o.submitter = s.submitter and o.form = s.form
                and o.subject = s.subject and o.id > s.id and o.state in ('accepted', 'pending')
                and not exists (select 1 from noted m where m.id = a.finding and m.submission = o.id)
        ) then '已由新的版次更正'
        else '未更正'
    end as later
from approved a
join noted n on n.id = a.finding
left join explanation e on e.finding = a.finding
qualify row_number() over (partition by a.finding order by n.submission desc nulls last) = 1
order by a.seq, a.ordinal
"""


def waiting(con: duckdb.DuckDBPyConnection) -> Waiting:
    """Everything that wants a person now, in the order of period, submitter and form."""
    soft = fetch(con, _SOFT)
    return Waiting(
        explained=soft.filter(pl.col("reply") == "explained"),
        unexplained=soft.filter(pl.col("reply") != "explained"),
        corrections=fetch(con, _CORRECTIONS),
        between=fetch(con, _BETWEEN),
    )


def register(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """The exceptions that the bureau accepted: what, why, by whom, and whether it was corrected later."""
    return fetch(con, _REGISTER)


def waiting_text(found: Waiting, most: int = 20) -> list[str]:
    """The desk for a person: what to decide first, each with its id."""
    lines = []
    for title, frame, line in (
        ("待核准的说明", found.explained, _explained_line),
        ("待确认的修订单", found.corrections, _correction_line),
        ("表间不符，待核定", found.between, _between_line),
        ("待填报单位说明的核实性问题", found.unexplained, _between_line),
    ):
        lines.append(f"{title}：{frame.height} 条")
        lines += [f"  {line(row)}" for row in frame.head(most).iter_rows(named=True)]
        if frame.height > most:
            lines.append(f"  ……另有 {frame.height - most} 条，见 --json")
    return lines


def _explained_line(row: dict[str, Any]) -> str:
    place = f"{row['period']} {row['submitter']} {row['form']} {row['cell']}"
    return f"{row['id']}  {place}：[{row['rule']}] {row['message']}  原因 {row['reason']}：{row['text']}"


def _correction_line(row: dict[str, Any]) -> str:
    change = f"{row['old_value'] or '空白'} → {row['new_value']}"
    asked = f"申请 {row['requested_by']}，所填审批人 {row['approved_by']}"
    return f"{row['id']}  {row['period']} {row['form']} {row['row_key']} {row['field']}：{change}（{asked}）"


def _between_line(row: dict[str, Any]) -> str:
    returned = f"  已退回：{row['text']}" if row["reply"] == "returned" else ""
    place = f"{row['period']} {row['submitter']} {row['form']} {row['cell']}"
    return f"{row['id']}  {place}：[{row['rule']}] {row['message']}{returned}"
