"""The project's own model behind the protocol: the logits of the module, and an anatomy that tells what it does."""

import math

import pytest
import torch
from tests.core.helpers import OPTIONS, make

from glasshead import GlassheadError
from glasshead.adapters.native import Native

TEXTS = [[5, 9, 13, 20], [7], [11, 6, 8]]
TARGET = torch.tensor([[1, 12, 17, 5, 22, 9]])


def opened(name: str) -> Native:
    return Native(make(3, torch.float64, **OPTIONS[name]))


@pytest.mark.parametrize("name", OPTIONS)
def test_sources_read_together_give_each_the_logits_of_the_module_alone(name: str) -> None:
    model = opened(name)
    sources = [model.prompt(text).source for text in TEXTS]
    together = model.logits(TARGET.expand(len(TEXTS), -1), model.read(sources))
    for source, found in zip(sources, together, strict=True):
        assert torch.allclose(found, model.module(torch.tensor([source]), TARGET)[0], atol=1e-12)


@pytest.mark.parametrize("name", OPTIONS)
def test_in_parts_and_after_a_crop_the_logits_are_those_of_one_pass(name: str) -> None:
    model = opened(name)
    memory = model.read([model.prompt(TEXTS[0]).source])
    whole, past = model.logits(TARGET, memory), model.past()
    parts = [model.logits(TARGET[:, start:end], memory, past) for start, end in ((0, 2), (2, 5), (5, 6))]
    assert past.length == TARGET.shape[1]
    assert torch.allclose(torch.cat(parts, 1), whole, atol=1e-12)
    past.crop(3)
    assert torch.allclose(model.logits(TARGET[:, 3:], memory, past), whole[:, 3:], atol=1e-12)


@pytest.mark.parametrize("name", OPTIONS)
def test_the_anatomy_is_what_the_module_computes(name: str) -> None:
    """Scores are q·k times the scale; beyond what may be looked at the weights are 0; every site is seen."""
    model = opened(name)
    anatomy = model.anatomy
    source = model.prompt(TEXTS[0]).source
    with model.listen(["*"]) as seen:
        model.logits(TARGET, model.read([source]))
    assert set(seen) == set(anatomy.sites)
    assert anatomy.parameters == sum(each.numel() for each in model.module.parameters())
    for kind in anatomy.kinds:
        queries = len(source) if kind.stack == "encoder" else TARGET.shape[1]
        keys = len(source) if kind.keys == "source" else TARGET.shape[1]
        for layer in range(kind.layers):
            place = f"{kind.stack}.{layer}.{kind.kind}"
            attending = anatomy.attending[place]
            q, k, weights = (seen[f"{place}.{part}"][0] for part in ("q", "k", "weights"))
            assert weights.shape == (kind.heads, queries, keys) and k.shape[0] == kind.key_heads
            before, after = attending.window or (math.inf, math.inf)
            looks = torch.tensor(
                [
                    [-before <= key - query <= after and (key <= query or not kind.causal) for key in range(keys)]
                    for query in range(queries)
                ]
            )
            scores = (q @ k.transpose(-1, -2) * attending.scale).masked_fill(~looks, -math.inf)
            assert torch.allclose(scores.softmax(-1), weights, atol=1e-12)


def test_a_text_begins_and_ends_as_the_module_was_trained() -> None:
    model = opened("the paper")
    config = model.config
    prompt = model.prompt([5, 9])
    assert prompt.source == (5, 9, config.eos_id) and prompt.start == (config.bos_id,)
    assert model.ends == {config.eos_id} and model.size == config.vocab_size
    assert model.limits.target == config.max_length == (model.limits.text or 0) + 1


def test_a_target_without_a_source_is_refused() -> None:
    with pytest.raises(GlassheadError, match="There is no source"):
        opened("the paper").logits(TARGET, None)
