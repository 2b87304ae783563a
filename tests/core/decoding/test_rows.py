"""Rows: computed once, in whichever thread, under the edits of their line, and compared with one pass over all."""

import math
import random
import sys
import threading
from collections.abc import Callable, Sequence

import pytest
import torch
from tests.core import strangers
from tests.core.helpers import restless
from torch import Tensor, nn

import glasshead
from glasshead.decoding.rows import Rows
from glasshead.decoding.stepper import Stepper
from glasshead.errors import GlassheadError

SITE = "decoder.1.cross.weights"


def in_turn(*moves: Callable[[], None]) -> None:
    for move in moves:
        move()


def at_once(*moves: Callable[[], None]) -> None:
    """Run moves in threads of their own; what one raises is raised here."""
    raised: list[BaseException] = []

    def guarded(move: Callable[[], None]) -> None:
        try:
            move()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=guarded, args=(move,)) for move in moves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if raised:
        raise raised[0]


@pytest.mark.parametrize("seed", range(4))
def test_two_branches_in_two_threads_are_the_same_two_in_turn(seed: int) -> None:
    """Threads change over after every few instructions, so that any sharing of what a pass showed would be seen."""
    drawn = random.Random(seed)
    tokens = [[drawn.randrange(3, 29) for _ in range(20)] for _ in range(2)]
    subject = restless(5, max_length=32)

    def both(run: Callable[..., None]) -> list[Stepper]:
        line = subject.start("abcde")
        lines = [line, line.branch()]

        def walk(number: int) -> None:
            for token in tokens[number]:
                lines[number].choose(token)
            lines[number].candidates()

        run(lambda: walk(0), lambda: walk(1))
        return lines

    pace = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        wanted, found = both(in_turn), both(at_once)
    finally:
        sys.setswitchinterval(pace)
    for one, other in zip(wanted, found, strict=True):
        assert one.ids == other.ids
        for site in one.outlook.sites:
            assert torch.equal(one.outlook[site], other.outlook[site]), site


def test_a_line_keeps_the_edits_it_was_begun_with() -> None:
    subject = restless(6)

    def blank(weights: Tensor) -> Tensor:
        return torch.zeros_like(weights)

    edited = subject.start("abc", edit={SITE: blank})
    edited.step()
    edited.candidates()
    assert not edited.outlook[SITE].any(), "also of what is asked for later"
    assert not edited.branch().outlook[SITE].any()


def test_a_block_reaches_only_the_passes_that_run_in_it() -> None:
    """A line is lazy: the row after the newest token runs when it is asked for, as its docstring says."""
    subject = restless(6)
    line = subject.start("abc")
    with glasshead.listen(subject.native, (), {SITE: torch.zeros_like}):
        line.step()
    weights = line.outlook[SITE]
    assert not weights[:, 0].any(), "the first row was run in the block"
    assert weights[:, 1].any(), "and this one after it"
    assert "lazy" in (Stepper.__doc__ or "")


def test_the_comparison_is_of_what_can_be_said() -> None:
    """Tokens that are as good as forbidden have logits of −10⁴, whose rounding is no error of the cache."""
    subject = restless(8, dtype=torch.float32, max_length=24)
    project = subject.native.project
    assert project is not None
    with torch.no_grad():
        project.weight[20:] = -1e4
    line = subject.start("abcdefgh")
    for _ in range(16):
        line.step()
    rows = torch.stack([line.rows.through(line.ids[: n + 1]) for n in range(16)])
    assert rows.min() < -1000
    error, peeking = line.verify()
    assert error < 1e-5 and peeking == 0
    wrong = line.rows._logits[3]
    best = int(wrong.argmax())
    line.rows._logits[3] = wrong.index_add(0, torch.tensor([best]), torch.tensor([0.5]))
    assert line.verify()[0] > 1e-3, "an error in what can be said is seen"
    line.rows._logits[3] = wrong * math.nan
    assert line.verify()[0] == math.inf


def test_a_model_in_which_nothing_can_be_watched_is_refused() -> None:
    with pytest.raises(GlassheadError, match=r"Nothing in a Transformer can be watched: .*glasshead\.Transformer"):
        glasshead.listen(nn.Transformer(16, 2, 1, 1, 16, batch_first=True))


def test_what_is_kept_is_no_inference_tensor_and_is_put_together_once() -> None:
    """Or each look at a large matrix would copy it, and a cursor move would cost the square of the length."""
    line = restless(9).start("abcdef")
    line.step()
    trace = line.outlook
    record = line.rows.record
    kept = [*record.static.values(), *(value for row in record.rows for value in row.values())]
    assert not any(value.is_inference() for value in record.static.values()) and kept
    one, other = trace["encoder.0.self.weights"], trace["encoder.0.self.weights"]
    assert one.data_ptr() == other.data_ptr()


def test_logits_that_overflow_are_an_error_and_no_crash() -> None:
    line = restless(9).start("abc")
    line.step()
    line.candidates()
    for wrong in (math.inf, -math.inf):
        line.rows._logits[0] = torch.full_like(line.rows._logits[0], wrong)
        assert line.verify()[0] == math.inf
    assert restless(9).start("abc", keep=None).full().shape == (0, 29)


def test_what_would_come_is_told_without_taking_it() -> None:
    line = restless(9).start("abc")
    expected = line.expected()
    assert line.step_number == 0 and line.step().id == expected
    line.step()
    line.goto(1)
    assert line.expected() == line.branch().step().id, "the future that is known"


@pytest.mark.parametrize("room", [1, 40_000, 200_000])
def test_a_long_prompt_is_read_in_parts_with_the_same_values(room: int, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "abcdefghabcdefghabcd"
    whole = strangers.subject("gpt").start(text)
    expected, logits = whole.outlook, whole.probabilities()
    passes = []
    original = Rows._extend

    def counting(rows: Rows, start: int, ids: Sequence[int]) -> None:
        passes.append(len(ids))
        original(rows, start, ids)

    monkeypatch.setattr("glasshead.decoding.rows.PASS", room)
    monkeypatch.setattr(Rows, "_extend", counting)
    parts = strangers.subject("gpt").start(text)
    found = parts.outlook
    assert sum(passes) == len(found.target) and (len(passes) > 1) == (room < 200_000)
    assert torch.allclose(parts.probabilities(), logits, atol=1e-6)
    for site in expected.sites:
        assert torch.allclose(found[site], expected[site], atol=1e-5), site


def test_what_was_let_go_is_captured_no_more_and_can_still_be_seen() -> None:
    text = "abcdefghabcdefghabcd"
    expected = strangers.subject("gpt").start(text)
    line = strangers.subject("gpt").start(text, budget=60_000)
    for each in (expected, line):
        for _ in range(3):
            each.step()
    record = line.rows.record
    assert record.dropped and record.dropped.isdisjoint(line.rows.watch.sites(line.rows.model))
    assert record.bytes <= record.allowance
    for site in record.dropped:
        assert torch.allclose(line.outlook[site], expected.outlook[site], atol=1e-5), site
        assert line.outlook.bytes <= max(record.budget, 4 * line.outlook[site].numel())
