"""How ``zhishu serve`` is guarded: the password, and the settings of Prefect's server and of its runs.

Everything goes to the processes through their environment, never on a command line, where every user of the
machine could read it. What the caller's own environment says of Prefect is left behind: a server that
somebody's shell points elsewhere, or opens to the world, would be a surprise.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flows.mistakes import Mistake
from flows.settings import Settings

HOST = "127.0.0.1"
USER = "zhishu"
PASSWORD_VARIABLE = "ZHISHU_PASSWORD"
SHORTEST = 8
ROOT = Path(__file__).parent.parent  # where the package lies that the runs import


class PasswordError(Mistake):
    """A password that cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Password:
    """The password and where a person finds it again; the text never shows itself."""

    text: str
    place: str

    def __repr__(self) -> str:
        return f"Password(place={self.place!r})"


def password(folder: Path, given: Path | None, environment: Mapping[str, str]) -> Password:
    """The password of ``given``, else of ZHISHU_PASSWORD, else the one kept in ``folder``, made on first use."""
    if given is not None:
        return Password(_sound(_kept(given), str(given)), f"文件 {given}")
    if PASSWORD_VARIABLE in environment:
        return Password(
            _sound(environment[PASSWORD_VARIABLE], PASSWORD_VARIABLE), f"环境变量 {PASSWORD_VARIABLE}"
        )
    own = folder / "password"
    if not own.exists():
        _keep(own, secrets.token_urlsafe(18))
    return Password(_sound(_kept(own), str(own)), f"文件 {own}")


def _keep(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text + "\n")


def _kept(path: Path) -> str:
    if not path.is_file():
        raise PasswordError(f"口令文件 {path} 不存在。")
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise PasswordError(f"口令文件 {path} 其他用户也能读写，请先执行 chmod 600。")
    return path.read_text("utf-8").strip()


def _sound(text: str, place: str) -> str:
    # the server compares ASCII alone, and answers everything else with an internal error
    if len(text) < SHORTEST or not text.isascii() or not text.isprintable() or " " in text:
        raise PasswordError(
            f"{place} 中的口令不能用：应为至少 {SHORTEST} 个字母、数字或符号，不含空格和汉字。"
        )
    return text


def origin(port: int) -> str:
    """The address of the user interface."""
    return f"http://{HOST}:{port}"


def environment(
    caller: Mapping[str, str], folder: Path, port: int, secret: Password, chosen: Settings
) -> dict[str, str]:
    """The environment of the server, of the runner and of its runs.

    ``folder`` becomes Prefect's home; ``chosen`` tells the runs where the ledger is and how many workers.
    """
    kept = {name: value for name, value in caller.items() if not _left_behind(name)}
    return {
        **kept,
        "PREFECT_HOME": str(folder),
        "PREFECT_API_URL": f"{origin(port)}/api",
        "PREFECT_API_AUTH_STRING": f"{USER}:{secret.text}",
        "PREFECT_SERVER_API_AUTH_STRING": f"{USER}:{secret.text}",
        "PREFECT_SERVER_API_HOST": HOST,
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED": "true",
        "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": origin(port),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        # relative, so that the pages also work as localhost and through a tunnel from another port
        "PREFECT_SERVER_UI_API_URL": "/api",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_LOGGING_LEVEL": "INFO",
        "PREFECT_RUNNER_POLL_FREQUENCY": "3",
        "DO_NOT_TRACK": "1",
        # the package is found where it lies, and never in the folder that the command happens to start in
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), caller.get("PYTHONPATH")))),
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
        "ZHISHU_HOME": str(chosen.home),
        "ZHISHU_CODES": str(chosen.codes_folder),
        "ZHISHU_THREADS": str(chosen.threads),
    }


def _left_behind(name: str) -> bool:
    """What must not reach the processes: another Prefect, the password again, a proxy before loopback."""
    return name.startswith("PREFECT_") or name == PASSWORD_VARIABLE or name.lower().endswith("_proxy")
