"""From a published number to its cells: the tree of one index value of one subject, for people and programs.

All figures are those that the release keeps; nothing is computed but the text of formulas. The cells
come from the warehouse as of the release's sequence, the names of who decided from the journal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

import duckdb

from flows.ledger.journal import Entry
from flows.ledger.release import Release
from flows.ledger.store import Store
from flows.lineage import Asked, Lineage, Source, place_cells
from flows.mistakes import Mistake
from flows.provenance import asked_of
from flows.stored import stored_table
from indices.expression import Binary, Node, Number, Ratio, Scalar, leaves
from indices.method import Indicator, Method, load_methods
from schemas.codes import Codes

KEPT = ("result_index", "result_pillar", "result_indicator", "result_variable")
_KEYS = ("region_code", "chain_code", "subchain_code", "cluster_code")

Row = dict[str, Any]


class TraceError(Mistake):
    """Something that the release does not have; the message says what there is."""


class Traced:
    """A release with its kept results of its own period in a connection to the warehouse, ready for questions."""

    def __init__(self, con: duckdb.DuckDBPyConnection, store: Store, release: Release, codes: Codes) -> None:
        self._con, self._store, self.release, self._codes = con, store, release, codes
        for name in KEPT:
            stored_table(con, release, name, release.manifest.period)

    @cached_property
    def methods(self) -> dict[str, Method]:
        """The methods of the release by index; TraceError if a version is not here any more."""
        known = {m.id: m for m in load_methods()}
        missing = sorted(self.release.manifest.methods.keys() - known.keys())
        if missing:
            raise TraceError(f"发布 {self.release.id} 所用的方法 {'、'.join(missing)} 不在本程序中。")
        return {known[i].index: known[i] for i in self.release.manifest.methods}

    def rows(self, query: str, given: Sequence[object] = ()) -> list[Row]:
        """The rows of a query as mappings from column to value."""
        cursor = self._con.execute(query, list(given))
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def asked(self, index: str, where: str = "true", given: Sequence[object] = ()) -> list[Asked]:
        """The indicators of an index in the release's own period, as :class:`Lineage` wants them."""
        return asked_of(self._con, self.methods[index], self.release.manifest.period, where, given)

    def place(self, index: str, asked: Sequence[Asked]) -> None:
        """Create ``lineage`` for these indicators."""
        lineage = Lineage(self._codes, self.methods[index])
        sources: set[Source] = {source for one in asked for source in lineage.sources(one)}
        place_cells(self._con, self.release, self._codes, sources)

    @cached_property
    def entries(self) -> Sequence[Entry]:
        """The journal's events; reading them checks the chain."""
        return self._store.journal.entries()


def trace(traced: Traced, index: str, subject: str, indicator: str | None = None) -> Row:
    """The tree of an index value: products, pillars, indicators, variables, cells.

    TraceError if the release has no such index, subject or indicator.
    """
    release, method = traced.release, traced.methods.get(index)
    if method is None:
        raise TraceError(f"发布 {release.id} 中没有指数 {index}，有 {'、'.join(traced.methods)}。")
    here = [index, release.manifest.period, subject]
    where = "where index_code = ? and period = ? and subject = ?"
    totals = traced.rows(f"select * from result_index {where} order by product desc", here)
    if not totals:
        raise TraceError(f"发布 {release.id} 的 {index} 中没有对象 {subject}，请核对代码。")
    leaf_rows = traced.rows(f"select * from result_indicator {where} order by indicator", here)
    if indicator is not None:
        leaf_rows = [row for row in leaf_rows if row["indicator"] == indicator]
        if not leaf_rows:
            raise TraceError(f"发布 {release.id} 的 {index} {subject} 没有指标 {indicator}。")
    chosen = {row["indicator"] for row in leaf_rows}
    traced.place(
        index, [a for a in traced.asked(index, "subject = ?", [subject]) if a.indicator.id in chosen]
    )
    variables = traced.rows(f"select * from result_variable {where} order by indicator, variable", here)
    cells = _cells(traced)
    pillars = traced.rows(f"select * from result_pillar {where} order by product desc, pillar_no", here)
    return {
        "release": release.id, "stage": release.stage, "digest": release.digest,
        "journal": {"seq": release.manifest.seq, "head": release.manifest.head},
        "method": method.id, "method_digest": release.manifest.methods[method.id],
        "index": index, "name": method.name, "period": release.manifest.period, "subject": subject,
        "subject_name": totals[0]["subject_name"],
        "totals": [_plain(row, "product value rank ranked_n status weight_coverage withheld") for row in totals],
        "pillars": [
            _plain(row, "product pillar_no pillar score weight_effective coverage") for row in pillars
        ],
        "indicators": [_indicator(method, row, variables, cells) for row in leaf_rows],
    }  # fmt: skip


