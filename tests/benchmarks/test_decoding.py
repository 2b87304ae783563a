"""The cost of translating, greedily and with a beam, against `generate` of Hugging Face on an equal Marian.

Ratios of processor time within one run, the best of several interleaved rounds; `pytest -s` prints them.
"""

import math
from typing import Any

import pytest
import torch
from tests.benchmarks.clock import best
from tests.benchmarks.marian import twin
from torch import Tensor

import glasshead
from glasshead.adapters.native import Native
from glasshead.decoding.beam import search
from glasshead.decoding.protocols import Memory, Past
from glasshead.recipes import recipe

SHAPE: dict[str, Any] = {
    "d_model": 256,
    "heads": 8,
    "d_ff": 1024,
    "encoder_layers": 3,
    "decoder_layers": 3,
    "max_length": 128,
}
VOCABULARY = 8000
SOURCE, STEPS = 20, 40
ALPHA = 0.6


def generate(marian: Any, sources: list[list[int]], width: int, **options: Any) -> list[list[int]]:
    """Translate with Hugging Face, without start and end."""
    longest = max(map(len, sources))
    ids = torch.tensor([[*source, *[0] * (longest - len(source))] for source in sources])
    if width > 1:
        options["length_penalty"] = ALPHA
    given = marian.generate(ids, attention_mask=(ids != 0).long(), num_beams=width, do_sample=False, **options)
    return [[token for token in row if token > 2] for row in given.tolist()]


class Endless(Native):
    """A model that never gives the end token, as `min_new_tokens` has it on the other side."""

    def logits(self, ids: Tensor, memory: Memory | None, past: Past | None = None) -> Tensor:
        logits = super().logits(ids, memory, past)
        logits[..., self.config.eos_id] = -math.inf
        return logits


@pytest.fixture(scope="module")
def random() -> tuple[Endless, Any]:
    torch.manual_seed(0)
    model = glasshead.Transformer(glasshead.Config(vocab_size=VOCABULARY, **SHAPE)).eval().requires_grad_(False)
    return Endless(model), twin(model)


@pytest.mark.parametrize("width", [1, 4])
@pytest.mark.parametrize("batch", [1, 32])
def test_as_many_tokens_cost_no_more_than_with_hugging_face(
    random: tuple[Endless, Any], batch: int, width: int
) -> None:
    model, marian = random
    sources = torch.randint(3, VOCABULARY, (batch, SOURCE), generator=torch.Generator().manual_seed(1)).tolist()

    def ours() -> list[list[glasshead.Hypothesis]]:
        return search(model, sources, width=width, length_penalty=ALPHA, limit=STEPS, count=1)

    def theirs() -> list[list[int]]:
        return generate(marian, sources, width, min_new_tokens=STEPS, max_new_tokens=STEPS)

    assert {len(line.ids) for lines in ours() for line in lines} == {STEPS}
    assert {len(row) for row in theirs()} <= {STEPS, STEPS - 1}  # where its first token is one of the specials
    mine, other = best(ours, theirs, times=9 if batch == 1 else 7)
    each = batch * STEPS / 1e3
    print(
        f"\n{batch} sentences, width {width}: ours {mine / each:.2f} ms a token, "
        f"Hugging Face {other / each:.2f} ms: {mine / other:.2f} ×"
    )
    assert mine <= other


@pytest.mark.parametrize("width", [1, 4])
@pytest.mark.parametrize("count", [1, 64])
def test_real_sentences_cost_no_more_than_with_hugging_face(count: int, width: int) -> None:
    """The bundled checkpoint: sentences of all lengths, which end where they end."""
    subject = glasshead.load("english-french")
    sources = [
        [token.id for token in subject.encode(source)] for source, _ in recipe("english-french").sample("test", count)
    ]
    marian = twin(subject.native)

    def ours() -> list[list[int]]:
        return [
            list(lines[0].ids) for lines in search(subject.model, sources, width=width, length_penalty=ALPHA, count=1)
        ]

    def theirs() -> list[list[int]]:
        return generate(marian, sources, width, max_new_tokens=subject.config.max_length - 1)

    same = sum(mine == other for mine, other in zip(ours(), theirs(), strict=True))
    assert same >= 0.95 * count  # the rule by which a search ends is another one there
    mine, other = best(ours, theirs, times=9 if count == 1 else 5)
    print(
        f"\n{count} real sentences, width {width}: ours {mine / count * 1e3:.1f} ms a sentence, "
        f"Hugging Face {other / count * 1e3:.1f} ms: {mine / other:.2f} ×"
    )
    assert mine <= other
