"""Why a decoder may not look ahead, and where the mask has to stand (section 3.2.3).

The weights of query q over keys k, with −∞ put into the scores before softmax, or zeros into the weights after it:

    before    exp s_k / Σ_{j ≤ q} exp s_j     for k ≤ q, otherwise 0          sums to 1, knows nothing of later keys
    after     exp s_k / Σ_j       exp s_j     for k ≤ q, otherwise 0          sums to less; its sum still holds them
    renormalised: "after" divided by its own sum, which is "before" again

First on random scores; then on a model, by changing one token of the decoder's input and comparing the logits before
it; then in two trainings, one of which may read the answer. Their task is to reverse letters, some of which were
replaced at random. Nobody can know those before they are read: even a model that knew everything else would have a
loss, and that loss is computed for comparison.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import log
from typing import Literal

import torch
from torch import Tensor

from glasshead.attend import causal, softmax
from glasshead.lab.tools import checks
from glasshead.lab.tools import small_training as little
from glasshead.lab.tools.checks import real, whole
from glasshead.lab.tools.curve import binned
from glasshead.lab.tools.progress import Progress, named, part, silent
from glasshead.lab.tools.schedule import noam
from glasshead.model import Config, Transformer
from glasshead.tap import Change, listen
from glasshead.text import Codec
from glasshead.training.loss import smoothed

Way = Literal["before", "after", "renormalised", "nothing"]
WAYS: tuple[Way, ...] = ("before", "after", "renormalised", "nothing")
WIDTH, HEADS, LAYERS, EXAMPLES, BATCH, PEAK = 32, 4, 1, 8000, 64, 0.006
"""The trained models' d_model and heads (d_ff is 4 · d_model), layers of each stack, and their training."""
PUSH = 3.0
"""Amount added to a score, to see which weights change."""
ALPHABET = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, kw_only=True)
class Masked:
    """One way of masking, on the same random scores."""

    way: Way
    weights: tuple[tuple[float, ...], ...]
    """q k."""
    smallest_sum: float
    """Smallest sum of a row of weights."""
    future: float
    """Largest sum of a row's weights on keys after the query."""
    leak: float
    """Largest change of a weight in all queries but the last, when the score of the last key rises by `PUSH`."""


