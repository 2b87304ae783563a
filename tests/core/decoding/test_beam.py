"""Beam search against all sequences there are, and against a slow search that has no cache and never stops early.

And many sentences together against each of them alone.
"""

import random
from functools import cache
from itertools import count, product
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.core.helpers import OPTIONS, make, part, stop_at, subject
from tests.core.reference import log_softmax, transform

from glasshead import GlassheadError, Hypothesis, beam_search, listen
from glasshead.adapters.native import Native
from glasshead.decoding.beam import groups, search
from glasshead.errors import StoppedError

EOS = 2
SOURCE = (3, 4, 2)


@cache
def tiny(seed: int) -> Any:
    """A model of five tokens, which no test changes."""
    return make(
        seed, torch.float64, vocab_size=5, max_length=8, d_model=8, heads=2, d_ff=8, encoder_layers=1, decoder_layers=1,
        positions="learned",
    )  # fmt: skip


@cache
def log_p(model: Any, line: tuple[int, ...], source: tuple[int, ...] = SOURCE) -> Any:
    """log P of every next token after `line`; asked for again and again by searches of another width or penalty."""
    return log_softmax(transform(model, source, [1, *line])["logits"][-1])


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
    ours = beam_search(Native(model), SOURCE, width=5**3, length_penalty=alpha, limit=3)
    assert len(wanted) == 1 + 4 + 16 + 64 == len(ours)
    for mine, (line, score) in zip(ours, wanted, strict=True):
        assert mine.score == pytest.approx(score, abs=1e-9)
        assert mine.ids == line


