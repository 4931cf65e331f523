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
from prefect.context import FlowRunContext
from prefect.exceptions import FailedRun
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from flows.batch import Month, Outcome
from flows.mistakes import sentence
from flows.orders import IntakeOrder, Order, day_off, period_of, taken
from flows.release_note import write_note
from flows.report import file_lines, intake_line, summary_lines, unreleased
from flows.tasks import run_as_tasks
from schemas.workdays import load_workdays


def fulfil(form: type[Order], filled: Any) -> State:
    """Run what a filled form asks for; only inside a flow.

    The state given is Failed with one sentence for what a person can mend, another run in the way among it.
    Errors of the program are raised.
    """
    try:
        order = taken(form, filled)
        daily = _by_schedule() and not order.computes  # the monthly run keeps its day
        calendar = load_workdays(order.settings().codes_folder)
        rest = day_off(flow_run.scheduled_start_time, daily, calendar)
        if rest:
            return Completed(message=rest)
        outcome = _run(order)
    except Exception as error:
        told = sentence(error)
        if told is None:
            raise
        return failed(told)
    if order.computes and outcome.release is None:
        return failed(unreleased(outcome))
    return Completed(message=ending(outcome))


def _by_schedule() -> bool:
    """True for a run that its schedule made, and no person."""
    context = FlowRunContext.get()
    return context is not None and context.flow_run is not None and context.flow_run.auto_scheduled


def _run(order: IntakeOrder) -> Outcome:
    period = period_of(order, flow_run.scheduled_start_time)
    inboxes, out = [Path(path) for path in order.inboxes], Path(order.out)
    with Month(order.settings(), period, inboxes, out, compute=order.computes) as month:
        outcome = run_as_tasks(month, order.heading)
    for line in summary_lines(outcome):
        get_run_logger().info(line)
    if order.computes:
        for line in file_lines(outcome, write_note(outcome, out)):
            get_run_logger().info(line)
    return outcome


def failed(told: str) -> State:
    """The state with its sentence, which the log of the run shows too, and nothing after it.

    Prefect logs a traceback of its own for a flow that gives a Failed state; it would say nothing more.
    """
    get_run_logger().error(told)
    for name in ("prefect.flow_runs", "prefect.engine"):
        logging.getLogger(name).addFilter(_says_more)
    return Failed(message=told)


def _says_more(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], FailedRun))


def ending(outcome: Outcome) -> str:
    """A run that came to its end, in one sentence: what came in, what was released, whether somebody must look."""
    released = f"；发布 {outcome.release.id}" if outcome.release is not None else ""
    waits = "有待处理的问题，见审核结果。" if outcome.needs_a_person else ""
    return f"{outcome.period} {intake_line(outcome)}{released}。{waits}"


def run_name(form: type[Order]) -> str:
    """The name of the current flow run: period and heading, or the heading alone for a form that cannot be read."""
    try:
        order = taken(form, flow_run.parameters.get("order"))
        return f"{period_of(order, flow_run.scheduled_start_time)} {form.heading}"
    except Exception as error:
        if sentence(error) is None:
            raise
        return form.heading