def _indicator(method: Method, row: Row, variables: Sequence[Row], cells: Mapping[Any, list[Row]]) -> Row:
    leaf = next(i for i in method.indicators if i.id == row["indicator"])
    own = [v for v in variables if v["indicator"] == leaf.id]
    values = {v["variable"]: v["value"] for v in own}
    return {
        **_plain(
            row,
            "indicator name pillar_no pillar unit frequency ref_period age value value_published raw_score"
            " score score_published clipped missing status revenue_coverage reason weight weight_monthly"
            " weight_full contribution_monthly contribution_full",
        ),
        "expression": leaf.expression,
        "expression_filled": f"{filled(leaf.node, values, row)} = {row['value']}",
        "score_formula": score_formula(method, leaf, row),
        "variables": [
            {
                **_plain(v, "variable ref_period value status coverage cells"),
                "rows": cells.get((leaf.id, v["variable"]), []),
            }
            for v in own
        ],
    }


def filled(node: Node, values: Mapping[str, Decimal | None], row: Row) -> str:
    """An expression with its values in the places of its variables; 缺 for one that is missing."""
    match node:
        case Number(value=value):
            return str(value)
        case Scalar(name="month"):
            return row["ref_period"][-2:].lstrip("0")
        case Scalar(name=name):
            return name
        case Ratio(function=function, above=above, below=below):
            return f"{function}({filled(above, values, row)}, {filled(below, values, row)})"
        case Binary(op=op, left=left, right=right):
            return f"({filled(left, values, row)} {op} {filled(right, values, row)})"
    figure = values.get(str(next(leaves(node))))
    return "缺" if figure is None else str(figure)


def score_formula(method: Method, leaf: Indicator, row: Row) -> str:
    """How the score follows from the value, with goalposts filled in."""
    base, span, x = method.score.base, method.score.span, row["value"]
    if x is None:
        return "缺值，按缺失规则处理" if row["score"] is None else f"尚未产生，取下限 {method.score.floor}"
    end = f" = {row['raw_score']}，取值于 [{method.score.floor}, {method.score.ceiling}]，得 {row['score']}"
    match leaf.normalisation:
        case "log_goalpost":
            line = f"{base} + {span} × (ln {x} − ln {leaf.low}) / (ln {leaf.high} − ln {leaf.low})"
        case "optimum":
            line = f"区间 {leaf.optimum} 内取 {method.score.ceiling}，到 {leaf.low}、{leaf.high} 线性降至 {base}；x = {x}"
        case "base_ratio":
            ratio = "100 × 基期值 / 报告期值" if leaf.direction == "逆向" else "100 × 报告期值 / 基期值"
            line = f"r = {ratio}（基年 {leaf.base_year}）；{base} + {span} × (r − {leaf.low}) / ({leaf.high} − {leaf.low})"
        case _:
            line = f"{base} + {span} × ({x} − {leaf.low}) / ({leaf.high} − {leaf.low})"
    return line + end


