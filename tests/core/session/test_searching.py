"""A beam search in a session: each finished line is a branch, and what was given up lost a comparison that holds."""

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.core.helpers import restless, subject
from tests.core.recordings import subject_of

from glasshead import GlassheadError, beam_search
from glasshead.adapters.native import Native
from glasshead.decoding.beam import Pruned
from glasshead.errors import StoppedError
from glasshead.session.file import read_session, write_session
from glasshead.session.references import edit_subject
from glasshead.session.searching import search
from glasshead.session.session import Session


def walk(session: Session, steps: int) -> None:
    for _ in session.walk(steps):
        pass


@pytest.mark.parametrize("kind", ["the paper", "gpt"])
def test_each_finished_line_is_a_branch_with_its_score(kind: str) -> None:
    session = Session(subject_of(kind))
    session.begin("abcadc")
    walk(session, 2)
    start, step = session.line.ids, session.line.step_number
    found, given_up = search(session, 3)
    model = session.subject.model
    source = session.line.prompt.source
    wanted = beam_search(model, source, start=start, width=3)
    branches = [each for each in session.standings if each.parent == 1]
    assert found == len(wanted) == len(branches) and session.standing.branch == branches[0].branch
    assert len(session.given_up[1]) == given_up == len(session.branches[0].given_up)
    for rank, (branch, best) in enumerate(zip(branches, wanted, strict=True), 1):
        line = branch.line
        assert tuple(line.ids[len(start) :]) == (*best.ids, *(() if best.end is None else (best.end,))) and line.done
        logits = line.full().double()
        first = len(start) - 1
        terms = torch.log_softmax(logits[first:], -1)
        total = sum(float(row[token]) for row, token in zip(terms, line.ids[first + 1 :], strict=False))
        score = total / ((5 + len(line.ids) - len(start)) / 6) ** 0.6
        assert score == pytest.approx(best.score, abs=1e-4)
        assert branch.cause == f"beam 3: {rank} of {found}, score {best.score:.4g}".replace("-", "−")
        assert branch.fork == step
    assert [each.score for each in wanted] == sorted((each.score for each in wanted), reverse=True)
    session.undo()
    assert session.line.ids == start


def test_a_session_file_keeps_what_was_given_up(tmp_path: Path) -> None:
    subject = restless(10)
    session = Session(subject)
    session.begin("abc")
    walk(session, 1)
    search(session, 3)
    assert session.given_up[1]
    again = Session(subject)
    again.begin("zebra")
    again.give_up(1, [])
    path = write_session(session, tmp_path / "mine.json")
    read_session(again, path)
    assert again.given_up == session.given_up and again.branches[0].given_up == session.branches[0].given_up
    told = json.loads(path.read_text())
    for wrong in (
        [{"branch": 1}],
        [{"branch": 1, "text": "a", "step": "1", "why": "b"}],
        [1],
        7,
        [{**told, "text": 1}],
    ):
        path.write_text(json.dumps({**told, "given_up": wrong}))
        with pytest.raises(GlassheadError, match="is damaged"):
            read_session(Session(subject), path)
    path.write_text(json.dumps({**told, "given_up": [{"branch": 99, "text": "a", "step": 1, "why": "b"}]}))
    read_session(again, path)
    assert again.given_up == {}, "of a line that is not there"


def test_what_is_given_up_has_lost_the_comparison_that_is_told() -> None:
    made = subject(vocab_size=9, share_embeddings=False)
    model = made.native
    given_up: list[Pruned] = []
    found = beam_search(Native(model), (3, 4, 2), width=3, limit=8, pruned=given_up.append)
    assert {each.reason for each in given_up} >= {"crowded out"} and all(each.value <= each.bound for each in given_up)
    kept = {each.ids for each in found}

    def log_p(ids: tuple[int, ...]) -> tuple[float, Any]:
        """log P of a line, and of every next token."""
        rows = torch.log_softmax(model(torch.tensor([[3, 4, 2]]), torch.tensor([[1, *ids]]))[0].double(), -1)
        return sum(float(rows[at, token]) for at, token in enumerate(ids)), rows[-1]

    for each in given_up:
        total, after = log_p(each.ids)
        if each.reason == "crowded out":
            assert not any(ids[: len(each.ids)] == each.ids for ids in kept), "none of its continuations is found"
            if math.isfinite(each.value):
                assert each.value == pytest.approx(total + float(after.max()), abs=1e-4)
            else:
                assert total + float(after.max()) <= each.bound + 1e-4
        if each.reason == "overtaken":
            reach = total / ((5 + 8) / 6) ** 0.6
            assert each.value == pytest.approx(reach, abs=1e-4) and each.bound == pytest.approx(found[-1].score)
        if each.reason == "outscored":
            assert each.ids not in kept and each.bound <= found[0].score
    lengths = [len(each.ids) for each in given_up if each.reason == "crowded out"]
    assert all(one <= other for one, other in pairwise(lengths)), "in the order of the steps"


def test_the_search_is_that_of_the_edited_model_and_can_be_stopped() -> None:
    edit = "decoder.1.ffn = skipped"
    plain = restless(10)
    session = Session(plain)
    session.begin("abc")
    session.edit(edit)
    search(session, 2)
    edited = edit_subject(plain, [edit])
    wanted = beam_search(edited.model, session.line.prompt.source, start=(1,), width=2)
    assert tuple(session.line.ids[1:]) == wanted[0].ids and session.moment.beside is not None
    assert all(check.ok or check.meant for check in session.check())
    before = len(session.standings)
    with pytest.raises(GlassheadError, match="The line is done"):
        search(session, 2)
    session.rewind(1)
    with pytest.raises(StoppedError):
        search(session, 2, stop=lambda: True)
    assert len(session.standings) == before
