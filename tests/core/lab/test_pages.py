"""Every page: its text fits, its controls are the experiment's arguments, and its experiment can be repeated."""

import inspect
import json
import subprocess
import sys
import time
from dataclasses import fields, is_dataclass, replace
from importlib import import_module
from typing import Any, get_type_hints

import pytest

from glasshead import GlassheadError, Subject, load
from glasshead.errors import StoppedError
from glasshead.lab import NAMES, page_of
from glasshead.lab.exhibits import Grid, Lines, Plot, Table
from glasshead.lab.page import Page
from glasshead.lab.record import plain, restore, result_class, strict
from glasshead.session.references import changes_of

ALL = pytest.mark.parametrize("name", NAMES)
OPTIONS = {"quick", "full", "predict", "json", "model", "anew", "help"}
"""Options that `glasshead lab` has itself."""


@pytest.fixture(scope="module")
def subject() -> Subject:
    return load("english-french")


class Results(dict[str, tuple[Any, float]]):
    """Every experiment at its quick size, once it is asked for: its result, and how many seconds it took."""

    def __init__(self, subject: Subject) -> None:
        super().__init__()
        self.subject = subject

    def __missing__(self, name: str) -> tuple[Any, float]:
        started = time.process_time()
        self[name] = run(page_of(name), self.subject), time.process_time() - started
        return self[name]


@pytest.fixture(scope="module")
def results(subject: Subject) -> Results:
    return Results(subject)


def run(of: Page, subject: Subject, **given: Any) -> Any:
    more = {"subject": subject} if of.model else {}
    return of.run(**of.values("quick"), **more, **given)


def counted(result: Any) -> Any:
    """A result without its clock: timings are the one thing that no seed repeats."""
    names = [each.name for each in fields(result)]
    return replace(result, timings=None) if "timings" in names else result


@ALL
def test_the_text_of_a_page_fits_the_smallest_screen(name: str) -> None:
    of = page_of(name)
    assert of.name == name and of.title and len(of.title) <= 34
    assert len(of.claim) <= 110
    assert all(0 < len(paragraph) <= 400 for paragraph in of.paragraphs)
    assert len(of.question.text) <= 170
    assert 3 <= len(of.question.answers) <= 4 and all(len(answer) <= 60 for answer in of.question.answers)
    assert len(set(of.question.answers)) == len(of.question.answers)
    assert of.sources and of.attempt.sentence
    assert all(len(control.help) <= 70 and not control.help.endswith(".") for control in of.controls)


@ALL
def test_the_controls_are_the_arguments(name: str) -> None:
    of = page_of(name)
    function = getattr(import_module(f"glasshead.lab.{name}"), name)
    arguments = inspect.signature(function).parameters
    assert {control.name for control in of.controls} == set(arguments) - {"subject", "progress"}
    assert of.model == ("subject" in arguments)
    assert "progress" in arguments and not {control.name for control in of.controls} & OPTIONS
    for control in of.controls:
        kinds = {type(value) for value in (*control.stops, control.of("quick"), control.of("full"), control.usual)}
        assert len(kinds) == 1, control.name
        for value in (control.usual, control.of("quick"), control.of("full"), *control.stops):
            if not isinstance(value, bool):
                assert control.check(value) == value
                assert control.read(str(value)) == value
        if not isinstance(control.usual, str):
            assert list(control.stops) == sorted(set(control.stops))


@ALL
def test_what_no_control_takes_the_experiment_refuses_too(name: str, subject: Subject) -> None:
    of = page_of(name)
    more: dict[str, Any] = {"subject": subject} if of.model else {}
    for control in of.controls:
        if control.least is not None and not control.choice:
            low = {control.name: type(control.usual)(control.least - 1)}
            with pytest.raises(GlassheadError):
                of.run(**{**of.values("quick"), **low}, **more)
        if isinstance(control.usual, int) and not isinstance(control.usual, bool):
            with pytest.raises(GlassheadError):
                of.run(**{**of.values("quick"), control.name: 1.5}, **more)
            with pytest.raises(GlassheadError, match="whole number"):
                control.read("1.5")


@ALL
def test_an_experiment_shows_something_and_answers_its_question(name: str, results: Results) -> None:
    of, (result, seconds) = page_of(name), results[name]
    assert seconds < 10, "a quick look is quick"
    verdict = of.judge(result)
    assert 0 <= verdict.answer < len(of.question.answers)
    assert verdict.sentence.endswith(".") and any(character.isdigit() for character in verdict.sentence)
    exhibits = of.exhibits(result)
    assert 3 <= len(exhibits) <= 8
    for exhibit in exhibits:
        assert exhibit.title and len(exhibit.note) <= 150
        if isinstance(exhibit, Table):
            assert exhibit.rows and all(len(row) == len(exhibit.columns) for row in exhibit.rows)
            assert len(exhibit.columns) <= 9
        elif isinstance(exhibit, Plot):
            assert exhibit.series and all(len(each.x) == len(each.y) > 0 for each in exhibit.series)
            assert len({each.label for each in exhibit.series}) == len(exhibit.series)
        elif isinstance(exhibit, Grid):
            assert len(exhibit.values) == len(exhibit.rows)
            assert all(len(row) == len(exhibit.columns) for row in exhibit.values)
        else:
            assert isinstance(exhibit, Lines) and exhibit.lines


@ALL
def test_a_result_is_frozen_plain_and_comes_back_from_json(name: str, results: Results) -> None:
    of, (result, _) = page_of(name), results[name]
    kind: Any = result_class(of)
    assert is_dataclass(kind) and type(result) is kind and vars(kind)["__dataclass_params__"].frozen
    assert get_type_hints(kind)
    text = json.dumps(strict(plain(result)), allow_nan=False)
    again = restore(kind, json.loads(text))
    assert json.dumps(strict(plain(again)), allow_nan=False) == text
    assert of.exhibits(again) and of.judge(again) == of.judge(result)


@ALL
def test_the_same_arguments_give_the_same_result(name: str, results: Results, subject: Subject) -> None:
    of = page_of(name)
    if of.trained:  # what trains is repeated in its own tests, at a smaller size
        return
    assert plain(counted(run(of, subject))) == plain(counted(results[name][0]))


@ALL
def test_an_experiment_stops_when_it_is_asked_to(name: str, subject: Subject) -> None:
    calls = 0

    def progress(share: float, words: str) -> None:
        nonlocal calls
        calls += 1
        assert 0 <= share <= 1 and words
        if calls == 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        run(page_of(name), subject, progress=progress)


@ALL
def test_the_try_is_one_that_the_explorer_can_follow(name: str, subject: Subject) -> None:
    attempt = page_of(name).attempt
    text = attempt.text or "the black cat is sleeping"
    line = subject.start(text, edit=changes_of(subject, attempt.edits))
    for _ in range(attempt.steps):
        assert not line.done, "there are as many steps as the try takes"
        line.step()
    assert (attempt.stack, attempt.kind) != ("encoder", "cross")
    layers = subject.config.encoder_layers if attempt.stack == "encoder" else subject.config.decoder_layers
    assert attempt.layer < layers and attempt.head < subject.config.heads


def test_knowing_the_pages_costs_no_torch() -> None:
    words = "import sys, glasshead.lab; glasshead.lab.all_pages(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_name_that_is_none_is_told_with_the_nearest_one() -> None:
    with pytest.raises(GlassheadError, match="Did you mean scaling"):
        page_of("scalin")
