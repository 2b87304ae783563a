"""How good a model is on sentences it has not been trained on: perplexity, exact match, translations to look at."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from glasshead.model import Transformer
from glasshead.recipes.base import Pair
from glasshead.text import Codec
from glasshead.training.data import Batch, Example, cut, examples, pad
from glasshead.training.loss import smoothed

TOKENS = 4096
"""The width of a batch of evaluation."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A sentence, what it should become, and what the model makes of it."""

    source: str
    expected: str
    given: str

    @property
    def right(self) -> bool:
        """Whether the two are the same, character for character."""
        return self.expected == self.given


@dataclass(frozen=True, slots=True)
class Scores:
    """What an evaluation found."""

    perplexity: float
    """e to the mean negative log-likelihood of a target token, the end token counted, the right prefix given."""
    exact: float
    """The share of sentences that greedy decoding gets right to the last character, 0–1."""
    sentences: int
    samples: tuple[Sample, ...]


class StoppedError(Exception):
    """An evaluation was stopped before it had scored everything: what it had by then is no score."""


def evaluate(
    model: Transformer, codec: Codec, pairs: Sequence[Pair], *, stop: Callable[[], bool] = lambda: False
) -> Scores:
    """Score a model on pairs. Those that are too long for it count as wrong, and not in the perplexity.

    The model is put in evaluation mode, and left as it was found. `stop` is asked between batches; once it is true,
    StoppedError is raised.
    """
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            likelihood, tokens = 0.0, 0
            for batch in _batches(model, codec, pairs):
                if stop():
                    raise StoppedError
                likelihood += _likelihood(model, batch)
                tokens += batch.tokens
            samples = tuple(translations(model, codec, pairs, stop=stop))
    finally:
        model.train(was_training)
    right = sum(sample.right for sample in samples)
    return Scores(
        perplexity=math.exp(min(likelihood / tokens, 700.0)) if tokens else math.inf,
        exact=right / len(samples) if samples else 0.0,
        sentences=len(samples),
        samples=samples,
    )


def translations(
    model: Transformer, codec: Codec, pairs: Sequence[Pair], *, stop: Callable[[], bool] = lambda: False
) -> Iterator[Sample]:
    """What greedy decoding makes of every source, in the order of the pairs. Raises StoppedError as `evaluate` does."""
    limit = model.config.max_length
    sources = [ids[: limit - 1] for ids in codec.encode_batch([source for source, _ in pairs])]
    order = sorted(range(len(pairs)), key=lambda number: len(sources[number]))
    given: dict[int, str] = {}
    rows = [Example(sources[number], ()) for number in order]
    done = 0
    for group in cut(rows, TOKENS):
        if stop():
            raise StoppedError
        for ids in greedy(model, pad([[*row.source, Codec.EOS] for row in group])):
            given[order[done]] = codec.decode(ids)
            done += 1
    for number, (source, target) in enumerate(pairs):
        yield Sample(source, codec.normalize(target), given[number])


@torch.inference_mode()
def greedy(model: Transformer, source: Tensor) -> list[list[int]]:
    """The likeliest token at every step, for a batch of sources (b k ids, padded) until all have ended.

    The ids come without start and end. Nothing grows beyond twice the source and ten.
    """
    device = next(model.parameters()).device
    source = source.to(device)
    mask = model.padding_mask(source)
    memory = model.encode(source, mask)
    limit = min(model.config.max_length, 2 * source.shape[-1] + 10)
    target = torch.full((len(source), 1), Codec.BOS, device=device)
    ended = torch.zeros(len(source), dtype=torch.bool, device=device)
    while target.shape[-1] < limit and not ended.all():
        chosen = model.decode(target, memory, mask)[:, -1].argmax(-1)
        chosen = chosen.masked_fill(ended, Codec.PAD)
        target = torch.cat([target, chosen.unsqueeze(-1)], -1)
        ended |= chosen == Codec.EOS
    return [_until_end(row) for row in target[:, 1:].tolist()]


def _until_end(row: list[int]) -> list[int]:
    return row[: row.index(Codec.EOS)] if Codec.EOS in row else row


def _batches(model: Transformer, codec: Codec, pairs: Sequence[Pair]) -> Iterator[Batch]:
    found = sorted(examples(pairs, codec, max_length=model.config.max_length), key=lambda example: example.length)
    for group in cut(found, TOKENS):
        yield Batch.of(group)


def _likelihood(model: Transformer, batch: Batch) -> float:
    device = next(model.parameters()).device
    logits = model(batch.source.to(device), batch.target.to(device))
    _, likelihood = smoothed(logits, batch.labels.to(device), smoothing=0.0, pad_id=Codec.PAD)
    return float(likelihood)
