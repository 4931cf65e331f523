"""Rows of a release's tables by key, from canonical text, and rows of Python in DuckDB."""

from decimal import Decimal
from typing import cast

import duckdb

from flows.ledger.placing import place_rows
from flows.ledger.release import Release
from flows.release_rows import ReleaseTable, fields, place_table, records

TYPES = "table_name,column_index,column_name,data_type\n" + "".join(
    f"sums,{at},{name},{kind}\n"
    for at, (name, kind) in enumerate(
        [("form", "VARCHAR"), ("scope", "VARCHAR"), ("period", "VARCHAR"), ("note", "VARCHAR"),
         ("n", "INTEGER"), ("value", '"DECIMAL(9,2)"'), ("whole", "BOOLEAN")], 1
    )
)  # fmt: skip
SUMS = (
    "form,scope,period,note,n,value,whole\n"
    'GLT01,"",2026-09,"甲,乙",1,1.50,true\n'
    'GLT01,"",2026-10,"两行\n""引""",2,,false\n'
    'GLT03,KEI,2026-10,"",,2.00,\n'
)


class Kept:
    """Stands for a release: its tables alone."""

    def table(self, name: str) -> str:
        return {"types": TYPES, "sums": SUMS}[name]


RELEASE = cast(Release, Kept())


def test_a_record_may_have_several_lines() -> None:
    found = records(SUMS)
    assert len(found) == 4 and found[2] == 'GLT01,"",2026-10,"两行\n""引""",2,,false'
    assert fields(found[2]) == ["GLT01", "", "2026-10", '两行\n"引"', "2", None, "false"]
    assert records("a,b\n1,2\n3,4\n") == ["a,b", "1,2", "3,4"]


def test_rows_are_found_by_key_an_empty_part_too() -> None:
    table = ReleaseTable(RELEASE, "sums", ("form", "scope"))
    assert table.keys == [("GLT01", ""), ("GLT03", "KEI")]
    first, second = table.rows("GLT01", "")
    assert (first["note"], first["n"], first["value"], first["whole"]) == ("甲,乙", 1, Decimal("1.50"), True)
    assert (second["n"], second["value"], second["whole"]) == (2, None, False)
    assert table.rows("GLT03", "KEI")[0]["note"] == "" and table.rows("GLT02", "") == []


def test_a_part_leaves_out_the_records_without_it() -> None:
    table = ReleaseTable(RELEASE, "sums", ("form", "period"), "2026-10")
    assert table.keys == [("GLT01", "2026-10"), ("GLT03", "2026-10")]
    assert table.rows("GLT01", "2026-09") == []


def test_a_table_keeps_its_types_and_gaps_in_duckdb() -> None:
    with duckdb.connect() as con:
        place_table(con, RELEASE, "sums")
        rows = con.execute("select scope, note, n, value, whole from sums order by n nulls last").fetchall()
        assert rows[0] == ("", "甲,乙", 1, Decimal("1.50"), True)
        assert rows[1:] == [("", '两行\n"引"', 2, None, False), ("KEI", "", None, Decimal("2.00"), None)]


def test_no_rows_make_an_empty_table_of_the_types() -> None:
    with duckdb.connect() as con:
        place_rows(con, "nothing", {"code": "VARCHAR", "month": "INTEGER"}, ())
        assert con.execute("select * from nothing").fetchall() == []
        described = con.execute("describe nothing").fetchall()
        assert [(name, kind) for name, kind, *_ in described] == [("code", "VARCHAR"), ("month", "INTEGER")]
