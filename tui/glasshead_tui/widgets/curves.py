"""Curves over a common axis, with a title that says what is what, drawn by textual-plot.

A curve may have far more points than there are columns: of each column it shows the mean, and, as a band behind it,
the smallest and the largest value. Axes may be logarithmic: then logarithms are what is drawn, and what is averaged.
Ticks are chosen here, as many as there is room for.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from math import ceil, floor, isfinite, log2, log10

import numpy as np
from numpy.typing import NDArray
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
from glasshead_tui.widgets.lean import LeanStrip
from glasshead_tui.widgets.lines import Line, Lines, cells, differ
from glasshead_tui.widgets.prose import wrapped

Floats = NDArray[np.float64]

LINE, MARK = "━", "│"
"""What stands for a line in the title; what marks a place on the x axis."""
MARGIN = 6
"""Columns of the labels at the left."""
MANY = 10
"""Lines inside the frame from which on there is room for one curve more."""
EDGE = 0.04
"""Share of the range that is left free above and below, so that no curve runs in the frame."""
LEAST = 10, 2
"""Columns and lines inside the frame below which nothing is drawn."""
NAMED = 10
"""Lines of a chart from which on the x axis is named below it; else the title does it."""
INSIDE = 4
"""Lines inside the frame that a title with what each curve is leaves, but for its first."""
ENDS = 5
"""Lines inside the frame below which the y axis has its two ends for ticks: round numbers would stand between rows."""
TELLING = 3
"""Ticks of the y axis at least, where there are more lines."""
MARKERS = "ox+*#@"
"""What points are told apart by, lines that coincide, and where there is no colour all lines."""
COINCIDING = 0.2
"""Share of a curve that runs in the rows of another from which on both get markers."""
EACH = 5
"""Markers of such a curve, about."""
LABEL = 5
"""Columns of a tick's label; a longer one would be cut, and be another number."""
SHORTEST = 3
"""Columns of the name of a curve at least, where it gives way."""
NEAR = 1e-9
"""How near to an end, relatively, a tick counts as being at it."""
MAGNITUDES = 300
"""Powers of ten up to which a logarithmic axis has ticks."""


@dataclass(frozen=True, eq=False)
class Curve:
    """One figure. All arrays are as long as `x`, which rises; NaN leaves a gap in the numbers, not in the line."""

    label: str
    x: Floats
    y: Floats
    style: Style
    marker: str = ""
    """What each point is drawn with; none: a line through them."""
    joined: bool = False
    """A line through the points as well; where they are many, only some have their marker."""
    band: tuple[Floats, Floats] | None = None
    """Smallest and largest values around each point."""
    value: str = ""
    """What the title says of it."""
    apart: bool = False
    """Joined, with few markers at other places than those of other curves."""
    roomy: bool = False
    """Drawn only where there is room for one more."""


@dataclass(frozen=True, eq=False)
class Chart:
    """Curves that share their axes. Title and labels must be safe for a terminal."""

    title: str
    unit: str
    """Said after the title where there is room."""
    curves: tuple[Curve, ...]
    x: tuple[float, float]
    """From where to where."""
    y: tuple[float, float] | None = None
    """None: from the smallest to the largest of what is drawn."""
    empty: str = ""
    """What is said while there is nothing to draw."""
    source: object = None
    """What it was made of: of the same source and from where to where, the curves are the same."""
    log_x: bool = False
    """Whether the axis is logarithmic; what is not positive is then left out. The curves hold values as they are."""
    log_y: bool = False
    x_label: str = ""
    """What the x axis is."""
    legend: bool = False
    """Whether the title may take more lines to say what each curve is, and curves that coincide get markers."""
    small: str = ""
    """What is said where there is no room to draw."""


