"""The frequency of each determiner, by the role of the noun in the sentence."""

from __future__ import annotations

from ..phrase import (
    A_FEW,
    A_LITTLE,
    A_LOT_OF,
    ALL_THE,
    ANOTHER,
    EVERY,
    HIS,
    MANY,
    MY,
    NUMERALS,
    POSSESSIVES,
    SEVERAL,
    SOME,
    SOME_MASS,
    THAT,
    THE,
    THE_OTHER,
    THE_SAME,
    THESE,
    THIS,
    THOSE,
    YOUR,
    A,
)
from ..phrase import HER as HER_OWN
from .chance import weighted

SINGULAR = {
    "subject": weighted({THE: 40, A: 14, THIS: 5, THAT: 5, EVERY: 3, ANOTHER: 2, THE_SAME: 2, THE_OTHER: 2, MY: 0})
    + [*POSSESSIVES] * 3,
    "object": weighted({THE: 34, A: 24, THIS: 5, THAT: 5, EVERY: 2, ANOTHER: 3, THE_SAME: 2, THE_OTHER: 2})
    + [*POSSESSIVES] * 3,
    "negated": weighted({THE: 36, A: 16, THIS: 5, THAT: 5, THE_SAME: 1, THE_OTHER: 1}) + [*POSSESSIVES] * 3,
    "definite": weighted({THE: 40, THIS: 6, THAT: 6}) + [*POSSESSIVES] * 3,
    "described": weighted({THE: 40, THIS: 6, THAT: 6, EVERY: 2, THE_OTHER: 3}) + [*POSSESSIVES] * 3,
    "place": [*weighted({THE: 80, THIS: 4, THAT: 4}), *POSSESSIVES],
}
PLURAL = {
    "subject": weighted(
        {THE: 36, SOME: 10, THESE: 5, THOSE: 5, MANY: 4, SEVERAL: 3, A_FEW: 3, ALL_THE: 4, THE_OTHER: 2}
    )
    + [*POSSESSIVES] * 3
    + [*NUMERALS],
    "object": weighted({THE: 26, SOME: 20, THESE: 5, THOSE: 5, MANY: 4, SEVERAL: 3, A_FEW: 3, ALL_THE: 3, A_LOT_OF: 2})
    + [*POSSESSIVES] * 3
    + [*NUMERALS],
    "negated": weighted({THE: 36, SOME: 18, THESE: 5, THOSE: 5}) + [*POSSESSIVES] * 3,
    "definite": weighted({THE: 40, THESE: 6, THOSE: 6}) + [*POSSESSIVES] * 3,
    "described": weighted({THE: 40, THESE: 6, THOSE: 6, ALL_THE: 5, THE_OTHER: 3})
    + [*POSSESSIVES] * 3
    + [*NUMERALS[:4]],
    "place": [*weighted({THE: 80, THESE: 4, THOSE: 4}), *POSSESSIVES],
}
MASS = {
    "subject": weighted({THE: 12, THIS: 2, THAT: 1, MY: 1}),
    "object": weighted({THE: 10, SOME_MASS: 16, THIS: 2, A_LOT_OF: 3, A_LITTLE: 2}),
    "negated": weighted({THE: 8, SOME_MASS: 12, THIS: 2}),
    "definite": weighted({THE: 12, THIS: 2, MY: 1}),
    "described": weighted({THE: 12, THIS: 3, THAT: 1, MY: 1}),
}
RELATIVES = weighted({THE: 6}) + [*POSSESSIVES] * 3  # determiners before my mother, her brother
SPOUSES = (MY, MY, YOUR, HIS, HER_OWN)
OWNERS = frozenset(POSSESSIVES)
UNOWNED = frozenset({"nature", "waters", "at", "on"})
UNOWNED_PEOPLE = frozenset({"man", "woman", "lady", "gentleman", "boy", "girl", "stranger"})
