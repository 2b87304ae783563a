"""A sentence as a trained model reads it and writes its translation: what experiments on real numbers run on."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from glasshead.lab.tools.telling import Told, silent
from glasshead.subject import Subject
from glasshead.tap import ONE_AT_A_TIME, listen

EXAMPLE = "the black cat is sleeping"
"""What is read where nothing else is given."""


@dataclass(frozen=True, eq=False)
class Sentence:
    """A source and its greedy translation, both as tokens and as ids."""

    text: str
    source: Tensor
    """1 k, int64: ends with the end token."""
    target: Tensor
    """1 q, int64: what the decoder reads, the start token first; the last token said is not read any more."""
    source_tokens: tuple[str, ...]
    target_tokens: tuple[str, ...]
    translation: str
    """All that the model says, as text."""


def wanted(subject: Subject, text: str) -> str:
    """The text; if it is empty the model's own first example, and the bundled model's where its card has none."""
    return text or str((subject.card.get("examples") or [EXAMPLE])[0])


def read(subject: Subject, text: str = "", told: Told = silent) -> Sentence:
    """Translate a text, or if it is empty the model's own first example.

    Raises GlassheadError for a text of nothing but spaces, and for one that is too long for the model.
    """
    text = wanted(subject, text)
    source = subject.encode(text)
    line = subject.start(text, keep=None)
    while not line.done:
        told(line.step_number / line.limit, f"{subject.name} translates")
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
def values(subject: Subject, sentence: Sentence, keep: Iterable[str]) -> dict[str, Tensor]:
    """What the sites named `keep` hold while the model reads a sentence and all of its translation at once."""
    with ONE_AT_A_TIME, listen(subject.model, keep=keep) as seen:
        subject.model(sentence.source, sentence.target)
    return dict(seen)