class Head(Lines):
    """The title of a chart: its name, and what each curve is, as far as there is room."""

    DEFAULT_CSS = """
    Head { height: 1; }
    """

    chart: Chart | None = None
    roomy = False
    named = False
    """Whether the x axis has its name below it."""
    most = 1
    """Lines that there are for a title with a legend."""
    small = False
    """Whether there is no room to draw."""
    strong, quiet = Style(bold=True), Style()

    def drawn(self, columns: int, lines: int) -> list[Line]:
        if self.chart is None:
            return []
        told = wrapped([Segment(self.chart.small, self.quiet)], columns) if self.small and self.chart.small else []
        return [*self.titled(self.chart, columns), *told]

    def titled(self, chart: Chart, columns: int) -> list[Line]:
        """The title in a room of so many columns: one line, or more where the chart has a legend."""
        wishes = ((True, True, True), (False, True, True), (True, False, True), (False, False, True))
        variants = [self._line(chart, *wish) for wish in (*wishes, (True, False, False), (False, False, False))]
        if chart.legend and not self.small and cells(variants[0]) > columns:
            title = next((line for line in variants[4:] if cells(line) <= columns), variants[-1])
            return self._named(title, chart, columns)
        return [next((line for line in variants if cells(line) <= columns), variants[-1])]

    def _named(self, title: Line, chart: Chart, columns: int) -> list[Line]:
        """The title with what each curve is below it. Where there are too few lines for that the title gives way, and
        then the ends of names."""
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
        """What a curve is."""
        entry: Line = [Segment(LINE + curve.marker if curve.joined else curve.marker or LINE, curve.style)]
        entry += [Segment(f" {curve.label}", self.quiet)] if curve.label else []
        return entry + ([Segment(f" {curve.value}")] if values and curve.value else [])

    def _legend(self, chart: Chart, columns: int) -> list[Line]:
        """What each curve is, in as many lines as that takes."""
        found: list[Line] = []
        for curve in chart.curves:
            entry = self._entry(curve, True)
            if found and cells(found[-1]) + 2 + cells(entry) <= columns:
                found[-1] += [Segment("  "), *entry]
            else:
                found.append(entry)
        return found


class Foot(Lines):
    """The name of the x axis, in the middle below it."""

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
    """A canvas of which only the lines that changed are sent to the terminal again, and lean.

    A mark runs down through it wherever nothing is drawn: to move it, nothing has to be drawn again.
    """

    drawing = False
    """Whether the plot draws: each of its points asks for the whole canvas to be sent."""

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
        """The plot has drawn: keep its lines."""
        self._drawn = [super(_Canvas, self).render_line(y) for y in range(self.size.height)]

    def settle(self, mark: tuple[int, Style] | None = None) -> None:
        """Have sent what differs from what was sent. mark: a column."""
        old = self._sent
        self._sent = [LeanStrip.of(strip if mark is None else _marked(strip, *mark)) for strip in self._drawn]
        for y, (before, after) in enumerate(zip_longest(old, self._sent, fillvalue=Strip([], 0))):
            if end := differ(list(before), list(after)):
                super().refresh(Region(0, y, min(end, self.size.width), 1))

    def render_line(self, y: int) -> Strip:
        return self._sent[y] if y < len(self._sent) else Strip.blank(self.size.width, self.rich_style)


def _marked(strip: Strip, column: int, style: Style) -> Strip:
    """A line with a mark at a column, if that is empty."""
    before, cell, after = strip.divide([column, column + 1, strip.cell_length])
    if cell.text != " ":
        return strip
    ground = next(iter(cell)).style
    return Strip([*before, Segment(MARK, ground + style if ground else style), *after], strip.cell_length)


class _Plot(PlotWidget, can_focus=False, inherit_bindings=False):
    """A plot that answers no keys and no wheel, and is thrifty with bytes."""

    mark: tuple[float, Style] | None = None
    """A place on the x axis."""

    def compose(self) -> ComposeResult:
        with Grid():
            for name in ("margin-top", "margin-left", "plot", "margin-bottom"):
                yield _Canvas(id=name)
        yield Legend(id="legend")

    # A screen can be left before this is composed, and be told to draw after its parts were taken away.

    @property
    def whole(self) -> bool:
        """Whether all its parts are there."""
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
        """Draw the mark where it is now."""
        if not self.whole:
            return
        canvas = self.query_one("#plot", _Canvas)
        column = None if self.mark is None else self.get_pixel_from_coordinate(self.mark[0], 0)[0]
        seen = column is not None and 0 < column < canvas.size.width - 1
        canvas.settle((column, self.mark[1]) if seen and column is not None and self.mark is not None else None)


