"""Every published figure from the cells that its trace lists, and from these alone.

The trace of every subject is asked for; its cells go through plain decimals (``traced_figures.py``, the formulas
and scores of the oracle) and must come to the digits that stand in the sheets 总表 and 指标 of the three
published workbooks, in both editions. No SQL, no sum and no value of the engine takes part. Here the small
province; the whole one is in ``with_prefect/test_province.py``.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest
from conftest import Ran, Small
from oracle import FLOOR, FORMULAS, NEEDED, ROOT, Leaf, Standing, Total, clip, half_even, raw_score, total
from oracle import read_method as read_leaves
from oracle_figures import Absent
from oracle_reading import PROVINCE, Lists, Report, read_lists
from published_figures import Published, read_published
from traced_figures import BASE, FromCells, report_of

from flows.ledger.release import read_release
from flows.ledger.store import Store
from flows.ledger.warehouse import view_warehouse
from flows.trace import trees
from flows.traced import Traced
from schemas.codes import Codes

Row = Mapping[str, Any]


class FromTrees:
    """The published figures again, from the trees of all subjects."""

    def __init__(self, lists: Lists) -> None:
        plan = tomllib.loads((ROOT / "indices" / "plan" / "targets.toml").read_text("utf-8"))
        self.targets = {t["subject"]: Decimal(t["target"]) for t in plan["targets"]}
        self.lists, self.found = lists, Published()
        self.cells = 0
        self._levels: dict[tuple[str, str, str], list[tuple[Decimal, tuple[str, str]]]] = defaultdict(list)

    def add(self, tree: Row, leaves: Mapping[str, Leaf]) -> None:
        """One subject: indicators, then pillars and totals over them."""
        index, subject = tree["index"], tree["subject"]
        standing = {
            i["indicator"]: self.standing(index, subject, leaves[i["indicator"]], i)
            for i in tree["indicators"]
        }
        names = {i["pillar_no"]: i["pillar"] for i in tree["indicators"]}
        totals, chosen = {}, {}
        for product in NEEDED:
            chosen[product] = [
                leaf
                for name, leaf in leaves.items()
                if name in standing and (leaf.monthly or product == "full")
            ]
            totals[product] = total(chosen[product], standing, NEEDED[product])
        for name, each in standing.items():
            shares = [self.share(leaves[name], each, totals[p], leaves[name] in chosen[p]) for p in NEEDED]
            value = None if each.value is None else half_even(each.value, leaves[name].decimals)
            score = None if each.score is None else half_even(each.score, 2)
            self.found.indicators[index, subject, name] = (value, score, *shares[0], *shares[1])
        for no, name in names.items():
            key = (index, subject, name)
            self.found.pillars[key] = totals["monthly"].pillars.get(no, (None, None))[0]
            own = [leaf.id for leaf in chosen["monthly"] if leaf.pillar == no]
            parts = [
                part for leaf in own if (part := self.found.indicators[index, subject, leaf][3]) is not None
            ]
            if parts:
                self.found.pillar_contributions[key] = half_even(sum(parts, Decimal(0)), 2)
        monthly, full = totals["monthly"].value, totals["full"].value
        self.found.totals[index, subject] = (None, monthly, full)
        if subject != PROVINCE and monthly is not None:
            level = "county" if subject in self.lists.counties else ""
            self._levels[index, level, ""].append((monthly, (index, subject)))

    def standing(self, index: str, subject: str, leaf: Leaf, traced: Row) -> Standing:
        """What the formula gives on the cells of a traced indicator, and the score of it."""
        if not traced["ref_period"]:
            return Standing("late")
        self.cells += sum(len(v["rows"]) for v in traced["variables"])
        at = report_of(traced["ref_period"])
        try:
            value = FORMULAS[index][leaf.id](self.figures(subject, traced, at))
            x = value if leaf.base_year is None else self.on_base(index, subject, leaf, traced, at)
        except Absent as absent:
            return Standing(absent.kind, at, 0, score=FLOOR if absent.kind == "not_yet" else None)
        raw = raw_score(leaf, x)
        return Standing("", at, 0, value, raw, clip(raw))

    def figures(self, subject: str, traced: Row, at: Report, use: str = "数值") -> FromCells:
        parts = len(self.lists.subchains.get(subject, ())) + 1
        return FromCells(traced["variables"], at, parts, self.targets.get(subject), use)

    def on_base(self, index: str, subject: str, leaf: Leaf, traced: Row, at: Report) -> Decimal:
        """r of the report and its base period, both over the cells that are listed as 基期."""
        months = {c["month"] for v in traced["variables"] for c in v["rows"] if c["use"] == BASE}
        (base,) = months - {100 * at.year + at.month}
        now, then = (
            FORMULAS[index][leaf.id](self.figures(subject, traced, report, BASE))
            for report in (at, Report(base // 100, base % 100))
        )
        return 100 * then / now if leaf.reverse else 100 * now / then

    @staticmethod
    def share(leaf: Leaf, each: Standing, of: Total, chosen: bool) -> tuple[Decimal | None, Decimal | None]:
        """Effective weight and contribution in a product."""
        if each.score is None or not chosen:
            return None, None
        return half_even(100 * leaf.weight / of.present, 4), half_even(
            leaf.weight * each.score / of.present, 4
        )

    def rank(self) -> None:
        """Ranks on the published monthly values; ties share the best."""
        for members in self._levels.values():
            for value, key in members:
                rank = 1 + sum(other > value for other, _ in members)
                self.found.totals[key] = (Decimal(rank), *self.found.totals[key][1:])


def recomputed(home: Path, codes: Codes) -> FromTrees:
    """All figures of 2026-10.1, from the cells of its trace."""
    again = FromTrees(read_lists(codes.folder))
    store = Store(home)
    with closing(view_warehouse(store)) as con, localcontext(prec=50):
        traced = Traced(con, store, read_release(store, "2026-10.1"), codes)
        for index in traced.versions:
            leaves = {leaf.id: leaf for leaf in read_leaves(index)}
            for tree in trees(traced, traced.method(index), traced.subjects(index)):
                again.add(tree, leaves)
        again.rank()
    return again


def differences(ours: Published, theirs: Published) -> Iterator[str]:
    """Every figure that is not the same on both sides, or stands on one of them alone."""
    for name in ("totals", "pillars", "pillar_contributions", "indicators"):
        one, two = getattr(ours, name), getattr(theirs, name)
        for key in sorted(two):
            if one.get(key) != two[key]:
                yield f"{name} {key}: from the cells {one.get(key)}, published {two[key]}"
        if (
            name != "pillar_contributions"
        ):  # these stand beside a chart, where the subjects are few enough for one
            yield from (f"{name} {key}: not published" for key in sorted(one.keys() - two.keys()))


def both_editions(files: tuple[Path, ...]) -> list[Published]:
    return [read_published(p for p in files if word in p.name) for word in ("内部", "公开")]


def test_the_small_province(small_ran: Ran, small: Small) -> None:
    again = recomputed(small_ran.home, small.codes)
    for published in both_editions(small_ran.outcome.files):
        assert (len(published.totals), len(published.indicators)) == (8, 222)
        assert list(differences(again.found, published)) == []


def test_a_cell_that_is_left_out_is_missed(
    small_ran: Ran, small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison is of the cells: without those of one county the chains come out differently."""
    whole = FromCells._cells

    def without(self: FromCells, *asked: Any) -> list[Row]:
        return [c for c in whole(self, *asked) if c["submitter"] != "360602"]

    monkeypatch.setattr(FromCells, "_cells", without)
    internal, _ = both_editions(small_ran.outcome.files)
    found = list(differences(recomputed(small_ran.home, small.codes).found, internal))
    assert any("('CM', 'EI', 'CM102')" in text for text in found)
    assert any("('MQ', '360602', 'MQ102')" in text for text in found)
    assert not any("('MQ', '360603'" in text for text in found if text.startswith("indicators"))
