"""One update against the textbook's: plain autograd, PyTorch's loss and its Adam."""

import math
from copy import deepcopy

import pytest
import torch
from torch.nn import functional as F

from glasshead.errors import GlassheadError
from glasshead.machine import device_of
from glasshead.model import Config, Transformer
from glasshead.training.data.batches import Batch
from glasshead.training.engine import Compiled, Engine, Objective, draw, precision_of
from glasshead.training.settings import Settings, resolve

SHAPE = Config(vocab_size=40, d_model=16, heads=2, d_ff=32, encoder_layers=1, decoder_layers=1, dropout=0.0)


def settings(**changes: object) -> Settings:
    return resolve({"recipe": "reverse", "device": "cpu", "precision": "fp32", "accumulate": 2, **changes})


def some_batch(draws: torch.Generator, rows: int) -> Batch:
    """Ids without meaning, padded at the end."""
    lengths = torch.randint(2, 9, (2, rows), generator=draws)
    source, target = (
        torch.randint(4, 40, (rows, 9), generator=draws).masked_fill(torch.arange(9) >= each[:, None], 0)
        for each in lengths
    )
    begin = torch.full((rows, 1), 1)
    end = (torch.arange(10) == lengths[1][:, None]).long() * 2
    labels = torch.cat([target, torch.zeros(rows, 1, dtype=torch.long)], 1) + end
    return Batch(
        source=source, target=torch.cat([begin, target], 1), labels=labels, tokens=int(lengths[1].sum()) + rows
    )


def model() -> Transformer:
    torch.manual_seed(0)
    return Transformer(SHAPE)


@pytest.mark.parametrize("clip", [0.0, 0.05])
def test_updates_are_those_of_plain_pytorch(clip: float) -> None:
    mine, plain = model(), model()
    engine = Engine(settings(clip=clip))
    engine.take(mine)
    optimizer = torch.optim.Adam(plain.parameters(), lr=0.0, betas=(0.9, 0.98), eps=1e-9)
    draws = torch.Generator().manual_seed(1)
    for step in range(1, 5):
        batches = [some_batch(draws, 5), some_batch(draws, 3)]
        tokens, rate = sum(each.tokens for each in batches), 1e-3 * step
        found = engine.update(step, batches, tokens, rate)
        losses, likelihoods = [], []
        for each in batches:
            logits, labels = plain(each.source, each.target).flatten(0, 1), each.labels.flatten()
            losses.append(F.cross_entropy(logits, labels, ignore_index=0, reduction="sum", label_smoothing=0.1))
            likelihoods.append(F.cross_entropy(logits, labels, ignore_index=0, reduction="sum"))
        (torch.stack(losses).sum() / tokens).backward()
        norm = torch.nn.utils.clip_grad_norm_(plain.parameters(), clip or math.inf)
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()
        optimizer.zero_grad()
        assert found.loss.item() == pytest.approx(torch.stack(losses).sum().item(), rel=1e-5)
        assert found.likelihood.item() == pytest.approx(torch.stack(likelihoods).sum().item(), rel=1e-5)
        assert found.norm.item() == pytest.approx(norm.item(), rel=1e-4)
        assert not clip or norm > clip
    for one, other in zip(mine.parameters(), plain.parameters(), strict=True):
        assert torch.allclose(one, other, atol=2e-6)


def test_what_is_dropped_depends_on_the_update_and_on_nothing_before_it() -> None:
    draws = torch.Generator().manual_seed(2)
    batches = [some_batch(draws, 5), some_batch(draws, 5)]
    dropping = Transformer(Config(**{**vars(SHAPE), "dropout": 0.3}))

    def losses(noise: int, seed: int = 0, number: int = 7) -> float:
        engine = Engine(settings(seed=seed))
        engine.take(deepcopy(dropping))
        torch.rand(noise)
        return engine.update(number, batches, 100, 0.0).loss.item()

    assert losses(0) == losses(1000)
    assert len({losses(0), losses(0, seed=1), losses(0, number=8)}) == 3
    assert len({draw(seed, update, place) for seed in range(9) for update in range(9) for place in range(9)}) == 729


def test_a_device_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    assert device_of("auto").type == "cpu"
    for name in ("cuda", "mps"):
        with pytest.raises(GlassheadError, match=f"--device {name} is not available.*: this machine has cpu"):
            Engine(settings(device=name))


def test_a_gpu_is_taken_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert device_of("auto").type == "cuda" and device_of("cpu").type == "cpu"


def test_precision() -> None:
    cpu = torch.device("cpu")
    assert precision_of("fp32", cpu) == "fp32" and precision_of("bf16", cpu) == "bf16"
    assert precision_of("auto", cpu) in ("fp32", "bf16")
    assert precision_of("fp16", torch.device("cuda")) == "fp16"
    with pytest.raises(GlassheadError, match="fp16 needs a GPU"):
        Engine(settings(precision="fp16"))


def test_bf16_keeps_parameters_in_float32_and_is_close() -> None:
    draws = torch.Generator().manual_seed(3)
    batches = [some_batch(draws, 6), some_batch(draws, 6)]
    found = {}
    for precision in ("fp32", "bf16"):
        engine = Engine(settings(precision=precision))
        engine.take(model())
        found[precision] = engine.update(1, batches, 60, 1e-3).loss.item()
        assert all(parameter.dtype is torch.float32 for parameter in engine.parameters.values())
    assert found["bf16"] == pytest.approx(found["fp32"], rel=0.02) and found["bf16"] != found["fp32"]


def test_what_is_compiled_computes_the_same() -> None:
    draws = torch.Generator().manual_seed(4)
    each = some_batch(draws, 7)
    network = model().eval()
    ids = (each.source, each.target, each.labels)
    for mine, other in zip(Objective(network, 0.1)(*ids), Compiled(network, 0.1)(*ids), strict=True):
        assert mine.item() == pytest.approx(other.item(), rel=1e-5)


def test_a_compiler_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(GlassheadError, match=r"--compile needs a C\+\+ compiler"):
        Engine(settings(compile=True))
