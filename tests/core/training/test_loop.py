"""The loop: a tiny model learns, is saved whole, scored honestly, stops when asked and goes on as if it had not."""

import json
import math
import shutil
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from glasshead.checkpoints.load import load
from glasshead.checkpoints.save import save
from glasshead.errors import GlassheadError
from glasshead.model import Transformer
from glasshead.recipes import recipe
from glasshead.training import state
from glasshead.training.begin import begin
from glasshead.training.engine import Engine
from glasshead.training.evaluate import score
from glasshead.training.events import (
    Evaluated,
    Event,
    Exhausted,
    Prepared,
    Preparing,
    Progress,
    Saved,
    Started,
    Stopped,
)
from glasshead.training.loop import mean, train
from glasshead.training.record import probes
from glasshead.training.run import Run
from glasshead.training.schedule import rate

TINY = {
    "recipe": "reverse", "d_model": 32, "heads": 2, "d_ff": 64, "encoder_layers": 1, "decoder_layers": 1,
    "dropout": 0.1, "steps": 12, "batch_tokens": 256, "warmup": 10, "average": 2, "save_every": 5, "eval_every": 6,
    "eval_size": 4, "generate": 2000, "probes": 2,
}  # fmt: skip


def run(
    folder: Path, *, resume: bool = False, until: int | None = None, questions: int = 0, **changes: object
) -> list[Event]:
    """Train. until: stop when asked after that step, or as many questions later."""
    settings = begin(folder, {**TINY, **changes}, resume=resume)
    events: list[Event] = []
    asked = 0

    def stop() -> bool:
        nonlocal asked
        due = until is not None and any(event.step >= until for event in of(Progress, events))
        asked += due
        return asked > questions

    events.extend(train(folder, settings, resume=resume, stop=stop))  # one by one: `stop` looks at them
    return events


def of(kind: type, events: list[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event]]:
    folder = tmp_path_factory.mktemp("out") / "reverse"
    return folder, run(folder)


def same(one: Path, other: Path) -> None:
    """Compare everything that two runs have learned, to the bit."""
    newest, newest_other = Run(one).latest, Run(other).latest
    assert newest is not None and newest_other is not None
    for name in ("training/parameters.safetensors", "training/adam.safetensors", "model.safetensors"):
        first, second = load_file(newest / name), load_file(newest_other / name)
        assert first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


def test_it_learns(tmp_path: Path) -> None:
    """`reverse` with a small model: in seconds it does far better than guessing letters by their frequency."""
    events = run(
        tmp_path, d_model=64, heads=4, d_ff=128, dropout=0.0, steps=120, batch_tokens=512, warmup=60,
        label_smoothing=0.0, eval_every=1000, save_every=50, generate=4000,
    )  # fmt: skip
    perplexities = [event.perplexity for event in of(Progress, events)]
    assert perplexities[0] > 50  # knows nothing: a guess among 287
    drawn = islice(recipe("reverse").pairs("train", 0), 5000)
    letters = Counter(letter for _, target in drawn for letter in f"▁{target}⏹")
    total = letters.total()
    guessing = math.exp(-sum(count / total * math.log(count / total) for count in letters.values()))
    assert min(perplexities[-10:]) < guessing / 2


def test_the_events_tell_the_story_in_order(finished: tuple[Path, list[Event]]) -> None:
    folder, events = finished
    kinds = [type(event) for event in events if not isinstance(event, Preparing)]
    assert kinds[:3] == [Prepared, Started, Progress]
    [started] = of(Started, events)
    assert started.parameters == sum(p.numel() for p in Transformer(started.config).parameters())
    assert (started.step, started.steps, started.device, started.processes) == (0, 12, "cpu", 1)
    progress = of(Progress, events)
    assert [event.step for event in progress] == list(range(1, 13))
    for event in progress:
        assert event.rate == rate(event.step, d_model=32, warmup=10)
        assert event.tokens <= 256 and math.isfinite(event.loss) and event.norm > 0 and 0 < event.mfu < 1
    assert [event.total_tokens for event in progress] == [
        sum(event.tokens for event in progress[:n]) for n in range(1, 13)
    ]
    assert [(e.step, e.last, e.held) for e in of(Evaluated, events)] == [(6, False, "validation"), (12, True, "test")]
    places = [(event.step, event.averaged, event.folder) for event in of(Saved, events)]
    steps = [
        (step, averaged, folder / "checkpoints" / f"step-{step:08}") for step, averaged in ((5, 1), (10, 2), (12, 2))
    ]
    assert places == [*steps, (12, 2, folder)]


