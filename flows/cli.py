"""The command line ``zhishu``: thin commands over the packages, one clear sentence per mistake.

Exit codes: 0 done, 1 done with refusals or differences that need a person, 2 bad usage or input, 3 internal
error. The commands stand in ``cli_*.py``; only ``run`` and ``serve`` start Prefect.
"""

from __future__ import annotations

import gc
import sys
import traceback

import typer

from flows import cli_audit, cli_desk, cli_engine, cli_month, cli_papers, cli_release
from flows.mistakes import sentence
from flows.options import app
from flows.usage import usage_sentence

COMMANDS = (
    cli_month,
    cli_desk,
    cli_papers,
    cli_audit,
    cli_release,
    cli_engine,
)  # each registers its own; help in this order
app.registered_commands.sort(
    key=lambda command: [module.__name__ for module in COMMANDS].index(
        getattr(command.callback, "__module__", "")
    )
)


def main() -> None:
    """The entry point: maps every outcome to an exit code and never shows a traceback for a user's mistake."""
    gc.set_threshold(100_000)  # a month's cells make no cycles: looking for them often is in vain
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
    try:
        code = app(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except typer.Exit as stop:
        sys.exit(stop.exit_code)
    except Exception as error:
        sys.exit(_failed(error))


def _failed(error: Exception) -> int:
    """Say what happened and give the exit code."""
    if isinstance(error, typer.TyperException):
        names = {c.name or getattr(c.callback, "__name__", "") for c in app.registered_commands}
        typed = next((word for word in sys.argv[1:2] if word in names), "")
        print(f"用法有误：{usage_sentence(error, typed)}", file=sys.stderr)
        return 2
    if isinstance(error, typer.Abort):
        print("已中断。", file=sys.stderr)
        return 2
    told = sentence(error)
    if told is not None:
        print(f"错误：{told}", file=sys.stderr)
        return 2
    print(f"内部错误：{type(error).__name__}：{error}（请把下面的记录交给维护人员）", file=sys.stderr)
    traceback.print_exception(error, file=sys.stderr)
    return 3


if __name__ == "__main__":
    main()
