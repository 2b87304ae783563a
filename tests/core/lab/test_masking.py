"""masking: the four ways against mathematics, leaks of the future in a model, and their effect on a training."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from glasshead.errors import GlassheadError, StoppedError
from glasshead.lab import masking as lab
from glasshead.lab.exhibits import Plot
from glasshead.lab.masking import masking
from glasshead.lab.page import Verdict
from glasshead.lab.pages.masking import PAGE
from glasshead.lab.tools import small_training as little
from glasshead.model import Transformer
from glasshead.tap import listen


@st.composite
def scores(draw: st.DrawFn) -> Tensor:
    length = draw(st.integers(2, 9))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 10_000)))
    return torch.randn(length, length, generator=generator, dtype=torch.float64) * draw(st.sampled_from([0.1, 1, 5]))


@settings(max_examples=40)
@given(scores())
def test_zeros_renormalised_are_minus_infinity_before_softmax(s: Tensor) -> None:
    """exp s_k / Σ_all ÷ Σ_seen exp s_j / Σ_all = exp s_k / Σ_seen: the sum over all cancels."""
    by_hand = torch.zeros_like(s)
    for q in range(len(s)):
        seen = s[q, : q + 1].exp()
        by_hand[q, : q + 1] = seen / seen.sum()
    assert torch.allclose(lab.weights_of("before", s), by_hand, atol=1e-12)
    assert torch.allclose(lab.weights_of("renormalised", s), by_hand, atol=1e-12)


@settings(max_examples=40)
@given(scores())
def test_zeros_after_softmax_leave_rows_short_by_what_lay_ahead_and_still_know_of_it(s: Tensor) -> None:
    after, nothing = lab.weights_of("after", s), lab.weights_of("nothing", s)
    assert torch.allclose(nothing, s.exp() / s.exp().sum(-1, keepdim=True))
    assert torch.allclose(1 - after.sum(-1), nothing.triu(1).sum(-1))
    assert torch.equal(after.triu(1), torch.zeros_like(after))
    found = {way: lab.masked(way, s) for way in lab.WAYS}
    assert found["before"].leak == 0
    assert found["renormalised"].leak < 1e-12
    assert found["after"].leak > 1e-9 < found["nothing"].leak
    assert found["nothing"].future > 0 == found["before"].future == found["after"].future
    assert found["after"].smallest_sum < 1 == pytest.approx(found["before"].smallest_sum)


@pytest.fixture(scope="module")
def model() -> Transformer:
    found = little.build(lab.config_of(6, 5, masked=True), 1)
    return found.eval().requires_grad_(False)


@settings(max_examples=25)
@given(st.data())
def test_a_later_token_changes_no_earlier_logit_unless_the_mask_is_taken_away(data: st.DataObject) -> None:
    model = little.build(lab.config_of(6, 5, masked=True), 1).eval()
    letters = st.integers(little.FIRST, little.FIRST + 5)
    source = torch.tensor([[*data.draw(st.lists(letters, min_size=1, max_size=5)), 2]])
    target = torch.tensor([[1, *data.draw(st.lists(letters, min_size=2, max_size=5))]])
    place = data.draw(st.integers(1, target.shape[1] - 1))
    other = target.clone()
    other[0, place] = little.FIRST + (int(target[0, place]) - little.FIRST + data.draw(st.integers(1, 5))) % 6
    for way, sees in (("before", False), ("after", True), ("renormalised", False), ("nothing", True)):
        changed, edit = lab.as_masked(model, way)  # type: ignore[arg-type]
        with torch.inference_mode(), listen(changed, keep=(), edit=edit):
            difference = (changed(source, target) - changed(source, other)).abs()
        assert bool(difference[:, :place].max() > (1e-4 if way == "renormalised" else 0)) == sees, way
        assert difference[:, place:].max() > 0


def test_renormalised_in_the_model_is_the_model_with_its_mask(model: Transformer) -> None:
    some = little.reversals(20, letters=6, longest=5, seed=4)
    open_, edit = lab.as_masked(model, "renormalised")
    with torch.inference_mode():
        right = model(some.source, some.target)
        with listen(open_, keep=(), edit=edit):
            assert torch.allclose(open_(some.source, some.target), right, atol=1e-4)
        bare, edit = lab.as_masked(model, "after")
        with listen(bare, keep=(), edit=edit):
            assert not torch.allclose(bare(some.source, some.target), right, atol=1e-2)


def test_what_the_leak_measures_is_zero_left_of_the_diagonal_with_the_mask_only(model: Transformer) -> None:
    some = little.reversals(6, letters=6, longest=5, shortest=5, seed=2)
    found = {way: lab.leak(way, model, some) for way in lab.WAYS}
    assert found["before"].earlier == 0 < found["after"].earlier
    assert found["nothing"].earlier > 0
    assert 1000 * found["renormalised"].earlier < found["after"].earlier
    for row, values in enumerate(found["before"].changes):
        assert all(value == 0 for value in values[:row])
        assert row == 0 or max(values[row:]) > 0


def test_what_renormalising_lets_through_is_rounding(model: Transformer) -> None:
    """With 16 digits in place of 7 it goes; what zeros alone let through stays."""
    some = little.reversals(6, letters=6, longest=5, shortest=5, seed=2)
    exact = little.build(model.config, 1).double().eval()
    open_ = little.build(replace(model.config, masked=False), 1).double().eval()
    places = slice(0, 2)
    for edit, sees in ((lab.zeroing, True), (lab.renormalising, False)):
        with torch.inference_mode(), listen(open_, keep=(), edit={"decoder.*.self.weights": edit}):
            other = some.target.clone()
            other[:, 2] = little.FIRST + (other[:, 2] - little.FIRST + 1) % 6
            difference = (open_(some.source, some.target) - open_(some.source, other)).abs()[:, places].max()
            assert bool(difference > 1e-10) == sees
            if not sees:
                right = exact(some.source, some.target)
                assert torch.allclose(open_(some.source, some.target), right, atol=1e-10)


@pytest.fixture(scope="module")
def result() -> lab.Masking:
    return masking(letters=6, longest=3, steps=150, length=4)


def test_trained_with_the_leak_the_loss_is_better_than_can_be_and_decoding_fails(result: lab.Masking) -> None:
    masked, open_ = result.trainings
    assert open_.loss < result.oracle < masked.loss
    assert masked.loss < (result.oracle + result.guess) / 2
    assert open_.exact < 0.2 < 0.5 < masked.exact
    # The cause taken away: with later tokens hidden the masked model loses nothing, the other all.
    assert masked.hidden == pytest.approx(masked.loss, abs=1e-4)
    assert open_.hidden > open_.loss + 1
    assert PAGE.judge(result).answer == 2
    for each in result.decoded:
        assert each.expected == each.source[::-1]


@pytest.mark.parametrize(("noise", "letters"), [(0.1, 12), (0.5, 3), (0.9, 26)])
def test_what_can_be_known_is_the_entropy_of_a_letter_that_is_sometimes_drawn_anew(noise: float, letters: int) -> None:
    some = little.reversals(50, letters=letters, longest=5, seed=1)
    p = torch.full((letters,), noise / letters, dtype=torch.float64)
    p[0] += 1 - noise
    entropy = float(torch.distributions.Categorical(probs=p).entropy())
    lengths = [int((row >= little.FIRST).sum()) for row in some.labels]
    assert lab.floor(some, noise, letters) == pytest.approx(entropy * sum(lengths) / (sum(lengths) + len(lengths)))
    assert lab.floor(some, 0.0, letters) == 0
    # And that is how targets are made: as often as that a letter is another than the right one.
    many = little.reversals(4000, letters=letters, longest=5, seed=1)
    made = lab.noisy(many, noise, letters, 3)
    spoken = many.labels >= little.FIRST
    assert float((made.labels != many.labels)[spoken].double().mean()) == pytest.approx(
        noise * (1 - 1 / letters), abs=0.02
    )
    assert torch.equal(made.labels[~spoken], many.labels[~spoken])
    heard = many.target[:, 1:] >= little.FIRST
    assert torch.equal(made.target[:, 1:][heard], made.labels[:, :-1][heard])
    assert torch.equal(made.target[:, 1:][~heard], many.target[:, 1:][~heard])


@pytest.mark.parametrize(("noise", "letters"), [(0.0, 5), (0.1, 12), (0.5, 3), (0.9, 26)])
def test_the_oracles_loss_is_minus_log_of_what_was_drawn_and_its_mean_is_the_floor(noise: float, letters: int) -> None:
    def both(count: int) -> tuple[little.Pairs, little.Pairs]:
        clean = little.reversals(count, letters=letters, longest=5, seed=1)
        return lab.noisy(clean, noise, letters, 3), clean

    noised, clean = both(60)
    p = torch.full((letters, letters), noise / letters, dtype=torch.float64) + torch.eye(letters) * (1 - noise)
    spoken = clean.labels >= little.FIRST
    losses = -p[clean.labels[spoken] - little.FIRST, noised.labels[spoken] - little.FIRST].log()
    tokens = int((clean.labels != 0).sum())
    assert lab.oracle(noised, clean, noise, letters) == pytest.approx(float(losses.sum()) / tokens)
    assert lab.guess(clean, letters) == pytest.approx(float(torch.tensor(letters).log()) * int(spoken.sum()) / tokens)
    noised, clean = both(6000)
    floor = lab.floor(noised, noise, letters)
    assert lab.oracle(noised, clean, noise, letters) == pytest.approx(floor, rel=0.05)
    assert floor < lab.guess(noised, letters)


def test_two_trainings_with_the_mask_both_come_out_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cause taken away: where the second model has its mask as well, the verdict is another one."""
    made = lab.config_of
    monkeypatch.setattr(lab, "config_of", lambda letters, longest, *, masked: made(letters, longest, masked=True))
    found = masking(letters=6, longest=3, steps=150, length=4)
    first, second = found.trainings
    assert first == second
    assert PAGE.judge(found).answer == 0


