"""The Textual app: one session, one screen, and what the terminal can do."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from platformdirs import user_config_path
from textual.app import App, SystemCommand
from textual.filter import LineFilter, NoColor
from textual.screen import Screen
from textual.worker import get_current_worker

from glasshead_tui import keys
from glasshead_tui.screens.explore import ExploreScreen
from glasshead_tui.session import Session

FIRST_FRAME = 0.05
"""Seconds until the model begins to load: importing torch would get in the way of the first frame."""


def keys_file() -> Path:
    """Where a person's own keys are."""
    return user_config_path("glasshead") / "keys.toml"


class GlassheadApp(App[None]):
    """The explorer of one checkpoint."""

    TITLE = "glasshead"
    ENABLE_COMMAND_PALETTE = False  # ours, which survives Enter pressed twice, is a binding of the screen

    def __init__(self, checkpoint: str, text: str | None = None) -> None:
        """checkpoint: as for `glasshead.load` · text: the first source sentence, else an example of the recipe's.

        Raises GlassheadError where the person's own keys cannot be read.
        """
        super().__init__()
        self._subject_name = Path(checkpoint).name or checkpoint
        self._session = Session(checkpoint, text, self._hear)
        self._own_keys = keys.read(keys_file())
        self.set_keymap(self._own_keys)

    def get_default_screen(self) -> Screen[None]:
        """The explorer."""
        return ExploreScreen(self._session, self._subject_name, keys.shown(self._own_keys))

    def on_mount(self) -> None:
        """Load the model, and from then on run it, in a thread of its own; the first frame goes before it."""
        self.set_timer(FIRST_FRAME, lambda: self.run_worker(self._work, thread=True, name="session"))

    def _work(self) -> None:
        worker = get_current_worker()
        self._session.run(lambda: worker.is_cancelled)

    def _hear(self, message: object) -> None:
        """Bring a message of the session to the explorer, whatever lies over it."""
        self.screen_stack[0].post_message(message)  # type: ignore[arg-type]

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The commands of the palette."""
        explorer = self.screen_stack[0]
        if isinstance(explorer, ExploreScreen):
            yield from explorer.commands()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """None where every colour can be shown, which saves half of the time of a frame; with NO_COLOR, no colour."""
        if self.no_color:
            return (NoColor(),)
        return () if self.console.color_system == "truecolor" else super().get_line_filters()
