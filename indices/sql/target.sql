-- result_target: how far each chain has come towards its target of 2026.
-- Grain: subject, scope.
-- Input: target (position, subject, subject_name, target, wording); ttm; amount. Parameter: month INT yyyymm.
-- above_scale: the last twelve months of GLT01.rev_cum over the province. full_chain: GLT07.rev_full_cum of the last
--   December, where the chain office reported it (quarterly cumulative figures make no twelve months).
-- The chain's attainment stands beside the plan's wording as 参考完成度 only: the two scopes are never mixed.
-- Rounding: ttm in 亿元 with 4 decimals, attainment in % with 2, half-even.
CREATE OR REPLACE TEMP TABLE result_target AS
WITH figure AS (
  SELECT item AS subject, 'above_scale' AS scope, value, break AS brk, reason, coverage
  FROM ttm
  WHERE form = 'GLT01' AND place = '360000' AND field = 'rev_cum' AND t0 = $month
  UNION ALL
  SELECT item, 'full_chain', value, '', '', coverage
  FROM amount
  WHERE variant = 'plain' AND form = 'GLT07' AND field = 'rev_full_cum' AND NOT annual
    AND month = CASE WHEN $month % 100 = 12 THEN $month ELSE ($month // 100 - 1) * 100 + 12 END
)
SELECT
  t.position, t.subject, t.subject_name, s.scope, s.scope_name, t.target, t.wording,
  round_even((f.value / 10000)::DECIMAL(28,12), 4)::DECIMAL(20,4) AS ttm,
  round_even(((100 * f.value::DECIMAL(28,8)) / (t.target * 10000))::DECIMAL(28,12), 2)::DECIMAL(9,2) AS attainment,
  CASE WHEN f.value IS NULL THEN 'M' WHEN f.brk <> '' THEN 'B' WHEN f.coverage < 1 THEN 'P' ELSE 'A' END AS status,
  CASE
    WHEN f.value IS NULL AND s.scope = 'full_chain' THEN '未报全口径数'
    WHEN f.value IS NULL THEN coalesce(nullif(f.reason, ''), '资料不足')
    WHEN s.scope = 'full_chain' THEN '上年（12月）全年数'
    ELSE '规上口径对全产业链目标，仅供参考'
  END AS note
FROM target AS t
CROSS JOIN (VALUES ('above_scale', '规上'), ('full_chain', '全口径')) AS s(scope, scope_name)
LEFT JOIN figure AS f ON f.subject = t.subject AND f.scope = s.scope
WHERE s.scope = 'above_scale' OR length(t.subject) = 2
ORDER BY t.position, s.scope;
