"""Checkpoints: what is saved comes back; whatever is missing, cut short, foreign or misfit is told in a sentence."""

import errno
import hashlib
import json
import os
import random
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.core.helpers import OPTIONS, gap, ids, make

import glasshead
from glasshead import Codec, GlassheadError, Transformer, Vocabulary, available, save
from glasshead.checkpoints.find import find, locate
from glasshead.checkpoints.format import describe
from glasshead.checkpoints.format import vocabulary as tokenizers_of
from glasshead.checkpoints.load import load
from glasshead.text import Level

ONE_VOCABULARY = {name: options for name, options in OPTIONS.items() if "source_vocab_size" not in options}
FILES = {"config.json", "model.safetensors", "tokenizer.json", "README.md"}
ENGLISH, FRENCH = ["the black cat is sleeping", "a dog sees the cat"] * 3, ["le chat noir dort", "un chien dort"] * 3
LEVELS: list[tuple[Level, Level]] = [("subword", "subword"), ("word", "subword"), ("subword", "word"), ("word", "word")]


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.shared(Codec.train(["the black cat is sleeping", "le chat noir dort"] * 3, vocab_size=300))


def two(source: Level = "subword", target: Level = "subword") -> tuple[Vocabulary, Transformer]:
    """A vocabulary for each side, and a model of their sizes."""
    words = Vocabulary(
        Codec.train(ENGLISH, vocab_size=290, level=source), Codec.train(FRENCH, vocab_size=280, level=target)
    )
    sizes = {"vocab_size": words.target.size, "source_vocab_size": words.source.size}
    return words, make(109, share_embeddings=False, **sizes)


@pytest.fixture
def copy(tiny: Path, tmp_path: Path) -> Path:
    """A checkpoint that may be broken."""
    return Path(shutil.copytree(tiny, tmp_path / "tiny"))


def change(folder: Path, **changes: Any) -> None:
    """Another value in the config of a checkpoint."""
    path = folder / "config.json"
    content = json.loads(path.read_text())
    content["config"] |= changes
    path.write_text(json.dumps(content))


def complaint(folder: Path) -> str:
    with pytest.raises(GlassheadError) as caught:
        load(folder)
    return str(caught.value)


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


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_file_cut_short_anywhere_is_found_out(name: str, copy: Path) -> None:
    whole = (copy / name).read_bytes()
    draw = random.Random(name)
    cuts = {0, 1, 7, 8, 9, len(whole) // 2, len(whole) - 2, *(draw.randrange(len(whole) - 1) for _ in range(40))}
    for cut in sorted(cuts):
        (copy / name).write_bytes(whole[:cut])
        told = complaint(copy)
        assert name in told or str(copy) in told, (cut, told)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_file_of_anything_is_found_out(name: str, copy: Path) -> None:
    draw = random.Random(name)
    for content in (b"\x00" * 100, b"\xff\xfe\x00", b"PK\x03\x04", b"{}", b"[]", b"null", b"1" * 5000, b"[" * 100_000,
                    b'{"a":' * 50_000, draw.randbytes(1000), "é".encode("latin-1")):  # fmt: skip
        (copy / name).write_bytes(content)
        assert name in complaint(copy) or str(copy) in complaint(copy)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_file_that_is_missing_or_a_folder_is_named(name: str, copy: Path) -> None:
    (copy / name).unlink()
    assert name in complaint(copy)
    (copy / name).mkdir()
    assert name in complaint(copy)


def test_bytes_after_the_end_are_found_out(copy: Path) -> None:
    with (copy / "model.safetensors").open("ab") as file:
        file.write(b"more")
    assert "model.safetensors" in complaint(copy)


def test_a_hugging_face_folder_is_called_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "marian", "architectures": ["MarianMTModel"]}')
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x02}q\x00.")
    told = complaint(tmp_path)
    assert "Hugging Face" in told
    assert "marian" in told
    (tmp_path / "config.json").unlink()
    with pytest.raises(GlassheadError, match=r"config\.json"):
        glasshead.load(tmp_path)


