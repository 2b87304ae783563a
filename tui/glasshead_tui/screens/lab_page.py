"""The looks of the lab: contents, page and result of one experiment, arranged by the size of the window.

No result is shown before the user answers or skips the question. The page draws the LabBook and the run; lab.py has the
actions of the keys.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.widgets import Static

from glasshead.lab import NAMES
from glasshead_tui.drawing.paint import palette
from glasshead_tui.panes.lab.contents import ContentsPane
from glasshead_tui.panes.lab.controls import ControlsPane
from glasshead_tui.panes.lab.question import QuestionPane
from glasshead_tui.panes.lab.showcase import Showcase
from glasshead_tui.panes.lab.tabs import TabsPane
from glasshead_tui.panes.lab.texts import (
    TextPane,
    describe_result,
    lay_out_ending,
    lay_out_introduction,
    lay_out_progress,
    lay_out_verdict,
    shorten_lines,
    shorten_typed,
)
from glasshead_tui.screens.base import HIGH, CommandedScreen
from glasshead_tui.screens.lines import lab_line
from glasshead_tui.state import keymaps, keys
from glasshead_tui.state.labbook import LabBook, Visit
from glasshead_tui.terminal.visible import clip, visible
from glasshead_tui.widgets.lines import Line
from glasshead_tui.widgets.prose import Prose, wrapped
from glasshead_tui.widgets.restyle import restyle
from glasshead_tui.work.messages import About

if TYPE_CHECKING:
    from glasshead.lab.page import Value

BESIDE = 176
"""Least width for page and result side by side."""
BRIEF = 20
"""Height below which the controls are not explained."""
READABLE = 88
"""Most columns of a line of text."""
LEFT = 6
"""Least lines for an exhibit below a long finding."""
SAID = 4.0
"""Seconds for which a message is shown in the last line."""
PATIENCE = 0.3
"""Seconds after which a run that a turn of a control began is reported."""


@dataclass(kw_only=True)
class Running:
    """A running experiment."""

    ticket: int
    name: str
    values: "dict[str, Value]"
    words: str
    """Current work, in words."""
    share: float = 0.0
    """Share that is done, 0–1."""
    began: float
    at_once: bool
    """Whether a turn of a control began it; then it is reported only if it takes long."""


class LabPage(CommandedScreen):
    """See the module."""

    GROUPS: ClassVar[keys.Groups] = keymaps.LAB
    COUNTED: ClassVar[str] = "n"
    BINDINGS: ClassVar[list[BindingType]] = keys.bindings(keymaps.LAB)
    DEFAULT_CSS = """
    LabPage { layout: vertical; }
    LabPage #about { height: 1; padding: 0 1; }
    LabPage #body { height: 1fr; }
    LabPage ContentsPane { width: 24; height: 1fr; display: none; border-right: solid $panel-lighten-2; }
    LabPage #both { layout: vertical; width: 1fr; height: 1fr; }
    LabPage #page { width: 1fr; height: 1fr; }
    LabPage #text { height: 1fr; }
    LabPage #result { width: 1fr; height: 1fr; display: none; }
    LabPage .line { height: 1; padding: 0 1; }
    LabPage TabsPane { height: 1; }
    LabPage Showcase { margin: 0 1; }
    LabPage.seen #result { display: block; }
    LabPage.turns.narrow #page { display: none; }
    LabPage.turns.reading #page { display: block; }
    LabPage.turns.reading #result { display: none; }
    LabPage.ended #question, LabPage.ended #result { display: none; }
    LabPage.ended #page { display: block; height: 1fr; width: 1fr; }
    LabPage.wide ContentsPane { display: block; }
    LabPage.turns.wide #page { margin-bottom: 1; }
    LabPage.beside #both { layout: horizontal; }
    """

    def __init__(self, book: LabBook, about: About | None, shown: Mapping[str, str], *, first: bool) -> None:
        """shown: id → the keys · first: whether the program began here, and so leaving it ends the program."""
        super().__init__(shown)
        self._first, self._book, self._about = first, book, about
        self._job: Running | None = None
        self._page_lines = 0
        """Lines of the page above its result, if both are shown."""
        self._whole = False
        """Whether all parts are composed."""
        self._scrolled_for: tuple[str, bool] | None = None

    def compose(self) -> ComposeResult:
        """Compose header, contents, page, result and hints."""
        yield Static(id="about")
        with Horizontal(id="body"):
            yield ContentsPane()
            with Container(id="both"):
                with Vertical(id="page"):
                    yield TextPane(id="text")
                    yield QuestionPane(id="question")
                with Vertical(id="result"):
                    yield TextPane(id="verdict")
                    yield TextPane(id="progress")
                    yield TabsPane(id="tabs")
                    yield Showcase(id="showcase")
                    yield ControlsPane(id="controls")
        yield Static(id="hints")
        yield from self._too_small()

    def on_mount(self) -> None:
        """Draw the book."""
        self._whole = True
        self.query_one("#text", Prose).spaced = True
        self._draw_all()
        self.set_interval(0.25, self._tick)

    def on_resize(self, event: events.Resize) -> None:
        """Arrange the parts again."""
        self._draw_all()

    def on_screen_resume(self) -> None:
        """Draw again."""
        self._draw_all()

    @property
    def _visit(self) -> Visit:
        return self._book.visit

    def opened(self, about: About | None) -> None:
        """Take the facts about the model; None if it is not loaded yet."""
        self._about = about
        if self._drawable:
            self._write_about()

    def _tick(self) -> None:
        """Update the time of a run."""
        if self._job is not None and self._drawable:
            self._write_progress()

    @property
    def _drawable(self) -> bool:
        """Whether all parts are mounted: messages may come before that, and after the screen was left."""
        return self._whole and self.is_attached and bool(self.size)

    def _draw_all(self) -> None:
        """Draw the whole book. Unchanged parts are not sent again."""
        if not self._drawable:
            return
        width, height = self.size
        visit, book, marks = self._visit, self._book, palette(self.app)
        self._fit()
        seen = visit.seen and not book.ended
        beside = self.has_class("wide") and width >= BESIDE and seen
        restyle(self, beside=beside, seen=seen, turns=seen and not beside, reading=visit.reading, ended=book.ended)
        if self.has_class("small"):
            return
        self._write_about()
        self._write_hints()
        answers = {name: book.answer(name) for name in NAMES}
        self.query_one(ContentsPane).show("" if book.ended else book.at, answers, book.right)
        text = self.query_one("#text", Prose)
        if book.ended:
            self.query_one("#page").styles.height = "1fr"
            text.display = True
            text.styles.width, text.styles.height = min(width, READABLE), "1fr"
            text.show(*lay_out_ending(answers, book.right, marks))
            return
        room = width - (24 if self.has_class("wide") else 0) - 2
        self._draw_page(visit, room, height - 2)
        if visit.seen:
            self._draw_result(visit)

    def _draw_page(self, visit: Visit, room: int, lines: int) -> None:
        """Draw the text and the question. room, lines: columns and lines for both faces."""
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
        introduction = lay_out_introduction(visit.page, seen=visit.seen, marks=palette(self.app))
        above = wide and self.has_class("turns") and not visit.reading  # the third paragraph is enough
        # In little room the finding may have been cut on the other face.
        found = lay_out_verdict(visit, columns - 2, palette(self.app))[1:] if self.has_class("narrow") else []
        look: list[Line] = [[Segment(visit.page.paragraphs[2])]] if lines > HIGH else []
        text.display = bool(look) or not above
        text.show(*(look if above else [*introduction, *found]))
        needed, below = len(text.broken(columns - 2)), asked + (1 if visit.seen else 2)
        self._page_lines = min(lines // 3, needed + below) + 1 if above else 0
        page.styles.height = self._page_lines - 1 if above else "1fr"
        # The question stands right below the text, or at the bottom if the text is so long that it scrolls.
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
        finding = lay_out_verdict(visit, room - 2, marks)
        if self._waits:
            self._write_progress()
            verdict.show(*finding, [], [Segment(visit.page.paragraphs[2])])
        else:
            around = 2 + self._page_lines + self._write_progress() + 1 + below
            lines = [line for each in finding for line in wrapped(each, room - 2)]
            most, more = max(2, self.size.height - around - LEFT), f"{self._shown_keys['face']}: all of it"
            verdict.show(*shorten_lines(lines, most, room - 2, more, marks))
        verdict.styles.height = len(verdict.broken(room - 2))

    @property
    def _waits(self) -> bool:
        """Whether there is no result yet, and room to explain where to look in it."""
        return self._visit.outcome is None and self._job is not None and self.has_class("narrow")

    @property
    def _room(self) -> int:
        """Number of columns of the result."""
        width = self.size.width - (24 if self.has_class("wide") else 0)
        return width - (min(72, (width - 2) // 3) + 2 if self.has_class("beside") else 0)

    def _write_progress(self) -> int:
        """Write the progress of the run, or the origin of the result; return the number of lines."""
        line = self.query_one("#progress", Prose)
        marks, visit = palette(self.app), self._visit
        job = self._job
        seconds = time.monotonic() - job.began if job else 0.0
        if job is not None and (not job.at_once or seconds > PATIENCE or visit.outcome is None):
            line.show(lay_out_progress(job.share, job.words, seconds, self._room - 2, marks))
        elif job is None:
            line.show(describe_result(visit, self._room - 2, marks))
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
        self._write("about", line)

    def _hints(self) -> list[tuple[str, str, int]]:
        before = keymaps.FORESEEING_HINTS
        table = keymaps.ENDED_HINTS if self._book.ended else keymaps.LAB_HINTS if self._visit.seen else before
        hints = keys.hints(self._shown_keys, table, keymaps.LAB)
        if self._visit.reading:
            hints = [(pressed, "result" if label == "page" else label, rank) for pressed, label, rank in hints]
        if self._first:
            hints = [(pressed, "quit" if label == "explorer" else label, rank) for pressed, label, rank in hints]
        if self.has_class("beside"):
            hints = [hint for hint in hints if hint[1] != "page"]
        return hints

    def _complain(self, sentence: str) -> None:
        """Show a message in the last line."""
        self.notify(clip(visible(shorten_typed(sentence)), 400), markup=False, severity="warning", timeout=SAID)
