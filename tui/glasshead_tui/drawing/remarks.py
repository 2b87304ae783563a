"""What is said below the table of a pane, on the screen and on the command line: how its numbers came about.

Sentences, not yet safe for a terminal.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from glasshead.named import is_byte
from glasshead_tui.drawing.masks import may_hide, told_mask
from glasshead_tui.drawing.memo import by_identity, chosen_account, chosen_distribution, chosen_units
from glasshead_tui.drawing.names import UNKNOWN
from glasshead_tui.drawing.numbers import real
from glasshead_tui.drawing.switches import edits_effect, own_effects_said
from glasshead_tui.drawing.tree import tree_said
from glasshead_tui.state.focus import Focus

if TYPE_CHECKING:
    from glasshead.analysis.account import Account
    from glasshead.analysis.distribution import Distribution
    from glasshead.analysis.feed_forward import Units
    from glasshead.analysis.positions import Positions
    from glasshead.session.moment import Moment

EMBEDDINGS = ("embedding", "position", "segment")
"""Shares that are in the stream before the first layer."""
SHORT = 40
"""Characters of a text that is quoted whole."""
AGAIN = "recomputed by running the model: not every value is kept"
HELD = "to the logit: each norm's variance held as captured, the direct path alone"
HEADED = (
    "to the logit: each norm's variance held as captured, and in the head, which is not linear, the ratio act(z) / z "
    "of this row; the direct path alone"
)
NO_WRITES = "no token is named: the model's head, which is not linear, comes before its output matrix"


def stream_sum(found: "Account") -> str:
    """Say what the shares sum to, and what the model's logit is; empty without shares."""
    share = found.attribution
    if share is None:
        return ""
    others = [each for each in share.shares if not each.site and each.name not in ("rest", *EMBEDDINGS)]
    rest = share.shares[-1].amount
    said = "".join(f"{each.name} {real(each.amount, 7)} · " for each in others)
    said += f"rest {real(rest, 6)} · " if abs(rest) > 1e-4 * max(1.0, abs(share.logit)) else ""
    what = "difference of the logits" if found.asked is not None and found.asked.rival is not None else "logit"
    capped = " before the cap" if share.capped else ""
    return f"{said}Σ = {real(share.sum, 8)}, the model's {what}{capped} {real(share.logit, 8)}"


def stream_how(found: "Account") -> tuple[str, ...]:
    """Say how shares and lens are made, each in a sentence."""
    scaled = sorted({step.factor for step in found.stream.steps} - {1.0})
    held = HEADED if found.attribution is not None and found.attribution.headed else HELD
    said = (
        held if found.attribution is not None else "",
        f"lens: {found.how}" if found.how else "",
        *(f"what is added is multiplied by {real(factor, 6)}" for factor in scaled[:1]),
        AGAIN if found.stream.again else "",
    )
    return tuple(filter(None, said))


def logits_rest(found: "Distribution", shown: int, first: int = 0) -> str:
    """Name the probability that is not shown, and the entropy. shown: tokens that are, from rank `first` on."""
    seen = float(found.probabilities[found.ids[first : first + shown]].sum())
    others = found.size - shown
    rest = f"{share(1 - seen)} over {others:,} others" if others > 0 else "all tokens"
    return f"{rest} · entropy {real(found.bits, 4)} bits"


@by_identity
def line_probability(moment: "Moment") -> str:
    """Say the log-probability of the line so far; empty before its first token."""
    from glasshead.analysis.distribution import log_probability

    made = [token for token in moment.tokens if token.probability is not None]
    if not made:
        return ""
    total = log_probability(made)
    return f"ln p {real(total, 7)} nats, {real(total / len(made), 6)} a token"


@by_identity
def reading_said(moment: "Moment") -> str:
    """Say how the vocabulary takes the text, if otherwise than as it was typed: in lower case, unknown words, bytes."""
    text, read = moment.text, moment.text if moment.read is None else moment.read
    said: list[str] = []
    if read != text and read != text.strip():
        other = f"read as “{read}”" if len(read) <= SHORT else "read otherwise than it was typed"
        said.append("read in lower case" if read == text.strip().lower() else other)
    tokens = moment.source or tuple(token for token in moment.tokens if token.probability is None)
    unknown = sum(token.text in UNKNOWN for token in tokens)
    cut = sum(is_byte(token.text) for token in tokens)
    if unknown:
        said.append(f"{unknown} unknown")
    if cut:
        said.append(f"{cut} bytes of characters it lacks" if cut > 1 else "1 byte of a character it lacks")
    return " · ".join(said)


def units_working(found: "Units") -> str:
    """Say how many units work."""
    return f"{found.working:,} of {found.count:,} units are not 0"


def units_strength(found: "Units") -> str:
    """Say what the strength of a unit is."""
    return f"strength: {'length of what it writes' if found.written else 'size of its activation'}"


def units_share(found: "Units") -> str:
    """Say how much of all the listed units are."""
    if not found.units:
        return ""
    said = f"the {len(found.units)} strongest have {share(found.share)} of the squared strength of all"
    return "; ".join(filter(None, (said, NO_WRITES * found.headed, AGAIN * found.again)))


def positions_how(found: "Positions") -> str:
    """Say how the position comes in."""
    return f"{found.how}{'; the token’s vector is multiplied before' if found.scaled else ''}"


def share(value: float) -> str:
    """Write a share as a percentage, never as 0 or 100 where it is neither."""
    percent = 100 * min(1.0, max(0.0, value))
    if 0 < percent < 0.1:
        return "less than .1 %"
    if 99.9 < percent < 100:
        return "more than 99.9 %"
    return f"{percent:.{0 if 10 <= percent < 99 or percent == 100 else 1}f} %"


def _attention(moment: "Moment", focus: Focus) -> tuple[str, ...]:
    hides = focus.stage == "scores" and may_hide(moment.trace, focus.prefix)
    before = "these are the scores before the mask: what it will hide is still among them"
    return told_mask(moment.trace, focus.prefix)[0], before * hides


def _stream(moment: "Moment", focus: Focus) -> tuple[str, ...]:
    found = chosen_account(moment, focus)
    return stream_sum(found), "; ".join(stream_how(found)), found.why


def _logits(moment: "Moment", focus: Focus) -> tuple[str, ...]:
    found = chosen_distribution(moment.trace, focus)
    return line_probability(moment), f"entropy {real(found.bits, 4)} bits"


def _units(moment: "Moment", focus: Focus) -> tuple[str, ...]:
    found = chosen_units(moment.trace, focus)
    return f"{units_working(found)} · {units_strength(found)}", units_share(found)


def _positions(moment: "Moment", focus: Focus) -> tuple[str, ...]:
    from glasshead.analysis.positions import positions

    return (positions_how(positions(moment.trace, focus.stack, focus.query)),)


REMARKS: dict[str, Callable[["Moment", Focus], tuple[str, ...]]] = {
    "attention": _attention,
    "stream": _stream,
    "logits": _logits,
    "feed-forward": _units,
    "positions": _positions,
    "tree": lambda moment, _: (tree_said(moment),),
    "edits": lambda moment, _: (edits_effect(moment), own_effects_said(moment)),
}
"""What is said of each pane, by its name; of the others nothing."""
