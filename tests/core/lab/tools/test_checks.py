"""Checks of arguments: a mistake is a sentence, in an experiment and in its control alike."""

from importlib import import_module
from typing import Any

import pytest
import torch

from glasshead import GlassheadError, Subject, load
from glasshead.lab import all_pages, page_of
from glasshead.lab.tools.checks import one_of, real, seed, whole
from glasshead.lab.tools.words import counted, shape, vector

SEEDED = [each.name for each in all_pages() if any(control.name == "seed" for control in each.controls)]


@pytest.fixture(scope="module")
def subject() -> Subject:
    return load("english-french")


@pytest.mark.parametrize("given", [0, 7, 2**32 - 1])
def test_a_seed_is_one_that_a_generator_takes(given: int) -> None:
    assert seed(given) == given
    torch.Generator().manual_seed(given + 1_000_003)  # experiments count on from it


@pytest.mark.parametrize("given", [-1, 2**32, 2**64, 1.0, True, "1", None])
def test_what_is_no_seed_is_told_in_a_sentence(given: Any) -> None:
    with pytest.raises(GlassheadError, match=r"^seed is "):
        seed(given)


@pytest.mark.parametrize("name", SEEDED)
@pytest.mark.parametrize("given", [-1, 2**64])
def test_every_experiment_and_its_control_refuse_it_at_once(name: str, given: int, subject: Subject) -> None:
    of = page_of(name)

    def progress(_share: float, _words: str) -> None:
        raise AssertionError("it has begun")

    function = getattr(import_module(f"glasshead.lab.{name}"), name)
    more = {"subject": subject} if of.model else {}
    with pytest.raises(GlassheadError, match=r"^seed is "):
        function(**{**of.values("quick"), "seed": given}, **more, progress=progress)
    with pytest.raises(GlassheadError, match=r"^seed is "):
        of.control("seed").read(str(given))
    assert of.control("seed").read(str(2**32 - 1)) == 2**32 - 1


def test_a_value_within_its_bounds_is_handed_back_and_one_beyond_them_is_not() -> None:
    assert (whole("n", 3, least=3, most=3), real("x", 1, most=1.0), one_of("w", "a", ("a", "b"))) == (3, 1.0, "a")
    for wrong in (lambda: whole("n", 2, least=3), lambda: real("x", float("nan")), lambda: one_of("w", "c", ("a",))):
        with pytest.raises(GlassheadError, match=r"^[nxw] is "):
            wrong()


def test_numbers_in_words() -> None:
    assert [counted(n, "head") for n in (0, 1, 2, 1200)] == ["0 heads", "1 head", "2 heads", "1,200 heads"]
    assert [counted(n, "query", "queries") for n in (1, 3)] == ["1 query", "3 queries"]
    assert shape((2, 5, 4)) == "2 × 5 × 4"
    assert vector([0.5, -1.0, 2.0]) == "(0.5 −1 2)"
    assert vector([0.5, -1.0, 2.0], form="4.1f", most=2) == "( 0.5 −1.0 …)"
