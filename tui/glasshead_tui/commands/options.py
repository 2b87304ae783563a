"""Options of a command that are made from data, such as the controls of a page or the settings of a training.

Typer reads a command's options from its signature: `sign` gives a function the signature that the data asks for.
"""

import inspect
from collections.abc import Callable, Iterable
from typing import Annotated, Any

import typer

REQUIRED = inspect.Parameter.empty
"""Default of an option that must be given."""


def parameter(name: str, annotation: Any, default: Any = None) -> inspect.Parameter:
    """Make the keyword of a command that receives an option. annotation: Annotated[type, typer.Option(…)]"""
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def flag(name: str, help: str) -> inspect.Parameter:
    """Make a flag, `--name`, that is off by default."""
    return parameter(name, Annotated[bool, typer.Option(f"--{name}", help=help)], False)


def sign(command: Callable[..., int], parameters: Iterable[inspect.Parameter]) -> None:
    """Give a command the signature that Typer reads its options from."""
    found = list(parameters)
    command.__signature__ = inspect.Signature(found)  # type: ignore[attr-defined]  # mypy knows no made signatures
    command.__annotations__ = {each.name: each.annotation for each in found}
