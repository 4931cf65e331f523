"""What a release was made of, and the digest that follows from it.

The identity part decides the digest: inputs, methods, procedures, rules, forms, code lists, settings that change
numbers, and the journal position of the last decision behind the data. That position, and not the journal's head,
stands there, so that the event of the release itself, refused files and later periods leave the digest alone.
Coverage, package versions, seconds and clocks stand beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flows.ledger.canonical import canonical_json, sha256

FORMAT_VERSION = 2  # 1 knew no corrections and no list of pending versions


@dataclass(frozen=True)
class Manifest:
    """What a release was made of. Mappings go from a name to a digest; settings to a plain value.

    ``inputs`` are the deliveries in view with the names of their submissions; ``pending`` names those
    of them that wait, ``corrections`` what GLT10 changed in them. ``seq`` and ``head`` are the position
    and hash of the last decision behind them. ``beside`` (coverage, package versions, seconds as text,
    when) never enters the digest; like all of it, it holds no binary floats.
    """

    period: str
    inputs: Sequence[tuple[str, Sequence[str]]]
    methods: Mapping[str, str]
    procedures: Mapping[str, str]
    rules: Mapping[str, str]
    forms: Mapping[str, str]
    codes: Mapping[str, str]
    settings: Mapping[str, str | int | bool]
    seq: int
    head: str
    beside: Mapping[str, Any] = field(default_factory=dict)
    pending: Sequence[str] = ()
    corrections: Sequence[Sequence[str]] = ()
    format_version: int = FORMAT_VERSION

    @property
    def identity(self) -> dict[str, Any]:
        """All that decides the numbers."""
        identity = {
            "format_version": self.format_version,
            "period": self.period,
            "inputs": sorted([digest, sorted(names)] for digest, names in self.inputs),
            "methods": dict(self.methods),
            "procedures": dict(self.procedures),
            "rules": dict(self.rules),
            "forms": dict(self.forms),
            "codes": dict(self.codes),
            "settings": dict(self.settings),
            "seq": self.seq,
            "head": self.head,
        }
        if self.format_version > 1:
            identity["pending"] = sorted(self.pending)
            identity["corrections"] = sorted(map(list, self.corrections))
        return identity

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical text of the identity."""
        return sha256(canonical_json(self.identity))
