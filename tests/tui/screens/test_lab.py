"""The lab on the screen: first a question, then the result, controls that run it again, and a try in the explorer."""

import threading
import time
from dataclasses import dataclass, replace

import pytest
import torch
from tests.conftest import HOSTILE
from tests.tui.conftest import Explorer
from tests.tui.pseudo_terminal import Terminal
from textual import events
from textual.app import App
from textual.screen import Screen

import glasshead
from glasshead import lab
from glasshead.errors import GlassheadError
from glasshead.lab.exhibits import Grid, Lines, Plot, Series, Table
from glasshead.lab.page import Control, Page, Question, Try, Verdict
from glasshead.lab.record import Shipped
from glasshead.lab.tools.telling import StoppedError, Told
from glasshead_tui.screens.ask import Ask, PlainInput
from glasshead_tui.screens.explore import ExploreScreen
from glasshead_tui.screens.help import Help
from glasshead_tui.screens.lab import LabScreen
from glasshead_tui.state import course as lesson
from glasshead_tui.state import keymaps, keys, labbook

LIMIT = 20.0


@dataclass(frozen=True, kw_only=True)
class Doubled:
    n: int
    twice: int
    word: str


class Bench:
    """An experiment that is known: it doubles n, and waits for its gate where it is told to."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.ran: list[int] = []
        self.stopped: list[int] = []

    def run(self, *, n: int, word: str, told: Told) -> Doubled:
        if n == 13:
            raise GlassheadError("n is 13; that is no number to double.")
        try:
            told(0.25, f"doubling {word}")
            while not self.gate.wait(0.01):
                told(0.5, f"doubling {word}")
        except StoppedError:
            self.stopped.append(n)
            raise
        self.ran.append(n)
        return Doubled(n=n, twice=2 * n, word=word)


def judge(result: Doubled) -> Verdict:
    return Verdict(answer=1, sentence=f"Twice {result.n} is {result.twice}.")


def exhibits(result: Doubled) -> tuple[Table | Plot | Grid | Lines, ...]:
    rows = tuple((number, 2.5 * number, result.word) for number in range(result.n))
    curves = (
        Series(label=f"double {result.word}", x=[1, 2, 4, 8], y=[2, 4, 8, 16]),
        Series(label="measured", x=[1, 2, 4, 8], y=[2.1, 3.9, 8.2, 0], points=True),
    )
    hidden = -float("inf")
    return (
        Plot(title="the doubling curve", x=f"n {result.word}", y="twice", series=curves, log_x=True, log_y=True),
        Table(title="the doubling table", columns=("n", "and a half", result.word), rows=rows, note=result.word),
        Grid(title="the doubling grid", rows=("r", result.word), columns=("c", "d"), values=((1, hidden), (0.25, -3))),
        Lines(title="the doubling lines", lines=(f"2 × {result.n} = {result.twice} {result.word}",)),
    )


def known(bench: Bench, name: str = "scaling", *, trained: bool = False) -> Page:
    return Page(
        name=name,
        title=f"Doubling {name}",
        claim="What is doubled is twice as large.",
        paragraphs=("The first paragraph.", "The second paragraph.", "Look at the slope."),
        question=Question(text="How large is twice n?", answers=("half of it", "n + n", "n squared")),
        controls=(
            Control(name="n", usual=4, help="what is doubled", stops=(2, 4, 8), least=1, most=99, quick=2, full=8),
            Control(name="word", usual="", help="a word that is carried along"),
        ),
        run=bench.run,
        judge=judge,
        exhibits=exhibits,
        attempt=Try(
            sentence="Look at what the scale did.",
            steps=2,
            layer=7,
            head=1,
            pane="sum",
            change={"scale": False},
            changed="without 1/√d_k",
        ),
        sources=("A book",),
        result="tests:Doubled",
        trained=trained,
    )


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """All pages of the lab are of one experiment that is known."""
    bench = Bench()
    monkeypatch.setattr(labbook, "page_of", lambda name: known(bench, name))
    return bench


@pytest.fixture
def noticed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What notices say; Textual shows none in tests."""
    said: list[str] = []
    monkeypatch.setattr(App, "notify", lambda _app, message, **_more: said.append(message))
    return said


