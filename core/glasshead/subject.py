"""Subject: what can be explored, and `load`, the one door to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from glasshead.anatomy import Kind
from glasshead.checkpoints import load as checkpoint
from glasshead.checkpoints.find import locate
from glasshead.decoding.beam import beam_search
from glasshead.decoding.pick import Pick, greedy
from glasshead.decoding.stepper import Stepper
from glasshead.errors import GlassheadError, TooLongError
from glasshead.model import Config, Transformer
from glasshead.tap import Change
from glasshead.text import Token, Vocabulary
from glasshead.traces.record import BUDGET


@dataclass(frozen=True)
class Subject:
    """A model with its vocabulary, ready to decode."""

    name: str
    model: Transformer
    vocabulary: Vocabulary
    folder: Path | None = None
    card: Mapping[str, Any] = field(default_factory=dict)

    @property
    def config(self) -> Config:
        """The shape of the model."""
        return self.model.config

    @property
    def limit(self) -> int:
        """Most tokens of a source, its end token not counted."""
        return self.config.max_length - 1

    @property
    def parameters(self) -> int:
        """Numbers that were learnt; a shared matrix counts once."""
        return sum(parameter.numel() for parameter in self.model.parameters())

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of attention, in the order in which a token meets them."""
        config = self.config
        return (
            Kind("encoder self", "encoder", "self", config.encoder_layers, config.heads),
            Kind("decoder self (masked)", "decoder", "self", config.decoder_layers, config.heads),
            Kind("decoder → encoder", "decoder", "cross", config.decoder_layers, config.heads),
        )

    def changed(self, **fields: Any) -> "Subject":
        """The same weights in a model of which some fields of Config are others, e.g. `scale=False`.

        What a field takes away is left out. Raises GlassheadError for a change under which the weights do not fit.
        """
        try:
            config = replace(self.config, **fields)
        except TypeError as error:
            raise GlassheadError(f"A model has no such field: {error}.") from None
        with torch.random.fork_rng(devices=[]):
            model = Transformer(config)
        own, given = model.state_dict(), self.model.state_dict()
        odd = [name for name in own if name not in given or own[name].shape != given[name].shape]
        if odd:
            raise GlassheadError(f"The weights of {self.name} do not fit the changed model: {odd[0]} is another.")
        model.load_state_dict({name: given[name] for name in own})
        return replace(self, model=model.eval().requires_grad_(False))

    def encode(self, text: str, *, truncate: bool = False) -> list[Token]:
        """The tokens of a source, the end token last. truncate: keep what fits of a text that is too long.

        Raises GlassheadError for an empty text, and TooLongError, with the limit, for one that does not fit.
        """
        codec = self.vocabulary.source
        ids = codec.encode(text)
        if not ids:
            raise GlassheadError("There is no text to translate: give a sentence.")
        if len(ids) > self.limit and not truncate:
            raise TooLongError(
                f"The text has {len(ids):,} tokens; this model takes at most {self.limit:,}. Shorten it."
            )
        return codec.tokens([*ids[: self.limit], self.config.eos_id])

    def start(
        self,
        text: str,
        *,
        pick: Pick = greedy,
        keep: Iterable[str] | None = ("*",),
        edit: Mapping[str, Change] | None = None,
        truncate: bool = False,
        budget: int = BUDGET,
    ) -> Stepper:
        """Encode a text once and stand before the first step. See `Stepper` and `encode` for options and errors."""
        ids = [token.id for token in self.encode(text, truncate=truncate)]
        return Stepper(
            self.model, self.vocabulary, ids, kinds=self.kinds, pick=pick, keep=keep, edit=edit, budget=budget
        )

    def translate(
        self, text: str, *, pick: Pick = greedy, beam: int = 1, length_penalty: float = 0.6, truncate: bool = False
    ) -> str:
        """The translation of a text: as `pick` has it, or with a beam wider than 1 the best line of beam search.

        Raises GlassheadError for a beam together with a `pick` of one's own: a search picks nothing.
        """
        if beam != 1 and pick is not greedy:
            raise GlassheadError("A pick and a beam are two ways of decoding: choose one.")
        if beam != 1:
            ids = [token.id for token in self.encode(text, truncate=truncate)]
            found = beam_search(self.model, ids, width=beam, length_penalty=length_penalty, count=1)
            return self.vocabulary.target.decode(found[0].ids)
        line = self.start(text, pick=pick, keep=None, truncate=truncate)
        while not line.done:
            line.step()
        return line.text


def load(name: str | Path) -> Subject:
    """Open a checkpoint: a bundled name, a name under ./checkpoints, or a folder, of a run in training too.

    Raises GlassheadError with a sentence for whatever is missing, damaged, foreign or does not fit.
    """
    folder, title = locate(name)
    model, vocabulary, card = checkpoint.load(folder)
    return Subject(title, model, vocabulary, folder, card)


def first_sentence(subject: "Subject") -> str:
    """What to decode where nobody has said: the first example on the model's card."""
    examples = subject.card.get("examples")
    if not isinstance(examples, list) or not examples or not isinstance(examples[0], str):
        raise GlassheadError(f"What shall {subject.name} decode? Its card has no examples: give a sentence (--text).")
    return examples[0]
