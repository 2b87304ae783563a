"""Stepper: one line of decoding, its tokens and the moves along it.

Step n takes the row of the newest token and appends the next token. The row is the queries of that token against the
keys and values of all tokens so far, which the past holds. Going back computes nothing, and going forward again reuses
known tokens. Rows are computed when they are first needed, not when a step is taken (see `Stepper`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import index
from pathlib import Path
from typing import Any

from torch import Tensor

from glasshead.decoding.pick import Forced, Pick, Sample, greedy, rule_at, turn, unforced
from glasshead.decoding.protocols import Model, Names, Prompt
from glasshead.decoding.rows import Rows, Watch
from glasshead.decoding.telling import Telling
from glasshead.errors import GlassheadError
from glasshead.tap import Change
from glasshead.text import Token
from glasshead.traces import file
from glasshead.traces.chances import chances
from glasshead.traces.header import Provenance
from glasshead.traces.record import BUDGET
from glasshead.traces.shown import Shown
from glasshead.traces.trace import Trace

TRAINING = "The model is in training mode, with dropout on: call model.eval() before decoding."
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
        about: Provenance = Provenance(),  # noqa: B008  frozen
        known: int | None = None,
    ) -> None:
        """Put a line together from its parts; `begin` makes a new one.

        ids: of the target, those of the prompt first, those after the present step last · probabilities: one for each,
        None for those of the prompt · taken: steps taken · about: where the line comes from · known: steps of a line
        that was recorded, beyond which there are none.
        """
        self._rows, self._names, self._prompt, self._pick = rows, names, prompt, pick
        self.forgotten = False
        """Whether nothing is held of what the model computed, until it is asked for."""
        self.source: list[Token] = list(source)
        self._ids, self._probabilities, self._taken = list(ids), list(probabilities), taken
        self._first = len(prompt.start)
        """Tokens of the prompt in the target."""
        self.about = about
        self._known = known
        most = rows.model.limits.target
        self._most = 0 if not self._first else FAR if most is None else max(0, most - self._first + 1)
        self.limit: int = self._most if known is None else min(self._most, known)
        """Most steps that can be taken: the last one starts from the last position."""
        self._views: dict[tuple[int, int], Trace] = {}
        """The newest view, by its rows and its tokens."""

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
        about: Provenance = Provenance(),  # noqa: B008  frozen
        shown: Shown | None = None,
    ) -> "Stepper":
        """Read the source and stand before the first step. source, target: the names of the two sides.

        about: what a recording says of the model and the text.
        keep: sites to capture at every step; None captures nothing, which is faster. edit: as for `listen`.
        budget: bytes that the trace may hold. shown: of what is kept, capture only the layers that are looked at.
        Raises GlassheadError for a model in training mode (dropout would be on), and for a prompt that leaves no room.
        """
        if model.training:
            raise GlassheadError(TRAINING)
        most = model.limits.target
        if most is not None and len(prompt.start) > most > 0:
            raise GlassheadError(f"The prompt has {len(prompt.start):,} tokens; this model takes at most {most:,}.")
        read = source.tokens(prompt.source)
        rows = Rows.begin(model, Watch.of(model, keep, edit, shown), prompt.source, tuple(read), budget)
        start = list(prompt.start)
        nothing = [None] * len(start)
        return cls(rows, target, prompt, read, pick=pick, ids=start, probabilities=nothing, taken=0, about=about)

    def branch(self) -> "Stepper":
        """Return another line with the same past, which continues independently. The common part is shared."""
        return Stepper(
            self.rows.branch(), self._names, self._prompt, self.source,
            pick=self._pick, ids=self._ids, probabilities=self._probabilities, taken=self._taken,
            about=self.about, known=self._known,
        )  # fmt: skip

    def turned(self, rule: Pick) -> "Stepper":
        """Return another line that picks by a rule from here on. Known tokens after this step are forgotten.

        Raises GlassheadError for a recording.
        """
        if self.recorded:
            raise GlassheadError(f"{self.recorded}, and its tokens were picked. Open the model itself to pick others.")
        line = self.branch()
        line._forget()
        line._pick = turn(self._pick, self._taken, rule)
        return line

    def edited(self, edit: Mapping[str, Change], since: int | None) -> "Stepper":
        """Return the line under other edits, as far as they leave it: its rows before `since` are shared.

        since: first row that changes; None reads the source again. Tokens up to the one at that row stay.
        Raises GlassheadError for a recording.
        """
        if self.recorded:
            raise GlassheadError(f"{self.recorded}, and nothing can be changed in it. Open the model itself for that.")
        if since is not None and since < self._first:  # a prompt is one pass, as it was
            since = 0
        kept = max(self._first, min((since or 0) + 1, self._stands))
        again = since is None
        rows = self.rows.anew(edit, self._prompt.source) if again else self.rows.edited(edit, min(since or 0, kept))
        return Stepper(
            rows, self._names, self._prompt, self.source, pick=self._pick, ids=self._ids[:kept],
            probabilities=self._probabilities[:kept], taken=max(0, kept - self._first), about=self.about,
        )  # fmt: skip

    def forget_rows(self) -> None:
        """Forget what the model computed for the line, not its tokens; what is looked at is computed again."""
        self.rows.crop(0)
        self._views = {}

    def forget(self) -> None:
        """Forget what the model computed of the source too, which is read again when anything is looked at.

        A recording forgets nothing.
        """
        if not self.recorded:
            self._views, self.forgotten = {}, True
            self._rows = self._rows.emptied()

    @property
    def rows(self) -> Rows:
        """What the model has computed for the line."""
        if self.forgotten:
            self._rows, self.forgotten = self._rows.anew(self._rows.watch.edit, self._prompt.source), False
        return self._rows

    @property
    def bytes(self) -> int:
        """Bytes of the captured values that are held."""
        return self._rows.record.bytes

    def recall(self, rows: int) -> tuple[Tensor, ...]:
        """Return the logits of the first rows (v each). What was forgotten comes again, row by row, as at first."""
        ids = self._ids[:rows]
        if self.rows.lasting:
            for count in range(max(len(self.rows) + 1, self._first), rows):
                self.rows.reach(ids[:count])
        if len(self.rows) < rows:
            self.rows.reach(ids)
        return self.rows.logits(rows)

    @property
    def step_number(self) -> int:
        """Steps taken."""
        return self._taken

    @property
    def known_steps(self) -> int:
        """Steps whose tokens are known, those after the present one included."""
        return len(self._ids) - self._first

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
        made = zip(self._names.tokens(self.ids), self._probabilities, strict=False)
        return [Token(token.id, token.text, probability) for token, probability in made]

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
        return self._taken > 0 and self._ids[self._stands - 1] in self._rows.model.ends

    @property
    def done(self) -> bool:
        """Whether nothing more can be appended: the end token was, or the limit is reached."""
        return self._taken >= self.limit or self.ended

    @property
    def recorded(self) -> str:
        """Beginning of the sentences about a line that was read from a file; empty for any other."""
        return self._rows.record.recorded

    @property
    def cut(self) -> bool:
        """Whether the recording ends here, and the line itself went on, or could have."""
        return self._known is not None and self._taken >= self._known < self._most and not self.ended

    @property
    def looks_ahead(self) -> bool:
        """Whether there is, or can be, a row of the newest token. A recording may end with one."""
        return not self.done or len(self.rows) >= self._stands > 0

    def candidates(self, k: int = 5) -> list[Token]:
        """Return the k most probable next tokens, best first; none when done.

        A recording has the 24 best of each step.
        """
        return self._names.tokens(*self.rows.best(self.ids, k)) if self.looks_ahead else []

    @property
    def names(self) -> Names:
        """The names of the target's tokens."""
        return self._names

    @property
    def prompt(self) -> Prompt:
        """The ids that the line began with."""
        return self._prompt

    def entropy(self) -> float:
        """Compute the entropy of the next token, in bits; 0 when done."""
        return self.rows.entropy(self.ids) if self.looks_ahead else 0.0

    def probabilities(self) -> Tensor:
        """Compute the probability of each token to come next: softmax of the logits (v)."""
        return chances(self._logits())

    @property
    def pick(self) -> Pick:
        """The way of picking tokens, of the whole line."""
        return self._pick

    @property
    def rule(self) -> Pick:
        """The rule by which the next token is picked."""
        return rule_at(self._pick, self._taken)

    def chances(self) -> Tensor:
        """Compute the probability of each token to be picked next (v): the model's own, as a sampling rule changes it.

        Raises GlassheadError for a recording without logits.
        """
        rule = self.rule
        return rule.probabilities(self._logits().cpu()) if isinstance(rule, Sample) else self.probabilities()

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
        return self._view(self._stands) if self.looks_ahead else self.trace

    def until(self, rows: int) -> Trace:
        """Return the values of the first rows, at most those of `outlook`."""
        return self._view(rows)

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
        if self._stands < len(self._ids):
            return self._ids[self._stands]
        return self._pick(self._logits(), self._taken)

    @property
    def given(self) -> Token | None:
        """The next of the tokens that the line was told to follow, with its probability; None if it follows none."""
        rule = self.rule
        if self.done or not isinstance(rule, Forced) or self._taken >= len(rule.ids):
            return None
        number = self.expected()
        return self._names.tokens([number], [float(self.probabilities()[number])])[0]

    def fillings(self, k: int = 5) -> list[Filling] | None:
        """Return what an encoder alone would write at each mask token of the source, k candidates each.

        None of a model that fills in nothing.
        """
        found = self.rows.fillings(k)
        if found is None:
            return None
        return [Filling(place, tuple(self._names.tokens(ids, p)), bits) for place, ids, p, bits in found]

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
        known = self._ids[self._stands : self._stands + 1] == [chosen]
        if not known and self.recorded:
            raise GlassheadError(
                f"{self.recorded}, and another token was taken here. Open the model itself to take this one."
            )
        probability = None if known else float(self.probabilities()[chosen])
        if isinstance(self.rule, Forced) and chosen != self.expected():
            self._pick = unforced(self._pick, self._taken)  # what was to follow does not follow this token
        if not known:
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

    @property
    def verifiable(self) -> bool:
        """Whether `verify` has rows to compare; for a recording, whether that was done when it was made."""
        return self.rows.verifiable

    def save(self, path: str | Path, *, changed: str = "", overwrite: bool = False) -> Path:
        """Write a recording of the whole line, as far as it is known; return its path.

        `glasshead.load` opens it without the model. What was captured is written exactly. The pass of `verify` is run
        for it. changed: difference between the model and the one that its name stands for, in a few words.
        Raises GlassheadError for a line that captures nothing, and like `Trace.save`.
        """
        file.check_place(path, overwrite=overwrite)
        end = self.branch()
        end._taken, end._rows = len(end._ids) - end._first, end.rows.whole(end._ids)
        if end.outlook.recorded:  # computes the row of the newest token
            raise GlassheadError(f"{end.recorded} already: copy its file.")
        measured = end.verify() if end.verifiable else None
        return end._telling(len(end.rows)).save(path, measured=measured, changed=changed, overwrite=overwrite)

    def _telling(self, rows: int) -> Telling:
        """Note the line as it is now, so that a trace of its rows can be saved later."""
        ids = self.ids
        return Telling(
            self.rows, self._names, self.about, ids, self._probabilities[: len(ids)], self._first,
            self.rows.logits(rows),
        )  # fmt: skip

    def _refuse_when_done(self) -> None:
        if self.cut:
            raise GlassheadError(f"{self.recorded}, and it ends here. Open the model itself to go on.")
        if self.done:
            raise GlassheadError("This line of decoding is done: there is no next step. Go back, or start another.")

    def _newest_token(self) -> Token:
        made = self._names.tokens([self._ids[self._stands - 1]])[0]
        return Token(made.id, made.text, self._probabilities[self._stands - 1])

    def _forget(self) -> None:
        """Drop the known tokens after the present step."""
        rows = self._stands
        del self._ids[rows:], self._probabilities[rows:]
        if len(self.rows) > rows:
            self.rows.crop(rows)
        self._views = {size: view for size, view in self._views.items() if max(size) <= rows}

    def _view(self, rows: int) -> Trace:
        if not self.rows.captures:
            raise GlassheadError("This line was started with keep=None: nothing was captured.")
        size = rows, self._stands
        self.rows.turn(self._ids)
        if size not in self._views:
            ids = self._ids[:rows]
            self.recall(rows)
            self.rows.reach(ids)
            again, shown = self.rows.again(ids, self._ids), self.rows.watch.shown
            reading = self.rows.reading(ids, self._names.tokens)
            trace = Trace(self.rows.record, self._names.tokens(ids), again, self._telling(rows), reading, shown)
            self._views = {size: trace}
        return self._views[size]


def _whole(number: Any, wanted: str) -> int:
    try:
        return index(number)
    except TypeError:
        raise GlassheadError(f"{number!r} is not {wanted}.") from None
