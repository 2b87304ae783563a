"""Where the explorer's panes stand, and when they are drawn.

Three panes stand above, the first of them the map or the ranking; below them stands one of several groups, the one that
was looked at last. A narrow terminal, or `f`, gives the whole room to the active pane. What is not seen is not drawn.

Where two lines are compared, a pane below stands twice, once for each of them. What has no room for that says in its
title which of them it shows, and by which key it shows the other.
"""

import math
import time
from collections import Counter
from collections.abc import Hashable, Mapping
from itertools import chain
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.reactive import var

from glasshead.errors import GlassheadError
from glasshead.traces.shown import NotYetError, passes_put_off
from glasshead_tui.drawing.compared import OF_HEADS, OF_LAYERS, SORTED, check_pane, same_items
from glasshead_tui.drawing.names import spoken
from glasshead_tui.drawing.paint import palette
from glasshead_tui.drawing.pairs import both, pair_of
from glasshead_tui.drawing.sides import MARKS, mark_side, side_of
from glasshead_tui.drawing.titles import mark_title
from glasshead_tui.panes.attention import AttentionPane
from glasshead_tui.panes.difference import difference_text
from glasshead_tui.panes.explore.alignment import AlignmentPane
from glasshead_tui.panes.explore.breakpoints import BreakpointsPane
from glasshead_tui.panes.explore.edits import EditsPane
from glasshead_tui.panes.explore.feed_forward import FeedForwardPane
from glasshead_tui.panes.explore.heads import HeadsPane
from glasshead_tui.panes.explore.logits import LogitsPane
from glasshead_tui.panes.explore.norms import NormsPane
from glasshead_tui.panes.explore.positions import PositionsPane
from glasshead_tui.panes.explore.ranking import RankingPane
from glasshead_tui.panes.explore.stream import StreamPane
from glasshead_tui.panes.explore.sum import SumPane
from glasshead_tui.panes.explore.tokens import TokensPane
from glasshead_tui.panes.explore.tree import TreePane
from glasshead_tui.panes.explore.vectors import VectorsPane
from glasshead_tui.panes.listed import ListPane
from glasshead_tui.panes.map import MapPane
from glasshead_tui.panes.pane import COMPUTING
from glasshead_tui.screens.base import CommandedScreen
from glasshead_tui.screens.lines import tabs_text
from glasshead_tui.state.focus import VIEWS, Focus, View
from glasshead_tui.terminal.visible import visible
from glasshead_tui.widgets.lines import Lines
from glasshead_tui.widgets.restyle import restyle
from glasshead_tui.work.messages import Computed

if TYPE_CHECKING:
    from glasshead.session.moment import Moment

Shown = (
    MapPane | AttentionPane | SumPane | VectorsPane | NormsPane | HeadsPane | AlignmentPane
    | StreamPane | LogitsPane | FeedForwardPane | PositionsPane | RankingPane | TreePane | EditsPane | BreakpointsPane
)  # fmt: skip
PANES: dict[str, type[Shown]] = {
    "map": MapPane,
    "ranking": RankingPane,
    "attention": AttentionPane,
    "sum": SumPane,
    "vectors": VectorsPane,
    "norms": NormsPane,
    "heads": HeadsPane,
    "alignment": AlignmentPane,
    "stream": StreamPane,
    "logits": LogitsPane,
    "feed-forward": FeedForwardPane,
    "positions": PositionsPane,
    "tree": TreePane,
    "edits": EditsPane,
    "breakpoints": BreakpointsPane,
}
"""All panes by name, in the order in which `tab` goes through them."""
CORNER = ("map", "ranking")
"""Panes that take turns in the first place above."""
ABOVE = (*CORNER, "attention", "sum")
BELOW: tuple[tuple[str, ...], ...] = (
    ("vectors", "norms"), ("heads", "alignment"), ("stream",), ("logits", "feed-forward"), ("positions",), ("tree",),
    ("edits", "breakpoints"),
)  # fmt: skip
"""Groups of panes that take turns below the others."""
TWICE = tuple(name for group in BELOW for name in group if name not in ("tree", "edits", "breakpoints"))
"""Panes that stand twice where two are compared: all below that are not lists."""
TWIN = "-beside"
"""End of the name of a pane that stands beside the one of that name, and shows what it is compared with."""
ALIKE: tuple[View, View] = "edited", "original"
"""What a pane and its twin show."""
NEAREST = "its nearest row"
"""What the title of the twin says where its line has not come as far."""
TRIES = 3
"""Times that a value is computed beside the keys, before it is computed where it is drawn."""
STAYS = 0.5
"""Seconds for which a pane shows what it showed before, while something is computed for it."""
OF_CANDIDATES = ("stream", "logits")
"""Panes in which the arrows to the sides choose a candidate, and a search goes through candidates."""


