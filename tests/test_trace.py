"""From published figures to cells and back, on the small province."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from books import opened
from conftest import ROOT, Small
from openpyxl import load_workbook
from test_cli import zhishu

from flows.approval import Approval, approve
from flows.batch import Outcome
from flows.cell_record import rules_on
from flows.intake import reader
from flows.ledger.release import releases
from flows.ledger.store import Store
from flows.ledger.warehouse import open_warehouse, view_warehouse
from flows.lineage import reports_before
from flows.pages import write_sheet
from flows.publish import Word, publish
from flows.trace import trace, trees
from flows.trace_cell import trace_cell
from flows.trace_screen import show
from flows.trace_text import HEADER, Branch, trace_rows, trace_tree
from flows.traced import VARIABLE, Traced, TraceError
from indices.method import METHODS_DIR, load_methods

CITY = "360600"


@pytest.fixture(scope="module")
def traced(small: Small, small_outcome: Outcome) -> Iterator[Traced]:
    assert small_outcome.release is not None
    store = Store(small_outcome.release.folder.parent.parent)
    with closing(view_warehouse(store)) as con:
        yield Traced(con, store, releases(store)[-1], small.codes)


def placed(traced: Traced, index: str) -> None:
    """``lineage`` of every subject of an index."""
    traced.place(traced.sources(index, traced.asked(index, traced.subjects(index))))


def variables_of(traced: Traced, index: str) -> list[dict]:
    return [v for subject in traced.subjects(index) for v in traced.results(VARIABLE, index, subject)]


def cells_of(traced: Traced) -> dict[tuple[str, str, str], tuple[int, Decimal]]:
    rows = traced.query(
        "select subject, indicator, variable, count(*) n, coalesce(sum(value), 0) total from lineage"
        " where use = '数值' group by all"
    )
    return {(r["subject"], r["indicator"], r["variable"]): (r["n"], r["total"]) for r in rows}


@pytest.mark.parametrize("index", ["MQ", "CM", "CA"])
def test_every_variable_leads_to_as_many_cells_as_the_engine_added(traced: Traced, index: str) -> None:
    placed(traced, index)
    cells = cells_of(traced)
    kept = variables_of(traced, index)
    assert kept
    differing = {
        (v["subject"], v["indicator"], v["variable"]): (v["cells"], n)
        for v in kept
        if (n := cells.get((v["subject"], v["indicator"], v["variable"]), (0, 0))[0]) != v["cells"]
    }
    assert differing == {}


@pytest.mark.parametrize("index", ["MQ", "CM", "CA"])
def test_plain_sums_are_the_sums_of_their_cells(traced: Traced, index: str) -> None:
    placed(traced, index)
    cells = cells_of(traced)
    means = {
        (r["subject"], r["indicator"], r["variable"])
        for r in traced.query("select subject, indicator, variable from lineage where use = '权数'")
    }
    kept = [
        v
        for v in variables_of(traced, index)
        if v["value"] is not None and "(" not in v["variable"]
        if (v["subject"], v["indicator"], v["variable"]) not in means
    ]
    assert len(kept) > 20
    for v in kept:
        assert cells[v["subject"], v["indicator"], v["variable"]][1] == v["value"], v


def test_a_city_s_growth_is_traced_to_two_cells_that_say_what_the_workbook_says(
    traced: Traced, small: Small
) -> None:
    found = trace(traced, "MQ", CITY, "MQ102")
    (indicator,) = found["indicators"]
    now, before = [v["rows"][0] for v in indicator["variables"]]
    growth = 100 * (Decimal(now["value"]) / Decimal(before["value"]) - 1)
    assert abs(growth - Decimal(indicator["value"])) < Decimal("1e-9")
    assert now["decided"]["type"] == "accepted" and len(now["digest"]) == 64
    path = next(small.inbox.rglob("2026-10/" + now["file_name"]))
    sheet = load_workbook(path, data_only=True)[now["sheet"]]
    assert Decimal(str(sheet[now["cell"]].value)) == Decimal(now["value"]) == Decimal(now["raw"])


def test_the_way_back_names_the_same_figures(traced: Traced) -> None:
    now = trace(traced, "MQ", CITY, "MQ102")["indicators"][0]["variables"][0]["rows"][0]
    back = trace_cell(traced, now["digest"], now["sheet"], now["cell"])
    assert {"MQ"} <= {row["index"] for row in back}
    assert ("MQ", CITY, "MQ102") in {(r["index"], r["subject"], r["indicator"]) for r in back}
    for row in back:
        cells = trace(traced, row["index"], row["subject"], row["indicator"])
        listed = {
            (c["digest"], c["sheet"], c["cell"])
            for v in cells["indicators"][0]["variables"]
            for c in v["rows"]
        }
        if row["use"] == "数值":
            assert (now["digest"], now["sheet"], now["cell"]) in listed


def test_the_way_back_does_not_depend_on_what_was_asked_before(traced: Traced) -> None:
    trace(traced, "CA", "KCU", "CA101")
    assert trace_cell(traced, "360602.xlsx", "GLT02", "K15")


def test_what_is_not_there_is_said(traced: Traced) -> None:
    with pytest.raises(TraceError, match="没有指数 XX"):
        trace(traced, "XX", CITY)
    with pytest.raises(TraceError, match="没有对象 999999"):
        trace(traced, "MQ", "999999")
    with pytest.raises(TraceError, match="没有指标 MQ999"):
        trace(traced, "MQ", CITY, "MQ999")
    with pytest.raises(TraceError, match="没有接收过文件"):
        trace_cell(traced, "没有.xlsx", "表", "A1")


def test_tree_and_workbook_hold_every_cell(traced: Traced, tmp_path: Path) -> None:
    found = trace(traced, "CM", "EI")
    rows = trace_rows(found)
    assert len(rows) == sum(len(v["rows"]) for i in found["indicators"] for v in i["variables"]) > 50
    assert len(trace_tree(found).branches) == 3 + len({i["pillar_no"] for i in found["indicators"]})
    for name in ("a.xlsx", "b.xlsx"):
        write_sheet(tmp_path / name, "溯源（内部）", "2026-10", HEADER, rows)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    json.dumps(found)


def test_twelve_reports_back_skip_january() -> None:
    assert reports_before(202603, 4) == [202603, 202602, 202512, 202511]


def test_the_command_prints_the_tree_without_prefect(traced: Traced, small: Small) -> None:
    code = (
        "import sys\nfrom flows import cli\nsys.argv = sys.argv[1:]\n"
        "try:\n    cli.main()\nexcept SystemExit as stop:\n    print('prefect' in sys.modules, stop.code)\n"
    )
    home = str(traced.release.folder.parent.parent)
    arguments = ["zhishu", "trace", "MQ", CITY, "2026-10", "--home", home, "--codes", str(small.codes.folder)]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert (
        done.stdout.endswith("False 0\n")
        and "MQ102" in done.stdout
        and traced.release.manifest.head in done.stdout
    )


def test_findings_answers_and_corrections_stand_at_their_own_row(small: Small, small_home: Path) -> None:
    """Two counties' rows of one field of a city's form, a finding on one of them: the other says nothing of it."""
    store = Store(small_home)
    with closing(duckdb.connect(str(store.warehouse))) as con:
        (row,) = con.execute(
            "select s.id, s.digest, s.submitter, s.period, s.form, s.subject, c.sheet, c.address, c.row_key"
            " from cell c join submission s on s.id = c.submission where s.form = 'GLT04' and s.period = '2025'"
            " and c.field = 'rd_exp' and c.region_code = '360602' and c.chain_code = 'T'"
        ).fetchall()
        id, digest, submitter, period, form, subject, sheet, address, key = row
        con.execute(
            "insert into finding values (5, 0, ?, 'f1', 'S999', 'soft', 1, 'fail', 'open', '偏高', '请说明', ?, ?, ?,"
            " ?, '2024', ?, ?, ?, ?, 'rd_exp,rev_year', '1')",
            [id, digest, submitter, period, form, subject, sheet, f"A1,{address}", key],
        )
        con.execute(
            "insert into reply values (6, 0, 'f1', 'S999', 'approved', '', '已核实', ?, ?, ?, ?, ?, '', '', '李四', '审核员')",
            [submitter, period, form, subject, digest],
        )
        con.execute(
            "insert into correction values (7, '360600/R-1', 'applied', 0, '', '', ?, ?, ?, ?, ?, 'rev_year', '986090',"
            " '986000', '1', '', '张三', '李四', '李四', '审核员', '')",
            [id, form, period, subject, key],
        )
    with closing(view_warehouse(store)) as con:
        traced = Traced(con, store, releases(store)[-1], small.codes)
        revenue = trace(traced, "MQ", "360602", "MQ301")["indicators"][0]["variables"][1]["rows"][0]
        findings = {
            subject: {c["field"]: c["findings"] for v in tree["variables"] for c in v["rows"]}
            for subject in ("360602", "360603")
            for tree in trace(traced, "MQ", subject, "MQ301")["indicators"]
        }
        text = str_of(trace_tree(trace(traced, "MQ", "360602", "MQ301")))
    assert (revenue["value"], revenue["raw"]) == ("986000.0000", "986090")
    assert revenue["correction"]["revision"] == "360600/R-1" and revenue["events"][-1]["actor"] == "李四"
    assert "按修订单 360600/R-1 由 986090 更正为 986000（李四，事件 7）" in text
    (finding,) = findings["360602"]["rd_exp"]
    assert (finding["rule"], finding["state"], finding["seq"]) == ("S999", "approved", 5)
    assert [(r["actor"], r["seq"]) for r in finding["replies"]] == [("李四", 6)]
    assert findings["360602"]["rev_year"] == findings["360603"]["rd_exp"] == []
    assert "S999 不符：偏高（已核定；李四，事件 6：已核实）　事件 5" in text
    assert f"{len(rules_on('GLT04', '2024', 'rd_exp', '2025', 'submission'))} 条规则无发现" in text


def str_of(tree: Branch) -> str:
    return "\n".join(tree.lines())


def test_a_pipe_gets_the_lines_that_a_wide_terminal_shows(
    traced: Traced, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = trace_tree(trace(traced, "MQ", "360602", "MQ301"))
    tree.add("两行的\n原文").add("").add("末端")
    monkeypatch.setenv("COLUMNS", "600")
    show(tree)
    assert capsys.readouterr().out == str_of(tree) + "\n"


def test_a_cell_names_the_rules_that_looked_at_it(traced: Traced) -> None:
    cells = {
        c["field"]: c
        for v in trace(traced, "MQ", "360602", "MQ802")["indicators"][0]["variables"]
        for c in v["rows"]
    }
    assert {"R01", "R03", "R04", "H102A", "H102D"} <= set(cells["ent_loss_n"]["without_finding"])
    assert "H102D" not in cells["ent_n"]["without_finding"] and "H323" in cells["ent_n"]["without_finding"]
    assert cells["ent_n"]["findings"] == []
    assert "S102N" not in rules_on("GLT02", "history", "rev_cum", "2025-10", "bureau")
    assert "S102N" in rules_on("GLT02", "2024", "rev_cum", "2026-10", "submission")


def with_methods(traced: Traced, folder: Path) -> Traced:
    return Traced(traced._con, traced._store, traced.release, traced.codes, folder)


def test_a_changed_method_file_is_refused_and_a_newer_version_changes_nothing(
    traced: Traced, tmp_path: Path
) -> None:
    same = shutil.copytree(METHODS_DIR, tmp_path / "same")
    text = (same / "MQ-2026.1.toml").read_text("utf-8")
    newer = text.replace('version = "2026.1"', 'version = "2026.2"').replace(
        'weight = "4"', 'weight = "5"', 1
    )
    newer = newer.replace('weight = "2"', 'weight = "1"', 1)
    (same / "MQ-2026.2.toml").write_text(newer, "utf-8")
    assert len(load_methods(same)) == 4
    assert trace(with_methods(traced, same), "MQ", CITY, "MQ102") == trace(traced, "MQ", CITY, "MQ102")
    changed = shutil.copytree(METHODS_DIR, tmp_path / "changed")
    (changed / "MQ-2026.1.toml").write_text(text.replace("规上工业营业收入可比增速", "增速"), "utf-8")
    with pytest.raises(TraceError, match=r"MQ-2026\.1\.toml 与发布 2026-10\.1 所用的不同"):
        trace(with_methods(traced, changed), "MQ", CITY)
    gone = shutil.copytree(METHODS_DIR, tmp_path / "gone", ignore=shutil.ignore_patterns("MQ-*"))
    with pytest.raises(TraceError, match=r"MQ-2026\.1 不在本程序中"):
        trace(with_methods(traced, gone), "MQ", CITY)


def test_stage_and_approval_are_the_journal_s_last_word(small: Small, small_home: Path) -> None:
    store = Store(small_home)
    with store.writing(), closing(open_warehouse(store, reader(small.settings(small_home)))) as con:
        publish(con, store, "2026-10.1", Word("最终", "定案", "王五", "发布岗", "赵六"))
        approve(con, store, "MQ-2026.1", Approval("张三", "处长", "赣统〔2026〕1号", "2026-11-01"))
    with closing(view_warehouse(store)) as con:
        found = trace(Traced(con, store, releases(store)[-1], small.codes), "MQ", CITY, "MQ102")
    assert (found["stage"], found["publisher"], found["approver"]) == ("最终", "王五", "赵六")
    assert found["method_approval"]["approver"] == "张三"
    top = str_of(trace_tree(found)).splitlines()[0]
    assert "（最终，发布 王五，批准 赵六）" in top and "张三 以 赣统〔2026〕1号 批准" in top
    assert "方法批准晚于首期数据" in top


def test_another_code_list_is_named(small: Small, traced: Traced, tmp_path: Path) -> None:
    folder = shutil.copytree(small.codes.folder, tmp_path / "codes")
    with (folder / "regions.csv").open("a", encoding="utf-8") as file:
        file.write("# 别的\n")
    other = Traced(traced._con, traced._store, traced.release, replace(small.codes, folder=folder))
    assert traced.differing == () and other.differing == ("regions.csv",)


def test_scalars_and_the_base_period_are_filled_in(traced: Traced) -> None:
    leaves = {i["indicator"]: i for i in trace(traced, "CM", "EI")["indicators"]}
    assert "(target_2026 * 10000)" in leaves["CM101"]["expression"]
    assert "(12000.00 * 10000)" in leaves["CM101"]["expression_filled"]
    assert leaves["CM105"]["ref_period"] == "2026Q3" and "(9 / 12)" in leaves["CM105"]["expression_filled"]
    line = leaves["CM103"]["score_formula"]
    ratio = re.search(r"r = 100 × ([\d.]+) / ([\d.]+) = ([\d.]+)（报告期 202610 .*基期 202510 的 pct", line)
    assert ratio is not None
    now, base, r = map(Decimal, ratio.groups())
    assert now == Decimal(leaves["CM103"]["value"]) and abs(100 * now / base - r) < Decimal("1e-11")
    assert abs(60 + 40 * (r - 85) / 30 - Decimal(leaves["CM103"]["raw_score"])) < Decimal("1e-10")


def test_carried_values_say_their_age_and_events_their_numbers(traced: Traced) -> None:
    (leaf,) = trace(traced, "MQ", "360602", "MQ202")["indicators"]
    (output, _) = leaf["variables"]
    assert (leaf["ref_period"], leaf["age"], output["age"]) == ("2025", 10, 10)
    (cell,) = output["rows"]
    kinds = {e["type"]: e for e in cell["events"]}
    received, accepted = kinds["received"], kinds["accepted"]
    assert traced.entries[received["seq"] - 1].body["digest"] == cell["digest"]
    assert accepted == cell["decided"] and received["seq"] < accepted["seq"] <= traced.release.manifest.seq
    assert "沿用 10 个月前" in str_of(trace_tree(trace(traced, "MQ", "360602", "MQ202")))


@pytest.mark.parametrize(
    ("index", "subject", "chains"),
    [("CM", "EI", {"", "EI"}), ("CA", "KCU", {"", "NF"}), ("MQ", "360602", {"", "T"})],
)
def test_the_cells_of_other_chains_are_left_alone(
    traced: Traced, index: str, subject: str, chains: set[str]
) -> None:
    """KCU stands on a sub-chain of NF, whose rows bear the chain's code."""
    trace(traced, index, subject)
    assert {row["chain_code"] for row in traced.query("select distinct chain_code from cell")} == chains


