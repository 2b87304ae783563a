"""Only the shown layer is captured: every number is that of a line that captures all, and little is held."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.core.adapters.huggingface.test_families import Numbers
from tests.core.adapters.huggingface.tiny import FAMILIES, wrap

import glasshead
from glasshead.adapters.sides import NamedSides
from glasshead.decoding import rows
from glasshead.decoding.stepper import Stepper
from glasshead.errors import GlassheadError
from glasshead.session.session import Session
from glasshead.subjects import Subject
from glasshead.traces.shown import layer_of
from glasshead.traces.trace import Trace
from glasshead.truth.trace_checks import checks

TEXT = "5 6 7 8 9"
KINDS = ("marian", "llama", "bert")


@pytest.fixture(scope="module", params=KINDS)
def pair(request: pytest.FixtureRequest) -> tuple[Subject, Subject]:
    """A model that captures all layers, and the same with one."""
    return pair_of(request.param)


def pair_of(family: str) -> tuple[Subject, Subject]:
    model, sides = wrap(FAMILIES[family].module()), NamedSides(Numbers(), Numbers())
    return Subject(family, model, sides), Subject(family, model, sides, capture="shown")


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[set[str | None]]]:
    """The layers of every pass that is run to compute something again."""
    found: list[set[str | None]] = []
    usual = rows.Again.__call__

    def counted(self: rows.Again, sites: Any) -> Any:
        found.append(set(map(layer_of, sites)))
        return usual(self, sites)

    monkeypatch.setattr(rows.Again, "__call__", counted)
    yield found


def same(one: Trace, other: Trace, sites: list[str] | None = None) -> None:
    assert set(one.sites) == set(other.sites) and one.target == other.target
    for site in one.sites if sites is None else sites:
        usual, found = one[site], other[site]
        seen = usual.isfinite()
        assert torch.equal(seen, found.isfinite()), site
        assert torch.allclose(usual[seen], found[seen], atol=1e-5), site


def holds(line: Stepper) -> set[str | None]:
    """The layers of which a line holds values."""
    record = line.rows.record
    return {layer_of(site) for part in (record.static, *record.rows) for site in part}


def test_every_number_is_that_of_a_line_that_captures_all(pair: tuple[Subject, Subject]) -> None:
    usual, found = (subject.start(TEXT) for subject in pair)
    same(usual.outlook, found.outlook)
    for step in range(5):
        if usual.done:
            break
        assert usual.step().id == found.step().id
        same(usual.outlook, found.outlook, [site for site in usual.outlook.sites if f".{step % 3}." in site])
    same(usual.outlook, found.outlook)
    usual.goto(2)
    found.goto(2)
    same(usual.outlook, found.outlook)
    if not usual.done:
        other = usual.candidates()[2].id
        usual.choose(other)
        found.choose(other)
        same(usual.outlook, found.outlook)


def test_a_step_captures_the_layer_that_was_looked_at_last_and_runs_no_more(passes: list[set[str | None]]) -> None:
    """Going to another layer costs one pass; staying there none, also on the way back."""
    _, subject = pair_of("llama")
    line = subject.start(TEXT)
    line.step()
    assert holds(line) == {None, "decoder.2"}
    for _ in range(2):
        same(line.outlook, line.outlook, line.outlook.find("decoder.2.*"))
    assert passes == []
    line.outlook["decoder.0.self.weights"]
    line.outlook["decoder.0.ffn.norm.normed"]
    assert passes == [{"decoder.0"}] and holds(line) == {None, "decoder.0"}
    line.step()
    trace = line.outlook
    assert holds(line) == {None, "decoder.0"}
    line.back()
    line.outlook["decoder.0.self.q"]
    line.step()
    assert trace.origin("decoder.0.self.q") == "captured"
    assert trace.origin("decoder.2.self.q").endswith("only the layer that is shown is captured")
    assert len(passes) == 1
    line.back()
    line.outlook["decoder.1.self.weights"]  # computed for all rows, those after this step too
    line.step()
    line.outlook["decoder.1.self.weights"]
    assert passes == [{"decoder.0"}, {"decoder.1"}] and holds(line) == {None, "decoder.1"}


def test_the_layer_stays_the_same_for_another_text_and_another_token(passes: list[set[str | None]]) -> None:
    _, subject = pair_of("marian")
    line = subject.start(TEXT)
    line.outlook["encoder.0.self.weights"]
    line.outlook["decoder.1.cross.weights"]
    line.step()
    branch = line.branch()
    branch.choose(line.candidates()[1].id)
    assert holds(branch) == {None, "encoder.0", "decoder.1"}
    passes.clear()
    other = subject.start("9 8 7")
    other.step()
    assert holds(other) == {None, "encoder.0", "decoder.1"}
    same(other.outlook, other.outlook, other.outlook.find("*.[01].*.weights")[:1])
    assert passes == []


def test_a_view_of_one_row_runs_one_pass(passes: list[set[str | None]]) -> None:
    from glasshead.analysis.norms import norms
    from glasshead.analysis.stream import stream

    whole, subject = pair_of("llama")
    usual, line = whole.start(TEXT), subject.start(TEXT)
    usual.step()
    line.step()
    ways: list[Callable[[Trace], Any]] = [
        lambda trace: torch.tensor([each.out for each in norms(trace, "decoder", 3)]),
        lambda trace: stream(trace, "decoder", 3).end,
    ]
    for number, way in enumerate(ways, 1):
        assert torch.allclose(way(usual.outlook), way(line.outlook), atol=1e-5)
        assert len(passes) == number
    line.outlook["decoder.0.self.weights"]
    trace, count = line.until(4), len(passes)
    trace["decoder.1.self.weights"]
    for number, way in enumerate(ways, 1):  # of two layers that are there and one that is not
        assert torch.allclose(way(usual.outlook), way(trace), atol=1e-5)
        assert passes[count + number] == {"decoder.2", None} or passes[count + number] == {"decoder.2"}


def test_edits_and_what_they_change_are_the_same() -> None:
    usual, found = (Session(subject) for subject in pair_of("marian"))
    for session in (usual, found):
        session.begin(TEXT)
        list(session.walk(2))
        session.moment.trace["decoder.1.cross.weights"]
        session.edit("decoder.1.cross.heads[head=0] = 0")
        found_checks = session.check()
        assert all(check.ok or check.meant for check in found_checks), found_checks
        exactly = "up to the order of sums" if session is found else "bit for bit"
        assert exactly in found_checks[-1].detail
        list(session.walk(1))
    same(usual.moment.trace, found.moment.trace)
    assert usual.moment.beside is not None and found.moment.beside is not None
    same(usual.moment.beside.trace, found.moment.beside.trace)
    for session in (usual, found):
        list(session.walk(1))
        assert all(check.ok or check.meant for check in session.check())
        session.undo()
    same(usual.moment.trace, found.moment.trace)


def test_edits_under_which_rows_do_not_last_are_the_same() -> None:
    """A target that may look at later tokens is computed anew at every step."""
    usual, found = (Session(subject) for subject in pair_of("marian"))
    for session in (usual, found):
        session.begin(TEXT)
        session.edit("decoder.*.self.masked = revealed")
        list(session.walk(2))
        session.moment.trace["decoder.0.self.weights"]
        list(session.walk(1))
    same(usual.moment.trace, found.moment.trace)


def test_the_checks_are_those_of_the_layers_that_are_there(passes: list[set[str | None]]) -> None:
    _, subject = pair_of("llama")
    line = subject.start(TEXT)
    line.step()
    found = checks(line.outlook, *line.verify())
    assert passes == [] and all(check.ok for check in found)
    assert "every row of every attention in the layers that are shown" in found[0].detail
    assert subject.facts[2] == "captures the shown layer"


def test_a_budget_holds_for_the_shown_layer_too() -> None:
    whole, subject = pair_of("llama")
    usual, line = whole.start(TEXT), subject.start(TEXT, budget=12_000)
    for _ in range(4):
        usual.step()
        line.step()
        same(usual.outlook, line.outlook, usual.outlook.find("decoder.1.*"))
    assert line.rows.record.dropped and line.bytes <= 12_000
    same(usual.outlook, line.outlook)


def test_a_recording_holds_every_layer(tmp_path: Path) -> None:
    whole, subject = pair_of("marian")
    usual, line = whole.start(TEXT), subject.start(TEXT)
    for _ in range(3):
        usual.step()
        line.step()
    recorded = glasshead.load(line.save(tmp_path / "line.safetensors")).start(TEXT)
    recorded.goto(3)
    same(usual.outlook, recorded.outlook)


def test_sites_that_are_asked_for_are_captured_in_every_layer() -> None:
    _, subject = pair_of("llama")
    line = subject.start(TEXT, keep=["*.weights"])
    line.step()
    assert not line.outlook.dropped and len(line.outlook.sites) == 3


def test_what_can_be_captured_is_said() -> None:
    with pytest.raises(GlassheadError, match="Nothing captures 'some'; there are auto, all, shown"):
        glasshead.load("english-french", capture="some")
