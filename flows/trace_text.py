"""A trace as people read it: the tree for the screen, the rows for a workbook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from flows.approval import caveat
from flows.lineage import VALUE
from flows.release_rows import Row
from indices.tables.words import MISSING_ZH, PRODUCTS_ZH

SHOWN = 12  # cells of one variable on the screen; the whole list is in --json and --xlsx
EVENT_ZH = {
    "received": "收到", "accepted": "接收", "pending": "待核", "backfilled": "补录", "explained": "说明",
    "reviewed": "核定", "corrected": "更正", "rejected": "退回", "refused": "拒收",
}  # fmt: skip
OUTCOME_ZH = {"fail": "不符", "missing": "缺资料"}
ANSWER_ZH = {"open": "未答复", "explained": "已说明", "approved": "已核定", "returned": "退回重说明"}
HEADER = (
    "指标", "指标名称", "变量", "用途", "字段", "数值", "标识", "状态", "变量状态", "沿用月数", "表式", "报告期", "填报单位",
    "工作表", "单元格", "原文", "清洗", "文件", "SHA-256", "更正", "事件", "接收人", "审核发现", "无发现的规则",
)  # fmt: skip


@dataclass
class Branch:
    """A line of a tree with the branches below it."""

    label: str
    branches: list[Branch] = field(default_factory=list)

    def add(self, label: str) -> Branch:
        """A new last branch."""
        self.branches.append(Branch(label))
        return self.branches[-1]

    def lines(self) -> Iterator[str]:
        """The tree with its guides, as rich draws it where no line is too long; a label may have several lines."""
        yield from self.label.splitlines() or [""]
        for branch in self.branches:
            first, *below = branch.lines()
            last = branch is self.branches[-1]
            yield f"{'└── ' if last else '├── '}{first}"
            yield from (f"{'    ' if last else '│   '}{line}" for line in below)


def trace_tree(found: Row) -> Branch:
    """The tree of :func:`flows.trace.trace`."""
    tree = Branch(
        f"{found['name']} {found['index']}　{found['subject_name']} {found['subject']}　{found['period']}　"
        f"发布 {found['release']}（{_stage(found)}）　方法 {found['method']}（{_approval(found['method_approval'])}）"
    )
    if found["differing"]:
        tree.add(f"注意：{'、'.join(found['differing'])} 与发布时不同，下列单元格按现在的代码表和表式查找")
    for total in found["totals"]:
        value = total["value"] if total["value"] is not None else f"不发布（{total['withheld']}）"
        tree.add(
            f"{PRODUCTS_ZH[total['product']]} {value}　位次 {total['rank'] or '—'}　状态 {total['status']}　"
            f"权重覆盖率 {total['weight_coverage']}，其中沿用 {total['carried_weight']}（最长 {total['oldest_age']} 个月）"
        )
    for no, pillar in {i["pillar_no"]: i["pillar"] for i in found["indicators"]}.items():
        scores = "　".join(
            f"{PRODUCTS_ZH[p['product']]} {p['score'] or '—'}（权重 {p['weight_effective'] or '—'} %）"
            for p in found["pillars"]
            if p["pillar_no"] == no
        )
        branch = tree.add(f"{pillar}　{scores}")
        for indicator in found["indicators"]:
            if indicator["pillar_no"] == no:
                _indicator(branch.add(_title(indicator)), indicator)
    tree.add(f"日志位置 {found['journal']['seq']}，哈希 {found['journal']['head']}")
    return tree


def _stage(found: Row) -> str:
    if not found["publisher"]:
        return str(found["stage"])
    return f"{found['stage']}，发布 {found['publisher']}，批准 {found['approver']}"


def _approval(approval: Row) -> str:
    told = caveat(approval)
    if not approval:
        return told
    words = f"{approval['approver']} 以 {approval['document']} 批准，事件 {approval['seq']}"
    return f"{words}，{told}" if told else words


def _title(i: Row) -> str:
    why = f"，{i['reason']}" if i["reason"] else ""
    gap = f"缺（{MISSING_ZH.get(i['missing'], i['missing'])}{why}）"
    shown = f"{i['value_published']} {i['unit']}" if i["value"] is not None else gap
    return (
        f"{i['indicator']} {i['name']} {shown}　{i['ref_period']}{_carried(i)}　状态 {i['status']}　"
        f"得分 {i['score_published'] or '—'}　权重 {i['weight']} → {i['weight_full'] or '—'}　"
        f"贡献 {i['contribution_full'] or '—'}"
    )


def _carried(row: Row) -> str:
    return f"，沿用 {row['age']} 个月前" if row["age"] else ""


def _indicator(branch: Branch, i: Row) -> None:
    branch.add(f"{i['expression']}：{i['expression_filled']}")
    branch.add(i["score_formula"])
    for variable in i["variables"]:
        rows = variable["rows"]
        coverage = variable["coverage"]
        incomplete = "" if coverage in (None, "1.0000") else f"　营收覆盖率 {coverage}"
        leaf = branch.add(
            f"{variable['variable']} = {variable['value'] or '缺'}{_carried(variable)}　状态 {variable['status']}"
            f"{incomplete}　{len(rows)} 个单元格"
        )
        for cell in rows[:SHOWN]:
            _cell(leaf, cell)
        if len(rows) > SHOWN:
            leaf.add(f"另有 {len(rows) - SHOWN} 个单元格（用 --json 或 --xlsx 看全部）")


def _cell(branch: Branch, cell: Row) -> None:
    corrected = f"　{_corrected(cell)}" if "correction" in cell else ""
    use = "" if cell["use"] == VALUE else f"{cell['use']} "
    line = branch.add(
        f"{use}{cell['form']}.{cell['field']} {cell['value'] or cell['mark']}　{cell['submitter']}"
        f" {cell['period']} v{cell['version']}　{cell['file_name']} ‹{cell['sheet']}› {cell['cell']}"
        f" “{cell['raw']}”{corrected}　{cell['digest'][:12]}　{_events(cell)}"
        f"　{len(cell['without_finding'])} 条规则无发现"
    )
    for finding in cell["findings"]:
        line.add(_finding(finding))


def _corrected(cell: Row) -> str:
    c = cell["correction"]
    return (
        f"按修订单 {c['revision']} 由 {c['old_value'] or '空白'} 更正为 {c['new_value']}"
        f"（{c['corrected_by']}，事件 {c['corrected_seq']}）"
    )


def _events(cell: Row) -> str:
    """收到 1552、接收 1561 zhishu: what happened to a cell's report, with the journal's numbers."""
    return "、".join(f"{EVENT_ZH[e['type']]} {e['seq']} {e['actor']}" for e in cell["events"])


def _finding(finding: Row) -> str:
    """S202C 不符：…（已核定：李四，事件 12）."""
    answer = ""
    if finding["severity"] == "soft":
        said = "；".join(f"{r['actor']}，事件 {r['seq']}：{r['text']}" for r in finding["replies"])
        answer = f"（{ANSWER_ZH[finding['state']]}{f'；{said}' if said else ''}）"
    outcome = OUTCOME_ZH.get(finding["outcome"], finding["outcome"])
    return f"{finding['rule']} {outcome}：{finding['message']}{answer}　事件 {finding['seq']}"


def trace_rows(found: Row) -> list[tuple[str, ...]]:
    """One row for each indicator, variable and cell, in the order of :data:`HEADER`."""
    return [
        (
            i["indicator"], i["name"], v["variable"], c["use"], c["field"], c["value"] or "", c["mark"], c["status"],
            v["status"], str(v["age"]), c["form"], c["period"], c["submitter"], c["sheet"], c["cell"], c["raw"],
            c["cleaned"], c["file_name"] or "", c["digest"], _corrected(c) if "correction" in c else "", _events(c),
            c["decided"]["actor"], "；".join(map(_finding, c["findings"])), "、".join(c["without_finding"]),
        )
        for i in found["indicators"]
        for v in i["variables"]
        for c in v["rows"]
    ]  # fmt: skip


def cell_lines(found: Sequence[Row]) -> list[str]:
    """What people read of :func:`flows.trace_cell.trace_cell`."""
    return [
        f"{row['index']} {row['subject']} {row['indicator']}　{row['variable']}（{row['use']}）　{row['submission']}"
        for row in found
    ]
