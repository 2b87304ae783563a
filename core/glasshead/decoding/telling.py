"""Telling: what a recording says of a line besides its captured values.

It is noted when the line is looked at, and told when that is saved: meanwhile the line may have gone on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from glasshead.decoding.protocols import Names
from glasshead.decoding.rows import Rows
from glasshead.text import Token
from glasshead.traces import file
from glasshead.traces.header import Provenance


@dataclass(frozen=True)
class Telling:
    """See the module."""

    rows: Rows
    names: Names
    about: Provenance
    ids: Sequence[int]
    """The target, the prompt included."""
    probabilities: Sequence[float | None]
    """One for each of them, None for those of the prompt."""
    prompt: int
    """Tokens of the prompt."""
    logits: Sequence[Tensor]
    """Logits after each row: v."""

    def __call__(self) -> file.Line:
        """Tell it."""
        model, made = self.rows.model, self.names.tokens(self.ids)
        prompt, chances = self.prompt, self.probabilities
        if not self.rows.lasting:  # earlier steps had other values: this one stands alone
            prompt, chances = len(self.ids), [None] * len(self.ids)
        return file.Line(
            about=self.about,
            limits=(model.limits.text, model.limits.target),
            ends=model.ends,
            size=model.size,
            target=tuple(Token(token.id, token.text, p) for token, p in zip(made, chances, strict=True)),
            prompt=prompt,
            texts=tuple(self.names.decode(self.ids[:count]) for count in range(prompt, len(self.ids) + 1)),
            names=self.names.tokens,
            logits=self.logits,
            edited=self.rows.watch.names,
            blanks=self.rows.blanks,
        )

    def save(self, path: str | Path, *, measured: tuple[float, int] | None, changed: str, overwrite: bool) -> Path:
        """Write a recording; return its path. measured: result of `Rows.verify` · changed: as for `Stepper.save`."""
        line = self()
        about = replace(line.about, changed=changed or line.about.changed)
        return file.save(path, self.rows.record, replace(line, about=about, measured=measured), overwrite=overwrite)
