"""A screen that can be left at any moment. What comes for it afterwards is dropped, here and nowhere else.

Textual 8.2.8 goes on with a screen that was left: it mounts one that was left before it was composed, or while the app
ends, without its parts; it hands it keys and answers until it is taken apart; a worker that it had begun goes on after
that; and a second `dismiss` closes the screen below it, or ends the app where there is none (`ScreenStackError`). And
what waited for its next refresh, on behalf of the screen below, is forgotten with it.
"""

from inspect import iscoroutine

from textual import events, messages
from textual.await_complete import AwaitComplete
from textual.message import Message
from textual.screen import Screen, ScreenResultType

ENDING = (messages.Prune, messages.CloseMessages, events.ScreenSuspend, events.Unmount)
"""What Textual takes a screen apart with."""


class LeavableScreen(Screen[ScreenResultType]):
    """See the module. Stands last among base classes: Textual takes styles and keys from the first."""

    _due: tuple[ScreenResultType | None] | None = None
    """The result with which it closes as soon as nothing lies over it."""

    @property
    def gone(self) -> bool:
        """Whether it is being taken apart, or was: it alone, or with the whole app."""
        return self._pruning or self._closing or self._closed or not self.is_attached

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Close once: now, or where another screen lies over it, after that one. Nothing once it was left."""
        if self.is_active:  # and not `is_current`, which holds under a dialog too
            return super().dismiss(result)
        if self in self.app.screen_stack and self._due is None:
            self._due = (result,)
        return AwaitComplete()

    def _on_screen_resume(self, event: events.ScreenResume) -> None:
        """Close, if that is due. (Textual calls this method of every base class.)"""
        if self._due is not None:
            (result,), self._due = self._due, None
            self.dismiss(result)

    async def _dispatch_message(self, message: Message) -> None:
        """Dispatch what comes while it is there; let go of everything before it is taken apart.

        A key that was on its way is for whatever is there now.
        """
        others = isinstance(message, events.Callback) and message._sender is not self  # wait for it, perhaps
        if self.gone and not others and not isinstance(message, ENDING):
            if isinstance(message, events.Key):
                message._bubble_to(self.app)
            return
        if isinstance(message, events.MouseEvent) and not self.app.size.region.contains_point(message.screen_offset):
            return  # the window has become smaller: nothing is there, and Textual would fail to find what is
        if isinstance(message, messages.Prune):
            self.workers.cancel_node(self)
            self._hand_on()
        await super()._dispatch_message(message)

    async def _flush_next_callbacks(self) -> None:
        """Call what is due; once it is gone, not what it wanted of itself."""
        if self.gone:
            dropped = [each for each in self._next_callbacks if each._sender is self]
            self._next_callbacks = [each for each in self._next_callbacks if each._sender is not self]
            for each in dropped:
                for coroutine in filter(iscoroutine, getattr(each.callback, "args", ())):
                    coroutine.close()  # or Python complains that nobody has waited for it
        await super()._flush_next_callbacks()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Refuse every action while it is not there: before its parts are, and once it is gone."""
        return self.is_mounted and not self.gone and super().check_action(action, parameters)

    def _hand_on(self) -> None:
        """Let what waits for a refresh, on behalf of others, wait for that of the screen which is seen now."""
        waiting = [each for each in self._callbacks if each[1] is not self]
        self._callbacks.clear()
        for screen in self.app.screen_stack[-1:]:
            for callback, sender in waiting:
                screen._invoke_later(callback, sender)