def slow(
    model: Any, width: int, alpha: float, most: int, source: tuple[int, ...] = SOURCE
) -> list[tuple[tuple[int, ...], float]]:
    """The same search, every logit from the formulas, going on until no line is open."""
    lines: list[tuple[tuple[int, ...], float]] = [((), 0.0)]
    finished: list[tuple[tuple[int, ...], float]] = []
    for n in range(1, most + 1):
        grown = [
            ((*line, token), total + float(p))
            for line, total in lines
            for token, p in enumerate(log_p(model, line, source))
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
        ours = beam_search(Native(model), SOURCE, width=width, length_penalty=alpha, limit=6)
        wanted = slow(model, width, alpha, 6)
        assert [each.ids for each in ours] == [line for line, _ in wanted]
        assert [each.score for each in ours] == pytest.approx([score for _, score in wanted], abs=1e-9)


def test_one_wide_is_greedy() -> None:
    for seed in range(8):
        model = tiny(seed)
        line: tuple[int, ...] = ()
        while len(line) < 8:  # a token is asked for from each of eight positions
            token = int(np.argmax(log_p(model, line)))
            if token == EOS:
                break
            line = (*line, token)
        (found,) = beam_search(Native(model), SOURCE, width=1)
        assert found.ids == line
        sub = subject(model)
        stepper = sub.start("ab", keep=None)
        while not stepper.done:
            stepper.step()
        assert [i for i in stepper.ids[1:] if i != EOS] == list(line)


def test_a_wider_beam_is_never_worse_when_it_sees_everything() -> None:
    for seed in range(4):
        model = tiny(seed)
        best = beam_search(Native(model), SOURCE, width=5**3, length_penalty=0.0, limit=3)[0].score
        assert beam_search(Native(model), SOURCE, width=1, length_penalty=0.0, limit=3)[0].score <= best + 1e-12


def test_translate_takes_the_best_line() -> None:
    sub = subject(make(3))
    found = beam_search(sub.model, [t.id for t in sub.encode("abc")], width=3)
    assert sub.translate("abc", beam=3) == sub.vocabulary.target.decode(found[0].ids)
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
    beam_search(Native(model), SOURCE, width=3)
    assert all(torch.equal(state[name], value) for name, value in model.state_dict().items())


def sources(number: int, *, seed: int = 0, size: int = 29, longest: int = 12) -> list[tuple[int, ...]]:
    """Sentences of many lengths, the end token last."""
    draw = random.Random(seed)
    return [(*draw.choices(range(3, size), k=draw.randint(1, longest)), EOS) for _ in range(number)]


def same(ours: list[Hypothesis], wanted: list[Hypothesis]) -> bool:
    """The same lines, and scores that differ by rounding only."""
    return [each.ids for each in ours] == [each.ids for each in wanted] and [
        each.score for each in ours
    ] == pytest.approx([each.score for each in wanted], abs=1e-9)


@pytest.mark.parametrize("alpha", [0.6, 0.0, -0.5])
@pytest.mark.parametrize("width", [2, 4])
def test_many_sentences_are_searched_as_the_slow_search_does_each(width: int, alpha: float) -> None:
    for seed in (0, 12, 36):
        model = tiny(seed)
        batch = sources(9, seed=seed, size=5, longest=6)
        for source, found in zip(
            batch, search(Native(model), batch, width=width, length_penalty=alpha, limit=6), strict=True
        ):
            wanted = slow(model, width, alpha, 6, source)
            assert [each.ids for each in found] == [line for line, _ in wanted]
            assert [each.score for each in found] == pytest.approx([score for _, score in wanted], abs=1e-9)


@pytest.mark.parametrize(
    ("name", "width"),
    [*((name, 3) for name in OPTIONS), ("the paper", 1), ("window 4, pre-norm", 1), ("all at once", 1)],
)
def test_together_they_find_what_each_finds_alone(name: str, width: int) -> None:
    model = make(5, torch.float64, **OPTIONS[name])
    batch = sources(12)
    alone = [beam_search(Native(model), source, width=width, limit=9) for source in batch]
    for batch_tokens in (10_000, 100, 1):
        found = search(Native(model), batch, width=width, limit=9, batch_tokens=batch_tokens)
        assert all(same(lines, wanted) for lines, wanted in zip(found, alone, strict=True))


def test_every_sentence_has_a_limit_of_its_own() -> None:
    model = make(2, torch.float64)
    batch = sources(12)
    limits = [1 + number % 7 for number in range(12)]
    for width in (1, 4):
        for source, limit, lines in zip(
            batch, limits, search(Native(model), batch, width=width, limit=limits), strict=True
        ):
            assert same(lines, beam_search(Native(model), source, width=width, limit=limit))
            assert all(len(line.ids) <= limit for line in lines)


@pytest.mark.parametrize("alpha", [0.6, 0.0, 4.0, -0.5])
def test_who_wants_the_best_alone_gets_it_sooner(alpha: float) -> None:
    saved = 0
    for seed in range(12):
        model = tiny(seed)
        steps: list[int] = []
        found = []
        for wanted in (3, 1):
            asked = count()
            found.append(
                search(
                    Native(model),
                    [SOURCE],
                    width=3,
                    length_penalty=alpha,
                    count=wanted,
                    stop=stop_at(asked, -1),
                )[0]
            )
            steps.append(next(asked))
        assert same(found[1], found[0][:1])
        assert steps[1] <= steps[0]
        saved += steps[0] - steps[1]
    assert saved > 0 or alpha == 4.0, "a penalty so steep lets any line hope"


def test_nothing_to_search_is_nothing_found() -> None:
    assert search(Native(make(0)), []) == []


def rows_of(model: Any, batch: list[tuple[int, ...]], **options: Any) -> list[int]:
    """Record the number of rows that the model gets at every step of a search."""
    rows: list[int] = []
    hook = model.decoder.register_forward_pre_hook(lambda _module, inputs: rows.append(len(inputs[0])))
    try:
        search(Native(model), batch, **options)
    finally:
        hook.remove()
    return rows


@pytest.mark.parametrize("width", [1, 3])
def test_who_is_done_leaves(width: int) -> None:
    model = make(4)
    limits = list(range(1, 21))
    rows = rows_of(model, sources(20), width=width, limit=limits, batch_tokens=10_000)
    assert rows[0] == 20, "one line each at first"
    for step, number in enumerate(rows[1:], 2):
        still = sum(limit >= step for limit in limits)
        assert number <= width * (still / (1 - 1 / 8) + 1), "at most an eighth is waited for"
    assert len(rows) <= 20


def test_the_source_is_looked_at_once() -> None:
    model = make(1)
    seen: list[int] = []
    keys = [part(model, f"decoder.layers.{layer}.cross.sublayer.key") for layer in (0, 1)]
    for each in (*keys, model.encoder):
        each.register_forward_hook(lambda _module, inputs, _output: seen.append(len(inputs[0])))
    search(Native(model), sources(6), width=4, batch_tokens=10_000)
    assert seen == [6, 6, 6], "for every sentence once, not for every line or step"


def test_watching_changes_nothing() -> None:
    model = make(6, torch.float64)
    batch = sources(7)
    wanted = search(Native(model), batch, width=3)
    with listen(model):
        watched = search(Native(model), batch, width=3)
    assert all(same(ours, theirs) for ours, theirs in zip(watched, wanted, strict=True))


def test_a_search_can_be_stopped_at_every_step() -> None:
    model = make(3)
    for asked in range(4):
        calls = count()
        with pytest.raises(StoppedError):
            search(Native(model), sources(5), width=2, stop=stop_at(calls, asked))
        assert next(calls) == asked + 1


def test_it_tells_how_many_are_done() -> None:
    told: list[int] = []
    search(Native(make(3)), sources(30), limit=[*range(1, 11)] * 3, batch_tokens=100, progress=told.append)
    assert told == list(range(1, 31))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"width": 0}, "0 wide"),
        ({"length_penalty": float("nan")}, "penalty is nan"),
        ({"length_penalty": 11.0}, "penalty is 11"),
        ({"width": 2, "count": 3}, "3 lines"),
        ({"width": 2, "count": 0}, "0 lines"),
        ({"limit": 0}, "limit is 0"),
        ({"limit": [3, 0]}, "limit is 0"),
    ],
)
def test_numbers_without_sense_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(GlassheadError, match=said):
        search(Native(make(0)), sources(2), **options)


def test_a_model_in_training_is_refused() -> None:
    with pytest.raises(GlassheadError, match="training mode"):
        search(Native(make(0).train()), sources(2))


@pytest.mark.parametrize("width", [1, 3])
def test_a_model_that_gives_no_numbers_is_told_of(width: int) -> None:
    model = make(0)
    with torch.no_grad():
        dict(model.named_parameters())["decoder.layers.1.ffn.norm.gain"].fill_(float("nan"))
    with pytest.raises(GlassheadError, match="not finite"):
        search(Native(model), sources(2), width=width)


@given(st.lists(st.integers(1, 50), max_size=60), st.integers(1, 200))
def test_groups_hold_every_place_once_and_fit(lengths: list[int], batch_tokens: int) -> None:
    found = list(groups(lengths, batch_tokens))
    assert sorted(place for group in found for place in group) == list(range(len(lengths)))
    for group in found:
        assert len(group) == 1 or max(lengths[place] for place in group) * len(group) <= batch_tokens
    in_order = [lengths[place] for group in found for place in group]
    assert in_order == sorted(lengths, reverse=True)
