"""Stepper: one line of decoding, its tokens and the moves along it.

Step n takes the row of the newest token and appends the next token. The row is the queries of that token against the
keys and values of all tokens so far, which the past holds. Going back computes nothing, and going forward again reuses
known tokens. Rows are computed when they are first needed, not when a step is taken (see `Stepper`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import index
from typing import Any

import torch
from torch import Tensor

from glasshead.decoding.pick import Forced, Pick, greedy
from glasshead.decoding.protocols import Model, Names, Prompt
from glasshead.decoding.rows import Again, Rows, Watch
from glasshead.errors import GlassheadError
from glasshead.tap import Change
from glasshead.text import Token
from glasshead.traces.record import BUDGET
from glasshead.traces.trace import Trace

FAR = 1 << 20
"""Most steps of a model that has no limit."""


@dataclass(frozen=True)
class Filling:
    """What would be written at one mask token of the source."""

    place: int
    """Position of the mask."""
    candidates: tuple[Token, ...]
    entropy: float
    """In bits."""


def entropy(chances: Tensor) -> float:
    """Compute the entropy of a distribution (v), in bits."""
    chances = chances.double()
    return float(-(chances * chances.clamp_min(1e-300).log2()).sum())


class Stepper:
    """One line of decoding. `tokens` begins with the prompt; each step appends one.

    A line is lazy: the row after the newest token is computed when it is first needed (by `candidates`,
    `probabilities`, `outlook`, or the next `step`). It is computed under the edits that the line was begun with,
    `Subject.start(edit=…)`. A `listen(edit=…)` block around a step reaches only the passes that run inside the block:
    rows computed after the block run without that edit.
    """

    def __init__(
        self,
        rows: Rows,
        names: Names,
        prompt: Prompt,
        source: Sequence[Token],
        *,
        pick: Pick,
        ids: Sequence[int],
        probabilities: Sequence[float | None],
        taken: int,
    ) -> None:
        """Put a line together from its parts; `begin` makes a new one.

        ids: of the target, those of the prompt first, those after the present step last · probabilities: one for each,
        None for those of the prompt · taken: steps taken.
        """
        self.rows, self._names, self._prompt, self._pick = rows, names, prompt, pick
        self.source: list[Token] = list(source)
        self._ids, self._probabilities, self._taken = list(ids), list(probabilities), taken
        self._first = len(prompt.start)
        """Tokens of the prompt in the target."""
        most = rows.model.limits.target
        self.limit: int = 0 if not self._first else FAR if most is None else max(0, most - self._first + 1)
        """Most steps that can be taken: the last one starts from the last position."""
        self._views: dict[int, Trace] = {}

    @classmethod
    def begin(
        cls,
        model: Model,
        prompt: Prompt,
        source: Names,
        target: Names,
        *,
        pick: Pick = greedy,
        keep: Iterable[str] | None = ("*",),
        edit: Mapping[str, Change] | None = None,
        budget: int = BUDGET,
    ) -> "Stepper":
        """Read the source and stand before the first step. source, target: the names of the two sides.

        keep: sites to capture at every step; None captures nothing, which is faster. edit: as for `listen`.
        budget: bytes that the trace may hold. Raises GlassheadError for a model in training mode (dropout would be on),
        and for a prompt that leaves no room.
        """
        if model.training:
            raise GlassheadError("The model is in training mode, with dropout on: call model.eval() before decoding.")
        most = model.limits.target
        if most is not None and len(prompt.start) > most > 0:
            raise GlassheadError(f"The prompt has {len(prompt.start):,} tokens; this model takes at most {most:,}.")
        read = source.tokens(prompt.source)
        rows = Rows.begin(model, Watch.of(model, keep, edit), prompt.source, tuple(read), budget)
        start = list(prompt.start)
        return cls(rows, target, prompt, read, pick=pick, ids=start, probabilities=[None] * len(start), taken=0)

    def branch(self) -> "Stepper":
        """Return another line with the same past, which continues independently. The common part is shared."""
        return Stepper(
            self.rows.branch(), self._names, self._prompt, self.source,
            pick=self._pick, ids=self._ids, probabilities=self._probabilities, taken=self._taken,
        )  # fmt: skip

    @property
    def step_number(self) -> int:
        """Steps taken."""
        return self._taken

    @property
    def ids(self) -> list[int]:
        """The target so far, the prompt included."""
        return self._ids[: self._stands]

    @property
    def _stands(self) -> int:
        """Tokens of the target so far."""
        return self._first + self._taken

    @property
    def tokens(self) -> list[Token]:
        """The target so far: the prompt, then the token of each step with its probability."""
        made = self._names.tokens(self.ids)
        return [
            Token(token.id, token.text, probability)
            for token, probability in zip(made, self._probabilities, strict=False)
        ]

    @property
    def produced(self) -> list[Token]:
        """The tokens that steps brought, without the prompt."""
        return self.tokens[self._first :]

    @property
    def text(self) -> str:
        """The target so far, as text."""
        return self._names.decode(self.ids)

    @property
    def ended(self) -> bool:
        """Whether the end token was appended."""
        return self._taken > 0 and self._ids[self._stands - 1] in self.rows.model.ends

    @property
    def done(self) -> bool:
        """Whether nothing more can be appended: the end token was, or the limit is reached."""
        return self._taken >= self.limit or self.ended

    def candidates(self, k: int = 5) -> list[Token]:
        """Return the k most probable next tokens, best first; none when done."""
        if self.done:
            return []
        probabilities = self.probabilities()
        best = probabilities.topk(min(max(k, 0), len(probabilities)))
        return self._names.tokens(best.indices.tolist(), best.values.tolist())

    def probabilities(self) -> Tensor:
        """Compute the probability of each token to come next: softmax of the logits (v)."""
        return torch.softmax(self._logits(), -1)

    def _logits(self) -> Tensor:
        """Return the logits after the newest token (v); run the model if that row is missing."""
        return self.rows.through(self.ids)

    @property
    def trace(self) -> Trace:
        """Values captured in the steps taken: a row for each token that a step started from."""
        return self._view(max(0, self._stands - 1))

    @property
    def outlook(self) -> Trace:
        """`trace` with the row of the newest token, from which `candidates` come; without it when done."""
        return self.trace if self.done else self._view(self._stands)

    def step(self) -> Token:
        """Append the next token: the one known from before if the line went back, else the choice of `pick`."""
        self._refuse_when_done()
        if self._stands < len(self._ids):
            self._taken += 1
            return self._newest_token()
        return self.choose(self.expected())

    def expected(self) -> int:
        """Return the id that `step` would append."""
        self._refuse_when_done()
        known = self._ids[self._stands : self._stands + 1]
        return known[0] if known else self._pick(self._logits(), self._taken)

    @property
    def given(self) -> Token | None:
        """The next of the tokens that the line was told to follow, with its probability; None if it follows none."""
        if self.done or not isinstance(self._pick, Forced) or self._taken >= len(self._pick.ids):
            return None
        number = self.expected()
        return self._names.tokens([number], [float(self.probabilities()[number])])[0]

    def fillings(self, k: int = 5) -> list[Filling] | None:
        """Return what an encoder alone would write at each mask token of the source, k candidates each.

        None of a model that fills in nothing.
        """
        memory = self.rows.memory
        if memory is None or memory.logits is None:
            return None
        found = []
        for place in memory.blanks:
            chances = torch.softmax(memory.logits[0, place].float(), -1)
            best = chances.topk(min(max(k, 0), len(chances)))
            tokens = self._names.tokens(best.indices.tolist(), best.values.tolist())
            found.append(Filling(place, tuple(tokens), entropy(chances)))
        return found

    def back(self) -> None:
        """Undo the last step. Costs no run of the model; at the start it does nothing."""
        self._taken = max(0, self._taken - 1)

    def goto(self, n: int) -> None:
        """Go back or forward to step n, or to the end if that comes earlier. Raises GlassheadError below 0."""
        n = _whole(n, "a step")
        if n < 0:
            raise GlassheadError(f"There is no step {n}; steps count from 0, the start.")
        while self._taken < n and not self.done:
            self.step()
        self._taken = min(self._taken, n)

    def choose(self, token: Token | int) -> Token:
        """Append this token in place of the model's own choice. Other known tokens after this step are forgotten."""
        self._refuse_when_done()
        chosen = token.id if isinstance(token, Token) else _whole(token, "a Token or the id of one")
        size = self.rows.model.size
        if not 0 <= chosen < size:
            raise GlassheadError(f"There is no token {chosen}; the vocabulary has {size}.")
        probability = float(self.probabilities()[chosen])
        if isinstance(self._pick, Forced) and chosen != self.expected():
            self._pick = greedy  # what was to follow does not follow this token
        if self._ids[self._stands : self._stands + 1] != [chosen]:
            self._forget()
            self._ids.append(chosen)
            self._probabilities.append(probability)
        self._taken += 1
        return self._newest_token()

    def full(self) -> Tensor:
        """Compute the logits of all rows at once, without the past: q v. Those of the steps must equal them."""
        return self.rows.full(self._ids[: len(self.rows)])[0]

    def cache_error(self) -> float:
        """Return the largest difference between the logits of the steps and a pass without the past; see `verify`."""
        return self.verify()[0]

    def verify(self) -> tuple[float, int]:
        """Run all rows at once, without the past, so that there are future keys for the mask to hide.

        Returns the largest relative difference between the logits of the steps and those, and the number of weights
        above the diagonal of causal attention that are not exactly 0.
        """
        return self.rows.verify(self._ids)

    def _refuse_when_done(self) -> None:
        if self.done:
            raise GlassheadError("This line of decoding is done: there is no next step. Go back, or start another.")

    def _newest_token(self) -> Token:
        made = self._names.tokens([self._ids[self._stands - 1]])[0]
        return Token(made.id, made.text, self._probabilities[self._stands - 1])

    def _forget(self) -> None:
        """Drop the known tokens after the present step."""
        rows = self._stands
        del self._ids[rows:], self._probabilities[rows:]
        self.rows.crop(rows)
        self._views = {n: view for n, view in self._views.items() if n <= rows}

    def _view(self, rows: int) -> Trace:
        if not self.rows.captures:
            raise GlassheadError("This line was started with keep=None: nothing was captured.")
        if rows not in self._views:
            ids = self._ids[:rows]
            if rows:
                self.rows.through(ids)
            again = Again(self.rows.model, self._prompt.source, tuple(ids), self.rows.watch.edit)
            self._views = {rows: Trace(self.rows.record, self._names.tokens(ids), again)}
        return self._views[rows]


def _whole(number: Any, wanted: str) -> int:
    try:
        return index(number)
    except TypeError:
        raise GlassheadError(f"{number!r} is not {wanted}.") from None
