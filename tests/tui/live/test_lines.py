"""A training in plain lines: sentences, no flood, nothing that controls a terminal."""

import io
import itertools
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from tests import played
from tests.cli.conftest import obeyed
from tests.played import HOSTILE, STEPS, Sample, evaluated, started, update

from glasshead.training.events import Event, Exhausted, Prepared, Preparing, Saved, Stopped
from glasshead_tui.drawing import durations
from glasshead_tui.live import lines as progress
from glasshead_tui.terminal import tty


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Any:
    """`told(events, times)`: the plain lines, with a clock that shows these times one after the other."""

    def tell(events: Iterator[Event], times: Iterator[float] | None = None) -> list[str]:
        clock = times if times is not None else itertools.repeat(0.0)
        progress.print_lines(iter(events), clock=lambda: next(clock))
        return capsys.readouterr().out.splitlines()

    return tell


def without_waits(scene: Iterator[Any]) -> Iterator[Event]:
    return (each for each in scene if not isinstance(each, played.Wait))


def test_a_whole_training_in_plain_lines(told: Any) -> None:
    lines = told(without_waits(played.whole()))
    assert not obeyed("\n".join(lines)) and "\r" not in "".join(lines)
    assert lines[:2] == ["998,412 pairs read.", "1,588 lines left out: 1,588 duplicates."]
    assert lines[2] == (
        "3 + 2 layers, 8 heads, d_model 256, vocabulary 8000: 7,654,321 parameters, trained in bf16 on cpu"
    )
    assert "210 GFLOP/s that a large matrix product reaches here" in lines[3]
    steps = [line for line in lines if line.startswith("step ") and "/" in line.split()[1]]
    assert [line.split()[1] for line in steps] == [f"1/{STEPS}", f"{STEPS}/{STEPS}"]
    assert all(part in steps[-1] for part in ("loss 1.5", "rate 5.0e-04", "norm 0.75", "5,000 tokens/s", "MFU 31 %"))
    assert steps[-1].endswith("0:00 left")
    assert (
        "step 1000: 50.0 % of 200 validation sentences exactly right, perplexity 5.000, BLEU 45.0, chrF 47.5" in lines
    )
    assert any(line.startswith("step 2000: 100.0 % of 200 unseen test sentences") for line in lines)
    assert "  ✓ the black cat → le chat noir" in lines
    assert "  ✗ a small dog → un petit chat   (expected: un petit chien)" in lines
    assert "step 500: saved to run/checkpoints/step-00000500, the average of 5 snapshots" in lines


def test_steps_are_told_at_most_every_ten_seconds_and_at_the_end(told: Any) -> None:
    # A second passes between two looks at the clock, and there is more than one look to an update at most.
    lines = told((update(step) for step in range(1, STEPS + 1)), itertools.count(0.0, 1.0))
    steps = [int(line.split()[1].partition("/")[0]) for line in lines]
    assert steps[0] == 1 and steps[-1] == STEPS
    assert all(5 <= after - before <= 10 for before, after in itertools.pairwise(steps[:-1]))


def test_a_preparation_is_told_now_and_then_or_not_at_all(told: Any) -> None:
    events = [Preparing("reading pairs.tsv", done, 10_000) for done in range(10_000)]
    assert told(iter(events)) == []
    lines = told(iter(events), itertools.count(0.0, 0.01))  # 100 s
    assert 8 <= len(lines) <= 12
    assert lines[0].startswith("reading pairs.tsv: ") and lines[0].endswith(" of 10,000")
    assert told(iter([Preparing("learning", 5, None)]), itertools.count(0.0, 2.0)) == ["learning: 5"]


def test_what_is_hostile_is_spelled_out(told: Any) -> None:
    sample = Sample(HOSTILE, "x" + HOSTILE, HOSTILE)
    events = [
        Preparing(HOSTILE, 1, None),
        Prepared((HOSTILE,)),
        started(device=HOSTILE),
        Saved(1, Path(HOSTILE), 1),
        evaluated(1, HOSTILE, samples=(sample,)),
    ]
    lines = told(iter(events), itertools.count(0.0, 2.0))
    assert not obeyed("\n".join(lines))
    assert "\n".join(lines).count("␛[2Jcat<U+009B>31m<U+202E>[red]␇") == 8


