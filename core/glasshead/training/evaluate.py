"""Evaluation on unseen sentences: likelihood of the references, and a comparison of the translations.

- **Loss and perplexity**: mean negative log-likelihood of a target token in nats, and e to it. Without label smoothing;
  the end token counts like any other; the reference is the prefix.
- **BLEU and chrF** of the whole corpus, by sacrebleu, with the references as they are given, so that its signatures say
  how to get the figures again from the files. Where the vocabulary reads all text in lower case, case counts for
  nothing (`case:lc`), on either side.
- **Exact match**: the share of sentences translated right to the last character of the reference as the vocabulary sees
  it (`normalize`: lower-case if it is so, plain apostrophes, single spaces), for a model can write nothing else.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from glasshead.adapters.native import Native, pad_lines
from glasshead.decoding.beam import BATCH_TOKENS, groups, search
from glasshead.errors import GlassheadError, StoppedError
from glasshead.recipes.base import Pair
from glasshead.text import one_line
from glasshead.training.loss import smoothed

if TYPE_CHECKING:
    from glasshead.model import Transformer
    from glasshead.text import Vocabulary

__all__ = ["Sample", "Scores", "score"]

LOGITS = 1 << 25
"""Most logits at once: 128 MiB of them, however large the vocabulary."""
LONGER, MORE = 3, 20
"""A translation ends at the latest after 3 times the tokens of its source and 20 more. Marian's default is 3 times."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A sentence, its reference in the vocabulary's form, and the model's translation."""

    source: str
    expected: str
    given: str

    @property
    def right(self) -> bool:
        """Whether the translation equals the reference, character for character."""
        return self.expected == self.given


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Results of an evaluation."""

    perplexity: float
    """Exponential of the loss. NaN, like the loss, if no pair fits into the model."""
    loss: float
    """Mean negative log-likelihood of a target token, in nats."""
    exact: float
    """Share of sentences translated right to the last character of the reference in the vocabulary's form, 0–1."""
    bleu: float
    """0–100."""
    chrf: float
    """0–100."""
    signatures: tuple[str, str]
    """Signatures of sacrebleu for BLEU and chrF, on the translations and the references as given."""
    length_ratio: float
    """Words of the translations ÷ words of the references, as BLEU counts words."""
    sentences: int
    seconds: float
    """Time spent on translating."""
    samples: tuple[Sample, ...]
    """All samples, in the order of the pairs."""
    too_long: int
    """Number of pairs that are too long for the model. Not in the loss; a source too long translates as empty."""

    @property
    def rate(self) -> float:
        """Sentences translated in a second."""
        return self.sentences / self.seconds if self.seconds else math.inf


