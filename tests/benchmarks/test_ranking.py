"""The cost of ranking all heads of a model, against passes over the same line and against a loop over the heads.

The line has 12 tokens on each side, as a sentence of english-french has on the average. A longer one costs more: its
single pass keeps the processor as busy as a batch does. So does a larger vocabulary, as each row needs all its logits:
with 58,101 tokens and a width of 512, 72 heads cost 30 passes. The loop is that of TransformerLens, or of plain hooks
(`loops.py`): one pass for each head, whose output is set to 0, or to what it is in another line. Ratios of processor
time within one run, the best of several interleaved rounds of about the same length; `pytest -s` prints them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from tests.benchmarks.clock import best
from tests.benchmarks.loops import loop_of
from torch import Tensor

import glasshead
from glasshead.adapters.huggingface.marks import Marks
from glasshead.adapters.huggingface.model import HuggingFace
from glasshead.adapters.native import Native
from glasshead.decoding.protocols import Model
from glasshead.ranking.lines import Line
from glasshead.ranking.parts import heads
from glasshead.ranking.passes import Outcome, Runner

TOKENS, PASSES = 12, 20
MARIAN: dict[str, Any] = {
    "vocab_size": 8000, "d_model": 256, "encoder_layers": 3, "decoder_layers": 3, "encoder_attention_heads": 8,
    "decoder_attention_heads": 8, "encoder_ffn_dim": 1024, "decoder_ffn_dim": 1024, "max_position_embeddings": 128,
    "pad_token_id": 0, "eos_token_id": 2, "decoder_start_token_id": 1, "forced_eos_token_id": None,
}  # fmt: skip
LLAMA: dict[str, Any] = {
    "vocab_size": 49152, "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30,
    "num_attention_heads": 9, "num_key_value_heads": 3, "tie_word_embeddings": True,
}  # fmt: skip


def line(size: int, *, reads: bool, seed: int = 0) -> Line:
    draw = torch.Generator().manual_seed(seed)
    source, target = torch.randint(3, size, (2, TOKENS), generator=draw).tolist()
    return Line(tuple(source) if reads else (), (1, *target[:-1]), tuple(target) if reads else tuple(target[1:]), 1)


def swept(model: Model, given: Line) -> Runner:
    """Rank all heads, as `glasshead heads` does: the first pass and its trial are counted."""
    runner = Runner(model, given)
    assert len(runner.run([frozenset({part}) for part in heads(model.anatomy)])) == len(heads(model.anatomy))
    return runner


@pytest.mark.parametrize("maker", ["english-french", "marian"])
def test_72_heads_cost_at_most_20_passes(maker: str) -> None:
    torch.manual_seed(0)
    module: Any
    model: Model
    if maker == "marian":
        module = transformers.MarianMTModel(transformers.MarianConfig(**MARIAN)).eval()
        model = HuggingFace(module, Marks(start=(1,)))
    else:
        module = glasshead.load(maker).native
        model = Native(module)
    given = line(model.size, reads=True)
    source, target = torch.tensor([given.source]), torch.tensor([given.ids])
    assert len(heads(model.anatomy)) == 72

    @torch.inference_mode()
    def plain() -> None:
        for _ in range(PASSES):
            if maker == "marian":
                module(input_ids=source, decoder_input_ids=target, use_cache=False)
            else:
                module(source, target)

    some, sweep = best(plain, lambda: swept(model, given))
    one = some / PASSES
    print(f"\n{maker}: a pass {one * 1e3:.1f} ms, 72 heads {sweep * 1e3:.1f} ms: {sweep / one:.1f} passes")
    assert sweep <= PASSES * one


@pytest.mark.parametrize(("method", "share"), [("knockout", 0.5), ("patch", 0.4)])
def test_a_head_of_30_layers_costs_a_share_of_one_in_a_loop_of_passes(
    method: str, share: float, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    module: Any = transformers.LlamaForCausalLM(transformers.LlamaConfig(**LLAMA)).eval()
    model = HuggingFace(module, Marks())
    given, clean = line(LLAMA["vocab_size"], reads=False), line(LLAMA["vocab_size"], reads=False, seed=1)
    parts = heads(model.anatomy)
    sites = [f"{prefix}.heads" for prefix in dict.fromkeys(part.prefix for part in parts)] if method == "patch" else []
    some = [(layer, head) for layer in range(0, 30, 3) for head in (0, 4, 8)]
    """Heads of the loop: each costs the same, so not all of them need be run."""
    name, run = loop_of(module, tmp_path)

    def sweep() -> list[Outcome]:
        fills = Runner(model, clean, keep=sites).clean.values if sites else {}
        return Runner(model, given).run([frozenset({part}) for part in parts], fills)

    before = Runner(model, clean, keep=sites).clean.values if sites else {}

    def loop(which: Sequence[tuple[int, int]] = some) -> list[Tensor]:
        ids = torch.tensor([given.ids])
        put = {at: before[f"decoder.{at[0]}.self.heads"][at[1]] if sites else None for at in which}
        return [run(ids, layer, head, put[layer, head]) for layer, head in which]

    outcomes = dict(zip([(int(part.prefix.split(".")[1]), part.head) for part in parts], sweep(), strict=True))
    for at, logits in zip(few := [(0, 0), (7, 4), (29, 8)], loop(few), strict=True):
        logp = logits.log_softmax(-1)[list(given.rows), list(given.labels)]
        assert torch.allclose(outcomes[at].logp.float(), logp, atol=1e-4), "the same numbers"
    one, all_heads = best(loop, sweep, times=2)
    each, other = all_heads / len(parts), one / len(some)
    print(f"\n{method} of 270 heads: {each * 1e3:.1f} ms each, in {name} {other * 1e3:.1f} ms: {each / other:.2f} ×")
    assert each <= share * other
