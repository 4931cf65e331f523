-- result_indicator, result_pillar, result_index: weights, contributions, pillars, totals and ranks.
-- Grain: index_code, period, subject (, product, pillar | indicator).
-- Input: indicator; threshold (index_code, total, monthly); basket_name (index_code, subject_type, name);
-- gate_closed (index_code, subject_type, period): levels of which too little came in. Their totals, ranks, pillars
-- and contributions are withheld; their indicators and scores stay.
-- Weights are renormalised over the leaves present; a pillar's weight is the sum of its leaves. A not_applicable
-- leaf leaves the basket; a leaf at the not_yet floor keeps its weight but does not count as coverage.
-- A total below its threshold of weight is withheld and not ranked. Ranks stand on published values, ties share
-- the best rank, and only subjects of one type (hence one basket) are compared; the province is not ranked.
-- Rounding: publication, half-even: scores and index 2 decimals, weights, contributions and coverages 4.
CREATE OR REPLACE TEMP TABLE product_leaf AS
SELECT i.*, p.product
FROM indicator AS i
JOIN (VALUES ('monthly'), ('full')) AS p(product) ON p.product = 'full' OR i.in_monthly;

CREATE OR REPLACE TEMP TABLE product_total AS
SELECT
  index_code, product, period, subject_type, subject, any_value(subject_name) AS subject_name,
  sum(weight) FILTER (WHERE missing <> 'not_applicable') AS basket_weight,
  coalesce(sum(weight) FILTER (WHERE score IS NOT NULL), 0) AS present_weight,
  coalesce(sum(weight) FILTER (WHERE missing = ''), 0) AS observed_weight,
  coalesce(sum(weight) FILTER (WHERE missing = '' AND age > 0), 0) AS carried_weight,
  max(age) FILTER (WHERE missing = '') AS oldest_age,
  sum(weight * score)::DECIMAL(38,14) AS weighted_score,
  bool_or(status = 'P') AS partial, bool_or(status = 'B') AS broken
FROM product_leaf
GROUP BY index_code, product, period, subject_type, subject;

