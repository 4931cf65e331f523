"""What is looked for in every form: wrong units (S009), growth unlike that of peers and figures that look made
up (S321), copies of an earlier report (S322).

Sentences and thresholds are data (``anomalies.toml``, read by ``anomaly_file``); ``likeness``, ``peers`` and
``digits`` do the comparing. S009 asks for an explanation; the others are clues for the bureau.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb
import polars as pl

from schemas.anomaly_file import Anomaly, load_anomalies
from schemas.citing import cite
from schemas.codes import Codes
from schemas.digits import odd_digits
from schemas.earlier import compared_with, earlier_period
from schemas.finding import Finding
from schemas.form import Form
from schemas.frames import Wide
from schemas.in_force import InForce
from schemas.likeness import beside, likeness, paired, powers_of_ten, then
from schemas.owed import Owed
from schemas.peers import unlike_peers
from schemas.period import Period
from schemas.territory import BUREAU
from schemas.touch import AGO, BRACES, PREVIOUS

Judged = tuple[list[tuple[int, Finding]], pl.DataFrame]
_COUNTS = {"submission": pl.Int32, "rule": pl.String, "outcome": pl.String, "n": pl.UInt32}


@dataclass(frozen=True)
class _Look:
    """Where one anomaly is looked for: lines of a form, what is in force beside them, code lists."""

    anomaly: Anomaly
    due: Owed
    lines: pl.DataFrame
    earlier: Mapping[str, pl.DataFrame]  # the lines with their earlier reports, by alias
    con: duckdb.DuckDBPyConnection
    in_force: InForce
    codes: Codes


def anomalies(
    due: Owed, lines: pl.DataFrame, con: duckdb.DuckDBPyConnection, in_force: InForce, codes: Codes
) -> Judged:
    """Findings on lines of a form, each with its submission's place, and outcomes as ``rules.judge`` gives."""
    known = load_anomalies()
    findings: list[tuple[int, Finding]] = []
    counts = [pl.DataFrame(schema=_COUNTS)]
    own = lines.filter(pl.col("submitter") != BUREAU.code)  # what the bureau filed nobody could explain
    if own.is_empty():
        return findings, counts[0]
    earlier = {alias: beside(due.wide.form, own, alias, in_force) for alias in (PREVIOUS, AGO)}
    for anomaly, look in (
        (known.units, _wrong_units), (known.growth, _growth),
        (known.digits, _digits), (known.copies, _copies),
    ):  # fmt: skip
        valid = own.filter(_in_time(anomaly, due.wide))
        if valid.is_empty():
            continue
        among = pl.col("line").is_in(valid["line"].implode())
        there = {alias: rows.filter(among) for alias, rows in earlier.items()}
        found, outcomes = look(_Look(anomaly, due, valid, there, con, in_force, codes))
        findings += found
        counts.append(outcomes)
    return findings, pl.concat(counts)


def _in_time(anomaly: Anomaly, wide: Wide) -> pl.Expr:
    months = {str(p): f"{p.year:04d}-{p.month:02d}" for p in wide.periods}
    valid = [p for p, month in months.items() if anomaly.valid_from <= month <= anomaly.valid_to]
    return pl.col("period").is_in(valid)


def _wrong_units(at: _Look) -> Judged:
    """S009: a figure a power of ten away from the same report's last year, or from last year's report."""
    form = at.due.wide.form
    sized = [c.code for c in form.columns if c.numeric and not c.key and c.unit not in ("%", "-")]
    own = paired(at.lines, {code: f"{code}_ly" for code in sized if f"{code}_ly" in sized})
    ago = paired(at.earlier[AGO], {code: then(code) for code in sized})
    pairs = pl.concat([own.with_columns(of=pl.lit("_ly")), ago.with_columns(of=pl.lit("ago"))])
    compared = powers_of_ten(pairs, at.anomaly.numbers)
    findings = []
    failed = compared.filter(pl.col("exponent").is_not_null()).sort("line", "field", "of")
    for (line,), rows in failed.group_by("line", maintain_order=True):
        hits = list(rows.iter_rows(named=True))
        told = "；".join(dict.fromkeys(_unit_told(form, hit) for hit in hits))
        fields = dict.fromkeys(f for h in hits for f in (h["field"], *_last_year(h)))
        from_ago = sorted({(AGO, h["field"]) for h in hits if h["of"] == "ago"})
        others = compared_with(at.due.wide, int(line), from_ago, at.in_force) if from_ago else ""
        said = told + (f"（对照 {others}）" if others else "")
        findings.append(_finding(at.anomaly, at.due.wide, int(line), tuple(fields), {"told": said}))
    return findings, _outcomes(at.anomaly, at.lines, compared["line"], failed["line"])


def _last_year(hit: Mapping[str, Any]) -> tuple[str, ...]:
    return (f"{hit['field']}_ly",) if hit["of"] == "_ly" else ()


