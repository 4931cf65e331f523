"""What changed between two releases, and why: totals and ranks, causes, indicators, cells, and whose event.

The releases are of one period, or the older is of an earlier one: then the change of the period is told apart from the
revision of what was published before, as far as the newer release knows the older period. Values and causes come from
what the releases keep (``indices/change.py``); the cells are compared in the warehouse as of both sequences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, get_args

import duckdb

from flows.ledger.journal import Entry
from flows.ledger.relations import relations
from flows.ledger.release import Release
from flows.ledger.store import Store
from flows.mistakes import Mistake
from flows.release_whatif import methods_of
from flows.stored import stored_table
from indices.change import CAUSES_ZH, ChangeError, Split, split
from indices.changes import Product, read_sides
from indices.tables.words import PRODUCTS_ZH
from schemas.period import Period

KEPT = ("result_index", "result_indicator")
_CELL_KEY = "form, period, source, region_code, chain_code, subchain_code, cluster_code, park_code, field"

Row = dict[str, Any]
Key = tuple[str, str, str]  # index, subject type, subject


class DiffError(Mistake):
    """Two releases that cannot be compared; the message says why."""


@dataclass(frozen=True)
class Diff:
    """Rows that differ. Keys of each are columns; ``older`` and ``newer`` hold the two values as text.

    ``causes`` and ``indicators`` split the change of each total; the ``points`` of each of them add up to it.
    ``notes`` say what could not be split.
    """

    older: str
    newer: str
    totals: tuple[Row, ...]
    causes: tuple[Row, ...]
    indicators: tuple[Row, ...]
    cells: tuple[Row, ...]
    notes: tuple[str, ...]

    @property
    def same(self) -> bool:
        """True if no total, indicator or cell differs."""
        return not (self.totals or self.indicators or self.cells)


def diff(con: duckdb.DuckDBPyConnection, store: Store, older: Release, newer: Release) -> Diff:
    """Compare two releases; ``con`` is a warehouse opened for reading.

    The cells are those of the periods up to the older release's, as of both sequences. DiffError if the older
    release is of a later period.
    """
    before, after = (Period.parse(release.manifest.period) for release in (older, newer))
    if before.ref_month > after.ref_month:
        raise DiffError(f"发布 {older.id} 的报告期晚于 {newer.id}，请把较早的写在前面。")
    for prefix, release in (("older", older), ("newer", newer)):
        for name in KEPT:
            stored_table(con, release, name)
            con.execute(f"create or replace temp table {prefix}_{name} as select * from {name}")
        relations(con, release.manifest.seq, before, bool(release.manifest.settings["admit_pending"]))
        con.execute(
            f"create or replace temp table {prefix}_cell as select f.* exclude (submission), v.name as submission,"
            " v.submitter as filer, v.decided_seq from fact f join in_force v on v.id = f.submission"
        )
    periods = {"older": str(before), "newer": str(after)}
    totals = _rows(con, _TOTALS, periods)
    leaves = {(r["index"], r["subject"], r["indicator"]): r for r in _rows(con, _INDICATORS, periods)}
    splits, notes = _splits(con, older, newer)
    return Diff(
        older.id,
        newer.id,
        tuple(totals),
        tuple(_causes(totals, splits)),
        tuple(_indicators(splits, leaves)),
        tuple(_cells(con, store.journal.entries())),
        tuple(notes),
    )


_TOTALS = """
select coalesce(a.index_code, b.index_code) as index, coalesce(a.product, b.product) as product,
    coalesce(a.subject_type, b.subject_type) as type, coalesce(a.subject, b.subject) as subject,
    coalesce(b.subject_name, a.subject_name) as name,
    a.value as older, b.value as newer, b.value - a.value as change, a.rank as older_rank, b.rank as newer_rank,
    coalesce(nullif(b.withheld, ''), a.withheld, '') as withheld
from (select * from older_result_index where period = $older) a
full join (select * from newer_result_index where period = $newer) b using (index_code, product, subject)
where a.value is distinct from b.value or a.rank is distinct from b.rank
order by 1, 2, 3, 4
"""
_INDICATORS = """
select coalesce(a.index_code, b.index_code) as index, coalesce(a.subject, b.subject) as subject,
    coalesce(a.indicator, b.indicator) as indicator, coalesce(b.name, a.name) as name,
    a.value as older, b.value as newer, a.score as older_score, b.score as newer_score,
    coalesce(b.subject_name, a.subject_name) as subject_name, a.missing as older_missing, b.missing as newer_missing
from (select * from older_result_indicator where period = $older) a
full join (select * from newer_result_indicator where period = $newer) b using (index_code, subject, indicator)
order by 1, 2, 3
"""
_CHANGED = f"""
select {_CELL_KEY}, a.value as older, b.value as newer, a.mark as older_mark, b.mark as newer_mark,
    a.submission as older_submission, b.submission as newer_submission, coalesce(b.cell, a.cell) as cell,
    coalesce(b.revision, '') as revision, coalesce(b.filer, a.filer) as submitter, b.decided_seq as seq
