-- std: the deviation (n - 1) of an expression over the last reports; appended to node_value.
-- Grain: node, subject, t0.
-- Input: series (node, subject, month, value DECIMAL(28,12), mark, coverage, cells: the expression at every
--   report that has a value or a mark).
-- Parameters: node; before (how many reports before the current one belong to the window).
-- The window is one of the calendar, which has 11 reports a year (no January): a report that is missing leaves a gap
-- and does not pull in an older one.
-- Fewer than 6 reports: no value and mark W (尚未产生). A current report that is marked hands its mark on.
-- Rounding: values are cast to 8 decimals before they are squared; the root is cast to 12.
INSERT INTO node_value
WITH windowed AS (
  SELECT
    s.node, s.subject, s.month,
    s.value, s.mark,
    count(s.value) OVER last_reports AS n,
    sum(s.value::DECIMAL(19,8)) OVER last_reports AS total,
    sum(s.value::DECIMAL(19,8) * s.value::DECIMAL(19,8)) OVER last_reports AS squares,
    s.coverage,
    sum(s.cells) OVER last_reports AS cells
  FROM series AS s
  WHERE s.node = $node
  WINDOW last_reports AS (
    PARTITION BY s.node, s.subject ORDER BY s.month // 100 * 11 + s.month % 100
    RANGE BETWEEN $before PRECEDING AND CURRENT ROW
  )
)
SELECT
  node, subject, 'plain', month, month, false,
  CASE WHEN value IS NOT NULL AND n >= 6 THEN
    sqrt(greatest((squares::DOUBLE - total::DOUBLE * total::DOUBLE / n) / (n - 1), 0))
  END::DECIMAL(28,12),
  CASE WHEN value IS NULL THEN mark WHEN n >= 6 THEN '' ELSE 'W' END,
  coverage, '', CASE WHEN value IS NULL OR n >= 6 THEN '' ELSE '报告期不足六期' END, cells::BIGINT
FROM windowed;
