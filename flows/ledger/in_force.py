"""The lines in force in the warehouse, as the rules of levels 2 and 3 and the corrections ask for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property

import duckdb
import polars as pl

from flows.ledger.content import KEY_COLUMNS
from flows.ledger.relations import standing
from schemas.form import Form, load_forms
from schemas.frames import AMOUNT
from schemas.in_force import Figure, Place
from schemas.period import Period

HEAD = ("period", "submitter", "subject", "source", "state", "row_key", "revised")


# A submission's line is a row of its sheet. A record of history is one figure with its key, so there the
# latest of each figure stands, by date, then by sequence.
_LINES = """
    with wanted as (
        select * from in_force where form = $form and period in (select unnest($periods))
    ), figure as (
        select c.submission, c."row", c.row_key, c.field, {keys}, k.target is not null as changed,
            case when k.target is null then c.value else try_cast(k.new_value as decimal(20,4)) end as value,
            case when k.target is null or c.value is not null then c.text else k.new_value end as text
        from cell c
        left join corrected k on k.target = c.submission and k.row_key = c.row_key and k.field = c.field
        where c.submission in (select id from wanted)
            and (c.value is not null or c.text is not null or k.target is not null)
    ), filed as (
        select submission, max(row_key) as row_key,
            coalesce('|' || string_agg(field, '|' order by field) filter (changed) || '|', '') as revised, {figures}
        from figure semi join (select id as submission from wanted where not layered) using (submission)
        group by submission, "row"
    ), latest as (
        select w.period, w.submitter, w.subject, f.*
        from figure f join wanted w on w.id = f.submission
        where w.layered
        qualify row_number() over (
            partition by w.period, w.submitter, w.subject, f.row_key, f.field
            order by w.version desc, w.reported_on desc, w.id desc, f."row" desc) = 1
    ), line as (
        select w.period, w.submitter, w.subject, w.source, w.state, f.* exclude (submission)
        from filed f join wanted w on w.id = f.submission
        union all by name
        select period, submitter, subject, 'bureau' as source, 'accepted' as state, row_key,
            coalesce('|' || string_agg(field, '|' order by field) filter (changed) || '|', '') as revised, {figures}
        from latest
        group by period, submitter, subject, row_key
    )
    select * from line
    qualify source = 'submission' or not bool_or(source = 'submission') over (partition by period, row_key)
    order by period, row_key, submitter
"""


class Ledger:
    """Lines in force in the warehouse, up to a sequence; see :class:`schemas.in_force.InForce`."""

    def __init__(self, con: duckdb.DuckDBPyConnection, upto_seq: int, admit_pending: bool) -> None:
        self._con = con
        standing(con, upto_seq, admit_pending=admit_pending)

    def lines(
        self, form: str, periods: Sequence[Period], fields: Collection[str] | None = None
    ) -> pl.DataFrame:
        """See :class:`InForce`."""
        columns = columns_of(form, fields)
        known = [str(period) for period in periods if (form, str(period)) in self._filed]
        if not known:
            return pl.DataFrame(schema=columns)
        # a register names places in columns that are no part of its key
        keys = {column.code for column in _form(form).keys} & set(KEY_COLUMNS)
        figures = ", ".join(
            f'max("{name}") as "{name}"'
            if name in keys
            else f"max({'value' if kind == AMOUNT else 'text'}) filter (field = '{name}') as \"{name}\""
            for name, kind in columns.items()
            if name not in HEAD
        )
        query = _LINES.format(figures=figures, keys=", ".join(f"c.{name}" for name in KEY_COLUMNS))
        given = {"form": form, "periods": known}
        return self._con.sql(query, params=given).pl().select(list(columns)).cast(columns)

    def place(self, form: str, period: str, submitter: str, row_key: str, field: str) -> Place | None:
        """See :class:`InForce`."""
        found = self._cells(form, period, row_key, field, submitter)
        return found[0].place if found else None

    def figure(self, form: str, period: str, row_key: str, field: str) -> Figure | None:
        """See :class:`InForce`."""
        found = self._cells(form, period, row_key, field)
        return found[0] if found else None

    @cached_property
    def _filed(self) -> set[tuple[str, str]]:
        """The forms and periods of which anything is in force."""
        return set(self._con.execute("select distinct form, period from in_force").fetchall())

    @cached_property
    def newness(self) -> dict[tuple[str, str, str, str], tuple[int, str, str, str]]:
        """版次, 报出日期, digest and sheet of the version in force, by period, submitter, form, subject."""
        rows = self._con.execute(
            "select period, submitter, form, subject, version, reported_on, digest, sheet"
            " from in_force where not layered"
        ).fetchall()
        return {row[:4]: row[4:] for row in rows}

    def _cells(
        self, form: str, period: str, row_key: str, field: str, submitter: str | None = None
    ) -> list[Figure]:
        """The cells of a figure, the one that stands first: submissions before the bureau, newest first."""
        rows = self._con.execute(
            """
            select f.submitter, f.subject, cast(c.value as varchar), c.text, c.mark, k.new_value,
                f.digest, d.file_name, f.version, c.sheet, c.address, c.raw
            from in_force f
            join cell c on c.submission = f.id
            join delivery d on d.digest = f.digest
            left join corrected k on k.target = f.id and k.row_key = c.row_key and k.field = c.field
            where f.form = ? and f.period = ? and c.row_key = ? and c.field = ?
                and (? is null or f.submitter = ?)
            order by f.source desc, f.version desc, f.reported_on desc, f.id desc, c."row" desc
            """,
            [form, period, row_key, field, submitter, submitter],
        ).fetchall()
        return [
            Figure(
                filer, subject, _plain(corrected, number, text), mark,
                Place(digest, file_name, version, sheet, address, raw),
            )
            for filer, subject, number, text, mark, corrected, digest, file_name, version, sheet, address, raw
            in rows
        ]  # fmt: skip


def _plain(corrected: str | None, number: str | None, text: str | None) -> str:
    if corrected is not None:
        return corrected
    if number is None:
        return text or ""
    return number.rstrip("0").rstrip(".") if "." in number else number


def _form(code: str) -> Form:
    """The newest edition that submitters fill in: its fields are those of history too."""
    return [form for form in load_forms() if form.code == code and not form.filed_by_bureau][-1]


def columns_of(form: str, fields: Collection[str] | None = None) -> dict[str, pl.DataType]:
    """The columns of a form's lines and their types; of those that are no keys only ``fields``, if given."""
    text: pl.DataType = pl.String()
    return dict.fromkeys(HEAD, text) | {
        column.code: AMOUNT if column.numeric else text
        for column in _form(form).columns
        if column.key or fields is None or column.code in fields
    }
