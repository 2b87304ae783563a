"""Tokens that the generation config of a model forbids: −∞ before one is chosen, as `generate` has it.

    suppress_tokens          never
    begin_suppress_tokens    not as the first token that is chosen
    bad_words_ids            never, or where several are given together: not after all others of them, in their order

The model's own logits, the site `logits`, are not changed.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Forbidden:
    """What is forbidden."""

    always: tuple[int, ...] = ()
    """Tokens that are never chosen."""
    first: tuple[int, ...] = ()
    """Tokens that are not chosen first."""
    sequences: tuple[tuple[int, ...], ...] = ()
    """Sequences of at least two tokens whose last does not follow the others."""

    @classmethod
    def of(cls, generation: Any, ends: Collection[int], size: int) -> Self:
        """Read a generation config, or None. ends: tokens that end a line, which are no bad words · size: of the
        vocabulary.
        """
        words = [tuple(word) for word in getattr(generation, "bad_words_ids", None) or ()]
        words = [word for word in words if word and max(word) < size and not (len(word) == 1 and word[0] in ends)]
        always = {*(getattr(generation, "suppress_tokens", None) or ()), *(word[0] for word in words if len(word) == 1)}
        first = set(getattr(generation, "begin_suppress_tokens", None) or ())
        return cls(
            always=tuple(sorted(number for number in always if 0 <= number < size)),
            first=tuple(sorted(number for number in first - always if 0 <= number < size)),
            sequences=tuple(dict.fromkeys(word for word in words if len(word) > 1)),
        )

    def apply(self, logits: Tensor, ids: Tensor, start: int, first: int | None) -> Tensor:
        """Put −∞ where a token is forbidden: b q v → b q v.

        ids: b n, of the whole line if there are sequences, else of the positions of the logits at least · start:
        position of the first row · first: position of the first token that is chosen; None if nobody knows.
        """
        return self.suppress(self.forbid_sequences(logits, ids), start, first)

    def suppress(self, logits: Tensor, start: int, first: int | None) -> Tensor:
        """Put −∞ where a token is never chosen, or not as the first."""
        if not (self.always or self.first):
            return logits
        found = logits.clone()
        found[..., list(self.always)] = -torch.inf
        if first is not None and 0 <= (row := first - 1 - start) < logits.shape[1]:
            found[:, row, list(self.first)] = -torch.inf
        return found

    def forbid_sequences(self, logits: Tensor, ids: Tensor) -> Tensor:
        """Put −∞ where a token would end a sequence."""
        if not self.sequences:
            return logits
        found = logits.clone()
        for *before, last in self.sequences:
            hits = self.follows(ids, before, logits.shape[1])
            found[..., last] = found[..., last].masked_fill(hits, -torch.inf)
        return found

    @staticmethod
    def follows(ids: Tensor, before: Sequence[int], rows: int) -> Tensor:
        """Mark those of the last rows at whose ends some tokens stand: b q."""
        if not before or len(before) > ids.shape[1]:
            return torch.full((len(ids), rows), not before, device=ids.device)
        ends = (ids.unfold(1, len(before), 1) == ids.new_tensor(before)).all(-1)
        return torch.nn.functional.pad(ends, (len(before) - 1, 0))[:, -rows:]

    def remarks(self, *, begins: bool) -> tuple[str, ...]:
        """Say what is forbidden, for the header. begins: whether it is known where the first token is chosen."""
        found = []
        if self.always:
            found.append(f"{_count(len(self.always), 'token')} forbidden (−∞)")
        if self.first and begins:
            found.append(f"{_count(len(self.first), 'token')} forbidden as the first")
        if self.sequences:
            found.append(f"{_count(len(self.sequences), 'sequence')} of tokens forbidden")
        return tuple(found)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"