@dataclass(frozen=True, kw_only=True)
class Leak:
    """One way of masking in a model: the effect of a changed token on the logits before it."""

    way: Way
    earlier: float
    """Largest change of a logit at a position before the changed token, over all tokens of all sentences."""
    later: float
    """Largest change of a logit at the changed token or after it."""
    changes: tuple[tuple[float, ...], ...]
    """Largest change of a logit in the first sentence: row j, column i: at position i, when token j is changed."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """A model trained with the mask or without it."""

    masked: bool
    steps: tuple[int, ...]
    losses: tuple[float, ...]
    """Nats a token: means over the steps up to each of `steps`."""
    loss: float
    """Loss on unseen sentences in nats a token, with the right target given to the decoder."""
    exact: float
    """Share of unseen sentences that greedy decoding reverses without a mistake, 0–1."""
    hidden: float
    """Like `loss`, but each position sees only the tokens up to it, as in decoding."""


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """An unseen sentence, and its decodes by both models."""

    source: str
    expected: str
    with_mask: str
    without: str


@dataclass(frozen=True, kw_only=True)
class Masking:
    """The result of the experiment."""

    length: int
    masks: tuple[Masked, ...]
    difference: float
    """Largest difference between the weights of "before" and of "renormalised"."""
    tokens: tuple[str, ...]
    """Decoder input in the first sentence of the leak."""
    leaks: tuple[Leak, ...]
    letters: int
    longest: int
    noise: float
    floor: float
    """Expected loss of a model that knows the source, the task and the noise, in nats a token."""
    oracle: float
    """Loss of that model on the very sentences of `Training.loss`, with the noise that was drawn there."""
    guess: float
    """Loss on the same sentences of a model that knows where a sentence ends but nothing of the letters."""
    steps: int
    seen: float
    """Mean number of times that each training sentence was seen."""
    trainings: tuple[Training, Training]
    """The training with the mask, then the one without."""
    decoded: tuple[Decoded, ...]


def masking(
    *,
    length: int = 6,
    letters: int = 12,
    longest: int = 6,
    noise: float = 0.1,
    steps: int = 300,
    seed: int = 0,
    progress: Progress = silent,
) -> Masking:
    """Mask in four ways on random scores and in a model, and train with and without the mask.

    length: number of queries, and of keys, of the random scores · letters, longest: of the task, reversing letters ·
    noise: share of the target's letters replaced at random · steps: of each training. Raises GlassheadError for invalid
    numbers.
    """
    whole("length", length, least=2, most=64)
    whole("letters", letters, least=2, most=len(ALPHABET))
    whole("longest", longest, least=2, most=16)
    real("noise", noise, least=0, most=0.9)
    whole("steps", steps, most=20_000)
    checks.seed(seed)
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(length, length, generator=generator, dtype=torch.float64)
    masks = tuple(masked(way, scores) for way in WAYS)
    difference = (weights_of("before", scores) - weights_of("renormalised", scores)).abs().max()

    def examples(count: int, seed: int) -> little.Pairs:
        return little.reversals(count, letters=letters, longest=longest, shortest=2, seed=seed)

    progress(0.0, "sentences")
    train, clean = noisy(examples(EXAMPLES, seed), noise, letters, seed), examples(200, seed + 1_000_003)
    unseen = noisy(clean, noise, letters, seed + 1)
    models = [little.build(config_of(letters, longest, masked=hides), seed) for hides in (True, False)]
    trainings = []
    for number, model in enumerate(models):
        inner = named(
            part(progress, 0.47 * number, 0.47 * (number + 1)), f"{'with' if not number else 'without'} the mask"
        )
        trainings.append(trained(model, train, clean, unseen, steps=steps, seed=seed, progress=inner))
    some = clean.rows(clean.source.ne(Codec.PAD).sum(-1) == longest + 1).rows(slice(0, 8))
    if not len(some):
        some = clean.rows(slice(0, 1))
    leaks = []
    for number, way in enumerate(WAYS):
        progress(0.94 + 0.01 * number, f"changing tokens: {way}")
        leaks.append(leak(way, models[0], some))
    progress(0.98, "decoding")
    return Masking(
        length=length,
        masks=masks,
        difference=float(difference),
        tokens=tuple("<s>" if token == Codec.BOS else text([token]) for token in some.target[0].tolist()),
        leaks=tuple(leaks),
        letters=letters,
        longest=longest,
        noise=noise,
        floor=floor(unseen, noise, letters),
        oracle=oracle(unseen, clean, noise, letters),
        guess=guess(unseen, letters),
        steps=steps,
        seen=steps * BATCH / EXAMPLES,
        trainings=(trainings[0], trainings[1]),
        decoded=_decoded(models, clean.rows(slice(0, 6))),
    )


def trained(
    model: Transformer,
    examples: little.Pairs,
    clean: little.Pairs,
    unseen: little.Pairs,
    *,
    steps: int,
    seed: int,
    progress: Progress,
) -> Training:
    """Train the model in place, and measure it on unseen sentences. clean: those sentences before the noise."""
    rate = noam(PEAK, max(1, steps // 5))
    losses = little.train(model, examples, steps=steps, rate=rate, batch=BATCH, seed=seed, progress=progress)
    at_steps, means = binned(losses)
    return Training(
        masked=model.config.masked,
        steps=at_steps,
        losses=means,
        loss=little.loss_of(model, unseen),
        exact=little.exact(model, clean),
        hidden=hidden_loss(model, unseen),
    )


def noisy(examples: little.Pairs, noise: float, letters: int, seed: int) -> little.Pairs:
    """Replace a share of the target's letters by random ones, all equally likely, the same one included."""
    draw = torch.Generator().manual_seed(seed)
    labels, target = examples.labels.clone(), examples.target.clone()
    anew = torch.rand(labels.shape, generator=draw) < noise
    drawn = torch.randint(little.FIRST, little.FIRST + letters, labels.shape, generator=draw)
    labels = torch.where(anew & (labels >= little.FIRST), drawn, labels)
    target[:, 1:] = torch.where(target[:, 1:] >= little.FIRST, labels[:, :-1], target[:, 1:])
    return little.Pairs(examples.source, target, labels)


def chances(noise: float, letters: int) -> tuple[float, float]:
    """Return the probability of the right letter under the noise, and that of each other letter."""
    other = noise / letters
    return 1 - noise + other, other


def floor(examples: little.Pairs, noise: float, letters: int) -> float:
    """Compute the expected loss of a model that knows the source and the noise: nats a token, ends included.

    It is the entropy of a letter by its `chances`; an end is certain.
    """
    right, other = chances(noise, letters)
    entropy = -right * log(right) - (letters - 1) * other * log(other) if other else 0.0
    return entropy * _spoken(examples)


def oracle(noised: little.Pairs, clean: little.Pairs, noise: float, letters: int) -> float:
    """Compute the loss of that model on given sentences, `noised` from `clean`: mean of −log P of their tokens."""
    right, other = chances(noise, letters)
    changed = int((noised.labels != clean.labels).sum())
    tokens = int((noised.labels != Codec.PAD).sum())
    kept = tokens - changed - len(noised)  # ends are certain
    return (0.0 - kept * log(right) - (changed * log(other) if changed else 0.0)) / tokens


def guess(examples: little.Pairs, letters: int) -> float:
    """Compute the loss of a model that knows where sentences end and finds all letters equally likely: nats a token."""
    return log(letters) * _spoken(examples)


def weights_of(way: Way, scores: Tensor) -> Tensor:
    """Compute weights from scores, masked in one of the ways; queries see keys up to them. scores: … q k"""
    if way == "before":
        return softmax(scores.masked_fill(~causal(*scores.shape[-2:]), -torch.inf))
    edit = EDITS[way]
    return edit(softmax(scores)) if edit else softmax(scores)


