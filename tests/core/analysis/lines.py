"""Lines of decoding of many models, for tests of what is said of their residual streams."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from tests.core.adapters.huggingface.tiny import FAMILIES, OTHERS, Tiny, wrap
from tests.core.helpers import restless
from tests.core.strangers import Stranger, subject

from glasshead import Stepper, Token
from glasshead.traces.reading import Affine, Gain, Learned, Unembedding

NATIVE: dict[str, dict[str, Any]] = {
    "the paper": {},
    "pre-norm": {"norm": "pre"},
    "learned positions, biases": {"positions": "learned", "attention_bias": True, "output_bias": True},
    "norms after the stacks": {"final_norm": True, "norm_eps": 1e-2, "activation": "gelu"},
    "free d_k and d_v, pre-norm": {"heads": 3, "d_k": 2, "d_v": 7, "norm": "pre"},
    "no residual connections": {"residual": False},
}


def native(name: str, steps: int = 4) -> Stepper:
    """A line of a model of the paper."""
    line = restless(3, **NATIVE[name]).start("abcadc")
    for _ in range(steps):
        line.step()
    return line


class Numbers:
    """A vocabulary whose tokens are called by their numbers."""

    size = 60

    def encode(self, text: str) -> list[int]:
        return [int(word) for word in text.split()]

    def decode(self, ids: Sequence[int]) -> str:
        return " ".join(map(str, ids))

    def cut(self, text: str, limit: int) -> str:
        return " ".join(text.split()[:limit])

    def tokens(self, ids: Sequence[int], probabilities: Sequence[float] | None = None) -> list[Token]:
        given: Sequence[float | None] = probabilities or [None] * len(ids)
        return [Token(number, f"▁{number}", chance) for number, chance in zip(ids, given, strict=True)]


def foreign(family: str | Tiny, steps: int = 3, dtype: torch.dtype = torch.float32) -> tuple[Stepper, Any]:
    """A line of a small model of Hugging Face, and its module. family: one of the tables, or any other."""
    module = (family if isinstance(family, Tiny) else {**FAMILIES, **OTHERS}[family]).module().to(dtype)
    model, names = wrap(module), Numbers()
    prompt = model.prompt(list(range(model.frames)) if model.hears else [5, 9, 14, 7])
    line = Stepper.begin(model, prompt, names, names)
    for _ in range(steps):
        if not line.done:
            line.step()
    return line, module


class Telling(Stranger):
    """A stranger that says its learned maps."""

    @property
    def learned(self) -> Learned:
        outputs: dict[str, Affine] = {}
        norms: dict[str, Gain] = {}
        for number, layer in enumerate(self.net.decoder):
            for part in ("self", "cross"):
                if (block := getattr(layer, part, None)) is not None:
                    last = block.sublayer.output
                    outputs[f"decoder.{number}.{part}"] = Affine(last.weight.T, last.bias)
                    norms[f"decoder.{number}.{part}.norm"] = Gain(1 + block.norm.gain)
        return Learned(outputs=outputs, norms=norms, unembedding=Unembedding(weight=self.net.embed.weight))


def strange(name: str, *, telling: bool) -> Stepper:
    """A line of one of the strangers. telling: whether it says its learned maps."""
    found = subject(name)
    if telling:
        found = replace(found, model=Telling(name))
    line = found.start("abcadc")
    for _ in range(3):
        line.step()
    return line
