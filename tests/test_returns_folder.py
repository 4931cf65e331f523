"""The folder of what goes back: copies from limited workers, letters, names, and what stays with the bureau."""

from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from random import Random

import pytest
import sheets
from openpyxl import Workbook, load_workbook
from returning import finding

from schemas.codes import CODES_DIR
from schemas.finding import Finding, Reply, Severity
from schemas.reading.explanations import TITLE
from schemas.reading.package import Limits
from schemas.reading.workbook import read_workbook
from schemas.returns.folder import UNKNOWN, office_folder, submitter_of, write_return_folder
from schemas.returns.naming import answered_in
from schemas.returns.pool import write_returns
from schemas.returns.record import Answer, Returned, ReturnJob, ReturnResult, shown

BASE, _ = sheets.filled()
ADDRESS = sheets.at(BASE, "rev_cum")
HARD, SOFT = finding(cell=ADDRESS), finding("S901", ADDRESS, Severity.SOFT)
OFFICE = "360102 东湖区统计局"
OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # what an .xls begins with


def job(folder: Path, name: str, data: bytes = BASE, *findings: Finding) -> ReturnJob:
    """A job on a file of this name."""
    source = folder / name
    source.write_bytes(data)
    target = folder / "out" / name.replace(".xlsx", "-审核结果.xlsx")
    return ReturnJob(source, target, name, "东湖区统计局", findings or (HARD, SOFT))


def returned(folder: Path, name: str, data: bytes = BASE, *findings: Finding) -> Returned:
    """A delivery as it was read, with these findings beside those of the reader."""
    at = f"{len(list(folder.iterdir()))}.xlsx"
    (folder / at).write_bytes(data)
    delivery = read_workbook(data, name, sheets.CODES)
    own = tuple(f for s in delivery.submissions for f in s.findings)
    refused = (delivery.refused,) if delivery.refused else ()
    return Returned(delivery, folder / at, (*refused, *delivery.findings, *own, *findings))


def write(folder: Path, *deliveries: Returned, versions: tuple = ()) -> list[tuple[str, str]]:  # type: ignore[type-arg]
    """What was written: path below the folder, and kind."""
    files = write_return_folder(folder / "returns", deliveries, versions, sheets.CODES, workers=1)
    on_disk = {str(p.relative_to(folder)) for p in (folder / "returns").rglob("*") if p.is_file()}
    assert on_disk == {str(f.path.relative_to(folder)) for f in files}
    return [(str(f.path.relative_to(folder / "returns")), f.kind) for f in files]


def texts(path: Path, sheet: str) -> str:
    """All texts of a sheet."""
    rows = load_workbook(path)[sheet].iter_rows(values_only=True)
    return "\n".join(str(value) for row in rows for value in row if value is not None)


def four_jobs(folder: Path) -> list[ReturnJob]:
    """Two good files, the second with an answer, a bad one between them, and one that is not there."""
    answers: Mapping[str, Answer] = {SOFT.id: Answer(Reply.RETURNED, "3", "铜价上涨三成左右", "请附依据")}
    return [
        job(folder, "a.xlsx"),
        job(folder, "b.xlsx", BASE[:-50]),
        replace(job(folder, "c.xlsx"), answers=answers),
        replace(job(folder, "d.xlsx"), source=folder / "none.xlsx"),
    ]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[ReturnResult]:
    """What two workers made of the jobs."""
    return write_returns(four_jobs(tmp_path_factory.mktemp("jobs")), CODES_DIR, 2)


def test_copies_come_in_order_and_one_bad_file_costs_itself(results: list[ReturnResult]) -> None:
    assert [(r.path.name, r.kind) for r in results] == [
        ("a-审核结果.xlsx", "copy"),
        ("b-退件函.xlsx", "letter"),
        ("c-审核结果.xlsx", "copy"),
        ("d-退件函.xlsx", "letter"),
    ]
    assert "压缩包目录损坏" in results[1].reason
    assert sorted(p.name for p in results[0].path.parent.iterdir()) == [r.path.name for r in results]
    assert load_workbook(results[0].path).sheetnames[:2] == [TITLE, "GLT02"]


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> ReturnResult:
    """What comes of a worker that is too slow."""
    folder = tmp_path_factory.mktemp("late")
    (result,) = write_returns([job(folder, "a.xlsx")], CODES_DIR, 1, Limits(seconds=0.0))
    return result


