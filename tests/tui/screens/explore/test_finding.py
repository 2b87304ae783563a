"""Finding a head by what it does, and a word by what it says."""

import math
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tests.core.strangers import LAYERS, Opens
from tests.tui.conftest import Explore

import glasshead
from glasshead.analysis.measures import NAMES, Sight, measured
from glasshead.analysis.words import words, written
from glasshead.named import brief_head
from glasshead_tui.drawing.names import labels, next_labels
from glasshead_tui.drawing.numbers import weight
from glasshead_tui.drawing.ranking import EFFECT, EFFECTS, NEXT
from glasshead_tui.panes.attention import AttentionPane
from glasshead_tui.panes.explore.alignment import AlignmentPane
from glasshead_tui.panes.explore.ranking import RankingPane
from glasshead_tui.screens.ask import PlainInput
from glasshead_tui.state.focus import find_text
from glasshead_tui.widgets.heatmap import HeatMap


@pytest.mark.parametrize("size", [(100, 30), (120, 36)])
async def test_heads_are_ranked_by_measures_and_by_effect(explore: Explore, tiny: Path, size: tuple[int, int]) -> None:
    from glasshead.ranking.rank import rank
    from glasshead.ranking.results import Asked

    async with explore(size=size) as explorer:
        await explorer.press("3", "space")
        await explorer.step(3)
        await explorer.press("r")
        pane = explorer.screen.query_one(RankingPane)
        await explorer.until(lambda: bool(pane.rows))
        trace, ends = explorer.moment.trace, frozenset({2})
        seen: set[str] = set()
        while (name := pane.table.measure) not in EFFECTS:
            seen.add(name)
            expected = {}
            for prefix in dict.fromkeys(row.head[0] for row in pane.rows):
                for head, traits in enumerate(measured([Sight.of(trace, prefix, ends)])):
                    if name in traits:
                        expected[prefix, head] = traits[name].value
            values = [row.value for row in pane.rows]
            assert values == sorted(values, reverse=True)
            assert {row.head: row.value for row in pane.rows} == pytest.approx(expected)
            shown = " ".join(explorer.text.replace("│", " ").split())
            names, marked = pane.table.measures, pane.marked
            assert "RANKING" in shown and f"ranking · {name}" in shown and marked is not None
            if size[0] > 100:
                assert f"{pane.rows.index(marked) + 1} {brief_head(*marked.head)}" in shown
            else:
                assert f"ranking · {name} · {names.index(name) + 1}/{len(names)}" in shown
            assert size[0] > 100 or NAMES[name].formula[:40] in shown
            await explorer.press("right")
        assert {"sharpness", "entropy"} <= seen
        loss = {}
        for name, by in ((NEXT, Asked(4)), (EFFECT, None)):  # the line is the model's own, and three steps are taken
            assert pane.table.measure == name
            await explorer.until(lambda: bool(pane.rows))
            found = rank(glasshead.load(tiny), ["the black cat"], by=by)
            assert {row.head: row.value for row in pane.rows} == pytest.approx(
                {(each.part.prefix, each.part.head): each.effect for each in found.effects}, abs=1e-5
            )
            rows, best = pane.as_rows(), found.effects[0].placebo
            assert rows[0] == ("attention", "head", name, "placebo", "spread")
            assert best is not None and rows[1][3] == pytest.approx(best.mean, abs=1e-4)
            await explorer.until(lambda: "placebo" in explorer.text)
            loss[name] = pane.table.known[name][1]
            assert loss[name] == pytest.approx(found.loss, abs=1e-5)
            await explorer.press("right")
        assert loss[NEXT] == pytest.approx(-math.log(explorer.moment.candidates[0].probability or 0), abs=1e-5)
        await explorer.press("left", "left", "space")
        await explorer.step(4)
        await explorer.until(lambda: NEXT in pane.table.known)
        assert pane.table.known[NEXT][1] != loss[NEXT] and pane.table.known[EFFECT][1] == loss[EFFECT]


async def test_the_marked_head_is_looked_at_and_the_ranking_stays(explore: Explore) -> None:
    async with explore() as explorer:
        screen = explorer.screen
        pane, attention = screen.query_one(RankingPane), screen.query_one(AttentionPane)

        def looked_at() -> tuple[str, int]:
            return screen._looking.prefix, screen._looking.head

        await explorer.press("2", "space", "r")
        await explorer.step(2)
        await explorer.until(lambda: bool(pane.rows))
        await explorer.press("slash", *"zebra", "enter")
        await explorer.until(lambda: "No head has 'zebra' in its name" in explorer.text)
        await explorer.press(*["backspace"] * 5, *"cross", "enter")
        await explorer.until(lambda: explorer.on_top and "/ cross · 8 heads" in explorer.text)
        assert {row.head[0].rpartition(".")[2] for row in pane.rows} == {"cross"}
        assert looked_at() == ("decoder.0.self", 0) and "»" not in explorer.text, "it is not in the list"
        for key, place in (("j", 0), ("j", 1), ("2", 1), ("j", 3), ("k", 2)):
            await explorer.press(key)
            if key in "jk":
                assert looked_at() == pane.rows[place].head
        stack, layer, _ = looked_at()[0].split(".")
        await explorer.until(lambda: f"{stack} {layer} · encoder–decoder attention · h" in str(attention.border_title))
        await explorer.until(lambda: bool(re.search(rf"» *\d+ {brief_head(*looked_at())} ", explorer.text)))
        await explorer.press("x", "space")
        await explorer.step(3)
        own = measured([Sight.of(explorer.moment.trace, looked_at()[0], frozenset({2}))])[looked_at()[1]]
        value = pytest.approx(own[pane.table.measure].value)
        await explorer.until(lambda: pane.marked is not None and pane.marked.value == value)
        assert screen._active == "ranking" and pane.marked is not None and pane.marked.head == looked_at()
        await explorer.press("full_stop" if looked_at()[1] == 0 else "comma")
        await explorer.until(lambda: pane.marked is not None and pane.marked.head == looked_at())
        await explorer.press("enter")
        assert screen._active == "attention" and pane.region.area, "the ranking stays beside it"
        await explorer.press("m")
        assert not pane.region.area


async def test_a_ranking_gives_way_to_a_step_and_begins_again(
    explore: Explore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from glasshead.ranking import rank

    begun: list[str] = []
    real = rank.rank

    def slow(subject: object, texts: list[str], *, stop: Callable[[], bool], **more: object) -> object:
        begun.append(texts[0])
        while len(begun) == 1 and not stop():
            time.sleep(0.01)
        return real(subject, texts, stop=stop, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(rank, "rank", slow)
    async with explore() as explorer:
        pane = explorer.screen.query_one(RankingPane)
        await explorer.press("r")
        await explorer.until(lambda: bool(pane.rows))
        while pane.table.measure != EFFECT:
            await explorer.press("left")
        await explorer.until(lambda: len(begun) == 1)
        await explorer.press("space")
        await explorer.step(1)
        await explorer.until(lambda: len(begun) == 2 and bool(pane.rows))
        await explorer.press("i", *"a dog", "enter")
        await explorer.reads("a dog")
        await explorer.until(lambda: begun[2:] == ["a dog"] and bool(pane.rows))
        await explorer.press("left", "9", "greater_than_sign", "p")
        await explorer.step(3)
        await explorer.until(lambda: explorer.screen._measured is explorer.moment.trace)
        assert explorer.screen.playing, "heads are measured on the way, which is no move"
        await explorer.press("end")
        await explorer.until(lambda: explorer.moment.done)
        await explorer.until(lambda: pane._measured is explorer.moment.trace)


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
