"""Why a published value changed: two states of one subject in a release or in two, split into causes and indicators.

The causes, in this order:

- ``data``: the period moved on, so other figures stand (as now known on both sides);
- ``revision``: the figures of the earlier period as now known differ from those known at its release. Between two
  releases of one period every changed figure is a revision;
- ``coverage``: which figures are there, and what the missing rule gives in their place;
- ``weight``, ``goalpost``: the weights, the posts and optima of the method versions;
- ``method``: all else in them: which indicators there are, their definition, the ends of the score. Where a version
  defines or scores an indicator otherwise, its figure and its posts go with the method.

Each cause gets its Shapley value and each indicator its part (``indices/shapley.py``); revision and data add up in
points of the score, so that neither depends on the other. All in DECIMAL, from the scores at full scale that a release
keeps; posts are put under other figures only where two method versions differ in them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import NamedTuple

from indices.method import Indicator, Method
from indices.rescore import rescored, same_definition, same_posts
from indices.shapley import WIDE, Basket, Coalition, mean_of, rounded_to, split_shares

CAUSES = ("data", "revision", "coverage", "weight", "goalpost", "method")
CAUSES_ZH = {
    "data": "数据",
    "revision": "往期修订",
    "coverage": "覆盖和缺失规则",
    "weight": "权重",
    "goalpost": "上下限",
    "method": "方法",
}
DECIMALS = 2
_UNIT = Decimal("0.01")


class ChangeError(RuntimeError):
    """A change that cannot be split; the message says why."""


class Leaf(NamedTuple):
    """One indicator of one subject as a release keeps it.

    ``score`` is of a figure that is there (``value`` the figure, ``raw`` its score before the clip); ``given`` is what
    the missing rule gives in place of one, None where the weight is spread.
    """

    weight: Decimal
    value: Decimal | None
    raw: Decimal | None
    score: Decimal | None
    given: Decimal | None

    @property
    def there(self) -> bool:
        """True if it has a weight in the index."""
        return self.score is not None or self.given is not None


@dataclass(frozen=True)
class Side:
    """One state: the leaves of the product by indicator, the published value, the method."""

    leaves: Mapping[str, Leaf]
    value: Decimal
    method: Method


class Part(NamedTuple):
    """One line of a split: by ``cause`` or by ``indicator``; ``points`` at full scale, ``published`` adding up."""

    kind: str
    item: str
    points: Decimal
    published: Decimal


class Split(NamedTuple):
    """A change in parts: by cause, then by indicator, and the exact points of each (indicator, cause)."""

    parts: tuple[Part, ...]
    points: Mapping[tuple[str, str], Decimal]


def split(older: Side, newer: Side, known: Side | None = None, same_period: bool = False) -> Split:
    """The change of a subject's published value; the parts by cause and those by indicator add up to it.

    ``known`` is the older period as the newer release knows it (default: as the older side does). With
    ``same_period`` the sides are versions of one period, and what differs in the figures is revision. Causes and
    indicators without a part are left out. ChangeError if the parts do not explain the published change.
    """
    game = _Game(older, newer, newer if same_period else known or older)
    causes = game.causes()
    with localcontext(WIDE):
        exact = mean_of(game.basket(frozenset(causes))) - mean_of(game.basket(frozenset()))
        change = newer.value - older.value
        if abs(exact - change) > _UNIT:
            raise ChangeError(f"由指标得分算出的变动 {exact:.4f} 与公布值的变动 {change} 不符。")
        shares = split_shares(causes, game.basket)
        by_cause = _summed(shares, 1, CAUSES)
        by_indicator = _summed(shares, 0, sorted({indicator for indicator, _ in shares}))
    return Split((*_parts("cause", by_cause, change), *_parts("indicator", by_indicator, change)), shares)


def _summed(shares: Mapping[tuple[str, str], Decimal], by: int, order: Sequence[str]) -> dict[str, Decimal]:
    sums = {item: sum((v for key, v in shares.items() if key[by] == item), Decimal(0)) for item in order}
    return {item: points for item, points in sums.items() if points}


def _parts(kind: str, shares: Mapping[str, Decimal], change: Decimal) -> list[Part]:
    if not shares and change:  # only the rounding of the two values moved
        raise ChangeError(f"公布值变动 {change}，而没有任何指标变动。")
    printed = rounded_to(change, list(shares.values()), DECIMALS) if shares else []
    return [Part(kind, item, points, p) for (item, points), p in zip(shares.items(), printed, strict=True)]


@dataclass(frozen=True)
class _Game:
    """The mixtures of two states of one subject."""

    older: Side
    newer: Side
    known: Side

    def causes(self) -> list[str]:
        """The causes in which the states differ, in their order; the others would get nothing."""
        one, two = self.older, self.newer
        both = [(one.leaves[i], two.leaves[i]) for i in one.leaves.keys() & two.leaves.keys()]
        pairs = [(i, self._scored(i, False, False)) for i in sorted(one.leaves.keys() & two.leaves.keys())]
        comparable = [scores for i, scores in pairs if self._same(i)]
        differs = {
            "data": any(k != n for _, (_, k, n) in pairs),
            "revision": any(o != k for o, k, _ in comparable),
            "coverage": any((a.score is None, a.given) != (b.score is None, b.given) for a, b in both),
            "weight": any(a.weight != b.weight for a, b in both),
            "goalpost": any(self._same(i) and not self._same_posts(i) for i, _ in pairs),
            "method": one.leaves.keys() != two.leaves.keys()
            or one.method.score != two.method.score
            or any(not self._same(i) for i, _ in pairs),
        }
        return [cause for cause in CAUSES if differs[cause]]

    def basket(self, taken: Coalition) -> Basket:
        """Weights and scores where the causes taken are as in the newer state; ChangeError if nothing is there."""
        weight, cover, method = (
            self.newer if c in taken else self.older for c in ("weight", "coverage", "method")
        )
        found: dict[str, tuple[Decimal, Decimal]] = {}
        for indicator, own in method.leaves.items():
            leaf = cover.leaves.get(indicator, own)
            score = self._score(indicator, taken) if leaf.score is not None else leaf.given
            if score is not None:
                found[indicator] = (weight.leaves.get(indicator, own).weight, score)
        if not found:
            raise ChangeError("在某种组合下没有任何指标，不能按原因分解。")
        return found

    def _score(self, indicator: str, taken: Coalition) -> Decimal | None:
        if indicator not in self.older.leaves or indicator not in self.newer.leaves:
            there = self.newer if indicator in self.newer.leaves else self.older
            return there.leaves[indicator].score
        old, known, new = self._scored(indicator, "goalpost" in taken, "method" in taken)
        if old is None or known is None or new is None:
            return None
        if not self._same(indicator):
            return old if "method" not in taken else new if "data" in taken else known
        moved = known - old if "revision" in taken else Decimal(0)
        return old + moved + (new - known if "data" in taken else Decimal(0))

    def _scored(self, indicator: str, posts: bool, method: bool) -> tuple[Decimal | None, ...]:
        """Scores of the three figures under the posts and the method of either side; a gap takes the next figure."""
        sides = (self.older, self.known, self.newer)
        old, known, new = (self._under(side, indicator, posts, method) for side in sides)
        known = next((score for score in (known, old, new) if score is not None), None)
        return tuple(known if score is None else score for score in (old, known, new))

    def _under(self, side: Side, indicator: str, posts: bool, method: bool) -> Decimal | None:
        leaf = side.leaves.get(indicator)
        if leaf is None or leaf.score is None:
            return None
        if not self._same(indicator):
            return leaf.score
        by, ends = (self.newer if new else self.older for new in (posts, method))
        if by.method.id == side.method.id and ends.method.id == side.method.id:
            return leaf.score
        own, other = _indicator(side.method, indicator), _indicator(by.method, indicator)
        if same_posts(own, other) and side.method.score == ends.method.score:
            return leaf.score
        return rescored(leaf.value, leaf.raw, own, side.method.score, other, ends.method.score)

    def _same(self, indicator: str) -> bool:
        """Whether both versions define and score the indicator alike, posts aside."""
        one, two = self.older.method, self.newer.method
        return one.id == two.id or same_definition(_indicator(one, indicator), _indicator(two, indicator))

    def _same_posts(self, indicator: str) -> bool:
        one, two = self.older.method, self.newer.method
        return one.id == two.id or same_posts(_indicator(one, indicator), _indicator(two, indicator))


def _indicator(method: Method, indicator: str) -> Indicator:
    return next(i for i in method.indicators if i.id == indicator)
