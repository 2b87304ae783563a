"""Arguments that several commands share."""

from pathlib import Path
from typing import Annotated

import typer


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
