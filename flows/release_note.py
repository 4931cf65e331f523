"""The note that a run leaves beside the tables, in markdown.

A note of a release tells of the run that made it. A later run that finds the same release took other
files, or none, and leaves that note alone; where there is none to leave, it tells of the release only.
"""

from __future__ import annotations

import re
from pathlib import Path

from flows.batch import Outcome
from flows.ledger.files import make_folder, write_file
from flows.report import released_lines, summary_lines


def run_note(outcome: Outcome) -> str:
    """The summary of a run and, of a release, the manifest's digests and the journal's head."""
    return _note(outcome, summary_lines(outcome))


def write_note(outcome: Outcome, out: Path) -> Path:
    """Write the note of a run, or keep the one that its release has already; where it lies.

    A run without a release never writes over the note of one.
    """
    path = out / f"{outcome.period} {_heading(outcome)}.md"
    release = outcome.release
    if release is None or release.fresh:
        text = run_note(outcome)
    elif path.is_file() and release.digest in path.read_text("utf-8"):
        return path
    else:
        text = _note(outcome, [f"报告期 {outcome.period.printed}", *released_lines(outcome)])
    make_folder(out)
    write_file(path, text.encode(), 0o644)
    return path


def _heading(outcome: Outcome) -> str:
    return "收件说明" if outcome.release is None else "发布说明"


def _note(outcome: Outcome, told: list[str]) -> str:
    lines = [f"# {outcome.period} {_heading(outcome)}", ""]
    lines += [f"- {_as_markdown(line.strip())}" for line in told]
    if outcome.release is not None:
        made_of = outcome.release.manifest
        lines += ["", "| 项目 | 内容 |", "|---|---|"]
        lines += [
            f"| 发布摘要 | `{outcome.release.digest}` |",
            f"| 日志位置 | {made_of.seq} `{made_of.head}` |",
            f"| 方法 | {'、'.join(sorted(made_of.methods))} |",
            f"| 收件 | {len(made_of.inputs)} 件 |",
        ]
    return "\n".join(lines) + "\n"


def _as_markdown(text: str) -> str:
    """Text as markdown that shows it: a submitter's file name may look like a tag, a link or a picture."""
    return re.sub(r"([\\`*<\[\]])", r"\\\1", text)
