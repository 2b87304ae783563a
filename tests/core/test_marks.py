"""Ids around a sentence that are not the paper's: read, decoded, searched, scored and saved as the shape says."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.helpers import gap, ids, make
from tests.core.reference import log_softmax, transform
from transformers.models.m2m_100.modeling_m2m_100 import M2M100SinusoidalPositionalEmbedding
from transformers.models.marian.modeling_marian import MarianSinusoidalPositionalEmbedding

import glasshead
from glasshead import Config, GlassheadError, Subject, Symbols, Transformer, Vocabulary, beam_search
from glasshead.checkpoints.save import save
from glasshead.decoding.beam import search
from glasshead.found import find
from glasshead.lab.tools.sentence import capture, read_sentence
from glasshead.lab.tools.small_training import decode
from glasshead.model import fixed_positions
from glasshead.training.data.origin import given_vocabulary
from glasshead.training.evaluate import score

SIZE, LIMIT = 29, 12
few = settings(max_examples=15)


@st.composite
def marks(draw: st.DrawFn) -> dict[str, Any]:
    """Special ids anywhere, at most one of each sort twice."""
    pad, bos, eos, *more = draw(st.permutations(range(SIZE)))[:5]
    return {
        "pad_id": pad, "bos_id": draw(st.sampled_from([bos, pad, eos])), "eos_id": draw(st.sampled_from([eos, None])),
        "prefix": tuple(more[: draw(st.integers(0, 2))]), "source_end": draw(st.booleans()),
    }  # fmt: skip


def opened(fields: dict[str, Any], seed: int = 0) -> Subject:
    """A model with a symbol for every id."""
    model = make(seed, torch.float64, max_length=LIMIT, output_bias=True, **fields)
    return Subject("marked", model, Vocabulary.shared(symbols(model.config)))


def symbols(config: Config) -> Symbols:
    special = sorted({config.pad_id, *config.start, *config.ends})
    return Symbols.of([f"w{number}" for number in range(SIZE)], special=[f"w{number}" for number in special])


def words(config: Config, count: int) -> list[int]:
    """Ids that are no special ones."""
    return [number for number in range(SIZE) if number not in {config.pad_id, *config.start, *config.ends}][:count]


def text(numbers: list[int]) -> str:
    return " ".join(f"w{number}" for number in numbers)


def greedy(model: Transformer, source: list[int]) -> tuple[list[int], list[Any]]:
    """The whole target through the formulas for every token of it."""
    config = model.config
    line, rows = [config.bos_id, *config.prefix], []
    while len(line) <= LIMIT:
        rows.append(transform(model, source, line)["logits"][-1])
        line.append(int(np.argmax(rows[-1])))
        if line[-1] == config.eos_id:
            break
    return line, rows


@few
@given(marks(), st.integers(0, 99), st.integers(1, 8))
def test_a_line_begins_and_ends_as_the_shape_says(fields: dict[str, Any], seed: int, count: int) -> None:
    subject = opened(fields, seed)
    config = subject.config
    given_ids = words(config, count)
    source = [*given_ids, *([config.eos_id] if config.source_end and config.eos_id is not None else [])]
    line = subject.start(text(given_ids))
    assert [token.id for token in line.source] == source
    wanted, rows = greedy(subject.native, source)
    for logits in rows:
        assert gap(line.probabilities(), np.exp(log_softmax(logits))) < 1e-5
        line.step()
    assert line.done and line.ids == wanted and line.ended == (wanted[-1] == config.eos_id)
    assert line.cache_error() < 1e-9
    produced = wanted[len(config.start) :]
    found = beam_search(subject.model, source, width=1)[0].ids
    assert list(found) == (produced[:-1] if line.ended else produced)
    assert subject.limit == LIMIT - (len(source) - count)
    with pytest.raises(GlassheadError, match=f"this model takes at most {subject.limit}"):
        subject.encode(text(words(config, 1) * (LIMIT + 1)))


@few
@given(marks(), st.integers(0, 99), st.integers(1, 3))
def test_sentences_of_several_lengths_are_searched_as_each_alone(fields: dict[str, Any], seed: int, width: int) -> None:
    subject = opened(fields, seed)
    sources = [list(subject.model.prompt(words(subject.config, count)).source) for count in (1, 5, 3)]
    limits = [7, 2, 5]
    for source, limit, lines in zip(
        sources, limits, search(subject.model, sources, width=width, limit=limits), strict=True
    ):
        alone = beam_search(subject.model, source, width=width, limit=limit)
        assert [line.ids for line in lines] == [line.ids for line in alone]
        assert all(0 <= number < SIZE for line in lines for number in line.ids)
        if not subject.model.ends:
            assert all(len(line.ids) == limit for line in lines)


@few
@given(marks(), st.integers(0, 99))
def test_the_loss_counts_what_the_model_has_to_say(fields: dict[str, Any], seed: int) -> None:
    subject = opened(fields, seed)
    config, model = subject.config, subject.native
    pairs = [(words(config, 4), words(config, 2)), (words(config, 1), words(config, 5))]
    total, tokens = 0.0, 0
    for source, target in pairs:
        said = [*target, *([] if config.eos_id is None else [config.eos_id])]
        begun = [config.bos_id, *config.prefix]
        logits = transform(model, subject.model.prompt(source).source, [*begun, *said][:-1])["logits"]
        total -= sum(float(log_softmax(row)[token]) for row, token in zip(logits[len(begun) - 1 :], said, strict=True))
        tokens += len(said)
    found = score(model, subject.codecs, [(text(source), text(target)) for source, target in pairs])
    assert found.loss == pytest.approx(total / tokens, rel=1e-6)


@few
@given(fields=marks(), seed=st.integers(0, 99))
def test_it_is_saved_and_opened_again(
    fields: dict[str, Any], seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("marked")
    subject = opened(fields, seed)
    subject.native.float()
    save(folder, subject.native, subject.codecs, half=False)
    again = glasshead.load(folder)
    found = find(folder)
    found.check()
    assert again.config == subject.config and found.limit == again.limit == subject.limit
    said = text(words(subject.config, 3))
    assert again.translate(said) == subject.translate(said)
    assert found.source.encode(said) == again.vocabulary.source.encode(said) == words(subject.config, 3)
    with pytest.raises(GlassheadError, match="is another's, with its own special tokens: a training cannot use it"):
        given_vocabulary(str(folder))


@few
@given(marks(), st.integers(0, 99))
def test_the_lab_reads_and_decodes_it_too(fields: dict[str, Any], seed: int) -> None:
    subject = opened(fields, seed)
    given_ids = words(subject.config, 4)
    sentence = read_sentence(subject, text(given_ids))
    line = subject.start(text(given_ids))
    while not line.done:
        line.step()
    assert capture(subject, sentence, ["logits"])["logits"].shape[1] == len(sentence.target_tokens) == len(line.ids) - 1
    said = decode(subject.native, sentence.source, limit=line.limit)[0].tolist()
    assert said == line.ids[len(subject.config.start) :]


def test_a_model_and_a_vocabulary_that_disagree_are_refused(tmp_path: Path) -> None:
    subject = opened({"pad_id": 3, "bos_id": 4, "eos_id": 5})
    other = Vocabulary.shared(symbols(replace(subject.config, pad_id=6)))
    with pytest.raises(GlassheadError, match=r"has padding or the end at 3, which is no special token"):
        save(tmp_path / "other", subject.native, other)
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"eos_id": 0}, ["pad_id and eos_id are both 0"]),
        ({"prefix": 3}, ["prefix is 3", "a list of ids"]),
        ({"prefix": [1, -2]}, ["prefix has an id that is -2", "at least 0"]),
        ({"prefix": (True,)}, ["is True", "whole number"]),
        ({"prefix": (40_000,)}, ["40000", "37000 tokens"]),
        ({"embedding_scale": 0}, ["embedding_scale is 0", "above 0"]),
        ({"embedding_scale": float("inf")}, ["embedding_scale is inf"]),
        ({"embedding_scale": True}, ["embedding_scale is True"]),
        ({"norm_eps": "small"}, ["norm_eps is 'small'"]),
        ({"norm_eps": None}, ["norm_eps is None"]),
        ({"norm_eps": 2**64}, ["norm_eps is 18446744073709551616", "at most 1e+18"]),
        ({"embedding_scale": 10**39}, ["embedding_scale is 1000000000000000000", "at most 1e+18"]),
        ({"activation": "swish"}, ["'swish'", "'relu' (the paper)", "'gelu' or 'silu'"]),
        ({"positions": "rotary"}, ["'sinusoidal' (the paper)", "'halves'", "'learned' or 'none'"]),
        ({"first_position": -1}, ["first_position is -1"]),
        ({"attention_bias": 1}, ["attention_bias is 1", "True or False"]),
        ({"source_vocab_size": 3, "share_embeddings": False, "eos_id": 3}, ["token 3", "3 tokens"]),
    ],
)
def test_what_cannot_be_is_refused_by_name(fields: dict[str, Any], named: list[str]) -> None:
    with pytest.raises(GlassheadError) as caught:
        Config(**fields)
    assert all(part in str(caught.value) for part in named), caught.value


def test_a_target_may_begin_with_an_id_that_the_source_lacks() -> None:
    Config(source_vocab_size=3, share_embeddings=False, bos_id=30)


def test_every_departure_is_named_and_the_paper_has_none() -> None:
    assert Config().departures == ()
    fields: dict[str, Any] = {
        "norm": "pre", "norm_eps": 1e-6, "residual": False, "scale": False, "window": 4, "attention_bias": True,
        "activation": "silu", "embedding_scale": 1, "positions": "halves", "first_position": 2, "output_bias": True,
        "eos_id": None, "prefix": (7,),
    }  # fmt: skip
    alone = [Config(**{name: value}).departures for name, value in fields.items()]
    assert all(len(each) == 1 for each in alone)
    assert {*Config(**fields).departures} == {each for (each,) in alone} and len({*alone}) == len(fields)
    assert Config(final_norm=True).departures == ("norms after the stacks",)
    assert Config(source_end=False).departures == ("sources without an end token",)
    assert Subject("m", make(activation="gelu"), Vocabulary.shared(symbols(Config()))).anatomy.remarks == ("GELU",)
    for one, other in pairwise(("sinusoidal", "halves", "tensor2tensor", "learned", "none")):
        assert Config(positions=one).departures != Config(positions=other).departures  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [1, 2, 7, 16, 33])
def test_halves_are_those_of_hugging_face(width: int) -> None:
    theirs = MarianSinusoidalPositionalEmbedding(40, width).create_weight()
    ours = fixed_positions(Config(d_model=width, heads=1, positions="halves", max_length=40), width)
    assert gap(ours, theirs) < 1e-6


@pytest.mark.parametrize("first", [0, 2])
@pytest.mark.parametrize("width", [4, 7, 16, 33])
def test_tensor2tensors_are_those_of_fairseq(width: int, first: int) -> None:
    theirs = M2M100SinusoidalPositionalEmbedding.get_embedding(40 + first, width)[first:]
    config = Config(d_model=width, heads=1, positions="tensor2tensor", first_position=first, max_length=40)
    assert gap(fixed_positions(config, width), theirs) < 1e-5  # theirs is computed in float32


def test_the_cache_counts_positions_from_the_first_too() -> None:
    model = make(5, torch.float64, positions="tensor2tensor", first_position=2)
    moved = make(5, torch.float64, positions="tensor2tensor")
    assert gap(model.target(ids(4, 5, 6)), moved.target(ids(9, 9, 4, 5, 6))[:, 2:]) < 1e-6
