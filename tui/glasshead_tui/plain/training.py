"""A training in plain characters, or as JSON: the text twin of the watch screen."""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from shutil import get_terminal_size

from glasshead.errors import GlassheadError
from glasshead.named import name_head, name_tokens
from glasshead.site import Site, attention
from glasshead.training.record import probes
from glasshead.training.record.journal import Evaluation, Follower, Metrics
from glasshead.training.run import METRICS, PROBES
from glasshead_tui.drawing.durations import clocked, silence
from glasshead_tui.plain import tables as plain
from glasshead_tui.state.focus import Which
from glasshead_tui.terminal import strict_json as strict
from glasshead_tui.terminal.visible import visible


@dataclass(frozen=True)
class Wanted:
    """The requested sentence, step and head."""

    kind: Which = "cross"
    layer: int | None = None
    head: int = 0
    sentence: int = 0
    step: int | None = None


@dataclass(frozen=True)
class Name:
    """A token in the form of tables.py."""

    text: str
    probability: None = None


def metrics_of(folder: Path) -> Metrics | None:
    """Read the run's metrics; None if there are none yet."""
    follower = Follower(folder / METRICS)
    try:
        while follower.advance():
            pass
    except FileNotFoundError:
        return None
    except OSError as error:
        raise GlassheadError(f"{folder / METRICS} cannot be read: {error.strerror}.") from None
    return follower.metrics()


def text(folder: Path, wanted: Wanted) -> Iterator[str]:
    """Yield the state of a run, its evaluations, and one head's attention in one probe, as lines."""
    metrics = metrics_of(folder)
    yield f"run         {visible(str(folder))}"
    yield from _standing(metrics)
    if metrics is not None and metrics.evaluations:
        yield ""
        yield from _evaluations(metrics.evaluations)
    recorded, probe, prefix = _chosen(folder, wanted)
    if probe is None:
        yield "\nNo attention has been recorded yet; it is kept at every evaluation."
        return
    stops = probes.steps(folder / PROBES)
    place = Site.parse(f"{prefix}.weights")
    queries, keys = ([Name(name) for name in axis] for axis in probe.axes(place.stack, place.part))
    yield f"\nstep        {recorded}: stop {stops.index(recorded) + 1} of {len(stops)}" if recorded in stops else ""
    yield f"source      {visible(probe.text)}"
    yield f"expected    {visible(probe.expected)}"
    yield f"says        {visible(probe.given)}"
    masked = not probe.looks[f"{place.stack}.{place.part}"].all()
    yield f"attention   {name_head(prefix, wanted.head, masked=bool(masked))}   {prefix}.weights"
    yield f"            a row for each query, a column for each key; {plain.MASKED} may not be looked at"
    yield "            --kind, --layer, --head, --sentence, --step choose another"
    values = probe.weights[prefix][wanted.head].astype(float).tolist()
    looks = probe.looks[f"{place.stack}.{place.part}"].tolist()
    yield from plain.attention(values, looks, queries, keys, width=get_terminal_size((100, 24)).columns)


def json(folder: Path, wanted: Wanted) -> Iterator[str]:
    """Yield the same as one JSON object."""
    metrics = metrics_of(folder)
    recorded, probe, prefix = _chosen(folder, wanted)
    newest = metrics.newest if metrics else None
    yield strict.dumps(
        {
            "run": str(folder),
            "state": metrics.state if metrics else "waiting",
            "silent_seconds": max(0.0, time.time() - metrics.changed) if metrics else None,
            "began": asdict(metrics.began) if metrics and metrics.began else None,
            "newest": asdict(newest) if newest else None,
            "tokens_per_second": metrics.speed if metrics else None,
            "seconds_left": metrics.left if metrics else None,
            "evaluations": [asdict(each) for each in metrics.evaluations] if metrics else [],
            "stops": probes.steps(folder / PROBES),
            "probe": None
            if probe is None
            else {
                "step": recorded,
                "text": probe.text,
                "expected": probe.expected,
                "given": probe.given,
                "source": name_tokens(probe.source),
                "target": name_tokens(probe.target),
                "site": f"{prefix}.weights",
                "head": wanted.head,
                "weights": probe.weights[prefix][wanted.head].astype(float).tolist(),
            },
        }
    )


def _chosen(folder: Path, wanted: Wanted) -> tuple[int, probes.Probe | None, str]:
    """Choose the requested step, probe and attention. Raises GlassheadError if one of them does not exist."""
    stops = probes.steps(folder / PROBES)
    if not stops:
        return 0, None, ""
    step = stops[-1] if wanted.step is None else wanted.step
    if step not in stops:
        near = min(stops, key=lambda stop: abs(stop - step))
        raise GlassheadError(f"No attention was recorded at step {step}; the nearest step is {near}.")
    recorded = probes.load(folder / PROBES, step)
    if not 0 <= wanted.sentence < len(recorded.probes):
        raise GlassheadError(
            f"There is no sentence {wanted.sentence}: they count from 0 to {len(recorded.probes) - 1}."
        )
    probe = recorded.probes[wanted.sentence]
    stack, kind = ("encoder", "self") if wanted.kind == "encoder" else ("decoder", wanted.kind)
    layers = probe.layers(stack, kind)
    layer = layers - 1 if wanted.layer is None else wanted.layer
    for what, number, most in (("layer", layer, layers), ("head", wanted.head, probe.heads)):
        if not 0 <= number < most:
            raise GlassheadError(f"There is no {what} {number}: the {stack}'s count from 0 to {most - 1}.")
    return step, probe, attention(stack, layer, kind)


def _standing(metrics: Metrics | None) -> Iterator[str]:
    """Yield the state of a run."""
    if metrics is None or metrics.state == "waiting":
        yield "state       waiting for the first step"
        return
    newest, began = metrics.newest, metrics.began
    state = (
        metrics.state
        if metrics.state != "running"
        else f"running; last line {silence(time.time() - metrics.changed)} ago"
    )
    yield f"state       {state}"
    yield f"step        {newest.step:,}" + (f" of {began.steps:,}" if began and began.steps else "")
    if began and began.parameters:
        where = f", {visible(began.precision)} on {visible(began.device)}" if began.device else ""
        yield f"model       {began.parameters:,} parameters{where}"
    figures = {"loss": newest.loss, "perplexity": newest.perplexity, "rate": newest.rate, "norm": newest.norm}
    shown = [f"{name} {value:.4g}" for name, value in figures.items() if isfinite(value)]
    if shown:
        yield f"training    {'   '.join(shown)}"
    if isfinite(metrics.speed):
        left = f"   {clocked(metrics.left)} left" if metrics.state == "running" and isfinite(metrics.left) else ""
        yield f"speed       {metrics.speed:,.0f} tokens/s{left}"
    if metrics.odd:
        yield f"odd         {metrics.odd:,} lines of {METRICS} could not be understood"


def _evaluations(found: tuple[Evaluation, ...]) -> Iterator[str]:
    """Yield a table with a row for each evaluation."""
    yield "      step      loss  perplexity   exact    BLEU    chrF"
    for each in found:
        cells = (
            f"{each.step:10,}",
            _cell(each.loss, 10, 4),
            _cell(each.perplexity, 12, 3),
            _cell(each.exact * 100, 7, 1) + "%",
            _cell(each.bleu, 8, 1),
            _cell(each.chrf, 8, 1),
        )
        yield "".join(cells) + ("   test sentences" if each.test else "")


def _cell(value: float, columns: int, decimals: int) -> str:
    return (f"{value:.{decimals}f}" if isfinite(value) else "–").rjust(columns)
