"""Weights: given by the tree, equal, from judgements, or from data.

Inside each parent, over the scores of the subjects that have all children, without the unranked types:

- entropy: p_ij = y_ij / sum_i y_ij, E_j = -sum_i p_ij ln p_ij / ln n with 0 ln 0 = 0, w_j = (1 - E_j) / sum (1 - E).
  ``before`` says whether y are the scores brought to 0..1 or the scores themselves. (熵值法)
- critic: w_j ~ s_j sum_k (1 - r_jk) over scores brought to 0..1. Diakoulaki et al. (1995).
- pca: factors of the correlation matrix with eigenvalue > 1 (at least one), rotated by varimax; an indicator belongs
  to the factor that it loads most on, and its weight is in proportion to its squared loading there. OECD/JRC Handbook,
  step 6, which divides the squares by the variance of their factor and multiplies by the same again.
- ahp: the principal eigenvector of the judgement matrix; consistency ratio CR = (lambda - n) / (n - 1) / RI(n).
  Saaty (1980), with the random index for up to 15 items. A ratio above 0.10 is noted.

Where other nodes stand beside those of the level, in a ragged tree, the new weights add up to what the replaced ones
did, so that the shares of the others stay; ``frozen`` weights are taken as they are.

Linear algebra runs on one thread (``one_thread.py``); weights are kept to 12 decimals, those from eigenvectors to 10.
Weights from data move with the data: for a published series they are frozen (``frozen`` in the method file holds
them as text; the table ``weight`` of a run gives them).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Context, Decimal
from itertools import groupby

import numpy as np
import polars as pl

from indices.declare import Weigh
from indices.design import Design
from indices.steps.bench import WEIGHT, Bench, Columns, Note, ScoreError, fixed

RANDOM_INDEX = (
    0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59,
)  # fmt: skip  # Saaty, for 1 to 15 items
_STILL = 1e-13
_KEPT = 10  # decimals of weights from eigenvectors; what stands behind depends on the processor
_TWELVE = Decimal("0.000000000001")
_WIDE = Context(prec=50)
_SIXTEEN = Decimal("0.0000000000000001")


def entropy(y: np.ndarray) -> np.ndarray:
    """Entropies E_j of columns that are not negative; shape (subjects, indicators) to (indicators,)."""
    total = y.sum(axis=0)
    if (y < 0).any() or (total <= 0).any():
        raise ScoreError(
            '熵值法要求各指标得分不为负且合计大于 0；请先按 minmax 标准化（before = "minmax"）。'
        )
    p = y / total
    logs = np.where(p > 0, p * np.log(np.where(p > 0, p, 1.0)), 0.0)
    return -logs.sum(axis=0) / math.log(len(y))


def entropy_weights(y: np.ndarray) -> np.ndarray:
    """Weights that add up to 1; ScoreError where no column tells the subjects apart."""
    spread = 1.0 - entropy(y)
    if spread.sum() <= 1e-12:
        raise ScoreError("各指标在各单位间完全相同，熵值法不能定权。")
    return spread / spread.sum()


def critic_weights(y: np.ndarray) -> np.ndarray:
    """Weights by contrast and conflict, adding up to 1."""
    content = y.std(axis=0, ddof=1) * (1.0 - np.corrcoef(y, rowvar=False)).sum(axis=0)
    if not content.sum() > 0:
        raise ScoreError("各指标完全相关，CRITIC 法不能定权。")
    return content / content.sum()


def principal(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues, largest first, and loadings of the correlation matrix; each loading's largest part is positive."""
    values, vectors = np.linalg.eigh(np.corrcoef(y, rowvar=False))
    values, vectors = values[::-1], vectors[:, ::-1]
    vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(axis=0), range(vectors.shape[1])])
    return values, vectors * np.sqrt(np.clip(values, 0.0, None))


def varimax(loadings: np.ndarray, rounds: int = 1000) -> np.ndarray:
    """Loadings rotated to the largest variance of their squares (Kaiser 1958), until the rotation itself stands still:
    where its gain does, the loadings still move in their sixth digit."""
    n, k = loadings.shape
    rotation = np.eye(k)
    for _ in range(rounds):
        turned = loadings @ rotation
        left, _, right = np.linalg.svd(loadings.T @ (turned**3 - turned * (turned**2).sum(axis=0) / n))
        before, rotation = rotation, left @ right
        if np.abs(rotation - before).max() < _STILL:
            break
    return loadings @ rotation


def pca_weights(y: np.ndarray) -> np.ndarray:
    """Weights from squared rotated loadings, adding up to 1."""
    values, loadings = principal(y)
    kept = max(1, int((values > 1.0).sum()))
    turned = varimax(loadings[:, :kept]) if kept > 1 else loadings[:, :1]
    squares = turned**2
    largest = squares.max(axis=1)
    return np.asarray(largest / largest.sum())


