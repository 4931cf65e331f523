"""Native Excel charts over the tables' own cells, where a person would look rather than read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xlsxwriter.chart import Chart
from xlsxwriter.utility import quote_sheetname, xl_range_abs

from indices.tables.sheet import Book
from indices.tables.style import HEI, PALETTE, SONG


@dataclass(frozen=True)
class Span:
    """The rows of a sheet that a chart shows, and the column of their labels."""

    sheet: str
    labels: int
    first: int
    last: int

    def column(self, column: int) -> list[str | int]:
        """A column of the span as XlsxWriter wants a range."""
        return [self.sheet, self.first, column, self.last, column]


@dataclass(frozen=True)
class Series:
    """One series: its name and the column of the sheet in which its figures stand."""

    name: str
    column: int


@dataclass(frozen=True)
class Axis:
    """A value axis: its title with the unit (or none), its range (None: as Excel likes) and number format."""

    title: str
    low: float | None = None
    high: float | None = None
    pattern: str = "0"


def ranking_bars(
    book: Book, title: str, span: Span, series: Sequence[Series], axis: Axis, labels: str = "0.00"
) -> Chart:
    """Horizontal bars, the first row of the span on top, each with its figure."""
    chart = book.raw.add_chart({"type": "bar"})
    for place, one in enumerate(series):
        chart.add_series(
            {
                "name": one.name,
                "categories": span.column(span.labels),
                "values": span.column(one.column),
                "fill": {"color": PALETTE[place]},
                "gap": 45,
                "data_labels": {"value": True, "num_format": labels, "font": _font(8)},
            }
        )
    chart.set_y_axis(_label_axis())
    chart.set_x_axis(_value_axis(axis))
    return _dress(chart, title, legend=len(series) > 1)


def stacked_bars(book: Book, title: str, span: Span, series: Sequence[Series], axis: Axis) -> Chart:
    """One bar per row of the span, the first on top, put together from the series."""
    chart = book.raw.add_chart({"type": "bar", "subtype": "stacked"})
    for place, one in enumerate(series):
        chart.add_series(
            {
                "name": one.name,
                "categories": span.column(span.labels),
                "values": span.column(one.column),
                "fill": {"color": PALETTE[place % len(PALETTE)]},
                "gap": 45,
            }
        )
    chart.set_y_axis(_label_axis())
    chart.set_x_axis(_value_axis(axis))
    return _dress(chart, title, legend=True)


def diverging_bars(book: Book, title: str, span: Span, series: Sequence[Series], axis: Axis) -> Chart:
    """Like ``stacked_bars``, for parts of either sign: they grow from zero to both sides, the labels stay left."""
    chart = stacked_bars(book, title, span, series, axis)
    chart.set_y_axis(_label_axis() | {"label_position": "low"})
    return chart


def rank_whiskers(
    book: Book, title: str, span: Span, columns: tuple[int, int, int], worst: int, interval: str
) -> Chart:
    """A capped line over each interval of ranks and a mark at the rank, rank 1 on top.

    ``columns`` hold the rank, the first rank of the interval and how many ranks it goes on; ``worst`` is the
    largest rank drawn, ``interval`` what the line is called. The lines are error bars, since these alone are
    drawn alike by every office program.
    """
    rank, first, width = columns
    chart = book.raw.add_chart({"type": "line"})
    line = {"color": PALETTE[0], "width": 2}
    reach = f"={quote_sheetname(span.sheet)}!{xl_range_abs(span.first, width, span.last, width)}"
    marks = (
        (interval, first, {"type": "long_dash", "size": 7}, {"color": PALETTE[0]}),
        ("位次", rank, {"type": "diamond", "size": 7}, {"color": PALETTE[1]}),
    )
    for name, column, mark, colour in marks:
        series = {
            "name": name,
            "categories": span.column(span.labels),
            "values": span.column(column),
            "line": {"none": True},
            "marker": mark | {"fill": colour, "border": colour},
        }
        if name == interval:
            bars = {"type": "custom", "direction": "plus", "plus_values": reach, "minus_values": reach}
            series["y_error_bars"] = bars | {"end_style": 1, "line": line}
        chart.add_series(series)
    chart.set_x_axis(
        {"num_font": _font(9), "interval_unit": 1, "label_position": "high", "major_tick_mark": "none"}
    )
    step = max(1, worst // 10)
    chart.set_y_axis(_value_axis(Axis("位次", 1, max(worst, 2))) | {"reverse": True, "major_unit": step})
    return _dress(chart, title, legend=True)


def _label_axis() -> dict[str, object]:
    """The subjects from top to bottom, with the value axis below them."""
    return {
        "reverse": True,
        "crossing": "max",
        "interval_unit": 1,
        "num_font": _font(9),
        "major_tick_mark": "none",
    }


def _font(size: int) -> dict[str, object]:
    return {"name": SONG, "size": size, "bold": False}


def _value_axis(axis: Axis) -> dict[str, object]:
    found: dict[str, object] = {
        "num_font": _font(9),
        "num_format": axis.pattern,
        "major_gridlines": {"visible": True, "line": {"color": "#D9D9D9", "width": 0.5}},
    }
    if axis.title:
        found |= {"name": axis.title, "name_font": _font(9)}
    if axis.low is not None:
        found["min"] = axis.low
    if axis.high is not None:
        found["max"] = axis.high
    return found


def _dress(chart: Chart, title: str, legend: bool) -> Chart:
    chart.set_title({"name": title, "name_font": {"name": HEI, "size": 11, "bold": False}, "overlay": False})
    chart.set_legend({"position": "bottom", "font": _font(9)} if legend else {"none": True})
    chart.set_chartarea({"border": {"color": "#7F7F7F", "width": 0.75}})
    return chart
