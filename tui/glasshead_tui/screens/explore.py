"""The explorer's one screen: panes around one Focus. Keys change the Focus or ask the Worker; panes redraw.

Wide terminals show every pane, narrow ones show one at a time; tokens, truth and the next keys are always there.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from glasshead.errors import GlassheadError
from glasshead.traces.header import refusal
from glasshead_tui.drawing.memo import move_candidate
from glasshead_tui.drawing.paint import palette
from glasshead_tui.drawing.sides import MARKS
from glasshead_tui.panes.attention import AttentionPane
from glasshead_tui.panes.explore.heads import HeadsPane
from glasshead_tui.panes.explore.tokens import TokensPane
from glasshead_tui.panes.explore.truth import TruthPane
from glasshead_tui.panes.map import MapPane
from glasshead_tui.screens.ask import Ask
from glasshead_tui.screens.choose import Choose
from glasshead_tui.screens.help import Help
from glasshead_tui.screens.lines import about_line
from glasshead_tui.screens.lists import LISTS, ListsScreen
from glasshead_tui.screens.meanings import PANES as MEANINGS
from glasshead_tui.screens.pairing import PairingScreen
from glasshead_tui.screens.paned import OF_CANDIDATES
from glasshead_tui.screens.save import ask_where, describe, unsavable
from glasshead_tui.screens.steering import SteeringScreen
from glasshead_tui.state import keymaps, keys, recent
from glasshead_tui.state.focus import STAGES, Focus, Wish, first_look, move_down, within
from glasshead_tui.terminal.visible import clip, visible
from glasshead_tui.work.messages import About, Checked, NotOpened, Opened, Refused, Saved, Stepped
from glasshead_tui.work.worker import Worker

if TYPE_CHECKING:
    from glasshead.anatomy import Kind
    from glasshead.lab.page import Try
    from glasshead.session.moment import Moment
    from glasshead.traces.shown import NotYetError


class ExploreScreen(ListsScreen, SteeringScreen, PairingScreen):
    """See the module."""

    GROUPS: ClassVar[keys.Groups] = keymaps.EXPLORE
    HINTS: ClassVar[tuple[keys.Hint, ...]] = keymaps.EXPLORE_HINTS
    COUNTED: ClassVar[str] = "space or l"
    NEEDED: ClassVar[int] = keymaps.NEEDED
    BINDINGS: ClassVar[list[BindingType]] = keys.bindings(keymaps.EXPLORE)
    DEFAULT_CSS = """
    ExploreScreen { layout: vertical; }
    ExploreScreen #about { height: 1; padding: 0 1; }
    ExploreScreen #notice { height: auto; max-height: 5; padding: 0 1; display: none; }
    ExploreScreen.noticed #notice { display: block; }
    ExploreScreen TokensPane { height: 4; padding: 0 1; }
    ExploreScreen.beside TokensPane { height: 5; }
    ExploreScreen TruthPane { height: 1; padding: 0 1; }
    ExploreScreen.narrow TokensPane { height: 3; }
    ExploreScreen.narrow.beside TokensPane { height: 4; }
    ExploreScreen.narrow.beside.apart TokensPane { height: 5; }
    """

    def __init__(
        self,
        worker: Worker,
        name: str,
        shown: Mapping[str, str],
        *,
        open_lab: Callable[[], None],
        open_next: Callable[[str], None],
        lab_first: bool = False,
    ) -> None:
        """shown: id → the keys, as `keys.label_keys` gives them · open_lab: lays the lab over this screen ·
        open_next: opens another model in place of this one · lab_first: open the lab at once.
        """
        super().__init__(shown)
        self._worker, self._subject_name = worker, name
        self._open_lab, self._open_next, self._lab_first = open_lab, open_next, lab_first
        self._trying: tuple[int, Try] | None = None
        """Ticket of a try of the lab, and the try, to be looked at once it is ready."""
        self._about: About | None = None
        self._looking = Focus()
        self._kinds_ahead = 0
        """Number of kinds of attention to move on by, once the kinds are known."""
        self._wish: Wish | None = None
        """Cell that the cursor comes back to, once the line is there; None while it is."""
        self._asking: tuple[int, Ask] | None = None
        """Ticket of the sentence or the file on its way, and the question that waits for it."""

    @property
    def waits(self) -> bool:
        """Whether the next key is for the moment on its way, and not for the shown one (see `key_order`)."""
        return self._worker.deciding

    def compose(self) -> ComposeResult:
        """Compose header, tokens, panes, truth and hints."""
        self._classify()  # while nothing is below that would be styled once more
        yield Static(id="about")
        yield TokensPane()
        yield Static(id="notice")
        yield Static(id="tabs")
        yield from self._panes()
        yield TruthPane()
        yield Static(id="hints")
        yield from self._too_small()

    def on_mount(self) -> None:
        """Draw the frame before the model is loaded."""
        self._fit()
        self._fill_in_hints()
        self._redraw()
        self._show_active()
        self._write_lines()
        self._worker.open(to=self)
        if self._lab_first:
            self.action_lab()

    def on_resize(self, event: events.Resize) -> None:
        """Show all panes, one, or a sentence."""
        self._fit()
        self._show_active()
        self._redraw()
        self._write_lines()

    def on_opened(self, event: Opened) -> None:
        """Show the loaded model in the header."""
        self._about = event.about
        self._write_about()

    def on_not_opened(self, event: NotOpened) -> None:
        """Leave, and let the command line report why the model did not open."""
        self.app.exit(return_code=2, message=visible(event.sentence))

    def on_stepped(self, event: Stepped) -> None:
        """Take the new moment: follow the newest row if the cursor was there, and redraw."""
        before, moment = self.moment, event.moment
        self.moment = moment
        self._follow_comparison(before, moment)
        self._follow_guest(before, moment)
        self._follow_edits(moment)
        self._follow_steps(moment, event.ticket)
        self._follow_deletion(event.ticket)
        if self._trying is not None and event.ticket >= self._trying[0]:
            ticket, attempt = self._trying
            self._trying = None
            if event.ticket == ticket:
                self._show_attempt(attempt, moment)
        elif event.fresh and moment.stopped is None:
            self._put_notice_away()  # it belonged to another sentence
        self.query_one(TruthPane).show(moment, self._looking)
        if self._asking is not None and self._asking[0] == event.ticket:
            self._asking[1].dismiss()
            self._asking = None
            if event.fresh:
                recent.remember(self._subject_name, moment.text)
        if before is None:
            self._look(redraw=True, pinned=moment.pinned, **self._first(moment))
        kind = moment.anatomy.kind(self._looking.stack, self._looking.kind)
        newest = before is None or event.fresh or self._looking.query >= before.trace.steps - 1
        wish = Wish(self._looking.query, 0 if event.fresh else self._looking.key, newest)
        if self._wish is not None and not event.fresh:
            wish = self._wish.moved(wish.query, wish.key, newest=newest)
        query = moment.trace.steps - 1 if wish.newest and kind.queries == "target" else wish.query
        self._look(query=query, key=wish.key, step=moment.step, redraw=True)
        shown = self._looking.query, self._looking.key
        self._wish = None if moment.until is None else replace(wish, shown=shown)
        self._write_about()
        self._write_hints()

    def _first(self, moment: "Moment") -> dict[str, Any]:
        """Choose what to look at first. Keys that were pressed before have moved layer and head from there."""
        wished = self._looking
        found = first_look(moment.trace, wished.to(layer=0, head=0))
        return found | {"layer": found.get("layer", 0) + wished.layer, "head": found.get("head", 0) + wished.head}

    def on_checked(self, event: Checked) -> None:
        """Show the checks, if their moment is still shown."""
        if event.moment is self.moment:
            self.query_one(TruthPane).show_checks(event.checks)

    def on_refused(self, event: Refused) -> None:
        """Report a refused job where the user is."""
        if self._refuse_ranking(event) or self._refuse_steering(event) or self._refuse_measuring(event):
            return
        if self._trying is not None and self._trying[0] == event.ticket:
            self._trying = None
        if self._asking is not None and self._asking[0] == event.ticket:
            self._asking[1].refuse(event.sentence + event.insisting, again=bool(event.insisting))
        elif self.moment is None and self.is_active:  # nothing to show yet: ask for a sentence
            self._ask_for_sentence(event.sentence)
        else:
            self._complain(event.sentence)

    def on_saved(self, event: Saved) -> None:
        """Tell where the line was written, and close the question."""
        if self._asking is not None and self._asking[0] == event.ticket:
            self._asking[1].dismiss()
            self._asking = None
        self.notify(clip(visible(describe(event)), 400), markup=False, timeout=6)

    def action_save(self) -> None:
        """Ask where to write a recording of the line."""
        if why := unsavable(self.moment):
            self._complain(why)
        else:
            self._ask(ask_where(self.moment, self._save))

    def _compute(self, needs: "tuple[NotYetError, ...]") -> None:
        self._worker.compute(needs, to=self)

    def _save(self, ask: Ask, path: Path, overwrite: bool) -> None:
        self._asking = self._worker.save(path, overwrite=overwrite, to=self), ask

    def action_lab(self) -> None:
        """Open the lab at its last place."""
        if self.is_active:
            self._put_notice_away()
            self._open_lab()

    def attempt(self, attempt: "Try") -> None:
        """Show the effect of an experiment in a decode."""
        self._trying = self._worker.attempt(attempt, to=self), attempt

    def _show_attempt(self, attempt: "Try", moment: "Moment") -> None:
        """Move the focus to the effect, and describe it in a notice."""
        self._look(
            stack=attempt.stack, kind=attempt.kind, layer=attempt.layer, head=attempt.head, stage=attempt.stage,
            query=0, key=0,
        )  # fmt: skip
        self._active = attempt.pane
        self._show_active()
        marks = palette(self.app)
        back = f"{self._shown_keys['undo']} brings back what you had · " if moment.undoable else ""
        notice = Text(visible(attempt.sentence), marks.query).append(f"  {back}esc puts this away", marks.quiet)
        self.query_one("#notice", Static).update(notice)
        self.set_class(True, "noticed")

    def _put_notice_away(self) -> None:
        self.set_class(False, "noticed")

    def action_undo(self) -> None:
        """Undo the last text, candidate, edit, visit or try."""
        self._put_notice_away()
        self._worker.undo(to=self)

    def action_step(self) -> None:
        """Take steps."""
        self._worker.step(self._times(), to=self)

    def action_back(self) -> None:
        """Undo steps."""
        self._worker.back(self._times(), to=self)

    def action_start(self) -> None:
        """Go back to the start."""
        self._worker.goto(0, to=self)

    def action_end(self) -> None:
        """Decode to the end."""
        self._worker.end(to=self)

    def action_stop(self) -> None:
        """Stop decoding and playing, forget a count, put notices away."""
        self._worker.halt()
        self._pause()
        self._put_notice_away()
        self._put_notices_away()
        self._set_count(0)

    def action_goto(self) -> None:
        """Ask for a step."""
        if self._count:  # 7: is as good as :7
            self._worker.goto(self._times(), to=self)
            return

        def answer(ask: Ask, text: str) -> None:
            if text.strip().isdecimal() and len(text.strip()) < 10:
                ask.dismiss()
                self._worker.goto(int(text), to=self)
            else:
                ask.refuse(f"{text!r} is not a step: type a number from 0, the start.")

        self.app.push_screen(Ask("Go to step", self._steps_hint, "", answer))

    def action_choose(self) -> None:
        """Offer the candidates; in a list, take what is marked."""
        if self._take_marked():
            return
        moment = self.moment
        if moment is None:
            self._complain("The model is still loading: there are no candidates yet.")
            return
        if moment.done:
            again = "go back with b, and take another token there" if moment.limit else "this model writes no text"
            told = refusal(moment.trace.recorded, "take another token") if moment.trace.recorded else ""
            self._complain(told or f"This line is done: {again}.")
            return

        def take(token: int | None) -> None:
            if token is not None:
                self._worker.choose(token, moment, to=self)

        self.app.push_screen(Choose(moment), take)

    def action_sentence(self) -> None:
        """Ask for a new source sentence."""
        if self.moment is not None and self.moment.trace.recorded:
            self._complain(refusal(self.moment.trace.recorded, "read another text"))
            return
        limit = f", at most {self._about.limit} tokens" if self._about and self._about.limit else ""
        what = "A text that the model goes on from" if self._prompted else "A sentence in the language the model reads"
        self._ask_for_sentence(f"{what}{limit}. Enter starts, esc keeps the old one.")

    @property
    def _prompted(self) -> bool:
        """Whether the model goes on from a text, and reads no source."""
        return self._about is not None and self._about.prompted

    def _ask_for_sentence(self, hint: str) -> None:
        def answer(ask: Ask, text: str) -> None:
            self._asking = self._worker.begin(text, truncate=ask.again == text and bool(text), to=self), ask

        title = "New prompt" if self._prompted else "New source sentence"
        now = self.moment.text if self.moment else ""
        before = recent.read(self._subject_name), self._about.examples if self._about else ()
        offers = [each for each in dict.fromkeys(each for found in before for each in found) if each != now]
        more = " ↑ ↓ go through what you typed before, and examples." if offers else ""
        self._ask(Ask(title, hint + more, now, answer, offers))

    def _ask(self, question: Ask) -> None:
        """Put a question whose answer is a job."""

        def closed(_: object) -> None:
            self._asking = None

        self.app.push_screen(question, closed)

    def action_move(self, where: str) -> None:
        """Move the cursor; in the map, choose another head or layer, in a list another row."""
        if self._move_in_list(where):
            return
        times = self._times()
        if self._active in ("map", "heads") and where in ("left", "right", "up", "down"):
            self._move_in_map(where, times)
            return
        if self._active in OF_CANDIDATES and where in ("left", "right"):
            self._move_candidate(times if where == "right" else -times)
            return
        rows, columns = {
            "left": (0, -1), "right": (0, 1), "up": (-1, 0), "down": (1, 0), "page_up": (-10, 0), "page_down": (10, 0)
        }[where]  # fmt: skip
        self._look(query=self._looking.query + rows * times, key=self._looking.key + columns * times)

    def action_show(self, name: str) -> None:
        """Show a pane by name; in the stream, once more compares the candidate with the best one."""
        if name == self._active == "stream":
            self._looking = self._looking.to(against=not self._looking.against)
        super().action_show(name)

    def _move_candidate(self, by: int) -> None:
        """Look at another candidate of the row."""
        if self.moment is None:
            return
        try:
            self._look(candidate=move_candidate(self.moment, self._looking, by))
        except GlassheadError as error:
            self._complain(str(error))

    def _move_in_map(self, where: str, times: int) -> None:
        if where in ("left", "right"):
            self._look(head=self._looking.head + (times if where == "right" else -times))
            return
        by = times if where == "down" else -times
        if self._active == "heads":  # which shows one kind of attention
            self._look(layer=self._looking.layer + by)
        elif self.moment is not None:
            self._look(**move_down(self.moment.trace.kinds, self._looking, by))

    def action_layer(self, by: int) -> None:
        """Look at another layer."""
        self._look(layer=self._looking.layer + by * self._times())

    def action_head(self, by: int) -> None:
        """Look at another head."""
        self._look(head=self._looking.head + by * self._times())

    def action_kind(self) -> None:
        """Look at the next kind of attention."""
        self._kinds_ahead += self._times()
        self._look()

    def action_stage(self) -> None:
        """Show the next stage."""
        self._look(stage=STAGES[(STAGES.index(self._looking.stage) + self._times()) % len(STAGES)])

    def action_help(self) -> None:
        """Open the help page with all keys."""
        facts = self._about.facts if self._about else ()
        panes = tuple(sorted(MEANINGS, key=lambda meaning: meaning[0] != self._active))
        self.app.push_screen(Help(self._shown_keys, facts=facts, panes=panes))

    def action_quit(self) -> None:
        """Leave the program."""
        self._worker.halt()
        self.app.exit()

    def on_noted_matrix_picked(self, event: AttentionPane.Picked) -> None:
        """Move the cursor to the clicked cell."""
        self._look(query=event.query, key=event.key)

    def on_map_pane_picked(self, event: MapPane.Picked) -> None:
        """Look at the clicked head."""
        self._look(stack=event.stack, kind=event.kind, layer=event.layer, head=event.head)

    def on_heads_pane_picked(self, event: HeadsPane.Picked) -> None:
        """Look at the clicked head."""
        self._look(layer=event.layer, head=event.head)

    def _look(self, *, redraw: bool = False, **changes: object) -> None:
        """Move the focus, as far as its target exists."""
        wanted = self._looking.to(**changes)
        if self.moment is None:  # the wish is kept for the first moment
            self._looking = wanted
            return
        kind = self._kind(wanted)
        if kind is None:  # a model without attention
            return
        wanted = wanted.to(
            stack=kind.stack,
            kind=kind.kind,
            layer=within(wanted.layer, kind.layers),
            head=within(wanted.head, kind.heads),
        )
        queries, columns = self.moment.trace.axes(wanted.prefix)
        if "candidate" not in changes and (redraw or (wanted.stack, wanted.query) != self._row):
            wanted = wanted.to(candidate=None)  # another row has other candidates
        wanted = wanted.to(query=within(wanted.query, len(queries)), key=within(wanted.key, len(columns)))
        if wanted != self._looking or redraw:
            self._looking = wanted
            self._redraw()

    @property
    def _row(self) -> tuple[str, int]:
        return self._looking.stack, self._looking.query

    def _kind(self, wanted: Focus) -> "Kind | None":
        """Find the wanted kind of attention, or the one `_kinds_ahead` of it; the target's first if there is none."""
        assert self.moment is not None
        kinds = self.moment.anatomy.kinds
        if not kinds:
            return None
        here = [number for number, kind in enumerate(kinds) if (kind.stack, kind.kind) == (wanted.stack, wanted.kind)]
        usual = [number for number, kind in enumerate(kinds) if kind.queries == "target"]
        ahead, self._kinds_ahead = self._kinds_ahead, 0
        return kinds[((here or usual or [0])[0] + ahead) % len(kinds)]

    def _hints(self) -> list[tuple[str, str, int]]:
        """Collect the hints of the active pane, without those of keys that would do nothing now."""
        moment = self.moment
        idle = {
            "step": moment is not None and moment.done,
            "choose": moment is not None and moment.done and self._active not in LISTS,
            "undo": moment is None or not moment.undoable,
            "enlarge": self.has_class("narrow"),
            "save": bool(unsavable(moment)),
        }
        table = keymaps.PANE_HINTS.get(self._active, self.HINTS)
        table = tuple(hint for hint in table if not any(idle.get(name) for name in hint.ids))
        if moment is not None and moment.done:  # there is room, and something whole to keep
            table = tuple(replace(hint, rank=3) if hint.ids == ("save",) else hint for hint in table)
        if moment is not None and (moment.beside is not None or self._looking.pinned is not None):
            turns = keys.Hint(("view",), "d", f"shows {MARKS[self._next_view]}", 1)
            table = tuple(hint for hint in table if hint.ids != turns.ids)
            table = (*table[:-2], turns, *table[-2:])
        return keys.hints(self._shown_keys, table, self.GROUPS)

    def _write_lines(self) -> None:
        self._write_about()
        self._write_tabs()
        self._write_hints()

    def _write_about(self) -> None:
        width, marks = self.size.width - 2, palette(self.app)
        line = about_line(self._subject_name, self._about, self.moment, self._shown_keys, width, marks)
        self._write("about", line)

    def _complain(self, sentence: str) -> None:
        self.notify(clip(visible(sentence), 400), markup=False, severity="warning", timeout=3)
