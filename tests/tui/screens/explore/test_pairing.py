"""What stands beside: a pinned head, and another model, by keys and from the command line."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.core.strangers import subject as stranger
from tests.tui.conftest import Explore, Explorer

import glasshead
from glasshead.found import find
from glasshead.session.guest import Guest, OtherModel
from glasshead_tui.app import GlassheadApp
from glasshead_tui.panes.attention import AttentionPane
from glasshead_tui.panes.explore.logits import LogitsPane
from glasshead_tui.screens.ask import Ask, PlainInput
from glasshead_tui.screens.models import Models


@pytest.fixture(scope="module")
def step_40(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with other numbers, as another checkpoint of its run has them."""
    subject = glasshead.load(tiny)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(3)
        for parameter in subject.native.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    folder = tmp_path_factory.mktemp("run") / "checkpoints" / "step-00000040"
    glasshead.save(folder, subject.native, subject.codecs)
    return folder


def matrices(explorer: Explorer) -> list[torch.Tensor]:
    """The values of the matrices that stand side by side."""
    shown = [each.matrix for each in explorer.screen.query_one(AttentionPane)._figures.heatmaps]
    return [each.values for each in shown if each is not None]  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_a_pinned_head_stands_beside_every_other(
    explore: Explore, size: tuple[int, int], noticed: list[str]
) -> None:
    async with explore(size=size) as explorer:
        await explorer.press("2", "space")
        await explorer.step(2)
        await explorer.press("]", ")", "T", "[", ")")
        weights = explorer.moment.trace
        this, other = weights["decoder.0.self.weights"][2], weights["decoder.1.self.weights"][1]
        assert any("Pinned beside any other head" in each for each in noticed)
        await explorer.until(lambda: len(matrices(explorer)) == 3)
        wanted = (this, other, this - other)
        assert all(torch.allclose(*each) for each in zip(matrices(explorer), wanted, strict=True))
        name = "◇ dec self L1 H1" if size[0] == 80 else "◇ pinned head: dec self L1 H1"
        await explorer.until(lambda: name in explorer.text)
        await explorer.press("v")
        await explorer.until(lambda: "◆ vectors" in explorer.text and ("◇ vectors" in explorer.text) == (size[0] > 80))
        await explorer.press("a", "d", "d")
        await explorer.until(lambda: torch.allclose(matrices(explorer)[-1], this - other))
        await explorer.press("u")
        await explorer.until(lambda: "◆ this head − ◇ pinned head" in explorer.text)
        await explorer.press("d")
        await explorer.until(lambda: "◆ this ◇ pinned" in explorer.text)
        await explorer.press("o")  # a pane of all heads is what it is
        await explorer.until(lambda: "gain·x + bias" in explorer.text)
        await explorer.press("a", "space")
        await explorer.step(3)
        await explorer.until(lambda: matrices(explorer)[0].shape == (4, 4))
        await explorer.press("t")
        await explorer.until(lambda: "There is no difference" in explorer.text or "no difference: " in explorer.text)
        await explorer.press("T")
        await explorer.until(lambda: len(matrices(explorer)) == 1)
        await explorer.until(lambda: "pinned" not in explorer.text)


async def test_another_checkpoint_stands_beside_the_model(
    explore: Explore, tiny: Path, step_40: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, noticed: list[str]
) -> None:
    shutil.copytree(step_40, tmp_path / "checkpoints" / "later")
    monkeypatch.chdir(tmp_path)
    async with explore(size=(200, 60)) as explorer:
        await explorer.press("O", "o")
        await explorer.until(lambda: isinstance(explorer.app.screen, Ask))
        explorer.app.screen.query_one(PlainInput).value = "nowhere"
        await explorer.press("enter")
        await explorer.until(lambda: "There is no checkpoint named 'nowhere'" in " ".join(explorer.text.split()))
        explorer.app.screen.query_one(PlainInput).value = str(step_40)
        await explorer.press("enter")
        await explorer.until(lambda: explorer.on_top and explorer.moment.beside is not None)
        await explorer.press("2", "space")
        await explorer.step(2)
        beside = explorer.moment.beside
        assert isinstance(beside, OtherModel) and beside.trace.steps == 3
        line = glasshead.load(step_40).start("the black cat")
        for token in explorer.moment.tokens[1:]:
            line.choose(token.id)
        site = "decoder.0.self.weights"
        wanted = (explorer.moment.trace[site][0], line.outlook[site][0])
        await explorer.until(lambda: len(matrices(explorer)) == 3 and matrices(explorer)[0].shape == (3, 3))
        for found, each in zip(matrices(explorer), (*wanted, wanted[0] - wanted[1]), strict=True):
            assert torch.allclose(found, each, atol=1e-6)
        await explorer.until(lambda: "beside ◇ step 40, given these tokens" in explorer.text)
        for key in "muvoSVF":
            await explorer.press(key)
            await explorer.until(lambda: "◆ this model − ◇ step 40" in explorer.text)
        await explorer.press("a", "C")
        await explorer.until(lambda: explorer.moment.beside is None)
        await explorer.press("O")
        listed = explorer.app.screen
        assert isinstance(listed, Models)
        names = [each.name for each in listed._listed]
        await explorer.press(*["down"] * names.index("later"), "b")
        await explorer.until(lambda: explorer.moment.beside is not None)
        assert explorer.app.next_model is None


