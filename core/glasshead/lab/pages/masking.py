"""masking: why a decoder may not look ahead, and where the mask has to stand."""

from typing import TYPE_CHECKING, Any

from glasshead.lab.exhibits import Exhibit, Grid, Lines, Plot, Series, Table
from glasshead.lab.page import Control, Page, Question, Try, Verdict, seeded

if TYPE_CHECKING:
    from glasshead.lab.masking import Leak, Masked, Masking

WORDS = {
    "before": "−∞ before softmax",
    "after": "zeros after softmax",
    "renormalised": "zeros, renormalised",
    "nothing": "no mask",
}
LEAST = 1e-6
"""Least loss on a logarithmic axis; smaller ones are drawn there."""
UNABLE = 0.05
"""Below this share of right sentences a model cannot decode."""


def run(**given: Any) -> "Masking":
    """Run glasshead.lab.masking."""
    from glasshead.lab.masking import masking

    return masking(**given)


def judge(result: "Masking") -> Verdict:
    """Compare the loss and the decodes of the model without a mask with those of the masked one."""
    masked, open_ = result.trainings
    sentence = (
        f"Trained without the mask the loss on unseen sentences was {open_.loss:.3f} nats a token against "
        f"{masked.loss:.3f} with it, and decoding wrote {open_.exact:.1%} of them right against {masked.exact:.1%}; "
        f"with only the earlier tokens given its loss was {open_.hidden:.2f}."
    )
    if result.noise:
        sentence += f" Who knew all but the noise would have a loss of {result.oracle:.3f} on them."
    between = (result.oracle + result.guess) / 2
    if max(masked.exact, open_.exact) < UNABLE:
        sentence += " Neither can decode, so this run decides nothing: give it more steps, or less noise."
    elif masked.exact < UNABLE or masked.loss > between:
        sentence += " The one with the mask has not learned its task: give it more steps, or less noise."
    low = open_.loss < between and open_.loss < 1.5 * max(masked.loss, result.oracle) + 0.05
    worse = open_.exact < max(UNABLE, 0.5 * masked.exact)
    if low:
        return Verdict(answer=2 if worse else 0, sentence=sentence)
    return Verdict(answer=1 if worse else 3, sentence=sentence)


def exhibits(result: "Masking") -> tuple[Exhibit, ...]:
    """Show the training with the leak, then where the mask has to stand, then the effect of a changed token."""
    from glasshead.lab.masking import PUSH

    masks, leaks = {each.way: each for each in result.masks}, {each.way: each for each in result.leaks}
    return (
        Plot(
            title="loss in training",
            x="step",
            y="nats a token",
            log_y=True,
            series=(
                *(
                    Series(
                        label="with the mask" if each.masked else "without",
                        x=each.steps,
                        y=[max(LEAST, loss) for loss in each.losses],
                    )
                    for each in result.trainings
                ),
                *(
                    [Series(label="all known but noise", x=(1, result.steps), y=(result.floor,) * 2)]
                    if result.noise
                    else []
                ),
            ),
            note=_below(result),
        ),
        Table(
            title="the two models on unseen sentences",
            columns=("trained", "loss", "loss, only earlier tokens seen", "decoded right"),
            rows=tuple(
                ("with the mask" if each.masked else "without", each.loss, each.hidden, each.exact)
                for each in result.trainings
            ),
            note="Loss: nats a token, right tokens given. Decoded right: share of sentences, of targets without noise.",
        ),
        Lines(
            title="what they say, token after token",
            lines=tuple(_said(result)),
            note="Letters, to be written backwards. In decoding nothing stands after the last token.",
        ),
        Table(
            title=f"four ways to mask, on {result.length} × {result.length} random scores",
            columns=("mask", "smallest row sum", "on the future", "leak"),
            rows=tuple((WORDS[each.way], each.smallest_sum, each.future, each.leak) for each in result.masks),
            note=f"Leak: change of earlier rows when the last key's scores go up by {PUSH:g}. Renormalised "
            f"differs from −∞ by {result.difference:.0e}.",
        ),
        _grid(masks["after"]),
        _changes(result, leaks["after"]),
        Table(
            title="one token of what the decoder reads is changed",
            columns=("mask", "logits before it", "logits from it on"),
            rows=tuple((WORDS[each.way], each.earlier, each.later) for each in result.leaks),
            note="Largest change of a logit, in the model trained with the mask. Renormalised: float32's rounding, "
            "divided by the little weight that is left.",
        ),
    )


