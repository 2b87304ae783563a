"""Link: which part of a source made which part of its target, as the recipe that wrote the pair knows it.

Gold of this kind is what an alignment is measured against (Och and Ney 2003): a *sure* link is one that a person would
draw, a *possible* one is one that nobody would call wrong. Positions are characters of the two texts.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Unit = Literal["word", "token"]
"""What is linked: whole words, each digit and each mark on its own; or single tokens."""
Span = tuple[int, int]
"""First character, and the one behind the last."""

_WORD = re.compile(r"[^\W\d_]+'?|\S")


@dataclass(frozen=True, slots=True, order=True)
class Link:
    """One link."""

    source: Span
    target: Span
    sure: bool = True


@dataclass(frozen=True, kw_only=True)
class Gold:
    """What a recipe knows about the pairs that it writes."""

    links: Callable[[str, str], tuple[Link, ...]]
    """From source and target to their links; empty where nothing is known."""
    unit: Unit = "word"
    lacks: str = ""
    """What it leaves out, in a sentence."""


def words(text: str) -> tuple[Span, ...]:
    """Split a text into words, as the vocabularies do: letters with an apostrophe at their end, or one other character.

    `l'arc-en-ciel` is l' · arc · - · en · - · ciel.
    """
    return tuple(found.span() for found in _WORD.finditer(text))
