"""The tree of lines: where each left its parent, what it lost there, and where it looks elsewhere."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.core.helpers import restless

from glasshead.decoding.stepper import Stepper
from glasshead.errors import GlassheadError
from glasshead.session import tree
from glasshead.session.file import read_session, write_session
from glasshead.session.session import Session
from glasshead.session.standing import Standing
from glasshead.session.stops import parse_stop

SUBJECT = restless(10)
EDIT = "decoder.0.cross.heads[head=1] *= 5"


@pytest.fixture
def session() -> Session:
    """A text with a branch by a token at step 2, an edit of that, and another text."""
    session = Session(SUBJECT)
    session.begin("zebra")
    for _ in session.walk(2):
        pass
    session.choose(session.moment.candidates[3].id)
    for _ in session.walk(2):
        pass
    session.edit(EDIT)
    for _ in session.walk(2):
        pass
    session.begin("abc", edits=[])
    return session


def test_every_line_stands_after_its_parent(session: Session) -> None:
    found = session.branches
    assert [(each.number, each.parent, each.depth) for each in found] == [
        (1, None, 0), (2, 1, 1), (3, 2, 2), (4, None, 0),
    ]  # fmt: skip
    assert [each.here for each in found] == [False, False, False, True]
    assert found[0].cause == "zebra" and found[2].cause == EDIT and found[1].fork == 2
    assert (found[0].lost, found[0].divergence, found[0].after, found[0].differs) == (None,) * 4


def test_a_token_loses_the_bits_between_it_and_the_best(session: Session) -> None:
    line = SUBJECT.start("zebra")
    line.goto(2)
    chances = line.probabilities().double()
    branch = session.branches[1]
    assert branch.lost == pytest.approx(math.log2(chances.sort().values[-4] / chances.max()), abs=1e-4)
    assert branch.divergence == 0


def test_a_token_makes_the_line_look_elsewhere_than_the_parent_would_have(session: Session) -> None:
    other, line = SUBJECT.start("zebra"), session._lines[2].line
    other.goto(3)
    assert session._lines[1].line.step_number == 2, "the parent was left where it stood"
    branch = session.branches[1]
    found = branch.differs
    one, two = (torch.log_softmax(each.rows.through(each.ids[:4]).double(), -1) for each in (other, line))
    assert branch.after == pytest.approx(float((one.exp() * (one - two)).sum()) / math.log(2), abs=1e-4)
    assert branch.after and branch.divergence == 0
    assert found is not None and found.token == line.source[found.key]
    sites = [f"decoder.{layer}.cross.weights" for layer in range(2)]
    differences = torch.stack([(other.outlook[site][:, 3] - line.outlook[site][:, 3]).abs() for site in sites])
    assert found.apart == pytest.approx(float(differences.max()), abs=1e-6)
    assert float(differences[int(found.prefix.split(".")[1]), found.head, found.key]) == pytest.approx(found.apart)


def test_an_edit_diverges_at_the_fork_and_looks_elsewhere_after_it(session: Session) -> None:
    branch, parent, line = session.branches[2], session.standings[1].line, session.standings[2].line
    row = branch.fork
    one, other = (torch.log_softmax(each.rows.logits(row + 1)[row].double(), -1) for each in (parent, line))
    assert branch.divergence == pytest.approx(float((one.exp() * (one - other)).sum()) / math.log(2), abs=1e-6)
    assert branch.divergence is not None and branch.divergence > 0
    assert branch.differs is not None
    prefix, head, key, most, token = branch.differs
    a, b = (each.outlook[f"{prefix}.weights"][:, row + 1] for each in (parent, line))
    assert most == pytest.approx(float((a - b).abs().max())) and (a - b).abs()[head, key] == pytest.approx(most)
    assert token == line.source[key]
    for each in ("decoder.0.cross.weights", "decoder.1.cross.weights"):
        apart = parent.outlook[each][:, row + 1] - line.outlook[each][:, row + 1]
        assert float(apart.abs().max()) <= most


def test_lines_are_named_folded_and_deleted(session: Session) -> None:
    session.name_branch(2, "  mine ")
    session.fold_branch(1)
    found = session.branches
    assert [(each.number, each.folded) for each in found] == [(1, 2), (4, 0)]
    session.fold_branch(1)
    assert session.branches[1].name == "mine"
    session.visit(3)
    with pytest.raises(GlassheadError, match="You stand in this line"):
        session.delete_branch(2)
    session.visit(4)
    session.delete_branch(2)
    assert [each.number for each in session.branches] == [1, 4]
    with pytest.raises(GlassheadError, match="There is no line 3"):
        session.visit(3)
    while session.moment.undoable:  # undo goes past what was deleted
        session.undo()
        assert session.standing.branch in (1, 4)


def test_a_child_of_a_deleted_root_does_not_vanish(session: Session) -> None:
    session.delete_branch(1)
    assert [each.number for each in session.branches] == [4]


def test_a_step_compares_no_lines_again(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    known = session.branches
    compared: list[int] = []
    apart = tree._apart

    def counting(parent: Stepper, standing: Standing, led: tree.Led) -> tree.Apart:
        compared.append(standing.branch)
        return apart(parent, standing, led)

    monkeypatch.setattr(tree, "_apart", counting)
    for _ in session.walk(3):
        assert session.moment.branches[:3] == known[:3]
    session.visit(2)
    session.choose(session.moment.candidates[2].id)
    for _ in session.walk(2):
        assert [each.number for each in session.moment.branches] == [1, 2, 3, 5, 4]
    assert set(compared) == {5} and len(compared) <= 2, "once for its token, once for the row after it"
    found = session.moment.branches
    session._lines[1].line.forget()
    assert session.branches == found, "what is let go is still known"


def test_what_is_remembered_is_of_the_tokens_that_there_were(session: Session) -> None:
    root, remembered = session._lines[1], tree.Tree()
    line = root.line.branch()
    lines = {1: root, 9: root.to(branch=9, parent=1, line=line, fork=2)}
    before = remembered.branches(lines, 9, {})[1]
    assert (before.lost, before.divergence) == (None, 0), "it stands at the fork"
    losses = []
    for token in (*SUBJECT.model.ends, root.line.candidates(3)[2].id):  # after the end no row is computed
        line.goto(2)
        line.choose(token)
        now = remembered.branches(lines, 9, {})[1]
        assert now.lost is not None and now.lost == tree.Tree().branches(lines, 9, {})[1].lost
        losses.append(now.lost)
    assert len(set(losses)) == len(losses)


def test_a_tree_that_was_kept_in_a_file_says_the_same(session: Session, tmp_path: Path) -> None:
    again = Session(SUBJECT)
    read_session(again, write_session(session, tmp_path / "work.json"))
    for one, other in zip(session.branches, again.branches, strict=True):
        assert (one.lost is None) == (other.lost is None) and (one.differs is None) == (other.differs is None)
        assert one.lost is None or other.lost == pytest.approx(one.lost, abs=1e-4)
        assert one.differs is None or other.differs is None or one.differs[:3] == other.differs[:3]


def test_names_folds_and_breakpoints_leave_the_rest_of_a_moment(session: Session) -> None:
    before = session.moment
    session.name_branch(4, "here")
    session.fold_branch(1)
    session.add_stop("entropy > 9")
    after = session.moment
    assert after.trace is before.trace and after.beside is before.beside
    assert [each.name for each in after.branches] == ["", "here"] and after.branches[0].folded == 2
    assert after.stops.active == (parse_stop("entropy > 9"),) and not before.stops.entries
    session.compare_with(3)
    assert session.moment.other == 3


def test_a_tree_of_any_depth_is_listed(session: Session) -> None:
    root = session._lines[1]
    chain = {1: root} | {at: root.to(branch=at, parent=at - 1, folded=at == 1500) for at in range(2, 2001)}
    found = tree.Tree().branches(chain, 7, {})
    assert len(found) == 1500 and found[-1].depth == 1499 and found[-1].folded == 500
    assert [each.number for each in found if each.here] == [7]


def test_on_the_way_of_an_edit_nothing_is_computed_for_the_tree(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.visit(2)
    for _ in session.walk(3):
        pass
    assert None not in (known := session.moment.branches[1]).__dict__.values()
    with monkeypatch.context() as held:
        held.setattr(tree, "_reach", None)
        held.setattr(tree.Led, "to", None)
        session.edit("decoder.*.ffn.out *= -3", regain=False)
        assert session.moment.until is not None and session.moment.branches[1] == replace(known, here=False)
    for _ in session.regain():
        pass
    made = next(each for each in session.moment.branches if each.here)
    assert session.moment.until is None and None not in (made.lost, made.divergence, made.after, made.differs)


def test_an_edit_that_changes_no_token_has_not_left_its_parent() -> None:
    session = Session(SUBJECT)
    session.begin("abc")
    for _ in session.walk(3):
        pass
    session.edit("encoder.1.self.heads[head=0] *= 1.0001")
    whole, along = session.branches
    assert (whole.left, along.left) == (True, False) and along.text == whole.text and along.fork == 3
    session.choose(session.moment.candidates[2].id)
    assert session.branches[-1].left
