"""Names for a reader: the glyphs of tokens, and attentions and heads in the paper's words. Strings only, no torch.

name_head("decoder.2.cross", 6)     decoder 2 · encoder–decoder attention · head 6
brief_head("decoder.2.cross", 6)    enc–dec L2 H6        the same where there is no room
brief_part("decoder.2.ffn")         ffn L2               a sub-layer, where its stack is plain
"""

from glasshead.site import ATTENTIONS, Site

START, END = "▸", "■"
"""Glyphs of the start token and of the end token."""
JOINED = "‿"
"""Glyph of a piece that is written onto the one before it."""
SPECIAL = {"<s>": START, "</s>": END}
WORD_STARTS = ("▁", "Ġ")
"""Signs with which vocabularies begin a word."""

CROSS = "encoder–decoder attention"
_BRIEF = {("encoder", "self"): "enc self", ("decoder", "self"): "dec self", ("decoder", "cross"): "enc–dec"}


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