@pytest.fixture
def state(tmp_path, monkeypatch):
    """Where the lesson keeps one's place."""
    file = tmp_path / "lesson.json"
    monkeypatch.setattr(lesson, "path", lambda: file)
    return file


def at(explorer: Explorer) -> LabScreen:
    return next(each for each in reversed(explorer.app.screen_stack) if isinstance(each, LabScreen))


async def hit(explorer: Explorer, *pressed: str) -> None:
    """Press keys one after the other, without the time that a person needs between them."""
    for key in pressed:
        explorer.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await explorer.pilot.pause(0)


async def says(explorer: Explorer, *parts: str) -> None:
    """Wait until all these are on the screen, however the lines are broken; fail, showing it, when they do not come."""
    end = time.monotonic() + LIMIT
    while missing := [part for part in parts if part not in " ".join(explorer.text.split())]:
        assert time.monotonic() < end, f"{missing} did not come:\n{explorer.text}"
        await explorer.pilot.pause(0.01)


async def asked(explorer: Explorer) -> Screen[object]:
    """The question box, once it can be typed into: it opens some time after its key."""
    await explorer.until(lambda: bool(explorer.app.screen.query(PlainInput)))
    return explorer.app.screen


async def test_before_an_answer_no_result_is_shown(explore, bench):
    async with explore(size=(80, 24)) as explorer:
        await hit(explorer, "L")
        await says(explorer, "Doubling attention", "twice as large", "How large is twice n?", "n squared")
        await hit(explorer, "tab", "space", "right", "equals_sign", "f", "r", "t", "4")
        await explorer.pilot.pause(0.1)
        assert isinstance(explorer.app.screen, LabScreen)
        for hidden in ("doubling curve", "Twice 4", "Look at the slope", "‹4›", "the numbers"):
            assert hidden not in explorer.text
        assert bench.ran == []


@pytest.mark.parametrize(
    ("pressed", "told"),
    [
        (("b",), "you said b n + n as the numbers say"),
        (("up", "enter"), "you said c n squared the numbers say b n + n"),
        (("s",), "the numbers say b n + n"),
    ],
    ids=["right", "other", "none"],
)
async def test_an_answer_runs_it_and_the_numbers_judge(explore, bench, state, pressed, told):
    async with explore(size=(80, 24), text=None, lab="norms") as explorer:
        await says(explorer, "6 of 10")
        await explorer.press(*pressed)
        await says(explorer, told, "Twice 4 is 8.", "the doubling curve", "‹4›", "measured here,")
        assert bench.ran == [4]
        await hit(explorer, "a")
        assert at(explorer)._visit.answer == {"b": 1, "up": 2, "s": None}[pressed[0]]
        await hit(explorer, "space")
        await says(explorer, "Look at the slope.", "The first paragraph.", "n + n ✓", "A book")
    assert not state.exists(), "it is no lesson: nothing is written"


async def test_the_finding_is_never_cut_without_saying_where_the_rest_is(explore, bench, monkeypatch):
    words = [f"finding{number}" for number in range(38)]  # 6 lines of 80 columns, 8 of 60

    def verbose(result: Doubled) -> Verdict:
        return Verdict(answer=1, sentence=" ".join(words))

    monkeypatch.setattr(labbook, "page_of", lambda name: replace(known(bench, name), judge=verbose))
    async with explore(size=(80, 24), text=None, lab="scaling") as explorer:
        await hit(explorer, "c")
        await says(explorer, *words, "doubling curve", "‹4›", "space page")
        await explorer.pilot.resize_terminal(60, 20)
        await says(explorer, *words[:30], "… space: all of it", "doubling curve", "‹4›", "space page")
        assert words[-1] not in explorer.text
        await hit(explorer, "space")
        await explorer.press("pagedown", "pagedown")
        await says(explorer, words[-1], "space result")


