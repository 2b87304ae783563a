"""Fixtures of several rooms: a tiny checkpoint that was never trained; every number in it is arbitrary."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine may be slow at any moment; that says nothing of what is tested. EXAMPLES=1000 looks further.
settings.register_profile("patient", deadline=None, max_examples=int(os.environ.get("EXAMPLES", "40")))
settings.load_profile("patient")

# The models of the tests are tiny: threads would only wait for each other, and on a busy machine for long. Set before
# torch is imported, and inherited by the commands that tests run. What measures with more threads asks for them itself.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_finish() -> None:
    """Let garbage be looked for in what tests make, and no longer in all that has been imported."""
    gc.freeze()


LINES = [
    "the black cat is sleeping",
    "the small house is red",
    "a dog does not see the cat",
    "le chat noir dort",
    "la petite maison est rouge",
    "un chien ne voit pas le chat",
]


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A place of the tests' own for what is remembered of folders, and of sentences."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a checkpoint named `tiny`: 2 + 2 layers, 4 heads, d_model 32, sources of at most 47 tokens."""
    folder = tmp_path_factory.mktemp("checkpoints") / "tiny"
    make_tiny(folder)
    return folder


def make_tiny(folder: Path) -> None:
    """Save the checkpoint `tiny` as a folder."""
    import torch

    from glasshead.checkpoints.save import save
    from glasshead.model import Config, Transformer
    from glasshead.text import Codec, Vocabulary

    codec = Codec.train(LINES * 3, vocab_size=400)
    config = Config(
        vocab_size=codec.size, d_model=32, heads=4, d_ff=64, encoder_layers=2, decoder_layers=2, max_length=48
    )
    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = Transformer(config)
    save(
        folder,
        model,
        Vocabulary.shared(codec),
        {"examples": ["the black cat", "a dog"], "test": {"exact_match": 0.125}},
    )


@pytest.fixture(scope="session")
def twofold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a checkpoint that reads English words and writes French subwords, with a vocabulary for each."""
    import torch

    from glasshead.checkpoints.save import save
    from glasshead.model import Config, Transformer
    from glasshead.text import Codec, Vocabulary

    vocabulary = Vocabulary(
        source=Codec.train(LINES[:3], vocab_size=40, level="word"), target=Codec.train(LINES[3:] * 3, vocab_size=350)
    )
    config = Config(
        vocab_size=vocabulary.target.size, source_vocab_size=vocabulary.source.size, share_embeddings=False,
        d_model=32, heads=4, d_ff=64, encoder_layers=2, decoder_layers=2, max_length=48,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(11)
        model = Transformer(config)
    folder = tmp_path_factory.mktemp("checkpoints") / "twofold"
    save(folder, model, vocabulary, {"examples": ["the black cat"]})
    return folder


HOSTILE = ["\x1b[2J", "\x1b]0;owned\x07", "\u202etxt", "\x9b31m", "[red]", "[/]", "[@click=app.quit]"]
"""Text that a terminal, or a library that draws on one, might obey."""


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint whose vocabulary and card hold escape sequences, bidi controls and markup."""
    import torch

    from glasshead.checkpoints.save import save
    from glasshead.model import Config, Transformer
    from glasshead.text import Codec, Vocabulary

    codec = Codec.train(HOSTILE * 5, vocab_size=400)
    config = Config(
        vocab_size=codec.size, d_model=16, heads=2, d_ff=32, encoder_layers=1, decoder_layers=1, max_length=48
    )
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = Transformer(config)
    folder = tmp_path_factory.mktemp("hostile") / "\x1b[2Jname[red]"
    save(
        folder,
        model,
        Vocabulary.shared(codec),
        {"examples": HOSTILE, "test": {"exact_match": 0.5}, "note": "\x1b]0;owned\x07"},
    )
    return folder
