"""The lab: one experiment after the other. First what is claimed and a question, then the run, then what came of it.

Before there is an answer, or the wish to go without, no result is shown. Experiments run in the Session's thread; what
is known of each is in the LabBook, which outlives this screen.
"""

import time
from collections.abc import Callable, Mapping
from typing import ClassVar

from rich.segment import Segment
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from glasshead.errors import GlassheadError
from glasshead.lab import NAMES
from glasshead.lab.page import LETTERS, Try
from glasshead_tui.drawing.paint import palette
from glasshead_tui.panes.lab.contents import ContentsPane
from glasshead_tui.panes.lab.controls import ControlsPane, hinted
from glasshead_tui.panes.lab.exhibit import ExhibitPane
from glasshead_tui.panes.lab.question import QuestionPane
from glasshead_tui.panes.lab.showcase import Showcase
from glasshead_tui.panes.lab.tabs import TabsPane
from glasshead_tui.panes.lab.texts import TextPane, ending, introduced, judged, progressed, shortened, told
from glasshead_tui.screens.ask import Ask
from glasshead_tui.screens.base import CommandedScreen
from glasshead_tui.screens.help import Help, Meanings
from glasshead_tui.screens.lines import counted_line, fitted_line, lab_line
from glasshead_tui.state import keymaps, keys
from glasshead_tui.state.labbook import GIVEN, SIZES, LabBook, Visit, shown
from glasshead_tui.state.outcome import Outcome
from glasshead_tui.terminal.visible import clip, visible
from glasshead_tui.widgets.cells import width
from glasshead_tui.widgets.lines import Line
from glasshead_tui.widgets.prose import Prose, wrapped
from glasshead_tui.widgets.spots import SpotLines
from glasshead_tui.work.messages import About, Examined, Examining, Recalled, Refused
from glasshead_tui.work.session import Session

WIDE, HIGH = 104, 30
"""From this size on the list of experiments, the page and its result are on the screen at once."""
BESIDE = 176
"""From this width on page and result stand beside each other."""
BRIEF = 20
"""Below this height the controls are not explained."""
LEAST_WIDTH, LEAST_HEIGHT = 50, 15
"""Below this size there is a sentence instead."""
READABLE = 88
"""Columns of a line of text at most."""
LEFT = 6
"""Lines that are left for an exhibit at least, where the finding is long."""
SAID = 4.0
"""Seconds for which something is said in the last line."""
PATIENCE = 0.3
"""Seconds after which a run that a turn of a control began is told."""

INTRODUCTION = (
    "Ten claims of the paper and its teachers, each an experiment on real numbers. First say what you foresee, then "
    "see what the numbers say; turn the controls, and try it in a decode. Nothing here is a recording, but for "
    "trainings of minutes: those say when and where they were made."
)
GLYPHS: Meanings = (
    ("✓ c", "seen: foreseen as the numbers say"),
    ("· b→c", "seen: foreseen was b, the numbers say c; a · alone: seen without an answer"),
    ("‹512›", "the marked control: ← → turn it, = types any value"),
    ("━o", "a curve and its points; axes may be logarithmic: 1 10 100 or 1 2 4 8"),
    ("╱", "masked: −∞, nobody may look there"),
)


