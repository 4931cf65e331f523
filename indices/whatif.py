"""What if: a design under other weights, posts or rules, compared subject by subject with the design as it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, get_args

import polars as pl

from indices.declare import Aggregate, Mean, Normalise, Weigh
from indices.design import Design
from indices.method_file import checked
from indices.score import Scored
from indices.steps.bench import ScoreError
from indices.tree_split import split_trees

_NUMBERS = ("weight", "low", "high", "reference")
_HOW = (
    "写法：weight.代码=数值、low.代码=数值、high.代码=数值、reference.代码=数值、mean.分组=方法、missing.类型=floor 或 spread、"
    "missing.floor=数值、at_least=数值"
)


def overridden(design: Design, settings: Sequence[str]) -> Design:
    """The design with ``KEY=VALUE`` settings; ScoreError for one that is not understood, comes twice or changes
    nothing, MethodError for a design that cannot be computed so."""
    keys = []
    for setting in settings:
        key, found, text = (part.strip() for part in setting.partition("="))
        if not found:
            raise ScoreError(f"--set {setting} 没有等号；{_HOW}。")
        if key in keys:
            raise ScoreError(f"--set {key} 写了两次；请只留一个。")
        keys.append(key)
        design = _one(design, key, text)
    for key in keys:
        if reason := without_effect(design, key):
            raise ScoreError(f"--set {key} 不起作用：{reason}。")
    return checked(design, f"{design.id}（{'、'.join(settings)}）")


def without_effect(design: Design, key: str) -> str:
    """Why this key of a design changes nothing whatever its value; empty if it can."""
    kind, _, name = key.partition(".")
    if kind == "weight":
        return _unweighed(design, name)
    if kind in ("low", "high", "reference"):
        return _unposted(design, name, kind)
    if key == "missing.floor" and "floor" not in (design.missing.not_yet, design.missing.late):
        return "没有哪类缺失按 floor 计分；请同时写 missing.late=floor 或 missing.not_yet=floor"
    return ""


def _unweighed(design: Design, node: str) -> str:
    if node == design.root.id:
        return f"{node} 是指数本身，没有权重"
    for step in (s for s in design.steps if isinstance(s, Weigh) and s.method != "given"):
        if any(node in nodes for nodes in design.weighed(step).values()):
            return f"{node} 的权重由步骤 weigh（{step.method}）决定"
    return ""


def _unposted(design: Design, indicator: str, key: str) -> str:
    own = next(i.scale for i in design.indicators if i.id == indicator)
    scale = next(s.scale_of(own) for s in design.steps if isinstance(s, Normalise))
    given = scale.method == "target" or (scale.method == "ratio" and scale.reference == "given")
    used = given if key == "reference" else scale.fixed or scale.method == "ratio"
    return "" if used else f"{indicator} 的评分方法 {scale.method} 不用 {key}"


def _one(design: Design, key: str, text: str) -> Design:
    kind, _, name = key.partition(".")
    if kind in _NUMBERS and name in design.names:
        return _changed(design, name, kind, _number(key, text))
    if kind == "mean" and name in design.children:
        if text not in get_args(Mean):
            raise ScoreError(f"--set {key}={text}：没有这种合成方法；可用 {'、'.join(get_args(Mean))}。")
        return _changed(design, name, "mean", text)
    if kind == "missing" and text in ("floor", "spread"):
        action: Literal["floor", "spread"] = "floor" if text == "floor" else "spread"
        if name == "late":
            return dataclasses.replace(design, missing=dataclasses.replace(design.missing, late=action))
        if name == "not_yet":
            return dataclasses.replace(design, missing=dataclasses.replace(design.missing, not_yet=action))
    if key == "missing.floor":
        return dataclasses.replace(
            design, missing=dataclasses.replace(design.missing, floor=_number(key, text))
        )
    if key == "at_least":
        share = _number(key, text)
        steps = tuple(
            dataclasses.replace(s, at_least=share) if isinstance(s, Aggregate) else s for s in design.steps
        )
        return dataclasses.replace(design, steps=steps)
    raise ScoreError(f"--set {key}={text} 不认识，或 {name or key} 不在方法 {design.id} 中；{_HOW}。")


def _changed(design: Design, node: str, attribute: str, value: Any) -> Design:
    """The design with one attribute of one node replaced; ScoreError if that kind of node has none."""
    target = next(n for n in design.nodes if n.id == node)
    if not hasattr(target, attribute):
        raise ScoreError(f"--set {attribute}.{node}：分组 {node} 没有 {attribute}；{_HOW}。")
    new = dataclasses.replace(target, **{attribute: value})
    return dataclasses.replace(
        design,
        indicators=tuple(new if i.id == node else i for i in design.indicators),  # type: ignore[misc]
        groups=tuple(new if g.id == node else g for g in design.groups),  # type: ignore[misc]
    )


def _number(key: str, text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ScoreError(f"--set {key}={text}：应为数值。") from error
    if not number.is_finite():
        raise ScoreError(f"--set {key}={text}：应为有限的数值。")
    return number


def compare(design: Design, before: Scored, after: Scored) -> pl.DataFrame:
    """Index and ranks side by side: (subject, name, period, before, after, change, rank_before, rank_after, shift).

    A positive shift is a better rank. Subjects that only one side has an index for stay, with gaps.
    """
    key = ["subject", "name", "period"]

    def index(scored: Scored, word: str) -> pl.DataFrame:
        rows = scored.published.filter(pl.col("node") == design.root.id)
        return rows.select(*key, pl.col("value").alias(word), pl.col("rank").alias(f"rank_{word}"))

    both = index(before, "before").join(index(after, "after"), on=key, how="full", coalesce=True)
    return both.select(
        *key, "before", "after", (pl.col("after") - pl.col("before")).alias("change"),
        "rank_before", "rank_after", (pl.col("rank_before") - pl.col("rank_after")).alias("shift"),
    ).sort("period", "rank_before", "subject", nulls_last=True)  # fmt: skip


def why(before: tuple[Design, Scored], after: tuple[Design, Scored]) -> pl.DataFrame:
    """Why an index differs: (subject, period, indicator, score_before, score_after, weight_before, weight_after, points).

    A line for each indicator whose score or effective weight differs or that has a part in the change, and for each
    group whose own weight or mean has. ``points`` are as printed and add up to the change of the published index (see
    ``indices/tree_split.py``); the other columns are empty for a group.
    """
    key = ["subject", "period", "indicator"]

    def leaves(scored: Scored, word: str) -> pl.DataFrame:
        weights = scored.weights.select(
            pl.col("node").alias("indicator"), "period", pl.col("effective").alias(f"weight_{word}")
        )
        scores = scored.scores.select(*key, pl.col("score").alias(f"score_{word}"))
        return scores.join(weights, on=["indicator", "period"], how="left")

    both = leaves(before[1], "before").join(leaves(after[1], "after"), on=key, how="full", coalesce=True)
    parts = split_trees(before, after).select(
        "subject", "period", pl.col("item").alias("indicator"), pl.col("published").alias("points")
    )
    same = pl.col("score_before").eq_missing(pl.col("score_after")) & pl.col("weight_before").eq_missing(
        pl.col("weight_after")
    )
    found = both.join(parts, on=key, how="full", coalesce=True)
    columns = (*key, "score_before", "score_after", "weight_before", "weight_after", "points")
    return found.filter(~same | pl.col("points").is_not_null()).select(columns).sort(key)
