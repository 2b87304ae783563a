"""Sites: the names of the values of a model, and what a model is made of, as plain data."""

from typing import NamedTuple


class Kind(NamedTuple):
    """One of the kinds of attention of a model, and how many layers and heads it has."""

    label: str
    stack: str
    kind: str
    layers: int
    heads: int
