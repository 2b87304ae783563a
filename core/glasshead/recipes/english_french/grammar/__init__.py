"""The grammar: kinds of sentences and their frequencies. Every choice is drawn from the given generator.

Each function of this package draws one kind of phrase, clause or sentence; `generate` draws among the sentences. The
modules `phrase` and `clause` outside write the result in both languages.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from .. import french as fr
from .chance import Words, pick, weighted
from .compound import joined
from .people import NAMES
from .questions import question
from .statements import answer, existence, order, statement, this_is, weather
from .verbs import BE, GO, HAVE

__all__ = ["BE", "GO", "HAVE", "NAMES", "generate"]


SENTENCES: list[Callable[[random.Random], Words]] = weighted(
    {statement: 56, question: 14, joined: 19, existence: 4, order: 3, this_is: 2, weather: 1, answer: 1}
)
LONGEST = 24  # words of a source sentence


def generate(rng: random.Random) -> Words:
    """Draw a pair, (English, French): lower case; a final stop in a third of the statements, the same in both."""
    source = target = ""
    while not source or source.count(" ") >= LONGEST:
        source, target = pick(rng, SENTENCES)(rng)
    target = fr.spell(target)
    if source.endswith("?"):
        source = source[:-2] + "?"
    elif rng.random() < 0.34:
        source += "."
        target += "."
    return source.replace(" ,", ","), target.replace(" ,", ",")
