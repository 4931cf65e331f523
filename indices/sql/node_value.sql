-- node_value: what the rows supply to the expressions, for each subject and moment.
-- Grain: node, subject, variant, t0, month.
-- Input: node (node, kind, form, field, selector, subject_type); reach (subject, form, selector, item, place: whose
--   amounts a field of a subject is the sum of); amount; ttm; chain_parts (subject, item, n); coverage_floor.
-- Columns: value (NULL if missing, or if the coverage is below the floor), mark, coverage, brk ('B' after a break
--   of scope), reason (why a value is missing, in Chinese), cells.
-- A part marked N adds nothing; one marked C or W, or blank, makes a sum or a distribution missing; one over nothing (all zero) is not applicable (N).
-- Rounding: hhi_norm and max_share are quotients, cast to 12 decimals.
CREATE OR REPLACE TEMP TABLE node_value AS
WITH field_value AS (
  SELECT
    n.node, r.subject, a.variant, a.t0, a.month, a.annual,
    CASE WHEN count(a.value) + count(*) FILTER (WHERE a.mark = 'N' AND a.value IS NULL) = r.parts
      THEN sum(a.value) END::DECIMAL(28,12) AS value,
    CASE WHEN bool_or(a.mark = 'C') THEN 'C' WHEN bool_or(a.mark = 'W') THEN 'W'
         WHEN bool_and(a.mark = 'N') THEN 'N' ELSE '' END AS mark,
    CASE WHEN count(a.coverage) = count(*) THEN min(a.coverage) END AS coverage,
    '' AS brk, '' AS reason, sum(a.cells)::BIGINT AS cells
  FROM node AS n
  JOIN (SELECT *, count(*) OVER (PARTITION BY subject, form, selector) AS parts FROM reach) AS r
    ON r.form = n.form AND r.selector = n.selector AND r.subject_type = n.subject_type
  JOIN amount AS a ON a.form = r.form AND a.item = r.item AND a.place = r.place AND a.field = n.field
  WHERE n.kind = 'field' AND a.variant IN ('plain', 'base', 'base_year')
  GROUP BY n.node, r.subject, a.variant, a.t0, a.month, a.annual, r.parts
),
ttm_value AS (
  SELECT
    n.node, r.subject, 'plain' AS variant, t.t0, t.t0 AS month, false AS annual,
    CASE WHEN count(t.value) = r.parts THEN sum(t.value) END::DECIMAL(28,12) AS value,
    CASE WHEN bool_or(t.mark = 'C') THEN 'C' WHEN bool_or(t.mark = 'W') THEN 'W'
         WHEN bool_or(t.mark = 'N') THEN 'N' ELSE '' END AS mark,
    CASE WHEN count(t.coverage) = count(*) THEN min(t.coverage) END AS coverage,
    max(t.break) AS brk, max(t.reason) AS reason, sum(t.cells)::BIGINT AS cells
  FROM node AS n
  JOIN (SELECT *, count(*) OVER (PARTITION BY subject, form, selector) AS parts FROM reach) AS r
    ON r.form = n.form AND r.selector = n.selector AND r.subject_type = n.subject_type
  JOIN ttm AS t ON t.form = r.form AND t.item = r.item AND t.place = r.place AND t.field = n.field
  WHERE n.kind = 'ttm'
  GROUP BY n.node, r.subject, t.t0, r.parts
),
subchain AS (
  SELECT
    n.node, p.subject, a.variant, a.t0, a.month, a.annual, any_value(p.n) AS n,
    bool_or(a.value IS NULL AND a.mark <> 'N') AS gap,
    CASE WHEN bool_or(a.mark = 'C') THEN 'C' WHEN bool_or(a.mark = 'W') THEN 'W' ELSE '' END AS mark,
    sum(a.value::DECIMAL(19,4)) AS total,
    sum(a.value::DECIMAL(19,4) * a.value::DECIMAL(19,4))::DECIMAL(38,8) AS squares,
    CASE WHEN count(a.coverage) = count(*) THEN min(a.coverage) END AS coverage,
    sum(a.cells)::BIGINT AS cells
  FROM node AS n
  JOIN chain_parts AS p ON true
  JOIN amount AS a
    ON a.form = n.form AND a.item = p.item AND a.place = '360000' AND a.field = n.field AND a.variant = 'plain'
  WHERE n.kind = 'hhi_norm'
  GROUP BY n.node, p.subject, a.variant, a.t0, a.month, a.annual
),
hhi AS (
  SELECT *, (squares::DOUBLE / nullif(total::DOUBLE * total::DOUBLE, 0))::DECIMAL(28,12) AS hhi FROM subchain
),
city_share AS (
  SELECT
    n.node, r.subject, a.variant, a.t0, a.month, a.annual,
    CASE WHEN bool_and(a.value IS NOT NULL OR a.mark = 'N') THEN
      (max(a.value) / nullif(sum(a.value), 0))::DECIMAL(28,12) END AS value,
    CASE WHEN bool_or(a.mark = 'C') THEN 'C' WHEN bool_or(a.mark = 'W') THEN 'W'
         WHEN coalesce(sum(a.value), 0) = 0 THEN 'N' ELSE '' END AS mark,
    sum(a.cells)::BIGINT AS cells,
    any_value(whole.coverage) AS coverage
  FROM node AS n
  JOIN reach AS r ON r.form = n.form AND r.selector = 'cities' AND r.subject_type = n.subject_type
  JOIN amount AS a
    ON a.form = r.form AND a.item = r.item AND a.place = r.place AND a.field = n.field AND a.variant = 'plain'
  LEFT JOIN amount AS whole
    ON whole.form = a.form AND whole.item = a.item AND whole.place = '360000' AND whole.field = a.field
    AND whole.variant = a.variant AND whole.t0 = a.t0 AND whole.month = a.month AND whole.annual = a.annual
  WHERE n.kind = 'max_share'
  GROUP BY n.node, r.subject, a.variant, a.t0, a.month, a.annual
),
everything AS (
  SELECT * FROM field_value
  UNION ALL SELECT * FROM ttm_value
  UNION ALL
  SELECT node, subject, variant, t0, month, annual,
    CASE WHEN NOT gap THEN ((hhi * n - 1) / (n - 1))::DECIMAL(28,12) END,
    CASE WHEN coalesce(total, 0) = 0 AND NOT gap THEN 'N' ELSE mark END, coverage, '', '', cells FROM hhi
  UNION ALL
  SELECT node, subject, variant, t0, month, annual, value, mark, coverage, '', '', cells FROM city_share
)
SELECT
  node, subject, variant, t0, month, annual,
  CASE WHEN coverage >= (SELECT floor FROM coverage_floor) THEN value END AS value,
  mark, coverage, brk,
  CASE
    WHEN coverage IS NULL THEN '报送不全而营收覆盖率无从计算'
    WHEN coverage < (SELECT floor FROM coverage_floor) THEN '营收覆盖率不足'
    ELSE reason
  END AS reason,
  cells
FROM everything;
