"""From a line of a frame to a finding that names sheet, cells, key and the text that stands there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from schemas.finding import Finding, Severity
from schemas.frames import Wide
from schemas.reading.record import Cell, Submission

NOTHING = "空白"


def cite(
    wide: Wide,
    line: int,
    fields: Sequence[str],
    *,
    rule: str,
    message: str,
    advice: str,
    severity: Severity = Severity.HARD,
    level: int = 1,
    elsewhere: Iterable[tuple[int, str]] = (),
) -> Finding:
    """A finding on fields of a line, and on cells of other lines that the rule looked at too.

    Several cells are joined by commas, several values by ``|``.
    """
    submission = wide.submissions[wide.origins[line][0]]
    own = [wide.cell(line, code) for code in fields]
    others = [wide.cell(other, code) for other, code in elsewhere]
    cells = [*own, *(cell for cell in others if cell is not None and cell.raw)]
    return about(
        submission,
        rule=rule,
        message=message,
        advice=advice,
        severity=severity,
        level=level,
        cells=[cell for cell in cells if cell is not None],
        row_key=wide.row_key(wide.keys[line]),
        field=",".join(fields),
    )


def about(
    submission: Submission,
    *,
    rule: str,
    message: str,
    advice: str,
    severity: Severity = Severity.HARD,
    level: int = 1,
    cells: Sequence[Cell] = (),
    row_key: str = "",
    field: str = "",
) -> Finding:
    """A finding on a submission and these of its cells."""
    addresses = dict.fromkeys(cell.address for cell in cells if cell.address)
    return Finding(
        rule=rule,
        severity=severity,
        message=message,
        advice=advice,
        level=level,
        digest=submission.digest,
        file_name=submission.file_name,
        submitter=submission.submitter,
        period=submission.period,
        form=submission.form,
        edition=submission.edition,
        subject=submission.subject,
        sheet=submission.sheet,
        cell=",".join(addresses),
        row_key=row_key,
        field=field,
        value="|".join(cell.raw for cell in cells),
    )


def shown(wide: Wide, line: int, code: str) -> str:
    """A field of a line as a message prints it: the figure as read, else the text, else 空白."""
    cell = wide.cell(line, code)
    if cell is None:
        return NOTHING
    return cell.value or cell.raw or NOTHING
