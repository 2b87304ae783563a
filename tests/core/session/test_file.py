"""A session in a file: everything comes back, and a file that is none is a sentence."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from glasshead.errors import GlassheadError
from glasshead.found import find, find_beside, load
from glasshead.session.file import read_session, write_session
from glasshead.session.guest import open_guest
from glasshead.session.session import Session
from glasshead.subjects import Subject

HIDDEN, MUTED = "decoder.*.cross.masked[key=0] = hidden", "decoder.0.cross.heads[head=1] = 0"


@pytest.fixture(scope="module")
def subject(tiny: Path) -> Subject:
    return load(tiny)


@pytest.fixture
def session(subject: Subject) -> Session:
    """A text, an edit that is switched off, another edit, another token, and a second text."""
    made = Session(subject)
    made.begin("the black cat")
    for _ in made.walk(3):
        pass
    made.edit(HIDDEN)
    made.edit(MUTED)
    made.switch_edit(0)
    made.name_branch(2, "hidden word")
    made.fold_branch(1)
    made.choose(made.moment.candidates[2].id)
    made.begin("a dog", edits=())
    for _ in made.walk(2):
        pass
    made.visit(4)
    return made


def told(session: Session) -> list[tuple[Any, ...]]:
    return [
        (each.branch, each.parent, each.text, each.name, each.folded, each.cause, each.ledger, each.line.ids)
        for each in session.standings
    ]


def test_every_line_comes_back_with_its_edits_and_its_place(subject: Subject, session: Session, tmp_path: Path) -> None:
    path = write_session(session, tmp_path / "mine.json")
    again = Session(subject)
    read_session(again, path)
    assert told(again) == told(session) and again.standing.branch == session.standing.branch
    assert again.edits == session.edits
    one, other = session.moment, again.moment
    assert torch.allclose(one.trace["logits"], other.trace["logits"], atol=1e-5)
    assert one.beside is not None and other.beside is not None
    assert [step.original and step.original.id for step in other.beside.steps] == [
        step.original and step.original.id for step in one.beside.steps
    ]
    for _ in range(3):  # and what was undoable is
        session.undo()
        again.undo()
        assert again.line.ids == session.line.ids and again.edits == session.edits
    assert write_session(again, tmp_path / "again.json").read_text() != ""


def test_a_file_of_an_earlier_version_still_opens(subject: Subject, session: Session, tmp_path: Path) -> None:
    """The first files had neither rules nor breakpoints, later ones not what was given up, or stood beside the line."""
    path = write_session(session, tmp_path / "mine.json")
    data = json.loads(path.read_text())
    first = {name: data[name] for name in ("format", "model", "here", "before")}
    lines = [{name: value for name, value in line.items() if name != "rules"} for line in data["lines"]]
    newer = {"stops", "given_up", "pinned", "beside", "other"}
    assert first["format"] == "glasshead session 1" and set(data) - set(first) == {"lines", *newer}
    for old in ({**first, "lines": lines}, {**first, "lines": data["lines"], "stops": data["stops"]}):
        path.write_text(json.dumps(old))
        again = Session(subject)
        assert read_session(again, path) is None
        assert told(again) == told(session) and again.standing.branch == session.standing.branch
        assert again.given_up == {} and not again.stops.entries and again.pinned is None


def test_what_stands_beside_the_line_comes_back(subject: Subject, session: Session, tiny: Path, tmp_path: Path) -> None:
    again, path = Session(subject), tmp_path / "mine.json"
    session.pinned = "decoder.1.cross", 3
    session.compare_with(5)
    assert read_session(again, write_session(session, path)) is None
    assert again.pinned == ("decoder.1.cross", 3) and again.moment.pinned == again.pinned and again.other == 5
    copy = tmp_path / "a run" / "step-00000007"
    shutil.copytree(tiny, copy)
    recording = session.save(tmp_path / "line.safetensors")
    for found, place in (
        (find("english-french"), "english-french"),
        (find(copy), str(copy)),
        (find(recording), str(recording)),
    ):
        session.stand_beside(open_guest(found, subject))
        once_more = Session(subject)
        assert read_session(once_more, write_session(session, path)) == place and once_more.other is None
        once_more.stand_beside(open_guest(find_beside(place), subject))
        one, other = session.moment.beside, once_more.moment.beside
        assert one is not None and other is not None and one.names == other.names
        assert [str(each.token and each.token.text) for each in one.steps] == [
            str(each.token and each.token.text) for each in other.steps
        ]
    session.stand_beside(None)
    session.pinned = None
    assert read_session(again, write_session(session, path)) is None
    assert again.pinned is None and again.other is None and again.guest is None


def test_values_taken_from_a_line_come_back_and_that_line_stays(subject: Subject, tmp_path: Path) -> None:
    session = Session(subject)
    session.begin("the black cat")
    for _ in session.walk(2):
        pass
    session.begin("a dog")
    session.edit("decoder.1.ffn.out = from line 1")
    with pytest.raises(GlassheadError, match="line 3 takes its values from this line"):
        session.delete_branch(1)
    again = Session(subject)
    read_session(again, write_session(session, tmp_path / "mine.json"))
    assert torch.equal(again.moment.trace["logits"], session.moment.trace["logits"])


def test_a_file_holds_no_number_of_the_model(session: Session, tmp_path: Path) -> None:
    data = json.loads(write_session(session, tmp_path / "mine.json").read_text())

    def floats(value: Any) -> bool:
        if isinstance(value, dict):
            return any(map(floats, value.values()))
        return any(map(floats, value)) if isinstance(value, list) else isinstance(value, float)

    assert not floats(data)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: "[]", "is no session of glasshead"),
        (lambda data: "{", "is no session of glasshead"),
        (lambda data: json.dumps({**data, "format": "glasshead session 99"}), "is no session of glasshead"),
        (lambda data: json.dumps({**data, "model": "another"}), "not with"),
        (lambda data: json.dumps({**data, "lines": []}), "damaged"),
        (lambda data: json.dumps({**data, "here": 77}), "no tree"),
        (lambda data: json.dumps({**data, "lines": data["lines"][:1] * 5000}), "has 5,000 lines"),
        (lambda data: json.dumps({**data, "before": [1]}), "damaged"),
        (lambda data: json.dumps({**data, "beside": 3}), "damaged"),
        (lambda data: json.dumps({**data, "other": "one"}), "damaged"),
        (lambda data: json.dumps({**data, "stops": [3]}), "something in it is missing or of another kind"),
        (lambda data: json.dumps({**data, "pinned": "decoder.9.cross[head=0]"}), "There is no layer 9"),
        (lambda data: json.dumps({**data, "pinned": 7}), "name an attention like"),
        (lambda data: json.dumps({**data, "lines": [{**data["lines"][1], "ids": [10**9]}]}), "There is no token"),
        (lambda data: json.dumps({**data, "lines": [{**data["lines"][0], "original": [10**9]}]}), "There is no token"),
        (
            lambda data: json.dumps({**data, "lines": [{**data["lines"][0], "edits": [{"edit": "?", "on": True}]}]}),
            "is not an edit",
        ),
    ],
)
def test_a_wrong_file_is_a_sentence_and_changes_nothing(
    subject: Subject, session: Session, tmp_path: Path, change: Any, said: str
) -> None:
    path = write_session(session, tmp_path / "mine.json")
    path.write_text(change(json.loads(path.read_text())))
    other = Session(subject)
    other.begin("the cat")
    before = other.moment
    with pytest.raises(GlassheadError, match=said) as error:
        read_session(other, path)
    assert other.moment is before and str(path) in str(error.value)


def test_a_missing_file_and_a_folder_are_sentences(subject: Subject, session: Session, tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(GlassheadError, match=r"cannot be read|plain file"):
            read_session(Session(subject), path)
    with pytest.raises(GlassheadError, match="cannot be written"):
        write_session(session, tmp_path / "no" / "mine.json")