def test_a_worker_that_is_too_slow_leaves_a_letter_with_the_findings(late: ReturnResult) -> None:
    assert late.kind == "letter" and "0 秒仍未完成" in late.reason
    words = texts(late.path, "退件函")
    assert "本工作簿无法加注" in words and "已经审核" in words and "未予采用" not in words
    listing = texts(late.path, TITLE)
    assert HARD.id in listing and SOFT.id in listing and "请把“审核结果”表复制到更正后的工作簿中" in listing


def test_a_worker_without_memory_costs_its_copy_alone(tmp_path: Path) -> None:
    picture = {"xl/media/image1.bin": Random(1).randbytes(4 << 20)}
    large = job(tmp_path, "大.xlsx", sheets.packed(sheets.parts_of(BASE) | picture))
    limits = Limits(memory_bytes=1 << 20)
    results = write_returns([large, job(tmp_path, "小.xlsx", BASE[:-50])], CODES_DIR, 1, limits)
    assert [r.kind for r in results] == ["letter", "letter"]
    assert "内存超过上限 1 MB" in results[0].reason and "压缩包目录损坏" in results[1].reason


def test_explanations_may_be_written_on_a_letter_s_list(late: ReturnResult) -> None:
    letter, form = load_workbook(late.path), load_workbook(BytesIO(BASE))
    sheet = form.create_sheet(TITLE)
    for row in letter[TITLE].iter_rows():
        for cell in row:
            sheet[cell.coordinate].value = cell.value
    sheet["I8"], sheet["J8"] = "3 价格变动", "铜价上涨，出厂价随之上涨"
    (explanation,) = sheets.read(sheets.saved(form)).explanations
    assert explanation.finding == SOFT.id


def test_equal_work_gives_equal_bytes_whatever_the_workers(
    tmp_path: Path, results: list[ReturnResult]
) -> None:
    again = write_returns(four_jobs(tmp_path)[2::-1], CODES_DIR, 1)
    assert [one.path.read_bytes() for one in again[::-1]] == [one.path.read_bytes() for one in results[:3]]


def test_answers_reach_the_worker(results: list[ReturnResult]) -> None:
    words = texts(results[2].path, TITLE)
    assert "说明被退回：请附依据" in words and "铜价上涨三成左右" in words


Folder = tuple[Path, dict[str, Returned], list[tuple[str, str]]]


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """A folder of what goes back, the deliveries by name, and what was written."""
    folder = tmp_path_factory.mktemp("month")
    other, _ = sheets.filled(office="360103")
    ones = [
        returned(folder, "甲.xlsx", BASE, HARD),
        returned(folder, "乙.xlsx", other, finding(submitter="360103")),
        returned(folder, "坏.xlsx", OLD),
        returned(folder, "清.xlsx", BASE, finding("C9", severity=Severity.CLUE)),
        returned(folder, "两家.xlsx", BASE, finding(submitter="360103")),
    ]
    return folder / "returns", {one.delivery.file_name: one for one in ones}, write(folder, *ones)


def test_one_folder_per_submitter(month: Folder) -> None:
    assert month[2] == [
        (f"{OFFICE}/甲-审核结果.xlsx", "copy"),
        ("360103 西湖区统计局/乙-审核结果.xlsx", "copy"),
        (f"{UNKNOWN}/两家-审核结果.xlsx", "copy"),
        (f"{UNKNOWN}/坏-退件函.xlsx", "letter"),
    ]


def test_a_copy_says_which_versions_it_is_about(month: Folder) -> None:
    words = texts(month[0] / OFFICE / "甲-审核结果.xlsx", TITLE)
    version = sheets.one(BASE)
    assert f"本件所审：{version.form} {version.period} 第 {version.version} 版；" in words


def test_a_workbook_that_names_two_offices_stays_with_the_bureau(month: Folder) -> None:
    _, deliveries, written = month
    assert submitter_of(deliveries["两家.xlsx"]) == ""
    assert [one for one in written if "两家" in one[0]] == [(f"{UNKNOWN}/两家-审核结果.xlsx", "copy")]
    assert office_folder(sheets.CODES, "999999") == UNKNOWN


def test_files_of_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    second = sheets.put(BASE, ADDRESS, 5)
    ones = [
        returned(tmp_path, "报表.xlsx", BASE, HARD),
        returned(tmp_path, "报表.XLSX", second, HARD),
        returned(tmp_path, "报表.xls", OLD),
    ]
    digests = [one.delivery.digest[:8] for one in ones]
    written = write(tmp_path, *ones)
    assert sorted(written) == sorted(
        [
            *((f"{OFFICE}/报表-{digest}-审核结果.xlsx", "copy") for digest in digests[:2]),
            (f"{UNKNOWN}/报表-退件函.xlsx", "letter"),
        ]
    )
    assert write(tmp_path, *reversed(ones)) == written


