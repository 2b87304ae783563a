"""The map: every head there is, each picture the largest weights under its dots."""

import math
from typing import TYPE_CHECKING

import torch
from tests.tui.panes.conftest import moment

from glasshead_tui.drawing.matrix import weight_level
from glasshead_tui.panes.map import Heads, MapPane, pooled
from glasshead_tui.state.focus import Focus
from glasshead_tui.widgets.scale import MASKED

if TYPE_CHECKING:
    from tests.tui.panes.conftest import Framed

    from glasshead.decoding.stepper import Stepper


def test_a_dot_is_the_largest_weight_under_it() -> None:
    torch.manual_seed(0)
    masked = torch.randn(2, 13, 11).masked_fill(torch.ones(13, 11).triu(2).bool(), -math.inf)
    weights = masked.softmax(-1)
    for head, rows in enumerate(pooled(weights, masked > -math.inf, 4, 6)):
        assert len(rows) == 6 and all(len(row) == 4 for row in rows)
        for i, row in enumerate(rows):
            for j, level in enumerate(row):
                # The bins of an adaptive pool: from the floor of the lower edge to the ceiling of the upper one.
                lines = slice(i * 13 // 6, -(-(i + 1) * 13 // 6))
                columns = slice(j * 11 // 4, -(-(j + 1) * 11 // 4))
                under, seen = weights[head, lines, columns], masked[head, lines, columns] > -math.inf
                assert level == (weight_level(float(under.max())) if seen.any() else MASKED)


def test_a_short_line_is_not_blown_up() -> None:
    weights = torch.eye(2)[None]
    assert pooled(weights, weights >= 0, 8, 8) == [[bytes([63, 0]), bytes([0, 63])]]


async def test_all_heads_are_there_and_can_be_picked(line: "Stepper", framed: "Framed") -> None:
    for size in ((29, 18), (78, 17), (60, 40)):
        async with framed(pane := MapPane(), size) as pilot:
            pane.show(moment(line.outlook), Focus(layer=1, head=3, step=5))
            await pilot.pause()
            assert len(pane._spots) == 3 * 2 * 4
            region, _ = pane._spots[-1]
            await pilot.click(MapPane, offset=(region.x + pane.INSET, region.y))
            (event,) = pilot.app.heard
            assert (event.stack, event.kind, event.layer, event.head) == ("decoder", "cross", 1, 3)
            pane.show(moment(line.outlook), Focus(layer=0, head=2, step=5))
            assert pane.selected == (1, 0, 2)


def test_what_was_let_go_is_not_computed_for_a_picture(line: "Stepper") -> None:
    class Gone:
        kinds, axes, anatomy, recorded = line.outlook.kinds, line.outlook.axes, line.outlook.anatomy, ""

        def at_hand(self, site: str) -> bool:
            return not site.startswith("encoder.1") or self.computed

        hides_at_hand, hides = at_hand, line.outlook.hides
        computed = False

        def __getitem__(self, site: str) -> torch.Tensor:
            assert self.at_hand(site)
            return line.outlook[site]

    from glasshead_tui.widgets.thumbnails import Place

    heads = Heads(Gone(), Focus())  # type: ignore[arg-type]
    assert heads.picture(Place(0, 0, 0), 4, 4)
    assert heads.picture(Place(0, 1, 0), 4, 4) is None and not heads.waiting and heads.unknown
    heads.trace.computed = True  # type: ignore[attr-defined]
    heads.look(Focus(stack="encoder", layer=1))
    assert heads.picture(Place(0, 1, 0), 4, 4) and not heads.unknown
