"""The protocols that decoding needs of a model and of its tokenizers. A family of models is a Model, not a subclass.

Axes: b batch · q new positions · k positions of the source · m width · v vocabulary.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

import torch
from torch import Tensor, nn

from glasshead.anatomy import Anatomy
from glasshead.tap import Change, Seen
from glasshead.text import Token
from glasshead.traces.reading import Learned


class Limits(NamedTuple):
    """Most tokens of each side; None where there is no limit."""

    text: int | None
    """Most tokens of a user's text, without the tokens that the model adds."""
    target: int | None
    """Most positions of the target, those of the prompt counted; 0 for a model that writes nothing."""


class Prompt(NamedTuple):
    """The ids that a model begins with for a text."""

    source: tuple[int, ...]
    """Ids that the encoder reads; none for a decoder alone."""
    start: tuple[int, ...]
    """Ids that the target begins with: a start token, a language, a prompt; none for an encoder alone."""


@dataclass(frozen=True)
class Memory:
    """The encoded source, for every row of a batch."""

    states: Tensor
    """The encoder's output, b k m; of a model that reads the source again at every step its ids, b k."""
    mask: Tensor | None = None
    """Padding mask, True at tokens: b 1 1 k; None if nothing is padded."""
    logits: Tensor | None = None
    """What an encoder alone predicts at each of its positions, b k v; None for any other."""
    blanks: tuple[int, ...] = ()
    """Positions of the mask tokens in the first row, which an encoder alone fills in."""

    def take(self, rows: Tensor) -> "Memory":
        """Take these rows of the batch, in this order."""
        mask = None if self.mask is None else self.mask.index_select(0, rows)
        return Memory(self.states.index_select(0, rows), mask)


class Past(Protocol):
    """A decoder's memory between passes."""

    @property
    def length(self) -> int:
        """Positions remembered."""

    def crop(self, length: int) -> None:
        """Forget the positions from `length` on."""

    def branch(self) -> Self:
        """Share the contents with another line."""

    def reorder(self, rows: Tensor, *, sources: bool = True) -> None:
        """Take these rows of the batch, in this order. sources: whether they belong to other sources than before."""


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
        """Device on which the model runs."""

    @property
    def training(self) -> bool:
        """Whether dropout is on."""

    def prompt(self, ids: Sequence[int]) -> Prompt:
        """Make the source and the start for the ids of a text."""

    def read(self, sources: Sequence[Sequence[int]]) -> Memory | None:
        """Encode sources, each as a prompt has it, padded to one length; None for a decoder alone."""

    def past(self) -> Past:
        """Return an empty past."""

    def logits(self, ids: Tensor, memory: Memory | None, past: Past | None = None) -> Tensor:
        """Compute the logits after each of the new ids: b q → b q v. A past is extended by them."""

    def listen(self, keep: Iterable[str], edit: Mapping[str, Change] | None = None) -> AbstractContextManager[Seen]:
        """Make taps for `with` blocks, as `glasshead.listen` does; every block begins with a fresh `Seen`."""


class Layer(NamedTuple):
    """One layer of a stack, as the module that runs it."""

    module: nn.Module
    axis: int = 0
    """Axis of the batch in what it returns."""


class Layered(Protocol):
    """What a Model may say besides: which modules its layers are, so that a pass can begin at one of them."""

    @property
    def layers(self) -> Mapping[str, Sequence[Layer]]:
        """The layers of each stack, in their order. A stack whose layers are not modules of their own is left out."""


class Readable(Protocol):
    """What a Model may say besides: learned maps, by which a captured value can be followed to the logits."""

    @property
    def learned(self) -> Learned:
        """The maps that it can say, as its passes apply them."""


class Names(Protocol):
    """The tokenizer of one side: text ↔ ids ↔ tokens."""

    @property
    def size(self) -> int:
        """Entries of the vocabulary."""

    def encode(self, text: str) -> list[int]:
        """Encode a text to ids, without the tokens that a prompt adds."""

    def tokens(self, ids: Sequence[int], probabilities: Sequence[float] | None = None) -> list[Token]:
        """Make tokens of ids."""

    def decode(self, ids: Sequence[int]) -> str:
        """Decode ids to text."""

    def cut(self, text: str, limit: int) -> str:
        """Return the text if it has at most `limit` tokens, else its longest beginning that has."""


class Sides(Protocol):
    """The tokenizers of both sides; one may serve both. A `glasshead.Vocabulary` is such a pair."""

    @property
    def source(self) -> Names:
        """Tokenizer of the source."""

    @property
    def target(self) -> Names:
        """Tokenizer of the target."""
