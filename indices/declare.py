"""The steps that a method file of format 2 may declare, each with its parameters and their defaults.

One record per verb; ``indices/steps`` has a module of the same name that computes it and gives formula and source.
A ``window`` says which periods statistics are taken from: ``period`` (each period by itself), ``all``, or the first
and the last period of a base window, which freezes them.
"""

from __future__ import annotations

from dataclasses import field
from decimal import Decimal
from typing import Literal

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

_STRICT = ConfigDict(extra="forbid")

Window = Literal["period", "all"] | tuple[str, str]
Mean = Literal[
    "arithmetic", "geometric", "harmonic", "power", "median", "topsis", "copeland", "mpi_minus", "mpi_plus"
]
ScaleMethod = Literal[
    "goalpost", "log_goalpost", "efficacy", "efficacy_log", "efficacy_exp", "minmax", "zscore", "rank",
    "percentile_rank", "ratio", "target", "none",
]  # fmt: skip
Ties = Literal["min", "average", "max", "dense"]

FIXED: frozenset[ScaleMethod] = frozenset(
    {"goalpost", "log_goalpost", "efficacy", "efficacy_log", "efficacy_exp"}
)


@dataclass(frozen=True, config=_STRICT)
class Screen:
    """Leave out subjects with less than ``at_least`` of their indicators, by count or by weight."""

    step: Literal["screen"]
    at_least: Decimal
    by: Literal["count", "weight"] = "weight"


@dataclass(frozen=True, config=_STRICT)
class Denominate:
    """Divide each indicator that names a ``denominator`` by that column, times its ``factor``."""

    step: Literal["denominate"]


@dataclass(frozen=True, config=_STRICT)
class Impute:
    """Fill late figures: carry an older one, the mean or median of the others, or a line inside a gap.

    ``max_age`` is in elapsed periods. ``group`` takes the mean or median among subjects of one group.
    """

    step: Literal["impute"]
    method: Literal["carry", "mean", "median", "linear"]
    max_age: int = 1
    group: str = ""
    indicators: tuple[str, ...] = ()


@dataclass(frozen=True, config=_STRICT)
class Treat:
    """Tame outliers: winsorise until |skew| < ``skew`` or kurtosis < ``kurtosis``, else take the logarithm."""

    step: Literal["treat"]
    skew: Decimal = Decimal(2)
    kurtosis: Decimal = Decimal("3.5")
    max_points: int = 5
    then: Literal["log", "none"] = "log"
    window: Window | None = None
    indicators: tuple[str, ...] = ()

    @property
    def needs_window(self) -> bool:
        """True: its limits come from data."""
        return True


@dataclass(frozen=True, config=_STRICT)
class Transform:
    """Take the natural logarithm of some indicators, of x + ``shift``."""

    step: Literal["transform"]
    indicators: tuple[str, ...]
    method: Literal["log"] = "log"
    shift: Decimal = Decimal(0)


@dataclass(frozen=True, config=_STRICT)
class Scale:
    """How a value becomes a score.

    ``range`` are the scores of the lower and the upper end; for ``zscore`` mean and deviation. ``clip`` cuts
    scores at these ends. ``reference`` for ``ratio``: the indicator's own, the mean of the window, or a subject.
    """

    method: ScaleMethod
    range: tuple[Decimal, Decimal] | None = None
    clip: Literal["none", "lower", "upper", "both"] | None = None
    floor: Decimal | None = None
    window: Window | None = None
    ddof: Literal[0, 1] = 1
    ties: Ties = "min"
    reference: str = "given"

    @property
    def fixed(self) -> bool:
        """True if the posts are given, not taken from data."""
        return self.method in FIXED

    @property
    def needs_window(self) -> bool:
        """True if data decide the posts."""
        return (
            not self.fixed
            and self.method != "none"
            and not (self.method == "ratio" and self.reference == "given")
        )

    @property
    def takes_optimum(self) -> bool:
        """True if an interval with a best part makes sense."""
        return self.method in ("goalpost", "efficacy", "minmax")

    @property
    def ends(self) -> tuple[Decimal, Decimal]:
        """The scores of both ends, by default those that are customary for the method."""
        if self.range is not None:
            return self.range
        if self.method.startswith("efficacy"):
            return Decimal(60), Decimal(100)
        return (
            (Decimal(0), Decimal(1))
            if self.method in ("zscore", "percentile_rank")
            else (Decimal(0), Decimal(100))
        )

    @property
    def clipped(self) -> Literal["none", "lower", "upper", "both"]:
        """Which ends cut; by default fixed posts cut both, efficacy none, a target its upper end."""
        if self.clip is not None:
            return self.clip
        if self.method == "target":
            return "upper"
        return "both" if self.method in ("goalpost", "log_goalpost") else "none"


