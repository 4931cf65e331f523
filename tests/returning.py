"""Findings made up for the tests of what goes back, and the copy marked with them."""

from sheets import CODES

from schemas.finding import Finding, Severity
from schemas.reading.package import Limits
from schemas.returns.marked import marked_copy
from schemas.returns.record import Answer, listing_of

SHEET = "GLT02"


def finding(
    rule: str = "H201", cell: str = "", severity: Severity = Severity.HARD, **more: object
) -> Finding:
    """A finding on the form of these tests."""
    given = {"value": "12", "sheet": SHEET, "submitter": "360102", "form": "GLT02", "period": "2026-10"}
    return Finding(
        rule,
        severity,
        f"{rule} 的说明。",
        "请核对。",
        **{"level": 1, "cell": cell, **given, **more},  # type: ignore[arg-type]
    )


def mark(data: bytes, *findings: Finding, answers: dict[str, Answer] | None = None) -> bytes:
    """The marked copy."""
    listing = listing_of("原件.xlsx", "东湖区统计局", findings, answers or {})
    return marked_copy(data, listing, CODES, Limits())
