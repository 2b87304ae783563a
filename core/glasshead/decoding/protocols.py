"""What decoding asks of a model and of its tokenizers."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from torch import Tensor

from glasshead.text import Token


class Model(Protocol):
    """What decoding asks of an encoder–decoder model."""

    config: Any
    training: bool

    def parameters(self) -> Iterator[Tensor]:
        """The tensors that were learned; where they are, the model runs."""

    def encode(self, source: Tensor, mask: Tensor | None = None) -> Tensor:
        """b k ids → what cross-attention looks at, b k m."""

    def decode(self, target: Tensor, memory: Tensor, memory_mask: Tensor | None = None, past: Any = None) -> Tensor:
        """b q ids of new tokens → logits b q v."""


class Names(Protocol):
    """What decoding asks of the tokenizer of one side."""

    def tokens(self, ids: Sequence[int], probabilities: Sequence[float] | None = None) -> list[Token]:
        """The tokens with these ids."""

    def decode(self, ids: Sequence[int]) -> str:
        """The text of these ids."""


class Vocabulary(Protocol):
    """The names of both sides; one tokenizer may be both."""

    @property
    def source(self) -> Names:
        """Of what is read."""

    @property
    def target(self) -> Names:
        """Of what is written."""
