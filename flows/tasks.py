"""A prepared ``Month`` inside a Prefect flow: its steps as tasks, its outcome as artifacts.

Both flows stand on this. Tasks hand on nothing but names: the batch itself stays in the process, is never
pickled and never cached. A task is tried again only where the outside world may fail for a moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from prefect import Task
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.cache_policies import NO_CACHE

from flows.batch import Month, Outcome
from flows.exhibits import Note, Table, exhibits
from flows.standing import standing_of
from schemas.codes import load_codes

OUTSIDE_WORLD = ("清点收件", "读取报表", "写出表格")  # shares and disks may fail for a moment


def run_as_tasks(month: Month, title: str) -> Outcome:
    """Run the steps of an entered month as tasks, then show what came of it; only inside a flow.

    ``title`` names the run beside its progress bar. Errors of a step are raised as they are.
    """
    steps = month.steps()
    bar = create_progress_artifact(
        progress=0.0, key=f"progress-{month.period}", description=f"{month.period} {title}"
    )
    assert isinstance(bar, UUID)
    for number, (name, step) in enumerate(steps, 1):
        Task(
            step, name=name, cache_policy=NO_CACHE, persist_result=False,
            retries=2 if name in OUTSIDE_WORLD else 0, retry_delay_seconds=1,
        )()  # fmt: skip
        update_progress_artifact(bar, progress=100 * number / len(steps))
    month.close()  # the status is read as any reader would, which the open database forbids
    outcome = month.outcome()
    settings = month.settings
    show(exhibits(outcome, standing_of(settings, month.period), load_codes(settings.codes_folder)))
    return outcome


def show(shown: Sequence[Table | Note]) -> None:
    """Hand exhibits to Prefect as artifacts of the current run."""
    for item in shown:
        if isinstance(item, Note):
            create_markdown_artifact(item.text, key=item.key, description=item.description)
        else:
            create_table_artifact(list(item.rows), key=item.key, description=item.description)
