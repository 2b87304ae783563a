"""What training costs: a step against Hugging Face's Marian and torch.nn.Transformer, a corpus against Seq2SeqTrainer.

    python -m pytest -s tests/benchmarks/training.py

All have the shape that `glasshead train` has by default: d_model 256, 8 heads, 3 + 3 layers, d_ff 1024, ReLU, dropout
0.1, 8,000 subwords, one embedding matrix for both sides and the projection. All see the same batches, and have Adam in
one fused kernel. Every side is a process of its own, so that nobody's memory helps or harms another, with as many
threads as PyTorch chooses. They take turns, and the best of each counts, which a busy machine disturbs least.

- Ours is the engine of the trainer: label smoothing, gradients clipped, loss, likelihood and norm read at every step.
- Marian, with its own loss, and torch.nn.Transformer, with PyTorch's and with the embeddings and the projection that it
  lacks, clip nothing. In bf16 Marian runs under autocast, as it does in Hugging Face's trainer.
- Seq2SeqTrainer has its defaults: float32, random sentences, padded by its own collator to the longest of the batch. It
  is given as many sentences a batch as have the target tokens of a batch of ours.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count, islice
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from glasshead.model import Config, Transformer
from glasshead.training.data.batches import Batch, Sampler, batch, target_tokens
from glasshead.training.data.ids import Ids
from glasshead.training.data.stream import Stream
from glasshead.training.engine import Engine
from glasshead.training.fast.kernels import has_bfloat16
from glasshead.training.settings import resolve

PAD, BOS, EOS, SIZE = 0, 1, 2, 8000
SENTENCES, LENGTHS, ROUNDS = 64, (20, 32, 48, 64), 6
PAIRS, BATCH_TOKENS, TURNS = 40_000, 4096, 5
BF16 = has_bfloat16(torch.device("cpu"))
"""Whether the processor computes in bf16; one that imitates it is many times slower, and says nothing of a trainer."""
BF16_ONLY = [pytest.mark.skipif(not BF16, reason="this processor has no bf16")]

Turn = Callable[..., dict[str, float]]


# The parent takes turns with its children and compares.


@contextmanager
def sides(*names: str) -> Iterator[dict[str, Turn]]:
    """A process for each name, and a function that gives it a turn."""
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "TOKENIZERS_PARALLELISM": "false"}
    started = {
        name: subprocess.Popen(
            [sys.executable, __file__, *name.split()],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment,
        )
        for name in names
    }  # fmt: skip

    def turn(process: "subprocess.Popen[str]", **asked: int) -> dict[str, float]:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps(asked) + "\n")
        answer = process.stdout.readline()
        assert answer, f"{process.args!r} has ended"
        return json.loads(answer)

    try:
        yield {name: lambda process=process, **asked: turn(process, **asked) for name, process in started.items()}
    finally:
        for process in started.values():
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def speeds() -> dict[str, float]:
    """Target tokens a second of every side, over batches of all lengths together."""
    names = ["ours fp32", "marian fp32", "torch fp32"]
    if BF16:
        names += ["ours bf16", "ours auto", "marian bf16"]
    best = {name: dict.fromkeys(LENGTHS, float("inf")) for name in names}
    with sides(*names) as turns:
        for length in LENGTHS:
            for number in range(ROUNDS + 1):
                for name, turn in turns.items():
                    seconds = turn(length=length)["seconds"]
                    if number:  # the first is for warming up
                        best[name][length] = min(best[name][length], seconds)
    print(f"\ntarget tokens a second, {SENTENCES} sentences of {', '.join(map(str, LENGTHS))} tokens:")
    for name, least in best.items():
        print(f"{name:12}", *(f"{SENTENCES * length / least[length]:8,.0f}" for length in LENGTHS))
    return {name: SENTENCES * sum(LENGTHS) / sum(seconds.values()) for name, seconds in best.items()}


@pytest.mark.parametrize(
    ("ours", "theirs", "budget"),
    [
        ("ours fp32", "marian fp32", 1.15),
        pytest.param("ours bf16", "marian bf16", 1.15, marks=BF16_ONLY),
        pytest.param("ours auto", "marian fp32", 2.2, marks=BF16_ONLY),
        pytest.param("ours auto", "torch fp32", 2.8, marks=BF16_ONLY),
    ],
)
def test_a_step(speeds: dict[str, float], ours: str, theirs: str, budget: float) -> None:
    ratio = speeds[ours] / speeds[theirs]
    print(f"\n{ours} {speeds[ours]:,.0f}, {theirs} {speeds[theirs]:,.0f} tokens/s: {ratio:.2f} × (budget {budget})")
    assert ratio >= budget


def test_a_corpus_of_real_lengths() -> None:
    """≥ 3 × the target tokens a second of Seq2SeqTrainer; making batches counts, and so does padding."""
    ids = corpus()
    sampler = Sampler(ids, batch_tokens=BATCH_TOKENS, seed=0)
    tokens = np.mean([target_tokens(ids, rows) for rows in sampler.epoch(0)])
    rows = round(float(tokens / (ids.target_lengths + 1).mean()))
    updates = {"corpus auto": 8, f"trainer {rows}": 2}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in updates}
    with sides(*updates) as turns:
        for number in range(TURNS + 1):
            for name, turn in turns.items():
                answer = turn(updates=updates[name])
                if number:
                    found[name].append(answer)
    ours, theirs = (
        sum(each["tokens"] for each in every) / sum(each["seconds"] for each in every) for every in found.values()
    )
    print(
        f"\nlengths: median {np.median(ids.target_lengths):.0f}, mean {ids.target_lengths.mean():.0f}, "
        f"99 % under {np.quantile(ids.target_lengths, 0.99):.0f}, longest {ids.target_lengths.max()}"
        f"\nbatches of {tokens:,.0f} target tokens, ours padded by {sampler.padding:.1%}"
        f"\nours {ours:,.0f}, Seq2SeqTrainer {theirs:,.0f} target tokens/s: {ours / theirs:.2f} × (budget 3)"
    )
    assert ours >= 3 * theirs


# What both see.


def corpus() -> Ids:
    """Pairs of log-normal lengths, median 21 and mean 25, as subwords of news have; targets are about as long."""
    draw = np.random.default_rng(0)
    sources = draw.lognormal(np.log(21), 0.59, PAIRS)
    lengths = np.clip(np.stack([sources, sources * draw.lognormal(0.0, 0.2, PAIRS)]), 1, 250).astype(int)
    return Ids.of(tuple(draw.integers(3, SIZE, length).tolist() for length in pair) for pair in lengths.T)


def equal(length: int) -> Batch:
    """Sentences without meaning, all of this length."""
    source, labels = torch.randint(3, SIZE, (2, SENTENCES, length), generator=torch.Generator().manual_seed(length))
    target = torch.cat([torch.full((SENTENCES, 1), BOS), labels[:, :-1]], 1)
    return Batch(source, target, labels, labels.numel())


# The children: a turn is a step with a batch of this length, or so many updates with a corpus.


def asked() -> Iterator[dict[str, int]]:
    """Yield the parent's requests, turn by turn."""
    return map(json.loads, sys.stdin)


