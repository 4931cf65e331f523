"""Intake alone as a Prefect flow: read, check and record what came, without computing; for every day.

The steps are those of the monthly batch up to the journal, and so are its tasks and artifacts.
"""

from __future__ import annotations

from prefect import State, flow

from flows.ordered import fulfil, run_name
from flows.orders import IntakeOrder, asked


@flow(
    name=IntakeOrder.heading,
    description=f"{IntakeOrder.purpose}同 zhishu intake。",
    flow_run_name=lambda: run_name(IntakeOrder),
    validate_parameters=False,  # mistakes are told by us, in one sentence
)
def intake(order: IntakeOrder = asked(IntakeOrder)) -> State:  # noqa: B008
    """What the daily schedule and the form in the user interface start."""
    return fulfil(IntakeOrder, order)
