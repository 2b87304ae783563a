"""The loss against torch's own, against the definition in float64, and its gradient against finite differences."""

import math

import pytest
import torch
from torch.nn import functional as F

from glasshead.training import loss as module
from glasshead.training.loss import Projected, Smoothed, projected, smoothed

PAD = 0


def drawn(rows: int, size: int, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(rows * size)
    labels = torch.randint(0, size, (rows,))
    labels[::5] = PAD
    return (3 * torch.randn(rows, size, dtype=dtype)).requires_grad_(), labels


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("at_once", [1, 64, 1 << 20])
def test_it_is_torchs_and_so_is_its_gradient(smoothing: float, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module.AT_ONCE, "cpu", at_once)  # one row at a time, a few, all
    logits, labels = drawn(33, 17)
    ours, _ = smoothed(logits, labels, smoothing=smoothing, pad_id=PAD)
    theirs = F.cross_entropy(logits, labels, ignore_index=PAD, label_smoothing=smoothing, reduction="sum")
    assert torch.allclose(ours, theirs, rtol=1e-12)
    (gradient,) = torch.autograd.grad(ours / 7, logits)
    (expected,) = torch.autograd.grad(theirs / 7, logits)
    assert torch.allclose(gradient, expected, rtol=1e-10, atol=1e-14)


def test_it_is_torchs_token_by_token() -> None:
    logits, labels = drawn(20, 11)
    theirs = F.cross_entropy(logits, labels, ignore_index=PAD, label_smoothing=0.1, reduction="none")
    for row in range(20):
        ours, _ = smoothed(logits[row : row + 1], labels[row : row + 1], smoothing=0.1, pad_id=PAD)
        assert ours.item() == pytest.approx(theirs[row].item(), abs=1e-12)


def test_it_is_the_definition() -> None:
    logits, labels = drawn(9, 6)
    size, epsilon, expected, likelihood = 6, 0.3, 0.0, 0.0
    for row, label in zip(logits.detach().tolist(), labels.tolist(), strict=True):
        if label != PAD:
            probabilities = torch.tensor(row, dtype=torch.float64).exp()
            logs = (probabilities / probabilities.sum()).log()
            wanted = [epsilon / size + (1 - epsilon) * (place == label) for place in range(size)]
            assert sum(wanted) == pytest.approx(1)
            expected -= sum(share * log.item() for share, log in zip(wanted, logs, strict=True))
            likelihood -= logs[label].item()
    ours = smoothed(logits, labels, smoothing=epsilon, pad_id=PAD)
    assert ours[0].item() == pytest.approx(expected, rel=1e-12)
    assert ours[1].item() == pytest.approx(likelihood, rel=1e-12)


def test_the_gradient_is_that_of_finite_differences() -> None:
    logits, labels = drawn(6, 5)
    assert torch.autograd.gradcheck(lambda z: Smoothed.apply(z, labels, 0.1, PAD)[0], logits)  # type: ignore[no-untyped-call]


def test_padding_counts_nothing() -> None:
    logits, labels = drawn(10, 7)
    value, likelihood = smoothed(logits, labels, smoothing=0.1, pad_id=PAD)
    (gradient,) = torch.autograd.grad(value, logits)
    assert torch.equal(gradient[labels == PAD], torch.zeros_like(gradient[labels == PAD]))
    kept = labels != PAD
    without = smoothed(logits[kept], labels[kept], smoothing=0.1, pad_id=PAD)
    assert torch.allclose(value, without[0]) and torch.allclose(likelihood, without[1])


def test_bfloat16_logits_are_summed_in_float32_and_huge_ones_do_no_harm() -> None:
    logits, labels = drawn(512, 300, torch.bfloat16)
    value, _ = smoothed(logits, labels, smoothing=0.1, pad_id=PAD)
    exact, _ = smoothed(logits.double(), labels, smoothing=0.1, pad_id=PAD)
    assert value.dtype is torch.float32
    assert value.item() == pytest.approx(exact.item(), rel=1e-5)
    (gradient,) = torch.autograd.grad(value, logits)
    assert gradient.dtype is torch.bfloat16
    assert smoothed(logits * 1e4, labels, smoothing=0.1, pad_id=PAD)[0].isfinite()


def test_batches_and_rows_are_the_same() -> None:
    logits, labels = drawn(12, 7)
    flat = smoothed(logits, labels, smoothing=0.1, pad_id=PAD)
    square = smoothed(logits.view(3, 4, 7), labels.view(3, 4), smoothing=0.1, pad_id=PAD)
    assert torch.equal(flat[0], square[0]) and torch.equal(flat[1], square[1])


def states(dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Possible output of a decoder, a matrix that makes logits of it, and labels, a quarter of them padding."""
    torch.manual_seed(3)
    labels = torch.randint(1, 19, (4, 8))
    labels[:, 6:] = PAD
    return torch.randn(4, 8, 5, dtype=dtype, requires_grad=True), torch.randn(19, 5, requires_grad=True), labels


@pytest.mark.parametrize("at_once", [1, 64, 1 << 20])
def test_projected_is_the_loss_of_the_product_and_so_are_its_gradients(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(module.AT_ONCE, "cpu", at_once)
    x, weight, labels = states()
    found = projected(x, weight, labels, smoothing=0.1, pad_id=PAD)
    logits = (x @ weight.double().T).flatten(0, 1)
    expected = [
        F.cross_entropy(logits, labels.flatten(), ignore_index=PAD, label_smoothing=smoothing, reduction="sum")
        for smoothing in (0.1, 0.0)
    ]
    assert torch.allclose(torch.stack(found), torch.stack(expected), rtol=1e-12)
    mine, theirs = (torch.autograd.grad(loss / 7, (x, weight)) for loss in (found[0], expected[0]))
    assert torch.allclose(mine[0], theirs[0], rtol=1e-10, atol=1e-14)
    assert torch.allclose(mine[1], theirs[1], rtol=1e-5, atol=1e-7)  # the matrix is float32
    assert mine[1].dtype is torch.float32
    assert not mine[0][:, 6:].any()


def test_projected_without_padding_and_without_gradients_is_the_same() -> None:
    x, weight, labels = states()
    whole = projected(x, weight, labels, smoothing=0.1, pad_id=PAD)
    with torch.no_grad():
        kept = projected(x[:, :6], weight, labels[:, :6], smoothing=0.1, pad_id=PAD)
    assert torch.allclose(whole[0], kept[0], rtol=1e-12) and torch.allclose(whole[1], kept[1], rtol=1e-12)


def test_the_gradient_of_projected_is_that_of_finite_differences() -> None:
    x, weight, labels = states()
    bias = torch.linspace(-1, 1, len(weight), dtype=torch.float64).requires_grad_()
    for biases in ((), (bias,)):
        assert torch.autograd.gradcheck(
            lambda x, weight, bias=None: Projected.apply(x, weight, bias, labels.flatten(), 0.1, PAD)[0],  # type: ignore[no-untyped-call]
            (x.flatten(0, 1), weight.detach().double().requires_grad_(), *biases),
        )


def test_a_bias_of_the_logits_is_added_before_the_loss() -> None:
    x, weight, labels = states()
    bias = torch.linspace(-1, 1, len(weight), dtype=torch.float64).requires_grad_()
    found = projected(x, weight, labels, bias=bias, smoothing=0.1, pad_id=PAD)
    logits = F.linear(x, weight.to(x.dtype), bias)
    wanted = F.cross_entropy(
        logits.flatten(0, 1), labels.flatten(), ignore_index=PAD, reduction="sum", label_smoothing=0.1
    )
    assert torch.allclose(found[0], wanted, rtol=1e-6)
    for mine, theirs in zip(
        torch.autograd.grad(found[0], (x, weight, bias)), torch.autograd.grad(wanted, (x, weight, bias)), strict=True
    ):
        assert torch.allclose(mine.double(), theirs.double(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_narrow_states_give_nearly_the_gradients_of_wide_ones(dtype: torch.dtype) -> None:
    x, weight, labels = states()
    expected = torch.autograd.grad(projected(x, weight, labels, smoothing=0.1, pad_id=PAD)[0], (x, weight))
    narrow = x.detach().to(dtype).requires_grad_()
    with torch.autocast("cpu", dtype):
        loss, _ = projected(narrow, weight, labels, smoothing=0.1, pad_id=PAD)
    assert loss.dtype is torch.float32
    for mine, theirs in zip(torch.autograd.grad(loss, (narrow, weight)), expected, strict=True):
        assert (mine.double() - theirs).norm() < (0.02 if dtype is torch.bfloat16 else 0.002) * theirs.norm()


def test_in_float16_small_probabilities_are_not_lost() -> None:
    """Each is a tenth of the smallest number of float16; together they are half of the gradient of the states."""
    size, far = 1 << 16, 4.75
    weight = torch.full((size, 2), -far)
    weight[0] = far
    x = torch.ones(1, 1, 2, dtype=torch.float16, requires_grad=True)
    loss, _ = projected(x, weight, torch.zeros(1, 1, dtype=torch.long), smoothing=0.0, pad_id=1)
    (gradient,) = torch.autograd.grad(loss * 2.0**10, x)  # as a scaler of gradients would
    each = math.exp(-4 * far) / (1 + (size - 1) * math.exp(-4 * far))
    assert each < 6e-9
    # A float32 sum of so many small numbers beside a large one is itself 3 to 7 % short, by the processor.
    assert gradient[0, 0, 0].item() == pytest.approx(-2 * far * (size - 1) * each * 2**10, rel=0.1)
