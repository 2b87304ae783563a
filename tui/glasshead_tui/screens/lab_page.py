"""How the lab looks: contents, page and result of one experiment, arranged by the size of the window.

Before there is an answer, or the wish to go without, no result is shown. It draws what the LabBook has, and what runs;
what a key does stands in lab.py.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.text import Text
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
from glasshead_tui.widgets.cells import width
from glasshead_tui.widgets.lines import Line
from glasshead_tui.widgets.prose import Prose, wrapped
from glasshead_tui.work.messages import About

if TYPE_CHECKING:
    from glasshead.lab.page import Value

BESIDE = 176
"""From this width on page and result stand beside each other."""
BRIEF = 20
"""Below this height the controls are not explained."""
READABLE = 88
"""Columns of a line of text at most."""
LEFT = 6
"""Lines that are left for an exhibit at least, where the finding is long."""
SAID = 4.0
"""Seconds for which something is said in the last line."""
PATIENCE = 0.3
"""Seconds after which a run that a turn of a control began is told."""


@dataclass(kw_only=True)
class Running:
    """An experiment that runs."""

    ticket: int
    name: str
    values: "dict[str, Value]"
    words: str
    """What is being done."""
    share: float = 0.0
    """What is done, 0 to 1."""
    began: float
    at_once: bool
    """Whether a turn of a control began it: it is reported only if it takes long."""


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
        """shown: id → the keys · first: whether the program began here: then it is left for the shell."""
        super().__init__(shown)
        self._first, self._book, self._about = first, book, about
        self._job: Running | None = None
        self._page_lines = 0
        """What the page takes above its result, where both are there."""
        self._said = ""
        """What stands in the last line instead of hints."""
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
        yield from self._too_small()

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

    def opened(self, about: About | None) -> None:
        """The model is there, or not yet."""
        self._about = about
        if self._drawable:
            self._write_about()

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
        self._fit()
        seen = visit.seen and not book.ended
        beside = self.has_class("wide") and width >= BESIDE and seen
        classes = {
            "beside": beside,
            "seen": seen,
            "turns": seen and not beside,
            "reading": visit.reading,
            "ended": book.ended,
        }
        for name, holds in classes.items():
            self.set_class(holds, name)
        if self.has_class("small"):
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
            text.show(*lay_out_ending(answers, book.right, marks))
            return
        room = width - (24 if self.has_class("wide") else 0) - 2
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
        told = lay_out_introduction(visit.page, seen=visit.seen, marks=palette(self.app))
        above = wide and self.has_class("turns") and not visit.reading  # the result: what to look at in it is enough
        # Where there is little room, what was found may have been cut there.
        found = lay_out_verdict(visit, columns - 2, palette(self.app))[1:] if self.has_class("narrow") else []
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
        finding = lay_out_verdict(visit, room - 2, marks)
        if self._waits:
            self._write_told()
            verdict.show(*finding, [], [Segment(visit.page.paragraphs[2])])
        else:
            around = 2 + self._page_lines + self._write_told() + 1 + below
            lines = [line for each in finding for line in wrapped(each, room - 2)]
            most, more = max(2, self.size.height - around - LEFT), f"{self._shown_keys['face']}: all of it"
            verdict.show(*shorten_lines(lines, most, room - 2, more, marks))
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

    def _write_hints(self) -> None:
        if self._said:
            self._write("hints", Text(self._said, palette(self.app).query, no_wrap=True))
        else:
            super()._write_hints()

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
        """Say it in the last line, where it covers nothing; what is too long for that over the screen."""
        said = visible(shorten_typed(sentence))
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
