"""The loop: a tiny model learns, is saved whole, scored honestly, and stops when asked."""

import math
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest
import torch

from glasshead import checkpoint
from glasshead.errors import GlassheadError
from glasshead.model import Config, Transformer
from glasshead.recipes import recipe
from glasshead.text import Codec
from glasshead.training import loop
from glasshead.training.evaluate import StoppedError, evaluate, greedy
from glasshead.training.loop import Evaluated, Event, Plan, Progress, Saved, Started, average, plan_model, train
from glasshead.training.schedule import rate

TINY = {"d_model": 32, "heads": 2, "d_ff": 64, "encoder_layers": 1, "decoder_layers": 1, "dropout": 0.0}


def plan(**changes: object) -> Plan:
    settings = {"steps": 12, "batch_tokens": 256, "warmup": 10, "average": 2, "save_every": 5, "eval_every": 6}
    return Plan(**{**settings, "eval_size": 4, **changes})  # type: ignore[arg-type]  # the tests give wrong ones too


def run(folder: Path, **changes: object) -> list[Event]:
    return list(train(recipe("reverse"), folder, plan=plan(**changes), model=TINY))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event]]:
    folder = tmp_path_factory.mktemp("out") / "reverse"
    return folder, run(folder)


def test_it_learns(tmp_path: Path) -> None:
    """`reverse` with a small model: in seconds it does far better than guessing letters by their frequency."""
    model = {"d_model": 64, "heads": 4, "d_ff": 128, "encoder_layers": 1, "decoder_layers": 1, "dropout": 0.0}
    settings = plan(steps=250, batch_tokens=1024, warmup=150, label_smoothing=0.0, eval_every=1000, save_every=50)
    events = train(recipe("reverse"), tmp_path, plan=settings, model=model)
    perplexities = [event.perplexity for event in events if isinstance(event, Progress)]
    assert perplexities[0] > 50  # knows nothing: a guess among 287
    drawn = islice(recipe("reverse").pairs("train", 0), 5000)
    letters = Counter(letter for _, target in drawn for letter in f"▁{target}⏹")
    total = letters.total()
    guessing = math.exp(-sum(count / total * math.log(count / total) for count in letters.values()))
    assert min(perplexities[-10:]) < guessing / 2


def test_the_events_tell_the_story_in_order(finished: tuple[Path, list[Event]]) -> None:
    folder, events = finished
    assert isinstance(events[0], Started)
    assert events[0].parameters == sum(p.numel() for p in Transformer(events[0].config).parameters())
    progress = [event for event in events if isinstance(event, Progress)]
    assert [event.step for event in progress] == list(range(1, 13))
    for event in progress:
        assert event.rate == rate(event.step, d_model=32, warmup=10)
        assert event.tokens <= 256 and math.isfinite(event.loss)
    assert [event.total_tokens for event in progress] == [
        sum(event.tokens for event in progress[:n]) for n in range(1, 13)
    ]
    assert [(e.step, e.last) for e in events if isinstance(e, Evaluated)] == [(6, False), (12, True)]
    assert [(e.step, e.averaged) for e in events if isinstance(e, Saved)] == [(5, 1), (10, 2), (12, 2)]
    assert all(event.folder == folder for event in events if isinstance(event, Saved))


def test_what_is_saved_is_whole_and_was_scored_as_saved(finished: tuple[Path, list[Event]]) -> None:
    folder, events = finished
    model, codec, card = checkpoint.load(folder)
    final = events[-1]
    assert isinstance(final, Evaluated)
    again = evaluate(model, codec, recipe("reverse").sample("test", 40))
    assert again == final.scores
    assert card["test"]["sentences"] == 40 and card["training"]["steps_taken"] == 12
    assert card["recipe"] == "reverse" and card["validation"].keys() == {"step 6"}


def test_the_same_seed_trains_the_same_model(finished: tuple[Path, list[Event]], tmp_path: Path) -> None:
    run(tmp_path / "again")
    run(tmp_path / "other", seed=1)
    first, again, other = (
        checkpoint.load(folder)[0].state_dict() for folder in (finished[0], tmp_path / "again", tmp_path / "other")
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first if first[name].shape == other[name].shape)


def test_it_stops_when_asked_and_saves(tmp_path: Path) -> None:
    asked = iter([False, False, True])
    events = list(train(recipe("reverse"), tmp_path, plan=plan(steps=1000), model=TINY, stop=lambda: next(asked, True)))
    assert max(event.step for event in events if isinstance(event, Progress)) == 3
    assert isinstance(events[-1], Evaluated) and events[-1].last
    assert checkpoint.load(tmp_path)[2]["training"]["steps_taken"] == 3


def test_an_evaluation_that_is_stopped_is_forgotten_and_the_training_ends(tmp_path: Path) -> None:
    for answers in ([False] * 2, [False] * 3):  # stopped at its first question, then at its second
        asked = iter(answers)
        settings = plan(steps=1000, eval_every=2)
        training = train(recipe("reverse"), tmp_path, plan=settings, model=TINY, stop=lambda: next(asked, True))  # noqa: B023  asked within the turn
        events = list(training)
        assert [event.step for event in events if isinstance(event, Progress)] == [1, 2]
        assert [event.last for event in events if isinstance(event, Evaluated)] == [True]
        assert [(event.step, event.averaged) for event in events if isinstance(event, Saved)] == [(2, 1)]
        card = checkpoint.load(tmp_path)[2]
        assert card["validation"] == {} and card["training"]["steps_taken"] == 2
        assert card["test"]["sentences"] == 40


