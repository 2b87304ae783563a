"""Curves: round ticks, every extreme in its column, a mark that covers nothing, and no byte too many."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.style import Style
from textual import events
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual_hires_canvas import Canvas
from textual_plot import PlotWidget

from glasshead_tui.widgets.chart import Chart, Curve, columns_of
from glasshead_tui.widgets.curves import MARK, Curves, _Canvas
from glasshead_tui.widgets.ticks import axis, ticks, upwards

numbers = st.floats(-1e12, 1e12)


@settings(max_examples=300)
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
    found = columns_of(Curve("", x, y, Style(), band=(y - 1, y + 2)), (100.0, 200.0), 40)
    edges = np.linspace(100, 200, 41)
    for number, (at, mean, low, high) in enumerate(zip(*found, strict=True)):
        inside = y[(x >= edges[number]) & (x < edges[number + 1]) & np.isfinite(y)]
        assert edges[number] < at < edges[number + 1]
        assert (mean, low, high) == (pytest.approx(inside.mean()), inside.min() - 1, inside.max() + 2)
    assert len(found[0]) == 40


class Frame(App[None]):
    CSS = "Curves { width: 60; height: 14; }"

    picked: tuple[float, ...] = ()

    def compose(self) -> ComposeResult:
        yield Curves()

    def on_curves_picked(self, event: Curves.Picked) -> None:
        self.picked = (*self.picked, event.x)


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


def value(label: str) -> float:
    """Parse a tick's label."""
    if label.startswith("e"):
        label = "1" + label
    scale = {"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}.get(label[-1], 1)
    return float(label.rstrip("kMGT")) * scale


@settings(max_examples=300)
@given(low=st.floats(-250, 250), decades=st.floats(0.05, 200), most=st.integers(1, 12))
def test_logarithmic_ticks_are_round_and_say_where_they_are(low: float, decades: float, most: int) -> None:
    ends = 10**low, 10 ** min(low + decades, 300)
    found = axis(*ends, most, log=True)
    assert len(found) <= most + (decades < 1), "where the range is small they are those of a linear axis"
    places = [at for at, _ in found]
    assert all(ends[0] <= at <= ends[1] for at in places) and places == sorted(set(places))
    assert not (decades > 2 and most > 1 and low + decades < 300) or len(found) > 1
    for at, label in found if decades >= 1 else ():
        assert value(label) == pytest.approx(at, rel=1e-6)
        assert len(label) <= 5


@pytest.mark.parametrize(
    ("low", "high", "most", "labels"),
    [
        (4, 512, 8, ["4", "8", "16", "32", "64", "128", "256", "512"]),
        (4, 512, 4, ["4", "16", "64", "256"]),
        (1, 65536, 5, ["1", "16", "256", "4096", "65536"]),
        (1e-4, 10, 9, ["1e-4", "1e-3", "0.01", "0.1", "1", "10"]),
        (1e-9, 1e3, 4, ["1e-8", "1e-4", "1"]),
        (1, 50, 9, ["1", "2", "5", "10", "20", "50"]),
        (0.02, 0.7, 4, ["0.03", "0.1", "0.3"]),
        (500, 3e6, 5, ["1k", "10k", "100k", "1M"]),
        (1.2, 1.9, 4, ["1.2", "1.4", "1.6", "1.8"]),
        (1e-200, 1e100, 5, ["e-200", "e-100", "1", "1e100"]),
        (0, 10, 4, []),
        (3, 3, 4, []),
        (float("nan"), 3, 4, []),
    ],
)
def test_logarithmic_ticks_are_named_shortly(low: float, high: float, most: int, labels: list[str]) -> None:
    assert [label for _, label in axis(low, high, most, log=True)] == labels


def test_a_linear_axis_has_the_ticks_it_had() -> None:
    assert axis(0, 1500, 5) == ticks(0, 1500, 5)
    assert axis(0, 3, 9, whole=True) == ticks(0, 3, 9, whole=True)


async def test_on_logarithmic_axes_a_power_is_a_straight_line() -> None:
    x = np.geomspace(1, 1024, 11)
    style = Style(color="blue")
    drawn = Chart(
        "power", "unit", (Curve("", x, x**3, style, "o", joined=True), Curve("", x, -x, style)), (1.0, 1024.0),
        log_x=True, log_y=True, x_label="n",
    )  # fmt: skip
    app = Frame()
    async with app.run_test(size=(80, 20)) as pilot:
        curves = app.query_one(Curves)
        curves.show(drawn, None, strong=style, quiet=style, band=None)
        await pilot.pause()
        shown = lines(curves)
        places = [(row.index("o"), -number) for number, row in enumerate(shown) if "o" in row]
        slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(places)]
        assert len(places) > 5, "what is not positive is left out, and nothing else"
        assert (
            max(abs(slope - (places[-1][1] - places[0][1]) / (places[-1][0] - places[0][0])) for slope in slopes) < 0.3
        )
        foot = "\n".join(strip.text for strip in app.screen._compositor.render_strips(app.size))
        assert "1024" in foot and "256" in foot and "n" in foot
        await pilot.click(offset=(7 + 26, 6))
        await pilot.pause()
        assert app.picked and 20 < app.picked[0] < 50, "the middle of 1 and 1024 is 32"


