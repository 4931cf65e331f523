"""Plausible result tables for the tests of the published workbooks: every subject of the three indices.

The figures are made by a small arithmetic rule, so that they differ between subjects and are the same
everywhere; a test changes single cells of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal

import duckdb
import polars as pl

from indices.changes import compared_with
from indices.method import Indicator, Method, methods_for
from indices.tables.notes import Audience, MethodNote, ReleaseNotes
from indices.tables.results import TABLES, Results
from indices.tables.workbook import write_tables
from indices.targets import load_plan
from schemas.codes import load_codes
from schemas.period import Period

OCTOBER, FEBRUARY = Period.parse("2026-10"), Period.parse("2026-02")
_TEXT, _INT, _BOOL = pl.String(), pl.Int32(), pl.Boolean()


def _decimal(precision: int, scale: int) -> pl.DataType:
    return pl.Decimal(precision, scale)


TYPES: dict[str, pl.DataType] = {
    "rank": _INT, "ranked_n": _INT, "oldest_age": _INT, "pillar_no": _INT, "age": _INT, "decimals": _INT,
    "cells": _INT, "due_n": _INT, "accepted_n": _INT, "pending_n": _INT, "rejected_n": _INT, "absent_n": _INT,
    "in_monthly": _BOOL, "clipped": _BOOL, "passed": _BOOL, "filed_n": _INT,
    "threshold": _decimal(9, 4), "actual": _decimal(9, 4),
    "weight_coverage": _decimal(9, 4), "carried_weight": _decimal(9, 4), "coverage": _decimal(9, 4),
    "score": _decimal(9, 2), "score_published": _decimal(9, 2), "weight_effective": _decimal(9, 4),
    "value_published": _decimal(20, 4), "revenue_coverage": _decimal(9, 4), "weight": _decimal(9, 2),
    "weight_monthly": _decimal(9, 4), "weight_full": _decimal(9, 4), "contribution_monthly": _decimal(9, 4),
    "contribution_full": _decimal(9, 4), "target": _decimal(12, 2), "ttm": _decimal(20, 4),
    "points": _decimal(28, 12), "published": _decimal(9, 2), "low": _INT, "median": _INT, "high": _INT,
    "attainment": _decimal(9, 2), "filing_rate": _decimal(9, 4),
}  # fmt: skip
_VALUE = {"index": _decimal(9, 2), "variable": _decimal(28, 4)}
Change = Callable[[str, dict[str, object]], dict[str, object] | None]


def keep(table: str, row: dict[str, object]) -> dict[str, object] | None:
    """A change that changes nothing."""
    return row


def results(period: Period = OCTOBER, small: bool = False, change: Change = keep) -> Results:
    """Results of a period; ``small`` has few subjects. ``change`` alters or drops rows by table name."""
    made: dict[str, list[dict[str, object]]] = {name: [] for name in TABLES}
    for method in methods_for(period):
        subjects = list(_subjects(method, small))
        for when, drift in (
            (period, Decimal(0)),
            (period.same_month_last_year(), Decimal("-1.37")),
            (period.previous_report(), Decimal("0.52")),
        ):
            made["index"] += _index(method, subjects, when, drift)
        for kind, code, name in subjects:
            made["pillar"] += _pillars(method, kind, code, period)
            made["indicator"] += _indicators(method, kind, code, name, period)
    made["change"] = _changes(made["index"], made["indicator"], period)
    made["rank_interval"] = _intervals(made["index"], period)
    made["target"] += _targets()
    made["coverage"] += _coverage(period)
    made["absent"] += _absent(period)
    made["gate"] += _gates(period)
    frames = {}
    for table, rows in made.items():
        kept = [row for row in (change(table, row) for row in rows) if row is not None]
        schema = {
            column: _VALUE[table] if column == "value" else TYPES.get(column, _TEXT)
            for column in TABLES[table]
        }
        frames[table] = pl.DataFrame(kept, schema=schema, orient="row")
    return Results(**frames)


def load(con: duckdb.DuckDBPyConnection, made: Results, backwards: bool = False) -> None:
    """Put the results into a database as the engine leaves them, in either order of rows."""
    for table in TABLES:
        frame = getattr(made, table)
        con.register("given", frame.reverse() if backwards else frame)
        con.execute(f"CREATE TABLE result_{table} AS SELECT * FROM given")
        con.unregister("given")


def release_notes(period: Period = OCTOBER) -> ReleaseNotes:
    """Notes as a first release would carry them."""
    return ReleaseNotes(
        release_id=f"{period}.1",
        stage="初步",
        period=period,
        methods=tuple(
            MethodNote(m.index, m.id, m.name, m.monthly_title, m.status, "ab" * 32, m.clauses)
            for m in methods_for(period)
        ),
        plan=load_plan().plan,
        scope="除注明“制造业”的指标外，地区表（GLT02）多数指标覆盖全部规模以上工业，含采矿业和电力热力燃气水生产供应业。",
        trial="本表为试算结果：计划未规定指数的计算方法，指标、权重和上下限均为暂定，不作为考核依据。",
        journal_seq=1234,
        journal_head="cd" * 32,
        release_digest="ef" * 32,
        input_count=124,
        settings=("待核数据计入：否", "营收覆盖率下限：0.95"),
        findings=(("强制性", 3), ("核实性", 12)),
    )


def written(made: Results, index: str, audience: Audience = "internal", period: Period = OCTOBER) -> bytes:
    """The workbook of one index alone."""
    notes = release_notes(period)
    (data,) = write_tables(
        made, replace(notes, methods=tuple(m for m in notes.methods if m.index == index)), audience
    ).values()
    return data


def _subjects(method: Method, small: bool) -> Iterator[tuple[str, str, str]]:
    codes = load_codes()
    if method.index == "MQ":
        for region in codes.regions.values():
            if region.level in ("province", "city", "county"):
                yield region.level, region.code, region.name
                if small and region.code == "360203":
                    return
    else:
        listed = codes.chains if method.index == "CM" else codes.clusters
        kind = "chain" if method.index == "CM" else "cluster"
        yield from ((kind, item.code, item.name) for item in listed.values())


def _seed(*parts: str) -> int:
    """A small number that depends on the words alone."""
    value = 7
    for character in "|".join(parts):
        value = (value * 131 + ord(character)) % 1_000_003
    return value


def _value(method: Method, code: str, product: str) -> Decimal:
    return Decimal(5500 + _seed(method.index, code, product) % 3400) / 100


def _index(
    method: Method, subjects: list[tuple[str, str, str]], when: Period, drift: Decimal
) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for product in ("monthly", "full"):
        for kind, code, name in subjects:
            wobble = Decimal(_seed(code, str(when)) % 300 - 150) / 100 if drift else Decimal(0)
            rows.append(
                {
                    "index_code": method.index, "product": product, "period": str(when), "subject_type": kind,
                    "subject": code, "subject_name": name, "basket": method.basket(kind)[0],
                    "value": _value(method, code, product) + drift + wobble, "rank": None,
                    "ranked_n": None if kind == "province" else sum(1 for s in subjects if s[0] == kind),
                    "weight_coverage": Decimal("1") if product == "monthly" else Decimal("0.9312"),
                    "carried_weight": Decimal("0") if product == "monthly" else Decimal("0.5400"),
                    "oldest_age": 0 if product == "monthly" else 10,
                    "status": "A" if product == "monthly" else "S", "withheld": "",
                }
            )  # fmt: skip
    for row in rows:
        if row["subject_type"] != "province":
            rivals = [
                r for r in rows if (r["product"], r["subject_type"]) == (row["product"], row["subject_type"])
            ]
            row["rank"] = 1 + sum(1 for r in rivals if r["value"] > row["value"])
    return rows


def _basket(method: Method, kind: str) -> tuple[Indicator, ...]:
    return method.basket(kind)[1]


def _pillars(method: Method, kind: str, code: str, period: Period) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for product in ("monthly", "full"):
        for pillar in method.pillars:
            leaves = [
                i for i in _basket(method, kind) if i.pillar == pillar.no and (i.monthly or product == "full")
            ]
            if leaves:
                score = Decimal(5000 + _seed(code, product, pillar.name) % 4800) / 100
                rows.append(
                    {
                        "index_code": method.index, "product": product, "period": str(period),
                        "subject": code, "pillar_no": pillar.no, "pillar": pillar.name, "score": score,
                        "weight_effective": sum((i.weight for i in leaves), Decimal(0)),
                        "coverage": Decimal(1),
                    }
                )  # fmt: skip
    return rows


def _indicators(method: Method, kind: str, code: str, name: str, period: Period) -> list[dict[str, object]]:
    basket = _basket(method, kind)
    pillars = {p.no: p.name for p in method.pillars}
    monthly = sum((i.weight for i in basket if i.monthly), Decimal(0))
    rows: list[dict[str, object]] = []
    for i in basket:
        seed = _seed(method.index, code, i.id)
        score = min(Decimal(4500 + seed % 5600) / 100, Decimal(100))
        value = i.low + (i.high - i.low) * (score - 60) / 40 if i.normalisation != "base_ratio" else score
        fine = Decimal("0.0001")
        share = 100 * i.weight / monthly
        reference = {"M": period, "Q": Period(period.year, 9, 1), "A": Period(period.year - 1, 12, 2)}
        rows.append(
            {
                "index_code": method.index, "period": str(period), "subject_type": kind, "subject": code,
                "subject_name": name, "indicator": i.id, "name": i.name, "pillar_no": i.pillar,
                "pillar": pillars[i.pillar], "unit": i.unit, "frequency": i.frequency,
                "in_monthly": i.monthly, "ref_period": str(reference[i.frequency]),
                "age": {"M": 0, "Q": 1, "A": 10}[i.frequency],
                "value_published": value.quantize(Decimal(1).scaleb(-i.decimals), ROUND_HALF_EVEN),
                "decimals": i.decimals, "score_published": score, "clipped": score == 100, "missing": "",
                "status": "A" if i.frequency == "M" else "S", "revenue_coverage": Decimal(1), "reason": "",
                "weight": i.weight,
                "weight_monthly": share.quantize(fine, ROUND_HALF_EVEN) if i.monthly else None,
                "weight_full": i.weight,
                "contribution_monthly": (
                    (share * score / 100).quantize(fine, ROUND_HALF_EVEN) if i.monthly else None
                ),
                "contribution_full": (i.weight * score / 100).quantize(fine, ROUND_HALF_EVEN),
            }
        )  # fmt: skip
    return rows


def _changes(
    index: list[dict[str, object]], indicators: list[dict[str, object]], period: Period
) -> list[dict[str, object]]:
    """The whole change of each value as data, two thirds of it from the first monthly indicator, the rest from the second."""
    rows: list[dict[str, object]] = []
    monthly = {
        (r["index_code"], r["subject"], r["period"]): r["value"] for r in index if r["product"] == "monthly"
    }
    for (code, subject, when), value in monthly.items():
        if when != str(period):
            continue
        leaves = [
            str(r["indicator"]) for r in indicators
            if (r["index_code"], r["subject"]) == (code, subject) and r["in_monthly"]
        ]  # fmt: skip
        for other in compared_with(period):
            change = Decimal(str(value)) - Decimal(str(monthly[code, subject, str(other)]))
            most = (change * 2 / 3).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
            for kind, item, part in (
                ("cause", "data", change), ("indicator", leaves[0], most), ("indicator", leaves[1], change - most),
            ):  # fmt: skip
                rows.append(
                    {
                        "index_code": code, "period": when, "against": str(other), "subject_type": "", "subject": subject,
                        "kind": kind, "item": item, "points": part, "published": part,
                    }
                )  # fmt: skip
    return rows


def _intervals(index: list[dict[str, object]], period: Period) -> list[dict[str, object]]:
    return [
        {
            "index_code": r["index_code"], "period": r["period"], "subject_type": r["subject_type"],
            "subject": r["subject"], "low": max(1, int(str(r["rank"])) - 1), "median": r["rank"],
            "high": int(str(r["rank"])) + 1,
        }
        for r in index
        if r["product"] == "monthly" and r["period"] == str(period) and r["rank"] is not None
    ]  # fmt: skip


def _targets() -> Iterator[dict[str, object]]:
    for target in load_plan().targets:
        for scope, name in (("above_scale", "规上"), ("full_chain", "全口径")):
            if scope == "full_chain" and len(target.subject) > 2:
                continue
            known = scope == "above_scale" or target.subject in ("EI", "NE", "AV")
            ttm = target.target * (55 + _seed(target.subject, scope) % 45) / 100 + Decimal("0.1234")
            yield {
                "subject": target.subject, "subject_name": target.name, "scope": scope, "scope_name": name,
                "target": target.target, "wording": target.wording, "ttm": ttm if known else None,
                "attainment": (
                    (100 * ttm / target.target).quantize(Decimal("0.01"), ROUND_HALF_EVEN) if known else None
                ),
                "status": "A" if known else "M",
                "note": "规上口径对全产业链目标，仅供参考" if scope == "above_scale" else
                        "上年（12月）全年数" if known else "未报全口径数",
            }  # fmt: skip


def _coverage(period: Period) -> Iterator[dict[str, object]]:
    for form, title, due, absent in (
        ("GLT01", "重点产业链规模以上工业主要经济指标", 111, 2),
        ("GLT02", "地区制造业运行情况", 112, 1),
        ("GLT03", "先进制造业集群发展情况", 36, 0),
        ("GLT04", "科技创新与数字化转型情况", 11, 1),
    ):
        yield {
            "form": form, "form_title": title, "period": str(period), "due_n": due,
            "accepted_n": due - absent, "pending_n": 0, "rejected_n": 0, "absent_n": absent,
            "filing_rate": (Decimal(due - absent) / due).quantize(Decimal("0.0001")),
            "revenue_coverage": None if form == "GLT04" else Decimal("0.9876"),
        }  # fmt: skip


def _gates(period: Period) -> Iterator[dict[str, object]]:
    for method in methods_for(period):
        for gate in method.gates:
            for measure in ("filing_rate", "revenue_coverage"):
                yield {
                    "index_code": method.index, "subject_type": gate.subject_type, "form": gate.form,
                    "filers": gate.filers, "period": str(period), "measure": measure,
                    "threshold": getattr(gate, measure), "actual": Decimal("0.9900"), "due_n": 100, "filed_n": 99,
                    "missing": "东湖区统计局", "passed": True,
                }  # fmt: skip


def _absent(period: Period) -> Iterator[dict[str, object]]:
    for form, code, name, state in (
        ("GLT01", "360102", "东湖区统计局", "absent"),
        ("GLT01", "360103", "西湖区统计局", "rejected"),
        ("GLT02", "360102", "东湖区统计局", "absent"),
    ):
        yield {
            "form": form, "period": str(period), "submitter": code, "submitter_name": name, "subject": "",
            "state": state, "reason": "退回" if state == "rejected" else "未报",
        }  # fmt: skip
