"""Rows and cells as they stand in the file, however they are spelled."""

import pytest
import sheets
from sheets import MAIN, STRICT, handmade, packed

from schemas.reading.package import Limits, Refusal, open_package
from schemas.reading.parts import read_book, show_of
from schemas.reading.sheet import Sheet, Value, open_sheet
from schemas.reading.spelling import OddSpelling, column_of, letters_of


def opened(body: str, shared: str = "", styles: str = "", root: str | None = None) -> Sheet:
    """The sheet around some rows."""
    text = root or f'<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="{MAIN}">{{}}</worksheet>'
    data = packed(handmade(text.format(body), shared, styles))
    book = read_book(open_package(data, Limits()))
    sheet = open_sheet(book.sheets[0], book)
    try:
        values(sheet)
    except OddSpelling:
        return Sheet.respelled(book.sheets[0], book)
    return sheet


def values(sheet: Sheet) -> dict[str, Value]:
    """Every cell with something in it."""
    return {at + row.digits: sheet.read(cell) for row in sheet.rows() for at, cell in row.cells.items()}


def texts(body: str, shared: str = "") -> dict[str, str]:
    return {
        at: v.text
        for at, v in values(opened(f"<sheetData>{body}</sheetData>", shared)).items()
        if v.kind != "blank"
    }


ROW = '<row r="1"><c r="A1"><v>1</v></c><c r="B1" t="inlineStr"><is><t>x&amp;y</t></is></c></row>'
EXPECTED = {"A1": "1", "B1": "x&y"}


@pytest.mark.parametrize(
    "body",
    [
        ROW,
        ROW.replace('r="A1"', "r='A1'"),
        ROW.replace("</c>", "</c >"),
        ROW.replace("<row ", "<row\n"),
        ROW.replace("><", ">\n  <"),
        ROW.replace(' r="A1"', "").replace(' r="B1"', ""),
        ROW.replace(' r="1"', "").replace(' r="A1"', ""),
        ROW.replace('r="B1" t="inlineStr"', 't="inlineStr" r="B1"'),
        ROW.replace('<c r="A1">', '<c r="A1" s="0" t="n" cm="1">'),
        ROW.replace('<c r="A1">', '<c r="A1" foo="bar">'),
        ROW.replace("<v>1</v>", "<v><!-- 2 -->1</v>"),
        ROW.replace("<v>1</v>", "<v><![CDATA[1]]></v>"),
        ROW.replace("<v>1</v>", "<v>&#49;</v>"),
        ROW.replace("<v>1</v>", '<v xml:space="preserve">1</v>'),
        ROW.replace("<v>1</v>", "<v>1</v><extLst><ext/></extLst>"),
        ROW.replace("<t>x&amp;y</t>", "<t><?pi?>x&amp;y</t>"),
        ROW.replace("<t>x&amp;y</t>", "<r><rPr><b/></rPr><t>x&amp;</t></r><r><t>y</t></r>"),
        ROW.replace("<t>x&amp;y</t>", "<t>x&amp;y</t><rPh sb='0' eb='1'><t>ピ</t></rPh>"),
        ROW.replace("<t>x&amp;y</t>", '<t xml:space="preserve">x&#38;y</t>'),
        ROW.replace("</row>", '<c r="C1" s="3"/><c r="D1" t="n" /><c r="E1"></c></row><row r="3"/>'),
    ],
)  # fmt: skip
def test_one_content_in_many_spellings(body: str) -> None:
    assert texts(body) == EXPECTED


@pytest.mark.parametrize("uri", [MAIN, STRICT])
def test_prefixed_elements(uri: str) -> None:
    body = ROW.replace("<", "<x:").replace("<x:/", "</x:")
    root = f'<x:worksheet xmlns:x="{uri}">{{}}</x:worksheet>'
    sheet = opened(f"<x:sheetData>{body}</x:sheetData>", root=root)
    assert {at: v.text for at, v in values(sheet).items()} == EXPECTED


