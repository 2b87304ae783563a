"""The words of both sides and the weights between them, in one head and in the mean of all.

Pieces are joined to words: a word's weight on another is the mean over its rows of the sum over the other's columns.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple
from weakref import ref

from glasshead.traces.shown import NotYetError, puts_off
from glasshead_tui.drawing.choices import next_token
from glasshead_tui.drawing.names import labels
from glasshead_tui.drawing.rows import Rows
from glasshead_tui.state.focus import Focus
from glasshead_tui.terminal.visible import visible

if TYPE_CHECKING:
    from torch import Tensor

    from glasshead.analysis.words import Word
    from glasshead.session.moment import Moment
    from glasshead.text import Token
    from glasshead.traces.trace import Trace

NO_WORD = "no word"
AT_ONCE = 1_000_000
"""Weights that are joined while a key waits: a few milliseconds."""


class Aligned(NamedTuple):
    """The weights between words. Only the rows on the screen become numbers of Python: a line may be long."""

    keys: tuple[str, ...]
    """Words that are looked at; the last is for tokens that are no word."""
    queries: tuple[str, ...]
    words: "tuple[Word, ...]"
    """Tokens of each query's word."""
    rows: "Tensor"
    """For each query its weights, t s + 1; NaN where its rows are not there."""
    mean: "Tensor"
    """The same of the mean of all heads."""
    best: tuple[int, ...]
    """For each query the key with the largest weight; −1 where its rows are not there."""
    covered: tuple[float, ...]
    """What each word was given by all rows so far."""
    heads: int


def aligns_chosen(focus: Focus) -> bool:
    """Tell whether rows are named by the word that they chose: of encoder–decoder attention, unless that is undone."""
    return focus.kind == "cross" and not focus.aligns_read


_made: "tuple[tuple[ref[Trace], tuple[str, int, bool], Aligned], ...]" = ()
"""The last two: of the current head, and of what it is compared with."""


def chosen_alignment(moment: "Moment", focus: Focus) -> Aligned:
    """Join the weights of pieces to those of words, once. Raises GlassheadError if the weights were not recorded, and
    NotYetError for many of them where passes are put off.
    """
    trace, place = moment.trace, (focus.prefix, focus.head, aligns_chosen(focus))
    found = next((made for of, at, made in _made if of() is trace and at == place), None)
    if found is not None:
        return found
    weights = trace[f"{focus.prefix}.weights"]
    if not puts_off() or weights.numel() <= AT_ONCE:
        return _remember(moment, focus)

    def compute() -> None:
        _remember(moment, focus)

    raise NotYetError((id(trace), "words", *place), compute, turns=False)


def _remember(moment: "Moment", focus: Focus) -> Aligned:
    global _made
    made = align(moment, focus)
    _made = (*_made[-1:], (ref(moment.trace), (focus.prefix, focus.head, aligns_chosen(focus)), made))
    return made


def align(moment: "Moment", focus: Focus) -> Aligned:
    """Join the weights of pieces to those of words. Raises GlassheadError if the weights were not recorded."""
    chosen = aligns_chosen(focus)
    queries, keys = moment.trace.axes(focus.prefix)
    if chosen and (after := next_token(moment, len(queries) - 1)) is not None:
        queries = (*queries, after)
    from glasshead.analysis.alignment import Text, coverage, word_weights
    from glasshead.analysis.words import text_of as word_of

    weights = moment.trace[f"{focus.prefix}.weights"]
    text = Text.of(keys, queries)
    one, mean = (
        word_weights(each, text, "chosen" if chosen else "read") for each in (weights[focus.head], weights.mean(0))
    )
    given = coverage(weights[focus.head], text)
    best = one.nan_to_num(-1).argmax(-1).masked_fill(one.isnan().any(-1), -1)
    return Aligned(
        keys=(*(visible(word_of(keys, word)) for word in text.source), _others(keys, text.source)),
        queries=tuple(visible(word_of(queries, word)) for word in text.target),
        words=text.target,
        rows=one,
        mean=mean,
        best=tuple(map(int, best.tolist())),
        covered=tuple(given.tolist()),
        heads=len(weights),
    )


def _others(keys: "tuple[Token, ...]", words: "Sequence[Word]") -> str:
    """Name the keys that are no word: by their sign if they have one sign, as a start or an end."""
    inside = {at for word in words for at in word}
    names = {name for at, name in enumerate(labels(keys)) if at not in inside}
    return names.pop() if len(names) == 1 else NO_WORD


def aligned_rows(found: Aligned, which: range | None = None) -> Rows:
    """Make a row for each word that looks, with its weight on each word, and what each was given by all.

    which: numbers of the words that look; None for all.
    """
    which = range(len(found.queries)) if which is None else which
    rows: Rows = [("", *found.keys[:-1], NO_WORD)]
    rows += [(found.queries[at], *found.rows[at].tolist()) for at in which]
    rows += [(f"mean: {found.queries[at]}", *found.mean[at].tolist()) for at in which]
    return [*rows, ("covered", *found.covered)]
