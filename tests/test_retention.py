"""No command deletes or rewrites what a release needs: archive, evidence, journal, release folders."""

from pathlib import Path

import pytest
from conftest import Small
from test_cli import zhishu

from flows.cli import app

KEPT = ("archive", "evidence", "releases")
# these have no home, or go through the same three writers as those that are run below: archive, journal, releases
NOT_RUN = {
    "run", "serve", "backfill",
    "forms", "sample", "score", "check",
    "rerun", "whatif",
}  # fmt: skip


def kept(home: Path) -> dict[str, bytes]:
    """Every file that a release needs, by its name in the home."""
    files = (p for part in KEPT for p in (home / part).rglob("*") if p.is_file())
    return {str(p.relative_to(home)): p.read_bytes() for p in files}


def commands(home: Path, folder: Path) -> dict[str, tuple[str, ...]]:
    """One call of each command over a home with the release 2026-10.1."""
    (folder / "inbox").mkdir()
    release, out = "2026-10.1", str(folder / "out")
    by = ("--by", "王五", "--role", "发布岗")
    return {
        "intake": ("2026-10", "--inbox", str(folder / "inbox"), "--out", out),
        "status": ("2026-10",),
        "review": (),
        "releases": (),
        "export": (release, "--out", out),
        "trace": ("MQ", "360000", "2026-10", "--indicator", "MQ102"),
        "verify": (),
        "diff": (release, release),
        "sample-audit": (release, "--n", "5", "--seed", "1", "--out", str(folder / "paper.xlsx")),
        "bundle": (release, "--out", str(folder / "bundle.zip")),
        "publish": (release, *by, "--stage", "最终", "--approved-by", "赵六", "--reason", "年报定案"),
        "approve": ("MQ-2026.1", *by, "--document", "赣统字〔2026〕1号", "--date", "2026-01-08"),
    }


def test_every_command_keeps_what_a_release_needs(
    small: Small, month_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = commands(month_home, tmp_path)
    named = {c.name or getattr(c.callback, "__name__", "") for c in app.registered_commands}
    assert set(calls) | NOT_RUN == named, "a new command: run it here, or say why it cannot delete anything"
    before, journal = kept(month_home), month_home / "journal.jsonl"
    lines = journal.read_bytes()
    assert before
    codes = ("--codes", str(small.codes.folder))
    for command, arguments in calls.items():
        lists = () if command == "releases" else codes
        code, out, err = zhishu(capsys, command, *arguments, "--home", str(month_home), *lists)
        assert code in (0, 1), (command, out, err)
        now = kept(month_home)
        assert {name: now.get(name) for name in before} == before, command
        assert journal.read_bytes().startswith(lines), command
        lines = journal.read_bytes()


def test_what_is_kept_cannot_be_written_by_its_own_account(month_home: Path) -> None:
    for name in kept(month_home):
        assert (month_home / name).stat().st_mode & 0o222 == 0, name
