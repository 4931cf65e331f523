"""Published workbooks as a test reads them."""

import io
from pathlib import Path
from unittest.mock import patch

from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.merge import MergedCellRange


def opened(book: bytes | Path) -> Workbook:
    """A workbook with values, formats and charts.

    openpyxl draws the borders of a merged range into each of its cells, for those who go on writing; here nobody
    does, and it is half of the time.
    """
    with patch.object(MergedCellRange, "format", lambda merged: None):
        return load_workbook(io.BytesIO(book) if isinstance(book, bytes) else book)
