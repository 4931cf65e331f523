"""``zhishu serve`` as a person meets it: one command, a guarded server, a run by its form, a clean end."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import ROOT, Small

WAIT = 120.0


def until(seen: Callable[[], Any]) -> Any:
    """What is seen at last; AssertionError after two minutes."""
    deadline = time.monotonic() + WAIT
    while not (found := seen()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)
    return found


@dataclass
class Served:
    """A running service, its screen, and a client that is let in."""

    process: subprocess.Popen[bytes]
    screen: Path
    home: Path
    port: int
    client: httpx.Client

    def post(self, path: str, body: object) -> Any:
        """What the server answers to a request with everything it asks for."""
        answer = self.client.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def order(self, deployment: str, order: dict[str, Any]) -> dict[str, Any]:
        """Order a run, as the form does, and wait for its end."""
        made = self.client.get(f"/deployments/name/{deployment}").json()
        body = {"state": {"type": "SCHEDULED"}, "parameters": {"order": order}}
        run = self.post(f"/deployments/{made['id']}/create_flow_run", body)["id"]

        def ended() -> Any:
            state = self.client.get(f"/flow_runs/{run}").json()
            return state if state["state_type"] in ("COMPLETED", "FAILED", "CRASHED") else None

        return dict(until(ended))

    def log(self, run: dict[str, Any], line: str) -> str:
        """The log of a run, once a line stands in it."""
        asked = {"logs": {"flow_run_id": {"any_": [run["id"]]}}}

        def text() -> str:
            found = "\n".join(entry["message"] for entry in self.post("/logs/filter", asked))
            return found if line in found else ""

        return str(until(text))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(small: Small, folder: Path, port: int) -> list[str]:
    return [
        sys.executable, "-m", "flows.cli", "serve", "--inbox", str(small.inbox), "--out", str(folder / "out"),
        "--home", str(folder / "home"), "--codes", str(small.codes.folder), "--port", str(port),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def served(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder, port = tmp_path_factory.mktemp("served"), free_port()
    screen = folder / "screen"
    around = {**os.environ, "PYTHONPATH": str(ROOT), "PREFECT_API_URL": "http://127.0.0.1:1/elsewhere"}
    with screen.open("wb") as sink:
        process = subprocess.Popen(
            command(small, folder, port), cwd=folder, env=around, stdout=sink, stderr=sink
        )
    try:
        until(lambda: "停止" in screen.read_text("utf-8") or process.poll() is not None)
        assert process.poll() is None, screen.read_text("utf-8")
        secret = (folder / "home" / "serve" / "password").read_text("utf-8").strip()
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}/api", auth=("zhishu", secret), trust_env=False
        ) as client:
            token = client.get("/csrf-token", params={"client": "test"}).json()["token"]
            client.headers.update({"Prefect-Csrf-Token": token, "Prefect-Csrf-Client": "test"})
            yield Served(process, screen, folder / "home", port, client)
    finally:
        process.terminate()
        process.wait(60)


def test_the_block_tells_where_to_look_and_never_the_password(served: Served) -> None:
    shown = served.screen.read_text("utf-8")
    secret = (served.home / "serve" / "password").read_text("utf-8").strip()
    assert f"http://127.0.0.1:{served.port}" in shown and "zhishu:口令" in shown
    assert str(served.home / "serve" / "password") in shown and secret not in shown
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            assert secret.encode() not in process.read_bytes()
        except OSError:
            continue  # a process that has just ended
    assert secret not in (served.home / "serve" / "server.log").read_text("utf-8")


def test_nobody_gets_in_without_password_token_or_from_another_page(served: Served) -> None:
    bare = httpx.Client(base_url=str(served.client.base_url), trust_env=False)
    assert bare.get("/admin/settings").status_code == 401
    assert bare.get("/admin/settings", auth=("zhishu", "wrong")).status_code == 401
    assert bare.get("/health").status_code == 200
    without_token = bare.post("/flow_runs/count", json={}, auth=served.client.auth)
    assert without_token.status_code == 403 and "CSRF" in without_token.text
    asked = {"Access-Control-Request-Method": "POST", "Origin": "http://elsewhere.example"}
    refused = bare.options("/flow_runs/count", headers=asked)
    assert "access-control-allow-origin" not in refused.headers
    own = bare.options("/flow_runs/count", headers={**asked, "Origin": f"http://127.0.0.1:{served.port}"})
    assert own.headers["access-control-allow-origin"] == f"http://127.0.0.1:{served.port}"


def test_pages_may_connect_to_their_own_server_alone(served: Served) -> None:
    page = httpx.get(f"http://127.0.0.1:{served.port}/", trust_env=False, follow_redirects=True)
    assert page.status_code == 200 and "text/html" in page.headers["content-type"]
    policy = dict(rule.split(" ", 1) for rule in page.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'self'" and policy["frame-ancestors"] == "'none'"
    assert policy["connect-src"] == f"'self' ws://127.0.0.1:{served.port}"
    settings = served.client.get("/admin/settings").json()
    assert settings["server"]["analytics_enabled"] is False


def test_schedules_make_runs(served: Served) -> None:
    """Not only are the schedules there: the server, with the versions in use, makes runs of them."""

    def names() -> set[str]:
        found = served.post("/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}})
        return {made[run["deployment_id"]] for run in found}

    made = {d["id"]: d["name"] for d in served.post("/deployments/filter", {})}
    assert sorted(made.values()) == ["intake", "monthly", "recompute"]
    assert until(lambda: names() == {"intake", "monthly"})


def test_a_run_by_its_form_and_one_that_cannot_be_meant(small: Small, served: Served) -> None:
    order = {"period": "2026-10", "inboxes": [str(small.inbox)], "out": str(served.home.parent / "out")}
    run = served.order("收件与审核/intake", order)
    assert run["state_type"] == "COMPLETED", run["state"]
    assert run["name"] == "2026-10 收件与审核" and run["state"]["message"].startswith("2026-10 读取工作簿")
    assert (served.home / "journal.jsonl").is_file()
    artifacts = served.post("/artifacts/filter", {"artifacts": {"flow_run_id": {"any_": [run["id"]]}}})
    assert {"status-2026-10", "findings-by-rule-2026-10"} <= {a["key"] for a in artifacts}

    run = served.order("收件与审核/intake", {**order, "period": "2026-13"})
    sentence = "报告期 2026-13 不合用，这里应写月份（如 2026-10）。"
    assert (run["state_type"], run["state"]["message"]) == ("FAILED", sentence)
    assert "Traceback" not in served.log(run, "Finished in state Failed")


def test_a_second_service_of_the_same_home_is_refused(small: Small, served: Served) -> None:
    again = subprocess.run(
        command(small, served.home.parent, free_port()), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert again.returncode == 2
    assert again.stderr.strip() == f"错误：{served.home} 已有一个 zhishu serve 在运行，请先停止它。"


def test_a_taken_port_is_named(small: Small, served: Served, tmp_path: Path) -> None:
    again = subprocess.run(
        command(small, tmp_path, served.port), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert again.returncode == 2 and re.fullmatch(
        rf"错误：端口 {served.port} 不能用.*--port.*\n", again.stderr
    )


def test_ctrl_c_ends_everything(served: Served) -> None:
    children = [
        int(stat.parent.name)
        for stat in Path("/proc").glob("[0-9]*/stat")
        if stat.read_text("utf-8").rpartition(")")[2].split()[1] == str(served.process.pid)
    ]
    assert len(children) == 2
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(60) == 0
    shown = served.screen.read_text("utf-8")
    assert shown.endswith("已停止。\n") and "Traceback" not in shown
    assert not any(Path(f"/proc/{child}").exists() for child in children)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", served.port))
