"""The bureau's desk: what waits for a person, and what a named person decides on it.

Four things wait: explanations, submissions that are pending without one, corrections (GLT10), and
findings between submitters. Whoever decides is named with a role and is not one of those who signed
the submission. Who somebody is, is what he says: the record keeps the account and the host beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from flows.ledger.answers import reviewed, settled
from flows.ledger.decide import replaced_by
from flows.ledger.events import Event, EventType
from flows.ledger.in_force import Ledger
from flows.ledger.journal import Entry
from flows.ledger.redecide import last_decision, redecided
from flows.ledger.replies import known_replies
from flows.ledger.store import Store
from flows.ledger.warehouse import append
from flows.mistakes import Mistake
from schemas.decide import BETWEEN_SUBMITTERS
from schemas.finding import Finding, Reply, Severity, State
from schemas.reading.squeezing import squeezed

RETURNED_RULE = "B01"


class ReviewError(Mistake):
    """A decision that cannot be taken; the message says which and why."""


@dataclass(frozen=True)
class Reviewer:
    """Who decides, and as what."""

    name: str
    role: str


@dataclass(frozen=True)
class Word:
    """One decision: approve or return what this id names, with a note."""

    id: str  # of a finding, a submission's name, or a correction's revision
    approve: bool
    note: str = ""


def review(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    reviewer: Reviewer,
    words: Sequence[Word],
    admit_pending: bool,
) -> list[Entry]:
    """Take these decisions, all or none; the entries that the journal got.

    ReviewError for an id that nothing bears or that is named twice, for a reviewer who signed the
    submission or asked for the correction, for a return without a note, and for a correction that no
    longer fits or is the second of one cell.
    """
    if not reviewer.name.strip() or not reviewer.role.strip():
        raise ReviewError("请用 --by 和 --role 写明审核人姓名和职务。")
    named = [word.id for word in words]
    twice = sorted({id for id in named if named.count(id) > 1})
    if twice:
        raise ReviewError(f"编号 {'、'.join(twice)} 在一次审核中写了两遍；请只写一次。")
    desk = _Desk(con, store, reviewer, admit_pending)
    events: list[Event] = []
    for word in words:
        if not word.approve and not word.note.strip():
            raise ReviewError(f"退回 {word.id} 须用 --note 写明原因。")
        events += desk.decide(word)
    events += desk.verdicts()
    entries = store.journal.append(events)
    append(con, entries, ())
    return entries


@dataclass(frozen=True)
class _Asked:
    """A finding as the bureau sees it, with the version it stands on (none between submitters)."""

    finding: str
    rule: str
    level: int
    severity: str
    identity: tuple[str, str, str, str]
    version: int | None


class _Desk:
    """The decisions of one call: versions are judged anew once all answers are known."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, store: Store, reviewer: Reviewer, admit_pending: bool
    ) -> None:
        self._con, self._store, self._reviewer = con, store, reviewer
        self._entries = store.journal.entries()
        self._admit_pending = admit_pending
        self._replies = known_replies(con)
        self._touched: set[int] = set()  # versions with an answer
        self._whole: set[int] = set()  # versions decided on as a whole: their answers do not count
        self._confirmed: dict[tuple[str, ...], str] = {}  # figures and the revision that corrects them

    @property
    def _who(self) -> tuple[str, str]:
        return (self._reviewer.name, self._reviewer.role)

    def decide(self, word: Word) -> list[Event]:
        """The events of one decision, but for the verdicts that follow from it."""
        asked = _finding(self._con, word.id)
        if asked is not None:
            return [self._answer(asked, word)]
        proposal = self._proposal(word.id)
        if proposal is not None:
            return [self._settle(proposal, word)]
        rows = self._con.execute("select id, state from submission where name = ?", [word.id]).fetchall()
        if rows:
            return self._submission(rows[0][0], State(rows[0][1]), word)
        raise ReviewError(f"没有编号为 {word.id} 的问题、报表或修订单；待办清单见 zhishu review。")

    def verdicts(self) -> list[Event]:
        """New verdicts on the versions whose findings were answered, and what they replace."""
        events: list[Event] = []
        for version in sorted(self._touched - self._whole):
            before = last_decision(self._con, self._entries, version)
            event = redecided(before, *self._who, self._replies)
            if event.type != before.type:
                events.append(event)
                if event.type == EventType.ACCEPTED:
                    events += replaced_by(self._con, version, *self._who)
        return events

    def _answer(self, asked: _Asked, word: Word) -> Event:
        verdict = Reply.APPROVED if word.approve else Reply.RETURNED
        if asked.version is not None:
            if asked.severity != Severity.SOFT:
                raise ReviewError(f"问题 {word.id}（{asked.rule}）不是核实性问题，不能核准说明，只能更正。")
            if word.approve and self._replies.get(asked.finding) is not Reply.EXPLAINED:
                raise ReviewError(
                    f"问题 {word.id}（{asked.rule}）还没有说明，不能核准；可以退回或接收整份报表。"
                )
            self._not_a_signer(last_decision(self._con, self._entries, asked.version), word.id)
            self._touched.add(asked.version)
        self._replies[asked.finding] = verdict
        return reviewed(asked.identity, asked.finding, asked.rule, verdict, word.note, *self._who)

    def _proposal(self, revision: str) -> Entry | None:
        """The newest proposal of a correction, if it still waits."""
        kinds = (EventType.PROPOSED, EventType.CORRECTED, EventType.DISMISSED)
        told = [e for e in self._entries if e.type in kinds and e.body["revision"] == revision]
        if not told:
            return None
        if told[-1].type != EventType.PROPOSED:
            done = "确认" if told[-1].type == EventType.CORRECTED else "退回"
            raise ReviewError(f"修订单 {revision} 已由 {told[-1].actor} {done}。")
        return told[-1]

    def _settle(self, proposal: Entry, word: Word) -> Event:
        body = proposal.body
        if squeezed(self._reviewer.name) == squeezed(body["requested_by"]):
            raise ReviewError(f"修订单 {word.id} 的申请人 {body['requested_by']} 不能确认自己的修订。")
        if word.approve:
            in_force = Ledger(self._con, self._store.journal.head[0], self._admit_pending)
            target = body["target"]
            figure = in_force.figure(target["form"], target["period"], body["row_key"], body["field"])
            same = figure is not None and figure.place.digest == target["digest"]
            if figure is None or not same or figure.value != body["old_value"]:
                now = "空白" if figure is None or not figure.value else figure.value
                raise ReviewError(
                    f"修订单 {word.id} 的原值 {body['old_value'] or '空白'} 与现在的库存值 {now} 不同，"
                    "或该报表已有新的版次；请退回后由填报单位重新提出。"
                )
            at = (target["digest"], target["sheet"], body["row_key"], body["field"])
            other = self._confirmed.setdefault(at, word.id)
            if other != word.id:
                raise ReviewError(
                    f"修订单 {word.id} 与 {other} 更正的是同一单元格（{target['period']} {target['form']} "
                    f"{body['row_key']} {body['field']}）；请只确认一份，另一份退回后按新值重新提出。"
                )
        return settled(proposal, word.approve, word.note, *self._who)

    def _submission(self, version: int, state: State, word: Word) -> list[Event]:
        """The bureau's word on a whole submission, whatever its findings say."""
        if state is State.REPLACED:
            raise ReviewError(f"报表 {word.id} 已被新的版次替换。")
        before = last_decision(self._con, self._entries, version)
        self._not_a_signer(before, word.id)
        self._whole.add(version)
        if word.approve:
            if state is not State.PENDING:
                raise ReviewError(f"报表 {word.id} 不在待核状态。")
            if not word.note.strip():
                raise ReviewError(f"接收 {word.id} 的说明不全的数据，须用 --note 写明理由。")
            accepted = redecided(before, *self._who, self._replies, state=State.ACCEPTED, note=word.note)
            return [accepted, *replaced_by(self._con, version, *self._who)]
        if state is State.REJECTED:
            raise ReviewError(f"报表 {word.id} 已经退回。")
        body = before.body
        finding = Finding(
            rule=RETURNED_RULE, severity=Severity.HARD, level=0,
            message=f"经{self._reviewer.role}审核退回：{word.note}", advice="请核对更正后重报，版次加 1。",
            digest=body["digest"], file_name=before.file_name, submitter=body["submitter"],
            period=body["period"], form=body["form"], edition=body["edition"], subject=body["subject"],
            sheet=body["sheet"],
        )  # fmt: skip
        return [redecided(before, *self._who, self._replies, [finding], State.REJECTED, word.note)]

    def _not_a_signer(self, decision: Entry, id: str) -> None:
        if squeezed(self._reviewer.name) in map(squeezed, decision.body.get("signed", ())):
            raise ReviewError(f"{self._reviewer.name} 是该报表的签署人，不能审核 {id}；请由另一人审核。")


def _finding(con: duckdb.DuckDBPyConnection, id: str) -> _Asked | None:
    """A finding on a version in view, or between submitters as of the last comparison."""
    rows = con.execute(
        """
        with last as (select period, max(seq) as seq from comparison group by period),
        verdict as (select submission, max(seq) as seq from decision group by submission)
        select f.id, f.rule, f.level, f.severity, f.period, f.submitter, f.form, f.subject, f.submission
        from finding f
        left join verdict v on v.submission = f.submission and v.seq = f.seq
        left join submission s on s.id = f.submission
        left join last l on l.period = f.period and l.seq = f.seq
        where f.id = ? and (f.level = ? and l.seq is not null
            or v.seq is not null and s.superseded_seq is null and s.state <> 'rejected')
        order by f.seq desc, f.ordinal limit 1
        """,
        [id, BETWEEN_SUBMITTERS],
    ).fetchall()
    if not rows:
        return None
    finding, rule, level, severity, period, submitter, form, subject, version = rows[0]
    return _Asked(finding, rule, level, severity, (period, submitter, form, subject), version)
