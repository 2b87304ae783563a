"""The screen that watches a training: curves over its steps, and the attention of a few sentences at each stop in time.

A stop is a step with recorded attention. At the newest one the screen follows the training: it moves on to newer stops.
The screen only draws; the Watcher's thread reads the run's folder.
"""

import time
from bisect import bisect_right
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from glasshead_tui.drawing.charts import SHARES, charts
from glasshead_tui.drawing.paint import palette
from glasshead_tui.panes.watch.curves import CurvesPane
from glasshead_tui.panes.watch.heads import KINDS, HeadsPane
from glasshead_tui.panes.watch.probe import ProbePane
from glasshead_tui.panes.watch.saying import SayingPane
from glasshead_tui.screens.ask import Ask
from glasshead_tui.screens.base import CommandedScreen
from glasshead_tui.screens.help import Help
from glasshead_tui.screens.lines import tabs_text
from glasshead_tui.screens.meanings import SHORT, Meanings
from glasshead_tui.screens.run_lines import about_line, facts_line, place_line
from glasshead_tui.state import keymaps, keys
from glasshead_tui.state.focus import Focus, within
from glasshead_tui.terminal.visible import visible
from glasshead_tui.widgets.slider import Slider
from glasshead_tui.work.watcher import AttentionRead, Heard, Unread, Watcher

if TYPE_CHECKING:
    from glasshead.training.record.journal import Metrics
    from glasshead.training.record.probes import Probe, Recorded

PANES = ("curves", "attention", "map")
AROUND = 7
"""Lines of the attention pane besides its rows: frame, names of the keys, readout and legend."""
WHOLE_PLAY = 15.0
"""Seconds in which all stops are played, if they are too many for the shortest time each."""
SHORTEST, LONGEST = 0.08, 0.5
"""Seconds for which a stop is shown while playing."""

INTRODUCTION = (
    "Watch a training: its curves, and how the attention of a few sentences forms. The decoder reads the expected "
    "sentence, so rows and columns mean the same tokens at every stop; what the model says by itself stands below. "
    "Nothing here disturbs the training; leaving this screen leaves it running."
)
GLYPHS: Meanings = (
    (".81", "a weight on its colour: the brighter, the larger. Kept as float16: three digits are exact"),
    ("╱", "masked: −∞ before softmax, weight exactly 0. Nobody may look there"),
    ("● ┿ ╌", "on the slider: where you look, the stops, what is still to be trained"),
    ("━ o", "a curve, and single evaluations; the grey around a curve reaches from its smallest to its largest value"),
    ("smoothed", "the loss that is trained for, with label smoothing; the others are without"),
    SHORT,
    ("▸ ■", "start token, which the decoder reads first; end token"),
    ("‿", "this piece is written onto the one before it"),
)
NOTHING = "No attention has been recorded yet.\nIt is kept at every evaluation, for a few sentences."


