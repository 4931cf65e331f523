"""A month recomputed without the engine: plain ``decimal``, straight from the workbooks.

From the product only data are taken: weights, goalposts and flags from the method files, targets from the
plan, membership from the code lists. The way from a figure to its score, the pillars, the totals and the
ranks is written out here a second time, after the definitions and not after the SQL.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from pathlib import Path

from oracle_figures import Absent, Figures
from oracle_formulas import CA, CM, MQ
from oracle_reading import PROVINCE, Report, read_lists, read_reports
from oracle_subjects import Chain, Cluster, Region, twelve_months

ROOT = Path(__file__).parent.parent
METHODS = {"MQ": "MQ-2026.1", "CM": "CM-2026.1", "CA": "CA-2026.1"}
FORMULAS: dict[str, dict[str, Callable]] = {"MQ": dict(MQ), "CM": dict(CM), "CA": dict(CA)}
NOT_FOR_COUNTIES = {"MQ103", "MQ401", "MQ402", "MQ503", "MQ602", "MQ801"}
MAX_AGE = {"M": 0, "Q": 5, "A": 17}
NEEDED = {"monthly": Decimal("0.50"), "full": Decimal("0.70")}
FLOOR, BASE, CEILING = Decimal(40), Decimal(60), Decimal(100)


@dataclass(frozen=True)
class Leaf:
    """An indicator as the method file has it."""

    id: str
    pillar: int
    frequency: str
    normalisation: str
    reverse: bool
    low: Decimal
    high: Decimal
    optimum: tuple[Decimal, Decimal] | None
    base_year: int | None
    weight: Decimal
    monthly: bool
    decimals: int


@dataclass(frozen=True)
class Standing:
    """What stands for an indicator: its report, value and scores, or the kind of missing."""

    missing: str
    report: Report | None = None
    age: int = 0
    value: Decimal | None = None
    raw_score: Decimal | None = None
    score: Decimal | None = None

    @property
    def clipped(self) -> bool:
        return self.raw_score is not None and self.raw_score != self.score


@dataclass(frozen=True)
class Total:
    """A published index value with its coverage and pillars."""

    value: Decimal | None
    coverage: Decimal
    present: Decimal  # the weight of the leaves that have a score
    pillars: dict[int, tuple[Decimal | None, Decimal | None]]  # score, effective weight


@dataclass(frozen=True)
class Month:
    """All results of one evaluated month."""

    standing: dict[tuple[str, str, str], Standing]  # index, subject, indicator
    totals: dict[tuple[str, str, str], Total]  # index, product, subject
    ranks: dict[tuple[str, str, str], int | None]
    targets: dict[tuple[str, str], tuple[Decimal, Decimal]]  # subject, scope: 亿元, attainment in %


def half_even(value: Decimal, decimals: int) -> Decimal:
    """Rounding at publication."""
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN)


def read_method(index: str) -> list[Leaf]:
    """The indicators of a method file."""
    path = ROOT / "indices" / "methods" / f"{METHODS[index]}.toml"
    leaves = []
    for raw in tomllib.loads(path.read_text("utf-8"))["indicators"]:
        optimum = raw.get("optimum")
        leaves.append(
            Leaf(
                id=raw["id"],
                pillar=raw["pillar"],
                frequency=raw["frequency"],
                normalisation=raw["normalisation"],
                reverse=raw["direction"] == "逆向",
                low=Decimal(raw["low"]),
                high=Decimal(raw["high"]),
                optimum=(Decimal(optimum[0]), Decimal(optimum[1])) if optimum else None,
                base_year=raw.get("base_year"),
                weight=Decimal(raw["weight"]),
                monthly=raw["monthly"],
                decimals=raw["decimals"],
            )
        )
    return leaves


def raw_score(leaf: Leaf, x: Decimal) -> Decimal:
    """60 at the low post, 100 at the high one, in a straight line or on the logarithm, not yet clipped."""
    low, high = leaf.low, leaf.high
    if leaf.normalisation == "optimum":
        assert leaf.optimum is not None
        best_from, best_to = leaf.optimum
        if x < best_from:
            return CEILING - 40 * (best_from - x) / (best_from - low)
        if x > best_to:
            return CEILING - 40 * (x - best_to) / (high - best_to)
        return CEILING
    if leaf.normalisation == "log_goalpost":
        if x <= 0:
            return Decimal("Infinity") if low > high else Decimal("-Infinity")
        x, low, high = x.ln(), low.ln(), high.ln()
    return BASE + 40 * (x - low) / (high - low)


def clip(score: Decimal) -> Decimal:
    """Into [40, 100]."""
    return min(max(score, FLOOR), CEILING)


class Oracle:
    """The samples of a folder, and what the indices make of them."""

    def __init__(self, deliveries: Path, codes: Path) -> None:
        self.lists = read_lists(codes)
        plan = tomllib.loads((ROOT / "indices" / "plan" / "targets.toml").read_text("utf-8"))
        targets = {t["subject"]: Decimal(t["target"]) for t in plan["targets"]}
        self.figures = Figures(read_reports(deliveries), self.lists, targets)
        self.methods = {index: read_method(index) for index in METHODS}

    def subjects(self, index: str) -> list[str]:
        if index == "MQ":
            return [PROVINCE, *self.lists.cities, *self.lists.counties]
        return list(self.lists.subchains if index == "CM" else self.lists.cluster_cities)

    def month(self, at: Report) -> Month:
        """Every index of one month."""
        with localcontext() as context:
            context.prec = 50
            standing, totals = {}, {}
            for index, leaves in self.methods.items():
                for subject in self.subjects(index):
                    basket = [
                        leaf for leaf in leaves
                        if subject not in self.lists.counties or leaf.id not in NOT_FOR_COUNTIES
                    ]  # fmt: skip
                    found = {leaf.id: self.standing(index, subject, leaf, at) for leaf in basket}
                    standing |= {(index, subject, name): each for name, each in found.items()}
                    for product in NEEDED:
                        chosen = [leaf for leaf in basket if leaf.monthly or product == "full"]
                        totals[index, product, subject] = total(chosen, found, NEEDED[product])
            return Month(standing, totals, self.ranks(totals), self.targets(at))

    def value(self, index: str, subject: str, leaf: Leaf, report: Report) -> Decimal:
        """The raw value from one report; Absent where there is none."""
        view = {"MQ": Region, "CM": Chain, "CA": Cluster}[index](self.figures, subject, report)
        return FORMULAS[index][leaf.id](view)

    def standing(self, index: str, subject: str, leaf: Leaf, at: Report) -> Standing:
        """The newest report within the maximum age that has a value, or says why it has none."""
        for report, age in candidates(leaf.frequency, at):
            try:
                value = self.value(index, subject, leaf, report)
                x = value if leaf.base_year is None else self.on_base(index, subject, leaf, report, value)
            except Absent as absent:
                if absent.kind == "late":
                    continue
                floor = FLOOR if absent.kind == "not_yet" else None
                return Standing(absent.kind, report, age, score=floor)
            raw = raw_score(leaf, x)
            return Standing("", report, age, value, raw, clip(raw))
        return Standing("late")

    def on_base(self, index: str, subject: str, leaf: Leaf, report: Report, value: Decimal) -> Decimal:
        """r: 100 in the base year's same month (its full year where that is absent), larger is better."""
        assert leaf.base_year is not None
        try:
            base = self.value(index, subject, leaf, Report(leaf.base_year, report.month))
        except Absent:
            base = self.value(index, subject, leaf, Report(leaf.base_year, 12))
        if value <= 0 or base <= 0:
            raise Absent("late")
        return 100 * base / value if leaf.reverse else 100 * value / base

    def targets(self, at: Report) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
        """The plan's revenue targets: the last twelve months above scale, last December of the full chain."""
        december = Report(at.year if at.month == 12 else at.year - 1, 12)
        found = {}
        for subject, target in self.figures.targets.items():
            if subject[:2] not in self.lists.subchains:
                continue
            scopes: dict[str, Callable[[], Decimal]] = {
                "above_scale": lambda item=subject: twelve_months(
                    lambda field, report: self.figures.chain(item, report, field), at
                ),
                "full_chain": lambda item=subject: self.figures.own(
                    "GLT07", december, (item,), "rev_full_cum"
                ),
            }
            for scope, revenue in scopes.items():
                try:
                    value = revenue()
                except Absent:
                    continue
                found[subject, scope] = (half_even(value / 10000, 4), half_even(value / target / 100, 2))
        return found

    def ranks(self, totals: dict[tuple[str, str, str], Total]) -> dict[tuple[str, str, str], int | None]:
        """Ranks on published values among subjects of one basket; ties share the best; no province."""
        groups = defaultdict(list)
        for (index, product, subject), each in totals.items():
            kind = "county" if subject in self.lists.counties else "other"
            if subject != PROVINCE and each.value is not None:
                groups[index, product, kind].append((each.value, subject))
        ranks: dict[tuple[str, str, str], int | None] = dict.fromkeys(totals)
        for (index, product, _), members in groups.items():
            for value, subject in members:
                ranks[index, product, subject] = 1 + sum(other > value for other, _ in members)
        return ranks