def _cells(traced: Traced) -> dict[tuple[str, str], list[Row]]:
    """The cells in ``lineage`` by indicator and variable, each with file, text, checks and decisions."""
    deciders = {e.seq: e for e in traced.entries}
    replies: dict[tuple[str, ...], list[Row]] = {}
    for row in traced.rows(
        "select r.*, f.field, f.row_key, f.message from reply r join (select distinct id, field, row_key, message"
        " from finding) f on f.id = r.finding where r.seq <= ? order by r.seq, r.ordinal",
        [traced.release.manifest.seq],
    ):
        key = (row["form"], row["period"], row["submitter"], row["subject"], row["field"])
        replies.setdefault(key, []).append(
            _plain(row, "finding rule state reason text actor role seq message")
        )
    found: dict[tuple[str, str], list[Row]] = {}
    query = """
        select l.*, f.digest, d.file_name, f.submitter, f.period, f.subject as filed_for, f.version, f.name as submission_name,
            f.state, f.decided_seq, c.sheet, c.raw, c.cleaned, k.revision as corrected_by, k.new_value, k.actor as corrected_actor, k.seq as corrected_seq
        from lineage l
        join in_force f on f.id = l.submission
        left join delivery d on d.digest = f.digest
        join cell c on c.submission = l.submission and c.address = l.cell and c.field = l.field
        left join correction k on k.target = l.submission and k.row_key = c.row_key and k.field = l.field
            and k.revision = l.revision and k.state = 'applied' and l.revision <> ''
        order by l.indicator, l.variable, l.use, l.month desc, l.field, l.region_code, l.chain_code,
            l.subchain_code, l.cluster_code, l.item
    """
    for row in traced.rows(query):
        entry = deciders[row["decided_seq"]]
        cell = _plain(
            row,
            "use form month field value mark status digest file_name submitter period filed_for version"
            " submission_name state sheet cell raw cleaned",
        )
        cell["key"] = {name: row[name] for name in _KEYS if row[name]}
        cell["decided"] = {"seq": entry.seq, "type": entry.type, "actor": entry.actor, "role": entry.role}
        if row["corrected_by"]:
            cell["correction"] = _plain(row, "corrected_by new_value corrected_actor corrected_seq")
        place = (row["form"], row["period"], row["submitter"], row["filed_for"], row["field"])
        cell["checks"] = replies.get(place, [])
        found.setdefault((row["indicator"], row["variable"]), []).append(cell)
    return found


def trace_cell(traced: Traced, file: str, sheet: str, cell: str) -> list[Row]:
    """Which published values rest on a cell: index, subject, indicator, and how it enters.

    ``file`` is the original name or the (beginning of the) SHA-256. TraceError if there is no such cell.
    """
    filed = traced.rows(
        "select distinct s.form, c.field, c.address from cell c join submission s on s.id = c.submission"
        " join delivery d on d.digest = s.digest"
        " where (d.file_name = ? or starts_with(d.digest, ?)) and c.sheet = ? and c.address = ?",
        [file, file, sheet, cell],
    )
    if not filed:
        raise TraceError(f"没有接收过文件 {file} 工作表 {sheet} 单元格 {cell}；请核对名称和地址。")
    named = {f"{row['form']}.{row['field']}" for row in filed}
    named |= {name.removesuffix("_ly") for name in named}  # a twelve-month total reads both
    found = []
    for index, method in traced.methods.items():
        weights = {f"{row['form']}.": row for row in filed}
        concerned = [
            i.id
            for i in method.indicators
            if any(name in i.expression for name in named) or any(form in i.expression for form in weights)
        ]
        asked = [a for a in traced.asked(index) if a.indicator.id in concerned]
        traced.place(index, asked)
        found += traced.rows(
            "select distinct ? as index, l.subject, l.indicator, l.variable, l.use, f.name as submission"
            " from lineage l join in_force f on f.id = l.submission left join delivery d on d.digest = f.digest"
            " join cell c on c.submission = l.submission and c.address = l.cell and c.field = l.field"
            " where (d.file_name = ? or starts_with(f.digest, ?)) and c.sheet = ? and l.cell = ? order by all",
            [index, file, file, sheet, cell],
        )
    return found


def _plain(row: Row, names: str) -> Row:
    """Some columns of a row as a program reads them: decimals as exact texts."""
    return {name: str(value) if isinstance(value := row[name], Decimal) else value for name in names.split()}
