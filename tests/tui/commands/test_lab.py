"""`glasshead lab` and `glasshead lesson` without a terminal: the list, an experiment as text and as JSON, a course."""

import json
import re
from pathlib import Path

import pytest
from rich.cells import cell_len
from tests.cli.conftest import Glasshead, obeyed, strictly

from glasshead import GlassheadError
from glasshead.found import load
from glasshead.lab import NAMES, page_of
from glasshead.lab.scaling import scaling
from glasshead_tui.state import course as lesson

SMALL = ("--d-k", "16", "--keys", "4", "--queries", "500", "--model", "tiny")


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test its own place in the lesson."""
    place = tmp_path / "state" / "lesson.json"
    monkeypatch.setattr(lesson, "path", lambda: place)
    return place


def test_the_list_has_every_experiment_in_order(glasshead: Glasshead) -> None:
    result = glasshead("lab")
    assert result.status == 0
    found = [line.split() for line in result.out.splitlines()]
    assert [words[1] for words in found if words and words[0].isdecimal()] == list(NAMES)
    for name in NAMES:
        assert " ".join(page_of(name).question.text.split()[:3]) in " ".join(result.out.split())
        assert page_of(name).claim[:40] not in " ".join(result.out.split()), "the claim answers the question"
    listed = strictly(glasshead("lab", "--json").out)
    assert [each["name"] for each in listed] == list(NAMES)
    assert [control["name"] for control in listed[1]["controls"]] == [each.name for each in page_of("scaling").controls]


def test_an_experiment_as_json_is_the_function_s_own_result(glasshead: Glasshead, here: Path) -> None:
    told = strictly(glasshead("lab", "scaling", *SMALL, "--json").out)
    result = scaling(d_k=16, keys=4, queries=500, subject=load(here / "checkpoints" / "tiny"))
    assert told["values"] == {"d_k": 16, "keys": 4, "queries": 500, "draw": "normal", "text": "", "seed": 0}
    assert told["result"]["widths"][-1]["plain"]["variance"] == result.widths[-1].plain.variance
    assert told["right"] == page_of("scaling").judge(result).answer
    assert told["finding"] == page_of("scaling").judge(result).sentence
    assert (told["model"], told["made_on"], told["foreseen"]) == ("tiny", None, None)


def test_an_experiment_as_text_says_everything_in_order(glasshead: Glasshead) -> None:
    result = glasshead("lab", "scaling", *SMALL, "--predict", "A")
    assert result.status == 0 and not result.err
    flat = " ".join(result.out.split())
    of = page_of("scaling")
    order = (*of.paragraphs[:2], of.question.text, "You foresaw a", of.claim, of.paragraphs[2])
    places = [flat.index(" ".join(part.split())) for part in order]
    assert places == sorted(places)
    for exhibit in ("variance of the scores", "largest weight", "measured", "what it then says"):
        assert exhibit in flat
    assert obeyed(result.out) == []


def test_what_one_foresaw_is_held_against_the_numbers(glasshead: Glasshead) -> None:
    right = "abcd"[strictly(glasshead("lab", "scaling", *SMALL, "--json").out)["right"]]
    assert f"As you foresaw: {right}" in glasshead("lab", "scaling", *SMALL, "--predict", right).out
    assert f"The numbers say: {right}" in glasshead("lab", "scaling", *SMALL).out
    told = strictly(glasshead("lab", "scaling", *SMALL, "--predict", "d", "--json").out)
    assert told["foreseen"] == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("scalin",), "no experiment 'scalin'. Did you mean scaling?"),
        (("scaling", "--d-k", "0"), "d_k is 0; it must be at least 4."),
        (("scaling", "--d-k", "2.5"), "d_k is '2.5'; it must be a whole number."),
        (("scaling", "--d-k", "many"), "d_k is 'many'; it must be a whole number."),
        (("scaling", "--d-k", "99999"), "d_k is 99,999; it must be at most 8,192."),
        (("scaling", "--draw", "dice"), "draw is 'dice'; it is one of normal, uniform, signs."),
        (("scaling", "--predict", "e"), "'e' is no answer: it is one of a, b, c, d."),
        (("scaling", "--quick", "--full"), "two sizes"),
        (("--json", "scaling"), "--json belongs after the experiment's name"),
        (("scaling", "--model", "nowhere"), "nowhere"),
        (("scaling", "--colour"), "--colour"),
        (("complexity", "--n", "0"), "n is 0; it must be at least"),
        (("complexity", "--n", "8", "--r", "9", "--k", "3"), "r is 9"),
    ],
)
def test_a_mistake_is_a_sentence(glasshead: Glasshead, words: tuple[str, ...], said: str) -> None:
    result = glasshead("lab", *words)
    assert result.status == 2
    assert said in result.err and "Traceback" not in result.err
    assert obeyed(result.err) == []


def test_text_that_would_steer_the_terminal_is_spelled_out(glasshead: Glasshead) -> None:
    evil = "\x1b[2J\x1b]0;owned\x07 [red]low[/] \u202elow"
    for words in (
        ("scaling", *SMALL, "--text", evil),
        ("subwords", "--text", evil, "--quick"),
        ("scaling", "--d-k", evil),
    ):
        result = glasshead("lab", *words)
        assert obeyed(result.out) == [] and obeyed(result.err) == []


def test_what_was_trained_before_is_shown_at_once_and_says_so(glasshead: Glasshead) -> None:
    for name in NAMES:
        if page_of(name).trained:
            told = strictly(glasshead("lab", name, "--json").out)
            assert told["made_on"] and told["values"] == page_of(name).values("full")


def test_what_was_asked_for_in_the_values_of_before_is_that_too(glasshead: Glasshead) -> None:
    assert strictly(glasshead("lab", "heads", "--full", "--json").out)["made_on"]
    assert "any option trains again" in " ".join(glasshead("lab", "heads", "--help").out.lower().split())


@pytest.mark.parametrize("columns", [40, 60, 80])
@pytest.mark.parametrize("name", ["attention", "masking", "positions"])
def test_no_number_is_cut_however_narrow(
    glasshead: Glasshead, monkeypatch: pytest.MonkeyPatch, name: str, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    out = glasshead("lab", name).out
    assert not re.search(r"\d…(?!\d)", out), "a number ends before its end"
    assert max(map(cell_len, out.splitlines())) <= columns


def test_help_of_an_experiment_lists_its_controls(glasshead: Glasshead) -> None:
    result = glasshead("lab", "scaling", "--help")
    assert result.status == 0
    for control in page_of("scaling").controls:
        assert f"--{control.name.replace('_', '-')}" in result.out
    assert "--quick" in result.out and "--json" in result.out
    assert all(name in glasshead("lab", "--help").out for name in NAMES)


def test_the_course_begins_keeps_a_place_and_begins_anew(glasshead: Glasshead, own_place: Path) -> None:
    assert f">  1  {NAMES[0]}" in glasshead("lesson").out
    lesson.write(lesson.Place(at="heads", answers={"attention": 1, "scaling": 2}, right={"attention": 0, "scaling": 2}))
    out = glasshead("lesson").out
    assert ">  3  heads" in out and "you foresaw b, it was a" in out and "1 of 2 as you foresaw" in out
    told = strictly(glasshead("lesson", "--json").out)
    assert told["at"] == "heads" and told["experiments"][1]["foreseen"] == 2
    assert glasshead("lesson", "masking").out.count(">") == 1 and ">  9  masking" in glasshead("lesson", "masking").out
    assert f">  1  {NAMES[0]}" in glasshead("lesson", "--restart").out and not own_place.exists()


def test_a_lesson_that_is_none_is_told_and_nothing_is_forgotten(glasshead: Glasshead) -> None:
    lesson.write(lesson.Place(at="heads"))
    result = glasshead("lesson", "quantum", "--restart")
    assert result.status == 2 and "no experiment 'quantum'" in result.err
    assert lesson.read().at == "heads"


def test_where_one_wants_to_go_on_is_kept(glasshead: Glasshead) -> None:
    glasshead("lesson", "norms", "--plain")
    assert ">  6  norms" in glasshead("lesson").out


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"at": 5, "answers": {"heads": "x", "a": 1}, "right": []}', "\x00"]
)
def test_a_place_that_cannot_be_read_is_the_beginning(own_place: Path, content: str) -> None:
    own_place.parent.mkdir()
    own_place.write_text(content)
    assert lesson.read() == lesson.Place()


def test_a_place_is_kept_whole(own_place: Path) -> None:
    place = lesson.Place(at="norms", answers={"heads": 3}, right={"heads": 3, "block": 0})
    lesson.write(place)
    assert lesson.read() == place
    assert place.done == ("heads", "block") and (place.judged, place.foreseen) == (("heads",), 1)
    assert json.loads(own_place.read_text())["at"] == "norms"


def test_a_folder_that_cannot_be_written_is_told(own_place: Path) -> None:
    own_place.parent.write_text("a file, where a folder should be")
    with pytest.raises(GlassheadError, match="cannot be kept"):
        lesson.write(lesson.Place())
    assert lesson.read() == lesson.Place()