CREATE OR REPLACE TEMP TABLE result_indicator AS
SELECT
  i.index_code,
  (i.period // 100)::VARCHAR || '-' || lpad((i.period % 100)::VARCHAR, 2, '0') AS period,
  i.subject_type, i.subject, i.subject_name, i.indicator, i.name, i.pillar_no, i.pillar, i.unit, i.frequency,
  i.in_monthly, i.ref_period, coalesce(i.age, 0)::INTEGER AS age, i.value,
  CASE i.decimals WHEN 0 THEN round_even(i.value, 0) WHEN 1 THEN round_even(i.value, 1)
    WHEN 2 THEN round_even(i.value, 2) WHEN 3 THEN round_even(i.value, 3) ELSE round_even(i.value, 4)
  END::DECIMAL(20,4) AS value_published,
  i.decimals, i.raw_score, i.score, round_even(i.score, 2)::DECIMAL(9,2) AS score_published, i.clipped,
  i.missing, i.status, i.revenue_coverage, i.reason, i.weight,
  CASE WHEN i.score IS NOT NULL AND i.in_monthly THEN
    round_even((100 * i.weight / nullif(m.present_weight, 0))::DECIMAL(28,12), 4) END::DECIMAL(9,4) AS weight_monthly,
  CASE WHEN i.score IS NOT NULL THEN
    round_even((100 * i.weight / nullif(f.present_weight, 0))::DECIMAL(28,12), 4) END::DECIMAL(9,4) AS weight_full,
  CASE WHEN i.score IS NOT NULL AND i.in_monthly AND g.period IS NULL THEN
    round_even((i.weight * i.score / nullif(m.present_weight, 0))::DECIMAL(28,12), 4) END::DECIMAL(9,4)
    AS contribution_monthly,
  CASE WHEN i.score IS NOT NULL AND g.period IS NULL THEN
    round_even((i.weight * i.score / nullif(f.present_weight, 0))::DECIMAL(28,12), 4) END::DECIMAL(9,4)
    AS contribution_full
FROM indicator AS i
LEFT JOIN product_total AS m
  ON m.index_code = i.index_code AND m.period = i.period AND m.subject = i.subject AND m.product = 'monthly'
LEFT JOIN product_total AS f
  ON f.index_code = i.index_code AND f.period = i.period AND f.subject = i.subject AND f.product = 'full'
LEFT JOIN gate_closed AS g
  ON g.index_code = i.index_code AND g.subject_type = i.subject_type AND g.period = i.period;

CREATE OR REPLACE TEMP TABLE result_pillar AS
SELECT
  l.index_code, l.product,
  (l.period // 100)::VARCHAR || '-' || lpad((l.period % 100)::VARCHAR, 2, '0') AS period,
  l.subject, l.pillar_no, any_value(l.pillar) AS pillar,
  CASE WHEN any_value(g.period) IS NULL THEN round_even((sum(l.weight * l.score)::DECIMAL(38,14)
    / nullif(sum(l.weight) FILTER (WHERE l.score IS NOT NULL), 0))::DECIMAL(28,12), 2) END::DECIMAL(9,2) AS score,
  round_even((100 * coalesce(sum(l.weight) FILTER (WHERE l.score IS NOT NULL), 0)
    / nullif(any_value(t.present_weight), 0))::DECIMAL(28,12), 4)::DECIMAL(9,4) AS weight_effective,
  round_even((coalesce(sum(l.weight) FILTER (WHERE l.missing = ''), 0)
    / nullif(sum(l.weight) FILTER (WHERE l.missing <> 'not_applicable'), 0))::DECIMAL(28,12), 4)::DECIMAL(9,4) AS coverage
FROM product_leaf AS l
JOIN product_total AS t USING (index_code, product, period, subject)
LEFT JOIN gate_closed AS g
  ON g.index_code = l.index_code AND g.subject_type = t.subject_type AND g.period = l.period
GROUP BY l.index_code, l.product, l.period, l.subject, l.pillar_no;

CREATE OR REPLACE TEMP TABLE result_index AS
WITH valued AS (
  SELECT
    t.*, b.name AS basket, g.period IS NOT NULL AS closed,
    (t.observed_weight / nullif(t.basket_weight, 0))::DECIMAL(28,12) AS share,
    CASE t.product WHEN 'monthly' THEN h.monthly ELSE h.total END AS needed,
    (t.weighted_score / nullif(t.present_weight, 0))::DECIMAL(28,12) AS exact
  FROM product_total AS t
  JOIN threshold AS h USING (index_code)
  JOIN basket_name AS b ON b.index_code = t.index_code AND b.subject_type = t.subject_type
  LEFT JOIN gate_closed AS g
    ON g.index_code = t.index_code AND g.subject_type = t.subject_type AND g.period = t.period
),
published AS (
  SELECT *,
    CASE WHEN share >= needed AND NOT closed THEN round_even(exact, 2) END::DECIMAL(9,2) AS value
  FROM valued
)
SELECT
  index_code, product,
  (period // 100)::VARCHAR || '-' || lpad((period % 100)::VARCHAR, 2, '0') AS period,
  subject_type, subject, subject_name, basket, value,
  CASE WHEN value IS NOT NULL AND subject_type <> 'province' THEN
    rank() OVER (PARTITION BY index_code, product, period, subject_type ORDER BY value DESC NULLS LAST)
  END::INTEGER AS rank,
  CASE WHEN subject_type <> 'province' THEN
    count(value) OVER (PARTITION BY index_code, product, period, subject_type)
  END::INTEGER AS ranked_n,
  round_even(coalesce(share, 0), 4)::DECIMAL(9,4) AS weight_coverage,
  round_even(coalesce((carried_weight / nullif(basket_weight, 0))::DECIMAL(28,12), 0), 4)::DECIMAL(9,4) AS carried_weight,
  coalesce(oldest_age, 0)::INTEGER AS oldest_age,
  CASE WHEN value IS NULL THEN 'M' WHEN broken THEN 'B' WHEN partial THEN 'P' WHEN carried_weight > 0 THEN 'S'
       ELSE 'A' END AS status,
  CASE WHEN closed THEN '报送未达到发布门槛' WHEN value IS NULL THEN '权重覆盖率不足' ELSE '' END AS withheld
FROM published;
