"""Following a metrics.jsonl: whatever happens to the file, the metrics are those of its lines."""

import json
import math
import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from glasshead.training.record import journal
from glasshead.training.record.journal import Follower, Metrics, plausible


def line(**told: Any) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode() + b"\n"


def step(number: int, **changes: Any) -> bytes:
    draw = random.Random(number)
    return line(
        event="step",
        **{
            "step": number, "loss": 5 * draw.random(), "perplexity": math.exp(4 * draw.random()), "rate": 1e-4 * number,
            "norm": draw.random(), "tokens": 100, "seconds": 0.5 * number, "total_tokens": 100 * number, "mfu": 0.25,
            **changes,
        },
    )  # fmt: skip


STARTED = line(
    event="started", step=0, steps=1000, parameters=12345, precision="bf16", device="cpu", processes=2, accumulate=3,
    d_model=64, time="2031-05-06T07:08:09+00:00",
)  # fmt: skip


def evaluation(number: int, **changes: Any) -> bytes:
    return line(
        event="evaluation",
        **{
            "step": number, "perplexity": 3.5, "loss": 1.25, "exact": 0.5, "bleu": 20.0, "chrf": 30.0, "sentences": 9,
            "held": "validation", "last": False,
            "samples": [{"source": f"s{number}", "expected": "é", "given": "g"}],
            **changes,
        },
    )  # fmt: skip


def read(follower: Follower) -> Metrics:
    while follower.advance():
        pass
    return follower.metrics()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metrics.jsonl"


def same(one: Metrics, other: Metrics) -> bool:
    """Compare two results, but for the time of the file's change."""

    def told(metrics: Metrics) -> list[Any]:
        curves = [metrics.loss, metrics.likelihood, metrics.rate, metrics.norm]
        arrays = [each.tolist() for curve in curves for each in (curve.steps, curve.low, curve.high, curve.mean)]
        rest = [metrics.state, metrics.began, metrics.newest, metrics.evaluations, metrics.samples, metrics.saved]
        return [*map(repr, [*arrays, *rest, metrics.speed, metrics.left, metrics.odd, metrics.read])]

    return told(one) == told(other)


def test_what_is_told_is_what_stands_there(path: Path) -> None:
    path.write_bytes(
        STARTED + b"".join(map(step, range(1, 21))) + evaluation(20) + line(event="saved", step=20, folder="x")
    )
    metrics = read(Follower(path))
    began, newest = metrics.began, metrics.newest
    assert began is not None and newest.step == 20
    assert (began.steps, began.parameters, began.d_model, began.processes, began.accumulate) == (1000, 12345, 64, 2, 3)
    assert (began.precision, began.device, began.time) == ("bf16", "cpu", "2031-05-06T07:08:09+00:00")
    rows = [json.loads(step(number)) for number in range(1, 21)]
    assert metrics.loss.steps.tolist() == list(range(1, 21))
    for low_mean_high in (metrics.loss.low, metrics.loss.mean, metrics.loss.high):
        assert low_mean_high.tolist() == [row["loss"] for row in rows]
    assert np.allclose(metrics.likelihood.mean, [math.log(row["perplexity"]) for row in rows])
    assert metrics.rate.mean.tolist() == [row["rate"] for row in rows]
    assert metrics.norm.mean.tolist() == [row["norm"] for row in rows]
    assert (newest.loss, newest.perplexity, newest.mfu) == (rows[-1]["loss"], rows[-1]["perplexity"], 0.25)
    assert (newest.seconds, newest.tokens) == (10.0, 2000)
    assert metrics.speed == pytest.approx(200) and metrics.left == pytest.approx(980 * 0.5)
    [found] = metrics.evaluations
    assert (found.step, found.loss, found.perplexity, found.exact, found.bleu, found.chrf) == (
        20, 1.25, 3.5, 0.5, 20.0, 30.0
    )  # fmt: skip
    assert (found.sentences, found.test) == (9, False)
    assert [(each.source, each.expected, each.given) for each in metrics.samples] == [("s20", "é", "g")]
    assert (metrics.state, metrics.saved, metrics.odd, metrics.read) == ("running", 20, 0, 1.0)
    assert metrics.changed == path.stat().st_mtime


