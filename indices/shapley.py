"""Shares of a change that add up: Shapley values over causes, the split of a mean over its parts, and their rounding.

**Causes.** What moved (figures, posts, weights, ...) are the players of a cooperative game; v(S) is the index where
the causes in S are as after and the others as before. A cause gets the mean over all orders of what it adds, so that no
order is preferred, and the values add up to the whole change:

    phi_c = sum over S without c of |S|! (n - |S| - 1)! / n! (v(S and c) - v(S))

**Indicators.** Between two weighted means V = sum W_i s_i (weights that add up to 1) an indicator's part is

    mean(W_i) (s_i' - s_i) + (W_i' - W_i) (mean(s_i) - R),   R = (V + V') / 2

the Shapley value of the product of weight and score, with the score taken against the level of the index: weight that
moves between indicators adds nothing by itself, only by the distance of their scores. An indicator that is there on one
side alone has the weight 0 and the same score on the other. The parts add up to V' - V.

**Rounding.** Each share goes down to the digit below; the units that remain to the published change go to the largest
remainders, ties in the given order.

Sources: Shapley (1953), A value for n-person games; Shorrocks (2013), Journal of Economic Inequality 11.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import ROUND_FLOOR, Context, Decimal, localcontext

WIDE = Context(prec=60)
FINE = Decimal("1e-12")

Basket = Mapping[str, tuple[Decimal, Decimal]]  # indicator to (weight, score), those that are there
Coalition = frozenset[str]


def steps(causes: Sequence[str]) -> Iterator[tuple[str, Coalition, Coalition, Decimal]]:
    """Every step of the game: cause, coalition without and with it, and the weight of the step."""
    n = len(causes)
    for cause in causes:
        others = [c for c in causes if c != cause]
        for size in range(n):
            ways = math.factorial(size) * math.factorial(n - size - 1)
            share = WIDE.divide(Decimal(ways), Decimal(math.factorial(n)))
            for taken in itertools.combinations(others, size):
                yield cause, frozenset(taken), frozenset({*taken, cause}), share


def coalitions(causes: Sequence[str]) -> Iterator[Coalition]:
    """Every set of causes, from none to all."""
    for size in range(len(causes) + 1):
        yield from map(frozenset, itertools.combinations(causes, size))


def split_shares(
    causes: Sequence[str], state: Callable[[Coalition], Basket]
) -> dict[tuple[str, str], Decimal]:
    """(indicator, cause) to its exact share of the change of a weighted mean, to 12 decimals.

    ``state`` gives the basket of every coalition; none may be empty.
    """
    baskets = {taken: state(taken) for taken in coalitions(causes)}
    found: dict[tuple[str, str], Decimal] = {}
    with localcontext(WIDE):
        for cause, without, taken, share in steps(causes):
            for indicator, part in split_mean(baskets[without], baskets[taken]).items():
                found[indicator, cause] = found.get((indicator, cause), Decimal(0)) + share * part
        return {key: value.quantize(FINE) for key, value in found.items()}


def split_mean(before: Basket, after: Basket) -> dict[str, Decimal]:
    """The change of a weighted mean by indicator, exact; ZeroDivisionError for a basket without weight."""
    with localcontext(WIDE):
        total_before, total_after = (
            sum((w for w, _ in side.values()), Decimal(0)) for side in (before, after)
        )
        level = (mean_of(before) + mean_of(after)) / 2
        found = {}
        for indicator in sorted({*before, *after}):
            w0, s0 = before.get(indicator) or (Decimal(0), after[indicator][1])
            w1, s1 = after.get(indicator) or (Decimal(0), before[indicator][1])
            share0, share1 = w0 / total_before, w1 / total_after
            found[indicator] = (share0 + share1) / 2 * (s1 - s0) + (share1 - share0) * ((s0 + s1) / 2 - level)
        return found


def mean_of(basket: Basket) -> Decimal:
    """The weighted mean of the scores that are there."""
    with localcontext(WIDE):
        weight = sum((w for w, _ in basket.values()), Decimal(0))
        return sum((w * s for w, s in basket.values()), Decimal(0)) / weight


def rounded_to(total: Decimal, shares: Sequence[Decimal], decimals: int) -> list[Decimal]:
    """Shares rounded so that they add up to a rounded total, by largest remainder; zeros stay zero if any is not."""
    unit = Decimal(1).scaleb(-decimals)
    down = [s.quantize(unit, rounding=ROUND_FLOOR, context=WIDE) for s in shares]
    left = int((total - sum(down, Decimal(0))) / unit)
    moving = [j for j, s in enumerate(shares) if s != 0] or list(range(len(shares)))
    order = sorted(moving, key=lambda j: (-(shares[j] - down[j]), j))
    for step in range(abs(left)):
        down[order[step % len(order)] if left > 0 else order[-1 - step % len(order)]] += (
            unit if left > 0 else -unit
        )
    return down
