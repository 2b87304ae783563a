"""Curves over a common axis, with a legend in the title, drawn by textual-plot.

A curve may have far more points than there are columns: each column shows the mean, and, as a band behind it, the
smallest and the largest value. On logarithmic axes, logarithms are drawn and averaged.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from math import log10

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import ComposeResult, RenderResult
from textual.containers import Grid, Vertical
from textual.filter import LineFilter
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual_hires_canvas import Canvas
from textual_plot import AxisFormatter, HiResMode, PlotWidget
from textual_plot.plot_widget import Legend

from glasshead_tui.widgets.cells import clip, width
from glasshead_tui.widgets.chart import (
    Chart,
    Curve,
    columns_of,
    finest,
    marked_apart,
    range_of,
    staggered,
    straighten,
    widen,
)
from glasshead_tui.widgets.lines import Line, Lines, cells
from glasshead_tui.widgets.prose import wrapped
from glasshead_tui.widgets.ticks import ENDS, straight_ticks, upwards

LINE, MARK = "━", "│"
"""Glyph of a line in the title, and of a marked place on the x axis."""
MARGIN = 6
"""Columns of the labels on the left."""
MANY = 10
"""Least lines inside the frame with room for one more curve."""
EDGE = 0.04
"""Share of the range that stays free above and below, so that no curve runs in the frame."""
LEAST = 10, 2
"""Least columns and lines inside the frame."""
NAMED = 10
"""Least lines of a chart with the name of the x axis below it; in smaller ones it is in the title."""
INSIDE = 4
"""Lines inside the frame that a legend leaves free, apart from its first line."""
SHORTEST = 3
"""Least columns of a shortened curve's name."""


class Head(Lines):
    """The title of a chart: its name, and a legend if there is room."""

    DEFAULT_CSS = """
    Head { height: 1; }
    """

    chart: Chart | None = None
    roomy = False
    named = False
    """Whether the x axis has its name below it."""
    most = 1
    """Most lines of a title with a legend."""
    small = False
    """Whether there is no room to draw."""
    strong, quiet = Style(bold=True), Style()

    def drawn(self, columns: int, lines: int) -> list[Line]:
        if self.chart is None:
            return []
        note = wrapped([Segment(self.chart.small, self.quiet)], columns) if self.small and self.chart.small else []
        return [*self.titled(self.chart, columns), *note]

    def titled(self, chart: Chart, columns: int) -> list[Line]:
        """Lay out the title in a number of columns: one line, or more with a legend."""
        wishes = ((True, True, True), (False, True, True), (True, False, True), (False, False, True))
        variants = [self._line(chart, *wish) for wish in (*wishes, (True, False, False), (False, False, False))]
        if chart.legend and not self.small and cells(variants[0]) > columns:
            title = next((line for line in variants[4:] if cells(line) <= columns), variants[-1])
            return self._named(title, chart, columns)
        return [next((line for line in variants if cells(line) <= columns), variants[-1])]

    def _named(self, title: Line, chart: Chart, columns: int) -> list[Line]:
        """Put the legend below the title.

        If there are too few lines, the title gives way, and then the ends of names.
        """
        whole = self._legend(chart, columns)
        if len(whole) < self.most:
            return [title, *whole]
        longest = max(width(curve.label) for curve in chart.curves)
        while len(whole) > self.most and longest > SHORTEST:
            longest -= 1
            short = tuple(replace(curve, label=clip(curve.label, longest)) for curve in chart.curves)
            whole = self._legend(replace(chart, curves=short), columns)
        return whole[: self.most]

    def _line(self, chart: Chart, unit: bool, values: bool, labels: bool) -> Line:
        line: Line = [Segment(chart.title, self.strong)]
        if unit and chart.unit:
            line.append(Segment(f", {chart.unit}", self.quiet))
        if unit and chart.x_label and not self.named:
            line.append(Segment(f" against {chart.x_label}", self.quiet))
        if not any(len(curve.x) for curve in chart.curves):
            return [*line, Segment(f"   {chart.empty}", self.quiet)]
        for curve in chart.curves if labels else ():
            if self.roomy or not curve.roomy:
                line += [Segment("  "), *self._entry(curve, values)]
        return line

    def _entry(self, curve: Curve, values: bool) -> Line:
        """Write the legend of one curve."""
        entry: Line = [Segment(LINE + curve.marker if curve.joined else curve.marker or LINE, curve.style)]
        entry += [Segment(f" {curve.label}", self.quiet)] if curve.label else []
        return entry + ([Segment(f" {curve.value}")] if values and curve.value else [])

    def _legend(self, chart: Chart, columns: int) -> list[Line]:
        """Write the legend of all curves, in as many lines as it takes."""
        found: list[Line] = []
        for curve in chart.curves:
            entry = self._entry(curve, True)
            if found and cells(found[-1]) + 2 + cells(entry) <= columns:
                found[-1] += [Segment("  "), *entry]
            else:
                found.append(entry)
        return found


