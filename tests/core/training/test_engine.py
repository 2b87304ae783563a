"""The fast way of training computes what the plain way computes."""

import copy

import pytest
import torch
from torch import nn

from glasshead.model import Config, Transformer
from glasshead.training import engine


def test_dropout_drops_the_share_it_should_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    dropped = engine.Dropout(0.1)(torch.ones(1000, 1001))
    share = (dropped == 0).float().mean().item()
    assert share == pytest.approx(0.1, abs=0.001)
    assert dropped.mean().item() == pytest.approx(1.0, abs=0.002)
    assert dropped.unique().tolist() == pytest.approx([0.0, 1 / 0.9], rel=1e-4)


def test_dropout_decides_for_each_number_by_itself() -> None:
    torch.manual_seed(0)
    zeros = (engine.Dropout(0.3)(torch.ones(2_000_000)) == 0).double() - 0.3
    for distance in (1, 2, 3, 4, 8, 16):
        correlation = (zeros[:-distance] * zeros[distance:]).mean() / zeros.square().mean()
        assert abs(correlation.item()) < 0.005


def test_the_gradient_of_dropout_is_its_own_mask() -> None:
    torch.manual_seed(0)
    x = torch.randn(7, 13, requires_grad=True)
    dropped = engine.Dropout(0.4)(x)
    (gradient,) = torch.autograd.grad(dropped.sum(), x)
    assert torch.allclose(dropped, x * gradient)


def test_dropout_does_nothing_in_evaluation_and_at_0() -> None:
    x = torch.randn(5)
    assert engine.Dropout(0.5).eval()(x) is x
    assert engine.Dropout(0.0)(x) is x


def small(dropout: float = 0.0) -> Transformer:
    torch.manual_seed(0)
    return Transformer(
        Config(vocab_size=50, d_model=32, heads=4, d_ff=64, encoder_layers=2, decoder_layers=2, dropout=dropout)
    )


def gradients(model: Transformer, dtype: torch.dtype | None) -> list[torch.Tensor]:
    torch.manual_seed(1)
    source, target = torch.randint(3, 50, (4, 9)), torch.randint(3, 50, (4, 7))
    source[0, 5:] = 0
    if dtype is None:
        model(source, target).square().mean().backward()
    else:
        with engine.running(torch.device("cpu"), dtype):
            model(source, target).float().square().mean().backward()
    return [parameter.grad for parameter in model.parameters() if parameter.grad is not None]


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 0.1)])
def test_a_prepared_model_has_the_gradients_of_the_plain_one(dtype: torch.dtype, tolerance: float) -> None:
    plain = small()
    fast = copy.deepcopy(plain)
    engine.prepare(fast, dtype)
    for ours, theirs in zip(gradients(fast, dtype), gradients(plain, None), strict=True):
        assert ours.dtype is torch.float32
        assert (ours - theirs).norm() <= tolerance * theirs.norm() + 1e-9


def test_preparing_replaces_every_dropout_and_no_parameter() -> None:
    model = small(dropout=0.1)
    before = model.state_dict()
    engine.prepare(model, torch.bfloat16)
    kinds = {type(module) for module in model.modules() if isinstance(module, nn.Dropout)}
    assert kinds == {engine.Dropout}
    assert list(model.state_dict()) == list(before)
    assert model.source.weight is model.target.weight


def test_a_torch_that_cannot_be_asked_about_the_processor_trains_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    for question in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.delattr(torch.cpu, question, raising=False)
    assert not engine.has_bfloat16(torch.device("cpu"))
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True, raising=False)
    assert engine.has_bfloat16(torch.device("cpu"))


def test_precision_is_as_asked() -> None:
    cpu = torch.device("cpu")
    assert engine.chosen("float32", cpu) is torch.float32
    assert engine.chosen("bfloat16", cpu) is torch.bfloat16
    assert engine.chosen("auto", cpu) is (torch.bfloat16 if engine.has_bfloat16(cpu) else torch.float32)
    assert engine.chosen("auto", torch.device("meta")) is torch.float32
