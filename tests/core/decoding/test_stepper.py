"""The Stepper: forward, back, elsewhere; what each move costs; and that the cache is as good as no cache."""

from typing import Any

import numpy as np
import pytest
import torch
from tests.core.helpers import OPTIONS, Letters, counted, gap, ids, plain, restless
from tests.core.reference import transform
from torch import Tensor

from glasshead import GlassheadError, Place, Sample, Stepper, listen, sites

TEXT = "bird"
SOURCE = (*Letters().encode(TEXT), 2)


def walk(line: Stepper, steps: int) -> list[int]:
    for _ in range(steps):
        line.step()
    return line.ids


def naive(model: Any, source: tuple[int, ...], steps: int) -> tuple[list[int], list[Any]]:
    """Greedy decoding from the formulas: the whole model again for every token."""
    target, rows = [1], []
    for _ in range(steps):
        logits = transform(model, source, target)["logits"][-1]
        rows.append(logits)
        target.append(int(np.argmax(logits)))
        if target[-1] == 2:
            break
    return target, rows


@pytest.mark.parametrize("keep", [("*",), None, ["decoder.*.self.weights"]], ids=["watched", "alone", "in part"])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_step_by_step_as_from_the_formulas(options: dict[str, Any], keep: Any) -> None:
    sub = restless(41, torch.float64, **options)
    line = sub.start(TEXT, keep=keep)
    wanted, rows = naive(sub.native, SOURCE, 10)
    for n, logits in enumerate(rows):
        exps = np.exp(logits - logits.max())
        assert gap(line.probabilities(), exps / exps.sum()) < 2e-6
        assert line.step().id == wanted[n + 1]
    assert line.ids == wanted
    assert line.cache_error() < 1e-10


def test_tokens_candidates_and_probabilities_agree() -> None:
    sub = restless(42)
    line = sub.start(TEXT)
    assert [token.id for token in line.source] == list(SOURCE)
    assert [token.id for token in line.tokens] == [1]
    assert line.tokens[0].probability is None
    assert (line.step_number, line.done, line.text) == (0, False, "")
    for n in range(5):
        shown = line.candidates(4)
        p = line.probabilities()
        assert p.sum().item() == pytest.approx(1, abs=1e-6)
        order = sorted(range(29), key=lambda i: -p[i].item())[:4]
        assert [token.id for token in shown] == order
        assert [token.probability for token in shown] == pytest.approx([p[i].item() for i in order])
        made = line.step()
        assert made.id == shown[0].id
        assert made.probability == pytest.approx(shown[0].probability)
        assert line.tokens[-1] == made
        assert line.step_number == n + 1 == len(line.tokens) - 1
    assert line.text == Letters().decode(line.ids)
    assert len(line.candidates(1000)) == 29
    assert line.candidates(0) == [] == line.candidates(-3)


def test_the_limit_is_the_longest_target_and_can_be_reached() -> None:
    line = restless(43, max_length=6).start("ab")
    assert line.limit == 6, "a step is asked for from each of six positions"
    while not line.done:
        line.step()
    assert line.step_number == 6 and not line.ended
    assert line.candidates() == []
    assert line.outlook.steps == line.trace.steps == 6
    for move in (line.step, lambda: line.choose(4)):
        with pytest.raises(GlassheadError, match="no next step"):
            move()
    assert line.cache_error() < 1e-5
    line.goto(100)
    assert line.step_number == 6


def test_the_end_token_ends_it_and_going_back_reopens_it() -> None:
    line = restless(44).start(TEXT)
    walk(line, 2)
    line.choose(2)
    assert line.done
    assert line.tokens[-1].id == 2
    with pytest.raises(GlassheadError):
        line.step()
    line.back()
    assert not line.done
    assert line.step().id == 2, "the future that was chosen is kept"
    line.back()
    line.choose(7)
    assert not line.done
    assert line.ids[-1] == 7


def test_going_back_and_forth_costs_no_run() -> None:
    sub = restless(45)
    with counted(sub.native) as calls:
        line = sub.start(TEXT)
        assert calls == {"encode": 1, "decode": 0}
        walk(line, 6)
        assert calls == {"encode": 1, "decode": 6}, "a step is one run"
        made, tokens = line.ids, line.tokens
        for n in (0, 3, 6, 2, 5, 0, 6):
            line.goto(n)
            assert line.ids == made[: n + 1]
            assert line.tokens == tokens[: n + 1]
        for _ in range(9):
            line.back()
        assert line.step_number == 0
        assert [line.step().id for _ in range(6)] == made[1:]
        line.goto(2)
        line.candidates()
        line.trace["decoder.0.self.weights"]
        line.outlook["decoder.0.self.scores"]
        assert line.choose(made[3]).id == made[3], "choosing what was made anyway keeps the future"
        line.goto(6)
        assert calls["decode"] == 6
        line.candidates()
        assert calls["decode"] == 7, "what comes next is the run of the next step"
        line.step()
        line.back()
        assert calls["decode"] == 7
        assert calls["encode"] == 1


