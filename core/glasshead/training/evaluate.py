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
from typing import Any

import torch

from glasshead.adapters.native import Native, pad_lines
from glasshead.decoding.beam import BATCH_TOKENS, groups, search
from glasshead.decoding.protocols import Model, Names, Prompt, Sides
from glasshead.errors import GlassheadError, StoppedError
from glasshead.model import Transformer
from glasshead.recipes.base import Pair
from glasshead.text import Codec, one_line

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
    model: Transformer | Model,
    vocabulary: Sides,
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
    asked = Native(model) if isinstance(model, Transformer) else model
    prompts = [asked.prompt(ids) for ids in _encoded(vocabulary.source, [source for source, _ in pairs])]
    if not all(prompt.source and prompt.start for prompt in prompts):
        raise GlassheadError("Scores compare translations with references: this model does not translate a source.")
    names = vocabulary.target
    codec = names if isinstance(names, Codec) else None
    targets = _encoded(names, [target for _, target in pairs])
    given_room = math.inf if asked.limits.text is None else asked.limits.text + len(asked.prompt(()).source)
    room = math.inf if asked.limits.target is None else asked.limits.target
    readable = [place for place, prompt in enumerate(prompts) if len(prompt.source) <= given_room]
    fitting = [place for place in readable if len(prompts[place].start) + len(targets[place]) <= room]
    module: Any = getattr(asked, "module", None)
    was_training = asked.training
    if was_training:
        module.eval()
    try:
        progress("reading the references", 0, len(fitting))
        likelihood, tokens = _likelihood(
            asked,
            [prompts[place] for place in fitting],
            [targets[place] for place in fitting],
            batch_tokens,
            stop,
            lambda done: progress("reading the references", done, len(fitting)),
        )
        progress("translating", 0, len(readable))
        began = time.perf_counter()
        found = search(
            asked,
            [prompts[place].source for place in readable],
            width=beam,
            length_penalty=length_penalty,
            limit=[LONGER * len(prompts[place].source) + MORE for place in readable],
            count=1,
            batch_tokens=batch_tokens,
            stop=stop,
            progress=lambda done: progress("translating", done, len(readable)),
        )
        given = [""] * len(pairs)
        for place, lines in zip(readable, found, strict=True):
            given[place] = names.decode([*prompts[place].start, *lines[0].ids])
        seconds = time.perf_counter() - began
    finally:
        if was_training:
            module.train()
    expected = [target if codec is None else codec.normalize(target) for _, target in pairs]
    samples = tuple(
        Sample(source, wanted, text) for (source, _), wanted, text in zip(pairs, expected, given, strict=True)
    )
    loss = likelihood / tokens if tokens else math.nan
    bleu, chrf, ratio, signatures = _compared(
        given, [target for _, target in pairs], lowercase=codec is not None and codec.lowercase
    )
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


def _encoded(names: Names, texts: list[str]) -> list[list[int]]:
    """Encode many texts, together if the tokenizer can."""
    return names.encode_batch(texts) if isinstance(names, Codec) else [names.encode(text) for text in texts]


@torch.inference_mode()
def _likelihood(
    model: Model,
    prompts: list[Prompt],
    targets: list[list[int]],
    batch_tokens: int,
    stop: Callable[[], bool],
    progress: Callable[[int], None],
) -> tuple[float, int]:
    """Sum −log P of all targets given their sources, in nats, and count their tokens, end tokens included."""
    end, device = min(model.ends), model.device
    lengths = [
        max(len(prompt.source), len(prompt.start) + len(target))
        for prompt, target in zip(prompts, targets, strict=True)
    ]
    likelihood, done = 0.0, 0
    for group in groups(lengths, min(batch_tokens, LOGITS // model.size)):
        if stop():
            raise StoppedError
        memory = model.read([prompts[place].source for place in group])
        first = len(prompts[group[0]].start) - 1
        target, mask = pad_lines([[*prompts[place].start, *targets[place]] for place in group], end, device)
        labels, _ = pad_lines([[*targets[place], end] for place in group], end, device)
        logits = model.logits(target, memory)[:, first:]
        log_p = torch.log_softmax(logits, -1, dtype=torch.promote_types(logits.dtype, torch.float32))
        chosen = log_p.gather(-1, labels.unsqueeze(-1)).squeeze(-1)
        if mask is not None:
            chosen = chosen.masked_fill(~mask[:, 0, 0, first:], 0.0)
        likelihood -= float(chosen.sum())
        done += len(group)
        progress(done)
    return likelihood, sum(len(target) + 1 for target in targets)


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
