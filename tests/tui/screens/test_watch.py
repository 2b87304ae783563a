"""Watching a training: what is shown is what lies in its folder, whatever happens there, and nothing in it changes."""

import asyncio
import json
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from tests.conftest import HOSTILE
from tests.tui.pseudo_terminal import Terminal
from tests.tui.runs import SENTENCES, Run, contents, kept, make
from textual.pilot import Pilot

from glasshead_tui.app import WatchApp
from glasshead_tui.cli import run as command
from glasshead_tui.panes.watch.curves import CurvesPane
from glasshead_tui.panes.watch.heads import HeadsPane
from glasshead_tui.screens.ask import Ask
from glasshead_tui.screens.help import Help
from glasshead_tui.screens.watch import WatchScreen
from glasshead_tui.state import keymaps, keys
from glasshead_tui.widgets.curves import Curves
from glasshead_tui.widgets.heatmap import HeatMap
from glasshead_tui.widgets.scale import MASKED
from glasshead_tui.widgets.slider import Slider

LIMIT = 20.0


class Watching:
    """A screen that watches a run, seen from outside."""

    def __init__(self, app: WatchApp, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    @property
    def screen(self) -> WatchScreen:
        screen = self.app.screen_stack[0]
        assert isinstance(screen, WatchScreen)
        return screen

    async def until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + LIMIT
        while not condition():
            assert time.monotonic() < end, f"it did not happen:\n{self.text}"
            await self.pilot.pause(0.01)

    async def at(self, step: int) -> None:
        """Wait until what was recorded at a step is shown."""
        await self.until(lambda: self.screen._recorded is not None and self.screen._recorded.step == step)
        await self.pilot.pause()

    async def says(self, *parts: str) -> None:
        """Wait until these words are on the screen."""
        await self.until(lambda: all(part in self.text for part in parts))

    async def press(self, *pressed: str) -> None:
        await self.pilot.press(*pressed)

    @property
    def text(self) -> str:
        strips = self.app.screen._compositor.render_strips(self.app.size)
        return "\n".join(strip.text[: self.app.size.width].rstrip() for strip in strips)


Watch = Callable[..., AbstractAsyncContextManager[Watching]]


@pytest.fixture
def watch() -> Watch:
    """`async with watch(run, size=(120, 36)) as watching`: the screen on a run's folder."""

    @asynccontextmanager
    async def opened(run: Run, size: tuple[int, int] = (120, 36), at: int | None = 40) -> AsyncIterator[Watching]:
        app = WatchApp(run.folder)
        async with app.run_test(size=size) as pilot:
            watching = Watching(app, pilot)
            if at is not None:
                await watching.at(at)
            yield watching
            await asyncio.sleep(0)

    return opened


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run of 40 steps that has ended, with stops at 0, 10, 20, 30 and 40."""
    return make(tmp_path / "run")


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60), (50, 15)])
async def test_every_size_shows_the_whole(watch: Watch, run: Run, size: tuple[int, int]) -> None:
    async with watch(run, size=size) as watching:
        await watching.says("ended", "step 40", "? help", "q quit", "says now", "stop 5 of 5", "decoder 1 → encoder")
        if size[0] >= 120:
            await watching.says("loss", "scores", "learning rate", "map", "encoder self", "1.2 M parameters")
            await watching.says("2+2 layers · 3 heads", "bf16 on cpu")
        else:
            assert "learning rate" not in watching.text
            await watching.press("c")
            await watching.says("loss", "scores", "learning rate")
            await watching.press("m")
            await watching.says("encoder self", "decoder self (masked)")
            await watching.press("tab", "tab")
            await watching.says("decoder 1 → encoder")
        lines = watching.text.split("\n")
        assert len(lines) == size[1] and all(len(line) <= size[0] for line in lines)


async def test_a_window_that_is_too_small_gets_a_sentence(watch: Watch, run: Run) -> None:
    async with watch(run, size=(30, 8)) as watching:
        await watching.says("30×8")
        await watching.pilot.resize_terminal(120, 36)
        await watching.says("ended", "loss", "map", "decoder 1 → encoder")


async def test_time_goes_by_stops(watch: Watch, run: Run) -> None:
    async with watch(run) as watching:
        await watching.says("step 40 · stop 5 of 5")
        for pressed, step in (("left", 30), ("left", 20), ("right", 30), ("home", 0), ("left", 0), ("end", 40)):
            await watching.press(pressed)
            await watching.at(step)
            await watching.says(f"step {step} · stop {step // 10 + 1} of 5")
            assert watching.screen.query_one(Slider).handle == step
        await watching.press("3", "left")
        await watching.at(10)
        await watching.says("12.5% exact", "BLEU 23.4", "chrF 45.6", "validation loss 1.099")
        await watching.press("pagedown")
        await watching.at(40)


async def test_going_to_a_step_goes_to_the_stop_before_it(watch: Watch, run: Run) -> None:
    async with watch(run) as watching:
        await watching.press("colon", "2", "9", "enter")
        await watching.at(20)
        await watching.press("3", "5", "colon")
        await watching.at(30)
        await watching.press("colon", "x", "enter")
        await watching.until(lambda: "not a step" in watching.text)
        assert isinstance(watching.app.screen, Ask)
        await watching.press("escape")
        await watching.at(30)


async def test_playing_runs_to_the_newest_and_begins_anew(
    watch: Watch, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glasshead_tui.screens.watch.LONGEST", 0.05)
    seen: list[int] = []
    look = WatchScreen._look

    def note(screen: WatchScreen, **changes: object) -> None:
        look(screen, **changes)
        if screen._recorded is not None and screen._recorded.step not in seen[-1:]:
            seen.append(screen._recorded.step)

    monkeypatch.setattr(WatchScreen, "_look", note)
    async with watch(run) as watching:
        await watching.press("space")
        await watching.until(lambda: seen[-1] == 40 and len(seen) > 3 and watching.screen._playing is None)
        assert seen == [40, 0, 10, 20, 30, 40], "every stop is shown"
        await watching.press("home")
        await watching.at(0)
        await watching.press("space")
        await watching.says("playing")
        await watching.press("escape")
        assert watching.screen._playing is None


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


async def test_the_cursor_stays_where_it_is_while_time_goes_by(watch: Watch, run: Run) -> None:
    async with watch(run) as watching:
        await watching.press("j", "l", "l", "left")
        await watching.at(30)
        focus = watching.screen._looking
        assert focus is not None and (focus.query, focus.key, focus.step) == (1, 2, 30)
        assert watching.screen.query_one(HeatMap).cursor == (1, 2)


async def test_what_may_not_be_looked_at_is_masked(watch: Watch, run: Run) -> None:
    async with watch(run) as watching:
        await watching.press("t", "t", "l")
        await watching.says("decoder 1 self (masked)", "−∞", "it comes later")
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


async def test_a_click_on_the_slider_or_a_curve_goes_there(watch: Watch, run: Run) -> None:
    async with watch(run) as watching:
        slider = watching.screen.query_one(Slider)
        await watching.pilot.click(Slider, offset=(slider.size.width // 4, 0))
        await watching.at(10)
        await watching.pilot.click(Slider, offset=(0, 0))
        await watching.at(0)
        curves = watching.screen.query(Curves).first()
        await watching.pilot.click(curves, offset=(curves.size.width - 4, curves.size.height // 2))
        await watching.at(40)


async def test_a_run_that_grows_is_followed_and_one_that_is_studied_is_not_left(watch: Watch, tmp_path: Path) -> None:
    run = make(tmp_path / "run", until=20, ended=False)
    async with watch(run, at=20) as watching:
        await watching.says("running", "step 20 of 40 · 50%", "0:02 left", "1,000 tokens/s", "follows the training")
        for number in range(21, 31):
            run.step(number)
        run.probe(30)
        await watching.at(30)
        await watching.says("step 30 of 40 · 75%", "stop 4 of 4")
        await watching.press("left")
        await watching.at(20)
        run.probe(35)
        await watching.says("stop 3 of 5")
        assert "follows" not in watching.text
        run.tell(event="stopped", step=30)
        await watching.says("stopped at step 30")
        await watching.press("end")
        await watching.at(35)


async def test_a_resume_takes_back_what_it_takes_back(watch: Watch, tmp_path: Path) -> None:
    run = make(tmp_path / "run", until=39, ended=False)
    async with watch(run, at=30) as watching:
        lines = run.metrics.read_bytes().splitlines(keepends=True)
        kept_lines = [line for line in lines if json.loads(line)["step"] <= 15]
        with run.metrics.open("rb+") as file:
            file.truncate(sum(map(len, kept_lines)))
        for step in (20, 30):
            (run.folder / "probes" / f"step-{step:08}.safetensors").unlink()
        run.begin(40, step=15)
        run.step(16)
        await watching.at(10)
        await watching.says("step 16 of 40", "stop 2 of 2")
        curves = watching.screen.query(Curves).first()
        await watching.until(lambda: curves._chart is not None and curves._chart.curves[0].x[-1] == 16)


async def test_a_stop_that_is_written_again_is_shown_again(watch: Watch, run: Run) -> None:
    async with watch(run) as watching:
        run.probe(40, given=("tout autre chose", "tout autre chose"))
        await watching.says("tout autre chose")


async def test_a_silent_training_is_said_to_be_silent(watch: Watch, tmp_path: Path) -> None:
    import os

    run = make(tmp_path / "run", until=20, ended=False)
    os.utime(run.metrics, (time.time() - 7500, time.time() - 7500))
    async with watch(run, at=20) as watching:
        await watching.says("no news for 2 h 5 min")
        run.step(21)
        await watching.says("● running")


async def test_a_folder_may_vanish_and_come_back(watch: Watch, run: Run) -> None:
    async with watch(run) as watching:
        away = run.folder.with_name("away")
        run.folder.rename(away)
        await watching.says("the folder is gone", "No attention")
        await watching.press("left", "space", "home", "n", "j", "right_square_bracket", "t", "z", "colon", "5", "enter")
        away.rename(run.folder)
        await watching.at(40)
        await watching.says("ended", "stop 5 of 5")


async def test_an_empty_folder_waits_for_the_first_step(watch: Watch, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    run = Run(tmp_path / "run")
    async with watch(run, at=None) as watching:
        await watching.says("waiting for the first step", "No attention has been recorded yet")
        (run.folder / "train.log").write_text("reading pairs\nreading pairs: 40,000\n")
        await watching.says("reading pairs: 40,000")
        run.begin(40)
        run.step(1)
        await watching.says("step 1 of 40")
        run.probe(1)
        await watching.at(1)
        await watching.says("stop 1 of 1")


async def test_what_is_damaged_is_told_in_its_place(watch: Watch, run: Run) -> None:
    broken = run.folder / "probes" / "step-00000030.safetensors"
    broken.write_bytes(broken.read_bytes()[:500])
    (run.folder / "probes" / "step-00000020.safetensors").write_bytes(b"\x1b[2J not a record")
    (run.folder / "probes" / ".step-00000050.123.part").write_bytes(b"half")
    with run.metrics.open("ab") as file:
        file.write(b"\xff\x00 not a line\n[[[[\n")
    async with watch(run) as watching:
        await watching.says("stop 5 of 5")
        await watching.press("left")
        await watching.says("step-00000030.safetensors", "truncated")
        await watching.press("left")
        await watching.says("step-00000020.safetensors")
        await watching.press("left")
        await watching.at(10)
        await watching.says("decoder 1 → encoder")
        await watching.press("home", "space")
        await watching.at(40)  # playing passes by what cannot be shown


async def test_nothing_in_the_folder_changes(watch: Watch, run: Run) -> None:
    (run.folder / "run.toml").write_text("[data]\n")
    (run.folder / ".lock").touch()
    for path in run.folder.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = contents(run.folder)
    async with watch(run) as watching:
        for name in ("left", "home", "space", "z", "m", "n", "t", "end", "question_mark", "escape"):
            await watching.press(name)
        await asyncio.sleep(1.2)  # two looks at the folder at least
    assert contents(run.folder) == before


@pytest.mark.parametrize("key", keys.listed(keymaps.WATCH), ids=lambda key: key.id)
def test_every_key_has_an_action(key: keys.Key) -> None:
    assert hasattr(WatchScreen, f"action_{key.action.split('(')[0]}")


def test_ids_and_keys_are_unique() -> None:
    found = keys.listed(keymaps.WATCH)
    assert len({key.id for key in found}) == len(found)
    pressed = [name for key in found for name in key.keys.split(",")]
    assert len(set(pressed)) == len(pressed)
    assert {id for hint in keymaps.WATCH_HINTS for id in hint.ids} <= {key.id for key in found}


async def test_the_help_tells_all_keys_and_keys_of_ones_own(
    watch: Watch, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "keys.toml"
    own.write_text('earlier = "x"\nstep = "y"\n')  # the explorer's keys are there too, and mean nothing here
    monkeypatch.setattr("glasshead_tui.app.keys_file", lambda: own)
    async with watch(run, size=(120, 90)) as watching:
        await watching.says("x → time")
        await watching.press("x")
        await watching.at(30)
        await watching.press("question_mark")
        await watching.until(lambda: isinstance(watching.app.screen, Help))
        await watching.says(*(key.meaning for key in keys.listed(keymaps.WATCH)))
        await watching.press("escape")


async def test_the_palette_offers_all_that_a_key_does(watch: Watch, run: Run) -> None:
    async with watch(run) as watching:
        offered = {(command.title.split("  (")[0], command.help) for command in watching.screen.commands()}
        for key in keys.listed(keymaps.WATCH):
            assert key.id == "palette" or (key.id.replace("_", " "), key.meaning) in offered
        await watching.press("ctrl+p")
        await watching.press(*"first", "enter", "enter")
        await watching.until(lambda: watching.app.screen is watching.screen)


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


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
def test_in_a_real_terminal(run: Run, size: tuple[int, int]) -> None:
    with Terminal("watch", str(run.folder), size=size) as terminal:
        terminal.until("ended", "stop 5 of 5", "says now", "? help", "q quit")
        terminal.press("left", "left")
        terminal.until("stop 3 of 5", "rows look at columns · step 20")
        terminal.press("?")
        terminal.until("Watch a training")
        terminal.press("escape")
        terminal.until_gone("Watch a training")
        terminal.press("q")
        assert terminal.status() == 0


def test_no_color_sends_no_colour_and_tells_things_apart(run: Run) -> None:
    import re

    with Terminal("watch", str(run.folder), size=(120, 36), env={"NO_COLOR": "1"}) as terminal:
        terminal.until("ended", "stop 5 of 5", "█", "c chrF", "o valid")
        terminal.press("t", "t")
        terminal.until("╱", "−∞")
        parameters = [p for found in re.findall(rb"\x1b\[([0-9;]*)m", terminal.raw) for p in found.split(b";")]
        assert not {int(p) for p in parameters if p} & {*range(30, 39), *range(40, 49), *range(90, 108)}


def test_a_second_terminal_sees_what_a_training_writes(tmp_path: Path) -> None:
    run = make(tmp_path / "run", until=20, ended=False)
    with Terminal("watch", str(run.folder), size=(120, 36)) as terminal:
        terminal.until("running", "step 20 of 40", "stop 3 of 3")
        run.step(21)
        run.probe(21, given=("le chat", "le chat"))
        terminal.until("step 21 of 40", "stop 4 of 4", "rows look at columns · step 21")
        shutil.rmtree(run.folder)
        terminal.until("the folder is gone")
        terminal.press("q")
        assert terminal.status() == 0


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = command(["watch", *words])
    out, err = capsys.readouterr()
    return status, out, err


def test_where_there_is_no_terminal_text_is_written(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(run.folder)
    status, out, err = told(capsys, str(run.folder), "--sentence", "1", "--step", "30", "--layer", "0", "--head", "2")
    assert (status, err) == (0, "")
    for part in ("ended", "40 of 40", "1,234,567 parameters", "12.5%", "23.4", "45.6", "1.0986", "30: stop 4 of 5"):
        assert part in out
    assert "decoder.0.cross.weights, head 2" in out and "le chat noir dort" in out
    wanted = kept(30, 1, "decoder.0.cross")[2].astype(float)
    rows = [line.split()[1:] for line in out.splitlines()[-5:]]
    assert [[float(cell) for cell in row] for row in rows] == [pytest.approx(row, abs=6e-4) for row in wanted.tolist()]
    assert contents(run.folder) == before


def test_the_same_as_json(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run.evaluation(40, bleu=None, held="test")
    status, out, _ = told(capsys, str(run.folder), "--json", "--kind", "encoder", "--layer", "1")
    found = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert (status, found["state"], found["newest"]["step"], found["stops"]) == (0, "ended", 40, [0, 10, 20, 30, 40])
    assert [each["step"] for each in found["evaluations"]] == [10, 20, 30, 40, 40]
    assert (found["evaluations"][-1]["bleu"], found["evaluations"][-1]["test"]) == ("nan", True)
    assert found["probe"]["site"] == "encoder.1.self.weights" and found["probe"]["step"] == 40
    assert found["probe"]["weights"] == kept(40, 0, "encoder.1.self")[0].astype(float).tolist()


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--step", "31"), "nearest step is 30"),
        (("--sentence", "2"), "count from 0 to 1"),
        (("--layer", "2"), "no layer 2"),
        (("--head", "3"), "no head 3"),
        (("--kind", "cross", "--head", "-1"), "no head -1"),
    ],
)
def test_what_there_is_not_is_told(
    run: Run, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], part: str
) -> None:
    status, _, err = told(capsys, str(run.folder), *words)
    assert (status, part in err) == (2, True), err


def test_a_folder_that_is_no_run_is_told_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "metrics.jsonl").write_text('{"epoch": 1}\n' * 9)
    for name, part in (
        ("nowhere", "There is no folder"),
        ("file", "is a file"),
        ("empty", "neither run.toml nor metrics.jsonl"),
        ("foreign", "tells nothing of a training"),
        ("a\0b", "null byte"),
        ("n" * 5000, "cannot be opened"),
    ):
        status, out, err = told(capsys, str(tmp_path / name))
        assert (status, out) == (2, "") and part in err and "Traceback" not in err
    (tmp_path / "empty" / "run.toml").write_text("")
    assert told(capsys, str(tmp_path / "empty"))[0] == 0


def test_watching_costs_no_torch(run: Run) -> None:
    script = (
        "import sys; sys.argv = ['glasshead', 'watch', sys.argv[1]]\n"
        "from glasshead_tui.cli import run; run(sys.argv[1:])\n"
        "import glasshead_tui.app, glasshead_tui.work.watcher, glasshead_tui.screens.watch\n"
        "print([name for name in ('torch', 'tokenizers', 'transformers') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script, str(run.folder)], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")
