"""Worker processes: a file that kills or hangs its reader costs itself alone."""

import hashlib
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
import readers
import sheets

from schemas.codes import CODES_DIR
from schemas.reading.pool import Limits, PoolError, ReaderPool, read_files

LIMITS = Limits(seconds=1.0, memory_bytes=512 << 20)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@cache
def good(number: int) -> bytes:
    """A good file with this figure in it."""
    return sheets.filled(change={"rev_cum": Decimal(number)})[0]


def files(folder: Path, *names: str) -> list[Path]:
    """Files with these names, all with good content."""
    paths = [folder / name for name in names]
    for number, path in enumerate(paths):
        path.write_bytes(good(number))
    return paths


def told(deliveries: list) -> list[str]:
    """The refusal code of each delivery, or the value that was read."""
    return [
        d.refused.rule if d.refused else next(c.value for c in d.submissions[0].cells if c.field == "rev_cum")
        for d in deliveries
    ]


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_paths(folder: Path, workers: int) -> None:
    paths = files(folder, *(f"{name}.xlsx" for name in "fbdaec"))
    done: list[int] = []
    found = read_files(paths, CODES_DIR, workers, on_read=done.append)
    assert told(found) == ["0", "1", "2", "3", "4", "5"]
    assert [d.file_name for d in found] == [p.name for p in paths]
    assert done == [1, 2, 3, 4, 5, 6]
    for path, delivery in zip(paths, found, strict=True):
        assert delivery == sheets.read_workbook(
            path.read_bytes(), path.name, sheets.CODES
        )  # as in this process


def test_hostile_files_cost_themselves_alone(folder: Path) -> None:
    names = ("a", "exit", "b", "hang", "crash", "c", "memory", "raise", "d", "print")
    paths = files(folder, *(f"{name}.xlsx" for name in names))
    found = read_files(paths, CODES_DIR, 2, LIMITS, read=readers.by_name)
    assert told(found) == ["0", "F90", "2", "F91", "F90", "5", "F90", "F92", "8", "9"]
    for path, delivery in zip(paths, found, strict=True):
        assert delivery.digest == hashlib.sha256(path.read_bytes()).hexdigest()
        assert delivery.size == path.stat().st_size
        assert delivery.file_name == path.name
    words = [d.refused.message for d in found if d.refused]
    assert "退出码 3" in words[0]
    assert "1 秒" in words[1]
    assert "退出码 -11" in words[2]
    assert "内存超过上限 512 MB" in words[3]
    assert "ZeroDivisionError" in words[4]


def test_a_pool_is_used_again_and_its_workers_are_replaced(folder: Path) -> None:
    one, two, three = files(folder, "modules1.xlsx", "exit.xlsx", "modules2.xlsx")
    with ReaderPool(CODES_DIR, 1, LIMITS, readers.by_name) as pool:
        first, again = pool.read([one])[0], pool.read([one])[0]
        assert first.size == again.size  # the process id
        assert first.file_name == ""  # nothing heavy was imported
        assert told(pool.read([two])) == ["F90"]
        assert pool.read([three])[0].size != first.size
        assert pool.read([]) == []


def test_a_failure_of_the_caller_ends_the_workers(folder: Path) -> None:
    paths = files(folder, "a.xlsx", "b.xlsx", "c.xlsx")

    def stop(done: int) -> None:
        raise KeyboardInterrupt

    with ReaderPool(CODES_DIR, 1, LIMITS) as pool:
        with pytest.raises(KeyboardInterrupt):
            pool.read(paths, stop)
        assert told(pool.read(paths)) == ["0", "1", "2"]


@pytest.fixture(scope="module")
def bad_ones(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is told of a good file, of one that is not there, of a folder, and of a bomb."""
    folder = tmp_path_factory.mktemp("bad")
    bomb = sheets.parts_of(good(0)) | {"xl/media/x.bin": b"0" * 5_000_000}
    (folder / "bomb.xlsx").write_bytes(sheets.packed(bomb))
    (folder / "folder.xlsx").mkdir()
    paths = [folder / "none.xlsx", folder / "bomb.xlsx", *files(folder, "a.xlsx"), folder / "folder.xlsx"]
    found = read_files(paths, CODES_DIR, 1, Limits(max_inflated_bytes=2_000_000))
    return {path.stem: one for path, one in zip(paths, told(found), strict=True)}


def test_what_cannot_be_opened_or_is_too_large(folder: Path, bad_ones: dict[str, str]) -> None:
    assert (bad_ones["none"], bad_ones["a"], bad_ones["folder"]) == ("F01", "0", "F01")
    (path,) = files(folder, "a.xlsx")
    (large,) = read_files([path], CODES_DIR, 1, Limits(max_bytes=100))
    assert told([large]) == ["F02"]
    assert large.digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_bomb_is_refused_by_counting(bad_ones: dict[str, str]) -> None:
    assert (bad_ones["bomb"], bad_ones["a"]) == ("F11", "0")


def test_workers_that_cannot_start_are_no_file_s_fault(folder: Path) -> None:
    with pytest.raises(PoolError, match="无法启动"):
        read_files(files(folder, "a.xlsx"), CODES_DIR, 1, read=readers.broken_import)
    with pytest.raises(ValueError, match="进程数"):
        read_files([], CODES_DIR, 0)
