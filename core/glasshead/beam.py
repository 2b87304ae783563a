"""Beam search: the most probable of many lines, and not just the greedy one."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from glasshead.cache import Cache
from glasshead.decode import Model
from glasshead.errors import GlassheadError


@dataclass(frozen=True)
class Hypothesis:
    """A finished line of beam search."""

    ids: tuple[int, ...]
    """Without start and end token."""
    score: float
    """log P(target | source) ÷ length penalty."""


@torch.inference_mode()
def beam_search(
    model: Model, source: Sequence[int], *, width: int, length_penalty: float = 0.6, limit: int | None = None
) -> list[Hypothesis]:
    """The best `width` finished lines, best first.

    A line of n tokens, the end token included, scores log P ÷ ((5 + n) / 6)^length_penalty (Wu et al. 2016, equation
    14, without coverage; the paper decodes with width 4 and penalty 0.6, section 6.1). The search ends when no open
    line can beat the worst of `width` finished ones. With width 1 it is greedy decoding.
    """
    if width < 1:
        raise GlassheadError(f"The beam is {width} wide; it must be at least 1.")
    config = model.config
    most = min(limit or config.max_length - 1, config.max_length - 1)
    memory = model.encode(torch.tensor([list(source)]))
    cache = Cache(config.decoder_layers)
    lines: list[list[int]] = [[]]
    totals = torch.zeros(1, dtype=torch.float64)
    newest = torch.tensor([[config.bos_id]])
    finished: list[Hypothesis] = []

    def penalty(n: int) -> float:
        return float(((5 + n) / 6) ** length_penalty)

    for n in range(1, most + 1):
        logits = model.decode(newest, memory.expand(len(lines), -1, -1), past=cache)[:, -1]
        sums = totals[:, None] + torch.log_softmax(logits.double(), -1)
        best = sums.flatten().topk(min(2 * width, sums.numel()))
        chosen: list[tuple[int, int, float]] = []
        for total, index in zip(best.values.tolist(), best.indices.tolist(), strict=True):
            line, token = divmod(index, sums.shape[-1])
            if token == config.eos_id or n == most:
                ids = (*lines[line], *(() if token == config.eos_id else (token,)))
                finished.append(Hypothesis(ids, total / penalty(n)))
            elif len(chosen) < width:
                chosen.append((line, token, total))
            if width == 1:
                break
        finished = sorted(finished, key=lambda hypothesis: -hypothesis.score)[:width]
        if not chosen:
            break
        # log P only falls from here, and the penalty is largest at the greatest length.
        reachable = chosen[0][2] / penalty(most if length_penalty > 0 else n)
        if len(finished) == width and finished[-1].score >= reachable:
            break
        lines = [[*lines[line], token] for line, token, _ in chosen]
        totals = torch.tensor([total for *_, total in chosen], dtype=torch.float64)
        newest = torch.tensor([[token] for _, token, _ in chosen])
        cache.reorder(torch.tensor([line for line, *_ in chosen]))
    return finished
