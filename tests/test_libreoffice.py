"""Workbooks that LibreOffice saved again read the same: it is started once for all of them."""

import shutil
import subprocess
from io import BytesIO

import pytest
import sheets
from openpyxl import load_workbook
from returning import mark
from sheets import one
from test_reading_workbook import CASES, bare, of
from test_returns_explanations import BASE, COPY, LONG, SOFT

from schemas.reading.explanations import TITLE
from schemas.reading.record import Explanation

pytestmark = pytest.mark.skipif(
    shutil.which("soffice") is None, reason="LibreOffice (soffice) is not installed"
)
FORMS = {f"{form.code}-{frequency}": (form, frequency) for form, frequency in CASES}
ANSWERED = "审核结果"


def answered() -> bytes:
    """A copy that went back, with an explanation on it."""
    book = load_workbook(BytesIO(COPY))
    book[TITLE]["I8"], book[TITLE]["J8"] = "3 价格变动", LONG
    return sheets.saved(book)


@pytest.fixture(scope="module")
def before() -> dict[str, bytes]:
    """Every form at every frequency, filled in, and a copy with an answer, by name."""
    return {name: of(*case)[0] for name, case in FORMS.items()} | {ANSWERED: answered()}


@pytest.fixture(scope="module")
def after(before: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What LibreOffice made of them."""
    folder = tmp_path_factory.mktemp("libreoffice")
    paths = {name: folder / f"{name}.xlsx" for name in before}
    for name, path in paths.items():
        path.write_bytes(before[name])
    subprocess.run(
        [
            "soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to",
            "xlsx:Calc MS Excel 2007 XML", "--outdir", str(folder / "again"), *map(str, paths.values()),
        ],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return {name: (folder / "again" / path.name).read_bytes() for name, path in paths.items()}


def test_forms_saved_by_libreoffice(before: dict[str, bytes], after: dict[str, bytes]) -> None:
    for name in FORMS:
        old, new = one(before[name]), one(after[name])
        assert new.findings == (), name
        assert bare(new) == bare(old), name
        assert (new.identity, new.version, new.reported_on) == (old.identity, old.version, old.reported_on)


def test_a_copy_saved_by_libreoffice_reads_the_same(after: dict[str, bytes]) -> None:
    delivery = sheets.read(after[ANSWERED])
    assert delivery.explanations == (Explanation(SOFT[0].id, "3", LONG, TITLE, "J8"),)
    assert delivery.findings == ()
    values = [(c.field, c.value, c.mark) for c in one(BASE).cells]
    assert [(c.field, c.value, c.mark) for c in delivery.submissions[0].cells] == values
    clean = load_workbook(BytesIO(mark(after[ANSWERED])))["GLT02"]
    assert len(clean.conditional_formatting) == 0
    assert not [c for row in clean.iter_rows() for c in row if c.comment is not None]
