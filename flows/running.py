"""``zhishu run``: the Prefect flow in this process, with its own noise kept from the screen.

An embedded Prefect server prints logs, and sometimes tracebacks at exit after success. Everything that is
written to the process's streams while Prefect is loaded goes to a log file under the home; the progress bar
and the summary go to the person's terminal through streams of their own.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from flows.settings import Settings
from schemas.period import Period

if TYPE_CHECKING:
    from flows.batch import Outcome


def run_quietly(settings: Settings, period: Period, inboxes: list[Path], out: Path, as_json: bool) -> int:
    """Run the flow and print the summary; the exit code."""
    from flows.progress import progress_bar

    log = settings.home / "prefect" / "zhishu.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    prefect_environment(settings.home / "prefect")
    with _streams_to(log) as (stdout, stderr):
        with progress_bar(not as_json, stderr) as progress:
            progress("启动 Prefect", 0, 1)
            from flows.monthly import run_month

            outcome = run_month(settings, period, inboxes, out, progress)
        from flows.release_note import write_note
        from flows.report import file_lines, findings_text, outcome_json, summary_lines

        note = write_note(outcome, out)
        if as_json:
            json.dump(outcome_json(outcome), stdout, ensure_ascii=False, indent=1)
            stdout.write("\n")
        else:
            told = [*findings_text(outcome.intake.findings), *summary_lines(outcome)]
            stdout.write("\n".join([*told, *file_lines(outcome, note)]) + "\n")
        stdout.flush()
    return exit_code(outcome)


def exit_code(outcome: Outcome) -> int:
    """2 where a run was asked for a period without data and came to nothing; else whether a person is needed."""
    if outcome.note and not outcome.intake.deliveries and not outcome.revised:
        return 2
    return 1 if outcome.needs_a_person else 0


def prefect_environment(folder: Path) -> None:
    """Prefect's home under ours, time enough to start, no analytics and no talk; a set value stands."""
    wanted = {
        "PREFECT_HOME": str(folder),
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "ERROR",
        "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
        "DO_NOT_TRACK": "1",
    }
    for name, value in wanted.items():
        os.environ.setdefault(name, value)


@contextmanager
def _streams_to(log: Path) -> Iterator[tuple[TextIO, TextIO]]:
    """Send the process's streams to a log for good; give the person's own."""
    sys.stdout.flush()
    sys.stderr.flush()
    stdout = os.fdopen(os.dup(1), "w", encoding="utf-8")
    stderr = os.fdopen(os.dup(2), "w", encoding="utf-8")
    with log.open("ab") as sink:
        os.dup2(sink.fileno(), 1)
        os.dup2(sink.fileno(), 2)
    try:
        yield stdout, stderr
    except BaseException:
        sys.stdout, sys.stderr = stdout, stderr  # the sentence about it goes to the person, not to the log
        raise
    finally:
        stdout.flush()
        stderr.flush()
