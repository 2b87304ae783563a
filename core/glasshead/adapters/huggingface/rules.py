"""Rules of a generation config that change a greedy line, applied to the logits as `generate` has them, in its order.

    sequence_bias                      a number is added to a token, or to the last of a sequence after all others of it
    repetition_penalty                 the logit of a token that is there: ÷ penalty above 0, × penalty below
    no_repeat_ngram_size               −∞ for what would repeat so many tokens in a row
    bad_words_ids                      −∞                                                                (forbidden.py)
    min_length, min_new_tokens         −∞ for the end before
    forced_eos_token_id                at max_length nothing but the end
    exponential_decay_length_penalty   the end gains |logit| · (factor^steps − 1) from a step on
    suppress_tokens, begin_suppress_tokens                                                               (forbidden.py)

`forced_bos_token_id` is a token that a target begins with (marks.py). What cannot be applied is said in the header. The
model's own logits, the site `logits`, are not changed.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from glasshead.adapters.huggingface.forbidden import Forbidden

ANYWHERE = ("begin_suppress_tokens", "min_new_tokens", "exponential_decay_length_penalty", "forced_bos_token_id")
"""Rules that count from where a text ends: nobody knows that of a decoder alone."""
UNKNOWN = (
    "guidance_scale",
    "encoder_repetition_penalty",
    "encoder_no_repeat_ngram_size",
    "dola_layers",
    "stop_strings",
)
"""Rules that are not applied."""
NEUTRAL: Mapping[str, Collection[Any]] = {
    "guidance_scale": (1, 1.0), "encoder_repetition_penalty": (1, 1.0), "encoder_no_repeat_ngram_size": (0,),
    "min_new_tokens": (0,), "begin_suppress_tokens": ([],),
}  # fmt: skip
"""Values besides None with which a rule does nothing."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """See the module."""

    forbidden: Forbidden = field(default_factory=Forbidden)
    ends: tuple[int, ...] = ()
    """Ids that end a line."""
    biases: tuple[tuple[tuple[int, ...], float], ...] = ()
    penalty: float = 1.0
    span: int = 0
    """Tokens in a row that do not come twice; 0 for any."""
    least: int = 0
    """Tokens of the target before which it does not end."""
    last: tuple[int, tuple[int, ...]] | None = None
    """Number of tokens after which only some ids may come, and those."""
    decay: tuple[int, float] | None = None
    """Number of tokens from which the end gains, and the factor."""
    unapplied: tuple[str, ...] = ()
    """Names of rules that are not applied."""

    @classmethod
    def of(
        cls, generation: Any, ends: Collection[int], size: int, begin: int | None, *, sound: bool = False
    ) -> "Rules":
        """Read a generation config, or None. ends: ids that end a line · size: of the vocabulary · begin: number of
        tokens with which `generate` begins a target; None where a text may end anywhere · sound: whether it hears,
        and counts the length of a target in a way of its own.
        """

        def get(name: str) -> Any:
            found = getattr(generation, name, None)
            return None if found in NEUTRAL.get(name, ()) else found

        biases = get("sequence_bias") or []
        pairs = biases.items() if isinstance(biases, Mapping) else biases
        new, least, decay = get("min_new_tokens"), get("min_length") or 0, get("exponential_decay_length_penalty")
        most = None if sound else get("max_length")
        if begin is not None:
            most = begin + get("max_new_tokens") if get("max_new_tokens") else most
            least = begin + new if new else least
        unapplied = [name for name in UNKNOWN if get(name) is not None]
        unapplied += [name for name in ANYWHERE if begin is None and get(name) is not None]
        final = get("forced_eos_token_id")
        if final is not None and most is None:
            unapplied.append("forced_eos_token_id")
        return cls(
            forbidden=Forbidden.of(generation, ends, size),
            ends=tuple(sorted(ends)),
            biases=tuple((tuple(ids), float(bias)) for ids, bias in pairs if max(ids) < size),
            penalty=float(get("repetition_penalty") or 1.0),
            span=int(get("no_repeat_ngram_size") or 0),
            least=int(least) if ends else 0,
            last=None if final is None or most is None else (int(most), _ids(final)),
            decay=None if decay is None or begin is None or not ends else (begin + int(decay[0]), float(decay[1])),
            unapplied=tuple(unapplied),
        )

    @property
    def reads(self) -> bool:
        """Whether the ids of the whole line are needed, not only how many there are."""
        return bool(self.biases or self.span or self.penalty != 1.0 or self.forbidden.sequences)

    def apply(self, logits: Tensor, ids: Tensor, start: int, first: int | None) -> Tensor:
        """Apply the rules: b q v → b q v, new where one changes it.

        ids: b n, of the whole line if `reads`, else of the positions of the logits at least · start: position of the
        first row · first: position of the first token that is chosen; None if nobody knows.
        """
        count = logits.shape[1]
        found = logits
        for sequence, bias in self.biases:
            found = _raise(found, ids, sequence, bias)
        if self.penalty != 1.0:
            found = self._penalise(found, ids)
        for row in range(count) if self.span else ():
            found = self._forbid_repeats(found, ids, row)
        found = self.forbidden.forbid_sequences(found, ids)
        lengths = torch.arange(start + 1, start + 1 + count, device=logits.device)
        if (lengths < self.least).any():
            found = found.clone()
            found[:, lengths < self.least, torch.tensor(self.ends, device=logits.device).unsqueeze(-1)] = -torch.inf
        if self.last is not None and (lengths == self.last[0] - 1).any():
            forced = torch.full_like(found[0, 0], -torch.inf)
            forced[list(self.last[1])] = 0.0
            found = torch.where((lengths == self.last[0] - 1)[:, None], forced, found)
        if self.decay is not None:
            found = self._hasten(found, lengths)
        return self.forbidden.suppress(found, start, first)

    def _penalise(self, logits: Tensor, ids: Tensor) -> Tensor:
        found, count = logits.clone(), logits.shape[1]
        for row in range(count):
            there = ids[:, : ids.shape[1] - count + row + 1]
            score = found[:, row].gather(1, there)
            score = torch.where(score < 0, score * self.penalty, score / self.penalty)
            found[:, row] = found[:, row].scatter(1, there, score)
        return found

    def _forbid_repeats(self, logits: Tensor, ids: Tensor, row: int) -> Tensor:
        length = ids.shape[1] - logits.shape[1] + row + 1
        if length < self.span:
            return logits
        there = ids[:, :length]
        runs = there.unfold(1, self.span, 1)
        again = (runs[..., :-1] == there[:, None, length - self.span + 1 :]).all(-1)
        found = logits.clone()
        for line, hits in enumerate(again):
            found[line, row, runs[line, hits, -1]] = -torch.inf
        return found

    def _hasten(self, logits: Tensor, lengths: Tensor) -> Tensor:
        assert self.decay is not None
        since, factor = self.decay
        late = (lengths - since).clamp_min(0)
        ends = logits[..., list(self.ends)]
        gain = ends.abs() * (factor ** late.to(logits.dtype) - 1)[:, None]
        found = logits.clone()
        found[..., list(self.ends)] = ends + gain.masked_fill(~ends.isfinite(), 0.0)
        return found

    def remarks(self, *, begins: bool) -> tuple[str, ...]:
        """Say what is applied, and what is not, for the header. begins: as for `Forbidden.remarks`."""
        found = list(self.forbidden.remarks(begins=begins))
        found += [f"{len(self.biases)} biased"] if self.biases else []
        found += [f"repetition_penalty {self.penalty:g}"] if self.penalty != 1.0 else []
        found += [f"no_repeat_ngram_size {self.span}"] if self.span else []
        found += [f"no end before {self.least} tokens"] if self.least else []
        found += [f"end gains from {self.decay[0]} tokens on"] if self.decay else []
        found += [f"not applied: {', '.join(self.unapplied)}"] if self.unapplied else []
        return tuple(found)


def _ids(value: int | Sequence[int]) -> tuple[int, ...]:
    return (value,) if isinstance(value, int) else tuple(value)


def _raise(logits: Tensor, ids: Tensor, sequence: Sequence[int], bias: float) -> Tensor:
    """Add a number to a token where the others of its sequence stand before it."""
    found = logits.clone()
    *before, last = sequence
    hits = Forbidden.follows(ids, before, logits.shape[1])
    found[..., last] = torch.where(hits, found[..., last] + bias, found[..., last])
    return found
