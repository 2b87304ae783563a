"""Edits of models that are not the paper's: grouped heads, bias, cap, windows, an encoder alone.

The yardstick is a pass in plain torch, written once more here, with each change written by hand.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
import torch
from tests.core.edits.ways import at_once, compiled, run, splits
from tests.core.strangers import HEADS, LAYERS, TRAITS, WIDTH, Stranger, Traits
from torch import Tensor

from glasshead.adapters.edited import Edited
from glasshead.errors import GlassheadError

Hand = Mapping[str, Callable[[Tensor], Tensor]]
SOURCE, TARGET = [4, 9, 7, 11, 2], [1, 5, 12, 8, 20]
ALL = slice(None)


def forward(model: Stranger, source: Sequence[int], target: Sequence[int], hand: Hand) -> Tensor:
    """Logits of one pass, of an encoder alone its states: q v, q m."""
    traits, net = model.traits, model.net

    def see(site: str, value: Tensor) -> Tensor:
        return hand[site](value.clone()) if site in hand else value

    def block(at: str, part: Any, x: Tensor, memory: Tensor | None, window: int | None) -> Tensor:
        rms = see(f"{at}.norm.rms", x.square().mean(-1).sqrt())
        y = see(f"{at}.norm.normed", x / (rms.square() + 1e-6).sqrt().unsqueeze(-1))
        y = see(f"{at}.norm.out", y * (1 + part.norm.gain))
        own, kept = part.sublayer, y if memory is None else memory
        q, k, v = (
            see(f"{at}.{name}", linear(given).unflatten(-1, (-1, WIDTH // HEADS)).transpose(0, 1))
            for name, linear, given in (("q", own.q, y), ("k", own.k, kept), ("v", own.v, kept))
        )
        scores, mixed = torch.zeros(HEADS, len(q[0]), len(k[0])), torch.zeros_like(q)
        i, j = torch.arange(len(q[0])).unsqueeze(-1), torch.arange(len(k[0]))
        bias = None
        if traits.biased and memory is None:
            bias = see(f"{at}.bias", own.bias[:, (i - j).abs().clamp(max=7)])
        for head in range(HEADS):
            group = head * traits.key_heads // HEADS
            scores[head] = q[head] @ k[group].T * traits.scale + (0 if bias is None else bias[head])
        if traits.cap is not None:
            scores = traits.cap * (scores / traits.cap).tanh()
        scores = see(f"{at}.scores", scores)
        if at.startswith("decoder") and memory is None:
            scores = scores.masked_fill((j > i) | (j <= i - (window or 99)), -torch.inf)
        scores = see(f"{at}.masked", scores)
        weights = see(f"{at}.weights", torch.softmax(scores, -1).nan_to_num(0.0))
        for head in range(HEADS):
            mixed[head] = weights[head] @ v[head * traits.key_heads // HEADS]
        mixed = see(f"{at}.heads", mixed)
        out = see(f"{at}.out", own.output(mixed.transpose(0, 1).flatten(1)))
        return see(f"{at}.resid", x + out)

    memory = None
    if traits.encoder:
        memory = net.embed(torch.tensor(source))
        for layer in range(LAYERS):
            memory = block(f"encoder.{layer}.self", net.encoder.layers[layer].self, memory, None, None)
    if not traits.decoder:
        assert memory is not None
        return memory
    x = net.embed(torch.tensor(target))
    for layer in range(LAYERS):
        x = block(f"decoder.{layer}.self", net.decoder.layers[layer].self, x, None, traits.windows[layer])
        if memory is not None:
            x = block(f"decoder.{layer}.cross", net.decoder.layers[layer].cross, x, memory, None)
    return see("logits", x @ net.embed.weight.T)


def put(value: Any, *index: Any) -> Callable[[Tensor], Tensor]:
    def change(x: Tensor) -> Tensor:
        x[index] = value
        return x

    return change


def times(factor: float, *index: Any) -> Callable[[Tensor], Tensor]:
    def change(x: Tensor) -> Tensor:
        x[index] *= factor
        return x

    return change


def swapped(one: int, other: int) -> Callable[[Tensor], Tensor]:
    def change(x: Tensor) -> Tensor:
        x[[one, other]] = x[[other, one]]
        return x

    return change


OF_ALL: dict[str, Hand] = {
    "{}.1.self.heads[head=2] = 0": {"{}.1.self.heads": put(0, 2)},
    "{}.0.self.heads[head=1, query=1-] *= 3": {"{}.0.self.heads": times(3, 1, slice(1, None))},
    "{}.1.self = skipped": {"{}.1.self.out": put(0)},
    "{}.2.self.masked[key=1] = hidden": {"{}.2.self.masked": put(-torch.inf, ALL, ALL, 1)},
    "{}.0.self.masked[query=2] = hidden": {"{}.0.self.masked": put(-torch.inf, ALL, 2)},
    "{}.*.self.norm.rms[query=2 3] = 0.5": {f"{{}}.{layer}.self.norm.rms": put(0.5, [2, 3]) for layer in range(LAYERS)},
    "{}.1.self.norm.normed[unit=3] *= -2": {"{}.1.self.norm.normed": times(-2, ALL, 3)},
    "{}.0.self.q[head=0 3] = swapped": {"{}.0.self.q": swapped(0, 3)},
}
OWN: dict[str, dict[str, Hand]] = {
    "gpt": {
        "decoder.0.self.k[head=1, key=2] = 0.5": {"decoder.0.self.k": put(0.5, 1, 2)},
        "decoder.1.self.v[head=0 1] = swapped": {"decoder.1.self.v": swapped(0, 1)},
        "decoder.1 = skipped": {"decoder.1.self.out": put(0)},
    },
    "t5": {
        "decoder.0.self.bias[head=1, query=2] = 0": {"decoder.0.self.bias": put(0, 1, 2)},
        "encoder.1.self.bias *= -1": {"encoder.1.self.bias": times(-1)},
        "decoder.*.cross.masked[key=2] = hidden": {
            f"decoder.{layer}.cross.masked": put(-torch.inf, ALL, ALL, 2) for layer in range(LAYERS)
        },
        "encoder.1 = skipped": {"encoder.1.self.out": put(0)},
        "decoder.2 = skipped": {"decoder.2.self.out": put(0), "decoder.2.cross.out": put(0)},
    },
    "gemma": {
        "decoder.1.self.masked = window 1": {
            "decoder.1.self.masked": lambda x: x.masked_fill(torch.ones(x.shape[1:]).tril(-2) > 0, -torch.inf)
        },
        "decoder.0.self.scores[head=0, key=0] = 3": {"decoder.0.self.scores": put(3.0, 0, ALL, 0)},
        "decoder.2.self.v[key=3] = 0": {"decoder.2.self.v": put(0, ALL, 3)},
    },
    "bert": {"encoder.0.self.v[key=3, head=1] *= 4": {"encoder.0.self.v": times(4, 1, 3)}},
}


def cases(name: str) -> dict[str, Hand]:
    stack = "decoder" if TRAITS[name].decoder else "encoder"
    shared = {
        text.format(stack): {site.format(stack): change for site, change in hand.items()}
        for text, hand in OF_ALL.items()
    }
    return shared | OWN[name]


@pytest.mark.parametrize(("name", "text"), [(name, text) for name in OWN for text in cases(name)])
def test_an_edit_does_what_it_says_at_once_and_in_steps(name: str, text: str) -> None:
    model = Stranger(name)
    source = SOURCE if model.traits.encoder else []
    with torch.no_grad():
        expected, plain = (forward(model, source, TARGET, hand) for hand in (cases(name)[text], {}))
    assert not torch.allclose(expected, plain, atol=1e-3), "the edit does nothing"
    changes = compiled(model, [text])
    if not model.traits.decoder:
        memory = Edited(model, changes).read([source])
        assert memory is not None and torch.allclose(memory.states[0], expected, atol=1e-5)
        return
    assert torch.allclose(at_once(model, changes, source, TARGET), expected, atol=1e-4)
    for passes in splits(TARGET):
        assert torch.allclose(run(model, changes, source, passes), expected, atol=1e-4), passes


def test_taking_the_scale_out_leaves_a_bias_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TRAITS, "t5", Traits(biased=True))
    model = Stranger("t5")
    changes = compiled(model, ["decoder.*.self.scores[query=1-] = unscaled"])
    expected = forward(model, SOURCE, TARGET, {})
    for layer in range(LAYERS):
        bias = model.net.decoder.layers[layer].self.sublayer.bias  # type: ignore[union-attr]
        assert isinstance(bias, Tensor) and bias.abs().max() > 1
    assert torch.allclose(at_once(model, compiled(model, []), SOURCE, TARGET), expected, atol=1e-5)
    far = (torch.arange(5).unsqueeze(-1) - torch.arange(5)).abs()
    hand = {
        f"decoder.{layer}.self.scores": lambda x, b=model.net.decoder.layers[layer].self.sublayer.bias: torch.cat(  # type: ignore[union-attr]
            [x[:, :1], ((x - b[:, far]) * 2 + b[:, far])[:, 1:]], 1
        )
        for layer in range(LAYERS)
    }
    expected = forward(model, SOURCE, TARGET, hand)
    for passes in splits(TARGET):
        assert torch.allclose(run(model, changes, SOURCE, passes), expected, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("gemma", "decoder.0.self.scores = unscaled", "soft cap"),
        ("gpt", "decoder.0.self.k[head=2] = 0", "has the heads 0 to 1"),
        ("gpt", "decoder.0.cross.heads = 0", "no site of this model"),
        ("gpt", "encoder.0 = skipped", "no layer and no sub-layer"),
        ("bert", "logits = 0", "no site of this model"),
        ("gpt", "decoder.0.self.norm.mean = 0", "no site of this model"),
    ],
)
def test_what_such_a_model_does_not_have_is_refused(name: str, text: str, told: str) -> None:
    with pytest.raises(GlassheadError, match=told):
        compiled(Stranger(name), [text])