async def test_exhibits_take_turns_and_are_the_numbers(explore, bench):
    async with explore(size=(80, 24), text=None, lab="scaling") as explorer:
        await hit(explorer, "s")
        await says(explorer, "1/4", "━ double", "x measured")
        await hit(explorer, "tab")
        await says(explorer, "2/4", "and a half", "3 7.500")
        await hit(explorer, "tab")
        await says(explorer, "3/4", "1.0000", "╱", "0.2500", "−3.000")
        await hit(explorer, "tab")
        await says(explorer, "4/4", "2 × 4 = 8")
        await hit(explorer, "tab")
        await says(explorer, "1/4")
        await hit(explorer, "shift+tab")
        await says(explorer, "4/4")


async def test_a_control_that_is_turned_runs_it_again(explore, bench):
    async with explore(size=(80, 24), text=None, lab="scaling") as explorer:
        await hit(explorer, "s")
        await says(explorer, "Twice 4 is 8.")
        await hit(explorer, "right")
        await says(explorer, "Twice 8 is 16.", "‹8›")
        await hit(explorer, "right")  # there is no stop beyond
        await explorer.press("equals_sign", *"21", "enter")
        await says(explorer, "Twice 21 is 42.", "‹21›")
        await hit(explorer, "h")
        await says(explorer, "Twice 8 is 16.")
        await hit(explorer, "r")
        await says(explorer, "Twice 4 is 8.")
        assert bench.ran == [4, 8, 21, 8]
        await hit(explorer, "f")  # the full size is not run before enter
        await says(explorer, "shown: with the values before; enter runs the full size", "Twice 4 is 8.")
        await hit(explorer, "enter")
        await says(explorer, "Twice 8 is 16.")


async def test_what_takes_longer_waits_for_enter(explore, bench, monkeypatch):
    monkeypatch.setattr(labbook, "SOON", 0.0)
    async with explore(size=(80, 24), text=None, lab="scaling") as explorer:
        await hit(explorer, "s")
        await says(explorer, "Twice 4 is 8.")
        await hit(explorer, "left")
        await says(explorer, "‹2›", "shown: with the values before; enter runs these, about 0.0 s", "Twice 4 is 8.")
        await hit(explorer, "right")  # as it was run
        await says(explorer, "measured here,")
        await hit(explorer, "left", "enter")
        await says(explorer, "Twice 2 is 4.")
        assert bench.ran == [4, 2]


async def test_values_that_cannot_be_are_told_and_the_result_stays(explore, bench):
    async with explore(size=(80, 24), text=None, lab="scaling") as explorer:
        await hit(explorer, "s")
        await says(explorer, "Twice 4 is 8.")
        await explorer.press("enter", *"many", "enter")  # nothing is changed: enter types
        await says(explorer, "n is 'many'; it must be a whole number.")
        ask = await asked(explorer)
        assert isinstance(ask, Ask)
        ask.query_one(PlainInput).value = "100"
        await hit(explorer, "enter")
        await says(explorer, "at most 99")
        ask.query_one(PlainInput).value = "9" * 100
        await hit(explorer, "enter")
        await says(explorer, "n is 9,999,9", "…; it must be at most 99.")
        ask.query_one(PlainInput).value = ""
        await hit(explorer, "enter")
        await says(explorer, "Nothing was typed: n stays 4.", "Twice 4 is 8.")
        await explorer.press("enter")
        ask = await asked(explorer)
        ask.query_one(PlainInput).value = "13"
        await hit(explorer, "enter")
        await says(explorer, "n is 13; that is no number to double.", "result before", "Twice 4 is 8.")
        await hit(explorer, "right")
        await explorer.until(lambda: bench.ran == [4])
        await hit(explorer, "left")
        await says(explorer, "Twice 8 is 16.", "‹8›")
        assert "no number to double" not in explorer.text


async def test_leaving_stops_what_runs_and_nothing_waits_for_it(explore, bench):
    bench.gate.clear()
    async with explore(size=(80, 24)) as explorer:
        await hit(explorer, "L", "b")
        await says(explorer, "50%", "doubling", "esc stops")
        await hit(explorer, "q")
        assert isinstance(explorer.app.screen, ExploreScreen)
        await hit(explorer, "space")
        await explorer.step(1)
        assert bench.stopped == [4] and bench.ran == []
        bench.gate.set()
        await hit(explorer, "L")
        await says(explorer, "stopped: enter runs it", "you said b n + n")
        await hit(explorer, "enter")
        await says(explorer, "you said b", "Twice 4 is 8.")


