"""Map: every layer × head of each kind of attention as a small picture. A dot shows the largest weight under it."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from textual import work
from textual.message import Message

from glasshead.errors import GlassheadError
from glasshead.named import brief_head, brief_kind
from glasshead.site import attention
from glasshead.traces.shown import NotYetError, passes_put_off
from glasshead_tui.drawing.masks import told_of_kind
from glasshead_tui.drawing.matrix import hides
from glasshead_tui.drawing.names import kind_name
from glasshead_tui.drawing.paint import palette
from glasshead_tui.drawing.sides import mark_names, mark_side
from glasshead_tui.drawing.tables import map_rows
from glasshead_tui.drawing.titles import entitle
from glasshead_tui.panes.pane import Rows, text_of
from glasshead_tui.state.focus import Focus
from glasshead_tui.widgets.scale import ABSENT, LEVELS, MASKED
from glasshead_tui.widgets.thumbnails import Group, Place, Thumbnails

if TYPE_CHECKING:
    from torch import Tensor

    from glasshead.anatomy import Kind
    from glasshead.session.beside import Beside
    from glasshead.session.moment import Moment
    from glasshead.traces.trace import Trace

UNKNOWN = "… computed when looked at"
"""Said where not every layer was captured."""
DOTS = "a dot: the largest weight · of the cells that share it"
AT_ONCE = 2_000_000  # weights pooled before the first frame; the rest follows, a layer at a time


class Heads:
    """The pictures of a trace: weights, max-pooled, so that no single strong weight is averaged away."""

    def __init__(self, trace: "Trace", focus: Focus, beside: "Beside | None" = None) -> None:
        """beside: the same tokens without edits, to show the difference of the weights."""
        self.trace, self._here, self._beside = trace, focus.prefix, beside
        self.groups = [_group(trace, kind) for kind in trace.kinds]
        self.waiting: list[tuple[str, int, int]] = []
        self._left = AT_ONCE
        self._pooled: dict[tuple[str, int, int], list[list[bytes]] | None] = {}

    def shows(self, trace: "Trace", beside: "Beside | None") -> bool:
        """Tell whether these are the pictures of a trace, or of its difference."""
        return self.trace is trace and self._beside is beside

    def picture(self, place: Place, columns: int, lines: int) -> Sequence[bytes] | None:
        kind = self.trace.kinds[place.group]
        prefix = attention(kind.stack, place.row, kind.kind)
        if self._lacks(prefix):
            return ()
        key = prefix, columns, lines
        if key not in self._pooled:
            queries, keys = self.trace.axes(prefix)
            self._left -= len(queries) * len(keys) * kind.heads
            if self._left < 0 or not self._kept(prefix):
                self._pooled[key] = None
                if self._kept(prefix):
                    self.waiting.append(key)
            else:
                self.pool(key)
        found = self._pooled[key]
        return found[place.column] if found else None

    def pool(self, key: tuple[str, int, int]) -> None:
        """Make the pictures of all heads of one layer."""
        prefix, columns, lines = key
        if self._beside is None:
            self._pooled[key] = pooled(self.trace[f"{prefix}.weights"], ~hides(self.trace, prefix), columns, lines)
            return
        from glasshead.analysis.difference import difference

        try:
            self._beside.check(f"{prefix}.weights")
        except GlassheadError:  # another text: there is no difference
            self._pooled[key] = None
            return
        apart = difference(self.trace, self._beside.trace, f"{prefix}.weights").abs()
        self._pooled[key] = pooled(apart, self._beside.cone[f"{prefix}.weights"], columns, lines, ABSENT)

    @property
    def partial(self) -> bool:
        """Whether some pictures stay empty, as a recording lacks their weights."""
        return any(self._lacks(prefix) for kind in self.trace.kinds for prefix in self.trace.anatomy.attentions(kind))

    def _lacks(self, prefix: str) -> bool:
        return bool(self.trace.recorded) and f"{prefix}.weights" not in self.trace

    def fetch(self) -> None:
        """Compute the matrix that is looked at, if it is not drawn. Raises NotYetError where passes are put off."""
        if all(found is not None for key, found in self._pooled.items() if key[0] == self._here):
            return
        for trace in (self.trace, *(() if self._beside is None else (self._beside.trace,))):
            if not trace.recorded:
                trace[f"{self._here}.weights"]
                trace.hides(self._here)

    def look(self, focus: Focus) -> bool:
        """Look at another matrix, whose layer may have been computed for it; return whether there is more to draw."""
        self._here = focus.prefix
        unknown = [key for key, found in self._pooled.items() if found is None and key not in self.waiting]
        for key in unknown:
            if self._kept(key[0]):
                del self._pooled[key]
        return any(key not in self._pooled for key in unknown)

    @property
    def unknown(self) -> bool:
        """Whether some pictures stay unknown until their layer is looked at."""
        return not self.trace.recorded and any(
            not self._kept(prefix) for kind in self.trace.kinds for prefix in self.trace.anatomy.attentions(kind)
        )

    def _kept(self, prefix: str) -> bool:
        """Tell whether the weights are there: a map must not run the model for each layer. `fetch` gets those of the
        layer that is looked at.
        """
        site, other = f"{prefix}.weights", None if self._beside is None else self._beside.trace
        if other is not None and not other.at_hand(site):
            return False
        return self.trace.at_hand(site) and (bool(self.trace.recorded) or self.trace.hides_at_hand(prefix))


def _group(trace: "Trace", kind: "Kind") -> Group:
    """Title the heads of a kind of attention by its name, and say whether it has a mask."""
    mask = told_of_kind(trace.anatomy, kind)
    title = ", ".join(filter(None, (kind_name(kind), "" if mask == "masked" else mask)))
    brief = " · ".join(filter(None, (brief_kind(kind.stack, kind.kind), mask)))
    return Group(title, kind.layers, kind.heads, "heads", brief)


def _place(trace: "Trace", focus: Focus) -> Place:
    """Return the place of a head in the map."""
    here = (at for at, kind in enumerate(trace.kinds) if (kind.stack, kind.kind) == (focus.stack, focus.kind))
    return Place(next(here, 0), focus.layer, focus.head)


def pooled(weights: "Tensor", looks: "Tensor", columns: int, lines: int, beyond: int = MASKED) -> list[list[bytes]]:
    """Pool each head to at most `lines` rows of at most `columns` levels. A dot is masked if everything under it is.

    weights, and where may be looked: h q k · beyond: what a dot is if there is nothing to see under it. Fewer tokens
    than dots are not stretched: a short line fills a corner of its picture.
    """
    from torch.nn.functional import adaptive_max_pool2d

    shape = min(lines, weights.shape[1]), min(columns, weights.shape[2])
    levels = (adaptive_max_pool2d(weights.nan_to_num(0, 0, 0), shape).clamp(0, 1).sqrt() * (LEVELS - 1)).round().int()
    looks = looks[:1] if looks.stride(0) == 0 else looks  # one for all heads
    seen = adaptive_max_pool2d(looks.float(), shape) > 0
    return [[bytes(row) for row in head] for head in levels.masked_fill(~seen, beyond).tolist()]


class MapPane(Thumbnails):
    """See the module."""

    INSET = 1

    class Picked(Message):
        """A head was clicked."""

        def __init__(self, stack: str, kind: str, layer: int, head: int) -> None:
            super().__init__()
            self.stack, self.kind, self.layer, self.head = stack, kind, layer, head

    class Pooled(Message, bubble=False):
        """The pictures of a layer were made."""

    stays = True
    """Whether the other pictures stay while one is computed."""
    _heads: Heads | None = None
    _pooling = False

    def show(self, moment: "Moment", focus: Focus) -> None:
        """Draw all heads of a moment, and mark the current one.

        Raises NotYetError, all others being drawn, where that one takes a pass that is put off.
        """
        trace = moment.trace
        place = _place(trace, focus)
        held = None if focus.pinned is None else _place(trace, focus.at(focus.pinned))
        beside = moment.beside if focus.view == "difference" else None
        if self._heads is None or not self._heads.shows(trace, beside):
            self._heads = Heads(trace, focus, beside)
            self.show_gallery(self._heads, palette(self.app).weights, place, held)
            self._continue()
        elif self._heads.look(focus) or (place, held) != (self.selected, self.held):
            self.select(place, held)
        mark = mark_side(moment, focus, "map")
        unknown = "empty: not recorded" if self._heads.partial else UNKNOWN if self._heads.unknown else ""
        said = " − ".join(mark_names(beside.names)) if beside else unknown or DOTS
        entitle(self, f"{mark}map · {brief_head(focus.prefix, focus.head)}", said)
        self._heads.fetch()

    def as_rows(self) -> Rows:
        """Return a row for each head: its largest weight, and its place."""
        return map_rows(self._heads.trace) if self._heads else []

    def as_text(self) -> str:
        """Return the same as lines of text."""
        return text_of(self.as_rows())

    def on_resize(self) -> None:
        super().on_resize()
        self._continue()

    def on_thumbnails_selected(self, event: Thumbnails.Selected) -> None:
        event.stop()
        if self._heads:
            kind = self._heads.trace.kinds[event.place.group]
            self.post_message(self.Picked(kind.stack, kind.kind, event.place.row, event.place.column))

    def _continue(self) -> None:
        """Pool a waiting layer beside the keys, one after the other."""
        if self._heads and self._heads.waiting and not self._pooling:
            self._pooling = True
            self._pool(self._heads, self._heads.waiting.pop(0))

    @work(thread=True)
    def _pool(self, heads: Heads, key: tuple[str, int, int]) -> None:
        with passes_put_off(), suppress(NotYetError, GlassheadError):  # let go since: drawn when it is looked at
            heads.pool(key)
        self.post_message(self.Pooled())

    def on_map_pane_pooled(self) -> None:
        """Draw what was pooled, and go on."""
        self._pooling = False
        self.redraw()
        self._continue()
