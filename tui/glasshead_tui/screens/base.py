"""The common base of all full screens with keys.

Such a screen arranges itself by the size of its window, writes its lines, and takes a number before a key as a count;
the palette lists all its keys by name. Notices stand for some seconds, or until the next key, in place of the hints,
where they cover nothing.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from glasshead_tui.drawing.paint import Palette, palette
from glasshead_tui.screens.command_palette import Listed, open_palette
from glasshead_tui.screens.leavable import LeavableScreen
from glasshead_tui.screens.lines import Notice, counted_line, hints_text, notices_text
from glasshead_tui.state import keys
from glasshead_tui.widgets.restyle import restyle

WIDE, HIGH = 104, 30
"""Least columns and lines for all parts at once."""
ROOMY = 150, 45
"""Least columns and lines for larger parts."""
LEAST = 50, 15
"""Columns and lines below which only a sentence is shown."""
TALL = 22
"""Least lines for a second line of hints, or of panes."""
LARGEST_COUNT = 9999
NOTICES = 2
"""Notices that are shown at a time: the newest."""


class CommandedScreen(LeavableScreen[None]):
    """A screen with keys from keys.py. A subclass names its groups and hints, and composes `#hints` and `_too_small`.

    Its style class tells the size of the window: small, narrow or wide, and roomy.
    """

    GROUPS: ClassVar[keys.Groups]
    HINTS: ClassVar[tuple[keys.Hint, ...]]
    COUNTED: ClassVar[str]
    """Examples of keys that take a count."""
    NEEDED: ClassVar[int] = -1
    """Rank up to which hints are worth a second line, in a window that is tall."""
    DEFAULT_CSS = """
    CommandedScreen #hints { height: 1; padding: 0 0 0 1; }
    CommandedScreen #small { display: none; width: 1fr; height: 1fr; }
    CommandedScreen.small > * { display: none; }
    CommandedScreen.small #small { display: block; }
    """

    def __init__(self, shown: Mapping[str, str]) -> None:
        """shown: id → the keys, as `keys.label_keys` gives them."""
        super().__init__()
        self._shown_keys = shown
        self._count = 0
        self._written: dict[str, Text] = {}
        self._notices: list[Notice] = []

    def _too_small(self) -> ComposeResult:
        """Compose the contents of a window that is too small."""
        with Vertical(id="small"):
            yield Static(id="enlarge")

    def _classify(self) -> None:
        """Set the style classes for the size of the window."""
        width, height = self.size
        small = width < LEAST[0] or height < LEAST[1]
        narrow = not small and (width < WIDE or height < HIGH)
        roomy = width >= ROOMY[0] and height >= ROOMY[1]
        restyle(self, small=small, narrow=narrow, wide=not (small or narrow), roomy=roomy)

    def _fit(self) -> None:
        """Adapt to the size of the window."""
        self._classify()
        if self.has_class("small"):
            width, height = self.size
            size = f"This window is {width}×{height}; glasshead needs {LEAST[0]}×{LEAST[1]}: enlarge it."
            self.query_one("#enlarge", Static).update(Content(size))

    def _write(self, name: str, line: Text) -> None:
        """Write one of the lines if it has changed: each write costs a layout and a redraw of the charts."""
        if self._written.get(name) != line:
            self._written[name] = line
            self.query_one(f"#{name}", Static).update(line, layout=False)

    def _write_tall(self, name: str, line: Text) -> None:
        """Write a text that may take more than one line; only another number of lines costs a layout."""
        self._write(name, line)
        self.query_one(f"#{name}").styles.height = line.plain.count("\n") + 1

    @property
    def _tall(self) -> bool:
        """Whether the window has room for second lines."""
        return self.size.height >= TALL

    def tell(self, sentence: str, seconds: float, *, warns: bool = False) -> None:
        """Show a notice in place of the hints, for some seconds or to the next key. sentence: safe for a terminal."""
        notice = Notice(sentence, warns)
        others = [each for each in self._notices if each.sentence != sentence]
        self._notices = [*others[-NOTICES + 1 :], notice]
        self.set_timer(seconds, lambda: self._take_back(notice))
        self._show_notices()

    def _take_back(self, notice: Notice) -> None:
        if any(each is notice for each in self._notices):
            self._notices = [each for each in self._notices if each is not notice]
            self._show_notices()

    def _show_notices(self) -> None:
        if self.query("#hints"):  # else it is written once that is there
            self._write_hints()

    def key_begins(self) -> None:
        """Bring the hints back: what was said before a key need not hold any more."""
        self._put_notices_away()

    def _put_notices_away(self) -> None:
        """Bring the hints back."""
        if self._notices:
            self._notices = []
            self._write_hints()

    def _write_hints(self) -> None:
        """Write the notices; without any, the hints for the keys or, after a number, for the keys that take a count."""
        (columns, lines), marks = self.size, palette(self.app)
        line = self._hint_text(columns - 1, marks)
        if self._notices:
            least = line.plain.count("\n") + 1
            line = notices_text(self._notices, max(1, columns - 2), least, max(least, lines // 3), marks)
        self._write_tall("hints", line)

    def _hint_text(self, columns: int, marks: Palette) -> Text:
        if self._count:
            return counted_line(self._count, self.COUNTED, marks)
        return hints_text(self._hints(), columns, 2 if self._tall else 1, self.NEEDED, marks)

    def _hints(self) -> list[tuple[str, str, int]]:
        """Collect keys, label and rank of each hint."""
        return keys.hints(self._shown_keys, self.HINTS, self.GROUPS)

    def action_palette(self) -> None:
        """Open the palette, with every command by name."""
        open_palette(self.app)

    def commands(self) -> Iterable[Listed]:
        """Yield the commands of the palette: the actions of all keys."""
        for key in keys.list_keys(self.GROUPS):
            if key.id != "palette":
                yield Listed(key.id.replace("_", " "), self._shown_keys[key.id], key.meaning, self._runner(key.action))

    def _runner(self, action: str) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            await self.run_action(action)

        return run

    def on_key(self, event: events.Key) -> None:
        """Collect digits as a count for the next key."""
        if event.character is not None and event.character.isdecimal() and event.character.isascii():
            self._set_count(min(self._count * 10 + int(event.character), LARGEST_COUNT))
            event.stop()

    def _times(self) -> int:
        """Take the typed count, or 1."""
        times = max(1, self._count)
        self._set_count(0)
        return times

    def _set_count(self, count: int) -> None:
        if count != self._count:
            self._count = count
            self._write_hints()
