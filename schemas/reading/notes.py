"""Findings of the reader, gathered while one sheet is read: each carries the sheet's identity."""

from __future__ import annotations

from dataclasses import dataclass, field

from schemas.finding import Finding, Severity


@dataclass
class Notes:
    """The identity of what is being read, and what was found in it so far."""

    digest: str
    file_name: str
    sheet: str = ""
    submitter: str = ""
    period: str = ""
    form: str = ""
    edition: str = ""
    subject: str = ""
    found: list[Finding] = field(default_factory=list)

    def add(
        self,
        rule: str,
        message: str,
        advice: str,
        *,
        cell: str = "",
        value: str = "",
        severity: Severity = Severity.HARD,
        row_key: str = "",
        field: str = "",
    ) -> None:
        """Note one thing; hard unless said otherwise."""
        self.found.append(
            Finding(
                rule=rule,
                severity=severity,
                message=message,
                advice=advice,
                digest=self.digest,
                file_name=self.file_name,
                submitter=self.submitter,
                period=self.period,
                form=self.form,
                edition=self.edition,
                subject=self.subject,
                sheet=self.sheet,
                cell=cell,
                row_key=row_key,
                field=field,
                value=value,
            )
        )
