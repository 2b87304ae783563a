"""Little trainings: a small model on a small task, in seconds, so that two ways of building it can be compared.

Plain on purpose: Adam with the paper's β and ε, no averaging, no accumulation, float32. `glasshead.training` is the
real trainer; the loss comes from it. The same seed gives the same numbers on the same machine.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from glasshead.errors import GlassheadError
from glasshead.lab.tools.telling import Told, silent
from glasshead.model import Config, Transformer
from glasshead.text import SPECIALS, Codec
from glasshead.training.loss import smoothed

FIRST = len(SPECIALS)
"""The first id that is a symbol of a task."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Sources and targets as ids. Every source ends with </s>; padding fills up on the right."""

    source: Tensor
    """n k, int64."""
    target: Tensor
    """n q, int64: what the decoder reads, begins with <s>."""
    labels: Tensor
    """n q, int64: what it is to say, ends with </s>."""

    def __len__(self) -> int:
        return len(self.source)

    def rows(self, which: Tensor | slice) -> "Pairs":
        """Some of them."""
        return Pairs(self.source[which], self.target[which], self.labels[which])


def pairs(sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> Pairs:
    """Of plain lists of ids, without start and end."""
    return Pairs(
        _padded([[*each, Codec.EOS] for each in sources]),
        _padded([[Codec.BOS, *each] for each in targets]),
        _padded([[*each, Codec.EOS] for each in targets]),
    )


def reversals(count: int, *, letters: int, longest: int, seed: int, shortest: int = 1) -> Pairs:
    """Random letters, and the same reversed: each step has to look at one place of the source."""
    draw = torch.Generator().manual_seed(seed)
    lengths = torch.randint(shortest, longest + 1, (count,), generator=draw).tolist()
    sources = [torch.randint(FIRST, FIRST + letters, (length,), generator=draw).tolist() for length in lengths]
    return pairs(sources, [each[::-1] for each in sources])


def build(config: Config, seed: int) -> Transformer:
    """A model as the seed initialises it; nobody else's random numbers are touched."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Transformer(config)


def train(
    model: Transformer,
    examples: Pairs,
    *,
    steps: int,
    rate: Callable[[int], float],
    batch: int = 64,
    seed: int = 0,
    smoothing: float = 0.0,
    after: Callable[[int], None] | None = None,
    told: Told = silent,
) -> tuple[float, ...]:
    """Train in place; the loss of every step, in nats a token, without smoothing.

    rate: of step number 1, 2 … · batch: sentences of a step, drawn at random · after: called when the gradients of a
    step are there and nothing is updated yet. A loss that is no number any more ends the training: what follows is NaN.
    """
    told(0.0, "getting ready")  # the first optimizer of a process takes a second to import
    optimizer = torch.optim.Adam(model.parameters(), lr=0.0, betas=(0.9, 0.98), eps=1e-9)
    draw = torch.Generator().manual_seed(seed)
    losses: list[float] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model.train().requires_grad_(True)
        for step in range(1, steps + 1):
            told((step - 1) / steps, f"step {step} of {steps}")
            some = examples.rows(torch.randint(len(examples), (batch,), generator=draw))
            tokens = int((some.labels != model.config.pad_id).sum())
            loss, likelihood = smoothed(
                model(some.source, some.target), some.labels, smoothing=smoothing, pad_id=model.config.pad_id
            )
            losses.append(float(likelihood) / tokens)
            if not torch.isfinite(loss):
                losses += [float("nan")] * (steps - step)
                break
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss / tokens)
            if after is not None:
                after(step)
            for group in optimizer.param_groups:
                group["lr"] = rate(step)
            optimizer.step()
        model.eval().requires_grad_(False)
    return tuple(losses)


@torch.inference_mode()
def loss_of(model: Transformer, examples: Pairs) -> float:
    """The loss in nats a token, with every target given to the decoder (teacher forcing)."""
    logits = model(examples.source, examples.target)
    _, likelihood = smoothed(logits, examples.labels, smoothing=0.0, pad_id=model.config.pad_id)
    return float(likelihood) / int((examples.labels != model.config.pad_id).sum())


@torch.inference_mode()
def decode(model: Transformer, source: Tensor, *, limit: int) -> Tensor:
    """Greedy, all sentences at once and all tokens anew at every step, so that no cache hides anything: n q ids."""
    mask = model.padding_mask(source)
    memory = model.encode(source, mask)
    said = torch.full((len(source), 1), model.config.bos_id)
    done = torch.zeros(len(source), dtype=torch.bool)
    for _ in range(limit):
        token = model.decode(said, memory, mask)[:, -1].argmax(-1)
        token = token.masked_fill(done, model.config.pad_id)
        said = torch.cat([said, token.unsqueeze(-1)], 1)
        done |= token == model.config.eos_id
        if done.all():
            break
    return said[:, 1:]


def exact(model: Transformer, examples: Pairs) -> float:
    """The share of sentences that decoding says without any mistake, 0–1."""
    said = decode(model, examples.source, limit=examples.labels.shape[1])
    labels = examples.labels[:, : said.shape[1]]
    rest = examples.labels[:, said.shape[1] :]
    right = (said == labels).all(-1) & (rest == model.config.pad_id).all(-1)
    return float(right.float().mean())


def _padded(rows: list[list[int]]) -> Tensor:
    if not rows:
        raise GlassheadError("There is nothing to learn from: give at least one pair.")
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[Codec.PAD] * (longest - len(row))] for row in rows])