def _below(result: "Masking") -> str:
    """Name the losses that the curves are compared with."""
    found = "Without the mask the answer stands one place on."
    if result.noise:
        known = f"Level: to be expected without the answer, of unseen sentences; these came {result.seen:.3g} times."
        found = f"{known} {found}"
    if min(min(each.losses) for each in result.trainings) < LEAST:
        found += " (1e-6: or less)"
    return found


def _said(result: "Masking") -> list[str]:
    width = max(len("backwards"), result.longest) + 2
    rows = [("source", "backwards", "with mask", "without")]
    rows += [
        (each.source, each.expected, each.with_mask or "(nothing)", each.without or "(nothing)")
        for each in result.decoded
    ]
    return ["".join(cell.ljust(width) for cell in row).rstrip() for row in rows]


def _grid(mask: "Masked") -> Grid:
    places = tuple(str(place) for place in range(len(mask.weights)))
    return Grid(
        title=f"weights: {WORDS[mask.way]}",
        rows=places,
        columns=places,
        values=mask.weights,
        weights=True,
        note=f"Rows sum to {mask.smallest_sum:.2f} at least.",
    )


def _changes(result: "Masking", leak: "Leak") -> Grid:
    names = tuple(f"{place} {token}" for place, token in enumerate(result.tokens))
    return Grid(
        title=f"who notices a changed token: {WORDS[leak.way]}",
        rows=names,
        columns=names,
        values=leak.changes,
        note="Row: what is changed; <s>, the start, never is. Column: largest change of a logit there. "
        "Left of the diagonal: a leak.",
    )


PAGE = Page(
    name="masking",
    title="The mask",
    claim="A decoder trained without its mask reads the answers: a fine loss, and it cannot decode.",
    paragraphs=(
        "In training the decoder is given the whole target and learns to say at each place what comes next; masked "
        "self-attention lets it see only what has been said. The paper sets illegal scores to −∞ before softmax "
        "(section 3.2.3). Some say: renormalise after softmax. On paper that is the same.",
        "Random scores are masked in four ways: −∞ before softmax, zeros after it, zeros and rows renormalised, not at "
        "all. A trained model is masked in the same ways, one token that its decoder reads is changed, and the logits "
        "before it are compared. Two models learn to write letters backwards, some replaced by chance, with the mask "
        "and without.",
        "A loss alone does not show a leak: decode. Zeros after softmax are a leak too: the sum that softmax divides "
        "by still holds later scores. Renormalised it is the same up to rounding, unless all of a row's weight lay "
        "ahead: then 0/0. A task so small shows that leaks are found, not how much one costs elsewhere.",
    ),
    question=Question(
        text="A decoder is trained without the mask. How do its loss on unseen sentences and its decodes turn out?",
        answers=(
            "both as good as with the mask",
            "both bad: it sees too much",
            "the loss is fine, the decodes are bad",
            "the loss is bad, the decodes are fine",
        ),
    ),
    controls=(
        Control(
            name="length",
            usual=6,
            help="queries, and as many keys, of the random scores",
            stops=(2, 4, 6, 8, 12),
            least=2,
            most=64,
        ),
        Control(
            name="letters",
            usual=12,
            help="how many letters the task has",
            stops=(2, 6, 12, 20, 26),
            least=2,
            most=26,
            full=26,
        ),
        Control(
            name="longest",
            usual=6,
            help="letters of the longest sentence",
            stops=(4, 6, 8, 12, 16),
            least=2,
            most=16,
            quick=4,
            full=12,
        ),
        Control(
            name="noise",
            usual=0.1,
            help="the share of the target's letters that are replaced by chance",
            stops=(0.0, 0.05, 0.1, 0.2, 0.4),
            least=0.0,
            most=0.9,
        ),
        Control(
            name="steps",
            usual=300,
            help="steps of each of the two trainings",
            stops=(50, 150, 300, 1000, 3000),
            least=1,
            most=20_000,
            quick=80,
            full=3000,
        ),
        seeded("another seed: other scores, weights and sentences"),
    ),
    run=run,
    judge=judge,
    exhibits=exhibits,
    attempt=Try(
        sentence="The explorer opens without the mask: every row looks at the words after its own too, and changes "
        "when one more comes. 'nothing from the future' fails, on purpose; d shows the line with its mask.",
        text="the black cat is sleeping",
        steps=3,
        stack="decoder",
        kind="self",
        stage="masked",
        pane="attention",
        edits=("decoder.*.self.masked = revealed",),
    ),
    sources=(
        "Vaswani et al. 2017, Attention Is All You Need, section 3.2.3 (illegal connections set to −∞)",
        "Williams & Zipser 1989, A Learning Algorithm for Continually Running Fully Recurrent Neural Networks "
        "(teacher forcing)",
    ),
    result="glasshead.lab.masking:Masking",
    trained=True,
)