def _unit_told(form: Form, hit: Mapping[str, Any]) -> str:
    base = "上年同期" if hit["of"] == "_ly" else "上年同期报表"
    exponent = hit["exponent"]
    times = f"{10**exponent} 倍" if exponent > 0 else f"1/{10**-exponent}"
    label = form.column(hit["field"]).label
    return f"“{label}”{_shown(hit['figure'])} 约为{base} {_shown(hit['base'])} 的 {times}"


def _copies(at: _Look) -> Judged:
    """S322: cumulative figures of the last report again, or all of last year's times one factor."""
    wide = at.due.wide
    flows = {c.code: then(c.code) for c in wide.form.columns if c.numeric and c.tense == "cum"}
    least = int(at.anomaly.numbers["figures"])
    findings, seen, hit = [], [], []
    if len(flows) < least:
        return [], pl.DataFrame(schema=_COUNTS)
    for alias in (PREVIOUS, AGO):
        pairs = paired(at.earlier[alias], flows)
        compared = likeness(pairs).filter(pl.col("n") >= least)
        copied = pl.col("equal_n") >= least if alias == PREVIOUS else pl.col("factor").is_not_null()
        failed = compared.filter(copied)
        seen.append(compared["line"])
        hit.append(failed["line"])
        for row in failed.iter_rows(named=True):
            line = row["line"]
            own = pairs.filter(pl.col("line") == line).sort("field")
            period = Period.parse(wide.submissions[wide.origins[line][0]].period)
            report = earlier_period(wide.form, alias, period)
            if alias == PREVIOUS:
                own = own.filter(pl.col("figure") == pl.col("base"))
                told = f"{own.height} 项累计数与 {report} 完全相同"
            else:
                told = f"{own.height} 项累计数都是 {report} 的 {_shown(row['factor'])} 倍"
            findings.append(_finding(at.anomaly, wide, line, own["field"], {"told": told}))
    return findings, _outcomes(at.anomaly, at.lines, pl.concat(seen), pl.concat(hit))


def _growth(at: _Look) -> Judged:
    """S321: growth far from that of peers."""
    wide = at.due.wide
    compared = unlike_peers(wide.form, at.lines, at.con, at.in_force, at.codes, at.anomaly.numbers)
    if compared is None:
        return [], pl.DataFrame(schema=_COUNTS)
    odd = compared.filter(pl.col("z") > at.anomaly.numbers["z"])
    findings = []
    for row in odd.iter_rows(named=True):
        told = f"“{wide.form.column(row['field']).label}”{_shown(round((row['growth'] - 1) * 100, 1))} %"
        names = {"told": told, "n": str(row["n"]), "z": _shown(round(row["z"], 1))}
        fields = (row["field"], f"{row['field']}_ly")
        findings.append(_finding(at.anomaly, wide, row["line"], fields, names))
    return findings, _outcomes(at.anomaly, at.lines, compared["line"], odd["line"])


def _digits(at: _Look) -> Judged:
    """S321: last digits, round and repeated figures, by submission."""
    findings, seen, hit = [], [], []
    for odd in odd_digits(at.due.wide, at.lines, at.anomaly.numbers):
        seen.append(odd.line)
        if odd.told:
            hit.append(odd.line)
            findings.append(
                _finding(at.anomaly, at.due.wide, odd.line, odd.fields, {"told": "；".join(odd.told)})
            )
    places = [pl.Series("line", numbers, dtype=pl.UInt32) for numbers in (seen, hit)]
    return findings, _outcomes(at.anomaly, at.lines.filter(pl.col("line").is_in(seen)), *places)


def _outcomes(anomaly: Anomaly, lines: pl.DataFrame, compared: pl.Series, failed: pl.Series) -> pl.DataFrame:
    """fail, pass, or missing where a line had nothing to be compared with."""
    verdict = (
        pl.when(pl.col("line").is_in(failed.implode())).then(pl.lit("fail"))
        .when(pl.col("line").is_in(compared.implode())).then(pl.lit("pass"))
        .otherwise(pl.lit("missing"))
    )  # fmt: skip
    counted = lines.select("submission", outcome=verdict).group_by("submission", "outcome").agg(n=pl.len())
    return counted.select(
        "submission", pl.lit(anomaly.id).alias("rule"), "outcome", pl.col("n").cast(pl.UInt32)
    )


def _finding(
    anomaly: Anomaly, wide: Wide, line: int, fields: Iterable[str], names: Mapping[str, str]
) -> tuple[int, Finding]:
    finding = cite(
        wide, line, tuple(fields), rule=anomaly.id, severity=anomaly.severity, level=anomaly.level,
        message=BRACES.sub(lambda match: names[match[1]], anomaly.message), advice=anomaly.advice,
    )  # fmt: skip
    return wide.origins[line][0], finding


def _shown(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