def test_cells_of_a_foreign_namespace_are_not_cells() -> None:
    root = f'<worksheet xmlns="{MAIN}" xmlns:y="urn:y">{{}}</worksheet>'
    foreign = '<!-- odd --><row r="1"><y:c r="A1"><y:v>9</y:v></y:c><c r="A1"><v>1</v></c></row>'
    sheet = opened(f"<sheetData>{foreign}</sheetData>", root=root)
    assert {at: v.text for at, v in values(sheet).items()} == {"A1": "1"}


def test_cells_without_an_address_count_from_the_left_over_blank_ones() -> None:
    body = (
        '<row><c/><c><v>1</v></c><c r="D1"><v>2</v></c><c><v>3</v></c></row><row r="5"><c><v>4</v></c></row>'
    )
    assert texts(body) == {"B1": "1", "D1": "2", "E1": "3", "A5": "4"}


def test_shared_strings() -> None:
    items = (
        "<si><t>甲</t></si><si/><si><t/></si>"
        "<si><r><t>乙</t></r><r><rPr><b/></rPr><t xml:space='preserve'> 丙</t></r><rPh sb='0' eb='1'><t>z</t></rPh></si>"
        "<si><t>a_x000D_b_x005F_x000D_</t></si>"
    )
    body = (
        '<row r="1">'
        + "".join(f'<c r="{at}1" t="s"><v>{n}</v></c>' for n, at in enumerate("ABCDE"))
        + "</row>"
    )
    expected = {"A1": "甲", "B1": "", "C1": "", "D1": "乙 丙", "E1": "a\rb_x000D_"}
    assert texts(body, f'<sst xmlns="{MAIN}">{items}</sst>') == expected
    odd = f'<sst xmlns="{MAIN}"><!-- odd -->{items}</sst>'
    assert texts(body, odd) == expected


def test_a_shared_string_that_is_not_there() -> None:
    with pytest.raises(Refusal, match="共享字符串"):
        texts('<row r="1"><c r="A1" t="s"><v>7</v></c></row>', f'<sst xmlns="{MAIN}"><si><t>a</t></si></sst>')


@pytest.mark.parametrize(
    ("markup", "value"),
    [
        ('<c r="A1" t="b"><v>1</v></c>', Value("bool", "TRUE")),
        ('<c r="A1" t="e"><v>#DIV/0!</v></c>', Value("error", "#DIV/0!")),
        ('<c r="A1" t="str"><f>A2</f><v>x</v></c>', Value("text", "x", formula=True)),
        ('<c r="A1" t="str"><f>A2</f><v></v></c>', Value("text", "", formula=True)),
        ('<c r="A1"><f>1+1</f><v>2</v></c>', Value("number", "2", formula=True)),
        ('<c r="A1"><f t="shared" si="0"/><v>2</v></c>', Value("number", "2", formula=True)),
        ('<c r="A1"><f>A2&amp;"x"</f><v></v></c>', Value("unvalued", '=A2&"x"', formula=True)),
        ('<c r="A1"><f>1+1</f></c>', Value("unvalued", "=1+1", formula=True)),
        ('<c r="A1"><f>1+1</f><v/></c>', Value("unvalued", "=1+1", formula=True)),
        ('<c r="A1" t="d"><v>2026-09-01</v></c>', Value("date", "2026-09-01")),
        ('<c r="A1" t="e"><f>1/0</f><v>#DIV/0!</v></c>', Value("error", "#DIV/0!", formula=True)),
    ],
)
def test_what_a_cell_says(markup: str, value: Value) -> None:
    body = f'<sheetData><row r="1">{markup}</row></sheetData>'
    assert values(opened(body))["A1"] == value
    assert values(opened(f"<!-- odd -->{body}"))["A1"] == value


