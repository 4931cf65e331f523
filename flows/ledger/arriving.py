"""What is in force for a batch that holds several months: the ledger, and over it what the batch decided.

A report of September is judged before that of October, and is then in force for it, though neither is
in the journal yet.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import polars as pl

from flows.ledger.content import key_text, plain, row_keys
from flows.ledger.decide import Judged
from flows.ledger.in_force import HEAD, Ledger, columns_of
from schemas.finding import State
from schemas.frames import HISTORY, form_of, frame_of, merged_records
from schemas.in_force import Figure, Place
from schemas.period import Period
from schemas.reading.record import Submission
from schemas.territory import BUREAU


class Arriving:
    """What is in force for the months of a batch: the ledger, and over it what the batch decided so far."""

    def __init__(self, ledger: Ledger, admit_pending: bool) -> None:
        self._ledger = ledger
        self._counting = {State.ACCEPTED, *([State.PENDING] if admit_pending else [])}
        self._taken: dict[tuple[str, str], list[tuple[Submission, State]]] = {}
        self._frames: dict[tuple[str, str], pl.DataFrame] = {}

    def take(self, judged: Sequence[Judged]) -> None:
        """From here on these verdicts are known; those count that would in the ledger."""
        for one in judged:
            if one.state in self._counting:
                at = (one.submission.form, one.submission.period)
                self._taken.setdefault(at, []).append((one.submission, one.state))
                self._frames.pop(at, None)

    def lines(
        self, form: str, periods: Sequence[Period], fields: Collection[str] | None = None
    ) -> pl.DataFrame:
        """See :class:`schemas.in_force.InForce`."""
        wanted = list(columns_of(form, fields))
        base = self._ledger.lines(form, periods)
        fresh = [self._fresh(form, str(period)) for period in periods if (form, str(period)) in self._taken]
        if not fresh:
            return base.select(wanted)
        new = pl.concat(fresh)
        whose = ["period", "submitter", "subject", "source"]
        replaced = new.filter(pl.col("source") == "submission").select(whose).unique()
        kept = base.join(replaced, on=whose, how="anti")
        fields = [name for name in kept.columns if name not in HEAD]
        merged = pl.concat([kept, new])
        bureau = (
            merged.filter(pl.col("source") == "bureau")
            .group_by("period", "submitter", "subject", "source", "row_key", maintain_order=True)
            .agg(pl.col("state", "revised").last(), *(pl.col(name).drop_nulls().last() for name in fields))
            .select(merged.columns)
        )
        filed = merged.filter(pl.col("source") == "submission")
        alone = bureau.join(filed.select("period", "row_key").unique(), on=["period", "row_key"], how="anti")
        both = pl.concat([filed, alone]).sort("period", "row_key", "submitter", maintain_order=True)
        return both.select(wanted)

    def place(self, form: str, period: str, submitter: str, row_key: str, field: str) -> Place | None:
        """See :class:`schemas.in_force.InForce`."""
        found = self._figure(form, period, row_key, field, submitter)
        return found.place if found else self._ledger.place(form, period, submitter, row_key, field)

    def figure(self, form: str, period: str, row_key: str, field: str) -> Figure | None:
        """See :class:`schemas.in_force.InForce`; what a newer version of the batch lacks is not there."""
        found = self._figure(form, period, row_key, field)
        if found is not None:
            return found
        known = self._ledger.figure(form, period, row_key, field)
        newer = {(s.submitter, s.subject) for s, _ in self._winners(form, period) if s.edition != HISTORY}
        return None if known and (known.submitter, known.subject) in newer else known

    def _fresh(self, form: str, period: str) -> pl.DataFrame:
        """The lines of what the batch took of a form for a period."""
        if (form, period) not in self._frames:
            self._frames[form, period] = _lines(form, self._winners(form, period))
        return self._frames[form, period]

    def _winners(self, form: str, period: str) -> list[tuple[Submission, State]]:
        """Of each submission the newest that this batch took, if no newer one stands in the ledger.

        Of history every record, the newest last.
        """
        newest: dict[tuple[object, ...], tuple[Submission, State]] = {}
        for submission, state in sorted(
            self._taken.get((form, period), ()), key=lambda one: _newness(one[0])
        ):
            layered = submission.edition == HISTORY
            identity = (*submission.identity, *((submission.digest, submission.sheet) if layered else ()))
            if layered or _newness(submission) > self._ledger.newness.get(submission.identity, _OLDEST):
                newest[identity] = (submission, state)
        return list(newest.values())

    def _figure(
        self, form: str, period: str, row_key: str, field: str, submitter: str | None = None
    ) -> Figure | None:
        newest_first = reversed(self._winners(form, period))
        ranked = sorted(newest_first, key=lambda one: one[0].edition == HISTORY)
        for submission, _ in ranked:
            if submitter in (None, submission.submitter):
                found = _figure_in(submission, row_key, field)
                if found is not None:
                    return found
        return None


_OLDEST = (0, "", "", "")


def _newness(submission: Submission) -> tuple[int, str, str, str]:
    return (submission.version, submission.reported_on, submission.digest, submission.sheet)


def _lines(form: str, taken: Sequence[tuple[Submission, State]]) -> pl.DataFrame:
    """The lines of submissions, as :meth:`Ledger.lines` gives them."""
    columns = columns_of(form)
    frames = [pl.DataFrame(schema=columns)]
    by_edition: dict[str, list[tuple[Submission, State]]] = {}
    for submission, state in taken:
        by_edition.setdefault(submission.edition, []).append((submission, state))
    for edition, members in sorted(by_edition.items()):
        known = form_of(members[0][0])
        assert known is not None, "what was taken has a form"
        submissions = [submission for submission, _ in members]
        if edition == HISTORY:
            submissions = [merged_records(submission, known)[0] for submission in submissions]
        wide = frame_of(known, submissions)
        own = wide.frame["submission"]
        sources = ["bureau" if s.submitter == BUREAU.code else "submission" for s in submissions]
        frame = wide.frame.with_columns(
            pl.Series("source", sources, dtype=pl.String).gather(own),
            pl.Series("state", [str(state) for _, state in members], dtype=pl.String).gather(own),
            pl.lit("").alias("revised"),
            pl.Series("row_key", [wide.row_key(key) for key in wide.keys], dtype=pl.String),
        )
        absent = [
            pl.lit(None, dtype=kind).alias(name)
            for name, kind in columns.items()
            if name not in frame.columns
        ]
        frames.append(frame.with_columns(absent).select(list(columns)))
    return pl.concat(frames)


def _figure_in(submission: Submission, row_key: str, field: str) -> Figure | None:
    rows = {number for number, key in row_keys(submission).items() if key_text(key) == row_key}
    for cell in submission.cells:
        if cell.row in rows and cell.field == field:
            place = Place(
                submission.digest,
                submission.file_name,
                submission.version,
                submission.sheet,
                cell.address,
                cell.raw,
            )
            value = plain(cell.value) if cell.value and cell.kind != "text" else cell.value or ""
            return Figure(submission.submitter, submission.subject, value, cell.mark, place)
    return None
