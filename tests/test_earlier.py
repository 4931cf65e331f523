"""Methods and procedures that were released stay, and an old release is computed again with its own."""

import csv
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Ran, Small

from flows.earlier import listed, present, procedures_of
from flows.intake import reader
from flows.ledger.canonical import digest_files
from flows.ledger.release import read_release
from flows.ledger.store import Store
from flows.rerun import rerun, rerun_lines
from indices.method import METHODS_DIR, read_method
from indices.procedures import SQL_DIR


def test_everything_that_was_released_is_still_here_and_listed() -> None:
    known, here = listed(), present()
    gone = [line for line in known if line not in here]
    assert not gone, f"released and no longer here (keep the old text in indices/sql/earlier): {gone}"
    new = sorted(here - set(known))
    assert not new, f"not in indices/released.csv: {new}"
    assert len(known) == len(set(known))


def changed_procedures(tmp_path: Path, kept: bool) -> Path:
    """The procedures after target.sql was changed, with or without the old text of it."""
    folder = Path(shutil.copytree(SQL_DIR, tmp_path / "sql"))
    path = folder / "target.sql"
    text = path.read_text("utf-8")
    digest = digest_files([path])["target.sql"]
    if kept:
        (folder / "earlier").mkdir(exist_ok=True)
        (folder / "earlier" / f"target.{digest[:12]}.sql").write_text(text, "utf-8")
    other = text.replace("(f.value / 10000)", "(f.value / 20000)")
    assert other != text
    path.write_text(other, "utf-8")
    return folder


def newer_method(tmp_path: Path) -> Path:
    """The methods with a newer version of MQ, in which two indicators have each other's weight."""
    methods = Path(shutil.copytree(METHODS_DIR, tmp_path / "methods"))
    text = (methods / "MQ-2026.1.toml").read_text("utf-8").replace('version = "2026.1"', 'version = "2026.2"')
    weights = list(re.finditer(r"^weight = (.*)$", text, re.M))
    one = weights[0]
    other = next(w for w in weights if w[1] != one[1])
    text = (
        f"{text[: one.start(1)]}{other[1]}{text[one.end(1) : other.start(1)]}{one[1]}{text[other.end(1) :]}"
    )
    newer = methods / "MQ-2026.2.toml"
    newer.write_text(text, "utf-8")
    before, after = (read_method(methods / f"MQ-2026.{n}.toml") for n in (1, 2))
    assert [i.weight for i in before.indicators] != [i.weight for i in after.indicators]
    return methods


def renamed_city(codes: Path, tmp_path: Path) -> Path:
    """The code lists with another name for the city."""
    folder = Path(shutil.copytree(codes, tmp_path / "codes"))
    with (folder / "regions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    name = rows[0].index("name")
    next(row for row in rows if row[0] == "360600")[name] = "别名市"
    with (folder / "regions.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return folder


@pytest.fixture
def home(small_ran: Ran, tmp_path: Path) -> Path:
    """Archive, journal and releases of the small province without its warehouse, as on another machine."""
    without = shutil.ignore_patterns("*.duckdb")
    return Path(shutil.copytree(small_ran.home, tmp_path / "home", ignore=without))


def test_on_another_machine_a_release_is_computed_again_with_its_own_method_and_procedures(
    small: Small, home: Path, tmp_path: Path
) -> None:
    store, settings = Store(home), small.settings(home)
    release = read_release(store, "2026-10.1")
    found = rerun(
        store, release, settings, reader(settings), newer_method(tmp_path), changed_procedures(tmp_path, True)
    )
    assert found.identical and found.causes == found.notes == () and found.parted_at == ""
    first, second = rerun_lines(found)
    assert first == "发布 2026-10.1 重算完全一致。"
    assert found.digest in second and found.head in second  # to hold against what a published workbook prints


def test_a_procedure_that_was_not_kept_and_a_changed_code_list_are_causes(
    small: Small, home: Path, tmp_path: Path
) -> None:
    settings = replace(small.settings(home), codes_folder=renamed_city(small.codes.folder, tmp_path))
    store, procedures = Store(home), changed_procedures(tmp_path, False)
    release = read_release(store, "2026-10.1")
    found = rerun(store, release, settings, reader(small.settings(home)), sql=procedures)
    assert not found.identical
    assert found.causes == ("代码表：regions.csv 与发布时不同", "程序：target.sql 与发布时不同")
    assert {difference.column for difference in found.differences} == {"ttm", "subject_name"}  # one of each


@pytest.mark.parametrize("kept", [True, False])
def test_the_text_is_found_by_its_digest(tmp_path: Path, kept: bool) -> None:
    released = procedures_of({}).digests
    folder = changed_procedures(tmp_path, kept)
    found = procedures_of(released, folder)
    assert (found.text("target") == (SQL_DIR / "target.sql").read_text("utf-8")) is kept
    assert (found.digests == released) is kept
    missing = {line[1] for line in listed() if line not in present(folder=folder)}
    assert missing == (set() if kept else {"target.sql"})
