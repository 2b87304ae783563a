"""Products against PyTorch's own, each by both kernels where there are two; their gradients too."""

import pytest
import torch
from torch.nn import functional as F

from glasshead.training.fast import products
from glasshead.training.fast.products import linear, multiply, product, rounded, slope

TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5, torch.bfloat16: 2e-2}


@pytest.fixture(params=[products.ASKS, False], ids=["oneDNN where it can be", "MKL"], autouse=True)
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "ASKS", request.param)


def near(found: torch.Tensor, expected: torch.Tensor, dtype: torch.dtype) -> bool:
    error = (found.double() - expected).norm() / expected.norm()
    return found.shape == expected.shape and error.item() < TOLERANCE[dtype]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("wide", "narrow"), [(50, 7), (7, 50)])
def test_products_and_slopes_are_pytorchs(dtype: torch.dtype, wide: int, narrow: int) -> None:
    torch.manual_seed(0)
    x, weight, bias, output = (
        torch.randn(shape).to(dtype) for shape in ((30, narrow), (wide, narrow), (wide,), (30, wide))
    )
    assert near(linear(x, weight), x.double() @ weight.double().T, dtype)
    assert near(linear(x, weight, bias), x.double() @ weight.double().T + bias.double(), dtype)
    assert near(multiply(output, weight), output.double() @ weight.double(), dtype)
    found = slope(output, x)
    assert near(found, output.double().T @ x.double(), dtype)
    assert found.is_contiguous() and found.dtype is torch.promote_types(dtype, torch.float32)


@pytest.mark.parametrize("biased", [True, False])
def test_a_product_and_its_gradients_are_pytorchs(biased: bool) -> None:
    torch.manual_seed(1)
    x, weight, bias = (torch.randn(shape, requires_grad=True) for shape in ((3, 5, 8), (6, 8), (6,)))
    inputs = [x, weight, bias] if biased else [x, weight]
    ours, theirs = product(*inputs), F.linear(*inputs)
    assert torch.allclose(ours, theirs, atol=1e-5)
    towards = torch.randn_like(ours)
    for mine, other in zip(
        torch.autograd.grad(ours, inputs, towards), torch.autograd.grad(theirs, inputs, towards), strict=True
    ):
        assert torch.allclose(mine, other, atol=1e-4)


def test_in_bfloat16_the_gradients_of_float32_weights_are_float32() -> None:
    x, weight = torch.randn(4, 8, dtype=torch.bfloat16, requires_grad=True), torch.randn(3, 8, requires_grad=True)
    product(x, weight, torch.zeros(3)).float().sum().backward()
    assert x.grad is not None and x.grad.dtype is torch.bfloat16
    assert weight.grad is not None and weight.grad.dtype is torch.float32
    assert torch.allclose(weight.grad, x.detach().float().sum(0).expand(3, 8), rtol=1e-2)


def test_the_gradient_is_that_of_finite_differences() -> None:
    torch.manual_seed(2)
    inputs = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in ((2, 3, 4), (5, 4), (5,))]
    assert torch.autograd.gradcheck(product, inputs)


@pytest.mark.parametrize("count", [0, 1, 31, 33, 45, 1280, 3800, 4095, 4096])
def test_rounded_rows_have_five_significant_bits_and_waste_little(count: int) -> None:
    rows = torch.randn(count, 3)
    found = rounded(rows, fill=7)
    assert torch.equal(found[:count], rows) and (found[count:] == 7).all()
    assert 16 * (len(found) - count) <= max(count, 16)
    assert len(bin(len(found)).rstrip("0")) - 2 <= 5


def test_of_many_sizes_few_are_left() -> None:
    assert len({len(rounded(torch.empty(count, 1))) for count in range(2048, 4097)}) == 17
