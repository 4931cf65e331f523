"""The deployments that ``zhishu serve`` offers, the schedules of two of them, and the process that waits for runs.

``python -m flows.deployments READY INBOX... OUT`` is started by ``flows/serve.py`` beside the server; the
environment of ``flows/guarding.py`` tells it where the server is. READY is a file that it makes once both are there.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.deployments.runner import RunnerDeployment
from prefect.runner import Runner
from prefect.schedules import Cron, Schedule
from prefect.states import Crashed
from prefect.types.entrypoint import EntrypointType

from flows.collect import intake
from flows.monthly import monthly
from flows.orders import BUREAU_TIME, IntakeOrder, MonthlyOrder, RerunOrder
from flows.recompute import recompute

# every day, for some Saturdays are worked: on days off the run ends at once
INTAKE = Cron("0 9 8-26 * *", timezone=BUREAU_TIME.key, slug="workdays")
# the run of February would compute January, which is not reported
MONTHLY = Cron("0 9 27 1,3-12 *", timezone=BUREAU_TIME.key, slug="monthly")
UNFINISHED = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
INTERRUPTED = "服务停止时运行尚未结束；已记入台账的内容完好，请再运行一次。"


def deployments(inboxes: list[str], out: str) -> list[RunnerDeployment]:
    """The deployments with their forms filled in; the folders as whole paths."""
    return [
        _deployment(intake, "intake", INTAKE, IntakeOrder.model_construct(inboxes=inboxes, out=out)),
        _deployment(monthly, "monthly", MONTHLY, MonthlyOrder.model_construct(inboxes=inboxes, out=out)),
        _deployment(recompute, "recompute", None, RerunOrder.model_construct(release="")),
    ]


def _deployment(
    flow: Flow[..., Any], name: str, schedule: Schedule | None, order: IntakeOrder | RerunOrder
) -> RunnerDeployment:
    return RunnerDeployment.from_flow(
        flow,
        name=name,
        schedule=schedule,
        parameters={"order": order.model_dump()},
        description=flow.description,
        # by module: a path would depend on the folder in which the command was started
        entrypoint_type=EntrypointType.MODULE_PATH,
        tags=["zhishu"],
    )


def close_interrupted() -> int:
    """Say of runs that an earlier service left unfinished that they were interrupted; how many.

    Their processes are gone: one service alone uses a home. Runs from the shell belong to no deployment and
    are left alone.
    """
    unfinished = FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(is_null_=False),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=UNFINISHED)),
    )
    with get_client(sync_client=True) as client:
        found = client.read_flow_runs(flow_run_filter=unfinished)
        for run in found:
            client.set_flow_run_state(run.id, Crashed(message=INTERRUPTED), force=True)
    return len(found)


async def wait_for_runs(offered: list[RunnerDeployment], ready: Path) -> None:
    """Offer the deployments, touch ``ready``, and start runs as they come, one at a time."""
    runner = Runner(limit=1)
    for deployment in offered:
        await runner.aadd_deployment(deployment)
    ready.touch()
    await runner.start()


def main() -> None:
    """Wait for runs until interrupted; the schedules rest while nobody serves."""
    ready, *inboxes, out = sys.argv[1:]
    close_interrupted()
    with suppress(KeyboardInterrupt):
        asyncio.run(wait_for_runs(deployments(inboxes, out), Path(ready)))


if __name__ == "__main__":
    main()
