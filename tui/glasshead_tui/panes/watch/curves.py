"""Curves: loss, scores and learning rate over the steps, with a line at the current step."""

from collections.abc import Sequence

from rich.style import Style
from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message

from glasshead_tui.drawing.paint import palette
from glasshead_tui.widgets.chart import Chart
from glasshead_tui.widgets.curves import Curves


class CurvesPane(Container, can_focus=False):
    """Three charts: below each other, or, in a wide room, the first beside the others."""

    DEFAULT_CSS = """
    CurvesPane { layout: vertical; }
    CurvesPane #loss { height: 5fr; }
    CurvesPane #scores { height: 4fr; }
    CurvesPane #rate { height: 3fr; }
    CurvesPane.wide { layout: grid; grid-size: 2 2; grid-columns: 4fr 3fr; grid-rows: 1fr 1fr; }
    CurvesPane.wide #loss { row-span: 2; height: 1fr; }
    CurvesPane.wide #scores, CurvesPane.wide #rate { height: 1fr; }
    """

    class Picked(Message):
        """A step was clicked, approximately."""

        def __init__(self, step: float) -> None:
            super().__init__()
            self.step = step

    def compose(self) -> ComposeResult:
        for name in ("loss", "scores", "rate"):
            yield Curves(id=name)

    def show(self, charts: Sequence[Chart], step: int | None) -> None:
        """Draw loss, scores and rate. step: the place of the line."""
        marks = palette(self.app)
        mark = None if step is None else (float(step), _line(marks.weights.cursor))
        band = Style(color=marks.weights.hatch) if marks.weights.hatch else None
        for curves, chart in zip(self.query(Curves), charts, strict=True):
            curves.show(chart, mark, strong=marks.strong, quiet=marks.quiet, band=band)

    def on_resize(self) -> None:
        self.set_class(self.size.width > 3 * self.size.height, "wide")

    def on_curves_picked(self, event: Curves.Picked) -> None:
        event.stop()
        self.post_message(self.Picked(event.x))


def _line(cursor: Style) -> Style:
    """Make a line style from the cursor's colour, which is a background."""
    return Style(color=cursor.bgcolor) if cursor.bgcolor else Style(bold=True)
