"""Lines of many models, walked and recorded, for tests of recordings."""

from pathlib import Path
from typing import Any

from tests.core.helpers import restless
from tests.core.strangers import NAMES
from tests.core.strangers import subject as stranger

from glasshead import Stepper, Subject
from glasshead.found import load

KINDS = (*NAMES, "the paper", "window 4, pre-norm", "wide encoder", "half")
OPTIONS: dict[str, dict[str, Any]] = {
    "the paper": {},
    "window 4, pre-norm": {"window": 4, "norm": "pre"},
    "wide encoder": {"d_encoder": 22, "share_embeddings": False},
    "half": {},
}


def subject_of(kind: str) -> Subject:
    """One of the models."""
    if kind in NAMES:
        return stranger(kind)
    if kind == "half":
        import torch

        return restless(5, torch.bfloat16)
    return restless(3, **OPTIONS[kind])


def walked(kind: str, steps: int = 5, **options: Any) -> Stepper:
    """A line of a model, some steps on, where it writes at all. Every second token is not the first choice."""
    line = subject_of(kind).start("abcadc", **options)
    for number in range(steps):
        if line.done:
            break
        candidates = line.candidates(3)
        line.choose(candidates[number % 2])
    return line


def recorded(line: Stepper, path: Path) -> Stepper:
    """The same line, read from a file."""
    again = load(line.save(path))
    return again.start("abcadc")