def answer(seconds: float, tokens: int = 0) -> None:
    """Report the time of a turn."""
    print(json.dumps({"seconds": seconds, "tokens": tokens}), flush=True)


def take_turns(step: Callable[[Batch], object]) -> None:
    """Step by step, timed."""
    batches = {length: equal(length) for length in LENGTHS}
    for turn in asked():
        began = time.perf_counter()
        step(batches[turn["length"]])
        answer(time.perf_counter() - began)


def ours(precision: str) -> Callable[[Batch], object]:
    """The step of our trainer."""
    engine = Engine(resolve({"recipe": "reverse", "device": "cpu", "precision": precision}))
    config = Config(vocab_size=SIZE, d_model=256, heads=8, d_ff=1024, encoder_layers=3, decoder_layers=3)
    engine.take(Transformer(config))
    numbers = count(1)

    def step(batch: Batch) -> object:
        found = engine.update(next(numbers), [batch], batch.tokens, 1e-4)
        return float(found.loss), float(found.likelihood), float(found.norm)

    return step


def ours_with_a_corpus(precision: str) -> None:
    """Our trainer's batches and steps."""
    ids, step = corpus(), ours(precision)
    stream = Stream(Sampler(ids, batch_tokens=BATCH_TOKENS, seed=0))
    for turn in asked():
        began, tokens = time.perf_counter(), 0
        for rows in islice(stream, turn["updates"]):
            made = batch(ids, rows)
            step(made)
            tokens += made.tokens
        answer(time.perf_counter() - began, tokens)


def usual(model: nn.Module, loss: Callable[[Batch], Tensor], precision: str) -> Callable[[Batch], object]:
    """The step that everybody writes."""
    optimizer = torch.optim.Adam(model.train().parameters(), lr=1e-4, betas=(0.9, 0.98), eps=1e-9, fused=True)

    def step(batch: Batch) -> object:
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            found = loss(batch)
        found.backward()
        optimizer.step()
        optimizer.zero_grad()
        return found.item()

    return step


