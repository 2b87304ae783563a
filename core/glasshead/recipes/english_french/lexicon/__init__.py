"""The dictionary: every English word of the grammar and its one French word.

The tables: entries are separated by commas. A noun is `english[/plural]: french [f]`; a profession is `english:
masculine/feminine`, or ends in `mf` when the same word serves both. A verb is `flags english: french: subject [>
object] [=> person]`; `~` marks a state (no progressive), `=` a state whose past is the French imparfait. A French word
with an asterisk begins with an aspirated h (no elision).

An English word has one translation and belongs to one entry: no noun looks like a verb, no past like a present (`read`
excepted, see `AMBIGUOUS_PAST`). This makes the translation of a sentence unique.
"""

from .adjectives import ADJECTIVE_BY_NAME, ADJECTIVE_LISTS, ADJECTIVES_OF
from .entries import Adjective, Noun, Verb, words
from .lists import (
    AVOIR_STATES,
    CITIES,
    COUNTRIES,
    DAYS,
    DEGREE,
    FUTURE_TIME,
    MANNER,
    MEASURES,
    MEN,
    MIDDLE,
    MONTHS,
    NO_DEGREE,
    NUMBERS,
    PAST_TIME,
    PRESENT_TIME,
    SENTENCE,
    SPANS,
    WHERE,
    WOMEN,
)
from .nouns import ALL_NOUNS, ANIMALS, BY_KIND, BY_NAME, GROUPS, HUMAN, MASS, NO_PLURAL, OBJECTS, PLACES
from .verbs import ALL_CONTROL, ALL_VERBS, AMBIGUOUS_PAST, THAT, WEATHER

__all__ = [
    "ADJECTIVES_OF",
    "ADJECTIVE_BY_NAME",
    "ADJECTIVE_LISTS",
    "ALL_CONTROL",
    "ALL_NOUNS",
    "ALL_VERBS",
    "AMBIGUOUS_PAST",
    "ANIMALS",
    "AVOIR_STATES",
    "BY_KIND",
    "BY_NAME",
    "CITIES",
    "COUNTRIES",
    "DAYS",
    "DEGREE",
    "FUTURE_TIME",
    "GROUPS",
    "HUMAN",
    "MANNER",
    "MASS",
    "MEASURES",
    "MEN",
    "MIDDLE",
    "MONTHS",
    "NO_DEGREE",
    "NO_PLURAL",
    "NUMBERS",
    "OBJECTS",
    "PAST_TIME",
    "PLACES",
    "PRESENT_TIME",
    "SENTENCE",
    "SPANS",
    "THAT",
    "WEATHER",
    "WHERE",
    "WOMEN",
    "Adjective",
    "Noun",
    "Verb",
    "words",
]
