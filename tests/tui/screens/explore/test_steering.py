"""Leading the decode: it stops at breakpoints, and plays at a pace without being in the way of keys."""

from pathlib import Path

import pytest
import torch
from tests.tui.conftest import Explore, Explorer

import glasshead
from glasshead.analysis.norms import norms
from glasshead_tui.drawing.names import next_labels
from glasshead_tui.drawing.numbers import weight
from glasshead_tui.drawing.tables import norms_rows
from glasshead_tui.panes.attention import AttentionPane
from glasshead_tui.panes.explore.breakpoints import BreakpointsPane
from glasshead_tui.panes.explore.norms import NormsPane
from glasshead_tui.panes.explore.tokens import TokensPane
from glasshead_tui.panes.explore.tree import TreePane
from glasshead_tui.panes.explore.truth import TruthPane
from glasshead_tui.screens.ask import Ask, PlainInput
from glasshead_tui.screens.choose import Choose
from glasshead_tui.screens.paned import TWIN
from glasshead_tui.screens.picking import Picking
from glasshead_tui.screens.steering import PACES


async def add(explorer: Explorer, text: str) -> None:
    """Type a breakpoint into the question that is open."""
    await explorer.until(lambda: isinstance(explorer.app.screen, Ask))
    question = explorer.app.screen
    question.query_one(PlainInput).value = text
    await explorer.press("enter")


async def test_steps_stop_at_breakpoints_which_are_listed(explore: Explore, tiny: Path) -> None:
    line = glasshead.load(tiny).start("the black cat")
    line.goto(4)
    third = line.produced[2].text
    met = next(at for at, token in enumerate(line.produced, 1) if token.text == third)
    async with explore(size=(80, 24)) as explorer:
        pane = explorer.screen.query_one(BreakpointsPane)
        await explorer.press("U")
        await explorer.until(lambda: "There are no breakpoints yet" in explorer.text and "+ adds one" in explorer.text)
        await explorer.press("plus")
        await add(explorer, "tokn = x")
        await explorer.until(lambda: "Did you mean token" in " ".join(explorer.text.split()))
        await add(explorer, f'token = "{third}"')
        await explorer.until(lambda: explorer.on_top and f"»on  token = {third}" in explorer.text)
        await explorer.press("plus")
        await add(explorer, "9.cross looks at cat > 0.5")
        await explorer.until(lambda: "there is no layer 9" in " ".join(explorer.text.split()))
        await explorer.press("escape", "end")
        await explorer.step(met)
        await explorer.until(lambda: f"Stopped after step {met} by the breakpoint" in explorer.text)
        await explorer.until(lambda: "stands here" in explorer.text)
        assert explorer.moment.stopped is not None and pane.as_rows()[1] == (0, True, f"token = {third}", True)
        await explorer.press("escape", "enter")
        await explorer.until(lambda: "off token" in explorer.text)
        assert not explorer.screen.has_class("noticed"), "what was put away is not told again"
        await explorer.press("home", "4", "space")
        await explorer.step(4)
        await explorer.until(lambda: "Stopped after" not in explorer.text)
        await explorer.press("enter", "home", "p")
        await explorer.step(met)
        await explorer.until(lambda: not explorer.screen.playing)
        await explorer.press("D", "plus")
        await add(explorer, "best < 0")
        await explorer.until(lambda: explorer.on_top and "»on  best < 0" in explorer.text)
        await explorer.press("end")
        await explorer.until(lambda: "no step met a breakpoint: smallest" in " ".join(explorer.text.split()))
        assert explorer.screen.has_class("noticed")
        assert pane.tell_of(pane.rows[0]) == str(explorer.moment.missed)
        await explorer.press("D")
        await explorer.until(lambda: "There are no breakpoints yet" in explorer.text)


async def test_play_takes_steps_until_another_move_or_the_end(explore: Explore, noticed: list[str]) -> None:
    async with explore(size=(80, 24)) as explorer:
        screen = explorer.screen
        await explorer.press("9", "greater_than_sign")
        assert screen._pace == len(PACES) - 1 and any("4 steps a second" in each for each in noticed)
        await explorer.press("p")
        await explorer.until(lambda: explorer.moment.step >= 2)
        assert screen.playing and "▶ playing 4 steps a second" in explorer.text
        await explorer.until(lambda: screen.query_one(TruthPane)._checks is not None)  # checked between two steps
        await explorer.press("s", "less_than_sign")  # looking elsewhere does not stop it
        assert screen.playing and "2 steps a second" in explorer.text
        await explorer.press("b")
        await explorer.until(lambda: not screen.playing)
        stood = explorer.moment.step
        await explorer.pilot.pause(0.6)
        assert explorer.moment.step == stood and "▶" not in explorer.text.splitlines()[-1]
        await explorer.press("p", "p")
        await explorer.step(stood + 1)
        assert not screen.playing
        await explorer.press("p", "i")
        await explorer.until(lambda: not screen.playing)
        await explorer.press("escape", "end")
        await explorer.until(lambda: explorer.moment.done)
        await explorer.press("p")
        assert not screen.playing and "home goes back" in noticed[-1]


