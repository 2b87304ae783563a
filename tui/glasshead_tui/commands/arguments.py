"""Arguments that several commands share."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glasshead.errors import GlassheadError

if TYPE_CHECKING:
    from glasshead.anatomy import Anatomy
    from glasshead.edits.edit import Edit
    from glasshead.session.stops import Stop


def complete_checkpoint(incomplete: str) -> list[str]:
    """Complete names in the shell."""
    from glasshead.checkpoints.find import available

    return [each.name for each in available() if each.name.startswith(incomplete)]


Checkpoint = Annotated[
    str,
    typer.Argument(
        metavar="CHECKPOINT",
        help="A name from `glasshead checkpoints`, a folder, or a recording.",
        autocompletion=complete_checkpoint,
    ),
]
Beside = Annotated[
    str | None,
    typer.Option(
        metavar="CHECKPOINT",
        help="Another model beside it, at the same text: a name, a folder, as a checkpoint of a run, or a recording.",
        show_default=False,
        autocompletion=complete_checkpoint,
    ),
]
Features = Annotated[
    Path | None,
    typer.Option(
        "--features",
        metavar="FILE",
        help="A sound, for a model that hears: its prepared features, .npy or .safetensors.",
        show_default=False,
    ),
]
Truncate = Annotated[bool, typer.Option("--truncate", help="Cut a sentence that is too long.")]
Forced = Annotated[
    str | None, typer.Option(metavar="TEXT", help="Follow this target, token by token, in place of the model's choice.")
]
EditTexts = Annotated[
    list[str] | None,
    typer.Option(
        "--edit",
        metavar="EDIT",
        help="Change the model: 'decoder.1.cross.heads[head=3] = 0'; may be repeated.",
        show_default=False,
    ),
]
EditFile = Annotated[
    Path | None,
    typer.Option("--edits", metavar="FILE", help="Read edits from a file, one a line.", show_default=False),
]
Until = Annotated[
    list[str] | None,
    typer.Option(
        "--until",
        metavar="BREAKPOINT",
        help="Stop there: 'entropy > 2', 'best < 0.5', 'token = chat', '2.cross.3 looks at cat > 0.6', "
        "'choice differs'; may be repeated.",
        show_default=False,
    ),
]


def read_stops(texts: list[str] | None, *, edited: bool) -> "tuple[Stop, ...]":
    """Parse breakpoints. Raises GlassheadError for a text that is none, and for a comparison with nothing."""
    if not texts:
        return ()
    from glasshead.session.stops import Differs, parse_stop

    stops = tuple(map(parse_stop, texts))
    if not edited and any(isinstance(stop, Differs) for stop in stops):
        raise GlassheadError("choice differs compares with the unedited line, and there are no edits: give --edit.")
    return stops


def check_stops(stops: "tuple[Stop, ...]", anatomy: "Anatomy") -> list[str]:
    """Ensure that a model has the places of breakpoints; return the sites that they look at."""
    if not stops:
        return []
    from glasshead.session.stops import Looks, check_stop

    for stop in stops:
        check_stop(stop, anatomy)
    return [stop.site for stop in stops if isinstance(stop, Looks)]


MOST = 2**20
"""Bytes of the largest file of edits."""


def read_edits(texts: list[str] | None, file: Path | None) -> "tuple[Edit, ...]":
    """Parse the edits of a file, then those of the command line. Raises GlassheadError for one that is none."""
    if not texts and file is None:
        return ()
    from glasshead.edits.language import parse, parse_all

    found: tuple[Edit, ...] = ()
    if file is not None:
        try:
            with file.open("rb") as opened:  # a pipe too, and of a device without an end no more than this
                content = opened.read(MOST + 1)
            if len(content) > MOST:
                raise GlassheadError(f"it has more than {MOST:,} bytes, which is no list of edits.")
            found = parse_all(content.decode("utf-8-sig"))
        except (OSError, UnicodeDecodeError) as error:
            raise GlassheadError(
                f"{file} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}."
            ) from None
        except GlassheadError as error:
            raise GlassheadError(f"{file}: {error}") from None
    return (*found, *map(parse, texts or ()))
