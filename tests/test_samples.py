"""The synthetic samples: reproducible, consistent, calibrated to the published figures."""

from __future__ import annotations

import csv
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from books import opened
from conftest import Small
from consistency import Filings, chain_of_industry, violations
from openpyxl import load_workbook
from records import check
from small import CITY

from schemas.codes import PROVINCE, load_codes
from schemas.finding import Severity
from schemas.form import form_for
from schemas.packing import parts_of
from schemas.period import Period
from schemas.reading.record import Submission
from schemas.reading.workbook import read_workbook
from schemas.samples.classes import BY_CLASS, BY_PRODUCT
from schemas.samples.defects import LIST_NAME, write_defective
from schemas.samples.history import chain_records, cluster_records, region_records, write_history
from schemas.samples.published import FIGURES, write_published
from schemas.samples.register import Register
from schemas.samples.sizes import CHAINS, OUTSIDE, SUBCHAINS
from schemas.samples.uscc import organisation_check, uscc
from schemas.samples.write import DELIVERED, SEED, Samples, write_province
from schemas.territory import submitter, submitters
from schemas.uscc import valid_uscc

DECEMBER, YEAR, OCTOBER = Period(2025, 12, 0), Period(2025, 12, 2), Period(2026, 10, 0)


@pytest.fixture(scope="module")
def whole() -> Samples:
    """The samples of the whole province."""
    return Samples(load_codes(), DELIVERED)


@pytest.fixture(scope="module")
def deliveries(small: Small) -> list[Path]:
    """The deliveries of the small province."""
    return sorted(path for path in small.inbox.rglob("*.xlsx") if path.parent.name != "history")


def filings(samples: Samples, periods: tuple[Period, ...] = DELIVERED, history: bool = True) -> Filings:
    """What the samples file, in memory."""
    taken = Filings(samples.codes)
    for period in periods:
        for office in submitters(samples.codes):
            for sheet in samples.sheets(office, period):
                taken.add(office.code, sheet.due.form, sheet.due.period, sheet.rows)
    if history:
        for records in (region_records, chain_records, cluster_records):
            for form, printed, text, name, value in records(samples.economy):
                period, named = Period.parse(printed), dict(part.split("=") for part in text.split(";"))
                key = tuple(named.get(c.code, "") for c in form_for(form, period).keys)
                taken.history.setdefault((form, period, key), {})[name] = value  # type: ignore[assignment]
    return taken


@pytest.fixture(scope="module")
def clean(small: Small) -> Filings:
    """What the small province files; nobody changes it."""
    return filings(Samples(small.codes, DELIVERED))


def test_small_province_is_clean_under_all_checks(clean: Filings) -> None:
    assert violations(clean) == []


@pytest.mark.parametrize("seed", [1, 2])
def test_other_seeds_break_no_check_but_perhaps_a_clue(small: Small, seed: int) -> None:
    found = violations(filings(Samples(small.codes, DELIVERED, seed)))
    assert [line for line in found if not line.startswith("S32")] == []