def marian(precision: str) -> Callable[[Batch], object]:
    """A step of Hugging Face's model."""
    model = marian_model()

    def loss(batch: Batch) -> Tensor:
        there = (batch.source != PAD).long()
        return model(input_ids=batch.source, attention_mask=there, labels=batch.labels).loss

    return usual(model, loss, precision)


def marian_model() -> nn.Module:
    """Hugging Face's model, of our shape."""
    from transformers import MarianConfig, MarianMTModel

    layers = {"encoder_layers": 3, "decoder_layers": 3, "encoder_attention_heads": 8, "decoder_attention_heads": 8}
    widths = {"d_model": 256, "encoder_ffn_dim": 1024, "decoder_ffn_dim": 1024, "max_position_embeddings": 512}
    tokens = {"vocab_size": SIZE, "pad_token_id": PAD, "eos_token_id": EOS, "decoder_start_token_id": BOS}
    return MarianMTModel(
        MarianConfig(**layers, **widths, **tokens, forced_eos_token_id=None, activation_function="relu", dropout=0.1)
    )


class Standard(nn.Module):
    """torch.nn.Transformer with embeddings, positions and a projection."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.position = nn.Embedding(SIZE, 256), nn.Embedding(512, 256)
        self.dropout = nn.Dropout(0.1)
        self.transformer = nn.Transformer(256, 8, 3, 3, 1024, 0.1, batch_first=True)

    def embed(self, ids: Tensor) -> Tensor:
        return self.dropout(self.embedding(ids) * 16 + self.position(torch.arange(ids.shape[1])))

    def forward(self, batch: Batch) -> Tensor:
        padding = batch.source == PAD
        states = self.transformer(
            self.embed(batch.source),
            self.embed(batch.target),
            tgt_mask=nn.Transformer.generate_square_subsequent_mask(batch.target.shape[1]),
            src_key_padding_mask=padding,
            memory_key_padding_mask=padding,
            tgt_is_causal=True,
        )
        logits = F.linear(states, self.embedding.weight)
        return F.cross_entropy(logits.flatten(0, 1), batch.labels.flatten(), ignore_index=PAD, label_smoothing=0.1)


def standard(precision: str) -> Callable[[Batch], object]:
    """A step of PyTorch's."""
    model = Standard()
    return usual(model, model, precision)


def trainer(rows: str) -> None:
    """Seq2SeqTrainer, which is held up after every turn."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import (
        DataCollatorForSeq2Seq,
        PreTrainedTokenizerFast,
        Seq2SeqTrainer,
        Seq2SeqTrainingArguments,
        TrainerCallback,
    )

    ids, model, turns = corpus(), marian_model(), asked()
    examples = [
        {"input_ids": [*ids.source(row).tolist(), EOS], "labels": [*ids.target(row).tolist(), EOS]}
        for row in range(len(ids))
    ]
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(WordLevel({"<pad>": PAD})), pad_token="<pad>")
    tokens = 0

    def tally(_module: nn.Module, _arguments: Any, given: Mapping[str, Tensor]) -> None:
        nonlocal tokens
        tokens += int((given["labels"] != -100).sum())

    class Turns(TrainerCallback):
        def on_train_begin(self, *_: Any, **__: Any) -> None:
            self.next()

        def next(self) -> None:
            nonlocal tokens
            self.left, tokens = next(turns)["updates"], 0
            self.began = time.perf_counter()

        def on_step_end(self, *_: Any, **__: Any) -> None:
            self.left -= 1
            if not self.left:
                answer(time.perf_counter() - self.began, tokens)
                self.next()

    model.register_forward_pre_hook(tally, with_kwargs=True)
    with TemporaryDirectory() as folder:
        Seq2SeqTrainer(
            model=model,
            args=Seq2SeqTrainingArguments(
                folder, per_device_train_batch_size=int(rows), use_cpu=True, save_strategy="no",
                logging_strategy="no", disable_tqdm=True, dataloader_pin_memory=False,
            ),
            train_dataset=examples,
            data_collator=DataCollatorForSeq2Seq(tokenizer, model),
            callbacks=[Turns()],
        ).train()  # fmt: skip


def child(name: str, how: str) -> None:
    """Be one side, until the parent ends it."""
    torch.manual_seed(0)
    steps = {"ours": ours, "marian": marian, "torch": standard}
    if name in steps:
        take_turns(steps[name](how))
    elif name == "corpus":
        ours_with_a_corpus(how)
    else:
        trainer(how)


if __name__ == "__main__":
    child(*sys.argv[1:])
