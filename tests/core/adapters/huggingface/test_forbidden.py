"""What a generation config forbids: our greedy lines are `generate`'s, and the captured logits the model's own."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.adapters.huggingface.folders import save
from tests.core.adapters.huggingface.tiny import FAMILIES, SIZE, START, sound_of, wrap
from transformers.generation import logits_process

import glasshead
from glasshead.adapters.huggingface.forbidden import Forbidden
from glasshead.adapters.huggingface.model import HuggingFace
from glasshead.session.session import Session

IDS = [7, 9, 4, 11, 5]
NEW = 9


def generated(module: Any) -> list[int]:
    """What `generate` writes."""
    before = 1 if module.config.is_encoder_decoder else len(IDS)
    if module.main_input_name == "input_features":
        given, before = {"input_features": sound_of(module)}, 0
    else:
        given = {"input_ids": torch.tensor([IDS])}
    found: list[int] = module.generate(**given, do_sample=False, num_beams=1, max_new_tokens=NEW)[0].tolist()
    return found[before:]


def greedy(model: HuggingFace, *, cached: bool) -> list[int]:
    """What we write: by steps from a past, or each of a pass of its own."""
    memory = model.read([range(model.frames) if model.hears else IDS])
    line = list(model.marks.start) if model.reads else list(IDS)
    before, past, fresh = len(line), model.past() if cached else None, list(line)
    while len(line) < before + NEW and line[-1] not in model.ends:
        logits = model.logits(torch.tensor([fresh if cached else line]), memory, past)[0, -1]
        line.append(int(logits.argmax()))
        fresh = line[-1:]
    return line[before:]


def forbid(module: Any, how: str, line: list[int]) -> None:
    """Forbid what a line begins with, in the ways of a generation config."""
    first, second, third = line[:3]
    config = module.generation_config
    if how == "suppressed":
        config.suppress_tokens = [first, third, -1]
    elif how == "not first":
        config.begin_suppress_tokens = [first]
    elif how == "words":
        config.bad_words_ids = [[second], [config.eos_token_id]]
    elif how == "sequences":
        config.bad_words_ids = [[first, second], [first, second, third], [second, third], [START, first]]
    else:
        config.suppress_tokens, config.begin_suppress_tokens = [second], [first, third]
        config.bad_words_ids = [[third], [first, first]]


@pytest.mark.parametrize("how", ["suppressed", "not first", "words", "sequences", "all"])
@pytest.mark.parametrize("family", ["marian", "whisper", "t5", "gpt2"])
def test_a_greedy_line_is_that_of_generate(family: str, how: str) -> None:
    module = FAMILIES[family].module()
    free = generated(module)
    forbid(module, how, free)
    if family == "gpt2":  # nobody knows where a text ends and its continuation begins
        module.generation_config.begin_suppress_tokens = None
    expected = generated(module)
    assert (expected != free) == (family != "gpt2" or how != "not first")
    model = wrap(module)
    assert greedy(model, cached=True) == greedy(model, cached=False) == expected


def test_what_is_captured_is_the_models_own() -> None:
    module = FAMILIES["marian"].module()
    module.generation_config.suppress_tokens = [5, 6]
    model = wrap(module)
    ids = torch.tensor([[START, 8, 9]])
    memory = model.read([IDS])
    assert memory is not None
    with torch.no_grad(), model.listen(["logits"]) as seen:
        chosen = model.logits(ids, memory)
    own = module(input_ids=torch.tensor([IDS]), decoder_input_ids=ids).logits
    assert torch.allclose(seen["logits"], own, atol=1e-5) and seen["logits"].isfinite().all()
    assert (chosen[..., [5, 6]] == -torch.inf).all()
    others = [number for number in range(SIZE) if number not in (5, 6)]
    assert torch.equal(chosen[..., others], seen["logits"][..., others])


def test_a_past_that_went_back_or_branched_knows_its_line() -> None:
    module = FAMILIES["marian"].module()
    module.generation_config.bad_words_ids = [[8, 9, 10]]
    model = wrap(module)
    memory, past = model.read([IDS]), model.past()

    def after(*ids: int, past: Any = past) -> bool:
        return bool(model.logits(torch.tensor([ids]), memory, past)[0, -1, 10].isinf())

    with torch.no_grad():
        assert not after(START, 8)
        other = past.branch()
        assert after(9) and not after(4, past=other) and not after(9, past=other)
        past.crop(2)
        assert not after(8) and after(9)


LISTS = st.lists(st.integers(0, 11), max_size=4)


@given(
    st.lists(st.integers(0, 11), min_size=1, max_size=7),
    LISTS,
    LISTS,
    st.lists(st.lists(st.integers(0, 11), min_size=1, max_size=3), min_size=1, max_size=5),
    st.integers(1, 8),
)
@settings(max_examples=60, deadline=None)
def test_every_row_is_what_the_processors_of_generate_make_of_it(
    ids: list[int], always: list[int], first: list[int], words: list[list[int]], begin: int
) -> None:
    class Config:
        suppress_tokens, begin_suppress_tokens, bad_words_ids = always, first, words

    logits, line = torch.randn(1, len(ids), 12), torch.tensor([ids])
    found = Forbidden.of(Config, {3}, 12).apply(logits, line, 0, begin)
    for row in range(len(ids)):
        each = logits[:, row]
        if [word for word in words if word != [3]]:  # theirs refuses an empty list
            each = logits_process.NoBadWordsLogitsProcessor(words, eos_token_id=3)(line[:, : row + 1], each)
        each = logits_process.SuppressTokensLogitsProcessor(always)(line[:, : row + 1], each)
        each = logits_process.SuppressTokensAtBeginLogitsProcessor(first, begin)(line[:, : row + 1], each)
        assert torch.equal(found[:, row], each)


def test_the_header_says_what_is_forbidden_and_all_is_true(tmp_path: Path) -> None:
    save("marian", tmp_path)
    config = json.loads((tmp_path / "generation_config.json").read_text())
    config |= {"suppress_tokens": [5, 6], "begin_suppress_tokens": [7], "bad_words_ids": [[8], [9, 10]]}
    (tmp_path / "generation_config.json").write_text(json.dumps(config))
    subject = glasshead.load(tmp_path)
    assert subject.anatomy.remarks[-3:] == (
        "3 tokens forbidden (−∞)",
        "1 token forbidden as the first",
        "1 sequence of tokens forbidden",
    )
    session = Session(subject)
    session.begin("the black cat")
    assert session.line.probabilities()[[5, 6, 7, 8]].tolist() == [0] * 4
    for _ in session.walk(5):
        pass
    assert session.line.probabilities()[[5, 6, 8]].tolist() == [0] * 3
    assert session.line.trace["logits"].isfinite().all()
    difference, peeking = session.line.verify()
    assert difference < 1e-4 and not peeking
    path = session.line.save(tmp_path / "line.safetensors")
    again = glasshead.load(path).start("the black cat")
    assert [token.id for token in again.candidates()] != [] and math.isfinite(again.entropy())
