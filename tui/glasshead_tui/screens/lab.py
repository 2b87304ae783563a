"""The lab: one experiment after the other. First what there is to know and a question, then the run, then the result.

This module has the actions of the keys and the answers of the Worker; lab_page.py has the looks. Experiments run in the
Worker's thread; the LabBook, which outlives this screen, has the results.
"""

import time
from collections.abc import Callable, Mapping

from glasshead.errors import GlassheadError
from glasshead.lab import NAMES
from glasshead.lab.page import LETTERS, Try
from glasshead_tui.panes.lab.contents import ContentsPane
from glasshead_tui.panes.lab.controls import ControlsPane, hinted
from glasshead_tui.panes.lab.exhibit import ExhibitPane
from glasshead_tui.panes.lab.question import QuestionPane
from glasshead_tui.panes.lab.showcase import Showcase
from glasshead_tui.panes.lab.tabs import TabsPane
from glasshead_tui.panes.lab.texts import shorten_typed
from glasshead_tui.screens.ask import Ask
from glasshead_tui.screens.help import Help
from glasshead_tui.screens.lab_page import LabPage, Running
from glasshead_tui.screens.meanings import HERE, Meanings
from glasshead_tui.state import keymaps
from glasshead_tui.state.labbook import SIZES, LabBook, format_value
from glasshead_tui.state.outcome import Outcome
from glasshead_tui.widgets.prose import Prose
from glasshead_tui.widgets.spots import SpotLines
from glasshead_tui.work.messages import About, Examined, Examining, Refused, ShippedRead
from glasshead_tui.work.worker import Worker

INTRODUCTION = (
    "Ten claims of the paper and its teachers, each an experiment on real numbers. First say what you foresee, then "
    "see what the numbers say; turn the controls, and try it in a decode. Nothing here is a recording, but for "
    "trainings of minutes: those say when and where they were made."
)
GLYPHS: Meanings = (
    HERE,
    ("✓ c", "seen: foreseen as the numbers say"),
    ("· b→c", "seen: foreseen was b, the numbers say c; a · alone: seen without an answer"),
    ("‹512›", "the marked control: ← → turn it, = types any value"),
    ("━o", "a curve and its points; axes may be logarithmic: 1 10 100 or 1 2 4 8"),
    ("╱", "masked: −∞, nobody may look there"),
)