def show(pane: Shown, moment: "Moment", focus: Focus) -> None:
    """Draw a moment in a pane as the focus says: as it is, what it is compared with, or the difference of both.

    The matrix shows all of them side by side where it has room. Raises GlassheadError for what cannot be drawn, or has
    no difference.
    """
    if isinstance(pane, AttentionPane | ListPane):  # a list is of the session: it has no other side
        pane.show(moment, focus)
        return
    name = (pane.id or "").removesuffix(TWIN)
    if focus.pinned is not None and (focus.pinned == focus.place or name not in OF_HEADS):
        focus = focus.to(view="edited")
    pair = None if focus.view == "edited" else pair_of(moment, focus, exact=name in OF_LAYERS)
    if focus.view == "original" and pair is not None:
        pane.show(*pair.other)
    elif pair is not None:
        if name != "map":
            check_pane(pair, name, focus)
            item = SORTED.get(name)
            rows = pane.compared if isinstance(pane, LogitsPane) else pane.as_rows
            pane.show(*pair.other)
            before = rows()
            pane.show(pair.this.moment, pair.this.focus.to(view="difference"))
            after = rows()
            before = before if item is None else same_items(after, before, item)
            row = spoken(both(pair.this.cell[0], pair.other.cell[0]))
            pane.tell(difference_text(after, before, pair.marked, row))
            return
        pane.show(pair.this.moment, pair.this.focus.to(view="difference"))
    else:
        pane.show(moment, focus)
    pane.tell(None)


