"""The revision triangle of a period: every value that its releases gave, and that later releases give it by now.

A release of a later period computes the months that it compares with again, with what was known by then; such values
stand beside those of the period's own releases and are marked as recomputed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from flows.ledger.release import Release, releases
from flows.ledger.store import Store
from flows.mistakes import Mistake
from flows.publish import staged
from flows.stored import stored_table
from indices.tables.sheet import Book, Heading, Sheet
from indices.tables.style import CHANGE, CODE, NOT_APPLICABLE, TEXT, number_look
from indices.tables.words import PRODUCTS_ZH
from schemas.period import Period

Row = dict[str, Any]
_VALUES = """
select index_code as index, product, subject, subject_name as name, value, rank from result_index
where period = $period and ($index = '' or index_code = $index) and ($subject = '' or subject = $subject)
order by index_code, product desc, subject_type, subject
"""
RECOMPUTED = "重算"


@dataclass(frozen=True)
class Triangle:
    """``vintages`` are the releases in the order of their knowledge, each with its stage (or that it is recomputed).

    ``rows`` have index, product, subject, name, the values and ranks by vintage as texts (None where there is none)
    and ``revised``, the last value less the first.
    """

    period: str
    vintages: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]


def triangle(store: Store, period: str, index: str = "", subject: str = "") -> Triangle:
    """The triangle of a period, of one index or subject where named; Mistake if no release has such a value."""
    entries = store.journal.entries()
    vintages: list[tuple[str, str]] = []
    rows: dict[tuple[str, str, str], Row] = {}
    with duckdb.connect() as con:
        for release in sorted(releases(store), key=lambda r: (r.manifest.seq, _order(r))):
            if _order(release)[0] < Period.parse(period).ref_month:
                continue
            stored_table(con, release, "result_index", period)
            given = {"period": period, "index": index, "subject": subject}
            found = con.execute(_VALUES, given).fetchall()
            if not found:
                continue
            own = release.manifest.period == period
            vintages.append((release.id, staged(release, entries).stage if own else RECOMPUTED))
            for code, product, subject_code, name, value, rank in found:
                row = rows.setdefault(
                    (code, product, subject_code),
                    {
                        "index": code,
                        "product": product,
                        "subject": subject_code,
                        "name": name,
                        "values": {},
                        "ranks": {},
                    },
                )
                row["values"][release.id] = None if value is None else str(value)
                row["ranks"][release.id] = rank
    if not rows:
        raise Mistake(f"没有一次发布含有 {period} 的{index or '指数'} {subject} 的值；请核对报告期和代码。")
    return Triangle(period, tuple(vintages), tuple(row | {"revised": _revised(row)} for row in rows.values()))


def _order(release: Release) -> tuple[int, int]:
    return Period.parse(release.manifest.period).ref_month, release.number


def _revised(row: Row) -> str | None:
    """The last value less the first, None where there are not two."""
    values = [Decimal(v) for v in row["values"].values() if v is not None]
    return str(values[-1] - values[0]) if len(values) > 1 else None


def triangle_lines(found: Triangle) -> list[str]:
    """What people read: the vintages, then a line for each value that was revised."""
    lines = [f"{found.period} 的各次取值：" + "，".join(f"{r}（{stage}）" for r, stage in found.vintages)]
    for row in found.rows:
        if Decimal(row["revised"] or 0) or len(set(row["ranks"].values())) > 1:
            steps = " → ".join(f"{row['values'].get(r) or '—'}" for r, _ in found.vintages)
            ranks = " → ".join(f"{row['ranks'].get(r) or '—'}" for r, _ in found.vintages)
            lines.append(
                f"{row['index']} {PRODUCTS_ZH[row['product']]} {row['subject']} {row['name']}　{steps}　位次 {ranks}"
                f"　累计修订 {Decimal(row['revised'] or 0):+.2f}"
            )
    same = len(found.rows) - (len(lines) - 1)
    if not same:
        return lines
    few = f"其余 {same} 个值各次相同" if same < len(found.rows) else f"共 {same} 个值，各次都相同"
    return [*lines, f"{few}；全部数值用 --xlsx 或 --json 看。"]


def write_triangle(found: Triangle) -> bytes:
    """The workbook: a row for each value, a column for each vintage; equal bytes for equal triangles."""
    headings = [
        Heading("", "指数", 7), Heading("", "产品", 12), Heading("", "代码", 9), Heading("", "名称", 26),
        *(Heading("公布值（分）", f"{r}（{stage}）", 12) for r, stage in found.vintages),
        Heading("", "累计修订（分）", 10),
        *(Heading("位次", f"{r}（{stage}）", 12) for r, stage in found.vintages),
    ]  # fmt: skip
    title = f"{Period.parse(found.period).printed}指数的修订三角"
    book = Book(title, Period.parse(found.period).last_day, f"修订三角　{found.period}")
    sheet = Sheet(book, "修订三角", [heading.width for heading in headings])
    top = sheet.headings(sheet.head(title, "", ""), headings)
    sheet.raw.freeze_panes(top, 4)
    for row, line in enumerate(found.rows, top):
        _line(sheet, row, line, [r for r, _ in found.vintages])
    sheet.notes(
        row + 1,
        ("标有“重算”的为以后报告期的发布按当时所知对本期重新计算的值；累计修订为最后一个值减第一个值。",),
    )
    return book.finish()


def _line(sheet: Sheet, row: int, line: Row, vintages: Sequence[str]) -> None:
    names = (line["index"], PRODUCTS_ZH[line["product"]], line["subject"], line["name"])
    for column, text in enumerate(names):
        sheet.text(row, column, text, TEXT if column > 2 else CODE)
    for column, vintage in enumerate(vintages, 4):
        sheet.number(row, column, _decimal(line["values"].get(vintage)), number_look(2), NOT_APPLICABLE)
    sheet.number(row, 4 + len(vintages), _decimal(line["revised"]), CHANGE, NOT_APPLICABLE)
    for column, vintage in enumerate(vintages, 5 + len(vintages)):
        sheet.number(row, column, line["ranks"].get(vintage), number_look(0), NOT_APPLICABLE)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
