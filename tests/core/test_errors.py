"""Mistakes are reported in sentences; and the public face is lazy and whole."""

import subprocess
import sys

import pytest

import glasshead
from glasshead import GlassheadError
from glasshead.errors import nearest


def test_an_unknown_name_is_told_with_its_neighbours() -> None:
    known = ["english-french", "dates", "reverse"]
    assert nearest("engish-french", known, what="checkpoint") == "Did you mean english-french?"
    assert "dates" in nearest("DATE", known, what="checkpoint")
    assert nearest("zzz", known, what="checkpoint") == "Known: english-french, dates, reverse."
    many = nearest("zzz", [f"name{number}" for number in range(1000)], what="site")
    assert many.startswith("Known: name0, name1, ") and many.endswith(", … (1,000 in all).") and len(many) < 200
    assert nearest("x", [], what="recipe") == "There is no recipe here."


def test_a_mistake_is_a_value_error() -> None:
    assert issubclass(GlassheadError, ValueError)


def test_every_public_name_is_there() -> None:
    assert set(dir(glasshead)) == set(glasshead.__all__)
    for name in glasshead.__all__:
        assert getattr(glasshead, name) is not None
    assert len(glasshead.__all__) == len(set(glasshead.__all__))
    with pytest.raises(AttributeError, match="no attribute 'Transfomer'"):
        _ = glasshead.Transfomer


def test_importing_costs_nothing_until_something_is_used() -> None:
    code = (
        "import sys, glasshead\n"
        "heavy = ('torch', 'numpy', 'tokenizers', 'safetensors', 'textual', 'rich', 'typer')\n"
        "print([name for name in heavy if name in sys.modules])\n"
        "glasshead.Transformer\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first == "[]"
    assert "torch" in second
    assert not any(name in second for name in ("textual", "rich", "typer"))


def test_the_example_of_the_package_is_true() -> None:
    """The example that `help(glasshead)` shows uses only existing names."""
    text = glasshead.__doc__ or ""
    for name in ("load", "start", "done", "step", "trace"):
        assert name in text
    for name in ("load",):
        assert callable(getattr(glasshead, name))
    for name in ("step", "done", "trace"):
        assert hasattr(glasshead.Stepper, name)
