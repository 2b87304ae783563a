"""Showing a training in the way that suits the output: the live panel or plain lines."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glasshead.training.events import Event
from glasshead_tui.live.lines import lines
from glasshead_tui.terminal.tty import moves


def show(events: "Iterator[Event]", *, stop: Callable[[], bool] = lambda: False) -> None:
    """Tell what happens in the way that suits the output. stop: whether the training was asked to stop."""
    if moves():
        from glasshead_tui.live.panel import follow

        follow(events, stop=stop)
    else:
        lines(events)