async def test_tokens_are_drawn_as_the_question_shows_and_a_beam_fills_the_tree(
    explore: Explore, tiny: Path, noticed: list[str]
) -> None:
    line = glasshead.load(tiny).start("the black cat")
    line.step()
    async with explore(size=(104, 40)) as explorer:
        await explorer.press("space")
        await explorer.step(1)
        rest = 1 - sum(token.probability or 0.0 for token in explorer.moment.candidates[:2])
        await explorer.until(lambda: f"others {weight(rest)}" in explorer.text)
        await explorer.press("g")
        question = explorer.app.screen
        assert isinstance(question, Picking)
        assert "the first is taken" in explorer.text
        await explorer.press("down", ".", "8", "backspace", "7", "5", "x", "down", "1", "2", ".", "backspace")
        assert question.values == {"temperature": 0.75, "top_k": 1, "top_p": None, "seed": 0, "width": 4}, "typed"
        await explorer.press("left", "left", "up", *["right"] * 10)
        await explorer.press("down", *["right"] * 5, "down", "down", "right", "R", "l")
        assert question.values == {"temperature": 5.0, "top_k": 5, "top_p": None, "seed": 3, "width": 4}
        rule = glasshead.Sample(temperature=5.0, top_k=5, seed=3)
        p = rule.probabilities(line.rows.through(line.ids))
        drawn = line.names.tokens([rule(line.rows.through(line.ids), 1)])
        name = next_labels(explorer.moment.tokens, tuple(drawn))[0]
        await explorer.until(lambda: f"draws {name}" in explorer.text and "5 tokens can be drawn" in explorer.text)
        best = explorer.moment.candidates
        shown = [f"{weight(token.probability or 0)} → {weight(float(p[token.id]))}" for token in best[:5]]
        rows = " ".join(explorer.text.split())
        assert all(" ".join(each.split()) in rows for each in shown) and "→ cut" in rows
        await explorer.press("enter")
        await explorer.until(lambda: explorer.moment.weighed is not None)
        weighed = explorer.moment.weighed
        assert weighed is not None and weighed.seed == 3
        assert weighed.adjusted[:5] == pytest.approx([float(p[token.id]) for token in best[:5]], abs=1e-6)
        pane = explorer.screen.query_one(TokensPane)
        await explorer.until(lambda: pane.as_rows()[0][-1] == "drawn with")
        table = pane.as_rows()
        assert table[0][-1] == "drawn with" and table[-24][-2:] == (best[0].probability, weighed.adjusted[0])
        await explorer.until(lambda: f"{weight(best[0].probability or 0)}→" in explorer.text)
        assert "sample T 5 top-k 5 seed 3" in explorer.text
        await explorer.press("3", "space")
        await explorer.step(4)
        assert explorer.moment.tokens[2].id == drawn[0].id
        first = [token.id for token in explorer.moment.tokens]
        await explorer.press("R")
        await explorer.until(lambda: explorer.moment.step == 4 and explorer.moment.weighed.seed == 4)  # type: ignore[union-attr]
        await explorer.press("enter")
        assert isinstance(explorer.app.screen, Choose) and "→" in explorer.text
        await explorer.press("escape", "z")
        await explorer.until(lambda: [token.id for token in explorer.moment.tokens] == first)
        await explorer.press("z", "g", "k", *["j"] * 9, *["h"] * 9, "l", "enter")  # a beam of 3
        await explorer.until(lambda: explorer.moment.done)
        await explorer.press("B")
        await explorer.until(lambda: "└ beam 3: 1 of 3, score" in explorer.text and "✂ given up after" in explorer.text)
        tree = explorer.screen.query_one(TreePane)
        number = explorer.moment.line
        tree.put_mark(next(at for at, row in enumerate(tree.rows) if row.lost is not None))
        await explorer.until(lambda: "A beam search gave it up" in explorer.text)
        await explorer.press("enter")
        await explorer.until(lambda: any("nothing to go to" in each for each in noticed))
        await explorer.press("left")
        assert tree.branch is not None and explorer.moment.line == number


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_any_two_lines_are_compared(explore: Explore, size: tuple[int, int], noticed: list[str]) -> None:
    async with explore(size=size) as explorer:
        await explorer.press("C")
        assert explorer.screen._active == "tree" and "Mark a line and press C" in noticed[-1]
        await explorer.press("C")
        await explorer.until(lambda: any("You stand in this line" in each for each in noticed))
        await explorer.press("a", "2", "space", "enter", "j", "enter")
        await explorer.step(3)
        await explorer.press("3", "space")
        await explorer.step(6)
        was = explorer.moment.trace
        await explorer.press("C", "k", "C")
        await explorer.until(lambda: explorer.moment.beside is not None)
        await explorer.until(lambda: "»◇  1 the black cat" in explorer.text and "◆  2 " in explorer.text)
        await explorer.until(lambda: "truth ◆" in explorer.text and "◆ this line" in explorer.text)
        await explorer.press("a")
        beside = explorer.moment.beside
        assert beside is not None and beside.trace.steps == 3 and explorer.moment.trace.steps == was.steps
        pane, site = explorer.screen.query_one(AttentionPane), "decoder.0.self.weights"

        def shown() -> torch.Tensor:
            return torch.tensor([row[1:] for row in pane.as_rows()[1:]])

        await explorer.press("V")
        titles = [f"{mark} logits" for mark in "◆◇"]
        if size[0] == 80:  # one of them, and the key that shows the other
            await explorer.until(lambda: "◆ logits · d shows ◇" in explorer.text)
            await explorer.press("d")
            await explorer.until(lambda: "◇ logits · d shows ◆ − ◇" in explorer.text)
            await explorer.press("d")
        else:
            await explorer.until(lambda: all(each in explorer.text for each in titles))
            await explorer.press("o")
            await explorer.until(lambda: "◇ norms · its nearest row" in explorer.text)
            row = explorer.screen._looking.query
            for name, trace in (("norms", was), (f"norms{TWIN}", beside.trace)):
                wanted_rows = norms_rows(norms(trace, "decoder", min(row, trace.steps - 1)))
                await explorer.until(
                    lambda name=name, rows=wanted_rows: (
                        explorer.screen.query_one(f"#{name}", NormsPane).as_rows() == rows
                    )  # type: ignore[misc]
                )
            await explorer.press("d", "d")
            await explorer.until(lambda: "◆ − ◇ norms" in explorer.text and "╭─ ◇ norms" not in explorer.text)
        await explorer.press("a")
        wanted = was[site][0, :3, :3] - beside.trace[site][0]
        await explorer.until(lambda: shown().shape == (3, 3) and torch.allclose(shown(), wanted, atol=1e-6))
        assert "shown: ◆ − ◇" in explorer.text
        await explorer.until(lambda: "differs from step 3 on" in explorer.text and " line 1" in explorer.text)
        for key in "muvoa":
            await explorer.press(key)
            title = explorer.screen.query_one(f"#{explorer.screen._active}")
            await explorer.until(lambda title=title: str(title.border_title).startswith("◆ − ◇") or title is pane)  # type: ignore[misc]
        await explorer.press("d")
        await explorer.until(lambda: shown().shape == (7, 7))
        await explorer.press("d", "d")
        await explorer.press("i", *"a dog", "enter")
        await explorer.reads("a dog")
        await explorer.press("t")
        said = "weights has no difference", "only values of equal shape"
        await explorer.until(lambda: any(each in " ".join(explorer.text.split()) for each in said))
        await explorer.press("C")
        await explorer.until(lambda: explorer.moment.beside is None)
        await explorer.press("B", "home", "k", "C")
        await explorer.until(lambda: explorer.moment.beside is not None)
        await explorer.until(lambda: explorer.text.count("◆ source") == explorer.text.count("◇ source") == 1)
        await explorer.press("u")
        explorer.screen._look(view="difference", redraw=True)
        await explorer.until(lambda: "has no difference" in " ".join(explorer.text.replace("│", " ").split()))
        assert str(explorer.screen.query_one("#sum").border_title).startswith("◆ − ◇ sum"), "also where there is none"
        await explorer.press("B")
        assert len(explorer.text.split("\n")) == size[1] and "? help" in explorer.text
        await explorer.press("C")  # once more ends it
        await explorer.until(lambda: explorer.moment.beside is None)
