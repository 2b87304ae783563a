"""The watch screen: sizes, the cell, the map, sentences, curves; all the file's numbers."""

from pathlib import Path

import pytest
from tests.conftest import HOSTILE
from tests.tui.runs import SENTENCES, Run, kept
from tests.tui.screens.watch.watching import Watch

from glasshead_tui.panes.watch.curves import CurvesPane
from glasshead_tui.panes.watch.heads import HeadsPane
from glasshead_tui.widgets.curves import Curves
from glasshead_tui.widgets.heatmap import HeatMap
from glasshead_tui.widgets.scale import MASKED


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60), (50, 15)])
async def test_every_size_shows_the_whole(watch: Watch, run: Run, size: tuple[int, int]) -> None:
    async with watch(run, size=size) as watching:
        await watching.says(
            "ended", "step 40", "? help", "q quit", "says now", "stop 5 of 5", "decoder 1 · encoder–decoder"
        )
        if size[0] >= 120:
            await watching.says("loss", "scores", "learning rate", "map", "enc", "1.2 M parameters")
            await watching.says("2+2 layers · 3 heads", "bf16 on cpu")
        else:
            assert "learning rate" not in watching.text
            await watching.press("c")
            await watching.says("loss", "scores", "learning rate")
            await watching.press("m")
            await watching.says(*(("enc self", "dec self · masked") if size[1] > 20 else ("1[",)))  # the chosen
            await watching.press("tab", "tab")
            await watching.says("decoder 1 · encoder–decoder")
        lines = watching.text.split("\n")
        assert len(lines) == size[1] and all(len(line) <= size[0] for line in lines)


async def test_a_window_that_is_too_small_gets_a_sentence(watch: Watch, run: Run) -> None:
    async with watch(run, size=(30, 8)) as watching:
        await watching.says("30×8")
        await watching.pilot.resize_terminal(120, 36)
        await watching.says("ended", "loss", "map", "decoder 1 · encoder–decoder")


async def test_the_numbers_are_those_of_the_file(watch: Watch, run: Run) -> None:
    async with watch(run, size=(200, 60)) as watching:
        await watching.press("left")
        await watching.at(30)
        for pressed, prefix in (
            ("", "decoder.1.cross"),
            ("left_square_bracket", "decoder.0.cross"),
            ("t", "encoder.0.self"),
        ):
            await watching.press(*[pressed] * bool(pressed))
            for head in range(3):
                focus, number = watching.screen._looking, watching.screen._sentence
                assert focus is not None and focus.prefix == prefix and focus.head == head
                wanted = kept(30, number, prefix)[head]
                matrix = watching.screen.query_one(HeatMap).matrix
                assert matrix is not None and (matrix.values == wanted).all()  # type: ignore[attr-defined]
                shown = f"{float(wanted[focus.query, focus.key]):.4f}".removeprefix("0")
                best = float(wanted[focus.query].max())
                await watching.says(shown, f"most: {matrix.column_labels[int(wanted[focus.query].argmax())]}")
                await watching.says(f"{best:.4f}".removeprefix("0"), "row sums to 1.00")
                await watching.press("j", "l", "right_parenthesis")
            await watching.press("9", "left_parenthesis")


async def test_what_may_not_be_looked_at_is_masked(watch: Watch, run: Run) -> None:
    async with watch(run) as watching:
        await watching.press("t", "t", "l")
        await watching.says("decoder 1 · masked self-attention", "−∞", "it comes later")
        matrix = watching.screen.query_one(HeatMap).matrix
        assert matrix is not None
        for row in range(len(matrix.row_labels)):
            hidden = [level == MASKED for level in matrix.levels(row)]
            assert hidden == [column > row for column in range(len(matrix.column_labels))]


async def test_the_map_holds_all_heads_and_chooses_one(watch: Watch, run: Run) -> None:
    async with watch(run) as watching:
        await watching.press("m", "l", "k")
        focus = watching.screen._looking
        assert focus is not None and (focus.prefix, focus.head) == ("decoder.0.cross", 1)
        await watching.press("k", "k", "k", "k", "k", "k")
        focus = watching.screen._looking
        assert focus is not None and (focus.prefix, focus.head) == ("encoder.0.self", 1)
        pane = watching.screen.query_one(HeadsPane)
        places = {place for _, place in pane._spots}
        assert len(places) == 3 * 2 * 3
        region, place = pane._spots[-1]
        await watching.pilot.click(HeadsPane, offset=(region.x + 2 + pane.INSET, region.y + 1))
        focus = watching.screen._looking
        assert place == (2, 1, 2) and focus is not None and (focus.prefix, focus.head) == ("decoder.1.cross", 2)


async def test_sentences_and_what_is_said_of_them(watch: Watch, run: Run) -> None:
    async with watch(run) as watching:
        assert watching.screen._sentence == 1, "the longest that is in sight as a whole"
        for pressed, number, said in (
            ("n", 0, "le chien  ✗"),
            ("down", 1, "le chat noir dort  ✓"),
            ("p", 0, "le chien"),
        ):
            await watching.press(pressed)
            await watching.says(f"{SENTENCES[number][0]}   sentence {number + 1} of 2", f"says now  {said}")


async def test_the_curves_are_the_figures(watch: Watch, run: Run) -> None:
    run.step(41, loss=None, perplexity=None, rate=None)
    async with watch(run) as watching:
        pane = watching.screen.query_one(CurvesPane)
        charts = [curves._chart for curves in pane.query(Curves)]
        loss, scores, rate = (chart for chart in charts if chart is not None)
        smoothed, training, validation = loss.curves
        assert smoothed.y[:40].tolist() == [1 + 6 / number for number in range(1, 41)]
        assert training.y[:40] == pytest.approx([5 / number for number in range(1, 41)])
        assert (validation.x.tolist(), set(validation.y)) == ([10, 20, 30, 40], {1.0986})
        assert [curve.y[0] for curve in scores.curves] == [45.6, 23.4, 12.5]
        assert rate.curves[0].y[:40] == pytest.approx([1e-4 * number for number in range(1, 41)])
        await watching.press("z")
        await watching.until(lambda: pane.query(Curves).first()._chart.x == (20, 41))  # type: ignore[union-attr]


async def test_figures_beyond_all_bounds_are_drawn_without_harm(watch: Watch, run: Run) -> None:
    for number, loss in enumerate((1e14, -1e14, 0.0, 1e-14), 41):
        run.step(number, loss=loss, perplexity=abs(loss), rate=loss)
    run.evaluation(10**14, bleu=-1e14, chrf=1e14, exact=1e14, loss=-5)
    run.tell(event="started", steps=0)
    run.step(10**15)
    for size in ((120, 36), (80, 24)):
        async with watch(run, size=size) as watching:
            await watching.press("c", "z", "z", "home")
            await watching.at(0)


async def test_hostile_texts_are_shown_and_never_obeyed(watch: Watch, tmp_path: Path) -> None:
    text = " ".join(HOSTILE)
    run = Run(tmp_path / "\x1b[2Jrun[red]")
    run.folder.mkdir()
    run.tell(event="started", step=0, steps=9, precision="\x1b[2J[/]", device="\u202e[@click=app.quit]", d_model=1)
    run.step(1)
    run.probe(1, given=(text, text), text=text, expected=text, source=tuple(HOSTILE), target=("", *HOSTILE))
    async with watch(run, at=1) as watching:
        if watching.screen._sentence:
            await watching.press("n")
        await watching.press("m", "a", "t", "t", "j", "l", "question_mark", "escape")
        await watching.says("␛[2J", "[red]", "<U+202E>")
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(watching.text)
