"""What a terminal would show of an app that runs without one."""

from typing import Any

import pyte
from rich.console import RenderableType
from textual._compositor import Compositor, CompositorUpdate, LayoutUpdate
from textual.app import App
from textual.screen import Screen


class Mirror:
    """A terminal that gets all that an app sends from here on, beginning with the whole picture."""

    def __init__(self, app: App[Any]) -> None:
        self.app = app
        self.bytes = 0
        self._terminal = pyte.Screen(*app.size)
        self._stream = pyte.Stream(self._terminal)
        shown = app._display

        def display(screen: Screen[Any], picture: RenderableType | None) -> None:
            if isinstance(picture, CompositorUpdate):
                sent = picture.render_segments(app.console)
                self.bytes += len(sent.encode())
                self._stream.feed(sent)
            shown(screen, picture)

        app._display = display  # type: ignore[method-assign, assignment]
        app._display(app.screen, app.screen._compositor.render_update(full=True))

    def check(self) -> None:
        """Fail where the terminal does not show what Textual alone would send it now."""
        self.app.screen._on_timer_update()
        whole = Compositor.render_full_update(self.app.screen._compositor)
        other = pyte.Screen(*self.app.size)
        pyte.Stream(other).feed(LayoutUpdate.render_segments(whole, self.app.console))
        for y in range(other.lines):
            one, two = ([screen.buffer[y][x] for x in range(other.columns)] for screen in (self._terminal, other))
            assert one == two, f"line {y}:\n{''.join(each.data for each in one)}\n{''.join(each.data for each in two)}"