def test_all_at_once_is_the_same_as_one_by_one(traced: Traced) -> None:
    found = {tree["subject"]: tree for tree in trees(traced, traced.method("CA"), traced.subjects("CA"))}
    assert found and all(tree == trace(traced, "CA", subject) for subject, tree in found.items())


def test_mistakes_and_the_workbook_of_a_cell(
    capsys: pytest.CaptureFixture[str], traced: Traced, small: Small, small_home: Path, tmp_path: Path
) -> None:
    home = ("--home", small_home, "--codes", small.codes.folder)
    code, _, err = zhishu(capsys, "trace", "MQ", CITY, "2026-13", "--release", "2026-10.1", *home)
    assert code == 2 and "2026-13" in err and "Traceback" not in err
    code, _, err = zhishu(capsys, "trace", "MQ", CITY, "2026-09", "--release", "2026-10.1", *home)
    assert code == 2 and "发布 2026-10.1 不是 2026-09 的发布" in err
    cell = trace(traced, "MQ", CITY, "MQ102")["indicators"][0]["variables"][0]["rows"][0]
    place = (cell["digest"], cell["sheet"], cell["cell"])
    book = tmp_path / "back.xlsx"
    code, out, _ = zhishu(capsys, "trace", "--cell", *place, "--xlsx", book, *home)
    rows = [[c.value for c in row] for row in opened(book)["溯源（内部）"].iter_rows()]
    assert code == 0 and rows[0][:3] == ["指数", "对象", "指标"]
    assert [tuple(r[:3]) for r in rows[1:]] == [
        tuple(line.split("　")[0].split()) for line in out.splitlines()
    ]
    assert ["MQ", CITY, "MQ102"] in [r[:3] for r in rows]
