"""A past release computed again, as a Prefect flow: the same as ``zhishu rerun``, with what it found as artifacts.

It reads the ledger and writes nothing into it. A release that comes out differently fails the run: somebody has to
look at it.
"""

from __future__ import annotations

from pathlib import Path

from prefect import State, Task, flow, get_run_logger
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run
from prefect.states import Completed

from flows.exhibits import rerun_exhibits
from flows.intake import reader
from flows.ledger.release import read_release
from flows.ledger.store import Store
from flows.mistakes import sentence
from flows.ordered import failed
from flows.orders import RerunOrder, asked, taken
from flows.rerun import Rerun, rerun, rerun_lines
from flows.settings import settings
from flows.tasks import show


def _run_name() -> str:
    release = str((flow_run.parameters.get("order") or {}).get("release", "")).strip()
    return f"{release} {RerunOrder.heading}".strip()


@flow(
    name=RerunOrder.heading,
    description=f"{RerunOrder.purpose}同 zhishu rerun。",
    flow_run_name=_run_name,
    validate_parameters=False,  # mistakes are told by us, in one sentence
)
def recompute(order: RerunOrder = asked(RerunOrder)) -> State:  # noqa: B008
    """What the form in the user interface starts; it has no schedule."""
    try:
        found = _recomputed(taken(RerunOrder, order))
    except Exception as error:
        told = sentence(error)
        if told is None:
            raise
        return failed(told)
    show(rerun_exhibits(found))
    lines = rerun_lines(found)
    for line in lines:
        get_run_logger().info(line)
    return (
        Completed(message=lines[0]) if found.identical else failed(" ".join(lines[: 1 + len(found.causes)]))
    )


def _recomputed(order: RerunOrder) -> Rerun:
    chosen = settings()
    store = Store(chosen.home, Path(order.archive) if order.archive else None)
    release = read_release(store, order.release)

    def step() -> Rerun:  # closes over the store: no value passes through Prefect on the way in
        return rerun(store, release, chosen, reader(chosen))

    return Task(step, name="重算并比较", cache_policy=NO_CACHE, persist_result=False)()
