"""The loss against torch's own, against the definition in float64, and its gradient against finite differences."""

import pytest
import torch
from torch.nn import functional as F

from glasshead.training import loss as module
from glasshead.training.loss import Smoothed, smoothed

PAD = 0


def drawn(rows: int, size: int, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(rows * size)
    labels = torch.randint(0, size, (rows,))
    labels[::5] = PAD
    return (3 * torch.randn(rows, size, dtype=dtype)).requires_grad_(), labels


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("at_once", [1, 64, 1 << 18])
def test_it_is_torchs_and_so_is_its_gradient(smoothing: float, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_ONCE", at_once)  # one row at a time, a few, all
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
    assert torch.autograd.gradcheck(lambda z: Smoothed.apply(z, labels, 0.1, PAD)[0], logits)


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
