"""reverse: every target is its source read backwards."""

from itertools import islice
from string import ascii_lowercase

from glasshead.recipes import recipe


def test_the_target_is_the_source_reversed_and_both_are_1_to_16_letters() -> None:
    lengths = set()
    for source, target in islice(recipe("reverse").pairs("train", 0), 3000):
        assert list(target) == list(reversed(source))
        assert set(source) <= set(ascii_lowercase)
        lengths.add(len(source))
    assert lengths == set(range(1, 17))


def test_every_letter_comes_at_every_place() -> None:
    seen = {
        (place, letter)
        for source, _ in islice(recipe("reverse").pairs("train", 0), 20_000)
        for place, letter in enumerate(source)
    }
    assert seen == {(place, letter) for place in range(16) for letter in ascii_lowercase}
