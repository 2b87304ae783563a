"""What the trainer learns, update by update, against plain PyTorch and Hugging Face's Marian.

    python -m pytest -s tests/benchmarks/learning.py
    python -m tests.benchmarks.learning --source train.en --target train.de --updates 500 --out curves.tsv

All begin with the same parameters and see the same batches in the same order, at the same rates; all have Adam, label
smoothing and clipping. `plain` is the reference of the tests (tests/core/training/reference.py): float32, autograd,
PyTorch's dropout. `xavier` is the same with the first matrices of Q, K and V as large as Xavier has them. Without
dropout the curves must coincide; with it they may differ by as much as five seeds do.

The command takes somebody's own files, and prints and writes the loss of every side as it learns: the mean of every
`--every` updates, in nats a token, with smoothed labels. The shape is that which `glasshead train` chooses for few
pairs.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from statistics import mean, stdev
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import torch
from tests.benchmarks.marian import twin
from tests.core.training.reference import Reference
from torch.nn import functional as F

from glasshead.model import Attention, Transformer
from glasshead.training.data.batches import Batch, Sampler, batch
from glasshead.training.data.corpus import Corpus
from glasshead.training.data.prepare import prepare
from glasshead.training.data.stream import Stream
from glasshead.training.engine import Engine
from glasshead.training.loop import shape
from glasshead.training.schedule import scheduled
from glasshead.training.settings import Settings, resolve
from glasshead.training.suited import ROWS

Step = Callable[[int, Batch, float], float]
"""Makes update n with a batch and a rate; returns the loss of a token before it."""


def ours(model: Transformer, settings: Settings, precision: str) -> Step:
    """The trainer's engine."""
    engine = Engine(resolve({**{k: v for k, v in vars(settings).items() if v is not None}, "precision": precision}))
    engine.take(model)

    def step(number: int, batch: Batch, rate: float) -> float:
        return engine.update(number, [batch], batch.tokens, rate).loss.item() / batch.tokens

    return step


def plain(model: Transformer, settings: Settings, seed: int = 0) -> Step:
    """Plain PyTorch."""
    reference = Reference(
        dict(model.named_parameters()), heads=settings.heads, dropout=settings.dropout,
        smoothing=settings.label_smoothing, clip=settings.clip,
    )  # fmt: skip
    torch.manual_seed(seed)
    return lambda _number, batch, rate: reference.update(batch, rate)[0]


def xavier(model: Transformer, settings: Settings) -> Step:
    """Plain PyTorch, with Q, K and V drawn √2 as large."""
    for module in model.modules():
        if isinstance(module, Attention):
            for each in (module.query, module.key, module.value):
                torch.nn.init.xavier_uniform_(each.weight)
    return plain(model, settings)


def marian(model: Transformer, settings: Settings) -> Step:
    """Hugging Face's model. Its biases of projections, which ours lacks, stay 0."""
    theirs = twin(model).train()
    for name, parameter in theirs.named_parameters():
        parameter.requires_grad_(not name.endswith("proj.bias") and "embed_positions" not in name)
    learned = [parameter for parameter in theirs.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(learned, lr=0.0, betas=(0.9, 0.98), eps=1e-9)

    def step(_number: int, batch: Batch, rate: float) -> float:
        logits = theirs(
            input_ids=batch.source, attention_mask=(batch.source != 0).long(), decoder_input_ids=batch.target
        ).logits
        loss = F.cross_entropy(
            logits.flatten(0, 1), batch.labels.flatten(), ignore_index=0, label_smoothing=settings.label_smoothing
        )
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, settings.clip or float("inf"))
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()
        optimizer.zero_grad()
        return loss.item()

    return step


SIDES: dict[str, Callable[[Transformer, Settings], Step]] = {
    "ours-fp32": lambda model, settings: ours(model, settings, "fp32"),
    "ours-bf16": lambda model, settings: ours(model, settings, "bf16"),
    "plain": plain,
    "marian": marian,
    "xavier": xavier,
}


def curve(
    side: Callable[[Transformer, Settings], Step], corpus: Corpus, settings: Settings, updates: int
) -> list[float]:
    """Train one side; return its losses."""
    return list(losses(side, corpus, settings, updates))


