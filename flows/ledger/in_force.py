"""The lines in force in the warehouse, as the rules of levels 2 and 3 and the corrections ask for them."""

from __future__ import annotations

from collections.abc import Sequence
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


class Ledger:
    """Lines in force in the warehouse, up to a sequence; see :class:`schemas.in_force.InForce`."""

    def __init__(self, con: duckdb.DuckDBPyConnection, upto_seq: int, admit_pending: bool) -> None:
        self._con = con
        standing(con, upto_seq, admit_pending=admit_pending)

    @cached_property
    def _filed(self) -> set[tuple[str, str]]:
        """Form and period of everything in force: most of what is asked for is not there."""
        return set(self._con.execute("select distinct form, period from in_force").fetchall())

    def lines(self, form: str, periods: Sequence[Period]) -> pl.DataFrame:
        """See :class:`InForce`."""
        columns = columns_of(form)
        filed = [str(period) for period in periods if (form, str(period)) in self._filed]
        if not filed:
            return pl.DataFrame(schema=columns)
        values = ", ".join(
            f'max("{name}") as "{name}"'
            if name in KEY_COLUMNS
            else f"max({'value' if kind == AMOUNT else 'text'}) filter (field = '{name}') as \"{name}\""
            for name, kind in columns.items()
            if name not in HEAD
        )
        # a history record is one figure with its key: the latest of each figure stands
        query = f"""
            with filed as (
                select f.period, f.submitter, f.subject, f.source, f.state, c.row_key, c.field,
                    {", ".join(f"c.{name}" for name in KEY_COLUMNS)}, f.version, f.reported_on, f.id, c."row",
                    case when k.target is null then c.value
                        else try_cast(k.new_value as decimal(20,4)) end as value,
                    case when k.target is null or c.value is not null then c.text
                        else k.new_value end as text,
                    k.target is not null as changed,
                    case when f.layered then '' else f.id || ' ' || c."row" end as line
                from in_force f
                join cell c on c.submission = f.id
                left join corrected k
                    on k.target = f.id and k.row_key = c.row_key and k.field = c.field
                where f.form = $form and f.period in (select unnest($periods))
                    and (c.value is not null or c.text is not null or k.target is not null)
            ), standing_cell as (
                select * from filed
                qualify row_number() over (
                    partition by period, submitter, subject, source, row_key, field, line
                    order by version desc, reported_on desc, id desc, "row" desc) = 1
            ), line as (
                select period, submitter, subject, source, max(state) as state, row_key,
                    coalesce('|' || string_agg(field, '|' order by field) filter (changed) || '|', '') as revised,
                    {values}
                from standing_cell
                group by period, submitter, subject, source, row_key, line
            )
            select * from line
            qualify source = 'submission'
                or not bool_or(source = 'submission') over (partition by period, row_key)
            order by period, row_key, submitter
        """
        given = {"form": form, "periods": filed}
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


def columns_of(form: str) -> dict[str, pl.DataType]:
    """The columns of a form's lines and their types."""
    text: pl.DataType = pl.String()
    return dict.fromkeys(HEAD, text) | {
        column.code: AMOUNT if column.numeric else text for column in _form(form).columns
    }
