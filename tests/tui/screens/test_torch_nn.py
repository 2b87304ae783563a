"""Live modules of torch.nn under the explorer: every key is pressed, no pane fails, and the truth holds."""

from typing import Any

import pytest
import torch
from tests.core.adapters.torch_nn.tutorials import TARGET, TUTORIALS, WORDS
from tests.tui.conftest import Explore
from tests.tui.screens.test_strangers import LOOKING, PANES, press

import glasshead
from glasshead.live import Ready
from glasshead_tui.panes.attention import AttentionPane
from glasshead_tui.panes.explore.truth import TruthPane


def ready(name: str) -> Ready:
    tutorial = TUTORIALS[name]
    return Ready(tutorial.subject(tutorial.module(), end=[]))


@pytest.mark.parametrize(
    ("name", "size"),
    [("translation", (80, 24)), ("alibi", (120, 36)), ("classifier", (120, 36))],
)
async def test_every_key_is_answered(explore: Explore, name: str, size: tuple[int, int]) -> None:
    writes = name != "classifier"
    found = ready(name)
    text = found.subject.first_sentence
    async with explore(size=size, checkpoint=found, text=text) as explorer:
        await explorer.until(lambda: explorer.text.count("✓") >= (3 if size[0] > 100 else 1))
        if writes:
            await press(explorer, "space", "space", "space", "b")
            await explorer.step(2)
        for pane in "mauvocASVFP":
            await press(explorer, pane, "l")
            drawn: list[Any] = [explorer.screen.query_one(each) for each in PANES]
            for each in drawn:
                if not each.has_class("pane") or each.has_class("shown"):
                    assert each.as_rows() and each.as_text()
        await press(explorer, *LOOKING)
        if name == "translation":  # what runs the module again under edits
            await press(explorer, "x", "X", "M", "H", "r", "B", "T", "a")
        await press(explorer, "i", "end", "space", *"cat", "enter")
        await explorer.until(lambda: explorer.on_top and explorer.moment.text == f"{text} cat")
        await explorer.until(lambda: "checking" not in explorer.text)
        assert "✗" not in explorer.text
        assert ("source" in explorer.text) == (name in ("translation", "classifier"))


async def test_a_decoder_without_a_mask_is_seen_at_once(explore: Explore) -> None:
    module: Any = TUTORIALS["gpt"].module()
    module.mask = lambda length: torch.zeros(length, length, dtype=torch.bool)
    found = Ready(glasshead.subject(module, target=TARGET[:3], tokens=WORDS, end=[]))
    async with explore(size=(120, 36), checkpoint=found, text=found.subject.first_sentence) as explorer:
        await explorer.until(lambda: "✗ nothing from the future" in explorer.text)
        assert "later tokens are not masked" in explorer.text and "dec self · no mask" in explorer.text
        await press(explorer, "space", "space")
        await explorer.step(2)
        await explorer.until(lambda: "✗ steps = full" in explorer.text)
        rows = explorer.screen.query_one(AttentionPane).as_rows()
        numbers = [row[1:] for row in rows[1:]]
        assert all(isinstance(number, float) and number > 0 for row in numbers for number in row)
        assert "not generated yet" not in explorer.text and "came later" not in explorer.text
        wrong = [check for check in explorer.screen.query_one(TruthPane)._checks or () if not check.ok]
        assert {check.label for check in wrong} == {"nothing from the future", "steps = full"}


async def test_a_mask_that_is_not_causal_says_what_it_hides(explore: Explore) -> None:
    module: Any = TUTORIALS["gpt"].module()
    module.mask = lambda length: torch.ones(length, length, dtype=torch.bool).tril(-1)
    found = Ready(glasshead.subject(module, target=TARGET[:3], tokens=WORDS, end=[]))
    async with explore(size=(120, 36), checkpoint=found, text=found.subject.first_sentence) as explorer:
        await explorer.until(lambda: "masked: some keys" in explorer.text)
        await explorer.until(lambda: "−∞ the mask hides it" in explorer.text)  # the newest token, at the first
        assert "not generated yet" not in explorer.text


async def test_padding_is_drawn_as_hidden_and_the_reason_is_not_the_future(explore: Explore) -> None:
    tutorial = TUTORIALS["classifier"]
    found = Ready(glasshead.subject(tutorial.module(), [4, 5, 7, 1, 1], tokens=WORDS))
    async with explore(size=(120, 36), checkpoint=found, text=found.subject.first_sentence) as explorer:
        await explorer.until(lambda: explorer.text.count("✓") >= 3)
        await press(explorer, "4", "l")
        await explorer.until(lambda: "may not be looked at" in explorer.text or "−∞ masked" in explorer.text)
        assert "padding" in explorer.text and "✗" not in explorer.text


async def test_what_a_step_costs_is_said(explore: Explore) -> None:
    found = ready("gpt")
    async with explore(size=(120, 36), checkpoint=found, text=found.subject.first_sentence) as explorer:
        await explorer.until(lambda: "no cache: each step runs all again" in explorer.text)
        model: Any = found.subject.model
        numbers = sum(parameter.numel() for parameter in model.module.parameters())
        assert f"{numbers:,} parameters" in explorer.text
        await press(explorer, "i")
        await explorer.until(lambda: "New prompt" in explorer.text and "the model goes on from" in explorer.text)