@pytest.mark.parametrize("pressed", ["qLq", "qLqLqL", "qLbqLqLnqLnq"])
async def test_the_lab_can_be_left_and_entered_faster_than_it_is_drawn(explore, bench, pressed):
    async with explore(size=(120, 36), text=None) as explorer:
        for key in "Lq" + pressed[1:]:  # before the lab was ever composed
            explorer.app.post_message(events.Key(key, key))
        await explorer.pilot.pause(0.1)
        while not isinstance(explorer.app.screen, LabScreen):
            await hit(explorer, "L")
        if not at(explorer)._visit.seen:
            await hit(explorer, "b")
        await says(explorer, "Twice 4 is 8.", "the doubling curve")
        for key in pressed:
            explorer.app.post_message(events.Key(key, key))
        await explorer.pilot.pause(0.1)
        assert isinstance(explorer.app.screen, LabScreen if pressed[-1] == "L" else ExploreScreen)
        if pressed[-1] != "L":
            await explorer.pilot.resize_terminal(80, 24)
            await hit(explorer, "L")
            await says(explorer, "Doubling", "RESULT" if at(explorer)._visit.seen else "How large")


async def test_esc_stops_what_runs_and_then_leaves(explore, bench):
    async with explore(size=(80, 24), text=None, lab="scaling") as explorer:
        await hit(explorer, "s")
        await says(explorer, "Twice 4 is 8.")
        bench.gate.clear()
        await hit(explorer, "right")
        await says(explorer, "50%")
        await hit(explorer, "escape")
        await explorer.until(lambda: bench.stopped == [8])
        await says(explorer, "stopped · shown: with the values before; enter runs these", "Twice 4 is 8.")
        await hit(explorer, "escape")
        assert isinstance(explorer.app.screen, ExploreScreen)


async def test_of_a_burst_of_turns_the_last_one_is_the_result(explore, bench):
    async with explore(size=(80, 24), text=None, lab="scaling") as explorer:
        await hit(explorer, "s")
        await says(explorer, "Twice 4 is 8.")
        bench.gate.clear()
        for key in ("left", "right", "right", "left", "right", "enter", "enter"):
            explorer.app.post_message(events.Key(key, None))
        await explorer.pilot.pause(0)
        await says(explorer, "50%", "‹8›")
        bench.gate.set()
        await says(explorer, "Twice 8 is 16.")
        assert bench.ran == [4, 8]


async def test_a_try_changes_the_model_and_undo_brings_everything_back(explore, bench, tiny, noticed):
    subject = glasshead.load(tiny)
    lines = [each.start("the black cat") for each in (subject, subject.changed(scale=False))]
    for line in lines:
        line.step()
        line.step()
    plain, bare = (line.outlook for line in lines)
    site = "decoder.1.cross.scores"
    assert not torch.allclose(plain[site], bare[site])
    async with explore(size=(80, 24)) as explorer:
        screen = explorer.screen
        await hit(explorer, "space")
        await explorer.step(1)
        await hit(explorer, "L", "s")
        await says(explorer, "Twice 4 is 8.")
        await hit(explorer, "t")
        await explorer.step(2)
        await says(explorer, "without 1/√d_k · z undoes it", "Look at what the scale did. z brings back what you had")
        focus = screen._looking
        assert (focus.stack, focus.kind, focus.layer, focus.head) == ("decoder", "cross", 1, 1), "as far as there is"
        assert screen._active == "sum"
        assert torch.allclose(screen.moment.trace[site], bare[site], atol=1e-6)
        await hit(explorer, "escape")
        await explorer.until(lambda: "Look at what" not in explorer.text)
        await hit(explorer, "space")
        await explorer.step(3)
        await hit(explorer, "z")
        await explorer.until(lambda: not screen.moment.changed and screen.moment.step == 1)
        assert "without 1/√d_k" not in explorer.text
        await hit(explorer, "space")
        await explorer.step(2)
        assert torch.allclose(screen.moment.trace[site], plain[site], atol=1e-6)
        assert [token.id for token in screen.moment.tokens] == lines[0].ids
        await hit(explorer, "z")
        await explorer.until(lambda: any("nothing to undo" in each for each in noticed))


