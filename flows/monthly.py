"""The monthly batch as a Prefect flow: from the shell over a prepared month, or ordered in Prefect.

Prefect runs it and shows it; nothing in it is needed to trust a number. From the shell the run appears on
the server that ``PREFECT_API_URL`` names, else an embedded one serves it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from prefect import Flow, State, flow

from flows.batch import Month, Outcome
from flows.intake import Progress
from flows.ordered import fulfil, run_name
from flows.orders import MonthlyOrder, asked
from flows.settings import Settings
from flows.tasks import run_as_tasks
from schemas.period import Period


def run_month(
    settings: Settings, period: Period, inboxes: Sequence[Path], out: Path, progress: Progress
) -> Outcome:
    """Run the flow in this process and give what it came to; errors of a step are raised as they are."""
    with Month(settings, period, inboxes, out, progress) as month:

        def steps(order: MonthlyOrder) -> None:  # closes over the month: no value passes through Prefect
            run_as_tasks(month, order.heading)

        order = MonthlyOrder.model_construct(
            period=str(period), inboxes=[str(p) for p in inboxes], out=str(out),
            actor=settings.actor, admit_pending=settings.admit_pending,
        )  # fmt: skip
        name = MonthlyOrder.heading
        Flow(steps, name=name, flow_run_name=f"{period} {name}", validate_parameters=False)(order)
        return month.outcome()


@flow(
    name=MonthlyOrder.heading,
    description=f"{MonthlyOrder.purpose}同 zhishu run。",
    flow_run_name=lambda: run_name(MonthlyOrder),
    validate_parameters=False,  # mistakes are told by us, in one sentence
)
def monthly(order: MonthlyOrder = asked(MonthlyOrder)) -> State:  # noqa: B008
    """What the schedule of the 27th and the form in the user interface start."""
    return fulfil(MonthlyOrder, order)
