"""Finding a head by what it does, and a word by what it says."""

from pathlib import Path

import pytest
from tests.tui.conftest import Explore

import glasshead
from glasshead.analysis.measures import NAMES, Sight, measured
from glasshead_tui.screens.ranked import EFFECT, RankedHeads


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
