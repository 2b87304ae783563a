"""Settings that suit somebody's own corpus by its number of pairs, for all of which nothing was said.

A small corpus wants a small model with much dropout, and the learning rate that belongs to that model: the paper's was
chosen for millions of pairs. The row for few pairs is the one published for the 29,000 pairs of Multi30k (Wu et al.
2021, "Good for Misconceived Reasons"), and the README has the score that it reaches here.

Snapshots are taken so that their average reaches over an eighth of the steps: over half of them it would hold
parameters of long ago, over a hundredth hardly more than one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glasshead.training.data.lines import TextFile
from glasshead.training.settings import Settings

FEW, MANY = 60_000, 600_000
"""Pairs below which a corpus is small, and from which it is large."""
SNAPSHOTS, SHARE, EVALUATIONS, PATIENCE = 10, 8, 16, 4
"""Snapshots of an average, which reaches over one part in SHARE of the steps; evaluations of a training, and how many
of them may pass without a better score."""
SHAPE = {"d_model", "heads", "encoder_layers", "decoder_layers", "d_ff"}
PACE = {"schedule", "rate", "warmup", "factor"}
"""Settings of a model's shape, and of its learning rate: one that is given leaves the others at their defaults."""

ROWS: dict[str, dict[str, Any]] = {
    "few": {
        "d_model": 128, "heads": 4, "encoder_layers": 4, "decoder_layers": 4, "d_ff": 256,
        "warmup": 2000, "factor": 2.5, "dropout": 0.3, "batch_tokens": 4096, "steps": 8000,
    },
    "some": {"dropout": 0.2, "batch_tokens": 4096, "steps": 20_000},
    "many": {"dropout": 0.1, "batch_tokens": 4096, "steps": 40_000},
}  # fmt: skip
"""Settings by the number of pairs; what is not in a row has its default."""
WHY = {"few": "are few: a small model and much dropout", "some": "want some dropout", "many": "want many steps"}


@dataclass(frozen=True)
class Suited:
    """Settings chosen for a corpus, and a sentence about them."""

    settings: Mapping[str, Any]
    sentence: str


def suit(settings: Settings, given: Mapping[str, Any]) -> Suited | None:
    """Choose the settings that are not `given`, for the files that `settings` name; None if there is nothing to choose.

    Raises GlassheadError if there is no such file.
    """
    file = settings.pairs or settings.source
    given = {name: value for name, value in given.items() if value is not None}
    if file is None or not choose(0, given):
        return None
    pairs = TextFile(Path(file)).count()
    chosen = choose(pairs, given)
    words = ", ".join(f"{_name(name)} {value:,}" for name, value in chosen.items())
    return Suited(chosen, f"About {pairs:,} pairs {WHY[_row(pairs)]}. Chosen: {words}. Any option overrides its own.")


def choose(pairs: int, given: Mapping[str, Any]) -> dict[str, Any]:
    """Choose settings for a number of pairs, without those that are given, and those that depend on them."""
    row = ROWS[_row(pairs)]
    steps, average = given.get("steps", row["steps"]), given.get("average", SNAPSHOTS)
    found = {
        **row,
        "average": average,
        "save_every": min(500, max(50, steps // (SHARE * average))),
        "eval_every": min(1000, max(100, steps // EVALUATIONS)),
        "patience": PATIENCE,
    }
    kept = set(given)
    if kept & SHAPE:
        kept |= SHAPE | PACE
    elif kept & PACE:
        kept |= PACE
    return {name: value for name, value in found.items() if name not in kept}


def _row(pairs: int) -> str:
    return "few" if pairs < FEW else "some" if pairs < MANY else "many"


def _name(setting: str) -> str:
    return setting.replace("_", " ") if setting != "d_model" else setting