class LabScreen(LabPage):
    """See the module."""

    def __init__(
        self,
        worker: Worker,
        book: LabBook,
        about: About | None,
        shown: Mapping[str, str],
        *,
        attempted: Callable[[Try], None],
        keep: Callable[[], None],
        first: bool = False,
    ) -> None:
        """shown: id → the keys · attempted: called when this screen closes for a try · keep: called when the place or
        an answer changes · first: whether the program began with the lab, and ends with it."""
        super().__init__(book, about, shown, first=first)
        self._worker, self._attempted, self._keep_place = worker, attempted, keep

    # Answers of the worker

    def on_examining(self, event: Examining) -> None:
        """Show progress, unless the lab no longer waits for this run."""
        if self._job is not None and self._job.ticket == event.ticket:
            self._job.share, self._job.words = event.share, event.words
            self._tick()

    def on_shipped_read(self, event: ShippedRead) -> None:
        """Show the result that ships with the program; without one, run the experiment."""
        if self._job is None or self._job.ticket != event.ticket:
            return
        name = self._job.name
        self._job = None
        if event.made is None:
            self._run()
            return
        made, visit = event.made, self._book.visits[name]
        visit.values = {**visit.values, **made.values}
        self._take(name, Outcome.of(visit.page, made.result, visit.values, made.seconds, made.made_on))

    def on_examined(self, event: Examined) -> None:
        """Show the result."""
        if self._job is None or self._job.ticket != event.ticket:
            return
        name, values = self._job.name, self._job.values
        self._job = None
        self._take(name, Outcome.of(self._book.visits[name].page, event.result, values, event.seconds))

    def on_refused(self, event: Refused) -> None:
        """Report that the experiment does not run with these values, and keep the earlier result."""
        if self._job is None or self._job.ticket != event.ticket:
            return
        self._book.visits[self._job.name].trouble = shorten_typed(event.sentence)
        self._job = None
        self._draw_all()

    def _take(self, name: str, outcome: Outcome) -> None:
        self._book.take(name, outcome)
        self._keep_place()
        self._draw_all()

    # Actions of the user

    def action_answer(self, number: int) -> None:
        """Take the user's answer, and show the result."""
        visit = self._visit
        if self._book.ended:
            return
        if visit.seen:
            said = "You went without an answer" if visit.answer is None else f"You said {LETTERS[visit.answer]}"
            self._complain(f"{said}: now turn the controls, or go on with n.")
        elif number < len(visit.page.question.answers):
            self._see(number)

    def action_skip(self) -> None:
        """Show the result without an answer."""
        if not self._visit.seen and not self._book.ended:
            self._see(None)

    def action_confirm(self) -> None:
        """Give the marked answer; or run with the changed values; or type a value."""
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
        """Read the result that ships with the program, or else run the experiment."""
        visit = self._visit
        if visit.page.trained:
            self._begin(self._worker.recall(visit.page, to=self))
        else:
            self._run()

    def _run(self, *, at_once: bool = False) -> None:
        """Run the open experiment with the present values."""
        visit = self._visit
        visit.trouble, visit.stopped = "", False
        self._begin(self._worker.examine(visit.page, dict(visit.values), to=self), at_once=at_once)

    def _begin(self, ticket: int, *, at_once: bool = False) -> None:
        self._job = Running(
            ticket=ticket,
            name=self._visit.page.name,
            values=dict(self._visit.values),
            words="loading the model …" if self._about is None else "begins",
            began=time.monotonic(),
            at_once=at_once,
        )
        self._draw_all()

    def action_mark(self, by: int) -> None:
        """Mark another answer, or another control."""
        self._visit.mark(by * self._times())
        self._draw_all()

    def action_turn(self, by: int) -> None:
        """Turn the marked control by stops."""
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
        """Tell whether there are controls to turn; if not, show why."""
        if self._book.ended:
            return False
        if not self._visit.seen:
            self._complain("The controls come with the result: first answer, or s to just see it.")
        return self._visit.seen

    def _changed(self) -> None:
        """Run with the changed value at once if that takes no time, otherwise wait for Enter."""
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
                self._complain(f"Nothing was typed: {control.name} stays {format_value(visit.values[control.name])}.")
                return
            try:
                value = control.read(text)
            except GlassheadError as error:
                ask.refuse(shorten_typed(str(error), text))
                return
            ask.dismiss()
            if value != visit.values[control.name] or visit.trouble:
                visit.put(value)
                self._changed()

        value = visit.values[control.name]
        self.app.push_screen(Ask(control.name, hinted(control, value), str(value) if value != "" else "", answer))

    def action_usual(self) -> None:
        """Restore the usual values, with the first result."""
        if self._controls():
            self._visit.to_usual()
            self._changed()

    def action_size(self) -> None:
        """Choose another size."""
        if not self._controls():
            return
        visit = self._visit
        size = SIZES[(SIZES.index(visit.size) + self._times()) % len(SIZES)]
        visit.to_size(size)
        self._changed()

    def action_exhibit(self, by: int) -> None:
        """Show another exhibit."""
        visit = self._visit
        if visit.outcome is not None and not self._book.ended:
            visit.reading = False
            visit.exhibit = (visit.exhibit + by * self._times()) % len(visit.outcome.exhibits)
            self._draw_all()

    def action_face(self) -> None:
        """Switch between page and result, if they take turns."""
        if not self._visit.seen:
            self._complain("The result comes after your answer: a, b, c …, or s to just see it.")
        elif not self._book.ended:
            self._visit.reading = not self._visit.reading
            self._draw_all()

    def action_scroll(self, by: int) -> None:
        """Scroll the text, or the exhibit if it is shown."""
        if self.has_class("turns") and not self._visit.reading and not self._book.ended:
            self.query_one(Showcase).scroll_text(by)
        else:
            text = self.query_one("#text", Prose)
            text.scroll_relative(y=by * max(1, text.size.height - 2), animate=False)

    def action_try(self) -> None:
        """Close, and show the try in the explorer."""
        if not self._visit.seen:
            self._complain("First say what you foresee, or s to just see it: a try shows the answer.")
        elif self.is_active and not self._book.ended:
            attempt = self._visit.page.attempt
            self._leave()
            self._attempted(attempt)

    def action_page(self, by: int) -> None:
        """Open another experiment."""
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
        """Forget a count; else stop the run; else leave."""
        if self._count:
            self._set_count(0)
        elif self._job is not None:
            self._stop()
            self._draw_all()
        elif self.is_active:
            self._leave()

    def _stop(self) -> None:
        """Stop the run without a result."""
        if self._job is not None:
            self._worker.halt()
            self._book.visits[self._job.name].stopped = True
            self._job = None

    def action_leave(self) -> None:
        """Go back to the explorer, or leave a program that began here."""
        if self._first:
            self.action_quit()
        elif self.is_active:
            self._leave()

    def _leave(self) -> None:
        self._stop()
        self.dismiss()

    def action_help(self) -> None:
        """Open the help page with all keys."""
        count = "A number typed before a key repeats it: 3 n goes three experiments on."
        page = Help(self._shown_keys, introduction=INTRODUCTION, groups=keymaps.LAB, glyphs=GLYPHS, count=count)
        self.app.push_screen(page)

    def action_quit(self) -> None:
        """Leave the program."""
        self._stop()
        self.app.exit()

    def on_spot_lines_clicked(self, event: SpotLines.Clicked) -> None:
        """Open or mark the clicked experiment, answer, tab or control."""
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
        """Show the clicked exhibit."""
        event.stop()
        if event.number != self._visit.exhibit:
            self._visit.exhibit = event.number
            self._draw_all()
