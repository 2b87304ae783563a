"""Names of tokens and attentions on the screen."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from glasshead.named import END, JOINED, SPECIAL, START, WORD_STARTS, brief_part, name_head, name_kind
from glasshead_tui.drawing.memo import by_identity
from glasshead_tui.state.focus import Focus
from glasshead_tui.terminal.visible import visible
from glasshead_tui.widgets.cells import width

if TYPE_CHECKING:
    from glasshead.anatomy import Kind
    from glasshead.text import Token

_BRACKETED = frozenset({"[CLS]", "[SEP]", "[MASK]", "[PAD]", "[UNK]"})
"""Special tokens as BERT writes them: no pieces of a word."""
_BYTE = re.compile("<0x([0-9A-F]{2})>")
"""A byte of a character that the vocabulary lacks. Its two digits fit a column; of `<0xE7>` there would be `<…`."""


UNKNOWN = frozenset({"<unk>", "[UNK]", "<UNK>"})


def is_byte(text: str) -> bool:
    """Tell whether a token is a byte of a character that the vocabulary lacks."""
    return _BYTE.fullmatch(text) is not None


@by_identity
def strange_places(tokens: "tuple[Token, ...]") -> frozenset[int]:
    """Find the tokens that the vocabulary lacks: unknown words, and bytes of a character that it has not."""
    return frozenset(at for at, token in enumerate(tokens) if token.text in UNKNOWN or is_byte(token.text))


@by_identity
def labels(tokens: "tuple[Token, ...]") -> tuple[str, ...]:
    """Make a short name for each token, see `named`."""
    return named([token.text for token in tokens])


def named(texts: Sequence[str]) -> tuple[str, ...]:
    """Make a short name for each token: the word, ‿ and a continuing piece, or the two digits of a byte.

    The start is ▸, the end ■.
    """
    marks = any(text.startswith(WORD_STARTS) for text in texts)
    before = ["</s>", *texts]
    return tuple(_name(text, joins=marks and one not in SPECIAL) for one, text in zip(before, texts, strict=False))


def next_labels(tokens: "tuple[Token, ...]", candidates: "tuple[Token, ...]") -> tuple[str, ...]:
    """Make a short name for each candidate, as it would be written after the tokens."""
    marks = any(token.text.startswith(WORD_STARTS) for token in (*tokens, *candidates))
    joins = marks and bool(tokens) and tokens[-1].text not in SPECIAL
    return tuple(_name(candidate.text, joins=joins) for candidate in candidates)


def _name(text: str, *, joins: bool) -> str:
    """Make the name of a token. joins: what begins no word is written onto the token before."""
    if text in SPECIAL:
        return SPECIAL[text]
    if byte := _BYTE.fullmatch(text):
        return byte[1]
    if text.startswith(WORD_STARTS):
        return visible(text[1:]) or "␣"
    return JOINED * (joins and not text.startswith("<") and text not in _BRACKETED) + visible(text)


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
