-- indicator: the figure that stands for each indicator in each evaluated period, and its score.
-- Grain: index_code, period, subject, indicator.
-- Input: reading (every indicator at every reference month, see indices/compile.py); leaf (index_code, indicator and
--   its parameters); subject_leaf (index_code, subject_type, indicator: the basket); evaluated (period INT yyyymm).
-- The newest reference month within the maximum age that has a value, or a typed missing mark, stands; all variables
-- of an indicator come from that one month. missing: not_yet (mark W), not_applicable (mark N or a zero denominator),
-- suppressed (mark C), late (nothing within the maximum age).
-- Scores as in domain definitions: base + span * (x - low) / (high - low); the logarithm of all three for
-- log_goalpost; r = 100 * x / x_base (reverse: 100 * x_base / x) for base_ratio; the ceiling inside the optimum and
-- linear down to `base` at low and high (fall = ceiling - base). Clipped to [floor, ceiling], the raw score kept. not_yet scores the floor.
-- Rounding: each quotient and logarithm is cast to 12 decimals.
CREATE OR REPLACE TEMP TABLE indicator AS
WITH candidate AS (
  SELECT
    e.period, b.subject_type, s.subject, s.subject_name, l.*,
    r.t0, r.value, r.zero, r.mark, r.coverage, r.brk, r.reason,
    (e.period // 100 - r.t0 // 100) * 12 + e.period % 100 - r.t0 % 100 AS age,
    r.value IS NOT NULL OR r.mark <> '' OR r.zero AS known
  FROM evaluated AS e
  CROSS JOIN subject AS s
  JOIN subject_leaf AS b ON b.index_code = s.index_code AND b.subject_type = s.subject_type
  JOIN leaf AS l ON l.index_code = b.index_code AND l.indicator = b.indicator
  LEFT JOIN reading AS r
    ON r.index_code = l.index_code AND r.indicator = l.indicator AND r.subject = s.subject
    AND r.variant = 'plain' AND r.t0 <= e.period
    AND (e.period // 100 - r.t0 // 100) * 12 + e.period % 100 - r.t0 % 100 <= l.max_age
),
chosen AS (
  SELECT * FROM candidate
  QUALIFY row_number() OVER (
    PARTITION BY index_code, period, subject, indicator
    ORDER BY coalesce(known, false) DESC, t0 DESC NULLS LAST
  ) = 1
),
based AS (
  SELECT
    c.*,
    now.value AS now_value, base.value AS base_value, now_year.value AS now_year_value, base_year.value AS base_year_value
  FROM chosen AS c
  LEFT JOIN reading AS now
    ON now.index_code = c.index_code AND now.indicator = c.indicator AND now.subject = c.subject
    AND now.variant = 'base' AND now.t0 = c.t0 AND now.month = c.t0
  LEFT JOIN reading AS base
    ON base.index_code = c.index_code AND base.indicator = c.indicator AND base.subject = c.subject
    AND base.variant = 'base' AND base.t0 = c.t0 AND base.month = c.base_year * 100 + c.t0 % 100
  LEFT JOIN reading AS now_year
    ON now_year.index_code = c.index_code AND now_year.indicator = c.indicator AND now_year.subject = c.subject
    AND now_year.variant = 'base_year' AND now_year.t0 = c.t0 AND now_year.month = c.t0
  LEFT JOIN reading AS base_year
    ON base_year.index_code = c.index_code AND base_year.indicator = c.indicator AND base_year.subject = c.subject
    AND base_year.variant = 'base_year' AND base_year.t0 = c.t0 AND base_year.month = c.base_year * 100 + 12
),
paired AS (
  SELECT *,
    base_value IS NULL AND base_year_value IS NOT NULL AS year_base,
    CASE WHEN base_value IS NOT NULL THEN now_value ELSE now_year_value END AS x_now,
    coalesce(base_value, base_year_value) AS x_base
  FROM based
),
posted AS (
  SELECT *,
    CASE
      WHEN normalisation <> 'base_ratio' THEN value
      WHEN x_now <= 0 OR x_base <= 0 THEN NULL
      WHEN reverse THEN ((100 * x_base) / x_now)::DECIMAL(28,12)
      ELSE ((100 * x_now) / x_base)::DECIMAL(28,12)
    END AS x
  FROM paired
),
scored AS (
  SELECT *,
    CASE normalisation
      WHEN 'log_goalpost' THEN
        CASE WHEN x <= 0 THEN CASE WHEN low < high THEN floor ELSE ceiling END
        ELSE base + (span * (ln(x)::DECIMAL(24,12) - ln(low)::DECIMAL(24,12))
                     / (ln(high)::DECIMAL(24,12) - ln(low)::DECIMAL(24,12)))::DECIMAL(28,12) END
      WHEN 'optimum' THEN
        CASE
          WHEN x < optimum_low THEN ceiling - (fall * (optimum_low - x) / (optimum_low - low))::DECIMAL(28,12)
          WHEN x > optimum_high THEN ceiling - (fall * (x - optimum_high) / (high - optimum_high))::DECIMAL(28,12)
          WHEN x IS NOT NULL THEN ceiling
        END
      ELSE base + (span * (x - low) / (high - low))::DECIMAL(28,12)
    END::DECIMAL(28,12) AS raw_score
  FROM posted
),
typed AS (
  SELECT *,
    CASE
      WHEN raw_score IS NOT NULL THEN ''
      WHEN mark = 'C' THEN 'suppressed'
      WHEN mark = 'W' THEN 'not_yet'
      WHEN mark = 'N' OR zero THEN 'not_applicable'
      ELSE 'late'
    END AS missing
  FROM scored
)
SELECT
  index_code, period, subject_type, subject, subject_name, indicator, name, pillar_no, pillar, unit, frequency,
  in_monthly, weight, decimals,
  t0, age,
  CASE WHEN t0 IS NULL THEN ''
       WHEN frequency = 'A' THEN (t0 // 100)::VARCHAR
       WHEN frequency = 'Q' THEN (t0 // 100)::VARCHAR || 'Q' || (t0 % 100 // 3)::VARCHAR
       ELSE (t0 // 100)::VARCHAR || '-' || lpad((t0 % 100)::VARCHAR, 2, '0') END AS ref_period,
  CASE WHEN missing = '' THEN value END AS value,
  CASE WHEN missing = '' THEN raw_score END AS raw_score,
  CASE
    WHEN missing = '' THEN least(greatest(raw_score, floor), ceiling)
    WHEN missing = 'not_yet' AND not_yet = 'floor' THEN floor
  END::DECIMAL(28,12) AS score,
  missing = '' AND (raw_score < floor OR raw_score > ceiling OR (normalisation = 'log_goalpost' AND x <= 0)) AS clipped,
  missing,
  CASE
    WHEN missing = 'suppressed' THEN 'C'
    WHEN missing <> '' THEN 'M'
    WHEN brk <> '' THEN 'B'
    WHEN coverage < 1 THEN 'P'
    WHEN age > 0 THEN 'S'
    ELSE 'A'
  END AS status,
  CASE WHEN missing = '' OR coverage < 1 THEN coverage END AS revenue_coverage,
  CASE WHEN year_base AND missing = '' AND normalisation = 'base_ratio' THEN '基期取全年'
       WHEN missing = '' THEN ''
       WHEN normalisation = 'base_ratio' AND value IS NOT NULL AND x IS NULL THEN '缺少基期'
       ELSE coalesce(reason, '') END AS reason
FROM typed;
