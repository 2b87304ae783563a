"""What decoding asks of a model and of its tokenizers. A family of models is a Model; nothing is subclassed.

Axes: b batch · q new positions · k positions of the source · m width · v vocabulary.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

import torch
from torch import Tensor

from glasshead.anatomy import Anatomy
from glasshead.tap import Change, Seen
from glasshead.text import Token


class Limits(NamedTuple):
    """Most tokens of each side; None where there is no limit."""

    text: int | None
    """Of a text that a person gives, without the tokens that the model adds."""
    target: int | None
    """Positions of the target, those of the prompt counted; 0 for a model that writes nothing."""


class Prompt(NamedTuple):
    """A text as a model begins with it."""

    source: tuple[int, ...]
    """Ids that the encoder reads; none for a decoder alone."""
    start: tuple[int, ...]
    """Ids that the target begins with: a start token, a language, a prompt; none for an encoder alone."""


@dataclass(frozen=True)
class Memory:
    """What the decoder knows of the source, for every row of a batch."""

    states: Tensor
    """The encoder's output, b k m."""
    mask: Tensor | None = None
    """Where it holds tokens and not padding: b 1 1 k; None where all of it does."""

    def take(self, rows: Tensor) -> "Memory":
        """These rows of the batch, in this order."""
        mask = None if self.mask is None else self.mask.index_select(0, rows)
        return Memory(self.states.index_select(0, rows), mask)


class Past(Protocol):
    """What a decoder remembers between passes."""

    @property
    def length(self) -> int:
        """Positions remembered."""

    def crop(self, length: int) -> None:
        """Forget the positions from `length` on."""

    def branch(self) -> Self:
        """The same contents for another line."""

    def reorder(self, rows: Tensor, *, sources: bool = True) -> None:
        """Take these rows of the batch, in this order. sources: they belong to other sources than before."""


class Model(Protocol):
    """A model that can be decoded from and watched."""

    @property
    def anatomy(self) -> Anatomy:
        """The parts of the model, as plain data."""

    @property
    def limits(self) -> Limits:
        """Most tokens of each side."""

    @property
    def ends(self) -> frozenset[int]:
        """Ids that end a line."""

    @property
    def size(self) -> int:
        """Tokens of the target's vocabulary."""

    @property
    def device(self) -> torch.device:
        """Where the model runs."""

    @property
    def training(self) -> bool:
        """Whether dropout is on."""

    def prompt(self, ids: Sequence[int]) -> Prompt:
        """Source and start for the ids of a text."""

    def read(self, sources: Sequence[Sequence[int]]) -> Memory | None:
        """Encode sources, each as a prompt has it, padded to one length; None for a decoder alone."""

    def past(self) -> Past:
        """An empty past."""

    def logits(self, ids: Tensor, memory: Memory | None, past: Past | None = None) -> Tensor:
        """Logits after each of the given new ids: b q → b q v. A past is extended by them."""

    def listen(self, keep: Iterable[str], edit: Mapping[str, Change] | None = None) -> AbstractContextManager[Seen]:
        """Taps for `with` blocks, as `glasshead.listen` makes them; every block begins with a fresh `Seen`."""


class Names(Protocol):
    """The tokenizer of one side: text ↔ ids ↔ tokens."""

    @property
    def size(self) -> int:
        """Entries of the vocabulary."""

    def encode(self, text: str) -> list[int]:
        """The ids of a text, without the tokens that a prompt adds."""

    def tokens(self, ids: Sequence[int], probabilities: Sequence[float] | None = None) -> list[Token]:
        """The tokens with these ids."""

    def decode(self, ids: Sequence[int]) -> str:
        """The text of these ids."""

    def cut(self, text: str, limit: int) -> str:
        """The text if it has at most `limit` tokens, else the longest beginning that has."""