@pytest.mark.parametrize(
    "body",
    [
        '<row r="2"><c r="A2"><v>1</v></c></row><row r="1"><c r="A1"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1"><c r="B1"><v>1</v></c></row>',
        '<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>',
        '<row r="1"><c r="A2"><v>1</v></c></row>',
        '<row r="1"><c r="A1" t="zz"><v>1</v></c></row>',
    ],
)
def test_disorder_is_refused(body: str) -> None:
    with pytest.raises(Refusal) as caught:
        texts(body)
    assert caught.value.rule == "F19"


def test_two_values_in_one_cell_are_not_read() -> None:
    data = packed(
        handmade(
            f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"><c r="A1"><v>1</v><v>2</v></c></row></sheetData></worksheet>'
        )
    )
    refused = sheets.read(data).refused
    assert refused is not None
    assert refused.rule in ("F17", "L01")


def test_hidden_rows_and_columns() -> None:
    sheet = opened(
        '<cols><col min="2" max="3" width="9" hidden="1"/><col min="5" max="5" width="0" customWidth="1"/>'
        '<col min="6" max="6" width="0.5"/></cols><sheetData><row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="2" hidden="1"><c r="A2"><v>1</v></c></row><row r="3" ht="0" customHeight="1"><c r="A3"><v>1</v></c></row>'
        '<row r="4" ht="0.5"><c r="A4"><v>1</v></c></row></sheetData>'
    )
    assert sheet.hidden_columns() == ((2, 3), (5, 5))
    assert [row.number for row in sheet.rows() if row.hidden] == [2, 3]


def test_merged_ranges() -> None:
    rows = '<sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData>'
    sheet = opened(f'{rows}<mergeCells count="2"><mergeCell ref="A1:C2"/><mergeCell ref="D4"/></mergeCells>')
    (area,) = sheet.merged()
    assert (area.top, area.bottom, list(area.columns), area.text) == (1, 2, [1, 2, 3], "A1:C2")


@pytest.mark.parametrize(
    ("code", "show"),
    [
        ("General", ""), ("0.00", ""), ("#,##0.00", ""), ('#,##0.00_ "元"', ""), ("0.00E+00", ""), ("@", ""),
        ("[Red]-0.0;[Blue]0.0", ""), ('"day"0', ""), ("G/通用格式", ""), ("_ * #,##0_ ;_ * -#,##0_ ", ""),
        ("0.00%", "percent"), ("0.0\\%", ""), ("yyyy-mm-dd", "date"), ('yyyy"年"m"月"', "date"),
        ("[$-804]m/d/yy", "date"), ("[h]:mm", "date"), ("0!.0,", "scaled"), ("0.0,,", "scaled"), ("#,##0,", "scaled"),
    ],
)  # fmt: skip
def test_what_a_number_format_does(code: str, show: str) -> None:
    assert show_of(code) == show


def test_built_in_formats_by_number() -> None:
    ids = (0, 9, 14, 31, 57, 58, 59, 200)
    styles = (
        f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="200" formatCode="m&quot;月&quot;"/></numFmts>'
        '<cellStyleXfs><xf numFmtId="9"/></cellStyleXfs><cellXfs>'
        + "".join(f'<xf numFmtId="{n}"/>' for n in ids)
        + "</cellXfs></styleSheet>"
    )
    body = "".join(f'<c r="{letters_of(n + 1)}1" s="{n}"><v>1</v></c>' for n in range(len(ids)))
    sheet = opened(f'<sheetData><row r="1">{body}</row></sheetData>', styles=styles)
    assert [v.show for v in values(sheet).values()] == [
        "",
        "percent",
        "date",
        "date",
        "date",
        "date",
        "",
        "date",
    ]


def test_letters_and_numbers_of_columns() -> None:
    assert [letters_of(n) for n in (1, 26, 27, 702, 703, 16384)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]
    assert all(column_of(letters_of(n)) == n for n in range(1, 2000))
