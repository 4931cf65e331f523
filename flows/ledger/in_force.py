"""The lines in force in the warehouse, as the rules of levels 2 and 3 and the corrections ask for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property

import duckdb
import polars as pl

from flows.ledger.content import KEY_COLUMNS
from flows.ledger.relations import standing
from schemas.database import fetch
from schemas.form import Form, load_forms
from schemas.frames import AMOUNT
from schemas.in_force import Figure, Place
from schemas.period import Period

HEAD = ("period", "submitter", "subject", "source", "state", "row_key", "revised")

# A submission's line is a row of its sheet. A record of history is one figure with its key, so there the
# latest of each figure stands: by 版次, then date, then sequence, then row. Of every row the cell of one key speaks.
_HEADS = """
    select c.submission, c."row", c.row_key, {keys}
        w.period, w.submitter, w.subject, w.source, w.state, w.layered,
        case when w.layered then null else c.submission end as filed,
        case when w.layered then null else c."row" end as filed_row
    from cell c join in_force w on w.id = c.submission
    where w.form = $form and w.period in (select unnest($periods)) and c.field = $key and c.text is not null
    order by w.period, c.row_key, w.submitter, w.subject, w.layered, filed, filed_row,
        w.version, w.reported_on, w.id, c."row"
"""
_LINE = ["period", "row_key", "submitter", "subject", "layered", "filed", "filed_row"]  # tell lines apart
_FIGURES = """
    select c.submission, c."row", c.field, k.target is not null as changed,
        case when k.target is null then c.value else try_cast(k.new_value as decimal(20,4)) end as value,
        case when k.target is null or c.value is not null then c.text else k.new_value end as text
    from cell c
    left join corrected k on k.target = c.submission and k.row_key = c.row_key and k.field = c.field
    where c.submission in (select unnest($submissions))
        and (c.field in (select unnest($fields)) or k.target is not null)
        and (c.value is not null or c.text is not null or k.target is not null)
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
        keys = "".join(f"c.{column.code}, " for column in _form(form).keys if column.code in KEY_COLUMNS)
        given = {"form": form, "periods": known, "key": _never_blank(form)}
        heads = fetch(self._con, _HEADS.format(keys=keys), given)
        told = [name for name in columns if name not in heads.columns]
        given = {"submissions": heads["submission"].unique().to_list(), "fields": told}
        figures = fetch(self._con, _FIGURES, given)
        return _lines(heads, figures, columns)

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


def _lines(heads: pl.DataFrame, figures: pl.DataFrame, columns: dict[str, pl.DataType]) -> pl.DataFrame:
    """One row per line, its figures in columns; a line of the bureau only where nobody else filed its key.

    The heads come in the order of their lines, and those of one line in that of their newness.
    """
    at = ["submission", "row"]
    heads = heads.with_columns(line=pl.struct(_LINE).rle_id()).with_row_index("newness")
    known = figures.join(heads.select(*at, "line", "newness", "layered"), on=at)
    layered = known.filter("layered")
    if not layered.is_empty():
        latest = layered.sort("newness").unique(["line", "field"], keep="last", maintain_order=True)
        known = pl.concat([known.filter(~pl.col("layered")), latest])
    revised = (
        known.filter("changed")
        .sort("line", "field")
        .group_by("line")
        .agg(revised=pl.lit("|") + pl.col("field").str.join("|") + pl.lit("|"))
    )
    lines = (
        heads.unique("line", keep="last", maintain_order=True)
        .with_columns(
            pl.when("layered").then(pl.lit("bureau")).otherwise("source").alias("source"),
            pl.when("layered").then(pl.lit("accepted")).otherwise("state").alias("state"),
        )
        .join(revised, on="line", how="left", maintain_order="left")
        .with_columns(pl.col("revised").fill_null(""))
    )
    for kind, column in ((AMOUNT, "value"), (pl.String(), "text")):
        wanted = [name for name, type_ in columns.items() if type_ == kind and name not in lines.columns]
        of_kind = known.filter(pl.col("field").is_in(wanted))
        wide = of_kind.pivot("field", index="line", values=column)
        lines = lines.join(wide, on="line", how="left", maintain_order="left")
    filed = pl.col("source") == "submission"
    alone = lines.filter(filed | ~filed.any().over("period", "row_key"))
    absent = [pl.lit(None, kind).alias(name) for name, kind in columns.items() if name not in alone.columns]
    # the heads came in the order of the lines, which is total
    return alone.with_columns(absent).select(list(columns)).cast(pl.Schema(columns))


def _plain(corrected: str | None, number: str | None, text: str | None) -> str:
    if corrected is not None:
        return corrected
    if number is None:
        return text or ""
    return number.rstrip("0").rstrip(".") if "." in number else number


def _form(code: str) -> Form:
    """The newest edition that submitters fill in: its fields are those of history too."""
    return [form for form in load_forms() if form.code == code and not form.filed_by_bureau][-1]


def _never_blank(code: str) -> str:
    """A key that every edition requires: no row is accepted without it (R01), so that each row has one cell of it."""
    editions = [{key.code for key in form.keys if key.required} for form in load_forms() if form.code == code]
    for key in _form(code).keys:
        if all(key.code in required for required in editions):
            return key.code
    raise LookupError(
        f"the editions of {code} have no required key in common, by which their rows could be told"
    )


def columns_of(form: str, fields: Collection[str] | None = None) -> dict[str, pl.DataType]:
    """The columns of a form's lines and their types; of those that are no keys only ``fields``, if given."""
    text: pl.DataType = pl.String()
    return dict.fromkeys(HEAD, text) | {
        column.code: AMOUNT if column.numeric else text
        for column in _form(form).columns
        if column.key or fields is None or column.code in fields
    }
