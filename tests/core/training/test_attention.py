"""Attention for training against PyTorch's own: the same values and the same gradients, blank rows included."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from glasshead.attend import causal, neighbourhood
from glasshead.training.attention import ShortAttention, attention

BATCH, HEADS, LENGTH = 3, 2, 5


def operands(queries: int = LENGTH, keys: int = LENGTH) -> tuple[Tensor, ...]:
    torch.manual_seed(0)
    shapes = ((queries, 4), (keys, 4), (keys, 6))
    return tuple(
        torch.randn(BATCH, length, HEADS, width, dtype=torch.float64).transpose(1, 2).requires_grad_()
        for length, width in shapes
    )


padding = torch.ones(BATCH, 1, 1, LENGTH, dtype=torch.bool)
padding[0, ..., 3:] = False
MASKS = {
    "none": None,
    "padding": padding,
    "causal": causal(LENGTH, LENGTH),
    "window and padding, with blank rows": padding & neighbourhood(LENGTH, 2),
    "bias": torch.linspace(-1, 1, LENGTH * LENGTH, dtype=torch.float64).view(LENGTH, LENGTH),
}


@pytest.mark.parametrize("name", MASKS)
def test_values_and_gradients_are_pytorchs(name: str) -> None:
    mask, inputs = MASKS[name], operands()
    torch.manual_seed(1)
    with sdpa_kernel(SDPBackend.MATH):
        theirs = F.scaled_dot_product_attention(*inputs, attn_mask=mask, scale=0.3)
    with ShortAttention():
        ours = F.scaled_dot_product_attention(*inputs, attn_mask=mask, scale=0.3)
    assert torch.allclose(ours, theirs, rtol=1e-12, atol=1e-14)
    slope = torch.randn_like(theirs)
    for mine, other in zip(
        torch.autograd.grad(ours, inputs, slope), torch.autograd.grad(theirs, inputs, slope), strict=True
    ):
        assert torch.allclose(mine, other, rtol=1e-10, atol=1e-13)


def test_the_gradient_is_that_of_finite_differences() -> None:
    mask = padding & neighbourhood(LENGTH, 2)
    assert torch.autograd.gradcheck(lambda q, k, v: attention(q, k, v, mask, scale=0.5), operands())


def test_queries_and_keys_may_differ_in_number_and_the_scale_may_be_left_out() -> None:
    inputs = operands(queries=2)
    assert torch.allclose(attention(*inputs, padding), F.scaled_dot_product_attention(*inputs, padding))


def test_outside_of_it_pytorch_is_itself() -> None:
    query, key, value = operands()
    with ShortAttention(), pytest.raises(NotImplementedError, match="dropout on the weights"):
        F.scaled_dot_product_attention(query, key, value, dropout_p=0.5)
    assert F.scaled_dot_product_attention(query, key, value, dropout_p=0.5).shape == (BATCH, HEADS, LENGTH, 6)
