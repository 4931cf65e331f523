"""The values of a finding as its reader needs them: each with the name of its field and its cell."""

from __future__ import annotations

from schemas.finding import Finding
from schemas.form import load_forms


def figures(finding: Finding) -> str:
    """``营业收入 1-本月 K15 1572170；上年同期 L15 880991``; the value alone where there is one cell.

    A field is named where each cell is one of the finding's own fields, a cell where each value has one.
    """
    values, cells, fields = finding.value.split("|"), finding.cell.split(","), finding.field.split(",")
    if len(values) == 1:
        return finding.value
    if len(cells) != len(values):
        return " | ".join(values)
    labels = _labels(finding)
    named = [labels.get(field, field) for field in fields] if len(fields) == len(cells) else [""] * len(cells)
    return "；".join(
        " ".join(part for part in parts if part) for parts in zip(named, cells, values, strict=True)
    )


def _labels(finding: Finding) -> dict[str, str]:
    """The fields of the finding's form by code; a history workbook has those of every edition alike."""
    forms = [form for form in load_forms() if form.code == finding.form]
    exact = [form for form in forms if form.edition == finding.edition] or forms[:1]
    return {column.code: column.label for form in exact for column in form.columns}