class PanedScreen(CommandedScreen):
    """See the module. A subclass has a focus, and composes `#tabs` and what `_panes` yields."""

    DEFAULT_CSS = """
    PanedScreen #tabs { height: 1; padding: 0 0 0 1; }
    PanedScreen #above { height: 1fr; }
    PanedScreen #below { height: 12; }
    PanedScreen MapPane, PanedScreen RankingPane { width: 31; }
    PanedScreen AttentionPane { width: 1fr; }
    PanedScreen SumPane { width: 34; }
    PanedScreen #below .pane { width: 1fr; }
    PanedScreen .pane { border: round $panel-lighten-2; border-title-color: $foreground;
        border-subtitle-color: $text-muted; display: none; }
    PanedScreen .pane.shown { display: block; }
    PanedScreen .pane.active { border: round $accent; border-title-color: $accent; border-title-style: bold; }
    PanedScreen.roomy #below { height: 16; }
    PanedScreen.roomy MapPane, PanedScreen.roomy RankingPane { width: 46; }
    PanedScreen.roomy SumPane { width: 46; }
    PanedScreen.alone #above, PanedScreen.alone #below { display: none; height: 1fr; }
    PanedScreen.alone #above.holds-active, PanedScreen.alone #below.holds-active { display: block; }
    PanedScreen #below #edits, PanedScreen #below #breakpoints { width: 2fr; }
    PanedScreen #below #edits.active, PanedScreen #below #breakpoints.active { width: 5fr; }
    PanedScreen.alone .pane { width: 1fr; height: 1fr; }
    """

    moment: "var[Moment | None]" = var(None)
    _looking: Focus
    _active = "attention"
    _corner = CORNER[0]
    """Pane that stands in the first place above."""
    _group = BELOW[0]
    """Panes that stand below."""
    _last = BELOW[0][0]
    """The one of them that was active last."""
    _enlarged = False
    _doubled = ""
    """Name of the pane that stands twice; empty for none."""
    _doubled_at: View = "edited"
    """Which of the two was looked at when that was chosen."""
    _rest_waits = False
    _tokens_due = True
    """Whether the tokens are to be drawn for what is looked at."""
    _asked: tuple[Hashable, ...] = ()
    """What is being computed."""

    def __init__(self, shown: Mapping[str, str]) -> None:
        """shown: id → the keys, as `keys.label_keys` gives them."""
        super().__init__(shown)
        self._answered: Counter[Hashable] = Counter()
        """How often something was computed, or could not be, for what is looked at."""
        self._waiting: dict[str, NotYetError] = {}
        """Panes that show a layer which is computed meanwhile, each with what it waits for."""
        self._late: dict[str, float] = {}
        """When each of them began to wait."""

    def _panes(self) -> ComposeResult:
        """Compose the panes, with the classes that `_show_active` would give them."""
        self.set_class(self._alone, "alone")
        seen = self._shown_panes
        for room, names in (("above", ABOVE), ("below", tuple(chain.from_iterable(BELOW)))):
            with Horizontal(id=room, classes="holds-active" if self._active in names else None):
                for name in names:
                    shown, active = " shown" * (name in seen), " active" * (name == self._active)
                    yield PANES[name](id=name, classes=f"pane{shown}{active}")

    def action_pane(self, by: int) -> None:
        """Show the next pane."""
        names = list(PANES)
        self.action_show(names[(names.index(self._active) + by * self._times()) % len(names)])

    def action_show(self, name: str) -> None:
        """Show a pane by name."""
        self._active = name
        self._show_active()
        self._redraw()

    def action_enlarge(self) -> None:
        """Give the active pane the room of all, or bring the others back."""
        self._enlarged = not self._enlarged
        self._show_active()
        self._redraw()

    @property
    def _alone(self) -> bool:
        """Whether the active pane has the whole room."""
        return self._enlarged or self.has_class("narrow")

    @property
    def _shown_panes(self) -> tuple[str, ...]:
        """Names of the panes that are seen, the active one first."""
        below = (self._doubled, f"{self._doubled}{TWIN}") if self._doubled else self._group
        names = below if self._alone else (self._corner, *ABOVE[len(CORNER) :], *below)
        others = names if self._doubled or not self._alone else ()
        return (self._active, *(name for name in others if name != self._active))

    @property
    def asked(self) -> bool:
        """Whether a person asked for what is compared: another line or model, a pinned head; else edits brought it."""
        moment = self.moment
        return self._looking.pinned is not None or (moment is not None and moment.beside is not moment.effect)

    def _to_double(self) -> str:
        """Choose the pane that stands twice. What edits brought takes the room of no other pane."""
        below = self._active in self._group
        name = self._active if below else self._last
        if not self.has_class("wide") or self._looking.view == "difference" or name not in TWICE:
            return ""
        if not (below if self._alone else self.asked or len(self._group) == 1):
            return ""
        return name if self._compares(name) else ""

    def _compares(self, name: str) -> bool:
        """Tell whether a pane shows one of two."""
        at = self._looking
        return at.pinned != at.place and self.moment is not None and side_of(self.moment, at, name) is not None

    def _double(self) -> None:
        """Let a pane stand twice, or once again."""
        self._doubled, self._doubled_at = self._to_double(), self._looking.view
        if self._doubled and not self.query(f"#{self._doubled}{TWIN}"):
            twin = PANES[self._doubled](id=f"{self._doubled}{TWIN}", classes="pane")
            self.query_one("#below").mount(twin, after=f"#{self._doubled}")

    def _pane(self, name: str) -> Shown:
        return self.query_one(f"#{name}", PANES[name.removesuffix(TWIN)])

    def _focus_of(self, name: str) -> Focus:
        """Return what a pane looks at: of two that stand side by side each at its own."""
        if not self._doubled or name.removesuffix(TWIN) != self._doubled:
            return self._looking
        return self._looking.to(view=ALIKE[name.endswith(TWIN)])

    def _aside(self, name: str, looking: Focus) -> str:
        """Say in the title of a pane which key shows the other of two; beside its twin, whether it has another row."""
        if self.moment is None or not self._compares(name.removesuffix(TWIN)):
            return ""
        if looking is self._looking:
            return f"{self._shown_keys['view']} shows {MARKS[self._next_view]}"
        try:
            pair = pair_of(self.moment, looking, exact=False) if name.endswith(TWIN) else None
        except GlassheadError:
            return ""
        return NEAREST if pair is not None and pair.other.focus.query != looking.query else ""

    @property
    def _next_view(self) -> View:
        return VIEWS[(VIEWS.index(self._looking.view) + 1) % len(VIEWS)]

    def _redraw(self) -> None:
        """Draw the active pane at once and the others later, so that a key is answered before everything is drawn."""
        if (self._to_double(), self._looking.view) != (self._doubled, self._doubled_at):
            self._show_active()
        self._answered.clear()
        self._waiting.clear()
        self._tokens_due = True
        self._draw(self._active)
        if self._active in self._waiting:  # then the tokens answer, in which the cursor moves too
            self._draw_tokens()
        self._send_for()
        if not self._rest_waits:
            self._rest_waits = True
            self.call_after_refresh(self._draw_rest)

    def _draw_rest(self) -> None:
        self._rest_waits = False
        self._draw_tokens()
        for name in self._shown_panes[1:]:
            self._draw(name)
        self._send_for()

    def _draw_tokens(self) -> None:
        if self.moment is not None and self._tokens_due:
            self._tokens_due = False
            self.query_one(TokensPane).show(self.moment, self._looking)

    def _draw(self, name: str) -> None:
        """Draw a pane. What takes a pass of the model is computed elsewhere, and drawn when it is there."""
        if self.moment is None:
            return
        pane, looking = self._pane(name), self._focus_of(name)
        self._waiting.pop(name, None)
        if not isinstance(pane, ListPane):
            pane.aside = self._aside(name, looking)
        begun = self._late.pop(name, None)
        try:
            try:
                with passes_put_off():
                    show(pane, self.moment, looking)
            except NotYetError as need:
                if self._answered[need.key] < TRIES:  # it may have been let go again, for what another one looks at
                    self._waiting[name] = need
                    self._wait(name, pane, begun)
                    return
                show(pane, self.moment, looking)  # it failed, and this says why; or there is no room for so much
            pane.say("")
        except GlassheadError as error:  # a recording lacks what it draws, or there is no difference
            mark_title(pane, mark_side(self.moment, looking, name.removesuffix(TWIN)))
            pane.say(visible(str(error)))

    def _wait(self, name: str, pane: Shown, begun: float | None) -> None:
        """Say that a pane is computed. What it shows stays for a moment: it mostly comes before, and half as much is
        sent then. begun: when it began to wait, if it has not been drawn since.
        """
        if getattr(pane, "stays", False):
            pane.say("")
            return
        now = time.monotonic()
        self._late[name] = now if begun is None else begun
        if now - self._late[name] < STAYS and isinstance(pane, Lines) and pane.wait(COMPUTING):
            if begun is None:
                self.set_timer(STAYS, lambda: self._put_away(name))
        else:
            pane.say(COMPUTING)

    def _put_away(self, name: str) -> None:
        """Put away what a pane shows, if it still waits for something else."""
        if name in self._waiting and time.monotonic() - self._late.get(name, math.inf) >= STAYS:
            self.query_one(f"#{name}", PANES[name]).say(COMPUTING)

    def _send_for(self) -> None:
        """Have computed what the panes wait for, in place of what was asked before."""
        needs = {need.key: need for need in self._waiting.values()}
        if tuple(needs) != self._asked:
            self._asked = tuple(needs)
            self._compute(tuple(needs.values()))

    def _compute(self, needs: tuple[NotYetError, ...]) -> None:
        """Compute values in another thread, and answer each with `Computed`; nothing of what was asked before."""
        raise NotImplementedError

    def on_computed(self, event: Computed) -> None:
        """Draw the panes that waited for a value, if they still do."""
        self._answered[event.key] += 1
        self._asked = tuple(key for key in self._asked if key != event.key)
        for name in [name for name, need in self._waiting.items() if need.key == event.key]:
            self._draw(name)
        self._send_for()

    def _show_active(self) -> None:
        """Bring the active pane into sight, with its group."""
        self._corner = self._active if self._active in CORNER else self._corner
        self._group = next((group for group in BELOW if self._active in group), self._group)
        if self._active in self._group:
            self._last = self._active
        self._double()
        self.set_class(self._alone, "alone")
        shown = self._shown_panes
        active = self._active
        if active == self._doubled and self._looking.view == "original":
            active += TWIN
        for pane in self.query(".pane"):
            name = pane.id or ""
            restyle(pane, active=name == active, shown=name in shown)
        restyle(self.query_one("#above"), holds_active=self._active in ABOVE)
        restyle(self.query_one("#below"), holds_active=self._active not in ABOVE)
        self._write_tabs()
        self._write_hints()

    def _write_tabs(self) -> None:
        room = self.size.width - 1, 2 if self._tall else 1
        self._write_tall("tabs", tabs_text(PANES, self._active, self._shown_keys, *room, palette(self.app)))
