"""Trying a model: what its own code raises becomes a sentence that names its class, and what was tried."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from glasshead.errors import GlassheadError, brief


@contextmanager
def trying(module: Any, what: str) -> Iterator[None]:
    """Refuse a model that fails within the block. what: the end of `cannot be run …`. Raises GlassheadError."""
    try:
        yield
    except GlassheadError:
        raise
    except Exception as error:  # whatever a model makes of tokens that are not its own
        raise GlassheadError(
            f"{type(module).__name__} cannot be run {what}: {type(error).__name__}, {brief(error)}"
        ) from error