def test_what_is_saved_is_whole_and_was_scored_as_saved(finished: tuple[Path, list[Event]]) -> None:
    folder, events = finished
    model, vocabulary, card = load(folder)
    final = of(Evaluated, events)[-1]
    again = score(model, vocabulary, recipe("reverse").sample("test", 40))
    assert replace(again, seconds=0.0) == replace(final.scores, seconds=0.0)
    assert card["test"]["sentences"] == 40 and card["training"]["steps_taken"] == 12
    assert card["recipe"] == "reverse" and card["validation"].keys() == {"step 6"}


def test_what_is_saved_is_the_average_of_the_newest_snapshots(finished: tuple[Path, list[Event]]) -> None:
    saved = Run(finished[0]).saved()
    assert list(saved) == [5, 10, 12]
    ten, twelve = (load_file(saved[step] / "training" / "parameters.safetensors") for step in (10, 12))
    for name, value in load_file(saved[12] / "model.safetensors").items():
        assert torch.equal(value, ((ten[name] + twelve[name]) / 2).half())


def test_the_attention_of_the_probes_is_kept_from_before_the_first_step(finished: tuple[Path, list[Event]]) -> None:
    kept = Run(finished[0]).probes
    assert probes.steps(kept) == [0, 6, 12]
    assert len(probes.load(kept, 6).probes) == 2


def test_the_same_seed_trains_the_same_model(finished: tuple[Path, list[Event]], tmp_path: Path) -> None:
    torch.rand(7)  # what was drawn before does not matter
    run(tmp_path / "again")
    same(finished[0], tmp_path / "again")
    run(tmp_path / "other", seed=1)
    with pytest.raises(AssertionError):
        same(finished[0], tmp_path / "other")


@pytest.mark.parametrize("moments", [[3], [5], [6, 7], [11]])
def test_stopped_anywhere_it_goes_on_as_if_it_had_not_been(
    moments: list[int], finished: tuple[Path, list[Event]], tmp_path: Path
) -> None:
    """Also where nothing is saved of itself (3), where it is (5), and twice in a row."""
    for moment in moments:
        events = run(tmp_path, resume=True, until=moment)
        assert of(Stopped, events) == [Stopped(moment, 12)] and of(Saved, events)[-1].step == moment
        assert not (tmp_path / "config.json").exists()  # it has not ended
    events = run(tmp_path, resume=True)
    assert of(Started, events)[0].step == moments[-1]
    assert [event.step for event in of(Progress, events)] == list(range(moments[-1] + 1, 13))
    same(finished[0], tmp_path)
    told = [[json.loads(line) for line in (each / "metrics.jsonl").open()] for each in (finished[0], tmp_path)]
    first, second = ([(line["step"], line["loss"]) for line in lines if line["event"] == "step"] for lines in told)
    assert first == second
    assert load(tmp_path)[2]["validation"].keys() == {"step 6"} - ({"step 6"} if 6 in moments else set())


def test_a_run_that_has_ended_can_be_made_longer(finished: tuple[Path, list[Event]], tmp_path: Path) -> None:
    events = run(tmp_path, steps=10)
    (tmp_path / "metrics.jsonl").write_text((tmp_path / "metrics.jsonl").read_text().rsplit("\n", 2)[0] + "\n")
    again = run(tmp_path, resume=True, steps=10)
    assert [type(event) for event in again if not isinstance(event, Preparing)] == [Prepared]
    assert json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[-1]) == {"event": "ended", "step": 10}
    assert of(Saved, events)[-1].averaged == 2
    run(tmp_path, resume=True, steps=12)
    same(finished[0], tmp_path)


def test_an_evaluation_scores_the_average_and_the_newest_snapshot_alone(finished: tuple[Path, list[Event]]) -> None:
    """At step 6 the average is that of steps 5 and 6; the checkpoints hold both."""
    first, last = of(Evaluated, finished[1])
    assert first.averaged == 2 and first.newest is not None and first.newest.loss != first.scores.loss
    assert (last.averaged, last.newest, last.best) == (2, None, None)
    said = load(finished[0])[2]["validation"]["step 6"]
    assert f"perplexity {first.scores.perplexity:.3f}" in said
    assert f"the newest snapshot alone: perplexity {first.newest.perplexity:.3f}" in said