def judged(result: lab.Masking, *trainings: dict[str, float], **given: float) -> Verdict:
    first, second = (
        replace(each, **changed)  # type: ignore[arg-type]
        for each, changed in zip(result.trainings, trainings, strict=True)
    )
    return PAGE.judge(replace(result, trainings=(first, second), **given))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("masked", "without", "answer", "doubt"),
    [
        ((0.3, 0.9), (0.01, 0.0), 2, ""),
        ((0.3, 0.9), (0.01, 0.9), 0, ""),
        ((0.3, 0.9), (1.1, 0.0), 1, ""),
        ((0.3, 0.9), (1.1, 0.9), 3, ""),
        ((1.19, 0.0), (1.2, 0.0), 1, "decides nothing"),
        ((1.2, 0.0), (0.01, 0.0), 2, "decides nothing"),
        ((1.2, 0.2), (0.01, 0.0), 2, "has not learned its task"),
    ],
)
def test_the_verdict_goes_by_the_numbers(
    result: lab.Masking, masked: tuple[float, float], without: tuple[float, float], answer: int, doubt: str
) -> None:
    verdict = judged(
        result, *({"loss": loss, "exact": exact} for loss, exact in (masked, without)), oracle=0.25, guess=1.3
    )
    assert verdict.answer == answer
    assert bool(doubt) == ("give it more steps" in verdict.sentence)
    assert doubt in verdict.sentence


