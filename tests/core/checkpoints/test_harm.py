"""Whatever is wrong with a checkpoint, the answer is a short sentence, and soon; `make fuzz` tries thousands."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.core.checkpoints.fuzz import LONGEST
from tokenizers import Tokenizer

import glasshead
from glasshead import GlassheadError
from glasshead.checkpoints.find import check_parts
from glasshead.checkpoints.format import describe
from glasshead.decoding.pick import Sample
from glasshead.errors import brief
from glasshead.files import open_plain, read_plain

ROOT = Path(__file__).resolve().parents[3]
FILES = ["config.json", "model.safetensors", "tokenizer.json"]
SPARSE = 100 << 30


def refusals(folder: Path) -> list[str]:
    """What a person is told who opens it, and who looks before."""
    found = []
    for opening in (glasshead.load, lambda folder: check_parts(folder, describe(folder))):
        try:
            opening(folder)
        except GlassheadError as error:
            found.append(str(error))
    return found


def test_copies_each_harmed_in_another_way_are_answered_by_a_sentence() -> None:
    command = [sys.executable, "-m", "tests.core.checkpoints.fuzz", "--copies", "12", "--seed", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 wrong" in done.stdout


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", ["pipe", "endless", "sparse", "longer"])
def test_only_a_plain_file_of_a_sane_size_is_read(name: str, kind: str, copy: Path) -> None:
    path = copy / name
    if kind == "longer":  # its beginning is right
        os.truncate(path, SPARSE)
    else:
        path.unlink()
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "endless":
            path.symlink_to("/dev/zero")
        else:
            path.touch()
            os.truncate(path, SPARSE)
    told = refusals(copy)
    assert told
    assert all(str(copy) in sentence and len(sentence) < LONGEST for sentence in told)


@pytest.mark.parametrize("value", [10**40, 2**63, "x" * 100_000, ["x" * 1000], {"a" * 10_000: 1}])
@pytest.mark.parametrize("field", ["vocab_size", "d_model", "heads", "window", "d_k", "max_length", "scale", "norm"])
def test_a_long_value_is_refused_in_a_short_sentence(field: str, value: Any, copy: Path) -> None:
    content = json.loads((copy / "config.json").read_text())
    content["config"][field] = value
    (copy / "config.json").write_text(json.dumps(content))
    with pytest.raises(GlassheadError) as refused:
        glasshead.load(copy)
    assert len(str(refused.value)) < LONGEST


def offsets(value: Any) -> Callable[[dict[str, Any]], None]:
    def change(header: dict[str, Any]) -> None:
        header[sorted(header)[-1]]["data_offsets"] = value

    return change


@pytest.mark.parametrize("value", [None, [None, None], ["0", "4"], [-4, 4], [4, 0], [0, 10**40], [0.0, 4.0], {}, [1]])
def test_a_header_with_odd_places_is_refused_before_anything_is_read(value: Any, copy: Path) -> None:
    path = copy / "model.safetensors"
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    offsets(value)(header)
    told = json.dumps(header).encode()
    path.write_bytes(len(told).to_bytes(8, "little") + told + content[8 + length :])
    found = refusals(copy)
    assert len(found) == 2
    assert all("truncated or not a safetensors file" in sentence for sentence in found)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_have_nothing_drawn_from_them(value: float, tiny: Path, tmp_path: Path) -> None:
    subject = glasshead.load(tiny)
    logits = torch.zeros(subject.config.vocab_size)
    logits[3] = value
    with pytest.raises(GlassheadError, match="not finite"):
        Sample(seed=1)(logits, 0)
    logits[3] = -float("inf")  # a token that is never said is none the less allowed
    assert Sample(seed=1).probabilities(logits)[3] == 0


def test_a_model_with_huge_weights_is_told_of_where_it_cannot_be_drawn_from(copy: Path) -> None:
    tensors = {
        name: torch.full_like(tensor, float("nan")) for name, tensor in load_file(copy / "model.safetensors").items()
    }
    save_file(tensors, copy / "model.safetensors")
    content = json.loads((copy / "config.json").read_text())
    content.pop("sha256", None)
    (copy / "config.json").write_text(json.dumps(content))
    with pytest.raises(GlassheadError, match="not finite"):
        glasshead.load(copy).translate("the cat", pick=Sample(seed=1))


def change_tokenizer(folder: Path, *place: str, value: Any) -> None:
    path = folder / "tokenizer.json"
    content = inner = json.loads(path.read_text())
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    path.write_text(json.dumps(content))


def test_a_tokenizer_over_which_its_library_panics_is_refused(copy: Path) -> None:
    change_tokenizer(copy, "model", "continuing_subword_prefix", value="x" * 100)  # longer than any token
    with pytest.raises(BaseException, match=r"range|slice") as panic:
        Tokenizer.from_file(str(copy / "tokenizer.json"))
    assert not isinstance(panic.value, Exception)  # and no `except Exception` would have held it
    with pytest.raises(GlassheadError, match=r"tokenizer\.json is not a whole"):
        glasshead.load(copy)


@pytest.mark.parametrize("part", ["normalizer", "pre_tokenizer", "decoder"])
@pytest.mark.parametrize("value", [None, 3, [1, 2]])
def test_a_tokenizer_that_lacks_a_part_is_refused(part: str, value: Any, copy: Path) -> None:
    change_tokenizer(copy, part, value=value)
    assert any("tokenizer.json is" in sentence for sentence in refusals(copy))


def test_an_entry_that_is_long_is_quoted_in_part(copy: Path) -> None:
    vocabulary = json.loads((copy / "tokenizer.json").read_text())["model"]["vocab"]
    renamed = {("x" * 10_000 if number == 0 else name): number for name, number in vocabulary.items()}
    change_tokenizer(copy, "model", "vocab", value=renamed)
    assert all(len(sentence) < LONGEST for sentence in refusals(copy))


def test_a_plain_file_is_opened_and_no_other_one(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"12345")
    with open_plain(plain) as file:
        assert file.read() == b"12345"
    assert read_plain(plain, 5) == b"12345"
    with pytest.raises(GlassheadError, match="at most 4 are read"):
        read_plain(plain, 4)
    with pytest.raises(GlassheadError, match="a folder"):
        open_plain(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(GlassheadError, match="a pipe"):
        open_plain(tmp_path / "pipe")
    with pytest.raises(GlassheadError, match="a device"):
        open_plain(Path("/dev/zero"))
    with pytest.raises(FileNotFoundError):
        open_plain(tmp_path / "nowhere")


def test_a_long_quotation_keeps_both_ends() -> None:
    assert brief("short") == "'short'"
    quoted = brief("a" * 1000 + "z")
    assert quoted.startswith("'aaa")
    assert quoted.endswith("az'")
    assert len(quoted) < 100
