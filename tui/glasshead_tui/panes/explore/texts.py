"""The sentences of the tokens pane: source and target of the present line, and of the one that stands beside it.

What both have is there once. The rest has the marks of the two lines: see `drawing.sides`.
"""

from collections.abc import Mapping
from math import log
from typing import TYPE_CHECKING, NamedTuple

from glasshead.errors import GlassheadError
from glasshead_tui.drawing.memo import by_identity
from glasshead_tui.drawing.numbers import real, weight
from glasshead_tui.drawing.pairs import pair_of
from glasshead_tui.drawing.sides import MARKS, OTHER, THIS, mark_names
from glasshead_tui.panes.explore.sentence import NOTHING
from glasshead_tui.state.focus import Focus, View
from glasshead_tui.terminal.visible import visible

if TYPE_CHECKING:
    from glasshead.session.beside import Beside
    from glasshead.session.moment import Moment
    from glasshead.text import Token

BOTH: tuple[View, View] = ("edited", "original")


class Text(NamedTuple):
    """A sentence, and all that is drawn with it."""

    head: str
    side: str
    """`source` or `target`."""
    tokens: "tuple[Token, ...]"
    views: tuple[View, ...]
    """The lines whose tokens they are."""
    tails: tuple[str, ...] = ("",)
    """What is said at its end, at several lengths."""
    changed: frozenset[int] = frozenset()
    """Places of the tokens that the other line has not."""
    noted: Mapping[int, str] = NOTHING
    """What is said after a token."""
    goes_on: bool = False
    """Whether a next token will stand at its end."""


def texts_of(moment: "Moment", looked: View | None) -> list[Text]:
    """List the sentences in the order in which they stand.

    looked: what the panes show; None where they show something else that is compared, such as two heads: then the marks
    are those of the heads, and lines have their names alone.
    """
    beside = moment.beside
    here = [
        Text("source", "source", moment.source, BOTH),
        Text("target", "target", moment.tokens, BOTH, tails=(steps_said(moment),), goes_on=not moment.done),
    ]
    here = [text for text in here if text.tokens]
    if beside is None:
        return here
    names = mark_names(beside.names) if looked is not None else (visible(beside.names[0]), visible(beside.names[1]))
    sources = (f"{THIS} source", f"{OTHER} source") if looked is not None else ("source", "source beside")
    tails = _tails(moment, beside, looked)
    if not moment.tokens:  # an encoder alone: the sources are all that there is
        other = () if _begin_alike(moment) else moment.original.source
        said = here[0]._replace(head=names[0] if other else "source", views=BOTH[:1] if other else BOTH)
        return [said, Text(names[1], "source", other, BOTH[1:], tails)]
    shared = [text for text in here if text.side == "source"]
    if shared and _reads(moment.source) != _reads(moment.original.source):
        shared = [
            Text(sources[0], "source", moment.source, BOTH[:1]),
            Text(sources[1], "source", moment.original.source, BOTH[1:]),
        ]
    target = here[-1]._replace(
        head=names[0], changed=changed_places(moment), views=BOTH[:1] if beside.stands is not None else BOTH
    )
    return [*shared, target, _target_beside(moment)._replace(head=names[1], tails=tails)]


def count_beside(moment: "Moment") -> int:
    """Count the sentences more that there are because something stands beside the line."""
    return len(texts_of(moment, None)) - len([each for each in (moment.source, moment.tokens) if each])


def cursors(moment: "Moment", focus: Focus) -> dict[View, Focus]:
    """Return where the cursor stands in the tokens of each of the two lines that is looked at."""
    focus = focus if focus.pinned is None else focus.to(pinned=None, view="edited")
    if moment.beside is None or focus.view == "edited":
        return {"edited": focus}
    try:
        pair = pair_of(moment, focus, exact=False)
    except GlassheadError:  # another model without such an attention: nothing is marked
        return {}
    if pair is None:
        return {}
    there: dict[View, Focus] = {"original": pair.other.focus}
    return there if focus.view == "original" else {"edited": pair.this.focus, **there}


@by_identity
def changed_places(moment: "Moment") -> frozenset[int]:
    """Return the places of the target whose tokens differ from those beside, if both lines began with one text."""
    if moment.beside is None or not _begin_alike(moment):
        return frozenset()
    prompt = len(moment.tokens) - moment.step
    return frozenset(prompt + at for at, step in enumerate(moment.beside.steps) if step.differs)


def steps_said(moment: "Moment") -> str:
    """Say how far a line has come."""
    return (
        (f"after step {moment.step}" if moment.step else "step 0, the start")
        + ("" if moment.until is None else f", on to {moment.until}")
        + (", the recording ends" if moment.cut else ", done" if moment.done else "")
    )


@by_identity
def _target_beside(moment: "Moment") -> Text:
    """Make the target of the line beside, with the probabilities of the tokens that only it has."""
    beside = moment.beside
    assert beside is not None
    own, alike = beside.stands, _begin_alike(moment)
    prompt = moment.tokens[: len(moment.tokens) - moment.step] if own is None else own.tokens[: -own.step or None]
    steps = [step for step in beside.steps if step.original is not None]
    noted: dict[int, str] = {}
    for at, step in enumerate(steps, len(prompt)):
        if alike and step.differs and step.original is not None and step.original.probability is not None:
            now = "" if step.edited is None else f"→{weight(step.edited, 4)}"
            noted[at] = f" {weight(step.original.probability, 4)}{now}"
    tokens = *prompt, *(step.original for step in steps if step.original is not None)
    views = BOTH[1:] if own is not None else ()
    goes_on = own is not None and not own.done
    return Text("", "target", tokens, views, changed=frozenset(noted), noted=noted, goes_on=goes_on)


def _tails(moment: "Moment", beside: "Beside", view: View | None) -> tuple[str, ...]:
    """Say how far the line beside has come, how far apart both are, and what `d` shows, at several lengths."""
    far = "" if beside.next_divergence is None else f"KL {real(beside.next_divergence, 5)} bits"
    first = "no token differs" if beside.first is None else f"differs from step {beside.first + 1} on"
    first = first if moment.tokens and _begin_alike(moment) else ""
    given = [step.original.probability or 0.0 for step in beside.steps if step.original is not None]
    total = f"ln p {real(sum(map(log, given)), 6)} nats" if given and all(given) else ""
    step = "" if beside.stands is None or not moment.tokens else steps_said(moment.original)
    shown = "" if view is None else f"shown: {MARKS[view]}"
    if view == "original" and beside.stands is None and beside.first is not None:
        shown += f" at the tokens of {THIS}"
    variants = (total, first, far, step, shown), (first, far, step, shown), (far, step, shown), (step, shown), (shown,)
    return tuple("  ".join(filter(None, parts)) for parts in variants)


@by_identity
def _begin_alike(moment: "Moment") -> bool:
    """Tell whether both lines began with the same text."""
    there = moment.original
    prompts = (each.tokens[: len(each.tokens) - each.step] for each in (moment, there))
    one, other = map(_reads, prompts)
    return one == other and _reads(moment.source) == _reads(there.source)


def _reads(tokens: "tuple[Token, ...]") -> list[str]:
    return [token.text for token in tokens]