@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize("loss", [1e-9, 1.0])
def test_notes_fit_below_what_they_explain(result: lab.Masking, noise: float, loss: float) -> None:
    trainings = tuple(replace(each, losses=(loss, *each.losses[1:])) for each in result.trainings)
    found = replace(result, trainings=trainings, noise=noise, seen=152.8, difference=1e-16)  # type: ignore[arg-type]
    notes = [each.note for each in PAGE.exhibits(found)]
    assert all(len(note) <= 150 for note in notes)
    assert ("1e-6" in notes[0]) == (loss < 1e-6)
    assert ("Level" in notes[0]) == (noise > 0)


def test_where_nothing_is_left_to_chance_nothing_is_said_of_it() -> None:
    found = masking(noise=0.0, letters=3, longest=2, steps=5)
    assert found.floor == found.oracle == 0
    assert "noise would" not in PAGE.judge(found).sentence
    plot = PAGE.exhibits(found)[0]
    assert isinstance(plot, Plot) and len(plot.series) == 2 and "Level" not in plot.note


def test_the_same_arguments_give_the_same_result() -> None:
    before = torch.random.get_rng_state()
    assert masking(steps=4, longest=3, seed=2) == masking(steps=4, longest=3, seed=2)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"length": 1}, "length is 1; it must be at least 2"),
        ({"letters": 27}, "letters is 27; it must be at most 26"),
        ({"longest": 1.5}, "longest is 1.5; it must be a whole number"),
        ({"noise": 1.0}, "noise is 1.0; it must be at most 0.9"),
        ({"steps": 0}, "steps is 0"),
        ({"seed": True}, "seed is True"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(wrong: dict[str, float], sentence: str) -> None:
    with pytest.raises(GlassheadError, match=sentence):
        masking(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("late", [0.0, 0.2, 0.95])
def test_it_stops_when_nobody_waits_and_leaves_random_numbers_as_they_were(late: float) -> None:
    def progress(share: float, words: str) -> None:
        if share > late:
            raise StoppedError

    before = torch.random.get_rng_state()
    with pytest.raises(StoppedError):
        masking(steps=10, longest=3, progress=progress)
    assert torch.equal(torch.random.get_rng_state(), before)
