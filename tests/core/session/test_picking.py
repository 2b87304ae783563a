"""Sampling in a session: what is shown of the next token, lines that come again, and the rule in a file."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.core.helpers import restless
from tests.core.recordings import subject_of, walked

from glasshead import GlassheadError, Sample, greedy
from glasshead.decoding.pick import Forced, list_rules, rule_at, turn
from glasshead.found import load
from glasshead.session.drawing import draw_again
from glasshead.session.file import read_session, write_session
from glasshead.session.picking import as_data, from_data
from glasshead.session.session import Session

RULE = Sample(temperature=0.7, top_k=5, top_p=0.9, seed=3)


def walk(session: Session, steps: int) -> None:
    for _ in session.walk(steps):
        pass


@pytest.mark.parametrize("kind", ["the paper", "gpt", "t5"])
def test_the_next_token_is_shown_as_the_model_has_it_and_as_it_is_drawn(kind: str) -> None:
    session = Session(subject_of(kind))
    session.begin("abcadc")
    walk(session, 2)
    assert session.moment.weighed is None, "greedy draws nothing"
    own = session.moment.candidates
    logits = session.line.rows.through(session.line.ids).double()
    session.pick(RULE)
    moment = session.moment
    found = moment.weighed
    assert found is not None and moment.candidates == own, "the model's own numbers stay"
    # by hand: e^(x / T), best first, at most 5, and no more once they reach 0.9 of the whole
    heat = (logits / 0.7).tolist()
    total = math.fsum(math.exp(each - max(heat)) for each in heat)
    kept: dict[int, float] = {}
    for token in sorted(range(len(heat)), key=lambda at: -heat[at])[:5]:
        if sum(kept.values()) >= 0.9:
            break
        kept[token] = math.exp(heat[token] - max(heat)) / total
    share = sum(kept.values())
    wanted = [kept.get(token.id, 0.0) / share for token in own]
    assert found.adjusted == pytest.approx(wanted, abs=1e-6) and found.left == len(kept) and found.cuts
    assert found.adjusted_entropy == pytest.approx(-sum(p / share * math.log2(p / share) for p in kept.values()))
    assert found.entropy == moment.entropy and found.drawn.id in kept
    walk(session, 1)
    assert session.line.ids[-1] == found.drawn.id


def test_the_same_seed_brings_the_same_line_and_going_back_changes_nothing() -> None:
    session = Session(restless(10))
    session.begin("abc")
    walk(session, 2)
    first = session.line.ids
    session.pick(Sample(temperature=2.0, seed=5))
    assert [each.cause for each in session.branches] == ["abc", "sample T 2 seed 5"]
    walk(session, 6)
    drawn = session.line.ids
    session.rewind(4)
    walk(session, 4)
    assert session.line.ids == drawn and drawn[: len(first)] == first
    again = Session(restless(10))
    again.begin("abc")
    walk(again, 2)
    again.pick(Sample(temperature=2.0, seed=5))
    walk(again, 6)
    assert again.line.ids == drawn
    steps = draw_again(session)
    assert steps == 6 and session.line.ids == first and session.line.rule == Sample(temperature=2.0, seed=6)
    walk(session, steps)
    assert session.line.ids != drawn
    assert [each.parent for each in session.branches] == [None, 1, 1], "draws stand beside each other"
    session.undo()
    assert session.line.ids == drawn
    session.undo()
    assert session.line.rule == greedy and session.line.ids == first


def test_an_edited_line_and_its_original_are_drawn_alike() -> None:
    session = Session(restless(10))
    session.begin("abc")
    walk(session, 1)
    session.edit("decoder.1.cross.heads[head=3] *= 1")  # changes nothing
    session.pick(Sample(temperature=3.0, seed=2))
    walk(session, 6)
    beside = session.moment.beside
    assert beside is not None and beside.first is None and len(beside.steps) == 7


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    session = Session(restless(10))
    session.begin("abc")
    with pytest.raises(GlassheadError, match="Choose sampling first"):
        draw_again(session)
    walk(session, 99)
    with pytest.raises(GlassheadError, match="The line is done"):
        session.pick(RULE)
    recording = Session(load(walked("the paper").save(tmp_path / "line.safetensors")))
    recording.begin("abcadc")
    with pytest.raises(GlassheadError, match="Open the model itself"):
        recording.pick(RULE)


def test_a_pick_is_turned_on_its_way() -> None:
    forced = Forced((4, 5))
    pick = turn(turn(forced, 2, RULE), 5, greedy)
    assert list_rules(pick) == ((0, forced), (2, RULE), (5, greedy))
    assert [rule_at(pick, at) for at in (0, 1, 2, 4, 5, 9)] == [forced, forced, RULE, RULE, greedy, greedy]
    assert turn(pick, 2, greedy) == turn(forced, 2, greedy) and turn(pick, 0, RULE) == RULE
    assert turn(pick, 7, greedy) == pick


def test_a_session_file_keeps_the_rules_and_the_breakpoints(tmp_path: Path) -> None:
    subject = restless(10)
    session = Session(subject)
    session.begin("abc")
    walk(session, 1)
    session.pick(RULE)
    walk(session, 3)
    for stop in ("entropy > 2", "1.cross.3 looks at a > 0.25"):
        session.add_stop(stop)
    session.switch_stop(0)
    path = write_session(session, tmp_path / "mine.json")
    again = Session(subject)
    read_session(again, path)
    assert again.line.pick == session.line.pick and again.stops == session.stops and again.line.ids == session.line.ids
    walk(session, 2)
    walk(again, 2)
    assert again.line.ids == session.line.ids
    assert from_data(as_data(session.line.pick), 29) == session.line.pick
    wrongs: list[Any] = [
        [{"from": -1}], [{"from": 0, "heat": 1}], [{"from": 0, "temperature": "x"}], ["x"], [{"from": 0, "follows": 3}],
        [{"from": 0, "follows": []}], [{"from": 0, "follows": [4, 29]}], [{"from": 0, "follows": ["a"]}],
        [{"from": 0, "follows": [4], "seed": 1}],
    ]  # fmt: skip
    for wrong in wrongs:
        with pytest.raises(GlassheadError, match="no rule of picking"):
            from_data(wrong, 29)
    with pytest.raises(GlassheadError, match="temperature is 0"):
        from_data([{"from": 0, "temperature": 0}], 29)


def test_a_session_file_keeps_the_text_that_a_line_follows(tmp_path: Path) -> None:
    subject = restless(10)
    session = Session(subject)
    session.begin("zebra", forced="tulips")
    walk(session, 2)
    session.edit("decoder.0.self.heads *= 4")
    session.choose(5)  # the edited line leaves the text here, and the original with it
    walk(session, 1)
    session.visit(1)
    path = write_session(session, tmp_path / "mine.json")
    again = Session(subject)
    read_session(again, path)
    for branch in (1, 2, 3):
        lines = []
        for each in (session, again):
            each.visit(branch)
            walk(each, 9)
            lines.append((each.line.ids, each.moment.beside and [step.original for step in each.moment.beside.steps]))
        assert lines[0] == lines[1]
        assert (again.line.text[:6] == "tulips") == (branch < 3) and again.line.ids[1:3] == session.line.ids[1:3]
    again.visit(1)
    again.rewind(3)
    given = again.moment.given
    assert given is not None and given.text == "i"


def test_what_was_given_before_a_line_left_it_stays_given_under_edits() -> None:
    session = Session(restless(10))
    session.begin("zebra", forced="tulips")
    walk(session, 2)
    token = session.moment.candidates[0].id
    assert session.moment.given is not None and session.moment.given.id != token
    session.choose(token)
    assert session.moment.given is None and list_rules(session.line.pick)[-1] == (2, greedy)
    ids = session.line.ids
    for edit in ("decoder.0.self.heads *= 4", "decoder.1.ffn.out *= -3", "encoder.*.self.out *= -2"):
        session.edit(edit)
        assert session.line.ids[:3] == ids[:3], "t and u"


def test_a_temperature_near_zero_picks_what_greedy_picks() -> None:
    subject = restless(10)
    one, other = subject.start("abc"), subject.start("abc", pick=Sample(temperature=1e-9))
    one.goto(8)
    other.goto(8)
    assert one.ids == other.ids
    logits = one.rows.logits(3)[2]
    assert torch.equal(Sample(top_k=10**9).probabilities(logits), Sample().probabilities(logits))
    assert torch.equal(Sample(top_p=1.0).probabilities(logits), Sample().probabilities(logits))
    even = Sample(top_k=2).probabilities(torch.zeros(4))
    assert even.tolist() == [0.5, 0.5, 0.0, 0.0], "of equals the first ones stay"
