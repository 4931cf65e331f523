"""``zhishu serve``: a Prefect server on loopback and the two scheduled flows, from one command.

This process only minds two others, ``flows/server.py`` and the runner of ``flows/deployments.py``: it starts
them, tells the person where to look, and ends them together. It does not import Prefect. Their output goes to
``serve/server.log`` and ``serve/runner.log`` under the home.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from flows.guarding import HOST, USER, Password, environment, origin, password
from flows.ledger.files import make_folder
from flows.ledger.lock import LockHeldError, writer_lock
from flows.mistakes import Mistake
from flows.settings import Settings

STARTING_SECONDS = 180.0  # a first start lays the database and copies the pages
ENDING_SECONDS = 30.0
SERVER = (sys.executable, "-m", "flows.server")
RUNNER = (sys.executable, "-m", "flows.deployments")


class ServeError(Mistake):
    """The server cannot be started, or ended by itself; the message says where to look."""


@dataclass(frozen=True)
class Service:
    """What is to be served: the ledger's settings, the folders that fill the forms, and the port."""

    settings: Settings
    inboxes: tuple[Path, ...]
    out: Path
    port: int
    password_file: Path | None = None

    @property
    def folder(self) -> Path:
        """Prefect's home, the logs and the password."""
        return self.settings.home / "serve"


@dataclass(frozen=True)
class _Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path


def serve(service: Service, say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or SIGTERM; ``say`` takes what a person is to read.

    ServeError if the port is taken, if this home is served already, or if a part ends by itself.
    """
    make_folder(service.settings.home)
    make_folder(service.folder)
    service.folder.chmod(0o700)  # Prefect's database holds findings, hence what submitters wrote
    with _stop_asked() as stop, ExitStack() as held:
        held.enter_context(_only_one(service.folder))
        secret = password(service.folder, service.password_file, os.environ)
        _require_free(service.port)
        around = environment(os.environ, service.folder, service.port, secret, service.settings)
        say("正在启动 Prefect 服务器……")
        server = held.enter_context(_child("服务器", SERVER, around, service.folder / "server.log"))
        if _came(lambda: _healthy(service.port), [server], stop):
            ready = service.folder / "ready"
            ready.unlink(missing_ok=True)
            told = [str(path) for path in (ready, *service.inboxes, service.out)]
            runner = held.enter_context(
                _child("运行进程", (*RUNNER, *told), around, service.folder / "runner.log")
            )
            if _came(ready.exists, [server, runner], stop):
                say(welcome(service, secret))
            while not stop.wait(0.5):
                _require_alive([server, runner])
        say("正在停止……")
    say("已停止。")


def welcome(service: Service, secret: Password) -> str:
    """The block that says where to look, who may, when runs start, and how to end."""
    return "\n".join(
        (
            f"地址　　{origin(service.port)}（只在本机可用）",
            f"用户　　{USER}",
            f"口令　　在{secret.place}；登录时填 {USER}:口令",
            "收件　　intake：每月8日至26日，工作日 09:00（北京时间），报告期为上一个月",
            "月度　　monthly：每月27日 09:00（北京时间；2月不运行），报告期为上一个月",
            f"收件夹　{'、'.join(str(path) for path in service.inboxes)}",
            f"输出　　{service.out}",
            f"记录　　{service.folder / 'server.log'}、{service.folder / 'runner.log'}",
            "停止　　按 Ctrl-C",
        )
    )


@contextmanager
def _stop_asked() -> Iterator[threading.Event]:
    """An event that Ctrl-C, SIGTERM or, unless started with nohup, a closed terminal sets in the block."""
    stop = threading.Event()
    signals = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signals.append(signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in signals}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    try:
        with writer_lock(folder / "lock"):
            yield
    except LockHeldError:
        raise ServeError(f"{folder.parent} 已有一个 zhishu serve 在运行，请先停止它。") from None


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ServeError(f"端口 {port} 不能用（{error.strerror}），请用 --port 另选一个。") from error


@contextmanager
def _child(name: str, command: Sequence[str], around: dict[str, str], log: Path) -> Iterator[_Child]:
    """A process in a session of its own, so that Ctrl-C reaches us alone; its whole group ends with the block."""
    with log.open("ab") as sink:
        process = subprocess.Popen(
            command, env=around, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True
        )
    try:
        yield _Child(name, process, log)
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process politely, then its group for good: nothing of it may stay."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)  # Prefect's runner ends in better order than with SIGTERM
        try:
            process.wait(ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _came(reached: Callable[[], bool], children: Sequence[_Child], stop: threading.Event) -> bool:
    """True once ``reached``, False if asked to stop before; ServeError if a child ends or it takes too long."""
    deadline = time.monotonic() + STARTING_SECONDS
    while not stop.wait(0.3):
        _require_alive(children)
        if reached():
            return True
        if time.monotonic() > deadline:
            newest = children[-1]
            raise ServeError(f"{newest.name}在 {STARTING_SECONDS:.0f} 秒内没有就绪，原因见 {newest.log}。")
    return False


def _require_alive(children: Sequence[_Child]) -> None:
    for child in children:
        if child.process.poll() is not None:
            raise ServeError(f"{child.name}意外结束，原因见 {child.log}。")


def _healthy(port: int) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback needs no proxy
    try:
        with direct.open(f"{origin(port)}/api/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
