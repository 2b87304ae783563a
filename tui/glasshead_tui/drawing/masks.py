"""What is said of the mask of an attention: what it hides, or that there is none, and why."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glasshead.anatomy import Anatomy, Kind
    from glasshead.traces.trace import Trace

LATER = (
    "each row has to predict the token after it, so it may not see that one or any later",
    "a row predicts what comes",
)
"""Why later tokens are hidden, at two lengths."""


def told_mask(trace: "Trace", prefix: str) -> tuple[str, ...]:
    """Say what the mask of an attention hides in this line, at several lengths, the longest first."""
    kind, window = trace.anatomy.kind_at(prefix), trace.attending(prefix).window
    hidden, brief, later = [], [], _hides_later(trace, prefix)
    if later:
        hidden.append("later tokens")
    if window is not None and (kind.masked or not kind.causal):
        hidden.append(_beyond(window, causal=kind.causal))
        brief.append("window")
    if more := _hides_more(trace, prefix):
        hidden.append(more)
    if hidden and kind.causal and not kind.masked:
        return f"masked: {', '.join(hidden)}, but not later ones", f"masked: {', '.join(hidden)}", "masked"
    if hidden == ["later tokens"]:
        return *(f"masked: later tokens – {why}" for why in LATER), "masked: later tokens", "masked"
    if hidden:
        first = hidden[0] if later else ""
        short = ", ".join(filter(None, (first, *brief, more)))
        return f"masked: {', '.join(hidden)}", f"masked: {short}", "masked"
    if not kind.causal:
        known = f"no mask here: the whole {_side(kind)} is known"
        return f"no mask here: {_known(kind)[0]}", known, "no mask here", "no mask"
    if trace.anatomy.lasting:
        return "no mask: later tokens are only not there yet", "no mask here", "no mask"
    return "no mask: later tokens may be looked at", "no mask here", "no mask"


def explain_mask(trace: "Trace", prefix: str) -> tuple[str, ...]:
    """Explain why an attention hides what comes later, or why it has nothing to hide, at several lengths.

    Empty where its mask hides something else, or where a mask is lacking that it should have.
    """
    kind, window = trace.anatomy.kind_at(prefix), trace.attending(prefix).window
    if window is not None or _hides_more(trace, prefix):
        return ()
    if _hides_later(trace, prefix):
        return LATER
    return () if kind.causal else _known(kind)


def _known(kind: "Kind") -> tuple[str, ...]:
    """Say why nothing has to be hidden, at two lengths."""
    known = f"the whole {_side(kind)} is known"
    if kind.kind == "cross":
        when = "before the first token is written, so nothing has to be hidden"
    else:
        when = "at once, so every token may look at every other"
    return f"{known} {when}", f"{known}: nothing has to be hidden"


def _side(kind: "Kind") -> str:
    return "source" if kind.keys == "source" else "text"


def may_hide(trace: "Trace", prefix: str) -> bool:
    """Tell whether an attention has a mask: for later tokens, for those outside of a window, or one of the caller's."""
    kind, how = trace.anatomy.kind_at(prefix), trace.attending(prefix)
    return (kind.causal and kind.masked) or how.window is not None or how.patterned


def told_of_kind(anatomy: "Anatomy", kind: "Kind") -> str:
    """Say in a word whether a kind of attention has a mask; empty where only its values tell."""
    ways = [how for prefix in anatomy.attentions(kind) if (how := anatomy.attending.get(prefix)) is not None]
    if kind.causal:
        return "masked" if kind.masked else "no mask"
    if any(how.window is not None for how in ways):
        return "window"
    return "" if any(how.patterned for how in ways) else "no mask"


def _beyond(window: tuple[int, int], *, causal: bool) -> str:
    """Say which keys lie outside of a window."""
    before, after = window
    if causal or before == after:
        return f"keys more than {before} away"
    return f"keys more than {before} before or {after} after"


def _hides_later(trace: "Trace", prefix: str) -> bool:
    """Tell whether later tokens are hidden: by the model's own rule, unless a mask of the caller's tells otherwise."""
    kind, hidden = trace.anatomy.kind_at(prefix), trace.hidden(prefix)
    if not kind.causal or hidden is None:
        return kind.causal and kind.masked
    later = hidden.new_ones(hidden.shape[-2:]).triu(1)
    return kind.masked and bool((hidden | ~later).all())


def _hides_more(trace: "Trace", prefix: str) -> str:
    """Say what a mask of the caller's hides beyond the model's own rule; empty if nothing, or if it is not known."""
    hidden = trace.hidden(prefix)
    if hidden is None:
        return ""
    kind = trace.anatomy.kind_at(prefix)
    queries, keys = (len(tokens) for tokens in trace.axes(prefix))
    if kind.causal:
        hidden = hidden & hidden.new_ones(queries, keys).tril()
    if not bool(hidden.any()):
        return ""
    columns = hidden.any(0).any(0).tolist()
    padding = all(token.text == "<pad>" for token, there in zip(trace.axes(prefix)[1], columns, strict=True) if there)
    return "padding" if padding else "some keys"
