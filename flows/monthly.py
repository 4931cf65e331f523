"""The monthly batch as a Prefect flow: the steps of ``flows/batch.py`` as tasks, with artifacts.

Prefect runs it and shows it; nothing in it is needed to trust a number. With ``PREFECT_API_URL`` set the run
appears on that server, else an embedded one serves it. Tasks hand on nothing but names: the batch itself
stays in the process, is never pickled and never cached.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import UUID

from prefect import Task, flow
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, Field

from flows.batch import Month, Outcome
from flows.intake import Progress
from flows.report import finding_rows, release_note
from flows.settings import Settings
from schemas.period import Period

OUTSIDE_WORLD = ("清点收件", "读取报表", "写出表格")  # shares and disks may fail for a moment
TABLE_ROWS = 300


class MonthOrder(BaseModel):
    """What a run is asked for; a form in the user interface."""

    period: str = Field(description="报告期，如 2026-10")
    inboxes: list[str] = Field(description="收件文件夹")
    out: str = Field(description="输出文件夹")
    home: str = Field(description="台账所在文件夹")


def run_month(
    settings: Settings, period: Period, inboxes: Sequence[Path], out: Path, progress: Progress
) -> Outcome:
    """Run the flow in this process and give what it came to; errors of a step are raised as they are."""
    with Month(settings, period, inboxes, out, progress) as month:
        order = MonthOrder(
            period=str(period), inboxes=[str(p) for p in inboxes], out=str(out), home=str(settings.home)
        )
        monthly_flow(month)(order)
        return month.outcome()


def monthly_flow(month: Month) -> Callable[[MonthOrder], None]:
    """The flow over one prepared month; its tasks close over it, so that no value passes through Prefect."""

    @flow(name="月度批处理", validate_parameters=False)
    def monthly(order: MonthOrder) -> None:
        steps = month.steps()
        shown = _start_progress(str(order.period))
        for number, (name, step) in enumerate(steps, 1):
            retries = 2 if name in OUTSIDE_WORLD else 0
            Task(
                step, name=name, cache_policy=NO_CACHE, persist_result=False,
                retries=retries, retry_delay_seconds=1,
            )()  # fmt: skip
            update_progress_artifact(shown, progress=100 * number / len(steps))
        _publish_artifacts(month.outcome())

    return monthly


def _start_progress(period: str) -> UUID:
    created = create_progress_artifact(
        progress=0.0, key=f"progress-{period}", description=f"{period} 月度批处理"
    )
    assert isinstance(created, UUID)
    return created


def _publish_artifacts(outcome: Outcome) -> None:
    period = str(outcome.period)
    create_markdown_artifact(release_note(outcome), key=f"release-{period}", description=f"{period} 发布说明")
    rows = finding_rows(outcome.intake.findings)
    create_table_artifact(
        rows[:TABLE_ROWS],
        key=f"findings-{period}",
        description=f"{period} 审核结果，共 {len(rows)} 条"
        + ("，只列前 300 条" if len(rows) > TABLE_ROWS else ""),
    )
