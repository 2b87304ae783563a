"""What each edit does by itself is what fresh decodes under it alone, and under all the others, say."""

from itertools import zip_longest
from math import log2

import pytest
from tests.core.helpers import restless
from torch import Tensor

from glasshead.decoding.stepper import Stepper
from glasshead.errors import StoppedError
from glasshead.session.own_effects import Gap
from glasshead.session.references import changes_of
from glasshead.session.session import Session
from glasshead.subjects import Subject

TEXT, STEPS = "abcadc", 6
EDITS = (
    "decoder.1.ffn = skipped",
    "decoder.0.self.heads[head=1, query=2-] *= 4",
    "encoder.1.self.heads[head=0] *= 5",
    "decoder.0.self.masked = revealed",
)


Choice = tuple[list[int], int]
"""A token that a person chose, and the tokens before it."""


def decoded(subject: Subject, edits: tuple[str, ...], steps: int, choice: Choice) -> list[int]:
    """Tokens of a fresh decode, in which the choice was made again where it could be."""
    line = subject.start(TEXT, edit=changes_of(subject, edits), keep=None)
    for _ in range(steps):
        line.choose(choice[1] if line.ids == choice[0] else line.expected())
    return line.ids


def along(subject: Subject, edits: tuple[str, ...], ids: list[int]) -> list[Tensor]:
    """Probabilities after each of these tokens, step by step."""
    line: Stepper = subject.start(TEXT, edit=changes_of(subject, edits), keep=None)
    found = [line.probabilities().double()]
    for token in ids[len(line.ids) :]:
        line.choose(token)
        found.append(line.probabilities().double())
    return found


def expected(subject: Subject, usual: tuple[str, ...], edits: tuple[str, ...], line: Stepper, choice: Choice) -> Gap:
    one, other = (decoded(subject, each, line.step_number, choice) for each in (usual, edits))
    pairs = zip(*(along(subject, each, line.ids) for each in (usual, edits)), strict=True)
    bits = [sum(float(a) * log2(float(a) / float(b)) for a, b in zip(p, q, strict=True)) for p, q in pairs]
    return Gap(sum(a != b for a, b in zip_longest(one, other)), sum(bits) / len(bits), bits[-1])


def same(found: Gap | None, wanted: Gap) -> bool:
    assert found is not None
    bits = (found.bits, found.next_bits), (wanted.bits, wanted.next_bits)
    return found.tokens == wanted.tokens and all(
        a == pytest.approx(b, rel=1e-3, abs=1e-5) for a, b in zip(*bits, strict=True)
    )


def test_each_edit_is_told_alone_and_left_out() -> None:
    subject, session, told = restless(10), Session(restless(10)), []
    session.begin(TEXT)
    for _ in session.walk(2):
        pass
    token = session.moment.candidates[3].id
    choice = session.line.ids, token
    session.choose(token)
    for _ in session.walk(STEPS - 3):
        pass
    session.edit(*EDITS)
    before = session.moment
    found = session.measure_edits(progress=lambda done, of: told.append((done, of)))
    assert session.moment.own_effects == found and session.moment.trace is before.trace, "and nothing moves"
    assert told == [(done, 10) for done in range(10)], "the line, that without edits, and two for each"
    tokens = 0
    for number, (each, edit) in enumerate(zip(found, EDITS, strict=True)):
        assert str(each.edit) == edit and not each.why
        others = (*EDITS[:number], *EDITS[number + 1 :])
        assert same(each.alone, expected(subject, (), (edit,), session.line, choice)), edit
        assert same(each.added, expected(subject, others, EDITS, session.line, choice)), edit
        assert same(each.together, expected(subject, (), EDITS, session.line, choice))
        tokens += each.alone.tokens if each.alone else 0
    assert tokens, "one of them changes a token"
    session.switch_edit(1)
    assert session.moment.own_effects == () and len(session.measure_edits()) == 3
    with pytest.raises(StoppedError):
        session.measure_edits(stop=lambda: True)
    for number in (0, 2, 3):
        session.switch_edit(number)
    assert session.measure_edits() == ()


def test_one_edit_alone_is_all_together() -> None:
    session = Session(restless(10))
    session.begin(TEXT)
    for _ in session.walk(STEPS):
        pass
    session.edit(EDITS[1])
    effect = session.moment.effect
    assert effect is not None
    (found,) = session.measure_edits()
    assert found.alone == found.added and found.alone is not None
    assert found.alone.next_bits == effect.next_divergence
    assert found.alone.tokens == sum(step.differs for step in effect.steps)
    bits = [step.divergence or 0.0 for step in effect.steps] + [effect.next_divergence or 0.0]
    assert found.alone.bits == pytest.approx(sum(bits) / len(bits), rel=1e-9)


def test_an_edit_that_does_not_fit_without_another_says_so() -> None:
    session = Session(restless(10))
    session.begin(TEXT)
    hide, weigh = "decoder.0.cross.masked[key=1] = hidden", "decoder.0.cross.weights[key=0-1] = 0.6 renormalised"
    session.edit(hide, weigh)
    one, other = session.measure_edits()
    assert one.alone is not None and one.added is None and "more than all of the weight" in one.why
    assert other.alone is None and other.added is not None and other.why == one.why
