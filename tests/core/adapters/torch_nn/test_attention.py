"""Our arithmetic against `nn.MultiheadAttention`'s own, however it is made and called."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from glasshead.adapters.torch_nn.attention import Attention, Replaced
from glasshead.adapters.torch_nn.masks import LOW, merged

MASKS = ("none", "bool", "float", "added", "by heads")


def mask(kind: str, lines: int, heads: int, queries: int, keys: int) -> Tensor | None:
    """Make a mask of a kind that hides no row entirely."""
    hidden = torch.rand(queries, keys) < 0.4
    hidden[:, 0] = False
    if kind == "none":
        return None
    if kind == "bool":
        return hidden
    if kind == "float":
        return torch.zeros(queries, keys).masked_fill(hidden, -torch.inf)
    if kind == "added":
        return torch.randn(queries, keys).masked_fill(hidden, -1e9)
    whole = torch.rand(lines * heads, queries, keys) < 0.4
    whole[..., 0] = False
    return whole


@given(
    first=st.booleans(), batched=st.booleans(), bias=st.booleans(), wide=st.booleans(), kind=st.sampled_from(MASKS),
    padding=st.sampled_from(["none", "bool", "float"]), weights=st.booleans(), average=st.booleans(),
    own=st.booleans(), seed=st.integers(0, 9),
)  # fmt: skip
def test_outputs_and_weights_are_the_modules_own(
    first: bool, batched: bool, bias: bool, wide: bool, kind: str, padding: str, weights: bool, average: bool,
    own: bool, seed: int,
) -> None:  # fmt: skip
    torch.manual_seed(seed)
    heads, lines = 3, 2 if batched else 1
    more: dict[str, Any] = {"kdim": 5, "vdim": 7} if wide else {}
    module = nn.MultiheadAttention(12, heads, bias=bias, batch_first=first, **more).eval()
    queries, keys = 4, 4 if own and not wide else 6
    query = torch.randn(lines, queries, 12)
    same = own and not wide
    key = query if same else torch.randn(lines, keys, 5 if wide else 12)
    value = key if not wide else torch.randn(lines, keys, 7)
    hidden = torch.zeros(lines, keys, dtype=torch.bool)
    hidden[-1, -2:] = True
    given_padding = None if padding == "none" else hidden
    if padding == "float":
        given_padding = torch.zeros(lines, keys).masked_fill(hidden, -torch.inf)

    def laid(x: Tensor) -> Tensor:
        return x[0] if not batched else x if first else x.transpose(0, 1)

    arguments: dict[str, Any] = {
        "query": laid(query), "key": laid(key), "value": laid(value), "need_weights": weights,
        "attn_mask": mask(kind, lines, heads, queries, keys), "average_attn_weights": average,
        "key_padding_mask": given_padding if given_padding is None or batched else given_padding[0],
    }  # fmt: skip
    with torch.no_grad():
        theirs, their_weights = module(**arguments)
        ours, our_weights = Attention(module).forward(**arguments)
    assert ours.shape == theirs.shape and torch.allclose(ours, theirs, atol=1e-5)
    assert (our_weights is None) == (their_weights is None)
    if our_weights is not None and their_weights is not None:
        assert our_weights.shape == their_weights.shape and torch.allclose(our_weights, their_weights, atol=1e-5)


@pytest.mark.parametrize("weights", [True, False])
def test_the_hint_of_a_causal_mask_counts_as_it_does_in_torch(weights: bool) -> None:
    """Without weights torch takes the hint, with weights the mask: here they differ."""
    torch.manual_seed(0)
    module = nn.MultiheadAttention(8, 2, batch_first=True).eval()
    x, other = torch.randn(1, 5, 8), torch.zeros(5, 5)
    with torch.no_grad():
        theirs = module(x, x, x, attn_mask=other, is_causal=True, need_weights=weights)[0]
        ours = Attention(module).forward(x, x, x, attn_mask=other, is_causal=True, need_weights=weights)[0]
    assert torch.allclose(ours, theirs, atol=1e-6)
    with pytest.raises(RuntimeError, match="Need attn_mask"):
        Attention(module).forward(x, x, x, is_causal=True)


def test_a_row_that_may_look_at_nothing_gives_nothing() -> None:
    module = nn.MultiheadAttention(8, 2, batch_first=True).eval()
    x, hidden = torch.randn(1, 3, 8), torch.tensor([[True] * 3, [False] * 3, [False] * 3])
    out, weights = Attention(module).forward(x, x, x, attn_mask=hidden)
    assert weights is not None and not weights[0, 0].any() and out.isfinite().all()


def test_a_number_as_good_as_infinity_is_a_mask_unless_it_stands_in_a_whole_row() -> None:
    some = torch.tensor([[0.0, LOW, 0.5], [LOW, LOW, LOW]])
    found = merged(some, None, batch=1, heads=1, dtype=torch.float32)
    assert found.looks is not None and found.looks[0, 0].tolist() == [[True, False, True], [True] * 3]
    assert found.bias is not None and found.bias[0, 0].tolist() == [[0.0, 0.0, 0.5], [LOW] * 3]
    assert merged(None, None, batch=1, heads=1, dtype=torch.float32) == (None, None)


def test_a_function_in_place_of_another_gives_way_to_it_again() -> None:
    """As of a module that some other library has already put its own forward into."""
    module = nn.Linear(2, 2)
    module.__dict__["forward"] = first = lambda x: x + 1
    replaced = Replaced(module, lambda x: x + 2)
    assert module(torch.zeros(1)) == 2
    replaced.remove()
    assert module.__dict__["forward"] is first
