"""Batches of sentences of unequal length: each is decoded as alone, on whatever side the tokenizer pads."""

import json
from pathlib import Path

import pytest
import torch
from tests.core.adapters.huggingface.folders import save

import glasshead
from glasshead.decoding.beam import search

TEXTS = ["the black cat is sleeping in the garden", "a dog", "the small red bird sings"]


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("family", ["marian", "t5", "m2m_100", "pegasus", "mbart"])
def test_a_batch_is_decoded_as_each_alone(family: str, side: str, tmp_path: Path) -> None:
    module = save(family, tmp_path)
    path = tmp_path / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "padding_side": side}))
    subject = glasshead.load(tmp_path)
    model = subject.model
    sources = [model.prompt(subject.vocabulary.source.encode(text)).source for text in TEXTS]
    assert len({len(source) for source in sources}) == 3
    found = search(model, sources, width=2, limit=8)
    alone = [search(model, [source], width=2, limit=8)[0] for source in sources]
    for one, other in zip(found, alone, strict=True):
        assert [line.ids for line in one] == [line.ids for line in other]
        assert [line.score for line in one] == pytest.approx([line.score for line in other], abs=1e-4)

    start = torch.tensor([model.prompt(()).start] * 3)
    memory = model.read(sources)
    assert memory is not None
    logits = model.logits(start, memory)
    for row, source in enumerate(sources):  # and as transformers reads it alone
        own = module(input_ids=torch.tensor([source]), decoder_input_ids=start[:1]).logits[0]
        assert torch.allclose(logits[row], own, atol=1e-4)
