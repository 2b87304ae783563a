"""The cost of watching, on our own Transformer and on models of Hugging Face at their real sizes.

Ratios of processor time within one run, the best of several interleaved rounds; `pytest -s` prints them.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from tests.benchmarks.clock import best
from tests.core.adapters.huggingface.folders import tokenizer
from torch import nn

import glasshead
from glasshead.adapters.huggingface.marks import Marks
from glasshead.adapters.huggingface.model import HuggingFace
from glasshead.adapters.ids import IdNames
from glasshead.adapters.sides import NamedSides
from glasshead.session.session import Session
from glasshead.traces.record import BUDGET, MiB

TOKENS = 64
GPT2: dict[str, Any] = {"n_embd": 768, "n_layer": 12, "n_head": 12, "bos_token_id": 0, "eos_token_id": None}
MARIAN: dict[str, Any] = {
    "d_model": 512, "encoder_layers": 6, "decoder_layers": 6, "encoder_attention_heads": 8,
    "decoder_attention_heads": 8, "encoder_ffn_dim": 2048, "decoder_ffn_dim": 2048, "vocab_size": 58101,
    "pad_token_id": 58100, "eos_token_id": 0, "decoder_start_token_id": 58100, "forced_eos_token_id": None,
}  # fmt: skip


def gpt2(**changes: Any) -> Any:
    torch.manual_seed(0)
    return transformers.GPT2LMHeadModel(transformers.GPT2Config(**{**GPT2, **changes})).eval()


def marian() -> Any:
    torch.manual_seed(0)
    return transformers.MarianMTModel(transformers.MarianConfig(**MARIAN)).eval()


def passes(module: Any) -> tuple[Callable[[], object], Callable[[], object], HuggingFace]:
    """A full forward as its owner runs it, the same through our adapter, and that."""
    ids = torch.randint(10, 50_000, (1, TOKENS))
    start = module.config.pad_token_id if module.config.is_encoder_decoder else None
    model = HuggingFace(module, Marks(start=() if start is None else (start,)))

    @torch.inference_mode()
    def plain() -> None:
        if start is None:
            module(input_ids=ids, use_cache=False)
        else:
            module(input_ids=ids, decoder_input_ids=ids, use_cache=False)

    @torch.inference_mode()
    def ours() -> None:
        model.logits(ids, model.read(ids.tolist()))

    return plain, ours, model


@pytest.mark.parametrize("maker", [gpt2, marian])
def test_a_watched_forward_costs_at_most_1_10_and_one_layer_1_02(maker: Callable[[], Any]) -> None:
    plain, ours, model = passes(maker())
    every = model.listen(["*"])
    layer = model.listen([f"{model.anatomy.attentions(model.anatomy.kinds[-1])[3]}.*"])

    def watched() -> None:
        with every:
            ours()

    def one() -> None:
        with layer:
            ours()

    bare, everything, single = best(plain, watched, one)
    print(
        f"\n{maker.__name__}: {bare * 1e3:.1f} ms; every site {everything / bare:.3f} ×, a layer {single / bare:.3f} ×"
    )
    assert everything <= 1.10 * bare
    assert single <= 1.02 * bare


@pytest.mark.parametrize(("tokens", "most"), [(64, 1.12), (256, 1.3)])
def test_a_watched_forward_of_our_own_model(tokens: int, most: float) -> None:
    torch.manual_seed(0)
    config = glasshead.Config(vocab_size=8000, d_model=256, heads=8, d_ff=1024, dropout=0.0)
    model = glasshead.Transformer(config).eval().requires_grad_(False)
    source, target = torch.randint(4, 8000, (2, 1, tokens))
    taps = glasshead.listen(model, ["*"])

    @torch.inference_mode()
    def plain() -> None:
        model(source, target)

    def watched() -> None:
        with taps:
            plain()

    bare, everything = best(plain, watched, times=21)
    print(f"\n{tokens} tokens: {bare * 1e3:.1f} ms; every site {everything / bare:.3f} ×")
    assert everything <= most * bare


class Reader(nn.Module):
    """A decoder alone, of torch's own layers under a causal mask: 6 layers, 8 heads, 512 wide."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.project = nn.Embedding(8000, 512), nn.Linear(512, 8000)
        layer = nn.TransformerEncoderLayer(512, 8, 2048, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 6, enable_nested_tensor=False)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        mask = nn.Transformer.generate_square_subsequent_mask(ids.shape[1])
        found: torch.Tensor = self.project(self.layers(self.embed(ids), mask=mask))
        return found


