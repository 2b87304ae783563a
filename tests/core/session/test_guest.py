"""Another model beside the line: its numbers are those of its own decode, and what is subtracted has the same shape."""

from collections.abc import Sequence
from math import log2
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.core.helpers import Letters, restless
from tests.core.recordings import subject_of, walked

from glasshead import GlassheadError, Stepper, Subject, Vocabulary
from glasshead.found import load
from glasshead.session.guest import FOLLOWS, OWN, Guest, OtherModel, have_same_tokens
from glasshead.session.references import edit_subject
from glasshead.session.session import Session

TEXT = "abcadc"


def session_of(subject: Subject, steps: int = 3, text: str = TEXT) -> Session:
    session = Session(subject)
    session.begin(text)
    for _ in session.walk(steps):
        pass
    return session


def beside_of(session: Session) -> OtherModel:
    found = session.moment.beside
    assert isinstance(found, OtherModel), session.moment.alone
    return found


def along(subject: Subject, ids: list[int], text: str = TEXT) -> Stepper:
    """A line of a subject at these tokens, by its own steps."""
    line = subject.start(text)
    for token in ids[len(line.ids) :]:
        line.choose(token)
    return line


@pytest.mark.parametrize("kind", ["the paper", "gpt", "bert", "t5"])
def test_a_model_with_the_same_tokens_is_given_those_of_the_line(kind: str) -> None:
    subject = subject_of(kind)
    stack = "encoder" if kind == "bert" else "decoder"
    other = restless(8) if kind == "the paper" else edit_subject(subject, [f"{stack}.0.self = skipped"])
    session = session_of(subject)
    session.stand_beside(Guest.of(other, "other"))
    beside = beside_of(session)
    line, wanted = session.line, along(other, session.line.ids)
    assert (beside.how, beside.names) == (FOLLOWS, ("this model", "other")) and beside.stands is None
    assert beside.edited is line.outlook
    differ = [site for site in line.outlook.sites if not torch.equal(line.outlook[site], wanted.outlook[site])]
    assert differ, "two models are not the same"
    for site in line.outlook.sites:
        assert torch.equal(beside.trace[site], wanted.outlook[site]), site
        beside.check(site)
    assert beside.candidates == tuple(wanted.candidates(len(beside.candidates)))
    if not line.ids:
        return
    own = other.start(TEXT)
    own.goto(line.step_number)
    assert [step.original and step.original.id for step in beside.steps if step.original] == [
        token.id for token in own.produced
    ]
    p, q = (each.probabilities().double().tolist() for each in (wanted, line))
    bits = sum(a * log2(a / b) for a, b in zip(p, q, strict=True) if a > 0)
    assert beside.next_divergence == pytest.approx(bits, abs=1e-5)
    for at, step in enumerate(beside.steps[: line.step_number]):
        before = along(other, line.ids[: len(line.ids) - line.step_number + at])
        assert step.token is not None
        assert step.unedited == pytest.approx(float(before.probabilities()[step.token.id]), abs=1e-6)


def test_it_follows_steps_back_other_tokens_edits_and_other_texts() -> None:
    other = restless(8)
    session = session_of(restless(3), 4)
    session.stand_beside(Guest.of(other))

    def same(text: str = TEXT) -> bool:
        beside, wanted = beside_of(session), along(other, session.line.ids, text)
        return torch.equal(beside.trace["logits"], wanted.outlook["logits"]) and beside.how == FOLLOWS

    assert same()
    session.rewind(2)
    assert same()
    session.choose(session.moment.candidates[2].id)
    assert same()
    session.edit("decoder.1.cross.heads[head=1] = 0")
    assert same() and session.moment.effect is not None
    session.begin("ab")
    for _ in session.walk(2):
        assert same("ab")
    session.undo()
    assert same()
    session.stand_beside(other)
    assert beside_of(session).names == ("this model", other.name)
    session.stand_beside(None)
    assert session.moment.beside is session.moment.effect


@pytest.mark.parametrize(
    ("options", "site", "said"),
    [
        ({"decoder_layers": 1}, "decoder.1.cross.weights", "other has no decoder.1.cross.weights"),
        ({"heads": 2}, "decoder.0.cross.weights", "4 × 4 × 7 numbers in this model, 2 × 4 × 7 in other"),
        ({"d_model": 32}, "decoder.0.cross.q", "other is built otherwise, d 32"),
        ({"decoder_layers": 1}, "decoder.0.cross.q", "other is built otherwise, d 16"),
    ],
)
def test_what_only_one_has_or_has_another_shape_has_no_difference_and_it_is_said_why(
    options: dict[str, Any], site: str, said: str
) -> None:
    session = session_of(restless(3))
    session.stand_beside(Guest.of(restless(8, **options), "other"))
    beside = beside_of(session)
    with pytest.raises(GlassheadError, match=said.replace(".", r"\.")):
        beside.check(site)
    beside.check("logits")
    beside.check("encoder.1.self.weights" if "heads" not in options else "logits")
    assert beside.how == FOLLOWS and beside.next_divergence is not None


class Capitals(Letters):
    """A vocabulary of as many tokens that are others."""

    def decode(self, numbers: Sequence[int]) -> str:
        return super().decode(numbers).upper()


@pytest.mark.parametrize("kind", ["other tokens", "another start", "another size"])
def test_a_model_with_other_tokens_writes_its_own_target(kind: str) -> None:
    session = session_of(restless(3))
    other = restless(8, vocab_size=31) if kind == "another size" else restless(8)
    if kind == "other tokens":
        capitals: Any = Capitals()
        other = Subject("capitals", other.model, Vocabulary.shared(capitals))
    if kind == "another start":
        other = subject_of("t5")
    session.stand_beside(Guest.of(other, "other"))
    beside, wanted = beside_of(session), other.start(TEXT)
    wanted.goto(3)
    assert beside.how == OWN and beside.stands is not None
    assert [token.id for token in session.moment.original.tokens] == wanted.ids
    assert torch.equal(beside.trace["logits"], wanted.until(beside.trace.steps)["logits"])
    same = have_same_tokens(session.subject.vocabulary.target, other.vocabulary.target)
    assert same == (kind == "another start") == (beside.next_divergence is not None)
    if not same:
        with pytest.raises(GlassheadError, match="other has other tokens"):
            beside.check("logits")


def test_a_recording_stands_beside_with_what_it_holds(tmp_path: Path) -> None:
    line = walked("the paper")
    recorded = load(line.save(tmp_path / "line.safetensors"))
    session = session_of(restless(8), 2)
    session.stand_beside(Guest.of(recorded))
    beside = beside_of(session)
    assert beside.how == OWN
    assert torch.equal(
        beside.trace["decoder.1.cross.weights"], line.until(beside.trace.steps)["decoder.1.cross.weights"]
    )
    session.begin("dd")
    assert session.moment.beside is None
    assert "does not stand beside this line" in session.moment.alone and "another text" in session.moment.alone
    session.undo()
    assert session.moment.beside is not None and not session.moment.alone


def test_a_model_beside_a_recording(tmp_path: Path) -> None:
    line = walked("the paper")
    session = Session(load(line.save(tmp_path / "line.safetensors")))
    session.begin(TEXT)
    for _ in session.walk(3):
        pass
    other = restless(8)
    session.stand_beside(Guest.of(other))
    beside = beside_of(session)
    wanted = along(other, session.line.ids)
    assert beside.how == FOLLOWS
    for site in ("decoder.1.cross.weights", "logits"):
        assert torch.equal(beside.trace[site], wanted.outlook[site])
