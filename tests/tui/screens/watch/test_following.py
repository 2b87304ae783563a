"""A run that grows, resumes, falls silent, vanishes or is damaged; watching changes nothing in it."""

import asyncio
import json
import time
from pathlib import Path

from tests.tui.runs import Run, contents, make
from tests.tui.screens.watch.watching import Watch

from glasshead_tui.widgets.curves import Curves


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
        await watching.says("decoder 1 · encoder–decoder")
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
