-- report_row: the rows that stand in each report, with their place in the sums.
-- Grain: form, annual, ref_month, row key, field.
-- Input: fact (numeric cells in force); region (code, level, parent); needed (form, field: all that any procedure reads).
-- A submission stands before a row that the bureau files for the same key (history, published figures).
-- Columns: item (what is summed: a chain, sub-chain, cluster; '' in GLT02), place (region of the row),
--   scope (the cluster in GLT03), level and block and unit (see indices/roster.py; level 'own' is never summed).
-- Rounding: none.
CREATE OR REPLACE TEMP TABLE report_row AS
WITH figure AS (
  SELECT * FROM fact SEMI JOIN needed USING (form, field) WHERE park_code = ''
),
standing AS (
  SELECT * FROM figure WHERE source = 'submission'
  UNION ALL
  SELECT * FROM figure AS bureau
  ANTI JOIN (SELECT * FROM figure WHERE source = 'submission') AS submitted
    USING (form, annual, ref_month, region_code, chain_code, subchain_code, cluster_code)
  WHERE bureau.source <> 'submission'
)
SELECT
  f.form, f.annual, f.ref_month, f.source, f.region_code, f.chain_code, f.subchain_code, f.cluster_code,
  CASE
    WHEN f.form = 'GLT01' AND f.subchain_code = 'T' THEN f.chain_code
    WHEN f.form = 'GLT01' AND f.subchain_code = 'Z' THEN f.chain_code || 'Z'
    WHEN f.form = 'GLT01' THEN f.subchain_code
    WHEN f.form = 'GLT03' THEN f.cluster_code
    WHEN f.form = 'GLT02' THEN ''
    ELSE f.chain_code
  END AS item,
  CASE WHEN f.form = 'GLT07' THEN '360000' ELSE f.region_code END AS place,
  CASE WHEN f.form = 'GLT03' THEN f.cluster_code ELSE '' END AS scope,
  CASE
    WHEN f.form IN ('GLT02', 'GLT07') THEN 'own'
    WHEN r.level = 'province' THEN 'whole'
    WHEN f.form = 'GLT01' AND r.level = 'city' THEN 'block'
    WHEN f.form = 'GLT01' OR r.level = 'city' THEN 'leaf'
    ELSE 'own'
  END AS level,
  CASE WHEN r.level = 'city' THEN r.code ELSE r.parent END AS block,
  CASE WHEN r.level = 'adjusting' THEN r.parent ELSE f.region_code END AS unit,
  f.field, f.value, f.mark
FROM standing AS f
LEFT JOIN region AS r ON r.code = f.region_code;
