"""Imputation: late figures are filled, and every filled figure is a row of ``imputed``.

- carry: the subject's newest earlier figure, at most ``max_age`` elapsed periods old; never from the future.
- mean, median: of the subjects with a figure in the same period, in the same group where one is named; types that
  are not ranked do not count.
- linear: between the figures before and after a gap, by elapsed periods; it looks ahead, so an open series must
  not use it (the linter says so). Nothing is drawn beyond the last figure.

Figures that are not_yet, not_applicable or suppressed are never filled. Source: OECD/JRC Handbook, step 3; COINr
``Impute`` (i_mean, i_median, i_mean_grp), ``impute_panel`` (latest, linear). Where nobody in the period or group has
a figure, the gap stays and is noted. Fills are exact to 18 decimals.
"""

from __future__ import annotations

from indices.declare import Impute
from indices.steps.bench import Bench, listed


def _shared(total: str, number: str) -> str:
    """The SQL of a decimal over a whole number to the last of 18 decimals; ``/`` alone goes through a float."""
    near = f"(({total}) / ({number}))::DECIMAL(38,18)"
    return f"({near} + ((({total}) - {near} * ({number})) / ({number}))::DECIMAL(38,18))"


_CARRY = """
    SELECT g.subject, g.period, g.indicator, o.value, o.source
    FROM gap AS g JOIN known AS o ON o.subject = g.subject AND o.indicator = g.indicator
      AND o.t < g.t AND g.t - o.t <= {max_age}
    QUALIFY row_number() OVER (PARTITION BY g.subject, g.period, g.indicator ORDER BY o.t DESC) = 1
"""
_LINEAR = f"""
    SELECT subject, period, indicator,
      before.v + {_shared("(after.v - before.v) * (t - before.t)", "after.t - before.t")} AS value,
      before.source || '~' || after.source AS source
    FROM (
      SELECT g.subject, g.period, g.t, g.indicator,
        max(struct_pack(t := o.t, v := o.value, source := o.source)) FILTER (WHERE o.t < g.t) AS before,
        min(struct_pack(t := o.t, v := o.value, source := o.source)) FILTER (WHERE o.t > g.t) AS after
      FROM gap AS g JOIN known AS o ON o.subject = g.subject AND o.indicator = g.indicator
      GROUP BY ALL
    ) WHERE before IS NOT NULL AND after IS NOT NULL
"""
_AMONG = """
    SELECT g.subject, g.period, g.indicator, s.value, g.period AS source
    FROM gap AS g
    LEFT JOIN membership AS m ON m.subject = g.subject AND m.period = g.period AND m.grp = '{group}'
    JOIN (
      SELECT k.period, k.indicator, coalesce(m.label, '') AS label, {statistic} AS value
      FROM (SELECT * FROM known WHERE {deciding}) AS k
      LEFT JOIN membership AS m ON m.subject = k.subject AND m.period = k.period AND m.grp = '{group}'
      GROUP BY ALL
    ) AS s ON s.period = g.period AND s.indicator = g.indicator AND s.label = coalesce(m.label, '')
"""


_MEAN = _shared("sum(k.value)", "count(*)")
# The half of the sum of both middle values; for an odd number they are one.
_MEDIAN = _shared(
    "list_sort(list(k.value))[(count(*) + 1) // 2] + list_sort(list(k.value))[count(*) // 2 + 1]", "2"
)


def impute(bench: Bench, step: Impute) -> None:
    """Fill ``figure`` by one method; ``imputed`` gets a row for each figure filled."""
    chosen = step.indicators or tuple(i.id for i in bench.design.indicators)
    bench.con.execute(f"""
        CREATE OR REPLACE TEMP TABLE gap AS
        SELECT subject, period, t, indicator FROM figure
        WHERE missing = 'late' AND indicator IN ({listed(chosen)})
    """)
    bench.con.execute("CREATE OR REPLACE TEMP TABLE known AS SELECT * FROM figure WHERE value IS NOT NULL")
    group = step.group.replace("'", "''")
    query = {
        "carry": _CARRY.format(max_age=step.max_age),
        "linear": _LINEAR,
        "mean": _AMONG.format(group=group, statistic=_MEAN, deciding=bench.deciding),
        "median": _AMONG.format(group=group, statistic=_MEDIAN, deciding=bench.deciding),
    }[step.method]
    bench.con.execute(f"CREATE OR REPLACE TEMP TABLE filling AS {query}")
    bench.con.execute(
        f"INSERT INTO imputed SELECT subject, period, indicator, value, source, '{step.method}' FROM filling"
    )
    bench.con.execute("""
        UPDATE figure SET value = f.value, missing = '', source = f.source FROM filling AS f
        WHERE figure.subject = f.subject AND figure.period = f.period AND figure.indicator = f.indicator
    """)
    if step.method in ("mean", "median"):
        bench.note_rows(
            "impute",
            "SELECT g.subject, g.period, g.indicator FROM gap AS g ANTI JOIN filling AS f"
            " USING (subject, period, indicator) ORDER BY period, subject, indicator",
            f"同期{'同组' if step.group else ''}没有数值，{step.method} 不能填补，仍为缺失",
            "补报，或改用别的填补方法",
        )