class Curves(Vertical, can_focus=False):
    """Shows a `Chart`, with a line through all of it where it is told to mark a place."""

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
        """mark: a place on the x axis · strong, quiet: of the title · band: of what lies around a curve, or None."""
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
            low, high = _straight(self._chart).x
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
            given = self._head.chart = _marked_apart(given, columns, lines)
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
        chart = _straight(given)
        some = any(np.isfinite(curve.y).any() for curve in chart.curves)
        curves = [curve for curve in chart.curves if lines >= MANY or not curve.roomy]
        x = _spread(*chart.x)
        y = _spread(*(chart.y or _range(curves, x) or (0.0, 1.0)))
        # Of few rows, the first and the last have the ends in their middle.
        edge = (y[1] - y[0]) * (EDGE if lines >= ENDS else 0.5 / (lines - 1))
        plot.set_xlimits(x[0], x[1] + (x[1] - x[0]) / columns)  # what is at the end is not drawn under the frame
        plot.set_ylimits(y[0] - edge, y[1] + edge)
        plot.set_x_formatter(_Ticks(list(self._across(chart, x, columns))))
        plot.set_y_formatter(_Ticks(_upwards(y, edge, lines, log=chart.log_y) if some else ()))
        drawn = [(curve, _columns(curve, x, _finest(curve, columns))) for curve in curves]
        for _, (at, _mean, low, high) in drawn if self._band is not None else ():
            if (high > low).any():
                up_and_down = np.clip(np.stack([low, high], 1).ravel(), *y)
                plot.plot(np.repeat(at, 2), up_and_down, str(self._band), HiResMode.QUADRANT)
        for curve, (at, mean, _low, _high) in reversed(drawn) if given.legend else drawn:  # the first is on top
            if curve.joined or not curve.marker:
                plot.plot(at, np.clip(mean, *y), str(curve.style), HiResMode.QUADRANT)
        for number, (curve, (at, mean, _low, _high)) in enumerate(drawn):  # no line runs over a marker
            if curve.marker:
                some_of = slice(None, None, max(1, -(-len(at) // (columns // 3)))) if curve.joined else slice(None)
                if curve.apart:
                    at, mean = _staggered(at, mean, number, len(drawn))
                    some_of = slice(None)
                plot.scatter(at[some_of], np.clip(mean[some_of], *y), curve.marker, str(curve.style))

    @staticmethod
    def _across(chart: Chart, x: tuple[float, float], columns: int) -> Iterator[tuple[float, str]]:
        """Ticks of the x axis. The plot cuts a label that reaches beyond its edge, but for that of its very end."""
        each = (x[1] - x[0]) / columns
        whole = all(bool((curve.x == np.round(curve.x)).all()) for curve in chart.curves)
        for at, label in _straight_ticks(x, max(2, columns // (7 if chart.log_x else 9)), log=chart.log_x, whole=whole):
            if at > x[1] - each:
                yield x[1] + each, label
            elif at < x[1] - each * (len(label) / 2 + 1):
                yield at, label


def _marked_apart(given: Chart, columns: int, lines: int) -> Chart:
    """A chart in which lines that run in the same rows as another have markers, each at its own places."""
    straight = _straight(given)
    x = _spread(*straight.x)
    low, high = _spread(*(straight.y or _range(straight.curves, x) or (0.0, 1.0)))
    places = np.linspace(*x, max(2, columns))
    rows = []
    for curve in straight.curves:
        kept = np.isfinite(curve.y) & np.isfinite(curve.x)
        at = np.full(len(places), np.nan)
        if kept.any():
            at = np.interp(places, curve.x[kept], curve.y[kept], left=np.nan, right=np.nan)
        rows.append((at - low) / (high - low) * max(1, lines))

    def hidden(one: int) -> bool:
        return any(
            float((np.abs(rows[one] - rows[other]) < 0.5).mean()) >= COINCIDING
            for other, curve in enumerate(given.curves)
            if other != one and (curve.joined or not curve.marker)
        )

    def changed(number: int, curve: Curve) -> Curve:
        if (curve.marker and not curve.joined) or not hidden(number):
            return curve
        return replace(curve, marker=curve.marker or MARKERS[number % len(MARKERS)], joined=True, apart=True)

    return replace(given, curves=tuple(changed(number, curve) for number, curve in enumerate(given.curves)))


def _staggered(at: Floats, mean: Floats, number: int, count: int) -> tuple[Floats, Floats]:
    """Where the markers of one of so many curves stand: at some of its points, or on its line if they are too few."""
    if len(at) >= 2 * count or not len(at):
        stride = max(count, len(at) // EACH)
        some_of = slice(stride * number // count, None, stride)
        return at[some_of], mean[some_of]
    places = at[0] + (np.arange(EACH) + (number + 0.5) / count) / EACH * (at[-1] - at[0])
    return places, np.interp(places, at, mean)


def _upwards(y: tuple[float, float], edge: float, lines: int, *, log: bool) -> Sequence[tuple[float, str]]:
    """Ticks of the y axis, one in a row at most: those nearest to the middle of their row."""
    if lines < ENDS:
        return [(at, label) for at in y if (label := _brief(10**at if log and abs(at) < MAGNITUDES else at))]
    best: list[tuple[float, str]] = []
    for most in range(max(3, lines * 2 // 5 + 1), lines + 1):
        rows: dict[int, tuple[float, tuple[float, str]]] = {}
        for tick in _straight_ticks(y, most, log=log):
            place = (tick[0] - y[0] + edge) / (y[1] - y[0] + 2 * edge) * lines
            off = abs(place - int(place) - 0.5)
            if off < rows.get(int(place), (1.0, tick))[0]:
                rows[int(place)] = off, tick
        if len(rows) > len(best):
            best = [tick for _, tick in rows.values()]
        if len(best) >= TELLING:
            break
    return best


def _brief(value: float) -> str:
    """A number with three digits that count, or as many as fit; nothing where none does."""
    for digits in (3, 2, 1):
        label = f"{value:.{digits}g}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
        if len(label) <= LABEL:
            return label
    return ""


def _finest(curve: Curve, columns: int) -> int:
    """How many points of a curve can be drawn beside each other."""
    return columns // 3 if curve.marker and not curve.joined else 2 * columns


def _straight(chart: Chart) -> Chart:
    """A chart whose axes are linear: of values on a logarithmic one, log10; NaN for what has none."""
    if not (chart.log_x or chart.log_y):
        return chart

    def moved(values: Floats, log: bool) -> Floats:
        return np.log10(values, out=np.full(len(values), np.nan), where=values > 0) if log else values

    curves = tuple(
        replace(
            curve,
            x=moved(curve.x, chart.log_x),
            y=moved(curve.y, chart.log_y),
            band=(moved(curve.band[0], chart.log_y), moved(curve.band[1], chart.log_y)) if curve.band else None,
        )
        for curve in chart.curves
    )
    return replace(
        chart,
        curves=curves,
        x=_ends(chart.x, (curve.x for curve in curves)) or (0.0, 1.0) if chart.log_x else chart.x,
        y=_ends(chart.y, ()) if chart.y and chart.log_y else chart.y,
    )


def _ends(given: tuple[float, float], found: Iterable[Floats]) -> tuple[float, float] | None:
    """log10 of both ends of an axis; where that cannot be, the ends of what was found, which is log10 already."""
    if 0 < given[0] <= given[1] < np.inf:
        return log10(given[0]), log10(given[1])
    values = np.concatenate([np.empty(0), *found])
    values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max())) if len(values) else None


def _straight_ticks(
    ends: tuple[float, float], most: int, *, log: bool, whole: bool = False
) -> Sequence[tuple[float, str]]:
    """Ticks between two ends; of a logarithmic axis, log10 of the places between log10 of the ends."""
    if not log:
        return axis(*ends, most, whole=whole)
    if max(map(abs, ends)) > MAGNITUDES:
        return ()
    found = axis(10 ** ends[0], 10 ** ends[1], most, log=True)
    return [(min(max(log10(at), ends[0]), ends[1]), label) for at, label in found]


def _columns(curve: Curve, x: tuple[float, float], columns: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Where there is something, the mean, the smallest and the largest value of each of so many columns."""
    kept = np.isfinite(curve.y) & (curve.x >= x[0]) & (curve.x <= x[1])
    at, mean = curve.x[kept], curve.y[kept]
    low, high = (each[kept] for each in curve.band) if curve.band else (mean, mean)
    if len(at) <= columns:
        return at, mean, low, high
    column = np.minimum((at - x[0]) / (x[1] - x[0]) * columns, columns - 1).astype(int)
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    counts = np.diff(starts, append=len(at))
    return (
        x[0] + (column[starts] + 0.5) / columns * (x[1] - x[0]),
        np.add.reduceat(mean, starts) / counts,
        np.minimum.reduceat(low, starts),
        np.maximum.reduceat(high, starts),
    )


def _range(curves: Sequence[Curve], x: tuple[float, float]) -> tuple[float, float] | None:
    """Where all curves have room, and half of what lies in their bands; what reaches beyond is cut."""
    found: list[Floats] = []
    for curve in curves:
        kept = np.isfinite(curve.y) & (curve.x >= x[0]) & (curve.x <= x[1])
        found += [curve.y[kept], *(np.median(each[kept], keepdims=True) for each in curve.band or () if kept.any())]
    values = np.concatenate([np.empty(0), *found])
    return (float(values.min()), float(values.max())) if len(values) else None


def _spread(low: float, high: float) -> tuple[float, float]:
    """A range that is not empty."""
    return (low, high) if high > low else (low - max(abs(low) / 2, 0.5), high + max(abs(high) / 2, 0.5))


def axis(low: float, high: float, most: int, *, log: bool = False, whole: bool = False) -> list[tuple[float, str]]:
    """At most so many round numbers between two others, each with its label, of at most five columns where that can be.

    whole: whole numbers only, of a linear axis · log: of a logarithmic axis, between positive numbers: powers of 2
    where both ends are such, 1-2-5 or powers of 10 else; round numbers where there is none of these.
    """
    if not log:
        return ticks(low, high, most, whole=whole)
    if not (isfinite(low) and isfinite(high) and high > low > 0 and most > 0):
        return []
    tries = [_within(_twos(low, high, most), low, high)]
    if high / low < 10:
        tries.append(ticks(low, high, most))
        if len(tries[0]) > 1 or len(tries[1]) >= min(most, TELLING):
            return tries[0] or tries[1]
    tries += [_within(found, low, high) for found in _tens(low, high)]
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    for digits in ((1,), (1, 3), (1, 2, 5), range(1, 10)):
        if len(digits) > 1 and len(powers) > MANY:
            break
        found = _within([_decimal(digit, power) for power in powers for digit in digits], low, high)
        tries += [found[start::stride] for stride in _strides(len(found), most) for start in range(stride)]
    some = [found for found in tries if len(found) <= most] or [[]]
    return next((found for found in some if len(found) >= min(most, TELLING)), max(some, key=len))


def _strides(count: int, most: int) -> range:
    """How far apart so many ticks stand where at most some of them are kept, and about half of these."""
    return range(max(1, count // most), 2 * count // most + 2)


def _within(found: Sequence[tuple[float, str]], low: float, high: float) -> list[tuple[float, str]]:
    """Those between two ends whose label is no longer than there is room for."""
    return [
        (min(max(at, low), high), label)
        for at, label in found
        if low * (1 - NEAR) <= at <= high * (1 + NEAR) and len(label) <= LABEL
    ]


def _twos(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Powers of 2, where both ends are such and no label is long: as many as may be, as far apart as each other."""
    first, last = round(log2(low)), round(log2(high))
    exact = abs(low / 2.0**first - 1) < NEAR and abs(high / 2.0**last - 1) < NEAR
    if not exact or first < 0 or last > 16 or last == first:
        return []
    stride = -(-(last - first + 1) // most)
    return [(2.0**power, str(2**power)) for power in range(first, last + 1, stride)]


def _tens(low: float, high: float) -> Iterator[list[tuple[float, str]]]:
    """1-2-5, 1-3-10, powers of 10 ever further apart, each from below the low end to above the high one."""
    first, last = floor(log10(low)), ceil(log10(high))
    if last - first <= 6:
        for digits in ((1, 2, 5), (1, 3)):
            yield [_decimal(digit, power) for power in range(first, last + 1) for digit in digits]
    for stride in (1, 2, 3, 4, 5, 10, 20, 50, 100, 200):
        yield [_decimal(1, power) for power in range(-(-first // stride) * stride, last + 1, stride)]


def _decimal(digit: int, power: int) -> tuple[float, str]:
    """digit · 10^power and its label: 0.05, 200, 1k, 20M, 5e-4, 1e15."""
    at = float(f"{digit}e{power}")
    if 0 <= power < 15:
        return at, f"{digit * 10 ** (power % 3)}{['', *'kMGT'][power // 3]}"
    if -2 <= power < 0:
        return at, f"{at:.{-power}f}"
    label = f"{digit}e{power}"
    return at, label.removeprefix("1") if len(label) > LABEL else label


def ticks(low: float, high: float, most: int, *, whole: bool = False) -> list[tuple[float, str]]:
    """At most so many round numbers between two others, each with a label of at most five columns where that can be.

    whole: whole numbers only.
    """
    if not (isfinite(low) and isfinite(high) and high > low):
        return []
    step = 10.0 ** floor(log10((high - low) / most))
    while (high - low) / step > most or (whole and step < 1):
        # 1, 2, 5, 10, 20 …
        step *= 2.5 if round(step / 10.0 ** floor(log10(step) + 1e-9)) == 2 else 2
    found = [number * step for number in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]
    return [(min(max(at, low), high), short(at, step)) for at in found]


def short(value: float, step: float) -> str:
    """A multiple of `step` in few columns: 0, 0.5, 250, 1.5k, 20M, 5e-4."""
    if abs(value) < step / 2:
        return "0"
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size and step >= size / 1000:
            return f"{value / size:.3f}".rstrip("0").rstrip(".") + letter
    if step >= 1:
        return f"{value:.0f}"
    if step < 1e-3:
        return f"{value:.1e}".replace(".0e", "e").replace("e-0", "e-")
    return f"{value:.{-floor(log10(step) + 1e-9)}f}"
