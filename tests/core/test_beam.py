"""Beam search against all sequences there are, and against a slow search that has no cache and never stops early."""

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch

from glasshead import GlassheadError, beam_search

from .helpers import make, subject
from .reference import log_softmax, transform

EOS = 2
SOURCE = (3, 4, 2)


def tiny(seed: int, **options: Any) -> Any:
    return make(
        seed, torch.float64, vocab_size=5, max_length=8, d_model=8, heads=2, d_ff=8, encoder_layers=1, decoder_layers=1,
        positions="learned", **options,
    )  # fmt: skip


def log_p(model: Any, line: tuple[int, ...]) -> Any:
    """log P of every next token after `line`."""
    return log_softmax(transform(model, SOURCE, [1, *line])["logits"][-1])


def penalty(n: int, alpha: float) -> float:
    """Wu et al. 2016, equation 14."""
    return float(((5 + n) ** alpha) / ((5 + 1) ** alpha))


def everything(model: Any, most: int, alpha: float) -> list[tuple[tuple[int, ...], float]]:
    """Every line that ends, or is as long as can be, with its score, best first."""
    tables = {line: log_p(model, line) for n in range(most) for line in product((0, 1, 3, 4), repeat=n)}
    found = []
    for n in range(most + 1):
        for line in product((0, 1, 3, 4), repeat=n):
            total = sum(tables[line[:i]][token] for i, token in enumerate(line))
            if n < most:
                found.append((line, (total + tables[line][EOS]) / penalty(n + 1, alpha)))
            else:
                found.append((line, total / penalty(n, alpha)))
    return sorted(found, key=lambda each: -each[1])


@pytest.mark.parametrize("alpha", [0.6, 0.0, 1.0, 3.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_beam_wide_enough_finds_all_there_is(seed: int, alpha: float) -> None:
    model = tiny(seed)
    wanted = everything(model, 3, alpha)
    ours = beam_search(model, SOURCE, width=5**3, length_penalty=alpha, limit=3)
    assert len(wanted) == 1 + 4 + 16 + 64 == len(ours)
    for mine, (line, score) in zip(ours, wanted, strict=True):
        assert mine.score == pytest.approx(score, abs=1e-9)
        assert mine.ids == line


def slow(model: Any, width: int, alpha: float, most: int) -> list[tuple[tuple[int, ...], float]]:
    """The same search, every logit from the formulas, going on until no line is open."""
    lines: list[tuple[tuple[int, ...], float]] = [((), 0.0)]
    finished: list[tuple[tuple[int, ...], float]] = []
    for n in range(1, most + 1):
        grown = [
            ((*line, token), total + float(p)) for line, total in lines for token, p in enumerate(log_p(model, line))
        ]
        grown.sort(key=lambda each: -each[1])
        lines = []
        for line, total in grown[: 2 * width]:
            if line[-1] == EOS:
                finished.append((line[:-1], total / penalty(n, alpha)))
            elif n == most:
                finished.append((line, total / penalty(n, alpha)))
            elif len(lines) < width:
                lines.append((line, total))
    return sorted(finished, key=lambda each: -each[1])[:width]


@pytest.mark.parametrize("alpha", [0.6, 0.0, 1.0, 4.0, -0.5])
@pytest.mark.parametrize("width", [2, 3, 4])
def test_stopping_early_loses_nothing(width: int, alpha: float) -> None:
    for seed in (0, 1, 12, 23, 29, 36):  # the later ones would end too soon under a more hasty rule
        model = tiny(seed)
        ours = beam_search(model, SOURCE, width=width, length_penalty=alpha, limit=6)
        wanted = slow(model, width, alpha, 6)
        assert [each.ids for each in ours] == [line for line, _ in wanted]
        assert [each.score for each in ours] == pytest.approx([score for _, score in wanted], abs=1e-9)


def test_one_wide_is_greedy() -> None:
    for seed in range(8):
        model = tiny(seed)
        line: tuple[int, ...] = ()
        while len(line) < 7:
            token = int(np.argmax(log_p(model, line)))
            if token == EOS:
                break
            line = (*line, token)
        (found,) = beam_search(model, SOURCE, width=1)
        assert found.ids == line
        sub = subject(model)
        stepper = sub.start("ab", keep=None)
        while not stepper.done:
            stepper.step()
        assert [i for i in stepper.ids[1:] if i != EOS] == list(line)


def test_a_wider_beam_is_never_worse_when_it_sees_everything() -> None:
    for seed in range(4):
        model = tiny(seed)
        best = beam_search(model, SOURCE, width=5**3, length_penalty=0.0, limit=3)[0].score
        assert beam_search(model, SOURCE, width=1, length_penalty=0.0, limit=3)[0].score <= best + 1e-12


def test_translate_takes_the_best_line() -> None:
    sub = subject(make(3))
    found = beam_search(sub.model, [t.id for t in sub.encode("abc")], width=3)
    assert sub.translate("abc", beam=3) == sub.codec.decode(found[0].ids)
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    assert len(found) == 3


@pytest.mark.parametrize("width", [0, -1])
def test_a_beam_must_be_one_wide(width: int) -> None:
    sub = subject(make(3))
    with pytest.raises(GlassheadError, match=rf"{width} wide"):
        beam_search(sub.model, SOURCE, width=width)
    with pytest.raises(GlassheadError, match=rf"{width} wide"):
        sub.translate("abc", beam=width)


def test_no_trace_is_left_on_the_model() -> None:
    model = tiny(0)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    beam_search(model, SOURCE, width=3)
    assert all(torch.equal(state[name], value) for name, value in model.state_dict().items())
