"""Hugging Face's Marian, equal to a model of ours."""

from typing import Any

import torch

from glasshead.model import Transformer


def twin(model: Transformer) -> Any:
    """Make a Marian with the same weights, which gives the same logits. Its projections have biases, all 0 here."""
    from transformers import MarianConfig, MarianMTModel

    config = model.config
    marian: Any = MarianMTModel(
        MarianConfig(
            vocab_size=config.vocab_size,
            d_model=config.d_model,
            encoder_layers=config.encoder_layers,
            decoder_layers=config.decoder_layers,
            encoder_attention_heads=config.heads,
            decoder_attention_heads=config.heads,
            encoder_ffn_dim=config.d_ff,
            decoder_ffn_dim=config.d_ff,
            max_position_embeddings=config.max_length,
            activation_function="relu",
            scale_embedding=True,
            dropout=config.dropout,
            pad_token_id=config.pad_id,
            eos_token_id=config.eos_id,
            decoder_start_token_id=config.bos_id,
            forced_eos_token_id=None,
        )
    ).eval()
    names = {"query": "q_proj", "key": "k_proj", "value": "v_proj", "output": "out_proj"}
    state = {name: torch.zeros_like(value) for name, value in marian.state_dict().items()}  # our projections: no bias
    for name in state:
        if name.endswith(("shared.weight", "embed_tokens.weight", "lm_head.weight")):
            state[name] = model.target.weight
        elif name.endswith("embed_positions.weight"):
            state[name] = model.target.positions
    for stack in ("encoder", "decoder"):
        for number, layer in enumerate(getattr(model, stack).layers):
            at = f"model.{stack}.layers.{number}"
            kinds = {"self": "self_attn", "cross": "encoder_attn"} if stack == "decoder" else {"self": "self_attn"}
            for kind, theirs in kinds.items():
                part = getattr(layer, kind)
                for ours, name in names.items():
                    state[f"{at}.{theirs}.{name}.weight"] = getattr(part.sublayer, ours).weight
                state[f"{at}.{theirs}_layer_norm.weight"] = part.norm.gain
                state[f"{at}.{theirs}_layer_norm.bias"] = part.norm.bias
            for ours, name in (("inner", "fc1"), ("outer", "fc2")):
                linear = getattr(layer.ffn.sublayer, ours)
                state[f"{at}.{name}.weight"], state[f"{at}.{name}.bias"] = linear.weight, linear.bias
            state[f"{at}.final_layer_norm.weight"] = layer.ffn.norm.gain
            state[f"{at}.final_layer_norm.bias"] = layer.ffn.norm.bias
    marian.load_state_dict(state)
    return marian
