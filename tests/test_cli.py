"""The command line without Prefect: exit codes, one sentence per mistake, JSON."""

import csv
import json
import shutil
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import Small

from flows.batch import Outcome
from flows.cli import main
from flows.options import workbook_path


def zhishu(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Run the command; exit code, output, errors."""
    before = sys.argv
    sys.argv = ["zhishu", *map(str, arguments)]
    try:
        with pytest.raises(SystemExit) as stop:
            main()
    finally:
        sys.argv = before
    out, err = capsys.readouterr()
    return int(stop.value.code or 0), out, err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("run", "2026-13", "--inbox", "."), "不是报告期"),
        (("run", "2026Q3", "--inbox", "."), "这里应写月份"),
        (("run", "2026-01", "--inbox", "."), "1月免报"),
        (("run", "2026-10", "--inbox", "没有这个文件夹"), "不存在"),
        (("run", "2026-10"), "用法有误：缺少选项 --inbox（用法见 zhishu run --help）"),
        (("run",), "缺少参数 PERIOD（用法见 zhishu run --help）"),
        (("whatif", "2026-10.1", "--out", "x"), "缺少选项 --set（用法见 zhishu whatif --help）"),
        (("run", "2026-10", "--inbx", "x"), "没有选项 --inbx，是否指 --inbox？（用法见 zhishu run --help）"),
        (("run", "2026-10", "x", "--inbox", "."), "多出参数 x（用法见 zhishu run --help）"),
        (
            ("export", "2026-10.1", "--out", "x", "--audience", "geheim"),
            "选项 --audience 应为 internal、public，写的是 geheim（用法见 zhishu export --help）",
        ),
        (
            ("score", "m", "d", "--out", "x", "--seed", "1.5"),
            "选项 --seed 应为整数，写的是 1.5（用法见 zhishu score --help）",
        ),
        (("trace", "--cell", "a"), "选项 --cell 后面应有3个值（用法见 zhishu trace --help）"),
        (("releases", "--index"), "选项 --index 后面应有一个值（用法见 zhishu releases --help）"),
        (("stats",), "没有命令 stats，是否指 status？（用法见 zhishu --help）"),
        (("intake", "2026-10", "--inbox", "."), "没有 regions.csv"),
        (("export", "2026-10", "--out", "x", "--home", "."), "还没有发布"),
        (("releases", "--home", "没有"), "不存在"),
        (("rerun", "--bundle", "nix.zip"), "错误：重算包 nix.zip 不存在。"),
        (("status", "2026-10", "--home", "没有"), "不存在"),
        (("export", "2026-10.7", "--out", "x", "--home", "."), "没有发布 2026-10.7"),
        (("forms", "2026-10", "--out", "x", "--submitter", "999999"), "没有填报单位 999999"),
        (("serve", "--inbox", "没有"), "收件文件夹 没有 不存在"),
        (("serve", "--inbox", ".", "--port", "0"), "用法有误：选项 --port 应不小于 1，写的是 0"),
        (("nonsense",), "用法有误：没有命令 nonsense（用法见 zhishu --help）"),
    ],
)
def test_mistakes_are_told_in_one_sentence(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: tuple[str, ...],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    if "intake" in arguments:
        arguments = (*arguments, "--codes", str(tmp_path))
    code, _, err = zhishu(capsys, *arguments)
    assert code == 2 and sentence in err and "Traceback" not in err


def test_every_command_has_help_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("run", "intake", "backfill", "forms", "sample", "status", "releases", "export", "serve"):
        code, out, _ = zhishu(capsys, command, "--help")
        assert code == 0 and "例：zhishu" in out


def test_bad_threads(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHISHU_THREADS", "many")
    code, _, err = zhishu(capsys, "releases")
    assert code == 2 and "ZHISHU_THREADS" in err


def test_an_internal_error_is_loud(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise AssertionError("broken")

    monkeypatch.setattr("flows.publish.staged_releases", broken)
    code, _, err = zhishu(capsys, "releases", "--home", ".")
    assert code == 3 and "内部错误" in err and "Traceback" in err


def test_status_releases_and_export(
    small: Small,
    small_outcome: Outcome,
    small_home: Path,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    outcome, common = small_outcome, ("--home", small_home)
    code, out, _ = zhishu(capsys, "releases", *common, "--json")
    assert code == 0 and [r["id"] for r in json.loads(out)] == ["2026-10.1"]
    code, out, _ = zhishu(capsys, "status", "2026-10", *common, "--codes", small.codes.folder)
    assert code == 0 and "发布 2026-10.1" in out and "未报 0" in out
    code, out, _ = zhishu(capsys, "status", "2026-11", *common, "--codes", small.codes.folder, "--json")
    assert code == 1 and len(json.loads(out)["absent"]) > 0
    for audience in ("internal", "public"):
        target = tmp_path / audience
        code, out, _ = zhishu(
            capsys,
            "export",
            "2026-10",
            "--out",
            target,
            *common,
            "--codes",
            small.codes.folder,
            "--audience",
            audience,
        )
        assert code == 0
        written = {p.name: p.read_bytes() for p in target.iterdir()}
        assert len(written) == 3
        assert written == {p.name: p.read_bytes() for p in outcome.files if p.name in written}


def test_the_triangle_and_a_what_if_of_a_release(
    small_home: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    home = ("--home", small_home)
    code, out, _ = zhishu(capsys, "releases", "2026-10", "--triangle", "--index", "CM", *home, "--json")
    found = json.loads(out)
    assert code == 0 and found["vintages"] == [["2026-10.1", "初步"]]
    assert {(r["index"], r["product"]) for r in found["rows"]} == {("CM", "monthly"), ("CM", "full")}
    code, out, _ = zhishu(capsys, "releases", "2026-10", "--triangle", "--xlsx", tmp_path / "t.xlsx", *home)
    assert code == 0 and "各次都相同" in out and (tmp_path / "t.xlsx").is_file()
    for wrong, sentence in ((("--triangle",), "要写明报告期"), (("--index", "CM"), "只和 --triangle")):
        code, _, err = zhishu(capsys, "releases", *wrong, *home)
        assert code == 2 and sentence in err
    code, out, _ = zhishu(
        capsys, "whatif", "2026-10.1", "--set", "weight.CA101=30", "--out", tmp_path / "w", *home
    )
    assert code == 0 and "产业集群先进性指数（CA-2026.1）　月度监测值　产业集群：发布值变动 1 个" in out
    reasons = list(csv.DictReader((tmp_path / "w" / "reasons.csv").read_text("utf-8").splitlines()))
    changes = list(csv.DictReader((tmp_path / "w" / "comparison.csv").read_text("utf-8").splitlines()))
    for change in changes:
        points = [Decimal(r["points"]) for r in reasons if r["product"] == change["product"] and r["points"]]
        assert sum(points) == Decimal(change["change"]) != 0 and change["name"] == "铜基新材料先进制造业集群"


def test_backfill_and_intake_take_without_computing(
    small: Small, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    common = ("--home", tmp_path / "home", "--codes", small.codes.folder)
    code, out, _ = zhishu(capsys, "backfill", *sorted((small.inbox / "history").iterdir()), *common, "--json")
    taken = json.loads(out)
    assert code == 0 and taken["release"] is None and taken["submissions"]["accepted"] > 20
    for month in ("2026-09", "2026-10"):
        (tmp_path / "in" / month).mkdir(parents=True)
        shutil.copy(small.inbox / month / "360602.xlsx", tmp_path / "in" / month)
    code, out, _ = zhishu(capsys, "intake", "2026-09", "--inbox", tmp_path / "in", *common)
    assert code == 0 and "留在收件夹" in out
    code, out, _ = zhishu(capsys, "releases", *common[:2])
    assert code == 0 and "还没有发布" in out


def test_forms_and_sample_write_workbooks(
    small: Small, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, _ = zhishu(
        capsys, "forms", "2026-10", "--out", tmp_path, "--submitter", "360602", "--codes", small.codes.folder
    )
    assert code == 0 and len(list(tmp_path.rglob("*.xlsx"))) == 1 and "1 个工作簿" in out
    page = (tmp_path / "2026-10 字段说明.md").read_text("utf-8")
    assert "| rev_cum | 营业收入 1-本月 | 万元 | 0 至 1000000000000 | 每期 | 可加 |" in page
    assert "| cnc_rate | 关键工序数控化率 | % | 0 至 100 | 年报 | 加权平均（权数 rev_year） |" in page
    code, out, _ = zhishu(
        capsys, "sample", "--through", "2025-12", "--out", tmp_path / "s", "--codes", small.codes.folder
    )
    assert code == 0
    (one,) = (tmp_path / "s" / "province").rglob("2025-12/360602.xlsx")
    assert one.read_bytes() == (small.inbox / "2025-12" / "360602.xlsx").read_bytes()


def test_an_output_that_is_a_file_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    place = tmp_path / "out"
    place.write_text("", "utf-8")
    for command in (("run", "2026-10", "--inbox", tmp_path), ("export", "2026-10", "--home", tmp_path)):
        code, _, err = zhishu(capsys, *command, "--out", place)
        assert code == 2 and "应为文件夹" in err and "Traceback" not in err


@pytest.mark.parametrize(
    ("given", "meant"),
    [("papers", "papers.xlsx"), ("底稿 2026-10.1", "底稿 2026-10.1.xlsx"), ("a.XLSX", "a.XLSX")],
)
def test_a_workbook_gets_its_ending(given: str, meant: str) -> None:
    assert workbook_path(Path("x") / given) == Path("x") / meant and workbook_path(None) is None


@pytest.mark.parametrize(
    "command",
    [
        ("sample-audit", "2026-10.1", "--n", "1", "--seed", "1", "--out"),
        ("status", "2026-10", "--xlsx"),
        ("releases", "2026-10", "--triangle", "--xlsx"),
        ("diff", "2026-10.1", "2026-10.1", "--xlsx"),
        ("trace", "MQ", "360100", "2026-10", "--xlsx"),
        ("review", "--register", "--xlsx"),
    ],
)
def test_a_workbook_of_another_ending_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: tuple[str, ...]
) -> None:
    code, _, err = zhishu(capsys, *command, tmp_path / "papers.csv", "--home", tmp_path)
    assert code == 2 and "papers.csv 应为工作簿，文件名请以 .xlsx 结尾" in err


def test_a_new_ledger_is_told_and_an_old_one_is_not(
    small: Small, small_home: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    intake = ("intake", "2026-10", "--inbox", tmp_path / "in", "--codes", small.codes.folder)
    code, _, err = zhishu(capsys, *intake, "--home", tmp_path / "vra")
    assert code == 0 and f"{tmp_path / 'vra'} 中还没有台账，新建台账。" in err
    code, _, err = zhishu(capsys, *intake, "--home", small_home)
    assert code == 0 and "新建" not in err


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("backfill", "数据.csv"), "数据.csv 不是工作簿"),
        (("backfill", "没有.xlsx"), "没有.xlsx 不存在"),
        (("run", "2026-10", "--inbox", "数据.csv"), "收件文件夹 数据.csv 是一个文件，而且不是工作簿"),
        (("intake", "2026-10", "--inbox", "数据.csv"), "收件文件夹 数据.csv 是一个文件，而且不是工作簿"),
    ],
)
def test_a_named_file_that_is_no_workbook_is_a_mistake(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    command: tuple[str, ...],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("数据.csv").write_text("a\n", "utf-8")
    code, _, err = zhishu(capsys, *command, "--home", "home")
    assert code == 2 and told in err and not Path("home").exists()


def test_backfill_takes_history_alone(
    small: Small, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ordinary = small.inbox / "2026-10" / "360602.xlsx"
    code, _, err = zhishu(capsys, "backfill", ordinary, "--home", tmp_path, "--codes", small.codes.folder)
    assert code == 2 and "360602.xlsx 不是历史数据工作簿" in err
    assert not (tmp_path / "journal.jsonl").exists()
