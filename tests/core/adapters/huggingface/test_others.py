"""Models that are in no table, a few of each kind: what is shown is true, and what is refused is refused truly."""

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from tests.core.adapters.huggingface.tiny import BART, BERT, END, LLAMA, SPECIAL, START, T5, Tiny

import glasshead
from glasshead.adapters.huggingface.check import self_check
from glasshead.adapters.huggingface.marks import Marks, begin_target
from glasshead.adapters.huggingface.model import HuggingFace
from glasshead.errors import GlassheadError

EXPERTS = {"n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 8}
LATENT = {
    **LLAMA, **EXPERTS, "num_key_value_heads": 4, "q_lora_rank": 8, "kv_lora_rank": 8, "qk_rope_head_dim": 4,
    "qk_nope_head_dim": 4, "v_head_dim": 6, "n_group": 1, "topk_group": 1, "first_k_dense_replace": 1,
}  # fmt: skip
STATE = {"hidden_size": 16, "num_hidden_layers": 2, "state_size": 4, **SPECIAL}
DEEPSEEK = Tiny("DeepseekV3ForCausalLM", "DeepseekV3Config", LATENT)
REFUSED = {
    "a state": (Tiny("MambaForCausalLM", "MambaConfig", STATE), "MambaForCausalLM has no attention: its layers bring"),
    "attention in some layers": (
        Tiny("Lfm2ForCausalLM", "Lfm2Config", {**LLAMA, "layer_types": ["conv", "full_attention", "conv"]}),
        "Lfm2ForCausalLM has no attention to show: .* some layers have none, or compute it by themselves",
    ),
    "sound, and not Whisper": (
        Tiny("MoonshineForConditionalGeneration", "MoonshineConfig", {**BERT, "decoder_start_token_id": START}),
        "MoonshineForConditionalGeneration reads input_values, and no ids of a text",
    ),
    "two attentions in a layer": (
        Tiny(
            "LongcatFlashForCausalLM", "LongcatFlashConfig",
            {
                **LATENT, "head_dim": 4, "num_layers": 1, "num_hidden_layers": 2, "ffn_hidden_size": 24,
                "expert_ffn_hidden_size": 8,
            },
        ),
        "LongcatFlashForCausalLM has several attentions of the same tokens in one layer",
    ),
    "one layer that runs several times": (
        Tiny("AlbertForMaskedLM", "AlbertConfig", {**BERT, "embedding_size": 16}),
        "AlbertForMaskedLM has no attention to show: .* one layer runs several times",
    ),
    "a cache of its own": (
        Tiny("GlmMoeDsaForCausalLM", "GlmMoeDsaConfig", {**LATENT}),
        "GlmMoeDsaForCausalLM cannot be run step by step from a cache: ",
    ),
    "a mask that is added": (
        Tiny("SwitchTransformersForConditionalGeneration", "SwitchTransformersConfig", {**T5, "num_experts": 2}),
        "SwitchTransformersAttention adds its mask to the scores",
    ),
}  # fmt: skip


def adapted(module: Any) -> HuggingFace:
    """Adapt a module, and leave out what its check finds, as opening a folder does."""
    model = HuggingFace(module, begin_target(Marks(after=(END,)), module))
    model.leave_out(self_check(model))
    return model


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_shown_is_refused_by_its_class_and_the_reason(kind: str) -> None:
    tiny, sentence = REFUSED[kind]
    with pytest.raises(GlassheadError, match=sentence):
        adapted(tiny.module())


def test_experts_are_no_feed_forward_layer_and_their_attention_is_shown() -> None:
    """The shared expert of a mixture has the maps of a feed-forward layer, and gives a part of what is added."""
    module = DEEPSEEK.module()
    model = adapted(module)
    ids = torch.tensor([[3, 4, 5, 6, 7]])
    with torch.no_grad(), model.listen(["*"]) as seen:
        logits = model.logits(ids, None)
    module.set_attn_implementation("eager")
    with torch.no_grad():
        plain = module(input_ids=ids, output_attentions=True, use_cache=False)
    assert torch.allclose(logits, plain.logits, atol=1e-5)
    for layer, weights in enumerate(plain.attentions):
        assert torch.allclose(seen[f"decoder.{layer}.self.weights"], weights, atol=1e-5)
    mixtures = [layer for layer in range(3) if hasattr(module.model.layers[layer].mlp, "experts")]
    assert mixtures == [1, 2]
    parts = ("out", "active", "gate", "up")
    assert seen.keys().isdisjoint(f"decoder.{layer}.ffn.{name}" for layer in mixtures for name in parts)
    assert {f"decoder.0.ffn.{name}" for name in parts} <= seen.keys()  # which has no experts
    moved = seen["decoder.0.ffn.resid"] - seen["decoder.0.self.resid"]
    assert torch.allclose(seen["decoder.0.ffn.out"], moved, atol=1e-5)
    assert model.anatomy.remarks == ("experts of 2 layers not shown",)
    assert {f"decoder.{layer}.ffn.norm.out" for layer in range(3)} <= seen.keys()


def test_a_decoder_of_an_encoder_decoder_stands_alone() -> None:
    """It has modules for encoder–decoder attention, which nothing calls."""
    module = Tiny("BartForCausalLM", "BartConfig", {**BART, "encoder_layers": 3}).module()
    model = adapted(module)
    assert [(kind.label, kind.layers) for kind in model.anatomy.kinds] == [("decoder self (masked)", 3)]
    assert not model.anatomy.remarks


def test_a_decoder_whose_positions_begin_after_padding_passes() -> None:
    module = Tiny("CamembertForCausalLM", "CamembertConfig", {**BERT, "is_decoder": True}).module()
    model = adapted(module)
    assert model.anatomy.kinds[0].causal
    assert model.anatomy.remarks == ("positions begin after padding: generate counts them from 0",)
    with torch.no_grad():
        longest = torch.tensor([[5] * (model.limits.target or 0)])
        assert longest.numel() and model.logits(longest, None).isfinite().all()


def test_two_models_in_one_are_shown() -> None:
    """An EncoderDecoderModel of two BERTs."""
    half = transformers.BertConfig(**BERT)
    config = transformers.EncoderDecoderConfig.from_encoder_decoder_configs(half, half, decoder_start_token_id=START)
    torch.manual_seed(0)
    module: Any = transformers.EncoderDecoderModel(config=config).eval()
    model = adapted(module)
    assert [kind.label for kind in model.anatomy.kinds] == ["encoder self", "decoder self (masked)", "encoder–decoder"]


def test_a_target_begins_as_in_generate() -> None:
    without = {name: value for name, value in T5.items() if name != "decoder_start_token_id"}
    module = Tiny("T5ForConditionalGeneration", "T5Config", without).module()
    assert begin_target(Marks(), module).start == (1,)  # the id of <bos>
    written = module.generate(torch.tensor([[5, 6, END]]), max_new_tokens=1, do_sample=False, num_beams=1)
    assert written[0, 0] == 1
    module.generation_config.bos_token_id = module.config.bos_token_id = None
    with pytest.raises(GlassheadError, match="T5ForConditionalGeneration does not say what its target begins with"):
        begin_target(Marks(), module)


@pytest.mark.parametrize(
    ("tiny", "text"),
    [
        (Tiny("BertGenerationDecoder", "BertGenerationConfig", {**BERT, "is_decoder": True}), "5,6,7"),
        (Tiny("WhisperForCausalLM", "WhisperConfig", {**BART, "encoder_layers": 3, "num_mel_bins": 5}), "5,6,7"),
    ],
)
def test_a_class_with_a_head_of_another_name_opens_from_its_folder(tiny: Tiny, text: str, tmp_path: Path) -> None:
    module = tiny.module()
    module.save_pretrained(tmp_path)
    line = glasshead.load(tmp_path, ids=True).start(text)
    given = torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        plain = module(input_ids=given, use_cache=False).logits[0, -1]
    assert torch.allclose(line.probabilities(), plain.softmax(-1), atol=1e-5)
