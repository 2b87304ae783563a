"""Attention for training against that of the model, which autograd derives: the same values, the same gradients."""

import pytest
import torch
from torch import Tensor

from glasshead.attend import causal, neighbourhood
from glasshead.model import Attention, Config
from glasshead.training.fast.attention import View, attention

BATCH, LENGTH, WIDTH, OTHER = 3, 5, 12, 7

padding = torch.ones(BATCH, 1, 1, LENGTH, dtype=torch.bool)
padding[0, ..., 3:] = False
MASKS = {
    "none": None,
    "nothing hidden": torch.ones(BATCH, 1, 1, LENGTH, dtype=torch.bool),
    "padding": padding,
    "causal": causal(LENGTH, LENGTH),
    "window and padding, with blank rows": padding & neighbourhood(LENGTH, 2),
}
CONFIG = Config(vocab_size=9, d_model=WIDTH, heads=3, d_k=4, d_v=6, d_encoder=OTHER, share_embeddings=False)


def operands(keys: int | None, dtype: torch.dtype = torch.float64) -> tuple[Attention, list[Tensor]]:
    """An attention, and what it reads: one tensor, or two where `keys` are of another length and width."""
    torch.manual_seed(0)
    plain = Attention(CONFIG, WIDTH, WIDTH if keys is None else OTHER).to(dtype)
    shapes = [(BATCH, LENGTH, WIDTH)] if keys is None else [(BATCH, LENGTH, WIDTH), (BATCH, keys, OTHER)]
    return plain, [torch.randn(shape, dtype=dtype, requires_grad=True) for shape in shapes]


def ours(plain: Attention, x: Tensor, source: Tensor, mask: Tensor | None) -> Tensor:
    read = plain.query(x), plain.key(source), plain.value(source)
    view = View((x.shape[0], x.shape[1]), (source.shape[0], source.shape[1]), mask)
    return plain.output(attention(*read, view, heads=3, scale=plain.scale))


def same(plain: Attention, inputs: list[Tensor], mask: Tensor | None, *, tolerance: float) -> None:
    """Values and all gradients, each within so much of its length."""
    wanted = [*inputs, *plain.parameters()]
    x, source = inputs[0], inputs[-1]
    both = [ours(plain, x, source, mask), plain(x, source, mask)]
    towards = torch.randn_like(both[1])
    for mine, other in zip(*([value, *torch.autograd.grad(value, wanted, towards)] for value in both), strict=True):
        assert mine.shape == other.shape
        assert (mine - other).norm() <= tolerance * other.norm()


@pytest.mark.parametrize("name", MASKS)
def test_self_attention_is_the_models(name: str) -> None:
    same(*operands(None), MASKS[name], tolerance=1e-12)


@pytest.mark.parametrize("name", ["none", "padding"])
def test_attention_to_another_sequence_is_the_models(name: str) -> None:
    mask = None if name == "none" else torch.arange(9) < torch.tensor([9, 1, 4])[:, None, None, None]
    same(*operands(9), mask, tolerance=1e-12)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 0.03)])
def test_it_is_so_in_the_precisions_of_training(dtype: torch.dtype, tolerance: float) -> None:
    same(*operands(None, dtype), MASKS["padding"], tolerance=tolerance)
    same(*operands(9, dtype), None, tolerance=tolerance)


def test_the_gradient_is_that_of_finite_differences() -> None:
    plain, (x, source) = operands(LENGTH)
    mask = padding & neighbourhood(LENGTH, 2)
    assert torch.autograd.gradcheck(lambda x, source: ours(plain, x, source, mask), (x, source))


def test_what_may_not_be_looked_at_has_no_gradient() -> None:
    plain, (x, source) = operands(LENGTH)
    ours(plain, x, source, padding).sum().backward()
    assert source.grad is not None
    assert not source.grad[0, 3:].any() and source.grad[0, :3].any()
