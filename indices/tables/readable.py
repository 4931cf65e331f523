"""The words of a computation for readers: headings of its frames, and names for codes in their cells."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from indices.tables.words import MISSING_ZH

HEADINGS = {
    "subject": "单位代码", "name": "单位", "type": "类型", "period": "报告期", "node": "代码", "indicator": "指标",
    "value": "数值", "missing": "缺失类型", "source": "取自", "method": "方法", "before": "处理前", "after": "处理后",
    "how": "处理方式", "rule": "规则", "reverse": "逆向", "low": "下限", "high": "上限", "lower_end": "下端得分",
    "span": "得分幅度", "floor": "得分下限", "ceiling": "得分上限", "best_low": "适度下界", "best_high": "适度上界",
    "reference": "基准", "ties": "并列", "pool": "统计窗口起", "raw_score": "原始得分", "score": "得分",
    "clipped": "截断", "floored": "按下限计", "reason": "缺失原因", "rank": "位次", "ranked_n": "参加排位数",
    "weight": "权重", "effective": "有效权重", "due": "应有指标", "there": "已有指标", "filled": "填补指标",
    "weight_coverage": "权重覆盖率", "index": "方法", "product": "产品", "figures": "指标数", "points": "影响分值", "message": "说明", "advice": "处理建议",
    "nominal": "发布位次", "mean": "平均位次", "median": "中位位次", "best": "最好位次", "worst": "最差位次", "undefined": "无指数的抽样",
    "other": "对比单位", "share": "领先比例", "factor": "因素", "first": "一阶指数", "first_low": "一阶下界",
    "first_high": "一阶上界", "total": "总效应", "total_low": "总效应下界", "total_high": "总效应上界", "change": "变动",
    "rank_before": "原位次", "rank_after": "新位次", "shift": "位次变动", "score_before": "原得分", "score_after": "新得分",
    "value_before": "原发布值", "value_after": "新发布值",
    "weight_before": "原有效权重", "weight_after": "新有效权重", "rank_low": "位次区间起", "rank_high": "位次区间止",
    "rank_width": "位次区间宽度",
    "other_name": "对比单位名称",
}  # fmt: skip
# Columns whose gaps are missing figures.
FIGURES = ("value", "before", "after", "value_before", "value_after", "raw_score", "score")

_MISSING = MISSING_ZH | {"": "", "thin": "下级不足", "undefined": "没有定义"}
_ACTIONS = {
    "floor": "按下限计", "spread": "权重分摊", "carry": "结转", "mean": "均值", "median": "中位数", "linear": "线性内插",
}  # fmt: skip
_SCALES = {
    "goalpost": "上下限", "log_goalpost": "对数上下限", "efficacy": "功效系数", "efficacy_log": "对数功效系数",
    "efficacy_exp": "指数功效系数", "minmax": "极差", "zscore": "标准分", "rank": "位次", "percentile_rank": "百分位次",
    "ratio": "比值", "target": "目标距离", "none": "原值",
}  # fmt: skip
_WEIGHTS = {
    "given": "给定", "equal": "相等", "entropy": "熵值法", "critic": "CRITIC 法", "pca": "主成分法", "ahp": "层次分析法",
    "frozen": "冻结",
}  # fmt: skip
_RULES = {
    "log": "对数", "exp": "指数", "rank": "位次", "percentile": "百分位次", "ratio": "比值", "none": "原值",
    "screen": "覆盖不足", "denominate": "不能相除", "impute": "不能填补", "treat": "不能处理", "treat-flat": "不再截尾",
    "transform": "没有对数", "normalise": "不能评分", "ahp": "判断不一致", "zero": "得分为零", "negative": "没有定义",
    "thin": "下级不足", "empty": "下级全缺", "unknown": "代码不识",
    "incomplete": "指标不全",
}  # fmt: skip
_SAID: Mapping[str, Mapping[str, str]] = {
    "missing": _MISSING,
    "reason": _MISSING,
    "method": _ACTIONS | _SCALES | _WEIGHTS,
    "rule": {"linear": "线性"}
    | _RULES
    | {f"{kind}:{action}": f"{a}：{b}" for kind, a in _MISSING.items() for action, b in _ACTIONS.items()},
    "ties": {"min": "取小", "average": "平均", "max": "取大", "dense": "连续"},
    "factor": {
        "weights": "权重", "posts": "上下限", "noise": "数据误差", "scales": "评分方法", "means": "合成方法",
        "gaps": "缺失填补", "leave_out": "去掉一个指标",
    },
}  # fmt: skip


def readable(frame: pl.DataFrame, subjects: Mapping[str, str], nodes: Mapping[str, str]) -> pl.DataFrame:
    """A frame with names beside codes and words for what is coded, without columns in which nothing stands."""
    columns = []
    for name in frame.columns:
        column = pl.col(name)
        if name in _SAID:
            columns.append(column.replace(_SAID[name]))
        elif name in ("indicator", "node"):
            labels = {code: f"{code} {label}" if label != code else code for code, label in nodes.items()}
            columns.append(column.replace(labels))
        else:
            columns.append(column)
        if name == "subject" and "name" not in frame.columns:
            columns.append(column.replace(subjects).alias("name"))
        if name == "other":
            columns.append(column.replace(subjects).alias("other_name"))
    told = frame.select(columns)
    idle = [c for c in ("period", "type", "source", "pool") if c in told.columns and _idle(told[c])]
    return told.drop(idle)


def _idle(column: pl.Series) -> bool:
    return column.len() > 0 and bool((column.fill_null("") == "").all())
