"""Probes: what is kept is what the model looked at, keeping it changes nothing, and no file can do harm."""

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch
from tests.core.helpers import OPTIONS, Letters, make, subject
from tests.core.reference import may_look, transform

from glasshead import GlassheadError
from glasshead.text import Vocabulary
from glasshead.training.record import probes

PAIRS = [("abcd", "dcba"), ("hello", "olleh"), ("x", "xyz")]


class Alphabet(Letters):
    """The vocabulary of letters, as a training has one."""

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        return [self.encode(text) for text in texts]

    def normalize(self, text: str) -> str:
        return text.strip()


def vocabulary(size: int = 29) -> Vocabulary:
    codec: Any = Alphabet(size)
    return Vocabulary.shared(codec)


@pytest.mark.parametrize("name", OPTIONS)
def test_what_is_kept_is_what_the_reference_computes(name: str, tmp_path: Path) -> None:
    model, words = make(**OPTIONS[name]), vocabulary()
    config = model.config
    probes.record(model, words, PAIRS, tmp_path, 70)
    kept = probes.load(tmp_path, 70)
    assert kept.step == 70 and len(kept.probes) == len(PAIRS)
    for probe, (text, reference) in zip(kept.probes, PAIRS, strict=True):
        source = [*words.source.encode(text), *config.ends]
        target = [config.bos_id, *words.target.encode(reference)]
        wanted = transform(model, source, target)
        sites = {site.removesuffix(".weights") for site in wanted if site.endswith(".weights")}
        assert set(probe.weights) == sites and len(sites) == config.encoder_layers + 2 * config.decoder_layers
        for site in sites:
            # float16 has 11 significant bits, and nothing of its own below 6e-8.
            assert np.allclose(probe.weights[site], wanted[f"{site}.weights"], rtol=2**-11, atol=1e-6), site
            stack, _, kind = site.split(".")
            queries, keys = probe.axes(stack, kind)
            looks = may_look(
                len(queries),
                len(keys),
                causal=(stack, kind) == ("decoder", "self"),
                window=config.window if kind == "self" else None,
            )
            assert (probe.looks[f"{stack}.{kind}"] == looks).all(), site
            assert (probe.weights[site][:, ~looks] == 0).all()
        assert (probe.text, probe.expected) == (text, reference)
        assert probe.source == tuple(token.text for token in words.source.tokens(source))
        assert probe.target == tuple(token.text for token in words.target.tokens(target))


def test_what_the_model_says_is_what_stepping_gives(tmp_path: Path) -> None:
    model = make(seed=4, share_embeddings=False)
    probes.record(model, vocabulary(), PAIRS, tmp_path, 0)
    for probe, (text, _) in zip(probes.load(tmp_path, 0).probes, PAIRS, strict=True):
        line = subject(model).start(text, keep=None)
        while not line.done and line.step_number < 2 * (len(text) + 1) + 10:
            line.step()
        assert probe.given == line.text


def test_recording_leaves_the_training_as_it_was(tmp_path: Path) -> None:
    def trained(watch: bool) -> list[torch.Tensor]:
        torch.manual_seed(5)
        model = make(dropout=0.3).train()
        model.requires_grad_(True)
        model.encoder.eval()  # a part that is at rest stays so
        modes = {name: module.training for name, module in model.named_modules()}
        optimizer = torch.optim.Adam(model.parameters())
        for step in range(3):
            if watch:
                probes.record(model, vocabulary(), PAIRS, tmp_path, step)
                assert {name: module.training for name, module in model.named_modules()} == modes
                assert not any("tap" in module.__dict__ for module in model.modules())
            model(torch.tensor([[3, 4, 5, 2]]), torch.tensor([[1, 5, 4]])).logsumexp(-1).sum().backward()
            optimizer.step()
            optimizer.zero_grad()
        return [parameter.detach().clone() for parameter in model.parameters()]

    with torch.random.fork_rng():
        plain, watched = trained(False), trained(True)
    assert all(torch.equal(one, other) for one, other in zip(plain, watched, strict=True))


def test_weights_that_are_no_numbers_are_kept_as_such(tmp_path: Path) -> None:
    model = make()
    model.decoder.layers[0].cross.sublayer.query.weight.fill_(torch.nan)  # type: ignore[union-attr, operator]
    probes.record(model, vocabulary(), PAIRS[:1], tmp_path, 1)
    assert np.isnan(probes.load(tmp_path, 1).probes[0].weights["decoder.0.cross"]).all()


def test_the_chosen_are_of_many_lengths_and_fit_a_screen() -> None:
    draw = random.Random(2)
    lengths = [draw.randint(1, 60) for _ in range(300)]
    pairs = [("ab" * 40)[:length] + chr(97 + number % 26) for number, length in enumerate(lengths)]
    both = [(text, text[::-1]) for text in pairs]
    chosen = probes.choose(both, vocabulary(), 4)
    sizes = [len(text) + 1 for text, _ in chosen]
    fitting = sorted(len(text) + 1 for text in pairs if len(text) + 1 <= probes.SHORT)
    assert sizes == sorted(sizes) and len(set(sizes)) == 4 and sizes[-1] <= probes.SHORT
    assert sizes[0] < fitting[len(fitting) // 3] and sizes[-1] > fitting[2 * len(fitting) // 3]
    assert probes.choose(both, vocabulary(), 4) == chosen
    assert probes.choose([("a", "a"), (" ", "b"), ("a", "a"), ("b", "")], vocabulary(), 4) == [("a", "a")]
    assert probes.choose([], vocabulary(), 4) == [] == probes.choose(both, vocabulary(), 0)


def test_where_nothing_fits_a_screen_the_smallest_are_chosen() -> None:
    pairs = [("a" * length, "b") for length in (90, 40, 70, 30, 200)]
    assert [len(text) for text, _ in probes.choose(pairs, vocabulary(), 2)] == [30, 40]
    assert [len(text) for text, _ in probes.choose(pairs, vocabulary(), 9, limit=71)] == [30, 40, 70]


def test_a_resume_forgets_what_came_later(tmp_path: Path) -> None:
    model = make()
    for step in (0, 50, 100, 123_456_789):
        probes.record(model, vocabulary(), PAIRS[:1], tmp_path, step)
    (tmp_path / ".step-00000150.77.part").write_bytes(b"half")
    (tmp_path / "notes.txt").write_text("mine")
    assert probes.steps(tmp_path) == [0, 50, 100, 123_456_789]
    probes.rewind(tmp_path, 50)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "notes.txt", "step-00000000.safetensors", "step-00000050.safetensors"
    ]  # fmt: skip
    probes.rewind(tmp_path / "nowhere", 3)
    assert probes.steps(tmp_path / "nowhere") == []


