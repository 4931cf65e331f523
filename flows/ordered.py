"""A run that was ordered: by the form in Prefect's user interface or by its schedule.

Such a run has no command line. Home, code lists and threads come from the environment that ``zhishu serve``
gives; period, folders and actor from the order. It ends in one Chinese sentence, which Prefect shows as the
run's state.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from prefect import State, get_run_logger
from prefect.exceptions import FailedRun
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from flows.batch import Month, Outcome
from flows.mistakes import sentence
from flows.orders import IntakeOrder, MonthlyOrder, Order, period_of, taken
from flows.report import file_lines, intake_line, summary_lines
from flows.settings import settings
from flows.tasks import run_as_tasks


def fulfil(form: type[Order], filled: Any) -> State:
    """Run what a filled form asks for; only inside a flow.

    The state given is Failed with one sentence for what a person can mend, another run in the way among it.
    Errors of the program are raised.
    """
    log = get_run_logger()
    try:
        order = taken(form, filled)
        outcome = _run(order)
    except Exception as error:
        told = sentence(error)
        if told is None:
            raise
        log.error(told)
        _without_traceback()
        return Failed(message=told)
    for line in (*summary_lines(outcome), *file_lines(outcome)):
        log.info(line)
    return ending(outcome, computed=isinstance(order, MonthlyOrder))


def _without_traceback() -> None:
    """Keep the traceback out of the log that Prefect adds when a flow gives a Failed state: all was said."""
    for name in ("prefect.flow_runs", "prefect.engine"):
        logging.getLogger(name).addFilter(
            lambda record: not (record.exc_info and isinstance(record.exc_info[1], FailedRun))
        )


def _run(order: IntakeOrder) -> Outcome:
    computes = isinstance(order, MonthlyOrder)
    chosen = settings(
        admit_pending=order.admit_pending if isinstance(order, MonthlyOrder) else True, actor=order.actor
    )
    period = period_of(order, flow_run.scheduled_start_time)
    with Month(chosen, period, [Path(p) for p in order.inboxes], Path(order.out), compute=computes) as month:
        return run_as_tasks(month, order.heading)


def ending(outcome: Outcome, computed: bool) -> State:
    """The state that a run ends in, with its sentence; Failed where nothing could be released."""
    if computed and outcome.release is None:
        return Failed(message=outcome.note)
    released = f"；发布 {outcome.release.id}" if outcome.release is not None else ""
    waits = "有待处理的问题，见审核结果。" if outcome.needs_a_person else ""
    return Completed(message=f"{outcome.period} {intake_line(outcome)}{released}。{waits}")


def run_name(form: type[Order]) -> str:
    """The name of the current flow run: period and heading, or the heading alone for a form that cannot be read."""
    try:
        order = taken(form, flow_run.parameters.get("order"))
        return f"{period_of(order, flow_run.scheduled_start_time)} {form.heading}"
    except Exception as error:
        if sentence(error) is None:
            raise
        return form.heading
