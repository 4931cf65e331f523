"""The forms of the flows: what a person sees, what a filled form means, and every mistake in one sentence."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flows.orders import IntakeOrder, MonthlyOrder, OrderError, day_off, month_before, period_of, taken
from flows.settings import ACTOR
from schemas.workdays import WorkCalendar

NOON = datetime(2026, 11, 27, 4, tzinfo=UTC)


@pytest.fixture
def filled(tmp_path: Path) -> dict[str, Any]:
    return {"period": "2026-10", "inboxes": [str(tmp_path)], "out": str(tmp_path / "out"), "actor": "张三"}


@pytest.mark.parametrize("form", [IntakeOrder, MonthlyOrder])
def test_every_field_has_a_chinese_title_and_description(form: type[IntakeOrder]) -> None:
    shown = form.model_json_schema()["properties"]
    assert [field["title"] for field in shown.values()][:4] == [
        "报告期",
        "收件文件夹",
        "输出文件夹",
        "操作人",
    ]
    for field in shown.values():
        assert any("一" <= letter <= "鿿" for letter in field["description"])


def test_only_what_computes_asks_about_pending_data() -> None:
    assert "admit_pending" not in IntakeOrder.model_fields
    assert MonthlyOrder.model_fields["admit_pending"].title == "是否计入待核数据"


def test_a_filled_form_becomes_the_settings_of_a_run(
    filled: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ZHISHU_HOME", str(tmp_path / "home"))
    chosen = taken(MonthlyOrder, {**filled, "admit_pending": False}).settings()
    assert (chosen.home, chosen.actor, chosen.admit_pending) == (tmp_path / "home", "张三", False)
    assert taken(IntakeOrder, filled).settings().admit_pending


def test_what_a_schedule_leaves_blank(filled: dict[str, Any]) -> None:
    del filled["period"], filled["actor"]
    order = taken(MonthlyOrder, filled)
    assert (order.actor, order.admit_pending, str(period_of(order, NOON))) == (ACTOR, True, "2026-10")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"period": "2026-13"}, "报告期 2026-13 不合用，这里应写月份（如 2026-10）。"),
        ({"period": "2026Q3"}, "报告期 2026Q3 不合用，这里应写月份（如 2026-10）。"),
        ({"period": None}, "报告期填写有误。"),
        ({"inboxes": []}, "收件文件夹没有填写。"),
        ({"inboxes": ["inbox"]}, "文件夹 inbox 应写完整路径，以 / 开头。"),
        ({"inboxes": [""]}, "文件夹 （空） 应写完整路径，以 / 开头。"),
        ({"inboxes": ["/没有"]}, "收件文件夹 /没有 不存在。"),
        ({"inboxes": [__file__]}, f"收件文件夹 {__file__} 是一个文件，而且不是工作簿；请写文件夹或工作簿。"),
        ({"out": "out"}, "文件夹 out 应写完整路径，以 / 开头。"),
        ({"out": "/dev/null"}, "输出位置 /dev/null 是一个文件，应为文件夹。"),
        ({"actor": " "}, "操作人不能为空。"),
        ({"admit_pending": "maybe"}, "是否计入待核数据填写有误。"),
        ({"home": "/"}, "没有 home 这一项。"),
        (
            {"period": "十月", "actor": ""},
            "报告期 十月 不合用，这里应写月份（如 2026-10）；操作人不能为空。",
        ),
    ],
)
def test_mistakes_are_told_in_one_sentence(
    filled: dict[str, Any], change: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(OrderError) as mistake:
        taken(MonthlyOrder, {**filled, **change})
    assert str(mistake.value) == sentence


@pytest.mark.parametrize("nothing", [None, "2026-10", []])
def test_no_form_at_all_is_a_mistake_too(nothing: object) -> None:
    with pytest.raises(OrderError, match=r"^没有填写参数。$"):
        taken(IntakeOrder, nothing)


def test_blanks_around_what_is_written_are_no_mistake(filled: dict[str, Any], tmp_path: Path) -> None:
    order = taken(
        IntakeOrder,
        {"period": " 2026-10 ", "inboxes": [f" {tmp_path} "], "out": f"{tmp_path} ", "actor": " 张三 "},
    )
    assert (order.period, order.inboxes, order.out, order.actor) == (
        "2026-10", [str(tmp_path)], str(tmp_path), "张三",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("moment", "period"),
    [
        (datetime(2026, 11, 8, 1, tzinfo=UTC), "2026-10"),
        (datetime(2027, 1, 27, 1, tzinfo=UTC), "2026-12"),
        # the last evening of October in London is the first of November at the bureau
        (datetime(2026, 10, 31, 15, 59, tzinfo=UTC), "2026-09"),
        (datetime(2026, 10, 31, 16, 0, tzinfo=UTC), "2026-10"),
    ],
)
def test_the_month_before_is_the_bureaus(moment: datetime, period: str) -> None:
    assert str(month_before(moment)) == period


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        month_before(datetime(2026, 11, 8))


def test_january_is_taken_in_and_not_computed(filled: dict[str, Any]) -> None:
    filled["period"] = "2027-01"
    assert str(period_of(taken(IntakeOrder, filled), NOON)) == "2027-01"
    with pytest.raises(OrderError, match="1月免报"):
        period_of(taken(MonthlyOrder, filled), NOON)


@pytest.mark.parametrize(
    ("moment", "by_schedule", "rests"),
    [
        ("2026-10-08T01:00:00+00:00", True, False),  # a Thursday, the first working day after the holidays
        ("2026-10-10T01:00:00+00:00", True, False),  # a Saturday that is worked for them
        ("2026-10-11T01:00:00+00:00", True, True),
        ("2026-10-11T01:00:00+00:00", False, False),  # a person may run on any day
        ("2026-10-10T17:00:00+00:00", True, True),  # already Sunday in Shanghai
    ],
)
def test_a_scheduled_run_rests_on_days_off(moment: str, by_schedule: bool, rests: bool) -> None:
    told = day_off(datetime.fromisoformat(moment), by_schedule, WorkCalendar())
    assert bool(told) == rests and ("不是工作日" in told) == rests
