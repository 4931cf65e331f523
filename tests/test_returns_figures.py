"""The values of a finding on the sheet 审核结果: with field and cell, or plain where these are not certain."""

import pytest
from returning import finding

from schemas.returns.figures import figures


@pytest.mark.parametrize(
    ("cell", "field", "value", "shown"),
    [
        (
            "K15,L15",
            "rev_cum,rev_cum_ly",
            "1572170|880991",
            "营业收入 1-本月 K15 1572170；营业收入 上年同期 L15 880991",
        ),
        ("K15", "rev_cum", "1572170", "1572170"),  # the cell stands in a column of its own
        ("K15,K16", "rev_cum", "1|2", "K15 1；K16 2"),  # the second is of another line
        ("K15", "rev_cum,rev_cum_ly", "1|2", "1 | 2"),
        ("", "", "", ""),
        ("K15,L15", "rev_cum,unheard_of", "1|2", "营业收入 1-本月 K15 1；unheard_of L15 2"),
    ],
)
def test_values_are_named(cell: str, field: str, value: str, shown: str) -> None:
    assert figures(finding(cell=cell, field=field, value=value, edition="2024")) == shown