@pytest.mark.parametrize(
    ("event", "lines"),
    [
        (Stopped(731, STEPS), ["Stopped after step 731 of 2000; all that was learned is saved."]),
        (Stopped(0, STEPS), ["Stopped before the first step."]),
        (Saved(4, Path("run"), 1), ["step 4: saved to run, one snapshot"]),
        (
            Exhausted(900, STEPS, 4, 500),
            ["No score was better for 4 evaluations: the training ends at step 900 of 2000. Its best was at step 500."],
        ),
        (Preparing("reading", 1, 2), []),
        (update(3), []),
    ],
)
def test_every_event_has_its_sentences(event: Event, lines: list[str]) -> None:
    assert progress.write_event(event) == lines


def test_the_start_says_what_is_special() -> None:
    usual = progress.write_event(started())[0]
    shape: Any = played.Shape(source_vocab_size=6000)
    told = progress.write_event(started(config=shape, processes=4, accumulate=2, step=500, peak=1.25e12))
    assert "processes" not in usual and "batches" not in usual
    assert "vocabulary 6000 + 8000" in told[0]
    assert told[0].endswith("trained in bf16 on cpu, by 4 processes, 2 batches of a process to an update")
    assert "1.2 TFLOP/s" in told[1]
    assert told[2] == "goes on after step 500 of 2000"
    newest: Any = played.scores(500)
    both = replace(evaluated(1000), averaged=5, newest=newest)
    assert progress.write_event(both)[0] == (
        "step 1000: the average of 5 snapshots: 50.0 % of 200 validation sentences exactly right, perplexity 5.000, "
        "BLEU 45.0, chrF 47.5; the newest alone: perplexity 7.000, BLEU 22.5"
    )
    long = evaluated(1000, too_long=3)
    assert progress.write_event(long)[0].endswith("; 3 too long for the model")


def test_what_is_played_has_the_names_of_what_is_real() -> None:
    from glasshead.model import Config
    from glasshead.training import evaluate

    for ours, theirs in ((played.Shape, Config), (played.Scores, evaluate.Scores), (played.Sample, evaluate.Sample)):
        assert {each.name for each in fields(ours)} <= {each.name for each in fields(theirs)}


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00"), (65, "1:05"), (9999.6, "2:46:40"), (86_399, "23:59:59"), (86_400, "1 d 00:00"), (1e6, "11 d 13:46")],
)
def test_a_time_is_read_as_a_clock(seconds: float, shown: str) -> None:
    assert durations.clocked(seconds) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1.0, "1.000"), (41.666, "41.67"), (1234.5, "1,234"), (2.1e9, "2.1e+09"), (float("inf"), "inf")],
)
def test_a_perplexity_takes_few_characters(value: float, shown: str) -> None:
    assert durations.number(value) == shown


@pytest.mark.parametrize(
    ("rate", "shown"),
    [(2.1e11, "210 GFLOP/s"), (9.96e9, "10.0 GFLOP/s"), (1.25e12, "1.2 TFLOP/s"), (9.89e14, "989 TFLOP/s"),
     (2e15, "2.0 PFLOP/s"), (5e8, "0.5 GFLOP/s")],
)  # fmt: skip
def test_operations_take_few_characters(rate: float, shown: str) -> None:
    assert durations.operations(rate) == shown


class Screen(io.TextIOWrapper):
    """A terminal, as far as it can be asked."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("encoding", "term", "moves"),
    [("utf-8", "xterm-256color", True), ("utf-8", "dumb", False), ("latin-1", "xterm", False)],
)
def test_only_a_terminal_that_can_is_drawn_in(
    encoding: str, term: str, moves: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr(sys, "stdout", Screen(io.BytesIO(), encoding=encoding))
    assert tty.moves() is moves
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert not tty.moves()


def test_what_the_events_raise_passes_through(told: Any) -> None:
    def broken() -> Iterator[Event]:
        yield replace(update(1))
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        told(broken())
