"""A sentence and its translation by a trained model: the input of experiments on a real model."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from glasshead.lab.tools.progress import Progress, silent
from glasshead.subjects import Subject
from glasshead.tap import ONE_AT_A_TIME, listen

EXAMPLE = "the black cat is sleeping"
"""Default source text."""


@dataclass(frozen=True, eq=False)
class Sentence:
    """A source and its greedy translation, both as tokens and as ids."""

    text: str
    source: Tensor
    """1 k, int64: ends with the end token."""
    target: Tensor
    """1 q, int64: input of the decoder, beginning with the start token; the last generated token is not read."""
    source_tokens: tuple[str, ...]
    target_tokens: tuple[str, ...]
    translation: str
    """The whole translation as text."""


def choose_text(subject: Subject, text: str) -> str:
    """Return the text, or the model's first example if it is empty, or the default if the card has no example."""
    return text or str((subject.card.get("examples") or [EXAMPLE])[0])


def read_sentence(subject: Subject, text: str = "", progress: Progress = silent) -> Sentence:
    """Translate a text, or the model's first example if it is empty.

    Raises GlassheadError for a text of nothing but spaces, and for one that is too long for the model.
    """
    text = choose_text(subject, text)
    source = subject.encode(text)
    line = subject.start(text, keep=None)
    while not line.done:
        progress(line.step_number / line.limit, f"{subject.name} translates")
        line.step()
    return Sentence(
        text=text,
        source=torch.tensor([[token.id for token in source]]),
        target=torch.tensor([line.ids[:-1]]),
        source_tokens=tuple(token.text for token in source),
        target_tokens=tuple(token.text for token in line.tokens[:-1]),
        translation=line.text,
    )


@torch.inference_mode()
def capture(subject: Subject, sentence: Sentence, keep: Iterable[str]) -> dict[str, Tensor]:
    """Capture the sites matching `keep` in one pass over a sentence and its whole translation."""
    with ONE_AT_A_TIME, listen(subject.native, keep=keep) as seen:
        subject.native(sentence.source, sentence.target)
    return dict(seen)