def losses(
    side: Callable[[Transformer, Settings], Step], corpus: Corpus, settings: Settings, updates: int
) -> Iterator[float]:
    """Train one side; yield the loss of each update."""
    torch.manual_seed(settings.seed)
    model = Transformer(shape(settings, corpus.vocabulary.target.size, None))
    step = side(model, settings)
    stream = Stream(Sampler(corpus.train, batch_tokens=settings.batch_tokens, seed=0))
    batches = (batch(corpus.train, rows) for rows in islice(stream, updates))
    for number, each in enumerate(batches, start=1):
        yield step(number, each, scheduled(number, settings))


def main(arguments: list[str]) -> None:
    """Train the sides on somebody's own files, and print and write their curves."""
    parser = argparse.ArgumentParser(description="Compare what trainers learn from the same batches.")
    parser.add_argument("--source", required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--updates", type=int, default=500)
    parser.add_argument("--every", type=int, default=50)
    parser.add_argument("--dropout", type=float, default=0.3)
    parser.add_argument("--vocab-size", type=int, default=10_000)
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES))
    parser.add_argument("--out", type=Path)
    given = parser.parse_args(arguments)
    own: dict[str, Any] = {"source": given.source, "target": given.target, "vocab_size": given.vocab_size}
    settings = resolve({**ROWS["few"], **own, "lowercase": True, "dropout": given.dropout, "device": "cpu"})
    with TemporaryDirectory() as folder:
        corpus = prepare(Path(folder) / "data", settings)
        assert corpus is not None
        with given.out.open("w", encoding="utf-8") if given.out else nullcontext() as out:
            for line in lines(corpus, settings, given):
                print(line, flush=True)
                if out:
                    print(line, file=out, flush=True)


def lines(corpus: Corpus, settings: Settings, given: argparse.Namespace) -> Iterator[str]:
    """Yield the rows of the table: side, update, mean loss."""
    yield "side\tupdate\tloss"
    for name in given.sides:
        found = losses(SIDES[name], corpus, settings, given.updates)
        for end in range(given.every, given.updates + 1, given.every):
            yield f"{name}\t{end}\t{mean(islice(found, given.every)):.4f}"


UPDATES = 500


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    found = prepare(tmp_path_factory.mktemp("corpus") / "data", settings())
    assert found is not None
    yield found


def settings(dropout: float = 0.0) -> Settings:
    """A shape for few pairs, and batches that a benchmark has the time for."""
    return resolve(
        {"recipe": "english-french", "generate": 20_000, "device": "cpu", **ROWS["few"], "batch_tokens": 512,
         "dropout": dropout}
    )  # fmt: skip


def test_without_dropout_the_curves_coincide(corpus: Corpus) -> None:
    found = {
        name: curve(SIDES[name], corpus, settings(), UPDATES) for name in ("ours-fp32", "ours-bf16", "plain", "marian")
    }
    for name, losses in found.items():
        apart = [abs(one / other - 1) for one, other in zip(losses, found["plain"], strict=True)]
        print(f"\n{name:10} {losses[-1]:.4f}; apart by {max(apart[:50]):.1e} in 50 updates, {max(apart):.1e} in all")
        assert max(apart[:50]) < (0.02 if name == "ours-bf16" else 1e-4)
        assert mean(losses[-50:]) == pytest.approx(mean(found["plain"][-50:]), rel=0.02)


def test_with_dropout_the_curves_lie_in_the_spread_of_five_seeds(corpus: Corpus) -> None:
    def ends(side: Callable[[Transformer, Settings], Step]) -> float:
        return mean(curve(side, corpus, settings(0.3), UPDATES)[-50:])

    plainly = [ends(lambda model, given, seed=seed: plain(model, given, seed)) for seed in range(5)]  # type: ignore[misc]
    for name in ("ours-fp32", "ours-bf16", "marian"):
        found = ends(SIDES[name])
        print(f"\n{name:10} {found:.4f}; plain {mean(plainly):.4f} ± {stdev(plainly):.4f}")
        assert abs(found - mean(plainly)) < 4 * stdev(plainly)


if __name__ == "__main__":
    main(sys.argv[1:])
