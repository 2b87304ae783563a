"""A part that is missing, cut short, foreign or does not fit is refused with a sentence that names it."""

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.core.checkpoints.damage import FRENCH, complaint, two
from tests.core.helpers import make

import glasshead
from glasshead import Codec, GlassheadError, Vocabulary, save
from glasshead.checkpoints.find import check_parts
from glasshead.checkpoints.load import load


def change(folder: Path, **changes: Any) -> None:
    """Another value in the config of a checkpoint."""
    path = folder / "config.json"
    content = json.loads(path.read_text())
    content["config"] |= changes
    path.write_text(json.dumps(content))


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


POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'4d7a2146' * 8}\nsize 12345\n"


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_pointer_of_git_lfs_is_named_with_the_command_that_fetches_the_file(name: str, copy: Path) -> None:
    (copy / name).write_text(POINTER)
    with pytest.raises(GlassheadError, match=rf"{name} is a pointer of Git LFS.*`git lfs pull` in {copy}"):
        load(copy)
    if name != "config.json":
        content = json.loads((copy / "config.json").read_text())
        with pytest.raises(GlassheadError, match=f"{name} is a pointer of Git LFS"):
            check_parts(copy, content)


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


def test_a_foreign_file_that_fits_is_refused(copy: Path, tmp_path: Path) -> None:
    for name in ("tokenizer.json", "model.safetensors"):
        whole = (copy / name).read_bytes()
        harmed = whole + b"\n" if name == "tokenizer.json" else whole[:-1] + bytes([whole[-1] ^ 1])
        (copy / name).write_bytes(harmed)
        assert "do not belong together" in complaint(copy)
        (copy / name).write_bytes(whole)
        load(copy)


@pytest.mark.parametrize("sums", [None, [], "abc", {}, {"model.safetensors": 1}])
def test_sums_that_are_none_are_not_believed(sums: Any, copy: Path) -> None:
    content = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(content | {"sha256": sums}))
    assert "do not belong together" in complaint(copy)