@dataclass(frozen=True, config=_STRICT)
class Normalise:
    """Bring all indicators to one scale; an indicator's own ``scale`` goes before this one."""

    step: Literal["normalise"]
    scale: Scale

    def scale_of(self, own: Scale | None) -> Scale:
        """The scale that holds for an indicator with this own scale."""
        return own or self.scale


@dataclass(frozen=True, config=_STRICT)
class Weigh:
    """Set the weights of one level (0 the indicators) inside each of its parents.

    ``given`` keeps those of the tree. ``frozen`` holds weights that data or judges gave earlier, as text in the
    file, with the window that they came from. ``before`` names the pre-step of entropy: the shares are taken of
    scores brought to 0..1 by their range (``minmax``), or of the scores themselves (``none``). ``group`` limits the
    step to one parent, which judgements need where the level has several.
    """

    step: Literal["weigh"]
    method: Literal["given", "equal", "entropy", "critic", "pca", "ahp", "frozen"]
    level: int = 0
    group: str = ""
    before: Literal["minmax", "none"] = "minmax"
    window: Window | None = None
    judgements: tuple[tuple[Decimal, ...], ...] = ()
    frozen: dict[str, Decimal] = field(default_factory=dict)

    @property
    def needs_window(self) -> bool:
        """True if data decide the weights."""
        return self.method in ("entropy", "critic", "pca")


@dataclass(frozen=True, config=_STRICT)
class Uncertainty:
    """What is uncertain and how far; what is left out stays as the design has it.

    ``weights`` multiplies each weight by 1 - s to 1 + s; ``posts`` moves both posts by up to s of their distance
    (of logarithmic posts along their logarithms); ``noise`` moves each figure by up to s of itself. ``scales`` are the
    declared scale and others (``minmax`` to the declared ends, ``zscore`` of mean 100 and deviation 10), ``means`` the
    means of all levels, ``gaps`` what fills a gap (``spread``, ``mean``, ``median``), each drawn with equal chance.
    ``leave_out`` leaves out one indicator or none.
    """

    weights: Decimal = Decimal(0)
    posts: Decimal = Decimal(0)
    noise: Decimal = Decimal(0)
    scales: tuple[Literal["declared", "minmax", "zscore"], ...] = ("declared",)
    means: tuple[Literal["declared", "arithmetic", "geometric", "harmonic"], ...] = ("declared",)
    gaps: tuple[Literal["spread", "mean", "median"], ...] = ("spread",)
    leave_out: bool = False


@dataclass(frozen=True, config=_STRICT)
class Aggregate:
    """Go up the tree: ``means`` from the lowest level on, the last one for all levels above.

    A node needs ``at_least`` of its children, by count or weight. ``round_levels`` rounds each level before it
    goes up (half-even); ``decimals`` rounds scores, index and ranks at publication.
    """

    step: Literal["aggregate"]
    means: tuple[Mean, ...] = ("arithmetic",)
    power: Decimal = Decimal(1)
    at_least: Decimal = Decimal(0)
    by: Literal["count", "weight"] = "weight"
    round_levels: tuple[int, ...] = ()
    decimals: int = 2