@pytest.mark.parametrize("blocks", [16, 4096])
def test_a_file_that_grows_by_any_pieces_tells_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch, blocks: int
) -> None:
    monkeypatch.setattr(journal, "BLOCKS", blocks)
    draw = random.Random(1)
    whole = STARTED + b"".join(
        step(number) + (evaluation(number) if number % 50 == 0 else b"") for number in range(1, 400)
    )
    follower = Follower(path)
    path.touch()
    at = 0
    while at < len(whole):
        piece = draw.choice([1, 7, 100, 5000])
        with path.open("ab") as file:
            file.write(whole[at : at + piece])
        at += piece
        while follower.advance():
            pass
    other = path.with_name("other.jsonl")
    other.write_bytes(whole)
    assert same(follower.metrics(), read(Follower(other)))
    assert len(follower.metrics().evaluations) == 7


def test_a_half_written_line_waits_for_its_end(path: Path) -> None:
    path.write_bytes(STARTED + step(1) + step(2)[:-20])
    follower = Follower(path)
    assert read(follower).newest.step == 1
    assert not follower.advance(), "nothing changed"
    with path.open("ab") as file:
        file.write(step(2)[-20:])
    metrics = read(follower)
    assert (metrics.newest.step, metrics.odd, metrics.read) == (2, 0, 1.0)


def test_nothing_is_opened_while_nothing_changes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(STARTED + step(1))
    follower = Follower(path)
    read(follower)
    monkeypatch.setattr(Path, "open", lambda *_args, **_more: pytest.fail("the file was opened"))
    assert [follower.advance() for _ in range(3)] == [False] * 3


@pytest.mark.parametrize("grown", [False, True], ids=["shorter", "cut, and longer than before"])
def test_after_a_resume_only_what_stands_there_now_is_told(path: Path, grown: bool) -> None:
    follower = Follower(path)
    path.write_bytes(STARTED + b"".join(map(step, range(1, 101))) + evaluation(100))
    assert read(follower).newest.step == 100
    kept = STARTED + b"".join(map(step, range(1, 61)))
    with path.open("rb+") as file:  # as a resume does it: the same file, cut off and written on
        file.truncate(len(kept))
        file.seek(0, os.SEEK_END)
        file.write(line(event="started", step=60, steps=1000))
        for number in range(61, 150 if grown else 63):
            file.write(step(number, loss=1.5, seconds=0.7 * number))
    metrics = read(follower)
    other = path.with_name("other.jsonl")
    other.write_bytes(path.read_bytes())
    assert same(metrics, read(Follower(other)))
    assert metrics.newest.step == (149 if grown else 62) and metrics.evaluations == ()
    assert metrics.loss.mean[-1] == 1.5 and len(metrics.loss.steps) == metrics.newest.step


def test_another_file_in_the_same_place_is_read_from_its_beginning(path: Path) -> None:
    follower = Follower(path)
    path.write_bytes(STARTED + step(1) + step(2))
    read(follower)
    other = path.with_name("other")
    other.write_bytes(STARTED + step(1) + step(2) + step(3))
    other.replace(path)
    assert read(follower).newest.step == 3 and len(follower.metrics().loss.steps) == 3


def test_a_training_that_went_back_without_cutting_is_understood(path: Path) -> None:
    path.write_bytes(
        STARTED
        + b"".join(map(step, range(1, 11)))
        + evaluation(10)
        + line(event="started", step=4, steps=1000)
        + step(5, loss=9.0)
    )
    metrics = read(Follower(path))
    assert metrics.loss.steps.tolist() == [1, 2, 3, 4, 5] and metrics.loss.mean[-1] == 9.0
    assert metrics.evaluations == ()


def test_what_is_gone_is_raised_and_what_was_read_is_kept(path: Path) -> None:
    follower = Follower(path)
    with pytest.raises(FileNotFoundError):
        follower.advance()
    assert follower.metrics().state == "waiting"
    path.write_bytes(STARTED + step(1))
    read(follower)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        follower.advance()
    assert follower.metrics().newest.step == 1


@pytest.mark.parametrize(
    ("lines", "state"),
    [
        (b"", "waiting"),
        (STARTED, "running"),
        (STARTED + step(1) + line(event="stopped", step=1), "stopped"),
        (STARTED + step(1) + line(event="ended", step=1), "ended"),
        (STARTED + step(1) + line(event="stopped", step=1) + STARTED, "running"),
    ],
)
def test_how_it_stands(path: Path, lines: bytes, state: str) -> None:
    path.write_bytes(lines)
    assert read(Follower(path)).state == state