def test_a_later_file_of_one_name_overwrites_no_earlier_copy(tmp_path: Path) -> None:
    first = returned(tmp_path, "报表.xlsx", BASE, HARD)
    second = returned(tmp_path, "报表.xlsx", sheets.put(BASE, ADDRESS, 5), HARD)
    refused = returned(tmp_path, "报表.xlsx", OLD, HARD)
    root = tmp_path / "returns"
    plain = root / OFFICE / "报表-审核结果.xlsx"

    def names(*ones: Returned) -> list[str]:
        files = write_return_folder(root, ones, (), sheets.CODES, workers=1)
        return [file.path.name for file in files]

    assert names(first) == [plain.name] and answered_in(root) == {first.delivery.digest}
    kept = plain.read_bytes()
    own = f"报表-{second.delivery.digest[:8]}-审核结果.xlsx"
    assert names(second) == [own] and plain.read_bytes() == kept
    assert names(refused) == [f"报表-{refused.delivery.digest[:8]}-退件函.xlsx"]
    assert answered_in(root) == {one.delivery.digest for one in (first, second, refused)}
    # what the bureau said since stands in the same file, and no other beside it
    said = {SOFT.id: Answer(Reply.RETURNED, "3", "铜价上涨三成左右", "请附依据")}
    again = replace(first, findings=(*first.findings, SOFT), answers=said)
    assert names(again, second) == sorted([plain.name, own])
    assert "请附依据" in texts(plain, TITLE) and len(list(plain.parent.iterdir())) == 3


NAMES = {
    "360102-审核结果.xlsx": "360102",
    "360102-审核结果-退件函-审核结果.xlsx": "360102",
    "360102-0a1b2c3d-审核结果-审核结果.xlsx": "360102",
    'a<b>:"|?*\x01.xlsx': "a_b_______",
    " . .xlsx": "无名文件",
    "长" * 200 + ".xlsx": "长" * 50,
}


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The names of the copies of each of NAMES, delivered by an office of its own each."""
    folder = tmp_path_factory.mktemp("named")
    offices = dict(zip(NAMES, sheets.CODES.counties(), strict=False))
    write(
        folder,
        *(
            returned(folder, name, sheets.filled(office=office)[0], finding(submitter=office))
            for name, office in offices.items()
        ),
    )
    return {
        name: [path.name for path in (folder / "returns" / office_folder(sheets.CODES, office)).iterdir()]
        for name, office in offices.items()
    }


@pytest.mark.parametrize(("name", "stem"), NAMES.items())
def test_names_that_any_file_system_takes(name: str, stem: str, named: dict[str, list[str]]) -> None:
    assert named[name] == [f"{stem}-审核结果.xlsx"]


def test_a_letter_says_which_file_why_and_what_to_do(tmp_path: Path) -> None:
    old = returned(tmp_path, "旧.xls", OLD)
    write(tmp_path, old)
    path = tmp_path / "returns" / UNKNOWN / "旧-退件函.xlsx"
    words = texts(path, "退件函")
    for part in ("旧.xls", old.delivery.digest, "[F04]", "旧格式", "另存为", "未能识别", "未予采用"):
        assert part in words
    assert load_workbook(path).sheetnames == ["退件函"]
    first = path.read_bytes()
    write(tmp_path, old)
    assert path.read_bytes() == first


def test_a_refused_workbook_tells_its_other_findings_too(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["表号：", "赣链统99表"])
    other = book.create_sheet("二")
    other.append(["表号：", "赣链统98表"])
    one = returned(tmp_path, "x.xlsx", sheets.saved(book))
    assert write(tmp_path, one) == [(f"{UNKNOWN}/x-退件函.xlsx", "letter")]
    path = tmp_path / "returns" / UNKNOWN / "x-退件函.xlsx"
    assert "赣链统99表" in texts(path, "退件函") and "赣链统99表" not in texts(path, TITLE)
    assert "赣链统98表" in texts(path, TITLE)
    assert [s.sheet_view.tabSelected for s in load_workbook(path).worksheets] == [True, False]


def test_what_a_submitter_sees_and_in_which_order() -> None:
    told = [
        finding("S2", "B2", Severity.SOFT),
        finding("H2", "AA3"),
        finding("H3", "B10,A1"),
        finding("H1", "B3"),
        finding("H0"),
        finding("C1", severity=Severity.CLUE),
        finding("S9", severity=Severity.SOFT, level=3),
        finding("H1", "B3"),
    ]
    assert [f.rule for f in shown(told)] == ["H0", "H1", "H2", "H3", "S2"]
