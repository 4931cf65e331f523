"""Where soft findings stand between submitters and bureau, read from the warehouse.

A finding is known by its id, which holds rule, key, fields and values: an answer lives as long as the
figures do, over later versions too.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from schemas.finding import Reply
from schemas.returns.record import Answer


@dataclass(frozen=True)
class Open:
    """A soft finding on a version in view that the bureau has not approved."""

    id: str
    rule: str
    identity: tuple[str, str, str, str]  # period, submitter, form, subject
    submission: int  # the version
    reply: Reply


# grain: one finding, with the answer that came last
NEWEST_REPLY = """
    select * from reply qualify row_number() over (partition by finding order by seq desc, ordinal desc) = 1
"""


def known_replies(con: duckdb.DuckDBPyConnection) -> dict[str, Reply]:
    """Finding id to its latest answer."""
    rows = con.execute(f"select finding, state from ({NEWEST_REPLY})").fetchall()
    return {finding: Reply(state) for finding, state in rows}


def answers(con: duckdb.DuckDBPyConnection) -> dict[str, Answer]:
    """Finding id to the submitter's newest explanation and the bureau's word on it."""
    rows = con.execute(f"""
        select finding, newest.state, coalesce(own.reason, ''), coalesce(own.text, ''),
            case when newest.state = 'explained' then '' else newest.text end
        from ({NEWEST_REPLY}) newest left join (
            select * from reply where state = 'explained'
            qualify row_number() over (partition by finding order by seq desc, ordinal desc) = 1
        ) own using (finding)
    """).fetchall()
    return {id: Answer(Reply(state), reason, text, remark) for id, state, reason, text, remark in rows}


_OPEN = f"""
with verdict as (
    select submission, arg_max(state, seq) as state, max(seq) as seq from decision group by submission
), latest as ({NEWEST_REPLY})
select distinct f.id, f.rule, s.period, s.submitter, s.form, s.subject, s.id,
    coalesce(latest.state, 'open') as reply
from verdict v
join submission s on s.id = v.submission
join finding f on f.seq = v.seq and f.submission = s.id
left join latest on latest.finding = f.id
where v.state = 'pending' and s.superseded_seq is null and f.severity = 'soft' and f.outcome = 'fail'
    and f.level < 3 and coalesce(latest.state, 'open') <> 'approved'
order by s.period, s.submitter, s.form, s.subject, s.id, f.id
"""


def open_findings(con: duckdb.DuckDBPyConnection) -> dict[str, Open]:
    """The soft findings of pending versions that still want an answer, by id."""
    return {
        id: Open(id, rule, (period, submitter, form, subject), submission, Reply(reply))
        for id, rule, period, submitter, form, subject, submission, reply in con.execute(_OPEN).fetchall()
    }
