"""References: values of other decodes, against those decodes themselves, and how often they are run."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.core.helpers import restless

import glasshead
from glasshead.edits.edit import Origin
from glasshead.errors import GlassheadError
from glasshead.session.references import References, changes_of, edit_subject
from glasshead.session.session import Session
from glasshead.subjects import Subject

SITES = (
    "decoder.1.cross.heads",
    "encoder.0.self.scores",
    "decoder.0.self.norm.var",
    "decoder.0.self.masked",
    "encoder.out",
)


@pytest.fixture(scope="module")
def subject(tiny: Path) -> Subject:
    return glasshead.load(tiny)


def decoded(subject: Subject, text: str) -> Any:
    line = subject.start(text)
    while not line.done:
        line.step()
    return line


@pytest.mark.parametrize("site", SITES)
def test_the_values_of_a_text_are_those_of_its_own_decode(subject: Subject, site: str) -> None:
    found = References(subject)(Origin("a dog"), site)
    expected = decoded(subject, "a dog").trace[site]
    assert found.shape == expected.shape
    assert torch.allclose(found.nan_to_num(neginf=0.0), expected.nan_to_num(neginf=0.0), atol=1e-5)


def test_a_recording_and_another_model_are_read_from_where_they_lie(
    subject: Subject, tiny: Path, tmp_path: Path
) -> None:
    line = decoded(subject, "the red house")
    path = line.save(tmp_path / "line.safetensors")
    references, site = References(subject), SITES[0]
    assert torch.equal(references(Origin(path=str(path)), site), line.trace[site])
    other = references(Origin("the red house", model=str(tiny)), site)
    assert torch.allclose(other, line.trace[site], atol=1e-5)


def test_a_decode_is_run_once_for_all_its_sites(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []
    start = Subject.start

    def counting(self: Subject, text: str, **more: Any) -> Any:
        begun.append(text)
        return start(self, text, **more)

    monkeypatch.setattr(Subject, "start", counting)
    session = Session(subject)
    session.begin("the black cat")
    session.edit('decoder.*.cross.heads = mean of "a dog"')
    session.edit('decoder.0.ffn.out += 2 * ("a dog" - "the red house")')
    assert begun == ["the black cat", "a dog", "the red house"]


def test_the_mean_of_the_line_itself_does_not_depend_on_the_step() -> None:
    subject = restless(10)
    early, late = Session(subject), Session(subject)
    for session, steps in ((early, 0), (late, 6)):
        session.begin("zebra")
        for _ in session.walk(steps):
            pass
        session.edit("decoder.1.cross.heads[head=1] = mean", "decoder.0.ffn.norm.mean = at 4")
    for _ in early.walk(6):
        pass
    assert early.line.ids == late.line.ids and torch.equal(early.line.probabilities(), late.line.probabilities())
    line = subject.start("zebra", edit=changes_of(subject, map(str, early.edits.active), "zebra"))
    line.goto(6)
    assert line.ids == early.line.ids and torch.allclose(line.probabilities(), early.line.probabilities(), atol=1e-6)
    early.begin("abc")
    assert early.moment.changed, "a new text is decoded under them too"


def test_a_line_of_the_session_gives_its_values_as_far_as_it_is(subject: Subject) -> None:
    session = Session(subject)
    session.begin("a dog")
    for _ in session.walk(3):
        pass
    expected = session.line.outlook["decoder.1.cross.heads"]
    session.begin("the black cat")
    session.edit("decoder.1.cross.heads = from line 1")
    for _ in session.walk(5):
        pass
    found = session.moment.trace["decoder.1.cross.heads"]
    assert torch.equal(found[:, :4], expected) and not torch.equal(found[:, 4:], expected[:, :2])


def test_a_subject_under_edits_decodes_beams_and_lines_alike() -> None:
    subject = restless(10)
    text = "decoder.1.ffn = skipped"
    edited = edit_subject(subject, [text])
    line = subject.start("zebra", edit=changes_of(subject, [text]))
    while not line.done:
        line.step()
    assert edited.translate("zebra") == line.text != subject.translate("zebra")
    assert edited.translate("zebra", beam=3) != subject.translate("zebra", beam=3)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("decoder.0.ffn.out = mean", "say of which"),
        ("decoder.0.ffn.out = from line 3", "lines have numbers in the explorer only"),
        ('decoder.0.ffn.out = from file "nowhere.safetensors"', "nowhere"),
        ('decoder.0.ffn.out = from "a dog" by "no-such-model"', "no-such-model"),
        ('decoder.0.ffn.out = from ""', "no text"),
    ],
)
def test_a_decode_that_is_not_there_is_refused_in_a_sentence(subject: Subject, text: str, told: str) -> None:
    with pytest.raises(GlassheadError, match=told):
        changes_of(subject, [text])


def test_a_line_that_is_not_there_is_refused_and_moves_nothing(subject: Subject) -> None:
    session = Session(subject)
    session.begin("a dog")
    with pytest.raises(GlassheadError, match="There is no line 7"):
        session.edit("decoder.0.ffn.out = from line 7")
    assert not session.moment.undoable
