"""A checkpoint to damage, and a vocabulary to save."""

import shutil
from pathlib import Path

import pytest

from glasshead import Codec, Vocabulary


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.shared(Codec.train(["the black cat is sleeping", "le chat noir dort"] * 3, vocab_size=300))


@pytest.fixture
def copy(tiny: Path, tmp_path: Path) -> Path:
    """A checkpoint that may be broken."""
    return Path(shutil.copytree(tiny, tmp_path / "tiny"))