def test_another_choice_makes_another_future_as_if_it_had_been_made_at_once() -> None:
    sub = restless(46, torch.float64)
    line = sub.start(TEXT)
    future = walk(line, 7)[4]
    line.goto(3)
    other = next(token for token in line.candidates(9) if token.id not in (future, 2))
    assert line.choose(other).probability == pytest.approx(other.probability)
    walk(line, 4)
    fresh = sub.start(TEXT)
    walk(fresh, 3)
    fresh.choose(other.id)
    walk(fresh, 4)
    assert line.ids == fresh.ids
    for site in line.outlook.sites:
        assert gap(line.outlook[site], fresh.outlook[site]) < 1e-6, site
    assert line.cache_error() < 1e-10
    assert [t.probability for t in line.tokens[1:]] == pytest.approx([t.probability for t in fresh.tokens[1:]])


def test_branches_go_their_own_ways() -> None:
    sub = restless(47, torch.float64)
    line = sub.start(TEXT)
    walk(line, 4)
    before = {site: line.outlook[site].clone() for site in line.outlook.sites}
    one, two = line.branch(), line.branch()
    one.choose(5)
    two.choose(9)
    third = two.branch()
    for each in (one, two, line, third, one, two):
        each.step()
    third.back()
    third.back()
    third.choose(11)
    for each in (one, two, line, third):
        assert each.cache_error() < 1e-10
        fresh = sub.start(TEXT)
        for token in each.ids[1:]:
            fresh.choose(token)
        for site in fresh.outlook.sites:
            assert gap(each.outlook[site], fresh.outlook[site]) < 1e-6
    assert one.ids[:6] == [*line.ids[:5], 5]
    line.goto(4)
    for site, value in before.items():
        assert torch.equal(line.outlook[site], value), site


def test_a_trace_is_frozen() -> None:
    sub = restless(48)
    line = sub.start(TEXT)
    walk(line, 5)
    kept = line.outlook
    untouched = line.trace
    values = {site: kept[site].clone() for site in kept.sites}
    line.goto(2)
    line.choose(7)
    walk(line, 6)
    assert kept.steps == 6
    assert untouched.steps == 5
    fresh = sub.start(TEXT)
    walk(fresh, 5)
    for site, value in values.items():
        assert torch.equal(kept[site], value)
        assert gap(untouched[site], fresh.trace[site]) == 0, "even what had not been looked at"


def test_what_someone_else_hears_of_a_step_stays_what_it_was() -> None:
    sub = restless(48)
    line = sub.start(TEXT, keep=None)
    walk(line, 3)
    with listen(sub.native, ["decoder.0.self.k", "decoder.0.self.v"]) as seen:
        line.step()
        heard = {site: (value, value.clone()) for site, value in seen.items()}
    line.goto(2)
    line.choose(9)
    walk(line, 5)
    for site, (value, then) in heard.items():
        assert torch.equal(value, then), site


@pytest.mark.parametrize("wrong", [-1, 29, 10**9])
def test_a_token_that_is_not_there(wrong: int) -> None:
    line = restless(49).start(TEXT)
    with pytest.raises(GlassheadError, match=rf"token {wrong}.*29"):
        line.choose(wrong)
    assert line.step_number == 0


def test_a_step_that_is_not_there() -> None:
    with pytest.raises(GlassheadError, match=r"-1.*0"):
        restless(49).start(TEXT).goto(-1)


def test_without_ears_there_is_no_trace_but_the_same_text() -> None:
    sub = restless(50)
    alone, watched = sub.start(TEXT, keep=None), sub.start(TEXT)
    assert walk(alone, 8) == walk(watched, 8)
    for look in ("trace", "outlook"):
        with pytest.raises(GlassheadError, match="keep=None"):
            getattr(alone, look)
    assert alone.candidates(1)


def test_stepping_leaves_no_tap_behind() -> None:
    sub = restless(51)
    line = sub.start(TEXT)
    line.step()
    assert all(getattr(module, "tap", None) is None for module in sub.native.modules())


