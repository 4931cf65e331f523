"""The engine on a workbook that nobody here wrote: 31 provinces, 11 years, merged headers and blanks as they are."""

import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import polars as pl
import pytest

from flows.scoring import csv_bytes, score_files, write_stages

REAL = os.environ.get("ZHISHU_REAL", "")
FOLDER = Path(REAL) / "dedi_31prov"
needs_real = pytest.mark.skipif(not REAL, reason="ZHISHU_REAL does not name the folder of real workbooks")


@cache
def tree() -> list[tuple[str, str, str]]:
    """(first level, second level, indicator) as the workbook's merged cells say."""
    sheet = openpyxl.load_workbook(FOLDER / "indicator_system.xlsx").worksheets[0]
    found, first, second = [], "", ""
    for a, b, name, *_ in sheet.iter_rows(min_row=2, values_only=True):
        first, second = a or first, b or second
        if name:
            found.append((str(first), str(second), str(name)))
    return found


@cache
def lines() -> list[tuple[Any, ...]]:
    """The cells of the data, row by row."""
    sheet = openpyxl.load_workbook(FOLDER / "original_data.xlsx", data_only=True).worksheets[0]
    return list(sheet.iter_rows(values_only=True))


def labels() -> list[str]:
    """The columns of the data in the order of the tree; the two that the share is made of are not in it."""
    names = [str(v) for v in lines()[2] if v][3:]
    return [n for n in names if not n.startswith(("Employment in Tele", "Total Employment"))]


def method_text() -> str:
    lines = ["format = 2", "index = 'DEDI'", "version = '1'", "name = 'Digital economy'", "[data]", "subject = 'id'",
             "name = 'province'", "period = 'year'", "header_row = 3"]  # fmt: skip
    groups: dict[str, str] = {}
    for (first, second, _), label in zip(tree(), labels(), strict=True):
        groups |= {first: "DEDI", second: first}
        lines += ["[[indicators]]", f'id = "{label}"', f'name = "{label}"', f"parent = '{second.strip()}'"]
    lines += ["[[groups]]", "id = 'DEDI'", "name = 'DEDI'"]
    for group, parent in groups.items():
        lines += [
            "[[groups]]",
            f"id = '{group.strip()}'",
            f"name = '{group.strip()}'",
            f"parent = '{parent}'",
        ]
    return "\n".join(lines) + (
        "\n[[steps]]\nstep = 'normalise'\nscale = {method = 'minmax', window = 'all'}\n"
        "[[steps]]\nstep = 'aggregate'\n"
    )


def computed_with_numpy() -> dict[tuple[str, str], float]:
    """The same index from the cells by numpy alone."""
    header = list(lines()[2])
    at = [header.index(n) for n in labels()]
    cells = [r for r in lines()[3:] if r[1] is not None]
    x = np.asarray([[np.nan if r[a] is None else float(r[a]) for a in at] for r in cells])
    scores = 100 * (x - np.nanmin(x, axis=0)) / (np.nanmax(x, axis=0) - np.nanmin(x, axis=0))
    firsts, seconds = ([t[level] for t in tree()] for level in (0, 1))
    middle = {
        s: np.nanmean(scores[:, [j for j, t in enumerate(seconds) if t == s]], axis=1)
        for s in dict.fromkeys(seconds)
    }
    above = dict(zip(seconds, firsts, strict=True))
    top = [np.nanmean([middle[s] for s in middle if above[s] == f], axis=0) for f in dict.fromkeys(firsts)]
    index = np.nanmean(top, axis=0)
    return {(str(r[1]), str(r[0])): float(v) for r, v in zip(cells, index, strict=True)}


@needs_real
def test_the_digital_economy_of_31_provinces(tmp_path: Path) -> None:
    method = tmp_path / "dedi.toml"
    method.write_text(method_text(), "utf-8")
    computed = score_files(method, FOLDER / "original_data.xlsx", 1)
    scored = computed.scored
    index = scored.levels.filter(pl.col("node") == "DEDI")
    found = {(s, p): float(v) for s, p, v in index.select("subject", "period", "value").iter_rows()}
    wanted = computed_with_numpy()
    assert found.keys() == wanted.keys() and len(found) == 31 * 11
    assert max(abs(found[k] - wanted[k]) for k in wanted) < 1e-9
    assert scored.values.filter(pl.col("missing") == "late").height == 121
    written = {p.name: p.read_bytes() for p in write_stages(computed, tmp_path / "a")}
    again = score_files(method, FOLDER / "original_data.xlsx", 2).scored.frames()
    # the workbook is a function of these frames; that it has the same bytes twice is tested on a small one
    assert {f"{name}.csv": csv_bytes(frame) for name, frame in again.items()} == {
        name: data for name, data in written.items() if name.endswith(".csv")
    }
    assert all(frame.equals(scored.frames()[name]) for name, frame in again.items())
    assert len(written) == len(again) + 1
