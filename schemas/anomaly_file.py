"""The file ``anomalies.toml``: what is looked for in every form, with its sentences and thresholds.

What is done with a threshold stands in ``anomalies``, ``likeness``, ``peers`` and ``digits``. A file that cannot be
used is refused in one sentence before anything is looked for.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from schemas.finding import Severity
from schemas.likeness import power_problems
from schemas.touch import BRACES
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
    level: Literal[1, 2, 3]
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


# what is looked for, with the thresholds that it needs and the names that its sentence may print
_KINDS = {
    "units": ({"floor", "powers", "tolerance"}, {"told"}),
    "growth": ({"floor", "peers", "z"}, {"told", "n", "z"}),
    "digits": ({"chi", "figures", "floor", "sigmas"}, {"told"}),
    "copies": ({"figures"}, {"told"}),
}
_MOST = 10**12


@cache
def load_anomalies(path: Path = FILE) -> Anomalies:
    """What the file says; AnomalyError names the file and what in it cannot be used."""
    try:
        given = tomllib.loads(path.read_text("utf-8"))
        known: Anomalies = TypeAdapter(Anomalies).validate_python(given)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise AnomalyError(f"文件 {path.name} 不是 UTF-8 的 TOML 文本：{error}") from error
    except ValidationError as error:
        raise AnomalyError(f"文件 {path.name} 有误：{first_mistake(error, given)}") from error
    for kind in _KINDS:
        for problem in _problems(kind, getattr(known, kind)):
            raise AnomalyError(f"文件 {path.name} 的 {kind}：{problem}")
    return known


def _problems(kind: str, anomaly: Anomaly) -> Iterator[str]:
    """What is wrong with one thing that is looked for, as clauses of a sentence."""
    thresholds, names = _KINDS[kind]
    numbers = anomaly.numbers
    if numbers.keys() != thresholds:
        wanted, written = "、".join(sorted(thresholds)), "、".join(sorted(numbers)) or "无"
        yield f"numbers 应为 {wanted}，写的是 {written}"
        return
    for name, number in numbers.items():
        if not 0 <= number <= _MOST:
            yield f"{name} 应为 0 至 {_MOST} 的数，写的是 {number}"
    strange = sorted(set(BRACES.findall(anomaly.message)) - names)
    if strange:
        yield f"message 中没有可填的 {'、'.join(strange)}，可填 {'、'.join(sorted(names))}"
    if kind == "units":
        yield from power_problems(numbers)
