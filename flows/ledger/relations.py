"""The relations that the engine reads, cut out of the warehouse as of a journal sequence.

Which version of a submission is in view follows from the decisions up to that sequence by 版次, then
报出日期, then digest; a rejected version never hides an older one. A correction belongs to the version
that it named. Knowledge time is the sequence alone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from flows.ledger.content import KEY_COLUMNS
from flows.ledger.placing import place_rows
from schemas.form import load_forms
from schemas.period import Period

SQL = Path(__file__).with_name("relations.sql")
STANDING = SQL.with_name("standing.sql")


def script(name: str) -> str:
    """The text of ``standing.sql`` or ``relations.sql``, by its name."""
    return SQL.with_name(f"{name}.sql").read_text("utf-8")


def standing(
    con: duckdb.DuckDBPyConnection,
    upto_seq: int,
    through: Period | None = None,
    admit_pending: bool = True,
    text: Callable[[str], str] = script,
) -> None:
    """Create ``standing``, ``in_force`` and ``corrected``: which version of what is in view, and what corrects it.

    They are temporary tables, and small: to ask what a release is made of takes no more than them.

    Only what was decided up to the sequence is known, and nothing of later periods than
    ``through``. ``admit_pending`` says whether values of pending versions count. ``text`` gives the
    procedures by name: today's, or those of an earlier release.
    """
    # the parameters are numbers and a truth value, put in as text: a script takes no parameters
    query = text("standing")
    given = {
        "seq": upto_seq,
        "through": through.ref_month if through else 999912,
        "pending": admit_pending,
    }
    for name, value in given.items():
        query = query.replace(f"${name}", str(value).lower())
    con.execute(query)


def relations(
    con: duckdb.DuckDBPyConnection,
    upto_seq: int,
    through: Period | None = None,
    admit_pending: bool = True,
    text: Callable[[str], str] = script,
) -> None:
    """Create ``fact`` and ``filing`` beside the tables of :func:`standing`."""
    standing(con, upto_seq, through, admit_pending, text)
    facts(con, text)


def facts(con: duckdb.DuckDBPyConnection, text: Callable[[str], str] = script) -> None:
    """Create ``fact`` and ``filing`` from ``cell`` and the tables that :func:`standing` left."""
    _number_fields(con)
    con.execute(text("relations"))


def inputs(con: duckdb.DuckDBPyConnection) -> list[tuple[str, list[str]]]:
    """Digest of each delivery in view, with the names of its submissions; after :func:`standing`."""
    found: dict[str, list[str]] = {}
    for digest, name in con.execute("select digest, name from in_force order by digest, name, id").fetchall():
        found.setdefault(digest, []).append(name)
    return list(found.items())


def pending(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Names of the versions in view that still wait for an explanation or the bureau."""
    rows = con.execute("select name from in_force where state = 'pending' order by name, id").fetchall()
    return [name for (name,) in rows]


def corrections(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str, str, str]]:
    """The corrections at work in view: revision, version corrected, key, field, new value."""
    return con.execute(
        "select k.revision, f.name, k.row_key, k.field, k.new_value"
        " from corrected k join in_force f on f.id = k.target order by all"
    ).fetchall()


def data_position(con: duckdb.DuckDBPyConnection) -> int:
    """Sequence of the last decision or correction behind the relations in view; after :func:`standing`.

    Later events (of later periods, releases, refused files) do not move it, so that a run with
    nothing new for its period finds the same release. 0 if nothing was decided.
    """
    query = """
        select greatest(
            (select coalesce(max(decided_seq), 0) from standing),
            (select coalesce(max(c.seq), 0) from correction c join corrected k using (target, row_key, field)
             join in_force f on f.id = k.target where c.state = 'applied'))
    """
    return int(con.execute(query).fetchall()[0][0])


def _number_fields(con: duckdb.DuckDBPyConnection) -> None:
    """The number fields of the forms that have facts: those whose rows the engine's keys tell apart."""
    keyed = [form for form in load_forms() if form.keys and {c.code for c in form.keys} <= set(KEY_COLUMNS)]
    numbers = sorted({(form.code, c.code) for form in keyed for c in form.columns if c.numeric})
    place_rows(con, "number_field", {"form": "VARCHAR", "field": "VARCHAR"}, numbers)
