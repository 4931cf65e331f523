-- sum_coverage: 营收覆盖率 of each sum: last accepted revenue of those who filed over that of all expected.
-- Grain: variant, t0, annual, form, scope, item.
-- Input: report_row; roster (variant, t0, annual, form, scope, unit, filed: all expected submitters of each sum);
--   revenue_field (form, field).
-- The revenue of a submitter is that of the last report before t0 in the same form and item, for one that has
--   none the report of t0 itself. Where a submitter has neither, all submitters of the sum are weighed by the
--   revenue of their region in GLT02 (a city's own rows: the city less its counties). Where even that is
--   unknown the coverage is NULL and an incomplete sum does not count.
-- Rounding: a quotient, cast to 4 decimals, rounded down so that a threshold is never reached by rounding.
CREATE OR REPLACE TEMP TABLE sum_coverage AS
WITH revenue AS (
  SELECT s.form, s.annual, s.item, s.unit, s.ref_month, sum(s.value) AS revenue
  FROM report_row AS s
  JOIN revenue_field AS f ON f.form = s.form AND f.field = s.field
  WHERE s.level = 'leaf'
  GROUP BY ALL
),
items AS (
  SELECT DISTINCT form, scope, annual, item FROM report_row WHERE level IN ('leaf', 'block', 'whole')
),
region_revenue AS (
  SELECT s.ref_month, s.place, s.value FROM report_row AS s
  WHERE s.form = 'GLT02' AND NOT s.annual AND s.field = 'rev_cum'
),
incomplete AS (
  SELECT variant, t0, annual, form, scope FROM roster GROUP BY ALL HAVING NOT bool_and(filed)
),
weighed AS (
  SELECT
    r.variant, r.t0, r.annual, r.form, r.scope, i.item, r.unit, r.filed,
    coalesce(
      (SELECT max_by(v.revenue, v.ref_month) FROM revenue AS v
       WHERE v.form = r.form AND v.annual = r.annual AND v.item = i.item AND v.unit = r.unit
         AND v.ref_month < r.t0),
      (SELECT any_value(v.revenue) FROM revenue AS v
       WHERE v.form = r.form AND v.annual = r.annual AND v.item = i.item AND v.unit = r.unit
         AND v.ref_month = r.t0)
    ) AS own,
    (SELECT max_by(g.value, g.ref_month) FROM region_revenue AS g
     WHERE g.place = r.unit AND g.ref_month <= r.t0)
    - CASE WHEN r.form = 'GLT01' AND region.level = 'city' THEN coalesce(
        (SELECT sum(last.value) FROM (
           SELECT g.place, max_by(g.value, g.ref_month) AS value
           FROM region_revenue AS g JOIN region AS c ON c.code = g.place
           WHERE c.parent = r.unit AND c.level = 'county' AND g.ref_month <= r.t0
           GROUP BY g.place) AS last), 0)
      ELSE 0 END AS regional
  FROM roster AS r
  SEMI JOIN incomplete AS n USING (variant, t0, annual, form, scope)
  JOIN items AS i ON i.form = r.form AND i.scope = r.scope AND i.annual = r.annual
  LEFT JOIN region ON region.code = r.unit
),
chosen AS (
  SELECT *, CASE WHEN bool_and(own IS NOT NULL) OVER sums THEN own
                 WHEN bool_and(regional IS NOT NULL) OVER sums THEN greatest(regional, 0) END AS weight
  FROM weighed
  WINDOW sums AS (PARTITION BY variant, t0, annual, form, scope, item)
)
SELECT
  variant, t0, annual, form, scope, item,
  CASE WHEN bool_and(weight IS NOT NULL) AND sum(weight) > 0 THEN
    trunc(10000 * coalesce(sum(weight) FILTER (WHERE filed), 0) / sum(weight))::DECIMAL(9,0)
    * 0.0001::DECIMAL(5,4)
  END::DECIMAL(9,4) AS coverage
FROM chosen
GROUP BY ALL
UNION ALL
SELECT DISTINCT r.variant, r.t0, r.annual, r.form, r.scope, i.item, 1::DECIMAL(9,4)
FROM roster AS r
ANTI JOIN incomplete AS n USING (variant, t0, annual, form, scope)
JOIN items AS i ON i.form = r.form AND i.scope = r.scope AND i.annual = r.annual;
