"""Writes the samples: every office's delivery for the wanted periods, one workbook each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

from schemas.codes import Codes
from schemas.period import Period
from schemas.samples.chain_forms import ChainForms
from schemas.samples.cluster_forms import ClusterForms
from schemas.samples.economy import Economy
from schemas.samples.innovation_forms import InnovationForms
from schemas.samples.people import head
from schemas.samples.region_forms import RegionForms, Values
from schemas.samples.register import Register
from schemas.territory import Due, Key, Submitter, delivery_due, edition, row_keys, submitters
from schemas.workbook import Filled, Head, filled_workbook

SEED = 1269  # with it no county stands out from its peers (S321) in any delivered month
DELIVERED = tuple(map(Period.parse, ("2025-12", "2025", "2026-09", "2026-10")))


@lru_cache(maxsize=2)
def economy_of(codes: Codes, seed: int) -> Economy:
    """The sampled province of the code lists, built once per seed."""
    return Economy(codes, seed)


class Samples:
    """Filled sheets of every office; ``periods`` are those delivered, which decides what the register repeats."""

    def __init__(self, codes: Codes, periods: Sequence[Period], seed: int = SEED) -> None:
        self.codes = codes
        self.seed = seed
        self.months = tuple(sorted(p for p in periods if p.rank == 0))
        self.economy = economy_of(codes, seed)
        self.regions = RegionForms(self.economy)
        self.chains = ChainForms(self.economy)
        self.clusters = ClusterForms(self.economy)
        self.innovation = InnovationForms(self.economy)
        self.register = Register(self.economy)
        self._places = {office.code: place for place, office in enumerate(submitters(codes))}

    def sheets(self, office: Submitter, period: Period) -> tuple[Filled, ...]:
        """The filled forms of an office's one workbook for a period."""
        return tuple(self.filled(office, due) for due in delivery_due(self.codes, office, period))

    def filled(self, office: Submitter, due: Due) -> Filled:
        """One filled form."""
        form = edition(due.form, due.period)
        rows = self._rows(office, due)
        if form.layout == "long":
            return Filled(due, rows)
        rates = [c.code for c in form.columns if c.optional_when is not None]
        marks = {
            key: "|".join(f"{f}=N" for f in rates if f in row and row[f] is None) for key, row in rows.items()
        }
        return Filled(due, rows, {key: mark for key, mark in marks.items() if mark})

    def _rows(self, office: Submitter, due: Due) -> dict[Key, Values]:
        period = due.period
        if due.form == "GLT08":
            earlier = [m.ref_month for m in self.months if m < period]
            since = max(earlier) if earlier else None
            return self.register.rows(office.code, period.ref_month, since)
        keys = row_keys(self.codes, edition(due.form, period), office, due.subject, period)
        if due.form == "GLT01":
            return {
                key: values
                for region in dict.fromkeys(key[0] for key in keys)
                for key, values in self.chains.rows(region, period).items()
            }
        if due.form == "GLT02":
            return {key: self.regions.row(key[0], period) for key in keys}
        if due.form == "GLT03":
            return self._cluster(office, due, keys)
        if due.form == "GLT07":
            return {keys[0]: self.chains.office(office.code, period)}
        return {key: self.innovation.row(due.form, key[0], key[1], period) for key in keys}

    def _cluster(self, office: Submitter, due: Due, keys: Sequence[Key]) -> dict[Key, Values]:
        zones = self.clusters.zones(due.subject, office.code)
        rows: dict[Key, Values] = {}
        for key in keys:
            _, region, zone = key
            if not zone or zone in zones:
                values = self.clusters.row(due.subject, region, due.period, zones[zone] if zone else 1.0)
                if values:
                    rows[key] = values
        return rows

    def head(self, office: Submitter, period: Period, version: int = 1) -> Head:
        """The signatures, telephone and date of a delivery."""
        return head(self.seed, office, self._places[office.code], period, version)

    def workbook(self, office: Submitter, period: Period, version: int = 1) -> bytes:
        """The bytes of an office's delivery."""
        return filled_workbook(
            self.codes, office, self.head(office, period, version), self.sheets(office, period)
        )


def write_province(
    codes: Codes,
    out: Path,
    periods: Sequence[Period] = DELIVERED,
    seed: int = SEED,
    on_written: Callable[[Path], None] | None = None,
) -> list[Path]:
    """Write ``out/PERIOD/OFFICE.xlsx`` for every office that owes something; returns the paths in order.

    ``periods`` are months and annual reports; a quarter's forms go with its last month. The same
    arguments give the same bytes. ValueError for a quarter or a period outside the model.
    """
    samples = Samples(codes, periods, seed)
    written = []
    for period in sorted(periods):
        if period.rank == 1 or not 2024 <= period.year <= 2026:
            raise ValueError(f"样例不能生成 {period}：只有 2024-2026 年的月报和年报，季报随季末月报一起")
        for office in submitters(codes):
            if not delivery_due(codes, office, period):
                continue
            path = out / str(period) / f"{office.code}.xlsx"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(samples.workbook(office, period))
            written.append(path)
            if on_written is not None:
                on_written(path)
    return written
