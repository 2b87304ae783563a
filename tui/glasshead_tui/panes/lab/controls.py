"""Controls: the values of an experiment's arguments, and how to turn them."""

from rich.segment import Segment
from rich.style import Style

from glasshead.lab.page import Control, Value
from glasshead_tui.drawing.paint import Palette, palette
from glasshead_tui.panes.lab.texts import LONGEST
from glasshead_tui.state.labbook import Visit, format_value
from glasshead_tui.terminal.visible import clip, visible
from glasshead_tui.widgets.lines import Line, cells
from glasshead_tui.widgets.spots import Row, Spot, SpotLines


class ControlsPane(SpotLines):
    """The controls with their values, and below them the meaning and the stops of the marked one."""

    INSET = 1

    brief = False
    """Whether there is room only for the values."""
    _visit: Visit | None = None

    def show(self, visit: Visit) -> None:
        """Draw the controls of an experiment."""
        self._visit = visit
        self.redraw()

    def drawn(self, columns: int, lines: int) -> list[Line]:
        found, self.spots = self.set_out(columns)
        return found

    def set_out(self, columns: int) -> tuple[list[Line], tuple[Spot, ...]]:
        """Lay out the controls for a number of columns, with their clickable places."""
        visit = self._visit
        if visit is None:
            return [], ()
        marks = palette(self.app)
        row = Row(columns)
        for number, control in enumerate(visit.page.controls):
            here = number == visit.marked
            value = clip(visible(format_value(visit.values[control.name])), LONGEST) or "–"
            ran = visit.outcome is None or visit.outcome.values.get(control.name) == visit.values[control.name]
            look = marks.weights.cursor if here else marks.strong if ran else marks.query + Style(bold=True)
            row.add([Segment(f"{control.name} ", marks.quiet), Segment(f"‹{value}›" if here else value, look)], number)
        explained = [] if self.brief else [_explained(visit, columns, marks)]
        return [*row.lines, *explained], tuple(row.spots)


def _explained(visit: Visit, columns: int, marks: Palette) -> Line:
    """Explain the marked control, and list its stops if there is room."""
    control = visit.control
    line: Line = [Segment(clip(f"{control.name}: {control.help}", columns), marks.quiet)]
    stops: Line = []
    for stop in control.stops:
        here = stop == visit.values[control.name]
        stops += [
            Segment(" "),
            Segment(clip(visible(format_value(stop)), LONGEST), marks.strong if here else marks.quiet),
        ]
    for more in (stops, [Segment(f"  {bounds(control)}", marks.quiet)]):
        if more and cells([*line, *more]) + 2 <= columns:
            line += [Segment("  "), *more]
    return line


def bounds(control: Control) -> str:
    """Describe the range of a control in words; empty if it has none."""
    if control.choice or isinstance(control.usual, bool | str):
        return ""
    if control.least is None:
        return "" if control.most is None else f"at most {format_value(control.most)}"
    least = _whole(control.least)
    return f"at least {least}" if control.most is None else f"{least} to {_whole(control.most)}"


def _whole(value: float) -> str:
    return format_value(int(value) if value == int(value) else value)


def hinted(control: Control, value: Value) -> str:
    """Write the prompt for typing a value."""
    words = f"{control.help[:1].upper()}{control.help[1:]}"
    if control.choice:
        limits = f": {', '.join(map(str, control.stops))}"
    elif isinstance(control.usual, bool):
        limits = ": yes or no"
    else:
        limits = f", {bounds(control)}" if bounds(control) else ""
    return f"{words}{limits}. Enter takes it, esc keeps {clip(visible(format_value(value)), LONGEST) or 'it empty'}."
