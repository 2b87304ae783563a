"""Subject: a model with the names of its tokens, ready to decode. One class for all: a family of models is a Model."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from glasshead.adapters.edited import Edited
from glasshead.adapters.native import Native
from glasshead.adapters.recorded import Recorded
from glasshead.anatomy import Anatomy, Kind
from glasshead.decoding.beam import beam_search
from glasshead.decoding.pick import NOT_FINITE, Forced, Pick, greedy
from glasshead.decoding.protocols import Model, Prompt, Sides
from glasshead.decoding.stepper import TRAINING, Stepper
from glasshead.edits.changes import Changes
from glasshead.errors import GlassheadError, TooLongError
from glasshead.model import Config, Transformer
from glasshead.opening import Capture
from glasshead.tap import Change
from glasshead.text import Token, Vocabulary
from glasshead.traces.header import Provenance
from glasshead.traces.record import BUDGET
from glasshead.traces.shown import Shown


@dataclass(frozen=True, init=False)
class Subject:
    """A model with its vocabulary, ready to decode."""

    name: str
    model: Model
    vocabulary: Sides
    folder: Path | None
    card: Mapping[str, Any]
    capture: Capture
    """Layers that lines capture: `all`, or `shown`, those that are looked at."""
    shown: Shown | None = field(init=False, compare=False)
    """The layers that are looked at; None where all are captured."""

    def __init__(
        self,
        name: str,
        model: Model | Transformer,
        vocabulary: Sides,
        folder: Path | None = None,
        card: Mapping[str, Any] | None = None,
        capture: Capture = "auto",
    ) -> None:
        """model: a Model, or a Transformer, which becomes one · folder, card: those of its checkpoint · capture: as
        for `Opening`.
        """
        asked = Native(model) if isinstance(model, Transformer) else model
        if capture == "auto":
            capture = "shown" if getattr(asked, "spread", False) else "all"
        shown = Shown(asked.anatomy.sites) if capture == "shown" else None
        values = (name, asked, vocabulary, folder, {} if card is None else card, capture, shown)
        for one, value in zip(self.__dataclass_fields__, values, strict=True):
            object.__setattr__(self, one, value)

    @property
    def native(self) -> Transformer:
        """The project's own Transformer. Raises GlassheadError for a model of another family."""
        return self._own.module

    @property
    def config(self) -> Config:
        """Shape of `native`."""
        return self.native.config

    @property
    def codecs(self) -> Vocabulary:
        """Vocabulary that `native` was trained with. Raises GlassheadError for tokenizers of another kind."""
        if isinstance(self.model, Recorded):
            raise self.model.header.refuse("use its vocabulary")
        if not isinstance(self.vocabulary, Vocabulary):
            raise GlassheadError(f"{self.name} has a tokenizer of another kind than the project's own.")
        return self.vocabulary

    @property
    def _own(self) -> Native:
        if isinstance(self.model, Recorded):
            raise self.model.header.refuse("change it or use its weights")
        if not isinstance(self.model, Native):
            raise GlassheadError(
                f"This needs a Transformer of the project's own, trained by `glasshead train`; {self.name} is another."
            )
        return self.model

    @property
    def anatomy(self) -> Anatomy:
        """Parts of the model."""
        return self.model.anatomy

    @property
    def recorded(self) -> tuple[str, ...]:
        """Facts about a recording: when it was made, and with which version; none for a model."""
        return self.model.header.facts if isinstance(self.model, Recorded) else ()

    @property
    def facts(self) -> tuple[str, ...]:
        """Facts for the header, the most important first."""
        first, rest = self.anatomy.facts[:2], self.anatomy.facts[2:]
        return (*self.recorded, *first, *(("captures the shown layer",) if self.shown else ()), *rest)

    @property
    def limit(self) -> int | None:
        """Most tokens of a text, without those that the model adds; None if there is no limit."""
        return self.model.limits.text

    @property
    def parameters(self) -> int:
        """Number of learned parameters; a shared matrix counts once."""
        return self.anatomy.parameters

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Kinds of attention, in the order in which a token meets them."""
        return self.anatomy.kinds

    @property
    def examples(self) -> tuple[str, ...]:
        """Example sentences on the card."""
        examples = self.card.get("examples")
        return tuple(each for each in examples if isinstance(each, str)) if isinstance(examples, list) else ()

    @property
    def first_sentence(self) -> str:
        """First example on the card, to decode if no text is given; of a recording its text.

        Raises GlassheadError without one.
        """
        if isinstance(self.model, Recorded):
            return self.model.header.about.text
        examples = self.card.get("examples")
        if not isinstance(examples, list) or not examples or not isinstance(examples[0], str):
            raise GlassheadError(f"What shall {self.name} decode? Its card has no examples: give a sentence (--text).")
        return examples[0]

    def changed(self, **fields: Any) -> "Subject":
        """Return a subject with the same weights and other values for some fields of Config, e.g. `scale=False`.

        Raises GlassheadError for a change under which the weights do not fit, and for a model of another family.
        """
        own = self._own
        try:
            return replace(self, model=own.changed(**fields))
        except GlassheadError as error:
            raise GlassheadError(f"{self.name}: {error}") from None

    def edited(self, changes: Changes) -> "Subject":
        """Return a subject whose every pass is under edits. Raises GlassheadError for a recording."""
        if isinstance(self.model, Recorded):
            raise self.model.header.refuse("edit its values")
        return replace(self, model=Edited(self.model, changes))

    def encode(self, text: str, *, truncate: bool = False) -> list[Token]:
        """Encode a text to the tokens that the model reads, those that it adds included.

        truncate: keep the beginning that fits of a text that is too long. Raises GlassheadError for an empty text, and
        TooLongError, with the limit, for one that does not fit.
        """
        prompt = self.model.prompt(self._ids(text, truncate=truncate))
        return self.vocabulary.source.tokens(prompt.source or prompt.start)

    def _ids(self, text: str, *, truncate: bool) -> list[int]:
        ids = self.vocabulary.source.encode(text)
        if not ids:
            raise GlassheadError("There is no text to translate: give a sentence.")
        limit = self.limit
        if limit is not None and len(ids) > limit and not truncate:
            raise TooLongError(f"The text has {len(ids):,} tokens; this model takes at most {limit:,}. Shorten it.")
        return ids[:limit]

    def start(
        self,
        text: str,
        *,
        pick: Pick = greedy,
        keep: Iterable[str] | None = ("*",),
        edit: Mapping[str, Change] | None = None,
        truncate: bool = False,
        budget: int = BUDGET,
        forced: str | None = None,
    ) -> Stepper:
        """Encode a text and stand before the first step. See `Stepper.begin` and `encode` for options and errors.

        keep: as for `Stepper.begin`; of everything, only the layers that are looked at where the subject says so.
        forced: a target to follow in place of `pick`, with the end token where there is a source; each of its tokens
        gets its probability. Raises TooLongError for one that does not fit. A recording has one text, and goes along
        its line.
        """
        if isinstance(self.model, Recorded):
            return self.model.begin(text, pick=pick, keep=keep, edit=edit, forced=forced)
        ids = self._ids(text, truncate=truncate)
        prompt = self.model.prompt(ids)
        if forced is not None:
            pick = self._follow(forced, prompt)
        kept = keep if keep is None or isinstance(keep, str) else tuple(keep)
        return Stepper.begin(
            self.model, prompt, self.vocabulary.source, self.vocabulary.target,
            pick=pick, keep=kept, edit=edit, budget=budget, shown=self.shown if kept == ("*",) else None,
            about=Provenance(name=self.name, card=self.card, text=text, ids=tuple(ids)),
        )  # fmt: skip

    def given(self, text: str, target: str) -> tuple[Prompt, tuple[int, ...]]:
        """Make the prompt of a text, and the ids of a target that follows it, without running the model.

        Raises GlassheadError for a recording, and as `start` does.
        """
        if isinstance(self.model, Recorded):
            raise self.model.header.refuse("follow a text")
        if self.model.training:
            raise GlassheadError(TRAINING)
        prompt = self.model.prompt(self._ids(text, truncate=False))
        return prompt, self._follow(target, prompt).ids

    def _follow(self, forced: str, prompt: Prompt) -> Forced:
        """Make the pick that follows a text."""
        if not prompt.start:
            raise GlassheadError(f"{self.name} reads, and writes no text: it can follow none.")
        ids = self.vocabulary.target.encode(forced)
        if not ids:
            raise GlassheadError("There is no text to follow: give the words that shall be written.")
        if prompt.source and self.model.ends:
            ids = [*ids, min(self.model.ends)]
        most = self.model.limits.target
        if most is not None and len(ids) > (room := most - len(prompt.start) + 1):
            raise TooLongError(
                f"The text to follow has {len(ids):,} tokens, its end counted; there is room for {room:,}."
            )
        return Forced(tuple(ids))

    def translate(
        self, text: str, *, pick: Pick = greedy, beam: int = 1, length_penalty: float = 0.6, truncate: bool = False
    ) -> str:
        """Translate a text: with the tokens that `pick` chooses, or with the best line of a beam wider than 1.

        Raises GlassheadError for a beam together with a `pick`, which a search does not use, and for logits that are
        not finite numbers.
        """
        if beam != 1 and pick is not greedy:
            raise GlassheadError("A pick and a beam are two ways of decoding: choose one.")
        if beam != 1:
            source, start = self.model.prompt(self._ids(text, truncate=truncate))
            found = beam_search(self.model, source, start=start, width=beam, length_penalty=length_penalty, count=1)
            return self.vocabulary.target.decode([*start, *found[0].ids])
        line = self.start(text, pick=pick, keep=None, truncate=truncate)
        while not line.done:
            if not line.rows.through(line.ids).max().isfinite():  # NaN if one of them is
                raise GlassheadError(NOT_FINITE)
            line.step()
        return line.text
