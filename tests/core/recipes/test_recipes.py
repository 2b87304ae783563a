"""Recipes: reproducible, endless, and with splits that share no sentence."""

import random
import subprocess
import sys
from itertools import islice
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshead.errors import GlassheadError
from glasshead.recipes import Recipe, names, recipe, split_of
from glasshead.recipes.base import PER_MILLE, Split


@pytest.fixture(params=["dates", "reverse"])
def own(request: pytest.FixtureRequest) -> Recipe:
    return recipe(request.param)


def counting(largest: int) -> Recipe:
    """A corpus whose sources are numbers: small enough to be seen whole."""

    def generate(draw: random.Random) -> tuple[str, str]:
        number = draw.randint(1, largest)
        return f"number {number}", str(number)

    return Recipe(name="counting", summary="", generate=generate, examples=("number 1",), vocab_size=0)


def test_the_same_seed_gives_the_same_pairs_and_another_seed_others(own: Recipe) -> None:
    first = list(islice(own.pairs("train", 1), 200))
    assert first == list(islice(own.pairs("train", 1), 200))
    assert first != list(islice(own.pairs("train", 2), 200))


def test_the_pairs_do_not_depend_on_what_else_is_drawn(own: Recipe) -> None:
    alone = list(islice(own.pairs("train", 3), 100))
    random.seed(0)
    one, other = own.pairs("train", 3), own.pairs("valid", 3)
    interleaved = []
    for _ in range(100):
        interleaved.append(next(one))
        next(other)
        random.random()
    assert interleaved == alone


def test_pairs_go_on_from_the_state_of_their_chance(own: Recipe) -> None:
    whole = list(islice(own.pairs("train", 4), 60))
    draw = own.chance("train", 4)
    assert list(islice(own.pairs("train", 4, draw), 25)) == whole[:25]
    later = random.Random()
    later.setstate(draw.getstate())
    assert list(islice(own.pairs("train", 4, later), 35)) == whole[25:]


def test_splits_share_no_source_whatever_the_seeds() -> None:
    numbers = counting(2000)
    train, valid, test = (
        {source for source, _ in islice(numbers.pairs(split, seed), 4000)} for seed, split in enumerate(get_args(Split))
    )
    assert valid and test
    assert not train & valid
    assert not train & test
    assert not valid & test


def test_the_shares_of_the_splits_are_as_announced() -> None:
    found = [split_of(f"sentence {number}") for number in range(20_000)]
    for split in ("valid", "test"):
        assert found.count(split) / len(found) == pytest.approx(PER_MILLE[split] / 1000, rel=0.15)


@given(st.text())
def test_case_and_spacing_do_not_move_a_sentence_to_another_split(text: str) -> None:
    assert split_of(text.lower()) == split_of(f"  {text.lower()}\n")
    assert split_of("The 3rd of March 2021") == split_of("the  3rd of march 2021")


def test_a_sample_has_no_sentence_twice_and_ends_when_there_are_no_more() -> None:
    few = counting(500)
    sample = few.sample("test", 1000)
    sources = [source for source, _ in sample]
    assert len(sources) == len(set(sources))
    assert set(sources) == {f"number {n}" for n in range(1, 501) if split_of(f"number {n}") == "test"}


def test_an_unknown_split_is_refused(own: Recipe) -> None:
    with pytest.raises(ValueError, match="train, valid and test"):
        next(own.pairs("dev", 0))  # type: ignore[arg-type]  # what a caller without mypy may do


@pytest.mark.parametrize(
    ("given_name", "nearest"), [("reserve", "reverse"), ("date", "dates"), ("english", "english-f")]
)
def test_an_unknown_recipe_is_told_with_the_nearest(given_name: str, nearest: str) -> None:
    with pytest.raises(GlassheadError, match=f"no recipe called '{given_name}'.*{nearest}"):
        recipe(given_name)


def test_names_are_forgiving_about_case_and_underscores() -> None:
    assert recipe(" Dates ") is recipe("dates")
    assert "english-french" in names()


def test_listing_and_drawing_import_no_torch() -> None:
    program = (
        "import sys\n"
        "from glasshead.recipes import names, recipe\n"
        "names(); next(recipe('dates').pairs('train', 0)); next(recipe('reverse').pairs('train', 0))\n"
        "sys.exit('torch' in sys.modules or 'tokenizers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_examples_are_pairs_that_the_recipe_could_have_made(own: Recipe) -> None:
    assert own.examples
    assert all(example == example.lower().strip() for example in own.examples)
