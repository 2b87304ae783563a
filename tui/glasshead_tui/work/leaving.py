"""Leaving: the end of the app waits a moment for a pass of the model, and then gives it up. A line stays then as it was
before the pass.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack

PATIENCE = 0.4
"""Seconds that a pass has to come to its end."""


class Leaving(ExitStack):
    """See the module. In its `with` block passes are given up once they are watched."""

    def __init__(self, gone: Callable[[], bool]) -> None:
        """gone: whether the app has ended."""
        super().__init__()
        self._gone, self._since = gone, float("inf")

    def watch_passes(self) -> None:
        """Give up passes of this thread from here on. torch is loaded by then."""
        from glasshead.tap import giving_up

        self.enter_context(giving_up(self._late))

    def _late(self) -> bool:
        if self._gone():
            self._since = min(self._since, time.monotonic())
        return time.monotonic() - self._since >= PATIENCE