def scripted(monkeypatch: pytest.MonkeyPatch, found: list[tuple[float, float]]) -> None:
    """Let evaluations find these values of perplexity and BLEU, one after the other; an average has none of its own."""
    left = iter(found)

    def scripted_score(*given: Any, **more: Any) -> Any:
        scores = score(*given, **more)
        perplexity, bleu = next(left, (scores.perplexity, scores.bleu))
        return replace(scores, perplexity=perplexity, bleu=bleu)

    monkeypatch.setattr("glasshead.training.loop.score", scripted_score)


WORSE: Any = {"average": 1, "save_every": 2, "eval_every": 2, "patience": 2}


def test_patience_ends_a_training_with_its_best_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, [(9, 10), (8, 12), (8.5, 11), (9, 11.9), (1, 50)])
    events = run(tmp_path, **WORSE)
    assert of(Exhausted, events) == [Exhausted(8, 12, 2, best=4)]
    assert of(Progress, events)[-1].step == 8
    last = of(Evaluated, events)[-1]
    assert last.last and last.best == 4 and of(Saved, events)[-1] == Saved(4, tmp_path, 1)
    assert (tmp_path / "best").read_text() == "checkpoints/step-00000004\n"
    assert list(Run(tmp_path).saved()) == [4, 8]
    best, ended = (load_file(each / "model.safetensors") for each in (Run(tmp_path).saved()[4], tmp_path))
    assert all(torch.equal(value, ended[name]) for name, value in best.items())
    assert load(tmp_path)[2]["test"]["best_step"] == 4
    again = run(tmp_path, resume=True, **WORSE)
    assert [type(event) for event in again if not isinstance(event, Preparing)] == [Prepared]
    more = run(tmp_path, resume=True, **{**WORSE, "patience": 0})
    assert [event.step for event in of(Progress, more)] == [9, 10, 11, 12]


def test_a_perplexity_that_falls_is_reason_enough_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, [(9, 10), (8, 5), (7, 5), (6, 5), (5, 5), (4, 5)])
    events = run(tmp_path, **WORSE)
    assert of(Exhausted, events) == [] and of(Progress, events)[-1].step == 12
    assert of(Evaluated, events)[-1].best is None


def test_patience_is_the_same_after_a_resume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scripted(monkeypatch, [(9, 10), (8, 12), (8.5, 11), (9, 11.9)])
    run(tmp_path, until=7, **WORSE)
    events = run(tmp_path, resume=True, **WORSE)
    assert of(Exhausted, events) == [Exhausted(8, 12, 2, best=4)]


def test_an_evaluation_that_is_stopped_is_forgotten(tmp_path: Path) -> None:
    events = run(tmp_path, until=6, questions=1)  # asked once after the step, then within the evaluation
    assert of(Evaluated, events) == [] and of(Stopped, events) == [Stopped(6, 12)]
    newest = Run(tmp_path).latest
    assert newest is not None and state.read(newest).validation == {}


def test_the_last_score_can_be_stopped_and_is_made_up_for(finished: tuple[Path, list[Event]], tmp_path: Path) -> None:
    events = run(tmp_path, until=12, questions=1)
    assert of(Stopped, events) == [Stopped(12, 12)] and not (tmp_path / "config.json").exists()
    [evaluated] = of(Evaluated, run(tmp_path, resume=True))
    assert replace(evaluated.scores, seconds=0.0) == replace(of(Evaluated, finished[1])[-1].scores, seconds=0.0)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_while_the_end_is_written_it_tells_the_end_once(
    finished: tuple[Path, list[Event]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    def killed(folder: Path, *given: Any, **more: Any) -> None:
        if folder == tmp_path:
            if moment == "after":
                save(folder, *given, **more)
            raise KeyboardInterrupt
        save(folder, *given, **more)

    with monkeypatch.context() as patched:
        patched.setattr("glasshead.training.loop.save", killed)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path)
    run(tmp_path, resume=True)

    def ends(folder: Path) -> list[dict[str, Any]]:
        lines = map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())
        return [line for line in lines if line["event"] == "evaluation" and line["last"]]

    (once,), (usual,) = ends(tmp_path), ends(finished[0])
    assert once["perplexity"] == usual["perplexity"] and once["samples"] == usual["samples"]


def test_sentences_longer_than_the_model_takes_are_no_probes(tmp_path: Path) -> None:
    assert of(Evaluated, run(tmp_path, max_length=7, steps=6))[-1].scores.too_long > 0


