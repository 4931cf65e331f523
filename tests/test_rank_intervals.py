"""Published rank intervals: against plain loops, and whatever must not move them."""

import dataclasses
import math
from decimal import Decimal

import polars as pl
import pytest
from scipy.stats import qmc

from indices.method import METHODS_DIR, MethodError, RankDraws, load_methods, read_method
from indices.tables.notes import NO_INTERVALS, interval_words
from indices.uncertainty.released import rank_intervals

CM = next(m for m in load_methods() if m.index == "CM")
DRAWS = RankDraws(Decimal("0.25"), Decimal("0.1"), ("declared", "geometric"), 64, 7)
OPTIMUM = next(i.id for i in CM.indicators if i.optimum)
PLAIN = next(i.id for i in CM.indicators if i.monthly and not i.optimum)
RAW = {"p": ("97", "62"), "q": ("70", "84"), "r": ("93", "66"), "s": ("70", None)}


def scores(raw: dict[str, tuple[str | None, str | None]]) -> pl.DataFrame:
    rows = [
        ("chain", subject, indicator, weight, score)
        for subject, both in raw.items()
        for indicator, weight, score in zip((PLAIN, OPTIMUM), ("2", "3"), both, strict=True)
        if score is not None
    ]
    return pl.DataFrame(rows, ["kind", "subject", "indicator", "weight", "raw"], orient="row")


def by_hand(raw: dict[str, tuple[str | None, str | None]], declared: RankDraws) -> list[list[int]]:
    """The same model in plain Python, one draw after the other."""
    order = sorted((PLAIN, OPTIMUM))
    places = [(PLAIN, OPTIMUM).index(i) for i in order]
    ranks: dict[str, list[int]] = {subject: [] for subject in raw}
    for point in qmc.Sobol(7, rng=declared.seed).random(declared.draws):
        spread = [2 * u - 1 for u in point]
        index = {}
        for subject, both in raw.items():
            weighed, logs, total = 0.0, 0.0, 0.0
            for j, place in enumerate(places):
                given = both[place]
                if given is None:
                    continue
                weight = (2, 3)[place] * (1 + float(declared.weights) * spread[j])
                low, high = (float(declared.posts) * spread[a * 2 + j] for a in (1, 2))
                at = (float(given) - 60) / 40
                at = 1 - (1 - at) / (1 + high) if order[j] == OPTIMUM else (at - low) / (1 + high - low)
                score = min(max(60 + 40 * at, 40), 100)
                weighed, logs, total = (
                    weighed + weight * score,
                    logs + weight * math.log(score),
                    total + weight,
                )
            index[subject] = round(weighed / total if point[6] < 0.5 else math.exp(logs / total), 2)
        for subject, value in index.items():
            ranks[subject].append(1 + sum(other > value for other in index.values()))
    return [
        [sorted(seen)[math.ceil(q * declared.draws) - 1] for q in (0.05, 0.5, 0.95)]
        for seen in ranks.values()
    ]


def test_the_intervals_are_those_of_plain_loops() -> None:
    assert rank_intervals(CM, DRAWS, scores(RAW)).tolist() == by_hand(RAW, DRAWS)
    fixed = dataclasses.replace(DRAWS, weights=Decimal(0), posts=Decimal(0), means=("declared",))
    assert rank_intervals(CM, fixed, scores(RAW)).tolist() == [[3] * 3, [1] * 3, [2] * 3, [4] * 3]


def test_who_is_better_in_everything_is_ahead_in_every_draw_and_equals_share_a_rank() -> None:
    raw = {"p": ("90", "90"), "q": ("80", "80"), "r": ("80", "80"), "s": ("70", "70")}
    assert rank_intervals(CM, DRAWS, scores(raw)).tolist() == [[1] * 3, [2] * 3, [2] * 3, [4] * 3]


def test_the_seed_decides_and_one_subject_alone_is_first() -> None:
    raw = {f"s{n}": (str(70 + 3 * n % 10), str(75 + 7 * n % 10)) for n in range(9)}
    again = rank_intervals(CM, DRAWS, scores(raw)).tolist()
    assert again == rank_intervals(CM, DRAWS, scores(raw)).tolist()
    assert any(low < high for low, _, high in again)
    assert rank_intervals(CM, DRAWS, scores({"p": ("61", "88")})).tolist() == [[1, 1, 1]]


@pytest.mark.parametrize(
    ("line", "wrong", "words"),
    [
        ('weights = "0.25"', 'weights = "1"', "weights 为 1"),
        ('posts = "0.10"', 'posts = "0.5"', "posts 为 0.5"),
        ("draws = 1024", "draws = 1000", "2 的幂"),
        ('means = ["declared", "geometric"]', "means = []", "means 为空"),
        ('floor = "40"', 'floor = "0"', "得分下限"),
    ],
)
def test_a_declaration_that_cannot_be_drawn_is_refused(
    tmp_path: object, line: str, wrong: str, words: str
) -> None:
    text = (METHODS_DIR / "CM-2026.1.toml").read_text("utf-8")
    assert text.count(line) >= 1
    path = tmp_path / "CM-2026.1.toml"  # type: ignore[operator]
    path.write_text(text.replace(line, wrong), "utf-8")
    with pytest.raises(MethodError, match=words):
        read_method(path)


def test_the_notes_say_what_was_varied() -> None:
    words = interval_words(CM.uncertainty)
    assert all(part in words for part in ("±25%", "±10%", "几何平均", "1269", "1024"))
    assert interval_words(None) == NO_INTERVALS