def absolute(value: Tensor, place: Place) -> Tensor:
    """An edit that depends on nothing but absolute positions: each row by a factor of its own; 0 and −∞ stay."""
    rows = torch.arange(value.shape[-2]) + place.start
    return value * (1.2 + 0.3 * torch.cos(rows.to(value.dtype)))[:, None]


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_an_edit_by_absolute_positions_is_the_same_with_and_without_a_cache(norm: str) -> None:
    sub = restless(52, torch.float64, norm=norm, encoder_layers=1)  # which no cache has a part in
    target = [1, 7, 4, 9, 3]
    for site in sites(sub.native):
        line = sub.start(TEXT, edit={site: absolute})
        for token in target[1:]:
            line.choose(token)
        with torch.no_grad(), listen(sub.native, edit={site: absolute}) as seen:
            whole = sub.native(ids(*SOURCE), ids(*target))
        trace = line.outlook
        assert gap(trace["logits"], whole[0]) < 1e-5, site
        assert line.cache_error() < 1e-9, site
        for each in trace.sites:
            captured = plain(seen[each])
            captured = captured[..., 0] if each.endswith((".mean", ".var")) else captured
            ours: Any = trace[each]
            if each == site and each.endswith("self.scores"):  # scores of the future were never there to be edited
                captured, ours = np.tril(captured), np.tril(ours)
            assert gap(ours, captured) < 1e-5, (site, each)


def test_an_edit_is_not_written_into_the_cache() -> None:
    sub = restless(53, torch.float64)
    line = sub.start(TEXT, edit={"decoder.*.self.[kv]": lambda value: value * 2})
    walk(line, 6)
    with torch.no_grad(), listen(sub.native, edit={"decoder.*.self.[kv]": lambda value: value * 2}):
        whole = sub.native(ids(*SOURCE), ids(*line.ids[:6]))[0]
    assert gap(line.trace["logits"], whole) < 1e-5
    assert line.cache_error() < 1e-9


def test_an_error_in_the_middle_of_a_step_leaves_the_line_whole() -> None:
    sub = restless(54, torch.float64)
    trouble = [False]

    def sometimes(value: Tensor) -> Tensor:
        if trouble[0]:
            raise ZeroDivisionError
        return value

    line = sub.start(TEXT, edit={"decoder.1.self.weights": sometimes})
    walk(line, 3)
    trouble[0] = True
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            line.step()
    assert line.step_number == 3
    assert all(getattr(module, "tap", None) is None for module in sub.native.modules())
    trouble[0] = False
    walk(line, 3)
    assert line.cache_error() < 1e-10
    assert line.ids == walk(sub.start(TEXT), 6)


def test_sampling_goes_back_and_forth_on_the_same_path() -> None:
    sub = restless(55)
    line = sub.start(TEXT, pick=Sample(temperature=0.5, seed=5))
    path = list(walk(line, 8))
    line.goto(0)
    line.choose(path[1] + 1 if path[1] < 28 else 5)
    line.back()
    line.choose(path[1])
    assert walk(line, 7) == path, "drawn again, the same"
    assert walk(sub.start(TEXT, pick=Sample(temperature=0.5, seed=5)), 8) == path
    others = [walk(sub.start(TEXT, pick=Sample(temperature=0.5, seed=seed)), 8) for seed in range(6, 9)]
    assert any(other != path for other in others)


@pytest.mark.parametrize("step", [1.5, "1", None])
def test_a_step_that_is_no_whole_number_is_refused_and_harms_nothing(step: Any) -> None:
    line = restless(5).start("bird")
    line.step()
    with pytest.raises(GlassheadError, match="not a step"):
        line.goto(step)
    assert line.step_number == 1


@pytest.mark.parametrize("token", ["a", 7.9, None])
def test_a_token_that_is_neither_token_nor_id_is_refused(token: Any) -> None:
    line = restless(5).start("bird")
    with pytest.raises(GlassheadError, match="Token or the id"):
        line.choose(token)
    assert line.ids == [1]


def test_a_model_in_training_mode_is_refused() -> None:
    subject = restless(5)
    subject.native.train()
    with pytest.raises(GlassheadError, match="eval"):
        subject.start("bird")


def test_what_a_trace_gives_can_be_differentiated_and_written_to_once_cloned() -> None:
    line = restless(5).start("bird")
    line.step()
    for site in line.trace.sites:
        value = line.trace[site].clone().requires_grad_()
        value.sum().backward()


def test_two_threads_may_read_what_exceeds_the_budget_while_another_decodes() -> None:
    import threading

    subject = restless(5)
    reading, decoding = subject.start("bird", budget=1), subject.start("bird")
    for _ in range(3):
        reading.step()
    trace = reading.trace
    expected = {site: trace[site].clone() for site in trace.find("decoder.*.self.weights")}
    wrong: list[str] = []

    def read() -> None:
        for _ in range(15):
            wrong.extend(site for site, value in expected.items() if not torch.allclose(trace[site], value))

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(15):
        if decoding.done:
            break
        decoding.step()
    for thread in threads:
        thread.join()
    assert not wrong
    assert all("tap" not in module.__dict__ for module in subject.native.modules())
