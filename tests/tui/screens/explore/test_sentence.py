"""The sentence that is typed: what is taken in, what is refused, and that nothing is lost."""

import shutil
from pathlib import Path

import pytest
from tests.tui.conftest import Explore, Explorer
from textual import events

import glasshead
from glasshead.checkpoints.load import load
from glasshead.found import find
from glasshead.spaces import WHITE_SPACE
from glasshead_tui.screens.ask import Ask, PlainInput
from glasshead_tui.screens.help import Help
from glasshead_tui.screens.models import Models
from glasshead_tui.state import recent


async def test_a_new_sentence_replaces_the_old(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("space", "i")
        assert isinstance(explorer.app.screen, Ask)
        await explorer.press(*"a dog", "enter")
        await explorer.until(lambda: explorer.moment.text == "a dog")
        assert explorer.moment.step == 0
        assert "▁dog" in "".join(token.text for token in explorer.moment.source)
        assert explorer.on_top


async def test_up_and_down_go_through_what_was_typed_and_the_examples(
    explore: Explore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent, "path", lambda: tmp_path / "sentences.json")
    async with explore() as explorer:
        for text in ("the cat", "a small dog"):
            await explorer.press("i", *text, "enter")
            await explorer.reads(text)
            await explorer.until(lambda: explorer.on_top)
        await explorer.press("i", *"mine")
        line = explorer.app.screen.query_one(PlainInput)
        assert "what you typed before" in " ".join(explorer.text.split())
        seen = []
        for key in ("up", "up", "up", "up", "down", "down", "down", "down"):
            await explorer.press(key)
            seen.append(line.value)
        back = ["the black cat", "the cat", "mine", "mine"]
        assert seen == ["the cat", "the black cat", "a dog", "a dog", *back]
        await explorer.press("up", "enter")
        await explorer.reads("the cat")
    assert recent.read("tiny") == ("the cat", "a small dog")


async def test_an_empty_sentence_is_refused_and_nothing_is_lost(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("space", "space")
        await explorer.step(2)
        await explorer.press("i", "backspace", "enter")
        await explorer.until(lambda: "There is no text to translate" in explorer.text)
        await explorer.press("escape")
        assert explorer.moment.step == 2
        assert explorer.moment.text == "the black cat"


async def test_a_sentence_that_is_too_long_is_cut_only_if_one_agrees(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("i")
        explorer.app.screen.query_one(PlainInput).value = "cat " * 60
        await explorer.press("enter")
        await explorer.until(lambda: "at most 47" in explorer.text)
        assert explorer.moment.text == "the black cat"
        await explorer.press("enter")
        await explorer.until(lambda: explorer.moment.text != "the black cat")
        assert len(explorer.moment.source) == 48


async def test_ten_thousand_characters_on_one_line(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("i")
        explorer.app.screen.query_one(PlainInput).value = "x" * 10_000
        await explorer.press("enter")
        await explorer.until(lambda: "at most 47" in explorer.text)


async def test_what_a_terminal_would_obey_is_left_out_of_a_sentence_and_told(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("i", "backspace")
        line = explorer.app.screen.query_one(PlainInput)
        line.post_message(events.Paste("a \x1b[2J dog \u202e [red]"))
        await explorer.until(lambda: "Left out" in explorer.text)
        assert line.value == "a [2J dog  [red]"
        assert "␛ <U+202E>" in explorer.text


async def test_other_scripts_are_taken_in(explore: Explore) -> None:
    async with explore() as explorer:
        for text in ("猫は寝ている", "القط الأسود", "🐈 sleeps"):
            await explorer.press("i")
            line = explorer.app.screen.query_one(PlainInput)
            line.value = text[:9]
            await explorer.press("enter")
            await explorer.reads(text[:9])


async def test_a_model_without_examples_asks_for_a_sentence(explore: Explore, tmp_path: Path, tiny: Path) -> None:
    model, vocabulary, _ = load(tiny)
    glasshead.save(tmp_path / "bare", model, vocabulary, {})
    async with explore(text=None, checkpoint=tmp_path / "bare") as explorer:
        await explorer.until(lambda: isinstance(explorer.app.screen, Ask))
        await explorer.press(*"a dog", "enter")
        await explorer.until(lambda: explorer.screen.moment is not None and explorer.moment.text == "a dog")


async def test_a_checkpoint_that_breaks_on_loading_ends_with_a_sentence(
    explore: Explore, tiny: Path, tmp_path: Path
) -> None:
    import shutil

    from glasshead_tui.app import GlassheadApp

    shutil.copytree(tiny, tmp_path / "broken")
    weights = tmp_path / "broken" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    app = GlassheadApp(find(tmp_path / "broken"))
    async with app.run_test() as pilot:
        for _ in range(500):
            if app.return_code is not None:
                break
            await pilot.pause(0.01)
    assert app.return_code == 2


async def test_a_question_stays_while_other_things_happen(explore: Explore) -> None:
    async with explore(text=None) as explorer:
        await explorer.press("i", *"a dog")  # while the model loads and shows its first sentence
        await explorer.step(0)
        await explorer.pilot.pause(0.1)
        assert isinstance(explorer.app.screen, Ask)
        assert explorer.app.screen.query_one(PlainInput).value == "a dog"
        await explorer.press("enter")
        await explorer.until(lambda: explorer.moment.text == "a dog")


async def test_a_dialog_opened_at_once_does_not_keep_the_model_from_loading(tiny: Path) -> None:
    from glasshead_tui.app import GlassheadApp

    app = GlassheadApp(find(tiny), "a dog")
    async with app.run_test(size=(120, 36)) as pilot:
        explorer = Explorer(app, pilot)
        app.post_message(events.Key("question_mark", "?"))
        await explorer.step(0)
        await explorer.until(lambda: isinstance(app.screen, Help))


async def test_white_space_of_any_kind_is_a_space_in_the_box(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("i", "backspace")
        line = explorer.app.screen.query_one(PlainInput)
        line.post_message(events.Paste(WHITE_SPACE.join("ab")))
        await explorer.until(lambda: line.value == "a" + " " * len(WHITE_SPACE) + "b")
        assert "Left out" not in explorer.text


async def test_all_lines_of_what_is_pasted_are_taken_in(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("i", "backspace")
        line = explorer.app.screen.query_one(PlainInput)
        line.post_message(events.Paste("a dog\nand a cat\n"))
        await explorer.until(lambda: line.value == "a dog and a cat ")


async def test_a_refusal_that_comes_after_one_has_left_harms_nothing(explore: Explore) -> None:
    async with explore() as explorer:
        await explorer.press("i")
        ask = explorer.app.screen
        assert isinstance(ask, Ask)
        await explorer.press("escape")
        await explorer.until(lambda: explorer.app.screen is explorer.screen)
        ask.refuse("too late", again=True)
        await explorer.press("space")
        await explorer.step(1)


async def test_another_model_is_opened_from_the_list(
    explore: Explore, twofold: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(twofold, tmp_path / "checkpoints" / "twofold")
    monkeypatch.chdir(tmp_path)
    async with explore(size=(80, 24)) as explorer:
        await explorer.press("O")
        listed = explorer.app.screen
        assert isinstance(listed, Models) and "english-french" in explorer.text and "dates" in explorer.text
        names = [each.name for each in listed._listed]
        await explorer.press("escape")
        assert explorer.on_top and explorer.app.next_model is None
        await explorer.press("O", *["down"] * names.index("twofold"), "enter")
        await explorer.until(lambda: explorer.app.next_model == "twofold" and not explorer.app.is_running)