def candidates(frequency: str, at: Report) -> Iterable[tuple[Report, int]]:
    """The reports that may stand, newest first, with their age in months."""
    for age in range(MAX_AGE[frequency] + 1):
        month = at.earlier(age)
        if frequency == "A" and month.month == 12:
            yield Report(month.year, 12, annual=True), age
        if (frequency == "Q" and month.month % 3 == 0) or frequency == "M":
            yield month, age


def total(leaves: list[Leaf], found: dict[str, Standing], needed: Decimal) -> Total:
    """The weighted mean over the leaves present; what is 不适用 leaves the basket, 尚未产生 stays at the floor."""

    def weight(kept: Callable[[Standing], bool], among: Iterable[Leaf] = leaves) -> Decimal:
        return sum((leaf.weight for leaf in among if kept(found[leaf.id])), Decimal(0))

    def mean(among: Iterable[Leaf]) -> Decimal | None:
        pairs = [(leaf.weight, found[leaf.id].score) for leaf in among]
        present = [(w, score) for w, score in pairs if score is not None]
        if not present:
            return None
        return sum((w * s for w, s in present), Decimal(0)) / sum(w for w, _ in present)

    basket = weight(lambda s: s.missing != "not_applicable")
    present = weight(lambda s: s.score is not None)
    coverage = weight(lambda s: s.missing == "") / basket if basket else Decimal(0)
    exact = mean(leaves)
    pillars = {}
    for number in sorted({leaf.pillar for leaf in leaves}):
        own = [leaf for leaf in leaves if leaf.pillar == number]
        score = mean(own)
        share = 100 * weight(lambda s: s.score is not None, own) / present if present else None
        pillars[number] = (
            None if score is None else half_even(score, 2),
            None if share is None else half_even(share, 4),
        )
    published = None if exact is None or coverage < needed else half_even(exact, 2)
    return Total(published, half_even(coverage, 4), present, pillars)
