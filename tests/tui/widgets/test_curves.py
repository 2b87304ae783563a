"""Curves: round ticks, every extreme in its column, a mark that covers nothing, and no byte too many."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.style import Style
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual_hires_canvas import Canvas

from glasshead_tui.widgets.curves import MARK, Chart, Curve, Curves, _Canvas, _columns, ticks

numbers = st.floats(-1e12, 1e12)


@settings(max_examples=300, deadline=None)
@given(low=numbers, width=st.floats(1e-9, 1e12), most=st.integers(2, 12), whole=st.booleans())
def test_ticks_are_few_round_and_within(low: float, width: float, most: int, whole: bool) -> None:
    high = low + width
    found = ticks(low, high, most, whole=whole)
    assert len(found) <= most + 1
    places = [at for at, _ in found]
    assert all(low <= at <= high for at in places) and places == sorted(places)
    if whole:
        assert all(at == round(at) or at in (low, high) for at in places)


@pytest.mark.parametrize(
    ("low", "high", "most", "labels"),
    [
        (0, 1500, 5, ["0", "500", "1k", "1.5k"]),
        (0, 1e6, 6, ["0", "200k", "400k", "600k", "800k", "1M"]),
        (0, 5e-4, 3, ["0", "2e-4", "4e-4"]),
        (0.3, 6.7, 4, ["2", "4", "6"]),
        (-1, 1, 4, ["-1.0", "-0.5", "0", "0.5", "1.0"]),
        (0, 0.0123, 3, ["0", "0.005", "0.010"]),
        (3, 3, 4, []),
        (float("nan"), 1, 4, []),
    ],
)
def test_ticks_are_named_shortly(low: float, high: float, most: int, labels: list[str]) -> None:
    assert [label for _, label in ticks(low, high, most)] == labels


def test_a_column_has_the_mean_and_the_extremes_of_what_falls_in_it() -> None:
    draw = np.random.default_rng(1)
    x, y = np.sort(draw.random(5000)) * 300, draw.normal(size=5000)
    y[draw.random(5000) < 0.1] = np.nan
    found = _columns(Curve("", x, y, Style(), band=(y - 1, y + 2)), (100.0, 200.0), 40)
    edges = np.linspace(100, 200, 41)
    for number, (at, mean, low, high) in enumerate(zip(*found, strict=True)):
        inside = y[(x >= edges[number]) & (x < edges[number + 1]) & np.isfinite(y)]
        assert edges[number] < at < edges[number + 1]
        assert (mean, low, high) == (pytest.approx(inside.mean()), inside.min() - 1, inside.max() + 2)
    assert len(found[0]) == 40


class Frame(App[None]):
    CSS = "Curves { width: 60; height: 14; }"

    def compose(self) -> ComposeResult:
        yield Curves()


def chart(y: np.ndarray, source: object = None) -> Chart:
    x = np.arange(len(y), dtype=float)
    return Chart("name", "unit", (Curve("line", x, y, Style(color="blue")),), (0.0, float(len(y))), source=source)


def lines(curves: Curves) -> list[str]:
    canvas = curves.query_one("#plot", _Canvas)
    return [canvas.render_line(y).text for y in range(canvas.size.height)]


async def test_a_mark_covers_nothing_and_moving_it_draws_no_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Frame()
    async with app.run_test(size=(80, 20)) as pilot:
        curves = app.query_one(Curves)
        drawn = chart(np.linspace(0, 1, 200), source=object())

        def show(mark: tuple[float, Style] | None) -> None:
            curves.show(drawn, mark, strong=Style(bold=True), quiet=Style(), band=None)

        show(None)
        await pilot.pause()
        bare = lines(curves)
        assert any(set("▞▄▀▝▖") & set(line) for line in bare)
        asked: list[Region] = []
        monkeypatch.setattr(Canvas, "refresh", lambda _canvas, *regions, **_more: asked.extend(regions))
        for place in (20.0, 100.0):
            asked.clear()
            show((place, Style(color="red")))
            marked = lines(curves)
            for before, after in zip(bare, marked, strict=True):
                changed = [column for column in range(len(before)) if before[column] != after[column]]
                assert len(changed) <= 1 and all((before[at], after[at]) == (" ", MARK) for at in changed)
            assert sum(one != other for one, other in zip(bare, marked, strict=True)) > len(bare) / 2
            assert {region.y for region in asked} <= set(range(1, len(bare) - 1)), "the frame is not sent again"


@pytest.mark.parametrize(
    "y",
    [[], [np.nan] * 9, [3.0], [2.0] * 5, [1e12, -1e12], [np.inf, 1.0, -np.inf], [1e-300, 2e-300]],
    ids=["nothing", "no number", "one", "all alike", "huge", "infinite", "tiny"],
)
@pytest.mark.parametrize("size", [(60, 14), (20, 6), (3, 2), (60, 1)])
async def test_whatever_is_drawn_it_is_drawn(y: list[float], size: tuple[int, int]) -> None:
    app = Frame()
    async with app.run_test(size=(80, 20)) as pilot:
        curves = app.query_one(Curves)
        curves.styles.width, curves.styles.height = size
        await pilot.pause()
        style = Style(color="blue")
        curves.show(chart(np.array(y)), (1.0, style), strong=style, quiet=style, band=Style(color="red"))
        await pilot.pause()
        await pilot.resize_terminal(30, 10)
        await pilot.pause()
