"""A checkpoint that is saved and loaded is the same model with the same vocabularies."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tests.core.checkpoints.damage import ENGLISH, FILES, FRENCH, complaint, numbers, two
from tests.core.helpers import OPTIONS, gap, ids, make

from glasshead import Codec, Transformer, Vocabulary, save
from glasshead.checkpoints.format import vocabulary as tokenizers_of
from glasshead.checkpoints.load import load
from glasshead.text import Level

ONE_VOCABULARY = {name: options for name, options in OPTIONS.items() if "source_vocab_size" not in options}


LEVELS: list[tuple[Level, Level]] = [("subword", "subword"), ("word", "subword"), ("subword", "word"), ("word", "word")]


@pytest.mark.parametrize("half", [False, True], ids=["whole", "half"])
@pytest.mark.parametrize("options", ONE_VOCABULARY.values(), ids=ONE_VOCABULARY)
def test_what_is_saved_comes_back(options: dict[str, Any], half: bool, vocabulary: Vocabulary, tmp_path: Path) -> None:
    model = make(101, vocab_size=vocabulary.target.size, **options)
    save(tmp_path / "mine", model, vocabulary, {"recipe": "none", "scores": {"exact": 0.5}}, half=half)
    assert {file.name for file in (tmp_path / "mine").iterdir()} == FILES
    again, words, card = load(tmp_path / "mine")
    assert again.config == model.config
    assert card == {"recipe": "none", "scores": {"exact": 0.5}}
    assert words.joint and words.target.encode("the cat") == vocabulary.target.encode("the cat")
    assert not again.training
    assert not any(parameter.requires_grad for parameter in again.parameters())
    ours, theirs = model.state_dict(), again.state_dict()
    assert set(ours) == set(theirs)
    for name, value in ours.items():
        assert theirs[name].dtype == torch.float32
        assert torch.equal(theirs[name], value.half().float() if half else value), name
    wanted = Transformer(model.config).eval().requires_grad_(False)
    wanted.load_state_dict({name: value.half().float() if half else value for name, value in ours.items()})
    assert gap(again(ids(5, 6, 2), ids(1, 4)), wanted(ids(5, 6, 2), ids(1, 4))) == 0
    assert all(buffer.device.type == "cpu" for buffer in again.buffers())


@pytest.mark.parametrize("levels", LEVELS, ids="-".join)
def test_two_vocabularies_come_back_each_on_its_side(levels: tuple[Level, Level], tmp_path: Path) -> None:
    words, model = two(*levels)
    folder = tmp_path / "mine"
    save(folder, model, words, {"recipe": "none"}, half=False)
    assert {file.name for file in folder.iterdir()} == FILES | {"source-tokenizer.json"}
    again, read, card = load(folder)
    assert (read.source.level, read.target.level) == levels and not read.joint
    assert numbers(again) == numbers(model) and again.config == model.config and card == {"recipe": "none"}
    for side, ours, theirs in (("", words.target, read.target), ("source-", words.source, read.source)):
        own = Codec.load(folder / f"{side}tokenizer.json")
        for text in (*ENGLISH[:2], *FRENCH[:2], "zebra 漢 <unk>"):
            assert ours.encode(text) == theirs.encode(text) == own.encode(text)
    alone = tokenizers_of(folder)
    assert alone.source.encode(ENGLISH[0]) == words.source.encode(ENGLISH[0])
    assert alone.target.encode(FRENCH[0]) == words.target.encode(FRENCH[0])
    source, target = (f"{codec.size} {codec.level}s" for codec in (words.source, words.target))
    assert f"{source} of the source and {target} of the target" in (folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("level", ["subword", "word"])
def test_one_vocabulary_is_one_again(level: Level, tmp_path: Path) -> None:
    codec = Codec.train([*ENGLISH, *FRENCH], vocab_size=300, level=level)
    save(tmp_path / "mine", make(110, vocab_size=codec.size), Vocabulary.shared(codec))
    again, read, _ = load(tmp_path / "mine")
    assert read.joint and tokenizers_of(tmp_path / "mine").joint and read.target.level == level
    assert again.target.weight is again.source.weight
    assert f"{codec.size} {level}s." in (tmp_path / "mine" / "README.md").read_text(encoding="utf-8")


def test_tied_weights_are_stored_once_and_tied_again(vocabulary: Vocabulary, tmp_path: Path) -> None:
    model = make(102, vocab_size=vocabulary.target.size)
    save(tmp_path / "mine", model, vocabulary)
    assert "target.weight" not in load_file(tmp_path / "mine" / "model.safetensors")
    again, *_ = load(tmp_path / "mine")
    assert again.target.weight is again.source.weight
    assert sum(p.numel() for p in again.parameters()) == sum(p.numel() for p in model.parameters())


def test_half_is_half_the_size(vocabulary: Vocabulary, tmp_path: Path) -> None:
    model = make(103, vocab_size=vocabulary.target.size, d_model=64, d_ff=128)
    for half in (False, True):
        save(tmp_path / str(half), model, vocabulary, half=half)
    sizes = [(tmp_path / str(half) / "model.safetensors").stat().st_size for half in (False, True)]
    assert sizes[1] / sizes[0] == pytest.approx(0.5, abs=0.03)


def test_saving_leaves_the_model_as_it_was(vocabulary: Vocabulary, tmp_path: Path) -> None:
    model = make(104, vocab_size=vocabulary.target.size).train().requires_grad_(True)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    save(tmp_path / "mine", model, vocabulary)
    assert model.training
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_one_vocabulary_in_place_of_two_leaves_none_of_the_source(vocabulary: Vocabulary, tmp_path: Path) -> None:
    words, model = two()
    folder = tmp_path / "mine"
    save(folder, model, words)
    with (folder / "config.json").open("rb") as file:
        kept = file.read()
    save(folder, make(vocab_size=vocabulary.target.size), vocabulary)
    assert {file.name for file in folder.iterdir()} == FILES
    assert load(folder)[1].joint
    (folder / "source-tokenizer.json").write_text("as if it could not be removed")
    assert load(folder)[1].joint
    (folder / "config.json").write_bytes(kept)
    complaint(folder)


def test_the_sums_are_those_of_the_files(copy: Path) -> None:
    kept = json.loads((copy / "config.json").read_text())["sha256"]
    names = ("model.safetensors", "tokenizer.json")
    assert kept == {name: hashlib.sha256((copy / name).read_bytes()).hexdigest() for name in names}


def test_a_checkpoint_from_before_the_sums_is_read(copy: Path) -> None:
    content = json.loads((copy / "config.json").read_text())
    before = numbers(load(copy)[0])
    del content["sha256"]
    (copy / "config.json").write_text(json.dumps(content))
    assert numbers(load(copy)[0]) == before


def test_the_card_is_a_page_that_no_value_can_break(vocabulary: Vocabulary, tmp_path: Path) -> None:
    card = {"data": "a | b\nc", "scores": {"bleu": 41.5, "exact": 0.9}, "seed": 3}
    save(tmp_path / "mine", make(vocab_size=vocabulary.target.size), vocabulary, card)
    page = (tmp_path / "mine" / "README.md").read_text(encoding="utf-8")
    save(tmp_path / ".mine.part", make(vocab_size=vocabulary.target.size), vocabulary, card, name="mine")
    assert (tmp_path / ".mine.part" / "README.md").read_text(encoding="utf-8") == page
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    assert page.startswith("# mine\n")
    assert all(line.count("|") == 3 for line in rows[1:])
    assert any("bleu 41.5" in line for line in rows)
    assert load(tmp_path / "mine")[2] == card