async def test_undo_brings_back_ones_own_sentence_after_tries_without_a_change_too(explore, bench, monkeypatch):
    monkeypatch.setattr("glasshead_tui.work.session.EXAMPLE", "tiny")  # the sentences of tries are for this model then
    attempts = [Try(sentence="Look there.", text="a black dog", steps=3), known(bench).attempt]
    monkeypatch.setattr(labbook, "page_of", lambda name: replace(known(bench, name), attempt=attempts[name == "heads"]))
    async with explore(size=(80, 24), text="the cat") as explorer:
        screen = explorer.screen
        await hit(explorer, "space", "space")
        await explorer.step(2)
        before = screen.moment.tokens
        await hit(explorer, "2", "L", "s")
        await says(explorer, "Twice 4 is 8.")
        await hit(explorer, "t")
        await explorer.until(lambda: (screen.moment.text, screen.moment.step) == ("a black dog", 3))
        await says(explorer, "Look there. z brings back what you had")
        await hit(explorer, "L", "3", "colon", "s")
        await says(explorer, "3 of 10", "Twice 4 is 8.")
        await hit(explorer, "t")  # a try after a try: what is brought back is one's own
        await explorer.until(lambda: screen.moment.changed == "without 1/√d_k" and screen.moment.step == 2)
        await hit(explorer, "z")
        await explorer.until(lambda: (screen.moment.text, screen.moment.step) == ("the cat", 2))
        assert screen.moment.tokens == before and not screen.moment.changed
        await explorer.until(lambda: "brings back" not in explorer.text)


async def test_what_is_changed_stays_so_for_another_sentence(explore, bench, tiny):
    line = glasshead.load(tiny).changed(scale=False).start("a dog")
    line.step()
    async with explore() as explorer:
        await hit(explorer, "L", "s")
        await says(explorer, "Twice 4 is 8.")
        await hit(explorer, "t")
        await explorer.step(2)
        await explorer.press("i", *"a dog", "enter")
        await explorer.until(lambda: explorer.screen.moment.text == "a dog")
        await explorer.until(lambda: "Look at what" not in explorer.text)  # that was of the sentence of the try
        await hit(explorer, "space")
        await explorer.step(1)
        site = "encoder.0.self.scores"
        assert torch.allclose(explorer.screen.moment.trace[site], line.outlook[site], atol=1e-6)
        assert "without 1/√d_k" in explorer.text
        await explorer.until(lambda: explorer.text.count("✓") >= 4)  # the truth holds of the changed model


async def test_any_size_shows_it_whole_and_loses_nothing(explore, bench):
    async with explore(size=(80, 24), text=None, lab="scaling") as explorer:
        await hit(explorer, "c")
        await says(explorer, "Twice 4 is 8.")
        await explorer.pilot.resize_terminal(120, 36)
        await says(explorer, "▸ 2 scaling · c→b", "10 subwords", "Look at the slope.", "the doubling table")
        await explorer.pilot.resize_terminal(200, 60)
        await says(explorer, "The first paragraph.", "2 × 4 = 8", "the doubling grid", "the doubling curve")
        await explorer.pilot.resize_terminal(20, 5)
        await says(explorer, "enlarge")
        await hit(explorer, "right")
        await explorer.pilot.resize_terminal(80, 24)
        await says(explorer, "Twice 8 is 16.", "‹8›", "you said c")


async def test_answers_tabs_controls_and_experiments_can_be_clicked(explore, bench):
    async with explore(size=(120, 36), text=None, lab="scaling") as explorer:
        await says(explorer, "c n squared")

        def place(part: str) -> tuple[int, int]:
            lines = explorer.text.split("\n")
            row = next(number for number, line in enumerate(lines) if part in line)
            return lines[row].index(part) + 1, row

        await explorer.pilot.click(offset=place("c  n squared"))
        await says(explorer, "you said c", "Twice 4 is 8.")
        await explorer.pilot.click(offset=place("the doubling lines"))
        await says(explorer, "4/4")
        await explorer.pilot.click(offset=place("word –"))
        await says(explorer, "word: a word that is carried along")
        await explorer.pilot.click(offset=place("warmup"))
        await says(explorer, "Doubling warmup", "How large is twice n?")


