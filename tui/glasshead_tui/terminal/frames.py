"""Frames: of each picture the terminal gets only what it does not show yet, and only that is rendered.

Textual 8.2.8 renders every widget in the box around all that may have changed, and sends each line of these widgets
from its left edge on, whether it has changed or not. Here the lines on the screen are remembered, and compared piece by
piece.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from textual._compositor import ChopsUpdate, Compositor, LayoutUpdate, ReflowResult
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from glasshead_tui.terminal.lean import LeanWriter

NEAR = 4
"""Unchanged columns between two changes that cost less than going to the second one."""

Parts = Mapping[int, Strip]
"""The parts of a line by the columns in which they begin. A part lies within one widget."""


class Frames(Compositor):
    """See the module. Another size of the terminal, and a picture of the whole screen, begin anew."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: dict[int, dict[int, Strip]] = {}
        """What the lines of the terminal show, as far as that is known."""

    def reflow(self, parent: Widget, size: Size) -> ReflowResult:
        if size != self.size:
            self._shown.clear()
        return super().reflow(parent, size)

    def render_full_update(self, simplify: bool = False) -> LayoutUpdate:
        whole = super().render_full_update(simplify)
        return whole if simplify else _Whole(whole, self._shown)

    def render_partial_update(self) -> ChopsUpdate | None:
        screen = self.size.region
        regions = [inside for region in self._dirty_regions if (inside := region.intersection(screen))]
        self._dirty_regions.clear()
        if not regions:
            return None
        spans = list(self._regions_to_spans(regions))
        missing: dict[int, list[int]] = {}
        """Of each line the columns in which parts begin that are to be rendered."""
        for y, x1, x2 in spans:
            cuts = self.cuts[y]
            begun = missing.setdefault(y, [])
            found = cuts[bisect_right(cuts, x1) - 1 : bisect_left(cuts, x2)]
            begun += [x for x in found if x not in begun]
        lines: list[dict[int, Strip | None]] = [{} for _ in range(screen.height)]
        for y, begun in missing.items():
            lines[y] = dict.fromkeys(begun)
        for widget, (region, clip) in self.visible_widgets.items():  # the uppermost first
            if not missing:
                break
            self._render_into(lines, missing, widget, region, clip)
        return _Part(lines, spans, [cuts[1:] for cuts in self.cuts], self._shown)

    def _render_into(
        self, lines: list[dict[int, Strip | None]], missing: dict[int, list[int]], widget: Widget, region: Region,
        clip: Region,
    ) -> None:  # fmt: skip
        """Render a widget as far as it is seen in parts that are missing."""
        seen = region.intersection(clip)
        left, right = seen.column_span
        wanted = {
            y: parts
            for y, begun in missing.items()
            if seen.y <= y < seen.bottom and (parts := [x for x in begun if left <= x < right])
        }
        if not wanted:
            return
        first, last = min(wanted), max(wanted)
        crop = Region(left - region.x, first - region.y, right - left, last - first + 1)
        for y, strip in enumerate(widget.render_lines(crop), first):
            if y not in wanted:
                continue
            parts = wanted[y]
            cuts = [cut for cut in self.cuts[y] if left <= cut <= right]
            pieces = (strip,) if len(cuts) == 2 else strip.divide([cut - left for cut in cuts[1:]])
            lines[y].update((x, piece) for x, piece in zip(cuts, pieces, strict=False) if x in parts)
            if len(parts) == len(missing[y]):
                del missing[y]
            else:
                missing[y] = [x for x in missing[y] if x not in parts]


class _Whole(LayoutUpdate):
    """A picture of the whole screen, sent as a whole."""

    def __init__(self, whole: LayoutUpdate, shown: dict[int, dict[int, Strip]]) -> None:
        super().__init__([list(line) for line in whole.strips], whole.region)
        self._shown = shown

    def render_segments(self, console: Console) -> str:
        writer = LeanWriter(console)
        self._shown.clear()
        for y, line in enumerate(self.strips, self.region.y):
            x, parts = self.region.x, self._shown.setdefault(y, {})
            writer.move(x, y)
            for strip in line:
                writer.write(strip)
                parts[x] = strip
                x += strip.cell_length
        return writer.end()


class _Part(ChopsUpdate):
    """Parts of lines, sent as far as they differ from what is shown."""

    def __init__(
        self,
        lines: Sequence[Mapping[int, Strip | None]],
        spans: list[tuple[int, int, int]],
        ends: list[list[int]],
        shown: dict[int, dict[int, Strip]],
    ) -> None:
        super().__init__(lines, spans, ends)
        self._shown = shown

    def render_segments(self, console: Console) -> str:
        writer = LeanWriter(console)
        for y, line in enumerate(self.chops):
            shown = self._shown.setdefault(y, {})
            for x, strip in line.items():
                if strip is None:
                    continue
                before = shown.get(x)
                if before is None or before.cell_length != strip.cell_length:
                    _forget(shown, x, x + strip.cell_length)
                    before = None
                elif before is strip:
                    continue
                for column, pieces in changes(before, strip):
                    writer.move(x + column, y)
                    writer.write(pieces)
                shown[x] = strip
        return writer.end()


def _forget(shown: dict[int, Strip], left: int, right: int) -> None:
    """Forget the parts of a line that lie in these columns, or reach into them."""
    for x, strip in list(shown.items()):
        if x < right and x + strip.cell_length > left:
            del shown[x]


def changes(before: Strip | None, after: Strip) -> Iterator[tuple[int, list[Segment]]]:
    """Yield the runs of a strip that differ from the strip in its place, each with its first column.

    before: of the same length; None if that is not known.
    """
    if before is None:
        yield 0, list(after)
        return
    if before == after:
        return
    if not all(_is_plain(text) for text, *_ in chain(before, after)):
        yield 0, list(after)
        return
    known = dict(_begun(before))
    start, run, same = 0, list[Segment](), list[Segment]()
    for x, piece in _begun(after):
        if known.get(x) != piece:
            start = start if run else x
            run += [*same, piece]
            same = []
        elif run:
            same.append(piece)
            if sum(len(text) for text, *_ in same) > NEAR:
                yield start, run
                run, same = [], []
    if run:
        yield start, run


def _begun(line: Iterable[Segment]) -> Iterator[tuple[int, Segment]]:
    """Yield the pieces of a line with the columns in which they begin."""
    x = 0
    for piece in line:
        yield x, piece
        x += cell_len(piece.text)


@lru_cache(maxsize=4096)
def _is_plain(text: str) -> bool:
    """Tell whether each character takes one column. Terminals agree on that, and not on the width of all others."""
    return text.isascii() or all(cell_len(character) == 1 for character in text)
