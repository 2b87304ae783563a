"""Whatever shape a model has, the explorer shows it, and the truth line agrees."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.tui.conftest import Explore

import glasshead
from glasshead import Codec, Vocabulary
from glasshead.checkpoints.load import load

SHAPES: dict[str, dict[str, Any]] = {
    "pre-norm": {"norm": "pre"},
    "learned positions": {"positions": "learned"},
    "window": {"window": 3},
    "no scale": {"scale": False},
    "one head": {"heads": 1},
    "many layers": {"encoder_layers": 9, "decoder_layers": 1},
    "d_k and d_v": {"d_k": 5, "d_v": 3},
    "another encoder": {"d_encoder": 24, "share_embeddings": False},
    "short": {"max_length": 4},
}

CORPUS = ["the black cat is sleeping", "a small dog", "le chat noir dort"] * 3
VOCABULARIES = {
    "words": Vocabulary.shared(Codec.train(CORPUS, vocab_size=9, level="word")),
    "two": Vocabulary(Codec.train(CORPUS, vocab_size=280), Codec.train(CORPUS, vocab_size=300)),
    "words to subwords": Vocabulary(
        Codec.train(CORPUS, vocab_size=7, level="word"), Codec.train(CORPUS, vocab_size=280)
    ),
    "subwords to words": Vocabulary(
        Codec.train(CORPUS, vocab_size=280), Codec.train(CORPUS, vocab_size=7, level="word")
    ),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
async def test_every_pane_of_every_model(explore: Explore, tiny: Path, tmp_path: Path, shape: dict[str, Any]) -> None:
    _, vocabulary, _ = load(tiny)
    usual: dict[str, Any] = {
        "d_model": 16,
        "heads": 2,
        "d_ff": 16,
        "encoder_layers": 1,
        "decoder_layers": 2,
        "max_length": 40,
    }
    torch.manual_seed(1)
    model = glasshead.Transformer(glasshead.Config(vocab_size=vocabulary.target.size, **{**usual, **shape}))
    glasshead.save(tmp_path / "model", model, vocabulary, {}, half=False)
    await every_pane(explore, tmp_path / "model", "cat")


@pytest.mark.parametrize("vocabulary", VOCABULARIES.values(), ids=VOCABULARIES.keys())
async def test_every_pane_of_every_vocabulary(explore: Explore, tmp_path: Path, vocabulary: Vocabulary) -> None:
    torch.manual_seed(1)
    usual: dict[str, Any] = {
        "d_model": 16,
        "heads": 2,
        "d_ff": 16,
        "encoder_layers": 1,
        "decoder_layers": 2,
        "max_length": 40,
    }
    sizes: dict[str, Any] = {"vocab_size": vocabulary.target.size, "source_vocab_size": vocabulary.source.size}
    model = glasshead.Transformer(glasshead.Config(share_embeddings=vocabulary.joint, **sizes, **usual))
    glasshead.save(tmp_path / "model", model, vocabulary, {}, half=False)
    await every_pane(explore, tmp_path / "model", "cat zebra")


async def test_the_source_has_its_own_names_and_an_unknown_word_is_seen(explore: Explore, twofold: Path) -> None:
    async with explore(checkpoint=twofold, text="the black zebra") as explorer:
        await explorer.until(lambda: explorer.screen.moment is not None)
        assert [token.text for token in explorer.moment.source] == ["▁the", "▁black", "<unk>", "</s>"]
        await explorer.until(lambda: "<unk>" in explorer.text and "black" in explorer.text)
        await explorer.press("i", "home", *["delete"] * 20, *"dog", "enter")
        await explorer.until(lambda: len(explorer.moment.source) == 2)
        assert explorer.moment.source[0].text == "▁dog"
        names = glasshead.Codec.load(twofold / "tokenizer.json")
        for token in explorer.moment.candidates:
            assert token.text == names.name(token.id)


async def test_a_run_in_training_is_explored_under_its_name(explore: Explore, tiny: Path, tmp_path: Path) -> None:
    run = tmp_path / "evening"
    shutil.copytree(tiny, run / "checkpoints" / "step-00000010")
    (run / "latest").write_text("checkpoints/step-00000010\n")
    async with explore(checkpoint=run) as explorer:
        await explorer.until(lambda: explorer.screen.moment is not None)
        await explorer.until(lambda: "evening" in explorer.text)
        assert "step-00000010" not in explorer.text


async def every_pane(explore: Explore, folder: Path, text: str) -> None:
    """Go through all that can be shown of a model; the truth line must agree."""
    async with explore(checkpoint=folder, text=text) as explorer:
        for number in (1, 2):
            await explorer.press("space")
            await explorer.step(number)
        looking = ("s", "right_square_bracket", "right_parenthesis", "k", "t")
        for number, pane in enumerate("mauvocASVFP"):
            await explorer.press(pane, "l", looking[number % len(looking)])
        await explorer.until(lambda: explorer.text.count("✓") >= 4)
        assert "✗" not in explorer.text
        await explorer.press("end")
        await explorer.until(lambda: explorer.moment.done)
        await explorer.press("enter", "space", "b", "b")
        await explorer.until(lambda: not explorer.moment.done)
