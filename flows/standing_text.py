"""The standing of a month on a terminal: the summary first, then whom to chase, then what was refused and why.

A screen or two, whatever the number of offices: what does not fit is counted, and stands whole in the
workbook and in the JSON.
"""

from __future__ import annotations

import io
from collections import Counter
from decimal import Decimal

from rich.console import Console
from rich.table import Table

from flows.chasing import LEVELS_ZH, Reminder
from flows.standing import Standing
from schemas.finding import SEVERITY_ZH, Severity

WIDTH, OFFICES, RULES, REFUSED = 110, 12, 10, 8


def standing_text(found: Standing) -> list[str]:
    """The lines for a person."""
    lines = [f"{found.period} 报送情况（截至 {found.as_of}，迟报按工作日计）"]
    if not found.expected:
        return [*lines, "台账中还没有任何报表。"]
    lines += _totals(found)
    lines += _drawn(_levels(found))
    lines += [
        f"{form} {period} 的{label}截止 {day}，其余截止 {whole}。"
        for form, period, label, day, whole in dict.fromkeys(
            (x.form, x.period, label, day, x.due_day) for x in found.levels for label, day in x.groups
        )
    ]
    if found.warning:
        lines.append(f"注意：{found.warning}")
    lines += _chase(found)
    lines += _refusals(found)
    lines += _rules(found)
    for row in found.releases:
        lines.append(f"发布 {row['id']} {row['stage']} {row['digest'][:16]} {row['reason']}".rstrip())
    if found.stale:
        lines.append(f"需要重新发布的报告期：{'、'.join(found.stale)}")
    if found.journal_seq:
        lines.append(f"日志末端：第 {found.journal_seq} 号事件，哈希 {found.journal_head}")
    return lines


def _totals(found: Standing) -> list[str]:
    lines = found.levels
    due, came = sum(x.due_n for x in lines), sum(x.accepted_n + x.pending_n for x in lines)
    waiting = sum(1 for one in found.expected if not one.there and one.due >= found.as_of)
    again = sum(x.again_n for x in lines)
    early = f"（其中 {waiting} 份未到截止日期）" if waiting else ""
    return [
        f"应报 {due} 份，接收 {sum(x.accepted_n for x in lines)}，待核 {sum(x.pending_n for x in lines)}，"
        f"退回 {sum(x.rejected_n for x in lines)}，未报 {sum(x.absent_n for x in lines)}{early}；"
        + (f"另有 {again} 份新版退回、旧版仍有效；" if again else "")
        + f"已收 {came} 份中迟报 {sum(x.late_n for x in lines)} 份；整件拒收 {len(found.refused)} 个文件"
    ]


def _levels(found: Standing) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for label in ("表号", "报告期", "级别", "截止"):
        table.add_column(label, no_wrap=True)
    for label in ("应报", "接收", "待核", "退回", "未报", "迟报", "报送率 %", "营收覆盖率 %"):
        table.add_column(label, justify="right", no_wrap=True)
    for x in found.levels:
        counts = (x.due_n, x.accepted_n, x.pending_n, x.rejected_n, x.absent_n, x.late_n)
        table.add_row(
            x.form, x.period, LEVELS_ZH[x.level], str(x.due_day), *map(str, counts),
            percent_text(x.filing_rate), percent_text(x.revenue_coverage),
        )  # fmt: skip
    return table


def percent_text(share: Decimal | None) -> str:
    """A share of 1 as % with two decimals."""
    return "无从计算" if share is None else f"{100 * share:.2f}"


def _drawn(table: Table) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=WIDTH, color_system=None, highlight=False, markup=False).print(table)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def _chase(found: Standing) -> list[str]:
    if not found.reminders:
        return ["催报：没有需要催的单位。"]
    shown = found.reminders[:OFFICES]
    lines = [f"催报：{len(found.reminders)} 个单位"]
    lines += [f"  {reminder_line(one)}" for one in shown]
    return lines + _rest(len(found.reminders) - len(shown), "个单位")


def reminder_line(reminder: Reminder, most: int = 4) -> str:
    """One office and what it owes, the same forms together."""
    kinds: dict[tuple[str, int], list[str]] = {}
    for one in reminder.wanted:
        name = " ".join(part for part in (one.form, one.period, one.subject) if part)
        kinds.setdefault((one.what, one.days), []).append(name)
    parts = []
    for (what, days), names in kinds.items():
        more = f" 等 {len(names)} 份" if len(names) > most else ""
        late = f"（迟 {days} 个工作日）" if days else ""
        parts.append(f"{what} {'、'.join(names[:most])}{more}{late}")
    return f"{reminder.submitter} {reminder.name}：{'；'.join(parts)}"


def _refusals(found: Standing) -> list[str]:
    told = [
        f"{row['file_name']} {row['sheet']} {row['cell']}：[{row['rule']}] {row['message']}"
        for row in found.rejected
    ]
    lines = []
    if told:
        offices = len({row["submitter"] for row in found.rejected})
        lines.append(f"退回原因：{len(told)} 条，涉及 {offices} 个单位")
        lines += [f"  {line}" for line in told[:REFUSED]] + _rest(len(told) - REFUSED, "条")
    if found.refused:
        lines.append(f"整件拒收：{len(found.refused)} 个文件")
        told = [f"{row['file_name']}：[{row['rule']}] {row['message']}" for row in found.refused]
        lines += [f"  {line}" for line in told[:REFUSED]] + _rest(len(told) - REFUSED, "个")
    return lines


def _rules(found: Standing) -> list[str]:
    if not found.rules:
        return []
    counts = Counter[str]()
    for row in found.rules:
        counts[row["severity"]] += row["findings"]
    total = "，".join(f"{SEVERITY_ZH[s]} {counts[s]}" for s in Severity if counts[s])
    lines = [f"未了的审核问题：{total}（条）"]
    listed = [f"{row['rule']} {row['findings']}" for row in found.rules if row["severity"] != Severity.CLUE]
    if listed:
        lines.append(
            f"  按规则：{'，'.join(listed[:RULES])}"
            + (f" 等 {len(listed)} 条规则" if len(listed) > RULES else "")
        )
    return lines


def _rest(count: int, unit: str) -> list[str]:
    return [f"  ……另有 {count} {unit}，见 --json 或 --xlsx"] if count > 0 else []
