"""The plan's targets (``plan/targets.toml``) and how far the chains have come.

The plan speaks of the whole chain, the monthly forms of above-scale industry. The two scopes stand side by
side and are never mixed: attainment from above-scale revenue is 参考完成度.
"""

from __future__ import annotations

import tomllib
from dataclasses import field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass

PLAN_FILE = Path(__file__).parent / "plan" / "targets.toml"

_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, config=_STRICT)
class Target:
    """A revenue target of a chain or sub-chain for 2026, in 亿元; ``meets`` is > or >=."""

    subject: str
    name: str
    target: Decimal
    wording: str
    meets: Literal[">", ">="]
    scope_word: str
    source: str
    stretch: Decimal | None = None


@dataclass(frozen=True, config=_STRICT)
class Plan:
    """The plan: its title, its last year, its growth target in % and its revenue targets."""

    format: Literal[1]
    plan: str
    horizon: int
    growth_target_pct: Decimal
    growth_wording: str
    targets: tuple[Target, ...] = field(default=())

    def target(self, subject: str) -> Decimal | None:
        """The target of a chain or sub-chain in 亿元, None if the plan names none."""
        return next((t.target for t in self.targets if t.subject == subject), None)


_ADAPTER = TypeAdapter(Plan)


@cache
def load_plan(path: Path = PLAN_FILE) -> Plan:
    """Read the plan's targets."""
    plan: Plan = _ADAPTER.validate_python(tomllib.loads(path.read_text("utf-8")))
    return plan
