"""The worked example of the guide: what a reader copies out of indices/README.md gives the published index."""

import csv
import json
import re
import shlex
from dataclasses import MISSING, Field, fields
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args, get_type_hints

import polars as pl
import pytest
from books import opened
from openpyxl import Workbook

from flows.cli import main
from indices.declare import (
    Aggregate,
    Denominate,
    Impute,
    Mean,
    Normalise,
    Scale,
    ScaleMethod,
    Screen,
    Transform,
    Treat,
    Uncertainty,
    Weigh,
)
from indices.design import Data, Design, Group, Indicator, Missing
from indices.method_file import parse_design
from indices.score import score

GUIDE = Path(__file__).parent.parent / "indices" / "README.md"


def block(kind: str) -> str:
    """The first block of a kind in the guide."""
    found = re.search(
        rf"```{kind}\n(.*?)```", GUIDE.read_text("utf-8").split("# The engine alone", 1)[1], re.S
    )
    assert found is not None
    return found[1]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "hdi.toml").write_text(block("toml"), "utf-8")
    (tmp_path / "hdi.csv").write_text(block("csv"), "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, line: str) -> object:
    monkeypatch.setattr("sys.argv", shlex.split(line, comments=True))
    with pytest.raises(SystemExit) as stop:
        main()
    return stop.value.code


def test_the_published_values_come_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = [run(monkeypatch, line) for line in block("sh").splitlines()]
    assert codes == [2, 0, 0, 0]
    with (folder / "out" / "published.csv").open(encoding="utf-8") as file:
        index = {r["subject"]: (r["value"], r["rank"]) for r in csv.DictReader(file) if r["node"] == "HDI"}
    assert index == {"Switzerland": ("0.967", "1"), "Norway": ("0.966", "2"), "Iceland": ("0.959", "3")}
    book = opened(folder / "out" / "HDI-2022.xlsx")
    assert {"总表", "指标得分", "权重", "位次区间", "相关热图", "升位距离", "说明"} <= set(book.sheetnames)
    assert [c.value for c in book["总表"][3]][-3:] == ["权重覆盖率", "位次区间起", "位次区间止"]
    whatif = opened(folder / "out" / "whatif.xlsx")
    for check in (the_decimals_are_those_of_the_index, what_three_subjects_cannot_bear_is_marked):
        check(book, whatif)
    nothing = {"填补", "异常值处理", "缺失规则影响", "提示"}
    (told,) = [r[1].value for r in book["说明"].iter_rows() if r[0].value == "空表"]
    assert not nothing & set(book.sheetnames) and all(title in told for title in nothing)


def the_decimals_are_those_of_the_index(book: Workbook, whatif: Workbook) -> None:
    """Values and formats of the sheets that show scores, gaps and changes have three decimals."""
    assert [c.value for c in book["升位距离"]["D"][4:6]] == [0.001, 0.007]
    scores = {r[0].value: r for r in book["强项弱项"].iter_rows(min_row=5) if r[3].value}
    assert scores["Norway"][4].value == 0.975 and "0.000" in scores["Norway"][4].number_format
    moves = whatif["谁升谁降"]
    (line,) = [r for r in moves.iter_rows() if r[0].value == "Norway"]
    assert [(c.value, c.number_format.split("_")[0]) for c in (line[4], line[8])] == [(-0.027, "+0.000")] * 2
    assert moves._charts[0].y_axis.numFmt.formatCode == "+0.000;-0.000;0.000"


def what_three_subjects_cannot_bear_is_marked(book: Workbook, whatif: Workbook) -> None:
    few = "单位太少（3），仅供参考"
    marked = {s.title for s in book if few in str(s["A2"].value)}
    assert marked == {"相关热图", "相关系数", "信度", "主成分", "主成分载荷", "权重与重要性"}
    assert "原始数值" in book["指标统计"]["A2"].value and "原始数值" not in book["强项弱项"]["A2"].value


def test_a_blank_cell_is_a_note_and_asks_for_a_person(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "gap.csv").write_text(block("csv").replace(",69433", ","), "utf-8")
    assert run(monkeypatch, "zhishu score hdi.toml gap.csv --out gap") == 1
    ranks = [line.split() for line in capsys.readouterr().out.splitlines()[1:4]]
    assert ranks[1][1:] == ["Iceland", "0.959"]
    assert ranks[2][1:] == ["Switzerland", "0.956", "权重覆盖率", "0.6667"]
    book = opened(folder / "gap" / "HDI-2022.xlsx")
    (note,) = [[c.value for c in r] for r in book["提示"].iter_rows(min_row=3, max_row=3)]
    assert note[:3] == ["指标不全", "Switzerland", "Switzerland"] and "gni Gross national income" in note[4]
    rows = {r[0].value: [c.value for c in r] for r in book["总表"].iter_rows()}
    assert (
        rows["单位代码"][-1] == "权重覆盖率" and rows["Switzerland"][-1] == 0.6667 and rows["Norway"][-1] == 1
    )


RECORDS = {
    "(top)": Design, "[data]": Data, "[[indicators]]": Indicator, "[[groups]]": Group, "[missing]": Missing,
    "[uncertainty]": Uncertainty, "screen": Screen, "denominate": Denominate, "impute": Impute, "treat": Treat,
    "transform": Transform, "normalise": Normalise, "weigh": Weigh, "aggregate": Aggregate, "scale": Scale,
}  # fmt: skip


def as_written(field: Field[Any]) -> str:
    """A default as a method file would have it; empty for a key that must be given."""
    if field.default_factory is not MISSING:
        made = field.default_factory()
        return "{}" if made == {} else "its defaults"
    if field.default is MISSING:
        return ""
    if isinstance(field.default, Decimal | str):
        return f'"{field.default}"'
    if isinstance(field.default, tuple):
        return json.dumps(field.default)
    if isinstance(field.default, bool):
        return str(field.default).lower()
    return "none" if field.default is None else str(field.default)


def test_the_guide_has_every_key_with_its_default() -> None:
    part = GUIDE.read_text("utf-8").split("## The keys", 1)[1].split("\n## ", 1)[0]
    told: dict[str, dict[str, str]] = {}
    record = ""
    for line in (x for x in part.splitlines() if x.startswith("|") and not x.startswith("|---")):
        cells = [c.strip().strip("`") for c in line.strip("|").split("|")]
        if cells[1] == "key":
            continue
        record = cells[0] or record
        if record in RECORDS:
            told.setdefault(record, {}).update({cells[1]: cells[3]} if cells[1] else {})
        assert not cells[1] or cells[2]
    known = {
        name: {f.name: as_written(f) for f in fields(one) if f.name != "step"}
        for name, one in RECORDS.items()
    }
    assert told == known


def test_the_guide_has_the_formula_of_every_scale_mean_and_weight() -> None:
    part = GUIDE.read_text("utf-8").split("## The formulas", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in part.splitlines() if line.startswith("| `")]
    told = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    weights = get_type_hints(Weigh)["method"]
    assert told == {*get_args(ScaleMethod), *get_args(Mean), *get_args(weights)}


def test_the_frozen_weights_of_the_guide_go_with_its_example(folder: Path) -> None:
    example, frozen = re.findall(r"```toml\n(.*?)```", GUIDE.read_text("utf-8"), re.S)[-2:]
    text = example.replace('[[steps]]\nstep = "aggregate"', f'{frozen}\n[[steps]]\nstep = "aggregate"')
    found = score(parse_design(text, "hdi"), pl.read_csv(folder / "hdi.csv", infer_schema=False)).weights
    weights = {n: (str(w.normalize()), m) for n, w, m in found.select("node", "weight", "method").iter_rows()}
    assert (weights["life"], weights["EDU"]) == (("0.41", "frozen"), ("1", "given"))


def test_mistakes_are_told_in_one_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.csv").write_text(block("csv").replace("13.9", "约13.9"), "utf-8")
    assert run(monkeypatch, "zhishu score hdi.toml bad.csv --out out") == 2
    assert capsys.readouterr().err.startswith("错误：bad.csv 第 2 行第 4 列 的“约13.9”不是数值")
    assert run(monkeypatch, "zhishu score hdi.toml none.csv --out out") == 2
    assert run(monkeypatch, "zhishu score none.toml hdi.csv --out out") == 2
    assert run(monkeypatch, "zhishu whatif hdi.toml hdi.csv --set weight.x=1 --out out") == 2
    assert "内部错误" not in capsys.readouterr().err
