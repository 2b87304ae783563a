"""A recording in the place of its model: it goes along its line, and says what it cannot do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.core.adapters.huggingface.folders import save
from tests.core.adapters.torch_nn import test_wrong_masks as wrong_masks
from tests.core.adapters.torch_nn.test_wrong_masks import WRONG
from tests.core.recordings import KINDS, subject_of, walked
from tests.core.strangers import NAMES

import glasshead
from glasshead import GlassheadError, Sample, Stepper, Subject, checks
from glasshead.found import find, load
from glasshead.session.session import Session

TEXT = "abcadc"
ELSE = r"it shows the line that was recorded\. Open the model itself to "


@pytest.fixture(params=NAMES)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Stepper, Subject]:
    """A line, and its recording as a subject."""
    line = walked(request.param)
    return line, load(line.save(tmp_path / "line.safetensors"))


def test_a_recording_tells_what_it_is_of(pair: tuple[Stepper, Subject]) -> None:
    line, subject = pair
    assert subject.name == f"recording of {line.about.name}" and subject.first_sentence == TEXT
    assert subject.anatomy == line.rows.model.anatomy and subject.limit == line.rows.model.limits.text
    made, version = subject.recorded
    assert made.startswith("made 20") and made.endswith(" UTC") and version == f"v{glasshead.__version__}"
    assert subject.facts == (made, version, *subject.anatomy.facts)
    assert subject.card == {"examples": ["abcabd"]}
    assert subject.encode(TEXT) == (list(line.source) or line.tokens[: len(TEXT) + 1])


def test_what_needs_the_model_says_so(pair: tuple[Stepper, Subject]) -> None:
    line, subject = pair
    writes: list[Callable[[], Any]] = [
        lambda: subject.translate(TEXT, beam=3),
        lambda: subject.start(TEXT).full(),
    ]  # fmt: skip
    asks: list[Callable[[], Any]] = [
        *(writes if line.limit else []),
        lambda: subject.start("another text"),
        lambda: subject.encode("another text"),
        lambda: subject.translate("another text"),
        lambda: subject.translate("another text", beam=3),
        lambda: subject.translate(TEXT, pick=Sample(seed=1)),
        lambda: subject.start(TEXT, edit={"logits": torch.zeros_like}),
        lambda: subject.changed(scale=False),
        lambda: subject.native,
        lambda: subject.codecs,
    ]
    for ask in asks:
        with pytest.raises(GlassheadError, match=rf"This is a recording of {line.about.name}: {ELSE}"):
            ask()
    with pytest.raises(GlassheadError, match=r"No site of this model matches 'decoder\.0\.slef\.\*'"):
        subject.start(TEXT, keep="decoder.0.slef.*")


def test_the_line_goes_along_and_nowhere_else(pair: tuple[Stepper, Subject]) -> None:
    line, subject = pair
    again = subject.start(TEXT)
    if not line.limit:
        assert again.done and not again.cut and again.candidates() == [] and again.outlook.steps == 0
        return
    assert again.step() == line.tokens[len(line.tokens) - line.step_number]
    taken = again.expected()
    other = next(token.id for token in again.candidates(3) if token.id != taken)
    before = again.ids
    with pytest.raises(GlassheadError, match="another token was taken here"):
        again.choose(other)
    assert again.ids == before and again.choose(taken).id == taken
    for token in (-1, 29, 10**9):
        with pytest.raises(GlassheadError, match="There is no token"):
            again.choose(token)
    again.goto(99)
    assert again.tokens == line.tokens and again.done
    with pytest.raises(GlassheadError, match="it ends here"):
        again.step()
    other_line = again.branch()
    other_line.goto(1)
    assert again.step_number == line.step_number and other_line.step_number == 1
    assert subject.translate(TEXT) == line.text


def test_a_line_that_ended_ends_and_one_that_was_cut_is_cut(tmp_path: Path) -> None:
    line = walked("t5", 2)
    line.choose(28)
    ended = load(line.save(tmp_path / "ended.safetensors")).start(TEXT)
    ended.goto(99)
    assert ended.ended and ended.done and not ended.cut and ended.candidates() == []
    with pytest.raises(GlassheadError, match="there is no next step"):
        ended.step()
    full = walked("t5", 0)
    while not full.done:
        full.choose(5)
    limited = load(full.save(tmp_path / "limited.safetensors")).start(TEXT)
    limited.goto(99)
    assert limited.limit == full.limit == 24 and limited.done and not limited.cut and not limited.ended
    short = load(walked("t5", 0).save(tmp_path / "short.safetensors")).start(TEXT)
    assert short.done and short.cut and len(short.candidates(5)) == 5 and short.outlook.steps == 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_truth_says_what_was_measured_then(kind: str, tmp_path: Path) -> None:
    line = walked(kind)
    subject = load(line.save(tmp_path / "line.safetensors"))
    session, live = Session(subject), checks(line.outlook, *line.verify())
    session.begin(TEXT)
    list(session.walk(99))
    found = session.check()
    assert [(check.ok, check.value) for check in found] == [
        (check.ok, check.value) for check in live if kind != "bert" or not check.label.startswith("cached")
    ]
    if kind != "bert":
        assert found[-1].label == "cached = full (recorded)" and "when the recording was made" in found[-1].detail
        assert "when the recording was made" in found[1].detail
    frozen = Session(load(line.outlook.save(tmp_path / "trace.safetensors")))
    frozen.begin(TEXT)
    assert not any(check.label.startswith("cached") for check in frozen.check()), "a trace has measured nothing"
    if kind != "bert":
        with pytest.raises(GlassheadError, match="compare its steps with a pass"):
            frozen.line.verify()


def test_a_part_shows_its_part(tmp_path: Path) -> None:
    line = walked("the paper", keep=["decoder.*.cross.weights", "encoder.out"])
    subject = load(line.save(tmp_path / "line.safetensors"))
    again = subject.start(TEXT)
    again.goto(99)
    assert set(again.outlook.sites) == {"decoder.0.cross.weights", "decoder.1.cross.weights", "encoder.out"}
    assert again.candidates(9) == line.candidates(9) and again.entropy() == line.entropy()
    assert len(again.candidates(1000)) == 24
    with pytest.raises(GlassheadError, match="the logits were not recorded, only the most probable tokens"):
        again.probabilities()
    one = subject.start(TEXT, keep="decoder.0.*")
    one.goto(2)
    assert one.outlook.sites == ["decoder.0.cross.weights"] and one.rows.record.bytes < again.rows.record.bytes
    with pytest.raises(GlassheadError, match="nothing was captured"):
        assert subject.start(TEXT, keep=None).trace


def test_a_session_moves_and_remembers_what_was_changed(tmp_path: Path) -> None:
    session = Session(subject_of("the paper"))
    session.begin(TEXT)
    session.edit("*.scores = unscaled")
    list(session.walk(3))
    subject = load(session.save(tmp_path / "changed.safetensors"))
    assert subject.facts[0] == "*.scores = unscaled"
    again = Session(subject)
    again.begin(TEXT)
    list(again.walk(2))
    at = again.moment
    assert at.trace.recorded == "This is a recording of letters" and not at.cut and at.limit == 3
    with pytest.raises(GlassheadError, match="another token was taken"):
        again.choose(at.candidates[5].id)
    assert again.moment is at
    with pytest.raises(GlassheadError, match="nothing can be changed in it"):
        again.edit("*.scores = unscaled")
    with pytest.raises(GlassheadError, match=ELSE):
        again.begin("another")
    list(again.walk(99))
    assert again.moment.cut and again.moment.candidates and again.moment.step == 3
    again.rewind(1)
    again.choose(session.line.ids[2])
    assert again.moment.step == 2


@pytest.mark.parametrize("family", ["marian", "t5", "llama", "bert"])
def test_folders_of_hugging_face_are_recorded_too(family: str, tmp_path: Path) -> None:
    save(family, tmp_path / family)
    subject = load(tmp_path / family)
    text = "the black cat is sleeping"
    line = subject.start(text)
    line.goto(4)
    again = load(line.save(tmp_path / "line.safetensors")).start(text)
    again.goto(99)
    assert again.tokens == line.tokens and again.text == line.text and again.candidates(24) == line.candidates(24)
    for site in line.outlook.sites:
        assert torch.equal(again.outlook.captured(site), line.outlook.captured(site)), site
    assert [(c.ok, c.value) for c in checks(again.outlook)] == [(c.ok, c.value) for c in checks(line.outlook)]


def test_a_recording_opens_where_the_model_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder of the model, no transformers, and no code of any model that would run."""
    save("llama", tmp_path / "llama")
    line = load(tmp_path / "llama").start("the black cat")
    line.goto(2)
    path = line.save(tmp_path / "line.safetensors")

    def gone(*_: Any, **__: Any) -> Any:
        raise AssertionError("the model is not here")

    for name in ("transformers", "glasshead.adapters.huggingface.model", "glasshead.checkpoints.load"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    monkeypatch.setattr(torch.nn.Module, "__call__", gone)
    found = find(path)
    found.check()
    session = Session(found.open())
    session.begin(session.subject.first_sentence)
    list(session.walk(99))
    assert session.moment.text == "the black cat" and all(check.ok for check in session.check())


def test_what_an_encoder_would_fill_in_is_recorded(tmp_path: Path) -> None:
    save("bert", tmp_path / "bert")
    subject = load(tmp_path / "bert")
    for text, count in (("the [MASK] cat is [MASK]", 2), ("the black cat", 0)):
        line = subject.start(text)
        path = line.save(tmp_path / "line.safetensors", overwrite=True)
        again = load(path).start(text)
        assert again.fillings(24) == line.fillings(24) and len(line.fillings(24) or ()) == count
        assert again.fillings(3) == line.fillings(3)
    stranger = load(walked("t5").save(tmp_path / "t5.safetensors")).start(TEXT)
    assert stranger.fillings() is None


@pytest.mark.parametrize("name", ["gpt", *WRONG])
def test_a_module_of_torch_is_recorded_with_the_steps_that_last(name: str, tmp_path: Path) -> None:
    """Where a later token changes what earlier ones had, the recording is that one step, and claims no others."""
    right = lambda length: wrong_masks.ones(length).triu(1)  # noqa: E731
    subject = wrong_masks.subject(WRONG.get(name, right))
    session, _ = wrong_masks.stepped(subject)
    line = session.line
    again = load(session.save(tmp_path / "line.safetensors")).start(subject.first_sentence)
    lasts = subject.anatomy.lasting
    assert lasts == (name == "gpt") and again.limit == (line.step_number if lasts else 0)
    again.goto(99)
    assert again.ids == line.ids and again.text == line.text and again.candidates(24) == line.candidates(24)
    assert again.outlook.sites == line.outlook.sites
    for site in line.outlook.sites:
        assert torch.equal(again.outlook[site].nan_to_num(7), line.outlook[site].nan_to_num(7)), site
    assert [(c.label, c.ok, c.value) for c in checks(again.outlook)] == [
        (c.label, c.ok, c.value) for c in checks(line.outlook)
    ]
