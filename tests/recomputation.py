"""The oracle beside the engine: what the two say of every published figure, and where they differ.

``oracle.py`` shares no code with the engine, the reader or the ledger. Figures that the samples do not have
(marks, zeros, missing reports) are changed in the oracle's figures and given to the engine as facts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from facts import Fact
from oracle import Month, Oracle, half_even
from oracle_figures import Figures
from oracle_reading import Report, Reports, Rows

from indices.tables.results import Results, rows

OCTOBER = Report(2026, 10)
SEPTEMBER = Report(2026, 9)
EVALUATED = (OCTOBER, SEPTEMBER, Report(2025, 10))  # the period, the previous report, the month a year ago
KEYS = {
    "GLT01": ("region_code", "chain_code", "subchain_code"),
    "GLT02": ("region_code",),
    "GLT03": ("cluster_code", "region_code"),
    "GLT04": ("region_code", "chain_code"),
    "GLT05": ("region_code", "chain_code"),
    "GLT06": ("region_code", "chain_code"),
    "GLT07": ("chain_code",),
}


def differences(oracle: Oracle, results: Results) -> list[str]:
    """Every published figure in which the two differ; also what only one of them has."""
    return unlike(oracle, {at: oracle.month(at) for at in EVALUATED}, results)


def unlike(oracle: Oracle, months: Mapping[Report, Month], results: Results) -> list[str]:
    """The same, of an oracle's months that are computed already."""
    found: list[str] = []
    for at, month in months.items():
        period = f"{at.year}-{at.month:02d}"
        for name, ours, theirs in (
            ("指标", indicators_of(oracle, month), indicators_in(results, period)),
            ("分项", pillars_of(month), pillars_in(results, period)),
            ("指数", totals_of(month), totals_in(results, period)),
        ):
            found += unequal(f"{period} {name}", ours, theirs)
    theirs = {(r["subject"], r["scope"]): (r["ttm"], r["attainment"]) for r in rows(results.target)}
    theirs = {key: value for key, value in theirs.items() if value != (None, None)}
    return found + unequal("目标", months[OCTOBER].targets, theirs)


def unequal(name: str, ours: dict, theirs: dict) -> list[str]:
    return [
        f"{name} {key}: oracle {ours.get(key)}, engine {theirs.get(key)}"
        for key in sorted(ours.keys() | theirs.keys())
        if ours.get(key) != theirs.get(key)
    ]


def indicators_of(oracle: Oracle, month: Month) -> dict:
    """(missing, reference period, age, value, score, clipped, effective weight, contribution)."""
    leaves = {(index, leaf.id): leaf for index, method in oracle.methods.items() for leaf in method}
    found = {}
    for (index, subject, name), each in month.standing.items():
        leaf = leaves[index, name]
        period = None
        if each.report is not None and each.missing == "":
            period = f"{each.report.year}-{each.report.month:02d}"
            if leaf.frequency == "Q":
                period = f"{each.report.year}Q{each.report.month // 3}"
            if leaf.frequency == "A":
                period = f"{each.report.year}"
        value = None if each.value is None else half_even(each.value, leaf.decimals)
        score = each.score
        present = month.totals[index, "full", subject].present
        found[index, subject, name] = (
            each.missing,
            period,
            each.age if each.missing == "" else None,
            value,
            None if score is None else half_even(score, 2),
            each.clipped,
            None if score is None else half_even(100 * leaf.weight / present, 4),
            None if score is None else half_even(leaf.weight * score / present, 4),
        )
    return found


def indicators_in(results: Results, period: str) -> dict:
    return {
        (r["index_code"], r["subject"], r["indicator"]): (
            r["missing"],
            r["ref_period"] if r["missing"] == "" else None,
            r["age"] if r["missing"] == "" else None,
            r["value_published"],
            r["score_published"],
            r["clipped"],
            r["weight_full"],
            r["contribution_full"],
        )
        for r in rows(results.indicator)
        if r["period"] == period
    }


def pillars_of(month: Month) -> dict:
    return {
        (*key, number): pillar
        for key, total in month.totals.items()
        for number, pillar in total.pillars.items()
    }


def pillars_in(results: Results, period: str) -> dict:
    return {
        (r["index_code"], r["product"], r["subject"], r["pillar_no"]): (r["score"], r["weight_effective"])
        for r in rows(results.pillar)
        if r["period"] == period
    }


def totals_of(month: Month) -> dict:
    return {key: (t.value, t.coverage, month.ranks[key]) for key, t in month.totals.items()}


def totals_in(results: Results, period: str) -> dict:
    return {
        (r["index_code"], r["product"], r["subject"]): (r["value"], r["weight_coverage"], r["rank"])
        for r in rows(results.index)
        if r["period"] == period
    }


def changed(oracle: Oracle, change: Callable[[Reports], None], index: str | None = None) -> Oracle:
    """An oracle over changed figures, of all indices or one; cells do not change, so the rows alone are copied."""
    given = oracle.figures.reports
    reports = replace(given, filed=_copied(given.filed), history=_copied(given.history))
    change(reports)
    other = object.__new__(Oracle)
    other.lists = oracle.lists
    other.methods = {name: method for name, method in oracle.methods.items() if index in (None, name)}
    other.figures = Figures(reports, oracle.lists, oracle.figures.targets)
    return other


def _copied(given: Mapping[tuple[str, Report], Rows]) -> defaultdict[tuple[str, Report], Rows]:
    found: defaultdict[tuple[str, Report], Rows] = defaultdict(dict)
    found.update({key: {place: dict(row) for place, row in rows.items()} for key, rows in given.items()})
    return found


def facts_of(reports: Reports) -> Iterator[Fact]:
    """The oracle's figures as the engine takes them."""
    for source, given in (("submission", reports.filed), ("bureau", reports.history)):
        for (form, at), found in given.items():
            period = f"{at.year}" if at.annual else f"{at.year}-{at.month:02d}"
            for key, row in found.items():
                named = ";".join(f"{k}={v}" for k, v in zip(KEYS[form], key, strict=True))
                values = {f: str(c.value) for f, c in row.items() if c.value is not None}
                fact = Fact(form, period, named, {**values}, source)
                yield fact
                for field, cell in row.items():
                    if cell.value is None and cell.mark:
                        yield replace(fact, values={field: None}, mark=cell.mark)
