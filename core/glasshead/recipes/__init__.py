"""The corpora that the project makes itself. Listing them imports none of them, and none of them needs torch."""

from importlib import import_module

from glasshead.errors import GlassheadError, nearest
from glasshead.recipes.base import Pair, Recipe, Split, split_of

MODULES = {
    "english-french": "glasshead.recipes.english_french",
    "dates": "glasshead.recipes.dates",
    "reverse": "glasshead.recipes.reverse",
}

__all__ = ["Pair", "Recipe", "Split", "names", "recipe", "split_of"]


def names() -> list[str]:
    """Return the names of all recipes, the richest first."""
    return list(MODULES)


def recipe(name: str) -> Recipe:
    """Return the recipe with a name. Raises GlassheadError, with the nearest names, if there is none."""
    key = name.strip().lower().replace("_", "-")
    if key not in MODULES:
        raise GlassheadError(f"There is no recipe called {name!r}. {nearest(key, names(), what='recipe')}")
    found: Recipe = import_module(MODULES[key]).RECIPE
    return found
