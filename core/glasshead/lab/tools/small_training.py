"""Small trainings: a small model on a small task, in seconds, to compare two ways of building it.

Plain on purpose: Adam with the paper's β and ε, no averaging, no accumulation, float32. The real trainer is
`glasshead.training`; the loss comes from it. The same seed gives the same numbers on the same machine.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from glasshead.errors import GlassheadError
from glasshead.lab.tools.progress import Progress, silent
from glasshead.model import Config, Transformer
from glasshead.text import SPECIALS, Codec
from glasshead.training.loss import smoothed

FIRST = len(SPECIALS)
"""First id that is a symbol of a task."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Sources and targets as ids. Every source ends with </s>; padding is on the right."""

    source: Tensor
    """n k, int64."""
    target: Tensor
    """n q, int64: input of the decoder, begins with <s>."""
    labels: Tensor
    """n q, int64: expected output, ends with </s>."""

    def __len__(self) -> int:
        return len(self.source)

    def rows(self, which: Tensor | slice) -> "Pairs":
        """Select some of the pairs."""
        return Pairs(self.source[which], self.target[which], self.labels[which])


def pairs(sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> Pairs:
    """Make pairs from plain lists of ids, without start and end."""
    return Pairs(
        _padded([[*each, Codec.EOS] for each in sources]),
        _padded([[Codec.BOS, *each] for each in targets]),
        _padded([[*each, Codec.EOS] for each in targets]),
    )


def reversals(count: int, *, letters: int, longest: int, seed: int, shortest: int = 1) -> Pairs:
    """Draw random letters and their reversals: each step has to look at one place of the source."""
    draw = torch.Generator().manual_seed(seed)
    lengths = torch.randint(shortest, longest + 1, (count,), generator=draw).tolist()
    sources = [torch.randint(FIRST, FIRST + letters, (length,), generator=draw).tolist() for length in lengths]
    return pairs(sources, [each[::-1] for each in sources])


def build(config: Config, seed: int) -> Transformer:
    """Build a model, initialised by the seed, without touching the global random state."""
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
    progress: Progress = silent,
) -> tuple[float, ...]:
    """Train in place and return the loss of every step, in nats a token, without smoothing.

    rate: learning rate of step 1, 2 … · batch: sentences in a step, drawn at random · after: called when a step has its
    gradients, before the update. A loss that is not finite ends the training; the remaining losses are NaN.
    """
    progress(0.0, "getting ready")  # the first optimizer of a process takes a second to import
    optimizer = torch.optim.Adam(model.parameters(), lr=0.0, betas=(0.9, 0.98), eps=1e-9)
    draw = torch.Generator().manual_seed(seed)
    losses: list[float] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model.train().requires_grad_(True)
        for step in range(1, steps + 1):
            progress((step - 1) / steps, f"step {step} of {steps}")
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
    """Compute the loss in nats a token, with every target given to the decoder (teacher forcing)."""
    logits = model(examples.source, examples.target)
    _, likelihood = smoothed(logits, examples.labels, smoothing=0.0, pad_id=model.config.pad_id)
    return float(likelihood) / int((examples.labels != model.config.pad_id).sum())


@torch.inference_mode()
def decode(model: Transformer, source: Tensor, *, limit: int) -> Tensor:
    """Decode greedily, all sentences at once; every step recomputes all tokens, without a cache: n q ids."""
    mask = model.padding_mask(source)
    memory = model.encode(source, mask)
    config = model.config
    said = torch.tensor([config.start]).expand(len(source), -1)
    done = torch.zeros(len(source), dtype=torch.bool)
    for _ in range(limit):
        token = model.decode(said, memory, mask)[:, -1].argmax(-1)
        token = token.masked_fill(done, config.pad_id)
        said = torch.cat([said, token.unsqueeze(-1)], 1)
        done |= torch.isin(token, torch.tensor(config.ends, dtype=torch.long))
        if done.all():
            break
    return said[:, len(config.start) :]


def exact(model: Transformer, examples: Pairs) -> float:
    """Return the share of sentences that decoding gets entirely right, 0–1."""
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
