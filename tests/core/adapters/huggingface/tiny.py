"""A small model of every family, with random weights: its class, and what its configuration is made with."""

from dataclasses import dataclass
from typing import Any

import torch
import transformers

from glasshead.adapters.huggingface.marks import Marks
from glasshead.adapters.huggingface.model import HuggingFace

SIZE, END, START = 60, 2, 3
SPECIAL = {"vocab_size": SIZE, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": END}
BART = {
    "d_model": 16, "encoder_layers": 2, "decoder_layers": 3, "encoder_attention_heads": 4,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 24, "decoder_ffn_dim": 20, "max_position_embeddings": 64,
    "decoder_start_token_id": START, "forced_eos_token_id": None, **SPECIAL,
}  # fmt: skip
T5 = {
    "d_model": 16, "d_kv": 6, "d_ff": 24, "num_layers": 2, "num_heads": 4, "decoder_start_token_id": START, **SPECIAL,
}  # fmt: skip
LLAMA = {
    "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 3, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 64, **SPECIAL,
}  # fmt: skip
BERT = {
    "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4,
    "max_position_embeddings": 64, **SPECIAL,
}  # fmt: skip


@dataclass(frozen=True)
class Tiny:
    """One family."""

    maker: str
    config: str
    values: dict[str, Any]
    window: int | None = None
    """Window of its first layer."""

    def module(self, seed: int = 0) -> Any:
        """Make a model with random weights, large enough that no attention is even."""
        torch.manual_seed(seed)
        config = getattr(transformers, self.config)(**self.values)
        module = getattr(transformers, self.maker)(config).eval()
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                if parameter.dim() > 1 and "embed" not in name and "wte" not in name:
                    parameter.mul_(2 if "5" in self.config else 8)
        module.tie_weights()
        return module


FAMILIES = {
    "marian": Tiny("MarianMTModel", "MarianConfig", BART),
    "bart": Tiny("BartForConditionalGeneration", "BartConfig", BART),
    "mbart": Tiny("MBartForConditionalGeneration", "MBartConfig", BART),
    "whisper": Tiny(
        "WhisperForConditionalGeneration", "WhisperConfig",
        {
            **BART, "num_mel_bins": 5, "max_source_positions": 6, "max_target_positions": 64, "suppress_tokens": None,
            "begin_suppress_tokens": None,
        },
    ),
    "pegasus": Tiny("PegasusForConditionalGeneration", "PegasusConfig", BART),
    "m2m_100": Tiny("M2M100ForConditionalGeneration", "M2M100Config", BART),
    "t5": Tiny("T5ForConditionalGeneration", "T5Config", T5),
    "mt5": Tiny("MT5ForConditionalGeneration", "MT5Config", T5),
    "gpt2": Tiny(
        "GPT2LMHeadModel", "GPT2Config", {"n_embd": 16, "n_layer": 2, "n_head": 4, "n_positions": 64, **SPECIAL}
    ),
    "opt": Tiny(
        "OPTForCausalLM", "OPTConfig",
        {"hidden_size": 16, "ffn_dim": 24, "num_hidden_layers": 2, "num_attention_heads": 4,
         "max_position_embeddings": 64, "word_embed_proj_dim": 16, **SPECIAL},
    ),
    "gpt_neox": Tiny("GPTNeoXForCausalLM", "GPTNeoXConfig", BERT),
    "llama": Tiny("LlamaForCausalLM", "LlamaConfig", LLAMA),
    "mistral": Tiny("MistralForCausalLM", "MistralConfig", {**LLAMA, "sliding_window": 3}, window=3),
    "qwen2": Tiny("Qwen2ForCausalLM", "Qwen2Config", LLAMA),
    "qwen3": Tiny("Qwen3ForCausalLM", "Qwen3Config", {**LLAMA, "head_dim": 6}),
    "phi3": Tiny("Phi3ForCausalLM", "Phi3Config", LLAMA),
    "gemma2": Tiny("Gemma2ForCausalLM", "Gemma2Config", {**LLAMA, "head_dim": 4, "sliding_window": 3}, window=3),
    "gemma3_text": Tiny(
        "Gemma3ForCausalLM", "Gemma3TextConfig", {**LLAMA, "head_dim": 4, "sliding_window": 3}, window=3
    ),
    "bert": Tiny("BertForMaskedLM", "BertConfig", BERT),
    "roberta": Tiny("RobertaForMaskedLM", "RobertaConfig", BERT),
    "electra": Tiny("ElectraForMaskedLM", "ElectraConfig", {**BERT, "embedding_size": 16}),
    "distilbert": Tiny(
        "DistilBertForMaskedLM", "DistilBertConfig",
        {"dim": 16, "hidden_dim": 24, "n_layers": 2, "n_heads": 4, "max_position_embeddings": 64, **SPECIAL},
    ),
    "modernbert": Tiny(
        "ModernBertForMaskedLM", "ModernBertConfig",
        {**BERT, "cls_token_id": 1, "sep_token_id": 2, "local_attention": 4},
    ),
}  # fmt: skip

OTHERS = {
    "bert, a decoder": Tiny("BertLMHeadModel", "BertConfig", {**BERT, "is_decoder": True}),
    "blenderbot": Tiny("BlenderbotForConditionalGeneration", "BlenderbotConfig", BART),
    "camembert": Tiny("CamembertForMaskedLM", "CamembertConfig", BERT),
    "cohere": Tiny("CohereForCausalLM", "CohereConfig", LLAMA),
    "glm": Tiny("GlmForCausalLM", "GlmConfig", {**LLAMA, "head_dim": 4}),
    "gpt_bigcode": Tiny(
        "GPTBigCodeForCausalLM", "GPTBigCodeConfig",
        {"n_embd": 16, "n_layer": 2, "n_head": 4, "n_positions": 64, **SPECIAL},
    ),
    "granite": Tiny(
        "GraniteForCausalLM", "GraniteConfig",
        {**LLAMA, "embedding_multiplier": 3.0, "residual_multiplier": 0.5, "attention_multiplier": 0.3},
    ),
    "mixtral": Tiny("MixtralForCausalLM", "MixtralConfig", {**LLAMA, "num_local_experts": 2}),
    "nemotron": Tiny("NemotronForCausalLM", "NemotronConfig", LLAMA),
    "nllb_moe": Tiny(
        "NllbMoeForConditionalGeneration", "NllbMoeConfig",
        {**BART, "num_experts": 4, "encoder_sparse_step": 2, "decoder_sparse_step": 2},
    ),
    "nomic_bert": Tiny("NomicBertForMaskedLM", "NomicBertConfig", BERT),
    "olmo2": Tiny("Olmo2ForCausalLM", "Olmo2Config", LLAMA),
    "olmo3": Tiny("Olmo3ForCausalLM", "Olmo3Config", {**LLAMA, "sliding_window": 3}, window=3),
    "phi": Tiny("PhiForCausalLM", "PhiConfig", LLAMA),
    "plbart": Tiny("PLBartForConditionalGeneration", "PLBartConfig", BART),
    "stablelm": Tiny("StableLmForCausalLM", "StableLmConfig", {**LLAMA, "hidden_size": 32}),
    "starcoder2": Tiny("Starcoder2ForCausalLM", "Starcoder2Config", {**LLAMA, "sliding_window": None}),
    "umt5": Tiny("UMT5ForConditionalGeneration", "UMT5Config", T5),
}  # fmt: skip
"""Models that are in no table: their parts are found by watching where their numbers go."""


def sound_of(module: Any) -> torch.Tensor:
    """Features for a model that hears: 1 f t."""
    draw = torch.Generator().manual_seed(1)
    return torch.randn(1, module.config.num_mel_bins, 2 * module.config.max_source_positions, generator=draw)


def wrap(module: Any) -> HuggingFace:
    """Adapt a module, with marks as a tokenizer of its kind would give them; one that hears gets a sound."""
    start = getattr(module.config, "decoder_start_token_id", None)
    found = HuggingFace(module, Marks(after=(END,), start=() if start is None else (start,)))
    return found.hear(sound_of(module)) if found.hears else found
