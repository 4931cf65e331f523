"""What each missing rule gave or took: the points of the index that it moved for each subject.

For a rule that puts a score where there is no figure (a floor, or any fill), points = the index less the index in
which these figures are missing and their weight is spread. For a rule that spreads weight, points = the index less
the index in which these figures score the worst: the lower end of their scale (its floor, where that is cut), or the
least score of the period where a scale has no end (z-scores, ranks, ratios without posts, scores taken as they are).
Both at full precision, rounded to 4 decimals.
"""

from __future__ import annotations

from indices.declare import Aggregate, Impute
from indices.steps.aggregate import climb_again
from indices.steps.bench import Bench, listed

_WORST = """
    CREATE OR REPLACE TEMP TABLE worst AS
    SELECT p.indicator, p.period,
      CASE WHEN p.floor IS NOT NULL THEN p.floor
           WHEN p.method IN ('zscore', 'rank', 'none') OR (p.method = 'ratio' AND p.low IS NULL) THEN min(s.score)
           ELSE p.lower_end END::DECIMAL(28,12) AS score
    FROM post AS p LEFT JOIN score AS s USING (indicator, period)
    GROUP BY p.indicator, p.period, p.floor, p.method, p.low, p.lower_end
"""


def missing_points(bench: Bench, step: Aggregate) -> None:
    """Make ``points`` (subject, period, rule, figures, points)."""
    bench.con.execute(
        "CREATE OR REPLACE TEMP TABLE points (subject VARCHAR, period VARCHAR, rule VARCHAR, figures INTEGER,"
        " points DECIMAL(18,4))"
    )
    kinds = bench.rows("SELECT DISTINCT missing, floored FROM score WHERE missing <> '' ORDER BY ALL")
    fills = sorted({s.method for s in bench.design.steps if isinstance(s, Impute)})
    if not kinds and not fills:
        return
    bench.con.execute("CREATE OR REPLACE TEMP TABLE standing AS SELECT * FROM node_value")
    bench.con.execute(_WORST)
    for kind, floored in kinds:
        rule = f"{kind}:{'floor' if floored else 'spread'}"
        figures = f"SELECT subject, period, indicator FROM score WHERE missing = '{kind}'"
        _compare(bench, step, rule, figures, "NULL" if floored else "w.score")
    for method in fills:
        figures = f"SELECT subject, period, indicator FROM imputed WHERE method = '{method}'"
        _compare(bench, step, f"late:{method}", figures, "NULL")
    bench.con.execute("CREATE OR REPLACE TEMP TABLE node_value AS SELECT * FROM standing")


def _compare(bench: Bench, step: Aggregate, rule: str, figures: str, changed: str) -> None:
    """One rule: the index again with these figures changed to an expression (``w`` is ``worst``), and the difference."""
    root = listed([bench.design.root.id])
    bench.con.execute(f"CREATE OR REPLACE TEMP TABLE struck AS {figures}")
    bench.con.execute(f"""
        CREATE OR REPLACE TEMP TABLE node_value AS
        SELECT s.subject, s.period, s.node, CASE WHEN k.indicator IS NULL THEN s.value ELSE {changed} END AS value,
          CASE WHEN k.indicator IS NULL THEN s.reason ELSE '' END AS reason
        FROM standing AS s
        JOIN (SELECT DISTINCT indicator FROM score) AS leaf ON leaf.indicator = s.node
        LEFT JOIN struck AS k ON k.subject = s.subject AND k.period = s.period AND k.indicator = s.node
        LEFT JOIN worst AS w ON w.indicator = s.node AND w.period = s.period
    """)
    climb_again(bench, step)
    bench.con.execute(f"""
        INSERT INTO points
        SELECT k.subject, k.period, '{rule}', count(*)::INTEGER,
          round_even((any_value(s.value) - any_value(o.value))::DECIMAL(28,12), 4)
        FROM struck AS k
        JOIN standing AS s ON s.subject = k.subject AND s.period = k.period AND s.node = {root}
        JOIN node_value AS o ON o.subject = k.subject AND o.period = k.period AND o.node = {root}
        GROUP BY k.subject, k.period
    """)
