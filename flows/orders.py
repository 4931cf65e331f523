"""What a run is asked for, as a form in Prefect's user interface, and what a filled form means.

The models are what Prefect shows (titles and descriptions are Chinese); ``taken`` reads one and says every
mistake in one sentence. Nothing here knows Prefect, so a form is tested without a server.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from flows.mistakes import Mistake
from flows.settings import ACTOR, Settings, settings
from schemas.period import Period
from schemas.reading.record import WORKBOOKS
from schemas.workdays import WorkCalendar

BUREAU_TIME = ZoneInfo("Asia/Shanghai")
JANUARY = "月报1月免报，1月没有月度监测值；企业名录请用 zhishu intake 接收。"


class OrderError(Mistake):
    """A form that cannot be meant; the message names the field and says what to write."""


def _month(text: str) -> str:
    text = text.strip()
    try:
        fits = not text or Period.parse(text).frequency == "M"
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"报告期 {text} 不合用，这里应写月份（如 2026-10）。")
    return text


def _whole_path(text: str) -> str:
    text = text.strip()
    if not Path(text).is_absolute():
        raise ValueError(f"文件夹 {text or '（空）'} 应写完整路径，以 / 开头。")
    return text


def _inbox(text: str) -> str:
    place = Path(_whole_path(text))
    if not place.exists():
        raise ValueError(f"收件文件夹 {place} 不存在。")
    if place.is_file() and place.suffix.lower() not in WORKBOOKS:
        raise ValueError(f"收件文件夹 {place} 是一个文件，而且不是工作簿；请写文件夹或工作簿。")
    return str(place)


def _out(text: str) -> str:
    place = Path(_whole_path(text))
    if place.exists() and not place.is_dir():
        raise ValueError(f"输出位置 {place} 是一个文件，应为文件夹。")
    return str(place)


def _named(text: str) -> str:
    if not text.strip():
        raise ValueError("操作人不能为空。")
    return text.strip()


def _release(text: str) -> str:
    if not text.strip():
        raise ValueError("发布号不能为空，应写如 2026-10.1。")
    return text.strip()


def _archive(text: str) -> str:
    if text.strip() and not Path(_whole_path(text)).is_dir():
        raise ValueError(f"归档文件夹 {text.strip()} 不存在。")
    return text.strip()


class IntakeOrder(BaseModel):
    """The form of ``intake``: read, check and record, without computing."""

    model_config = ConfigDict(extra="forbid")
    heading: ClassVar[str] = "收件与审核"
    purpose: ClassVar[str] = "读取、审核并登记新到的报表，不计算。"
    computes: ClassVar[bool] = False

    period: Annotated[str, AfterValidator(_month)] = Field(
        "",
        title="报告期",
        description="月份，如 2026-10；留空为运行日的上一个月。此前各期的报表一并接收。",
        examples=["2026-10"],
    )
    inboxes: list[Annotated[str, AfterValidator(_inbox)]] = Field(
        title="收件文件夹",
        description="服务器上的完整路径，可填多个；已接收过的文件自动跳过。",
        min_length=1,
        examples=[["/data/inbox"]],
    )
    out: Annotated[str, AfterValidator(_out)] = Field(
        title="输出文件夹",
        description="服务器上的完整路径；表格和退回件写在这里。",
        examples=["/data/out"],
    )
    actor: Annotated[str, AfterValidator(_named)] = Field(
        ACTOR, title="操作人", description="记入台账日志；定时运行为 zhishu。", examples=["张三"]
    )

    def settings(self) -> Settings:
        """The settings of the run: what the form says, and the environment for the rest."""
        return settings(actor=self.actor)


class MonthlyOrder(IntakeOrder):
    """The form of ``monthly``: intake, then compute and release."""

    heading: ClassVar[str] = "月度批处理"
    purpose: ClassVar[str] = "收件、审核，然后计算并发布该月。"
    computes: ClassVar[bool] = True

    admit_pending: bool = Field(
        True,
        title="是否计入待核数据",
        description="计入的，表中标明；改变此项会使已发布的报告期重新发布（修订）。",
    )

    def settings(self) -> Settings:
        """The same, with the choice that changes numbers."""
        return settings(admit_pending=self.admit_pending, actor=self.actor)


class RerunOrder(BaseModel):
    """The form of ``recompute``: a past release from the archive, compared with what was kept."""

    model_config = ConfigDict(extra="forbid")
    heading: ClassVar[str] = "重算发布"
    purpose: ClassVar[str] = "从归档和日志重算一次发布，并与当时的结果比较；不改动台账。"

    release: Annotated[str, AfterValidator(_release)] = Field(
        title="发布号", description="要重算的发布，如 2026-10.1。", examples=["2026-10.1"]
    )
    archive: Annotated[str, AfterValidator(_archive)] = Field(
        "",
        title="归档文件夹",
        description="另存的归档（如备份盘上的 archive），写完整路径；留空为台账自己的。",
    )


Order = TypeVar("Order", bound=IntakeOrder)
Form = TypeVar("Form", bound=BaseModel)


def asked(form: type[IntakeOrder] | type[RerunOrder]) -> Any:
    """The form as a flow's parameter, under its own heading; else the page would show the parameter's name."""
    return Field(description=form.purpose, json_schema_extra={"title": form.heading})


def taken(form: type[Form], filled: Any) -> Form:
    """A filled form as its model; OrderError, in one sentence, for every mistake in it."""
    try:
        return form.model_validate(filled)
    except ValidationError as error:
        raise OrderError("；".join(_told(form, e) for e in error.errors()) + "。") from error


def _told(form: type[BaseModel], error: Any) -> str:
    if error["type"] == "value_error":
        return str(error["ctx"]["error"]).rstrip("。")
    name = str(error["loc"][0]) if error["loc"] else ""
    field = form.model_fields.get(name)
    if field is None:
        return f"没有 {name} 这一项" if name else "没有填写参数"
    return f"{field.title}没有填写" if error["type"] in ("missing", "too_short") else f"{field.title}填写有误"


def month_before(moment: datetime) -> Period:
    """The month before a moment, by the bureau's calendar; ValueError for a moment without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone belongs to no calendar day")
    last = moment.astimezone(BUREAU_TIME).replace(day=1) - timedelta(days=1)
    return Period(last.year, last.month)


def period_of(order: IntakeOrder, moment: datetime) -> Period:
    """The period that is meant: the one written, else the month before the moment.

    OrderError where January would be computed, whose monthly reports do not exist.
    """
    period = Period.parse(order.period) if order.period else month_before(moment)
    if order.computes and period.month == 1:
        raise OrderError(JANUARY)
    return period


def day_off(moment: datetime, by_schedule: bool, calendar: WorkCalendar) -> str:
    """Why a run that its schedule made does nothing today; nothing on working days and for people's runs."""
    day = moment.astimezone(BUREAU_TIME).date()
    if not by_schedule or calendar.works(day):
        return ""
    return f"{day} 不是工作日，定时运行不收件；需要时请手工运行。"
