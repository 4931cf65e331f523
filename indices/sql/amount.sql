-- amount: every field at every place and moment that the methods ask for.
-- Grain: variant, t0, annual, form, item, place, month, field.
-- Input: report_row; moment (variant, t0, annual, month: single rows are read at these);
--   included (see indices/roster.py: the rows to add for place 360000); wanted (form, field, agg, agg_weight, every, based,
--   totalled: whether the base year's and the twelve-month variants need the field);
--   focus (t0: the months at which all fields are needed; at the others only those that a deviation needs, `every`);
--   chain_parts (subject, item: the sub-chains and Z of a chain); sum_coverage (variant, t0, annual, form, scope, item, coverage).
-- Columns: value DECIMAL(28,12) (NULL where a part is suppressed or not yet produced), mark (C before W before N),
--   coverage (share of revenue, 1 for a single row), cells (how many cells stand behind the value).
-- A figure marked N adds nothing; in a weighted mean it leaves the weights too.
-- Rounding: sums are exact; only the weighted mean is a quotient, cast to 12 decimals.
CREATE OR REPLACE TEMP TABLE amount AS
WITH unit_figure AS (
  -- what a unit brings into a sum does not depend on the sum: its rows (a city has several) are joined once
  SELECT
    s.form, s.scope, s.annual, s.ref_month, s.level, s.unit, s.item, s.field,
    w.agg, w.every, w.based, w.totalled,
    sum(s.value) AS total,
    sum(s.value::DECIMAL(18,4) * v.value::DECIMAL(20,4)) AS weighted,
    sum(v.value) FILTER (WHERE s.value IS NOT NULL) AS weights,
    any_value(s.value) AS single,
    bool_or(s.mark = 'C' OR v.mark = 'C') AS suppressed,
    bool_or(s.mark = 'W' OR v.mark = 'W') AS not_yet,
    bool_and(s.mark = 'N') AS not_applicable,
    bool_or(s.value IS NOT NULL AND v.value IS NULL AND coalesce(v.mark, '') <> 'N') AS unweighted,
    count(*) AS cells
  FROM report_row AS s
  JOIN wanted AS w ON w.form = s.form AND w.field = s.field AND w.agg <> 'lead'
  LEFT JOIN report_row AS v
    ON w.agg = 'wmean' AND v.form = s.form AND v.item = s.item AND v.annual = s.annual
    AND v.ref_month = s.ref_month AND v.place = s.place AND v.field = w.agg_weight
  WHERE s.level = 'whole' OR (s.level <> 'own' AND w.agg IN ('sum', 'wmean'))
  GROUP BY ALL
)
SELECT
  m.variant, m.t0, m.annual, s.form, s.item, s.place, m.month, s.field,
  s.value::DECIMAL(28,12) AS value, s.mark, 1::DECIMAL(9,4) AS coverage, 1::BIGINT AS cells
FROM moment AS m
JOIN report_row AS s ON s.annual = m.annual AND s.ref_month = m.month
JOIN wanted AS w
  ON w.form = s.form AND w.field = s.field AND (w.every OR m.t0 IN (SELECT t0 FROM focus))
  AND (m.variant = 'plain' OR w.based)
WHERE (s.form IN ('GLT02', 'GLT07') OR s.place <> '360000')  AND s.form <> 'GLT01'
UNION ALL
SELECT
  m.variant, m.t0, m.annual, s.form, s.item, '360000', m.month, s.field,
  s.value::DECIMAL(28,12), s.mark, 1::DECIMAL(9,4), 1::BIGINT
FROM moment AS m
JOIN report_row AS s ON s.annual = m.annual AND s.ref_month = m.month AND s.level = 'whole'
JOIN wanted AS w
  ON w.form = s.form AND w.field = s.field AND w.agg = 'lead' AND (m.variant = 'plain' OR w.based)
UNION ALL
SELECT
  i.variant, i.t0, i.annual, s.form, s.item, '360000', i.month, s.field,
  CASE
    WHEN bool_or(s.suppressed OR s.not_yet) THEN NULL
    -- a unit that stands in the sum and lacks this figure makes it missing; a sub-chain without a row is zero
    WHEN count(*) < any_value(u.units) AND s.item NOT IN (SELECT item FROM chain_parts) THEN NULL
    WHEN any_value(s.agg) = 'wmean' AND bool_or(s.unweighted) THEN NULL
    WHEN any_value(s.agg) = 'sum' THEN sum(s.total)::DECIMAL(28,12)
    WHEN any_value(s.agg) = 'wmean' THEN (sum(s.weighted) / nullif(sum(s.weights), 0))::DECIMAL(28,12)
    ELSE any_value(s.single)::DECIMAL(28,12)
  END AS value,
  CASE
    WHEN bool_or(s.suppressed) THEN 'C'
    WHEN bool_or(s.not_yet) THEN 'W'
    WHEN bool_and(s.not_applicable) THEN 'N'
    ELSE ''
  END AS mark,
  any_value(c.coverage) AS coverage,
  sum(s.cells)::BIGINT AS cells
FROM included AS i
JOIN (
  SELECT variant, t0, annual, form, scope, month, count(*) AS units FROM included GROUP BY ALL
) AS u USING (variant, t0, annual, form, scope, month)
JOIN unit_figure AS s
  ON s.form = i.form AND s.scope = i.scope AND s.annual = i.annual AND s.ref_month = i.month
  AND s.level = i.level AND s.unit = i.unit
  AND (s.every OR i.t0 IN (SELECT t0 FROM focus))
  AND CASE i.variant WHEN 'plain' THEN true WHEN 'ttm2' THEN s.totalled WHEN 'ttm3' THEN s.totalled ELSE s.based END
LEFT JOIN sum_coverage AS c
  ON c.variant = i.variant AND c.t0 = i.t0 AND c.annual = i.annual AND c.form = i.form AND c.scope = i.scope
  AND c.item = s.item
GROUP BY i.variant, i.t0, i.annual, s.form, s.item, i.month, s.field;

-- A sub-chain without a row in any submitter's report is zero (the form's rule); the bureau's totals say nothing of it.
INSERT INTO amount
SELECT a.variant, a.t0, a.annual, a.form, p.item, a.place, a.month, a.field, 0, '', a.coverage, 0
FROM amount AS a
JOIN chain_parts AS p ON p.subject = a.item
WHERE a.form = 'GLT01' AND a.place = '360000'
  AND NOT EXISTS (
    SELECT 1 FROM included AS i
    WHERE i.form = a.form AND i.variant = a.variant AND i.t0 = a.t0 AND i.annual = a.annual AND i.month = a.month
      AND i.level <> 'leaf')
  AND NOT EXISTS (
    SELECT 1 FROM amount AS b
    WHERE b.form = a.form AND b.item = p.item AND b.place = a.place AND b.field = a.field AND b.variant = a.variant
      AND b.t0 = a.t0 AND b.annual = a.annual AND b.month = a.month);
