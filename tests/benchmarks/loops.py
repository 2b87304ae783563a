"""One pass for each head, as other libraries do it: by TransformerLens where it can be imported, else with plain hooks.

TransformerLens is not among the dependencies of the tests: it brings pandas, pyarrow and datasets with it. Where it was
installed beside them (4.3.0, on a processor of the cloud, one thread), a head of the 30 layers cost 100 ms in its loop
of `run_with_hooks` and 25 ms in ours, 0.25 ×, whether the head is taken out or patched; a plain pass cost 82 ms, and
the log-probabilities were the same to 2e-6.
"""

import copy
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, models
from torch import Tensor

Loop = Callable[[Tensor, int, int, Tensor | None], Tensor]
"""Ids (1 q), layer, head, its values in another run (q d) or None for zeros → logits, q v."""


def loop_of(module: Any, folder: Path) -> tuple[str, Loop]:
    """Make the loop for a Llama, after the name of its library. folder: for files that the library needs."""
    if find_spec("transformer_lens") is None:
        return "a loop of hooks", _hooks(module)
    return "TransformerLens", _lens(copy.deepcopy(module), folder)


def _hooks(module: Any) -> Loop:
    width = module.config.hidden_size // module.config.num_attention_heads

    @torch.inference_mode()
    def run(ids: Tensor, layer: int, head: int, values: Tensor | None) -> Tensor:
        def change(_module: Any, given: tuple[Tensor, ...]) -> tuple[Tensor]:
            value = given[0].clone()
            value[..., head * width : (head + 1) * width] = 0 if values is None else values
            return (value,)

        handle = module.model.layers[layer].self_attn.o_proj.register_forward_pre_hook(change)
        found = module(input_ids=ids, use_cache=False).logits[0]
        handle.remove()
        return found

    return run


def _lens(module: Any, folder: Path) -> Loop:
    """Wrap the module, with a tokenizer that is never asked: without one, it would look for one on the network."""
    from transformer_lens import TransformerBridge

    words = models.WordLevel({"<s>": 0, "</s>": 1}, unk_token="<s>")
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(words), bos_token="<s>", eos_token="</s>", pad_token="</s>", unk_token="<s>"
    ).save_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    bridge = TransformerBridge.boot_transformers("llama", hf_model=module, tokenizer=tokenizer, device="cpu")

    @torch.inference_mode()
    def run(ids: Tensor, layer: int, head: int, values: Tensor | None) -> Tensor:
        def change(value: Tensor, hook: Any) -> Tensor:
            value = value.clone()
            value[:, :, head] = 0 if values is None else values
            return value

        return bridge.run_with_hooks(
            ids, return_type="logits", fwd_hooks=[(f"blocks.{layer}.attn.hook_z", change)]
        )[0]  # fmt: skip

    return run
