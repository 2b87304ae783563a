"""The fast way of training computes what the plain way computes."""

import copy
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from glasshead.model import Attention, Config, Residual, Transformer
from glasshead.tap import listen
from glasshead.training.fast import kernels

CPU = torch.device("cpu")


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_dropout_drops_the_share_it_should_and_keeps_the_mean(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    dropped = kernels.Dropout(0.1)(torch.ones(1000, 1001, dtype=dtype)).double()
    assert (dropped == 0).double().mean().item() == pytest.approx(0.1, abs=0.001)
    assert dropped.unique().tolist() == pytest.approx([0.0, 1 / 0.9], rel=4e-3 if dtype is torch.bfloat16 else 1e-4)
    if dtype is not torch.bfloat16:
        assert dropped.mean().item() == pytest.approx(1.0, abs=0.002)


@pytest.mark.parametrize("p", [0.001, 0.5, 0.9, 0.999])
def test_any_probability_is_kept(p: float) -> None:
    torch.manual_seed(1)
    share = (kernels.Dropout(p)(torch.ones(1_000_000)) == 0).double().mean().item()
    assert share == pytest.approx(p, abs=5 * (p * (1 - p) / 1e6) ** 0.5 + 1 / 65_536)


def test_dropout_decides_for_each_number_by_itself() -> None:
    torch.manual_seed(0)
    zeros = (kernels.Dropout(0.3)(torch.ones(2_000_000)) == 0).double() - 0.3
    for distance in (1, 2, 3, 4, 8, 16):
        correlation = (zeros[:-distance] * zeros[distance:]).mean() / zeros.square().mean()
        assert abs(correlation.item()) < 0.005


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_what_is_added_to_has_the_whole_gradient_and_what_is_dropped_its_own_mask(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    x, y = (torch.randn(7, 13, dtype=dtype, requires_grad=True) for _ in range(2))
    for onto in (x, None):
        total = kernels.dropped(y, 0.4, onto)
        mask = torch.autograd.grad(total.sum(), y, retain_graph=True)[0]
        assert mask.double().unique().tolist() == pytest.approx([0.0, 1 / 0.6], rel=4e-3)
        expected = y * mask if onto is None else x + y * mask
        assert torch.allclose(total.double(), expected.double(), rtol=0.02 if dtype is torch.bfloat16 else 1e-4)
        if onto is not None:
            assert torch.equal(torch.autograd.grad(total.sum(), x)[0], torch.ones_like(x))


def test_dropout_does_nothing_in_evaluation_and_at_0() -> None:
    x = torch.randn(5)
    assert kernels.Dropout(0.5).eval()(x) is x
    assert kernels.Dropout(0.0)(x) is x


def test_what_is_dropped_is_drawn_from_pytorchs_generator_and_from_nothing_else() -> None:
    x = torch.ones(1001)

    def drop() -> torch.Tensor:
        return kernels.Dropout(0.5)(x)

    torch.manual_seed(3)
    first, second = drop(), drop()
    torch.manual_seed(3)
    assert torch.equal(first, drop()) and torch.equal(second, drop()) and not torch.equal(first, second)


SHAPES: dict[str, dict[str, Any]] = {
    "the paper's": {},
    "pre-norm": {"norm": "pre", "positions": "learned"},
    "of odd widths": {"d_k": 5, "d_v": 7, "d_encoder": 24, "share_embeddings": False, "scale": False},
    "of narrow view": {"window": 3},
}


def small(**changes: Any) -> Transformer:
    torch.manual_seed(0)
    shape: dict[str, Any] = {
        "d_model": 32,
        "heads": 4,
        "d_ff": 64,
        "encoder_layers": 2,
        "decoder_layers": 2,
        "dropout": 0.0,
    }
    return Transformer(Config(vocab_size=50, **{**shape, **changes}))


def gradients(model: Transformer, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """Compute the gradients of a number that depends on all logits. The source is padded."""
    torch.manual_seed(1)
    source, target = torch.randint(3, 50, (5, 9)), torch.randint(3, 50, (5, 7))  # 45 and 35 rows, made 46 and 36
    source[0, 5:] = 0
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype is torch.bfloat16):
        logits = model(source, target)
    logits.float().square().mean().backward()
    return {name: parameter.grad for name, parameter in model.named_parameters() if parameter.grad is not None}


@pytest.mark.parametrize("name", SHAPES)
def test_a_prepared_model_has_the_gradients_of_the_plain_one(name: str) -> None:
    plain = small(**SHAPES[name])
    fast = copy.deepcopy(plain)
    kernels.prepare(fast, torch.float32, CPU)
    ours, theirs = gradients(fast, torch.float32), gradients(plain, torch.float32)
    assert set(ours) == set(theirs)
    for parameter, gradient in ours.items():
        assert (gradient - theirs[parameter]).norm() <= 1e-5 * theirs[parameter].norm() + 1e-9


@pytest.mark.parametrize("name", SHAPES)
def test_in_bfloat16_it_errs_about_as_much_as_autocast(name: str) -> None:
    plain = small(**SHAPES[name])
    fast, autocast = copy.deepcopy(plain), copy.deepcopy(plain)
    kernels.prepare(fast, torch.bfloat16, CPU)
    exact = gradients(plain, torch.float32)

    def error(found: dict[str, torch.Tensor]) -> float:
        """Measure the error of all gradients together, as a share of their length."""
        off = torch.stack([(found[each] - exact[each]).norm() for each in exact]).norm()
        return float(off / torch.stack([gradient.norm() for gradient in exact.values()]).norm())

    ours = gradients(fast, torch.bfloat16)
    assert all(gradient.dtype is torch.float32 for gradient in ours.values())
    assert error(ours) <= 2 * error(gradients(autocast, torch.bfloat16))  # the residual stream is bfloat16 too


def test_a_prepared_model_repeats_itself_bit_for_bit() -> None:
    found = []
    for _ in range(2):
        model = small(dropout=0.2)
        kernels.prepare(model, torch.bfloat16, CPU)
        found.append(gradients(model, torch.bfloat16))
    assert all(torch.equal(one, found[1][name]) for name, one in found[0].items())


def test_preparing_changes_how_modules_compute_and_no_parameter() -> None:
    model = small(dropout=0.1)
    before = model.state_dict()
    kernels.prepare(model, torch.bfloat16, CPU)
    kinds = {type(module) for module in model.modules()}
    assert kinds >= {kernels.Dropout, kernels.Linear, kernels.Attention, kernels.Residual}
    assert not kinds & {nn.Dropout, nn.Linear, Attention, Residual}
    assert list(model.state_dict()) == list(before)
    assert all(value is before[name] or torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.source.weight is model.target.weight


def test_a_prepared_model_can_be_watched() -> None:
    plain = small()
    fast = copy.deepcopy(plain)
    kernels.prepare(fast, torch.float32, CPU)
    source, target = torch.randint(3, 50, (2, 6)), torch.randint(3, 50, (2, 5))
    with listen(plain, ["*"]) as expected, torch.no_grad():
        plain(source, target)
    with listen(fast, ["*"]) as seen, torch.no_grad():
        fast(source, target)
    assert list(seen) == list(expected)
    assert all(torch.allclose(seen[site], expected[site], atol=1e-4) for site in seen)


def test_rows_of_nothing_are_added_and_taken_away() -> None:
    x = torch.randn(5, 9, 4)
    row = kernels.in_a_row(x)
    assert row.shape == (1, 46, 4)
    assert torch.equal(row[0, :45].view(5, 9, 4), x) and not row[0, 45].any()


def test_elsewhere_than_on_a_processor_modules_are_pytorchs() -> None:
    model = small(dropout=0.1)
    before = [type(module) for module in model.modules()]
    kernels.prepare(model, torch.bfloat16, torch.device("cuda"))
    assert [type(module) for module in model.modules()] == before


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the pages that a process was given")
def test_memory_is_kept() -> None:
    import resource

    kernels.keep_memory()

    def pages() -> int:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        torch.ones(25_000_000)  # 100 MB, 24,414 pages
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    assert min(pages() for _ in range(10)) < 2_000


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what a process holds")
def test_memory_is_given_back() -> None:
    def held() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    kernels.keep_memory()
    several = [torch.ones(1_000_000) for _ in range(100)]
    del several[::2]  # so that what is free lies in pieces
    before = held()
    kernels.give_back()
    assert before - held() > 100_000_000


def test_a_torch_that_cannot_be_asked_about_the_processor_trains_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    for question in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.delattr(torch.cpu, question, raising=False)
    assert not kernels.has_bfloat16(CPU)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True, raising=False)
    assert kernels.has_bfloat16(CPU)
    assert not kernels.has_bfloat16(torch.device("meta"))
