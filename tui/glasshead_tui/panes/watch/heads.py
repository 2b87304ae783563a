"""The map of a probe: every layer × head of each kind of attention as a small picture, at one step of the training."""

from collections.abc import Sequence

import numpy as np
from textual.message import Message

from glasshead.named import brief_kind, name_kind
from glasshead_tui.drawing.paint import palette
from glasshead_tui.drawing.probe_matrix import levels
from glasshead_tui.drawing.titles import entitle
from glasshead_tui.panes.watch.probe import Probed, is_masked
from glasshead_tui.state.focus import Attention, Focus, Stack
from glasshead_tui.widgets.scale import MASKED
from glasshead_tui.widgets.thumbnails import Group, Place, Thumbnails

KINDS: tuple[tuple[Stack, Attention], ...] = (("encoder", "self"), ("decoder", "self"), ("decoder", "cross"))
"""The kinds of attention in the order in which a token meets them."""


class ProbeHeads:
    """The pictures of a probe: weights, max-pooled, so that no single strong weight is averaged away."""

    def __init__(self, probe: Probed) -> None:
        self.probe = probe
        self.kinds = [kind for kind in KINDS if probe.layers(*kind)]
        self.groups = [_group(probe, *kind) for kind in self.kinds]

    def picture(self, place: Place, columns: int, lines: int) -> Sequence[bytes]:
        """Return at most `lines` rows of at most `columns` levels. A dot is masked if everything under it is."""
        stack, kind = self.kinds[place.group]
        values = self.probe.weights[f"{stack}.{place.row}.{kind}"][place.column]
        looks = self.probe.looks[f"{stack}.{kind}"]
        found = _pooled(levels(values), columns, lines)
        found[_pooled(looks | (values != 0), columns, lines) == 0] = MASKED
        return [row.tobytes() for row in found]


def _group(probe: Probed, stack: Stack, kind: Attention) -> Group:
    """Title the heads of a kind of attention by its name, and say whether it has a mask."""
    masked = is_masked(probe, stack, kind)
    title = f"{name_kind(stack, kind, masked=masked)}{'' if masked else ', no mask'}"
    brief = f"{brief_kind(stack, kind)} · {'masked' if masked else 'no mask'}"
    return Group(title, probe.layers(stack, kind), probe.heads, brief=brief)


def _pooled(values: np.ndarray, columns: int, lines: int) -> np.ndarray:
    """Take the largest value of each of at most `lines` × `columns` parts of a matrix."""
    for axis, parts in ((0, lines), (1, columns)):
        count = values.shape[axis]
        if count > parts:
            values = np.maximum.reduceat(values, np.arange(parts) * count // parts, axis=axis)
    return values.copy()


class HeadsPane(Thumbnails):
    """The map of all heads."""

    INSET = 1

    class Picked(Message):
        """A head was clicked."""

        def __init__(self, stack: Stack, kind: Attention, layer: int, head: int) -> None:
            super().__init__()
            self.stack, self.kind, self.layer, self.head = stack, kind, layer, head

    _heads: ProbeHeads | None = None

    def show(self, probe: Probed, focus: Focus) -> None:
        """Draw all heads of a probe, and mark the current one."""
        if self._heads is None or self._heads.probe is not probe:
            self._heads = ProbeHeads(probe)
            self.show_gallery(self._heads, palette(self.app).weights, self._place(focus))
        elif self._place(focus) != self.selected:
            self.select(self._place(focus))
        entitle(self, "map", "all heads")

    def _place(self, focus: Focus) -> Place | None:
        assert self._heads is not None
        kinds: list[tuple[str, str]] = list(self._heads.kinds)
        here = focus.stack, focus.kind
        return Place(kinds.index(here), focus.layer, focus.head) if here in kinds else None

    def on_thumbnails_selected(self, event: Thumbnails.Selected) -> None:
        event.stop()
        if self._heads:
            stack, kind = self._heads.kinds[event.place.group]
            self.post_message(self.Picked(stack, kind, event.place.row, event.place.column))
