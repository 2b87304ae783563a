"""Finding a head by what it does, and a word by what it says."""

from pathlib import Path

import pytest
import torch
from tests.core.strangers import LAYERS, Opens
from tests.tui.conftest import Explore

import glasshead
from glasshead.analysis.measures import NAMES, Sight, measured
from glasshead.analysis.words import words, written
from glasshead_tui.drawing.names import labels, next_labels
from glasshead_tui.drawing.numbers import weight
from glasshead_tui.panes.attention import AttentionPane
from glasshead_tui.panes.explore.alignment import AlignmentPane
from glasshead_tui.screens.ask import PlainInput
from glasshead_tui.screens.ranked import EFFECT, RankedHeads
from glasshead_tui.state.focus import find_text
from glasshead_tui.widgets.heatmap import HeatMap


async def test_heads_are_listed_by_measures_and_by_effect(explore: Explore, tiny: Path) -> None:
    from glasshead.ranking.rank import rank

    async with explore(size=(100, 30)) as explorer:
        await explorer.press("3", "space")
        await explorer.step(3)
        await explorer.press("r")
        listed = explorer.app.screen
        assert isinstance(listed, RankedHeads)
        await explorer.until(lambda: bool(listed.rows))
        trace, ends = explorer.moment.trace, frozenset({2})
        seen: set[str] = set()
        while listed.table.measure != EFFECT:
            name = listed.table.measure
            seen.add(name)
            expected = {}
            for prefix in dict.fromkeys(row.head[0] for row in listed.rows):
                for head, traits in enumerate(measured([Sight.of(trace, prefix, ends)])):
                    if name in traits:
                        expected[prefix, head] = traits[name].value
            values = [row.value for row in listed.rows]
            assert values == sorted(values, reverse=True)
            assert {row.head: row.value for row in listed.rows} == pytest.approx(expected)
            assert f"‹ {name} ›" in explorer.text and NAMES[name].formula[:40] in explorer.text
            await explorer.press("right")
        assert {"sharpness", "entropy"} <= seen
        await explorer.until(lambda: bool(listed.rows))
        effects = rank(glasshead.load(tiny), ["the black cat"]).effects
        assert [row.head for row in listed.rows] == [(each.part.prefix, each.part.head) for each in effects]
        assert [row.value for row in listed.rows] == pytest.approx([each.effect for each in effects], abs=1e-5)
        assert "placebo" in explorer.text
        await explorer.press("t", "t", "t")  # encoder, decoder self, cross
        assert {row.head[0].rpartition(".")[2] for row in listed.rows} == {"cross"} and len(listed.rows) == 8
        await explorer.press("h", "home", "down")
        chosen = listed.rows[1].head
        await explorer.press("enter")
        await explorer.until(lambda: explorer.on_top)
        looking = explorer.screen._looking
        assert (looking.prefix, looking.head) == chosen


async def test_a_word_is_found_whatever_is_looked_at(explore: Explore) -> None:
    """`black` is cut into pieces; it stands in the source, and a target word where only the target is."""
    async with explore(text="the small black cat is small") as explorer:
        await explorer.press("4", "space")
        await explorer.step(4)
        screen, trace = explorer.screen, explorer.moment.trace
        await explorer.press("n")  # nothing was looked for yet
        source, places = written(trace.source)
        small = [at for at, place in enumerate(places) if place and source.startswith("small", place[0])]
        assert len(small) == 2
        await explorer.press("o", "slash", *"SMALL", "enter")  # in the norms, from the decoder's own attention
        looking = screen._looking
        assert (looking.kind, looking.key) == ("cross", small[0])
        for key, place in (("n", small[1]), ("n", small[0]), ("N", small[1])):
            await explorer.press(key)
            assert screen._looking.key == place
        await explorer.press("0", "9", "h", "n")  # the cursor has gone to the start: on from there
        assert screen._looking.key == small[0]
        await explorer.press("slash")
        assert explorer.app.screen.query_one(PlainInput).value == "SMALL"
        await explorer.press(*"ack cat", "enter")  # over the end of a word
        first = source.index("ack cat")
        span = places[screen._looking.key]
        assert span is not None and span[0] <= first < span[1]
        target, there = written(trace.target)
        word = target[0]
        await explorer.press("m", "slash", *word, "enter")
        hits = find_text(trace, word)
        for _ in hits:
            assert screen._hit in hits
            if screen._hit[0] == 1:
                assert screen._looking.query == screen._hit[1] and there[screen._hit[1]] is not None
            await explorer.press("n")
        assert {side for side, _ in hits} >= {1}
        await explorer.press("slash", *"zebra", "enter")
        assert "Neither source nor target" in explorer.text


