"""Settings: what beats what, what is refused, and that the file that a run writes says what was meant."""

import math
import tomllib
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshead.errors import GlassheadError
from glasshead.recipes import names, recipe
from glasshead.training.settings import SECTIONS, TYPES, Settings, differences, format_settings, read_settings, resolve

PAIRS: dict[str, Any] = {"pairs": "some.tsv"}


def values() -> st.SearchStrategy[Settings]:
    """Settings with anything allowed in them."""
    text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
    some: dict[str, st.SearchStrategy[Any]] = {}
    for each in fields(Settings):
        kind, least, choices = TYPES[each.name], each.metadata["least"] or 0, each.metadata.get("choices")
        if choices:
            some[each.name] = st.sampled_from(choices)
        elif kind is bool:
            some[each.name] = st.booleans()
        elif kind is int:
            some[each.name] = st.integers(max(int(least), 16), 2**40)
        elif kind is float:
            some[each.name] = st.floats(0.001, 0.999)
        else:
            some[each.name] = text
    for name in ("recipe", "source", "target", "valid_source", "valid_target", "valid_size", "generate", "tokenizer"):
        del some[name]
    return st.fixed_dictionaries({"pairs": some.pop("pairs")}, optional=some).map(lambda given: Settings(**given))


@given(values())
def test_a_run_s_file_says_what_was_meant(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> None:
    path = tmp_path_factory.mktemp("settings") / "run.toml"
    path.write_text(format_settings(settings), encoding="utf-8")
    assert resolve({}, read_settings(path)) == settings


@pytest.mark.parametrize("name", names())
def test_a_recipe_s_settings_survive_its_file(name: str, tmp_path: Path) -> None:
    settings = resolve({"recipe": name})
    (tmp_path / "run.toml").write_text(format_settings(settings), encoding="utf-8")
    assert resolve({}, read_settings(tmp_path / "run.toml")) == settings
    for own in (recipe(name).model, recipe(name).training):
        for key, value in own.items():
            assert getattr(settings, key) == value


def test_every_key_stands_in_its_section_and_is_explained() -> None:
    text = format_settings(resolve(PAIRS))
    assert tomllib.loads(text).keys() == SECTIONS.keys()
    lines = text.splitlines()
    for each in fields(Settings):
        place = next(n for n, line in enumerate(lines) if line.removeprefix("# ").startswith(f"{each.name} ="))
        assert lines[place - 1] == f"# {each.metadata['help']}"


def test_flags_beat_the_file_the_file_beats_the_recipe_the_recipe_beats_the_defaults() -> None:
    file = {"recipe": "reverse", "steps": 30, "heads": 2}
    found = resolve({"steps": 7, "seed": None}, file)
    assert (found.steps, found.heads) == (7, 2)
    assert found.d_ff == recipe("reverse").model["d_ff"] != Settings(**PAIRS).d_ff
    assert found.clip == Settings(**PAIRS).clip


def test_another_thing_to_learn_from_takes_the_place_of_the_file_s() -> None:
    assert resolve(PAIRS, {"recipe": "reverse"}).recipe is None
    assert resolve({"recipe": "reverse"}, {"source": "a", "target": "b"}).source is None
    other = resolve({"valid_size": 5}, {**PAIRS, "valid": "held.tsv"})
    assert (other.valid, other.valid_size) == (None, 5)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "Nothing to learn from"),
        ({"recipe": "reverse", "pairs": "a.tsv"}, "recipe and pairs are two things to learn from"),
        ({"source": "a"}, "--source and --target belong together"),
        ({**PAIRS, "valid_target": "a"}, "--valid-source and --valid-target belong together"),
        ({**PAIRS, "valid": "a", "valid_size": 3}, "two ways to choose what is held back"),
        ({"recipe": "reverse", "valid": "a"}, "makes its own sentences to score on"),
        ({**PAIRS, "generate": 10}, "generate is for recipes"),
        ({**PAIRS, "tokenizer": "a", "vocab_size": 10}, "brings its own vocabulary"),
        ({**PAIRS, "steps": 0}, "steps is 0; it must be at least 1"),
        ({**PAIRS, "steps": True}, "steps is True; it must be a whole number"),
        ({**PAIRS, "batch_tokens": 4}, "batch_tokens is 4; it must be at least 16"),
        ({**PAIRS, "vocab_size": -1}, "vocab_size is -1"),
        ({**PAIRS, "label_smoothing": 1.0}, "label_smoothing is 1.0"),
        ({**PAIRS, "label_smoothing": math.nan}, "label_smoothing is nan"),
        ({**PAIRS, "factor": 0.0}, "factor is 0.0"),
        ({**PAIRS, "rate": math.inf}, "rate is inf"),
        ({**PAIRS, "clip": -1.0}, "clip is -1.0"),
        ({**PAIRS, "schedule": "linear"}, "schedule is 'linear'; it is noam or cosine or constant"),
        ({**PAIRS, "compile": "yes"}, "compile is 'yes'; it must be true or false"),
    ],
)
def test_what_makes_no_sense_is_told(given: dict[str, object], sentence: str) -> None:
    with pytest.raises(GlassheadError, match=sentence):
        resolve(given)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[training]\nstep = 3", r"\[training\] has no setting 'step'. Did you mean steps"),
        ("[trainig]\nsteps = 3", r"no section \[trainig\]. Did you mean training"),
        ("steps = 3", r"no section \[steps\]"),
        ("[model]\nsteps = 3", r"steps belongs under \[training\], not \[model\]"),
        ("[training]\nsteps = '3'", "steps is '3'; it must be a whole number"),
        ("[training]\nsteps = 0", "steps is 0"),
        ("[training", "is not TOML"),
        (b"\xff", "is not UTF-8"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_is_wrong_is_told_with_its_name(text: str | bytes | None, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(GlassheadError, match=sentence) as raised:
        read_settings(path)
    assert "mine.toml" in str(raised.value)


def test_a_whole_number_will_do_where_a_number_is_wanted() -> None:
    assert resolve({**PAIRS, "clip": 2}).clip == 2


def test_what_would_train_another_model_is_a_difference_and_nothing_else_is() -> None:
    before = resolve(PAIRS)
    assert differences(before, before) == []
    assert differences(before, replace(before, d_model=512, seed=3)) == [
        "d_model was 256 and is 512",
        "seed was 0 and is 3",
    ]
    assert differences(before, replace(before, vocab_size=100)) == ["vocab_size was not given and is 100"]
    harmless = replace(before, steps=9, eval_every=3, eval_size=2, tensorboard=True, probes=1, device="cpu")
    assert differences(before, harmless) == []
    falling = replace(before, schedule="cosine")
    assert differences(falling, replace(falling, steps=9)) == ["steps was 20000 and is 9"]
