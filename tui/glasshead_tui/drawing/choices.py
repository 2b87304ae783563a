"""What the rows of the decoder choose: the row of a token looks one word ahead, and chooses the token after it."""

from typing import TYPE_CHECKING, NamedTuple

from glasshead_tui.drawing.names import labels, next_labels
from glasshead_tui.state.focus import Focus

if TYPE_CHECKING:
    from glasshead.session.moment import Moment
    from glasshead.text import Token

NOTHING = "–"
"""Name of a row that chose nothing."""


class Choice(NamedTuple):
    """What a row chose."""

    label: str
    how: str
    """`choosing` its token; `before` one that was given."""


def choice(moment: "Moment", focus: Focus) -> Choice | None:
    """Return what the row in the focus chose; None for a row of the source, and for one after which nothing comes."""
    if moment.anatomy.kind_at(focus.prefix).queries != "target":
        return None
    after = next_token(moment, focus.query)
    if after is None:
        return None
    names = labels(moment.tokens)
    label = names[focus.query + 1] if focus.query + 1 < len(names) else next_labels(moment.tokens, (after,))[0]
    return Choice(label, "before" if after.probability is None else "choosing")


def next_token(moment: "Moment", row: int) -> "Token | None":
    """Return the token after a row of the target: the next of the line, or the best candidate for the newest row."""
    if row + 1 < len(moment.tokens):
        return moment.tokens[row + 1]
    if row + 1 > len(moment.tokens) or moment.done:
        return None
    return moment.given or next(iter(moment.candidates), None)


def row_labels(moment: "Moment", focus: Focus) -> tuple[str, ...]:
    """Name the rows of the matrix in the focus: by their own tokens, or by what they chose if it says so."""
    queries, _ = moment.trace.axes(focus.prefix)
    return _chosen_labels(moment, queries) if names_chosen(focus) else labels(queries)


def names_chosen(focus: Focus) -> bool:
    """Tell whether rows are named by what they chose: of encoder–decoder attention, where it is asked for."""
    return focus.shifted and focus.kind == "cross"


def _chosen_labels(moment: "Moment", queries: "tuple[Token, ...]") -> tuple[str, ...]:
    after = next_token(moment, len(queries) - 1)
    last = next_labels(queries, (after,)) if after else (NOTHING,)
    return (*labels(queries)[1:], *last)