def score(
    model: "Transformer",
    vocabulary: "Vocabulary",
    pairs: Sequence[Pair],
    *,
    beam: int = 1,
    length_penalty: float = 0.6,
    batch_tokens: int = BATCH_TOKENS,
    stop: Callable[[], bool] = lambda: False,
    progress: Callable[[str, int, int], None] = lambda _what, _done, _of: None,
) -> Scores:
    """Score a model on pairs of source and reference, in evaluation mode; its mode is restored.

    beam, length_penalty: see beam.py; a beam of 1 is greedy. batch_tokens: tokens in a batch. stop: called between
    batches and steps; StoppedError is raised once it returns true. progress: gets the current piece of work, the
    sentences done and their number.

    Raises GlassheadError without pairs, and whatever `search` raises.
    """
    if not pairs:
        raise GlassheadError("There are no pairs to score a model on: give at least one.")
    codec, longest = vocabulary.target, model.config.max_length
    config = model.config
    sources = [[*ids, *config.source_ends] for ids in vocabulary.source.encode_batch([source for source, _ in pairs])]
    targets = codec.encode_batch([target for _, target in pairs])
    readable = [place for place in range(len(pairs)) if len(sources[place]) <= longest]
    fitting = [place for place in readable if len(config.prefix) + len(targets[place]) < longest]
    was_training = model.training
    model.eval()
    try:
        progress("reading the references", 0, len(fitting))
        likelihood, tokens = _likelihood(
            model,
            [sources[place] for place in fitting],
            [targets[place] for place in fitting],
            batch_tokens,
            stop,
            lambda done: progress("reading the references", done, len(fitting)),
        )
        progress("translating", 0, len(readable))
        began = time.perf_counter()
        found = search(
            Native(model),
            [sources[place] for place in readable],
            width=beam,
            length_penalty=length_penalty,
            limit=[LONGER * len(sources[place]) + MORE for place in readable],
            count=1,
            batch_tokens=batch_tokens,
            stop=stop,
            progress=lambda done: progress("translating", done, len(readable)),
        )
        given = [""] * len(pairs)
        for place, lines in zip(readable, found, strict=True):
            given[place] = codec.decode(lines[0].ids)
        seconds = time.perf_counter() - began
    finally:
        model.train(was_training)
    expected = [codec.normalize(target) for _, target in pairs]
    samples = tuple(
        Sample(source, wanted, text) for (source, _), wanted, text in zip(pairs, expected, given, strict=True)
    )
    loss = likelihood / tokens if tokens else math.nan
    bleu, chrf, ratio, signatures = _compared(given, [target for _, target in pairs], lowercase=codec.lowercase)
    return Scores(
        perplexity=math.exp(min(loss, 700.0)),
        loss=loss,
        exact=sum(sample.right for sample in samples) / len(samples),
        bleu=bleu,
        chrf=chrf,
        signatures=signatures,
        length_ratio=ratio,
        sentences=len(samples),
        seconds=seconds,
        samples=samples,
        too_long=len(pairs) - len(fitting),
    )


@torch.inference_mode()
def _likelihood(
    model: "Transformer",
    sources: list[list[int]],
    targets: list[list[int]],
    batch_tokens: int,
    stop: Callable[[], bool],
    progress: Callable[[int], None],
) -> tuple[float, int]:
    """Sum −log P of all targets given their sources, in nats, and count their tokens, end tokens included."""
    config, device = model.config, next(model.parameters()).device
    targets = [[*target, *config.ends] for target in targets]
    lengths = [max(map(len, both)) for both in zip(sources, targets, strict=True)]
    likelihood, done = 0.0, 0
    for group in groups(lengths, min(batch_tokens, LOGITS // config.vocab_size)):
        if stop():
            raise StoppedError
        source, _ = pad_lines([sources[place] for place in group], config.pad_id, device)
        target, _ = pad_lines([[*config.start, *targets[place]][:-1] for place in group], config.pad_id, device)
        labels, _ = pad_lines([targets[place] for place in group], config.pad_id, device)
        logits = model(source, target)[:, len(config.prefix) :]
        likelihood += float(smoothed(logits, labels, smoothing=0.0, pad_id=config.pad_id)[1])
        done += len(group)
        progress(done)
    return likelihood, sum(map(len, targets))


def _compared(
    given: list[str], references: list[str], *, lowercase: bool
) -> tuple[float, float, float, tuple[str, str]]:
    """Compute BLEU, chrF, the ratio of lengths, and the signatures of the first two."""
    from sacrebleu.metrics.bleu import BLEU  # takes a third of a second to import
    from sacrebleu.metrics.chrf import CHRF

    # force: no warning about texts that look tokenized
    words, characters = BLEU(lowercase=lowercase, force=True), CHRF(lowercase=lowercase)
    ours, theirs = [one_line(text) for text in given], [[one_line(text) for text in references]]
    bleu, chrf = words.corpus_score(ours, theirs), characters.corpus_score(ours, theirs)
    return bleu.score, chrf.score, bleu.ratio, (str(words.get_signature()), str(characters.get_signature()))
