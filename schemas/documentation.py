"""The documentation of the fields, written from the form files: what each field is, when it is due, how it adds up."""

from __future__ import annotations

from schemas.form import Column, Form, load_forms
from schemas.period import Period

_DUE = {"M": "每期", "Q": "季末月和年报", "A": "年报", "E": "发生时"}
_AGG = {
    "sum": "可加", "none": "不可加", "lead": "取牵头行", "max": "取最大", "second": "取第二大", "wmean": "加权平均",
}  # fmt: skip


def field_documentation(period: Period) -> str:
    """A markdown page with one table per form edition that offices use in a period."""
    forms = [form for form in load_forms() if not form.filed_by_bureau and form.covers(period)]
    return "\n".join(
        [f"# {period.printed}字段说明", "", *(line for form in forms for line in _form(form, period))]
    )


def _form(form: Form, period: Period) -> list[str]:
    head = "| 代码 | 指标 | 计量单位 | 值域 | 应报 | 汇总 |\n|---|---|---|---|---|---|"
    rows = [_row(column, form) for column in form.columns_at(period)]
    checks = [f"- {rule.id}：`{rule.expr}`" for rule in form.rules if rule.valid(period)]
    return [
        f"## {form.no} {form.title}（{form.id}）", "", f"{form.scope}。报送：{form.deadline}。", "", head, *rows, "",
        *(["审核关系：", "", *checks, ""] if checks else []),
    ]  # fmt: skip


def _row(column: Column, form: Form) -> str:
    unit = form.unit if column.numeric and column.unit == "-" else column.unit
    span = "" if column.min is None else f"{column.min:f} 至 {column.max:f}"
    due = "键" if column.key else _DUE[column.frequency] + ("" if column.required else "（选填）")
    if column.months:
        due += f"（{'、'.join(map(str, column.months))} 月和年报）"
    added = _AGG.get(column.agg or "", "")
    if column.agg_weight:
        added += f"（权数 {column.agg_weight}）"
    listed = f"代码表 {column.codelist}" if column.codelist else span
    return f"| {column.code} | {column.label} | {unit} | {listed} | {due} | {added} |"