class WatchScreen(CommandedScreen):
    """See the module."""

    GROUPS: ClassVar[keys.Groups] = keymaps.WATCH
    HINTS: ClassVar[tuple[keys.Hint, ...]] = keymaps.WATCH_HINTS
    COUNTED: ClassVar[str] = "→ or l"
    BINDINGS: ClassVar[list[BindingType]] = keys.bindings(keymaps.WATCH)
    DEFAULT_CSS = """
    WatchScreen { layout: vertical; }
    WatchScreen #about, WatchScreen #facts, WatchScreen #tabs, WatchScreen #place { height: 1; padding: 0 1; }
    WatchScreen #tabs { display: none; }
    WatchScreen #body { height: 1fr; }
    WatchScreen CurvesPane { width: 43; padding: 0 1; }
    WatchScreen ProbePane { width: 1fr; }
    WatchScreen HeadsPane { width: 30; }
    WatchScreen #nothing { width: 1fr; height: 1fr; content-align: center middle; text-align: center; padding: 0 2;
        color: $text-muted; display: none; }
    WatchScreen Slider { margin: 0 1; }
    WatchScreen .pane { border: round $panel-lighten-2; border-title-color: $foreground; }
    WatchScreen .pane.active { border: round $accent; border-title-color: $accent; border-title-style: bold; }
    WatchScreen.bare .pane { display: none; }
    WatchScreen.bare #nothing { display: block; }
    WatchScreen.roomy CurvesPane { width: 70; }
    WatchScreen.roomy HeadsPane { width: 46; }
    WatchScreen.narrow #tabs { display: block; }
    WatchScreen.narrow #facts { display: none; }
    WatchScreen.narrow #body > * { display: none; }
    WatchScreen.narrow #body > .active { display: block; width: 1fr; padding: 0 1; }
    WatchScreen.narrow.bare #body > .pane.active { display: none; }
    WatchScreen.narrow.bare #body.empty > #nothing { display: block; }
    """

    def __init__(self, watcher: Watcher, name: str, shown: Mapping[str, str]) -> None:
        """name: of the run, safe for a terminal · shown: id → the keys, as `keys.label_keys` gives them."""
        super().__init__(shown)
        self._watcher, self._run_name = watcher, name
        self._metrics: Metrics | None = None
        self._stops: tuple[int, ...] = ()
        self._trouble = self._note = ""
        self._at: int | None = None
        """Present stop."""
        self._recorded: Recorded | None = None
        """Attention recorded there, once it is read."""
        self._unread = ""
        self._sentence = 0
        self._looking: Focus | None = None
        self._active = "attention"
        self._share = 0
        self._playing: Timer | None = None
        self._curves_wait = False

    def compose(self) -> ComposeResult:
        """Compose header, panes, sentence, time and hints."""
        yield Static(id="about")
        yield Static(id="facts")
        yield Static(id="tabs")
        with Horizontal(id="body"):
            yield CurvesPane(id="curves")
            yield ProbePane(id="attention", classes="pane")
            yield HeadsPane(id="map", classes="pane")
            yield Static(Content(NOTHING), id="nothing")
        yield SayingPane()
        yield Slider()
        yield Static(id="place")
        yield Static(id="hints")
        yield from self._too_small()

    def on_mount(self) -> None:
        """Draw the frame before the figures are read."""
        self._arrange()
        self._show_active()
        self._empty()
        self.set_interval(1.0, self._write_about)  # the silence of a training grows without messages

    def on_resize(self, event: events.Resize) -> None:
        """Show all panes, one, or a sentence."""
        self._arrange()

    def _arrange(self) -> None:
        self._fit()
        self._write_lines()
        self._draw_curves()
        self._draw_probe()

    def on_heard(self, event: Heard) -> None:
        """Redraw the changed parts, and move to the newest stop if the screen follows the training."""
        follows = self._at is None or self._at in self._stops[-1:]
        self._metrics, self._stops = event.metrics, event.stops
        self._trouble, self._note = event.trouble, event.note
        if not self._stops:
            self._at, self._recorded = None, None
            self._empty()
        elif follows and self._playing is None:
            self._go(self._stops[-1])
        else:  # the present stop may be gone, or recorded again
            self._go(self._stops[max(0, bisect_right(self._stops, self._at or 0) - 1)])
        self._write_lines()
        self._draw_curves()

    def on_attention_read(self, event: AttentionRead) -> None:
        """Draw the attention recorded at a step."""
        if event.recorded.step != self._at or event.recorded is self._recorded:
            return
        self._recorded, self._unread = event.recorded, ""
        if self._looking is None:
            self._sentence = self._best(event.recorded)
        self._sentence = min(self._sentence, len(event.recorded.probes) - 1)
        self._empty()
        self._look()
        self._write_lines()

    def _best(self, recorded: "Recorded") -> int:
        """Choose the longest sentence whose attention fits on the screen, else the shortest."""
        sizes = [len(probe.target) for probe in recorded.probes]
        room = self.query_one("#body").size.height - AROUND
        fitting = [size for size in sizes if size <= room]
        return sizes.index(max(fitting) if fitting else min(sizes))

    def on_unread(self, event: Unread) -> None:
        """Report, in its place, that the attention of a step cannot be read."""
        if event.step == self._at:
            self._recorded, self._unread = None, event.sentence
            self._empty()

    def _empty(self) -> None:
        """Show the panes of the attention, or the reason why there is none."""
        bare = self._recorded is None
        self.set_class(bare, "bare")
        self.query_one("#body").set_class(bare and self._active != "curves", "empty")
        if bare:
            self.query_one("#nothing", Static).update(Content(visible(self._unread) if self._unread else NOTHING))
            self.query_one(SayingPane).show(None)

    def _go(self, step: int) -> None:
        """Move to another stop."""
        self._watcher.want(step)
        if step != self._at:
            self._at = step
            self._write_place()
            self._draw_curves()

    def action_time(self, by: int) -> None:
        """Go n stops on, or back."""
        self._pause()
        if self._stops:
            self._go(self._stops[within(self._index + by * self._times(), len(self._stops))])

    def action_first(self) -> None:
        """Go to the first stop."""
        self.action_time(-len(self._stops))

    def action_newest(self) -> None:
        """Go to the newest stop, and follow the training."""
        self.action_time(len(self._stops))

    @property
    def _index(self) -> int:
        """Index of the present stop."""
        return max(0, bisect_right(self._stops, -1 if self._at is None else self._at) - 1)

    def action_play(self) -> None:
        """Play the stops, from the first if none is left; or pause."""
        if self._playing is not None:
            self._pause()
        elif len(self._stops) > 1:
            if self._index == len(self._stops) - 1:
                self._go(self._stops[0])
            pace = min(LONGEST, max(SHORTEST, WHOLE_PLAY / len(self._stops)))
            self._playing = self.set_interval(pace, self._play_on)
            self._write_place()

    def _play_on(self) -> None:
        """Move to the next stop, once this one has been drawn."""
        if self._recorded is not None and self._recorded.step != self._at:
            return
        # Too many stops for the shortest time each: leave some out.
        stride = max(1, round(len(self._stops) * SHORTEST / WHOLE_PLAY))
        after = min(self._index + stride, len(self._stops) - 1)
        if self._stops:
            self._go(self._stops[after])
        if after >= len(self._stops) - 1:
            self._pause()

    def _pause(self) -> None:
        if self._playing is not None:
            self._playing.stop()
            self._playing = None
            self._write_place()

    def action_stop(self) -> None:
        """Pause, forget a count, put notices away."""
        self._pause()
        self._put_notices_away()
        self._set_count(0)

    def action_goto(self) -> None:
        """Ask for a step; the last stop up to it is shown."""

        def answer(ask: Ask, text: str) -> None:
            if text.strip().isdecimal() and len(text.strip()) < 16:
                ask.dismiss()
                self._to_step(int(text))
            else:
                ask.refuse(f"{text!r} is not a step: type a number.")

        if self._count:  # 500: is as good as :500
            self._to_step(self._times())
        else:
            hint = "A number; the last stop up to it is shown. Enter goes, esc stays."
            self.app.push_screen(Ask("Go to step", hint, "", answer))

    def _to_step(self, step: int) -> None:
        self._pause()
        if self._stops:
            self._go(self._stops[max(0, bisect_right(self._stops, step) - 1)])

    def action_zoom(self) -> None:
        """Draw all steps, the newest half of them, the newest tenth."""
        self._share = (self._share + 1) % len(SHARES)
        self._draw_curves()

    def action_sentence(self, by: int) -> None:
        """Show another sentence."""
        if self._recorded is not None:
            self._sentence = (self._sentence + by * self._times()) % len(self._recorded.probes)
            self._look()

    def action_move(self, where: str) -> None:
        """Move the cursor; in the map, choose another head or layer."""
        times, focus = self._times(), self._looking
        if focus is None:
            return
        rows, columns = {"left": (0, -1), "right": (0, 1), "up": (-1, 0), "down": (1, 0)}[where]
        if self._active != "map":
            self._look(query=focus.query + rows * times, key=focus.key + columns * times)
        elif columns:
            self._look(head=focus.head + columns * times)
        else:  # layers of all kinds are one column of rows in the map
            probe = self._probe
            assert probe is not None
            places = [(*kind, layer) for kind in KINDS for layer in range(probe.layers(*kind))]
            here = places.index((focus.stack, focus.kind, focus.layer))
            stack, kind, layer = places[within(here + rows * times, len(places))]
            self._look(stack=stack, kind=kind, layer=layer)

    def action_layer(self, by: int) -> None:
        """Look at another layer."""
        if self._looking is not None:
            self._look(layer=self._looking.layer + by * self._times())

    def action_head(self, by: int) -> None:
        """Look at another head."""
        if self._looking is not None:
            self._look(head=self._looking.head + by * self._times())

    def action_kind(self) -> None:
        """Look at the next kind of attention."""
        if self._looking is not None:
            here = KINDS.index((self._looking.stack, self._looking.kind))
            stack, kind = KINDS[(here + self._times()) % len(KINDS)]
            self._look(stack=stack, kind=kind)

    @property
    def _probe(self) -> "Probe | None":
        return self._recorded.probes[self._sentence] if self._recorded else None

    def _look(self, **changes: object) -> None:
        """Move the focus, as far as its target exists, and draw."""
        probe = self._probe
        if probe is None or self._recorded is None:
            return
        wanted = self._looking
        if wanted is None:  # at first the last layer's attention to the source, where alignment forms
            wanted = Focus(stack="decoder", kind="cross", layer=probe.layers("decoder", "cross") - 1)
        wanted = wanted.to(step=self._recorded.step, **changes)
        queries, columns = probe.axes(wanted.stack, wanted.kind)
        self._looking = wanted.to(
            layer=within(wanted.layer, probe.layers(wanted.stack, wanted.kind)),
            head=within(wanted.head, probe.heads),
            query=within(wanted.query, len(queries)),
            key=within(wanted.key, len(columns)),
        )
        self._draw_probe()

    def action_pane(self, by: int) -> None:
        """Show the next pane."""
        names = PANES if self.has_class("narrow") else PANES[1:]
        here = names.index(self._active) if self._active in names else 0
        self.action_show(names[(here + by * self._times()) % len(names)])

    def action_show(self, name: str) -> None:
        """Show a pane by name."""
        self._active = name
        self._show_active()
        self._empty()
        self._draw_curves()
        self._draw_probe()

    def action_help(self) -> None:
        """Open the help page with all keys."""
        count = "A number typed before a key repeats it: 5 → goes five stops on."
        self.app.push_screen(
            Help(self._shown_keys, introduction=INTRODUCTION, groups=keymaps.WATCH, glyphs=GLYPHS, count=count)
        )

    def action_quit(self) -> None:
        """Leave the program."""
        self.app.exit()

    def on_noted_matrix_picked(self, event: ProbePane.Picked) -> None:
        """Move the cursor to the clicked cell."""
        self._look(query=event.query, key=event.key)

    def on_heads_pane_picked(self, event: HeadsPane.Picked) -> None:
        """Look at the clicked head."""
        self._look(stack=event.stack, kind=event.kind, layer=event.layer, head=event.head)

    def on_slider_chosen(self, event: Slider.Chosen) -> None:
        """Go to the clicked stop."""
        self._to_step(event.value)

    def on_curves_pane_picked(self, event: CurvesPane.Picked) -> None:
        """Go to the stop nearest to the clicked step."""
        if self._stops:
            self._to_step(min(self._stops, key=lambda stop: abs(stop - event.step)))

    def _draw_probe(self) -> None:
        """Draw the attention, if it is in sight."""
        probe, focus = self._probe, self._looking
        if probe is None or focus is None or self._recorded is None or self.has_class("small"):
            return
        narrow = self.has_class("narrow")
        if not narrow or self._active == "attention":
            self.query_one(ProbePane).show(probe, focus)
        if not narrow or self._active == "map":
            self.query_one(HeadsPane).show(probe, focus)
        self.query_one(SayingPane).show(probe, self._sentence, len(self._recorded.probes))

    def _draw_curves(self) -> None:
        """Draw the curves, if they are in sight, after the answer to a key."""
        if not self._curves_wait:
            self._curves_wait = True
            self.call_after_refresh(self._draw_curves_now)

    def _draw_curves_now(self) -> None:
        self._curves_wait = False
        hidden = self.has_class("small") or (self.has_class("narrow") and self._active != "curves")
        if self._metrics is not None and not hidden:
            drawn = charts(self._metrics, self._at, [*SHARES][self._share], palette(self.app))
            self.query_one(CurvesPane).show(drawn, self._at)

    def _show_active(self) -> None:
        for name in PANES:
            self.query_one(f"#{name}").set_class(name == self._active, "active")
        self._write_lines()

    def _write_lines(self) -> None:
        self._write_about()
        marks, width = palette(self.app), self.size.width - 2
        self._write("facts", facts_line(self._metrics, self._shape(), width, marks))
        self._write("tabs", tabs_text(PANES, self._active, self._shown_keys, width, 1, marks))
        self._write_place()
        self._write_hints()

    def _shape(self) -> str:
        """Write the layers and heads of the recorded attention."""
        probe = self._probe
        if probe is None:
            return ""
        return f"{probe.layers('encoder', 'self')}+{probe.layers('decoder', 'self')} layers · {probe.heads} heads"

    def _write_about(self) -> None:
        line = about_line(
            self._run_name,
            self._metrics,
            self._trouble,
            self._note,
            time.time(),
            self.size.width - 2,
            palette(self.app),
        )
        self._write("about", line)

    def _write_place(self) -> None:
        """Write the slider and the line below it."""
        marks, metrics = palette(self.app), self._metrics
        running = metrics is not None and metrics.state == "running"
        newest = self._at in self._stops[-1:]
        mood = "▶ playing" if self._playing else "follows the training" if newest and running else ""
        line = place_line(metrics, self._stops, self._at, mood, self.size.width - 2, marks)
        self._write("place", line)
        done = metrics.newest.step if metrics else 0
        steps = metrics.began.steps if metrics and metrics.began and metrics.began.steps else done
        looks = marks.quiet, marks.positive, marks.strong, marks.weights.cursor
        self.query_one(Slider).show(self._stops, self._at, done=done, end=steps, styles=looks)
