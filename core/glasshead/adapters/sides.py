"""The names of both sides of a model that brings no pair of its own."""

from dataclasses import dataclass

from glasshead.decoding.protocols import Names


@dataclass(frozen=True)
class NamedSides:
    """Names of the source's tokens and of the target's; one may serve both."""

    source: Names
    target: Names
