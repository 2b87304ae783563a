"""Regaining: the way of a line to the step at which a person stood, where its rows must be computed first.

An edit leaves a line as it was up to the first row that it can reach. There the line stands at once; the steps after it
are taken one by one, and each can be looked at.
"""

from collections.abc import Iterator, Sequence

from glasshead.decoding.following import follow
from glasshead.decoding.stepper import Stepper


class Way:
    """See the module. Iterating takes the steps; True comes once the first token is there that is another one."""

    def __init__(self, line: Stepper, steps: int, before: Sequence[int], *guides: Stepper) -> None:
        """steps: where the way leads · before: the tokens until now · guides: lines of which the choices are taken."""
        self.line, self.steps = line, steps
        self.left: int | None = None
        """First step with another token than before; None as long as all are the same."""
        self.new: bool | None = None
        """Whether other edits made the line, or only brought it back; None where none did."""
        self._begun = False
        self._before = list(before)
        self._moves = follow(line, steps, *guides)

    def begin(self) -> None:
        """Stand at the last step that costs at most one row. Raises GlassheadError for edits that do not fit that."""
        self._begun, line = True, self.line
        line.goto(min(line.step_number, self.steps))
        if line.rows.lasting:  # else there is one pass for all rows, and it costs the same anywhere
            line.goto(max(0, min(line.step_number, len(line.rows) + 1 - len(line.prompt.start))))
        while len(line.rows) >= len(line.ids) and next(self._moves, _END) is not _END:
            pass
        prompt = len(line.prompt.start)
        parted = (place for place in range(prompt, len(line.ids)) if self._parts(place))
        self.left = next((place - prompt for place in parted), None)
        self._reach()

    def __iter__(self) -> Iterator[bool]:
        if not self._begun:
            self.begin()
        if self.left is not None and self.open:  # it is there already
            yield True
        for _ in self._moves:
            changed = self._compare()
            if changed:  # it can be looked at before its own row is there
                yield True
            if self.line.rows.lasting:
                self._reach()
            if not changed:
                yield False
        self._reach()

    @property
    def open(self) -> bool:
        """Whether steps are left."""
        return self.line.step_number < self.steps and not self.line.done

    @property
    def ahead(self) -> bool:
        """Whether the row of the newest token is there, or nobody is on the way to it."""
        return not self.open or len(self.line.rows) >= len(self.line.ids)

    @property
    def fork(self) -> int:
        """Step at which the line left the tokens before; where it stands, as long as it did not."""
        return self.line.step_number if self.left is None else self.left

    def _reach(self) -> None:
        """Compute the newest row: an edit that does not fit it is found here."""
        if self.line.looks_ahead:
            self.line.rows.reach(self.line.ids)

    def _compare(self) -> bool:
        """Compare the newest token with the one before; tell whether it is the first that differs."""
        if self.left is not None or not self._parts(len(self.line.ids) - 1):
            return False
        self.left = self.line.step_number - 1
        return True

    def _parts(self, place: int) -> bool:
        """Tell whether the token at a place is not the one before."""
        return self._before[place : place + 1] != self.line.ids[place : place + 1]


_END = object()
