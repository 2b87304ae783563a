"""Edits of a Marian against nnsight, which makes the same changes in the model's own code."""

import json
import subprocess
import sys

import pytest
import torch
from tests.core.adapters.huggingface.tiny import FAMILIES, wrap
from tests.core.edits.by_nnsight import CHANGES, SOURCE, TARGET
from tests.core.edits.ways import at_once, compiled, run
from torch import Tensor


@pytest.fixture(scope="module")
def expected() -> dict[str, Tensor]:
    """Logits (q v) after each change, and without any."""
    program = [sys.executable, "-m", "tests.core.edits.by_nnsight"]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    return {text: torch.tensor(logits) for text, logits in json.loads(done.stdout.splitlines()[-1]).items()}


@pytest.mark.parametrize("text", CHANGES)
def test_an_edit_is_what_nnsight_makes_of_it(text: str, expected: dict[str, Tensor]) -> None:
    plain, wanted = expected[""], expected[text]
    assert (plain - wanted).abs().max() > 1e-4, "the change does nothing"
    model = wrap(FAMILIES["marian"].module())
    changes = compiled(model, [text])
    for found in (at_once(model, changes, SOURCE, TARGET), run(model, changes, SOURCE, [[token] for token in TARGET])):
        assert (found - wanted).abs().max() <= 2e-5 * max(1.0, float(wanted.abs().max()))