class LabScreen(CommandedScreen):
    """See the module."""

    GROUPS: ClassVar[keys.Groups] = keymaps.LAB
    BINDINGS: ClassVar[list[BindingType]] = keys.bindings(keymaps.LAB)
    DEFAULT_CSS = """
    LabScreen { layout: vertical; }
    LabScreen #about, LabScreen #hints { height: 1; padding: 0 1; }
    LabScreen #body { height: 1fr; }
    LabScreen ContentsPane { width: 24; height: 1fr; display: none; border-right: solid $panel-lighten-2; }
    LabScreen #both { layout: vertical; width: 1fr; height: 1fr; }
    LabScreen #page { width: 1fr; height: 1fr; }
    LabScreen #text { height: 1fr; }
    LabScreen #result { width: 1fr; height: 1fr; display: none; }
    LabScreen .line { height: 1; padding: 0 1; }
    LabScreen TabsPane { height: 1; }
    LabScreen Showcase { margin: 0 1; }
    LabScreen #small { display: none; width: 1fr; height: 1fr; }
    LabScreen.seen #result { display: block; }
    LabScreen.turns.narrow #page { display: none; }
    LabScreen.turns.reading #page { display: block; }
    LabScreen.turns.reading #result { display: none; }
    LabScreen.ended #question, LabScreen.ended #result { display: none; }
    LabScreen.ended #page { display: block; height: 1fr; width: 1fr; }
    LabScreen.wide ContentsPane { display: block; }
    LabScreen.turns.wide #page { margin-bottom: 1; }
    LabScreen.beside #both { layout: horizontal; }
    LabScreen.small > * { display: none; }
    LabScreen.small #small { display: block; }
    """

    def __init__(
        self,
        session: Session,
        book: LabBook,
        about: About | None,
        shown: Mapping[str, str],
        *,
        attempted: Callable[[Try], None],
        keep: Callable[[], None],
    ) -> None:
        """shown: id → the keys · attempted: called when this screen closes for a try · keep: called when the place, or
        an answer, is another one."""
        super().__init__()
        self._session, self._book, self._about, self._shown_keys = session, book, about, shown
        self._attempted, self._keep_place = attempted, keep
        self._job: tuple[int, str, dict[str, int | float | str | bool]] | None = None
        """The ticket of what runs, its experiment and its values."""
        self._progress: tuple[float, str] = (0.0, "")
        self._began = 0.0
        self._page_lines = 0
        """What the page takes above its result, where both are there."""
        self._said = ""
        """What stands in the last line instead of hints."""
        self._at_once = False
        """Whether what runs was begun by a turn of a control, and is told only if it takes long."""
        self._whole = False
        """Whether it was composed."""
        self._scrolled_for: tuple[str, bool] | None = None

    def compose(self) -> ComposeResult:
        """Header, contents, page and result, hints."""
        yield Static(id="about")
        with Horizontal(id="body"):
            yield ContentsPane()
            with Container(id="both"):
                with Vertical(id="page"):
                    yield TextPane(id="text")
                    yield QuestionPane(id="question")
                with Vertical(id="result"):
                    yield TextPane(id="verdict")
                    yield TextPane(id="told")
                    yield TabsPane(id="tabs")
                    yield Showcase(id="showcase")
                    yield ControlsPane(id="controls")
        yield Static(id="hints")
        with Vertical(id="small"):
            yield Static(id="enlarge")

    def on_mount(self) -> None:
        """Draw what the book has."""
        self._whole = True
        self.query_one("#text", Prose).spaced = True
        self._draw_all()
        self.set_interval(0.25, self._tick)

    def on_resize(self, event: events.Resize) -> None:
        """Arrange anew."""
        self._draw_all()

    def on_screen_resume(self) -> None:
        """Here again, perhaps with something to say about what was asked."""
        said = self._said
        self._draw_all()
        if said and self._drawable:
            self._said = said
            self._write_hints()

    @property
    def _visit(self) -> Visit:
        return self._book.visit

    # What the session says

    @property
    def ticket(self) -> int | None:
        """Of what runs."""
        return self._job[0] if self._job else None

    def opened(self, about: About | None) -> None:
        """The model is there, or not yet."""
        self._about = about
        if self._drawable:
            self._write_about()

    def examining(self, event: Examining) -> None:
        """How far it is."""
        self._progress = (event.share, event.words)
        self._tick()

    def recalled(self, event: Recalled) -> None:
        """What comes with the program, or else a run."""
        assert self._job is not None
        name = self._job[1]
        self._job = None
        if event.made is None:
            self._run()
            return
        made, visit = event.made, self._book.visits[name]
        visit.values = {**visit.values, **made.values}
        self._take(name, Outcome.of(visit.page, made.result, visit.values, made.seconds, made.made_on))

    def examined(self, event: Examined) -> None:
        """There is a result."""
        assert self._job is not None
        _, name, values = self._job
        self._job = None
        self._take(name, Outcome.of(self._book.visits[name].page, event.result, values, event.seconds))

    def refused(self, event: Refused) -> None:
        """It cannot be run with these values: say so, and keep the result before."""
        assert self._job is not None
        self._book.visits[self._job[1]].trouble = clipped(event.sentence)
        self._job = None
        self._draw_all()

    def _take(self, name: str, outcome: Outcome) -> None:
        self._book.take(name, outcome)
        self._keep_place()
        self._draw_all()

    # What a person does

    def action_answer(self, number: int) -> None:
        """Foresee, and see."""
        visit = self._visit
        if self._book.ended:
            return
        if visit.seen:
            said = "You went without an answer" if visit.answer is None else f"You said {LETTERS[visit.answer]}"
            self._complain(f"{said}: now turn the controls, or go on with n.")
        elif number < len(visit.page.question.answers):
            self._see(number)

    def action_skip(self) -> None:
        """See it without an answer."""
        if not self._visit.seen and not self._book.ended:
            self._see(None)

    def action_confirm(self) -> None:
        """The marked answer; or run what was changed; or type a value."""
        visit = self._visit
        if self._book.ended:
            return
        if not visit.seen:
            self._see(visit.marked)
        elif self._job is None:
            if visit.outcome is None and not visit.trouble and visit.values == visit.page.values():
                self._run_first()
            elif visit.outcome is None or visit.changed or visit.trouble:
                self._run()
            else:
                self.action_type()

    def _see(self, answer: int | None) -> None:
        visit = self._visit
        visit.see(answer)
        self._run_first()

    def _run_first(self) -> None:
        """Read the result that comes with the program, or else run it."""
        visit = self._visit
        if visit.page.trained:
            self._job = self._session.recall(visit.page), visit.page.name, dict(visit.values)
            self._begin()
        else:
            self._run()

    def _run(self, *, at_once: bool = False) -> None:
        """Run what is open with the values that are set."""
        visit = self._visit
        visit.trouble, visit.stopped = "", False
        values = dict(visit.values)
        self._job = self._session.examine(visit.page, values), visit.page.name, values
        self._begin(at_once=at_once)

    def _begin(self, *, at_once: bool = False) -> None:
        self._progress = (0.0, "loading the model …" if self._about is None else "begins")
        self._began, self._at_once = time.monotonic(), at_once
        self._draw_all()

    def action_mark(self, by: int) -> None:
        """Another answer, or another control."""
        self._visit.mark(by * self._times())
        self._draw_all()

    def action_turn(self, by: int) -> None:
        """The marked control, by stops."""
        times = self._times()
        if not self._controls():
            return
        before = dict(self._visit.values)
        try:
            self._visit.turn(by * times)
        except GlassheadError as error:
            self._complain(str(error))
            return
        if self._visit.values != before:
            self._changed()

    def _controls(self) -> bool:
        """Whether there are controls to turn; else say why not."""
        if self._book.ended:
            return False
        if not self._visit.seen:
            self._complain("The controls come with the result: first answer, or s to just see it.")
        return self._visit.seen

    def _changed(self) -> None:
        """A value is another one: run at once if that takes no time, otherwise wait for enter."""
        visit = self._visit
        visit.trouble = ""
        if visit.changed and visit.quick:
            self._run(at_once=True)
        else:
            self._stop()
            visit.stopped = False
            self._draw_all()

    def action_type(self) -> None:
        """Ask for a value of the marked control."""
        if not self._controls():
            return
        visit, control = self._visit, self._visit.control

        def answer(ask: Ask, text: str) -> None:
            if not text.strip() and not isinstance(control.usual, str):
                ask.dismiss()
                self._complain(f"Nothing was typed: {control.name} stays {shown(visit.values[control.name])}.")
                return
            try:
                value = control.read(text)
            except GlassheadError as error:
                ask.refuse(clipped(str(error), text))
                return
            ask.dismiss()
            if value != visit.values[control.name] or visit.trouble:
                visit.put(value)
                self._changed()

        value = visit.values[control.name]
        self.app.push_screen(Ask(control.name, hinted(control, value), str(value) if value != "" else "", answer))

    def action_usual(self) -> None:
        """The usual values, with the result that was shown first."""
        if self._controls():
            self._visit.to_usual()
            self._changed()

    def action_size(self) -> None:
        """Another size."""
        if not self._controls():
            return
        visit = self._visit
        size = SIZES[(SIZES.index(visit.size) + self._times()) % len(SIZES)]
        visit.to_size(size)
        self._changed()

    def action_exhibit(self, by: int) -> None:
        """Another exhibit."""
        visit = self._visit
        if visit.outcome is not None and not self._book.ended:
            visit.reading = False
            visit.exhibit = (visit.exhibit + by * self._times()) % len(visit.outcome.exhibits)
            self._draw_all()

    def action_face(self) -> None:
        """Page and result, where they take turns."""
        if not self._visit.seen:
            self._complain("The result comes after your answer: a, b, c …, or s to just see it.")
        elif not self._book.ended:
            self._visit.reading = not self._visit.reading
            self._draw_all()

    def action_scroll(self, by: int) -> None:
        """Up or down in the text, or in the exhibit where that is what is shown."""
        if self.has_class("turns") and not self._visit.reading and not self._book.ended:
            self.query_one(Showcase).scroll_text(by)
        else:
            text = self.query_one("#text", Prose)
            text.scroll_relative(y=by * max(1, text.size.height - 2), animate=False)

    def action_try(self) -> None:
        """Close, and let the explorer show it."""
        if not self._visit.seen:
            self._complain("First say what you foresee, or s to just see it: a try shows the answer.")
        elif self.is_current and not self._book.ended:
            attempt = self._visit.page.attempt
            self._leave()
            self._attempted(attempt)

    def action_page(self, by: int) -> None:
        """Another experiment."""
        if self._book.go(by * self._times()):
            self._turned_page()
        else:
            where = "first" if by < 0 else "last"
            self._complain(f"This is the {where} experiment.")

    def action_goto(self) -> None:
        """Ask for an experiment."""
        if self._count:
            self._goto(str(self._times()))
            return

        def answer(ask: Ask, text: str) -> None:
            try:
                self._book.find(text)
            except GlassheadError as error:
                ask.refuse(str(error))
                return
            ask.dismiss()
            self._turned_page()

        hint = f"1 to {len(NAMES)}, or a name: {', '.join(NAMES)}. Enter goes, esc stays."
        self.app.push_screen(Ask("Go to experiment", hint, "", answer))

    def _goto(self, text: str) -> None:
        try:
            self._book.find(text)
        except GlassheadError as error:
            self._complain(str(error))
            return
        self._turned_page()

    def _turned_page(self) -> None:
        self._stop()
        self._keep_place()
        self._draw_all()

    def action_stop(self) -> None:
        """Forget a count; else stop what runs; else leave."""
        if self._count:
            self._set_count(0)
        elif self._job is not None:
            self._stop()
            self._draw_all()
        else:
            self.action_leave()

    def _stop(self) -> None:
        """Let what runs end without a result."""
        if self._job is not None:
            self._session.halt()
            self._book.visits[self._job[1]].stopped = True
            self._job = None

    def action_leave(self) -> None:
        """Back to the explorer."""
        if self.is_current:
            self._leave()

    def _leave(self) -> None:
        self._stop()
        self.dismiss()

    def action_help(self) -> None:
        """All keys."""
        count = "A number typed before a key repeats it: 3 n goes three experiments on."
        page = Help(self._shown_keys, introduction=INTRODUCTION, groups=keymaps.LAB, glyphs=GLYPHS, count=count)
        self.app.push_screen(page)

    def action_quit(self) -> None:
        """Leave the program."""
        self._stop()
        self.app.exit()

    def on_spot_lines_clicked(self, event: SpotLines.Clicked) -> None:
        """An experiment, an answer, a tab or a control was clicked."""
        event.stop()
        if isinstance(event.lines, ContentsPane):
            self._goto(str(event.number + 1))
        elif isinstance(event.lines, QuestionPane):
            if not self._visit.seen:
                self.action_answer(event.number)
        elif isinstance(event.lines, TabsPane):
            self._visit.exhibit = event.number
            self._draw_all()
        elif isinstance(event.lines, ControlsPane):
            self._visit.marked = event.number
            self._draw_all()

    def on_exhibit_pane_picked(self, event: ExhibitPane.Picked) -> None:
        """An exhibit was clicked."""
        event.stop()
        if event.number != self._visit.exhibit:
            self._visit.exhibit = event.number
            self._draw_all()

    # Drawing

    def _tick(self) -> None:
        """Time goes on while something runs."""
        if self._job is not None and self._drawable:
            self._write_told()

    @property
    def _drawable(self) -> bool:
        """Whether all parts are there: the screen can be left before they are, and told something after they were."""
        return self._whole and self.is_attached and bool(self.size)

    def _draw_all(self) -> None:
        """Everything, as the book has it. What did not change is not sent again."""
        if not self._drawable:
            return
        width, height = self.size
        visit, book, marks = self._visit, self._book, palette(self.app)
        small = width < LEAST_WIDTH or height < LEAST_HEIGHT
        narrow = width < WIDE or height < HIGH
        seen = visit.seen and not book.ended
        beside = not narrow and width >= BESIDE and seen
        classes = {
            "small": small,
            "narrow": narrow,
            "wide": not narrow,
            "beside": beside,
            "seen": seen,
            "turns": seen and not beside,
            "reading": visit.reading,
            "ended": book.ended,
        }
        for name, holds in classes.items():
            self.set_class(holds, name)
        if small:
            size = f"This window is {width}×{height}; glasshead needs {LEAST_WIDTH}×{LEAST_HEIGHT}: enlarge it."
            self.query_one("#enlarge", Static).update(Content(size))
            return
        self._said = ""
        self._write_about()
        self._write_hints()
        answers = {name: book.answer(name) for name in NAMES}
        self.query_one(ContentsPane).show("" if book.ended else book.at, answers, book.right)
        text = self.query_one("#text", Prose)
        if book.ended:
            self.query_one("#page").styles.height = "1fr"
            text.display = True
            text.styles.width, text.styles.height = min(width, READABLE), "1fr"
            text.show(*ending(answers, book.right, marks))
            return
        room = width - (24 if classes["wide"] else 0) - 2
        self._draw_page(visit, room, height - 2)
        if visit.seen:
            self._draw_result(visit)

    def _draw_page(self, visit: Visit, room: int, lines: int) -> None:
        """The text and the question, in so many columns and lines for both faces."""
        page, text = self.query_one("#page"), self.query_one("#text", Prose)
        question = self.query_one("#question", QuestionPane)
        beside, wide = self.has_class("beside"), self.has_class("wide")
        if beside:
            room = min(72, room // 3)
        columns = min(room, READABLE) if not wide or not visit.seen or beside else room
        page.styles.width = room + 2 if beside else "1fr"
        text.styles.width = columns
        question.show(visit)
        asked = len(question.asked(columns if wide and not visit.seen else room - 2)[0])
        question.styles.height = asked + (1 if visit.seen else 2)
        question.styles.padding = (1, 0, 0 if visit.seen else 1, 0)
        told = introduced(visit.page, seen=visit.seen, marks=palette(self.app))
        above = wide and self.has_class("turns") and not visit.reading  # the result: what to look at in it is enough
        # Where there is little room, what was found may have been cut there.
        found = judged(visit, columns - 2, palette(self.app))[1:] if self.has_class("narrow") else []
        look: list[Line] = [[Segment(visit.page.paragraphs[2])]] if lines > HIGH else []
        text.display = bool(look) or not above
        text.show(*(look if above else [*told, *found]))
        needed, below = len(text.broken(columns - 2)), asked + (1 if visit.seen else 2)
        self._page_lines = min(lines // 3, needed + below) + 1 if above else 0
        page.styles.height = self._page_lines - 1 if above else "1fr"
        # The question stands right below the text, or at the bottom where that is so long that it scrolls.
        text.styles.height = "1fr" if above or needed + below > lines else needed
        state = visit.page.name, visit.seen
        if state != self._scrolled_for:
            self._scrolled_for = state
            text.scroll_to(y=0, animate=False)

    def _draw_result(self, visit: Visit) -> None:
        marks, outcome = palette(self.app), visit.outcome
        verdict, controls = self.query_one("#verdict", Prose), self.query_one("#controls", ControlsPane)
        room = self._room
        exhibits = outcome.exhibits if outcome else ()
        self.query_one(TabsPane).show([each.title for each in exhibits], visit.exhibit)
        self.query_one(Showcase).show(exhibits, visit.exhibit)
        controls.brief = self.size.height < BRIEF
        controls.show(visit)
        below = len(controls.set_out(room - 2)[0])
        controls.styles.height = below
        finding = judged(visit, room - 2, marks)
        if self._waits:
            self._write_told()
            verdict.show(*finding, [], [Segment(visit.page.paragraphs[2])])
        else:
            around = 2 + self._page_lines + self._write_told() + 1 + below
            lines = [line for each in finding for line in wrapped(each, room - 2)]
            most, more = max(2, self.size.height - around - LEFT), f"{self._shown_keys['face']}: all of it"
            verdict.show(*shortened(lines, most, room - 2, more, marks))
        verdict.styles.height = len(verdict.broken(room - 2))

    @property
    def _waits(self) -> bool:
        """Whether there is nothing to see yet, and room to say what to look at when there is."""
        return self._visit.outcome is None and self._job is not None and self.has_class("narrow")

    @property
    def _room(self) -> int:
        """Columns of the result."""
        width = self.size.width - (24 if self.has_class("wide") else 0)
        return width - (min(72, (width - 2) // 3) + 2 if self.has_class("beside") else 0)

    def _write_told(self) -> int:
        """What runs, or how the result came about; how many lines that takes."""
        line = self.query_one("#told", Prose)
        marks, visit = palette(self.app), self._visit
        seconds = time.monotonic() - self._began
        if self._job is not None and (not self._at_once or seconds > PATIENCE or visit.outcome is None):
            line.show(progressed(*self._progress, seconds, self._room - 2, marks))
        elif self._job is None:
            line.show(told(visit, self._room - 2, marks))
        lines = max(1, min(3, len(line.broken(self._room - 2))))
        line.styles.height = lines
        return lines

    def _write_about(self) -> None:
        book = self._book
        title = "the end" if book.ended else self._visit.page.title
        which = f"{'lesson' if book.lesson else 'lab'} {book.number} of {len(NAMES)}"
        faces = ("page", "result")[0 if self._visit.reading else 1] if self._visit.seen else ""
        model = self._about.name if self._about and not book.ended and self._visit.page.model else ""
        line = lab_line(
            which,
            title,
            visible(model),
            faces if self.has_class("turns") and not book.ended else "",
            self.size.width - 2,
            palette(self.app),
        )
        self.query_one("#about", Static).update(line)

    def _write_hints(self) -> None:
        marks = palette(self.app)
        if self._said:
            line: Text = Text(self._said, marks.query, no_wrap=True)
        elif self._count:
            line = counted_line(self._count, "n", marks)
        else:
            before = keymaps.FORESEEING_HINTS
            table = keymaps.ENDED_HINTS if self._book.ended else keymaps.LAB_HINTS if self._visit.seen else before
            hints = keys.hints(self._shown_keys, table, keymaps.LAB)
            if self._visit.reading:
                hints = [(pressed, "result" if label == "page" else label, rank) for pressed, label, rank in hints]
            if self.has_class("beside"):
                hints = [hint for hint in hints if hint[1] != "page"]
            line = fitted_line(hints, self.size.width - 2, marks)
        self.query_one("#hints", Static).update(line)

    def _complain(self, sentence: str) -> None:
        """Say it in the last line, where it covers nothing; what is too long for that over the screen."""
        said = visible(clipped(sentence))
        if width(said) > self.size.width - 2:
            self.notify(clip(said, 400), markup=False, severity="warning", timeout=SAID)
            return
        self._said = said
        self._write_hints()

        def unsay() -> None:
            if self._said == said and self._drawable:
                self._said = ""
                self._write_hints()

        self.set_timer(SAID, unsay)


def clipped(sentence: str, typed: str = "") -> str:
    """A sentence in which what somebody typed takes no more columns than can be read."""
    typed = typed.strip()
    if width(typed) > GIVEN:
        sentence = sentence.replace(typed, clip(typed, GIVEN))
    bare = [(word, word.rstrip(".,;:")) for word in sentence.split(" ")]
    return " ".join(clip(short, GIVEN) + word[len(short) :] for word, short in bare)
