"""warmup: the schedule by its formula, and the claim about post-norm, with its cause and without it."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from glasshead.errors import GlassheadError, StoppedError
from glasshead.lab import warmup as lab
from glasshead.lab.page import Verdict
from glasshead.lab.pages.warmup import PAGE
from glasshead.lab.tools import small_training as little
from glasshead.lab.tools.schedule import noam
from glasshead.lab.warmup import warmup
from glasshead.model import Transformer


@settings(max_examples=30)
@given(d_model=st.integers(1, 2048), warm=st.integers(1, 20_000))
def test_the_schedule_is_the_papers_and_its_peak_is_where_the_formula_has_it(d_model: int, warm: int) -> None:
    points = lab.points(d_model, warm)
    for each in points:
        assert each.rate == pytest.approx(d_model**-0.5 * min(each.step**-0.5, each.step * warm**-1.5))
        assert each.bare == pytest.approx(1 / (d_model * each.step) ** 0.5)
    highest = max(points, key=lambda each: each.rate)
    assert highest.step == warm
    assert highest.rate == pytest.approx(1 / (d_model * warm) ** 0.5)
    # Behind the peak the rise has no part in it, before it the rise is all.
    assert all((each.bare > each.rate * 1.0001) == (each.step < warm) for each in points)


def test_both_paces_share_peak_and_fall_and_differ_in_the_rise() -> None:
    rising, bare = noam(0.006, 40, rising=True), noam(0.006, 40, rising=False)
    assert [rising(step) for step in (1, 10, 40)] == pytest.approx([0.006 / 40, 0.006 / 4, 0.006])
    assert [bare(step) for step in (1, 10, 40)] == pytest.approx([0.006] * 3)
    for step in (41, 90, 160, 4000):
        assert rising(step) == bare(step) == pytest.approx(0.006 * (40 / step) ** 0.5)


@pytest.fixture(scope="module")
def examples() -> little.Pairs:
    return little.reversals(400, letters=lab.LETTERS, longest=lab.LONGEST, seed=0)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_gradients_grow_towards_the_output_in_post_norm_and_not_in_pre_norm(seed: int, examples: little.Pairs) -> None:
    post, pre = (lab.first_gradients(norm, 6, examples, seed) for norm in lab.NORMS)
    assert post["decoder.5"] > 2 * post["decoder.0"]
    assert pre["decoder.5"] < pre["decoder.0"]


def test_the_norm_of_a_layers_gradient_is_that_of_all_its_parameters_together(examples: little.Pairs) -> None:
    model = lab.model_of("post", 1, 0)
    model.requires_grad_(True)
    logits = model(examples.source, examples.target)
    torch.nn.functional.cross_entropy(logits.flatten(0, 1), examples.labels.flatten(), ignore_index=0).backward()
    whole = torch.cat([each.grad.flatten() for each in model.decoder.layers[0].parameters()])  # type: ignore[union-attr]
    assert lab.gradients_of(model)["decoder.0"] == pytest.approx(float(whole.norm()), rel=1e-5)


def test_the_gradient_at_the_start_is_that_of_all_its_sentences_at_once(examples: little.Pairs) -> None:
    """It is added up over parts, for their tokens weigh the same in every one of them."""
    model, some = lab.model_of("pre", 2, 5), examples.rows(slice(0, lab.MANY * lab.BATCH))
    model.requires_grad_(True)
    logits = model(some.source, some.target)
    torch.nn.functional.cross_entropy(logits.flatten(0, 1), some.labels.flatten(), ignore_index=0).backward()
    found = lab.first_gradients("pre", 2, examples, 5)
    for stack, layers in (("encoder", model.encoder.layers), ("decoder", model.decoder.layers)):
        for number, layer in enumerate(layers):
            whole = torch.cat([each.grad.flatten() for each in layer.parameters()])  # type: ignore[union-attr]
            assert found[f"{stack}.{number}"] == pytest.approx(float(whole.norm()), rel=1e-4)


def test_who_guesses_has_the_entropy_of_letters_that_are_all_alike(examples: little.Pairs) -> None:
    entropy = torch.distributions.Categorical(logits=torch.zeros(lab.LETTERS, dtype=torch.float64)).entropy()
    losses = [float(entropy) if label >= little.FIRST else 0.0 for label in examples.labels[examples.labels != 0]]
    assert lab.guess(examples) == pytest.approx(sum(losses) / len(losses))


@pytest.fixture(scope="module")
def result() -> lab.Warmup:
    return warmup(layers=1, steps=12, rise=4, seed=3)


def test_adams_first_update_moves_every_parameter_by_the_whole_rate(result: lab.Warmup, examples: little.Pairs) -> None:
    # With β-corrected means of one gradient, m̂/√v̂ = g/|g|; where the gradient is 0 nothing moves.
    some = little.reversals(lab.EXAMPLES, letters=lab.LETTERS, longest=lab.LONGEST, seed=3)
    for norm, seen in (("post", result.updates[0].post), ("pre", result.updates[0].pre)):
        model = lab.model_of(norm, 1, 3)  # type: ignore[arg-type]
        shares: list[float] = []

        def look(_step: int, model: Transformer = model, shares: list[float] = shares) -> None:
            moving = [each.grad for each in model.parameters() if each.grad is not None]
            total = sum(each.numel() for each in model.parameters())
            shares.append(sum(int((each.abs() > 1e-7).sum()) for each in moving) / total)

        little.train(model, some, steps=1, rate=lambda _step: 0.0, batch=lab.BATCH, seed=3, after=look)
        assert seen == pytest.approx(shares[0] ** 0.5, abs=0.01)
    # Later updates are smaller: gradients of different sentences disagree, while Adam remembers their sizes.
    assert result.updates[-1].post < 0.7 * result.updates[0].post
    assert [each.step for each in result.updates] == list(range(1, 12))


def test_without_the_rise_post_norm_stays_behind_and_pre_norm_does_not() -> None:
    """The cause taken away: pre-norm models of the same depth, rate and steps lose nothing by it."""
    found = warmup(layers=4, rate=0.006, rise=16, steps=32)
    last = {(each.norm, each.rising): each.last for each in found.runs}
    post, pre = (last[norm, False] - last[norm, True] for norm in lab.NORMS)
    assert post > 0.12
    assert pre < 0.5 * post
    # What is left of the gradient at the bottom of the decoder, without the rise against with it.
    bottom = next(each for each in found.gradients if each.name == "decoder.0")
    assert bottom.post_bare < 0.1 * bottom.post_rising
    assert bottom.pre_bare > 0.2 * bottom.pre_rising


def test_at_a_small_rate_nobody_needs_the_rise() -> None:
    """The other half of the cause taken away: it is large updates that do the harm."""
    found = warmup(layers=2, rate=0.0005, rise=8, steps=16)
    last = {(each.norm, each.rising): each.last for each in found.runs}
    assert last["post", False] < last["post", True] + 0.05
    assert PAGE.judge(found).answer == 3


def test_the_same_arguments_give_the_same_result(result: lab.Warmup) -> None:
    before = torch.random.get_rng_state()
    assert warmup(layers=1, steps=12, rise=4, seed=3) == result
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"warmup": 0}, "warmup is 0; it must be at least 1"),
        ({"d_model": 2.5}, "d_model is 2.5; it must be a whole number"),
        ({"layers": 25}, "layers is 25; it must be at most 24"),
        ({"rate": 0.0}, "rate is 0.0; it must be at least"),
        ({"rate": float("nan")}, "rate is nan; it must be a number"),
        ({"rise": 0}, "rise is 0"),
        ({"steps": 9}, "steps is 9"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(wrong: dict[str, float], sentence: str) -> None:
    with pytest.raises(GlassheadError, match=sentence):
        warmup(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("late", [0.0, 0.3])
def test_it_stops_when_nobody_waits_and_leaves_random_numbers_as_they_were(late: float) -> None:
    def progress(share: float, words: str) -> None:
        if share > late:
            raise StoppedError

    before = torch.random.get_rng_state()
    with pytest.raises(StoppedError):
        warmup(layers=1, steps=10, rise=2, progress=progress)
    assert torch.equal(torch.random.get_rng_state(), before)


def judged(result: lab.Warmup, post: float, pre: float, *, warmed: float = 0.1, **given: int) -> Verdict:
    bare = {"post": post, "pre": pre}
    runs = tuple(replace(each, last=warmed if each.rising else bare[each.norm]) for each in result.runs)
    return PAGE.judge(replace(result, runs=runs, **given))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("post", "pre", "answer"), [(9.0, 9.0, 0), (9.0, 0.2, 1), (float("nan"), 0.2, 1), (0.1, 9.0, 2), (0.3, 0.1, 3)]
)
def test_the_verdict_goes_by_the_losses(result: lab.Warmup, post: float, pre: float, answer: int) -> None:
    verdict = judged(result, post, pre)
    assert verdict.answer == answer
    assert "nan" not in verdict.sentence


def test_the_verdict_says_what_keeps_a_run_from_showing_anything(result: lab.Warmup) -> None:
    plain = judged(result, 9.0, 0.2).sentence
    assert "never reached the peak" not in plain and "not learned" not in plain and "are the same" not in plain
    assert "never reached the peak" in judged(result, 9.0, 0.2, rise=result.steps + 1).sentence
    assert "never reached the peak" not in judged(result, 9.0, 0.2, rise=result.steps).sentence
    assert "both trainings of a norm are the same" in judged(result, 2.0, 2.0, warmed=2.0, rise=1).sentence
    for warmed in (2.0, float("nan")):
        sentence = judged(result, warmed, warmed, warmed=warmed).sentence
        assert "not learned its task" in sentence and "1,500 steps" in sentence
    assert "comes with" not in judged(result, 2.0, 2.0, warmed=2.0, steps=1500).sentence


def test_a_rise_of_one_step_is_none() -> None:
    """With and without the rise are then one training; the verdict says so."""
    post, bare, pre, other = warmup(layers=1, steps=10, rise=1).runs
    assert (post.losses, pre.losses) == (bare.losses, other.losses)


def test_the_gradients_note_says_how_much_higher_the_bare_rate_was(result: lab.Warmup) -> None:
    """By the two rates themselves, up to the update before the one that is looked at."""
    for rise in (4, 11, 12, 300):
        found = replace(result, rise=rise)
        (note,) = (each.note for each in PAGE.exhibits(found) if each.title.startswith("norm of the gradient"))
        rising, bare = (noam(0.006, rise, rising=way) for way in (True, False))
        ratio = min(bare(step) / rising(step) for step in range(1, found.late))
        assert (f"at least {ratio:.3g} times" in note) == (rise >= found.late)
        assert rise >= found.late or ratio == 1
        assert len(note) <= 150
