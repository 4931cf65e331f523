"""A release carried to another machine: the same bytes, refused when touched, safe to unpack."""

import io
import random
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from books import opened
from conftest import ROOT, Ran, Small

from flows.bundle import rerun_bundle, write_bundle
from flows.bundle_file import BundleError, packed, unpacked
from flows.bundle_parts import foreign
from flows.intake import reader
from flows.ledger.release import read_release
from flows.ledger.store import Store
from flows.ledger.warehouse import open_warehouse
from flows.publication import ENGINE
from flows.publish import Word, publish
from flows.settings import Settings
from schemas.packing import parts_of, repack


@pytest.fixture(scope="module")
def bundle(small: Small, small_ran: Ran, tmp_path_factory: pytest.TempPathFactory) -> Path:
    release = read_release(Store(small_ran.home), "2026-10.1")
    path = tmp_path_factory.mktemp("bundle") / "2026-10.1.zip"
    write_bundle(Store(small_ran.home), release, small.settings(small_ran.home), path)
    return path


def test_the_same_release_gives_the_same_bytes(
    small: Small, small_ran: Ran, bundle: Path, tmp_path: Path
) -> None:
    release = read_release(Store(small_ran.home), "2026-10.1")
    write_bundle(Store(small_ran.home), release, small.settings(small_ran.home), tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == bundle.read_bytes()


def test_another_process_with_an_empty_home_reruns_it_identically(bundle: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "flows.cli", "rerun", "--bundle", str(bundle), "--home", "nothing"]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT), "PATH": ""}, capture_output=True, text=True
    )
    assert done.returncode == 0 and "重算完全一致" in done.stdout, done.stderr
    assert "说明：" not in done.stdout  # the code lists are the bundle's, too
    assert list(tmp_path.iterdir()) == []


def test_it_holds_what_is_needed_and_no_glt09(small_ran: Ran, bundle: Path) -> None:
    parts = unpacked(bundle.read_bytes()).parts
    release = read_release(Store(small_ran.home), "2026-10.1")
    assert {f"archive/{d[:2]}/{d}.xlsx" for d, _ in release.manifest.inputs} <= parts.keys()
    assert parts["journal.jsonl"].splitlines()[release.manifest.seq :]  # the release's own event follows
    assert b'"type":"released"' in parts["journal.jsonl"].splitlines()[-1]
    assert release.digest in parts["说明.md"].decode() and "内部" in parts["说明.md"].decode()
    assert b'"form":"GLT09"' not in parts["journal.jsonl"]
    assert not any("permu" in name for name in parts)


def remade(bundle: Path, path: Path, changed: Mapping[str, bytes | None], **told: str) -> Path:
    """A bundle in which parts were changed (None: taken out) by somebody who writes the list anew."""
    contents = unpacked(bundle.read_bytes())
    parts = {name: data for name, data in {**contents.parts, **changed}.items() if data is not None}
    path.write_bytes(packed(replace(contents, parts=parts, **told)))
    return path


def test_files_that_the_release_was_not_made_with_are_refused_though_the_list_agrees(
    bundle: Path, tmp_path: Path
) -> None:
    parts = unpacked(bundle.read_bytes()).parts
    journal = parts["journal.jsonl"].splitlines(keepends=True)
    named = {
        name: next(n for n in parts if n.startswith(name))
        for name in ("methods/", "codes/", "forms/", "rules/", "procedures/", "plan/")
    }
    cases: list[tuple[dict[str, bytes | None], str]] = [
        *(({part: parts[part] + b"#"}, part if folder not in ("rules/", "plan/") else folder)
          for folder, part in named.items()),
        ({"rules/anomalies.toml": b"x"}, r"rules/anomalies\.toml"),
        ({named["forms/"]: None}, named["forms/"]),
        ({"procedures/more.sql": b"select 1"}, r"procedures/more\.sql"),
        ({"procedures/engine.py": b"\xff"}, r"procedures/engine\.py"),
        ({"more/thing.txt": b"x"}, r"more/thing\.txt"),
        ({next(n for n in parts if n.startswith("archive/")): None}, "archive/"),
        ({"journal.jsonl": b"".join(journal[:-1])}, "不在台账日志中"),
    ]  # fmt: skip
    for changed, told in cases:
        path = remade(bundle, tmp_path / "changed.zip", changed)
        with pytest.raises(BundleError, match=told):
            rerun_bundle(path, Settings(home=tmp_path / "nothing"))
    path = remade(bundle, tmp_path / "changed.zip", {}, release_digest="0" * 64)
    with pytest.raises(BundleError, match="发布摘要"):
        rerun_bundle(path, Settings(home=tmp_path / "nothing"))


