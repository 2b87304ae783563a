"""Names for a reader: of tokens, and of attentions and heads in the paper's words. Strings only, no torch.

name_tokens(["<s>", "▁c", "at"])    ▸  c  ‿at            the same on the screen, in text and in JSON
name_head("decoder.2.cross", 6)     decoder 2 · encoder–decoder attention · head 6
brief_head("decoder.2.cross", 6)    enc–dec L2 H6        the same where there is no room
brief_part("decoder.2.ffn")         ffn L2               a sub-layer, where its stack is plain
"""

import re
from collections.abc import Iterable, Sequence

from glasshead.site import ATTENTIONS, Site

START, END = "▸", "■"
"""Glyphs of the start token and of the end token."""
JOINED = "‿"
"""Glyph of a piece that is written onto the one before it."""
SPECIAL = {"<s>": START, "</s>": END}
WORD_STARTS = ("▁", "Ġ")
"""Signs with which vocabularies begin a word."""
BRACKETED = frozenset({"[CLS]", "[SEP]", "[MASK]", "[PAD]", "[UNK]"})
"""Special tokens as BERT writes them: no pieces of a word."""
_BYTE = re.compile("<0x([0-9A-F]{2})>")
"""A byte of a character that the vocabulary lacks. Its two digits fit a column; of `<0xE7>` there would be `<…`."""

CROSS = "encoder–decoder attention"
_BRIEF = {("encoder", "self"): "enc self", ("decoder", "self"): "dec self", ("decoder", "cross"): "enc–dec"}


def name_tokens(texts: Sequence[str]) -> tuple[str, ...]:
    """Name the tokens of a line: the word, ‿ and a piece that continues it, or the two digits of a byte.

    The start is ▸, the end ■. texts: as the vocabulary has them. Names are not made safe for a terminal.
    """
    marks = _mark_words(texts)
    pairs = zip(["</s>", *texts], texts, strict=False)
    return tuple(_name_token(text, joins=marks and before not in SPECIAL) for before, text in pairs)


def name_next(texts: Sequence[str], candidates: Sequence[str]) -> tuple[str, ...]:
    """Name candidates for the token after those of a line, as they would be written there."""
    joins = _mark_words([*texts, *candidates]) and bool(texts) and texts[-1] not in SPECIAL
    return tuple(_name_token(candidate, joins=joins) for candidate in candidates)


def means(wanted: str, text: str) -> bool:
    """Tell whether what a person wrote means a token: by its text in the vocabulary, or by its name.

    A word stands for the piece that begins it and for a whole token of that text; ‿ before it only for a piece that is
    written onto the one before.
    """
    if wanted in (text, SPECIAL.get(text)):
        return True
    if text.startswith(WORD_STARTS):
        return text[1:] == wanted
    return wanted in (JOINED + text, text[3:5] if is_byte(text) else text)


def is_byte(text: str) -> bool:
    """Tell whether a token is a byte of a character that the vocabulary lacks."""
    return _BYTE.fullmatch(text) is not None


def _mark_words(texts: Iterable[str]) -> bool:
    """Tell whether a vocabulary marks where words begin."""
    return any(text.startswith(WORD_STARTS) for text in texts)


def _name_token(text: str, *, joins: bool) -> str:
    """Name a token. joins: what begins no word is written onto the token before."""
    if text in SPECIAL:
        return SPECIAL[text]
    if byte := _BYTE.fullmatch(text):
        return byte[1]
    if text.startswith(WORD_STARTS):
        return text[1:] or "␣"
    return JOINED * (joins and not text.startswith("<") and text not in BRACKETED) + text


def name_kind(stack: str, kind: str, *, masked: bool | None = None) -> str:
    """Name a kind of attention in the paper's words.

    masked: whether it hides later tokens; None for the paper's own.
    """
    if kind == "cross":
        return CROSS
    masked = stack == "decoder" if masked is None else masked
    return f"{'masked ' if masked else ''}{stack} self-attention"


def name_attention(prefix: str, *, masked: bool | None = None) -> str:
    """Name an attention: its stack, its layer and its kind. masked: as for `name_kind`."""
    site = Site.parse(f"{prefix}.out")
    kind = name_kind(site.stack, site.part, masked=masked).replace(f"{site.stack} self", "self")
    return f"{site.stack} {site.layer} · {kind}"


def name_head(prefix: str, head: int, *, masked: bool | None = None) -> str:
    """Name a head. masked: as for `name_kind`."""
    return f"{name_attention(prefix, masked=masked)} · head {head}"


def brief_kind(stack: str, kind: str) -> str:
    """Name a kind of attention in short."""
    return _BRIEF.get((stack, kind), f"{stack} {kind}")


def brief_part(prefix: str, *, bare: bool = False) -> str:
    """Name a sub-layer in short: an attention by its kind, the feed-forward layer as `ffn`.

    bare: without the stack of self-attention, where that is plain and has no room.
    """
    site = Site.parse(f"{prefix}.out")
    alone = site.part not in ATTENTIONS or (bare and site.part == "self")
    return f"{site.part if alone else brief_kind(site.stack, site.part)} L{site.layer}"


def brief_head(prefix: str, head: int) -> str:
    """Name a head in short."""
    return f"{brief_part(prefix)} H{head}"
