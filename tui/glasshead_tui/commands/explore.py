"""`glasshead explore`: the options of the explorer, as Typer knows them."""

from typing import Annotated

import typer

from glasshead_tui.commands.arguments import Checkpoint, Truncate
from glasshead_tui.launch import explore as opening
from glasshead_tui.state.focus import Which


def explore(
    checkpoint: Checkpoint = opening.DEFAULT,
    text: Annotated[str | None, typer.Option(metavar="SENTENCE", help="What to decode first.")] = None,
    mouse: Annotated[
        bool, typer.Option("--mouse/--no-mouse", help="Whether the explorer listens to the mouse.")
    ] = True,
    truncate: Truncate = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="Write text, as is done anyway where the output is no terminal.")
    ] = False,
    kind: Annotated[
        Which,
        typer.Option(
            help="Whose attention the text draws: decoder → encoder, the decoder's own (masked), the encoder's."
        ),
    ] = "cross",
    layer: Annotated[
        int | None, typer.Option(metavar="N", help="Its layer, counted from 0.", show_default="the last")
    ] = None,
    head: Annotated[int, typer.Option(metavar="N", help="Its head, counted from 0.")] = 0,
    steps: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="How many steps the text takes.", show_default="to the end")
    ] = None,
) -> int:
    """Open the explorer; where there is no terminal, write text."""
    return opening.explore(
        checkpoint,
        text=text,
        mouse=mouse,
        truncate=truncate,
        plain=plain,
        kind=kind,
        layer=layer,
        head=head,
        steps=steps,
    )
