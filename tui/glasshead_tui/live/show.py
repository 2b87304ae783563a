"""The choice between the live panel and plain lines for a training."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glasshead.training.events import Event
from glasshead_tui.live.lines import print_lines
from glasshead_tui.terminal.tty import moves


def show(events: "Iterator[Event]", *, stop: Callable[[], bool] = lambda: False) -> None:
    """Show the events in the form that suits the output. stop: whether the training was asked to stop."""
    if moves():
        from glasshead_tui.live.panel import follow

        follow(events, stop=stop)
    else:
        print_lines(events)
