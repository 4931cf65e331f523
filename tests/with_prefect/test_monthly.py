"""The Prefect flow on the small province: the same release as without it, its artifacts, its few tasks."""

import asyncio
from pathlib import Path

import pytest
from conftest import MONTH, Small
from prefect.client.orchestration import get_client
from prefect.testing.utilities import prefect_test_harness

from flows.batch import Outcome
from flows.monthly import run_month


@pytest.fixture(scope="module", autouse=True)
def server() -> object:
    with prefect_test_harness(server_startup_timeout=120):
        yield


def test_the_flow_gives_the_same_release_and_shows_it(
    small: Small, small_outcome: Outcome, tmp_path: Path
) -> None:
    seen: list[str] = []
    outcome = run_month(
        small.settings(tmp_path / "home"), MONTH, [small.inbox], tmp_path / "out",
        lambda phase, _done, _all: seen.append(phase),
    )  # fmt: skip
    assert outcome.release is not None and small_outcome.release is not None
    assert outcome.release.digest == small_outcome.release.digest
    assert {"读取", "计算与发布", "写出表格"} <= set(seen)

    async def what_the_server_knows() -> tuple[list[str], dict[str | None, object]]:
        async with get_client() as client:
            runs = await client.read_task_runs()
            artifacts = await client.read_artifacts()
            return [r.name for r in runs], {a.key: a.data for a in artifacts}

    tasks, artifacts = asyncio.run(what_the_server_knows())
    assert 5 <= len(tasks) <= 20
    assert set(artifacts) == {"progress-2026-10", "release-2026-10", "findings-2026-10"}
    assert outcome.release.digest in str(artifacts["release-2026-10"])
    assert artifacts["progress-2026-10"] == 100.0