def ahp(judgements: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Weights, the largest eigenvalue and the consistency ratio of a reciprocal matrix of up to 15 items."""
    values, vectors = np.linalg.eig(judgements)
    first = int(values.real.argmax())
    weights = np.abs(vectors[:, first].real)
    n, largest = len(judgements), float(values[first].real)
    if n <= 2:
        return weights / weights.sum(), largest, 0.0
    return weights / weights.sum(), largest, (largest - n) / (n - 1) / RANDOM_INDEX[n - 1]


def place_given(bench: Bench) -> None:
    """``weight`` as the tree gives it, for every period."""
    rows = [(n.id, period, n.weight, "given") for period in bench.periods() for n in bench.design.nodes]
    schema: Columns = {"node": pl.String, "period": pl.String, "weight": WEIGHT, "method": pl.String}
    bench.place("weight", pl.DataFrame(rows, schema, orient="row"))


def weigh(bench: Bench, step: Weigh) -> None:
    """Replace the weights of one level in ``weight``, under one parent if the step names it."""
    if step.method == "given":
        return
    window = step.window if step.needs_window else None  # of frozen weights it only says where they are from
    for group, children in bench.design.weighed(step).items():
        for taken, served in bench.windows(window):
            weights = _weights(bench, step, group, children, taken)
            if step.method != "frozen" and len(children) < len(bench.design.children[group]):
                weights = on_scale(bench.design, weights)
            _replace(bench, weights, step.method, served)


def _replace(bench: Bench, weights: Mapping[str, Decimal], method: str, periods: list[str]) -> None:
    """Put these weights in the place of those that stand in ``weight``."""
    schema: Columns = {"node": pl.String, "weight": WEIGHT}
    bench.place("replaced", pl.DataFrame(list(weights.items()), schema, orient="row"))
    bench.con.execute(
        "UPDATE weight SET weight = r.weight, method = ? FROM replaced AS r"
        " WHERE weight.node = r.node AND list_contains(?, period)",
        [method, periods],
    )


def on_scale(design: Design, weights: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """The weights in their proportions, adding up to those that the tree gives to the same nodes."""
    given = sum((n.weight for n in design.nodes if n.id in weights), Decimal(0))
    total = sum(weights.values(), Decimal(0))
    return {
        node: _WIDE.divide(_WIDE.multiply(weight, given), total).quantize(_TWELVE)
        for node, weight in weights.items()
    }


def _weights(
    bench: Bench, step: Weigh, group: str, children: Sequence[str], taken: list[str]
) -> Mapping[str, Decimal]:
    """The weights of a parent's children, on the scale of the method."""
    if step.method == "equal" or len(children) == 1:
        return dict.fromkeys(children, Decimal(1))
    if step.method == "frozen":
        absent = [c for c in children if c not in step.frozen]
        if absent:
            raise ScoreError(f"冻结的权重缺少 {'、'.join(absent)}。")
        return {c: step.frozen[c] for c in children}
    if step.method == "ahp":
        return _judged(bench, step, group, children)
    _, scores = bench.matrix(children, taken)
    if len(scores) < 3:
        raise ScoreError(f"{group} 下指标齐全的单位不足 3 个，不能用 {step.method} 定权；请改用给定权重。")
    spread = scores.max(axis=0) - scores.min(axis=0)
    if (spread == 0).any():
        raise ScoreError(f"{children[int(spread.argmin())]} 在各单位间没有差异，不能用 {step.method} 定权。")
    unit = (scores - scores.min(axis=0)) / spread
    chosen = {
        "entropy": lambda: entropy_weights(unit if step.before == "minmax" else scores),
        "critic": lambda: critic_weights(unit),
        "pca": lambda: pca_weights(scores),
    }[step.method]()
    places = _KEPT if step.method == "pca" else 12
    return {c: fixed(w, places) for c, w in zip(children, chosen, strict=True)}


def _judged(bench: Bench, step: Weigh, group: str, children: Sequence[str]) -> Mapping[str, Decimal]:
    matrix = np.asarray([[float(v) for v in row] for row in step.judgements])
    if matrix.shape != (len(children), len(children)):
        raise ScoreError(
            f"{group} 有 {len(children)} 个下级，判断矩阵是 {matrix.shape}；行列应与下级一一对应。"
        )
    if len(matrix) > len(RANDOM_INDEX):
        raise ScoreError(
            f"{group} 的判断矩阵有 {len(matrix)} 项，一致性比率只到 {len(RANDOM_INDEX)} 项；请把下级再分组。"
        )
    if (matrix <= 0).any() or np.abs(matrix * matrix.T - 1).max() > 0.01:
        raise ScoreError(f"{group} 的判断矩阵不是正的互反矩阵（a_ij × a_ji 应为 1）。")
    weights, largest, ratio = ahp(matrix)
    if ratio > 0.10:
        bench.notes.append(
            Note(
                "ahp", "", "", group,
                f"判断矩阵的一致性比率为 {ratio:.4f}（最大特征值 {largest:.4f}），超过 0.10",
                "请专家重新判断",
            )
        )  # fmt: skip
    return {c: fixed(w, _KEPT) for c, w in zip(children, weights, strict=True)}


def shares(design: Design, weights: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """The weight of each node in the index: the product of its shares on the way up, the index itself 1."""
    found = {design.root.id: Decimal(1)}

    def go(group: str) -> None:
        children = design.children[group]
        total = sum((weights[c] for c in children), Decimal(0))
        for child in children:
            share = _WIDE.divide(weights[child], total) if total else Decimal(0)
            found[child] = _WIDE.multiply(found[group], share)
            if child in design.children:
                go(child)

    go(design.root.id)
    return {node: share.quantize(_SIXTEEN) for node, share in found.items()}


def effective_weights(bench: Bench) -> None:
    """``effective`` (node, period, effective): the weight of each node in the whole index, with all figures there."""
    found = bench.rows(
        "SELECT period, node, weight FROM weight WHERE period IN (SELECT period FROM subject_row) ORDER BY period, node"
    )
    rows = []
    for period, part in groupby(found, lambda row: row[0]):
        weights = {node: weight for _, node, weight in part}
        rows += [(n, period, share) for n, share in shares(bench.design, weights).items()]
    bench.place(
        "effective",
        pl.DataFrame(
            rows, {"node": pl.String, "period": pl.String, "effective": pl.Decimal(20, 16)}, orient="row"
        ),
    )
