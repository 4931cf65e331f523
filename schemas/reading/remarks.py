"""The findings on one cell that wide and long forms share."""

from __future__ import annotations

from schemas.form import Column
from schemas.reading.cells import Judged
from schemas.reading.notes import Notes


def note_unit(notes: Notes, column: Column, unit: str, cell: str) -> None:
    """A finding for a unit that is not the field's."""
    notes.add(
        "H008",
        f"“{column.label}”的计量单位写成“{unit}”，应为“{column.unit}”。",
        f"请按{column.unit}填报并恢复表中的计量单位。",
        cell=cell,
        field=column.code,
        value=unit,
    )


def note_fault(notes: Notes, column: Column, cell: str, text: str, judged: Judged, key: str) -> None:
    """A finding on one cell."""
    fault = judged.fault
    if fault is not None:
        notes.add(
            fault.rule,
            f"“{column.label}”{fault.message}。",
            fault.advice,
            severity=fault.severity,
            cell=cell,
            row_key=key,
            field=column.code,
            value=text,
        )


def note_mark(notes: Notes, column: Column, cell: str, text: str, key: str) -> None:
    """A finding for a mark on a filled field."""
    notes.add(
        "L11",
        f"“{column.label}”已填 {text}，又带数据标识。",
        "请删除标识或删除数据。",
        cell=cell,
        row_key=key,
        field=column.code,
        value=text,
    )
