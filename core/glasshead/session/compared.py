"""Compared: any other line of the tree next to the present one, row by row up to the end of the shorter one.

The lines may have other tokens, another text and other edits: what is subtracted is what stands at the same position.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from glasshead.decoding.stepper import Stepper
from glasshead.errors import GlassheadError
from glasshead.session.beside import Beside, Stands, Step, kl
from glasshead.site import SQUARE, Site
from glasshead.text import Token
from glasshead.traces.trace import Trace


class Everywhere(Mapping[str, Tensor]):
    """The cone of a comparison in which any value may differ: True for every cell of a site."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def __getitem__(self, site: str) -> Tensor:
        return torch.ones_like(self._trace[site], dtype=torch.bool)

    def __iter__(self) -> Iterator[str]:
        return iter(self._trace.sites)

    def __len__(self) -> int:
        return len(self._trace.sites)


@dataclass(frozen=True, eq=False)
class Compared(Beside):
    """See the module. `edited` has the rows of the present line, `trace` those of the other one: equally many."""

    @cached_property
    def cone(self) -> Mapping[str, Tensor]:
        """Everything: nothing ties two lines together."""
        return Everywhere(self.edited)

    def check(self, site: str) -> None:
        """Raise GlassheadError for a matrix whose rows or keys are not equally many in both lines."""
        parsed = Site.parse(site)
        counts: list[tuple[int, ...]]
        if parsed.attention is None:
            counts = [(len(trace.tokens(parsed.stack)),) for trace in (self.edited, self.trace)]
        else:
            axes = [trace.axes(parsed.attention) for trace in (self.edited, self.trace)]
            counts = [tuple(map(len, each if parsed.name in SQUARE else each[:1])) for each in axes]
        if counts[0] != counts[1]:
            here, there = (" × ".join(map(str, each)) for each in counts)
            raise GlassheadError(
                f"{site} has no difference: {here} tokens in this line, {there} in {self.names[1]}, and only values of "
                "equal shape are subtracted. Look at one line, then at the other."
            )


def compare_lines(line: Stepper, other: Stepper, name: str, count: int) -> Compared:
    """Compare the present line with another one. name: of the other · count: candidates of it.

    The next tokens are compared where both lines have come equally far: KL(other ‖ present).

    Raises GlassheadError for lines that capture nothing.
    """
    here, there = (each.outlook for each in (line, other))
    rows = min(here.steps, there.steps)
    one, two = (
        trace if trace.steps == rows else each.branch().until(rows) for each, trace in ((line, here), (other, there))
    )
    pairs = zip(_padded(line, other), _padded(other, line), strict=True)
    steps = tuple(Step(token, None, usual, None, None) for token, usual in pairs)
    ahead = None
    same = here.steps == there.steps > 0 and line.looks_ahead and other.looks_ahead
    if same and line.rows.model.size == other.rows.model.size and not (line.recorded or other.recorded):
        ahead = kl(*(torch.log_softmax(each.rows.through(each.ids).cpu().double(), -1) for each in (other, line)))
    return Compared(
        steps, ahead, (), one, two, tuple(other.candidates(count)), other.entropy(), ("this line", name),
        Stands.of(other),
    )  # fmt: skip


def _padded(line: Stepper, other: Stepper) -> list[Token | None]:
    """Return the tokens that a line has written, and None for those that only the other one has."""
    made: list[Token | None] = list(line.produced)
    return made + [None] * (len(other.produced) - len(made))
