"""A release computed again from archive and journal: where it parts, why, and what is refused before.

That it is the same though methods and procedures went on is in ``test_earlier.py``.
"""

import shutil
from pathlib import Path

import pytest
from conftest import Ran, Small

from flows.intake import reader
from flows.ledger.release import Release, ReleaseError, read_release
from flows.ledger.store import Store
from flows.parting import compare_tables
from flows.rerun import rerun
from indices.method import METHODS_DIR


@pytest.fixture
def home(month_ran: Ran, tmp_path: Path) -> Path:
    """Archive, journal and releases of the small province without its warehouse, as on another machine."""
    without = shutil.ignore_patterns("*.duckdb")
    return Path(shutil.copytree(month_ran.home, tmp_path / "home", ignore=without))


def release_in(home: Path) -> Release:
    return read_release(Store(home), "2026-10.1")


def test_another_goalpost_parts_at_the_score_and_the_method_is_named(
    small: Small, home: Path, tmp_path: Path
) -> None:
    settings = small.settings(home)
    methods = Path(shutil.copytree(METHODS_DIR, tmp_path / "methods"))
    path = methods / "MQ-2026.1.toml"
    text = path.read_text("utf-8")
    start = text.index('id = "MQ102"')
    at = text.index("high = ", start)
    end = text.index("\n", at)
    path.write_text(text[:at] + "high = 13" + text[end:], "utf-8")
    found = rerun(Store(home), release_in(home), settings, reader(settings), methods)
    assert not found.identical and found.parted_at == "得分"
    assert found.causes == ("方法：MQ-2026.1 与发布时不同",)
    assert {d.key.split()[0] for d in found.differences} == {"MQ"}
    assert found.workbooks and all("制造业高质量发展" in name for name in found.workbooks)


def test_it_refuses_a_journal_or_a_workbook_that_was_changed(small: Small, home: Path) -> None:
    settings, store = small.settings(home), Store(home)
    release = release_in(home)
    used = store.archive.path(release.manifest.inputs[0][0])
    data = used.read_bytes()
    used.chmod(0o644)
    used.write_bytes(data[:-1] + b"x")
    with pytest.raises(Exception, match=used.name):
        rerun(store, release, settings, reader(settings))
    used.write_bytes(data)
    text = store.journal.path.read_text("utf-8")
    store.journal.path.write_text(text.replace('"actor":"zhishu"', '"actor":"zhisha"', 1), "utf-8")
    with pytest.raises(ReleaseError, match="第 1 行"):
        rerun(Store(home), release, settings, reader(settings))


def test_a_missing_or_added_row_is_a_difference() -> None:
    head = "index_code,product,period,subject_type,subject,value\n"
    one, two = head + "MQ,full,2026-10,city,360100,1.00\n", head + "MQ,full,2026-10,city,360100,1.01\n"
    (difference,) = compare_tables({"result_index": one}, {"result_index": two})
    assert (difference.stage, difference.column, difference.kept, difference.again) == (
        "指数",
        "value",
        "1.00",
        "1.01",
    )
    (gone,) = compare_tables({"result_index": one}, {"result_index": head})
    assert (gone.kept, gone.again) == ("有此行", "无此行")
    assert compare_tables({"result_index": one}, {"result_index": one}) == ()
