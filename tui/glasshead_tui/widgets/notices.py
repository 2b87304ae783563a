"""Notices that may come late.

Textual 8.2.8 shows a notice for the time that is left, which it measures once more after it has looked whether there is
any. If the last of it passes in between, the timer gets a negative interval, and searches for its next moment for ever:
no key is answered any more. This file can go once a version of Textual refuses such an interval.
"""

from textual.notifications import Notification

LEAST = 0.05
"""Least seconds for which a notice is shown."""


class Notice(Notification):
    """A notification whose time may have passed, but is never negative."""

    @property
    def time_left(self) -> float:
        """Seconds for which it is still shown."""
        return max(LEAST, super().time_left)

    @property
    def has_expired(self) -> bool:
        """Whether it need not be shown any more."""
        return super().time_left <= 0