async def test_it_opens_on_a_row_over_the_source(explore: Explore) -> None:
    async with explore(first=True) as explorer:
        looking, trace = explorer.screen._looking, explorer.moment.trace
        assert (looking.stack, looking.kind, looking.layer, looking.query) == ("decoder", "cross", 1, 0)
        weights = trace["decoder.1.cross.weights"][:, 0, :-1]  # the last key is </s>
        assert looking.head == int(weights.max(-1).values.argmax())
        await explorer.press("space")  # and follows the newest row there
        await explorer.step(1)
        assert (explorer.screen._looking.prefix, explorer.screen._looking.query) == ("decoder.1.cross", 1)


@pytest.mark.parametrize(("name", "prefix"), [("gpt", "decoder.{}.self"), ("bert", "encoder.{}.self"),
                                              ("t5", "decoder.{}.cross")])  # fmt: skip
async def test_other_models_open_on_their_last_layer(explore: Explore, name: str, prefix: str) -> None:
    async with explore(first=True, checkpoint=Opens(name), text="abca") as explorer:
        assert explorer.screen._looking.prefix == prefix.format(LAYERS - 1)


async def test_a_row_says_what_it_chose_and_can_be_named_by_it(explore: Explore) -> None:
    async with explore(size=(120, 36)) as explorer:
        await explorer.press("3", "space", "t")
        await explorer.step(3)
        screen, moment = explorer.screen, explorer.moment
        names = labels(moment.tokens)
        best = next_labels(moment.tokens, moment.candidates)[0]
        heatmap = screen.query_one(AttentionPane).query_one(HeatMap)
        assert heatmap.matrix is not None and f", choosing {best}" in explorer.text
        assert tuple(heatmap.matrix.row_labels[:4]) == names
        await explorer.press("k")
        await explorer.until(lambda: f"{names[2]}, choosing {names[3]} → " in explorer.text)
        await explorer.press("I", "a")
        assert tuple(heatmap.matrix.row_labels[:4]) == (*names[1:], best)
        await explorer.until(lambda: "each row has the name of the word that it chose" in explorer.text)
        weights = moment.trace["decoder.0.cross.weights"][0]
        assert heatmap.matrix.text(2, 1, 4) == weight(float(weights[2, 1]), 4)  # the rows are the same
        await explorer.press("A")
        rows = screen.query_one(AlignmentPane).as_rows()
        assert "rows by the word they chose" in explorer.text
        after = words((*moment.trace.target, moment.candidates[0]))
        assert len(rows) == 2 + 2 * len(after)
        mean = torch.stack([weights[at - 1] for at in after[-1]]).mean(0)
        first = words(moment.trace.source)[0]
        assert rows[len(after)][1] == pytest.approx(float(sum(mean[at] for at in first)), abs=1e-5)
        await explorer.press("I")
        assert len(screen.query_one(AlignmentPane).as_rows()) == 2 + 2 * len(words(moment.trace.target))
        assert "rows by the word they read" in explorer.text
        await explorer.press("a", "I", "t")  # self-attention
        said = explorer.screen._looking
        await explorer.press("I")
        assert explorer.screen._looking == said and not said.shifted
