"""The words of the trade that tables and traces share."""

from __future__ import annotations

MISSING_ZH = {
    "not_yet": "尚未产生",
    "not_applicable": "不适用",
    "late": "未报或迟报",
    "suppressed": "保密抑制",
}

SUBJECT_TYPES = {
    "province": "全省",
    "city": "设区市",
    "county": "县（市、区）",
    "chain": "产业链",
    "cluster": "产业集群",
}

PRODUCTS_ZH = {"monthly": "月度监测值", "full": "全篮子值"}