async def test_pages_can_be_turned_and_gone_to(explore, bench, noticed):
    async with explore(size=(80, 24), text=None, lab="heads") as explorer:
        await says(explorer, "3 of 10")
        await hit(explorer, "n")
        await says(explorer, "4 of 10")
        await hit(explorer, "2", "p")
        await says(explorer, "2 of 10")
        await hit(explorer, "9", "p")
        await says(explorer, "This is the first experiment.")
        await says(explorer, "2 of 10")
        await explorer.press("colon", *"warmpu", "enter")
        await says(explorer, "Did you mean warmup?")
        (await asked(explorer)).query_one(PlainInput).value = "warm"
        await hit(explorer, "enter")
        await says(explorer, "8 of 10")
        await hit(explorer, "2", "colon")
        await says(explorer, "2 of 10")
        await hit(explorer, "9", "n")
        await says(explorer, "This is the last experiment.")
        assert noticed == [], "nothing is covered by it"


async def test_results_stay_while_the_program_lives(explore, bench):
    async with explore(size=(80, 24), text=None, lab="scaling") as explorer:
        await hit(explorer, "c")
        await says(explorer, "Twice 4 is 8.")
        await hit(explorer, "right")
        await says(explorer, "Twice 8 is 16.")
        await hit(explorer, "n", "q", "L", "p")
        await says(explorer, "2 of 10", "you said c", "Twice 8 is 16.", "‹8›")


async def test_what_a_terminal_would_obey_is_made_visible(explore, bench):
    async with explore(size=(200, 60), text=None, lab="scaling") as explorer:
        await hit(explorer, "s")
        await says(explorer, "Twice 4 is 8.")
        await hit(explorer, "down", "equals_sign")
        (await asked(explorer)).query_one(PlainInput).post_message(events.Paste("".join(HOSTILE)))
        await says(explorer, "Left out")
        await hit(explorer, "escape")
        # Typed or pasted it is left out; a value that came in another way is drawn all the same.
        at(explorer)._visit.values["word"] = "".join(HOSTILE)
        await hit(explorer, "enter")
        await says(explorer, "double ␛[2J", "n ␛[2J", "2 × 4 = 8 ␛[2J␛]0;owned␇<U+202E>txt<U+009B>31m[red][/]")
        assert all(character.isprintable() or character == "\n" for character in explorer.text)


async def test_the_lesson_keeps_ones_place_and_ends(explore, bench, state):
    async with explore(size=(80, 24), text=None, lesson=True) as explorer:
        await says(explorer, "lesson 1 of 10")
        await hit(explorer, "b")
        await says(explorer, "Twice 4 is 8.")
        await hit(explorer, "n", "c")
        await says(explorer, "lesson 2 of 10", "Twice 4 is 8.")
        await hit(explorer, "n")
        await says(explorer, "lesson 3 of 10")
    kept = lesson.read()
    assert (kept.at, dict(kept.answers), dict(kept.right)) == (
        "heads", {"attention": 1, "scaling": 2}, {"attention": 1, "scaling": 1},
    )  # fmt: skip
    async with explore(size=(120, 36), text=None, lesson=True) as explorer:
        await says(explorer, "lesson 3 of 10", "1 attention ✓ b", "2 scaling · c→b")
        await hit(explorer, "9", "n", "7", "n")
        await says(explorer, "lesson 10 of 10")
        await hit(explorer, "s")
        await says(explorer, "Twice 4 is 8.")
        await hit(explorer, "n")
        await says(explorer, "You answered 2 of 10; 1 agreed with the numbers.", "Still to be seen: heads")
        await explorer.pilot.resize_terminal(80, 24)
        await says(explorer, "You answered 2 of 10", "Still to be seen: heads", "the explorer is yours")
        await hit(explorer, "p")
        await says(explorer, "lesson 10 of 10", "Twice 4 is 8.")


async def test_a_place_that_cannot_be_kept_is_told_once(explore, bench, tmp_path, monkeypatch, noticed):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(lesson, "path", lambda: tmp_path / "file" / "lesson.json")
    async with explore(size=(80, 24), text=None, lesson=True) as explorer:
        await hit(explorer, "n")
        await hit(explorer, "n")
        await says(explorer, "lesson 3 of 10")
        assert len(noticed) == 1 and "cannot be kept" in noticed[0]


