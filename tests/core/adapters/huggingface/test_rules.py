"""Rules of a generation config: a greedy line is `generate`'s, or the header names the rule that is not applied."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.adapters.huggingface.test_forbidden import IDS, NEW, greedy
from tests.core.adapters.huggingface.tiny import END, FAMILIES, START, sound_of, wrap
from transformers.generation import logits_process as processors

from glasshead.adapters.huggingface.marks import Marks, begin_target
from glasshead.adapters.huggingface.model import HuggingFace
from glasshead.adapters.huggingface.rules import Rules

RULES: dict[str, dict[str, Any]] = {
    "suppress_tokens": {"suppress_tokens": ["second"]},
    "begin_suppress_tokens": {"begin_suppress_tokens": ["first"]},
    "bad_words_ids": {"bad_words_ids": [["second"], ["first", "third"]]},
    "sequence_bias": {"sequence_bias": [[["second"], -9.0], [["first", "third"], 30.0]]},
    "repetition_penalty": {"repetition_penalty": 5.0},
    "no_repeat_ngram_size": {"no_repeat_ngram_size": 1},
    "min_length": {"min_length": len(IDS) + 4, "eos_token_id": "second"},
    "min_new_tokens": {"min_new_tokens": 4, "eos_token_id": "second"},
    "forced_bos_token_id": {"forced_bos_token_id": "second"},
    "forced_eos_token_id": {"forced_eos_token_id": "other", "eos_token_id": ["other"], "max_length": len(IDS) + 3},
    "exponential_decay_length_penalty": {
        "exponential_decay_length_penalty": (2, 9.0), "eos_token_id": ["second", 30, 31, 32],
    },
    "guidance_scale": {"guidance_scale": 1.5},
    "encoder_repetition_penalty": {"encoder_repetition_penalty": 3.0},
    "encoder_no_repeat_ngram_size": {"encoder_no_repeat_ngram_size": 1},
    "several at once": {
        "repetition_penalty": 2.0, "no_repeat_ngram_size": 2, "min_length": 7, "suppress_tokens": ["first"],
        "sequence_bias": [[["third"], 2.0]],
    },
}  # fmt: skip


def written(module: Any, **more: Any) -> list[int]:
    """What `generate` writes after the prompt."""
    if module.main_input_name == "input_features":
        given, before = {"input_features": sound_of(module)}, 0
    else:
        given, before = {"input_ids": torch.tensor([IDS])}, 1 if module.config.is_encoder_decoder else len(IDS)
    found: list[int] = module.generate(**given, do_sample=False, num_beams=1, **more)[0].tolist()
    return found[before:]


def named(value: Any, tokens: dict[str, int]) -> Any:
    """Put ids in the place of their names."""
    if isinstance(value, list):
        return [named(each, tokens) for each in value]
    return tokens[value] if isinstance(value, str) else value


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("family", ["marian", "gpt2", "whisper"])
def test_a_greedy_line_is_that_of_generate_or_the_header_says_why_not(family: str, rule: str) -> None:
    module = FAMILIES[family].module()
    module.generation_config.eos_token_id = None
    module.config.eos_token_id = None
    free = written(module, max_new_tokens=NEW)
    others = [token for token in free if token not in (START, free[0])]
    tokens = {"first": free[0], "second": others[0], "third": free[2], "other": 33}
    for name, value in RULES[rule].items():
        setattr(module.generation_config, name, named(value, tokens))
    model = wrap(module)
    said = [remark for remark in model.rules.remarks(begins=model.reads) if remark.startswith("not applied: ")]
    if rule == "guidance_scale":  # which `generate` itself cannot do for every class
        assert any(rule in remark for remark in said)
        return
    expected = written(module, **({} if "max_length" in RULES[rule] else {"max_new_tokens": NEW}))
    ours = greedy(model, cached=True)
    assert greedy(model, cached=False) == ours
    if rule == "forced_bos_token_id" and model.reads:  # it stands before what is chosen
        model = model if model.hears else wrap_with_start(module)
        assert model.marks.start[-1] == tokens["second"]
        ours = [tokens["second"], *greedy(model, cached=True)][:NEW]
    if any(rule in remark for remark in said):
        return
    assert ours[: len(expected)] == expected
    assert rule not in ("repetition_penalty", "no_repeat_ngram_size", "min_length", "sequence_bias") or (
        expected != written_freely(module, RULES[rule], tokens)
    )


def wrap_with_start(module: Any) -> HuggingFace:
    return HuggingFace(module, begin_target(Marks(after=(END,)), module))


def written_freely(module: Any, rule: dict[str, Any], tokens: dict[str, int]) -> list[int]:
    """What `generate` writes without the rule, but with the same end."""
    for name in rule:
        if name != "eos_token_id":
            setattr(module.generation_config, name, None)
    return written(module, max_new_tokens=NEW)


@given(
    st.lists(st.integers(0, 11), min_size=1, max_size=9), st.sampled_from([1.0, 0.5, 3.0]), st.integers(0, 3),
    st.integers(0, 9), st.sampled_from([None, (1, 1.5), (3, 2.0)]), st.sampled_from([None, 4, 6]),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_every_row_is_what_the_processors_of_generate_make_of_it(
    ids: list[int], penalty: float, span: int, least: int, decay: tuple[int, float] | None, most: int | None
) -> None:
    class Config:
        repetition_penalty, no_repeat_ngram_size, min_length, max_length = penalty, span, least, most
        exponential_decay_length_penalty, forced_eos_token_id = decay, 3
        sequence_bias = ([[5], 1.5], [[4, 2], -3.0])

    logits, line = torch.randn(1, len(ids), 12), torch.tensor([ids])
    found = Rules.of(Config, {3}, 12, 1).apply(logits, line, 0, 1)
    end = torch.tensor([3])
    for row in range(len(ids)):
        each, so_far = logits[:, row], line[:, : row + 1]
        each = processors.SequenceBiasLogitsProcessor(list(Config.sequence_bias))(so_far, each)
        each = processors.RepetitionPenaltyLogitsProcessor(penalty)(so_far, each)
        if span:
            each = processors.NoRepeatNGramLogitsProcessor(span)(so_far, each)
        each = processors.MinLengthLogitsProcessor(least, end)(so_far, each)
        if most is not None:
            each = processors.ForcedEOSTokenLogitsProcessor(most, end)(so_far, each)
        if decay is not None:
            each = processors.ExponentialDecayLengthPenalty(decay, end, 1)(so_far, each)
        assert torch.allclose(found[:, row], each), row


def test_what_is_not_applied_is_in_the_header() -> None:
    module = FAMILIES["gpt2"].module()
    module.generation_config.min_new_tokens = 3
    module.generation_config.guidance_scale = 1.5
    module.generation_config.repetition_penalty = 1.25
    facts = wrap(module).anatomy.facts
    assert "repetition_penalty 1.25" in facts and "not applied: guidance_scale, min_new_tokens" in facts
