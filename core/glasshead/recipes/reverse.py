"""reverse: letters in, the same letters out, last one first. "hello" becomes "olleh".

The smallest task that needs attention: each step must look at one place of the source, and the place moves backwards.
One token is one letter, so the encoder–decoder map of a trained model shows a clean anti-diagonal. Half of the words
can be pronounced and half cannot, so that learning the shape of words does not help.
"""

import random
from string import ascii_lowercase

from glasshead.recipes.base import Pair, Recipe
from glasshead.recipes.links import Gold, Link

LONGEST = 16
VOWELS = "aeiou"
CONSONANTS = "".join(letter for letter in ascii_lowercase if letter not in VOWELS)


def scramble(draw: random.Random) -> str:
    """Draw 1 to 16 letters, all equally likely."""
    return "".join(draw.choices(ascii_lowercase, k=draw.randint(1, LONGEST)))


def word(draw: random.Random) -> str:
    """Draw 1 to 16 pronounceable letters: syllables of a consonant, a vowel or two, maybe a closing consonant."""
    length = draw.randint(1, LONGEST)
    letters = ""
    while len(letters) < length:
        letters += draw.choice(CONSONANTS) if draw.random() < 0.9 else ""
        vowel = draw.choice(VOWELS)
        letters += vowel * 2 if draw.random() < 0.15 else vowel
        if draw.random() < 0.3:
            closing = draw.choice(CONSONANTS)
            letters += closing * 2 if draw.random() < 0.3 else closing
    return letters[:length]


def generate(draw: random.Random) -> Pair:
    """Draw a pair: letters, and the letters reversed."""
    source = word(draw) if draw.random() < 0.5 else scramble(draw)
    return source, source[::-1]


def links(source: str, target: str) -> tuple[Link, ...]:
    """Link every letter to its mirror image; none if the target is not the source reversed."""
    if target != source[::-1]:
        return ()
    last = len(source) - 1
    return tuple(Link((last - at, last - at + 1), (at, at + 1)) for at in range(len(source)))


RECIPE = Recipe(
    name="reverse",
    summary="up to 16 letters, last one first: hello → olleh",
    generate=generate,
    examples=("hello", "glasshead", "attention", "abcdefghijklmnop"),
    gold=Gold(links=links, unit="token"),
    vocab_size=0,  # no merges: one token, one letter
    lowercase=True,
    model={"d_model": 64, "heads": 4, "d_ff": 256, "encoder_layers": 2, "decoder_layers": 2, "max_length": 64},
    training={"steps": 2000, "batch_tokens": 2048, "warmup": 400, "average": 4, "save_every": 100, "eval_every": 500},
)
