"""Method files: the three of the plan are sound, and each kind of mistake is refused with its reason."""

from decimal import Decimal
from pathlib import Path

import pytest

from indices.method import METHODS_DIR, MethodError, load_methods, methods_for, read_method
from indices.targets import load_plan
from schemas.period import Period


def test_the_three_indices() -> None:
    methods = {m.index: m for m in methods_for(Period.parse("2026-10"))}
    assert list(methods) == ["MQ", "CM", "CA"]
    for method, monthly in (("MQ", 34), ("CM", 22), ("CA", 32)):
        found = methods[method]
        assert len(found.indicators) == 30
        assert sum(i.weight for i in found.indicators) == 100
        assert sum(i.weight for i in found.indicators if i.monthly) == monthly
    name, county = methods["MQ"].basket("county")
    assert name == "县级版" and len(county) == 24
    assert {"MQ103", "MQ401", "MQ402", "MQ503", "MQ602", "MQ801"}.isdisjoint(i.id for i in county)


def test_targets_of_the_plan() -> None:
    plan = load_plan()
    assert sum(t.target for t in plan.targets if len(t.subject) == 2) == 58100
    assert plan.target("NE") == Decimal(7000) and plan.target("NE01") == Decimal(3500)
    assert plan.target("XX") is None


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('weight = "4"', 'weight = "5"', "权重合计"),
        ('id = "MQ102"', 'id = "MQ101"', "MQ101 重复"),
        ("pillar = 1", "pillar = 99", "分项 99 未定义"),
        ('low = "0"\nhigh = "12"', 'low = "12"\nhigh = "0"', "与方向正向不符"),
        ("GLT02.mfg_va_growth", "GLT02.no_such_field", "不在表式中：GLT02.no_such_field"),
        ("GLT02.mfg_va_growth", "exp(GLT02.mfg_va_growth)", "函数不在清单之列"),
        ('"GLT02.mfg_va_growth"', '"100 * year_progress"', "MQ101 的表达式中没有字段"),
        ('id = "MQ102"', 'id = "MQ\'102"', "指标代码"),
        ('index = "MQ"', 'index = "mq"', "指数代码 'mq' 应由大写字母和数字组成"),
        ('unit = "件/亿元"', 'unit = "件/万元"', "相差 1/10000 倍"),
        ("format = 1", "format = 1\nsurprise = 2", "surprise"),
        ('without = ["MQ103"', 'without = ["MQ999"', "不存在的指标 MQ999"),
        (
            'normalisation = "log_goalpost"\nlow = "120"',
            'normalisation = "log_goalpost"\nlow = "-1"',
            "对数法",
        ),
    ],
)
def test_refuses(tmp_path: Path, old: str, new: str, reason: str) -> None:
    text = (METHODS_DIR / "MQ-2026.1.toml").read_text("utf-8")
    assert old in text
    path = tmp_path / "MQ-2026.1.toml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(MethodError, match=r"MQ-2026\.1\.toml") as caught:
        read_method(path)
    assert reason in str(caught.value)


def test_every_indicator_reads_fields_that_forms_have() -> None:
    assert len(load_methods()) == 3
