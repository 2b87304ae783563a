"""A try shows a claim in the explorer, and undo brings everything back."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.tui.conftest import Explore
from tests.tui.screens.lab.bench import Bench, hit, known, says

import glasshead
from glasshead.lab.page import Try
from glasshead_tui.panes.attention import AttentionPane
from glasshead_tui.panes.explore.sum import SumPane
from glasshead_tui.state import labbook
from glasshead_tui.widgets.scale import MASKED


async def test_a_try_changes_the_model_and_undo_brings_everything_back(
    explore: Explore, bench: Bench, tiny: Path, noticed: list[str]
) -> None:
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
        await says(
            explorer, "*.scores = unscaled · z undoes it", "Look at what the scale did. z brings back what you had"
        )
        focus = screen._looking
        assert (focus.stack, focus.kind, focus.layer, focus.head) == ("decoder", "cross", 1, 1), "as far as there is"
        assert screen._active == "sum"
        assert torch.allclose(explorer.moment.trace[site], bare[site], atol=1e-6)
        await hit(explorer, "escape")
        await explorer.until(lambda: "Look at what" not in explorer.text)
        await hit(explorer, "space")
        await explorer.step(3)
        await hit(explorer, "z")
        await explorer.until(lambda: not explorer.moment.changed and explorer.moment.step == 1)
        assert "*.scores = unscaled" not in explorer.text
        await hit(explorer, "space")
        await explorer.step(2)
        assert torch.allclose(explorer.moment.trace[site], plain[site], atol=1e-6)
        assert [token.id for token in explorer.moment.tokens] == lines[0].ids
        await hit(explorer, "z")
        await explorer.until(lambda: any("nothing to undo" in each for each in noticed))


async def test_undo_brings_back_ones_own_sentence_after_tries_without_a_change_too(
    explore: Explore, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glasshead_tui.work.worker.EXAMPLE", "tiny")  # the sentences of tries are for this model then
    attempts = [Try(sentence="Look there.", text="a black dog", steps=3), known(bench).attempt]
    monkeypatch.setattr(labbook, "page_of", lambda name: replace(known(bench, name), attempt=attempts[name == "heads"]))
    async with explore(size=(80, 24), text="the cat") as explorer:
        await hit(explorer, "space", "space")
        await explorer.step(2)
        before = explorer.moment.tokens
        await hit(explorer, "2", "L", "s")
        await says(explorer, "Twice 4 is 8.")
        await hit(explorer, "t")
        await explorer.until(lambda: (explorer.moment.text, explorer.moment.step) == ("a black dog", 3))
        await says(explorer, "Look there. z brings back what you had")
        await hit(explorer, "L", "3", "colon", "s")
        await says(explorer, "3 of 10", "Twice 4 is 8.")
        await hit(explorer, "t")  # a try after a try: what is brought back is one's own
        await explorer.until(lambda: explorer.moment.changed == "*.scores = unscaled" and explorer.moment.step == 2)
        await hit(explorer, "z")
        await explorer.until(lambda: (explorer.moment.text, explorer.moment.step) == ("the cat", 2))
        assert explorer.moment.tokens == before and not explorer.moment.changed
        await explorer.until(lambda: "brings back" not in explorer.text)


async def test_a_model_without_its_mask_is_shown_as_what_it_is(
    explore: Explore, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = Try(
        sentence="Look.", text="", steps=3, stack="decoder", kind="self", stage="masked", pane="attention",
        edits=("decoder.*.self.masked = revealed",),
    )  # fmt: skip
    monkeypatch.setattr(labbook, "page_of", lambda name: replace(known(bench, name), attempt=attempt))
    async with explore(size=(120, 36)) as explorer:
        await says(explorer, "masked self-attention", "masked: later tokens")
        await hit(explorer, "space", "k", "l")
        await says(explorer, "not generated yet", "╱")
        await hit(explorer, "L", "s")
        await says(explorer, "Twice 4 is 8.")
        await hit(explorer, "t")
        await explorer.step(3)
        await says(explorer, "decoder 0 · self-attention", "no mask", "later tokens are not masked")
        for _ in range(3):
            await hit(explorer, "s", "9", "k", "l")
            await explorer.pilot.pause()
            assert not any(part in explorer.text for part in ("not generated yet", "about to hide"))
            this = next(explorer.screen.query_one(AttentionPane)._figures.heatmaps).matrix
            assert this is not None and not any(MASKED in this.levels(row) for row in range(len(this.row_labels)))
            told = {row[0]: row[1] for row in explorer.screen.query_one(SumPane).as_rows()}
            assert told["may look"] is True, "the original, which stands beside it, has its mask"
        await says(explorer, "~ nothing from the future")  # on purpose
        await hit(explorer, "z")
        await says(explorer, "masked self-attention", "masked: later tokens")


async def test_what_is_changed_stays_so_for_another_sentence(explore: Explore, bench: Bench, tiny: Path) -> None:
    line = glasshead.load(tiny).changed(scale=False).start("a dog")
    line.step()
    async with explore() as explorer:
        await hit(explorer, "L", "s")
        await says(explorer, "Twice 4 is 8.")
        await hit(explorer, "t")
        await explorer.step(2)
        await explorer.press("i", *"a dog", "enter")
        await explorer.until(lambda: explorer.moment.text == "a dog")
        await explorer.until(lambda: "Look at what" not in explorer.text)  # that was of the sentence of the try
        await hit(explorer, "space")
        await explorer.step(1)
        site = "encoder.0.self.scores"
        assert torch.allclose(explorer.moment.trace[site], line.outlook[site], atol=1e-6)
        assert "*.scores = unscaled" in explorer.text
        await explorer.until(lambda: "✓ 5 of 5" in explorer.text)  # the truth holds of the changed model
