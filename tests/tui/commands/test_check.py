"""`glasshead check`: the verdicts as text and JSON, and the exit status of a bad one."""

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Glasshead

import glasshead
from glasshead.adapters.native import Native


def test_a_sound_checkpoint_is_supported(tiny: Path, glasshead: Glasshead) -> None:
    told = glasshead("check", "tiny", "--examples", "2")
    assert told.status == 0 and told.err == ""
    lines = told.out.splitlines()
    assert lines[0].startswith("tiny: ") and all(line.startswith("supported ") for line in lines[1:])
    found = json.loads(glasshead("check", "tiny", "--examples", "2", "--json").out)
    assert found["ok"] and [each["what"] for each in found["verdicts"]] == [line[16:35].strip() for line in lines[1:]]


def test_a_wrong_mask_is_told_with_the_smallest_input_and_status_1(
    glasshead: Glasshead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glasshead.model.causal", lambda new, length, **_more: None)  # nothing is masked
    told = glasshead("check", "tiny", "--examples", "2")
    assert told.status == 1
    (line,) = [each for each in told.out.splitlines() if each.startswith("silently wrong  later tokens")]
    assert "the logits at position 0 move by" in line and "Traceback" not in told.err


def test_what_is_asked_wrongly_is_a_sentence(glasshead: Glasshead) -> None:
    for words in (["tinny"], ["tiny", "--examples", "0"], ["tiny", "--padding", "up"]):
        told = glasshead("check", *words)
        assert told.status == 2 and told.err and "Traceback" not in told.err


def test_the_library_says_the_same(tiny: Path) -> None:
    report = glasshead.check(glasshead.load(tiny), examples=2)
    assert report.ok and isinstance(glasshead.load(tiny).model, Native)
    report.raise_for_status()