def test_half_an_evaluation_is_none(untrained: tuple[Transformer, Codec]) -> None:
    model, codec = untrained
    for answers in ([True], [False, True]):
        asked = iter(answers)
        with pytest.raises(StoppedError):
            evaluate(model, codec, [("abc", "cba")], stop=asked.__next__)
    assert not model.training


def test_the_card_says_with_what_and_when(finished: tuple[Path, list[Event]], tmp_path: Path) -> None:
    folder, events = finished
    told = checkpoint.load(folder)[2]["training"]
    assert isinstance(events[0], Started)
    assert told["precision"] == events[0].precision and told["precision"] in ("bfloat16", "float32")
    assert told["torch"] == torch.__version__ and told["threads"] == torch.get_num_threads()
    date = datetime.fromisoformat(told["date"])
    assert date.utcoffset() == timedelta(0)
    assert timedelta(0) <= datetime.now(UTC) - date < timedelta(hours=1)
    run(tmp_path, precision="bfloat16", steps=1)
    assert checkpoint.load(tmp_path)[2]["training"]["precision"] == "bfloat16"


def test_a_training_that_diverges_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "update", lambda *_: (math.nan, math.nan))
    with pytest.raises(GlassheadError, match="loss of step 1 is nan: the training has diverged"):
        run(tmp_path)


def test_an_average_is_the_mean_of_every_number() -> None:
    torch.manual_seed(0)
    snapshots = [[torch.randn(3, 2), torch.randn(4)] for _ in range(3)]
    for position, mean in enumerate(average(snapshots)):
        summed = snapshots[0][position] + snapshots[1][position] + snapshots[2][position]
        assert torch.allclose(mean, summed / 3)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"steps": 0}, "steps is 0; it must be at least 1"),
        ({"average": 0}, "average is 0"),
        ({"eval_size": -1}, "eval_size is -1"),
        ({"batch_tokens": 4}, "batch_tokens is 4"),
        ({"label_smoothing": 1.0}, "label_smoothing is 1.0"),
        ({"label_smoothing": math.nan}, "label_smoothing is nan"),
        ({"factor": 0.0}, "factor is 0.0"),
        ({"clip": 0.0}, "clip is 0.0"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(GlassheadError, match=sentence):
        plan(**changes)


def test_a_recipe_gives_what_is_not_given() -> None:
    dates = recipe("dates")
    assert Plan.of(dates).batch_tokens == dates.training["batch_tokens"]
    assert Plan.of(dates, steps=7, warmup=None).steps == 7
    assert Plan.of(dates, steps=7, warmup=None).warmup == dates.training["warmup"]
    assert plan_model(dates, 420, heads=2, d_ff=None).heads == 2
    with pytest.raises(GlassheadError, match="A model has no wings"):
        plan_model(dates, 420, wings=2)


@pytest.fixture(scope="module")
def untrained() -> Iterator[tuple[Transformer, Codec]]:
    codec = loop.learn_codec(recipe("reverse"), 0)
    torch.manual_seed(3)
    yield Transformer(Config(vocab_size=codec.size, d_model=32, heads=2, d_ff=64, max_length=40)).eval(), codec


def test_greedy_decoding_of_a_batch_is_that_of_each_alone(untrained: tuple[Transformer, Codec]) -> None:
    model, codec = untrained
    sources = [[*codec.encode(text), Codec.EOS] for text in ("a", "hello", "transformer")]
    longest = max(map(len, sources))
    batch = torch.tensor([row + [Codec.PAD] * (longest - len(row)) for row in sources])
    for row, together in zip(sources, greedy(model, batch), strict=True):
        alone = greedy(model, torch.tensor([row]))[0]
        assert together[: len(alone)] == alone[: len(together)]
        for place, chosen in enumerate(alone):  # each is the likeliest after those before it
            logits = model(torch.tensor([row]), torch.tensor([[Codec.BOS, *alone[:place]]]))
            assert int(logits[0, -1].argmax()) == chosen


def test_perplexity_is_that_of_the_definition(untrained: tuple[Transformer, Codec]) -> None:
    model, codec = untrained
    pairs = list(islice(recipe("reverse").pairs("valid", 0), 12))
    logs: list[float] = []
    for source, target in pairs:
        said = [*codec.encode(target), Codec.EOS]
        logits = model(torch.tensor([[*codec.encode(source), Codec.EOS]]), torch.tensor([[Codec.BOS, *said[:-1]]]))
        logs += [logits[0, place].double().log_softmax(-1)[token].item() for place, token in enumerate(said)]
    scores = evaluate(model, codec, pairs)
    assert scores.perplexity == pytest.approx(math.exp(-sum(logs) / len(logs)), rel=1e-4)
    assert scores.sentences == 12
    assert scores.exact == sum(sample.right for sample in scores.samples) / 12
    assert [sample.source for sample in scores.samples] == [source for source, _ in pairs]


def test_evaluating_leaves_the_model_in_the_mode_it_was_in(untrained: tuple[Transformer, Codec]) -> None:
    model, codec = untrained
    model.train()
    evaluate(model, codec, [("a", "a")])
    assert model.training
    model.eval()