def test_its_tables_carry_the_newest_stage_and_a_changed_one_is_named(
    small: Small, month_home: Path, tmp_path: Path
) -> None:
    store, settings = Store(month_home), small.settings(month_home)
    with store.writing(), closing(open_warehouse(store, reader(settings))) as con:
        publish(con, store, "2026-10.1", Word("最终", "年报定案", "王五", "发布岗", "赵六"))
    path = tmp_path / "final.zip"
    write_bundle(store, read_release(store, "2026-10.1"), settings, path)
    parts = unpacked(path.read_bytes()).parts
    name = next(n for n in parts if n.startswith("tables/") and "公开" in n)
    sheet = opened(parts[name])["说明"]
    assert ("数据阶段", "最终") in {(r[0].value, r[1].value) for r in sheet.iter_rows()}
    book = parts_of(parts[name])
    book["xl/sharedStrings.xml"] = book["xl/sharedStrings.xml"].replace("最终".encode(), "修订".encode())
    found = rerun_bundle(remade(path, path, {name: repack(book)}), Settings(home=tmp_path / "nothing"))
    assert found.published == (name.partition("/")[2],)  # and no other: the rest is as the stage has it
    assert not found.identical and found.differences == found.workbooks == ()
    assert found.parted_at == "表格" and "被改动过" in found.causes[0]


def test_any_changed_byte_is_refused(bundle: Path) -> None:
    data, chance = bundle.read_bytes(), random.Random(7)
    tail = len(data) - 2000  # the directory, where a byte may say nothing about the content
    for at in [chance.randrange(len(data)) for _ in range(25)] + [
        chance.randrange(tail, len(data)) for _ in range(15)
    ]:
        with pytest.raises(BundleError, match="重算包"):
            unpacked(data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :])
    with pytest.raises(BundleError, match="重算包"):
        unpacked(data + b"\0")


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "a/../../evil", "a\\..\\evil", "a//b", "./a", "C:/x"]
)
def test_no_part_leaves_the_folder(name: str) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as package:
        package.writestr(zipfile.ZipInfo(name), b"x")
    with pytest.raises(BundleError, match="不合规"):
        unpacked(data.getvalue())


def test_a_module_that_is_another_by_now_stays_out_and_is_named(
    small: Small, month_ran: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = next(path for path in ENGINE if path.name == "engine.py")
    newer = Path(shutil.copy(engine, tmp_path / "engine.py"))
    newer.write_text(newer.read_text("utf-8") + "# newer\n", "utf-8")
    monkeypatch.setattr("flows.bundle.ENGINE", [newer if path is engine else path for path in ENGINE])
    store, path = Store(month_ran.home), tmp_path / "newer.zip"
    release = read_release(store, "2026-10.1")
    done = write_bundle(store, release, small.settings(month_ran.home), path)
    parts = unpacked(path.read_bytes()).parts
    assert done.left_out == ("procedures/engine.py",) and "procedures/engine.py" not in parts
    assert foreign(release.manifest, parts) == [] and "程序 engine.py" in parts["说明.md"].decode()


@pytest.mark.parametrize(
    "listed",
    ["", "[" * 100_000, "[]", "7", '{"format_version": 2}', '{"format_version": 2, "parts": [[1, "x"]]}',
     '{"format_version": 2, "parts": {}, "release": ["x"], "release_digest": "", "printing": ""}',
     '{"format_version": 2, "parts": {}, "release": "\\ud800", "release_digest": "", "printing": ""}',
     '{"format_version": 2, "parts": {"a": {"b": []}}, "release": "", "release_digest": "", "printing": ""}',
     '{"format_version": 1, "parts": {}}'],
)  # fmt: skip
def test_a_list_of_another_shape_is_refused_in_a_sentence(listed: str) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as package:
        package.writestr("清单.json", listed)
    with pytest.raises(BundleError, match="重算包"):
        unpacked(data.getvalue())


@pytest.mark.parametrize("data", [b"", b"PK", b"no zip at all", b"PK\5\6" + b"\0" * 18])
def test_what_is_no_zip_is_refused_in_a_sentence(data: bytes) -> None:
    with pytest.raises(BundleError, match="重算包"):
        unpacked(data)


def test_a_bomb_is_not_unpacked() -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("bomb", b"\0" * 2**22)
    with pytest.raises(BundleError, match="不是按原样存放"):
        unpacked(data.getvalue())


def test_other_code_lists_than_the_release_s_are_not_packed(
    small: Small, month_ran: Ran, tmp_path: Path
) -> None:
    release = read_release(Store(month_ran.home), "2026-10.1")
    folder = Path(shutil.copytree(small.codes.folder, tmp_path / "codes"))
    with (folder / "parks.csv").open("a", encoding="utf-8") as file:
        file.write("\n,")
    with pytest.raises(BundleError, match=r"代码表 parks\.csv"):
        write_bundle(
            Store(month_ran.home),
            release,
            replace(small.settings(month_ran.home), codes_folder=folder),
            tmp_path / "x.zip",
        )
    assert not (tmp_path / "x.zip").exists()
