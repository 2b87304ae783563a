"""The cost of an edit, as ratios of processor time within one run; `pytest -s` prints them."""

import time
from collections.abc import Callable, Sequence

import pytest
import torch
from tests.benchmarks.clock import best
from tests.core.helpers import restless

import glasshead
from glasshead.session.session import Session

TEXT = "the black cat does not see the small house and the white dog sleeps in the garden"
STEPS, AT = 14, 4
EDITS = (
    "decoder.*.cross.masked[key=2] = hidden",
    "decoder.2.cross.heads[head=0-3] = 0",
    "decoder.2.ffn = skipped",
    "decoder.*.cross.masked[key=11, query=1-] = hidden",
)
"""Edits after which a token changes, at different distances from where they begin to reach."""


@pytest.fixture(scope="module")
def session() -> Session:
    return walked(glasshead.load("english-french"), TEXT)


@pytest.fixture(scope="module")
def base() -> Session:
    """A session with a model as large as the paper's base model."""
    layers = {"encoder_layers": 6, "decoder_layers": 6}
    large = restless(0, torch.float32, vocab_size=8000, d_model=512, d_ff=2048, heads=8, max_length=64, **layers)
    return walked(large, "theblackcat")


def walked(subject: glasshead.Subject, text: str) -> Session:
    made = Session(subject)
    made.begin(text)
    for _ in made.walk(STEPS):
        pass
    assert made.moment.step == STEPS
    return made


def take_back(session: Session) -> None:
    session.undo()
    session.delete_branch(max(each.branch for each in session.standings))


def to_the_first_change(session: Session, edits: Sequence[str]) -> tuple[int, int, float]:
    """Edit, and make the moment that shows the first changed token.

    Returns the steps between which that was, and the processor time.
    """
    since = time.process_time()
    session.edit(*edits, regain=False)
    begins = session.line.step_number
    way = session.regain()  # a way that nobody holds is broken off
    changes = any(way)
    moment = session.moment
    spent = time.process_time() - since
    assert changes and moment.effect is not None and moment.effect.first == moment.step - 1
    session.stay()
    take_back(session)
    return begins, moment.step, spent


def compare(session: Session, edits: Sequence[str], *others: Callable[[], None]) -> list[float]:
    """Least time to the first change, and of other pieces of work, in rounds that take turns."""
    first: list[float] = []
    spent = best(lambda: first.append(to_the_first_change(session, edits)[-1]), *others)
    return [min(first), *spent[1:]]


def again(session: Session, begin: int, end: int) -> Callable[[], None]:
    """Make a function that decodes the rows of these steps again, as steps do, and makes no moment."""

    def run() -> None:
        line = session.line.branch()
        line.rows.crop(begin)
        for row in range(begin, end):
            line.rows.reach(line.ids[: row + 1])

    return run


@pytest.mark.parametrize("edit", EDITS)
def test_the_first_changed_token_is_there_before_the_line_could_be_decoded_again(session: Session, edit: str) -> None:
    """Budget: 1.15 × decoding again from where the edit begins to reach to where the line stood; and 1.3 × decoding the
    steps to the changed token, with a row and a half for the edit itself and the moment, which do not grow.
    """
    begin, end, _ = to_the_first_change(session, [edit])
    ways = again(session, begin, STEPS), again(session, begin, end)
    ours, all_again, same_again = compare(session, [edit], *ways)
    way = f"{end - begin} of {STEPS - begin} steps, {ours * 1e3:.0f} ms"
    print(f"\nfirst changed token ({way}) ÷ decoding all again: {ours / all_again:.2f}")
    print(f"÷ decoding the steps to it again: {ours / same_again:.2f}")
    assert ours <= 1.15 * all_again
    assert ours <= (1.3 + 1.5 / (end - begin)) * same_again


@pytest.mark.parametrize("steps", [3, 6])
def test_the_first_changed_token_costs_the_steps_to_it_in_a_model_of_the_papers_size(base: Session, steps: int) -> None:
    """Budget: 1.15 × decoding the same steps, from where the edit begins to reach to that token."""
    usual = base.line.ids[steps]
    edits = ["decoder.1.cross.heads[head=3] *= 0.999", f"logits[unit={usual}, query={steps - 1}] = -inf"]
    assert to_the_first_change(base, edits)[:2] == (0, steps)
    ours, theirs = compare(base, edits, again(base, 0, steps))
    print(f"\nfirst changed token ÷ decoding {steps} steps: {ours / theirs:.2f} ({ours * 1e3:.0f} ms)")
    assert ours <= 1.15 * theirs


def test_an_edit_costs_what_decoding_from_there_costs(session: Session) -> None:
    """Goal: 1.15 × decoding the same steps again. Not reached yet; it must not become worse than 1.35.

    What is decoded again picks no token and looks for no change of one, which each step of an edit does.
    """
    edit, spent = f"decoder.*.cross.masked[key=2, query={AT}-] = hidden", []

    def edited() -> None:
        since = time.process_time()
        session.edit(edit)
        spent.append(time.process_time() - since)
        take_back(session)

    _, theirs = best(edited, again(session, AT, STEPS + 1), times=15)
    ours = min(spent)
    print(f"\nan edit ÷ decoding the same steps again: {ours / theirs:.2f} ({ours * 1e3:.0f} ms)")
    assert ours <= 1.35 * theirs


def test_a_muted_head_answers_within_100_ms(session: Session) -> None:
    def mute() -> None:
        session.edit("decoder.1.cross.heads[head=3] = 0")
        assert session.moment.beside is not None
        take_back(session)

    (spent,) = best(mute, times=15)
    print(f"\na muted head, with everything beside it: {spent * 1e3:.0f} ms")
    assert spent <= 0.1


def test_a_step_beside_edits_costs_the_same_anywhere_in_a_line() -> None:
    """Budget: with all that is compared, at step 180 ≤ 1.8 × at step 20, and ≤ 3.5 × a step without edits."""
    layers = {"encoder_layers": 3, "decoder_layers": 3}
    subject = restless(0, torch.float32, vocab_size=8000, d_model=256, d_ff=1024, heads=8, max_length=256, **layers)
    spent: dict[bool, list[float]] = {}
    for edited in (False, True):
        made = Session(subject)
        made.begin("theblackcat", edits=["decoder.1.ffn = skipped"] if edited else [])
        spent[edited] = []
        for _ in range(190):
            since = time.process_time()
            for _ in made.walk(1):
                assert (made.moment.beside is not None) == edited
            spent[edited].append(time.process_time() - since)
    early, late = (sorted(spent[True][at - 10 : at + 10])[5] for at in (20, 180))
    plain = sorted(spent[False][170:190])[5]
    print(f"\na step beside edits, late ÷ early: {late / early:.2f}; ÷ one without: {late / plain:.2f}")
    assert late <= 1.8 * early and late <= 3.5 * plain