def test_null_and_what_is_no_number_is_a_gap(path: Path) -> None:
    values: list[Any] = [None, "5", True, [1], {}, 10**400, 1e300, 2.5]
    path.write_bytes(
        STARTED
        + b"".join(step(number, loss=value) for number, value in enumerate(values, 1))
        + b'{"event": "step", "step": 9, "loss": NaN, "rate": Infinity}\n'
        + evaluation(9, bleu=None, exact="all")
    )
    metrics = read(Follower(path))
    assert np.isnan(metrics.loss.mean).tolist() == [True] * 7 + [False, True]
    assert metrics.loss.mean[7] == 2.5 and math.isnan(metrics.newest.loss) and math.isnan(metrics.newest.rate)
    [found] = metrics.evaluations
    assert math.isnan(found.bleu) and math.isnan(found.exact) and found.chrf == 30.0


def test_hostile_lines_are_counted_and_passed_by(path: Path) -> None:
    odd = [
        b"{", b"\xff\xfe\x00\x01", b"[" * 200_000, b"[1, 2]", b"7", b"null", b'"text"', b"\x00" * 50, b"\x1b[2J",
        b'{"event": "step", "step": 1}, {"event": "step", "step": 2}', b"1" * 5000,
        b'{"event": "step", "step": -1}', b'{"event": "step", "step": 1.5}', b'{"event": "step", "step": true}',
        b'{"event": "step", "step": 9' + b"9" * 30 + b"}", b'{"event": "step"}',
    ]  # fmt: skip
    quiet = [
        b"", b"   ", b"{}", b'{"event": 7}', b'{"event": "newer than us", "step": 3}', b'{"event": ["step"]}',
        b'{"event": "evaluation", "step": "x"}', b'{"event": "evaluation", "samples": 5}',
    ]  # fmt: skip
    path.write_bytes(STARTED + b"\n".join([*odd, *quiet]) + b"\n" + step(1) + step(2) + evaluation(2, samples=[1, {}]))
    metrics = read(Follower(path))
    assert (metrics.odd, metrics.newest.step, metrics.state) == (len(odd), 2, "running")
    assert len(metrics.loss.steps) == 2 and len(metrics.evaluations) == 1
    assert [(each.source, each.given) for each in metrics.samples] == [("", "")]


def test_a_line_without_end_is_left_out(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "CHUNK", 4096)
    path.write_bytes(STARTED + step(1) + b'{"event": "step", "loss": "' + b"x" * 20_000 + b'"}\n' + step(2))
    metrics = read(Follower(path))
    assert (metrics.newest.step, metrics.odd) == (2, 1)


def test_a_long_training_stays_small_and_loses_no_extreme(path: Path) -> None:
    draw = np.random.default_rng(3)
    losses = draw.normal(3, 1, 60_001)
    losses[[17, 40_000]] = 99.0, -99.0
    path.write_bytes(
        STARTED
        + b"".join(b'{"event": "step", "step": %d, "loss": %r}\n' % each for each in enumerate(losses.tolist(), 1))
    )
    metrics = read(Follower(path))
    curve = metrics.loss
    assert journal.BLOCKS / 2 <= len(curve.steps) <= journal.BLOCKS + 1
    assert (np.diff(curve.steps) > 0).all() and (curve.low <= curve.mean).all() and (curve.mean <= curve.high).all()
    assert (curve.high.max(), curve.low.min()) == (99.0, -99.0)
    starts = np.arange(0, len(losses), round(curve.steps[1] - curve.steps[0]))
    counts = np.diff(starts, append=len(losses))
    assert np.allclose(curve.mean, np.add.reduceat(losses, starts) / counts)
    assert (curve.high == np.maximum.reduceat(losses, starts)).all()
    assert (curve.low == np.minimum.reduceat(losses, starts)).all()
    assert np.allclose(curve.steps, starts + (counts + 1) / 2)
    assert curve.since(30_000).steps[0] >= 30_000


def test_a_file_of_something_else_is_recognised() -> None:
    assert plausible(b"") and plausible(STARTED) and plausible(step(1)[:-5]) and plausible(b"odd\n" + step(1))
    assert not plausible(b"hello\n") and not plausible(b'{"loss": 3}\n') and not plausible(b"\x00\xff\n")