async def test_a_legend_that_is_too_long_takes_more_lines() -> None:
    style = Style(color="blue")
    names = [f"curve number {number}" for number in range(6)]
    x = np.arange(4.0)
    drawn = Chart("many", "", tuple(Curve(name, x, x, style) for name in names), (0.0, 3.0), legend=True)
    app = Frame()
    async with app.run_test(size=(80, 20)) as pilot:
        curves = app.query_one(Curves)
        curves.show(drawn, None, strong=style, quiet=style, band=None)
        await pilot.pause()
        shown = "\n".join(strip.text for strip in app.screen._compositor.render_strips(app.size))
        assert sum(name in shown for name in names) >= 5 and "many" in shown.split("\n")[0]


@settings(max_examples=200)
@given(low=st.floats(-12, 6), decades=st.floats(0.3, 12), lines=st.integers(5, 30))
def test_a_high_logarithmic_axis_has_ticks_enough_in_rows_of_their_own(low: float, decades: float, lines: int) -> None:
    edge = 0.04 * decades
    found = upwards((low, low + decades), edge, lines, log=True)
    rows = [int((at - low + edge) / (decades + 2 * edge) * lines) for at, _ in found]
    assert len(set(rows)) == len(rows) and (len(rows) >= 3 or decades < 0.6)
    assert all(value(label) == pytest.approx(10**at, rel=0.02) for at, label in found if decades >= 1)


@settings(max_examples=200)
@given(low=st.floats(-1e6, 1e6), reach=st.floats(0.01, 1e6), lines=st.integers(2, 4), log=st.booleans())
def test_in_a_low_room_the_ends_are_named_and_nothing_between(low: float, reach: float, lines: int, log: bool) -> None:
    ends = (low / 1e6, low / 1e6 + reach / 1e5) if log else (low, low + reach)
    for at, label in upwards(ends, 0.0, lines, log=log):
        assert at in ends and value(label) == pytest.approx(10**at if log else at, rel=0.5)


@pytest.mark.parametrize("size", [(60, 16), (60, 9), (60, 6)])
async def test_curves_that_coincide_are_all_named_and_all_seen(size: tuple[int, int]) -> None:
    x = np.arange(12.0)
    ink = [Style(color=name) for name in ("blue", "red", "green", "yellow")]
    drawn = Chart(
        "", "", (*(Curve(f"same {each}", x, x / 11, ink[each]) for each in range(3)), Curve("other", x, 1 - x, ink[3])),
        (0.0, 11.0), (0.0, 1.0), legend=True,
    )  # fmt: skip
    app = Frame()
    async with app.run_test(size=(80, 20)) as pilot:
        curves = app.query_one(Curves)
        curves.styles.width, curves.styles.height = size
        await pilot.pause()
        curves.show(drawn, None, strong=Style(), quiet=Style(), band=None)
        await pilot.pause()
        head = "\n".join(strip.text for strip in app.screen._compositor.render_strips(app.size)[: size[1]])
        assert all(f"same {each}" in head for each in range(3)) and "other" in head
        inside = "".join(lines(curves))
        assert all(mark in inside for mark in "ox+") and "*" not in inside, "what is seen alone needs none"


async def test_where_there_is_no_room_that_is_said() -> None:
    app = Frame()
    async with app.run_test(size=(80, 20)) as pilot:
        curves = app.query_one(Curves)
        curves.styles.width, curves.styles.height = 40, 4
        await pilot.pause()
        drawn = replace(chart(np.arange(9.0)), small="too small: enlarge the window")
        curves.show(drawn, None, strong=Style(), quiet=Style(), band=None)
        await pilot.pause()

        def shown() -> str:
            return "\n".join(strip.text for strip in app.screen._compositor.render_strips(app.size))

        assert "enlarge the window" in shown()
        curves.styles.height = 12
        for _ in range(100):
            await pilot.pause()
            if "enlarge the window" not in shown():
                break
        assert "enlarge the window" not in shown() and "8" in shown()


async def test_a_button_pressed_where_there_is_no_window_any_more_does_nothing() -> None:
    class Program(App[None]):
        def compose(self) -> ComposeResult:
            yield Curves()

    async with Program().run_test(size=(60, 20)) as pilot:
        plot = pilot.app.query_one(PlotWidget)
        pressed = events.MouseDown(
            plot,
            x=5,
            y=5,
            delta_x=0,
            delta_y=0,
            button=1,
            shift=False,
            meta=False,
            ctrl=False,
            screen_x=70,
            screen_y=30,
        )
        plot.post_message(pressed)
        await pilot.pause()
