"""The figures of a training as curves."""

from collections.abc import Callable, Sequence
from math import isfinite, nan

import numpy as np
from rich.style import Style

from glasshead.training.record.journal import Curve as Course
from glasshead.training.record.journal import Evaluation, Metrics
from glasshead_tui.drawing.numbers import real
from glasshead_tui.drawing.paint import Palette
from glasshead_tui.widgets.chart import Chart, Curve

SHARES = {1.0: "", 0.5: " · newest half", 0.1: " · newest tenth"}
"""Shares of the training that can be drawn, with their notes."""


def span(metrics: Metrics, share: float) -> tuple[float, float]:
    """Return the drawn range of steps: the newest share."""
    return round(metrics.newest.step * (1 - share)), max(metrics.newest.step, 1)


def charts(metrics: Metrics, at: int | None, share: float, marks: Palette) -> tuple[Chart, Chart, Chart]:
    """Make the charts of loss, scores and learning rate. at: step of the figures in the titles; None: the newest."""
    x = span(metrics, share)
    step = metrics.newest.step if at is None else at
    valid = [each for each in metrics.evaluations if not each.test]
    test = [each for each in metrics.evaluations if each.test]

    def course(
        label: str,
        found: Course,
        style: Style,
        show: Callable[[float], str],
        *,
        band: bool = False,
        roomy: bool = False,
    ) -> Curve:
        return Curve(
            label,
            found.steps,
            found.mean,
            style,
            band=(found.low, found.high) if band else None,
            value=show(_near(found.steps, found.mean, step)),
            roomy=roomy,
        )

    def scored(
        label: str, name: str, among: Sequence[Evaluation], style: Style, marker: str, scale: float = 1
    ) -> Curve:
        steps = np.array([each.step for each in among], dtype=float)
        values = np.array([getattr(each, name) for each in among], dtype=float) * scale
        here = _near(steps, values, step)
        value = _nats(here) if name == "loss" else f"{here:.0f}" if isfinite(here) else ""
        return Curve(label, steps, values, style, marker, value=value)

    plain = not marks.coloured
    loss = Chart(
        f"loss{SHARES[share]}",
        "nats a token",
        (
            course("smoothed", metrics.loss, marks.quiet, _nats, roomy=True),
            course("train", metrics.likelihood, marks.positive, _nats, band=True),
            scored("valid", "loss", valid, marks.query, "o"),
            *([scored("test", "loss", test, marks.key, "x")] if test else []),
        ),
        x,
        empty="no step yet",
        source=metrics,
    )
    scores = Chart(
        "scores",
        "",
        (
            scored("chrF", "chrf", metrics.evaluations, marks.key, "c" if plain else ""),
            scored("BLEU", "bleu", metrics.evaluations, marks.positive, "b" if plain else ""),
            scored("% exact", "exact", metrics.evaluations, marks.good, "e" if plain else "", 100),
        ),
        x,
        (0.0, 100.0),
        empty="no evaluation yet",
        source=metrics,
    )
    rate = Chart(
        "learning rate",
        "",
        (course("", metrics.rate, marks.negative, lambda value: real(value, 7) if isfinite(value) else ""),),
        x,
        (0.0, float(np.nanmax(metrics.rate.high, initial=0.0)) or 1.0),
        empty="no step yet",
        source=metrics,
    )
    return loss, scores, rate


def _near(steps: np.ndarray, values: np.ndarray, step: int) -> float:
    """Return the value at a step, or at the last one before it. NaN if there is none."""
    at = int(np.searchsorted(steps, step, "right")) - 1
    return float(values[at]) if at >= 0 else nan


def _nats(value: float) -> str:
    return f"{value:.3f}" if isfinite(value) else ""
