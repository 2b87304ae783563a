"""Breakpoints: their grammar, and that a walk ends exactly where the captured numbers say so."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.core.helpers import restless
from tests.core.recordings import recorded, subject_of, walked

from glasshead import GlassheadError, Sample
from glasshead.session.session import Session
from glasshead.session.stopping import find_missed, find_stop, walk_to_stop
from glasshead.session.stops import NO_STOPS, Differs, Looks, Measured, Written, check_stop, parse_stop

WRITTEN = {
    "entropy > 2": Measured("entropy", ">", 2.0),
    "entropy>2.5 bits": Measured("entropy", ">", 2.5),
    "best < .5": Measured("best", "<", 0.5),
    "token = chat": Written("chat"),
    'token = "="': Written("="),
    "decoder.2.cross[head=3] looks at cat > 0.6": Looks("decoder.2.cross", 3, "cat", ">", 0.6),
    "2.cross.3 looks at the cat < 1": Looks("decoder.2.cross", 3, "the cat", "<", 1.0),
    "0.self looks at > > 0.5": Looks("decoder.0.self", None, ">", ">", 0.5),
    "choice differs": Differs(),
}
texts = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1)
numbers = st.floats(0, 1)
signs = st.sampled_from(["<", ">"])
stops = st.one_of(
    st.builds(Measured, st.sampled_from(["entropy", "best"]), signs, numbers),
    st.builds(Written, texts),
    st.builds(Looks, st.just("decoder.1.cross"), st.none() | st.integers(0, 99), texts, signs, numbers),
    st.just(Differs()),
)


@pytest.mark.parametrize(("text", "stop"), WRITTEN.items())
def test_what_is_written_is_what_is_meant(text: str, stop: object) -> None:
    assert parse_stop(text) == stop


@given(stops)
def test_a_breakpoint_is_read_as_it_is_printed(stop: Looks | Measured | Written | Differs) -> None:
    written = stop.text if isinstance(stop, (Looks, Written)) else ""
    if written[:1] == '"' or "e-" in str(getattr(stop, "bound", "")):  # no one writes such a bound
        return
    assert parse_stop(str(stop)) == stop


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "written like entropy > 2"),
        ("entropie > 2", "Did you mean entropy"),
        ("entropy 2", "write > or < and an entropy"),
        ("best < 1.5", "1.5 is not a probability"),
        ("best < 0.5 bits", "a probability"),
        ("token =", "which token"),
        ("choice", "Did you mean choice differs"),
        ("2.cros.3 looks at cat > 0.6", "Did you mean cross"),
        ("decodr.2.cross looks at cat > 0.6", "Did you mean decoder"),
        ("cross looks at cat > 0.6", "name an attention"),
        ("2.cross.3[head=1] looks at cat > 0.6", "name an attention"),
        ("2.cross.3 looks at cat", "write the token and the weight"),
        ("2.cross.3 looks at cat > 2", "2 is not a weight"),
    ],
)
def test_a_wrong_one_is_refused_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(GlassheadError) as refused:
        parse_stop(text)
    assert said in str(refused.value)


def test_a_place_that_the_model_does_not_have_is_refused() -> None:
    paper = restless(10).anatomy
    for text, said in (
        ("9.cross looks at a > 0.5", "no layer 9"),
        ("1.cross.9 looks at a > 0.5", "no head 9"),
        ("encoder.0.self looks at a > 0.5", "nothing there changes"),
    ):
        with pytest.raises(GlassheadError, match=said):
            check_stop(parse_stop(text), paper)
    with pytest.raises(GlassheadError, match="no encoder–decoder attention"):
        check_stop(parse_stop("0.cross looks at a > 0.5"), subject_of("gpt").anatomy)
    with pytest.raises(GlassheadError, match="writes no text"):
        check_stop(parse_stop("entropy > 1"), subject_of("bert").anatomy)


def test_breakpoints_are_switched_and_taken_out() -> None:
    one, other = parse_stop("entropy > 2"), parse_stop("token = a")
    listed = NO_STOPS.add(one).add(other).switch(0)
    assert listed.active == (other,) and listed.add(one).active == (one, other)
    assert listed.remove(1).active == () and len(listed.add(other).entries) == 2
    for wrong in (listed.switch, listed.remove):
        with pytest.raises(GlassheadError, match="no breakpoint 7"):
            wrong(7)


def walk(session: Session, steps: int = 99) -> int:
    """Walk, and return the step where that ended."""
    for _ in session.walk(steps):
        pass
    return session.line.step_number


@pytest.mark.parametrize("kind", ["the paper", "gpt", "gemma"])
def test_a_walk_ends_where_the_numbers_say_so(kind: str) -> None:
    subject = subject_of(kind)
    line = subject.start("abcadc")
    line.goto(8)
    first = len(line.ids) - line.step_number
    logits = line.full().double()[first - 1 :]  # from which each token is picked
    p = torch.softmax(logits, -1)
    entropies, best = torch.special.entr(p).sum(-1) / math.log(2), p.amax(-1)
    decoder = [each for each in subject.kinds if each.queries == "target"][-1]
    prefix, keys = f"decoder.1.{decoder.kind}", line.source if decoder.keys == "source" else line.tokens
    weights = line.trace[f"{prefix}.weights"][2]
    place = 1
    looks = weights[first - 1 :, place]
    same = [at for at, key in enumerate(keys) if key.text == keys[place].text]
    looks = weights[first - 1 :, same].amax(-1)

    def crossing(values: torch.Tensor) -> tuple[float, int]:
        """A bound between the largest and the next, and the step at which it is exceeded, after the first."""
        top = values[1:8].topk(2)
        return float(top.values.mean()), 1 + int(top.indices[0])

    entropy, at_entropy = crossing(entropies)
    sure, at_sure = crossing(-best)
    look, at_look = crossing(looks)
    session = Session(subject)
    for text, step in (
        (f"entropy > {entropy}", at_entropy),
        (f"best < {-sure}", at_sure),
        (f"{prefix}[head=2] looks at {keys[place].text} > {look}", at_look),
    ):
        session.begin("abcadc")
        session.stops = NO_STOPS
        session.add_stop(text)
        assert walk(session, 8) == step, text
        stopped = session.moment.stopped
        assert stopped is not None and stopped.step == step and str(session.stops.active[0]) in str(stopped)
        assert walk(session, 1) == step + 1, "the next walk goes on from there"
        session.rewind(0)
        assert session.moment.stopped is None
        session.stops = session.stops.switch(0)
        assert walk(session, 8) == 8 and session.moment.stopped is None
    session.stops = NO_STOPS
    session.begin("abcadc")
    low = 1 + int(best[1:8].argmin())
    for text in (f"entropy > {float(entropies[1:8].max()) + 1:.3f}", "best < 0"):
        session.add_stop(text)
    walk(session, 7)
    missed = find_missed(session.stops.active, session.line)
    assert missed is not None and [near.step for near in missed.nearest] == [1 + int(entropies[1:8].argmax()), low]
    found = [near.value for near in missed.nearest]
    assert found == pytest.approx([float(entropies[1:8].max()), float(best[low])], rel=1e-4)
    assert session.line.step_number == 7 and session.moment.missed is None, "the line is not at its end"
    walk(session)
    told = session.moment.missed
    assert told is not None and f"after step {told.nearest[0].step};" in str(told) and "came to its end" in str(told)
    session.add_stop(f"entropy > {entropy}")
    assert session.moment.missed is None, "one of its steps meets that one"
    at_token = next(at for at, token in enumerate(line.produced, 1) if token.text == line.produced[-1].text)
    stop = parse_stop(f'token = "{line.produced[-1].text}"')
    again = subject.start("abcadc", keep=None)
    found = walk_to_stop(again, [stop])
    assert found is not None and again.step_number == found.step == at_token


def test_the_choice_differs_where_the_edited_line_leaves_the_other() -> None:
    session = Session(restless(10))
    session.begin("zebra")
    session.add_stop("choice differs")
    assert walk(session, 6) == 6, "without edits there is nothing to differ from"
    session.rewind(0)
    session.edit("decoder.1.ffn = skipped")
    edited, plain = session.line.branch(), session.standing.base
    assert plain is not None
    plain = plain.branch()
    edited.goto(6)
    plain.goto(6)
    wanted = next(at for at, (a, b) in enumerate(zip(edited.produced, plain.produced, strict=True), 1) if a.id != b.id)
    assert walk(session) == wanted
    assert "unedited line" in str(session.moment.stopped)
    assert walk(session) > wanted + 1, "only the first difference stops"


@pytest.mark.parametrize("keep", ["logits", "*"])
def test_a_recording_stops_at_what_it_holds_and_says_what_it_lacks(
    keep: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("recorded") / "line.safetensors"
    line = recorded(walked("the paper", keep=[keep]), path)
    stop = parse_stop("1.cross looks at a > 0")
    found = walk_to_stop(line, [parse_stop("entropy > 30"), stop])
    assert found is not None and found.stop == stop and line.step_number == 1
    assert ("not recorded" in found.why) == (keep == "logits")


def test_under_sampling_the_entropy_is_that_of_what_is_drawn_from() -> None:
    subject = restless(10)
    rule = Sample(temperature=0.5, top_k=3, seed=4)
    line = subject.start("abc", pick=rule)
    line.goto(2)
    line.back()
    logits = line.full()[1].double() / 0.5
    kept = torch.softmax(logits.topk(3).values, -1)
    entropy = float(-(kept * kept.log2()).sum())
    assert find_stop([Measured("entropy", ">", entropy + 1e-6)], line) is None
    found = find_stop([Measured("entropy", ">", entropy - 1e-6)], line)
    assert found is not None and "after temperature and cuts" in found.why
