"""The Prefect flows on the small province: the same release as without them, their artifacts, their few tasks."""

import asyncio
import random
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import MONTH, Small
from prefect.client.orchestration import get_client
from prefect.schedules import Schedule
from prefect.server.schemas.schedules import CronSchedule
from prefect.states import Running, State
from prefect.testing.utilities import prefect_test_harness

from flows.batch import Outcome
from flows.collect import intake
from flows.deployments import INTAKE, INTERRUPTED, MONTHLY, close_interrupted, deployments
from flows.ledger.release import releases
from flows.ledger.store import Store
from flows.monthly import monthly, run_month
from flows.recompute import recompute
from indices.tables.workbook import content_digest

KEYS = {f"{name}-2026-10" for name in ("progress", "note", "status", "absent")}
BATCH_KEYS = {f"{name}-2026-10" for name in ("findings-by-rule", "findings-by-submitter", "findings")}


@pytest.fixture(scope="module", autouse=True)
def server() -> object:
    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture
def home(small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger of its own, told to ordered runs as the service tells it."""
    monkeypatch.setenv("ZHISHU_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ZHISHU_CODES", str(small.codes.folder))
    return tmp_path / "home"


def newest_run() -> tuple[str, list[str], dict[str | None, Any]]:
    """Name, tasks and artifacts of the run that started last."""

    async def asked() -> tuple[str, list[str], dict[str | None, Any]]:
        async with get_client() as client:
            run = max(
                await client.read_flow_runs(), key=lambda r: r.start_time or datetime.min.replace(tzinfo=UTC)
            )
            tasks = [t.name for t in await client.read_task_runs() if t.flow_run_id == run.id]
            shown = {a.key: a.data for a in await client.read_artifacts() if a.flow_run_id == run.id}
            return run.name, tasks, shown

    return asyncio.run(asked())


def digests(outcome: Outcome) -> dict[str, str]:
    assert outcome.release is not None
    return {
        "release": outcome.release.digest,
        **outcome.release.tables,
        **{path.name: content_digest(path.read_bytes()) for path in outcome.files},
    }


def test_the_flow_gives_the_same_bytes_with_other_threads_file_order_and_home_and_shows_it(
    small: Small, small_outcome: Outcome, tmp_path: Path
) -> None:
    """All periods at once, in another order; ``test_matrix.py`` crosses the rest on one month."""
    paths = sorted(small.inbox.rglob("*.xlsx"))
    random.Random(4).shuffle(paths)
    inbox = tmp_path / "收件"
    inbox.mkdir()
    for number, path in enumerate(paths):
        shutil.copy(path, inbox / f"{number:04d}.xlsx")
    seen: list[str] = []
    outcome = run_month(
        small.settings(tmp_path / "another home", threads=4), MONTH, [inbox], tmp_path / "out",
        lambda phase, _done, _all: seen.append(phase),
    )  # fmt: skip
    assert digests(outcome) == digests(small_outcome)
    assert {p.name: p.read_bytes() for p in outcome.files} == {
        p.name: p.read_bytes() for p in small_outcome.files
    }
    assert outcome.release is not None
    assert {"读取", "计算与发布", "写出表格"} <= set(seen)
    name, tasks, artifacts = newest_run()
    assert name == "2026-10 月度批处理"
    assert 5 <= len(tasks) <= 20
    assert set(artifacts) == KEYS | BATCH_KEYS
    assert outcome.release.digest in str(artifacts["note-2026-10"])
    assert artifacts["progress-2026-10"] == 100.0


def test_intake_and_then_the_month_as_they_are_ordered(
    small: Small, small_outcome: Outcome, home: Path, tmp_path: Path
) -> None:
    order = {
        "period": "2026-10",
        "inboxes": [str(small.inbox)],
        "out": str(tmp_path / "out"),
        "actor": "zhishu",
    }
    ended: State[Any] = intake(order, return_state=True)
    assert ended.is_completed() and ended.message is not None
    assert ended.message.startswith("2026-10 读取工作簿") and "发布" not in ended.message
    name, tasks, artifacts = newest_run()
    assert (name, set(artifacts)) == ("2026-10 收件与审核", KEYS | BATCH_KEYS)
    assert len(tasks) < 10 and not any(task.startswith("计算") for task in tasks)
    assert not releases(Store(home))

    ended = monthly({**order, "admit_pending": True}, return_state=True)
    assert ended.is_completed() and "发布 2026-10.1" in str(ended.message)
    assert small_outcome.release is not None
    # the same data in two steps: the same release as in one
    assert [r.digest for r in releases(Store(home))] == [small_outcome.release.digest]
    assert (tmp_path / "out" / "2026-10 发布说明.md").is_file()
    assert set(newest_run()[2]) == KEYS  # nothing new came, so the tables of the last batch stay in view


def test_a_release_is_recomputed_by_its_form(
    small: Small, small_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHISHU_HOME", str(small_home))
    monkeypatch.setenv("ZHISHU_CODES", str(small.codes.folder))
    ended: State[Any] = recompute({"release": "2026-10.1"}, return_state=True)
    assert ended.is_completed() and ended.message == "发布 2026-10.1 重算完全一致。"
    name, tasks, artifacts = newest_run()
    assert (name, set(artifacts)) == ("2026-10.1 重算发布", {"rerun-2026-10-1"})
    assert [task.rpartition("-")[0] for task in tasks] == ["重算并比较"]
    ended = recompute({"release": "2026-10.9"}, return_state=True)
    assert ended.is_failed() and ended.message == "没有发布 2026-10.9。"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"period": "2026-13"}, "报告期 2026-13 不合用，这里应写月份（如 2026-10）。"),
        (
            {"period": "2024-05"},
            "报告期 2024-05 没有任何已接收的报表，不计算、不发布；请核对报告期和收件文件夹。",
        ),
    ],
)
def test_what_a_person_can_mend_fails_the_run_with_one_sentence(
    home: Path, tmp_path: Path, change: dict[str, str], sentence: str
) -> None:
    (tmp_path / "inbox").mkdir()
    order = {"inboxes": [str(tmp_path / "inbox")], "out": str(tmp_path / "out"), **change}
    ended: State[Any] = monthly(order, return_state=True)
    assert ended.is_failed() and ended.message == sentence


def test_a_second_writer_fails_with_one_sentence(small: Small, home: Path, tmp_path: Path) -> None:
    order = {"period": "2026-10", "inboxes": [str(small.inbox)], "out": str(tmp_path / "out")}
    with Store(home).writing():
        ended: State[Any] = intake(order, return_state=True)
    assert ended.is_failed() and "正由" in str(ended.message) and "请等它结束后再运行" in str(ended.message)


def dates(schedule: Schedule, start: datetime, count: int) -> list[str]:
    """The next runs of a schedule, in UTC."""
    assert schedule.cron is not None
    cron = CronSchedule(cron=schedule.cron, timezone=schedule.timezone, day_or=schedule.day_or)
    found = asyncio.run(cron.get_dates(count, start=start))
    return [f"{date.astimezone(UTC):%Y-%m-%dT%H:%M}" for date in found]


def test_schedules_by_the_bureaus_clock() -> None:
    # every day: which of them are worked, the run itself looks up
    assert dates(INTAKE, datetime(2026, 11, 1, tzinfo=UTC), 20) == [
        f"2026-11-{day:02}T01:00" for day in range(8, 27)
    ] + ["2026-12-08T01:00"]
    # the run of February would compute January
    assert dates(MONTHLY, datetime(2026, 12, 1, tzinfo=UTC), 3) == [
        "2026-12-27T01:00", "2027-01-27T01:00", "2027-03-27T01:00",
    ]  # fmt: skip


def test_the_forms_are_chinese_and_filled_in() -> None:
    scheduled, (again,) = (made := deployments(["/data/in"], "/data/out"))[:2], made[2:]
    assert again.entrypoint == "flows.recompute.recompute" and not again.schedules
    assert again._parameter_openapi_schema.properties["order"]["title"] == "重算发布"
    for made, heading in zip(scheduled, ("收件与审核", "月度批处理"), strict=True):
        form = made._parameter_openapi_schema.properties["order"]
        assert form["title"] == heading and form["description"].endswith("。")
        assert (
            made.parameters["order"]["inboxes"] == ["/data/in"] and made.parameters["order"]["period"] == ""
        )
        assert made.entrypoint in ("flows.collect.intake", "flows.monthly.monthly")


def test_runs_that_an_earlier_service_left_are_called_interrupted() -> None:
    made = asyncio.run(deployments(["/data/in"], "/data/out")[0].aapply())
    with get_client(sync_client=True) as client:
        left, waiting = (client.create_flow_run_from_deployment(made) for _ in range(2))
        of_the_shell = client.create_flow_run(intake, parameters={"order": {}}, state=Running())
        client.set_flow_run_state(left.id, Running(), force=True)
        assert close_interrupted() == 1
        states = [client.read_flow_run(run.id).state for run in (left, waiting, of_the_shell)]
    assert [state.type.value for state in states if state] == ["CRASHED", "SCHEDULED", "RUNNING"]
    assert states[0] is not None and states[0].message == INTERRUPTED
