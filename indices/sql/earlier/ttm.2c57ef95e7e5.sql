-- ttm: the last twelve months of a cumulative field.
-- Grain: t0, form, item, place, field.
-- Input: amount, variants 'ttm3' (the reports of t0, of last December and of the same month last year, over the
--   same submitters) and 'ttm2' (without the last); ttm_pair (form, field, field_ly); coverage_floor.
-- m = 12: cum(y, 12). Else cum(y, m) + L * (cum(y-1, 12) - cum(y-1, m)), L = cum_ly(y, m) / cum(y-1, m), which
--   carries last year's rest to this year's scope. Without last year's report of month m (or where it is not of
--   the same submitters): cum(y, m) + cum(y-1, 12) - cum_ly(y, m), status B.
--   A marked figure of t0 or of last December makes the value missing with that mark (C before W before N).
--   A negative rest, or cum(y-1, m) = 0 with a rest above 0, makes the value M, with the reason in `reason`.
-- Rounding: L * rest is one quotient, cast to 12 decimals.
CREATE OR REPLACE TEMP TABLE ttm AS
WITH part AS (
  SELECT
    a.variant, a.t0, a.form, a.item, a.place, p.field,
    max(CASE WHEN a.month = a.t0 AND a.field = p.field THEN a.value END) AS now,
    max(CASE WHEN a.month = a.t0 AND a.field = p.field_ly THEN a.value END) AS ly,
    max(CASE WHEN a.month = (a.t0 // 100 - 1) * 100 + 12 AND a.field = p.field THEN a.value END) AS december,
    max(CASE WHEN a.month = a.t0 - 100 AND a.field = p.field THEN a.value END) AS same,
    CASE WHEN bool_or(a.mark = 'C' AND a.month <> a.t0 - 100) THEN 'C'
         WHEN bool_or(a.mark = 'W' AND a.month <> a.t0 - 100) THEN 'W'
         WHEN bool_or(a.mark = 'N' AND a.month <> a.t0 - 100) THEN 'N' ELSE '' END AS mark,
    min(a.coverage) FILTER (WHERE a.month = a.t0) AS coverage,
    sum(a.cells)::BIGINT AS cells
  FROM amount AS a
  JOIN ttm_pair AS p ON p.form = a.form AND a.field IN (p.field, p.field_ly)
  WHERE a.variant IN ('ttm3', 'ttm2') AND NOT a.annual
  GROUP BY ALL
),
sided AS (
  SELECT
    coalesce(f.t0, s.t0) AS t0, coalesce(f.form, s.form) AS form, coalesce(f.item, s.item) AS item,
    coalesce(f.place, s.place) AS place, coalesce(f.field, s.field) AS field,
    (f.now IS NOT NULL AND f.ly IS NOT NULL AND f.december IS NOT NULL AND f.same IS NOT NULL
      AND coalesce(f.coverage, 0) >= (SELECT floor FROM coverage_floor)) AS full_rule,
    f.now AS f_now, f.ly AS f_ly, f.december AS f_december, f.same AS f_same, f.coverage AS f_coverage,
    f.cells AS f_cells,
    s.now AS s_now, s.ly AS s_ly, s.december AS s_december, s.coverage AS s_coverage, s.cells AS s_cells,
    s.mark AS mark
  FROM (SELECT * FROM part WHERE variant = 'ttm3') AS f
  FULL JOIN (SELECT * FROM part WHERE variant = 'ttm2') AS s
    ON f.t0 = s.t0 AND f.form = s.form AND f.item = s.item AND f.place = s.place AND f.field = s.field
)
SELECT
  t0, form, item, place, field,
  CASE
    WHEN t0 % 100 = 12 THEN s_now
    WHEN full_rule AND f_december < f_same THEN NULL
    WHEN full_rule AND f_same <= 0 AND f_december > f_same THEN NULL
    WHEN full_rule AND f_december = f_same THEN f_now
    WHEN full_rule THEN
      f_now + ((f_december - f_same)::DOUBLE * f_ly::DOUBLE / f_same::DOUBLE)::DECIMAL(28,12)
    WHEN s_december < s_ly THEN NULL
    ELSE s_now + s_december - s_ly
  END::DECIMAL(28,12) AS value,
  CASE WHEN t0 % 100 = 12 OR full_rule THEN '' ELSE 'B' END AS break,
  CASE
    WHEN t0 % 100 = 12 THEN ''
    WHEN full_rule AND f_december < f_same THEN '上年同月累计大于上年全年，余量为负'
    WHEN full_rule AND f_same <= 0 AND f_december > f_same THEN '上年同月累计为零而全年有数'
    WHEN full_rule THEN ''
    WHEN s_december < s_ly THEN '本年报送的上年同期数大于上年全年，余量为负'
    ELSE ''
  END AS reason,
  CASE WHEN full_rule THEN '' ELSE coalesce(mark, '') END AS mark,
  CASE WHEN full_rule THEN f_coverage ELSE s_coverage END AS coverage,
  CASE WHEN full_rule THEN f_cells ELSE s_cells END AS cells
FROM sided;