from older_cell a full join newer_cell b using ({_CELL_KEY})
where (a.value, a.mark) is distinct from (b.value, b.mark)
order by all
"""


def _splits(
    con: duckdb.DuckDBPyConnection, older: Release, newer: Release
) -> tuple[dict[tuple[Product, Key], Split], list[str]]:
    """The change of every value that both releases have, in parts, and why there are none where there are not."""
    try:
        before, after = ({m.index: m for m in methods_of(release)} for release in (older, newer))
    except Mistake as mistake:
        return {}, [f"不按原因分解：{mistake}"]
    found: dict[tuple[Product, Key], Split] = {}
    notes = []
    one, two = older.manifest.period, newer.manifest.period
    for product in get_args(Product):
        sides = read_sides(con, before, one, product, "older_")
        known = read_sides(con, after, one, product, "newer_") if one != two else {}
        for key, side in read_sides(con, after, two, product, "newer_").items():
            if key not in sides:
                continue
            try:
                found[product, key] = split(sides[key], side, known.get(key), one == two)
            except ChangeError as error:
                notes.append(f"{key[0]} {PRODUCTS_ZH[product]} {key[2]} 不按原因分解：{error}")
        if one != two and sides.keys() - known.keys():
            notes.append(
                f"{PRODUCTS_ZH[product]}：发布 {newer.id} 中没有 {one} 的 {len(sides.keys() - known.keys())} 个值，其修订和数据不能分开，合计为“数据”。"
            )
    return found, notes


def _causes(totals: Sequence[Row], splits: Mapping[tuple[Product, Key], Split]) -> list[Row]:
    """The causes of the totals that have a split, in the order of the totals."""
    keyed = [(t, splits.get((t["product"], (t["index"], t["type"], t["subject"])))) for t in totals]
    return [
        {"index": t["index"], "product": t["product"], "subject": t["subject"], "subject_name": t["name"],
         "cause": CAUSES_ZH[part.item], "points": str(part.published)}
        for t, found in keyed
        if found is not None
        for part in found.parts
        if part.kind == "cause"
    ]  # fmt: skip


def _indicators(splits: Mapping[tuple[Product, Key], Split], leaves: Mapping[Key, Row]) -> list[Row]:
    """What each indicator gave to the change of each value, and by which causes.

    One that differs and moves no value (it is cut at an end of the score, or there is no published value) stands
    without product and points.
    """
    rows = []
    for (product, (index, _, subject)), found in splits.items():
        for part in found.parts:
            if part.kind == "indicator":
                causes = {c: p for (i, c), p in found.points.items() if i == part.item and p}
                largest = sorted(causes, key=lambda c: (-abs(causes[c]), c))
                words = "、".join(CAUSES_ZH[cause] for cause in largest)
                rows.append(_shown(leaves[index, subject, part.item], product, str(part.published), words))
    told = {(row["index"], row["subject"], row["indicator"]) for row in rows}
    rows += [
        _shown(leaf, "", None, "")
        for key, leaf in leaves.items()
        if key not in told and any(leaf[f"older{w}"] != leaf[f"newer{w}"] for w in ("", "_score", "_missing"))
    ]
    return sorted(rows, key=lambda r: (r["index"], r["subject"], r["product"], r["indicator"]))


def _shown(leaf: Row, product: str, points: str | None, cause: str) -> Row:
    names = (
        "index",
        "subject",
        "subject_name",
        "indicator",
        "name",
        "older",
        "newer",
        "older_score",
        "newer_score",
    )
    return {"product": product, **{name: leaf[name] for name in names}, "points": points, "cause": cause}


def _cells(con: duckdb.DuckDBPyConnection, entries: Sequence[Entry]) -> list[Row]:
    """The cells that changed, each with the event that brought the newer value."""
    confirmed = {e.body["revision"]: e for e in entries if e.type == "corrected"}
    found = []
    for row in _rows(con, _CHANGED):
        entry = confirmed.get(row["revision"]) or (entries[row["seq"] - 1] if row["seq"] else None)
        row["event"] = entry.seq if entry else None
        row["type"], row["actor"] = (entry.type, entry.actor) if entry else ("", "")
        found.append(row)
    return found


def _rows(con: duckdb.DuckDBPyConnection, query: str, given: Mapping[str, str] | None = None) -> list[Row]:
    cursor = con.execute(query, given) if given else con.execute(query)
    names = [column[0] for column in cursor.description or ()]
    return [
        {n: str(v) if isinstance(v, Decimal) else v for n, v in zip(names, row, strict=True)}
        for row in cursor.fetchall()
    ]