def test_what_cannot_be_written_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "probes").write_text("a file")
    with pytest.raises(GlassheadError, match="cannot be written"):
        probes.record(make(), vocabulary(), PAIRS[:1], tmp_path / "probes", 3)
    (tmp_path / "step-00000003.safetensors").mkdir()
    with pytest.raises(GlassheadError, match="cannot be written"):
        probes.record(make(), vocabulary(), PAIRS[:1], tmp_path, 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["probes", "step-00000003.safetensors"]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """The file of step 5."""
    return probes.record(make(), vocabulary(), PAIRS[:2], tmp_path, 5)


def test_a_file_cut_short_anywhere_is_told(written: Path) -> None:
    data = written.read_bytes()
    for end in [*range(0, len(data), 101), len(data) - 1]:
        written.write_bytes(data[:end])
        with pytest.raises(GlassheadError, match=r"step-00000005\.safetensors"):
            probes.load(written.parent, 5)
    written.unlink()
    with pytest.raises(GlassheadError, match="cannot be read"):
        probes.load(written.parent, 5)


def test_a_byte_that_was_changed_does_no_harm(written: Path) -> None:
    draw = random.Random(9)
    whole = written.read_bytes()
    for _ in range(400):
        data = bytearray(whole)
        data[draw.randrange(min(len(data), 4000))] = draw.randrange(256)
        written.write_bytes(data)
        try:
            found = probes.load(written.parent, 5)
        except GlassheadError:
            continue
        for probe in found.probes:
            queries, keys = probe.axes("decoder", "cross")
            assert probe.weights["decoder.0.cross"].shape == (probe.heads, len(queries), len(keys))


def altered(tensors: dict[str, Any], about: dict[str, str], how: str) -> tuple[dict[str, Any], dict[str, str]]:
    told = json.loads(about["probes"])
    if how == "another format":
        about = {**about, "format": "something else"}
    elif how == "no metadata":
        about = {}
    elif how == "a later version":
        about = {**about, "version": "2"}
    elif how == "another step":
        about = {**about, "step": "6"}
    elif how == "no probes":
        about = {**about, "probes": "[]"}
    elif how == "endless nesting":
        about = {**about, "probes": "[" * 100_000}
    elif how == "not even a list":
        about = {**about, "probes": '{"a": 1}'}
    elif how == "a probe that is a number":
        about = {**about, "probes": "[1, 2]"}
    elif how == "a token too few":
        told[0]["source"].pop()
        about = {**about, "probes": json.dumps(told)}
    elif how == "a token that is a number":
        told[0]["source"][0] = 7
        about = {**about, "probes": json.dumps(told)}
    elif how == "a text that is none":
        told[0]["given"] = None
        about = {**about, "probes": json.dumps(told)}
    elif how == "no weights":
        tensors = {key: value for key, value in tensors.items() if "weights" not in key}
    elif how == "a layer too few":
        tensors = {key: value for key, value in tensors.items() if key != "0/decoder.0.cross.weights"}
    elif how == "a mask too few":
        tensors = {key: value for key, value in tensors.items() if key != "1/encoder.self.looks"}
    elif how == "a stranger":
        tensors = {**tensors, "0/../../etc/passwd": np.zeros(1)}
    elif how == "a probe too many":
        tensors = {**tensors, "9/decoder.0.cross.weights": tensors["0/decoder.0.cross.weights"]}
    elif how == "another precision":
        tensors = {**tensors, "0/decoder.0.cross.weights": tensors["0/decoder.0.cross.weights"].astype(np.float32)}
    else:
        assert how == "a head too few"
        tensors = {**tensors, "0/decoder.0.cross.weights": tensors["0/decoder.0.cross.weights"][1:]}
    return tensors, about


@pytest.mark.parametrize(
    "how",
    [
        "another format", "no metadata", "a later version", "another step", "no probes", "endless nesting",
        "not even a list", "a probe that is a number", "a token too few", "a token that is a number",
        "a text that is none", "no weights", "a layer too few", "a mask too few", "a stranger", "a probe too many",
        "another precision", "a head too few",
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_told(written: Path, how: str) -> None:
    data = written.read_bytes()
    about = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
    tensors, about = altered(safetensors.numpy.load(data), about, how)
    written.write_bytes(safetensors.numpy.save(tensors, about or None))
    with pytest.raises(GlassheadError, match="not a record of probes"):
        probes.load(written.parent, 5)


def test_reading_costs_no_torch(written: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from glasshead.training.record import journal, probes; "
        f"probes.load(Path({str(written.parent)!r}), 5); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
