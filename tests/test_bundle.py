"""A release carried to another machine: the same bytes, refused when touched, safe to unpack."""

import io
import random
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Small

from flows.batch import Outcome
from flows.bundle import BundleError, read_bundle, rerun_bundle, write_bundle
from flows.ledger.store import Store
from flows.settings import Settings


@pytest.fixture(scope="module")
def bundle(small: Small, small_outcome: Outcome, tmp_path_factory: pytest.TempPathFactory) -> Path:
    release = small_outcome.release
    assert release is not None
    home = release.folder.parent.parent
    path = tmp_path_factory.mktemp("bundle") / "2026-10.1.zip"
    write_bundle(Store(home), release, small.settings(home), path)
    return path


def test_the_same_release_gives_the_same_bytes(
    small: Small, small_outcome: Outcome, bundle: Path, tmp_path: Path
) -> None:
    release = small_outcome.release
    assert release is not None
    home = release.folder.parent.parent
    write_bundle(Store(home), release, small.settings(home), tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == bundle.read_bytes()


def test_it_reruns_identically_with_an_empty_home(bundle: Path, tmp_path: Path) -> None:
    found = rerun_bundle(bundle, Settings(home=tmp_path / "nothing"))  # the code lists are the bundle's too
    assert found.identical and found.notes == ()
    assert not (tmp_path / "nothing").exists()


def test_it_holds_what_is_needed_and_no_glt09(small_outcome: Outcome, bundle: Path) -> None:
    parts = read_bundle(bundle.read_bytes())
    release = small_outcome.release
    assert release is not None
    assert {f"archive/{d[:2]}/{d}.xlsx" for d, _ in release.manifest.inputs} <= parts.keys()
    assert parts["journal.jsonl"].count(b"\n") == release.manifest.seq
    assert release.digest in parts["说明.md"].decode() and "内部" in parts["说明.md"].decode()
    assert b'"form":"GLT09"' not in parts["journal.jsonl"]
    assert not any("permu" in name for name in parts)


def test_any_changed_byte_is_refused(bundle: Path) -> None:
    data, chance = bundle.read_bytes(), random.Random(7)
    tail = len(data) - 2000  # the directory, where a byte may say nothing about the content
    for at in [chance.randrange(len(data)) for _ in range(25)] + [
        chance.randrange(tail, len(data)) for _ in range(15)
    ]:
        with pytest.raises(BundleError, match="重算包"):
            read_bundle(data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :])
    with pytest.raises(BundleError, match="重算包"):
        read_bundle(data + b"\0")


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "a/../../evil", "a\\..\\evil", "a//b", "./a", "C:/x"]
)
def test_no_part_leaves_the_folder(name: str) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as package:
        package.writestr(zipfile.ZipInfo(name), b"x")
    with pytest.raises(BundleError, match="不合规"):
        read_bundle(data.getvalue())


def test_a_bomb_is_not_unpacked() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("bomb", b"\0" * 2**22)
    with pytest.raises(BundleError, match="不是按原样存放"):
        read_bundle(data.getvalue())


def test_other_code_lists_than_the_release_s_are_not_packed(
    small: Small, small_outcome: Outcome, tmp_path: Path
) -> None:
    release = small_outcome.release
    assert release is not None
    home = release.folder.parent.parent
    folder = Path(shutil.copytree(small.codes.folder, tmp_path / "codes"))
    with (folder / "parks.csv").open("a", encoding="utf-8") as file:
        file.write("\n,")
    with pytest.raises(BundleError, match=r"代码表 parks\.csv"):
        write_bundle(
            Store(home), release, replace(small.settings(home), codes_folder=folder), tmp_path / "x.zip"
        )
    assert not (tmp_path / "x.zip").exists()