SPOIL: dict[str, tuple[str, Period, Callable[[dict[str, object]], None]]] = {
    "H101A": ("GLT01", OCTOBER, lambda row: row.update(ent_loss_n=9_999)),
    "H302": ("GLT01", OCTOBER, lambda row: row.update(cost_cum=row["cost_cum"] + 5)),  # type: ignore[operator]
    "S201B": ("GLT01", OCTOBER, lambda row: row.update(rev_cum=1)),
    "H304": ("GLT02", OCTOBER, lambda row: row.update(emp_avg=row["emp_avg"] + 1)),  # type: ignore[operator]
    "H323": ("GLT02", OCTOBER, lambda row: row.update(ent_new_n=4_000)),
    "S202E": ("GLT02", OCTOBER, lambda row: row.update(rev_cum_ly=row["rev_cum_ly"] // 2)),  # type: ignore[operator]
    "S009": ("GLT02", OCTOBER, lambda row: row.update(exp_cum=row["exp_cum_ly"] * 10)),  # type: ignore[operator]
    "H308": ("GLT03", OCTOBER, lambda row: row.update(area_rev_cum=1)),
    "S307": ("GLT03", OCTOBER, lambda row: row.update(rev_cum=row["rev_cum"] * 2)),  # type: ignore[operator]
    "H310": ("GLT04", YEAR, lambda row: row.update(hnte_n=29_999)),
    "S335": ("GLT05", YEAR, lambda row: row.update(rev_year=row["rev_year"] * 2)),  # type: ignore[operator]
    "S325": ("GLT06", Period(2026, 9, 1), lambda row: row.update(ent_n=1)),
    "S306": ("GLT07", Period(2026, 9, 1), lambda row: row.update(rev_cum=1)),
    "S326": ("GLT07", YEAR, lambda row: row.update(node_n=499)),
    "S333": ("GLT08", DECEMBER, lambda row: row.update(industry4="1811", basis="1")),
    "S305": ("GLT01", DECEMBER, lambda row: row.update(ent_n=row["ent_n"] + 50)),  # type: ignore[operator]
    "H005": ("GLT08", DECEMBER, lambda row: row.update(status="8")),
    "required": ("GLT02", OCTOBER, lambda row: row.update(ht_va_share=None)),
    "decimals": ("GLT02", OCTOBER, lambda row: row.update(va_growth=Decimal("3.14"))),
}


@pytest.mark.parametrize("rule", SPOIL)
def test_self_check_sees_a_spoilt_figure(clean: Filings, rule: str) -> None:
    """The clean result above means something: each kind of damage is named by its rule."""
    form, period, spoil = SPOIL[rule]
    rows = dict(clean.rows[(form, period)])
    key = next(key for key, row in rows.items() if row.get("ent_n", 1) != 0 and key[-1] in ("T", "", key[0]))
    spoilt = dict(rows[key])
    spoil(spoilt)  # type: ignore[arg-type]
    rows[key] = spoilt
    taken = Filings(clean.codes, {**clean.rows, (form, period): rows}, clean.filers, clean.history)
    assert any(line.startswith(rule) for line in violations(taken, (form, period)))


def test_whole_province_is_clean_and_near_what_was_published(whole: Samples) -> None:
    found = violations(filings(whole, (DECEMBER, YEAR), history=False))
    assert found == []
    table = whole.economy.table(DECEMBER)
    assert table.get(PROVINCE, field="rev_cum") == 466_449_000
    assert table.get(PROVINCE, "NE", field="rev_cum") == 39_685_000
    assert table.get(PROVINCE, "NE", "NE01", field="rev_cum") == 21_043_000
    assert table.get(PROVINCE, "NE", "NE02", field="rev_cum") == 11_905_000
    growth = table.get(PROVINCE, field="rev_cum") / table.get(PROVINCE, field="rev_cum_ly") - 1
    assert 0.0495 < growth < 0.0505
    assert 8_470_000 < table.get(PROVINCE, "PH", field="rev_cum") < 9_300_000
    assert 17_000 < table.get(PROVINCE, field="ent_n") < 20_000
    row = whole.regions.row(PROVINCE, DECEMBER)
    assert [str(row[f]) for f in ("mfg_va_growth", "ht_va_share", "eq_va_share", "tech_inv_share")] == [
        "8.4", "23.20", "35.50", "36.50",
    ]  # fmt: skip
    chains = sum(table.get(PROVINCE, chain, field="rev_cum") for chain in whole.codes.chains)
    assert chains < table.get(PROVINCE, field="rev_cum")


def test_months_grow_and_join_the_history(small: Small) -> None:
    """Every month of the model, printed or not: cumulative figures rise, last year's is near as reported."""
    economy = Samples(small.codes, DELIVERED).economy
    for year in (2024, 2025, 2026):
        for month in range(3, 13):
            now, before = economy.table(Period(year, month, 0)), economy.table(Period(year, month - 1, 0))
            for key in now.rows:
                if key[0][4:] == "99":
                    continue
                for field in ("rev_cum", "out_cum", "sale_cum", "exp_cum"):
                    assert now.get(*key, field=field) >= before.get(*key, field=field), (key, field)
                assert now.get(*key, field="out_cur") == (
                    now.get(*key, field="out_cum") - before.get(*key, field="out_cum")
                )
    for month in (2, 6, 12):
        now, ago = economy.table(Period(2026, month, 0)), economy.table(Period(2025, month, 0))
        for key in now.rows:
            reported = ago.get(*key, field="rev_cum")
            assert abs(now.get(*key, field="rev_cum_ly") - reported) <= 0.03 * abs(reported)


def test_register_lists_what_the_forms_count(small: Small) -> None:
    economy = Samples(small.codes, DELIVERED).economy
    register = Register(economy)
    listed: set[str] = set()
    for county in small.codes.counties(CITY):
        rows = register.rows(county, 202512, None)
        codes = [key[0] for key in rows]
        assert not listed & set(codes)
        listed |= set(codes)
        assert all(valid_uscc(code) for code in codes)
        there = [row for row in rows.values() if row["date_out"] is None]
        table = economy.table(DECEMBER)
        assert len(there) == sum(table.get(county, chain, field="ent_n") for chain in small.codes.chains)
        changed = register.rows(county, 202609, 202512)
        assert len(changed) < len(rows) / 4
        assert all(
            "2026-01" <= str(row["date_out"] or row["date_in"]) <= "2026-09" for row in changed.values()
        )


def test_credit_code_by_hand() -> None:
    """GB 11714 for the organisation MA000001 (worked out by hand), GB 32100 for the whole code."""
    # M=22*3 + A=10*7 + 1*2 = 138 = 12*11 + 6 -> 11 - 6 = 5
    assert organisation_check("MA000001") == "5"
    code = uscc("360681", 1)
    assert code.startswith("91360681MA0000015")
    assert valid_uscc(code)


def test_industry_classes_agree_with_the_map() -> None:
    codes = load_codes()
    for sub, classes in BY_CLASS.items():
        for industry in classes:
            assert chain_of_industry(codes, industry) == sub[:2], (sub, industry)
    for chain in codes.chains.values():
        for sub in (*chain.subchains, f"{chain.code}Z"):
            assert sub in BY_CLASS or sub in BY_PRODUCT
    assert all(len(i) == 4 and "06" <= i[:2] <= "46" for many in BY_PRODUCT.values() for i in many)


def test_sizes_fit_the_published_total() -> None:
    total = sum(sum(part.values()) for part in SUBCHAINS.values())
    assert total == pytest.approx(46_644.9)
    assert sum(SUBCHAINS["NE"].values()) == pytest.approx(3_968.5)
    assert set(CHAINS) - {OUTSIDE} == set(load_codes().chains)


def test_same_bytes_twice_and_other_bytes_for_another_seed(small: Small) -> None:
    # the register of a first month is written in full, so an office without one is compared
    office = submitter(small.codes, PROVINCE)
    assert office is not None
    again, other = (
        Samples(small.codes, [OCTOBER], seed).workbook(office, OCTOBER) for seed in (SEED, SEED + 1)
    )
    assert again == (small.month / f"{PROVINCE}.xlsx").read_bytes() != other


def test_small_province_files(small: Small, deliveries: list[Path]) -> None:
    names = {str(path.relative_to(small.inbox)) for path in deliveries}
    regions = {"360000", "360600", "360602", "360603", "360681"}
    expected = {f"{p}/{r}.xlsx" for p in ("2025-12", "2025", "2026-09", "2026-10") for r in regions}
    expected |= {f"{p}/{c}.xlsx" for p in ("2025-12", "2025", "2026-09") for c in ("EI", "NF")}
    assert names == expected


def test_every_sheet_says_that_it_is_synthetic(deliveries: list[Path]) -> None:
    for path in deliveries:
        sheets = {
            name: data for name, data in parts_of(path.read_bytes()).items() if "worksheets/sheet" in name
        }
        assert sheets
        assert all("合成样例".encode() in data for data in sheets.values()), path


def test_reported_after_the_period_and_before_the_deadline(small: Small) -> None:
    samples = Samples(small.codes, DELIVERED)
    phones = set()
    for office in submitters(small.codes):
        for period in DELIVERED:
            top = samples.head(office, period)
            assert top.reported_on > period.last_day
            if period.annual:
                assert top.reported_on <= "2026-04-30"
            elif office.level == "county":
                assert int(top.reported_on[8:]) <= 10  # the register is due first
            elif office.level == "city":
                assert int(top.reported_on[8:]) <= 15
            else:
                assert int(top.reported_on[8:]) <= 20
            phones.add((office.code, top.phone))
    assert len({phone for _, phone in phones}) == len(submitters(small.codes))


def test_quarters_and_years_outside_the_model_are_refused(small: Small, tmp_path: Path) -> None:
    for text in ("2026Q3", "2023-12", "2027"):
        with pytest.raises(ValueError, match="样例不能生成"):
            write_province(small.codes, tmp_path, (Period.parse(text),))


def test_history_workbooks(small: Small, tmp_path: Path) -> None:
    paths = sorted((small.inbox / "history").iterdir())
    assert [path.name for path in paths] == ["GLT01.xlsx", "GLT02.xlsx", "GLT03.xlsx"]
    sheet = load_workbook(paths[1]).worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    assert (rows[0][0], rows[2][0]) == ("历史数据表", "填报单位代码：BUREAU")
    assert rows[4] == ("表代码", "报告期", "记录键", "字段", "数值", "资料来源")
    periods = {row[1] for row in rows[5:]}
    assert {"2024", "2024-12", "2025-02", "2025-11", "2026-02", "2026-08"} <= periods
    assert not periods & {"2025-12", "2026-09", "2026-10", "2025", "2025-01"}
    by_key = {row[:4]: row[4] for row in rows[5:]}
    assert len(by_key) == len(rows) - 5
    table = Samples(small.codes, DELIVERED).economy.table(Period(2026, 8, 0))
    assert by_key[("GLT02", "2026-08", "region_code=360681", "rev_cum")] == table.get(
        "360681", field="rev_cum"
    )
    again = write_history(small.codes, tmp_path)
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in paths]


def test_published_workbook_holds_published_figures_alone(tmp_path: Path) -> None:
    (path,) = write_published(load_codes(), tmp_path)
    assert path == tmp_path / "2025-12" / "BUREAU.xlsx"
    numbers, comments = [], []
    for sheet in opened(path.read_bytes()).worksheets:
        assert "合成" not in str(sheet.cell(1, 1).value)
        for row in sheet.iter_rows():
            for cell in row:
                if cell.comment is not None:
                    numbers.append(Decimal(str(cell.value)))
                    comments.append(cell.comment.text)
    assert sorted(numbers) == sorted(Decimal(figure.value) for figure in FIGURES)
    assert all("可靠程度" in text and "口径" in text and "说明" in text for text in comments)
    assert {figure.reliability for figure in FIGURES} == {"A", "B"}


def test_defective_copies(small: Small, tmp_path: Path) -> None:
    paths = write_defective(small.codes, small.inbox, tmp_path)
    with (tmp_path / LIST_NAME).open(encoding="utf-8", newline="") as file:
        lines = {line["文件"]: line for line in csv.DictReader(file)}
    assert [path.name for path in paths] == list(lines)
    defects = {line["缺陷"]: line for line in lines.values()}
    assert len(defects) >= 12

    read = {name: read_workbook((tmp_path / name).read_bytes(), name, small.codes) for name in lines}
    taken = [one for delivery in read.values() if delivery.refused is None for one in delivery.submissions]
    checked = check(taken, small.codes).findings
    for line in lines.values():
        delivery = read[line["文件"]]
        found = [delivery.refused] if delivery.refused else []
        found += [finding for one in delivery.submissions for finding in one.findings]
        found += [finding for finding in checked if finding.digest == delivery.digest]
        assert delivery.refused or {one.version for one in delivery.submissions} == {2}
        named = [f for f in found if f.rule == line["规则"] and f.severity is Severity.HARD]
        assert named, line
        cells = {cell for finding in named for cell in finding.cell.split(",")}
        assert not line["单元格"] or line["单元格"] in cells, (line, cells)
        assert line["工作表"] in {"", *(finding.sheet for finding in named)}, line


def test_the_products_own_reader_and_checks_find_nothing(small: Small, deliveries: list[Path]) -> None:
    taken: list[Submission] = []
    for path in deliveries:
        delivery = read_workbook(path.read_bytes(), path.name, small.codes)
        assert delivery.refused is None and delivery.findings == ()
        assert all(one.findings == () for one in delivery.submissions)
        taken += delivery.submissions
    assert len(taken) > 60
    assert check(taken, small.codes).findings == ()


def test_defective_copies_need_the_province(small: Small, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="请先生成全省样例"):
        write_defective(small.codes, tmp_path / "nowhere", tmp_path / "out")


SAMPLE_INPUTS = Path(__file__).parents[1] / "sample_inputs"


def test_committed_samples_are_what_the_generator_writes(whole: Samples) -> None:
    """Changed forms or figures need the samples written again (``zhishu sample``)."""
    for office in submitters(whole.codes):
        if office.code in ("360000", "360602", "FU"):
            path = SAMPLE_INPUTS / "province" / "2026-09" / f"{office.code}.xlsx"
            assert parts_of(path.read_bytes()) == parts_of(whole.workbook(office, Period(2026, 9, 0))), path


def test_committed_samples_stay_small() -> None:
    files = [path for path in SAMPLE_INPUTS.rglob("*") if path.is_file()]
    assert len(files) > 500
    assert sum(path.stat().st_size for path in files) <= 15_000_000