class Foot(Lines):
    """The name of the x axis, centred below it."""

    DEFAULT_CSS = """
    Foot { height: 1; display: none; }
    """

    text = ""
    quiet = Style()

    def drawn(self, columns: int, lines: int) -> list[Line]:
        inside = columns - MARGIN
        shown = clip(self.text, inside)
        return [[Segment(" " * (MARGIN + max(0, inside - width(shown)) // 2) + shown, self.quiet)]]


class _Ticks(AxisFormatter):
    """Ticks that were chosen before."""

    def __init__(self, ticks: Sequence[tuple[float, str]]) -> None:
        self.ticks = ticks

    def get_ticks(self, min_: float, max_: float, max_ticks: int = 8) -> list[float]:
        return [at for at, _ in self.ticks]

    def get_labels_for_ticks(self, ticks: Sequence[float]) -> list[str]:
        return [label for _, label in self.ticks]


class _Canvas(Canvas):
    """A canvas that sends only its changed lines to the terminal, with few bytes.

    A mark runs down through it wherever nothing is drawn: moving the mark redraws no curve.
    """

    drawing = False
    """Whether the plot is drawing: each of its points asks for the whole canvas to be sent."""

    def __init__(self, *, id: str) -> None:
        super().__init__(1, 1, id=id)
        self._drawn: list[Strip] = []
        self._sent: list[Strip] = []

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> "_Canvas":
        if not self.drawing:
            super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        return self

    def get_line_filters(self) -> Sequence[LineFilter]:
        # The styles are exact already: filtering them again would shift the few colours of a terminal with 16.
        return super().get_line_filters() if self.app.no_color else ()

    def take(self) -> None:
        """Keep the lines that the plot has drawn."""
        self._drawn = [super(_Canvas, self).render_line(y) for y in range(self.size.height)]

    def settle(self, mark: tuple[int, Style] | None = None) -> None:
        """Send the lines that differ from the last sent ones. mark: a column."""
        old = self._sent
        self._sent = [strip if mark is None else _marked(strip, *mark) for strip in self._drawn]
        for y, (before, after) in enumerate(zip_longest(old, self._sent, fillvalue=Strip([], 0))):
            if before != after:
                super().refresh(Region(0, y, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        return self._sent[y] if y < len(self._sent) else Strip.blank(self.size.width, self.rich_style)


def _marked(strip: Strip, column: int, style: Style) -> Strip:
    """Put a mark at a column of a line, if it is empty."""
    before, cell, after = strip.divide([column, column + 1, strip.cell_length])
    if cell.text != " ":
        return strip
    ground = next(iter(cell)).style
    return Strip([*before, Segment(MARK, ground + style if ground else style), *after], strip.cell_length)


class _Plot(PlotWidget, can_focus=False, inherit_bindings=False):
    """A plot that ignores keys and wheel, and saves bytes."""

    mark: tuple[float, Style] | None = None
    """Marked place on the x axis."""

    def compose(self) -> ComposeResult:
        with Grid():
            for name in ("margin-top", "margin-left", "plot", "margin-bottom"):
                yield _Canvas(id=name)
        yield Legend(id="legend")

    async def _on_mouse_down(self, event: events.MouseDown) -> None:
        """Drag no legend: textual-plot 0.10.1 looks for it where the button was pressed, and fails off the screen."""
        event.prevent_default()

    # A screen can be left before this is composed, and can be asked to draw after its parts are gone.

    @property
    def whole(self) -> bool:
        """Whether all its parts exist."""
        return bool(self.query(Grid)) and bool(self.query(Legend))

    def _update_margin_sizes(self) -> None:
        if self.whole:
            super()._update_margin_sizes()

    def _update_legend(self) -> None:
        if self.whole:
            super()._update_legend()

    def render(self) -> RenderResult:
        if not self.whole:
            return ""
        canvases = self.query(_Canvas)
        for canvas in canvases:
            canvas.drawing = True
        try:
            return super().render()
        finally:
            for canvas in canvases:
                canvas.drawing = False
                canvas.take()
                canvas.settle()
            self.settle()

    def settle(self) -> None:
        """Draw the mark at its current place."""
        if not self.whole:
            return
        canvas = self.query_one("#plot", _Canvas)
        column = None if self.mark is None else self.get_pixel_from_coordinate(self.mark[0], 0)[0]
        seen = column is not None and 0 < column < canvas.size.width - 1
        canvas.settle((column, self.mark[1]) if seen and column is not None and self.mark is not None else None)


class Curves(Vertical, can_focus=False):
    """A widget that shows a `Chart`, with a vertical line at a marked place."""

    DEFAULT_CSS = """
    Curves { height: 1fr; width: 1fr; }
    Curves > PlotWidget { height: 1fr; width: 1fr; }
    Curves > PlotWidget > .plot--axis { color: $panel-lighten-2; }
    Curves > PlotWidget > .plot--tick { color: $text-muted; text-style: none; }
    """

    class Picked(Message):
        """A place on the x axis was clicked."""

        def __init__(self, curves: "Curves", x: float) -> None:
            super().__init__()
            self.curves, self.x = curves, x

        @property
        def control(self) -> "Curves":
            return self.curves

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._head, self._plot, self._foot = Head(), _Plot(allow_pan_and_zoom=False), Foot()
        self._chart: Chart | None = None
        self._band: Style | None = None

    def compose(self) -> ComposeResult:
        yield self._head
        yield self._plot
        yield self._foot

    def on_mount(self) -> None:
        self._plot.display = False  # until there is something to show
        self._plot.margin_top, self._plot.margin_bottom, self._plot.margin_left = 0, 1, MARGIN

    def show(
        self,
        chart: Chart,
        mark: tuple[float, Style] | None,
        *,
        strong: Style,
        quiet: Style,
        band: Style | None,
    ) -> None:
        """Draw a chart. mark: a place on the x axis · strong, quiet: of the title · band: of ranges, or None."""
        old, self._chart, self._band = self._chart, chart, band
        self._head.chart, self._head.strong, self._head.quiet = chart, strong, quiet
        self._foot.text, self._foot.quiet = chart.x_label, quiet
        self._plot.mark = (log10(mark[0]), mark[1]) if mark and chart.log_x and mark[0] > 0 else mark
        if old is not None and chart.source is not None and (old.source, old.x) == (chart.source, chart.x):
            self._head.redraw()
            self._plot.settle()
        else:
            self._draw()

    def on_resize(self) -> None:
        if self._chart is not None:
            self.call_after_refresh(self._draw)

    def on_click(self, event: events.Click) -> None:
        # The event comes from a canvas inside the plot, and counts from its corner.
        column = event.screen_x - self._plot.content_region.x - MARGIN - 1
        if self._chart is not None and self._plot.display and 0 <= column < self._room[0]:
            low, high = straighten(self._chart).x
            at = low + (column + 0.5) / self._room[0] * (high - low)
            self.post_message(self.Picked(self, 10**at if self._chart.log_x else at))

    @property
    def _room(self) -> tuple[int, int]:
        """Columns and lines inside the frame."""
        title = 1 if self._chart is None else len(self._head.titled(self._chart, self.size.width))
        return self.size.width - MARGIN - 2, self.size.height - title - self._names_below - 3

    @property
    def _names_below(self) -> bool:
        """Whether there is room for the name of the x axis below it."""
        return self._chart is not None and bool(self._chart.x_label) and self.size.height >= NAMED

    def _draw(self) -> None:
        plot, given = self._plot, self._chart
        self._head.named = self._foot.display = self._names_below
        self._head.small, self._head.most = False, max(1, self.size.height - self._names_below - 3 - INSIDE)
        columns, lines = self._room
        if given is not None and given.legend:
            given = self._head.chart = marked_apart(given, columns, lines)
            columns, lines = self._room
        self._head.roomy = lines >= MANY
        plot.display = columns >= LEAST[0] and lines >= LEAST[1]
        self._head.small = given is not None and not plot.display
        if given is not None:
            self._head.styles.height = len(self._head.titled(given, self.size.width)) if plot.display else "1fr"
        self._foot.display = self._foot.display and plot.display
        self._head.redraw()
        self._foot.redraw()
        plot.clear()
        if given is None or not plot.display:
            return
        chart = straighten(given)
        some = any(np.isfinite(curve.y).any() for curve in chart.curves)
        curves = [curve for curve in chart.curves if lines >= MANY or not curve.roomy]
        x = widen(*chart.x)
        y = widen(*(chart.y or range_of(curves, x) or (0.0, 1.0)))
        # With few rows, the ends are in the middle of the first and the last.
        edge = (y[1] - y[0]) * (EDGE if lines >= ENDS else 0.5 / (lines - 1))
        plot.set_xlimits(x[0], x[1] + (x[1] - x[0]) / columns)  # an end is not drawn under the frame
        plot.set_ylimits(y[0] - edge, y[1] + edge)
        plot.set_x_formatter(_Ticks(list(self._across(chart, x, columns))))
        plot.set_y_formatter(_Ticks(upwards(y, edge, lines, log=chart.log_y) if some else ()))
        drawn = [(curve, columns_of(curve, x, finest(curve, columns))) for curve in curves]
        for _, (at, _mean, low, high) in drawn if self._band is not None else ():
            if (high > low).any():
                up_and_down = np.clip(np.stack([low, high], 1).ravel(), *y)
                plot.plot(np.repeat(at, 2), up_and_down, str(self._band), HiResMode.QUADRANT)
        for curve, (at, mean, _low, _high) in reversed(drawn) if given.legend else drawn:  # the first curve is on top
            if curve.joined or not curve.marker:
                plot.plot(at, np.clip(mean, *y), str(curve.style), HiResMode.QUADRANT)
        for number, (curve, (at, mean, _low, _high)) in enumerate(drawn):  # no line runs over a marker
            if curve.marker:
                some_of = slice(None, None, max(1, -(-len(at) // (columns // 3)))) if curve.joined else slice(None)
                if curve.apart:
                    at, mean = staggered(at, mean, number, len(drawn))
                    some_of = slice(None)
                plot.scatter(at[some_of], np.clip(mean[some_of], *y), curve.marker, str(curve.style))

    @staticmethod
    def _across(chart: Chart, x: tuple[float, float], columns: int) -> Iterator[tuple[float, str]]:
        """Yield ticks of the x axis. The plot cuts a label that reaches beyond its edge, except at its very end."""
        each = (x[1] - x[0]) / columns
        whole = all(bool((curve.x == np.round(curve.x)).all()) for curve in chart.curves)
        for at, label in straight_ticks(x, max(2, columns // (7 if chart.log_x else 9)), log=chart.log_x, whole=whole):
            if at > x[1] - each:
                yield x[1] + each, label
            elif at < x[1] - each * (len(label) / 2 + 1):
                yield at, label
