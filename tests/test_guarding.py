"""How the service is guarded: where the password comes from, and what the processes are told."""

import stat
from pathlib import Path

import pytest

from flows.guarding import PasswordError, environment, password
from flows.settings import Settings


def test_a_password_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    made = password(tmp_path, None, {})
    kept = tmp_path / "password"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert len(made.text) >= 20 and kept.read_text("utf-8").strip() == made.text
    assert password(tmp_path, None, {}) == made and str(kept) in made.place
    assert password(tmp_path.parent / tmp_path.name, None, {}).text == made.text


def test_a_given_file_goes_before_the_variable_and_that_before_our_own(tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.write_text("from-the-file\n", "utf-8")
    given.chmod(0o600)
    variable = {"ZHISHU_PASSWORD": "from-the-variable"}
    assert password(tmp_path, given, variable).text == "from-the-file"
    assert password(tmp_path, None, variable).text == "from-the-variable"
    assert not (tmp_path / "password").exists()


@pytest.mark.parametrize("text", ["", "short", "with a blank", "汉字口令八个字以上", "tab\tinside-it"])
def test_passwords_that_the_server_could_not_compare(tmp_path: Path, text: str) -> None:
    with pytest.raises(PasswordError, match="ZHISHU_PASSWORD 中的口令不能用"):
        password(tmp_path, None, {"ZHISHU_PASSWORD": text})


def test_a_file_that_others_can_read_or_that_is_not_there(tmp_path: Path) -> None:
    open_to_all = tmp_path / "open"
    open_to_all.write_text("long enough", "utf-8")
    open_to_all.chmod(0o640)
    with pytest.raises(PasswordError, match="chmod 600"):
        password(tmp_path, open_to_all, {})
    with pytest.raises(PasswordError, match="不存在"):
        password(tmp_path, tmp_path / "none", {})


def test_a_password_never_shows_itself(tmp_path: Path) -> None:
    made = password(tmp_path, None, {})
    assert made.text not in repr(made) and made.text not in f"{made}"


def told(tmp_path: Path, **caller: str) -> dict[str, str]:
    """The environment of the processes, for a caller's."""
    chosen = Settings(home=tmp_path, codes_folder=tmp_path / "codes", threads=3)
    return environment(caller, tmp_path / "serve", 4201, password(tmp_path, None, {}), chosen)


def test_the_server_listens_here_alone_behind_password_csrf_and_its_own_origin(tmp_path: Path) -> None:
    around = told(tmp_path)
    secret = f"zhishu:{(tmp_path / 'password').read_text('utf-8').strip()}"
    assert around["PREFECT_SERVER_API_HOST"] == "127.0.0.1"
    assert around["PREFECT_SERVER_API_PORT"] == "4201"
    assert around["PREFECT_SERVER_API_AUTH_STRING"] == around["PREFECT_API_AUTH_STRING"] == secret
    assert around["PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED"] == "true"
    assert around["PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS"] == "http://127.0.0.1:4201"
    assert around["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false" and around["DO_NOT_TRACK"] == "1"
    assert around["PREFECT_HOME"] == str(tmp_path / "serve")


def test_the_runs_are_told_of_the_ledger(tmp_path: Path) -> None:
    around = told(tmp_path)
    assert (around["ZHISHU_HOME"], around["ZHISHU_CODES"], around["ZHISHU_THREADS"]) == (
        str(tmp_path), str(tmp_path / "codes"), "3",
    )  # fmt: skip


def test_the_callers_own_prefect_proxies_and_password_are_left_behind(tmp_path: Path) -> None:
    around = told(
        tmp_path,
        PREFECT_API_URL="https://elsewhere.example/api",
        PREFECT_SERVER_DATABASE_CONNECTION_URL="sqlite:///elsewhere",
        ZHISHU_PASSWORD="from-the-variable",
        HTTP_PROXY="http://proxy.example",
        https_proxy="http://proxy.example",
        PATH="/usr/bin",
        PYTHONPATH="/opt/lib",
    )
    assert around["PREFECT_API_URL"] == "http://127.0.0.1:4201/api"
    assert not {
        "PREFECT_SERVER_DATABASE_CONNECTION_URL",
        "ZHISHU_PASSWORD",
        "HTTP_PROXY",
        "https_proxy",
    } & set(around)
    assert around["PATH"] == "/usr/bin" and around["PYTHONPATH"].endswith(":/opt/lib")
