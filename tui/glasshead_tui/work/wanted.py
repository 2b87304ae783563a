"""Wanted: what is looked at and takes passes of the model, in the order in which it is looked at. The newest look wins.

One thread asks and another one computes; neither waits for the other.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress

from glasshead.errors import GlassheadError
from glasshead.traces.shown import NotYetError
from glasshead_tui.work.jobs import Asker
from glasshead_tui.work.messages import Computed

Asked = tuple[tuple[NotYetError, ...], Asker]


class Wanted:
    """See the module."""

    def __init__(self) -> None:
        self._asked: Asked | None = None
        """Only the asker's thread writes it."""
        self._served: Asked | None = None
        """What was computed last, as a whole. Only the other thread writes it and the next."""
        self._turned: Asked | None = None
        """Of what the layers were computed last, on the way of something else."""

    def ask(self, needs: Sequence[NotYetError], to: Asker) -> None:
        """Ask for values, each of which is answered with `Computed`, in place of all that was asked for before."""
        self._asked = tuple(needs), to

    def serve(self, stopped: Callable[[], bool]) -> bool:
        """Compute what is asked for until `stopped()`; return whether something is left."""
        while (asked := self._asked) is not None and asked is not self._served:
            for need in asked[0]:
                if self._asked is not asked:
                    break
                if stopped():
                    return True
                _compute(need, asked[1])
            else:
                self._served = asked
        return False

    def turn(self) -> None:
        """Compute the layers among what is asked for, which the next steps then capture; each look once."""
        if (asked := self._asked) is not None and asked is not self._turned:
            self._turned = asked
            for need in asked[0]:
                if need.turns:
                    _compute(need, asked[1])


def _compute(need: NotYetError, to: Asker) -> None:
    with suppress(GlassheadError):  # who draws it then finds and says the reason
        need.compute()
    to.post_message(Computed(need.key))
