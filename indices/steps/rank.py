"""Publication: values rounded half-even (GB/T 8170), ranks on the published values, coverage.

Ties share the best rank ("1224"). Only subjects of one type are compared, each period by itself; types that the
design names as ``unranked`` get no rank. Coverage is the weight of the figures that are there, observed or filled,
over the weight of those that apply.
"""

from __future__ import annotations

from indices.steps.bench import Bench, listed
from indices.steps.weigh import effective_weights


def publish(bench: Bench) -> None:
    """Make ``published`` (subject, period, node, value, rank, ranked_n) and ``coverage``."""
    decimals = bench.design.aggregate.decimals
    unranked = listed(bench.design.unranked)
    effective_weights(bench)
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
