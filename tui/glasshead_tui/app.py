"""The Textual apps, one screen each: the explorer of a checkpoint, and the screen that watches a training."""

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from platformdirs import user_config_path
from textual import events, on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.driver import Driver
from textual.filter import LineFilter, NoColor
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.worker import get_current_worker

from glasshead.errors import GlassheadError
from glasshead_tui.state import keymaps, keys
from glasshead_tui.state.home import file_in
from glasshead_tui.terminal.key_order import OrderedKeys
from glasshead_tui.terminal.visible import clip, visible
from glasshead_tui.work import garbage

if TYPE_CHECKING:
    from glasshead.edits.edit import Edit
    from glasshead.found import Found
    from glasshead_tui.screens.explore import ExploreScreen
    from glasshead_tui.screens.lab import LabScreen
    from glasshead_tui.state.labbook import LabBook
    from glasshead_tui.work.messages import About, Opened

NOTICED = 8.0
"""Seconds for which a notice without a request is shown."""
TURN = 0.0005
"""Most seconds for which a computing thread keeps another one waiting. Python's 0.005 would pass three times between a
key and its answer, in the threads that read, handle and write."""
TIDY = 1.0
"""Seconds between two looks at whether garbage is due, and without a key before it is collected."""
FIRST_FRAME = 0.05
"""Seconds before the model begins to load: importing torch would delay the first frame."""


def keys_file() -> Path:
    """Return the file of the user's keys."""
    return file_in(user_config_path, "keys.toml")


class Framed(OrderedKeys):
    """The common parts of the apps: the user's keys, exact colours, one worker thread."""

    TITLE = "glasshead"
    ENABLE_COMMAND_PALETTE = False  # ours, which survives Enter pressed twice, is a binding of the screen
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+z", "suspend_process", "to the shell", show=False, priority=True, id="suspend"),
        Binding("ctrl+l", "paint_again", "draw again", show=False, priority=True, id="paint_again"),
    ]

    def __init__(self, work: Callable[[Callable[[], bool]], None], delay: float, notice: str = "") -> None:
        """work: runs in a thread until its argument says that the app has gone · delay: seconds before it begins ·
        notice: a sentence for the user, once the screen is there.

        Raises GlassheadError if the user's keys are written wrongly.
        """
        super().__init__()
        self._does, self._delay, self._notices = work, delay, [notice] if notice else []
        self._used = 0.0
        """When the last key was pressed."""
        try:
            self._own_keys = keymaps.read_keys(keys_file())
        except OSError as error:  # a comfort: the program opens without it
            self._own_keys = {}
            where = f" from {error.filename}" if error.filename else ""
            self._notices.append(f"Your own keys were not read{where}: {error.strerror or error}.")
        self.set_keymap(self._own_keys)

    def on_mount(self) -> None:
        """Draw the first frame before the work."""
        for notice in self._notices:
            self.notify(clip(visible(notice), 400), markup=False, severity="warning", timeout=NOTICED)
        sys.setswitchinterval(TURN)
        garbage.put_off()
        self.set_interval(TIDY, self._tidy)
        self.set_timer(self._delay, lambda: self.run_worker(self._work, thread=True, name="work"))

    async def on_event(self, event: events.Event) -> None:
        """Take notice of when the user did something."""
        if isinstance(event, events.InputEvent):
            self._used = time.monotonic()
        await super().on_event(event)

    def _tidy(self) -> None:
        if time.monotonic() - self._used >= TIDY:
            garbage.tidy()

    def _work(self) -> None:
        worker = get_current_worker()
        self._does(lambda: worker.is_cancelled)

    def get_driver_class(self) -> type[Driver]:
        """Replace Textual's driver for Linux and macOS by ours."""
        if os.name == "nt" or os.environ.get("TEXTUAL_DRIVER"):
            return super().get_driver_class()
        from glasshead_tui.terminal.screen_driver import ScreenDriver

        return ScreenDriver

    def action_suspend_process(self) -> None:
        """Stop, with all processes that were started together with this program, such as the `make` of `make run`.

        A terminal does that at ctrl+z. Textual 8.2.8 stops only itself, and the shell does not notice.
        """
        if os.name != "nt" and self._driver is not None and self._driver.can_suspend:
            os.killpg(os.getpgrp(), signal.SIGTSTP)

    @on(Driver.SignalResume)
    def action_paint_again(self) -> None:
        """Draw the whole screen: another program has written over it."""
        self.refresh(layout=True)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Show a notice for some seconds, in the last lines of the uppermost screen that has a place for it."""
        seconds = self.NOTIFICATION_TIMEOUT if timeout is None else timeout
        said = Content.from_markup(message).plain if markup else message
        for screen in reversed(self.screen_stack):
            tell = getattr(screen, "tell", None)
            if tell is not None:
                tell(f"{title}: {said}" if title else said, seconds, warns=severity != "information")
                return

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return no filter if every colour can be shown, which saves half a frame's time; with NO_COLOR, no colour."""
        if self.no_color:
            return (NoColor(),)
        return () if self.console.color_system == "truecolor" else super().get_line_filters()


