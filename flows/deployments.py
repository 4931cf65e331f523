"""The two deployments that ``zhishu serve`` offers, their schedules, and the process that waits for runs.

``python -m flows.deployments INBOX... OUT`` is started by ``flows/serve.py`` beside the server; the
environment of ``flows/guarding.py`` tells it where the server is.
"""

from __future__ import annotations

import sys
from typing import Any

from prefect import Flow, serve
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron, Schedule
from prefect.types.entrypoint import EntrypointType

from flows.collect import intake
from flows.monthly import monthly
from flows.orders import BUREAU_TIME, IntakeOrder, MonthlyOrder

# cron joins day and weekday with OR, unless told otherwise
INTAKE = Cron("0 9 8-26 * 1-5", timezone=BUREAU_TIME.key, day_or=False, slug="workdays")
# the run of February would compute January, which is not reported
MONTHLY = Cron("0 9 27 1,3-12 *", timezone=BUREAU_TIME.key, slug="monthly")


def deployments(inboxes: list[str], out: str) -> list[RunnerDeployment]:
    """Both deployments with their forms filled in; the folders as whole paths."""
    return [
        _deployment(intake, "intake", INTAKE, IntakeOrder.model_construct(inboxes=inboxes, out=out)),
        _deployment(monthly, "monthly", MONTHLY, MonthlyOrder.model_construct(inboxes=inboxes, out=out)),
    ]


def _deployment(flow: Flow[..., Any], name: str, schedule: Schedule, order: IntakeOrder) -> RunnerDeployment:
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


def main() -> None:
    """Wait for runs, one at a time, until SIGTERM; the schedules rest while nobody serves."""
    *inboxes, out = sys.argv[1:]
    serve(*deployments(inboxes, out), limit=1, print_starting_message=False)


if __name__ == "__main__":
    main()
