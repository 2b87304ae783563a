"""Changes of a Marian made by nnsight in the model's own code as it runs. As a program it prints the logits of each.

It is a process of its own: nnsight gives every object in Python a method `save`, modules with a `save` of theirs too.
"""

import json
from collections.abc import Callable
from typing import Any

import torch
from tests.core.adapters.huggingface.tiny import FAMILIES, START

SOURCE, TARGET = [5, 6, 7, 8, 2], [START, 11, 12, 13, 14]


def knock_out_head(model: Any) -> None:
    given = model.model.decoder.layers[1].encoder_attn.out_proj.input
    given[..., given.shape[-1] // 2 :] = 0


def halve_weights(model: Any) -> None:
    attention = model.model.decoder.layers[0].encoder_attn.source.attention_interface_1.source
    attention.nn_functional_softmax_0.output[:, 1] *= 0.5


def set_score(model: Any) -> None:
    attention = model.model.decoder.layers[1].self_attn
    products = attention.source.attention_interface_1.source.torch_matmul_0.output
    products[:, 0, 2, 1] = 3 / attention.scaling  # they are multiplied by it after this


def drop_value(model: Any) -> None:
    model.model.encoder.layers[0].self_attn.v_proj.output[:, 1] = 0


def double_units(model: Any) -> None:
    model.model.decoder.layers[0].fc2.input[...] *= 2


def turn_stream(model: Any) -> None:
    model.model.decoder.layers[1].encoder_attn_layer_norm.input[:, 3] *= -1


CHANGES: dict[str, Callable[[Any], None]] = {
    "decoder.1.cross.heads[head=1] = 0": knock_out_head,
    "decoder.0.cross.weights[head=1] *= 0.5": halve_weights,
    "decoder.1.self.scores[head=0, query=2, key=1] = 3": set_score,
    "encoder.0.self.v[key=1] = 0": drop_value,
    "decoder.0.ffn.active *= 2": double_units,
    "decoder.1.cross.resid[query=3] *= -1": turn_stream,
}
"""An edit, and the same by nnsight."""


def main() -> None:
    from nnsight import NNsight

    module = FAMILIES["marian"].module()
    module.set_attn_implementation("eager")
    given = {"input_ids": torch.tensor([SOURCE]), "decoder_input_ids": torch.tensor([TARGET]), "use_cache": False}
    found = {}
    with torch.no_grad():
        found[""] = module(**given).logits[0].tolist()
        watched: Any = NNsight(module)
        for text, alter in CHANGES.items():
            with watched.trace(**given):
                alter(watched)
                saved = watched.output.logits.save()
            found[text] = saved[0].tolist()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
