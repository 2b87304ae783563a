"""Checkpoints of the tests, and ways to damage them."""

from pathlib import Path
from typing import Any

import pytest
from tests.core.helpers import make

from glasshead import Codec, GlassheadError, Transformer, Vocabulary
from glasshead.checkpoints.load import load
from glasshead.text import Level

FILES = {"config.json", "model.safetensors", "tokenizer.json", "README.md"}


ENGLISH, FRENCH = ["the black cat is sleeping", "a dog sees the cat"] * 3, ["le chat noir dort", "un chien dort"] * 3


def two(source: Level = "subword", target: Level = "subword") -> tuple[Vocabulary, Transformer]:
    """A vocabulary for each side, and a model of their sizes."""
    words = Vocabulary(
        Codec.train(ENGLISH, vocab_size=290, level=source), Codec.train(FRENCH, vocab_size=280, level=target)
    )
    source_size = words.source.size
    return words, make(109, share_embeddings=False, vocab_size=words.target.size, source_vocab_size=source_size)


def complaint(folder: Path) -> str:
    with pytest.raises(GlassheadError) as caught:
        load(folder)
    return str(caught.value)


def numbers(model: Transformer) -> dict[str, Any]:
    """The parameters as lists, to compare."""
    return {name: value.tolist() for name, value in model.state_dict().items()}
