"""Which versions of a report are laid beside each other after a batch, and in which order."""

from __future__ import annotations

from itertools import permutations

import pytest
from ledger_cases import Desk, read, read_bytes, sheet, workbook

from flows.returning import _versions
from flows.settings import Settings
from schemas.reading.record import Submission


def county(revenue: str, version: int, note: str) -> bytes:
    return workbook(sheet([{"region_code": "360102", "rev_cum": revenue}], version=version), note=note)


def compared(desk: Desk, monkeypatch: pytest.MonkeyPatch, *files: bytes) -> list[tuple[int, int]]:
    """File a batch; the pairs of 版次 that a comparison is written for."""
    monkeypatch.setattr("flows.returning.reader", lambda _: read)
    deliveries = [read_bytes(data, "报表.xlsx") for data in files]
    entries = desk.file(*files)
    pairs: list[tuple[Submission, Submission]] = _versions(
        desk.con, desk.store, Settings(home=desk.store.home), deliveries, entries
    )
    return [(old.version, new.version) for old, new in pairs]


def by_digest(order: tuple[int, ...]) -> list[bytes]:
    """Three versions whose digests stand in this order."""
    for number in range(1000):
        files = [county(str(version), version, f"{number}") for version in (1, 2, 3)]
        digests = [read_bytes(data, "").digest for data in files]
        if sorted((1, 2, 3), key=lambda version: digests[version - 1]) == list(order):
            return files
    raise AssertionError("no such digests")


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
def test_versions_of_one_inbox_are_compared_by_version(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, order: tuple[int, ...]
) -> None:
    assert compared(desk, monkeypatch, *by_digest(order)) == [(1, 2), (2, 3)]


def test_a_version_without_a_change_is_not_compared(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert compared(desk, monkeypatch, county("1", 1, ""), county("1", 2, "")) == []
    assert compared(desk, monkeypatch, county("4", 3, "")) == [(2, 3)]


def test_an_older_version_that_comes_late_stands_first(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert compared(desk, monkeypatch, county("7", 2, "")) == []
    assert compared(desk, monkeypatch, county("6", 1, "")) == [(1, 2)]
