"""`--features`: the commands decode a sound with a model that hears, and refuse one that nothing hears."""

from pathlib import Path

import numpy
import pytest
import torch
from tests.cli.conftest import Glasshead, strictly
from tests.core.adapters.huggingface.folders import save
from tests.core.adapters.huggingface.tiny import sound_of

import glasshead as core


@pytest.fixture
def whisper(here: Path) -> Path:
    """A model that hears, with a sound beside it."""
    module = save("whisper", here / "whisper")
    numpy.save(here / "hello.npy", sound_of(module)[0].numpy())
    return here


def test_a_sound_is_decoded_by_every_command(glasshead: Glasshead, whisper: Path) -> None:
    subject = core.load(whisper / "whisper", features="hello.npy")
    expected = subject.translate("hello.npy")
    hears = ("whisper", "--features", "hello.npy")
    assert glasshead("translate", *hears).out.rstrip("\n") == expected.rstrip("\n")
    told = glasshead("explore", *hears, "--plain", "--steps", "2")
    assert told.status == 0 and "0.00 s 0.02 s" in told.out and "encoder not shown" in told.out
    traced = strictly(glasshead("trace", *hears, "--steps", "2", "--format", "json").out)
    assert [token["text"] for token in traced["source"]][-1] == "0.10 s"
    line = subject.start("hello.npy")
    line.goto(2)
    for site, found in traced["sites"].items():
        assert torch.allclose(torch.tensor(found["values"]), line.trace[site], atol=1e-6)


def test_what_nothing_hears_is_refused(glasshead: Glasshead, whisper: Path) -> None:
    for words, sentence in (
        (("explore", "whisper", "--plain"), "hears sound: give it the features of a sound"),
        (("translate", "whisper", "a dog"), "hears sound and reads no text"),
        (("translate", "whisper", "a dog", "--features", "hello.npy"), "hears hello.npy and reads no text"),
        (("trace", "whisper"), "Which sentence? Give one in quotes"),
        (("explore", "tiny", "--features", "hello.npy", "--plain"), "tiny reads text and hears nothing"),
        (("explore", "whisper", "--features", "none.npy", "--plain"), "none.npy cannot be read: No such file"),
        (("explore", "whisper", "--features", "x" * 4000, "--plain"), "cannot be read: File name too long"),
        (("translate", "whisper", "--features", "x" * 4000), "cannot be read: File name too long"),
    ):
        result = glasshead(*words)
        assert result.status == 2 and result.out == ""
        assert sentence in " ".join(result.err.split()), (words, result.err)