class GlassheadApp(Framed):
    """The explorer of one model, and its lab."""

    def __init__(
        self,
        found: "Found",
        text: str | Callable[[], str] | None = None,
        *,
        forced: str | None = None,
        edits: "tuple[Edit, ...]" = (),
        session: "Path | None" = None,
        beside: "Found | None" = None,
        lab: str | None = None,
        lesson: bool = False,
        notice: str = "",
    ) -> None:
        """found: what is opened · text: the first source sentence, or what gives it in the worker thread, by default an
        example of the recipe's · forced: a target that its line follows · edits: those that it begins with · session:
        file of its lines · beside: a model that stands beside it · lab: an experiment to open at once; none: the
        explorer · lesson: whether the lab saves the user's place in a file, and opens at once, at that place if `lab`
        names no other · notice: as for `Framed`.
        """
        from glasshead_tui.work.worker import Worker

        self._subject_name = found.title
        self.next_model: str | None = None
        """Name of the model to open next, once this app has ended; None ends the program."""
        self._worker = Worker(found, text, forced, edits, session, beside)
        self._lab_first, self._lesson = lab, lesson
        self._about: About | None = None
        self._explorer: ExploreScreen | None = None
        self._book: LabBook | None = None
        self._lab: LabScreen | None = None
        """The lab, once it was opened: it stays, and is shown again."""
        super().__init__(self._worker.run, FIRST_FRAME, notice)

    def open_next(self, name: str) -> None:
        """End, for another model to be opened."""
        self.next_model = name
        self.exit()

    def close_session(self) -> None:
        """Write the file of the session, if there is one. Raises GlassheadError if that fails."""
        self._worker.close()

    def get_default_screen(self) -> Screen[None]:
        """Return the explorer."""
        from glasshead_tui.screens.explore import ExploreScreen

        self._explorer = ExploreScreen(
            self._worker,
            self._subject_name,
            keys.label_keys(self._own_keys, keymaps.EXPLORE),
            open_lab=self.open_lab,
            open_next=self.open_next,
            lab_first=self._lab_first is not None or self._lesson,
        )
        return self._explorer

    def on_opened(self, event: "Opened") -> None:
        """Pass the news that the model is loaded to the lab, which may wait for it."""
        self._about = event.about
        if self._lab is not None:
            self._lab.opened(event.about)

    def open_lab(self) -> None:
        """Lay the lab over the explorer, as it was left."""
        from glasshead_tui.screens.lab import LabScreen
        from glasshead_tui.state import course
        from glasshead_tui.state.labbook import LabBook

        assert self._explorer is not None
        if self._book is None:
            place = course.read() if self._lesson else course.Place()
            self._book = LabBook(at=self._lab_first or place.at, lesson=self._lesson, place=place)
        if self._lab is None:
            self._lab = LabScreen(
                self._worker,
                self._book,
                self._about,
                keys.label_keys(self._own_keys, keymaps.LAB),
                attempted=self._explorer.attempt,
                keep=self._keep_place,
                first=self._lab_first is not None or self._lesson,
            )
            self.install_screen(self._lab, "lab")  # it is not unmounted when it is left
        self._lab.opened(self._about)
        self.push_screen(self._lab)

    def _keep_place(self) -> None:
        """Save the place in the lesson; report once if it cannot be saved."""
        from glasshead_tui.state import course

        if not self._lesson or self._book is None:
            return
        try:
            course.write(self._book.kept())
        except GlassheadError as error:
            self._lesson = False
            self.notify(clip(visible(str(error)), 400), markup=False, severity="warning", timeout=3)


class WatchApp(Framed):
    """The screen that watches the training in one folder."""

    def __init__(self, folder: Path) -> None:
        from glasshead_tui.work.watcher import Watcher

        self._folder = folder
        self._watcher = Watcher(folder, self._hear)
        super().__init__(self._watcher.run, 0.01)

    def _hear(self, message: object) -> None:
        """Bring a message of the worker to the first screen, also under others."""
        for screen in self.screen_stack[:1]:  # none once the app has ended
            screen.post_message(message)  # type: ignore[arg-type]

    def get_default_screen(self) -> Screen[None]:
        """Return the screen of curves, attention and time."""
        from glasshead_tui.screens.watch import WatchScreen

        return WatchScreen(self._watcher, visible(str(self._folder)), keys.label_keys(self._own_keys, keymaps.WATCH))
