"""Decoding step by step: the Stepper, one line of tokens with its cache and the moves along it.

Step n asks from token n − 1 and appends token n. It computes one row: the queries of token n − 1 against the keys and
values of all tokens so far, which the cache has. Going back computes nothing, and forward again takes what is known.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import index
from typing import Any

import torch
from torch import Tensor

from glasshead.anatomy import Kind
from glasshead.decoding.cache import Cache
from glasshead.decoding.pick import Pick, greedy
from glasshead.decoding.protocols import Model, Vocabulary
from glasshead.errors import GlassheadError
from glasshead.tap import ONE_AT_A_TIME, Change, listen
from glasshead.text import Token
from glasshead.traces.record import BUDGET, Record
from glasshead.traces.trace import Trace


class Stepper:
    """One line of decoding: the tokens so far, the cache, and the moves. `tokens[n]` is what step n brought."""

    def __init__(
        self,
        model: Model,
        vocabulary: Vocabulary,
        source: Sequence[int],
        *,
        kinds: tuple[Kind, ...],
        pick: Pick = greedy,
        keep: Iterable[str] | None = ("*",),
        edit: Mapping[str, Change] | None = None,
        budget: int = BUDGET,
    ) -> None:
        """Encodes the source, which must end with the end token.

        keep: what is captured at every step; None listens to nothing, which is faster. edit: as for `listen`.
        budget: bytes that the trace may hold. Raises GlassheadError for a model in training mode: dropout would be on.
        """
        if model.training:
            raise GlassheadError("The model is in training mode, with dropout on: call model.eval() before decoding.")
        self._device = next(iter(model.parameters())).device
        self._model, self._names, self._pick = model, vocabulary.target, pick
        self._config = model.config
        self.source: list[Token] = vocabulary.source.tokens(source)
        self.limit: int = self._config.max_length - 1
        """Most steps that can be taken."""
        self._edit = dict(edit or {})
        self._listening = listen(model, keep or (), self._edit) if keep is not None or edit else None
        self._captures = keep is not None
        self._source_ids = torch.tensor([list(source)], device=self._device)
        self._ids: list[int] = [self._config.bos_id]
        self._probabilities: list[float | None] = [None]
        self._taken = 0
        self._logits: list[Tensor] = []
        self._cache = Cache(self._config.decoder_layers)
        self._record = Record(self._config.score_scale, self._config.window, kinds, tuple(self.source), budget=budget)
        self._memory = self._run(lambda: model.encode(self._source_ids))
        if self._listening is not None and self._captures:
            self._record.keep_source(self._listening.seen)
            self._listening.seen.clear()  # the record holds them now, within its budget
        self._views: dict[int, Trace] = {}

    @property
    def step_number(self) -> int:
        """Steps taken."""
        return self._taken

    @property
    def ids(self) -> list[int]:
        """The target so far, the start token included."""
        return self._ids[: self._taken + 1]

    @property
    def tokens(self) -> list[Token]:
        """The target so far: the start token, then what each step brought, with its probability."""
        made = self._names.tokens(self.ids)
        return [
            Token(token.id, token.text, probability)
            for token, probability in zip(made, self._probabilities, strict=False)
        ]

    @property
    def text(self) -> str:
        """The target so far, as text."""
        return self._names.decode(self.ids)

    @property
    def done(self) -> bool:
        """Nothing more can be appended: the end token was, or the limit is reached."""
        return self._taken > 0 and (self._ids[self._taken] == self._config.eos_id or self._taken >= self.limit)

    def candidates(self, k: int = 5) -> list[Token]:
        """The k most probable next tokens, best first; none when done."""
        if self.done:
            return []
        probabilities = self.probabilities()
        best = probabilities.topk(min(max(k, 0), len(probabilities)))
        return self._names.tokens(best.indices.tolist(), best.values.tolist())

    def probabilities(self) -> Tensor:
        """Of every token to be the next: softmax of the logits, v."""
        return torch.softmax(self._row(self._taken), -1)

    @property
    def trace(self) -> Trace:
        """What was seen in the steps taken: a row a step."""
        return self._view(self._taken)

    @property
    def outlook(self) -> Trace:
        """The same, and the row of the newest token, which `candidates` come from. When done, there is none to come."""
        if self.done:
            return self._view(self._taken)
        self._row(self._taken)
        return self._view(self._taken + 1)

    def step(self) -> Token:
        """Append the next token: the one known from before if one has gone back, else as `pick` has it."""
        if self.done:
            raise GlassheadError("This line of decoding is done: there is no next step. Go back, or start another.")
        if self._taken + 1 < len(self._ids):
            self._taken += 1
            return self._newest_token()
        return self.choose(self._pick(self._row(self._taken), self._taken))

    def back(self) -> None:
        """Undo the last step. Costs no run of the model; at the start it does nothing."""
        self._taken = max(0, self._taken - 1)

    def goto(self, n: int) -> None:
        """Stand after step n, back or forward; at the end where it comes earlier. Raises GlassheadError below 0."""
        n = _whole(n, "a step")
        if n < 0:
            raise GlassheadError(f"There is no step {n}; steps count from 0, the start.")
        while self._taken < n and not self.done:
            self.step()
        self._taken = min(self._taken, n)

    def choose(self, token: Token | int) -> Token:
        """Append this token in place of the model's own choice. Another future, known from before, is forgotten."""
        if self.done:
            raise GlassheadError("This line of decoding is done: there is no next step. Go back, or start another.")
        chosen = token.id if isinstance(token, Token) else _whole(token, "a Token or the id of one")
        if not 0 <= chosen < self._config.vocab_size:
            raise GlassheadError(f"There is no token {chosen}; the vocabulary has {self._config.vocab_size}.")
        probability = float(self.probabilities()[chosen])
        if self._ids[self._taken + 1 : self._taken + 2] != [chosen]:
            self._forget()
            self._ids.append(chosen)
            self._probabilities.append(probability)
        self._taken += 1
        return self._newest_token()

    def branch(self) -> "Stepper":
        """Another line with the same past; from here each goes its own way. What both have seen is shared."""
        other = object.__new__(Stepper)
        other.__dict__.update(self.__dict__)
        other._ids, other._probabilities = list(self._ids), list(self._probabilities)
        other._logits, other._views = list(self._logits), {}
        other._cache, other._record = self._cache.branch(), self._record.branch()
        return other

    def full(self) -> Tensor:
        """The logits of all rows computed at once, without the cache: q v. What the steps gave must equal them."""
        return self._full_pass()[0]

    def cache_error(self) -> float:
        """Largest difference between the logits of the steps and those of one pass without the cache."""
        return self.verify()[0]

    def verify(self) -> tuple[float, int]:
        """Run all rows at once, without the cache, with the keys of the future there for the mask to hide.

        The largest difference between the logits of the steps and those, and how many weights above the diagonal of
        masked self-attention are not exactly 0.
        """
        if not self._logits:
            return 0.0, 0
        logits, peeking = self._full_pass()
        return float((torch.stack(self._logits) - logits).abs().max()), peeking

    def _full_pass(self) -> tuple[Tensor, int]:
        """Logits of all rows (q v), and the weights above the diagonal that are not 0."""
        peeking = 0

        def count(weights: Tensor) -> Tensor:
            nonlocal peeking
            peeking += int((weights.triu(1) != 0).sum())
            return weights

        ids = torch.tensor([self._ids[: len(self._logits)]], device=self._device)
        with (
            ONE_AT_A_TIME,
            torch.inference_mode(),
            listen(self._model, (), self._edit),
            listen(self._model, (), {"decoder.*.self.weights": count}),
        ):
            logits = self._model.decode(ids, self._memory)[0]
        return logits, peeking

    def _newest_token(self) -> Token:
        made = self._names.tokens([self._ids[self._taken]])[0]
        return Token(made.id, made.text, self._probabilities[self._taken])

    def _row(self, n: int) -> Tensor:
        """The logits that follow token n: v. Runs the model where it has not been run."""
        while len(self._logits) <= n:
            self._logits.append(self._run(self._next_logits)[0, -1])
            if self._listening is not None and self._captures:
                self._record.keep_row(self._listening.seen)
                self._listening.seen.clear()
        return self._logits[n]

    def _next_logits(self) -> Tensor:
        """The logits of the first position that has not been run yet: 1 1 v."""
        rows = len(self._logits)
        self._cache.crop(rows)  # an edit that raised an error may have left a position in the first layers
        token = torch.tensor([[self._ids[rows]]], device=self._device)
        return self._model.decode(token, self._memory, past=self._cache)

    def _forget(self) -> None:
        """Drop the future after the present step."""
        rows = self._taken + 1
        del self._ids[rows:], self._probabilities[rows:], self._logits[rows:]
        self._cache.crop(rows)
        self._record.crop(rows)
        self._views = {n: view for n, view in self._views.items() if n <= rows}

    def _run(self, compute: Callable[[], Tensor]) -> Tensor:
        with ONE_AT_A_TIME, torch.inference_mode():
            if self._listening is None:
                return compute()
            with self._listening as seen:
                seen.clear()
                return compute()

    def _view(self, rows: int) -> Trace:
        if not self._captures:
            raise GlassheadError("This line was started with keep=None: nothing was captured.")
        if rows not in self._views:
            if rows:
                self._row(rows - 1)
            ids = self._ids[:rows]
            again = _Again(self._model, self._source_ids, ids, self._edit)
            self._views = {rows: Trace(self._record, self._names.tokens(ids), again)}
        return self._views[rows]


@dataclass(frozen=True)
class _Again:
    """Recomputes one site by running the model over the same tokens, at once and without a cache."""

    model: Any
    source: Tensor
    target: list[int]
    edit: Mapping[str, Change]

    def __call__(self, site: str) -> Tensor:
        with ONE_AT_A_TIME, torch.inference_mode(), listen(self.model, [site], self.edit) as seen:
            memory = self.model.encode(self.source)
            if self.target:
                self.model.decode(torch.tensor([self.target], device=self.source.device), memory)
        return seen[site]


def _whole(number: Any, wanted: str) -> int:
    try:
        return index(number)
    except TypeError:
        raise GlassheadError(f"{number!r} is not {wanted}.") from None