def masked(way: Way, scores: Tensor) -> Masked:
    """Mask scores in one way, and test whether the weights react to the last key's scores. scores: q k"""
    weights, future = weights_of(way, scores), ~causal(*scores.shape)
    pushed = scores.clone()
    pushed[:, -1] += PUSH
    return Masked(
        way=way,
        weights=tuple(tuple(row) for row in weights.tolist()),
        smallest_sum=float(weights.sum(-1).min()),
        future=float((weights * future).sum(-1).max()),
        leak=float((weights_of(way, pushed) - weights)[:-1, :-1].abs().max()),
    )


def zeroing(weights: Tensor) -> Tensor:
    """Put zeros into the weights of later keys, after softmax. weights: … q k"""
    return weights * causal(*weights.shape[-2:])


def renormalising(weights: Tensor) -> Tensor:
    """Apply `zeroing`, then divide each row by its sum; a row with all its weight ahead becomes 0/0, which is NaN."""
    left = zeroing(weights)
    return left / left.sum(-1, keepdim=True)


EDITS: dict[Way, Callable[[Tensor], Tensor] | None] = {"after": zeroing, "renormalised": renormalising, "nothing": None}
"""Edits of the weights after softmax; "before" edits the scores instead."""


def as_masked(model: Transformer, way: Way) -> tuple[Transformer, dict[str, Change]]:
    """Mask the same weights in another way: return a model, and the edits to make while it runs (see `listen`)."""
    if way == "before":
        return model, {}
    other = little.build(replace(model.config, masked=False), 0)
    other.load_state_dict(model.state_dict())
    other.eval().requires_grad_(False)
    edit = EDITS[way]
    return other, {"decoder.*.self.weights": edit} if edit else {}


@torch.inference_mode()
def leak(way: Way, model: Transformer, examples: little.Pairs) -> Leak:
    """Change each token of the decoder's input, one at a time, and compare all its logits.

    The changed token becomes the next one of the vocabulary. Position 0, the start, stays as it is.
    """
    model, edit = as_masked(model, way)
    count, positions = examples.target.shape
    first, last = little.FIRST, model.config.vocab_size
    changes = torch.zeros(count, positions, positions)  # sentence, changed token, position
    with listen(model, keep=(), edit=edit):
        before = model(examples.source, examples.target)
        for j in range(1, positions):
            target = examples.target.clone()
            target[:, j] = torch.where(target[:, j] + 1 < last, target[:, j] + 1, first)
            changes[:, j] = (model(examples.source, target) - before).abs().amax(-1)
    earlier = torch.ones(positions, positions, dtype=torch.bool).tril(-1)  # position < changed token
    return Leak(
        way=way,
        earlier=float(changes[:, earlier].max()),
        later=float(changes[:, ~earlier].max()),
        changes=tuple(tuple(row) for row in changes[0].tolist()),
    )


@torch.inference_mode()
def hidden_loss(model: Transformer, examples: little.Pairs) -> float:
    """Compute the loss with every right token given, but none before its time: each position in its own pass."""
    mask = model.padding_mask(examples.source)
    memory = model.encode(examples.source, mask)
    logits = [
        model.decode(examples.target[:, :end], memory, mask)[:, -1] for end in range(1, examples.target.shape[1] + 1)
    ]
    _, likelihood = smoothed(torch.stack(logits, 1), examples.labels, smoothing=0.0, pad_id=model.config.pad_id)
    return float(likelihood) / int((examples.labels != model.config.pad_id).sum())


def config_of(letters: int, longest: int, *, masked: bool) -> Config:
    """Configure a small model for the task; without dropout, so that only the mask differs."""
    return Config(
        vocab_size=little.FIRST + letters,
        d_model=WIDTH,
        heads=HEADS,
        d_ff=4 * WIDTH,
        encoder_layers=LAYERS,
        decoder_layers=LAYERS,
        dropout=0.0,
        max_length=2 * longest + 4,
        masked=masked,
    )


def _spoken(examples: little.Pairs) -> float:
    """Compute the share of labels that are letters, 0–1; the others are ends."""
    letters = int((examples.labels >= little.FIRST).sum())
    return letters / (letters + len(examples))


def text(ids: list[int]) -> str:
    """Write ids as letters, up to the end."""
    found = ""
    for number in ids:
        if number == Codec.EOS:
            break
        found += ALPHABET[number - little.FIRST] if number >= little.FIRST else "?"
    return found


def _decoded(models: list[Transformer], examples: little.Pairs) -> tuple[Decoded, ...]:
    said = [little.decode(model, examples.source, limit=examples.labels.shape[1]).tolist() for model in models]
    return tuple(
        Decoded(source=text(source), expected=text(labels), with_mask=text(one), without=text(other))
        for source, labels, one, other in zip(examples.source.tolist(), examples.labels.tolist(), *said, strict=True)
    )