async def test_what_cannot_stand_beside_says_so_and_nothing_is_lost(
    explore: Explore, tiny: Path, step_40: Path, tmp_path: Path, noticed: list[str]
) -> None:
    subject = glasshead.load(tiny)
    short = glasshead.Transformer(replace(subject.config, max_length=3))
    glasshead.save(tmp_path / "short", short, subject.codecs)
    broken = shutil.copytree(step_40, tmp_path / "broken")
    with (broken / "model.safetensors").open("r+b") as weights:
        weights.truncate(4096)
    async with explore(size=(120, 36)) as explorer:
        await explorer.press("2", "space")
        await explorer.step(2)
        was = explorer.moment
        await explorer.press("O", "o")
        await explorer.until(lambda: isinstance(explorer.app.screen, Ask))
        explorer.app.screen.query_one(PlainInput).value = str(broken)
        await explorer.press("enter")
        await explorer.until(lambda: "Take a fresh copy" in explorer.text)
        assert isinstance(explorer.app.screen, Ask) and explorer.moment is was, "it can be corrected"
        explorer.app.screen.query_one(PlainInput).value = str(tmp_path / "short")
        await explorer.press("enter")
        await explorer.until(lambda: any("short does not stand beside this line" in each for each in noticed))
        assert explorer.moment.beside is None and explorer.moment.tokens == was.tokens
        await explorer.press("C")
        await explorer.until(lambda: not explorer.moment.alone)
        await explorer.press("space")
        await explorer.step(3)


async def test_a_model_beside_the_first_reads_its_own_way_and_is_there_again_next_time(
    tiny: Path, twofold: Path, noticed: list[str], tmp_path: Path
) -> None:
    other, file = tmp_path / "twofold", tmp_path / "mine.json"
    shutil.copytree(twofold, other)

    def opened(beside: Path | None = None) -> GlassheadApp:
        return GlassheadApp(
            find(tiny), "the black cat" if beside else None, session=file, beside=find(beside) if beside else None
        )

    app = opened(other)
    async with app.run_test(size=(120, 36)) as pilot:
        explorer = Explorer(app, pilot)
        await explorer.step(0)
        await explorer.until(lambda: explorer.moment.beside is not None)
        await explorer.until(lambda: "beside ◇ twofold, its own target" in explorer.text)
        assert isinstance(explorer.moment.beside, OtherModel)
        await explorer.press("V")
        while explorer.screen._looking.view != "difference":
            await explorer.press("d")
        logits = explorer.screen.query_one(LogitsPane)
        await explorer.until(lambda: logits._said == "There is no difference of logits: twofold has other tokens.")
        await explorer.press("a", "T", "full_stop")
        pinned = explorer.screen._looking.pinned
    app.close_session()
    app = opened()
    async with app.run_test(size=(120, 36)) as pilot:
        explorer = Explorer(app, pilot)
        await explorer.step(0)
        await explorer.until(lambda: isinstance(explorer.moment.beside, OtherModel))
        assert explorer.screen._looking.pinned == pinned is not None
        await explorer.press("T")
    app.close_session()
    shutil.rmtree(other)
    assert not any("model" in each for each in noticed)
    app = opened()
    async with app.run_test(size=(120, 36)) as pilot:
        explorer = Explorer(app, pilot)
        await explorer.step(0)
        await explorer.until(lambda: any("The model that stood beside this line is gone" in each for each in noticed))
        assert explorer.moment.beside is None and explorer.screen._looking.pinned is None


async def test_a_model_without_such_an_attention_stands_beside_with_what_it_has(tiny: Path, noticed: list[str]) -> None:
    app = GlassheadApp(find(tiny), "the black cat")
    async with app.run_test(size=(80, 24)) as pilot:
        explorer = Explorer(app, pilot)
        await explorer.step(0)
        screen = explorer.screen
        session = screen._worker._session
        session.stand_beside(Guest.of(stranger("gpt"), "gpt"))  # a decoder alone
        await explorer.press(*["space"] * 6)
        await explorer.step(6)
        await explorer.until(lambda: explorer.moment.beside is not None or bool(explorer.moment.alone))
        assert explorer.moment.beside is not None, explorer.moment.alone
        for view in ("original", "difference", "edited"):
            screen._look(view=view, redraw=True)
            for key in "amuvocASVFP":
                await explorer.press(key)
        screen._look(view="original", redraw=True)
        await explorer.press("a")
        await explorer.until(lambda: "gpt has no encoder–decoder attention" in explorer.text)