@pytest.mark.parametrize(("tokens", "most"), [(64, 1.4), (256, 1.6)])
def test_a_watched_forward_of_a_module_of_torch(tokens: int, most: float) -> None:
    torch.manual_seed(0)
    module, ids = Reader().eval(), torch.randint(4, 8000, (1, tokens))
    model = glasshead.subject(module, target=ids, limit=tokens).model
    taps = model.listen(["*"])

    @torch.inference_mode()
    def plain() -> None:
        module(ids)

    @torch.inference_mode()
    def watched() -> None:
        with taps:
            model.logits(ids, None)

    bare, everything = best(plain, watched)
    print(f"\ntorch.nn, {tokens} tokens: {bare * 1e3:.1f} ms; every site {everything / bare:.3f} ×")
    assert everything <= most * bare


def test_a_step_with_the_shown_layer_costs_at_most_1_15_of_an_eager_one() -> None:
    module = gpt2()
    _, _, model = passes(module)
    theirs = gpt2()
    theirs.set_attn_implementation("eager")
    ids = torch.randint(10, 50_000, (1, TOKENS))
    taps = model.listen(["decoder.11.self.*"])

    @torch.inference_mode()
    def eager() -> None:
        past = None
        for place in range(TOKENS):
            past = theirs(input_ids=ids[:, place : place + 1], past_key_values=past, use_cache=True).past_key_values

    @torch.inference_mode()
    def ours() -> None:
        past = model.past()
        for place in range(TOKENS):
            with taps:
                model.logits(ids[:, place : place + 1], None, past)

    step, other = best(ours, eager, times=5)
    print(f"\nours {step / TOKENS * 1e3:.2f} ms, eager {other / TOKENS * 1e3:.2f} ms: {step / other:.3f} ×")
    assert step <= 1.15 * other


def test_opening_a_folder_costs_at_most_1_3_of_loading_and_one_forward(tmp_path: Path) -> None:
    module = gpt2(bos_token_id=1, eos_token_id=2)
    module.save_pretrained(tmp_path)
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer("bytes"), eos_token="</s>").save_pretrained(
        tmp_path
    )
    text = "the black cat is sleeping"

    def ours() -> None:
        session = Session(glasshead.load(tmp_path))
        session.begin(text)
        assert session.moment.candidates

    @torch.inference_mode()
    def theirs() -> None:
        names = transformers.AutoTokenizer.from_pretrained(tmp_path)
        loaded: Any = transformers.AutoModelForCausalLM.from_pretrained(tmp_path)
        loaded(**names(text, return_tensors="pt"))

    ours()  # the check of a folder is remembered
    opened, loaded = best(ours, theirs, times=5)
    print(f"\nours {opened:.2f} s, transformers {loaded:.2f} s: {opened / loaded:.3f} ×")
    assert opened <= 1.3 * loaded


@pytest.mark.parametrize("tokens", [64, 512, 2048])
def test_a_trace_stays_within_its_budget(tokens: int) -> None:
    """12 layers × 12 heads; of a small width, for what grows with the square of the length are the matrices."""
    module = gpt2(n_embd=192, vocab_size=500, n_positions=2049)
    model = HuggingFace(module, Marks())

    names = IdNames(500, None)
    subject = glasshead.Subject("gpt2", model, NamedSides(names, names))
    began = time.perf_counter()
    line = subject.start(",".join(map(str, torch.randint(3, 500, (tokens,)).tolist())))
    trace = line.outlook
    matrix = trace["decoder.5.self.weights"]
    print(f"\n{tokens} tokens: {trace.bytes / MiB:.0f} MiB after {time.perf_counter() - began:.1f} s")
    assert trace.bytes <= BUDGET and matrix.shape == (12, tokens, tokens)
    for site in ("decoder.0.self.scores", "decoder.11.self.masked", "decoder.11.ffn.active", "logits"):
        assert trace[site].shape[-2] == tokens
