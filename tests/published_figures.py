"""What the sheets 总表 and 指标 of published workbooks say, found by their headings, as decimals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from python_calamine import CalamineWorkbook

GAPS = ("", "…", "—")
INDEX = {"制造业高质量发展": "MQ", "产业链现代化": "CM", "产业集群先进性": "CA"}

Key = tuple[str, ...]


@dataclass
class Published:
    """Figures by (index, subject), of pillars and indicators with their name or code; a gap is None."""

    totals: dict[Key, tuple[Decimal | None, ...]] = field(default_factory=dict)  # rank, monthly, full
    pillars: dict[Key, Decimal | None] = field(default_factory=dict)
    pillar_contributions: dict[Key, Decimal | None] = field(default_factory=dict)
    # value, score, weight and contribution in the monthly value, weight and contribution in the full one
    indicators: dict[Key, tuple[Decimal | None, ...]] = field(default_factory=dict)


def read_published(paths: Iterable[Path]) -> Published:
    """The figures of one edition's workbooks."""
    found = Published()
    for path in sorted(paths):
        index = next(code for name, code in INDEX.items() if name in path.name)
        book = CalamineWorkbook.from_path(str(path))
        for name in book.sheet_names:
            lines = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            if name in ("总表", "总表（县）"):
                _read_overview(index, lines, found)
            elif name == "指标":
                _read_indicators(index, lines, found)
    return found


def number(raw: object) -> Decimal | None:
    return None if raw in GAPS else Decimal(repr(raw)).normalize()


def _read_overview(index: str, lines: list[list], found: Published) -> None:
    top = next(at for at, line in enumerate(lines) if line[:4] == ["位次", "代码", "名称", "月度监测值"])
    first = lines[top].index("分项得分（月度篮子，分）")
    full = lines[top].index("全篮子值")
    names = lines[top + 1][first:full]
    for line in lines[top + 2 :]:
        if str(line[0]).startswith("注："):
            break
        if line[1] == "":
            continue  # the heading of a level
        subject = (index, str(line[1]))
        found.totals[subject] = (number(line[0]), number(line[3]), number(line[full]))
        found.pillars |= {(*subject, n): number(x) for n, x in zip(names, line[first:full], strict=True)}
    block = next((at for at, line in enumerate(lines) if line[3:5] == ["监测值", "合计"]), None)
    if block is None:  # beside a chart alone, which a hundred subjects have none of
        return
    names = lines[block][5 : lines[block].index("起")]
    for line in lines[block + 1 :]:
        if line[1] != "":
            subject = (index, str(line[1]))
            found.pillar_contributions |= {
                (*subject, n): number(x) for n, x in zip(names, line[5 : 5 + len(names)], strict=True)
            }


def _read_indicators(index: str, lines: list[list], found: Published) -> None:
    top = next(at for at, line in enumerate(lines) if line[0] == "类型")
    columns = [str(name).split("\n")[0] for name in lines[top]]
    wanted = [columns.index("指标值"), columns.index("得分")]
    wanted += [at for at, name in enumerate(columns) if name in ("有效权重", "贡献")]
    for line in lines[top + 1 :]:
        if line[1] != "":
            key = (index, str(line[1]), str(line[3]))
            found.indicators[key] = tuple(number(line[at]) for at in wanted)
