"""A screen that can be left at any moment, and parts of it that can go. Messages that come afterwards are dropped here.

Textual 8.2.8 continues with a screen that was left: it mounts one that was left before it was composed, or while the
app ends, without its parts; it sends it keys and answers until it is unmounted; a worker that the screen had begun runs
on; and a second `dismiss` closes the screen below it, or ends the app if there is none (`ScreenStackError`). And
callbacks that waited for its next refresh, on behalf of the screen below, are lost with it. A press of the mouse on a
part that has gone, such as a notice, but was not yet painted over, ends the app.
"""

from textual import events, messages
from textual.await_complete import AwaitComplete
from textual.geometry import Offset
from textual.message import Message
from textual.screen import ScreenResultType
from textual.widget import Widget

from glasshead_tui.terminal.inside import OpenScreen, others_callback

ENDING = (messages.Prune, messages.CloseMessages, events.ScreenSuspend, events.Unmount)
"""Messages with which Textual unmounts a screen."""


class LeavableScreen(OpenScreen[ScreenResultType]):
    """See the module. Name it last among base classes: Textual takes styles and keys from the first."""

    _due: tuple[ScreenResultType | None] | None = None
    """Result with which it closes as soon as no screen lies over it."""

    @property
    def gone(self) -> bool:
        """Whether it is unmounting or unmounted, alone or with the whole app."""
        return self.closing or not self.is_attached

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Close once: now, or after a screen that lies over it. Do nothing once it was left."""
        if self.is_active:  # and not `is_current`, which holds under a dialog too
            return super().dismiss(result)
        if self in self.app.screen_stack and self._due is None:
            self._due = (result,)
        return AwaitComplete()

    def on_screen_resume(self) -> None:
        """Close if a result is due. (Textual calls this method of every base class.)"""
        if self._due is not None:
            (result,), self._due = self._due, None
            self.dismiss(result)

    def get_widget_and_offset_at(self, x: int, y: int) -> tuple[Widget | None, Offset | None]:
        """Find the widget at a place, and the place within its content: none where one has gone."""
        widget, offset = super().get_widget_and_offset_at(x, y)
        return (widget, offset) if widget is None or widget.is_attached else (None, None)

    def takes(self, message: Message) -> bool:
        """Tell whether a message is to be dispatched: not once the screen is gone.

        A key that was on its way goes to the present screen. Before the screen is unmounted it releases everything.
        """
        if self.gone and not others_callback(message, self) and not isinstance(message, ENDING):
            if isinstance(message, events.Key):
                self.app.post_message(message)
            return False
        if isinstance(message, events.MouseEvent) and not self.app.size.region.contains_point(message.screen_offset):
            return False  # the window has shrunk: nothing is at this place, and Textual would fail
        if isinstance(message, messages.Prune):
            self.workers.cancel_node(self)
            for screen in self.app.screen_stack[-1:]:
                self.hand_on(screen)
        return True

    def begin_callbacks(self) -> None:
        """Call due callbacks; once the screen is gone, not its own."""
        if self.gone:
            self.drop_own_callbacks()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Refuse every action before the parts are mounted, and once the screen is gone."""
        return self.is_mounted and not self.gone and super().check_action(action, parameters)
