"""What is in force, in memory: submissions built by hand or read from workbooks, for rules of levels 2 and 3."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import polars as pl

from schemas.form import load_forms
from schemas.frames import AMOUNT, Wide, form_of, frame_of
from schemas.in_force import Figure, Place
from schemas.period import Period
from schemas.reading.record import Submission

Behind = tuple[str, str, str]  # period, submitter, row_key


class Filed:
    """An ``InForce`` of these submissions, all of them accepted unless ``states`` says otherwise."""

    def __init__(
        self,
        submissions: Iterable[Submission],
        states: Mapping[tuple[str, str], str] | None = None,  # by form and submitter
        source: str = "submission",
        revised: str = "",
    ) -> None:
        self._submissions = list(submissions)
        self._states = states or {}
        self._source = source
        self._revised = revised

        self._frames: dict[str, list[Wide]] = {}  # by form, as far as they were asked for
        self._rows: dict[str, dict[Behind, tuple[Wide, int]]] = {}

    def _wides(self, code: str) -> list[Wide]:
        """The frames of a form's editions."""
        if code not in self._frames:
            groups: dict[str, list[Submission]] = {}
            forms = {}
            for submission in self._submissions:
                if submission.form == code:
                    form = form_of(submission)
                    assert form is not None
                    forms[form.id] = form
                    groups.setdefault(form.id, []).append(submission)
            self._frames[code] = [frame_of(forms[name], members) for name, members in sorted(groups.items())]
        return self._frames[code]

    def _behind(self, code: str) -> dict[Behind, tuple[Wide, int]]:
        """The lines of a form by what is asked for."""
        if code not in self._rows:
            self._rows[code] = {
                (period, submitter, wide.row_key(wide.keys[line])): (wide, line)
                for wide in self._wides(code)
                for line, period, submitter in wide.frame.select("line", "period", "submitter").iter_rows()
            }
        return self._rows[code]

    def lines(
        self, form: str, periods: Sequence[Period], fields: Collection[str] | None = None
    ) -> pl.DataFrame:
        edition = next(f for f in load_forms() if f.code == form and not f.filed_by_bureau)
        codes = [c.code for c in edition.columns]
        types = {c.code: AMOUNT if c.numeric else pl.String for c in edition.columns}
        names = ("period", "submitter", "subject", "source", "state", "row_key", "revised")
        frames = [pl.DataFrame(schema=dict.fromkeys(names, pl.String) | types)]
        for wide in self._wides(form):
            states = [self._states.get((form, s), "accepted") for s in wide.frame["submitter"]]
            keyed = wide.frame.with_columns(
                pl.lit(self._source).alias("source"),
                pl.lit(self._revised).alias("revised"),
                pl.Series("state", states, dtype=pl.String),
                pl.Series("row_key", [wide.row_key(key) for key in wide.keys], dtype=pl.String),
            )
            frames.append(keyed.select(*names, *codes))
        wanted = [str(period) for period in periods]
        everything = pl.concat(frames).filter(pl.col("period").is_in(wanted))
        everything = everything.sort("period", *(c.code for c in edition.keys), "submitter", "subject")
        wanted = [c.code for c in edition.columns if c.key or fields is None or c.code in fields]
        return everything.select(*names, *wanted)

    def place(self, form: str, period: str, submitter: str, row_key: str, field: str) -> Place | None:
        found = self._behind(form).get((period, submitter, row_key))
        if found is None:
            return None
        wide, line = found
        submission = wide.submissions[wide.origins[line][0]]
        cell = wide.cell(line, field)
        if cell is None or not cell.raw:
            return None
        return Place(
            submission.digest,
            submission.file_name,
            submission.version,
            submission.sheet,
            cell.address,
            cell.raw,
        )

    def figure(self, form: str, period: str, row_key: str, field: str) -> Figure | None:
        raise AssertionError("no rule asks for single figures")
