"""A model that hears: sounds from files, what its text begins with, and the same text as `generate` writes."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy
import pytest
import torch
from safetensors.numpy import save_file
from tests.core.adapters.huggingface.folders import save
from tests.core.adapters.huggingface.tiny import FAMILIES, sound_of, wrap

import glasshead
from glasshead.adapters.huggingface.marks import speech_start
from glasshead.adapters.huggingface.sound import read_features
from glasshead.errors import GlassheadError
from glasshead.found import find

SHAPE = (5, 12)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "whisper"
    save("whisper", folder)
    return folder


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "hello.npy"
    numpy.save(path, sound_of(FAMILIES["whisper"].module())[0].numpy())
    return path


def test_a_sound_is_decoded_as_by_generate(folder: Path, sound: Path) -> None:
    found = find(folder, features=sound)
    found.check()
    subject = found.open()
    assert found.source.encode("hello.npy") == list(range(6)) == subject.vocabulary.source.encode("hello.npy")
    assert subject.limit is None and found.limit is None
    module: Any = subject.model.module  # type: ignore[attr-defined]
    features = torch.from_numpy(numpy.load(sound)).unsqueeze(0)
    expected = module.generate(input_features=features, do_sample=False, num_beams=1, max_new_tokens=10)[0].tolist()
    line = subject.start(subject.first_sentence)
    assert [token.text for token in line.source] == [f"▁{time}" for time in
        ("0.00 s", "0.02 s", "0.04 s", "0.06 s", "0.08 s", "0.10 s")]  # fmt: skip
    while line.step_number < 10 and not line.done:
        line.step()
    written = [token.id for token in line.produced]
    assert written == expected[-len(written) :]
    assert line.trace["decoder.2.cross.weights"].shape == (2, len(line.trace.target), 6)


def test_no_value_of_the_encoder_is_kept(folder: Path, sound: Path) -> None:
    """Over 1,500 frames they would fill gigabytes; the header says so."""
    subject = glasshead.load(folder, features=sound)
    assert not [site for site in subject.anatomy.sites if site.startswith(("encoder", "source"))]
    assert "encoder not shown" in subject.anatomy.facts


def test_what_the_encoder_made_may_be_given_instead(folder: Path, sound: Path) -> None:
    heard = glasshead.load(folder, features=torch.from_numpy(numpy.load(sound)))
    module: Any = heard.model.module  # type: ignore[attr-defined]
    with torch.no_grad():
        states = module.get_encoder()(torch.from_numpy(numpy.load(sound)).unsqueeze(0)).last_hidden_state
    given = glasshead.load(folder, encoder_outputs=states)
    lines = [subject.start(subject.first_sentence) for subject in (heard, given)]
    assert torch.equal(lines[0].probabilities(), lines[1].probabilities())
    with pytest.raises(GlassheadError, match=r"states of the encoder are 1 × 6 × 4; this model needs 1 × frames × 16"):
        glasshead.load(folder, encoder_outputs=states[..., :4])
    with pytest.raises(GlassheadError, match=r"features are 4 × 12; this model hears 5 × 12"):
        glasshead.load(folder, features=torch.zeros(4, 12))


def test_another_sound_is_another_text(folder: Path, sound: Path, tmp_path: Path) -> None:
    numpy.save(tmp_path / "bye.npy", -numpy.load(sound))
    one, other = (glasshead.load(folder, features=path) for path in (sound, tmp_path / "bye.npy"))
    assert not torch.equal(one.start("hello.npy").probabilities(), other.start("bye.npy").probabilities())
    with pytest.raises(GlassheadError, match=r"hears bye.npy and reads no text"):
        other.start("hello.npy")


def test_without_a_sound_it_is_told_how_to_give_one(folder: Path, sound: Path) -> None:
    with pytest.raises(GlassheadError, match=r"hears sound: give it the features of a sound.*--features"):
        find(folder).check()
    with pytest.raises(GlassheadError, match=r"hears sound and reads no text: give the features"):
        glasshead.load(folder).start("the black cat")
    with pytest.raises(GlassheadError, match=r"english-french reads text and hears nothing"):
        find("english-french", features=sound)
    with pytest.raises(GlassheadError, match=r"GPT2LMHeadModel reads text: it hears nothing"):
        wrap(FAMILIES["gpt2"].module()).hear(torch.zeros(5, 12))


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
def test_features_are_read_from_both_kinds_of_files(kind: str, tmp_path: Path) -> None:
    numbers = numpy.arange(60, dtype=kind).reshape(SHAPE)
    numpy.save(tmp_path / "a.npy", numbers[None])
    save_file({"anything": numbers}, tmp_path / "b.safetensors")
    save_file({"input_features": numbers, "other": numbers[:1]}, tmp_path / "c.safetensors")
    for name in ("a.npy", "b.safetensors", "c.safetensors"):
        assert (read_features(tmp_path / name, SHAPE) == numbers).all()


def objects(path: Path) -> None:
    numpy.save(path, numpy.array([{"a": 1}], dtype=object))


def cut_short(path: Path) -> None:
    numpy.save(path, numpy.zeros(SHAPE, dtype="float32"))
    path.write_bytes(path.read_bytes()[:-8])


def claiming(path: Path) -> None:
    """A file of a few bytes whose header claims terabytes."""
    with path.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (5, 1 << 40)}
        numpy.lib.format.write_array_header_1_0(file, header)


def broken(path: Path) -> None:
    numbers = numpy.zeros(SHAPE, dtype="float32")
    numbers[2, 3] = numpy.inf
    numpy.save(path, numbers)


BAD: list[tuple[str, Callable[[Path], object], str]] = [
    ("a.npy", objects, r"is not a file of numpy that can be read"),
    ("a.npy", cut_short, r"is not a file of numpy that can be read"),
    ("a.npy", claiming, r"is not a file of numpy that can be read"),
    ("a.npy", lambda path: path.write_bytes(b""), r"is not a file of numpy that can be read"),
    ("a.npy", broken, r"not finite"),
    ("a.npy", lambda path: numpy.save(path, numpy.zeros((12, 5))), r"holds 12 × 5 numbers of type float64; .* 5 × 12"),
    ("a.npy", lambda path: numpy.save(path, numpy.zeros(SHAPE, dtype="int64")), r"numbers of type int64"),
    ("a.npy", lambda path: numpy.savez(path.open("wb"), a=1, b=2), r"is an archive of several arrays"),
    ("a.npy", Path.mkdir, r"is a folder|cannot be read"),
    ("a.npy", lambda path: None, r"cannot be read: No such file"),
    ("a.wav", lambda path: path.write_bytes(b"RIFF"), r"is neither .npy nor .safetensors"),
    ("a.safetensors", lambda path: path.write_bytes(b"\0" * 40), r"truncated or not a safetensors file"),
    (
        "a.safetensors",
        lambda path: save_file({"x": numpy.zeros(3), "y": numpy.zeros(3)}, path),
        r"holds 2 tensors .*x, y.*: name the features input_features",
    ),
]


@pytest.mark.parametrize(("name", "write", "sentence"), BAD)
def test_a_file_that_holds_no_features_is_refused(
    name: str, write: Callable[[Path], object], sentence: str, tmp_path: Path
) -> None:
    write(tmp_path / name)
    with pytest.raises(GlassheadError, match=sentence):
        read_features(tmp_path / name, SHAPE)


LANGUAGES = {
    "lang_to_id": {"<|en|>": 10, "<|fr|>": 11, "<|de|>": 12},
    "task_to_id": {"transcribe": 20, "translate": 21},
}
STARTS: list[dict[str, Any]] = [
    {},
    {"no_timestamps_token_id": 30},
    {"no_timestamps_token_id": 30, "return_timestamps": True},
    {**LANGUAGES, "no_timestamps_token_id": 30},
    {**LANGUAGES, "no_timestamps_token_id": 30, "language": "french"},
    {**LANGUAGES, "no_timestamps_token_id": 30, "language": "<|fr|>", "task": "translate"},
    {**LANGUAGES, "no_timestamps_token_id": 30, "task": "translate"},
    {**LANGUAGES, "no_timestamps_token_id": 30, "forced_decoder_ids": [[1, None], [2, 20]]},
    {**LANGUAGES, "forced_decoder_ids": [[1, 12], [2, 21], [3, 30]], "no_timestamps_token_id": 30},
]


@pytest.mark.parametrize("values", STARTS)
def test_a_text_begins_as_generate_begins_it(values: dict[str, Any]) -> None:
    """Against the method of Hugging Face that finds these ids; the language that it detects is 11."""
    module: Any = FAMILIES["whisper"].module()
    module.detect_language = lambda **_: torch.tensor([11])
    generation = SimpleNamespace(decoder_start_token_id=3, **{"return_timestamps": False, **values})
    expected = module._retrieve_init_tokens(None, 1, generation, SimpleNamespace(), 12, {})[0].tolist()
    assert list(speech_start(generation, lambda languages: 11)) == expected


def test_a_language_that_is_not_known_is_named() -> None:
    generation = SimpleNamespace(decoder_start_token_id=3, language="klingon", **LANGUAGES)
    with pytest.raises(GlassheadError, match=r"names the language '<\|klingon\|>', which it does not know"):
        speech_start(generation, lambda languages: 11)


def test_the_language_is_the_likeliest_of_those_that_there_are() -> None:
    module: Any = FAMILIES["whisper"].module()
    module.generation_config.lang_to_id = {"<|en|>": 10, "<|fr|>": 11, "<|de|>": 12}
    with torch.no_grad():
        logits = module(input_features=sound_of(module), decoder_input_ids=torch.tensor([[3]])).logits[0, -1]
    expected = 10 + int(logits[10:13].argmax())
    assert wrap(module).marks.start == (3, expected)