async def test_what_was_trained_before_is_shown_first_and_said_to_be(explore, bench, monkeypatch):
    made = Shipped(values={"n": 50, "word": "old"}, seconds=212.0, made_on="a machine \x1b[2J", result=None)
    result = Doubled(n=50, twice=100, word="old")
    monkeypatch.setattr(labbook, "page_of", lambda name: known(bench, name, trained=True))
    shipped: list[Shipped | None] = [Shipped(values=made.values, seconds=212.0, made_on=made.made_on, result=result)]
    monkeypatch.setattr("glasshead.lab.record.shipped", lambda page: shipped[0])
    async with explore(size=(80, 24), text=None, lab="heads") as explorer:
        await hit(explorer, "b")
        await says(explorer, "Twice 50 is 100.", "made before, in 4 min on a machine ␛[2J", "‹50›")
        assert bench.ran == []
        await hit(explorer, "left")
        await says(explorer, "shown: with the values before; enter runs these", "‹8›", "Twice 50 is 100.")
        await hit(explorer, "r")
        await says(explorer, "Twice 50 is 100.", "made before", "‹50›")
        assert bench.ran == []
        await hit(explorer, "left", "enter")
        await says(explorer, "Twice 8 is 16.", "measured here,")
        await hit(explorer, "r")  # values and result that were shown first
        await says(explorer, "Twice 50 is 100.", "made before", "‹50›", "double old")
        assert bench.ran == [8]
        shipped[0] = None  # another one, of which nothing comes with the program
        await hit(explorer, "n", "b")
        await says(explorer, "Twice 4 is 8.")
        assert bench.ran == [8, 4]


async def test_help_and_palette_know_every_key_of_the_lab(explore, bench, tmp_path, monkeypatch):
    file = tmp_path / "keys.toml"
    file.write_text('skip = "x"\n')
    monkeypatch.setattr("glasshead_tui.app.keys_file", lambda: file)
    async with explore(size=(120, 60), text=None, lab="scaling") as explorer:
        await says(explorer, "x just see it")
        await explorer.press("question_mark")
        assert isinstance(explorer.app.screen, Help)
        shown = " ".join(explorer.text.split())
        for key in keys.listed(keymaps.LAB):
            assert " ".join(key.meaning.split()[:3]) in shown, key.id
        await hit(explorer, "escape", "s")
        assert bench.ran == []
        await hit(explorer, "ctrl+p")
        await says(explorer, "skip (x) run it without an answer")
        await hit(explorer, *"without")
        await explorer.until(lambda: explorer.text.count("run it without") == 1 and "take the" not in explorer.text)
        await explorer.pilot.pause(0.1)
        await hit(explorer, "enter")
        await says(explorer, "Twice 4 is 8.")


async def test_a_bug_in_an_experiment_is_not_hushed_up(explore, bench, monkeypatch):
    def broken(**_: object) -> Doubled:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(bench, "run", broken)
    with pytest.raises(Exception, match="a bug"):
        async with explore(size=(80, 24), text=None, lab="scaling") as explorer:
            await hit(explorer, "s")
            await explorer.until(lambda: not explorer.app.is_running)


def test_a_real_experiment_runs_on_the_open_model_without_colour_too(tiny):
    with Terminal("explore", str(tiny), size=(80, 24), env={"NO_COLOR": "1"}) as terminal:
        terminal.until("step 0", "truth")
        terminal.press("L")
        terminal.until("1 of 10")
        terminal.press("n")
        terminal.until("2 of 10", "▸ a")
        terminal.press("down", "enter")
        terminal.until("you said  b", "‹512›", "━o q·k", "━x")
        assert lab.page_of("scaling").question.answers[1] in terminal.text
        terminal.press("\t", "\t", "\t", "\t")
        terminal.until("5/6", "tiny, d_k 8", "decoder.1.cross")
        terminal.press("q")
        terminal.until("truth")
        assert b"\x1b[38" not in terminal.raw and b"\x1b[48" not in terminal.raw
        terminal.press("q")
        assert terminal.status() == 0
