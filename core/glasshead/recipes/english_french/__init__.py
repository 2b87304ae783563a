"""English to French: a synchronous grammar that writes both languages at once, endlessly and without a mistake."""

from glasshead.recipes.base import Recipe
from glasshead.recipes.links import Gold

from .grammar import generate
from .links import LACKS, links

RECIPE = Recipe(
    name="english-french",
    summary="everyday English sentences and their French translations, from a grammar of both languages",
    generate=generate,
    examples=(
        "the black cat is sleeping",
        "the black cat does not see the small house",
        "yesterday, marie gave the old book to the children",
        "he gives it to them",
        "does the teacher drink some water?",
        "the letters that julie wrote are on the table",
        "i would like to go to the market with my brother",
    ),
    gold=Gold(links=links, lacks=LACKS),
    vocab_size=3000,
    lowercase=True,
    model={
        "d_model": 256,
        "heads": 8,
        "encoder_layers": 3,
        "decoder_layers": 3,
        "d_ff": 1024,
        "dropout": 0.0,  # a million pairs, seen less than twice: no overfitting
        "max_length": 128,
    },
    training={
        "steps": 13000,
        "batch_tokens": 2048,
        "warmup": 1500,
        "average": 8,
        "save_every": 250,
        "eval_every": 1000,
    },
)