def test_weights_that_are_only_a_pickle_are_never_opened(copy: Path) -> None:
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    assert "model.safetensors" in complaint(copy)


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_version_is_named(version: Any, copy: Path) -> None:
    content = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(content | {"version": version}))
    assert repr(version) in complaint(copy)
    assert "version 1" in complaint(copy)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"d_ff": 32}, ["inner", "64", "32"]),
        ({"encoder_layers": 3}, ["encoder.layers.2", "lacks"]),
        ({"decoder_layers": 1}, ["decoder.layers.1", "does not know"]),
        ({"norm": "pre"}, ["norm", "lacks"]),
        ({"positions": "learned"}, ["positions", "lacks"]),
        ({"share_embeddings": False}, ["project.weight", "lacks"]),
        ({"heads": 3}, ["3 heads"]),
        ({"heads": "4"}, ["heads is '4'"]),
        ({"d_ff": None}, ["d_ff is None"]),
        ({"d_model": 32.0}, ["d_model is 32.0"]),
        ({"dropout": "x"}, ["dropout is 'x'"]),
        ({"dropout": []}, ["config.json"]),
        ({"norm": []}, ["norm is []"]),
        ({"max_length": None}, ["max_length is None"]),
        ({"max_length": 1 << 40}, ["max_length"]),
        ({"encoder_layers": 10**9}, ["layers"]),
        ({"d_model": 1 << 40, "heads": 1}, ["config.json"]),
        ({"rotary": True}, ["rotary"]),
        ({"vocab_size": 10}, ["source.weight"]),
    ],
)
def test_a_config_that_is_not_of_these_weights(changes: dict[str, Any], named: list[str], copy: Path) -> None:
    change(copy, **changes)
    told = complaint(copy)
    assert all(part in told for part in named), told


def test_tensors_too_many_too_few_and_of_another_shape(copy: Path) -> None:
    path = copy / "model.safetensors"
    whole = {name: tensor.clone() for name, tensor in load_file(path).items()}  # not the file itself, written below
    name = "decoder.layers.1.cross.sublayer.key.weight"
    cases: list[tuple[dict[str, torch.Tensor], list[str]]] = [
        ({n: t for n, t in whole.items() if n != name}, [name, "lacks"]),
        ({n: t for n, t in whole.items() if n != "source.weight"}, ["source.weight", "lacks"]),
        (whole | {"extra.weight": torch.ones(1)}, ["extra.weight"]),
        (whole | {name: torch.ones(32, 31)}, [name, "(32, 31)", "(32, 32)"]),
        (whole | {name: torch.ones(1024)}, [name, "(1024,)"]),
        ({}, ["model.safetensors"]),
    ]
    for tensors, named in cases:
        save_file(tensors, path)
        assert all(part in complaint(copy) for part in named), complaint(copy)


def test_a_tokenizer_of_another_size_does_not_fit(copy: Path, vocabulary: Vocabulary, tmp_path: Path) -> None:
    size = Codec.load(copy / "tokenizer.json").size
    vocabulary.target.save(copy / "tokenizer.json")
    assert vocabulary.target.size != size
    told = complaint(copy)
    assert str(vocabulary.target.size) in told
    assert str(size) in told
    with pytest.raises(GlassheadError, match=f"{vocabulary.target.size} subwords"):
        save(tmp_path / "new", make(vocab_size=vocabulary.target.size + 1), vocabulary)
    assert not (tmp_path / "new").exists()


def test_two_vocabularies_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    words, model = two()
    sizes = (words.source.size, words.target.size)
    assert sizes[0] != sizes[1]
    for vocabulary, misfit, told in (
        (Vocabulary(words.target, words.source), model, [f"{sizes[1]} subwords of the source", f"{sizes[0]} for the"]),
        (Vocabulary.shared(words.target), model, [f"{sizes[1]} subwords", f"{sizes[0]} for the source"]),
        (words, make(vocab_size=sizes[1]), [f"{sizes[0]} subwords of the source", f"{sizes[1]} for the source"]),
    ):
        with pytest.raises(GlassheadError, match="do not belong together") as caught:
            save(tmp_path / "new", misfit, vocabulary)
        assert all(part in str(caught.value) for part in told), caught.value
    like = Codec.train([line.upper() for line in FRENCH], vocab_size=280)
    assert like.size == words.target.size
    with pytest.raises(GlassheadError, match="one embedding matrix for both sides"):
        save(tmp_path / "new", make(vocab_size=like.size), Vocabulary(like, words.target))
    assert not (tmp_path / "new").exists()


