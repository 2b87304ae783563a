"""A probe: one sentence of a training at one recorded step, and one head's attention in it."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment

from glasshead.named import name_head
from glasshead_tui.drawing.matrix import weight_level
from glasshead_tui.drawing.names import named, spoken
from glasshead_tui.drawing.notes import NotedMatrix
from glasshead_tui.drawing.numbers import real, weight
from glasshead_tui.drawing.paint import Palette, palette
from glasshead_tui.drawing.probe_matrix import ProbeMatrix
from glasshead_tui.drawing.titles import entitle
from glasshead_tui.state.focus import Focus
from glasshead_tui.widgets.heatmap import HeatMap
from glasshead_tui.widgets.lines import Line
from glasshead_tui.widgets.scale import MASKED_GLYPH


class Probed(Protocol):
    """A recorded sentence at one step."""

    @property
    def text(self) -> str: ...
    @property
    def expected(self) -> str: ...
    @property
    def given(self) -> str: ...
    @property
    def heads(self) -> int: ...
    @property
    def weights(self) -> Mapping[str, NDArray[np.float16]]:
        """`decoder.1.cross` → h q k."""

    @property
    def looks(self) -> Mapping[str, NDArray[np.bool_]]:
        """`decoder.cross` → q k: where a query may look."""

    def axes(self, stack: str, kind: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the names of the tokens at the queries and at the keys."""

    def layers(self, stack: str, kind: str) -> int:
        """Count the layers with this kind of attention."""


def is_masked(probe: Probed, stack: str, kind: str) -> bool:
    """Tell whether a mask hides tokens in a kind of attention."""
    looks = probe.looks.get(f"{stack}.{kind}")
    return looks is not None and not looks.all()


class ProbePane(NotedMatrix, can_focus=False):
    """One head's attention in the probe."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._shown: tuple[Probed, Focus] | None = None
        self._matrix: ProbeMatrix | None = None

    def show(self, probe: Probed, focus: Focus) -> None:
        """Draw a head; if only the cell changed, move the cursor."""
        before, self._shown = self._shown, (probe, focus)
        if before and before[0] is probe and before[1].to(query=focus.query, key=focus.key) == focus:
            self._heatmap.cursor = focus.query, focus.key
        else:
            self._draw_matrix()
        self._write_notes()

    def on_resize(self) -> None:
        if self._shown:
            self._draw_matrix()

    def on_heat_map_cursor_moved(self, event: HeatMap.CursorMoved) -> None:
        event.stop()
        self.post_message(self.Picked(event.row, event.column))

    def _draw_matrix(self) -> None:
        assert self._shown is not None
        probe, focus = self._shown
        queries, keys = (named(names) for names in probe.axes(focus.stack, focus.kind))
        values = probe.weights[focus.prefix][focus.head]
        self._matrix = ProbeMatrix(values, probe.looks[f"{focus.stack}.{focus.kind}"], queries, keys)
        self._heatmap.show(self._matrix, palette(self.app).weights, (focus.query, focus.key))
        entitle(
            self,
            name_head(*focus.place, masked=is_masked(probe, focus.stack, focus.kind)),
            f"rows look at columns · step {focus.step:,}",
        )
        self._notes.legend = _legend(self._matrix, focus, palette(self.app))

    def _write_notes(self) -> None:
        assert self._shown is not None and self._matrix is not None
        self._notes.readout = _readout(self._matrix, self._shown[1], palette(self.app))
        self._notes.redraw()


def _readout(matrix: ProbeMatrix, focus: Focus, marks: Palette) -> tuple[Line, ...]:
    """Describe the current cell and, if there is room, the largest weights of its query."""
    row = matrix.values[focus.query].astype(float)
    query, key = spoken(matrix.row_labels[focus.query]), spoken(matrix.column_labels[focus.key])
    pair: Line = [Segment(query, marks.query), Segment(" → ", marks.quiet), Segment(key, marks.key)]
    if not matrix.looks[focus.query, focus.key]:
        later = (focus.stack, focus.kind) == ("decoder", "self") and focus.key > focus.query
        why = "it comes later" if later else "may not be looked at"
        hidden = [*pair, Segment("  "), Segment(" −∞ ", marks.strong), Segment(why)]
        return hidden, hidden[:-1]
    short: Line = [*pair, Segment("  "), Segment(weight(row[focus.key], 5), marks.strong)]
    if not np.isfinite(row).all():
        return ([*short, Segment("   this row is no number: the training had diverged", marks.bad)], short)
    best = int(row.argmax())
    most = [Segment("   most: ", marks.quiet), Segment(spoken(matrix.column_labels[best]), marks.key)]
    most.append(Segment(f" {weight(row[best], 5)}", marks.quiet))
    return ([*short, *most, Segment(f"   row sums to {row.sum():.3f}", marks.quiet)], [*short, *most], short)


def _legend(matrix: ProbeMatrix, focus: Focus, marks: Palette) -> tuple[Line, ...]:
    """Explain colours and glyphs, at several lengths."""
    scale = marks.weights
    colours: Line = []
    for value in (0.0, 0.01, 0.1, 0.3, 1.0):
        level = weight_level(value)
        sample = scale.glyphs[level] * 2 if not scale.coloured else ""
        colours.append(Segment(f"{sample} {real(value, 3)} ", scale.fills[level]))
    if not matrix.hides:
        return (colours,)
    why = "comes later" if focus.stack == "decoder" and focus.kind == "self" else "masked"
    glyph: Line = [Segment("  "), Segment(MASKED_GLYPH * 3, scale.masked), Segment(f" −∞ {why}", marks.quiet)]
    return [*colours, *glyph], glyph[1:], colours
