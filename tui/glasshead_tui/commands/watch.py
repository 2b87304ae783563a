"""`glasshead watch`: a training on the screen, during the training or after it."""

from pathlib import Path
from typing import Annotated

import typer

from glasshead_tui.state.focus import Which


def watch(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder that `glasshead train --out` writes to.")],
    mouse: Annotated[bool, typer.Option("--mouse/--no-mouse", help="Use the mouse on the screen.")] = True,
    plain: Annotated[bool, typer.Option("--plain", help="Write text, as always without a terminal.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write the same as one JSON object.")] = False,
    sentence: Annotated[int, typer.Option(metavar="N", help="The sentence in the text, counted from 0.")] = 0,
    step: Annotated[
        int | None, typer.Option(metavar="N", help="The recorded step in the text.", show_default="the newest")
    ] = None,
    kind: Annotated[
        Which,
        typer.Option(
            help="The attention in the text: encoder–decoder, masked decoder self-attention, encoder self-attention."
        ),
    ] = "cross",
    layer: Annotated[
        int | None, typer.Option(metavar="N", help="Its layer, counted from 0.", show_default="the last")
    ] = None,
    head: Annotated[int, typer.Option(metavar="N", help="Its head, counted from 0.")] = 0,
) -> int:
    """Watch a training: its curves, and how attention forms.

    Only reads: the training is not disturbed, and leaving the screen leaves it running.
    """
    from glasshead_tui.launch import watch as watching

    return watching.watch(
        run,
        mouse=mouse,
        plain=plain,
        as_json=as_json,
        kind=kind,
        layer=layer,
        head=head,
        sentence=sentence,
        step=step,
    )