def test_the_card_says_with_what_and_when(finished: tuple[Path, list[Event]]) -> None:
    told = load(finished[0])[2]["training"]
    assert told["precision"] == of(Started, finished[1])[0].precision
    assert told["torch"] == torch.__version__ and told["threads"] == torch.get_num_threads()
    date = datetime.fromisoformat(told["date"])
    assert date.utcoffset() == timedelta(0)
    assert timedelta(0) <= datetime.now(UTC) - date < timedelta(hours=1)


def test_a_loss_that_is_no_number_ends_it_and_what_was_saved_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    update = Engine.update

    def spoilt(self: Engine, number: int, *rest: Any) -> Any:
        found = update(self, number, *rest)
        return replace(found, loss=found.loss * math.nan) if number == 8 else found

    monkeypatch.setattr(Engine, "update", spoilt)
    with pytest.raises(GlassheadError, match=r"The loss of step 8 is nan \(batch 8 of epoch 1\): the training has div"):
        run(tmp_path)
    newest = Run(tmp_path).latest
    assert newest is not None and newest.name == "step-00000005"
    load(newest)


def test_weights_that_explode_are_not_saved(tmp_path: Path) -> None:
    """The reported loss belongs to the weights before the update; a checkpoint would have those after it."""
    with pytest.raises(GlassheadError, match=r"The weights after step 1 are infinite or no numbers"):
        run(tmp_path, factor=1e38, clip=0.0, save_every=1, average=1, precision="fp32")
    assert Run(tmp_path).latest is None
    with pytest.raises(GlassheadError, match=r"The (loss|gradient) of step \d+"):
        run(tmp_path, factor=1e30, clip=0.0, steps=100)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"recipe": "revers"}, "no recipe called 'revers'. Did you mean reverse"),
        ({"heads": 3}, "3 heads do not divide d_model 32"),
        ({"precision": "fp16", "device": "cpu"}, "fp16 needs a GPU"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_prepared(
    changes: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(GlassheadError, match=sentence):
        run(tmp_path, **changes)
    assert not (tmp_path / "data").exists()


def test_a_changed_corpus_is_refused(tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.tsv"
    lines = [f"{source}\t{target}\n" for source, target in islice(recipe("reverse").pairs("train", 0), 400)]
    pairs.write_text("".join(lines))
    own: dict[str, Any] = {
        "recipe": None,
        "generate": None,
        "pairs": str(pairs),
        "keep_duplicates": True,
        "keep_copies": True,
    }
    folder = tmp_path / "run"
    run(folder, until=5, **own)
    pairs.write_text("".join([*lines[1:], lines[0]]))
    with pytest.raises(GlassheadError, match=r"pairs.tsv is not the file that it was"):
        run(folder, resume=True, **own)
    pairs.unlink()  # what is prepared needs it no more
    assert of(Progress, run(folder, resume=True, **own))[-1].step == 12


def test_an_average_is_the_mean_of_every_number() -> None:
    torch.manual_seed(0)
    snapshots = [[torch.randn(3, 2), torch.randn(4)] for _ in range(3)]
    for position, found in enumerate(mean(snapshots)):
        summed = snapshots[0][position] + snapshots[1][position] + snapshots[2][position]
        assert torch.allclose(found, summed / 3)


def test_an_update_of_another_size_is_refused(tmp_path: Path) -> None:
    run(tmp_path, until=3)
    with pytest.raises(GlassheadError, match="An update of this run takes 1 batches, but here it would take 2"):
        run(tmp_path, resume=True, accumulate=2)


def test_other_threads_are_told(tmp_path: Path) -> None:
    run(tmp_path, until=3)
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    try:
        [prepared] = of(Prepared, run(tmp_path, resume=True, until=4))
    finally:
        torch.set_num_threads(before)
    assert f"it was trained by {before} threads" in prepared.lines[-1]


def test_a_snapshot_that_is_gone_is_told(tmp_path: Path) -> None:
    run(tmp_path, until=7)
    shutil.rmtree(tmp_path / "checkpoints" / "step-00000005")
    with pytest.raises(GlassheadError, match="of these step 5 is gone"):
        run(tmp_path, resume=True)


@pytest.mark.parametrize("name", ["state.json", "adam.safetensors", "parameters.safetensors"])
def test_a_damaged_state_is_told_with_its_file(name: str, tmp_path: Path) -> None:
    run(tmp_path, until=5)
    path = tmp_path / "checkpoints" / "step-00000005" / "training" / name
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(GlassheadError, match=f"{name} is damaged"):
        run(tmp_path, resume=True)
    path.unlink()
    with pytest.raises(GlassheadError, match=f"{name} (is not there|cannot be read)"):
        run(tmp_path, resume=True)
