-- result_variable: the figures behind each indicator that stands, for the trace and the tables.
-- Grain: index_code, period, subject, indicator, variable.
-- Input: indicator; node_of (index_code, indicator, node); node_value.
-- Rounding: amounts keep 4 decimals (rates and deviations have more and are shown with 4).
CREATE OR REPLACE TEMP TABLE result_variable AS
SELECT
  i.index_code,
  (i.period // 100)::VARCHAR || '-' || lpad((i.period % 100)::VARCHAR, 2, '0') AS period,
  i.subject, i.indicator, n.node AS variable, i.ref_period,
  round_even(v.value, 4)::DECIMAL(28,4) AS value,
  CASE WHEN v.value IS NULL THEN CASE v.mark WHEN 'C' THEN 'C' ELSE 'M' END
       WHEN v.brk <> '' THEN 'B' WHEN v.coverage < 1 THEN 'P' ELSE 'A' END AS status,
  v.coverage, v.cells::INTEGER AS cells
FROM indicator AS i
JOIN node_of AS n ON n.index_code = i.index_code AND n.indicator = i.indicator
JOIN node_value AS v
  ON v.node = n.node AND v.subject = i.subject AND v.variant = 'plain' AND v.t0 = i.t0 AND v.month = i.t0
  AND v.annual = (i.frequency = 'A');
