"""Publication: values rounded half-even (GB/T 8170), ranks on the published values, coverage.

Ties share the best rank ("1224"). Only subjects of one type are compared, each period by itself; types that the
design names as ``unranked`` get no rank. Coverage is the weight of the figures that are there, observed or filled,
over the weight of those that apply.

A basket that lacks a late or a suppressed figure is noted: somebody can still report it, or an existing figure was
left out. A figure that the table declares as not applicable or not yet there is none of these; the method's rule for
it is all that can be said, so it is counted in ``coverage`` and ``points`` and asks nothing of anybody.
"""

from __future__ import annotations

from itertools import groupby

from indices.steps.bench import Bench, Note, listed, plain
from indices.steps.weigh import effective_weights
from indices.tables.words import MISSING_ZH

_DECLARED = ("not_applicable", "not_yet")  # gaps that a mark in the table announces and nobody can fill
_ADVICE = "补报缺失的数据（不适用填 N，尚未产生填 W）；不能补报的，看“缺失规则影响”，或给 screen、aggregate 的 at_least"


def publish(bench: Bench) -> None:
    """Make ``published`` (subject, period, node, value, rank, ranked_n)."""
    decimals = bench.design.aggregate.decimals
    unranked = listed(bench.design.unranked)
    bench.con.execute(f"""
        CREATE OR REPLACE TEMP TABLE published AS
        WITH rounded AS (
          SELECT v.subject, r.name, r.type, v.period, r.t, v.node,
            round_even(v.value, {decimals})::DECIMAL(28,{decimals}) AS value
          FROM node_value AS v JOIN subject_row AS r USING (subject, period)
        )
        SELECT * EXCLUDE (t),
          CASE WHEN value IS NOT NULL AND type NOT IN ({unranked}) IS NOT FALSE THEN
            rank() OVER (PARTITION BY node, period, type ORDER BY value DESC NULLS LAST) END::INTEGER AS rank,
          CASE WHEN type NOT IN ({unranked}) IS NOT FALSE THEN
            count(value) OVER (PARTITION BY node, period, type) ELSE 0 END::INTEGER AS ranked_n
        FROM rounded
    """)


def cover(bench: Bench) -> None:
    """Make ``effective`` and ``coverage``; a basket with gaps that somebody can fill is noted."""
    effective_weights(bench)
    bench.con.execute("""
        CREATE OR REPLACE TEMP TABLE coverage AS
        SELECT s.subject, s.period,
          count(*) FILTER (WHERE s.missing <> 'not_applicable')::INTEGER AS due,
          count(*) FILTER (WHERE s.missing = '')::INTEGER AS there,
          count(i.indicator) FILTER (WHERE s.missing = '')::INTEGER AS filled,
          (coalesce(sum(e.effective) FILTER (WHERE s.missing = ''), 0)
            / nullif(sum(e.effective) FILTER (WHERE s.missing <> 'not_applicable'), 0))::DECIMAL(9,4) AS weight_coverage
        FROM score AS s
        JOIN effective AS e ON e.node = s.indicator AND e.period = s.period
        LEFT JOIN (SELECT DISTINCT subject, period, indicator FROM imputed) AS i  -- a step may fill what another lost
          ON i.subject = s.subject AND i.period = s.period AND i.indicator = s.indicator
        GROUP BY s.subject, s.period
    """)
    _note_gaps(bench)


def _note_gaps(bench: Bench) -> None:
    """A note for each subject and period with a gap that is not declared: all its gaps and what became of each."""
    names, floor = bench.design.names, plain(bench.design.missing.floor)
    rows = bench.rows("""
        SELECT s.subject, s.period, coalesce(c.weight_coverage, 0), s.missing, s.floored, s.indicator
        FROM score AS s JOIN coverage AS c USING (subject, period)
        WHERE s.missing NOT IN ('', 'not_applicable')
        ORDER BY s.period, s.subject, s.missing, s.indicator
    """)
    for (subject, period, share), part in groupby(rows, lambda row: row[:3]):
        gaps = [
            (kind, floored, [row[5] for row in alike])
            for (kind, floored), alike in groupby(part, lambda row: row[3:5])
        ]
        if all(kind in _DECLARED for kind, *_ in gaps):
            continue
        told = "；".join(
            f"{MISSING_ZH[kind]}：{'、'.join(f'{i} {names[i]}' if names[i] != i else i for i in ids)}"
            f"（{f'按 {floor} 分计' if floored else '权重分给其他指标'}）"
            for kind, floored, ids in gaps
        )
        said = f"指标不全，权重覆盖率 {plain(share)}。{told}"
        bench.notes.append(Note("incomplete", subject, period, "", said, _ADVICE))
