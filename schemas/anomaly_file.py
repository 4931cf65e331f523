"""The file ``anomalies.toml``: what is looked for in every form, with its sentences and thresholds.

What is done with a threshold stands in ``anomalies``, ``likeness``, ``peers`` and ``digits``. A file that cannot be
used is refused in one sentence before anything is looked for.
"""

from __future__ import annotations

import tomllib
from dataclasses import field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from schemas.finding import Severity
from schemas.likeness import power_problems
from schemas.validation_words import first_mistake

FILE = Path(__file__).with_name("anomalies.toml")
_STRICT = ConfigDict(extra="forbid")


class AnomalyError(ValueError):
    """Thresholds by which nothing can be looked for; the message names the file."""


@dataclass(frozen=True, config=_STRICT)
class Anomaly:
    """One thing that is looked for: sentence, advice, thresholds, and when it is valid (months)."""

    id: str
    severity: Severity
    level: int
    message: str
    advice: str
    numbers: dict[str, Decimal] = field(hash=False)
    case: str = ""
    valid_from: str = ""
    valid_to: str = "9999-12"


@dataclass(frozen=True, config=_STRICT)
class Anomalies:
    """All that is looked for, by what it looks at; the file has a table for each."""

    format: Literal[1]
    units: Anomaly
    growth: Anomaly
    digits: Anomaly
    copies: Anomaly


_NUMBERS = {
    "units": {"floor", "powers", "tolerance"},
    "growth": {"floor", "peers", "z"},
    "digits": {"chi", "figures", "floor", "sigmas"},
    "copies": {"figures"},
}


@cache
def load_anomalies(path: Path = FILE) -> Anomalies:
    """What the file says; AnomalyError names the file and what in it cannot be used."""
    try:
        given = tomllib.loads(path.read_text("utf-8"))
        known: Anomalies = TypeAdapter(Anomalies).validate_python(given)
    except tomllib.TOMLDecodeError as error:
        raise AnomalyError(f"文件 {path.name} 不是有效的 TOML：{error}") from error
    except ValidationError as error:
        raise AnomalyError(f"文件 {path.name} 有误：{first_mistake(error, given)}") from error
    for kind, names in _NUMBERS.items():
        numbers = getattr(known, kind).numbers.keys()
        if numbers != names:
            wanted, written = "、".join(sorted(names)), "、".join(sorted(numbers)) or "无"
            raise AnomalyError(f"文件 {path.name} 的 {kind}：numbers 应为 {wanted}，写的是 {written}")
    for problem in power_problems(known.units.numbers):
        raise AnomalyError(f"文件 {path.name} 的 units：{problem}")
    return known
