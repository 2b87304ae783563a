"""Account: all that is said of the residual stream at one row, gathered for a view and for its text twin.

The stream and what each sub-layer adds to it; the logit lens at every stage; and what each part adds to the logit of
one candidate, or to its logit minus that of another. Where a model does not say enough for the last two, `why` does.
"""

from dataclasses import dataclass

import torch

from glasshead.analysis.attribution import Attribution, attribute
from glasshead.analysis.distribution import distribution
from glasshead.analysis.lens import Lens, lens
from glasshead.analysis.stream import Stream, stream
from glasshead.errors import GlassheadError
from glasshead.text import Token
from glasshead.traces.trace import Trace

COUNT = 5
"""Candidates of the lens."""
MOST = 400_000_000
"""Products of one account at most: of a model so large that a lens after every sub-layer would take more, there is one
after every layer."""
STAGE = 1_000_000
"""Products that take as long as the small operations of one stage."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Asked:
    """The candidate whose logit is split, and its rival."""

    token: Token
    rival: Token | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Account:
    """See the module."""

    stream: Stream
    read: tuple[tuple[Token, ...], ...]
    """The lens at the start, and after each sub-layer: the best tokens with their probabilities. Nothing where several
    sub-layers are added at once, after all but the last; where there is no lens; within the layers of a large model."""
    asked: Asked | None
    attribution: Attribution | None
    how: str
    """What the lens does, in one line; empty without one."""
    bare: bool = False
    """Whether the lens applies the output matrix to the stream as it stands: the model has neither a norm after its
    layers nor a head."""
    why: str = ""
    """Sentence that says why there is no lens; empty if there is one."""


def cost(trace: Trace, stack: str) -> int:
    """Estimate the work of the account of a row in products, mostly those of the lens; 0 where there is none."""
    learned = None if trace.reading is None else trace.reading.learned
    if learned is None or learned.unembedding is None:
        return 0
    layers = sum(kind.layers for kind in trace.anatomy.kinds if kind.stack == stack)
    return min(MOST, 2 * layers * learned.unembedding.weight.numel()) + 2 * layers * STAGE


def account(
    trace: Trace, stack: str, row: int, rank: int | None = None, *, taken: int | None = None, against: bool = False
) -> Account:
    """Gather what is said of a row of a stack.

    rank: of the candidate whose logit is split, counted from 0; None for the token that was taken · taken: its id, if
    one was; else the best candidate · against: split the best candidate's logit minus that one's; minus the second's,
    if that one is the best.

    Raises GlassheadError where the stream itself cannot be followed.
    """
    seen = stream(trace, stack, row)
    try:
        through = lens(trace, seen)
    except GlassheadError as error:
        nothing = ((),) * (len(seen.steps) + 1)
        return Account(stream=seen, read=nothing, asked=None, attribution=None, how="", why=str(error))
    asked = ask(trace, stack, row, rank, taken=taken, against=against)
    rival = None if asked.rival is None else asked.rival.id
    try:
        found, why = attribute(trace, seen, through, asked.token.id, rival), ""
    except GlassheadError as error:
        found, why = None, str(error)
    return Account(
        stream=seen, read=_read(seen, through), asked=asked, attribution=found, how=through.how, why=why,
        bare=through.bare,
    )  # fmt: skip


def ask(
    trace: Trace, stack: str, row: int, rank: int | None, *, taken: int | None = None, against: bool = False
) -> Asked:
    """Choose the candidate that is asked about, and its rival. The arguments are those of `account`."""
    found = distribution(trace, stack, row)
    if rank is None:
        rank = 0 if taken is None else found.rank(taken)
    rank = min(max(0, rank), found.size - 1)
    if not against or found.size < 2:
        return Asked(token=found.best(rank, 1)[0])
    return Asked(token=found.best(0, 1)[0], rival=found.best(rank or 1, 1)[0])


def _read(seen: Stream, through: Lens) -> tuple[tuple[Token, ...], ...]:
    places = [seen.start, *(step.after for step in seen.steps)]
    if len(places) * through.unembedding.weight.numel() > MOST:
        places = [each if _ends(seen, at) else None for at, each in enumerate(places)]
    found = iter(through.candidates(torch.stack([each for each in places if each is not None]), COUNT))
    return tuple(() if each is None else tuple(next(found)) for each in places)


def _ends(seen: Stream, place: int) -> bool:
    """Tell whether a layer ends at a place of the stream, the embeddings being 0."""
    layers = [step.site.rpartition(".")[0] for step in seen.steps]
    return place in (0, len(layers)) or layers[place - 1] != layers[place]
