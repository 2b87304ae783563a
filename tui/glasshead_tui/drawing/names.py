"""Names of tokens and attentions on the screen."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from glasshead.named import (
    END,
    START,
    WORD_STARTS,
    brief_part,
    is_byte,
    name_head,
    name_kind,
    name_next,
    name_tokens,
)
from glasshead_tui.drawing.memo import by_identity
from glasshead_tui.state.focus import Focus
from glasshead_tui.terminal.visible import visible
from glasshead_tui.widgets.cells import width

if TYPE_CHECKING:
    from glasshead.anatomy import Kind
    from glasshead.text import Token

UNKNOWN = frozenset({"<unk>", "[UNK]", "<UNK>"})


@by_identity
def strange_places(tokens: "tuple[Token, ...]") -> frozenset[int]:
    """Find the tokens that the vocabulary lacks: unknown words, and bytes of a character that it has not."""
    return frozenset(at for at, token in enumerate(tokens) if token.text in UNKNOWN or is_byte(token.text))


@by_identity
def labels(tokens: "tuple[Token, ...]") -> tuple[str, ...]:
    """Make a short name for each token, see `named`."""
    return named([token.text for token in tokens])


def named(texts: Sequence[str]) -> tuple[str, ...]:
    """Make a short name for each token, see `name_tokens`, that is safe to draw."""
    return tuple(map(visible, name_tokens(texts)))


def next_labels(tokens: "tuple[Token, ...]", candidates: "tuple[Token, ...]") -> tuple[str, ...]:
    """Make a short name for each candidate, as it would be written after the tokens."""
    found = name_next([token.text for token in tokens], [candidate.text for candidate in candidates])
    return tuple(map(visible, found))


def bare(text: str) -> str:
    """Return a piece without the sign that a word begins there."""
    return text[1:] if text.startswith(WORD_STARTS) and len(text) > 1 else text


def spoken(label: str) -> str:
    """Explain the glyphs of a label, if there is room."""
    return {START: f"{START} start", END: f"{END} end"}.get(label, label)


def attention_name(focus: Focus, kind: "Kind | None" = None) -> str:
    """Name the current attention in the paper's words. kind: as the model has it; None for the paper's own."""
    return name_head(focus.prefix, focus.head, masked=None if kind is None else kind.causal and kind.masked)


def kind_name(kind: "Kind") -> str:
    """Name a kind of attention in the paper's words, masked or not as the model has it."""
    return name_kind(kind.stack, kind.kind, masked=kind.causal and kind.masked)


def brief_label(site: str, label: str, *, bare: bool = False) -> str:
    """Name a place in a stack in short. site: e.g. `decoder.1.cross` · label: of the place, such as `1.cross.after` ·
    bare: as for `brief_part`.
    """
    if not label[:1].isdigit():
        return label
    return f"{brief_part(site, bare=bare)}{' after' if label.endswith('.after') else ''}"


@by_identity
def widest(names: tuple[str, ...]) -> int:
    """Return the columns of the longest name."""
    return max(map(width, names), default=0)
