"""Small models with arbitrary numbers everywhere, and a vocabulary of letters, for tests of the core."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from glasshead import Config, Subject, Token, Transformer, Vocabulary

OPTIONS: dict[str, dict[str, Any]] = {
    "the paper": {},
    "pre-norm": {"norm": "pre"},
    "learned positions": {"positions": "learned"},
    "window 3": {"window": 3},
    "window 4, pre-norm": {"window": 4, "norm": "pre"},
    "window 1": {"window": 1},
    "window 2": {"window": 2},
    "no scale": {"scale": False},
    "free d_k": {"d_k": 5},
    "free d_v": {"d_v": 3},
    "free d_k and d_v, heads that do not divide": {"heads": 3, "d_k": 2, "d_v": 7},
    "wide encoder": {"d_encoder": 22, "share_embeddings": False},
    "odd encoder, pre-norm": {"d_encoder": 9, "share_embeddings": False, "norm": "pre"},
    "embeddings of their own": {"share_embeddings": False},
    "source vocabulary": {"share_embeddings": False, "source_vocab_size": 31},
    "uneven stacks": {"encoder_layers": 1, "decoder_layers": 3},
    "one head": {"heads": 1},
    "biases": {"attention_bias": True, "output_bias": True},
    "as torch.nn": {
        "attention_bias": True, "final_norm": True, "norm_eps": 1e-2, "activation": "gelu", "embedding_scale": 1.0,
    },
    "as Marian": {"attention_bias": True, "output_bias": True, "activation": "silu", "positions": "halves"},
    "as tensor2tensor, odd width": {
        "positions": "tensor2tensor", "first_position": 3, "d_model": 15, "heads": 3, "share_embeddings": False,
        "output_bias": True, "embedding_scale": 2,
    },
    "all at once": {
        "norm": "pre", "positions": "learned", "window": 5, "scale": False, "d_k": 3, "d_v": 6, "d_encoder": 10,
        "share_embeddings": False, "encoder_layers": 3, "decoder_layers": 1,
    },
}  # fmt: skip


def make(seed: int = 0, dtype: torch.dtype = torch.float32, **options: Any) -> Transformer:
    """A small model in evaluation mode whose every parameter, gains and biases too, is arbitrary."""
    settings: dict[str, Any] = {
        "vocab_size": 29, "d_model": 16, "heads": 4, "d_ff": 20, "encoder_layers": 2, "decoder_layers": 2,
        "max_length": 24,
    }  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Transformer(Config(**(settings | options)))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(0.15 * torch.randn_like(parameter))
    return model.to(dtype).eval().requires_grad_(False)


def part(model: Transformer, path: str) -> Any:
    """The module at a path, by its name in the state dict."""
    return model.get_submodule(path)


def ids(*numbers: int) -> Tensor:
    """Make a batch of one sentence."""
    return torch.tensor([numbers])


def plain(value: Tensor) -> Any:
    """Reshape a tapped value like the reference: no batch axis, no last axis of one for means and variances."""
    return value[0].detach().double().numpy()


def gap(ours: Any, theirs: Any) -> float:
    """The largest difference; −∞ is equal to −∞, and a shape or a NaN out of place is infinitely wrong."""
    a, b = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    if a.shape != b.shape:
        return float("inf")
    same = a == b
    if not np.isfinite(a[~same]).all() or not np.isfinite(b[~same]).all():
        return float("inf")
    return float(np.abs(np.where(same, 0.0, np.where(same, 0.0, a) - np.where(same, 0.0, b))).max(initial=0.0))


class Letters:
    """A vocabulary of letters: 0 … 2 are the specials, "a" is 3."""

    def __init__(self, size: int = 29) -> None:
        self.size = size

    def encode(self, text: str) -> list[int]:
        return [ord(letter) - ord("a") + 3 for letter in text if letter != " "]

    def decode(self, numbers: Sequence[int]) -> str:
        return "".join(chr(number + ord("a") - 3) for number in numbers if number > 2)

    def tokens(self, numbers: Sequence[int], probabilities: Sequence[float] | None = None) -> list[Token]:
        given: Sequence[float | None] = probabilities or [None] * len(numbers)
        return [Token(n, self.decode([n]) or f"<{n}>", p) for n, p in zip(numbers, given, strict=True)]


def subject(model: Transformer | None = None, **options: Any) -> Subject:
    """A small model with the vocabulary of letters."""
    model = make(**options) if model is None else model
    codec: Any = Letters(model.config.vocab_size)
    return Subject("letters", model, Vocabulary.shared(codec))


def restless(seed: int = 0, dtype: torch.dtype = torch.float32, **options: Any) -> Subject:
    """A subject that goes on to its limit: greedy decoding never ends a sentence, and its tokens vary."""
    model = make(seed, dtype, **(options | {"share_embeddings": False}))
    assert model.project is not None
    norm = part(
        model,
        "decoder.norm"
        if model.decoder.norm is not None
        else f"decoder.layers.{model.config.decoder_layers - 1}.ffn.norm",
    )
    with torch.no_grad():  # what leaves the decoder has a positive part along the bias; the end token is against it
        norm.bias.add_(1.0)
        model.project.weight[model.config.eos_id] = -1.0
    return subject(model)


@contextmanager
def counted(model: Any) -> Iterator[dict[str, int]]:
    """Count the model's encodes and decodes in the block."""
    calls = {"encode": 0, "decode": 0}

    def counting(name: str) -> Any:
        run = getattr(model, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            calls[name] += 1
            return run(*args, **kwargs)

        return call

    for name in calls:
        object.__setattr__(model, name, counting(name))
    try:
        yield calls
    finally:
        for name in calls:
            object.__delattr__(model, name)


def stop_at(calls: Iterator[int], number: int) -> Callable[[], bool]:
    """Ask to stop at one call alone, by its number; `calls` counts them."""
    return lambda: next(calls) == number