def test_the_tokenizer_of_the_source_is_missed_and_believed_only_if_it_is_the_one(tmp_path: Path) -> None:
    words, model = two("word", "word")
    folder = tmp_path / "mine"
    save(folder, model, words)
    path = folder / "source-tokenizer.json"
    whole = path.read_bytes()
    path.write_bytes(whole + b"\n")
    assert "do not belong together" in complaint(folder) and path.name in complaint(folder)
    path.write_bytes(whole[:100])
    assert f"{path} is not a whole source-tokenizer.json" in complaint(folder)
    shutil.copy(folder / "tokenizer.json", path)
    assert "do not belong together" in complaint(folder)
    path.unlink()
    assert path.name in complaint(folder)
    path.write_bytes(whole)
    load(folder)


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


@pytest.mark.parametrize("move", range(6))
def test_a_save_of_two_vocabularies_cut_short_is_the_old_one_the_new_one_or_refused(
    move: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words, new = two()
    other = Vocabulary(
        *(
            Codec.train([line[::-1] for line in lines], vocab_size=size)
            for lines, size in ((ENGLISH, 290), (FRENCH, 280))
        )
    )
    old = make(111, share_embeddings=False, vocab_size=other.target.size, source_vocab_size=other.source.size)
    folder = tmp_path / "mine"
    save(folder, old, other, {"which": "old"}, half=False)
    names = FILES | {"source-tokenizer.json"}
    moved: list[Path] = []
    replace = Path.replace

    def fail(part: Path, place: Path) -> Path:
        if place.name in names:
            if len(moved) == move:
                raise KeyboardInterrupt
            moved.append(place)
        return replace(part, place)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        if move < 5:
            with pytest.raises(KeyboardInterrupt):
                save(folder, new, words, {"which": "new"}, half=False)
        else:
            save(folder, new, words, {"which": "new"}, half=False)
    assert {file.name for file in folder.iterdir()} == names
    if move in (0, 5):
        model, read, card = load(folder)
        wanted, theirs, which = (new, words, "new") if move else (old, other, "old")
        assert card == {"which": which} and numbers(model) == numbers(wanted)
        assert read.source.encode(ENGLISH[0]) == theirs.source.encode(ENGLISH[0])
        assert read.target.encode(FRENCH[0]) == theirs.target.encode(FRENCH[0])
    else:
        assert str(folder) in complaint(folder)


def interrupted_writes(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> list[Callable[[], None]]:
    """Ways for a save to end before it is done."""

    def fail(*_: Any, **__: Any) -> Any:
        raise error

    def third_flush() -> None:
        calls = [0]
        flush = os.fsync

        def sync(number: int) -> None:
            calls[0] += 1
            if calls[0] == 3:
                raise error
            flush(number)

        monkeypatch.setattr(os, "fsync", sync)

    return [
        lambda: monkeypatch.setattr("safetensors.torch.save_file", fail),
        lambda: monkeypatch.setattr(Codec, "save", fail),
        lambda: monkeypatch.setattr(Path, "write_text", fail),
        lambda: monkeypatch.setattr(os, "fsync", fail),
        third_flush,
    ]


@pytest.mark.parametrize("way", range(5))
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "ctrl-c"])
def test_an_interrupted_save_leaves_the_old_checkpoint_whole(
    way: int, error: BaseException, copy: Path, vocabulary: Vocabulary, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {file.name: file.read_bytes() for file in copy.iterdir()}
    model = make(105, vocab_size=vocabulary.target.size)
    with monkeypatch.context() as patch:
        interrupted_writes(patch, error)[way]()
        wanted = GlassheadError if isinstance(error, OSError) else KeyboardInterrupt
        with pytest.raises(wanted) as caught:
            save(copy, model, vocabulary)
    if isinstance(error, OSError):
        assert "No space left" in str(caught.value)
    assert {file.name: file.read_bytes() for file in copy.iterdir()} == before, "and nothing beside it"
    load(copy)
    save(copy, model, vocabulary)
    again, *_ = load(copy)
    assert again.config == model.config


def numbers(model: Transformer) -> dict[str, Any]:
    """The parameters as lists, to compare."""
    return {name: value.tolist() for name, value in model.state_dict().items()}


@pytest.mark.parametrize("move", range(5))
@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), KeyboardInterrupt()], ids=["i/o", "ctrl-c"])
def test_a_save_cut_short_between_two_moves_is_the_old_one_the_new_one_or_refused(
    move: int, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have the same shape and vocabularies of one size: nothing but the sums tells them apart."""
    texts = ["the black cat is sleeping"], ["le chien blanc dort ici"]
    old_codec, new_codec = (Codec.train(lines * 3, vocab_size=275) for lines in texts)
    assert old_codec.size == new_codec.size
    assert old_codec.encode("the cat") != new_codec.encode("the cat")
    old, new = (make(seed, vocab_size=old_codec.size) for seed in (106, 107))
    folder = tmp_path / "mine"
    save(folder, old, Vocabulary.shared(old_codec), {"which": "old"}, half=False)
    moved: list[Path] = []
    replace = Path.replace

    def fail(part: Path, place: Path) -> Path:
        if place.name in FILES:  # a move into the checkpoint, and not one of a writer beside it
            if len(moved) == move:
                raise error
            moved.append(place)
        return replace(part, place)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        if move < 4:
            with pytest.raises(GlassheadError if isinstance(error, OSError) else KeyboardInterrupt):
                save(folder, new, Vocabulary.shared(new_codec), {"which": "new"}, half=False)
        else:
            save(folder, new, Vocabulary.shared(new_codec), {"which": "new"}, half=False)
    assert {file.name for file in folder.iterdir()} == FILES
    if move in (0, 4):
        model, words, card = load(folder)
        wanted, codec, which = (new, new_codec, "new") if move else (old, old_codec, "old")
        assert card == {"which": which}
        assert words.target.encode("the cat") == codec.encode("the cat")
        assert numbers(model) == numbers(wanted)
    else:
        told = complaint(folder)
        assert "do not belong together" in told and "cut short" in told and str(folder) in told
    save(folder, new, Vocabulary.shared(new_codec), {"which": "new"})
    assert load(folder)[2] == {"which": "new"}


def test_the_sums_are_those_of_the_files(copy: Path) -> None:
    kept = json.loads((copy / "config.json").read_text())["sha256"]
    names = ("model.safetensors", "tokenizer.json")
    assert kept == {name: hashlib.sha256((copy / name).read_bytes()).hexdigest() for name in names}


def test_a_foreign_file_that_fits_is_refused(copy: Path, tmp_path: Path) -> None:
    for name, harm in (
        ("tokenizer.json", lambda text: text + b"\n"),
        ("model.safetensors", lambda content: content[:-1] + bytes([content[-1] ^ 1])),
    ):
        whole = (copy / name).read_bytes()
        (copy / name).write_bytes(harm(whole))
        assert "do not belong together" in complaint(copy)
        (copy / name).write_bytes(whole)
        load(copy)


@pytest.mark.parametrize("sums", [None, [], "abc", {}, {"model.safetensors": 1}])
def test_sums_that_are_none_are_not_believed(sums: Any, copy: Path) -> None:
    content = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(content | {"sha256": sums}))
    assert "do not belong together" in complaint(copy)


def test_a_checkpoint_from_before_the_sums_is_read(copy: Path) -> None:
    content = json.loads((copy / "config.json").read_text())
    before = numbers(load(copy)[0])
    del content["sha256"]
    (copy / "config.json").write_text(json.dumps(content))
    assert numbers(load(copy)[0]) == before


def test_the_folder_is_flushed_after_the_moves_where_it_can_be(
    tmp_path: Path, vocabulary: Vocabulary, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[tuple[int, bool]] = []

    def flush(number: int) -> None:
        folder = stat.S_ISDIR(os.fstat(number).st_mode)
        flushed.append((len(flushed), folder))
        if folder:
            assert {file.name for file in (tmp_path / "mine").iterdir()} == FILES
            raise OSError(errno.EINVAL, "Invalid argument")  # a file system that flushes no folder

    monkeypatch.setattr(os, "fsync", flush)
    save(tmp_path / "mine", make(108, vocab_size=vocabulary.target.size), vocabulary)
    assert [folder for _, folder in flushed] == [False] * 4 + [True] * (os.name != "nt")


def test_a_new_checkpoint_that_was_interrupted_is_none(
    tmp_path: Path, vocabulary: Vocabulary, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        interrupted_writes(patch, OSError(28, "No space left on device"))[2]()
        with pytest.raises(GlassheadError):
            save(tmp_path / "new", make(vocab_size=vocabulary.target.size), vocabulary)
    with pytest.raises(GlassheadError, match="not a checkpoint"):
        find(tmp_path / "new")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, vocabulary: Vocabulary) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(GlassheadError, match="cannot be written"):
            save(folder, make(vocab_size=vocabulary.target.size), vocabulary)


def test_names_and_folders(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny, tmp_path / "checkpoints" / "mine")
    shutil.copytree(tiny, tmp_path / "elsewhere" / "yours")
    (tmp_path / "checkpoints" / "broken").mkdir()
    (tmp_path / "checkpoints" / "foreign").mkdir()
    (tmp_path / "checkpoints" / "foreign" / "config.json").write_text("{}")
    assert find("mine").resolve() == tmp_path / "checkpoints" / "mine"
    assert find("elsewhere/yours").resolve() == tmp_path / "elsewhere" / "yours"
    assert find(tmp_path / "elsewhere" / "yours") == tmp_path / "elsewhere" / "yours"
    listed = {each.name: each for each in available()}
    assert "mine" in listed
    assert not {"broken", "foreign", "yours"} & set(listed)
    mine = listed["mine"]
    assert mine.bytes == sum(file.stat().st_size for file in tiny.iterdir())
    assert mine.config["d_model"] == 32
    assert mine.card == describe(tiny)["card"] == json.loads((tiny / "config.json").read_text())["card"]
    monkeypatch.setenv("HOME", str(tmp_path / "elsewhere"))
    assert find("~/yours") == tmp_path / "elsewhere" / "yours"


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("mime", ["'mime'", "mine", "glasshead checkpoints"]),
        ("MINE", ["mine"]),
        ("", ["empty"]),
        ("  ", ["empty"]),
        ("a\0b", ["NUL"]),
        ("no/such/folder", ["no/such/folder"]),
        ("./mine", ["./mine"]),
        ("~nosuchperson/x", ["~nosuchperson/x"]),
        ("a" * 300, ["aaaa"]),
        ("x/" + "a" * 300, ["aaaa"]),
        ("file.txt", ["file.txt", "is a file", "config.json"]),
        ("empty", ["empty", "config.json"]),
        (".", ["config.json"]),
        ("\udcff", ["There is no"]),
    ],
)
def test_a_name_that_opens_nothing(
    name: str, named: list[str], tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny, tmp_path / "checkpoints" / "mine")
    (tmp_path / "file.txt").write_text("")
    (tmp_path / "empty").mkdir()
    with pytest.raises(GlassheadError) as caught:
        find(name)
    assert all(part in str(caught.value) for part in named), caught.value


@pytest.fixture
def run(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run that has saved twice and goes on, in ./checkpoints."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "checkpoints" / "mine"
    for step in ("step-00000010", "step-00000020"):
        shutil.copytree(tiny, folder / "checkpoints" / step)
    (folder / "run.toml").write_text("steps = 100\n")
    (folder / "latest").write_text("checkpoints/step-00000020\n")
    return folder


def test_a_run_opens_as_its_newest_checkpoint_and_is_called_by_its_name(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = run / "checkpoints" / "step-00000020"
    for name in ("mine", run, str(run), "checkpoints/mine", "./checkpoints/mine/"):
        assert find(name).resolve() == newest
        assert locate(name)[1] == "mine"
        assert glasshead.load(name).name == "mine"
    [listed] = [each for each in available() if each.name == "mine"]
    assert listed.folder.resolve() == newest
    assert listed.bytes == sum(file.stat().st_size for file in newest.iterdir())
    assert listed.config == describe(newest)["config"]

    (run / "latest").write_text("checkpoints/step-00000010")  # no end of line
    assert find("mine").name == "step-00000010"
    assert locate(newest) == (newest, "step-00000020"), "one of its checkpoints is one like any other"
    (tmp_path / "link").symlink_to(run)
    assert find("link").resolve() == run / "checkpoints" / "step-00000010"
    monkeypatch.chdir(run)
    assert locate(".")[1] == "mine"

    for file in newest.iterdir():  # the end of the training
        shutil.copy(file, run)
    assert find(run) == run


def test_a_run_that_has_not_saved_yet_says_so(run: Path) -> None:
    (run / "latest").unlink()
    shutil.rmtree(run / "checkpoints")
    for name in ("mine", run):
        with pytest.raises(GlassheadError, match=r"mine has not saved a checkpoint yet"):
            find(name)
    assert "mine" not in {each.name for each in available()}


@pytest.mark.parametrize(
    ("latest", "told"),
    [
        (b"", "damaged"),
        (b"\n", "damaged"),
        (b"  \n", "damaged"),
        (b"checkpoints/step-00000020\ncheckpoints/step-00000010\n", "damaged"),
        (b"checkpoints/step-00000020\x00", "damaged"),
        (b"checkpoints/\xff", "damaged"),
        (b"\x1b[2Jcheckpoints", "damaged"),
        ("\u202echeckpoints".encode(), "damaged"),
        (b"a" * 5000, "damaged"),
        (b"x/" * 10_000_000, "damaged"),
        (b"checkpoints/" + b"a" * 300, "mine"),
        (b"..", "does not lie in"),
        (b".", "does not lie in"),
        (b"checkpoints/..", "does not lie in"),
        (b"../../elsewhere", "does not lie in"),
        (b"checkpoints/../../../elsewhere", "does not lie in"),
        (b"link", "does not lie in"),
        (b"circle", "no checkpoint there"),
        (b"/etc", "does not lie in"),
        (b"~", "no checkpoint there"),
        (b"checkpoints", "no checkpoint there"),
        (b"checkpoints/step-00000030", "no checkpoint there"),
        (b"latest/step", "no checkpoint there"),
    ],
)
def test_a_latest_that_leads_astray_is_refused(latest: bytes, told: str, run: Path, tiny: Path) -> None:
    shutil.copytree(tiny, run.parent.parent / "elsewhere")
    (run / "link").symlink_to(run.parent.parent / "elsewhere")
    (run / "circle").symlink_to(run / "circle")
    (run / "latest").write_bytes(latest)
    for name in ("mine", run):
        with pytest.raises(GlassheadError) as caught:
            find(name)
        assert told in str(caught.value) and len(str(caught.value)) < 1000
    assert "mine" not in {each.name for each in available()}


def test_an_absolute_latest_is_refused_wherever_it_leads(run: Path) -> None:
    (run / "latest").write_text(str(run / "checkpoints" / "step-00000020"))
    with pytest.raises(GlassheadError, match="does not lie in"):
        find(run)


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "dangling link", "circle"])
def test_a_latest_that_is_no_file_is_refused(kind: str, run: Path) -> None:
    latest = run / "latest"
    latest.unlink()
    if kind == "folder":
        latest.mkdir()
    elif kind == "pipe":
        os.mkfifo(latest)
    else:
        latest.symlink_to({"device": Path("/dev/zero"), "dangling link": run / "nothing", "circle": latest}[kind])
    with pytest.raises(GlassheadError, match="is not a file with the name"):
        find(run)
    assert "mine" not in {each.name for each in available()}


def test_finding_and_listing_cost_no_torch(tiny: Path) -> None:
    code = (
        "import sys, glasshead\n"
        f"from glasshead.checkpoints.find import available, find; from glasshead.checkpoints.format import describe\n"
        f"describe(find({str(tiny)!r})); available(); glasshead.available()\n"
        "try: find('engish')\n"
        "except glasshead.GlassheadError: pass\n"
        "else: raise SystemExit('found')\n"
        "print([name for name in ('torch', 'tokenizers', 'safetensors', 'numpy', 'textual') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


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
